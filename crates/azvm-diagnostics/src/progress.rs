//! What a run is doing, for somebody who waits.

use azvm_exchange::Attempt;
use std::time::Duration;

/// Something that happened, or is about to.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A request is about to be sent.
    Calling {
        /// What it is for.
        action: &'static str,
    },
    /// A request was answered, or not; [`Attempt::retry_in`] says whether it will be sent again.
    Attempted {
        /// What it was for.
        action: &'static str,
        /// How it went.
        attempt: &'a Attempt,
    },
    /// A request waits for its turn: a run sends IMDS no more than its [budget](crate::budget).
    Pacing {
        /// Until it is sent.
        next_in: Duration,
    },
    /// The target was tried and will be tried again.
    Waiting {
        /// Which try this was, from one.
        sample: usize,
        /// The status, or what went wrong.
        outcome: Result<u16, &'static str>,
        /// Since the first try.
        waited: Duration,
        /// Until the next one.
        next_in: Duration,
    },
}

/// Takes the events of a run. Called from the task that runs it: be quick.
pub trait Progress: Sync {
    /// Takes one event.
    fn event(&self, event: &Event<'_>);
}

/// Says nothing.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "callers write it as a value")]
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _: &Event<'_>) {}
}
