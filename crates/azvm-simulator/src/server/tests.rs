//! Limits that no peer can exceed.

use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::Scenario;
use crate::tls::Tls;

/// Starts one server with small limits; it ends with the test's runtime.
async fn start(server: Server, limits: Limits) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let local = listener.local_addr().unwrap();
    let state = Arc::new(State::new(Scenario::named("healthy").unwrap()).unwrap());
    let tls = (server == Server::ArmHttps)
        .then(|| Arc::new(Tls::new(local.ip(), 1_800_000_000).unwrap()));
    tokio::spawn(run(
        listener,
        tls,
        Service {
            server,
            local,
            state,
            connections: Arc::default(),
        },
        limits,
    ));
    local
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is an end, too.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

fn limits() -> Limits {
    let brief = Duration::from_millis(100);
    Limits {
        head: brief,
        tls_handshake: brief,
        body: brief,
        ..Limits::default()
    }
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_the_connection() {
    let local = start(Server::Imds, limits()).await;
    for start in [&b""[..], b"GET / HT"] {
        let mut stream = TcpStream::connect(local).await.unwrap();
        stream.write_all(start).await.unwrap();
        let answer = read_to_end(&mut stream).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 408 "),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_handshake_that_does_not_come_ends_the_connection() {
    let local = start(Server::ArmHttps, limits()).await;
    let mut stream = TcpStream::connect(local).await.unwrap();
    assert_eq!(read_to_end(&mut stream).await, "");
}

#[tokio::test]
async fn a_body_that_does_not_come_does_not_keep_the_answer_back() {
    let local = start(Server::Imds, limits()).await;
    let mut stream = TcpStream::connect(local).await.unwrap();
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        .await
        .unwrap();
    assert!(read_to_end(&mut stream).await.starts_with("HTTP/1.1 400 "));
}

#[tokio::test]
async fn further_connections_wait_for_one_to_end() {
    let local = start(
        Server::Imds,
        Limits {
            connections: 2,
            head: Duration::from_secs(60),
            ..limits()
        },
    )
    .await;
    let first = TcpStream::connect(local).await.unwrap();
    let _second = TcpStream::connect(local).await.unwrap();
    let mut third = TcpStream::connect(local).await.unwrap();
    third.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
    let mut byte = [0];
    assert!(
        timeout(Duration::from_millis(100), third.read(&mut byte))
            .await
            .is_err(),
        "the third is not served yet"
    );
    drop(first);
    assert!(read_to_end(&mut third).await.starts_with("HTTP/1.0 400 "));
}

#[tokio::test]
async fn a_connection_ends_in_time_even_if_it_is_busy() {
    let local = start(
        Server::Imds,
        Limits {
            connection: Duration::from_millis(200),
            head: Duration::from_secs(5),
            ..limits()
        },
    )
    .await;
    let mut stream = TcpStream::connect(local).await.unwrap();
    let begin = clock_now();
    let mut answers = 0;
    let mut buffer = [0; 1024];
    while stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .is_ok()
    {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(_) => answers += 1,
        }
    }
    assert!(
        answers > 0 && begin.elapsed() < Duration::from_secs(4),
        "{answers} answers in {:?}",
        begin.elapsed()
    );
}

#[expect(clippy::disallowed_methods, reason = "a test measures real time")]
fn clock_now() -> Instant {
    Instant::now()
}
