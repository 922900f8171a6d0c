//! The one connection that is kept: when it is used again, and when not.

use crate::fixture::{
    PATIENT, body_bytes, check, limits, listen, read_request, text, wait_for_close,
};
use azvm_exchange::{FailureKind, Origin, Phase, Request, Secret};
use azvm_http::{Client, Exchanged, IMDS_IDLE_AGE};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

/// Keeps one connection, as the profile for IMDS does.
fn keeping() -> Client {
    Client::plain(limits().with_idle_age(IMDS_IDLE_AGE))
}

fn get() -> Request {
    Request::get("/".into())
}

async fn send(client: &Client, origin: &Origin) -> Exchanged {
    let exchanged = client.send(origin, &get(), PATIENT).await.unwrap();
    assert_eq!(text(&exchanged), (200, "{}"));
    exchanged
}

/// Answers every request on every connection with `answer`, and counts the connections.
async fn answer_all(answer: &'static [u8]) -> (Origin, Arc<AtomicUsize>) {
    let (listener, origin) = listen().await;
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            counter.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(converse(stream, answer));
        }
    });
    (origin, connections)
}

async fn converse(mut stream: TcpStream, answer: &'static [u8]) {
    while next_request(&mut stream).await.is_some() {
        stream.write_all(answer).await.unwrap();
    }
}

/// The next request's head, or `None` when the client has hung up.
async fn next_request(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut body = vec![0; body_bytes(&head)];
    stream.read_exact(&mut body).await.ok()?;
    Some(head)
}

#[tokio::test]
async fn the_next_request_uses_the_kept_connection() {
    let (origin, connections) = answer_all(OK).await;
    let client = keeping();
    let first = send(&client, &origin).await;
    assert!(!first.reused && !first.proxied);
    for client in [client.clone(), client] {
        let next = send(&client, &origin).await;
        assert!(next.reused);
        assert_eq!((next.local, next.peer), (first.local, first.peer));
        let timings = next.timings;
        assert_eq!(timings.resolve + timings.connect, Duration::ZERO);
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_client_that_keeps_none_opens_one_each() {
    let (origin, connections) = answer_all(OK).await;
    let client = crate::fixture::client();
    for _ in 0..2 {
        assert!(!send(&client, &origin).await.reused);
    }
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_chunked_answer_leaves_the_connection_usable() {
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    let (origin, connections) = answer_all(chunked).await;
    let client = keeping();
    send(&client, &origin).await;
    assert!(send(&client, &origin).await.reused);
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_ends_a_connection_is_not_kept() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n{}",
        // More than it said: the rest would be read as the next answer.
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 500 Other\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}\r\n",
    ] {
        let (origin, connections) = answer_all(answer.as_bytes()).await;
        let client = keeping();
        for expected in 1..=3 {
            assert!(!send(&client, &origin).await.reused, "{answer}");
            assert_eq!(connections.load(Ordering::SeqCst), expected, "{answer}");
        }
    }
}

#[tokio::test]
async fn after_an_error_nothing_is_kept() {
    for (answer, kind) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}{}{}",
            FailureKind::TooLarge,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            FailureKind::Protocol,
        ),
    ] {
        let (origin, connections) = answer_all(answer.as_bytes()).await;
        let client = keeping();
        let request = get().with_max_response_bytes(4);
        for expected in 1..=2 {
            let result = client.send(&origin, &request, PATIENT).await;
            check(&result, kind, Phase::Body);
            assert_eq!(connections.load(Ordering::SeqCst), expected);
        }
    }
}

/// The server hangs up, or says something that nobody asked for, while the connection is idle.
#[tokio::test]
async fn a_stale_connection_is_replaced() {
    for unasked in ["", "HTTP/1.1 500 Unasked\r\nContent-Length: 0\r\n\r\n"] {
        let (listener, origin) = listen().await;
        let (go, wait) = oneshot::channel();
        let (gone, is_gone) = oneshot::channel();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            next_request(&mut stream).await.unwrap();
            stream.write_all(OK).await.unwrap();
            wait.await.unwrap();
            stream.write_all(unasked.as_bytes()).await.unwrap();
            if unasked.is_empty() {
                drop(stream);
                gone.send(()).unwrap();
            } else {
                gone.send(()).unwrap();
                wait_for_close(stream).await;
            }
            let (stream, _) = listener.accept().await.unwrap();
            converse(stream, OK).await;
        });
        let client = keeping();
        send(&client, &origin).await;
        go.send(()).unwrap();
        is_gone.await.unwrap();
        assert!(!send(&client, &origin).await.reused, "{unasked}");
        assert!(send(&client, &origin).await.reused, "{unasked}");
    }
}

/// The server reads the second request and then behaves as `end` says; a third one is answered on a new connection.
async fn lose_second(end: impl AsyncFnOnce(TcpStream) + Send + 'static, listener: TcpListener) {
    let (mut stream, _) = listener.accept().await.unwrap();
    next_request(&mut stream).await.unwrap();
    stream.write_all(OK).await.unwrap();
    next_request(&mut stream).await.unwrap();
    end(stream).await;
    let (stream, _) = listener.accept().await.unwrap();
    converse(stream, OK).await;
}

#[tokio::test]
async fn a_request_that_meets_a_lost_connection_is_sent_once_more() {
    for reset in [false, true] {
        let (listener, origin) = listen().await;
        let server = lose_second(
            async move |stream: TcpStream| {
                if reset {
                    stream.set_zero_linger().unwrap();
                }
                drop(stream);
            },
            listener,
        );
        let client = keeping();
        let talk = async {
            send(&client, &origin).await;
            assert!(!send(&client, &origin).await.reused);
            assert!(send(&client, &origin).await.reused);
        };
        tokio::select! {
            () = talk => {}
            () = server => unreachable!("the client hung up"),
        }
    }
}

#[tokio::test]
async fn a_request_is_not_repeated_once_a_byte_of_the_answer_came() {
    let (listener, origin) = listen().await;
    let server = lose_second(
        async |mut stream: TcpStream| stream.write_all(b"H").await.unwrap(),
        listener,
    );
    let client = keeping();
    let talk = async {
        send(&client, &origin).await;
        let result = client.send(&origin, &get(), PATIENT).await;
        check(&result, FailureKind::Closed, Phase::FirstByte);
        assert!(!send(&client, &origin).await.reused);
    };
    tokio::select! {
        () = talk => {}
        () = server => unreachable!("the client hung up"),
    }
}

/// Each connection is good for one answer and hung up on at the second request: a repetition meets the end of its luck.
#[tokio::test]
async fn a_request_is_repeated_once_only() {
    let (listener, origin) = listen().await;
    let accepted = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&accepted);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            if counter.fetch_add(1, Ordering::SeqCst) == 0 {
                next_request(&mut stream).await.unwrap();
                stream.write_all(OK).await.unwrap();
            }
            next_request(&mut stream).await.unwrap();
        }
    });
    let client = keeping();
    send(&client, &origin).await;
    let result = client.send(&origin, &get(), PATIENT).await;
    check(&result, FailureKind::Closed, Phase::FirstByte);
    assert_eq!(accepted.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_request_that_counts_goes_out_once() {
    let (listener, origin) = listen().await;
    let server = lose_second(async move |stream: TcpStream| drop(stream), listener);
    let client = keeping().with_resending(false);
    let talk = async {
        send(&client, &origin).await;
        let error = client.send(&origin, &get(), PATIENT).await.unwrap_err();
        assert!(error.is_stale(), "{error:?}");
        let exchanged = client.send(&origin, &get(), PATIENT).await.unwrap();
        assert!(!exchanged.reused);
    };
    tokio::select! {
        () = talk => {}
        () = server => unreachable!("the client hung up"),
    }
}

#[tokio::test]
async fn a_new_connection_is_never_stale() {
    let (listener, origin) = listen().await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            next_request(&mut stream).await.unwrap();
        }
    });
    let error = keeping()
        .with_resending(false)
        .send(&origin, &get(), PATIENT)
        .await
        .unwrap_err();
    assert!(
        !error.is_stale() && error.kind() == FailureKind::Closed,
        "{error:?}"
    );
}

#[tokio::test]
async fn a_post_gets_a_connection_of_its_own() {
    let (origin, connections) = answer_all(OK).await;
    let client = keeping();
    send(&client, &origin).await;
    let post = Request::post_json("/".into(), b"{}".to_vec());
    let exchanged = client.send(&origin, &post, PATIENT).await.unwrap();
    assert!(!exchanged.reused);
    assert_eq!(connections.load(Ordering::SeqCst), 2);
    assert_eq!(send(&client, &origin).await.local, exchanged.local);
}

#[tokio::test]
async fn another_origin_gets_another_connection() {
    let (here, _) = answer_all(OK).await;
    let (there, _) = answer_all(OK).await;
    let by_name: Origin = format!("http://localhost:{}", here.port()).parse().unwrap();
    let client = keeping();
    send(&client, &here).await;
    assert!(!send(&client, &there).await.reused);
    assert!(!send(&client, &here).await.reused);
    assert!(!send(&client, &by_name).await.reused);
    assert!(send(&client, &by_name).await.reused);
}

#[tokio::test]
async fn of_two_requests_at_once_the_second_opens_its_own() {
    let (origin, connections) = answer_all(OK).await;
    let client = keeping();
    send(&client, &origin).await;
    let (one, two) = tokio::join!(send(&client, &origin), send(&client, &origin));
    assert!(one.reused != two.reused);
    assert_eq!(connections.load(Ordering::SeqCst), 2);
    // One is kept, and the other one is closed.
    assert!(send(&client, &origin).await.reused);
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

/// With ages so long that the time the test itself takes does not count.
#[tokio::test]
async fn an_old_connection_is_not_used_again() {
    const HOUR: Duration = Duration::from_secs(3600);
    let (origin, connections) = answer_all(OK).await;
    let client = Client::plain(limits().with_idle_age(HOUR));
    send(&client, &origin).await;
    for (age, reused, expected) in [(HOUR / 2, true, 1), (HOUR, false, 2), (HOUR / 2, true, 2)] {
        tokio::time::pause();
        tokio::time::advance(age).await;
        tokio::time::resume();
        assert_eq!(send(&client, &origin).await.reused, reused, "{age:?}");
        assert_eq!(connections.load(Ordering::SeqCst), expected);
    }
}

#[tokio::test]
async fn a_secret_does_not_follow_over_a_kept_connection_unless_allowed() {
    let (origin, connections) = answer_all(OK).await;
    let client = keeping();
    send(&client, &origin).await;
    let with_token = get().with_bearer(&Secret::new("token".into()));
    let result = client.send(&origin, &with_token, PATIENT).await;
    check(&result, FailureKind::Unsafe, Phase::Connect);
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_kept_connection_has_no_task_and_closes_with_the_client() {
    let (listener, origin) = listen().await;
    let client = keeping();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        stream.write_all(OK).await.unwrap();
        stream
    };
    let (mut stream, _) = tokio::join!(server, send(&client, &origin));
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    let mut byte = [0];
    let is_open = tokio::time::timeout(Duration::from_millis(50), stream.read(&mut byte));
    assert!(is_open.await.is_err());
    drop(client);
    tokio::time::timeout(PATIENT, wait_for_close(stream))
        .await
        .unwrap();
}

/// The sockets of a runtime that stands still never become ready: its connection must not be waited for elsewhere.
#[test]
fn a_connection_of_another_runtime_is_not_used() {
    let runtime = || Builder::new_current_thread().enable_all().build().unwrap();
    let server = Builder::new_multi_thread().enable_all().build().unwrap();
    let (origin, connections) = server.block_on(answer_all(OK));
    let client = keeping();
    let (first, second) = (runtime(), runtime());
    first.block_on(send(&client, &origin));
    assert!(!second.block_on(send(&client, &origin)).reused);
    drop(first);
    assert!(second.block_on(send(&client, &origin)).reused);
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}
