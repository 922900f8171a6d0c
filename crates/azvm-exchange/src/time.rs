//! Points in time as plain numbers. Who reads the clock is the caller's business.

use core::time::Duration;

/// A point on the wall clock: whole seconds since 1970-01-01T00:00:00Z, leap seconds ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From Unix seconds; any value is valid.
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// As Unix seconds.
    pub const fn unix_seconds(self) -> i64 {
        self.0
    }

    /// Seconds from `earlier` to `self`, negative when `self` comes first. Saturates.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Parses the `Date` and `Retry-After` form that servers must send: `Sun, 06 Nov 1994 08:49:37 GMT`
    /// (RFC 9110 section 5.6.7, `IMF-fixdate`). The day name is not checked; anything else is `None`.
    ///
    /// ```
    /// use azvm_exchange::Timestamp;
    /// let date = Timestamp::from_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
    /// assert_eq!(date.map(Timestamp::unix_seconds), Some(784_111_777));
    /// ```
    pub fn from_http_date(text: &str) -> Option<Self> {
        let (_day_name, rest) = text.trim().split_once(", ")?;
        let mut parts = rest.split(' ');
        let day = number(parts.next()?, 2)?;
        let month = month(parts.next()?)?;
        let year = number(parts.next()?, 4)?;
        let mut clock = parts.next()?.split(':');
        let hour = number(clock.next()?, 2)?;
        let minute = number(clock.next()?, 2)?;
        let second = number(clock.next()?, 2)?;
        let is_valid = parts.next() == Some("GMT")
            && parts.next().is_none()
            && clock.next().is_none()
            && (1..=31).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60;
        is_valid.then(|| {
            Self(days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
        })
    }
}

/// Monotonic time since an origin that the driver chooses once per exchange; never goes backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Monotonic(Duration);

impl Monotonic {
    /// The origin itself.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// The point `elapsed` after the origin.
    pub const fn after(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// Time since the origin.
    pub const fn elapsed(self) -> Duration {
        self.0
    }

    /// Time from `earlier` to `self`; zero when `self` comes first.
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// `self` moved on by `duration`; saturates.
    #[must_use]
    pub const fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

fn number(text: &str, digits: usize) -> Option<i64> {
    (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

fn month(name: &str) -> Option<i64> {
    const NAMES: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    (1..)
        .zip(NAMES)
        .find_map(|(number, known)| (known == name).then_some(number))
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar: years start in March, so that the leap day is the last one.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<i64>) {
        let parsed = Timestamp::from_http_date(text).map(Timestamp::unix_seconds);
        assert_eq!(parsed, expected, "{text}");
    }

    #[test]
    fn http_dates() {
        check("Thu, 01 Jan 1970 00:00:00 GMT", Some(0));
        check("Thu, 29 Feb 2024 12:00:00 GMT", Some(1_709_208_000));
        check("Sat, 21 Nov 2026 10:58:29 GMT", Some(1_795_258_709));
        check("Fri, 31 Dec 9999 23:59:59 GMT", Some(253_402_300_799));
        check("Wed, 31 Dec 0000 23:59:59 GMT", Some(-62_135_596_801));
        check("Sat, 21 Nov 2026 10:58:29 UTC", None);
        check("Sat, 21 Nov 2026 10:58 GMT", None);
        check("Sat, 21 nov 2026 10:58:29 GMT", None);
        check("Sat, +1 Nov 2026 10:58:29 GMT", None);
        check("Sat, 21 Nov 2026 24:58:29 GMT", None);
        check("120", None);
        check("", None);
    }

    #[test]
    fn arithmetic_saturates() {
        let far = Timestamp::from_unix_seconds(i64::MAX);
        assert_eq!(
            far.seconds_since(Timestamp::from_unix_seconds(-5)),
            i64::MAX
        );
        let now = Monotonic::after(Duration::MAX);
        assert_eq!(now.plus(Duration::from_secs(1)), now);
        assert_eq!(Monotonic::ZERO.since(now), Duration::ZERO);
    }
}
