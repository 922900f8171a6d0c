//! Servers that are hostile before or inside TLS.

use super::silent::{BUDGET, drip};
use super::{Expect, PEAK_BYTES, Peer, Run, Server, check_no_bearer, run, runtime, silent};
use crate::fixture::{PATIENT, limits, wait_for_close};
use crate::tls::{Authority, names, self_signed};
use azvm_exchange::{FailureKind, Phase};
use azvm_http::Client;
use rcgen::{CertificateParams, date_time_ymd};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::sync::Arc;
use tokio::net::TcpStream;

/// Runs one case against `https://localhost`; returns what the server heard, all of it in clear.
fn check(
    name: &str,
    client: &Client,
    expect: Expect,
    script: impl FnOnce(&mut Peer) + Send + 'static,
) -> Vec<u8> {
    let server = Server::start(1, script);
    let origin = format!("https://localhost:{}", server.port)
        .parse()
        .unwrap();
    let Run { result, peak_bytes } = run(&runtime(), client, &origin, PATIENT);
    expect.check(name, &result);
    assert!(peak_bytes <= PEAK_BYTES, "{name}: {peak_bytes} bytes");
    let heard = server.heard();
    check_no_bearer(name, &heard);
    heard.concat()
}

/// Shakes hands, reads the request and says `answer`; tells how the stream is to end. Returns the request.
pub(crate) fn talk_tls(
    peer: &mut Peer,
    config: Arc<ServerConfig>,
    answer: &[u8],
    notify: bool,
) -> String {
    let connection = ServerConnection::new(config).unwrap();
    let mut stream = StreamOwned::new(connection, peer);
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(1) => request.push(byte[0]),
            _ => return String::new(), // the handshake failed, or the client is gone
        }
    }
    let _ = stream.write_all(answer);
    if notify {
        stream.conn.send_close_notify();
    }
    let _ = stream.flush();
    stream.sock.half_close();
    String::from_utf8(request).unwrap()
}

#[test]
fn certificates_that_are_not_to_be_trusted() {
    let authority = Authority::new();
    let localhost = || names(&["localhost"]);
    let dated = |from, to| {
        let mut params: CertificateParams = localhost();
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        params
    };
    let (refused, dates) = (FailureKind::Certificate, FailureKind::CertificateDates);
    for (name, config) in [
        ("expired", authority.config(&dated(2019, 2020))),
        ("not yet valid", authority.config(&dated(4000, 4001))),
        (
            "for another host",
            authority.config(&names(&["other.example"])),
        ),
        (
            "for a host below",
            authority.config(&names(&["a.localhost"])),
        ),
        ("self-signed", self_signed(&localhost())),
        ("of an unknown CA", Authority::new().config(&localhost())),
    ] {
        let kind = match name {
            "expired" | "not yet valid" => dates,
            "for another host" | "for a host below" => FailureKind::CertificateName,
            _ => refused,
        };
        let expect = Expect::Failure(kind, Phase::Tls);
        check(name, &authority.client(), expect, move |peer| {
            assert_eq!(talk_tls(peer, config, b"", true), "", "no request is sent");
        });
    }
}

/// A `ServerHello` of TLS 1.1 with a suite of its time.
fn server_hello_of_tls_1_1() -> Vec<u8> {
    let mut hello = vec![0x03, 0x02];
    hello.extend([0x55; 32]); // random
    hello.extend([0, 0x00, 0x2f, 0]); // no session, TLS_RSA_WITH_AES_128_CBC_SHA, no compression
    let mut record = vec![0x16, 0x03, 0x02, 0, 0, 0x02, 0, 0, 0];
    record[8] = u8::try_from(hello.len()).unwrap();
    record[4] = record[8] + 4;
    record.extend(hello);
    record
}

#[test]
fn what_is_no_handshake() {
    let client = Authority::new().client();
    let hello_1_1 = server_hello_of_tls_1_1();
    for (name, answer, kind) in [
        ("TLS 1.1 only", &hello_1_1[..], FailureKind::Tls),
        ("an alert", b"\x15\x03\x01\0\x02\x02\x46", FailureKind::Tls),
        (
            "plain HTTP",
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            FailureKind::NoTls,
        ),
        ("HTML", b"<html>sign in</html>", FailureKind::NoTls),
        ("zeros", &[0; 4096], FailureKind::NoTls),
        (
            "a record of 64 KiB",
            b"\x16\x03\x03\xff\xff....",
            FailureKind::Tls,
        ),
        ("nothing", b"", FailureKind::Closed),
        (
            "half a record",
            b"\x16\x03\x03\0\x7a\x02",
            FailureKind::Closed,
        ),
    ] {
        let answer = answer.to_vec();
        check(
            name,
            &client,
            Expect::Failure(kind, Phase::Tls),
            move |peer| {
                let mut hello = [0; 5];
                peer.read_exact(&mut hello).unwrap();
                peer.say(&answer);
                peer.half_close();
            },
        );
    }
}

#[test]
fn a_handshake_that_is_reset() {
    let expect = Expect::Failure(FailureKind::Reset, Phase::Tls);
    check("reset", &Authority::new().client(), expect, Peer::reset);
}

#[test]
fn streams_that_end_without_notice() {
    let authority = Authority::new();
    let whole = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";
    let open = "HTTP/1.1 200 OK\r\n\r\nbody";
    let closed = |phase| Expect::Failure(FailureKind::Closed, phase);
    for (name, answer, notify, expect) in [
        (
            "a whole answer, cut",
            whole,
            false,
            Expect::Answer(200, "body"),
        ),
        (
            "a body up to the end, cut",
            open,
            false,
            closed(Phase::Body),
        ),
        (
            "a body up to the end",
            open,
            true,
            Expect::Answer(200, "body"),
        ),
        (
            "a head, cut",
            "HTTP/1.1 200",
            false,
            closed(Phase::FirstByte),
        ),
        (
            "half a body",
            &whole[..whole.len() - 1],
            true,
            closed(Phase::Body),
        ),
    ] {
        let config = authority.config(&names(&["localhost"]));
        check(name, &authority.client(), expect, move |peer| {
            let request = talk_tls(peer, config, answer.as_bytes(), notify);
            assert!(request.contains(super::BEARER));
        });
    }
}

#[test]
fn handshakes_that_stall() {
    let make = |port| {
        let authority = Authority::new();
        (authority.client(), format!("https://127.0.0.1:{port}"))
    };
    let patience = PATIENT; // of `limits()`, which is less than the budget
    assert!(limits().first_byte() == patience && patience < BUDGET);
    let end = (Phase::Tls, patience);
    silent::check("says nothing", make, end, wait_for_close);
    silent::check("drips a record", make, end, async |stream: TcpStream| {
        let long_record = b"\x16\x03\x03\x3f\xff".iter().copied();
        drip(stream, long_record.chain(std::iter::repeat(2))).await;
    });
}
