//! Why no response came.

use alloc::string::String;
use core::fmt;

/// A transport failure as data, so that it can be classified, stored in a report and replayed in a test.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// What happened.
    pub kind: FailureKind,
    /// How far the exchange had come.
    pub phase: Phase,
    /// The system's or library's own words, for a person. Holds no secret.
    pub detail: String,
}

impl Failure {
    /// A failure of this kind in this phase.
    pub fn new(kind: FailureKind, phase: Phase, detail: String) -> Self {
        Self {
            kind,
            phase,
            detail,
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// The certificate was refused, for its issuer or its form.
    Certificate,
    /// The certificate is expired, or not valid yet, by this machine's clock.
    CertificateDates,
    /// The certificate is for other names than the one that was asked for.
    CertificateName,
    /// The peer wants a certificate of us, which no Azure service does.
    ClientCertificate,
    /// The peer closed the connection before the answer was complete.
    Closed,
    /// The system forbade it: `EPERM`, `EACCES`, `WSAEACCES`.
    Denied,
    /// The name has no address, and the resolver is sure of it.
    NameNotFound,
    /// The peer does not speak TLS where it should.
    NoTls,
    /// Bytes that are not HTTP/1.1, or not what was asked for.
    Protocol,
    /// An HTTP proxy on the way did not open the tunnel; [`Failure::detail`] begins with its status.
    Proxy,
    /// `ECONNREFUSED`.
    Refused,
    /// `ECONNRESET` or `EPIPE`.
    Reset,
    /// The resolver could not say for now whether the name has an address: `EAI_AGAIN`, `WSATRY_AGAIN`.
    ResolverFailed,
    /// A deadline passed; [`Failure::phase`] says in which phase.
    Timeout,
    /// TLS failed for another reason than the certificate.
    Tls,
    /// Headers or body above the cap.
    TooLarge,
    /// `ENETUNREACH`, `EHOSTUNREACH` or `EADDRNOTAVAIL`: no way there.
    Unreachable,
    /// Refused on our side before anything was sent, for safety.
    Unsafe,
    /// Anything else the system reported.
    Other,
}

impl FailureKind {
    /// True for what may be over by the next try without anybody changing anything: an [`Exchange`](crate::Exchange) tries
    /// again after these, and after no others.
    pub fn is_connection_trouble(self) -> bool {
        matches!(
            self,
            Self::Closed
                | Self::Refused
                | Self::Reset
                | Self::ResolverFailed
                | Self::Timeout
                | Self::Unreachable
        )
    }

    /// A short noun phrase for messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "certificate not trusted",
            Self::CertificateDates => "certificate not valid at this time",
            Self::CertificateName => "certificate for another name",
            Self::ClientCertificate => "client certificate demanded",
            Self::Closed => "connection closed early",
            Self::Denied => "not permitted",
            Self::NameNotFound => "name not found",
            Self::NoTls => "no TLS",
            Self::Protocol => "not valid HTTP",
            Self::Proxy => "refused by the proxy",
            Self::Refused => "connection refused",
            Self::Reset => "connection reset",
            Self::ResolverFailed => "no answer from the resolver",
            Self::Timeout => "timed out",
            Self::Tls => "TLS failed",
            Self::TooLarge => "answer too large",
            Self::Unreachable => "network unreachable",
            Self::Unsafe => "refused for safety",
            Self::Other => "failed",
        }
    }
}

/// The phases of an exchange, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Looking up the host's address, or the proxy's.
    Resolve,
    /// Opening the TCP connection, to the host or the proxy.
    Connect,
    /// Asking an HTTP proxy for a tunnel to the host.
    Tunnel,
    /// The TLS handshake.
    Tls,
    /// Sending, and waiting for the response's head.
    FirstByte,
    /// Reading the body.
    Body,
}

impl Phase {
    /// What was going on, for messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resolve => "looking up the name",
            Self::Connect => "connecting",
            Self::Tunnel => "asking the proxy for a tunnel",
            Self::Tls => "in the TLS handshake",
            Self::FirstByte => "waiting for the answer",
            Self::Body => "reading the answer",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} while {}", self.kind.as_str(), self.phase.as_str())?;
        if self.detail.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.detail)
        }
    }
}

impl core::error::Error for Failure {}
