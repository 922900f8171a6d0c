//! `/metadata/scheduledevents`: what is going to happen to the VM, and its consent.

use hyper::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::clock::{HTTP_TIME, utc};
use crate::exchange::{Reply, Request};
use crate::simulator::State;
use crate::world::Event;

/// GET reads the events, POST lets some of them start.
pub(super) fn answer(state: &State, request: &Request) -> Result<Reply, Reply> {
    if request.method == Method::POST {
        return acknowledge(state, &request.body);
    }
    let world = state.world();
    let now = state.clock.unix_secs();
    let events = world.events.pending.iter();
    let document = Document {
        document_incarnation: world.events.incarnation,
        events: events
            .map(|event| shown(event, &world.vm.name, now))
            .collect(),
    };
    Ok(Reply::json(200, &document))
}

fn acknowledge(state: &State, body: &[u8]) -> Result<Reply, Reply> {
    let Ok(approval) = serde_json::from_slice::<Approval>(body) else {
        return Err(refusal("The request has no StartRequests"));
    };
    state.change(|world| {
        for request in &approval.start_requests {
            let mut events = world.events.pending.iter_mut();
            let event = events.find(|event| event.id.eq_ignore_ascii_case(&request.event_id));
            let Some(event) = event else {
                return Err(refusal("There is no such event"));
            };
            event.is_started = true;
        }
        world.events.incarnation = world.events.incarnation.saturating_add(1);
        Ok(Reply::empty(200))
    })
}

fn refusal(error: &str) -> Reply {
    Reply::json(400, &json!({ "error": format!("Bad request. {error}") }))
}

/// An event starts when it was acknowledged or when its time has come; then it has no time any more.
fn shown<'a>(event: &'a Event, vm_name: &'a str, now: i64) -> Shown<'a> {
    let is_started = event.is_started || now >= event.not_before;
    Shown {
        event_id: &event.id,
        event_status: if is_started { "Started" } else { "Scheduled" },
        event_type: &event.kind,
        resource_type: "VirtualMachine",
        resources: [vm_name],
        not_before: if is_started {
            String::new()
        } else {
            utc(event.not_before, HTTP_TIME)
        },
        description: &event.description,
        event_source: if event.is_by_user { "User" } else { "Platform" },
        duration_in_seconds: event.duration_secs,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    document_incarnation: u32,
    events: Vec<Shown<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown<'a> {
    event_id: &'a str,
    event_status: &'a str,
    event_type: &'a str,
    resource_type: &'a str,
    resources: [&'a str; 1],
    not_before: String,
    description: &'a str,
    event_source: &'a str,
    duration_in_seconds: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Approval {
    start_requests: Vec<StartRequest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StartRequest {
    event_id: String,
}

pub(super) const PATH: &str = "/metadata/scheduledevents";
