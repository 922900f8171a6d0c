//! What is wrong with a request to ARM.

use super::found::RequestFinding;
use super::parsed::{Form, Parsed};
use super::selector::of_linter;
use super::traced::Traced;
use super::url::Url;
use crate::catalogue::{ARM_011, ARM_013};
use azvm_arm::Cloud;
use azvm_resource_id::lint;

/// Findings of the linter that no path of a request has by nature, as a list's path ends where an ID has a name.
const OF_ANY_PATH: [&str; 8] = [
    "RID-006", "RID-009", "RID-010", "RID-011", "RID-013", "RID-018", "RID-022", "RID-023",
];

/// True for the ARM of a cloud, and for a path of ARM at an address that is not known.
pub(super) fn is_arm(url: &Url) -> bool {
    let host = url.host.as_str();
    let is_cloud = |cloud: &Cloud| {
        let own = cloud.endpoint().split("://").nth(1);
        own.is_some_and(|own| own.eq_ignore_ascii_case(host))
    };
    let is_stand_in = host.is_empty() || url.is_loopback() || url.host.has_unknown();
    Cloud::ALL.iter().any(is_cloud) || (is_stand_in && url.has_arm_path())
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
