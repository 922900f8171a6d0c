//! The simulated Azure Resource Manager.
//!
//! The order of the checks is ARM's: `api-version`, then the token, then the throttle, then the method,
//! then whether the subscription exists, then the right, then whether the thing exists.
//! A fault comes before all of them.

mod authorization;
mod bearer;
mod document;
mod failure;
mod filter;
mod page;
mod resource;
mod route;
mod write;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hyper::Method;
use serde_json::json;

use crate::World;
use crate::access::{self, Decision, Moment, Principal};
use crate::clock::utc;
use crate::exchange::{Reply, Request};
use crate::fault::Struck;
use crate::limits::Kind;
use crate::simulator::State;
use crate::text::{is_date, is_guid};
use failure::failure;
use route::{Path, Target};

/// Answers one request.
pub(crate) fn answer(state: &State, request: &Request) -> Reply {
    let path = Path::parse(&request.path);
    let strike = state.faults.strike(
        Struck {
            server: request.server,
            method: &request.method,
            path: &path.to_string(),
            is_marked: true,
            elapsed: state.clock.elapsed(),
        },
        &state.random,
    );
    let strike = strike.unwrap_or_default();
    let replicas = &state.scenario.arm.replicas;
    let replica = state.arm_requests.fetch_add(1, Ordering::Relaxed) % replicas.len();
    let reply = strike.reply.unwrap_or_else(|| {
        checked(state, request, &path, replica)
            .unwrap_or_else(|refusal| refusal.with_header("x-ms-failure-cause", "gateway"))
    });
    with_common_headers(state, request, reply, &replicas[replica]).with_effect(strike.effect)
}

fn checked(state: &State, request: &Request, path: &Path, replica: usize) -> Result<Reply, Reply> {
    if let Some(reply) = well_known(state, request, path) {
        return Ok(reply);
    }
    if path.is_foreign() {
        let message = "Resource Manager has no such path.";
        return Err(failure(404, "NotFound", message));
    }
    require_api_version(request)?;
    let target = Target::of(path);
    if target == Target::CloudMetadata {
        return Ok(cloud_metadata(state, request));
    }
    let caller = bearer::authenticate(state, request)?;
    let now = state.clock.elapsed();
    let kind = match request.method {
        Method::DELETE => Kind::Delete,
        Method::GET | Method::HEAD => Kind::Read,
        _ => Kind::Write,
    };
    let left = state
        .arm_limits
        .take(&caller.object_id, kind, now)
        .map_err(|secs| failure::throttled(secs).with_header(kind.header(), "0"))?;
    if target == Target::Unknown {
        let message = "The path names nothing that Resource Manager has.";
        return Err(failure(404, "InvalidResourceType", message));
    }
    let operation = Operation {
        state,
        world: state.world(),
        request,
        caller: &caller,
        path,
        moment: Moment { now, replica },
    };
    let reply = perform(&operation, target)?;
    Ok(reply.with_header(kind.header(), left.to_string()))
}

fn perform(operation: &Operation<'_>, target: Target<'_>) -> Result<Reply, Reply> {
    let method = &operation.request.method;
    let is_read = *method == Method::GET
        || (*method == Method::HEAD && matches!(target, Target::Group { .. }));
    if !is_read && !write::supports(method, target) {
        let message = format!("The requested resource does not support http method '{method}'.");
        return Err(failure(405, "MethodNotAllowed", &message).with_header("allow", "GET"));
    }
    resource::require_subscription(&operation.world, operation.path)?;
    match target {
        _ if !is_read => write::answer(operation, target),
        Target::Authorization { scope, kind, name } => {
            authorization::answer(operation, scope, kind, name)
        }
        other => resource::answer(operation, other),
    }
}

/// What Entra publishes about its keys, so that others can verify the tokens.
fn well_known(state: &State, request: &Request, path: &Path) -> Option<Reply> {
    let segments: Vec<_> = path.segments().iter().map(String::as_str).collect();
    match segments.as_slice() {
        [_, "discovery", "keys"] | [_, "discovery", "v2.0", "keys"] => {
            Some(Reply::json(200, &state.tokens.key_set()?))
        }
        [tenant_id, ".well-known", "openid-configuration"] => {
            let base = base(request);
            Some(Reply::json(
                200,
                &json!({
                    "id_token_signing_alg_values_supported": ["RS256"],
                    "issuer": format!("https://sts.windows.net/{}/", state.world().tenant_id),
                    "jwks_uri": format!("{base}/{tenant_id}/discovery/keys"),
                }),
            ))
        }
        _ => None,
    }
}

/// One authenticated request.
struct Operation<'a> {
    state: &'a State,
    world: Arc<World>,
    request: &'a Request,
    caller: &'a bearer::Caller,
    path: &'a Path,
    moment: Moment,
}

impl Operation<'_> {
    fn principal(&self) -> Principal<'_> {
        Principal {
            object_id: &self.caller.object_id,
            groups: &self.caller.groups,
        }
    }

    /// Refuses unless the caller has a role that allows the action at the scope, which is the first `depth` segments of the path.
    fn require(&self, action: &str, depth: usize) -> Result<(), Reply> {
        let scope = self.path.up_to(depth);
        let who = format!(
            "The client '{}' with object id '{}'",
            self.caller.client_id, self.caller.object_id
        );
        let what = format!("'{action}' over scope '{scope}'");
        let (code, message) = match self.decide(action, &scope) {
            Decision::Allowed => return Ok(()),
            Decision::NoRole => (
                "AuthorizationFailed",
                format!(
                    "{who} does not have authorization to perform action {what} or the scope is invalid. {REFRESH}"
                ),
            ),
            Decision::ConditionNotFulfilled => (
                "AuthorizationFailed",
                format!(
                    "{who} has an authorization with ABAC condition that is not fulfilled to perform action {what} or the scope is invalid. {REFRESH}"
                ),
            ),
            Decision::DeniedBy(denial) => (
                "DenyAssignmentAuthorizationFailed",
                format!(
                    "{who} has permission to perform action '{action}' on scope '{scope}'; however, the access is denied \
                     because of the deny assignment with name '{}' and Id '{}' at scope '{}'.",
                    denial.name,
                    denial.id.replace('-', ""),
                    denial.scope
                ),
            ),
        };
        Err(failure(403, code, &message))
    }

    fn decide(&self, action: &str, scope: &str) -> Decision<'_> {
        access::decide(&self.world, self.principal(), action, scope, self.moment)
    }
}

const REFRESH: &str = "If access was recently granted, please refresh your credentials.";

fn require_api_version(request: &Request) -> Result<(), Reply> {
    let Some(version) = request
        .query
        .value("api-version")
        .filter(|version| !version.is_empty())
    else {
        let message =
            "The api-version query parameter (?api-version=) is required for all requests.";
        return Err(failure(400, "MissingApiVersionParameter", message));
    };
    let date = version.strip_suffix("-preview").unwrap_or(version);
    if is_date(date) {
        return Ok(());
    }
    let message = format!(
        "The api-version '{version}' is invalid. The supported versions are '2024-11-01,2022-12-01,2022-09-01,2021-04-01,2020-01-01'."
    );
    Err(failure(400, "InvalidApiVersionParameter", &message))
}

fn with_common_headers(state: &State, request: &Request, reply: Reply, region: &str) -> Reply {
    let request_id = state.random.guid().to_string();
    let correlation_id = request
        .header("x-ms-correlation-request-id")
        .filter(|id| is_guid(id))
        .unwrap_or(&request_id)
        .to_owned();
    let moment = utc(state.clock.unix_secs(), "%Y%m%dT%H%M%SZ");
    let routing_id = format!("{region}:{moment}:{request_id}");
    let wants_client_id = request
        .header("x-ms-return-client-request-id")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let client_id = request
        .header("x-ms-client-request-id")
        .filter(|_| wants_client_id);
    let reply = reply
        .with_header("cache-control", "no-cache")
        .with_header("x-ms-request-id", request_id)
        .with_header("x-ms-correlation-request-id", correlation_id)
        .with_header("x-ms-routing-request-id", routing_id);
    let has_rate = reply
        .headers
        .iter()
        .any(|(name, _)| name.starts_with("x-ms-ratelimit-"));
    let reply = if has_rate {
        reply
    } else {
        reply.with_header(Kind::Read.header(), REMAINING_READS)
    };
    match client_id {
        Some(client_id) => reply.with_header("x-ms-client-request-id", client_id),
        None => reply,
    }
}

/// What the Azure CLI reads when a cloud is registered; every endpoint is the simulator itself, so that nothing leaves the machine.
fn cloud_metadata(state: &State, request: &Request) -> Reply {
    let base = base(request);
    let cloud = json!({
        "name": "azvm-simulator",
        "portal": base,
        "resourceManager": base,
        "microsoftGraphResourceId": base,
        "activeDirectoryDataLake": base,
        "batch": base,
        "gallery": base,
        "graph": base,
        "graphAudience": base,
        "media": base,
        "sqlManagement": base,
        "authentication": {
            "audiences": state.world().cloud.arm_audiences(),
            "identityProvider": "AAD",
            "loginEndpoint": base,
            "tenant": "common",
        },
        "suffixes": { "keyVaultDns": "vault.invalid", "sqlServerHostname": "database.invalid", "storage": "storage.invalid" },
    });
    // Older versions answer a list.
    let is_single = request
        .query
        .value("api-version")
        .is_some_and(|version| version >= "2022-09-01");
    Reply::json(200, &if is_single { cloud } else { json!([cloud]) })
}

/// The URL by which the client reached us.
fn base(request: &Request) -> String {
    let is_host = |host: &&str| {
        !host.is_empty()
            && host
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    };
    let host = request
        .header("host")
        .filter(is_host)
        .map_or_else(|| request.local.to_string(), ToOwned::to_owned);
    format!("{}://{host}", request.server.scheme())
}

/// A full bucket of reads.
const REMAINING_READS: &str = "249";
