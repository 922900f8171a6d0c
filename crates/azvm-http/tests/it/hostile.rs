//! Servers that are absent, silent, slow, rude or endless.

use crate::fixture::{
    IMPATIENT, PATIENT, answer, check, check_timeout, client, flood, limits, listen, read_request,
    send, serve, wait_for_close,
};
use azvm_exchange::{FailureKind, Origin, Phase};
use azvm_http::{Client, DEFAULT_HEAD_BYTES, MIN_HEAD_BYTES};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

#[tokio::test]
async fn a_closed_port_is_refused() {
    let (listener, origin) = listen().await;
    drop(listener);
    let result = send(&origin).await;
    check(&result, FailureKind::Refused, Phase::Connect);
    assert!(result.unwrap_err().is_connect());
}

#[tokio::test]
async fn a_name_without_an_address_is_not_found() {
    // Too long a label for the DNS, so that no question leaves the machine.
    let origin: Origin = format!("http://{}", "a".repeat(64)).parse().unwrap();
    let result = send(&origin).await;
    check(&result, FailureKind::NameNotFound, Phase::Resolve);
}

/// Linux drops the requests for a connection that the queue of the listener has no room for.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_silent_address_meets_the_connect_timeout() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(Ok(stream)) = tokio::time::timeout(IMPATIENT, TcpStream::connect(address)).await {
        queue.push(stream);
    }
    let origin: Origin = format!("http://{address}").parse().unwrap();
    check_timeout(&client(), &origin, Phase::Connect).await;
    let client = Client::plain(limits().with_connect(IMPATIENT));
    let request = azvm_exchange::Request::get("/".into());
    let result = client
        .send(&origin, &request, std::time::Duration::MAX)
        .await;
    check(&result, FailureKind::Timeout, Phase::Connect);
}

#[tokio::test]
async fn a_silent_server_meets_the_deadline() {
    let origin = serve(wait_for_close).await;
    check_timeout(&client(), &origin, Phase::FirstByte).await;
}

#[tokio::test]
async fn a_dripping_head_meets_the_deadline() {
    drip(b"", Phase::FirstByte).await;
}

#[tokio::test]
async fn a_dripping_body_meets_the_deadline() {
    drip(b"HTTP/1.1 200 OK\r\n\r\n", Phase::Body).await;
}

async fn drip(head: &'static [u8], phase: Phase) {
    let origin = serve(async move |mut stream: TcpStream| {
        read_request(&mut stream).await;
        stream.write_all(head).await.unwrap();
        let mut rest = b"HTTP/1.1 200 OK\r\nX: "
            .iter()
            .chain([b'a'].iter().cycle());
        while stream.write_u8(*rest.next().unwrap()).await.is_ok() {
            tokio::time::sleep(IMPATIENT / 20).await;
        }
    })
    .await;
    check_timeout(&client(), &origin, phase).await;
}

#[tokio::test]
async fn a_flood_of_interim_answers_meets_the_deadline() {
    let origin = flood("", "HTTP/1.1 100 Continue\r\n\r\n").await;
    check_timeout(&client(), &origin, Phase::FirstByte).await;
}

#[tokio::test]
async fn interim_answers_are_skipped() {
    let origin = answer(
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    assert_eq!(send(&origin).await.unwrap().response.status(), 200);
}

#[tokio::test]
async fn a_server_that_hangs_up_is_closed() {
    for start in ["", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\nX: y\r\n"] {
        let result = send(&answer(start).await).await;
        check(&result, FailureKind::Closed, Phase::FirstByte);
    }
}

#[tokio::test]
async fn a_server_that_resets_is_reset() {
    for (start, phase) in [
        ("", Phase::FirstByte),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbo",
            Phase::Body,
        ),
    ] {
        let origin = serve(async move |mut stream: TcpStream| {
            read_request(&mut stream).await;
            stream.write_all(start.as_bytes()).await.unwrap();
            // The client is to read the start before the reset overtakes it.
            tokio::time::sleep(IMPATIENT).await;
            stream.set_zero_linger().unwrap();
        })
        .await;
        check(&send(&origin).await, FailureKind::Reset, phase);
    }
}

#[tokio::test]
async fn what_is_not_http_is_a_protocol_error() {
    for raw in [
        "<html>HTTP/0.9</html>\r\n",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 99 Low\r\n\r\n",
        "HTTP/1.1 2000 High\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let result = send(&answer(raw).await).await;
        check(&result, FailureKind::Protocol, Phase::FirstByte);
    }
}

#[tokio::test]
async fn endless_headers_are_cut_off() {
    for block in ["X: y\r\n", "X"] {
        let origin = flood("HTTP/1.1 200 OK\r\nX: ", block).await;
        let result = send(&origin).await;
        check(&result, FailureKind::TooLarge, Phase::FirstByte);
    }
}

#[tokio::test]
async fn the_head_has_a_cap_of_its_own() {
    let raw = |bytes: usize| {
        let value = "v".repeat(bytes);
        format!("HTTP/1.1 200 OK\r\nX: {value}\r\nContent-Length: 0\r\n\r\n")
    };
    let request = azvm_exchange::Request::get("/".into());
    let smallest = limits().with_head_bytes(0);
    for (limits, bytes, fits) in [
        (smallest.clone(), MIN_HEAD_BYTES - 200, true),
        (smallest, MIN_HEAD_BYTES, false),
        (limits(), DEFAULT_HEAD_BYTES - 200, true),
        (limits(), DEFAULT_HEAD_BYTES, false),
        (limits(), DEFAULT_HEAD_BYTES * 3, false),
    ] {
        let origin = answer(raw(bytes)).await;
        let client = Client::plain(limits);
        let result = client.send(&origin, &request, PATIENT).await;
        if fits {
            assert_eq!(result.unwrap().response.status(), 200);
        } else {
            check(&result, FailureKind::TooLarge, Phase::FirstByte);
        }
    }
}
