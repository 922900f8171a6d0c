//! What the simulator remembers of the requests.

use azvm_simulator::Server;

use crate::wire::{arm, arm_token, connect, exchange, get, imds, start};

#[tokio::test]
async fn every_request_is_recorded_as_sent() {
    let simulator = start("healthy").await;
    get(
        &simulator.imds_endpoint(),
        "/metadata/versions?a=%20b&c=+",
        &["X-First: 1", "Metadata: True", "x-first: 2"],
    )
    .await;
    get(
        &simulator.imds_endpoint(),
        "http://169.254.169.254/metadata/versions",
        &[],
    )
    .await;
    let journal = simulator.journal();
    let first = &journal[0];
    assert_eq!(
        (first.server, first.method.as_str(), first.status),
        (Server::Imds, "GET", 200)
    );
    assert_eq!(first.target, "/metadata/versions?a=%20b&c=+");
    assert_eq!(first.header("metadata"), Some("True"));
    let firsts: Vec<_> = first
        .headers
        .iter()
        .filter(|(name, _)| name == "x-first")
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(firsts, ["1", "2"]);
    assert_eq!(
        (journal[1].target.as_str(), journal[1].status),
        ("http://169.254.169.254/metadata/versions", 400)
    );
    assert!(journal[1].at_millis >= first.at_millis);
    assert_eq!(simulator.journal_dropped(), 0);
}

#[tokio::test]
async fn a_bearer_token_is_not_recorded() {
    let simulator = start("healthy").await;
    let token = arm_token(&simulator, "").await;
    arm(&simulator, &token, "/subscriptions?api-version=2022-12-01").await;
    let journal = simulator.journal();
    let last = journal.last().unwrap();
    assert_eq!(
        (last.server, last.header("Authorization")),
        (Server::ArmHttp, Some("<redacted>"))
    );
    assert!(!format!("{journal:?}").contains(&token));
}

#[tokio::test]
async fn requests_of_one_connection_are_told_from_others() {
    let simulator = start("healthy").await;
    let mut stream = connect(&simulator.imds_endpoint()).await;
    for _ in 0..3 {
        let answer = exchange(
            &mut stream,
            b"GET /metadata/versions HTTP/1.1\r\nHost: x\r\nMetadata: true\r\n\r\n",
        )
        .await;
        assert_eq!(answer.status, 200);
    }
    imds(&simulator, "/metadata/versions").await;
    let connections: Vec<_> = simulator
        .journal()
        .iter()
        .map(|received| received.connection)
        .collect();
    assert!(
        connections[0] == connections[1]
            && connections[1] == connections[2]
            && connections[2] != connections[3],
        "{connections:?}"
    );
}
