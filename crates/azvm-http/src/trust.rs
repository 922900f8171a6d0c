//! Whom HTTPS trusts: the platform's trust store and extra certificates.
//!
//! The verdict is the platform's or webpki's own, but for one. A server with a certificate that it signed itself mostly has
//! one that says "CA" of itself, for that is what `openssl req -x509` makes, and webpki refuses such a one as a server's before
//! it looks who signed it (RFC 5280 does not forbid it, and OpenSSL takes it). Where it is one of the extra certificates, byte
//! by byte, the caller has said that he trusts it, so only its dates and names count.

use crate::TransportError;
use azvm_exchange::{FailureKind, Phase};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore,
    SignatureScheme,
};
use rustls_platform_verifier::Verifier;
use std::sync::Arc;

pub(crate) fn read_pem(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TransportError> {
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
pub(crate) fn verifier(
    extra: Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TransportError> {
    let usual = usual(&extra, provider)?;
    Ok(Arc::new(Trust { usual, extra }))
}

fn usual(
    extra: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TransportError> {
    if extra.is_empty() {
        let platform = Verifier::new(Arc::clone(provider)).map_err(no_trust)?;
        return Ok(Arc::new(platform));
    }
    // Read first, so that a broken certificate is an error rather than a reason to fall back.
    let mut roots = RootCertStore::empty();
    for certificate in extra {
        roots.add(certificate.clone()).map_err(no_trust)?;
    }
    let platform = Verifier::new_with_extra_roots(extra.to_vec(), Arc::clone(provider));
    if let Ok(platform) = platform {
        return Ok(Arc::new(platform));
    }
    let alone =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build();
    Ok(alone.map_err(no_trust)?)
}

fn no_trust(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> TransportError {
    TransportError::new(FailureKind::Certificate, Phase::Tls, cause)
}

#[derive(Debug)]
struct Trust {
    usual: Arc<dyn ServerCertVerifier>,
    extra: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verdict = self
            .usual
            .verify_server_cert(own, intermediates, name, ocsp, now);
        match verdict {
            Err(error) if is_refused_as_ca(&error) => {
                if !self.extra.contains(own) {
                    return Err(CertificateError::UnknownIssuer.into());
                }
                verify_server_name(&ParsedCertificate::try_from(own)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        self.usual.requires_raw_public_keys()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        self.usual.root_hint_subjects()
    }
}

/// Of all that is asked of a certificate by itself webpki looks at this right after the dates, and at the names last.
fn is_refused_as_ca(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(cause)) = error else {
        return false;
    };
    let cause = cause.0.downcast_ref::<webpki::Error>();
    cause == Some(&webpki::Error::CaUsedAsEndEntity)
}
