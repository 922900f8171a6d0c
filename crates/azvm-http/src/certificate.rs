//! The certificates that a server shows, for a diagnosis: read before the handshake is over, and trusted by nobody.

use crate::connect;
use crate::timing::Deadline;
use crate::tls::{handshake_with, provider};
use crate::{Limits, Timings, TransportError};
use azvm_exchange::{FailureKind, Origin, Phase};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_rustls::TlsConnector;

/// Opens a connection to `origin`, directly and whatever its scheme, and returns the certificates that the server shows
/// in DER, its own first; then the connection is closed in the middle of the handshake. Nothing of HTTP is sent.
///
/// What is returned proves nothing: anybody can show any certificate.
///
/// # Errors
///
/// [`TransportError`] when no connection came about, or when the server showed no certificate within `budget`.
///
/// # Cancel safety
///
/// Dropping the future closes the connection.
pub async fn presented_certificates(
    origin: &Origin,
    limits: &Limits,
    budget: Duration,
) -> Result<Vec<Vec<u8>>, TransportError> {
    let deadline = Deadline::after(budget);
    let provider = provider();
    let witness = Arc::new(Witness {
        provider: Arc::clone(&provider),
        seen: Mutex::default(),
    });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TransportError::new(FailureKind::Tls, Phase::Tls, error))?
        .dangerous() // not so: the witness refuses every certificate
        .with_custom_certificate_verifier(Arc::clone(&witness) as _)
        .with_no_client_auth();
    let mut timings = Timings::default();
    let (host, port) = (origin.host(), origin.port());
    let opened = connect::open(host, port, limits.connect(), deadline, &mut timings).await?;
    let connector = TlsConnector::from(Arc::new(config));
    let handshake = handshake_with(&connector, host, opened.0);
    let ended = deadline.bound(Phase::Tls, handshake).await;
    let seen = std::mem::take(&mut *witness.seen.lock().unwrap_or_else(PoisonError::into_inner));
    match (seen.is_empty(), ended) {
        (false, _) => Ok(seen),
        (true, Err(error)) => Err(error),
        (true, Ok(_)) => Err(TransportError::refused("a handshake without a certificate")),
    }
}

/// Notes what it is shown, and refuses it.
#[derive(Debug)]
struct Witness {
    provider: Arc<CryptoProvider>,
    seen: Mutex<Vec<Vec<u8>>>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = std::iter::once(end_entity).chain(intermediates);
        let shown = shown.map(|certificate| certificate.to_vec()).collect();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = shown;
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
