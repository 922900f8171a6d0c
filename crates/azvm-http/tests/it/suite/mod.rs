//! The hostile server suite: named cases, each against raw sockets, each with the same things asserted.
//!
//! A case is over when its exchange has ended as its table says, and
//!
//! * it ended within its budget;
//! * the thread of the client never held more memory than the case may cost;
//! * no task is alive, and the next request of the same client gets its own answer;
//! * with the client gone, every socket that the server accepted is at its end;
//! * the bearer was seen by nobody but the server that it was meant for.
//!
//! Servers are blocking threads, so that the allocations counted are the client's. Where a server is silent or slow it is
//! a task under a paused clock instead: a minute of it takes no time.

mod cases;
mod plain;
mod silent;
#[cfg(feature = "tls")]
pub(crate) mod tls;
#[cfg(feature = "tls")]
pub(crate) mod tunnel;

use crate::fixture::PATIENT;
use azvm_exchange::{FailureKind, Origin, Phase, Request, Secret};
use azvm_http::{Client, Exchanged, TransportError};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// The bearer that every request here carries.
pub(super) const BEARER: &str = "eyJoZWFk.cGF5bG9hZA.c2lnbg";

/// The cap of the body in every case, which is that of a token.
pub(super) const BODY_BYTES: usize = 64 * 1024;

/// What an exchange may hold at once besides a body: the head's buffer and its parsed form, and the buffers of hyper, of
/// TLS and of the exchange itself.
pub(super) const PEAK_BYTES: u64 = 80 * 1024;

/// What an exchange may hold whose body comes up to the cap: the body, and once more while its buffer grows.
pub(super) const FULL_PEAK_BYTES: u64 = PEAK_BYTES + 2 * BODY_BYTES as u64;

/// What the request after the case is answered with.
const NEXT: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnext";

/// How the exchange has to end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expect {
    Answer(u16, &'static str),
    Failure(FailureKind, Phase),
}

impl Expect {
    #[track_caller]
    pub(super) fn check(self, name: &str, result: &Result<Exchanged, TransportError>) {
        match (self, result) {
            (Self::Answer(status, body), Ok(exchanged)) => {
                let read = String::from_utf8_lossy(exchanged.response.body());
                assert_eq!(
                    (exchanged.response.status(), &*read),
                    (status, body),
                    "{name}"
                );
            }
            (Self::Failure(kind, phase), Err(error)) => {
                assert_eq!(
                    (error.kind(), error.phase()),
                    (kind, phase),
                    "{name}: {error:?}"
                );
                let shown = format!("{error} {error:?} {}", error.to_failure());
                assert!(!shown.contains(BEARER), "{name}: {shown}");
            }
            (expected, result) => panic!("{name}: expected {expected:?}, found {result:?}"),
        }
    }
}

/// The server's side of one connection; remembers every byte that came.
pub(crate) struct Peer {
    pub(super) stream: TcpStream,
    pub(super) heard: Vec<u8>,
    is_over: bool,
}

impl Peer {
    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENT)).unwrap();
        stream.set_write_timeout(Some(PATIENT)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            heard: Vec::new(),
            is_over: false,
        }
    }

    /// The head of the next request; `None` when the client hung up instead.
    pub(crate) fn head(&mut self) -> Option<String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            match self.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                _ => return None,
            }
        }
        Some(String::from_utf8_lossy(&head).into_owned())
    }

    /// Writes, and leaves it to the next step to notice that nobody listens any more.
    pub(crate) fn say(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Writes without end, as long as somebody listens.
    pub(super) fn flood(&mut self, block: &str) {
        let blocks = block.repeat(8192_usize.div_ceil(block.len()));
        while self.stream.write_all(blocks.as_bytes()).is_ok() {}
    }

    /// Ends the connection with a reset, which is what closing it with unread bytes does.
    pub(super) fn reset(&mut self) {
        let _ = self.stream.peek(&mut [0]);
        self.is_over = true;
    }

    /// Says that nothing more will come, as a server that is done does.
    pub(super) fn half_close(&self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Answers what else is asked on this connection, and waits for its end.
    fn finish(mut self) -> Vec<u8> {
        while !self.is_over && self.head().is_some() {
            self.say(NEXT);
        }
        self.heard
    }
}

impl Read for Peer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.stream.read(buffer);
        if let Err(error) = &result {
            let is_guard = matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
            );
            assert!(!is_guard, "the client left its socket open");
        }
        self.heard.extend(&buffer[..*result.as_ref().unwrap_or(&0)]);
        result
    }
}

impl Write for Peer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Listens; connections get a script, and what is asked after it is answered with [`NEXT`].
pub(crate) struct Server {
    pub(crate) port: u16,
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Vec<u8>>>,
}

impl Server {
    /// Ends after `connections` of them, of which the first one gets `script`.
    pub(super) fn start(
        connections: usize,
        script: impl FnOnce(&mut Peer) + Send + 'static,
    ) -> Self {
        let script = Mutex::new(Some(script));
        Self::start_all(connections, move |peer| {
            let script = script.lock().unwrap().take();
            if let Some(script) = script {
                script(peer);
            }
        })
    }

    /// Ends after `connections` of them, or when it is asked what it heard; each one gets `script`.
    pub(crate) fn start_all(
        connections: usize,
        script: impl Fn(&mut Peer) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let script = Arc::new(script);
        let is_over = Arc::new(AtomicBool::new(false));
        let is_enough = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            let mut ends = Vec::new();
            for _ in 0..connections {
                let (stream, _) = listener.accept().unwrap();
                if is_enough.load(Ordering::SeqCst) {
                    break;
                }
                let script = Arc::clone(&script);
                ends.push(std::thread::spawn(move || {
                    let mut peer = Peer::new(stream);
                    script(&mut peer);
                    peer.finish()
                }));
            }
            ends.into_iter().map(|end| end.join().unwrap()).collect()
        });
        Self {
            port,
            is_over,
            thread,
        }
    }

    /// What came over each connection. Fails when one of them is not at its end after some seconds.
    pub(crate) fn heard(self) -> Vec<Vec<u8>> {
        self.is_over.store(true, Ordering::SeqCst);
        // Wakes the thread if it still waits for somebody; nobody minds if not.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        self.thread.join().expect("the server ends well")
    }
}

/// What a run cost and brought.
pub(crate) struct Run {
    pub(crate) result: Result<Exchanged, TransportError>,
    pub(crate) peak_bytes: u64,
}

pub(super) fn request() -> Request {
    Request::get("/subscriptions?q=hush".into())
        .with_bearer(&Secret::new(BEARER.into()))
        .with_max_response_bytes(BODY_BYTES)
}

/// One exchange, on this thread alone, with its allocations counted; no task is left of it.
pub(crate) fn run(runtime: &Runtime, client: &Client, origin: &Origin, budget: Duration) -> Run {
    let request = request();
    let mut result = None;
    let counted = allocation_counter::measure(|| {
        result = Some(runtime.block_on(client.send(origin, &request, budget)));
    });
    assert_eq!(runtime.metrics().num_alive_tasks(), 0);
    Run {
        result: result.unwrap(),
        peak_bytes: counted.bytes_max,
    }
}

pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[cfg(feature = "tls")]
#[track_caller]
pub(super) fn check_no_bearer(name: &str, heard: &[Vec<u8>]) {
    for bytes in heard {
        let has_bearer = bytes
            .windows(BEARER.len())
            .any(|window| window == BEARER.as_bytes());
        assert!(!has_bearer, "{name}: the bearer went over in clear");
    }
}
