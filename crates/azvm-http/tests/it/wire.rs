//! What is written, and what is read when all goes well.

use crate::fixture::{answer, finish, read_request, send, send_request, serve, text};
use azvm_exchange::{FailureKind, Origin, Phase, Request};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

const EMPTY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

async fn written(request: &Request) -> String {
    let (received, receive) = oneshot::channel();
    let origin = serve(async move |mut stream: TcpStream| {
        received.send(read_request(&mut stream).await).unwrap();
        stream.write_all(EMPTY).await.unwrap();
        finish(stream).await;
    })
    .await;
    send_request(&origin, request).await.unwrap();
    let authority = origin.authority();
    receive.await.unwrap().replace(authority, "AUTHORITY")
}

#[tokio::test]
async fn the_bytes_on_the_wire_are_exact() {
    let target = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fm.azure.com%2F&x=%2f'~!$()*,;:@[]";
    let request = Request::get(target.into())
        .with_header("Metadata", "true")
        .with_header("x-ms-client-request-id", "0");
    let agent = format!("azvm/{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        written(&request).await,
        format!(
            "GET {target} HTTP/1.1\r\nHost: AUTHORITY\r\nMetadata: true\r\nX-Ms-Client-Request-Id: 0\r\nUser-Agent: {agent}\r\n\r\n"
        )
    );
}

#[tokio::test]
async fn a_post_carries_its_body_and_its_length() {
    let agent = format!("azvm/{}", env!("CARGO_PKG_VERSION"));
    for (body, length) in [("{\"StartRequests\":[]}", 20), ("", 0)] {
        let request = Request::post_json("/metadata/scheduledevents".into(), body.into());
        assert_eq!(
            written(&request).await,
            format!(
                "POST /metadata/scheduledevents HTTP/1.1\r\nHost: AUTHORITY\r\nContent-Type: application/json\r\nUser-Agent: {agent}\r\nContent-Length: {length}\r\n\r\n{body}"
            )
        );
    }
}

#[tokio::test]
async fn the_caller_may_name_its_own_agent() {
    let request = Request::get("/".into())
        .with_header("User-Agent", "doctor/1")
        .with_header("Accept", "*/*");
    assert_eq!(
        written(&request).await,
        "GET / HTTP/1.1\r\nHost: AUTHORITY\r\nUser-Agent: doctor/1\r\nAccept: */*\r\n\r\n"
    );
}

#[tokio::test]
async fn a_request_that_cannot_be_written_as_it_stands_is_refused() {
    let origin: Origin = "http://127.0.0.1:9".parse().unwrap();
    let get = |target: &str| Request::get(target.into());
    for request in [
        get(""),
        get("relative"),
        get("*"),
        get("http://other.example/"),
        get("/a#fragment"),
        get("/a b"),
        get("/a\r\nX: y"),
        get("/").with_header("Host", "other.example"),
        get("/").with_header("transfer-encoding", "chunked"),
        Request::post_json("/".into(), vec![]).with_header("content-length", "1"),
        get("/").with_header("X Y", "z"),
        get("/").with_header("X", "y\r\nZ: z"),
    ] {
        let error = send_request(&origin, &request).await.unwrap_err();
        assert_eq!(error.kind(), FailureKind::Unsafe, "{request:?}");
        assert_eq!(error.phase(), Phase::Connect);
    }
}

#[tokio::test]
async fn status_headers_and_body_arrive() {
    let origin = answer(
        "HTTP/1.1 418 I'm a teapot\r\nServer: IMDS/150.870.65.476\r\nContent-Length: 2\r\n\r\n{}",
    )
    .await;
    let exchanged = send(&origin).await.unwrap();
    assert_eq!(text(&exchanged), (418, "{}"));
    assert_eq!(
        exchanged.response.header("server"),
        Some("IMDS/150.870.65.476")
    );
    assert_eq!(format!("http://{}", exchanged.peer), origin.to_string());
    assert!(exchanged.local.ip().is_loopback());
}

#[cfg(feature = "reason-phrase")]
#[tokio::test]
async fn the_words_of_a_status_line_are_kept_where_they_are_its_own() {
    for (line, kept) in [
        (
            "403 Forbidden by rule: no\t metadata ",
            Some("Forbidden by rule: no\t metadata"),
        ),
        ("299 Odd", Some("Odd")),
        ("403 Forbidden", None),
        ("403 forbidden", None),
        ("403 ", None),
        ("403", None),
    ] {
        let head = format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n");
        let exchanged = send(&answer(head).await).await.unwrap();
        let response = exchanged.response;
        assert_eq!(response.header(azvm_http::REASON_PHRASE), kept, "{line}");
        assert_eq!(response.headers().count(), 1 + usize::from(kept.is_some()));
    }
}

#[tokio::test]
async fn header_bytes_that_are_not_utf_8_are_replaced() {
    let origin = answer(*b"HTTP/1.1 200 OK\r\nX: a\xffb\r\nContent-Length: 0\r\n\r\n").await;
    let exchanged = send(&origin).await.unwrap();
    assert_eq!(exchanged.response.header("x"), Some("a\u{fffd}b"));
}

#[tokio::test]
async fn each_address_of_a_name_is_tried() {
    let origin = answer(EMPTY).await;
    let origin: Origin = format!("http://localhost:{}", origin.port())
        .parse()
        .unwrap();
    assert_eq!(text(&send(&origin).await.unwrap()), (200, ""));
}

#[tokio::test]
async fn the_phases_are_timed() {
    let pause = Duration::from_millis(30);
    let origin = serve(async move |mut stream: TcpStream| {
        read_request(&mut stream).await;
        tokio::time::sleep(pause).await;
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        stream.write_all(head).await.unwrap();
        tokio::time::sleep(pause).await;
        stream.write_all(b"{}").await.unwrap();
        finish(stream).await;
    })
    .await;
    let timings = send(&origin).await.unwrap().timings;
    assert!(timings.first_byte >= pause / 2 && timings.body >= pause / 2);
    assert_eq!(timings.tls, Duration::ZERO);
    let sum = timings.resolve + timings.connect + timings.first_byte + timings.body;
    assert_eq!(timings.total(), sum);
}
