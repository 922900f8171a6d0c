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

    /// Parses the dates of HTTP (RFC 9110 section 5.6.7), as in `Date` and `Retry-After`: the form that servers must send,
    /// `Sun, 06 Nov 1994 08:49:37 GMT`, and the two obsolete ones that clients must accept,
    /// `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`. The day's name is not checked; a year of two
    /// digits is one from 1970 to 2069. Anything else is `None`.
    ///
    /// ```
    /// use azvm_exchange::Timestamp;
    /// let date = Timestamp::from_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
    /// assert_eq!(date.map(Timestamp::unix_seconds), Some(784_111_777));
    /// ```
    pub fn from_http_date(text: &str) -> Option<Self> {
        let text = text.trim();
        let Some((_day_name, rest)) = text.split_once(", ") else {
            return Self::from_asctime(text);
        };
        let (date, clock) = rest.strip_suffix(" GMT")?.rsplit_once(' ')?;
        let (day, name, year) = match date.split_once('-') {
            Some((day, rest)) => {
                let (name, year) = rest.split_once('-')?;
                (day, name, full_year(number(year, 2)?))
            }
            None => {
                let (day, rest) = date.split_once(' ')?;
                let (name, year) = rest.split_once(' ')?;
                (day, name, number(year, 4)?)
            }
        };
        Self::from_parts(year, month(name)?, number(day, 2)?, clock)
    }

    /// `Sun Nov  6 08:49:37 1994`: the day is padded with a space.
    fn from_asctime(text: &str) -> Option<Self> {
        let mut parts = text.split_ascii_whitespace();
        let (_day_name, name, day) = (parts.next()?, parts.next()?, parts.next()?);
        let (clock, year) = (parts.next()?, parts.next()?);
        let day = number(day, 1).or_else(|| number(day, 2))?;
        match parts.next() {
            None => Self::from_parts(number(year, 4)?, month(name)?, day, clock),
            Some(_) => None,
        }
    }

    fn from_parts(year: i64, month: i64, day: i64, clock: &str) -> Option<Self> {
        let mut clock = clock.splitn(3, ':').map(|part| number(part, 2));
        let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
        let is_valid = (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60; // a leap second
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

fn full_year(two_digits: i64) -> i64 {
    if two_digits < 70 {
        2000 + two_digits
    } else {
        1900 + two_digits
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let (next_year, next_month) = if month == 12 {
        (year + 1, 1)
    } else {
        (year, month + 1)
    };
    days_from_civil(next_year, next_month, 1) - days_from_civil(year, month, 1)
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
        check("Sunday, 06-Nov-94 08:49:37 GMT", Some(784_111_777));
        check("Sun Nov  6 08:49:37 1994", Some(784_111_777));
        check("Sat Nov 21 10:58:29 2026", Some(1_795_258_709));
        check("Saturday, 21-Nov-26 10:58:29 GMT", Some(1_795_258_709));
        check("Sun Nov  6 08:49:37 1994 GMT", None);
        check("Sun Nov  6 08:49:37 94", None);
        check("Sunday, 06-Nov-1994 08:49:37 GMT", None);
        check("Fri, 31 Feb 2026 00:00:00 GMT", None);
        check("Sun, 29 Feb 2026 00:00:00 GMT", None);
        check("Thu, 31 Dec 2026 00:00:60 GMT", Some(1_798_675_260));
        check("Sat, 21 Nov 2026 10:58:29:00 GMT", None);
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
