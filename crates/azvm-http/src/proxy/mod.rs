//! Where an HTTP proxy is, and which requests go through it: pure parsing, no environment.
//!
//! ```text
//! [http://][user[:password]@]host[:port][/ignored]
//! ```
//!
//! As curl reads it (curl/curl:docs/libcurl/opts/CURLOPT_PROXY.md and docs/cmdline-opts/proxy.md): no scheme means
//! `http`, no port means 1080, user and password are percent-decoded.

mod no_proxy;
mod rules;

pub use rules::ProxyRules;

use azvm_exchange::{Host, Origin, OriginError, Secret};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// The port of a proxy that names none, which is curl's.
pub const DEFAULT_PROXY_PORT: u16 = 1080;

/// An HTTP proxy, asked for tunnels with `CONNECT`. What goes to the proxy itself is plain text: the host's name, the
/// port, and the proxy's own credentials if there are any; never anything of a request.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    host: Host,
    port: u16,
    authorization: Option<Secret>,
}

impl Proxy {
    /// Reads `[http://][user[:password]@]host[:port]`. Whatever follows a `/` is ignored.
    ///
    /// # Errors
    ///
    /// [`ProxyError`] for a proxy that is itself spoken to over TLS or SOCKS, for credentials that a `Basic`
    /// authorization cannot hold, and for a broken host or port. It does not repeat the text, which may hold a password.
    ///
    /// # Examples
    ///
    /// ```
    /// use azvm_http::Proxy;
    ///
    /// let proxy = Proxy::parse("http://user:p%40ss@proxy.example:3128")?;
    /// assert_eq!(proxy.to_string(), "proxy.example:3128");
    /// assert!(Proxy::parse("socks5://proxy.example").is_err());
    /// # Ok::<(), azvm_http::ProxyError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, ProxyError> {
        let rest = match text.split_once("://") {
            Some((scheme, rest)) => {
                check_scheme(scheme)?;
                rest
            }
            None => text,
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        let (credentials, address) = match authority.split_once('@') {
            Some((credentials, address)) => (Some(credentials), address),
            None => (None, authority),
        };
        let origin = parse_address(address)?;
        Ok(Self {
            host: origin.host().clone(),
            port: origin.port(),
            authorization: credentials.map(authorization).transpose()?,
        })
    }

    /// The proxy's host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The proxy's port; [`DEFAULT_PROXY_PORT`] when the text named none.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// True when the proxy is sent credentials.
    pub fn has_credentials(&self) -> bool {
        self.authorization.is_some()
    }

    /// The value of `Proxy-Authorization`.
    pub(crate) fn authorization(&self) -> Option<&Secret> {
        self.authorization.as_ref()
    }
}

fn check_scheme(scheme: &str) -> Result<(), ProxyError> {
    if scheme.eq_ignore_ascii_case("http") {
        return Ok(());
    }
    let known = ["https", "socks", "socks4", "socks4a", "socks5", "socks5h"]
        .into_iter()
        .find(|known| scheme.eq_ignore_ascii_case(known));
    Err(ProxyError::of(
        known.map_or(Reason::UnknownScheme, Reason::NotSupported),
    ))
}

/// `Origin` knows what a host is; the default port differs.
fn parse_address(address: &str) -> Result<Origin, ProxyError> {
    let address = match address.strip_suffix(':') {
        Some(host) if !host.ends_with(':') => host,
        _ => address,
    };
    let after_brackets = address.rsplit(']').next().unwrap_or(address);
    let port = match after_brackets.contains(':') {
        true => String::new(),
        false => format!(":{DEFAULT_PROXY_PORT}"),
    };
    format!("http://{address}{port}")
        .parse()
        .map_err(|error| ProxyError::of(Reason::Address(error)))
}

/// RFC 7617: the user has no colon, neither has control characters.
fn authorization(credentials: &str) -> Result<Secret, ProxyError> {
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    let user = percent_decode(user);
    if user.contains(&b':') {
        return Err(ProxyError::of(Reason::ColonInUser));
    }
    let decoded = [user, percent_decode(password)].join(&b':');
    if decoded.iter().any(u8::is_ascii_control) {
        return Err(ProxyError::of(Reason::ControlCharacter));
    }
    Ok(Secret::new(format!("Basic {}", STANDARD.encode(decoded))))
}

/// What is no escape stands for itself, as in curl/curl:lib/escape.c.
fn percent_decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let digit = |at: usize| {
        bytes
            .get(at)
            .and_then(|&byte| char::from(byte).to_digit(16))
    };
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(u8::try_from(high * 16 + low).unwrap_or(u8::MAX));
                at += 3;
            }
            (byte, ..) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

/// Host and port, which may be shown.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("has_credentials", &self.has_credentials())
            .finish()
    }
}

/// Why a text is no [`Proxy`]. Repeats nothing of the text but a known scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyError {
    variable: Option<&'static str>,
    reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Reason {
    Address(OriginError),
    ColonInUser,
    ControlCharacter,
    NotSupported(&'static str),
    UnknownScheme,
}

impl ProxyError {
    /// The variable that held the text, if it came from one.
    pub fn variable(&self) -> Option<&'static str> {
        self.variable
    }

    /// True for a kind of proxy that exists and that this crate does not speak to.
    pub fn is_not_supported(&self) -> bool {
        matches!(self.reason, Reason::NotSupported(_))
    }

    fn of(reason: Reason) -> Self {
        Self {
            variable: None,
            reason,
        }
    }
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(variable) = self.variable {
            write!(f, "{variable}: ")?;
        }
        match &self.reason {
            Reason::Address(_) => f.write_str("not the address of a proxy"),
            Reason::ColonInUser => f.write_str("the proxy's user name holds a colon"),
            Reason::ControlCharacter => {
                f.write_str("the proxy's credentials hold a control character")
            }
            Reason::NotSupported(scheme) => write!(
                f,
                "a proxy that is spoken to with {scheme}:// is not supported, only http://"
            ),
            Reason::UnknownScheme => f.write_str("expected a proxy with the scheme http"),
        }
    }
}

impl std::error::Error for ProxyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            Reason::Address(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(text: &str, shown: &str, basic: Option<&str>) {
        let proxy = Proxy::parse(text).unwrap();
        assert_eq!(proxy.to_string(), shown, "{text}");
        let sent = proxy.authorization().map(Secret::expose);
        let basic = basic.map(|plain| format!("Basic {}", STANDARD.encode(plain)));
        assert_eq!(sent, basic.as_deref(), "{text}");
    }

    #[test]
    fn proxies_are_read_as_curl_reads_them() {
        reads("http://proxy.example:3128", "proxy.example:3128", None);
        reads("HTTP://Proxy.Example", "proxy.example:1080", None);
        reads("proxy.example", "proxy.example:1080", None);
        reads("proxy.example:8080", "proxy.example:8080", None);
        reads("http://proxy.example:80/", "proxy.example:80", None);
        reads("http://proxy.example:/x?y#z", "proxy.example:1080", None);
        reads("10.0.0.1:3128", "10.0.0.1:3128", None);
        reads("http://[::1]", "[::1]:1080", None);
        reads("http://[::1]:3128", "[::1]:3128", None);
        reads("u:p@proxy.example", "proxy.example:1080", Some("u:p"));
        reads("http://u@h:1", "h:1", Some("u:"));
        reads("http://u:@h:1", "h:1", Some("u:"));
        reads("http://:p@h:1", "h:1", Some(":p"));
        reads("http://u:a:b@h:1", "h:1", Some("u:a:b"));
        reads("http://u%2b:p%40%3A%zz%4@h:1", "h:1", Some("u+:p@:%zz%4"));
    }

    #[test]
    fn what_is_no_http_proxy_is_refused_without_repeating_it() {
        for (text, says) in [
            ("https://u:hush@h", "https:// is not supported"),
            ("socks5://u:hush@h", "socks5:// is not supported"),
            ("SOCKS4A://h", "socks4a:// is not supported"),
            ("hush://h", "expected a proxy with the scheme http"),
            ("http://u%3A:hush@h", "holds a colon"),
            ("http://u:hush%0d%0a@h", "control character"),
            ("http://u:hu@sh@h", "not the address"),
            ("http://u:hu/sh@h", "not the address"),
            ("http://h:0", "not the address"),
            ("http://h:hush", "not the address"),
            ("http://[::1", "not the address"),
            ("http://", "not the address"),
            ("", "not the address"),
        ] {
            let error = Proxy::parse(text).expect_err(text);
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(says), "{shown}");
            assert!(!shown.contains("hush"), "{shown}");
            assert_eq!(
                error.is_not_supported(),
                says.contains("is not supported"),
                "{text}"
            );
        }
    }

    #[test]
    fn debug_shows_no_credentials() {
        let proxy = Proxy::parse("http://user:hush@h").unwrap();
        let shown = format!("{proxy} {proxy:?}");
        assert!(
            !shown.contains("hush") && !shown.contains("user"),
            "{shown}"
        );
        assert!(!shown.contains(&STANDARD.encode("user:hush")), "{shown}");
        assert!(proxy.has_credentials());
    }
}
