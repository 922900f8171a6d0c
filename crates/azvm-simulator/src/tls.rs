//! A certificate authority that is made at start, and the TLS identity of the simulated ARM.
//!
//! Only the authority's certificate can be had from outside; both private keys stay in memory.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_RSA_SHA256, SanType, SerialNumber, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use crate::clock;

/// What the simulated ARM shows to its clients, and what they have to trust.
pub(crate) struct Tls {
    pub(crate) ca_pem: String,
    ca: Issuer<'static, KeyPair>,
    acceptor: TlsAcceptor,
    /// With a certificate of an authority that nobody is told to trust.
    interceptor: TlsAcceptor,
    now: i64,
}

/// A certificate and the issuer's name in it, both in DER.
pub(crate) struct Signer {
    pub(crate) certificate: Vec<u8>,
    pub(crate) issuer_name: Vec<u8>,
    pub(crate) serial: Vec<u8>,
}

impl Tls {
    /// Makes both certificates. The server's holds for localhost, the loopback addresses, 169.254.169.254 and `listening`.
    pub(crate) fn new(listening: IpAddr, now: i64) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let (ca_pem, ca) = authority("azvm-simulator test authority", now)?;
        let (_, stranger) = authority("azvm-simulator interceptor", now)?;
        Ok(Self {
            ca_pem,
            acceptor: acceptor(&ca, listening, now)?,
            interceptor: acceptor(&stranger, listening, now)?,
            ca,
            now,
        })
    }

    pub(crate) fn acceptor(&self, is_intercepted: bool) -> &TlsAcceptor {
        if is_intercepted {
            &self.interceptor
        } else {
            &self.acceptor
        }
    }

    /// A certificate for `host` over a key in PKCS #8, signed by the authority.
    pub(crate) fn signer(
        &self,
        host: &str,
        pkcs8: Vec<u8>,
    ) -> Result<Signer, Box<dyn Error + Send + Sync>> {
        let key = KeyPair::from_der_and_sign_algo(
            &PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8)),
            &PKCS_RSA_SHA256,
        )?;
        let mut params = params(host, self.now)?;
        params.subject_alt_names = vec![SanType::DnsName(host.try_into()?)];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let serial = vec![SIGNER_SERIAL];
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        let certificate = params.signed_by(&key, &self.ca)?;
        Ok(Signer {
            certificate: certificate.der().to_vec(),
            issuer_name: common_name("azvm-simulator test authority"),
            serial,
        })
    }
}

fn authority(
    name: &str,
    now: i64,
) -> Result<(String, Issuer<'static, KeyPair>), Box<dyn Error + Send + Sync>> {
    let key = KeyPair::generate()?;
    let mut params = params(name, now)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), Issuer::new(params, key)))
}

fn acceptor(
    issuer: &Issuer<'_, KeyPair>,
    listening: IpAddr,
    now: i64,
) -> Result<TlsAcceptor, Box<dyn Error + Send + Sync>> {
    let key = KeyPair::generate()?;
    let mut params = params("azvm-simulator ARM", now)?;
    params.subject_alt_names = subject_alt_names(listening)?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let certificate = params.signed_by(&key, issuer)?;

    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// A distinguished name of one common name, as the certificate library writes it (X.501).
fn common_name(text: &str) -> Vec<u8> {
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_set(|writer| {
                writer.next().write_sequence(|writer| {
                    let common_name = yasna::models::ObjectIdentifier::from_slice(&[2, 5, 4, 3]);
                    writer.next().write_oid(&common_name);
                    writer.next().write_utf8_string(text);
                });
            });
        });
    })
}

/// The authority signs one such certificate only.
const SIGNER_SERIAL: u8 = 0x4d;

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// Valid from last December to the end of next year: some verifiers refuse certificates that live for more than 825 days.
fn params(common_name: &str, now: i64) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    let year = clock::year(now);
    params.not_before = date_time_ymd(year - 1, 12, 1);
    params.not_after = date_time_ymd(year + 1, 12, 31);
    Ok(params)
}

fn subject_alt_names(listening: IpAddr) -> Result<Vec<SanType>, rcgen::Error> {
    let mut addresses: Vec<IpAddr> = vec![
        [127, 0, 0, 1].into(),
        [0, 0, 0, 0, 0, 0, 0, 1].into(),
        [169, 254, 169, 254].into(),
    ];
    if !addresses.contains(&listening) {
        addresses.push(listening);
    }
    let mut names = vec![SanType::DnsName("localhost".try_into()?)];
    names.extend(addresses.into_iter().map(SanType::IpAddress));
    Ok(names)
}
