//! From a host to a TCP connection.

use crate::connection::Ends;
use crate::timing::{Deadline, Stopwatch};
use crate::{Timings, TransportError};
use azvm_exchange::{FailureKind, Host, Phase};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};

/// A connection to the first address of `host` that accepts one within `timeout`. Notes how long both phases took.
pub(crate) async fn open(
    host: &Host,
    port: u16,
    timeout: Duration,
    deadline: Deadline,
    timings: &mut Timings,
) -> Result<(TcpStream, Ends), TransportError> {
    let mut stopwatch = Stopwatch::start();
    let (stream, peer) = match host {
        Host::Ip(address) => connect(&[SocketAddr::new(*address, port)], timeout, deadline).await?,
        Host::Name(name) => {
            let addresses = resolve(name, port, deadline).await?;
            timings.resolve = stopwatch.lap();
            connect(&addresses, timeout, deadline).await?
        }
        _ => return Err(TransportError::refused("a host of an unknown kind")),
    };
    timings.connect = stopwatch.lap();
    let local = stream
        .local_addr()
        .map_err(|error| TransportError::from_io(error, Phase::Connect))?;
    Ok((stream, Ends { local, peer }))
}

/// The addresses of the name, in the order in which the system's resolver prefers them.
async fn resolve(
    name: &str,
    port: u16,
    deadline: Deadline,
) -> Result<Vec<SocketAddr>, TransportError> {
    let not_found =
        |error: io::Error| TransportError::new(FailureKind::NameNotFound, Phase::Resolve, error);
    let lookup = async {
        let addresses = lookup_host((name, port)).await.map_err(not_found)?;
        Ok(addresses.collect::<Vec<_>>())
    };
    let addresses = deadline.bound(Phase::Resolve, lookup).await?;
    if addresses.is_empty() {
        let cause = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        return Err(not_found(cause));
    }
    Ok(addresses)
}

/// Opens a connection to the first address that accepts one. Each address gets an equal share of the time left, so that a
/// silent one does not use up the time of the next. Says which one it was.
async fn connect(
    addresses: &[SocketAddr],
    timeout: Duration,
    deadline: Deadline,
) -> Result<(TcpStream, SocketAddr), TransportError> {
    let deadline = Deadline::after(timeout).earlier(deadline);
    let mut failure: Option<TransportError> = None;
    for (index, address) in addresses.iter().enumerate() {
        let addresses_left = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let attempt = async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(stream)
        };
        let attempt = async {
            attempt
                .await
                .map_err(|error| TransportError::from_io(error, Phase::Connect))
        };
        match deadline
            .share(addresses_left)
            .bound(Phase::Connect, attempt)
            .await
        {
            Ok(stream) => return Ok((stream, *address)),
            Err(error) => failure = Some(more_telling(failure, error)),
        }
    }
    Err(failure.expect("there is at least one address"))
}

/// The first failure, unless it only says that the machine lacks this address family.
fn more_telling(first: Option<TransportError>, next: TransportError) -> TransportError {
    match first {
        Some(first) if first.kind() != FailureKind::Unreachable => first,
        _ => next,
    }
}
