//! Where a body ends, and what is left alone.

use crate::fixture::{answer, check, flood, send, send_request, text};
use azvm_exchange::{FailureKind, Phase, Request};

async fn reads(raw: &str, expected: &str) {
    let exchanged = send(&answer(raw).await).await.unwrap();
    assert_eq!(text(&exchanged).1, expected, "{raw}");
}

async fn fails(raw: &str, kind: FailureKind, phase: Phase) {
    check(&send(&answer(raw).await).await, kind, phase);
}

#[tokio::test]
async fn a_body_may_end_in_three_ways() {
    let head = "HTTP/1.1 200 OK\r\n";
    reads(&format!("{head}Content-Length: 4\r\n\r\nbody"), "body").await;
    reads(&format!("{head}\r\nbody"), "body").await;
    let chunked =
        "Transfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2;x=y\r\ndy\r\n0\r\nTrailer: z\r\n\r\n";
    reads(&format!("{head}{chunked}"), "body").await;
    reads("HTTP/1.0 403 Forbidden\r\n\r\nbody", "body").await;
    reads("HTTP/1.1 204 No Content\r\n\r\n", "").await;
}

#[tokio::test]
async fn bytes_after_the_body_are_ignored() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
    reads(&format!("{head}bodyguard"), "body").await;
    reads(&format!("{head}bodyHTTP/1.1 500 Other\r\n\r\n"), "body").await;
}

#[tokio::test]
async fn a_content_length_above_the_body_is_closed() {
    let raw = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbody";
    fails(raw, FailureKind::Closed, Phase::Body).await;
}

#[tokio::test]
async fn a_cut_off_chunk_is_closed() {
    for tail in ["", "4\r\nbo", "4\r\nbody\r\n", "4\r\nbody\r\n0\r\n"] {
        let raw = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{tail}");
        fails(&raw, FailureKind::Closed, Phase::Body).await;
    }
}

#[tokio::test]
async fn a_bad_chunk_is_not_http() {
    for tail in [
        "zz\r\nbody",
        "fffffffffffffffff\r\nbody",
        "-1\r\n",
        "2\r\nbody\r\n",
    ] {
        let raw = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{tail}");
        fails(&raw, FailureKind::Protocol, Phase::Body).await;
    }
}

#[tokio::test]
async fn a_bad_content_length_is_not_http() {
    for lengths in ["-1", "4 4", "0x4", "4\r\nContent-Length: 5"] {
        let raw = format!("HTTP/1.1 200 OK\r\nContent-Length: {lengths}\r\n\r\nbody");
        fails(&raw, FailureKind::Protocol, Phase::FirstByte).await;
    }
}

#[tokio::test]
async fn a_large_content_length_is_refused_unread() {
    let raw = "HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n";
    fails(raw, FailureKind::TooLarge, Phase::Body).await;
}

#[tokio::test]
async fn the_cap_is_the_largest_body() {
    let request = Request::get("/".into()).with_max_response_bytes(4);
    let length = "HTTP/1.1 200 OK\r\nContent-Length:";
    for raw in [
        format!("{length} 4\r\n\r\nbody"),
        "HTTP/1.1 200 OK\r\n\r\nbody".into(),
    ] {
        let exchanged = send_request(&answer(raw).await, &request).await.unwrap();
        assert_eq!(text(&exchanged).1, "body");
    }
    for raw in [
        format!("{length} 5\r\n\r\nbody!"),
        "HTTP/1.1 200 OK\r\n\r\nbody!".into(),
    ] {
        let result = send_request(&answer(raw).await, &request).await;
        check(&result, FailureKind::TooLarge, Phase::Body);
        assert!(result.unwrap_err().is_too_large());
    }
}

#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let origin = flood("HTTP/1.1 200 OK\r\n\r\n", "and on and on ").await;
    check(&send(&origin).await, FailureKind::TooLarge, Phase::Body);
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let origin = flood(chunked, "4\r\nbody\r\n").await;
    check(&send(&origin).await, FailureKind::TooLarge, Phase::Body);
}

#[tokio::test]
async fn a_gzip_body_is_left_alone() {
    reads(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\nno zip",
        "no zip",
    )
    .await;
}

#[tokio::test]
async fn a_redirect_is_returned_not_followed() {
    for location in ["/", "file:///etc/passwd", "http://127.0.0.1:9/"] {
        let raw =
            format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        let exchanged = send(&answer(raw).await).await.unwrap();
        assert_eq!(exchanged.response.status(), 302);
        assert_eq!(exchanged.response.header("location"), Some(location));
    }
}

#[tokio::test]
async fn a_request_to_authenticate_is_just_an_answer() {
    let raw = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
    let exchanged = send(&answer(raw).await).await.unwrap();
    assert_eq!(exchanged.response.status(), 407);
}

#[tokio::test]
async fn an_upgrade_is_just_an_answer() {
    let raw = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    let exchanged = send(&answer(raw).await).await.unwrap();
    assert_eq!(text(&exchanged), (101, ""));
}
