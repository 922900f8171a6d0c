//! Two clocks, real or by hand. The only file of this crate that reads the real ones.
//!
//! Both are needed. The wall clock may be set, by hours and in both directions; the monotonic one stands still while the machine
//! is suspended. A token that is fine by one of them may be dead by the other.
//!
//! So each hit reads both, once. On Linux these are the *coarse* clocks: the time of the kernel's last tick, at most some 10 ms
//! old, for a fraction of the price of the exact one. Beside margins of minutes nobody can tell the difference, and both coarse
//! readings together cost less than one exact reading. Elsewhere the clocks are those of the standard library.
//!
//! A lease, that is to read one clock and trust it for a while about the other, would save another 3 ns and be wrong: on the
//! monotonic clock it serves a dead token after each resume, and on the wall clock when that is set back into the lease.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Tells the time, in both ways. Called on hits and under the cache's locks: quick, and without a call back into the cache.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The wall clock, in whole seconds since 1970-01-01T00:00:00Z. May jump in both directions.
    fn unix_secs(&self) -> i64;

    /// Time since some fixed point. Never goes back; may stand still while the machine sleeps.
    fn monotonic(&self) -> Duration;
}

/// One reading of both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Now {
    pub(crate) unix_secs: i64,
    pub(crate) monotonic: Nanos,
}

/// Nanoseconds since some fixed point; 64 bits last for 584 years.
pub(crate) type Nanos = u64;

pub(crate) fn nanos(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The clocks of the system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock(system::Source);

impl SystemClock {
    /// The clocks of this machine.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Clock for SystemClock {
    fn unix_secs(&self) -> i64 {
        self.0.unix_secs()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.0.monotonic())
    }
}

#[cfg(any(target_os = "android", target_os = "linux"))]
mod system {
    use nix::sys::time::TimeSpec;
    use nix::time::{ClockId, clock_gettime};

    use super::Nanos;

    #[derive(Clone, Copy, Debug, Default)]
    pub(super) struct Source;

    impl Source {
        #[inline(always)]
        pub(super) fn unix_secs(self) -> i64 {
            read(ClockId::CLOCK_REALTIME_COARSE).tv_sec()
        }

        #[inline(always)]
        pub(super) fn monotonic(self) -> Nanos {
            let since_boot = read(ClockId::CLOCK_MONOTONIC_COARSE);
            // Neither part is negative, and a second has 10^9 nanoseconds.
            since_boot.tv_sec() as Nanos * 1_000_000_000 + since_boot.tv_nsec() as Nanos
        }
    }

    #[inline(always)]
    fn read(clock: ClockId) -> TimeSpec {
        clock_gettime(clock).expect("Linux has had the coarse clocks since 2.6.32")
    }
}

#[cfg(not(any(target_os = "android", target_os = "linux")))]
mod system {
    use super::{Nanos, nanos};
    use std::time::{Instant, SystemTime};

    #[derive(Clone, Copy, Debug)]
    pub(super) struct Source(Instant);

    impl Default for Source {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where this crate reads the clock"
        )]
        fn default() -> Self {
            Self(Instant::now())
        }
    }

    impl Source {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where this crate reads the clock"
        )]
        pub(super) fn unix_secs(self) -> i64 {
            let secs = |secs: u64| i64::try_from(secs).unwrap_or(i64::MAX);
            match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
                Ok(since) => secs(since.as_secs()),
                // Rounded down on this side of 1970 too.
                Err(before) => -secs(before.duration().as_secs()) - 1,
            }
        }

        pub(super) fn monotonic(self) -> Nanos {
            nanos(self.0.elapsed())
        }
    }
}

/// The clock of a cache. The usual one is called directly, which the optimiser sees through.
#[derive(Clone, Debug)]
pub(crate) enum TimeSource {
    System(SystemClock),
    Other(Arc<dyn Clock>),
}

impl TimeSource {
    #[inline(always)]
    pub(crate) fn now(&self) -> Now {
        match self {
            Self::System(SystemClock(source)) => Now {
                unix_secs: source.unix_secs(),
                monotonic: source.monotonic(),
            },
            Self::Other(clock) => Now {
                unix_secs: clock.unix_secs(),
                monotonic: nanos(clock.monotonic()),
            },
        }
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
                monotonic: 0,
            }),
        }
    }

    /// Lets whole seconds pass on both clocks.
    pub fn advance_secs(&self, secs: u32) {
        self.advance_wall(secs.into());
        self.advance_monotonic(Duration::from_secs(secs.into()));
    }

    /// Sets the wall clock forward, or back when `secs` is negative. Forward alone is also what a suspended machine sees.
    pub fn advance_wall(&self, secs: i64) {
        let mut now = self.lock();
        now.unix_secs = now.unix_secs.saturating_add(secs);
    }

    /// Lets time pass on the monotonic clock.
    pub fn advance_monotonic(&self, duration: Duration) {
        let mut now = self.lock();
        now.monotonic = now.monotonic.saturating_add(nanos(duration));
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
        Duration::from_nanos(self.lock().monotonic)
    }
}
