//! What an answer of IMDS means: as the doctor judges it, but that nobody knows what was asked, unless an SDK says so.

use super::Meaning;
use super::answer::Answer;
use crate::catalogue::{
    CODE_001, CODE_002, CODE_005, CODE_025, IDSEL_001, IDSEL_002, IDSEL_007, IDSEL_016, IDSEL_022,
    IMDS_003, IMDS_008, IMDS_009, TOKEN_003, TOKEN_004, TOKEN_017,
};
use crate::finding::Confidence;
use crate::rules::{self, Refusal};

/// Sentences of IMDS that are known. Their wording is no contract: they make a meaning likely, not sure.
const WORDS: [&str; 7] = [
    "Required metadata header not specified",
    "Identity not found",
    "Multiple user assigned identities exist",
    "Required query variable 'resource' is missing",
    "No managed service identities are associated",
    "does not have access to identity",
    "Temporarily throttled, too many requests",
];

/// The errors of IMDS that are no words of a language. Source: the page on tokens, and the published OpenAPI description.
const ERRORS: [&str; 8] = [
    "access_denied",
    "bad_request_102",
    "invalid_request",
    "invalid_resource",
    "invalid_scope",
    "unauthorized_client",
    "unknown_source",
    "unsupported_response_type",
];

/// True when a word is an error of IMDS and nothing else.
pub(super) fn is_error(word: &str) -> bool {
    ERRORS.contains(&word)
}

/// The sentence that the text has in it.
pub(super) fn known_words(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    WORDS
        .into_iter()
        .find(|words| lower.contains(&words.to_ascii_lowercase()))
}

/// `text` is the whole of the words, in which an SDK may name what it asked for.
pub(super) fn meanings(answer: &Answer, text: &str) -> Vec<Meaning> {
    let rejection = &answer.rejection;
    if !rejection.newest_versions().is_empty() {
        return vec![Meaning::high(&IMDS_009), Meaning::likely(&CODE_005)];
    }
    if rules::says_header_is_missing(rejection) || answer.says("metadata header") {
        return header_missing();
    }
    if answer.says("'resource' is missing") {
        return vec![Meaning::likely(&CODE_025)];
    }
    if answer.says("too many requests") && answer.status.is_none() {
        return vec![Meaning::likely(&IMDS_003)];
    }
    let about_identity = identity(answer, text);
    if !about_identity.is_empty() {
        return about_identity;
    }
    match (rejection.status(), rejection.error()) {
        (405, _) => vec![Meaning::high(&CODE_002)],
        (400, None) => vec![Meaning::possible(&TOKEN_017)],
        (_, Some("invalid_resource")) => vec![resource(text)],
        // A number of the directory's says more than an error that may be about anything.
        (_, Some("invalid_request")) => {
            let number = super::directory::number(answer.words.as_deref().unwrap_or_default());
            vec![match number {
                Some(number) => super::directory::meaning(number, text),
                None => Meaning::high(&TOKEN_017),
            }]
        }
        _ => vec![Meaning::high(rules::by_error(rejection, &TOKEN_004))],
    }
}

/// Which audience was sent may be in the words.
pub(super) fn resource(text: &str) -> Meaning {
    match text.contains("/.default") {
        true => Meaning::likely(&TOKEN_003),
        false => Meaning::high(&TOKEN_004),
    }
}

/// Most who get this answer did not send the header; that it was sent and lost is rare.
fn header_missing() -> Vec<Meaning> {
    vec![Meaning::likely(&CODE_001), Meaning::possible(&IMDS_008)]
}

/// By what the doctor knows the words for. Nothing where it is not about the identity.
fn identity(answer: &Answer, text: &str) -> Vec<Meaning> {
    let rejection = &answer.rejection;
    if !rules::is_about_identity(rejection) && !answer.says("identity not found") {
        return vec![];
    }
    match Refusal::of(rejection) {
        Refusal::NoDefault(Confidence::High) => vec![Meaning::high(&IDSEL_022)],
        Refusal::NoDefault(_) => vec![Meaning::likely(&IDSEL_022)],
        Refusal::Several => vec![Meaning::likely(&IDSEL_002)],
        Refusal::NoAccess => vec![Meaning::likely(&IDSEL_016)],
        Refusal::NotFound | Refusal::LikeNotFound => not_found(text),
        Refusal::AnotherCause => vec![],
        Refusal::Unknown => {
            let all = not_found(text).into_iter().map(|it| it.entry);
            let all = all.chain([&TOKEN_017]);
            all.map(Meaning::possible).collect()
        }
    }
}

/// Which identity was asked for is in the SDK's words, if anywhere.
fn not_found(text: &str) -> Vec<Meaning> {
    let lower = text.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|words| lower.contains(words));
    if has(&[
        "system assigned identity",
        "system-assigned",
        "systemassigned",
    ]) {
        vec![Meaning::likely(&IDSEL_001)]
    } else if has(&[
        "client_id",
        "object_id",
        "msi_res_id",
        "user assigned identity",
        "user-assigned",
        "userassigned",
    ]) {
        vec![Meaning::likely(&IDSEL_007)]
    } else {
        vec![Meaning::possible(&IDSEL_001), Meaning::possible(&IDSEL_007)]
    }
}
