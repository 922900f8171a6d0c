//! Who answers in IMDS's place, by the headers in which a server names itself.

use super::Verdict;
use crate::facts::{Marks, ProbeAnswer};
use azvm_imds::Responder;
use std::fmt;

/// What the metadata services of other clouds write into `Server`, all words of a row, and whose they are. The first two
/// are known (tailscale/tailscale:util/cloudenv/cloudenv.go, salrashid123/gce_metadata_server:server.go); the others are
/// nothing but the names of the clouds.
const SERVERS: [(&[&str], &str); 5] = [
    (&["ec2ws"], "Amazon EC2"),
    (
        &["metadata", "server", "for", "vm"],
        "Google Compute Engine",
    ),
    (&["openstack"], "OpenStack"),
    (&["nova", "metadata"], "OpenStack"),
    (&["oracle", "metadata"], "Oracle Cloud"),
];

/// Whose metadata service it is, if a header names another cloud and none names IMDS.
pub(crate) fn cloud(answer: &ProbeAnswer) -> Option<&'static str> {
    if answer.responder.is_imds() {
        return None;
    }
    let flavor = answer.flavor.as_deref().unwrap_or_default();
    if flavor.eq_ignore_ascii_case("google") {
        return Some("Google Compute Engine");
    }
    let server = answer.server.as_deref()?.to_ascii_lowercase();
    let words: Vec<&str> = server.split(|c: char| !c.is_alphanumeric()).collect();
    let row = SERVERS
        .iter()
        .find(|(names, _)| names.iter().all(|name| words.contains(name)));
    row.map(|(_, cloud)| *cloud)
}

/// What the verdict is shown with, the server's name aside.
pub(super) fn saw(marks: &Marks, verdict: &mut Verdict) {
    verdict.saw_some("via", marks.via.as_ref());
    verdict.saw_some("squid_error", marks.squid_error.as_ref());
    verdict.saw_some("redirects_to", marks.redirects_to.as_ref());
}

/// The end of a sentence about an answer: the headers by which its writer names himself, if there are any.
pub(super) fn by(marks: &Marks, server: Option<&str>) -> String {
    let headers = [
        ("Server", server),
        ("Via", marks.via.as_deref()),
        ("X-Squid-Error", marks.squid_error.as_deref()),
        ("Location", marks.redirects_to.as_deref()),
    ];
    let named: Vec<String> = headers
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}: {}", value?)))
        .collect();
    match named.is_empty() {
        true => String::new(),
        false => format!(" ({})", named.join(", ")),
    }
}

/// As a sentence begins: the responder, and what is known of it by name.
pub(super) fn who(answer: &ProbeAnswer) -> impl fmt::Display {
    let named = answer.server.as_deref().unwrap_or_default();
    match cloud(answer) {
        Some(cloud) => format!("the metadata service of {cloud}"),
        None if answer.responder == Responder::Unknown && !named.is_empty() => {
            format!("an unknown server ({named})")
        }
        None => answer.responder.to_string(),
    }
}
