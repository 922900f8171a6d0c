//! Many connections at a time, within a bound of memory.

use std::time::Duration;

use azvm_simulator::Simulator;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::wire::{connect, imds, start};

const BUSY: usize = 200;
const IDLE: usize = 1_000;
const ROUNDS: usize = 5;

/// No more than this is waited for anything here.
const GUARD: Duration = Duration::from_secs(120);

const REQUEST: &[u8] = b"GET /metadata/identity/info?api-version=2018-02-01 HTTP/1.1\r\nHost: x\r\nMetadata: true\r\n\r\n";

/// Asks a few times on one connection.
async fn ask(mut stream: TcpStream) -> usize {
    let mut answered = 0;
    let mut buffer = [0; 1024];
    for _ in 0..ROUNDS {
        stream.write_all(REQUEST).await.unwrap();
        let count = stream.read(&mut buffer).await.unwrap();
        answered += usize::from(buffer[..count].starts_with(b"HTTP/1.1 200 OK"));
    }
    answered
}

async fn idle(simulator: &Simulator, count: usize) -> Vec<TcpStream> {
    let mut streams = Vec::new();
    for _ in 0..count {
        streams.push(connect(&simulator.imds_endpoint()).await);
    }
    streams
}

/// The scaled-down form of what `examples/load.rs` measures with ten thousand connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_connections_do_not_keep_busy_ones_from_their_answers() {
    let simulator = start("healthy").await;
    let run = async {
        let idle = idle(&simulator, IDLE).await;
        let mut busy = JoinSet::new();
        for _ in 0..BUSY {
            busy.spawn(ask(connect(&simulator.imds_endpoint()).await));
        }
        let answered: usize = busy.join_all().await.into_iter().sum();
        assert_eq!(answered, BUSY * ROUNDS);
        assert_eq!(imds(&simulator, "/metadata/versions").await.status, 200);
        drop(idle);
    };
    timeout(GUARD, run).await.expect("an answer to everybody");
    assert_eq!(simulator.journal().len(), BUSY * ROUNDS + 1);
}
