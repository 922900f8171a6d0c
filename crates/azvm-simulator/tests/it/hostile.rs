//! Peers that misbehave, and the others that must not notice.

use azvm_simulator::Simulator;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::wire::{arm, arm_token, connect, connect_tls, exchange, imds, read_answer, start};

async fn assert_serves(simulator: &Simulator) {
    assert_eq!(imds(simulator, "/metadata/versions").await.status, 200);
    let token = arm_token(simulator, "").await;
    assert_eq!(
        arm(simulator, &token, "/subscriptions?api-version=2022-12-01")
            .await
            .status,
        200
    );
    assert!(
        connect_tls(simulator, simulator.ca_pem(), "localhost")
            .await
            .is_ok()
    );
}

/// Sends bytes and reads to the end; a reset counts as an end.
async fn send_and_drain(endpoint: &str, bytes: &[u8]) {
    let mut stream = connect(endpoint).await;
    // The peer may have closed before everything was sent.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

#[tokio::test]
async fn garbage_disturbs_nobody() {
    let simulator = start("healthy").await;
    let endpoints = [
        simulator.imds_endpoint(),
        simulator.arm_endpoint(),
        simulator.arm_http_endpoint(),
    ];
    let long_target = format!(
        "GET /{} HTTP/1.1\r\nMetadata: true\r\n\r\n",
        "a".repeat(200_000)
    );
    let many_headers = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(1_000));
    for endpoint in &endpoints {
        for bytes in [
            &b""[..],
            b"\0",
            b"\r\n\r\n\r\n",
            b"GET",
            b"\x16\x03\x01\xff\xff\x01",
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"GET / HTTP/1.1\r\nMetadata: \xff\xfe\r\nAuthorization: Bearer \xff\r\nHost: \"\r\n\r\n",
            b"GET /%ff%00%zz?%=%&=&&=&a=%ff HTTP/1.1\r\nMetadata: true\r\n\r\n",
            b"CONNECT management.azure.com:443 HTTP/1.1\r\nMetadata: true\r\n\r\n",
            b"OPTIONS * HTTP/1.1\r\nMetadata: true\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            long_target.as_bytes(),
            many_headers.as_bytes(),
        ] {
            send_and_drain(endpoint, bytes).await;
        }
    }
    assert_serves(&simulator).await;
}

#[tokio::test]
async fn random_bytes_disturb_nobody() {
    let simulator = start("healthy").await;
    // A linear congruential generator: the same bytes at each run.
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = || {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 56) as u8
    };
    for round in 0..200 {
        let mut bytes = b"GET /metadata/instance?api-version=2021-02-01&format=text HTTP/1.1\r\nMetadata: true\r\nHost: x\r\n\r\n".to_vec();
        for _ in 0..=round % 8 {
            let idx = usize::from(random()) % bytes.len();
            bytes[idx] = random();
        }
        send_and_drain(&simulator.imds_endpoint(), &bytes).await;
        send_and_drain(&simulator.arm_http_endpoint(), &bytes).await;
    }
    assert_serves(&simulator).await;
}

#[tokio::test]
async fn an_endless_head_is_cut_off() {
    let simulator = start("healthy").await;
    let mut stream = connect(&simulator.imds_endpoint()).await;
    stream.write_all(b"GET / HTTP/1.1\r\nX: ").await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let sender =
        tokio::spawn(async move { while writer.write_all(&[b'a'; 4096]).await.is_ok() {} });
    let mut answer = Vec::new();
    // Either an answer comes or the connection is reset; it does not go on for ever.
    let _ = reader.read_to_end(&mut answer).await;
    assert!(
        answer.is_empty() || answer.starts_with(b"HTTP/1.1 431 "),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    sender.abort();
    assert_serves(&simulator).await;
}

#[tokio::test]
async fn an_endless_body_is_not_read_and_the_request_is_answered() {
    let simulator = start("healthy").await;
    let stream = connect(&simulator.imds_endpoint()).await;
    let (mut reader, mut writer) = stream.into_split();
    let sender = tokio::spawn(async move {
        let head = b"POST /metadata/versions HTTP/1.1\r\nHost: x\r\nMetadata: true\r\nContent-Length: 99999999999\r\n\r\n";
        writer.write_all(head).await.unwrap();
        while writer.write_all(&[b'a'; 4096]).await.is_ok() {}
    });
    let answer = read_answer(&mut reader, false).await;
    // The answer may be lost in the reset that ends the connection.
    assert!(answer.is_none_or(|answer| answer.status == 405));
    sender.await.unwrap();
    assert_eq!(simulator.journal()[0].status, 405);
    assert_serves(&simulator).await;
}

#[tokio::test]
async fn slow_peers_do_not_hold_back_others() {
    let simulator = start("healthy").await;
    let mut waiting: Vec<TcpStream> = Vec::new();
    for _ in 0..100 {
        for endpoint in [
            simulator.imds_endpoint(),
            simulator.arm_endpoint(),
            simulator.arm_http_endpoint(),
        ] {
            let mut stream = connect(&endpoint).await;
            stream.write_all(b"G").await.unwrap();
            waiting.push(stream);
        }
    }
    assert_serves(&simulator).await;
    // They are still welcome to go on.
    let answer = exchange(
        &mut waiting[0],
        b"ET /metadata/versions HTTP/1.1\r\nHost: x\r\nMetadata: true\r\n\r\n",
    )
    .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let simulator = start("healthy").await;
    let mut stream = connect(&simulator.imds_endpoint()).await;
    stream.write_all(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /metadata/versions HTTP/1.1\r\nHost: x\r\nMetadata: true\r\n\r\n").await.unwrap();
    assert_eq!(read_answer(&mut stream, false).await.unwrap().status, 400);
    assert_eq!(read_answer(&mut stream, false).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_client_that_has_said_everything_is_still_answered() {
    let simulator = start("healthy").await;
    let mut stream = connect(&simulator.imds_endpoint()).await;
    stream
        .write_all(b"GET /metadata/versions HTTP/1.0\r\nMetadata: true\r\n\r\n")
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.0 200 OK\r\n") && answer.contains("apiVersions"),
        "{answer}"
    );
}
