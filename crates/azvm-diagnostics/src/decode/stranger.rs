//! What it means that somebody else answered: a proxy's 403 is not IMDS's.

use super::Meaning;
use super::answer::Answer;
use crate::catalogue::{
    ARM_009, ARM_016, ARM_017, ARM_019, CODE_002, Entry, IMDS_001, IMDS_002, IMDS_003, IMDS_006,
    IMDS_010, IMDS_012, IMDS_013, NET_012, NET_014,
};
use crate::rules;
use azvm_arm::Cloud;
use azvm_imds::Responder;

/// Whom a program asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Imds,
    Arm,
    Unknown,
}

/// Nothing where the answer may be the service's own.
pub(super) fn meanings(answer: &Answer, text: &str) -> Vec<Meaning> {
    let own = |entry: &'static Entry| vec![Meaning::likely(entry)];
    let status = answer.status.unwrap_or_default();
    match answer.responder {
        Some(Responder::GuestProxyAgent) => own(match status {
            403 => &IMDS_010,
            421 => &IMDS_012,
            405 => &CODE_002,
            _ => &IMDS_013,
        }),
        Some(Responder::HttpProxy) => proxy(status, text),
        Some(who) => match rules::impostor(who) {
            Some(entry) => own(entry),
            None if answer.arm.is_page() => proxy(status, text),
            None => vec![],
        },
        None => vec![],
    }
}

/// A proxy, or whatever else sends pages. A program may have found it in a variable, where the doctor goes directly.
fn proxy(status: u16, text: &str) -> Vec<Meaning> {
    let for_imds = [Meaning::likely(&NET_014), Meaning::possible(&NET_012)];
    let for_arm = match status {
        407 => &ARM_009,
        _ => &ARM_019,
    };
    match asked(text) {
        Asked::Imds => for_imds.into(),
        Asked::Arm => vec![Meaning::likely(for_arm)],
        Asked::Unknown => [&NET_014, &NET_012, for_arm].map(Meaning::possible).into(),
    }
}

/// By the address, and where none is named, by the words for it.
fn asked(text: &str) -> Asked {
    let lower = text.to_ascii_lowercase();
    let has = |words: &str| lower.contains(words);
    let hosts = Cloud::ALL
        .iter()
        .map(|cloud| cloud.endpoint().trim_end_matches('/'));
    let mut hosts = hosts.map(|endpoint| endpoint.trim_start_matches("https://"));
    match (has("169.254.169.254"), hosts.any(has)) {
        (true, false) => return Asked::Imds,
        (false, true) => return Asked::Arm,
        _ => {}
    }
    let is_imds = [
        "imds",
        "managedidentity",
        "managed identity",
        "/metadata/identity",
        "msal_managed",
    ];
    match (is_imds.iter().any(|it| has(it)), has("/subscriptions")) {
        (true, false) => Asked::Imds,
        (false, true) => Asked::Arm,
        _ => Asked::Unknown,
    }
}

/// An answer of which only the status is known, or one that is nobody's.
pub(super) fn by_status(answer: &Answer, text: &str) -> Vec<Meaning> {
    let entry = match (answer.status, asked(text)) {
        // How a tunnel failed, the sentences tell.
        (Some(407), _) => return vec![],
        (Some(429), Asked::Arm) => &ARM_016,
        (Some(500..), Asked::Arm) => &ARM_017,
        (_, Asked::Arm) => return vec![],
        (Some(404), _) => &IMDS_001,
        (Some(410), _) => &IMDS_002,
        (Some(429), _) => &IMDS_003,
        (Some(500..), _) => &IMDS_006,
        _ => return vec![],
    };
    vec![Meaning::possible(entry)]
}
