//! From an origin to a TCP connection.

use crate::TransportError;
use crate::timing::Deadline;
use azvm_exchange::{FailureKind, Host, Origin, Phase};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};

/// The addresses of the origin's host, in the order in which the system's resolver prefers them.
pub(crate) async fn resolve(
    origin: &Origin,
    deadline: Deadline,
) -> Result<Vec<SocketAddr>, TransportError> {
    let name = match origin.host() {
        Host::Ip(address) => return Ok(vec![SocketAddr::new(*address, origin.port())]),
        Host::Name(name) => name.as_str(),
        _ => return Err(TransportError::refused("a host of an unknown kind")),
    };
    let not_found =
        |error: io::Error| TransportError::new(FailureKind::NameNotFound, Phase::Resolve, error);
    let lookup = async {
        let addresses = lookup_host((name, origin.port()))
            .await
            .map_err(not_found)?;
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
/// silent one does not use up the time of the next.
pub(crate) async fn connect(
    addresses: &[SocketAddr],
    timeout: Duration,
    deadline: Deadline,
) -> Result<TcpStream, TransportError> {
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
            Ok(stream) => return Ok(stream),
            Err(error) => failure = Some(more_telling(failure, error)),
        }
    }
    Err(failure.expect("`resolve` returns at least one address"))
}

/// The first failure, unless it only says that the machine lacks this address family.
fn more_telling(first: Option<TransportError>, next: TransportError) -> TransportError {
    match first {
        Some(first) if first.kind() != FailureKind::Unreachable => first,
        _ => next,
    }
}
