//! The simulated Instance Metadata Service.
//!
//! The order of the checks is part of the protocol: the `Metadata` header comes before everything else, since clients
//! probe for IMDS by leaving it out and waiting for a 400.
//! A fault comes after the headers and the rate limits, and before the rest.

mod attested;
mod balancer;
mod events;
mod failure;
mod instance;
mod token;
mod version;

use hyper::Method;
use serde_json::json;

use crate::exchange::{Effect, Reply, Request};
use crate::fault::Struck;
use crate::limits::Place;
use crate::simulator::State;
use crate::text::percent_decode;
use failure::{failure, invalid_request};

/// Answers one request; an identity request holds its place until the answer is sent.
pub(crate) fn answer(state: &State, request: &Request) -> (Reply, Option<Place>) {
    let path = normalise(&request.path);
    let refusal = headers(request).err();
    let mut place = None;
    if refusal.is_none() {
        let is_identity = path.starts_with(IDENTITY);
        match state.imds_limits.admit(is_identity, state.clock.elapsed()) {
            Ok(taken) => place = taken,
            Err(_) => return (named(too_many()), None),
        }
    }
    let strike = state.faults.strike(
        Struck {
            server: request.server,
            method: &request.method,
            path: &path,
            is_marked: refusal.is_none(),
            elapsed: state.clock.elapsed(),
        },
        &state.random,
    );
    let strike = strike.unwrap_or_default();
    let reply = match (strike.reply, refusal) {
        (Some(reply), _) | (None, Some(reply)) => reply,
        (None, None) => checked(state, request, &path).unwrap_or_else(|refusal| refusal),
    };
    (named(reply).with_effect(strike.effect), place)
}

fn named(reply: Reply) -> Reply {
    reply.with_header("server", SERVER)
}

fn headers(request: &Request) -> Result<(), Reply> {
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
    Ok(())
}

fn too_many() -> Reply {
    failure(
        429,
        "too_many_requests",
        "Temporarily throttled, too many requests",
    )
}

fn checked(state: &State, request: &Request, path: &str) -> Result<Reply, Reply> {
    let is_acknowledgement = request.method == Method::POST && path == events::PATH;
    if request.method != Method::GET && !is_acknowledgement {
        return Err(
            failure(405, "method_not_allowed", "Only GET is supported").with_header("allow", "GET")
        );
    }
    if let Some(name) = request.query.repeated() {
        return Err(invalid_request(&format!(
            "The query parameter '{name}' is repeated"
        )));
    }
    route(state, request, path)
}

fn route(state: &State, request: &Request, path: &str) -> Result<Reply, Reply> {
    let query = &request.query;
    match path {
        "/metadata/identity/oauth2/token" => {
            version::require_identity(query)?;
            let delay = state.scenario.imds.identity_delay;
            let reply = token::answer(state, query)?;
            Ok(reply.with_effect(Effect { delay, wire: None }))
        }
        "/metadata/identity/info" => {
            version::require_identity(query)?;
            let tenant_id = &state.world().tenant_id;
            Ok(Reply::json(200, &json!({ "tenantId": tenant_id })))
        }
        "/metadata/versions" => Ok(Reply::json(
            200,
            &json!({ "apiVersions": version::KNOWN.as_slice() }),
        )),
        "/metadata/attested/document" => {
            version::require_since(query, "2018-10-01")?;
            attested::answer(state, query)
        }
        events::PATH => {
            version::require_since(query, "2017-08-01")?;
            events::answer(state, request)
        }
        _ => {
            if let Some(below) = below(path, "/metadata/loadbalancer") {
                version::require_since(query, "2020-10-01")?;
                return balancer::answer(&state.world(), below, query);
            }
            let below = below(path, "/metadata/instance").ok_or_else(failure::not_found)?;
            version::require_known(query)?;
            instance::answer(&state.world(), below, query)
        }
    }
}

/// What stands below `root`; empty at the root itself.
fn below<'a>(path: &'a str, root: &str) -> Option<&'a str> {
    path.strip_prefix(root)
        .filter(|below| below.is_empty() || below.starts_with('/'))
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

/// The same as a line of an answer's head.
pub(crate) const SERVER_LINE: &str = "server: IMDS/150.870.65.1854";

/// What the limits of identity requests hold for.
const IDENTITY: &str = "/metadata/identity/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_has_one_name() {
        assert_eq!(SERVER_LINE, format!("server: {SERVER}"));
    }

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
