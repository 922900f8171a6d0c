//! HTTPS: rustls with ring, TLS 1.2 and later.

use crate::{TransportError, trust};
use azvm_exchange::{FailureKind, Host, Phase};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig, InvalidMessage};
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
        let verifier = trust::verifier(trust::read_pem(extra_ca_pem)?, &provider)?;
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TransportError::new(FailureKind::Tls, Phase::Tls, error))?
            .dangerous() // not so: see the module `trust`
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
