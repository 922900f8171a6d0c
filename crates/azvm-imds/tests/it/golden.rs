//! Reads the recorded answers in `tests/data`, and makes requests and tokens for the other modules.

use azvm_exchange::{Response, Timestamp};
use azvm_imds::{Audience, IdentitySelector, TokenRequest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;

/// When the answers are read: 2025-09-11T16:40:56Z, when the recorded tokens were fresh.
pub(crate) const NOW: Timestamp = Timestamp::from_unix_seconds(1_757_608_856);

pub(crate) const ARM: &str = "https://management.azure.com/";

/// The recorded answer of this name, such as `token/imds`.
#[track_caller]
pub(crate) fn response(name: &str) -> Response {
    let path = folder().join(format!("{name}.http"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let text = text.replace("\r\n", "\n"); // as a checkout on Windows may have it
    let (head, body) = text.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().strip_prefix("HTTP/1.1 ").unwrap();
    let headers = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let body = body.strip_suffix('\n').unwrap();
    let response = Response::new(
        status[..3].parse().unwrap(),
        headers.collect(),
        body.as_bytes().to_vec(),
    );
    if let Some(length) = response.header("content-length") {
        assert_eq!(length, body.len().to_string(), "{name}");
    }
    response
}

/// The names of all recorded answers.
pub(crate) fn names() -> Vec<String> {
    let mut names = Vec::new();
    for topic in ["document", "error", "token"] {
        for entry in fs::read_dir(folder().join(topic)).unwrap() {
            let file = entry.unwrap().file_name().into_string().unwrap();
            names.push(format!("{topic}/{}", file.strip_suffix(".http").unwrap()));
        }
    }
    names
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// A token for ARM, as this identity.
pub(crate) fn ask(selector: IdentitySelector) -> TokenRequest {
    TokenRequest::new(Audience::new(ARM).unwrap(), selector)
}

pub(crate) fn ok(body: &str) -> Response {
    Response::new(200, vec![], body.as_bytes().to_vec())
}

/// A token of a JWT's shape with these claims.
pub(crate) fn jwt(claims: &str) -> String {
    let payload = URL_SAFE_NO_PAD.encode(claims);
    let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"none"}"#);
    format!("{header}.{payload}.{}", random_text())
}

/// 64 hexadecimal digits that differ from run to run.
pub(crate) fn random_text() -> String {
    let state = RandomState::new();
    (0..4)
        .map(|idx| format!("{:016x}", state.hash_one(idx)))
        .collect()
}
