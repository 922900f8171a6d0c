//! Where ARM listens.

use crate::Cloud;
use azvm_exchange::{Origin, OriginError, Scheme};
use core::fmt;
use core::str::FromStr;

/// An ARM that may be sent a bearer token: the one of a [`Cloud`], or one that the caller names.
///
/// Naming one is a decision to trust that host with tokens. It must be `https`; plain `http` is accepted for a
/// loopback address only, for a simulator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Origin);

impl Endpoint {
    /// The origin.
    pub fn origin(&self) -> &Origin {
        &self.0
    }

    /// True when requests go unencrypted, which only loopback may.
    pub fn is_plain_http(&self) -> bool {
        self.0.scheme() == Scheme::Http
    }
}

impl From<Cloud> for Endpoint {
    fn from(cloud: Cloud) -> Self {
        let origin = cloud
            .endpoint()
            .parse()
            .expect("the table of clouds holds origins, see the tests");
        Self(origin)
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    /// # Errors
    ///
    /// [`EndpointError`] when the text is no origin, or is plain `http` to another host than one on loopback.
    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let origin: Origin = text.parse().map_err(EndpointError::Origin)?;
        if origin.scheme() != Scheme::Https && !origin.is_loopback() {
            return Err(EndpointError::PlainHttp);
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
    /// Not an origin at all.
    Origin(OriginError),
    /// Plain HTTP would show the token to the network.
    PlainHttp,
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Origin(_) => "not an endpoint",
            Self::PlainHttp => "an ARM endpoint is https, or plain http on loopback",
        })
    }
}

impl core::error::Error for EndpointError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::PlainHttp => None,
            Self::Origin(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_loopback() {
        let parse = |text: &str| text.parse::<Endpoint>();
        assert!(parse("https://arm.corp.example:8443").is_ok());
        assert!(parse("http://127.0.0.1:8080").is_ok_and(|endpoint| endpoint.is_plain_http()));
        assert_eq!(
            parse("http://management.azure.com"),
            Err(EndpointError::PlainHttp)
        );
        assert_eq!(
            parse("http://169.254.169.254"),
            Err(EndpointError::PlainHttp)
        );
        assert!(matches!(
            parse("management.azure.com"),
            Err(EndpointError::Origin(_))
        ));
    }

    #[test]
    fn every_cloud_has_an_https_endpoint() {
        for cloud in Cloud::ALL {
            assert_eq!(Endpoint::from(cloud).origin().port(), 443);
        }
    }
}
