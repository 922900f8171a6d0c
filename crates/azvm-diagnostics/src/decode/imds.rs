//! What an answer of IMDS means.

use super::Meaning;
use super::answer::Answer;
use crate::catalogue::{
    CODE_001, CODE_002, CODE_005, CODE_025, IDSEL_001, IDSEL_002, IDSEL_007, IDSEL_016, IDSEL_022,
    IMDS_001, IMDS_002, IMDS_003, IMDS_004, IMDS_006, IMDS_007, IMDS_008, IMDS_009, IMDS_010,
    IMDS_012, IMDS_013, NET_014, NET_018, TOKEN_003, TOKEN_004, TOKEN_015, TOKEN_017,
};
use azvm_imds::Responder;

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

/// The sentence that the text has in it.
pub(super) fn known_words(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    WORDS
        .into_iter()
        .find(|words| lower.contains(&words.to_ascii_lowercase()))
}

/// `text` is the whole of the words, in which an SDK may name what it asked for.
pub(super) fn meanings(answer: &Answer, text: &str) -> Vec<Meaning> {
    if let Some(meanings) = answer
        .responder
        .and_then(|who| by_responder(who, answer.status))
    {
        return meanings;
    }
    if answer.lists_versions {
        return vec![Meaning::high(&IMDS_009), Meaning::likely(&CODE_005)];
    }
    let high = |entry| vec![Meaning::high(entry)];
    match (answer.status, answer.code.as_deref()) {
        (_, Some("DefaultIdentityNotDefined")) => high(&IDSEL_022),
        (_, Some("bad_request_102")) => header_missing(),
        (_, Some("invalid_resource")) => resource(text),
        (_, Some("unauthorized_client")) => high(&TOKEN_015),
        (_, Some("unknown_source")) => high(&IMDS_007),
        (Some(405), _) => high(&CODE_002),
        (Some(404), _) if !answer.says("identity not found") => high(&IMDS_001),
        (Some(404), _) => identity(text),
        (Some(410), _) => high(&IMDS_002),
        (Some(429), _) => high(&IMDS_003),
        (Some(500), Some("unknown")) => high(&IMDS_004),
        (Some(500..), _) => high(&IMDS_006),
        _ if answer.says("too many requests") => vec![Meaning::likely(&IMDS_003)],
        (_, Some("invalid_request") | None) => request(answer, text),
        _ => high(&TOKEN_017),
    }
}

/// An answer of which only the status is known, or one that is not IMDS's.
pub(super) fn by_status(answer: &Answer) -> Vec<Meaning> {
    if let Some(meanings) = answer
        .responder
        .and_then(|who| by_responder(who, answer.status))
    {
        return meanings;
    }
    let Some(status) = answer.status else {
        return vec![];
    };
    let entry = match status {
        404 => &IMDS_001,
        410 => &IMDS_002,
        429 => &IMDS_003,
        500.. => &IMDS_006,
        _ => return vec![],
    };
    vec![Meaning::possible(entry)]
}

/// Who answered comes first: a proxy's 403 is not IMDS's.
fn by_responder(responder: Responder, status: Option<u16>) -> Option<Vec<Meaning>> {
    let entry = match (responder, status) {
        (Responder::GuestProxyAgent, Some(403)) => &IMDS_010,
        (Responder::GuestProxyAgent, Some(421)) => &IMDS_012,
        (Responder::GuestProxyAgent, Some(405)) => &CODE_002,
        (Responder::GuestProxyAgent, _) => &IMDS_013,
        (Responder::IisFront, _) => &IMDS_006,
        (Responder::PodIdentity, _) => &NET_018,
        (Responder::DockerDesktop | Responder::HttpProxy | Responder::OtherCloud, _) => &NET_014,
        _ => return None,
    };
    Some(vec![Meaning::likely(entry)])
}

fn resource(text: &str) -> Vec<Meaning> {
    match text.contains("/.default") {
        true => vec![Meaning::likely(&TOKEN_003)],
        false => vec![Meaning::high(&TOKEN_004)],
    }
}

/// Most who get this answer did not send the header; that it was sent and lost is rare.
fn header_missing() -> Vec<Meaning> {
    vec![Meaning::likely(&CODE_001), Meaning::possible(&IMDS_008)]
}

/// `invalid_request` says nothing: the words have to.
fn request(answer: &Answer, text: &str) -> Vec<Meaning> {
    if answer.says("metadata header") {
        return header_missing();
    }
    let known = [
        ("multiple user assigned identities", &IDSEL_002),
        ("'resource' is missing", &CODE_025),
        ("no managed service identities", &IDSEL_016),
        ("does not have access to identity", &IDSEL_016),
    ];
    if let Some((_, entry)) = known.iter().find(|(words, _)| answer.says(words)) {
        return vec![Meaning::likely(entry)];
    }
    match answer.says("identity not found") {
        true => identity(text),
        false if answer.code.is_some() => vec![Meaning::possible(&TOKEN_017)],
        false => vec![],
    }
}

/// Which identity was asked for is in the SDK's words, if anywhere.
fn identity(text: &str) -> Vec<Meaning> {
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
