//! The admin API: what [`Simulator`](crate::Simulator)'s methods do, over HTTP on loopback.
//!
//! A browser must not be made to call it: requests with an `Origin`, or for a host that is no loopback name, are refused.

use std::time::Duration;

use hyper::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::control::{Deny, Grant};
use crate::error::ChangeError;
use crate::exchange::{Reply, Request};
use crate::fault::FaultRule;
use crate::front::Front;
use crate::simulator::State;
use crate::text::is_loopback_url;
use crate::{Identity, Received, World};

/// Answers one request.
pub(crate) fn answer(state: &State, request: &Request) -> Reply {
    let is_for_us = request
        .header("host")
        .is_none_or(|host| is_loopback_url(&format!("http://{host}")));
    if !is_for_us || request.headers.contains_key("origin") {
        return refusal(403, "the admin API is for programs of this machine");
    }
    let path = request.path.trim_end_matches('/');
    match (&request.method, path) {
        (&Method::GET, "") => Reply::json(200, &json!({ "operations": OPERATIONS })),
        (&Method::GET, "/world") => Reply::json(200, &world(&state.world())),
        (&Method::GET, "/clock") => Reply::json(200, &clock(state)),
        (&Method::GET, "/journal") => {
            let entries: Vec<_> = state.journal.entries().iter().map(entry).collect();
            Reply::json(
                200,
                &json!({ "entries": entries, "dropped": state.journal.dropped() }),
            )
        }
        (&Method::DELETE, "/journal") => {
            state.journal.clear();
            Reply::json(200, &json!({}))
        }
        (&Method::DELETE, "/faults") => {
            state.faults.clear();
            Reply::json(200, &json!({}))
        }
        (&Method::POST, operation) => match change(state, operation, &request.body) {
            Ok(result) => Reply::json(200, &result),
            Err(None) => refusal(404, "there is no such operation; GET / lists them"),
            Err(Some(error)) => refusal(400, &error.to_string()),
        },
        _ => refusal(404, "there is no such operation; GET / lists them"),
    }
}

fn refusal(status: u16, error: &str) -> Reply {
    Reply::json(status, &json!({ "error": error }))
}

/// Performs an operation; `Err(None)` when there is none of this name.
fn change(state: &State, operation: &str, body: &[u8]) -> Result<Value, Option<ChangeError>> {
    let name = || read::<Named>(body).map(|it| it.name);
    let id = || read::<WithId>(body).map(|it| it.id);
    let done = |()| json!({});
    let result = match operation {
        "/grant" => grant(state, body),
        "/revoke" => id().and_then(|id| state.revoke(&id)).map(done),
        "/deny" => deny(state, body),
        "/undeny" => id().and_then(|id| state.undeny(&id)).map(done),
        "/attach" => attach(state, body),
        "/detach" => name().and_then(|it| state.detach(&it)).map(done),
        "/delete-identity" => name().and_then(|it| state.delete_identity(&it)).map(done),
        "/recreate-identity" => name()
            .and_then(|it| state.recreate_identity(&it))
            .map(|it| identity(&it)),
        "/system-identity" => read::<Switch>(body).map(|switch| {
            let system = state.set_system_identity(switch.on);
            system.as_ref().map_or(Value::Null, identity)
        }),
        "/member" => read::<Member>(body).and_then(|it| {
            let changed = state.set_member(&it.group_id, &it.object_id, it.member);
            changed.map(done)
        }),
        "/tenant" => id().and_then(|id| state.move_to_tenant(&id)).map(done),
        "/event" => read::<EventBody>(body).and_then(|event| {
            let id = state.schedule_event(&event.kind, event.in_seconds)?;
            Ok(json!({ "id": id }))
        }),
        "/fault" => String::from_utf8(body.to_vec())
            .map_err(|_| ChangeError::new("the body is not UTF-8"))
            .and_then(|text| state.fault(FaultRule::from_json(&text)).map(done)),
        "/rate-limits" => read::<Switch>(body)
            .map(|it| state.set_rate_limits(it.on))
            .map(done),
        "/front" => front(state, body).map(done),
        "/forget-tokens" => {
            state.tokens.forget();
            Ok(json!({}))
        }
        "/clock" => read::<ClockBody>(body).map(|change| {
            if let Some(secs) = change.advance_seconds {
                state.clock.advance(Duration::from_secs(secs.into()));
            }
            if let Some(speed) = change.speed {
                state.clock.set_speed(speed);
            }
            clock(state)
        }),
        _ => return Err(None),
    };
    result.map_err(Some)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ChangeError> {
    serde_json::from_slice(body).map_err(|error| ChangeError::new(error.to_string()))
}

fn grant(state: &State, body: &[u8]) -> Result<Value, ChangeError> {
    let body: GrantBody = read(body)?;
    let mut grant = Grant::new(body.principal_id, body.role, body.scope)
        .with_propagation_secs(body.propagation_seconds);
    grant.condition = body.condition;
    grant.after_requests = body.effective_after_requests;
    Ok(json!({ "id": state.grant(&grant)? }))
}

fn deny(state: &State, body: &[u8]) -> Result<Value, ChangeError> {
    let body: DenyBody = read(body)?;
    let mut deny = Deny::new(body.name, body.scope).with_principals(body.principals);
    if let Some(actions) = body.actions {
        deny = deny.with_actions(actions);
    }
    Ok(json!({ "id": state.deny(&deny)? }))
}

fn attach(state: &State, body: &[u8]) -> Result<Value, ChangeError> {
    let body: AttachBody = read(body)?;
    let delay = Duration::from_secs(body.visible_after_seconds.into());
    Ok(identity(&state.attach(&body.name, delay)?))
}

fn front(state: &State, body: &[u8]) -> Result<(), ChangeError> {
    let body: FrontBody = read(body)?;
    let is_arm = match body.server.as_str() {
        "arm" => true,
        "imds" => false,
        _ => return Err(ChangeError::new("the server is arm or imds")),
    };
    state.set_front(is_arm, body.kind);
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantBody {
    principal_id: String,
    role: String,
    scope: String,
    condition: Option<String>,
    #[serde(default)]
    propagation_seconds: Vec<u32>,
    effective_after_requests: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DenyBody {
    name: String,
    scope: String,
    actions: Option<Vec<String>>,
    #[serde(default)]
    principals: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AttachBody {
    name: String,
    #[serde(default)]
    visible_after_seconds: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WithId {
    id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    on: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    group_id: String,
    object_id: String,
    member: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventBody {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    in_seconds: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrontBody {
    server: String,
    kind: Option<Front>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockBody {
    advance_seconds: Option<u32>,
    speed: Option<u32>,
}

fn clock(state: &State) -> Value {
    json!({
        "elapsed_seconds": state.clock.elapsed().as_secs(),
        "unix_seconds": state.clock.unix_secs(),
    })
}

fn identity(identity: &Identity) -> Value {
    json!({
        "name": identity.name(),
        "client_id": identity.client_id,
        "object_id": identity.object_id,
        "resource_id": identity.resource_id,
    })
}

fn entry(received: &Received) -> Value {
    json!({
        "server": received.server.to_string(),
        "connection": received.connection,
        "method": received.method,
        "target": received.target,
        "headers": received.headers,
        "status": received.status,
        "at_millis": received.at_millis,
    })
}

fn world(world: &World) -> Value {
    let assignments = world.role_assignments.iter().filter(|it| it.is_listed());
    let assignment = |it: &crate::access::RoleAssignment| json!({ "id": it.id, "principal_id": it.principal_id, "role_id": it.role_id, "scope": it.scope });
    json!({
        "tenant_id": world.tenant_id,
        "subscription_id": world.subscription_id,
        "resource_groups": world.group_names().collect::<Vec<_>>(),
        "vm_resource_id": world.vm.resource_id,
        "system_identity": world.system_identity.as_ref().map(identity),
        "user_identities": world.user_identities.iter().map(identity).collect::<Vec<_>>(),
        "other_identities": world.other_identities.iter().map(|it| identity(&it.identity)).collect::<Vec<_>>(),
        "principal_groups": world.principal_groups.iter().map(|it| json!({ "id": it.id, "name": it.name, "members": it.members, "new_members": it.new_members })).collect::<Vec<_>>(),
        "role_assignments": assignments.map(assignment).collect::<Vec<_>>(),
        "deny_assignments": world.deny_assignments.iter().map(|it| json!({ "id": it.id, "name": it.name, "scope": it.scope })).collect::<Vec<_>>(),
    })
}

/// What `GET /` says.
const OPERATIONS: [&str; 22] = [
    "GET /world",
    "GET /clock",
    "GET /journal",
    "DELETE /journal",
    "DELETE /faults",
    "POST /grant {principal_id, role, scope, condition?, propagation_seconds?, effective_after_requests?}",
    "POST /revoke {id}",
    "POST /deny {name, scope, actions?, principals?}",
    "POST /undeny {id}",
    "POST /attach {name, visible_after_seconds?}",
    "POST /detach {name}",
    "POST /delete-identity {name}",
    "POST /recreate-identity {name}",
    "POST /system-identity {on}",
    "POST /member {group_id, object_id, member}",
    "POST /tenant {id}",
    "POST /event {type, in_seconds?}",
    "POST /fault {the members of a scenario's [[fault]]}",
    "POST /rate-limits {on}",
    "POST /front {server, kind?}",
    "POST /forget-tokens",
    "POST /clock {advance_seconds?, speed?}",
];
