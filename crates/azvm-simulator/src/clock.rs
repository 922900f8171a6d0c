//! The one place where the real clock is read, and the simulator's own time, which may run ahead of it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The time of the simulated cloud.
///
/// It starts as the real time and runs at the real speed.
/// [`Clock::advance`] puts it forward and [`Clock::set_speed`] lets it run faster, slower or not at all: ten minutes of
/// propagation need not take ten minutes.
/// Propagation, expiry, rate limits and the seconds of a fault go by this clock; the milliseconds of a fault's delay go by the real one.
#[derive(Debug)]
pub struct Clock {
    start: Instant,
    start_wall: Duration,
    rate: Mutex<Rate>,
}

/// Simulated time goes on from `simulated` at `speed` since the real time `real`; both count from the start.
#[derive(Clone, Copy, Debug)]
struct Rate {
    real: Duration,
    simulated: Duration,
    speed: u32,
    is_natural: bool,
}

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the simulator's one read of the monotonic clock at start"
    )]
    pub(crate) fn start() -> Self {
        let rate = Rate {
            real: Duration::ZERO,
            simulated: Duration::ZERO,
            speed: 1,
            is_natural: true,
        };
        Self {
            start: Instant::now(),
            start_wall: since_epoch(),
            rate: Mutex::new(rate),
        }
    }

    /// Simulated time since the simulator was started.
    pub fn elapsed(&self) -> Duration {
        self.rate().simulated_at(self.start.elapsed())
    }

    /// The simulated wall clock in Unix seconds.
    pub fn unix_secs(&self) -> i64 {
        secs(self.start_wall.saturating_add(self.elapsed()))
    }

    /// Puts the clock forward.
    pub fn advance(&self, by: Duration) {
        self.change(|rate| rate.simulated = rate.simulated.saturating_add(by));
    }

    /// Lets the clock run `speed` times as fast as the real one from now on; 0 stops it.
    pub fn set_speed(&self, speed: u32) {
        self.change(|rate| rate.speed = speed);
    }

    /// False once the clock was put forward or was given another speed.
    pub(crate) fn is_natural(&self) -> bool {
        self.rate().is_natural
    }

    fn rate(&self) -> Rate {
        *self.rate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Rate)) {
        let mut rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
        let real = self.start.elapsed();
        rate.simulated = rate.simulated_at(real);
        rate.real = real;
        rate.is_natural = false;
        change(&mut rate);
    }
}

impl Rate {
    fn simulated_at(&self, real: Duration) -> Duration {
        let passed = real.saturating_sub(self.real).saturating_mul(self.speed);
        self.simulated.saturating_add(passed)
    }
}

/// A moment in UTC in `strftime`'s notation.
pub(crate) fn utc(unix_secs: i64, format: &str) -> String {
    let timestamp = Timestamp::from_second(unix_secs).unwrap_or(Timestamp::UNIX_EPOCH);
    timestamp
        .to_zoned(TimeZone::UTC)
        .strftime(format)
        .to_string()
}

/// The calendar year of a moment in UTC.
pub(crate) fn year(unix_secs: i64) -> i32 {
    let timestamp = Timestamp::from_second(unix_secs).unwrap_or(Timestamp::UNIX_EPOCH);
    timestamp.to_zoned(TimeZone::UTC).year().into()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulator's one read of the wall clock"
)]
fn since_epoch() -> Duration {
    // A clock before 1970 reads as 1970.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

fn secs(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// As Entra and ARM print a moment in error texts.
pub(crate) const ERROR_TIME: &str = "%Y-%m-%dT%H:%M:%SZ";

/// As HTTP prints a moment (RFC 9110 section 5.6.7).
pub(crate) const HTTP_TIME: &str = "%a, %d %b %Y %H:%M:%S GMT";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_printed_in_utc() {
        assert_eq!(utc(1_757_608_556, ERROR_TIME), "2025-09-11T16:35:56Z");
        assert_eq!(
            utc(1_757_608_556, HTTP_TIME),
            "Thu, 11 Sep 2025 16:35:56 GMT"
        );
        assert_eq!(year(1_757_608_556), 2025);
        assert_eq!(utc(i64::MAX, "%Y"), "1970");
    }

    #[test]
    fn a_stopped_clock_moves_when_it_is_put_forward_and_only_then() {
        let clock = Clock::start();
        assert!(clock.is_natural());
        clock.set_speed(0);
        let (elapsed, wall) = (clock.elapsed(), clock.unix_secs());
        assert_eq!(clock.elapsed(), elapsed);
        clock.advance(Duration::from_secs(600));
        assert_eq!(clock.elapsed(), elapsed + Duration::from_secs(600));
        assert_eq!(clock.unix_secs(), wall + 600);
        assert!(!clock.is_natural());
        clock.advance(Duration::MAX);
        assert_eq!(clock.unix_secs(), i64::MAX);
    }

    #[test]
    fn speed_counts_from_when_it_was_set() {
        let rate = Rate {
            real: Duration::from_secs(10),
            simulated: Duration::from_secs(100),
            speed: 600,
            is_natural: false,
        };
        assert_eq!(
            rate.simulated_at(Duration::from_secs(11)),
            Duration::from_secs(700)
        );
        assert_eq!(
            rate.simulated_at(Duration::from_secs(9)),
            Duration::from_secs(100)
        );
    }
}
