//! Faults that spoil the connection, as a client sees them.

use std::time::Duration;

use azvm_simulator::{FaultRule, Simulator};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use crate::wire::{connect, connect_tls, imds, start, start_toml};

const REQUEST: &[u8] =
    b"GET /metadata/versions HTTP/1.1\r\nHost: x\r\nMetadata: true\r\nConnection: close\r\n\r\n";

/// Everything until the end, and whether the end was a reset.
async fn read_all(stream: &mut (impl AsyncRead + Unpin)) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    let outcome = stream.read_to_end(&mut bytes).await;
    let is_reset = outcome.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset);
    (bytes, is_reset)
}

async fn ask(simulator: &Simulator, rule: FaultRule) -> (String, bool) {
    simulator.fault(rule.with_times(1)).unwrap();
    let mut stream = connect(&simulator.imds_endpoint()).await;
    stream.write_all(REQUEST).await.unwrap();
    let (bytes, is_reset) = read_all(&mut stream).await;
    (String::from_utf8_lossy(&bytes).into_owned(), is_reset)
}

fn versions() -> FaultRule {
    FaultRule::imds("/metadata/versions")
}

/// The length that the head announces, and the one that the body has.
fn lengths(answer: &str) -> (usize, usize) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let line = lines
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    (line.parse().unwrap(), body.len())
}

#[tokio::test]
async fn each_fault_is_what_it_says() {
    let simulator = start("healthy").await;
    let whole = imds(&simulator, "/metadata/versions").await.body.len();

    assert_eq!(
        ask(&simulator, versions().with_reset()).await,
        (String::new(), true)
    );

    let (answer, is_reset) = ask(&simulator, versions().with_truncation()).await;
    assert_eq!((lengths(&answer), is_reset), ((whole, whole / 2), false));
    assert!(answer.contains("server: IMDS/"));

    let (answer, _) = ask(&simulator, versions().with_wrong_length()).await;
    assert_eq!(lengths(&answer), (whole / 2, whole));

    let (answer, _) = ask(&simulator, versions().with_garbage()).await;
    assert!(!answer.starts_with("HTTP/") && !answer.is_empty());

    let (answer, _) = ask(&simulator, versions().with_drip(Duration::from_millis(1))).await;
    assert_eq!(lengths(&answer), (whole, whole));

    let spoilt = versions()
        .with_body("text/html", "<html>")
        .with_status(502)
        .with_truncation();
    let (answer, _) = ask(&simulator, spoilt).await;
    assert!(
        answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n") && answer.ends_with("\r\n\r\n<ht"),
        "{answer}"
    );

    // They are over.
    assert_eq!(imds(&simulator, "/metadata/versions").await.status, 200);
    assert!(
        simulator.fault(versions()).is_err(),
        "a rule that does nothing"
    );
    assert!(simulator.fault(FaultRule::imds("x").with_reset()).is_err());
    assert!(simulator.fault(versions().with_status(99)).is_err());
}

#[tokio::test]
async fn a_drip_pauses_after_each_byte_and_a_delay_before_the_first() {
    let simulator = start("healthy").await;
    let rules = [
        versions()
            .with_body("text/plain", "x")
            .with_drip(Duration::from_millis(3)),
        versions().with_delay(Duration::from_millis(300)),
    ];
    for rule in rules {
        let before = simulator.clock().elapsed();
        ask(&simulator, rule).await;
        let took = simulator.clock().elapsed() - before;
        assert!(took >= Duration::from_millis(300), "{took:?}");
    }
}

#[tokio::test]
async fn a_tls_connection_is_reset_too() {
    let simulator = start("healthy").await;
    simulator.fault(FaultRule::arm("/").with_reset()).unwrap();
    let mut stream = connect_tls(&simulator, simulator.ca_pem(), "localhost")
        .await
        .unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(read_all(&mut stream).await, (Vec::new(), true));
}

#[tokio::test]
async fn probes_are_hit_when_asked_for() {
    let simulator = start("healthy").await;
    let probe = async || {
        crate::wire::get(&simulator.imds_endpoint(), "/metadata/versions", &[])
            .await
            .status
    };
    simulator.fault(versions().with_status(500)).unwrap();
    assert_eq!(probe().await, 400);
    simulator
        .fault(versions().with_status(503).with_unmarked())
        .unwrap();
    assert_eq!(probe().await, 503);
    simulator.clear_faults();
    assert_eq!(probe().await, 400);
}

#[tokio::test]
async fn scenario_files_spoil_connections_as_well() {
    let healthy = include_str!("../../scenarios/healthy.toml");
    let fault = "[[fault]]\nserver = 'imds'\npath_prefix = '/metadata/versions'\nconnection = 'truncate'\ntimes = 1\n";
    let simulator = start_toml(&format!("{healthy}\n{fault}")).await;
    let mut stream = connect(&simulator.imds_endpoint()).await;
    stream.write_all(REQUEST).await.unwrap();
    let (bytes, _) = read_all(&mut stream).await;
    let (announced, sent) = lengths(&String::from_utf8(bytes).unwrap());
    assert_eq!(announced / 2, sent);
}
