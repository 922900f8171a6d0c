//! However many callers and clients a process has, the metadata service sees no more than it allows.

use crate::support::LIMIT;
use azvm_identity::{Audience, MAX_REQUESTS_IN_FLIGHT, ManagedIdentity};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// A server that holds every answer back until the limit is reached, and some time longer.
#[derive(Default)]
struct Slow {
    under_way: Mutex<usize>,
    full: Condvar,
    most: AtomicUsize,
    answered: AtomicUsize,
}

impl Slow {
    fn start() -> (Arc<Self>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let server = Arc::new(Self::default());
        let shared = Arc::clone(&server);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let server = Arc::clone(&shared);
                thread::spawn(move || server.answer(stream));
            }
        });
        (server, endpoint)
    }

    fn answer(&self, mut stream: TcpStream) {
        let mut byte = [0];
        let mut head = Vec::new();
        loop {
            head.clear();
            while !head.ends_with(b"\r\n\r\n") {
                if stream.read(&mut byte).unwrap_or(0) == 0 {
                    return;
                }
                head.extend(byte);
            }
            self.hold();
            let body = r#"{"access_token":"t","expires_in":"86400"}"#;
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
    }

    fn hold(&self) {
        let mut under_way = self.under_way.lock().unwrap();
        *under_way += 1;
        self.most.fetch_max(*under_way, Ordering::Relaxed);
        self.full.notify_all();
        let patience = Duration::from_millis(200);
        let (mut under_way, _) = self
            .full
            .wait_timeout_while(under_way, patience, |count| *count < MAX_REQUESTS_IN_FLIGHT)
            .unwrap();
        *under_way -= 1;
        self.answered.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_clients_together_have_five_requests_under_way() {
    let (server, endpoint) = Slow::start();
    let identity = || {
        ManagedIdentity::builder()
            .endpoint(endpoint.parse().unwrap())
            .build()
    };
    let identities = [identity(), identity()];
    let mut calls = Vec::new();
    for number in 0..16 {
        let identity = identities[number % 2].clone();
        let audience = Audience::new(format!("https://a{number}.example/")).unwrap();
        calls.push(tokio::spawn(async move {
            identity.token(&audience).await.map(drop)
        }));
    }
    for call in calls {
        tokio::time::timeout(LIMIT, call)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    }
    assert_eq!(server.answered.load(Ordering::Relaxed), 16);
    assert_eq!(server.most.load(Ordering::Relaxed), MAX_REQUESTS_IN_FLIGHT);
}

/// Answers the first request of each connection, and hangs up at the second one.
fn one_answer_each() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let requests: Arc<AtomicUsize> = Arc::default();
    let counter = Arc::clone(&requests);
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let counter = Arc::clone(&counter);
            thread::spawn(move || {
                let (mut head, mut byte, mut answers) = (Vec::new(), [0], 1);
                while stream.read(&mut byte).unwrap_or(0) == 1 {
                    head.extend(byte);
                    if head.ends_with(b"\r\n\r\n") {
                        head.clear();
                        counter.fetch_add(1, Ordering::SeqCst);
                        if answers == 0 {
                            return;
                        }
                        answers -= 1;
                        let body = r#"{"access_token":"t","expires_in":"86400"}"#;
                        let length = body.len();
                        let answer =
                            format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
                        stream.write_all(answer.as_bytes()).unwrap();
                    }
                }
            });
        }
    });
    (endpoint, requests)
}

/// Each fetch but the first is two requests: one over the lost connection, one over a new one. Eleven fetches are 21, of
/// which the last has to wait for the first to be more than a second ago.
#[tokio::test]
async fn a_request_that_is_sent_again_counts_again() {
    let (endpoint, requests) = one_answer_each();
    let identity = ManagedIdentity::builder()
        .endpoint(endpoint.parse().unwrap())
        .build();
    let started = tokio::time::Instant::now();
    for number in 0..11 {
        let audience = Audience::new(format!("https://a{number}.example/")).unwrap();
        let token = tokio::time::timeout(LIMIT, identity.token(&audience)).await;
        token.unwrap().unwrap();
    }
    assert_eq!(requests.load(Ordering::SeqCst), 21);
    assert!(
        started.elapsed() > Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
}
