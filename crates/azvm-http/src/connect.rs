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
    let ends = Ends {
        local,
        peer,
        proxied: false,
    };
    Ok((stream, ends))
}

/// The addresses of the name, in the order in which the system's resolver prefers them.
async fn resolve(
    name: &str,
    port: u16,
    deadline: Deadline,
) -> Result<Vec<SocketAddr>, TransportError> {
    let failed = |error: io::Error| {
        let kind = lookup_kind(&error);
        TransportError::new(kind, Phase::Resolve, error)
    };
    let lookup = async {
        let addresses = lookup_host((name, port)).await.map_err(failed)?;
        Ok(addresses.collect::<Vec<_>>())
    };
    let addresses = deadline.bound(Phase::Resolve, lookup).await?;
    if addresses.is_empty() {
        let cause = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        return Err(failed(cause));
    }
    Ok(addresses)
}

/// Whether the name does not exist, or the resolver could not say for now.
///
/// The standard library hands out no number of `getaddrinfo`, only the system's text for it, after words of its own. On
/// Windows, where it is a socket error, there is a number. A text that is not known here counts as final.
fn lookup_kind(error: &io::Error) -> FailureKind {
    const WSATRY_AGAIN: i32 = 11002;
    /// What `gai_strerror(EAI_AGAIN)` says: glibc, bionic and Apple's; musl; FreeBSD.
    const TRY_AGAIN: [&str; 3] = [
        ": temporary failure in name resolution",
        ": try again",
        ": name could not be resolved at this time",
    ];
    let is_temporary = match error.raw_os_error() {
        Some(code) => cfg!(windows) && code == WSATRY_AGAIN,
        None => {
            let text = error.to_string().to_ascii_lowercase();
            TRY_AGAIN.iter().any(|end| text.ends_with(end))
        }
    };
    if is_temporary {
        FailureKind::ResolverFailed
    } else {
        FailureKind::NameNotFound
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolver_that_fails_is_not_a_name_that_does_not_exist() {
        for (text, kind) in [
            (
                "Temporary failure in name resolution",
                FailureKind::ResolverFailed,
            ),
            ("Try again", FailureKind::ResolverFailed),
            (
                "Name could not be resolved at this time",
                FailureKind::ResolverFailed,
            ),
            ("Name or service not known", FailureKind::NameNotFound),
            ("Name does not resolve", FailureKind::NameNotFound),
            (
                "No address associated with hostname",
                FailureKind::NameNotFound,
            ),
            (
                "nodename nor servname provided, or not known",
                FailureKind::NameNotFound,
            ),
            (
                "Non-recoverable failure in name resolution",
                FailureKind::NameNotFound,
            ),
        ] {
            let error = io::Error::other(format!("failed to lookup address information: {text}"));
            assert_eq!(lookup_kind(&error), kind, "{text}");
        }
        let empty = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        assert_eq!(lookup_kind(&empty), FailureKind::NameNotFound);
    }

    #[cfg(windows)]
    #[test]
    fn windows_tells_by_number() {
        for (code, kind) in [
            (11001, FailureKind::NameNotFound),   // WSAHOST_NOT_FOUND
            (11002, FailureKind::ResolverFailed), // WSATRY_AGAIN
            (11004, FailureKind::NameNotFound),   // WSANO_DATA
        ] {
            assert_eq!(lookup_kind(&io::Error::from_raw_os_error(code)), kind);
        }
    }
}
