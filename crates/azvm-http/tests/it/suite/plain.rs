//! The runner for plain HTTP, and the servers that need more than one answer of fixed bytes.

use super::cases::ANSWERS;
use super::{Expect, FULL_PEAK_BYTES, PEAK_BYTES, Peer, Run, Server, run, runtime};
use crate::fixture::{IMPATIENT, PATIENT, limits};
use azvm_exchange::{FailureKind, Phase};
use azvm_http::{Client, IMDS_IDLE_AGE};
use std::net::TcpListener;
use std::time::Duration;
use tokio::time::Instant;

type Script = fn(&mut Peer);

/// Runs one case. The client keeps a connection, so that a bad one would be met again by the next request.
fn check(
    name: &str,
    expect: Expect,
    budget: Duration,
    script: impl FnOnce(&mut Peer) + Send + 'static,
) {
    let client =
        Client::plain(limits().with_idle_age(IMDS_IDLE_AGE)).with_secrets_on_loopback(true);
    let runtime = runtime();
    let server = Server::start(2, script);
    let origin = format!("http://127.0.0.1:{}", server.port).parse().unwrap();

    let Run { result, peak_bytes } = run(&runtime, &client, &origin, budget);
    expect.check(name, &result);
    let allowed = match expect {
        Expect::Failure(FailureKind::TooLarge, Phase::Body) => FULL_PEAK_BYTES,
        _ => PEAK_BYTES,
    };
    assert!(peak_bytes <= allowed, "{name}: {peak_bytes} bytes");

    let next = run(&runtime, &client, &origin, PATIENT);
    Expect::Answer(200, "next").check(name, &next.result);
    drop(client);
    let connections = if next.result.unwrap().reused { 1 } else { 2 };
    assert_eq!(server.heard().len(), connections, "{name}");
}

#[test]
fn answers_of_fixed_bytes() {
    for &(name, answer, expect) in ANSWERS {
        check(name, expect, PATIENT, move |peer| {
            peer.head();
            peer.say(answer);
            peer.half_close();
        });
    }
}

/// The answer stays open here: that it ends is not for the server's end of the connection to say.
#[test]
fn answers_that_end_by_themselves() {
    for &(name, answer, expect) in ANSWERS {
        let is_whole = name.ends_with("(whole)");
        if is_whole {
            check(name, expect, PATIENT, move |peer| {
                peer.head();
                peer.say(answer);
            });
        }
    }
}

const ENDLESS: &[(&str, &str, &str, FailureKind, Phase)] = &[
    (
        "an endless status line",
        "HTTP/1.1 200 O",
        "O",
        FailureKind::TooLarge,
        Phase::FirstByte,
    ),
    (
        "endless headers",
        "HTTP/1.1 200 OK\r\n",
        "X: y\r\n",
        FailureKind::TooLarge,
        Phase::FirstByte,
    ),
    (
        "an endless header",
        "HTTP/1.1 200 OK\r\nX: ",
        "y",
        FailureKind::TooLarge,
        Phase::FirstByte,
    ),
    (
        "an endless body",
        "HTTP/1.1 200 OK\r\n\r\n",
        "on and on ",
        FailureKind::TooLarge,
        Phase::Body,
    ),
    (
        "empty lines for ever",
        "",
        "\r\n",
        FailureKind::TooLarge,
        Phase::FirstByte,
    ),
    (
        "endless chunks",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "4\r\nbody\r\n",
        FailureKind::TooLarge,
        Phase::Body,
    ),
    (
        "a chunk without end",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        "on and on ",
        FailureKind::TooLarge,
        Phase::Body,
    ),
    (
        "an endless chunk extension",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=",
        "x",
        FailureKind::Protocol,
        Phase::Body,
    ),
    (
        "an endless chunk size",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "1",
        FailureKind::Protocol,
        Phase::Body,
    ),
    (
        "endless trailers",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        "X: y\r\n",
        FailureKind::Protocol,
        Phase::Body,
    ),
];

#[test]
fn servers_that_never_stop() {
    for &(name, head, rest, kind, phase) in ENDLESS {
        check(name, Expect::Failure(kind, phase), PATIENT, move |peer| {
            peer.head();
            peer.say(head.as_bytes());
            peer.flood(rest);
        });
    }
}

/// Nothing but the clock ends these, at full speed: their memory is what counts.
#[test]
fn floods_that_only_the_clock_ends() {
    let zeros = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (name, head, rest, phase) in [
        (
            "interim answers",
            "",
            "HTTP/1.1 100 Continue\r\n\r\n",
            Phase::FirstByte,
        ),
        ("a chunk size of zeros", zeros, "0", Phase::Body),
    ] {
        let expect = Expect::Failure(FailureKind::Timeout, phase);
        let start = Instant::now();
        check(name, expect, 2 * IMPATIENT, move |peer| {
            peer.head();
            peer.say(head.as_bytes());
            peer.flood(rest);
        });
        assert!(start.elapsed() >= 2 * IMPATIENT, "{name}");
    }
}

const RUDE: &[(&str, Script, Expect)] = &[
    (
        "a server that accepts and resets",
        |peer| peer.reset(),
        Expect::Failure(FailureKind::Reset, Phase::FirstByte),
    ),
    (
        "a server that hangs up at once",
        |peer| {
            peer.head();
            peer.half_close();
        },
        Expect::Failure(FailureKind::Closed, Phase::FirstByte),
    ),
    (
        "a server that closes its half in the middle of the body",
        |peer| {
            peer.head();
            peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo");
            peer.half_close();
        },
        Expect::Failure(FailureKind::Closed, Phase::Body),
    ),
    (
        "a server that writes its answer byte by byte",
        |peer| {
            peer.head();
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody" {
                peer.say(&[*byte]);
            }
        },
        Expect::Answer(200, "body"),
    ),
];

#[test]
fn servers_that_are_rude() {
    for &(name, script, expect) in RUDE {
        check(name, expect, PATIENT, script);
    }
}

/// Nobody connects where a redirect leads, and the bearer stays where it was sent.
#[test]
fn redirects_lead_nowhere() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let port = elsewhere.local_addr().unwrap().port();
    for (name, location) in [
        ("a redirect to a file", "file:///etc/passwd".to_owned()),
        (
            "a redirect to another host",
            format!("http://127.0.0.1:{port}/"),
        ),
        (
            "a redirect to another scheme",
            format!("https://127.0.0.1:{port}/"),
        ),
        (
            "a redirect without a scheme",
            format!("//127.0.0.1:{port}/"),
        ),
        ("a redirect to itself", "/subscriptions?q=hush".to_owned()),
    ] {
        for status in [301, 302, 303, 307, 308] {
            let answer = format!(
                "HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
            );
            check(name, Expect::Answer(status, ""), PATIENT, move |peer| {
                peer.head();
                peer.say(answer.as_bytes());
            });
        }
    }
    let error = elsewhere.accept().expect_err("nobody follows a redirect");
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

/// Without leave the bearer is not even offered to a server on loopback.
#[test]
fn a_bearer_over_plain_http_is_not_sent_without_leave() {
    let client = Client::plain(limits());
    let server = Server::start(1, |_| {});
    let origin = format!("http://127.0.0.1:{}", server.port).parse().unwrap();
    let refused = run(&runtime(), &client, &origin, PATIENT).result;
    Expect::Failure(FailureKind::Unsafe, Phase::Connect).check("no leave", &refused);
    assert!(server.heard().is_empty(), "nobody even connects");
}
