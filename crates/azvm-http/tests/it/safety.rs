//! Where a secret may go, and where it must not show.

use crate::fixture::{
    PATIENT, answer, check, client, finish, listen, read_request, send_request, serve,
};
use azvm_exchange::{FailureKind, Origin, Phase, Request, Secret};
use std::io;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

const TOKEN: &str = "eyJ0b2tlbg.dG9rZW4.c2ln";

fn with_token() -> Request {
    Request::get("/subscriptions?q=hush".into()).with_bearer(&Secret::new(TOKEN.into()))
}

#[tokio::test]
async fn a_secret_over_plain_http_is_not_written() {
    let (listener, origin) = listen().await;
    let result = send_request(&origin, &with_token()).await;
    check(&result, FailureKind::Unsafe, Phase::Connect);
    // Nobody has even connected: the first one in the queue is this.
    let probe = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (_, first) = listener.accept().await.unwrap();
    assert_eq!(first, probe.local_addr().unwrap());
}

#[tokio::test]
async fn a_secret_goes_to_loopback_when_allowed() {
    let (received, receive) = oneshot::channel();
    let origin = serve(async move |mut stream: TcpStream| {
        received.send(read_request(&mut stream).await).unwrap();
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        finish(stream).await;
    })
    .await;
    let client = client().with_secrets_on_loopback(true);
    client.send(&origin, &with_token(), PATIENT).await.unwrap();
    let authorization = format!("\r\nAuthorization: Bearer {TOKEN}\r\n");
    assert!(receive.await.unwrap().contains(&authorization));
}

#[tokio::test]
async fn https_needs_a_client_with_tls() {
    let origin: Origin = "https://127.0.0.1:9".parse().unwrap();
    let result = send_request(&origin, &Request::get("/".into())).await;
    check(&result, FailureKind::Unsafe, Phase::Connect);
    assert_eq!(
        result.unwrap_err().to_failure().to_string(),
        "refused for safety while connecting: this client was built without TLS"
    );
}

#[tokio::test]
async fn an_error_shows_no_secret() {
    let echo = format!("HTTP/1.1 {TOKEN}\r\n\r\n");
    let refused = send_request(&answer("").await, &with_token()).await;
    let client = client().with_secrets_on_loopback(true);
    let garbled = client
        .send(&answer(echo).await, &with_token(), PATIENT)
        .await;
    for result in [refused, garbled] {
        let error = result.unwrap_err();
        let shown = format!("{error} {error:?} {:?} {client:?}", error.to_failure());
        assert!(!shown.contains("eyJ") && !shown.contains("hush"), "{shown}");
    }
}

#[tokio::test]
async fn the_span_tells_method_path_and_status_only() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    // A test on another thread, where nobody listens, may have been the first to meet the span and have switched it off.
    send_request(&answer("").await, &Request::get("/".into()))
        .await
        .unwrap_err();
    tracing::callsite::rebuild_interest_cache();
    let origin = answer(format!("HTTP/1.1 404 {TOKEN}\r\nX: {TOKEN}\r\n\r\n{TOKEN}")).await;
    let client = client().with_secrets_on_loopback(true);
    let exchanged = client
        .send_attempt(&origin, &with_token(), PATIENT, 3)
        .await
        .unwrap();
    drop(guard);
    let lines = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let authority = origin.authority();
    let fields = format!(
        "method=\"GET\" path=\"/subscriptions\" authority=\"{authority}\" attempt=3 reused=false status=404"
    );
    assert!(lines.contains("http_exchange"), "{lines}");
    assert!(lines.contains(&fields), "{lines}");
    let shown = format!("{lines} {exchanged:?}");
    assert!(!shown.contains("eyJ") && !shown.contains("hush"), "{shown}");
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
