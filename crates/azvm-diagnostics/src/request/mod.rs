//! What is wrong with a request that somebody else's program or hand made, offline.
//!
//! ```
//! use azvm_diagnostics::request::{RequestLint, Shell};
//!
//! let line = "curl http://169.254.169.254/metadata/instance?api-version=2021-02-01";
//! let lint = RequestLint::of(line, Shell::Sh)?;
//! assert_eq!(lint.findings[0].finding.entry.code, "CODE-001");
//! assert_eq!(
//!     lint.corrected.as_deref(),
//!     Some("curl -s --noproxy '*' -H Metadata:true 'http://169.254.169.254/metadata/instance?api-version=2021-02-01'")
//! );
//! # Ok::<(), azvm_diagnostics::request::NotARequest>(())
//! ```
//!
//! The text is taken apart first (`shell`, `command`, `http`, `url`), and each part remembers where it stood (`traced`).
//! Then rules look at the parts: `common` for every request, `imds` and `arm` by whom it goes to. What the text does not
//! say, such as the headers behind an address, is not judged.
//!
//! Nothing is sent, no variable is looked up, and no file is read. What may be a secret is in no result: of the input, only
//! the parts that are known to be harmless are shown.

mod arm;
mod command;
mod common;
mod found;
mod http;
mod imds;
mod mended;
mod parsed;
mod query;
mod selector;
mod shell;
mod stranger;
mod traced;
mod url;

use crate::finding::Severity;
use azvm_exchange::token_word_bytes;
use parsed::Parsed;
use std::fmt;
use std::ops::Range;
use traced::Traced;
use url::Url;

pub use found::RequestFinding;
pub use parsed::Form;
pub use shell::Shell;
pub use stranger::Stranger;

/// The longest request that is looked at, in bytes.
pub const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// The most findings of one request.
const MAX_FINDINGS: usize = 100;

/// A text of this many characters or more that starts like a JWT is taken for one.
const JWT_MIN_CHARS: usize = 12;

/// The verdict over one request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RequestLint {
    /// The request with an asterisk for each byte that may be part of a secret: places in it are places in the original.
    pub shown: String,
    /// The form in which it was given.
    pub form: Form,
    /// What is wrong, in the order of the places.
    pub findings: Vec<RequestFinding>,
    /// The request as it should have been, if something is wrong and it is clear what was meant.
    pub corrected: Option<String>,
    /// Set when the request goes neither to IMDS nor to ARM, so that there is little to say about it.
    pub stranger: Option<Stranger>,
}

impl RequestLint {
    /// Examines an address, a command line of `curl` or `az rest` as it is typed into this shell, one of PowerShell's
    /// `Invoke-RestMethod` or `Invoke-WebRequest`, or the head of an HTTP/1 request.
    ///
    /// # Errors
    ///
    /// [`NotARequest`] when the text is none of these, or longer than [`MAX_REQUEST_BYTES`].
    pub fn of(text: &str, shell: Shell) -> Result<Self, NotARequest> {
        examine(text, shell, false)
    }

    /// Examines what a shell has handed over already: an address, or the words of a command. Places are those in
    /// [`shown`](Self::shown), where the words stand with quotes around them.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    pub fn of_words(words: &[String]) -> Result<Self, NotARequest> {
        match words {
            [one] => Self::of_word(one, Shell::Sh),
            words => {
                let words = words.iter().map(|word| crate::remedy::quote_word(word));
                let line = words.collect::<Vec<_>>().join(" ");
                examine(&line, Shell::Sh, true)
            }
        }
    }

    /// Examines one word that a shell has handed over: an address, or a whole command line as it would be typed into
    /// this shell.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    pub fn of_word(word: &str, shell: Shell) -> Result<Self, NotARequest> {
        let is_line = command::read(word, shell).is_some();
        examine(word, shell, !is_line)
    }

    /// True when nothing keeps IMDS or ARM from answering the request.
    pub fn is_fine(&self) -> bool {
        let mut findings = self.findings.iter();
        self.stranger.is_none()
            && !findings.any(|finding| finding.finding.severity == Severity::Fail)
    }
}

/// The text is no request, as far as can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotARequest(&'static str);

impl fmt::Display for NotARequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for NotARequest {}

/// The requests in a text of several lines: the head of an HTTP/1 request is one, of anything else each line is, and a line
/// that ends in `\`, `^` or a backtick after a blank goes on, or within a table of PowerShell. Empty lines and comments are
/// none.
pub fn split(text: &str) -> Vec<&str> {
    if http::read(text).is_some() {
        return vec![text];
    }
    let mut requests = vec![];
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        at += line.len();
        let bare = line.trim_end_matches(['\n', '\r']);
        let goes_on = bare.ends_with(['\\', '^']) || bare.ends_with(" `");
        if (goes_on || is_in_table(&text[start..at])) && at < text.len() {
            continue;
        }
        let request = text[start..at].trim();
        if !request.is_empty() && !request.starts_with('#') {
            requests.push(request);
        }
        start = at;
    }
    requests
}

/// A table that is never closed ends where requests are too long.
fn is_in_table(text: &str) -> bool {
    let open = text.rfind("@{");
    text.len() < MAX_REQUEST_BYTES && open.is_some_and(|at| !text[at..].contains('}'))
}

fn examine(text: &str, shell: Shell, is_handed_over: bool) -> Result<RequestLint, NotARequest> {
    if text.len() > MAX_REQUEST_BYTES {
        return Err(NotARequest("it is longer than 64 KiB"));
    }
    let parsed = http::read(text)
        .or_else(|| command::read(text, shell))
        .or_else(|| address(text))
        .ok_or(NotARequest(
            "expected an address, a command line of curl, az rest or Invoke-RestMethod, or the head of an HTTP request",
        ))?;
    let findings = findings(&parsed, is_handed_over);
    let stranger = Stranger::of(&parsed, &findings);
    let is_wrong = findings.iter().any(RequestFinding::can_be_mended);
    let corrected = parsed.url.as_ref().filter(|_| is_wrong);
    let corrected = corrected.and_then(|url| match Target::of(url) {
        Target::Imds => mended::imds(&parsed, url),
        Target::Arm => mended::arm(&parsed, url),
        Target::Other => None,
    });
    Ok(RequestLint {
        shown: masked(text, &parsed.harmless),
        form: parsed.form,
        findings,
        stranger,
        corrected: corrected.filter(|text| jwts(text).is_empty() && is_right(text, shell)),
    })
}

fn findings(parsed: &Parsed, is_handed_over: bool) -> Vec<RequestFinding> {
    let mut findings = vec![];
    common::examine(parsed, &mut findings);
    if let Some(url) = &parsed.url {
        match Target::of(url) {
            Target::Imds => imds::examine(parsed, url, &mut findings),
            Target::Arm => arm::examine(parsed, url, &mut findings),
            Target::Other => query::scope_elsewhere(url, &mut findings),
        }
        if is_handed_over {
            common::may_be_cut(url, &mut findings);
        }
    }
    findings.truncate(MAX_FINDINGS);
    for RequestFinding { finding, .. } in &mut findings {
        // Both may quote the request.
        finding.title = azvm_exchange::service_text(&finding.title);
        finding.cause = finding.cause.as_deref().map(azvm_exchange::service_text);
    }
    findings.sort_by_key(|finding| (finding.span.start, finding.finding.entry.code));
    findings
}

/// Not everything can be mended, and what is offered has to be right.
fn is_right(text: &str, shell: Shell) -> bool {
    let parsed = http::read(text)
        .or_else(|| command::read(text, shell))
        .or_else(|| address(text));
    let is_failure = |finding: &RequestFinding| finding.finding.severity == Severity::Fail;
    parsed.is_some_and(|parsed| {
        let findings = findings(&parsed, false);
        let is_for_us = Stranger::of(&parsed, &findings).is_none();
        is_for_us && !findings.iter().any(is_failure)
    })
}

/// Whom a request goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Imds,
    Arm,
    Other,
}

impl Target {
    fn of(url: &Url) -> Self {
        let is_stand_in = url.is_stand_in();
        let path = url.plain_path();
        if url.is_imds_address() || (is_stand_in && is_metadata(&path)) {
            Self::Imds
        } else if arm::is_arm(url) {
            Self::Arm
        } else {
            Self::Other
        }
    }
}

/// `/metadata/endpoints` is a path of ARM.
fn is_metadata(path: &str) -> bool {
    path.starts_with("/metadata/") && path != "/metadata/endpoints"
}

/// An address alone, perhaps in quotes.
fn address(text: &str) -> Option<Parsed> {
    let trimmed = text.trim();
    let start = text.len() - text.trim_start().len();
    let is_quoted = trimmed.len() > 1
        && ['"', '\'', '<']
            .iter()
            .any(|&quote| trimmed.starts_with(quote))
        && ['"', '\'', '>']
            .iter()
            .any(|&quote| trimmed.ends_with(quote));
    let edge = usize::from(is_quoted);
    let word = Traced::part(text, start + edge..start + trimmed.len() - edge);
    let starts = [
        "http://",
        "https://",
        "169.254.169.254",
        "/metadata/",
        "/subscriptions/",
    ];
    let lower = word.as_str().to_ascii_lowercase();
    if word.as_str().contains('\n') || !starts.iter().any(|start| lower.starts_with(start)) {
        return None;
    }
    let mut parsed = Parsed::new(Form::Url);
    let url = Url::read(&word);
    parsed.harmless.push(start..start + edge);
    parsed.harmless.extend(url.harmless());
    parsed.url = Some(url);
    Some(parsed)
}

/// The text with an asterisk for each byte that is in no harmless part, or in a JWT. White space and punctuation stay, so
/// that it reads as a line.
fn masked(text: &str, harmless: &[Range<usize>]) -> String {
    let mut is_shown = vec![false; text.len()];
    for range in harmless {
        if let Some(shown) = is_shown.get_mut(range.clone()) {
            shown.fill(true);
        }
    }
    for range in jwts(text) {
        is_shown[range].fill(false);
    }
    let mut masked = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        if is_shown[at] || matches!(c, ' ' | '\n' | '\r' | '\t' | '\'' | '"' | '\\' | ':') {
            masked.push(c);
        } else {
            masked.extend(std::iter::repeat_n('*', c.len_utf8()));
        }
    }
    masked
}

/// Words of a JWT's alphabet that have `eyJ` in them, from there on.
fn jwts(text: &str) -> Vec<Range<usize>> {
    let mut found = vec![];
    let mut at = 0;
    while let Some(start) = text[at..].find("eyJ").map(|start| at + start) {
        let length = token_word_bytes(&text[start..]);
        if length >= JWT_MIN_CHARS {
            found.push(start..start + length);
        }
        at = start + length;
    }
    found
}

/// A word of the request for a title: short, without control characters.
fn brief(text: &str) -> String {
    const CHARS: usize = 60;
    let shown = azvm_exchange::service_text(text);
    match shown.char_indices().nth(CHARS) {
        Some((at, _)) => format!("{}…", &shown[..at]),
        None => shown,
    }
}
