//! What is wrong with the choice of an identity in a token request.

use super::found::RequestFinding;
use super::traced::Traced;
use super::url::{Param, Url};
use crate::catalogue::{self, IDSEL_005, IDSEL_011, IDSEL_015, RID_016, edits};
use crate::finding::{Confidence, Severity};
use azvm_imds::Guid;
use azvm_resource_id::{ResourceIdRef, lint};

/// Those that exclude each other. The fourth is the third by the name that App Service has for it.
pub(super) const SELECTORS: [&str; 4] = ["client_id", "object_id", "msi_res_id", "mi_res_id"];

/// A longer name is close to none.
const MAX_NAME_BYTES: usize = 24;

const IDENTITY_TYPE: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";

pub(super) fn examine(url: &Url, found: &mut Vec<RequestFinding>) {
    let mut given: Vec<(&str, &Param)> = vec![];
    for name in SELECTORS {
        let Some(param) = url.param(name) else {
            misspelt(name, url, found);
            continue;
        };
        let is_empty = param
            .value
            .as_ref()
            .is_none_or(|value| value.trim().is_empty());
        if is_empty {
            let finding = RequestFinding::new(&IDSEL_011, param.span());
            found.push(finding.title(format!("{name} has no value")).suggest(""));
        } else {
            given.push((name, param));
        }
    }
    given.sort_by_key(|(_, param)| param.span().start);
    if let [(first, _), rest @ ..] = &given[..] {
        for (name, param) in rest {
            let finding = RequestFinding::new(&IDSEL_011, param.span());
            found.push(finding.title(format!("{name} chooses an identity, and so does {first}")));
        }
    }
    for (name, param) in given {
        kind(name, param, found);
    }
}

/// IMDS passes over a name that it does not know, and the token is that of another identity.
fn misspelt(name: &str, url: &Url, found: &mut Vec<RequestFinding>) {
    let wanted = letters(name);
    let is_close = |param: &&Param| {
        let typed = param.plain_name();
        let is_selector = SELECTORS.iter().any(|known| param.is_named(known));
        !is_selector && typed.len() <= MAX_NAME_BYTES && edits(&letters(&typed), &wanted) <= 1
    };
    // The last one differs too little from the third to be told from it.
    let is_told = name != SELECTORS[3];
    for param in url.params.iter().filter(is_close).filter(|_| is_told) {
        let shown = super::brief(&param.plain_name());
        let finding = RequestFinding::new(&IDSEL_011, param.name.whole());
        found.push(
            finding
                .title(format!("the parameter is called {name}, not {shown}"))
                .suggest(name)
                .confidence(Confidence::Likely),
        );
    }
}

/// The name without what names are glued together with, in lower case.
fn letters(name: &str) -> String {
    let kept = name.chars().filter(char::is_ascii_alphabetic);
    kept.collect::<String>().to_ascii_lowercase()
}

fn kind(name: &str, param: &Param, found: &mut Vec<RequestFinding>) {
    if name == "mi_res_id" {
        let finding = RequestFinding::new(&IDSEL_015, param.name.whole());
        found.push(finding.suggest("msi_res_id"));
    }
    let Some(value) = param.meant().filter(|value| !value.has_unknown()) else {
        return;
    };
    if name.ends_with("res_id") {
        return resource_id(&value, found);
    }
    let text = value.as_str();
    if text.parse::<Guid>().is_err() && !is_placeholder(text) {
        let finding = RequestFinding::new(&IDSEL_005, value.whole());
        found.push(match text.starts_with("/subscriptions/") {
            true => finding.title(format!(
                "{name} holds a resource ID; that goes into msi_res_id"
            )),
            false => finding
                .title(format!("the value of {name} is no GUID"))
                .confidence(Confidence::Likely),
        });
    }
}

/// A word to fill in, as documentation has them.
fn is_placeholder(text: &str) -> bool {
    let is_capital = |byte: u8| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'-');
    text.bytes().all(is_capital) || text.contains(['<', '{', '$', '%', '…'])
}

/// The linter of resource IDs, with its places in the request.
fn resource_id(value: &Traced, found: &mut Vec<RequestFinding>) {
    let text = value.as_str();
    if is_placeholder(text) {
        return;
    }
    found.extend(
        lint(text)
            .iter()
            .filter_map(|finding| of_linter(finding, value)),
    );
    if let Ok(id) = ResourceIdRef::parse(text) {
        let kind = id.resource_type().to_string();
        if !kind.eq_ignore_ascii_case(IDENTITY_TYPE) {
            let shown = super::brief(&kind);
            let finding = RequestFinding::new(&RID_016, value.whole());
            found.push(finding.title(format!(
                "the resource ID is of the type {shown}, not of an identity"
            )));
        }
    }
}

/// A finding of the linter about a text that stands somewhere in the request.
pub(super) fn of_linter(
    finding: &azvm_resource_id::Finding,
    text: &Traced,
) -> Option<RequestFinding> {
    let entry = catalogue::find(finding.code())?;
    let severity = match finding.severity() {
        azvm_resource_id::Severity::Error | azvm_resource_id::Severity::Refused => Severity::Fail,
        azvm_resource_id::Severity::Warning => Severity::Warn,
        _ => Severity::Note,
    };
    let mut own = RequestFinding::new(entry, text.span(finding.span()))
        .title(azvm_exchange::service_text(finding.message()))
        .severity(severity);
    own.suggestion = finding.suggestion().map(azvm_exchange::service_text);
    Some(own)
}
