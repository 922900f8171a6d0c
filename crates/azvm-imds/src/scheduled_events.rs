//! Maintenance that is about to happen to the VM, and letting it start.

use crate::date::read_date;
use crate::document::{self, document, open_enum};
use crate::request::with_metadata_header;
use crate::retry::{DEFAULT_DEADLINE, retry_policy};
use crate::{Malformed, ProtocolError};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use azvm_exchange::{Request, Response, RetryPolicy, Timestamp};
use core::fmt;
use core::str::FromStr;
use core::time::Duration;

/// The api-version of scheduled events: the first with `DurationInSeconds`.
///
/// Source: *Scheduled Events for Linux VMs in Azure*, version table.
pub const SCHEDULED_EVENTS_API_VERSION: &str = "2020-07-01";

/// The first request after a day without one turns the service on, and may take this long.
///
/// Source: *Scheduled Events for Linux VMs in Azure*, "Enabling and disabling scheduled events".
pub const SCHEDULED_EVENTS_FIRST_CALL: Duration = Duration::from_secs(120);

/// The longest [`EventId`], in bytes. Azure's are GUIDs.
pub const MAX_EVENT_ID_BYTES: usize = 128;

/// `GET /metadata/scheduledevents`. Asking turns the service on; a day without asking turns it off.
pub fn scheduled_events() -> Request {
    with_metadata_header(Request::get(target()))
}

/// `POST /metadata/scheduledevents`: these events may start now. The approval counts for **every** VM in
/// [`ScheduledEvent::resources`], not for this one alone. Asking again does no harm: IMDS answers 200 for any valid ID.
pub fn start_events<'a>(events: impl IntoIterator<Item = &'a EventId>) -> Request {
    let mut body = String::from(r#"{"StartRequests":["#);
    for (index, EventId(event)) in events.into_iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        // An ID has no character that JSON would escape.
        body.push_str(&format!(r#"{comma}{{"EventId":"{event}"}}"#));
    }
    body.push_str("]}");
    with_metadata_header(Request::post_json(target(), body.into_bytes()))
}

/// [`retry_policy`] with the patience that [`SCHEDULED_EVENTS_FIRST_CALL`] asks for.
pub fn scheduled_events_policy() -> RetryPolicy {
    retry_policy()
        .with_attempt_timeout(SCHEDULED_EVENTS_FIRST_CALL)
        .with_deadline(SCHEDULED_EVENTS_FIRST_CALL + DEFAULT_DEADLINE)
}

/// Reads the answer to [`start_events`], which has nothing but its status.
///
/// # Errors
///
/// [`ProtocolError::Rejected`] for any status but 200.
pub fn read_start_events(response: &Response) -> Result<(), ProtocolError> {
    ProtocolError::unless_ok(response)
}

fn target() -> String {
    format!("/metadata/scheduledevents?api-version={SCHEDULED_EVENTS_API_VERSION}")
}

/// Names an event; a GUID on Azure.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EventId(String);

impl EventId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EventId {
    type Err = EventIdError;

    /// # Errors
    ///
    /// [`EventIdError`] unless the text is 1 to [`MAX_EVENT_ID_BYTES`] ASCII letters, digits and `-._:{}`.
    fn from_str(text: &str) -> Result<Self, EventIdError> {
        let is_id = (1..=MAX_EVENT_ID_BYTES).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._:{}".contains(&byte));
        if is_id {
            Ok(Self(text.into()))
        } else {
            Err(EventIdError(()))
        }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text is not an [`EventId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventIdError(());

impl fmt::Display for EventIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected an event ID such as 602d9444-d2cd-49c7-8624-8643e7171297")
    }
}

impl core::error::Error for EventIdError {}

open_enum! {
    /// What an event does to the VM.
    pub enum EventType {
        /// Paused for some seconds; memory and open files stay.
        Freeze = "Freeze",
        /// Restarted; memory is lost.
        Reboot = "Reboot",
        /// Moved to another node; ephemeral disks are lost.
        Redeploy = "Redeploy",
        /// A Spot VM is deleted; ephemeral disks are lost.
        Preempt = "Preempt",
        /// The VM is deleted.
        Terminate = "Terminate",
    }

    /// How far an event is. One that is over is no longer listed.
    pub enum EventStatus {
        /// It starts after [`ScheduledEvent::not_before`], or once it is approved.
        Scheduled = "Scheduled",
        /// It has started.
        Started = "Started",
    }

    /// Who wants an event.
    pub enum EventSource {
        /// Azure.
        Platform = "Platform",
        /// A person or program with a role on the VM.
        User = "User",
    }
}

document! {
    /// The events that are scheduled or under way: the answer to [`scheduled_events`].
    ///
    /// ```
    /// use azvm_exchange::Response;
    /// use azvm_imds::{EventStatus, ScheduledEvents, start_events};
    ///
    /// let body = br#"{"DocumentIncarnation":2,"Events":[{"EventId":"602d9444-d2cd-49c7-8624-8643e7171297",
    ///     "EventStatus":"Scheduled","EventType":"Freeze","Resources":["vm-1"],"DurationInSeconds":5}]}"#;
    /// let events = ScheduledEvents::read(&Response::new(200, vec![], body.to_vec()))?;
    /// let scheduled = events.events.iter().filter(|event| event.status == Some(EventStatus::Scheduled));
    /// let approval = start_events(scheduled.filter_map(|event| event.id.as_ref()));
    /// assert_eq!(approval.body(), br#"{"StartRequests":[{"EventId":"602d9444-d2cd-49c7-8624-8643e7171297"}]}"#);
    /// # Ok::<(), azvm_imds::ProtocolError>(())
    /// ```
    pub struct ScheduledEvents {
        /// `DocumentIncarnation`: grows when the events change.
        incarnation: Option<i64> = number("DocumentIncarnation"),
        /// `Events`; none when nothing is scheduled.
        events: Vec<ScheduledEvent> = list("Events"),
    }

    /// One event.
    pub struct ScheduledEvent {
        /// `Description`: a sentence for a person (api-version 2019-04-01).
        description: Option<String> = text("Description"),
        /// `DurationInSeconds`: how long the VM is interrupted, 0 when it is not, -1 when nobody knows (2020-07-01); see
        /// [`duration`](Self::duration).
        duration_in_seconds: Option<i64> = number("DurationInSeconds"),
        /// `EventId`. An event without one that can be read can be waited for, not approved.
        id: Option<EventId> = parsed("EventId"),
        /// `EventSource` (2019-08-01).
        source: Option<EventSource> = parsed("EventSource"),
        /// `EventStatus`.
        status: Option<EventStatus> = parsed("EventStatus"),
        /// `EventType`.
        event_type: Option<EventType> = parsed("EventType"),
        /// `NotBefore`: `Mon, 19 Sep 2016 18:29:47 GMT`; blank once it has started. See
        /// [`starts_after`](Self::starts_after).
        not_before: Option<String> = text("NotBefore"),
        /// `ResourceType`: `VirtualMachine`.
        resource_type: Option<String> = text("ResourceType"),
        /// `Resources`: the names of all VMs that it happens to.
        resources: Vec<String> = texts("Resources"),
    }
}

impl ScheduledEvents {
    /// Reads the answer to [`scheduled_events`].
    ///
    /// # Errors
    ///
    /// [`ProtocolError::Rejected`] for any status but 200, [`ProtocolError::Malformed`] for a body that is no object or has
    /// neither of the two members: no events is something to rely on, so it has to be said.
    pub fn read(response: &Response) -> Result<Self, ProtocolError> {
        const REASON: &str = "the body is no list of scheduled events";
        let read: Self = document::read(response, REASON)?;
        if read == Self::default() {
            return Err(ProtocolError::Malformed(Malformed::new(REASON, response)));
        }
        Ok(read)
    }
}

impl ScheduledEvent {
    /// The earliest start, when [`not_before`](Self::not_before) can be read.
    pub fn starts_after(&self) -> Option<Timestamp> {
        let text = self.not_before.as_deref()?;
        Timestamp::from_http_date(text).or_else(|| read_date(text))
    }

    /// How long the VM is interrupted; `None` when nobody knows.
    pub fn duration(&self) -> Option<Duration> {
        let seconds = u64::try_from(self.duration_in_seconds?).ok()?;
        Some(Duration::from_secs(seconds))
    }
}
