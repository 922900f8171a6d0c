//! What is wrong with the parameters of a query, whoever it is sent to.

use super::found::RequestFinding;
use super::traced::Traced;
use super::url::{Param, Url};
use crate::catalogue::{CODE_006, CODE_007, CODE_008, CODE_010};
use crate::finding::Confidence;
use std::collections::BTreeMap;

/// Parameters of which a program sends one at most: a list of others may well repeat.
const SINGLE: [&str; 9] = [
    "$filter",
    "$top",
    "api-version",
    "client_id",
    "format",
    "mi_res_id",
    "msi_res_id",
    "object_id",
    "resource",
];

/// The suffix that makes a scope of a resource.
const DEFAULT: &str = "/.default";

pub(super) fn repeated(url: &Url, found: &mut Vec<RequestFinding>) {
    let mut seen: BTreeMap<String, &Param> = BTreeMap::new();
    for param in &url.params {
        let name = param.plain_name().to_ascii_lowercase();
        if !SINGLE.contains(&name.as_str()) {
            continue;
        }
        let Some(first) = seen.get(&name) else {
            seen.insert(name, param);
            continue;
        };
        let is_same_value = first.meant().map(|it| it.as_str().to_string())
            == param.meant().map(|it| it.as_str().to_string());
        let title = match is_same_value {
            true => format!("{name} stands in the query twice"),
            false => format!("{name} stands in the query twice, with two values"),
        };
        found.push(
            RequestFinding::new(&CODE_010, param.span())
                .title(title)
                .suggest(""),
        );
    }
}

/// `.default` at the end of a resource.
pub(super) fn scope(url: &Url, found: &mut Vec<RequestFinding>) {
    let Some(value) = url.param("resource").and_then(Param::meant) else {
        return;
    };
    let text = value.as_str();
    let Some(resource) = text.strip_suffix(DEFAULT) else {
        return;
    };
    let span = value.span(resource.len()..text.len());
    found.push(RequestFinding::new(&CODE_006, span).suggest(""));
    if resource.ends_with('/') {
        let at = resource.len() - 1;
        found.push(double_slash(&value, at));
    }
}

/// A scope outside IMDS: right as it is, and worth a word.
pub(super) fn scope_elsewhere(url: &Url, found: &mut Vec<RequestFinding>) {
    let Some(value) = url.param("scope").and_then(Param::meant) else {
        return;
    };
    if let Some(at) = value.as_str().find("//.default") {
        found.push(double_slash(&value, at));
    }
}

fn double_slash(value: &Traced, at: usize) -> RequestFinding {
    RequestFinding::new(&CODE_007, value.span(at..at + 2))
        .title("the slash before /.default belongs to the resource; it stays")
}

/// Characters that do not arrive as they are. `is_imds` says whether a plus sign is one of them: in a filter it is a blank.
pub(super) fn encoding(url: &Url, is_imds: bool, found: &mut Vec<RequestFinding>) {
    for (at, param) in url.params.iter().enumerate() {
        match &param.value {
            Some(value) if !param.is_encoded_later => raw(param, value, is_imds, found),
            None if at > 0 => cut_off(param, &url.params[at - 1], found),
            _ => {}
        }
        if is_imds {
            twice(param, found);
        }
    }
    if let Some(fragment) = &url.fragment {
        let hash = fragment.whole();
        let span = hash.start.saturating_sub(1)..hash.end;
        let finding = RequestFinding::new(&CODE_008, span);
        found.push(finding.title("what follows a # is not sent; within a value it is %23"));
    }
}

fn raw(param: &Param, value: &Traced, is_imds: bool, found: &mut Vec<RequestFinding>) {
    let name = super::brief(&param.plain_name());
    let known: Vec<(usize, char)> = value.as_str().char_indices().collect();
    let is_bad = |c: char| {
        c.is_whitespace() || c.is_control() || !c.is_ascii() || (is_imds && c == '+') || c == '"'
    };
    let is_known = |at: usize, c: char| !value.slice(at..at + c.len_utf8()).has_unknown();
    if let Some(&(at, c)) = known.iter().find(|(at, c)| is_bad(*c) && is_known(*at, *c)) {
        let mut encoded = String::new();
        azvm_exchange::encode_query_value(&c.to_string(), &mut encoded);
        let what = match c {
            '+' => "a + in the value of {} arrives as a blank",
            '"' => "a quote stands in the value of {}",
            c if c.is_ascii() => "a blank or control character stands in the value of {}",
            _ => "a letter outside ASCII stands in the value of {}",
        };
        let span = value.span(at..at + c.len_utf8());
        let finding = RequestFinding::new(&CODE_008, span);
        found.push(finding.title(what.replace("{}", &name)).suggest(encoded));
    } else if value.decoded().is_none() && !value.has_unknown() {
        let finding = RequestFinding::new(&CODE_008, value.whole());
        found.push(finding.title(format!("a % in the value of {name} begins no escape")));
    }
}

/// A parameter without a value after one with: the rest of a value with an `&` in it.
fn cut_off(param: &Param, before: &Param, found: &mut Vec<RequestFinding>) {
    let name = param.plain_name();
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_$.".contains(&byte));
    let is_known = SINGLE.contains(&name.to_ascii_lowercase().as_str());
    let is_after_value = before.value.as_ref().is_some_and(|value| !value.is_empty());
    if is_known || !is_after_value || param.is_unknown() {
        return;
    }
    let start = param.name.whole().start;
    let title = format!(
        "an & cuts off the value of {}",
        super::brief(&before.plain_name())
    );
    let finding = RequestFinding::new(&CODE_008, start.saturating_sub(1)..param.span().end);
    // What looks like a name may be one.
    let confidence = match is_name {
        true => Confidence::Possible,
        false => Confidence::Likely,
    };
    found.push(finding.title(title).confidence(confidence));
}

/// A value that still has escapes when its own are undone. A resource ID has a code of its own for that.
fn twice(param: &Param, found: &mut Vec<RequestFinding>) {
    if !param.is_named("resource") {
        return;
    }
    let Some(value) = param.meant() else {
        return;
    };
    if let Some(once) = encoded_twice(value.as_str()) {
        let mut encoded = String::new();
        azvm_exchange::encode_query_value(&once, &mut encoded);
        let finding = RequestFinding::new(&CODE_008, value.whole());
        found.push(
            finding
                .title("the value of resource is percent-encoded twice")
                .suggest(encoded)
                .confidence(Confidence::Likely),
        );
    }
}

/// The value, if one that was decoded still has the escapes of a colon or a slash.
pub(super) fn encoded_twice(value: &str) -> Option<String> {
    let lower = value.to_ascii_lowercase();
    let is_encoded = lower.contains("%3a") || lower.contains("%2f");
    is_encoded
        .then(|| azvm_exchange::decode_query_value(value))
        .flatten()
}
