//! Measures the simulator on loopback: `load [SECONDS]`.
//!
//! Token requests a second, beside a bare hyper server that answers the same bytes in the same run and with the same clients;
//! then the memory that idle and busy connections take.
//! It wants a release build, and more file descriptors than there are connections: `ulimit -n 12000`.

#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::convert::Infallible;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use azvm_simulator::{Listen, Scenario, Simulator};
use bytes::Bytes;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const BUSY: usize = 1_000;
const CLIENTS: usize = 32;
const CONNECT: &str = "connect";
const IDLE: usize = 10_000;
const ROUNDS: usize = 20;
const REQUEST: &[u8] = b"GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com HTTP/1.1\r\n\
    Host: 169.254.169.254\r\nMetadata: true\r\n\r\n";

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next();
    if let (Some(CONNECT), Some(address)) = (first.as_deref(), arguments.next()) {
        return connect(address.parse()?).await;
    }
    let seconds = first.map_or(Ok(5), |text| text.parse())?;
    let span = Duration::from_secs(seconds);
    let scenario = Scenario::named("healthy").ok_or("no such scenario")?;
    let simulator = Simulator::start(scenario, Listen::default()).await?;
    let address: SocketAddr = simulator
        .imds_endpoint()
        .trim_start_matches("http://")
        .parse()?;
    let answer = exchange(&mut TcpStream::connect(address).await?).await?;
    let bare = bare(&answer).await?;

    // In turns, so that what else the machine does hits both.
    let mut rates = [0, 0];
    for _ in 0..2 {
        rates[0] += rate(bare, span).await? / 2;
        rates[1] += rate(address, span).await? / 2;
    }
    let [bare, ours] = rates;
    println!("bare hyper   {bare:>8} requests/s");
    println!(
        "simulator    {ours:>8} requests/s   {} %",
        ours * 100 / bare.max(1)
    );

    println!("memory       {:>8} MB before", megabytes()?);
    // In a process of its own: the clients' halves are not the simulator's memory.
    let mut peer = Command::new(std::env::current_exe()?)
        .args([CONNECT, &address.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut said = String::new();
    let stdout = peer.stdout.take().ok_or("no stdout")?;
    BufReader::new(stdout).read_line(&mut said)?;
    println!(
        "memory       {:>8} MB with {IDLE} idle and {BUSY} busy connections ({})",
        megabytes()?,
        said.trim()
    );
    drop(peer.stdin.take());
    peer.wait()?;
    Ok(())
}

/// Opens the connections and keeps them until stdin ends.
async fn connect(address: SocketAddr) -> Result<()> {
    let mut idle = Vec::new();
    for _ in 0..IDLE {
        idle.push(TcpStream::connect(address).await?);
    }
    let mut busy = Vec::new();
    for _ in 0..BUSY {
        let mut stream = TcpStream::connect(address).await?;
        busy.push(tokio::spawn(async move {
            let mut answered = 0;
            for _ in 0..ROUNDS {
                answered += usize::from(exchange(&mut stream).await.is_ok());
            }
            (stream, answered)
        }));
    }
    let (mut kept, mut answered) = (Vec::new(), 0);
    for client in busy {
        let (stream, count) = client.await?;
        kept.push(stream);
        answered += count;
    }
    println!("{answered} answers");
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}

/// A server that answers these bytes to everything, as hyper's own examples do.
async fn bare(answer: &[u8]) -> Result<SocketAddr> {
    let text = String::from_utf8(answer.to_vec())?;
    let (_, body) = text.split_once("\r\n\r\n").ok_or("no body")?;
    let body = Bytes::copy_from_slice(body.as_bytes());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let body = body.clone();
            tokio::spawn(async move {
                let service = service_fn(|_: Request<_>| {
                    let body = body.clone();
                    async move {
                        let mut response = Response::new(Full::new(body));
                        let headers = response.headers_mut();
                        let json = hyper::header::HeaderValue::from_static(
                            "application/json; charset=utf-8",
                        );
                        headers.insert(hyper::header::CONTENT_TYPE, json);
                        let name = hyper::header::HeaderValue::from_static("IMDS/150.870.65.1854");
                        headers.insert(hyper::header::SERVER, name);
                        Ok::<_, Infallible>(response)
                    }
                });
                let stream = TokioIo::new(stream);
                // A client that goes away is no failure.
                let _ = http1::Builder::new()
                    .serve_connection(stream, service)
                    .await;
            });
        }
    });
    Ok(address)
}

/// Requests a second that all clients together get answered.
async fn rate(address: SocketAddr, span: Duration) -> Result<u64> {
    let (is_over, count) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let (is_over, count) = (Arc::clone(&is_over), Arc::clone(&count));
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        clients.push(tokio::spawn(async move {
            let length = exchange(&mut stream).await?.len();
            let mut buffer = vec![0; 2 * length];
            while !is_over.load(Ordering::Relaxed) {
                stream.write_all(REQUEST).await?;
                let head = stream.read(&mut buffer).await?;
                let mut missing = answer_length(&buffer[..head])?.saturating_sub(head);
                while missing > 0 {
                    missing -= stream.read(&mut buffer[..missing]).await?;
                }
                count.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, Box<dyn Error + Send + Sync>>(())
        }));
    }
    tokio::time::sleep(span).await;
    is_over.store(true, Ordering::Relaxed);
    for client in clients {
        client.await??;
    }
    Ok(count.load(Ordering::Relaxed) / span.as_secs().max(1))
}

async fn exchange(stream: &mut TcpStream) -> Result<Vec<u8>> {
    stream.write_all(REQUEST).await?;
    let mut answer = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        let count = stream.read(&mut buffer).await?;
        answer.extend_from_slice(&buffer[..count]);
        if count == 0 || answer_length(&answer).is_ok_and(|length| answer.len() >= length) {
            return Ok(answer);
        }
    }
}

/// The whole length of an answer whose head is there.
fn answer_length(answer: &[u8]) -> Result<usize> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.ok_or("no whole head")? + 4;
    let head = std::str::from_utf8(&answer[..end])?.to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    Ok(end + length.ok_or("no length")?.trim().parse::<usize>()?)
}

/// What of this process is in memory, in megabytes.
fn megabytes() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.ok_or("no VmRSS")?.trim().trim_end_matches(" kB");
    Ok(kilobytes.parse::<u64>()? / 1024)
}
