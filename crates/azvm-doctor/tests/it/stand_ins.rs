//! The doctor at servers that stand in for IMDS and ARM, and stumble over one request or have manners of their own.

use crate::support::{Run, doctor};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

const TARGET: &str = "/subscriptions/22222222-aaaa-4000-8000-000000000002/resourceGroups/app-rg";

/// As Python's `send_error(400)` writes it, shortened. Source: python/cpython:Lib/http/server.py.
const PYTHON_PAGE: &str =
    "<!DOCTYPE HTML>\n<html lang=\"en\"><head><title>Error response</title></head></html>";

/// The answer to a request, by its head and how many there were before; `None` ends the connection without one.
type Answer = fn(&str, usize) -> Option<String>;

/// A server on a port of its own, for as long as the test runs.
fn serve(answer: Answer) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let before = AtomicUsize::new(0);
        for stream in listener.incoming().flatten() {
            // A client that goes away early is part of some tests.
            let _ = reply(stream, answer, &before);
        }
    });
    address
}

fn reply(mut stream: TcpStream, answer: Answer, before: &AtomicUsize) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? == 1 {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    match answer(&head, before.fetch_add(1, Ordering::SeqCst)) {
        Some(response) => stream.write_all(response.as_bytes()),
        None => Ok(()),
    }
}

fn response(status: u16, headers: &str, body: &str) -> Option<String> {
    let length = body.len();
    Some(format!(
        "HTTP/1.1 {status} Scripted\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    ))
}

/// Tokens, and the error of IMDS without the header; a description of the machine it has none.
fn imds(head: &str, _: usize) -> Option<String> {
    let json = "Content-Type: application/json\r\n";
    match head.contains("\r\nmetadata: true\r\n") {
        true if head.starts_with("get /metadata/identity/oauth2/token?") => {
            let body = r#"{"access_token":"token-of-a-stand-in","expires_in":"3600","token_type":"Bearer"}"#;
            response(200, json, body)
        }
        true => response(404, json, r#"{"error":"not found"}"#),
        false => response(400, json, r#"{"error":"invalid_request"}"#),
    }
}

fn arm(head: &str, _: usize) -> Option<String> {
    let body = format!(r#"{{"id":"{TARGET}","name":"app-rg","location":"westeurope"}}"#);
    match head.contains("\r\nauthorization: bearer token-of-a-stand-in\r\n") {
        true => response(200, "x-ms-request-id: 1\r\n", &body),
        false => response(401, "WWW-Authenticate: Bearer\r\n", ""),
    }
}

fn examine(imds: Answer, arm: Answer) -> Run {
    let (imds, arm) = (serve(imds), serve(arm));
    let args = ["--target", TARGET, "--format", "json"];
    Run::of(
        doctor(&args)
            .args(["--imds-endpoint", &format!("http://{imds}")])
            .args(["--arm-endpoint", &format!("http://{arm}")]),
    )
}

/// Nothing failed; of what there is to say, `code` is said in these words.
#[track_caller]
fn passes(run: Run, code: &str, words: &str) {
    let run = run.expect_code(0);
    let report = run.report();
    assert_eq!(report.status("arm.target"), "ok", "{run:#?}");
    assert!(report.codes().contains(&code), "{run:#?}");
    assert!(run.stdout.contains(words), "{run:#?}");
}

#[test]
fn a_stand_in_that_is_well_passes() {
    let run = examine(imds, arm).expect_code(0);
    // It has no description of the machine, and that is all.
    assert_eq!(run.report().codes(), ["IMDS-022"], "{run:#?}");
}

#[test]
fn a_first_connection_that_is_lost_is_no_verdict() {
    let stumbling = |head: &str, before| match before {
        0 => None,
        _ => imds(head, before),
    };
    passes(
        examine(stumbling, arm),
        "IMDS-006",
        "recovered after 1 retry",
    );
    let stumbling = |head: &str, before| match before {
        0 => None,
        _ => arm(head, before),
    };
    passes(
        examine(imds, stumbling),
        "ARM-023",
        "recovered after 1 retry",
    );
    let run = examine(|_, _| None, arm).expect_code(1);
    assert_eq!(run.report().root_causes(), ["IMDS-006"]);
    let run = examine(imds, |_, _| None).expect_code(1);
    assert_eq!(run.report().root_causes(), ["ARM-023"]);
}

#[test]
fn a_first_503_is_no_verdict() {
    let stumbling = |head: &str, before| match before {
        0 | 1 => response(503, "", ""),
        _ => imds(head, before),
    };
    passes(
        examine(stumbling, arm),
        "IMDS-006",
        "recovered after 2 retries",
    );
    let stumbling = |head: &str, before| match before {
        0 | 1 => response(503, "", ""),
        _ => arm(head, before),
    };
    passes(
        examine(imds, stumbling),
        "ARM-017",
        "recovered after 2 retries",
    );
}

#[test]
fn a_stand_in_may_refuse_without_the_header_as_it_likes() {
    const PAGE: &str =
        "Server: BaseHTTP/0.6 Python/3.11.7\r\nContent-Type: text/html;charset=utf-8\r\n";
    let python = |head: &str, before| match head.contains("\r\nmetadata: true\r\n") {
        true => imds(head, before),
        false => response(400, PAGE, PYTHON_PAGE),
    };
    passes(
        examine(python, arm),
        "NET-014",
        "in another form than IMDS's",
    );
    // Who has no token either is a stranger.
    let run = examine(|_, _| response(400, PAGE, PYTHON_PAGE), arm).expect_code(1);
    assert_eq!(run.report().root_causes(), ["NET-014"], "{run:#?}");
}

#[test]
fn an_arm_that_the_caller_named_may_refuse_without_a_token_as_it_likes() {
    let bare = |head: &str, before| match head.contains("\r\nauthorization: ") {
        true => arm(head, before),
        false => response(401, "Content-Type: text/html\r\n", "<h1>Unauthorized</h1>"),
    };
    let run = examine(imds, bare).expect_code(0);
    assert_eq!(run.report().status("arm.target"), "ok", "{run:#?}");
    // A proxy names itself, and is shown no token.
    let proxy = |head: &str, _| match head.contains("\r\nauthorization: ") {
        true => None,
        false => response(403, "Via: 1.1 proxy\r\n", ""),
    };
    let run = examine(imds, proxy).expect_code(1);
    assert_eq!(run.report().root_causes(), ["ARM-019"]);
}
