//! Why no response came, as an error; and how the errors of the system, hyper and rustls map to it.

use azvm_exchange::{Failure, FailureKind, Phase, service_text};
use std::error::Error;
use std::{fmt, io};

/// An exchange that brought no response. `Display` says what and when, `source()` has the system's own words.
pub struct TransportError(Box<Inner>);

struct Inner {
    kind: FailureKind,
    phase: Phase,
    is_stale: bool,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl TransportError {
    /// What happened.
    pub fn kind(&self) -> FailureKind {
        self.0.kind
    }

    /// How far the exchange had come.
    pub fn phase(&self) -> Phase {
        self.0.phase
    }

    /// True when no connection came about, be it for a proxy: the server has seen nothing of the request.
    pub fn is_connect(&self) -> bool {
        self.0.phase <= Phase::Tunnel
    }

    /// True when a deadline passed.
    pub fn is_timeout(&self) -> bool {
        self.0.kind == FailureKind::Timeout
    }

    /// True when the request went over a kept connection that turned out to be lost before a byte of the answer came. The
    /// server may have seen it. Only a client ends so that does not send again:
    /// [`Client::with_resending`](crate::Client::with_resending).
    pub fn is_stale(&self) -> bool {
        self.0.is_stale
    }

    /// True when the head or the body was above its cap.
    pub fn is_too_large(&self) -> bool {
        self.0.kind == FailureKind::TooLarge
    }

    /// The same as data, with the texts of all causes as its detail.
    pub fn to_failure(&self) -> Failure {
        let mut detail = String::new();
        let mut last = String::new();
        let mut cause = self.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // An `io::Error` speaks with the words of what it wraps.
            if text != last {
                if !detail.is_empty() {
                    detail.push_str(": ");
                }
                detail.push_str(&text);
                last = text;
            }
            cause = error.source();
        }
        Failure::new(self.0.kind, self.0.phase, service_text(&detail))
    }

    pub(crate) fn new(
        kind: FailureKind,
        phase: Phase,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self(Box::new(Inner {
            kind,
            phase,
            is_stale: false,
            source: Some(source.into()),
        }))
    }

    pub(crate) fn timeout(phase: Phase) -> Self {
        Self(Box::new(Inner {
            kind: FailureKind::Timeout,
            phase,
            is_stale: false,
            source: None,
        }))
    }

    /// Refused on our side.
    pub(crate) fn refused(reason: &'static str) -> Self {
        Self::new(FailureKind::Unsafe, Phase::Connect, reason)
    }

    pub(crate) fn stale(mut self) -> Self {
        self.0.is_stale = true;
        self
    }

    /// Says that what failed was the way to the proxy, not to the host.
    #[cfg(feature = "tls")]
    pub(crate) fn at_proxy(mut self, proxy: &crate::Proxy) -> Self {
        self.0.source = Some(Box::new(AtProxy {
            proxy: proxy.to_string(),
            source: self.0.source.take(),
        }));
        self
    }

    pub(crate) fn from_io(error: io::Error, phase: Phase) -> Self {
        Self::new(io_kind(&error), phase, error)
    }

    pub(crate) fn from_hyper(error: hyper::Error, phase: Phase) -> Self {
        Self::new(hyper_kind(&error), phase, error)
    }
}

fn hyper_kind(error: &hyper::Error) -> FailureKind {
    if let Some(cause) = find_io(error) {
        return io_kind(cause);
    }
    if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        return FailureKind::Closed;
    }
    // hyper offers `is_parse_too_large` to servers only. Should its words change, the kind falls back to `Protocol`
    // and the test `endless_headers_are_cut_off` says so.
    if error.is_parse() && error.to_string() == "message head is too large" {
        return FailureKind::TooLarge;
    }
    FailureKind::Protocol
}

fn find_io<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        cause = error.source();
    }
    None
}

/// The portable kind decides; the system's number only where the standard library has no kind for it.
fn io_kind(error: &io::Error) -> FailureKind {
    #[cfg(feature = "tls")]
    if let Some(kind) = crate::tls::kind(error) {
        return kind;
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => FailureKind::Refused,
        io::ErrorKind::AddrNotAvailable
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::NetworkUnreachable => FailureKind::Unreachable,
        io::ErrorKind::PermissionDenied => FailureKind::Denied,
        io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::ConnectionReset => FailureKind::Reset,
        io::ErrorKind::NotConnected | io::ErrorKind::UnexpectedEof => FailureKind::Closed,
        io::ErrorKind::TimedOut => FailureKind::Timeout,
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
            if error.raw_os_error().is_none() =>
        {
            FailureKind::Protocol
        }
        _ => error
            .raw_os_error()
            .map_or(FailureKind::Other, os_error_kind),
    }
}

/// Windows reports some socket errors with the numbers of its file system.
#[cfg(windows)]
fn os_error_kind(code: i32) -> FailureKind {
    match code {
        1225 => FailureKind::Refused, // ERROR_CONNECTION_REFUSED
        // WSAEHOSTDOWN, ERROR_NETWORK_UNREACHABLE, ERROR_HOST_UNREACHABLE
        10064 | 1231 | 1232 => FailureKind::Unreachable,
        64 | 1236 => FailureKind::Reset, // ERROR_NETNAME_DELETED, ERROR_CONNECTION_ABORTED
        _ => FailureKind::Other,
    }
}

#[cfg(not(windows))]
fn os_error_kind(code: i32) -> FailureKind {
    match code {
        // Linux: EHOSTDOWN; EINVAL, which connecting to fe80::/10 without an interface gives.
        112 | 22 if cfg!(target_os = "linux") => FailureKind::Unreachable,
        _ => FailureKind::Other,
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, phase, .. } = &*self.0;
        write!(f, "{} while {}", kind.as_str(), phase.as_str())
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError")
            .field("kind", &self.0.kind)
            .field("phase", &self.0.phase)
            .field("source", &self.0.source)
            .finish()
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// Whose fault it was.
#[cfg(feature = "tls")]
#[derive(Debug)]
struct AtProxy {
    proxy: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

#[cfg(feature = "tls")]
impl fmt::Display for AtProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at the proxy {}", self.proxy)
    }
}

#[cfg(feature = "tls")]
impl Error for AtProxy {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_leaves_the_cause_to_the_source() {
        let cause = io::Error::from(io::ErrorKind::ConnectionRefused);
        let error = TransportError::from_io(cause, Phase::Connect);
        assert_eq!(error.to_string(), "connection refused while connecting");
        assert_eq!(error.source().unwrap().to_string(), "connection refused");
        assert_eq!(
            error.to_failure().to_string(),
            "connection refused while connecting: connection refused"
        );
        assert!(error.is_connect() && !error.is_timeout() && !error.is_too_large());
        assert!(size_of::<TransportError>() <= 24);
    }

    #[test]
    fn each_io_error_has_its_kind() {
        use io::ErrorKind as Io;
        for (io_error, kind) in [
            (Io::ConnectionRefused, FailureKind::Refused),
            (Io::NetworkUnreachable, FailureKind::Unreachable),
            (Io::HostUnreachable, FailureKind::Unreachable),
            (Io::AddrNotAvailable, FailureKind::Unreachable),
            (Io::PermissionDenied, FailureKind::Denied),
            (Io::ConnectionReset, FailureKind::Reset),
            (Io::ConnectionAborted, FailureKind::Reset),
            (Io::BrokenPipe, FailureKind::Reset),
            (Io::UnexpectedEof, FailureKind::Closed),
            (Io::TimedOut, FailureKind::Timeout),
            (Io::InvalidData, FailureKind::Protocol),
            (Io::OutOfMemory, FailureKind::Other),
        ] {
            assert_eq!(io_kind(&io_error.into()), kind, "{io_error:?}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn each_errno_of_linux_has_its_kind() {
        for (errno, kind) in [
            (1, FailureKind::Denied),        // EPERM
            (13, FailureKind::Denied),       // EACCES
            (22, FailureKind::Unreachable),  // EINVAL
            (32, FailureKind::Reset),        // EPIPE
            (99, FailureKind::Unreachable),  // EADDRNOTAVAIL
            (100, FailureKind::Unreachable), // ENETDOWN
            (101, FailureKind::Unreachable), // ENETUNREACH
            (104, FailureKind::Reset),       // ECONNRESET
            (110, FailureKind::Timeout),     // ETIMEDOUT
            (111, FailureKind::Refused),     // ECONNREFUSED
            (112, FailureKind::Unreachable), // EHOSTDOWN
            (113, FailureKind::Unreachable), // EHOSTUNREACH
            (24, FailureKind::Other),        // EMFILE
        ] {
            assert_eq!(
                io_kind(&io::Error::from_raw_os_error(errno)),
                kind,
                "{errno}"
            );
        }
    }
}
