//! Whom HTTPS trusts, and how it fails.

use crate::fixture::{
    PATIENT, check, check_timeout, finish, limits, listen, read_request, serve, text,
    wait_for_close,
};
use azvm_exchange::{FailureKind, Origin, Phase, Request, Secret};
use azvm_http::{Client, Exchanged, Limits, TransportError, presented_certificates};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion, crypto::ring, version};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
const BOTH: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];

pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn client(&self) -> Client {
        self.client_within(limits())
    }

    pub(crate) fn client_within(&self, limits: Limits) -> Client {
        Client::tls(limits, self.0.pem().as_bytes()).unwrap()
    }

    fn acceptor(&self, params: &CertificateParams) -> TlsAcceptor {
        self.acceptor_of(params, BOTH)
    }

    fn acceptor_of(
        &self,
        params: &CertificateParams,
        versions: &[&'static SupportedProtocolVersion],
    ) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        TlsAcceptor::from(config(&certificate, &key, versions))
    }

    fn acceptor_that_wants_certificates(&self, params: &CertificateParams) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13])
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            );
        TlsAcceptor::from(Arc::new(config.unwrap()))
    }

    /// For a server that has a certificate of this authority.
    pub(crate) fn config(&self, params: &CertificateParams) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        config(&certificate, &key, BOTH)
    }
}

/// For a server whose certificate nobody has signed but itself.
pub(crate) fn self_signed(params: &CertificateParams) -> Arc<ServerConfig> {
    let key = KeyPair::generate().unwrap();
    config(&params.self_signed(&key).unwrap(), &key, BOTH)
}

fn config(
    certificate: &Certificate,
    key: &KeyPair,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Arc::new(config)
}

pub(crate) fn names(names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    CertificateParams::new(names).unwrap()
}

/// Answers one request under `https://host`, if the client gets that far.
async fn https(host: &str, acceptor: TlsAcceptor) -> Origin {
    let origin = serve(async move |stream: TcpStream| {
        let Ok(mut stream) = acceptor.accept(stream).await else {
            return;
        };
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        read_request(&mut stream).await;
        stream.write_all(ANSWER).await.unwrap();
        stream.shutdown().await.unwrap();
        wait_for_close(stream).await;
    })
    .await;
    on_host(host, &origin)
}

fn on_host(host: &str, origin: &Origin) -> Origin {
    format!("https://{host}:{}", origin.port()).parse().unwrap()
}

async fn send(client: &Client, origin: &Origin) -> Result<Exchanged, TransportError> {
    let request = Request::get("/".into()).with_bearer(&Secret::new("token".into()));
    client.send(origin, &request, PATIENT).await
}

#[tokio::test]
async fn an_extra_ca_is_trusted() {
    let authority = Authority::new();
    for host in ["localhost", "127.0.0.1"] {
        for versions in [BOTH, &[&version::TLS12]] {
            let acceptor = authority.acceptor_of(&names(&[host]), versions);
            let origin = https(host, acceptor).await;
            let exchanged = send(&authority.client(), &origin).await.unwrap();
            assert_eq!(text(&exchanged), (200, "{}"));
            assert!(!exchanged.timings.tls.is_zero());
        }
    }
}

/// As `openssl req -x509` makes it: one certificate that is its own authority.
fn of_its_own(params: &CertificateParams) -> (Certificate, TlsAcceptor) {
    let mut params = params.clone();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let acceptor = TlsAcceptor::from(config(&certificate, &key, BOTH));
    (certificate, acceptor)
}

fn trusting(certificate: &Certificate) -> Client {
    Client::tls(limits(), certificate.pem().as_bytes()).unwrap()
}

#[tokio::test]
async fn a_servers_own_certificate_is_trusted_when_it_is_given() {
    for host in ["localhost", "127.0.0.1"] {
        let (certificate, acceptor) = of_its_own(&names(&[host]));
        let origin = https(host, acceptor).await;
        let exchanged = send(&trusting(&certificate), &origin).await.unwrap();
        assert_eq!(text(&exchanged), (200, "{}"));
    }
}

#[tokio::test]
async fn a_servers_own_certificate_is_refused_all_the_same_when_it_is_wrong() {
    let mut expired = names(&["localhost"]);
    expired.not_before = date_time_ymd(2019, 1, 1);
    expired.not_after = date_time_ymd(2020, 1, 1);
    let other = names(&["other.example"]);
    for (params, is_given, kind) in [
        (&expired, true, FailureKind::CertificateDates),
        (&other, true, FailureKind::CertificateName),
        (&names(&["localhost"]), false, FailureKind::Certificate),
    ] {
        let (own, acceptor) = of_its_own(params);
        let (another, _) = of_its_own(params);
        let origin = https("localhost", acceptor).await;
        let client = trusting(if is_given { &own } else { &another });
        let error = send(&client, &origin).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        let detail = error.to_failure().detail;
        assert!(!detail.contains("Other("), "{detail}");
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_can_be_looked_at() {
    for versions in [BOTH, &[&version::TLS12]] {
        let key = KeyPair::generate().unwrap();
        let certificate = names(&["other.example"]).self_signed(&key).unwrap();
        let acceptor = TlsAcceptor::from(config(&certificate, &key, versions));
        let (told, ended) = tokio::sync::oneshot::channel();
        let origin = serve(async move |stream: TcpStream| {
            let _ = told.send(acceptor.accept(stream).await.is_err());
        })
        .await;
        let shown = presented_certificates(&origin, &limits(), PATIENT).await;
        assert_eq!(shown.unwrap(), [certificate.der().to_vec()]);
        assert!(ended.await.unwrap(), "the handshake was not finished");
    }
}

#[tokio::test]
async fn a_server_without_a_certificate_shows_none() {
    let origin = serve(async |mut stream: TcpStream| {
        stream.write_all(ANSWER).await.unwrap();
        wait_for_close(stream).await;
    })
    .await;
    let error = presented_certificates(&origin, &limits(), PATIENT).await;
    let error = error.unwrap_err();
    assert_eq!(
        (error.kind(), error.phase()),
        (FailureKind::NoTls, Phase::Tls)
    );

    let silent = serve(async |stream: TcpStream| wait_for_close(stream).await).await;
    let budget = Duration::from_millis(50);
    let error = presented_certificates(&silent, &limits(), budget)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.phase()),
        (FailureKind::Timeout, Phase::Tls)
    );
}

#[tokio::test]
async fn a_wrong_certificate_is_refused() {
    let authority = Authority::new();
    let mut expired = names(&["localhost"]);
    expired.not_before = date_time_ymd(2019, 1, 1);
    expired.not_after = date_time_ymd(2020, 1, 1);
    let mut early = names(&["localhost"]);
    early.not_before = date_time_ymd(4000, 1, 1);
    let (refused, dates) = (FailureKind::Certificate, FailureKind::CertificateDates);
    let others = Authority::new().acceptor(&names(&["localhost"]));
    for (acceptor, what, kind) in [
        (others, "issuer", refused),
        (
            authority.acceptor(&names(&["other.example"])),
            "name",
            FailureKind::CertificateName,
        ),
        (
            authority.acceptor(&names(&["127.0.0.1"])),
            "address",
            FailureKind::CertificateName,
        ),
        (authority.acceptor(&expired), "expired", dates),
        (authority.acceptor(&early), "not valid yet", dates),
    ] {
        let origin = https("localhost", acceptor).await;
        let error = send(&authority.client(), &origin).await.expect_err(what);
        assert_eq!(error.kind(), kind, "{what}: {error:?}");
        assert_eq!(error.phase(), Phase::Tls);
        let detail = error.to_failure().detail;
        assert!(detail.contains("certificate"), "{detail}");
    }
}

#[tokio::test]
async fn a_handshake_that_stalls_meets_the_deadline() {
    let origin = on_host("127.0.0.1", &serve(wait_for_close).await);
    check_timeout(&Authority::new().client(), &origin, Phase::Tls).await;
}

#[tokio::test]
async fn a_server_without_tls_is_a_tls_error() {
    let origin = serve(async move |mut stream: TcpStream| {
        let answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        finish(stream).await;
    })
    .await;
    let result = send(&Authority::new().client(), &on_host("127.0.0.1", &origin)).await;
    check(&result, FailureKind::NoTls, Phase::Tls);
}

/// RFC 8446 section 6.2: `certificate_required`, after a handshake that the client took for finished.
#[tokio::test]
async fn a_server_that_wants_a_certificate_says_so() {
    let authority = Authority::new();
    let acceptor = authority.acceptor_that_wants_certificates(&names(&["localhost"]));
    let origin = https("localhost", acceptor).await;
    let error = send(&authority.client(), &origin).await.unwrap_err();
    assert_eq!(error.kind(), FailureKind::ClientCertificate, "{error:?}");
}

#[tokio::test]
async fn a_handshake_that_is_hung_up_on_is_closed() {
    let origin = on_host("127.0.0.1", &serve(finish).await);
    let result = send(&Authority::new().client(), &origin).await;
    check(&result, FailureKind::Closed, Phase::Tls);
}

#[tokio::test]
async fn a_tls_stream_cut_without_notice_is_closed() {
    let authority = Authority::new();
    let acceptor = authority.acceptor(&names(&["127.0.0.1"]));
    let origin = serve(async move |stream: TcpStream| {
        let mut stream = acceptor.accept(stream).await.unwrap();
        read_request(&mut stream).await;
        let answer = b"HTTP/1.1 200 OK\r\n\r\nhalf a bo";
        stream.write_all(answer).await.unwrap();
        stream.flush().await.unwrap();
        finish(stream.into_inner().0).await;
    })
    .await;
    let result = send(&authority.client(), &on_host("127.0.0.1", &origin)).await;
    check(&result, FailureKind::Closed, Phase::Body);
}

#[tokio::test]
async fn a_cancelled_handshake_closes_the_socket() {
    let (listener, origin) = listen().await;
    let origin = on_host("127.0.0.1", &origin);
    let client = Authority::new().client();
    let stream = tokio::select! {
        accepted = listener.accept() => accepted.unwrap().0,
        result = send(&client, &origin) => panic!("{result:?}"),
    };
    tokio::time::timeout(PATIENT, wait_for_close(stream))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_client_with_tls_speaks_plain_http_too() {
    let origin = crate::fixture::answer(ANSWER).await;
    let client = Authority::new().client();
    check(
        &send(&client, &origin).await,
        FailureKind::Unsafe,
        Phase::Connect,
    );
    let client = client.with_secrets_on_loopback(true);
    assert_eq!(text(&send(&client, &origin).await.unwrap()), (200, "{}"));
}

#[test]
fn a_bad_extra_ca_is_named() {
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let cut_off = "-----BEGIN CERTIFICATE-----\nAAAA\n";
    let key = KeyPair::generate().unwrap().serialize_pem();
    for (pem, detail) in [
        (
            "no PEM",
            Some("the extra CA file holds no certificate in PEM"),
        ),
        (
            key.as_str(),
            Some("the extra CA file holds no certificate in PEM"),
        ),
        (broken, None),
        (cut_off, None),
    ] {
        let error = Client::tls(limits(), pem.as_bytes()).expect_err(pem);
        assert_eq!(error.kind(), FailureKind::Certificate);
        assert_eq!(error.phase(), Phase::Tls);
        let failure = error.to_failure();
        assert!(!failure.detail.is_empty());
        if let Some(detail) = detail {
            assert_eq!(failure.detail, detail);
        }
    }
}

/// These run once more in a process of their own, because the trust store is found through the environment.
#[cfg(target_os = "linux")]
mod trust_store {
    use super::*;
    use std::process::Command;

    const FILE: &str = "SSL_CERT_FILE";

    /// Runs `test` again with `file` as the trust store. `Some` with the file's path inside that run.
    fn inside(test: &str, file: &str) -> Option<std::path::PathBuf> {
        #[expect(
            clippy::disallowed_methods,
            reason = "set by the outer run of this test"
        )]
        let inner = std::env::var("AZVM_HTTP_TRUST_STORE_TEST").ok();
        let path = std::env::temp_dir().join(format!("azvm-http-{file}"));
        if inner.is_some() {
            return Some(path);
        }
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("tls::trust_store::{test}")])
            .env("AZVM_HTTP_TRUST_STORE_TEST", "1")
            .env(FILE, path)
            .env_remove("SSL_CERT_DIR")
            .output()
            .unwrap();
        let shown = String::from_utf8_lossy(&status.stdout);
        assert!(
            status.status.success() && shown.contains("1 passed"),
            "{shown}"
        );
        None
    }

    #[tokio::test]
    async fn without_one_an_extra_ca_is_enough() {
        let Some(path) = inside("without_one_an_extra_ca_is_enough", "no-such-file") else {
            return;
        };
        assert!(!path.exists());
        let authority = Authority::new();
        let origin = https("localhost", authority.acceptor(&names(&["localhost"]))).await;
        let exchanged = send(&authority.client(), &origin).await.unwrap();
        assert_eq!(text(&exchanged), (200, "{}"));
        let error = Client::tls(limits(), b"").unwrap_err();
        assert_eq!(error.kind(), FailureKind::Certificate);
        let detail = error.to_failure().detail;
        assert!(detail.contains("No CA certificates"), "{detail}");
    }

    #[tokio::test]
    async fn an_extra_ca_adds_to_it() {
        let name = format!("{}.pem", env!("CARGO_PKG_VERSION"));
        let Some(path) = inside("an_extra_ca_adds_to_it", &name) else {
            return;
        };
        let (platform, extra) = (Authority::new(), Authority::new());
        std::fs::write(&path, platform.0.pem()).unwrap();
        let client = extra.client();
        std::fs::remove_file(&path).unwrap();
        for authority in [platform, extra] {
            let origin = https("localhost", authority.acceptor(&names(&["localhost"]))).await;
            let exchanged = send(&client, &origin).await.unwrap();
            assert_eq!(text(&exchanged), (200, "{}"));
        }
    }
}
