//! Where IMDS listens.

use azvm_exchange::{Origin, OriginError, Scheme};
use core::fmt;
use core::str::FromStr;

/// The address of IMDS on every Azure VM.
pub const DEFAULT_ENDPOINT: &str = "http://169.254.169.254";

/// The origin of an IMDS: [`DEFAULT_ENDPOINT`], or a stand-in on a loopback or link-local address.
///
/// Other hosts are refused: IMDS is never elsewhere, and whoever can set the endpoint could otherwise have the
/// machine's requests sent to a host of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Origin);

impl Endpoint {
    /// The origin.
    pub fn origin(&self) -> &Origin {
        &self.0
    }

    /// True for [`DEFAULT_ENDPOINT`].
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for Endpoint {
    fn default() -> Self {
        use azvm_exchange::Host;
        use core::net::{IpAddr, Ipv4Addr};
        let host = Host::Ip(IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)));
        Self(Origin::new(Scheme::Http, host, 80))
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    /// # Errors
    ///
    /// [`EndpointError`] when the text is no origin, is not plain `http`, or names another host than one on loopback
    /// or a link-local address.
    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let origin: Origin = text.parse().map_err(EndpointError::Origin)?;
        if origin.scheme() != Scheme::Http {
            return Err(EndpointError::NotPlainHttp);
        }
        if !(origin.is_loopback() || origin.is_link_local()) {
            return Err(EndpointError::NotLocal);
        }
        Ok(Self(origin))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Why a text is not an [`Endpoint`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndpointError {
    /// The host is neither on loopback nor link-local.
    NotLocal,
    /// IMDS speaks plain HTTP only.
    NotPlainHttp,
    /// Not an origin at all.
    Origin(OriginError),
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotLocal => "an IMDS endpoint is a loopback or link-local address",
            Self::NotPlainHttp => "an IMDS endpoint is plain http",
            Self::Origin(_) => "not an endpoint",
        })
    }
}

impl core::error::Error for EndpointError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::NotLocal | Self::NotPlainHttp => None,
            Self::Origin(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn only_local_plain_http_is_an_endpoint() {
        let parse = |text: &str| text.parse::<Endpoint>();
        assert_eq!(parse(DEFAULT_ENDPOINT), Ok(Endpoint::default()));
        assert_eq!(Endpoint::default().to_string(), DEFAULT_ENDPOINT);
        assert!(parse("http://localhost:8080").is_ok());
        assert!(parse("http://[::1]:8080/").is_ok());
        assert_eq!(parse("https://127.0.0.1"), Err(EndpointError::NotPlainHttp));
        assert_eq!(
            parse("http://metadata.example"),
            Err(EndpointError::NotLocal)
        );
        assert_eq!(parse("http://10.0.0.4"), Err(EndpointError::NotLocal));
        assert!(matches!(
            parse("169.254.169.254"),
            Err(EndpointError::Origin(_))
        ));
    }
}
