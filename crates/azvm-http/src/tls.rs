//! HTTPS: rustls with ring, TLS 1.2 and later, the platform's trust store and extra certificates.

use crate::TransportError;
use azvm_exchange::{FailureKind, Host, Phase};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{AlertDescription, CertificateError, ClientConfig, InvalidMessage, RootCertStore};
use rustls_platform_verifier::Verifier;
use std::sync::Arc;
use std::{fmt, io};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

#[derive(Clone)]
pub(crate) struct Connector(TlsConnector);

impl Connector {
    pub(crate) fn new(extra_ca_pem: &[u8]) -> Result<Self, TransportError> {
        let provider = provider();
        let verifier = verifier(read_pem(extra_ca_pem)?, &provider)?;
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TransportError::new(FailureKind::Tls, Phase::Tls, error))?
            .dangerous() // not so: the verifier is the platform's or webpki's own
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    pub(crate) async fn handshake(
        &self,
        host: &Host,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, TransportError> {
        handshake_with(&self.0, host, stream).await
    }
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

pub(crate) async fn handshake_with(
    connector: &TlsConnector,
    host: &Host,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, TransportError> {
    let name = match host {
        Host::Ip(address) => ServerName::from(*address),
        Host::Name(name) => ServerName::try_from(name.clone())
            .map_err(|error| TransportError::new(FailureKind::Tls, Phase::Tls, error))?,
        _ => return Err(TransportError::refused("a host of an unknown kind")),
    };
    connector
        .connect(name, stream)
        .await
        .map_err(|error| TransportError::from_io(error, Phase::Tls))
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}

/// The kind of an error that rustls passes through I/O; `None` when there is none of rustls in it.
pub(crate) fn kind(error: &io::Error) -> Option<FailureKind> {
    let cause = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(match cause {
        rustls::Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => FailureKind::CertificateDates,
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => FailureKind::CertificateName,
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            FailureKind::ClientCertificate
        }
        // The first byte of whatever came begins no record.
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => FailureKind::NoTls,
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
            FailureKind::Certificate
        }
        _ => FailureKind::Tls,
    })
}

fn read_pem(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TransportError> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(no_trust)?;
    if certificates.is_empty() && !pem.is_empty() {
        return Err(no_trust("the extra CA file holds no certificate in PEM"));
    }
    Ok(certificates)
}

/// The platform's verifier with the extra certificates; on a machine without a trust store, such as a bare container,
/// the extra certificates alone.
fn verifier(
    extra: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TransportError> {
    if extra.is_empty() {
        let platform = Verifier::new(Arc::clone(provider)).map_err(no_trust)?;
        return Ok(Arc::new(platform));
    }
    // Read first, so that a broken certificate is an error rather than a reason to fall back.
    let mut roots = RootCertStore::empty();
    for certificate in &extra {
        roots.add(certificate.clone()).map_err(no_trust)?;
    }
    if let Ok(platform) = Verifier::new_with_extra_roots(extra, Arc::clone(provider)) {
        return Ok(Arc::new(platform));
    }
    let alone =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
    Ok(alone.map_err(no_trust)?)
}

fn no_trust(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> TransportError {
    TransportError::new(FailureKind::Certificate, Phase::Tls, cause)
}
