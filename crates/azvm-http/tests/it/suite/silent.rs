//! Servers that are silent or slow, under a paused clock: the deadline is kept to the millisecond, in no time.
//!
//! The clock runs only while everybody waits, so the server is a part of the same runtime here.

use super::{Expect, PEAK_BYTES, request};
use crate::fixture::{limits, listen, read_request, wait_for_close};
use azvm_exchange::{FailureKind, Origin, Phase};
use azvm_http::Client;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep, timeout};

pub(super) const BUDGET: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// The timers of tokio have a grain of a millisecond.
const GRAIN: Duration = Duration::from_millis(3);

/// Runs one case: `make` builds the client and says where it is to go, given the port of a server that does what
/// `script` says. The exchange times out in `phase`, just `after` it began, and the server finds its socket closed.
pub(super) fn check(
    name: &str,
    make: impl FnOnce(u16) -> (Client, String),
    (phase, after): (Phase, Duration),
    script: impl AsyncFnOnce(TcpStream),
) {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let request = request();
    let (listener, port) = runtime.block_on(async {
        let (listener, origin) = listen().await;
        (listener, origin.port())
    });
    let (client, origin) = make(port);
    let origin: Origin = origin.parse().unwrap();
    let counted = allocation_counter::measure(|| {
        runtime.block_on(async {
            let server = async {
                let (stream, _) = listener.accept().await.unwrap();
                script(stream).await;
            };
            let talk = async {
                let start = Instant::now();
                let result = client.send(&origin, &request, BUDGET).await;
                (result, start.elapsed())
            };
            let both = async { tokio::join!(server, talk).1 };
            let ended = timeout(10 * BUDGET, both).await;
            let (result, elapsed) = ended.expect("the client left its socket open");
            Expect::Failure(FailureKind::Timeout, phase).check(name, &result);
            assert!(
                (after..after + GRAIN).contains(&elapsed),
                "{name}: {elapsed:?}"
            );
        });
    });
    assert_eq!(runtime.metrics().num_alive_tasks(), 0, "{name}");
    assert!(
        counted.bytes_max <= PEAK_BYTES,
        "{name}: {} bytes",
        counted.bytes_max
    );
}

fn plain(port: u16) -> (Client, String) {
    let client = Client::plain(limits().with_first_byte(BUDGET)).with_secrets_on_loopback(true);
    (client, format!("http://127.0.0.1:{port}"))
}

/// One byte a second, for as long as somebody listens.
pub(super) async fn drip(mut stream: TcpStream, bytes: impl IntoIterator<Item = u8>) {
    for byte in bytes {
        if stream.write_u8(byte).await.is_err() {
            return;
        }
        sleep(SECOND).await;
    }
    wait_for_close(stream).await;
}

fn endless(start: &'static str) -> impl Iterator<Item = u8> {
    start.bytes().chain(std::iter::repeat(b'a'))
}

#[test]
fn a_server_that_never_answers() {
    let end = (Phase::FirstByte, BUDGET);
    check("never answers", plain, end, wait_for_close);
}

#[test]
fn a_server_that_takes_its_time_for_the_head() {
    let patience = BUDGET / 2;
    let make = |port| {
        let limits = limits().with_first_byte(patience);
        let client = Client::plain(limits).with_secrets_on_loopback(true);
        (client, format!("http://127.0.0.1:{port}"))
    };
    let end = (Phase::FirstByte, patience);
    check("thinks for too long", make, end, wait_for_close);
}

#[test]
fn a_head_of_one_byte_a_second() {
    let end = (Phase::FirstByte, BUDGET);
    check("drips its head", plain, end, async |mut stream| {
        read_request(&mut stream).await;
        drip(stream, endless("HTTP/1.1 200 OK\r\nX: ")).await;
    });
}

#[test]
fn a_body_of_one_byte_a_second() {
    for head in [
        &b"HTTP/1.1 200 OK\r\n\r\n"[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n",
    ] {
        let end = (Phase::Body, BUDGET);
        check("drips its body", plain, end, async |mut stream| {
            read_request(&mut stream).await;
            stream.write_all(head).await.unwrap();
            drip(stream, endless("")).await;
        });
    }
}

#[test]
fn an_interim_answer_a_second() {
    let end = (Phase::FirstByte, BUDGET);
    check("is always about to", plain, end, async |mut stream| {
        read_request(&mut stream).await;
        while stream
            .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
            .await
            .is_ok()
        {
            sleep(SECOND).await;
        }
    });
}
