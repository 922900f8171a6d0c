//! Reports, from the same facts and diagnosis.

mod json;
mod text;

use azvm_exchange::Timestamp;

pub use json::{SCHEMA, Tool, json};
pub use text::{Palette, TextOptions, text};

/// `2026-11-21T10:58:29Z`; Unix seconds for a time that no calendar has.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    let seconds = time.unix_seconds();
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

/// Reads an RFC 3339 time of a service.
pub(crate) fn from_rfc3339(text: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_unix_seconds(time.as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_reports() {
        let time = Timestamp::from_unix_seconds(1_795_258_709);
        assert_eq!(rfc3339(time), "2026-11-21T10:58:29Z");
        assert_eq!(from_rfc3339("2026-11-21T10:58:29.1234567Z"), Some(time));
        assert_eq!(from_rfc3339("yesterday"), None);
        assert_eq!(
            rfc3339(Timestamp::from_unix_seconds(i64::MAX)),
            i64::MAX.to_string()
        );
    }
}
