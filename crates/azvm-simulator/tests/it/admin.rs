//! The admin API: the same changes over HTTP, from this machine's programs only.

use azvm_simulator::{Listen, Scenario, Simulator, StartError};
use serde_json::{Value, json};

use crate::wire::{Answer, TOKEN, arm, arm_token, connect, exchange, get, imds};

async fn start(scenario: &str) -> Simulator {
    let listen = Listen::default().with_admin("127.0.0.1:0".parse().unwrap());
    Simulator::start(Scenario::named(scenario).unwrap(), listen)
        .await
        .unwrap()
}

async fn request(simulator: &Simulator, method: &str, path: &str, body: &str) -> Answer {
    let endpoint = simulator.admin_endpoint().unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    exchange(&mut connect(&endpoint).await, head.as_bytes()).await
}

async fn post(simulator: &Simulator, path: &str, body: Value) -> Value {
    let answer = request(simulator, "POST", path, &body.to_string()).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

async fn read(simulator: &Simulator, path: &str) -> Value {
    request(simulator, "GET", path, "").await.json()
}

#[tokio::test]
async fn roles_identities_and_time_are_changed_by_hand() {
    let simulator = start("no-identity").await;
    post(&simulator, "/clock", json!({ "speed": 0 })).await;
    let identity = post(&simulator, "/attach", json!({ "name": "id-new" })).await;
    let object_id = identity["object_id"].as_str().unwrap();
    let token = arm_token(&simulator, "").await;
    let group = "/subscriptions/{sub}/resourceGroups/{rg}?api-version=2021-04-01";
    assert_eq!(arm(&simulator, &token, group).await.status, 403);
    let grant = json!({ "principal_id": object_id, "role": "Reader", "scope": "subscription", "propagation_seconds": [600] });
    let id = post(&simulator, "/grant", grant).await["id"].clone();
    assert_eq!(arm(&simulator, &token, group).await.status, 403);
    let before = read(&simulator, "/clock").await["elapsed_seconds"]
        .as_u64()
        .unwrap();
    let after = post(&simulator, "/clock", json!({ "advance_seconds": 600 })).await;
    assert_eq!(after["elapsed_seconds"], before + 600);
    assert_eq!(arm(&simulator, &token, group).await.status, 200);
    let world = read(&simulator, "/world").await;
    assert_eq!(world["role_assignments"][0]["id"], id);
    assert_eq!(world["user_identities"][0]["name"], "id-new");
    let denial = post(
        &simulator,
        "/deny",
        json!({ "name": "d", "scope": "subscription" }),
    )
    .await;
    assert_eq!(
        arm(&simulator, &token, group).await.code(),
        "DenyAssignmentAuthorizationFailed"
    );
    post(&simulator, "/undeny", denial).await;
    post(&simulator, "/revoke", json!({ "id": id })).await;
    post(
        &simulator,
        "/recreate-identity",
        json!({ "name": "id-new" }),
    )
    .await;
    post(&simulator, "/delete-identity", json!({ "name": "id-new" })).await;
    post(&simulator, "/detach", json!({ "name": "id-new" })).await;
    assert!(
        post(&simulator, "/system-identity", json!({ "on": true })).await["client_id"].is_string()
    );
    assert!(
        post(&simulator, "/system-identity", json!({ "on": false }))
            .await
            .is_null()
    );
    post(
        &simulator,
        "/tenant",
        json!({ "id": "fa4e0000-0001-4000-8000-000000000009" }),
    )
    .await;
    assert_eq!(
        read(&simulator, "/world").await["tenant_id"],
        "fa4e0000-0001-4000-8000-000000000009"
    );
}

#[tokio::test]
async fn faults_fronts_limits_and_the_journal_are_too() {
    let simulator = start("healthy").await;
    let versions = async || imds(&simulator, "/metadata/versions").await.status;
    let fault = json!({ "server": "imds", "path_prefix": "/metadata/versions", "status": 503, "json": { "a:b": "c\"d:e" } });
    post(&simulator, "/fault", fault).await;
    let answer = imds(&simulator, "/metadata/versions").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (503, r#"{"a:b":"c\"d:e"}"#)
    );
    assert_eq!(
        request(&simulator, "DELETE", "/faults", "").await.status,
        200
    );
    assert_eq!(versions().await, 200);
    post(
        &simulator,
        "/front",
        json!({ "server": "imds", "kind": "http-proxy-407" }),
    )
    .await;
    assert_eq!(versions().await, 407);
    post(&simulator, "/front", json!({ "server": "imds" })).await;
    post(&simulator, "/clock", json!({ "speed": 0 })).await;
    post(&simulator, "/rate-limits", json!({ "on": true })).await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(versions().await);
    }
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429]);
    post(&simulator, "/rate-limits", json!({ "on": false })).await;
    let event = post(&simulator, "/event", json!({ "type": "Reboot" })).await;
    assert!(event["id"].is_string());

    let token = arm_token(&simulator, "").await;
    post(&simulator, "/forget-tokens", json!({})).await;
    assert_ne!(arm_token(&simulator, "").await, token);
    arm(&simulator, &token, "/tenants?api-version=2020-01-01").await;
    let journal = read(&simulator, "/journal").await;
    let entries = journal["entries"].as_array().unwrap();
    assert!(entries.iter().all(|entry| entry["server"] != "admin"));
    let token_requests = entries
        .iter()
        .filter(|entry| entry["target"].as_str().unwrap().starts_with(TOKEN));
    assert_eq!(token_requests.count(), 2);
    assert!(!journal.to_string().contains(&token));
    assert_eq!(
        request(&simulator, "DELETE", "/journal", "").await.status,
        200
    );
    assert!(simulator.journal().is_empty());
}

#[tokio::test]
async fn mistakes_are_named_and_change_nothing() {
    let simulator = start("healthy").await;
    let before = read(&simulator, "/world").await;
    for (path, body, words) in [
        ("/grant", "{", "EOF"),
        (
            "/grant",
            r#"{"role":"Reader","scope":"subscription"}"#,
            "principal_id",
        ),
        (
            "/grant",
            r#"{"principal_id":"x","role":"Reader","scope":"subscription"}"#,
            "there is no principal 'x'",
        ),
        (
            "/grant",
            r#"{"principal_id":"x","role":"Raeder","scope":"subscription"}"#,
            "unknown role 'Raeder'",
        ),
        (
            "/revoke",
            r#"{"id":"x"}"#,
            "there is no role assignment 'x'",
        ),
        ("/attach", r#"{"name":"a/b"}"#, "'a/b' is no name"),
        ("/attach", r#"{"nmae":"a"}"#, "unknown field `nmae`"),
        (
            "/fault",
            r#"{"server":"imds","path_prefix":"/","status":99}"#,
            "line 1: a status is a number from 200 to 599",
        ),
        (
            "/fault",
            r#"{"server":"imds","path_prefix":"/","status":500,"body_file":"x"}"#,
            "body_file is for scenarios",
        ),
        ("/fault", "\u{1}", "expected value"),
        (
            "/front",
            r#"{"server":"imds","kind":"nobody"}"#,
            "unknown variant `nobody`",
        ),
        ("/front", r#"{"server":"x"}"#, "the server is arm or imds"),
        ("/event", r#"{"type":"Party"}"#, "an event is one of"),
        ("/clock", r#"{"speed":-1}"#, "invalid value"),
    ] {
        let answer = request(&simulator, "POST", path, body).await;
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert_eq!(answer.status, 400, "{path} {body}");
        assert!(error.contains(words), "{path} {body}: {error}");
    }
    for (method, path) in [
        ("POST", "/nothing"),
        ("GET", "/grant"),
        ("PUT", "/fault"),
        ("DELETE", "/world"),
    ] {
        assert_eq!(request(&simulator, method, path, "{}").await.status, 404);
    }
    assert_eq!(read(&simulator, "/world").await, before);
    let operations = read(&simulator, "/").await["operations"].clone();
    assert!(operations.as_array().unwrap().len() > 20);
}

#[tokio::test]
async fn browsers_and_other_machines_are_kept_out() {
    let simulator = start("healthy").await;
    let endpoint = simulator.admin_endpoint().unwrap();
    let origin = get(&endpoint, "/world", &["Origin: http://localhost"]).await;
    assert_eq!(origin.status, 403);
    let rebound = b"GET /world HTTP/1.1\r\nHost: attacker.example\r\n\r\n";
    assert_eq!(
        exchange(&mut connect(&endpoint).await, rebound)
            .await
            .status,
        403
    );
    for address in ["0.0.0.0:0", "169.254.169.254:0", "10.0.0.1:0"] {
        let listen = Listen::default()
            .with_unsafe_any_address(true)
            .with_admin(address.parse().unwrap());
        let error = Simulator::start(Scenario::named("healthy").unwrap(), listen)
            .await
            .unwrap_err();
        assert!(
            matches!(error, StartError::AddressRefused { .. }),
            "{error}"
        );
    }
    let without = Simulator::start(Scenario::named("healthy").unwrap(), Listen::default())
        .await
        .unwrap();
    assert_eq!(without.admin_endpoint(), None);
}
