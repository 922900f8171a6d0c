//! What is left when a caller loses interest: nothing.

use crate::fixture::{PATIENT, client, limits, listen, read_request, text, wait_for_close};
use crate::suite::{Peer, Server};
use azvm_exchange::{Origin, Request};
use azvm_http::{Client, Exchanged, IMDS_IDLE_AGE, TransportError};
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::runtime::{Builder, Handle};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";

/// Polls the exchange `polls` times and drops it; `None` when it was not over by then.
async fn cancelled_after(
    polls: usize,
    client: &Client,
    origin: &Origin,
) -> Option<Result<Exchanged, TransportError>> {
    let request = Request::get("/".into());
    let mut send = pin!(client.send(origin, &request, PATIENT));
    let mut polled = 0;
    poll_fn(|context| {
        if polled == polls {
            return Poll::Ready(None);
        }
        polled += 1;
        send.as_mut().poll(context).map(Some)
    })
    .await
}

/// Cancels at each await of an exchange in turn, until one comes to its end. After each no task is alive, and the client
/// is good for another request; at last every socket that the server has seen is at its end.
fn cancel_everywhere(name: &str, client: Client, origin: &Origin, server: Server) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let request = Request::get("/".into());
    let send = || {
        runtime
            .block_on(client.send(origin, &request, PATIENT))
            .unwrap()
    };
    for polls in 0.. {
        // What is cancelled next is a request over a kept connection, if the client keeps one.
        assert_eq!(text(&send()), (200, "body"), "{name}, {polls}");
        let ended = runtime.block_on(cancelled_after(polls, &client, origin));
        assert_eq!(runtime.metrics().num_alive_tasks(), 0, "{name}, {polls}");
        if let Some(result) = ended {
            assert_eq!(text(&result.unwrap()), (200, "body"), "{name}");
            assert!(polls > 3, "{name}: {polls} polls tell little");
            break;
        }
    }
    drop(client);
    server.heard();
}

/// So slow that the client has to wait for every byte.
fn say_slowly(peer: &mut Peer, bytes: &[u8]) {
    for byte in bytes {
        peer.say(&[*byte]);
        std::thread::sleep(Duration::from_micros(300));
    }
}

#[test]
fn a_send_may_be_cancelled_at_any_await() {
    let keeping = Client::plain(limits().with_idle_age(IMDS_IDLE_AGE));
    for (name, client) in [("one connection each", client()), ("one kept", keeping)] {
        let server = Server::start_all(usize::MAX, |peer| {
            while peer.head().is_some() {
                say_slowly(peer, ANSWER);
            }
        });
        let origin = format!("http://127.0.0.1:{}", server.port).parse().unwrap();
        cancel_everywhere(name, client, &origin, server);
    }
}

#[cfg(feature = "tls")]
#[test]
fn a_tunnel_may_be_cancelled_at_any_await() {
    use crate::suite::tls::talk_tls;
    use crate::suite::tunnel::{HOST, OPEN, through, with_credentials};
    use crate::tls::{Authority, names};

    let authority = Authority::new();
    let config = authority.config(&names(&[HOST]));
    let server = Server::start_all(usize::MAX, move |peer| {
        if peer.head().is_some() {
            say_slowly(peer, OPEN);
            talk_tls(peer, config.clone(), ANSWER, true);
        }
    });
    let client = through(authority.client(), &with_credentials(server.port));
    let origin = format!("https://{HOST}").parse().unwrap();
    cancel_everywhere("a tunnel", client, &origin, server);
}

#[tokio::test]
async fn a_cancelled_send_leaves_neither_socket_nor_task() {
    for start in ["", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbo"] {
        let (listener, origin) = listen().await;
        let tasks = || Handle::current().metrics().num_alive_tasks();
        let (client, request) = (client(), Request::get("/".into()));
        let tasks_before = tasks();
        let mut stream = {
            let server = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                read_request(&mut stream).await;
                stream.write_all(start.as_bytes()).await.unwrap();
                for _ in 0..10 {
                    tokio::task::yield_now().await;
                }
                stream
            };
            tokio::select! {
                stream = server => stream,
                result = client.send(&origin, &request, PATIENT) => panic!("{result:?}"),
            }
        };
        assert_eq!(tasks(), tasks_before);
        // This would hang were the socket still open.
        tokio::time::timeout(PATIENT, wait_for_close(&mut stream))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_finished_send_leaves_neither_socket_nor_task() {
    let (listener, origin) = listen().await;
    let (client, request) = (client(), Request::get("/".into()));
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        stream
    };
    let (stream, result) = tokio::join!(server, client.send(&origin, &request, PATIENT));
    result.unwrap();
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    tokio::time::timeout(PATIENT, wait_for_close(stream))
        .await
        .unwrap();
}
