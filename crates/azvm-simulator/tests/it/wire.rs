//! A client that writes bytes and reads bytes, so that nothing of the server's HTTP library is on both sides.

use std::sync::Arc;

use azvm_simulator::{Listen, Scenario, Simulator};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// ARM's error code.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

pub(crate) async fn start(scenario: &str) -> Simulator {
    let scenario = Scenario::named(scenario).unwrap();
    Simulator::start(scenario, Listen::default()).await.unwrap()
}

pub(crate) async fn start_toml(text: &str) -> Simulator {
    let scenario = Scenario::from_toml(text).unwrap();
    Simulator::start(scenario, Listen::default()).await.unwrap()
}

pub(crate) fn address(endpoint: &str) -> &str {
    endpoint.split_once("://").unwrap().1
}

pub(crate) async fn connect(endpoint: &str) -> TcpStream {
    TcpStream::connect(address(endpoint)).await.unwrap()
}

/// Sends one request on a connection that stays open, and reads its answer.
pub(crate) async fn exchange(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &[u8],
) -> Answer {
    stream.write_all(request).await.unwrap();
    let is_head = request.starts_with(b"HEAD ");
    read_answer(stream, is_head).await.expect("an answer")
}

/// Reads one answer; `None` when the connection ends before one is complete.
pub(crate) async fn read_answer(
    stream: &mut (impl AsyncRead + Unpin),
    is_head: bool,
) -> Option<Answer> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let status_line = lines.next().unwrap();
    let status = status_line.strip_prefix("HTTP/1.1 ").unwrap()[..3]
        .parse()
        .unwrap();
    let headers: Vec<_> = lines
        .map(|line| line.split_once(": ").unwrap_or((line, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut answer = Answer {
        status,
        headers,
        body: String::new(),
    };
    let length: usize = answer.header("content-length").parse().unwrap_or(0);
    let mut body = vec![0; if is_head { 0 } else { length }];
    stream.read_exact(&mut body).await.ok()?;
    answer.body = String::from_utf8(body).unwrap();
    Some(answer)
}

/// One GET with these header lines on a connection of its own.
pub(crate) async fn get(endpoint: &str, target: &str, headers: &[&str]) -> Answer {
    send(endpoint, "GET", target, headers).await
}

pub(crate) async fn send(endpoint: &str, method: &str, target: &str, headers: &[&str]) -> Answer {
    let mut request = format!(
        "{method} {target} HTTP/1.1\r\nHost: {}\r\n",
        address(endpoint)
    );
    for header in headers {
        request += &format!("{header}\r\n");
    }
    request += "\r\n";
    exchange(&mut connect(endpoint).await, request.as_bytes()).await
}

/// A GET to IMDS as a well-behaved client sends it.
pub(crate) async fn imds(simulator: &Simulator, target: &str) -> Answer {
    get(&simulator.imds_endpoint(), target, &["Metadata: true"]).await
}

/// A token for ARM, for the identity that the selector (`&client_id=…` or nothing) picks.
pub(crate) async fn arm_token(simulator: &Simulator, selector: &str) -> String {
    token_for(simulator, "https://management.azure.com/", selector).await
}

pub(crate) async fn token_for(simulator: &Simulator, resource: &str, selector: &str) -> String {
    let target = format!("{TOKEN}&resource={resource}{selector}");
    let answer = imds(simulator, &target).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

/// A GET to ARM over plain HTTP. `{sub}` and `{rg}` in the target are filled in.
pub(crate) async fn arm(simulator: &Simulator, token: &str, target: &str) -> Answer {
    arm_method(simulator, token, "GET", target).await
}

pub(crate) async fn arm_method(
    simulator: &Simulator,
    token: &str,
    method: &str,
    target: &str,
) -> Answer {
    let world = simulator.world();
    let target = target
        .replace("{sub}", world.subscription_id())
        .replace("{rg}", world.resource_group());
    let authorization = format!("Authorization: Bearer {token}");
    send(
        &simulator.arm_http_endpoint(),
        method,
        &target,
        &[&authorization],
    )
    .await
}

/// The claims of a token, unverified.
pub(crate) fn claims(token: &str) -> Value {
    part(token, 1)
}

pub(crate) fn part(token: &str, idx: usize) -> Value {
    let part = token.split('.').nth(idx).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// A TLS connection to ARM that trusts the given authority only.
pub(crate) async fn connect_tls(
    simulator: &Simulator,
    ca_pem: &str,
    name: &str,
) -> std::io::Result<impl AsyncRead + AsyncWrite + Unpin + use<>> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let stream = connect(&simulator.arm_endpoint()).await;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

pub(crate) const TOKEN: &str = "/metadata/identity/oauth2/token?api-version=2018-02-01";
