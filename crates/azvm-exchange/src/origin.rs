//! Where a request goes: scheme, host and port.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;

/// `http` or `https`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// Plain text.
    Http,
    /// TLS.
    Https,
}

impl Scheme {
    /// As it stands in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// A host as written in a URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Host {
    /// An address literal.
    Ip(IpAddr),
    /// A DNS name, lower-cased.
    Name(String),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Ip(address) => write!(f, "{address}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// The origin of a server (RFC 6454): `http://169.254.169.254`, `https://localhost:8443`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: Scheme,
    host: Host,
    port: u16,
    /// Follows from the others; to write an address takes longer than all else about a `Host` header.
    authority: Arc<str>,
}

impl Origin {
    /// From its parts.
    pub fn new(scheme: Scheme, host: Host, port: u16) -> Self {
        let authority = if port == scheme.default_port() {
            host.to_string()
        } else {
            format!("{host}:{port}")
        };
        Self {
            scheme,
            host,
            port,
            authority: authority.into(),
        }
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, the scheme's own when the URL named none.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The `Host` header's value: the port stands there only when it is not the scheme's own.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// True for a loopback address and for the name `localhost`.
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Ip(address) => address.is_loopback(),
            Host::Name(name) => name == "localhost",
        }
    }

    /// True for an address in `169.254.0.0/16` or `fe80::/10`.
    pub fn is_link_local(&self) -> bool {
        match &self.host {
            Host::Ip(IpAddr::V4(address)) => address.is_link_local(),
            Host::Ip(IpAddr::V6(address)) => address.segments()[0] & 0xffc0 == 0xfe80,
            Host::Name(_) => false,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.authority())
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    /// Reads `scheme://host[:port][/]`.
    ///
    /// # Errors
    ///
    /// [`OriginError`] for another scheme, a user name, a path, a query or a broken host or port.
    fn from_str(text: &str) -> Result<Self, OriginError> {
        let (scheme, rest) = text
            .split_once("://")
            .ok_or(OriginError("expected http://HOST[:PORT]"))?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(OriginError("expected the scheme http or https")),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains('@') {
            return Err(OriginError("a user name does not belong in an endpoint"));
        }
        if authority.contains(['/', '?', '#', '\\']) {
            return Err(OriginError("expected an endpoint without a path or query"));
        }
        let (host, port) = split_port(authority)?;
        let port = match port {
            Some(port) => parse_port(port)?,
            None => scheme.default_port(),
        };
        Ok(Self::new(scheme, parse_host(host)?, port))
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), OriginError> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (_, tail) = rest
            .split_once(']')
            .ok_or(OriginError("expected ] after an IPv6 address"))?;
        let host = &authority[..authority.len() - tail.len()];
        return match tail.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if tail.is_empty() => Ok((host, None)),
            None => Err(OriginError("expected a port after the IPv6 address")),
        };
    }
    Ok(authority
        .split_once(':')
        .map_or((authority, None), |(host, port)| (host, Some(port))))
}

fn parse_port(port: &str) -> Result<u16, OriginError> {
    let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse() {
        Ok(port) if is_number && port != 0 => Ok(port),
        _ => Err(OriginError("expected a port from 1 to 65535")),
    }
}

fn parse_host(host: &str) -> Result<Host, OriginError> {
    if let Some(inner) = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        let address = inner
            .parse()
            .map_err(|_| OriginError("expected an IPv6 address in brackets"))?;
        return Ok(Host::Ip(IpAddr::V6(address)));
    }
    if let Ok(address) = host.parse() {
        return Ok(Host::Ip(IpAddr::V4(address)));
    }
    let is_name = (1..=253).contains(&host.len())
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        && host.bytes().any(|byte| byte.is_ascii_alphabetic());
    if is_name {
        Ok(Host::Name(host.to_ascii_lowercase()))
    } else {
        Err(OriginError("expected a host name or an IP address"))
    }
}

/// Why a text is not an [`Origin`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OriginError(&'static str);

impl fmt::Display for OriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl core::error::Error for OriginError {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let parsed = text.parse::<Origin>();
        let shown = parsed
            .map(|origin| origin.to_string())
            .map_err(|error| error.to_string());
        assert_eq!(shown.as_deref().map_err(String::as_str), expected, "{text}");
    }

    #[test]
    fn origins() {
        check("http://169.254.169.254", Ok("http://169.254.169.254"));
        check("HTTP://169.254.169.254:80/", Ok("http://169.254.169.254"));
        check("https://LocalHost:8443", Ok("https://localhost:8443"));
        check("http://[::1]:8080", Ok("http://[::1]:8080"));
        check("https://[fe80::1]", Ok("https://[fe80::1]"));
        check("169.254.169.254", Err("expected http://HOST[:PORT]"));
        check("ftp://a", Err("expected the scheme http or https"));
        check(
            "http://user:pw@host",
            Err("a user name does not belong in an endpoint"),
        );
        check(
            "http://h/metadata",
            Err("expected an endpoint without a path or query"),
        );
        check("http://h:0", Err("expected a port from 1 to 65535"));
        check("http://h:+80", Err("expected a port from 1 to 65535"));
        check("http://h:99999", Err("expected a port from 1 to 65535"));
        check("http://", Err("expected a host name or an IP address"));
        check("http://1.2.3", Err("expected a host name or an IP address"));
        check("http://a b", Err("expected a host name or an IP address"));
        check("http://[::1", Err("expected ] after an IPv6 address"));
        check(
            "http://[::1]x",
            Err("expected a port after the IPv6 address"),
        );
        check("http://[::g]", Err("expected an IPv6 address in brackets"));
    }

    #[test]
    fn kinds_of_address() {
        let is = |text: &str| {
            let origin: Origin = text.parse().unwrap();
            (origin.is_loopback(), origin.is_link_local())
        };
        assert_eq!(is("http://127.9.9.9"), (true, false));
        assert_eq!(is("http://[::1]"), (true, false));
        assert_eq!(is("http://localhost"), (true, false));
        assert_eq!(is("http://localhost.evil.example"), (false, false));
        assert_eq!(is("http://169.254.169.254"), (false, true));
        assert_eq!(is("http://[fe80::1]"), (false, true));
        assert_eq!(is("https://management.azure.com"), (false, false));
    }

    proptest! {
        #[test]
        fn what_parses_prints_to_itself(text in "https?://[\\[\\]a-z0-9.:/@-]{0,20}") {
            if let Ok(origin) = text.parse::<Origin>() {
                prop_assert_eq!(origin.to_string().parse::<Origin>(), Ok(origin));
            }
        }
    }
}
