//! The forms in which programs print an answer, each read back into the answer: its status, headers and body.
//!
//! | form | as printed by |
//! |---|---|
//! | `HTTP/1.1 400 …`, headers, body | `curl -i`, `curl -v`, a capture |
//! | `Status: 400 (Bad Request)`, `Content:`, `Headers:` | Azure.Core and MSAL for .NET |
//! | `Status Code:`, `Headers:`, `Body:` | Az PowerShell with `-Debug` |
//! | JSON, in a sentence, in a text of JSON, or under the prefix of a log | all |
//! | `{'error': 'invalid_request'}` | Python |
//! | `<Error><Code>…`, `<html>…` | services with XML, and proxies |
//! | `(Code) words`, `Code="…" Message="…"`, `Code: words` | the Azure CLI, autorest, Terraform |
//!
//! What the answer is, the readers say that read it from the wire: here is only where it stands.
//!
//! Sources: Azure/azure-sdk-for-net#37278, #46709 and #32786; Azure/azure-powershell#12115;
//! Azure/terraform-provider-azapi#669; Azure/azure-sdk-for-python#38826; microsoft/spring-cloud-azure#1033;
//! cloudquery/cloudquery#16133; hashicorp/terraform-provider-azurerm#495 and #28946; Azure/azure-cli#30800.

mod dump;
mod head;
mod json;
mod markup;
mod plain;
mod status;

pub(super) use plain::Words;
pub(super) use status::first as first_status;

use azvm_exchange::Response;
use azvm_imds::Responder;
use std::borrow::Cow;

/// How many places of a text are tried for one form.
const MAX_TRIES: usize = 64;

/// An answer as far as a text has it. A status that the text does not have is 0.
#[derive(Debug)]
pub(super) struct Printed {
    pub(super) response: Response,
    /// Its headers are there, or at least the telling ones; or a page that tells as much.
    pub(super) tells_who: bool,
}

/// What is in the text, the most complete form first.
pub(super) fn printed(text: &str) -> Vec<Printed> {
    let texts = [
        Cow::Borrowed(text),
        without_margin(text),
        unescaped(text),
        joined(text),
    ];
    let mut printed = vec![];
    for (index, text) in texts.iter().enumerate() {
        let is_new = index == 0 || matches!(text, Cow::Owned(_));
        if is_new {
            let forms = [head::read, dump::read, json::read, markup::read];
            printed.extend(forms.iter().filter_map(|read| read(text)));
        }
    }
    printed
}

/// What the words alone say, where no form of an answer is there.
pub(super) fn words(text: &str) -> Option<Words> {
    plain::words(&without_margin(text)).or_else(|| plain::words(text))
}

/// Whether the text has the words of AAD Pod Identity, which hands on what IMDS answers.
pub(super) fn is_pod_identity(text: &str) -> bool {
    let printed = plain::strangers(text);
    printed.is_some_and(|it| Responder::of(&it.response) == Responder::PodIdentity)
}

/// The text without what a log or a terminal puts before each of its lines.
fn without_margin(text: &str) -> Cow<'_, str> {
    let bars = ['\u{2502}', '\u{2577}', '\u{2575}', '|', '>'];
    let is_barred = |line: &str| line.starts_with(bars);
    if text.lines().filter(|line| is_barred(line)).count() > 1 {
        let lines = text
            .lines()
            .map(|line| line.trim_start_matches(bars).trim());
        return Cow::Owned(lines.collect::<Vec<_>>().join("\n"));
    }
    without_prefix(text).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// A log's prefix is as wide on each line, times included: it ends where the brace stands that JSON begins with.
fn without_prefix(text: &str) -> Option<String> {
    let mut lines = text.lines();
    let first =
        lines.find(|line| line.trim_end().ends_with('{') && !line.trim_start().starts_with('{'))?;
    let width = first.trim_end().chars().count() - 1;
    let cut = |line: &str| line.chars().skip(width).collect::<String>();
    let rest: Vec<String> = std::iter::once(first).chain(lines).map(cut).collect();
    let before = text.split(first).next().unwrap_or_default();
    Some(format!("{before}{}", rest.join("\n")))
}

/// JSON that a log has put into quotes.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains("\\\"") {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'r' | 't') => shown.push(' '),
                Some(escaped) => shown.push(escaped),
                None => shown.push('\\'),
            },
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// A console of Windows breaks lines where it ends, also within words.
fn joined(text: &str) -> Cow<'_, str> {
    match text.contains('\n') {
        true => Cow::Owned(text.replace("\r\n", "").replace('\n', "")),
        false => Cow::Borrowed(text),
    }
}
