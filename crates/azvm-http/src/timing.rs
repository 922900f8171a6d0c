//! Deadlines and stopwatch. The only file of this crate that reads the clock.

use crate::TransportError;
use azvm_exchange::Phase;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::task::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

/// How long each phase of an exchange took. A phase that was not needed took no time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timings {
    /// Looking up the host's address; next to nothing for an address literal.
    pub resolve: Duration,
    /// Opening the TCP connection, failed addresses of the same name included; to the proxy if there is one.
    pub connect: Duration,
    /// Asking a proxy for a tunnel.
    pub tunnel: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// Sending the request and waiting for the response's whole head.
    pub first_byte: Duration,
    /// Reading the body.
    pub body: Duration,
}

impl Timings {
    /// All phases together.
    pub fn total(&self) -> Duration {
        self.resolve + self.connect + self.tunnel + self.tls + self.first_byte + self.body
    }
}

/// Measures one phase after the other.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start or the last lap.
    pub(crate) fn lap(&mut self) -> Duration {
        let now = Instant::now();
        let lap = now - self.0;
        self.0 = now;
        lap
    }
}

/// The point at which an exchange, or a part of it, is given up.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// A budget too large for the clock counts as a year.
    pub(crate) fn after(budget: Duration) -> Self {
        const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
        let now = Instant::now();
        Self(now.checked_add(budget).unwrap_or_else(|| now + YEAR))
    }

    pub(crate) fn earlier(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }

    /// An equal share of what is left, for the first of `parts`.
    pub(crate) fn share(self, parts: u32) -> Self {
        let left = self.0.saturating_duration_since(Instant::now());
        Self::after(left / parts.max(1)).earlier(self)
    }

    /// Runs `work`, which is part of `phase`, and gives up at the deadline.
    pub(crate) async fn bound<T>(
        self,
        phase: Phase,
        work: impl Future<Output = Result<T, TransportError>>,
    ) -> Result<T, TransportError> {
        timeout_at(self.0, work)
            .await
            .unwrap_or_else(|_| Err(TransportError::timeout(phase)))
    }
}

/// A timer that is set again and again.
///
/// Setting a timer anew to a later time is an atomic write; making one is a system call, which wakes the runtime from its
/// wait. So a kept connection keeps its timer, too.
#[derive(Default)]
pub(crate) struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// As [`Deadline::bound`], of work that is polled where it stands.
    pub(crate) async fn bound<T>(
        &mut self,
        deadline: Deadline,
        phase: Phase,
        mut work: impl FnMut(&mut Context<'_>) -> Poll<Result<T, TransportError>>,
    ) -> Result<T, TransportError> {
        let mut is_set = false;
        poll_fn(|context| {
            if let Poll::Ready(result) = work(context) {
                return Poll::Ready(result);
            }
            let timer = self
                .0
                .get_or_insert_with(|| Box::pin(sleep_until(deadline.0)));
            if !std::mem::replace(&mut is_set, true) && timer.deadline() != deadline.0 {
                timer.as_mut().reset(deadline.0);
            }
            // Whatever the work has used up of the task's turn: a peer that never lets it wait would hold the timer back.
            let mut timer = unconstrained(timer.as_mut());
            let timeout = |()| Err(TransportError::timeout(phase));
            Pin::new(&mut timer).poll(context).map(timeout)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use azvm_exchange::FailureKind;
    use tokio::sync::mpsc;

    #[tokio::test]
    async fn work_that_is_never_done_does_not_hold_the_alarm_back() {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        sender.send(()).unwrap();
        let mut turns = 0;
        // Always ready, until the runtime says that the task has had its turn.
        let work = |context: &mut Context<'_>| {
            turns += 1;
            assert!(turns < 200_000, "the alarm never rang");
            while receiver.poll_recv(context).is_ready() {
                sender.send(()).unwrap();
            }
            Poll::<Result<(), TransportError>>::Pending
        };
        let deadline = Deadline::after(Duration::from_millis(20));
        let ended = Alarm::default().bound(deadline, Phase::Body, work).await;
        assert_eq!(ended.unwrap_err().kind(), FailureKind::Timeout);
    }
}
