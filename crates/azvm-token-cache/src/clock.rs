//! Two clocks, real or by hand. The only file of this crate that reads the real ones.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Tells the time, in both ways.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The wall clock, in seconds since 1970-01-01T00:00:00Z. May jump in both directions.
    fn unix_secs(&self) -> i64;

    /// Time since some fixed point. Never goes back; may stand still while the machine sleeps.
    fn monotonic(&self) -> Duration;
}

/// The clocks of the system.
#[derive(Clone, Debug)]
pub struct SystemClock {
    origin: Instant,
}

impl SystemClock {
    /// Its monotonic time starts at zero.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where this crate reads the clock"
    )]
    pub fn new() -> Self {
        Self {
            origin: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where this crate reads the clock"
    )]
    fn unix_secs(&self) -> i64 {
        let secs = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => secs(since),
            Err(before) => -secs(before.duration()),
        }
    }

    fn monotonic(&self) -> Duration {
        self.origin.elapsed()
    }
}

/// A clock for tests, which moves only when told to.
#[derive(Debug)]
pub struct ManualClock {
    now: Mutex<Now>,
}

impl ManualClock {
    /// The wall clock starts at `unix_secs`, the monotonic one at zero.
    pub fn new(unix_secs: i64) -> Self {
        Self {
            now: Mutex::new(Now {
                unix_secs,
                monotonic: Duration::ZERO,
            }),
        }
    }

    /// Lets whole seconds pass on both clocks.
    pub fn advance_secs(&self, secs: u32) {
        self.advance_wall(secs.into());
        self.advance_monotonic(Duration::from_secs(secs.into()));
    }

    /// Sets the wall clock forward, or back when `secs` is negative.
    pub fn advance_wall(&self, secs: i64) {
        let mut now = self.lock();
        now.unix_secs = now.unix_secs.saturating_add(secs);
    }

    /// Lets time pass on the monotonic clock.
    pub fn advance_monotonic(&self, duration: Duration) {
        let mut now = self.lock();
        now.monotonic = now.monotonic.saturating_add(duration);
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn unix_secs(&self) -> i64 {
        self.lock().unix_secs
    }

    fn monotonic(&self) -> Duration {
        self.lock().monotonic
    }
}

/// One reading of both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) unix_secs: i64,
    pub(crate) monotonic: Duration,
}

impl Now {
    pub(crate) fn read(clock: &dyn Clock) -> Self {
        Self {
            unix_secs: clock.unix_secs(),
            monotonic: clock.monotonic(),
        }
    }
}
