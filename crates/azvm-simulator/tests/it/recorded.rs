//! Requests that other vendors' clients were seen to send, replayed as raw bytes.
//!
//! The recording is not part of the project; without it the test says so and passes.

use std::fmt::Write;

use azvm_simulator::Simulator;
use serde_json::Value;

use crate::wire::{Answer, arm_token, connect, exchange, start};

const DOCUMENTED: [u16; 7] = [200, 204, 400, 401, 403, 404, 405];

#[tokio::test]
async fn recorded_requests_of_other_clients_are_all_answered() {
    let path = format!(
        "{}/../../../shared/data/real-client-requests.jsonl",
        env!("CARGO_MANIFEST_DIR")
    );
    let Ok(recording) = std::fs::read_to_string(&path) else {
        return skipped(&path);
    };
    let simulator = start("healthy").await;
    let token = arm_token(&simulator, "").await;
    let mut answered = 0;
    for line in recording.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let (Some(kind), Some(method), Some(target)) = (
            row["kind"].as_str(),
            row["method"].as_str(),
            row["target"].as_str(),
        ) else {
            continue;
        };
        let endpoint = if kind == "imds" {
            simulator.imds_endpoint()
        } else {
            simulator.arm_http_endpoint()
        };
        let request = raw(&simulator, &row, method, target, &token);
        let answer = exchange(&mut connect(&endpoint).await, &request).await;
        assert!(
            DOCUMENTED.contains(&answer.status),
            "{method} {target}: {answer:?}"
        );
        check(&row, &request, answer.status);
        check_bytes(&row, &request, &answer);
        answered += 1;
    }
    assert!(answered > 900, "{answered}");
}

#[expect(clippy::print_stderr, reason = "a skipped test has to say so")]
fn skipped(path: &str) {
    eprintln!("skipped: there is no recording at {path}");
}

/// What the rows have in common: a token for whoever asks properly, and nothing hidden from a reader.
fn check(row: &Value, request: &[u8], status: u16) {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let target = row["target"].as_str().unwrap();
    let is_marked = text.contains("\r\nmetadata: true\r\n");
    match (
        row["kind"].as_str().unwrap(),
        row["method"].as_str().unwrap(),
    ) {
        ("imds", _) if !is_marked => assert_eq!(status, 400, "{target}"),
        ("imds", "GET") if target.contains("/token") && target.contains("resource=") => {
            let is_missing = target.contains("dead")
                || target.contains("userAssignedIdentities%2Fi&")
                || target.contains("client_id=&");
            assert!(is_missing || status == 200, "{target}: {status}");
        }
        ("imds", "GET") if target.contains("/metadata/instance") => {
            assert_eq!(status, 200, "{target}")
        }
        ("imds", _) => {}
        (_, "POST") => assert_eq!(status, 404, "{target}"),
        _ if target.contains("rg-missing") || target.starts_with("/v1.0") => {
            assert_eq!(status, 404, "{target}")
        }
        (_, "HEAD") => assert_eq!(status, 204, "{target}"),
        _ => assert_eq!(status, 200, "{target}"),
    }
}

/// Where the service's bytes are known, they are these.
fn check_bytes(row: &Value, request: &[u8], answer: &Answer) {
    if row["kind"] != "imds" {
        return;
    }
    assert_eq!(answer.header("server"), "IMDS/150.870.65.1854");
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let target = row["target"].as_str().unwrap();
    if !text.contains("\r\nmetadata: true\r\n") {
        assert_eq!(answer.body, METADATA_MISSING, "{target}");
    } else if target.contains("dead") {
        assert_eq!(answer.body, IDENTITY_NOT_FOUND, "{target}");
    } else if answer.status == 200 && target.contains("/oauth2/token") {
        let body = answer.json();
        let member = |name: &str| body[name].as_str().unwrap();
        let expected = format!(
            r#"{{"access_token":"{}","client_id":"{}","expires_in":"{}","expires_on":"{}","ext_expires_in":"86399","not_before":"{}","resource":"{}","token_type":"Bearer"}}"#,
            member("access_token"),
            member("client_id"),
            member("expires_in"),
            member("expires_on"),
            member("not_before"),
            member("resource"),
        );
        assert_eq!(answer.body, expected, "{target}");
    }
}

const METADATA_MISSING: &str =
    r#"{"error":"invalid_request","error_description":"Required metadata header not specified"}"#;
const IDENTITY_NOT_FOUND: &str =
    r#"{"error":"invalid_request","error_description":"Identity not found"}"#;

/// The recorded request with this simulator's names in place of the recorded world's.
fn raw(simulator: &Simulator, row: &Value, method: &str, target: &str, token: &str) -> Vec<u8> {
    let mut request = format!("{method} {target} HTTP/1.1\r\n");
    for header in row["headers"].as_array().unwrap() {
        let (name, value) = (header[0].as_str().unwrap(), header[1].as_str().unwrap());
        write!(request, "{name}: {value}\r\n").unwrap();
    }
    let body = row["body"].as_str().unwrap_or_default();
    request += "\r\n";
    let user = &simulator.world().user_identities()[0];
    let system = simulator.world().system_identity().unwrap();
    for (recorded, ours) in [
        (
            "aaaaaaaa-0000-4000-8000-000000000001",
            simulator.world().subscription_id(),
        ),
        ("11111111-1111-4111-8111-111111111111", &system.object_id),
        ("33333333-3333-4333-8333-333333333333", &user.client_id),
        ("44444444-4444-4444-8444-444444444444", &user.object_id),
        ("rg-demo", "rg-azvm-demo"),
        ("virtualMachines/vm-demo", "virtualMachines/vm-azvm-demo"),
        ("id-demo", "id-azvm-demo"),
        ("<token>", token),
    ] {
        request = request.replace(recorded, ours);
    }
    (request + body).into_bytes()
}
