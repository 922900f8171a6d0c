//! Small text decoding that IMDS and ARM share: percent-encoding, queries, GUIDs, loopback URLs.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Decodes `%XX`, and `+` as a space if asked to. A `%` that starts no escape stays as it is; bytes that are no UTF-8 are replaced.
pub(crate) fn percent_decode(text: &str, plus_is_space: bool) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut idx = 0;
    while idx < bytes.len() {
        let escape = bytes
            .get(idx + 1)
            .and_then(hex_digit)
            .zip(bytes.get(idx + 2).and_then(hex_digit));
        match (bytes[idx], escape) {
            (b'%', Some((high, low))) => {
                decoded.push(high * 16 + low);
                idx += 2;
            }
            (b'+', _) if plus_is_space => decoded.push(b' '),
            (byte, _) => decoded.push(byte),
        }
        idx += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// A decoded query string, in the order of the request.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(query: &str) -> Self {
        let pairs = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (percent_decode(name, true), percent_decode(value, true))
            });
        Self(pairs.collect())
    }

    /// The first value of a parameter, which may be empty.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first parameter that occurs again, ignoring case.
    pub(crate) fn repeated(&self) -> Option<&str> {
        let names: Vec<_> = self
            .0
            .iter()
            .map(|(name, _)| name.to_ascii_lowercase())
            .collect();
        let mut sorted: Vec<_> = names.iter().collect();
        sorted.sort_unstable();
        let again = sorted.windows(2).find(|pair| pair[0] == pair[1])?[0];
        let idx = names.iter().position(|name| name == again)?;
        Some(self.0[idx].0.as_str())
    }
}

/// True for 8-4-4-4-12 hexadecimal digits, the only form that Azure prints.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

/// True for `YYYY-MM-DD`.
pub(crate) fn is_date(text: &str) -> bool {
    let number = |range: std::ops::Range<usize>| {
        let digits = text
            .get(range)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        digits.parse::<u32>().ok()
    };
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && number(0..4).is_some()
        && number(5..7).is_some_and(|month| (1..=12).contains(&month))
        && number(8..10).is_some_and(|day| (1..=31).contains(&day))
}

/// True for an `http` or `https` URL whose host is this machine's loopback.
///
/// Some SDKs ask for a token whose audience is the very endpoint they were given.
pub(crate) fn is_loopback_url(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((host, _)) => host,
        None => authority.split(':').next().unwrap_or_default(),
    };
    let is_loopback = host.eq_ignore_ascii_case("localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        || host.parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_loopback());
    is_loopback
        && ["http", "https"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known))
}

fn hex_digit(byte: &u8) -> Option<u8> {
    let digit = char::from(*byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_once_and_stray_percent_signs_stay() {
        assert_eq!(percent_decode("a%2Fb%2fc+d", true), "a/b/c d");
        assert_eq!(percent_decode("a+b", false), "a+b");
        assert_eq!(percent_decode("100%", true), "100%");
        assert_eq!(percent_decode("%zz%4", true), "%zz%4");
        assert_eq!(percent_decode("%252F", true), "%2F");
        assert_eq!(percent_decode("%ff", true), "\u{fffd}");
        assert_eq!(percent_decode("é%", true), "é%");
    }

    #[test]
    fn a_repeated_parameter_is_noticed_in_any_case() {
        assert_eq!(Query::parse("a=1&b=2&A=3").repeated(), Some("a"));
        assert_eq!(Query::parse("a=1&b=2").repeated(), None);
        assert_eq!(Query::parse("&&a").value("a"), Some(""));
        assert_eq!(Query::parse("a=1=2").value("a"), Some("1=2"));
    }

    #[test]
    fn dates_have_one_shape() {
        assert!(is_date("2018-02-01"));
        for no_date in [
            "2018-2-1",
            "2018-13-01",
            "2018-02-00",
            "2018-02-01x",
            "2018/02/01",
            "",
            "2018-02-é",
            "+018-02-01",
        ] {
            assert!(!is_date(no_date), "{no_date}");
        }
    }

    #[test]
    fn loopback_urls_are_told_from_look_alikes() {
        for url in [
            "https://localhost:8443",
            "https://127.0.0.1:1/x",
            "HTTPS://[::1]:9/",
            "https://LOCALHOST",
        ] {
            assert!(is_loopback_url(url), "{url}");
        }
        for url in [
            "ftp://localhost",
            "https://localhost.example",
            "https://10.0.0.1",
            "https://localhost@example",
            "localhost",
            "https://[",
            "https://",
        ] {
            assert!(!is_loopback_url(url), "{url}");
        }
    }
}
