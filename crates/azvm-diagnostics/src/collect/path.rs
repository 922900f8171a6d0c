//! The way to an address, as far as the system tells it: the route that it would take, and whether anybody is there.

use crate::facts::Reach;
use crate::known::{Address, Known, Unknown};
use azvm_exchange::FailureKind;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The platform's channel, through which Azure talks to its agents; TCP port 80 is open on every virtual machine.
/// Source: Microsoft, "What is IP address 168.63.129.16?".
pub(super) const PLATFORM: SocketAddr =
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)), 80);

/// It is as near as IMDS.
const REACH_TIMEOUT: Duration = Duration::from_secs(2);

/// The address that the system would send from. Connecting a datagram socket sends nothing: the system only chooses a
/// route, and with it the local address.
pub(super) fn source_address(target: SocketAddr) -> Known<Option<Address>> {
    let any: IpAddr = match target {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let choose = || {
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect(target)?;
        socket.local_addr()
    };
    match choose() {
        Ok(local) => Ok(Some(local.ip().into())),
        Err(error) => match error.kind() {
            ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable => Ok(None),
            ErrorKind::PermissionDenied => Err(Unknown::Denied),
            _ => Err(Unknown::Failed(error.raw_os_error().unwrap_or_default())),
        },
    }
}

/// Whether a TCP connection to `target` comes about within two seconds. Nothing is sent over it.
pub(super) async fn reach(target: SocketAddr) -> Reach {
    match timeout(REACH_TIMEOUT, TcpStream::connect(target)).await {
        Ok(Ok(_)) => Reach::Connected,
        Ok(Err(error)) => Reach::Failed(kind(&error)),
        Err(_) => Reach::Failed(FailureKind::Timeout),
    }
}

fn kind(error: &io::Error) -> FailureKind {
    match error.kind() {
        ErrorKind::ConnectionRefused => FailureKind::Refused,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => FailureKind::Unreachable,
        ErrorKind::PermissionDenied => FailureKind::Denied,
        ErrorKind::TimedOut => FailureKind::Timeout,
        _ => FailureKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn to_loopback_one_is_loopback() {
        let target: SocketAddr = "127.0.0.1:9".parse().unwrap();
        assert_eq!(source_address(target), Ok(Some(target.ip().into())));
    }

    #[tokio::test]
    async fn somebody_and_nobody() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(reach(address).await, Reach::Connected);
        drop(listener);
        assert_eq!(reach(address).await, Reach::Failed(FailureKind::Refused));
    }
}
