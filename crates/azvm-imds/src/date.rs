//! Dates in the place of Unix seconds, as hosts other than a VM write them.
//!
//! | form | written by |
//! |---|---|
//! | `11/05/2021 15:18:31 +00:00` | App Service on Linux, api-version 2017-09-01 |
//! | `1/10/2020 8:01:28 AM +00:00` | App Service on Windows, same version |
//! | `2024-10-18T19:51:37.0000000+00:00` | hosts that format with .NET's round-trip form; RFC 3339 otherwise |
//! | `01/02/2006 15:04:05`, `2006-01-02 15:04:05` | read by MSAL Go |
//!
//! Two things cannot be told from the text and are decided here: with slashes the month comes first, as in all samples,
//! so `05/11/2021` is the eleventh of May and `13/01/2021` is no date; without an offset the time is UTC.

use alloc::format;
use azvm_exchange::Timestamp;

/// No form is longer.
const MAX_DATE_BYTES: usize = 48;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Reads any of the forms above; parts of a second are cut off.
pub(crate) fn read_date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > MAX_DATE_BYTES {
        return None;
    }
    let at = text.find([' ', 'T', 't'])?;
    let (date, rest) = (&text[..at], &text[at + 1..]);
    let (year, month, day) = read_day(date)?;
    let (clock, offset) = split_offset(rest.trim());
    let (hour, minute, second) = read_clock(clock.trim())?;
    let month = MONTHS.get(usize::from(month.checked_sub(1)?))?;
    // The calendar of HTTP dates does the rest, days per month and leap years included.
    let http = format!("Thu, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT");
    let local = Timestamp::from_http_date(&http)?;
    let seconds = local.unix_seconds().checked_sub(read_offset(offset)?)?;
    Some(Timestamp::from_unix_seconds(seconds))
}

/// `1/10/2020` or `2020-01-10` as year, month, day.
fn read_day(text: &str) -> Option<(u16, u16, u16)> {
    if let Some([year, month, day]) = split(text, '-') {
        return Some((
            digits(year, 4..=4)?,
            digits(month, 2..=2)?,
            digits(day, 2..=2)?,
        ));
    }
    let [month, day, year] = split(text, '/')?;
    Some((
        digits(year, 4..=4)?,
        digits(month, 1..=2)?,
        digits(day, 1..=2)?,
    ))
}

/// `8:01:28 AM`, or `20:01:28.0000000` without it, as hour of the day, minute, second.
fn read_clock(text: &str) -> Option<(u16, u16, u16)> {
    let (clock, half) = match text.split_once(' ') {
        Some((clock, half)) => (clock, Some(half.trim())),
        None => (text, None),
    };
    let [hour, minute, second] = split(clock, ':')?;
    let second = match second.split_once('.') {
        Some((_, fraction)) if fraction.is_empty() || !is_digits(fraction) => return None,
        Some((second, _)) => second,
        None => second,
    };
    let hour = digits(hour, 1..=2)?;
    let hour = match half {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(half) if half.eq_ignore_ascii_case("AM") => hour % 12,
        Some(half) if half.eq_ignore_ascii_case("PM") => hour % 12 + 12,
        Some(_) => return None,
    };
    Some((hour, digits(minute, 1..=2)?, digits(second, 1..=2)?))
}

/// The clock, and `Z`, `+00:00` or nothing.
fn split_offset(text: &str) -> (&str, &str) {
    let at = text.find(['+', '-', 'Z', 'z']).unwrap_or(text.len());
    text.split_at(at)
}

/// East is positive, in seconds.
fn read_offset(text: &str) -> Option<i64> {
    if text.is_empty() || text.eq_ignore_ascii_case("Z") {
        return Some(0);
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2..=2)?, digits(minutes, 2..=2)?);
    (hours < 24 && minutes < 60).then(|| sign * i64::from(hours * 60 + minutes) * 60)
}

fn split(text: &str, separator: char) -> Option<[&str; 3]> {
    let mut parts = text.split(separator);
    let three = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(three)
}

fn digits(text: &str, length: core::ops::RangeInclusive<usize>) -> Option<u16> {
    (length.contains(&text.len()) && is_digits(text)).then(|| text.parse().ok())?
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: Option<i64>) {
        let read = read_date(text).map(Timestamp::unix_seconds);
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn every_form_is_read() {
        check("11/05/2021 15:18:31 +00:00", Some(1_636_125_511));
        check("1/10/2020 8:01:28 AM +00:00", Some(1_578_643_288));
        check("1/10/2020 8:01:28 PM +00:00", Some(1_578_686_488));
        check("2024-10-18T19:51:37.0000000+00:00", Some(1_729_281_097));
        check("2024-10-18T19:51:37Z", Some(1_729_281_097));
        check("2024-10-18t19:51:37.9z", Some(1_729_281_097));
        check("2024-10-18T21:51:37.1234567+02:00", Some(1_729_281_097));
        check("2024-10-18T14:21:37-05:30", Some(1_729_281_097));
        check("2024-10-18 19:51:37", Some(1_729_281_097));
        check("10/18/2024 19:51:37", Some(1_729_281_097));
        check(" 10/18/2024 19:51:37 ", Some(1_729_281_097));
        check("06/20/2019 02:57:58 +00:00", Some(1_560_999_478));
        check("1/1/1970 12:0:12 AM +00:00", Some(12));
        check("1/1/1970 12:00:12 pm", Some(43_212));
    }

    #[test]
    fn with_slashes_the_month_comes_first() {
        check("05/11/2021 00:00:00", Some(1_620_691_200));
        check("11/05/2021 00:00:00", Some(1_636_070_400));
        check("13/01/2021 00:00:00", None);
        check("2021/01/13 00:00:00", None);
    }

    #[test]
    fn what_is_no_date_of_these_is_none() {
        for text in [
            "",
            "1757695256",
            "tomorrow",
            "2024-10-18",
            "2024-10-18T",
            "2024-10-18T19:51",
            "2024-10-18T19:51:37.",
            "2024-10-18T19:51:37.1x",
            "2024-10-18T19:51:37.\u{2028}\u{2028}",
            "2024-10-18T19:51:37+0000",
            "2024-10-18T19:51:37+24:00",
            "2024-10-18T19:51:37+00:60",
            "2024-10-18T24:00:00Z",
            "2024-02-30T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2024-00-01T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "24-10-18T00:00:00Z",
            "09/14/2017 00:00:00 PM +00:00",
            "1/10/2020 13:01:28 PM +00:00",
            "1/10/2020 8:01:28 XM +00:00",
            "1/10/2020 +8:01:28",
            "1/10/2020 8:01:28 AM +00:00 and then some more words",
            "٢٠٢٤-10-18T19:51:37Z",
        ] {
            check(text, None);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_date_or_none(text in "[-0-9/: TZ+.APM]{0,50}", other in ".{0,50}") {
            let _ = read_date(&text);
            let _ = read_date(&other);
        }

        #[test]
        fn the_two_orders_name_the_same_day(days in 0_i64..36_500, second in 0_i64..86_400) {
            let (year, month, day) = civil(days);
            let clock = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
            let expected = Some(Timestamp::from_unix_seconds(days * 86_400 + second));
            prop_assert_eq!(read_date(&format!("{year:04}-{month:02}-{day:02}T{clock}Z")), expected);
            prop_assert_eq!(read_date(&format!("{month}/{day}/{year:04} {clock} +00:00")), expected);
        }
    }

    /// Counts days one by one: slow, and independent of the code under test.
    fn civil(days: i64) -> (i64, i64, i64) {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for _ in 0..days {
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 if is_leap => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > length {
                (day, month) = (1, month + 1);
            }
            if month > 12 {
                (month, year) = (1, year + 1);
            }
        }
        (year, month, day)
    }
}
