//! The simulated Azure Resource Manager.
//!
//! The order of the checks is ARM's: `api-version`, then the token, then the method,
//! then whether the subscription exists, then the right, then whether the thing exists.
//! A fault of the scenario comes before all of them.

mod access;
mod authorization;
mod bearer;
mod document;
mod failure;
mod filter;
mod resource;
pub(crate) mod role;
mod route;

use hyper::Method;
use serde_json::json;
use uuid::Uuid;

use crate::clock::utc;
use crate::exchange::{Reply, Request};
use crate::simulator::State;
use crate::text::{is_date, is_guid};
pub(crate) use access::Access;
use failure::failure;
use route::{Path, Target};

/// Answers one request.
pub(crate) fn answer(state: &State, request: &Request) -> Reply {
    let path = Path::parse(&request.path);
    let reply = checked(state, request, &path)
        .unwrap_or_else(|refusal| refusal.with_header("x-ms-failure-cause", "gateway"));
    with_common_headers(state, request, reply)
}

fn checked(state: &State, request: &Request, path: &Path) -> Result<Reply, Reply> {
    if let Some(reply) =
        state
            .faults
            .strike(request.server, &path.to_string(), state.clock.elapsed())
    {
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
    if target == Target::Unknown {
        let message = "The path names nothing that Resource Manager has.";
        return Err(failure(404, "InvalidResourceType", message));
    }
    let is_read = request.method == Method::GET
        || (request.method == Method::HEAD && matches!(target, Target::Group { .. }));
    if !is_read {
        let message = format!(
            "The requested resource does not support http method '{}'.",
            request.method
        );
        return Err(failure(405, "MethodNotAllowed", &message).with_header("allow", "GET"));
    }
    resource::require_subscription(state.world(), path)?;
    let operation = Operation {
        state,
        request,
        caller: &caller,
        path,
    };
    match target {
        Target::Authorization { scope, kind, name } => {
            authorization::answer(&operation, scope, kind, name)
        }
        other => resource::answer(&operation, other),
    }
}

/// One authenticated read.
struct Operation<'a> {
    state: &'a State,
    request: &'a Request,
    caller: &'a bearer::Caller,
    path: &'a Path,
}

impl Operation<'_> {
    /// Refuses unless the caller has a role that allows the action at the scope, which is the first `depth` segments of the path.
    fn require(&self, action: &str, depth: usize) -> Result<(), Reply> {
        let scope = self.path.up_to(depth);
        if self.state.access.allows(
            &self.caller.object_id,
            action,
            &scope,
            self.state.clock.elapsed(),
        ) {
            return Ok(());
        }
        let message = format!(
            "The client '{}' with object id '{}' does not have authorization to perform action '{action}' over scope '{scope}' \
             or the scope is invalid. If access was recently granted, please refresh your credentials.",
            self.caller.client_id, self.caller.object_id
        );
        Err(failure(403, "AuthorizationFailed", &message))
    }
}

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

fn with_common_headers(state: &State, request: &Request, reply: Reply) -> Reply {
    let request_id = Uuid::new_v4().to_string();
    let correlation_id = request
        .header("x-ms-correlation-request-id")
        .filter(|id| is_guid(id))
        .unwrap_or(&request_id)
        .to_owned();
    let moment = utc(state.clock.unix_secs(), "%Y%m%dT%H%M%SZ");
    let routing_id = format!(
        "{}:{moment}:{request_id}",
        state.world().location.to_ascii_uppercase()
    );
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
        .with_header("x-ms-routing-request-id", routing_id)
        .with_header(
            "x-ms-ratelimit-remaining-subscription-reads",
            REMAINING_READS,
        );
    match client_id {
        Some(client_id) => reply.with_header("x-ms-client-request-id", client_id),
        None => reply,
    }
}

/// What the Azure CLI reads when a cloud is registered; every endpoint is the simulator itself, so that nothing leaves the machine.
fn cloud_metadata(state: &State, request: &Request) -> Reply {
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
    let base = format!("{}://{host}", request.server.scheme());
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

/// A full bucket of reads.
const REMAINING_READS: &str = "249";
