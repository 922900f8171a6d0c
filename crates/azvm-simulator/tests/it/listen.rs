//! Where the simulator listens, where it refuses to, and how it ends.

use std::error::Error;
use std::io::ErrorKind;
use std::net::SocketAddr;

use azvm_simulator::{Listen, Scenario, Simulator, StartError};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::wire::{address, connect, exchange, imds, start};

async fn start_at(listen: Listen) -> Result<Simulator, StartError> {
    Simulator::start(Scenario::named("healthy").unwrap(), listen).await
}

fn parse(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

#[tokio::test]
async fn addresses_that_others_can_reach_are_refused() {
    for address in [
        "0.0.0.0:0",
        "[::]:0",
        "10.0.0.1:0",
        "169.254.169.253:0",
        "[::ffff:127.0.0.1]:0",
    ] {
        let address = parse(address);
        for listen in [
            Listen::default().with_imds(address),
            Listen::default().with_arm_https(address),
            Listen::default().with_arm_http(address),
        ] {
            let error = start_at(listen).await.unwrap_err();
            assert!(
                matches!(error, StartError::AddressRefused { .. }),
                "{error}"
            );
        }
    }
    let error = start_at(Listen::default().with_imds(parse("10.0.0.1:80")))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "10.0.0.1:80 is neither a loopback address nor 169.254.169.254, so the simulated IMDS does not listen there"
    );
}

#[tokio::test]
async fn any_address_can_be_insisted_on_but_not_for_tokens_in_plain_text() {
    let any = parse("0.0.0.0:0");
    let listen = Listen::default()
        .with_unsafe_any_address(true)
        .with_imds(any)
        .with_arm_https(any);
    assert!(start_at(listen.clone()).await.is_ok());
    let error = start_at(listen.with_arm_http(any)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "0.0.0.0:0 is not a loopback address, and the simulated ARM speaks plain HTTP on loopback only"
    );
}

#[tokio::test]
async fn a_taken_address_is_named() {
    let first = start("healthy").await;
    let taken = parse(address(&first.imds_endpoint()));
    let error = start_at(Listen::default().with_arm_https(taken))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("the simulated ARM (https) cannot listen on {taken}")
    );
    let source = error
        .source()
        .unwrap()
        .downcast_ref::<std::io::Error>()
        .unwrap();
    assert_eq!(source.kind(), ErrorKind::AddrInUse);
    // A scenario in which nothing listens keeps its addresses too.
    let silent = start("not-azure").await;
    let taken = parse(address(&silent.imds_endpoint()));
    assert!(start_at(Listen::default().with_imds(taken)).await.is_err());
}

#[tokio::test]
async fn the_endpoints_are_urls_also_for_ipv6() {
    let listen = Listen::default().with_imds(parse("[::1]:0"));
    // Some machines have no IPv6.
    let Ok(simulator) = start_at(listen).await else {
        return;
    };
    assert!(
        simulator.imds_endpoint().starts_with("http://[::1]:"),
        "{}",
        simulator.imds_endpoint()
    );
    assert_eq!(imds(&simulator, "/metadata/versions").await.status, 200);
}

#[tokio::test]
async fn where_nothing_listens_a_connection_is_refused_at_once() {
    let simulator = start("not-azure").await;
    for endpoint in [
        simulator.imds_endpoint(),
        simulator.arm_endpoint(),
        simulator.arm_http_endpoint(),
    ] {
        let error = TcpStream::connect(address(&endpoint)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{endpoint}");
    }
}

#[tokio::test]
async fn shutdown_ends_connections_and_frees_the_addresses() {
    let simulator = start("healthy").await;
    let endpoint = simulator.imds_endpoint();
    let mut stream = connect(&endpoint).await;
    assert_eq!(
        exchange(&mut stream, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .status,
        400
    );
    simulator.shutdown().await;
    assert_ended(&mut stream).await;
    assert!(TcpStream::connect(address(&endpoint)).await.is_err());
    let again = start_at(Listen::default().with_imds(parse(address(&endpoint)))).await;
    assert_eq!(
        imds(&again.unwrap(), "/metadata/versions").await.status,
        200
    );
}

#[tokio::test]
async fn dropping_ends_connections_too() {
    let simulator = start("healthy").await;
    let mut stream = connect(&simulator.imds_endpoint()).await;
    assert_eq!(
        exchange(&mut stream, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .status,
        400
    );
    drop(simulator);
    assert_ended(&mut stream).await;
}

async fn assert_ended(stream: &mut TcpStream) {
    assert!(matches!(stream.read(&mut [0; 1]).await, Ok(0) | Err(_)));
}
