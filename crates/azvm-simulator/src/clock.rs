//! The one place where the real clock is read.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The wall clock, and a monotonic one that counts from the simulator's start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
    start_unix_secs: i64,
}

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the simulator's one read of the monotonic clock at start"
    )]
    pub(crate) fn start() -> Self {
        Self {
            start: Instant::now(),
            start_unix_secs: unix_secs(),
        }
    }

    /// The wall clock in Unix seconds.
    pub(crate) fn unix_secs(&self) -> i64 {
        unix_secs()
    }

    /// When the simulator was started, in Unix seconds.
    pub(crate) fn start_unix_secs(&self) -> i64 {
        self.start_unix_secs
    }

    /// Time since the simulator was started.
    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
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
fn unix_secs() -> i64 {
    // A clock before 1970 reads as 1970.
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
}

/// As Entra and ARM print a moment in error texts.
pub(crate) const ERROR_TIME: &str = "%Y-%m-%dT%H:%M:%SZ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_printed_in_utc() {
        assert_eq!(utc(1_757_608_556, ERROR_TIME), "2025-09-11T16:35:56Z");
        assert_eq!(year(1_757_608_556), 2025);
        assert_eq!(utc(i64::MAX, "%Y"), "1970");
    }
}
