//! The simulated Instance Metadata Service.
//!
//! The order of the checks is part of the protocol: the `Metadata` header comes before everything else, since clients
//! probe for IMDS by leaving it out and waiting for a 400.
//! A fault of the scenario comes after the headers and before the rest.

mod failure;
mod instance;
mod token;
mod version;

use hyper::Method;
use serde_json::json;

use crate::exchange::{Reply, Request};
use crate::simulator::State;
use crate::text::percent_decode;
use failure::{failure, invalid_request};

/// Answers one request.
pub(crate) fn answer(state: &State, request: &Request) -> Reply {
    let reply = checked(state, request).unwrap_or_else(|refusal| refusal);
    reply.with_header("server", SERVER)
}

fn checked(state: &State, request: &Request) -> Result<Reply, Reply> {
    let is_marked = request
        .header("metadata")
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
    if !is_marked {
        return Err(invalid_request("Required metadata header not specified"));
    }
    if request.headers.contains_key("x-forwarded-for") {
        return Err(invalid_request(
            "Requests with the X-Forwarded-For header are not allowed",
        ));
    }
    let path = normalise(&request.path);
    if let Some(reply) = state
        .faults
        .strike(request.server, &path, state.clock.elapsed())
    {
        return Ok(reply);
    }
    if request.method != Method::GET {
        return Err(
            failure(405, "method_not_allowed", "Only GET is supported").with_header("allow", "GET")
        );
    }
    if let Some(name) = request.query.repeated() {
        return Err(invalid_request(&format!(
            "The query parameter '{name}' is repeated"
        )));
    }
    route(state, request, &path)
}

fn route(state: &State, request: &Request, path: &str) -> Result<Reply, Reply> {
    let query = &request.query;
    match path {
        "/metadata/identity/oauth2/token" => {
            version::require_identity(query)?;
            token::answer(state, query)
        }
        "/metadata/identity/info" => {
            version::require_identity(query)?;
            Ok(Reply::json(
                200,
                &json!({ "tenantId": state.world().tenant_id }),
            ))
        }
        "/metadata/versions" => Ok(Reply::json(
            200,
            &json!({ "apiVersions": version::KNOWN.as_slice() }),
        )),
        _ => {
            let below = path
                .strip_prefix("/metadata/instance")
                .filter(|below| below.is_empty() || below.starts_with('/'));
            let Some(below) = below else {
                return Err(failure::not_found());
            };
            version::require_known(query)?;
            instance::answer(state.world(), below, query)
        }
    }
}

/// Decodes the path once. `/metadata` matches in any case, the rest as written; a slash at the end and a second one at the start,
/// which MSAL.js sends when its endpoint is overridden, make no difference.
fn normalise(path: &str) -> String {
    let path = percent_decode(path, false);
    let path = path
        .strip_prefix('/')
        .filter(|rest| rest.starts_with('/'))
        .unwrap_or(&path);
    let path = path.strip_suffix('/').unwrap_or(path);
    match path.get(..ROOT.len()) {
        Some(root) if root.eq_ignore_ascii_case(ROOT) => format!("{ROOT}{}", &path[ROOT.len()..]),
        Some(_) | None => path.to_owned(),
    }
}

const ROOT: &str = "/metadata";

/// Genuine IMDS answers are recognised by this header's form.
const SERVER: &str = "IMDS/150.870.65.1854";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_forgiving_in_four_ways_only() {
        for path in [
            "/metadata/versions",
            "//metadata/versions",
            "/METADATA/versions/",
            "/metadata%2Fversions",
        ] {
            assert_eq!(normalise(path), "/metadata/versions", "{path}");
        }
        for path in [
            "/metadata/Versions",
            "///metadata/versions",
            "/metadata//versions",
            "",
            "*",
            "/é",
        ] {
            assert_ne!(normalise(path), "/metadata/versions", "{path}");
        }
    }
}
