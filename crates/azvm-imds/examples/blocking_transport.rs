//! A transport of one's own: a blocking `std::net::TcpStream` that drives the same state machine as everything else.
//!
//! `send` is the transport, `fetch` the loop. It asks for a token at the endpoint that its argument names, which has to be
//! a simulator's or a VM's own, and prints when the token ends. Without an argument it says how to call it.
//!
//! ```sh
//! cargo xtask doctor simulate healthy     # in another terminal; it prints the endpoint
//! cargo run -p azvm-imds --example blocking_transport -- http://127.0.0.1:PORT
//! ```

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "an example"
)]

use azvm_exchange::{
    Event, Exchange, Failure, FailureKind, Monotonic, Origin, Phase, Request, Response, Step,
    Timestamp,
};
use azvm_imds::{Audience, Endpoint, IdentitySelector, TokenRequest};
use std::error::Error;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

/// The transport: one request, one connection, one answer. `HTTP/1.0` keeps the answer simple: it ends with the connection.
fn send(origin: &Origin, request: &Request, budget: Duration) -> io::Result<Response> {
    let deadline = Instant::now() + budget;
    let mut stream = TcpStream::connect((origin.host().to_string(), origin.port()))?;
    write!(
        stream,
        "{} {} HTTP/1.0\r\n",
        request.method().as_str(),
        request.target()
    )?;
    write!(stream, "Host: {}\r\n", origin.authority())?;
    for header in request.headers() {
        write!(stream, "{}: {}\r\n", header.name, header.value.expose())?;
    }
    stream.write_all(b"\r\n")?;
    let (mut answer, mut part) = (Vec::new(), [0; 4096]);
    while answer.len() <= request.max_response_bytes() {
        let left = deadline.saturating_duration_since(Instant::now());
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        match stream.read(&mut part)? {
            0 => return parse(&answer).ok_or_else(|| io::ErrorKind::InvalidData.into()),
            count => answer.extend_from_slice(&part[..count]),
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}

/// `HTTP/1.x STATUS reason`, headers, an empty line, and the body up to the end.
fn parse(answer: &[u8]) -> Option<Response> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
    Some(Response::new(
        status,
        headers.collect(),
        answer[end + 4..].to_vec(),
    ))
}

/// The loop: send, sleep and be done, as the exchange says.
fn fetch(origin: &Origin, mut exchange: Exchange) -> Result<Response, Failure> {
    let started = Instant::now();
    let now = || Monotonic::after(started.elapsed());
    loop {
        match exchange.poll(now()) {
            Step::Send { request, budget } => {
                let event = match send(origin, request, budget) {
                    Ok(response) => Event::Answered(response),
                    Err(error) => Event::Failed(failure(&error)),
                };
                exchange.handle(now(), event);
            }
            Step::Sleep(wait) => sleep(wait),
            _ => return exchange.finish(),
        }
    }
}

/// What the retry schedule wants to know: lost connections are tried again, nonsense is not.
fn failure(error: &io::Error) -> Failure {
    let kind = match error.kind() {
        io::ErrorKind::ConnectionRefused => FailureKind::Refused,
        io::ErrorKind::ConnectionReset => FailureKind::Reset,
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => FailureKind::Timeout,
        io::ErrorKind::InvalidData => FailureKind::Protocol,
        _ => FailureKind::Other,
    };
    Failure::new(kind, Phase::FirstByte, error.to_string())
}

fn main() -> Result<(), Box<dyn Error>> {
    let Some(endpoint) = std::env::args().nth(1) else {
        println!("usage: blocking_transport http://127.0.0.1:PORT");
        return Ok(());
    };
    // Refuses whatever is neither loopback nor link-local: nobody else is to be asked for tokens.
    let endpoint: Endpoint = endpoint.parse()?;
    let audience = Audience::new("https://management.azure.com/")?;
    let ask = TokenRequest::new(audience, IdentitySelector::System);
    let exchange = Exchange::new(ask.to_request(), azvm_imds::retry_policy(), 1);
    let response = fetch(endpoint.origin(), exchange)?;
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let now = Timestamp::from_unix_seconds(i64::try_from(since_epoch.as_secs())?);
    let token = ask.read(&response, now)?;
    println!(
        "a token of {} characters, until {} (Unix time)",
        token.secret().len(),
        token.expires_on().unix_seconds()
    );
    Ok(())
}
