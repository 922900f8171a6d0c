//! An address in its parts, each with its place in the input. Nothing is refused: what is wrong is for the rules.

use super::traced::Traced;
use azvm_resource_id::ResourceIdRef;
use std::net::{IpAddr, Ipv4Addr};

/// Where IMDS is.
const IMDS: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);

#[derive(Clone, Debug)]
pub(super) struct Url {
    pub(super) whole: Traced,
    /// Without `://`.
    pub(super) scheme: Option<Traced>,
    /// What stands before an `@`.
    pub(super) user: Option<Traced>,
    pub(super) host: Traced,
    pub(super) port: Option<Traced>,
    pub(super) path: Traced,
    pub(super) params: Vec<Param>,
    /// What follows the last parameter that is looked at.
    pub(super) rest: Option<Traced>,
    /// From the `#` on.
    pub(super) fragment: Option<Traced>,
}

/// The most parameters that are looked at; no request has as many.
const MAX_PARAMS: usize = 64;

/// `name=value` of a query.
#[derive(Clone, Debug)]
pub(super) struct Param {
    /// With its percent-escapes.
    pub(super) name: Traced,
    pub(super) value: Option<Traced>,
    /// curl encodes the value itself, so that every character may stand in it.
    pub(super) is_encoded_later: bool,
}

impl Url {
    pub(super) fn read(text: &Traced) -> Self {
        let (rest, fragment) = cut(text, '#');
        let (rest, query) = cut(&rest, '?');
        // One in the middle of a path is no scheme.
        let scheme_end = rest.as_str().find("://");
        let scheme_end = scheme_end.filter(|&at| !rest.as_str()[..at].contains('/'));
        let (scheme, rest) = match scheme_end {
            Some(at) => (Some(rest.slice(0..at)), rest.slice(at + 3..rest.len())),
            None => (None, rest),
        };
        let path_at = rest.as_str().find('/').unwrap_or(rest.len());
        let authority = rest.slice(0..path_at);
        let (user, authority) = match authority.as_str().rfind('@') {
            Some(at) => (
                Some(authority.slice(0..at)),
                authority.slice(at + 1..authority.len()),
            ),
            None => (None, authority),
        };
        let port_at = port_at(authority.as_str());
        Self {
            whole: text.clone(),
            scheme,
            user,
            host: authority.slice(0..port_at),
            port: (port_at < authority.len())
                .then(|| authority.slice(port_at + 1..authority.len())),
            path: rest.slice(path_at..rest.len()),
            params: query.as_ref().map_or_else(Vec::new, params),
            rest: query.as_ref().and_then(beyond),
            fragment,
        }
    }

    /// True for the fixed address of IMDS, in any of the spellings that a program's resolver takes.
    pub(super) fn is_imds_address(&self) -> bool {
        let host = self.host.as_str();
        let mapped = host.trim_start_matches('[').trim_end_matches(']');
        match mapped.parse::<IpAddr>() {
            Ok(IpAddr::V4(ip)) => ip == IMDS,
            Ok(IpAddr::V6(ip)) => ip.to_ipv4_mapped() == Some(IMDS),
            Err(_) => number(host) == Some(u32::from(IMDS)),
        }
    }

    pub(super) fn is_loopback(&self) -> bool {
        let host = self.host.as_str();
        let ip = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>();
        host.eq_ignore_ascii_case("localhost") || ip.is_ok_and(|ip| ip.is_loopback())
    }

    /// True for what may stand in place of any service: loopback, a variable, a name without a dot, no host at all.
    pub(super) fn is_stand_in(&self) -> bool {
        let is_plain = !self.host.as_str().contains(['.', ':']);
        is_plain && number(self.host.as_str()).is_none()
            || self.is_loopback()
            || self.host.has_unknown()
    }

    /// The path decoded, in lower case, with single slashes and without the last one.
    pub(super) fn plain_path(&self) -> String {
        let decoded = self.path.decoded();
        let path = decoded.as_ref().unwrap_or(&self.path).as_str();
        let segments = path.split('/').filter(|segment| !segment.is_empty());
        segments.fold(String::new(), |path, segment| {
            path + "/" + &segment.to_ascii_lowercase()
        })
    }

    /// The first parameter of this name, whatever the case.
    pub(super) fn param(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|param| param.is_named(name))
    }

    /// True when the path begins as those of ARM do.
    pub(super) fn has_arm_path(&self) -> bool {
        let path = self.plain_path();
        ["/subscriptions", "/providers/microsoft.", "/tenants"]
            .iter()
            .any(|start| path.starts_with(start))
            || ResourceIdRef::parse(&path).is_ok()
    }
}

impl Param {
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.plain_name().eq_ignore_ascii_case(name)
    }

    /// The name without its percent-escapes.
    pub(super) fn plain_name(&self) -> String {
        let decoded = self.name.decoded();
        decoded.as_ref().unwrap_or(&self.name).as_str().into()
    }

    /// The value as the server reads it.
    pub(super) fn meant(&self) -> Option<Traced> {
        let value = self.value.as_ref()?;
        match self.is_encoded_later {
            true => Some(value.clone()),
            false => value.decoded(),
        }
    }

    pub(super) fn is_unknown(&self) -> bool {
        self.name.has_unknown() || self.value.as_ref().is_some_and(Traced::has_unknown)
    }

    /// The whole of it.
    pub(super) fn span(&self) -> std::ops::Range<usize> {
        let name = self.name.whole();
        let end = self
            .value
            .as_ref()
            .map_or(name.end, |value| value.whole().end);
        name.start..end.max(name.end)
    }
}

/// The part of a query that has too many parameters to look at all of them.
fn beyond(query: &Traced) -> Option<Traced> {
    let mut separators = query.as_str().match_indices('&');
    let (at, _) = separators.nth(MAX_PARAMS - 1)?;
    Some(query.slice(at..query.len()))
}

/// The first parts of a query, in order. An empty part, as `&&` makes one, is no parameter.
pub(super) fn params(query: &Traced) -> Vec<Param> {
    let parts = query.split('&');
    let parts = parts.iter().take(MAX_PARAMS);
    parts
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (part.clone(), None),
            };
            Param {
                name,
                value,
                is_encoded_later: false,
            }
        })
        .collect()
}

/// At the first separator, which is in neither part; a variable's own characters do not count.
fn cut(text: &Traced, separator: char) -> (Traced, Option<Traced>) {
    match text.split_once(separator) {
        Some((before, after)) => (before, Some(after)),
        None => (text.clone(), None),
    }
}

/// The colon before the port, which is none of those in an IPv6 address.
fn port_at(authority: &str) -> usize {
    let start = authority.rfind(']').unwrap_or(0);
    let colon = authority[start..].find(':');
    colon.map_or(authority.len(), |at| start + at)
}

/// An IPv4 address as one number, decimal or hexadecimal.
fn number(host: &str) -> Option<u32> {
    match host.strip_prefix("0x").or_else(|| host.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => host.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::read(&Traced::part(text, 0..text.len()))
    }

    #[test]
    fn an_address_has_parts() {
        let text = "https://u:p@[::1]:8443//a/b?x=1&&y&z=%2F#f?g";
        let url = url(text);
        assert_eq!(url.scheme.unwrap().as_str(), "https");
        assert_eq!(url.user.unwrap().as_str(), "u:p");
        assert_eq!(url.host.as_str(), "[::1]");
        assert_eq!(url.port.unwrap().as_str(), "8443");
        assert_eq!(url.path.as_str(), "//a/b");
        assert_eq!(url.fragment.unwrap().as_str(), "f?g");
        let names: Vec<_> = url.params.iter().map(|param| param.name.as_str()).collect();
        assert_eq!(names, ["x", "y", "z"]);
        assert_eq!(&text[url.params[2].span()], "z=%2F");
        assert_eq!(url.params[2].meant().unwrap().as_str(), "/");
    }

    #[test]
    fn an_address_within_a_path_is_no_host() {
        let url = url("/subscriptions/x/http://169.254.169.254/a");
        assert!(url.scheme.is_none() && url.host.is_empty());
    }

    #[test]
    fn a_long_query_is_cut() {
        let text = format!("http://h/?{}", "a&".repeat(500));
        let url = url(&text);
        assert_eq!(url.params.len(), MAX_PARAMS);
        let rest = url.rest.unwrap();
        assert_eq!(url.params[MAX_PARAMS - 1].span().end, rest.whole().start);
        assert_eq!(rest.whole().end, text.len());
    }

    #[test]
    fn imds_has_one_address_in_several_spellings() {
        for text in [
            "http://169.254.169.254/x",
            "169.254.169.254",
            "http://2852039166/",
            "http://0xA9FEA9FE/",
            "http://[::ffff:169.254.169.254]:80/",
        ] {
            assert!(url(text).is_imds_address(), "{text}");
        }
        for text in ["http://169.254.169.253", "http://127.0.0.1:80", "x", ""] {
            assert!(!url(text).is_imds_address(), "{text}");
        }
        assert!(url("http://[::1]:80/").is_loopback() && url("LocalHost:1").is_loopback());
    }
}
