//! A server on 127.0.0.1 that gives every request the same answer, however wrong.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

/// Answers until the test's process ends.
pub(crate) struct Scripted {
    endpoint: String,
    received: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// `answer` is everything from the status line on, with `\n` for the line ends of the head.
    pub(crate) fn start(answer: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (head, body) = answer.split_once("\n\n").unwrap();
        let answer = format!(
            "HTTP/1.1 {}\r\nContent-Length: {}\r\n\r\n{body}",
            head.replace('\n', "\r\n"),
            body.len()
        );
        let received: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&received);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                    head.extend(byte);
                }
                log.lock()
                    .unwrap()
                    .push(String::from_utf8_lossy(&head).into_owned());
                // A client that has gone away is no concern of the server's.
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { endpoint, received }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The heads of all requests so far.
    pub(crate) fn received(&self) -> Vec<String> {
        self.received.lock().unwrap().clone()
    }
}
