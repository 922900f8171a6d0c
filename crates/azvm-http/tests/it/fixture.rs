//! Servers that do as they are told, and a client that expects the worst.

use azvm_exchange::{FailureKind, Origin, Phase, Request};
use azvm_http::{Client, Exchanged, Limits, TransportError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// For exchanges that are to end by themselves.
pub(crate) const PATIENT: Duration = Duration::from_secs(20);

/// For exchanges that are to run out of time.
pub(crate) const IMPATIENT: Duration = Duration::from_millis(300);

/// How late a loaded machine may be.
const SLACK: Duration = Duration::from_secs(5);

/// Accepts one connection and hands it to `script`. The task ends with the test's runtime.
pub(crate) async fn serve<F>(script: impl FnOnce(TcpStream) -> F + Send + 'static) -> Origin
where
    F: Future<Output = ()> + Send + 'static,
{
    let (listener, origin) = listen().await;
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        script(stream).await;
    });
    origin
}

/// Reads a request, writes `answer` and closes.
pub(crate) async fn answer(answer: impl Into<Vec<u8>>) -> Origin {
    let answer = answer.into();
    serve(async move |mut stream: TcpStream| {
        read_request(&mut stream).await;
        // A client that has heard enough may be gone.
        if stream.write_all(&answer).await.is_ok() {
            finish(stream).await;
        }
    })
    .await
}

/// Reads a request, writes `head` and then `rest` without end.
pub(crate) async fn flood(head: &'static str, rest: &'static str) -> Origin {
    serve(async move |mut stream: TcpStream| {
        read_request(&mut stream).await;
        let mut is_open = stream.write_all(head.as_bytes()).await.is_ok();
        let block = rest.repeat(100);
        while is_open {
            is_open = stream.write_all(block.as_bytes()).await.is_ok();
        }
    })
    .await
}

pub(crate) async fn listen() -> (TcpListener, Origin) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, format!("http://{address}").parse().unwrap())
}

pub(crate) async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(request).unwrap();
    let mut body = vec![0; body_bytes(&head)];
    stream.read_exact(&mut body).await.unwrap();
    head + std::str::from_utf8(&body).unwrap()
}

/// What the head of a request says about its body.
pub(crate) fn body_bytes(head: &str) -> usize {
    let length = head.split_once("\r\nContent-Length: ");
    length.map_or(0, |(_, rest)| rest.lines().next().unwrap().parse().unwrap())
}

/// Closes in order: a socket that is dropped with unread bytes resets the connection.
pub(crate) async fn finish(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    wait_for_close(stream).await;
}

/// Ends when the client has closed its end, whichever way.
pub(crate) async fn wait_for_close(mut stream: impl AsyncRead + Unpin) {
    let mut buffer = [0; 1024];
    while matches!(stream.read(&mut buffer).await, Ok(1..)) {}
}

/// Tells what came in a way that is easy to compare.
pub(crate) fn text(exchanged: &Exchanged) -> (u16, &str) {
    let body = std::str::from_utf8(exchanged.response.body()).unwrap();
    (exchanged.response.status(), body)
}

/// Patient where a loaded machine may be slow, and each exchange with a connection of its own.
pub(crate) fn limits() -> Limits {
    Limits::imds()
        .with_connect(PATIENT)
        .with_first_byte(PATIENT)
        .with_idle_age(Duration::ZERO)
}

pub(crate) fn client() -> Client {
    Client::plain(limits())
}

pub(crate) async fn send(origin: &Origin) -> Result<Exchanged, TransportError> {
    send_request(origin, &Request::get("/".into())).await
}

pub(crate) async fn send_request(
    origin: &Origin,
    request: &Request,
) -> Result<Exchanged, TransportError> {
    client().send(origin, request, PATIENT).await
}

/// The exchange fails this way, and not because of the time.
#[track_caller]
pub(crate) fn check(result: &Result<Exchanged, TransportError>, kind: FailureKind, phase: Phase) {
    let error = result.as_ref().expect_err("the exchange should fail");
    assert_eq!((error.kind(), error.phase()), (kind, phase), "{error:?}");
}

/// The exchange runs out of time in this phase, and does not stay longer.
pub(crate) async fn check_timeout(client: &Client, origin: &Origin, phase: Phase) {
    let request = Request::get("/".into());
    let start = Instant::now();
    let result = client.send(origin, &request, IMPATIENT).await;
    let took = start.elapsed();
    check(&result, FailureKind::Timeout, phase);
    assert!((IMPATIENT..IMPATIENT + SLACK).contains(&took), "{took:?}");
}
