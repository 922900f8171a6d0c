//! What is wrong with a request to ARM.

use super::found::RequestFinding;
use super::parsed::{Form, Parsed};
use super::selector::of_linter;
use super::traced::Traced;
use super::url::Url;
use crate::catalogue::{ARM_011, ARM_013, CODE_004};
use azvm_arm::Cloud;
use azvm_resource_id::lint;

/// Findings of the linter that no path of a request has by nature, as a list's path ends where an ID has a name.
const OF_ANY_PATH: [&str; 8] = [
    "RID-006", "RID-009", "RID-010", "RID-011", "RID-013", "RID-018", "RID-022", "RID-023",
];

/// True for the ARM of a cloud, and for a path of ARM at an address that is not known.
pub(super) fn is_arm(url: &Url) -> bool {
    is_cloud(url) || (url.is_stand_in() && url.has_arm_path())
}

/// True for the ARM of a cloud, or for that of one of its regions.
pub(super) fn is_cloud(url: &Url) -> bool {
    let host = url.host.as_str().to_ascii_lowercase();
    let is_own = |own: &str| {
        let region = host.strip_suffix(own);
        region.is_some_and(|region| region.is_empty() || region.ends_with('.'))
    };
    hosts().any(is_own)
}

/// The host of each cloud's ARM.
pub(super) fn hosts() -> impl Iterator<Item = &'static str> {
    let endpoints = Cloud::ALL.into_iter().map(Cloud::endpoint);
    endpoints.map(|endpoint| endpoint.trim_start_matches("https://"))
}

/// ARM speaks TLS alone: a token that is sent in clear is known to everybody on the way.
fn scheme(parsed: &Parsed, url: &Url, found: &mut Vec<RequestFinding>) {
    if !is_cloud(url) {
        return;
    }
    let Some(scheme) = &url.scheme else {
        if parsed.form == Form::Curl {
            let host = url.host.whole();
            let finding = RequestFinding::new(&CODE_004, host.start..host.start);
            found.push(
                finding
                    .title("without a scheme curl speaks plain http, and a token would go in clear")
                    .suggest("https://"),
            );
        }
        return;
    };
    if !scheme.has_unknown() && !scheme.as_str().eq_ignore_ascii_case("https") {
        let shown = super::brief(scheme.as_str());
        let finding = RequestFinding::new(&CODE_004, scheme.whole());
        found.push(
            finding
                .title(format!(
                    "the scheme is {shown}, and ARM speaks https alone: a token would go in clear"
                ))
                .suggest("https"),
        );
    }
}

pub(super) fn examine(parsed: &Parsed, url: &Url, found: &mut Vec<RequestFinding>) {
    let is_tunnel = parsed
        .method
        .as_ref()
        .is_some_and(|(method, _)| method == "CONNECT");
    if is_tunnel {
        // It opens a way for a request, and is none itself.
        return;
    }
    scheme(parsed, url, found);
    let is_own = url.plain_path().starts_with("/metadata/");
    if url.param("api-version").is_none() && !url.path.has_unknown() && !is_own {
        found.push(RequestFinding::new(&ARM_013, url.path.whole()));
    }
    let has_authorization = parsed.headers_named("authorization").next().is_some();
    if parsed.headers.is_some() && !has_authorization && parsed.form != Form::AzRest && !is_own {
        let finding = RequestFinding::new(&ARM_011, url.whole.whole());
        found.push(finding.title("the request has no Authorization header"));
    }
    super::query::encoding(url, false, found);
    super::query::repeated(url, found);
    path(url, found);
}

fn path(url: &Url, found: &mut Vec<RequestFinding>) {
    let Some(path) = url.path.decoded().filter(|path| !path.has_unknown()) else {
        return;
    };
    // Of two slashes at the start ARM makes one, as some clients send them.
    let start = path.as_str().len() - path.as_str().trim_start_matches('/').len();
    let id: Traced = path.slice(start.saturating_sub(1)..path.len());
    if !id
        .as_str()
        .to_ascii_lowercase()
        .starts_with("/subscriptions/")
    {
        return;
    }
    let findings = lint(id.as_str());
    let kept = findings
        .iter()
        .filter(|finding| OF_ANY_PATH.contains(&finding.code()));
    found.extend(kept.filter_map(|finding| of_linter(finding, &id)));
}
