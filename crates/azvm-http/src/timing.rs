//! Deadlines and stopwatch. The only file of this crate that reads the clock.

use crate::TransportError;
use azvm_exchange::Phase;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

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
