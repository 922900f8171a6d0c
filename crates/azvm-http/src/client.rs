//! The client: one request, one connection, one response.

use crate::connection::Connection;
use crate::timing::{Deadline, Stopwatch};
use crate::{Limits, Timings, TransportError, connect, wire};
use azvm_exchange::{Origin, Phase, Request, Response, Scheme};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tracing::Instrument;

/// Performs exchanges. Cheap to clone; a clone shares the TLS configuration.
#[derive(Clone, Debug)]
pub struct Client {
    limits: Limits,
    secrets_on_loopback: bool,
    #[cfg(feature = "tls")]
    tls: Option<crate::tls::Connector>,
}

/// A response and how it was come by.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Exchanged {
    /// What came back, whatever its status.
    pub response: Response,
    /// How long each phase took.
    pub timings: Timings,
    /// Our end of the connection.
    pub local: SocketAddr,
    /// The server's end of the connection.
    pub peer: SocketAddr,
}

impl Client {
    /// Plain HTTP only; never a proxy, never a redirect, never decompression.
    pub fn plain(limits: Limits) -> Self {
        Self {
            limits,
            secrets_on_loopback: false,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// HTTPS, and plain HTTP as [`Client::plain`] does it. Servers are trusted that the platform trusts, or whose
    /// certificate leads to one of `extra_ca_pem`: any number of certificates in PEM, or nothing at all.
    ///
    /// Reads the trust store, which takes some milliseconds: build one client and clone it.
    ///
    /// # Errors
    ///
    /// [`FailureKind::Certificate`](azvm_exchange::FailureKind::Certificate) in [`Phase::Tls`] when `extra_ca_pem` is not empty and holds no certificate or a broken one, or
    /// when the platform has no trust store and `extra_ca_pem` is empty.
    #[cfg(feature = "tls")]
    pub fn tls(limits: Limits, extra_ca_pem: &[u8]) -> Result<Self, TransportError> {
        Ok(Self {
            tls: Some(crate::tls::Connector::new(extra_ca_pem)?),
            ..Self::plain(limits)
        })
    }

    /// Lets a request that holds a secret go over plain HTTP, but only when the connected peer's address is a loopback
    /// one: the name does not count. Off unless set.
    #[must_use]
    pub fn with_secrets_on_loopback(mut self, allowed: bool) -> Self {
        self.secrets_on_loopback = allowed;
        self
    }

    /// Sends one request and reads the whole response, over a connection of its own.
    ///
    /// Any status is an answer, redirects and server errors included. Needs a tokio runtime with I/O and time enabled.
    ///
    /// # Errors
    ///
    /// [`TransportError`] when no complete response came within `budget`. [`FailureKind::Unsafe`](azvm_exchange::FailureKind::Unsafe) means that nothing was
    /// written: a secret over plain HTTP, HTTPS with a client without TLS, or a request that cannot be written as it stands.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection and leaves no task behind. Whether the server has seen the request is then unknown.
    pub async fn send(
        &self,
        origin: &Origin,
        request: &Request,
        budget: Duration,
    ) -> Result<Exchanged, TransportError> {
        let span = tracing::debug_span!(
            "http_exchange",
            method = request.method().as_str(),
            path = request.path(),
            authority = origin.authority(),
            status = tracing::field::Empty,
            failure = tracing::field::Empty,
        );
        let result = self
            .exchange(origin, request, Deadline::after(budget))
            .instrument(span.clone())
            .await;
        match &result {
            Ok(exchanged) => span.record("status", exchanged.response.status()),
            Err(error) => span.record("failure", tracing::field::display(error)),
        };
        result
    }

    async fn exchange(
        &self,
        origin: &Origin,
        request: &Request,
        deadline: Deadline,
    ) -> Result<Exchanged, TransportError> {
        let message = wire::encode(origin, request)?;
        self.check_origin(origin, request)?;
        let mut timings = Timings::default();
        let mut stopwatch = Stopwatch::start();

        let addresses = connect::resolve(origin, deadline).await?;
        timings.resolve = stopwatch.lap();

        let stream = connect::connect(&addresses, self.limits.connect(), deadline).await?;
        timings.connect = stopwatch.lap();
        let (local, peer) = ends(&stream)?;
        check_peer(origin, request, peer)?;

        let mut connection = self.open(origin, stream, deadline).await?;
        if origin.scheme() == Scheme::Https {
            timings.tls = stopwatch.lap();
        }

        let answer = deadline
            .bound(Phase::FirstByte, connection.head(message))
            .await?;
        timings.first_byte = stopwatch.lap();
        let (head, body) = answer.into_parts();

        let body = deadline
            .bound(
                Phase::Body,
                connection.body(body, request.max_response_bytes()),
            )
            .await?;
        timings.body = stopwatch.lap();
        Ok(Exchanged {
            response: wire::decode(head.status.as_u16(), &head.headers, body),
            timings,
            local,
            peer,
        })
    }

    /// Refuses what no peer could make safe, before any packet is sent.
    fn check_origin(&self, origin: &Origin, request: &Request) -> Result<(), TransportError> {
        match origin.scheme() {
            Scheme::Http if request.has_secret() && !self.secrets_on_loopback => Err(
                TransportError::refused("a request with a secret does not go over plain HTTP"),
            ),
            Scheme::Http => Ok(()),
            #[cfg(feature = "tls")]
            Scheme::Https if self.tls.is_some() => Ok(()),
            Scheme::Https => Err(TransportError::refused("this client was built without TLS")),
            _ => Err(TransportError::refused("a scheme of an unknown kind")),
        }
    }

    #[cfg(feature = "tls")]
    async fn open(
        &self,
        origin: &Origin,
        stream: TcpStream,
        deadline: Deadline,
    ) -> Result<Connection, TransportError> {
        let head_bytes = self.limits.head_bytes();
        match &self.tls {
            Some(tls) if origin.scheme() == Scheme::Https => {
                let handshake = tls.handshake(origin.host(), stream);
                let stream = deadline.bound(Phase::Tls, handshake).await?;
                Connection::new(stream, head_bytes).await
            }
            _ => Connection::new(stream, head_bytes).await,
        }
    }

    #[cfg(not(feature = "tls"))]
    async fn open(
        &self,
        _: &Origin,
        stream: TcpStream,
        _: Deadline,
    ) -> Result<Connection, TransportError> {
        Connection::new(stream, self.limits.head_bytes()).await
    }
}

fn ends(stream: &TcpStream) -> Result<(SocketAddr, SocketAddr), TransportError> {
    let ends = || Ok((stream.local_addr()?, stream.peer_addr()?));
    ends().map_err(|error| TransportError::from_io(error, Phase::Connect))
}

/// The last word on a secret over plain HTTP: the address that was really reached.
fn check_peer(origin: &Origin, request: &Request, peer: SocketAddr) -> Result<(), TransportError> {
    let is_exposed = origin.scheme() != Scheme::Https && request.has_secret();
    if is_exposed && !peer.ip().to_canonical().is_loopback() {
        return Err(TransportError::refused(
            "a request with a secret goes over plain HTTP to a loopback address only",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use azvm_exchange::{FailureKind, Secret};

    #[test]
    fn a_secret_goes_to_loopback_addresses_only() {
        let with_secret = Request::get("/".into()).with_bearer(&Secret::new("t".into()));
        let without = Request::get("/".into());
        let check = |origin: &str, request: &Request, peer: &str| {
            let origin: Origin = origin.parse().unwrap();
            check_peer(&origin, request, peer.parse().unwrap()).map_err(|error| error.kind())
        };
        let refused = Err(FailureKind::Unsafe);
        for loopback in [
            "127.0.0.1:80",
            "127.9.9.9:80",
            "[::1]:80",
            "[::ffff:127.0.0.1]:80",
        ] {
            assert_eq!(check("http://localhost", &with_secret, loopback), Ok(()));
        }
        for other in [
            "192.0.2.1:80",
            "169.254.169.254:80",
            "[2001:db8::1]:80",
            "0.0.0.0:80",
        ] {
            assert_eq!(check("http://localhost", &with_secret, other), refused);
            assert_eq!(check("http://localhost", &without, other), Ok(()));
            assert_eq!(check("https://localhost", &with_secret, other), Ok(()));
        }
    }

    #[test]
    fn all_types_go_between_threads() {
        fn check<T: Send + Sync + 'static>() {}
        check::<Client>();
        check::<Exchanged>();
        check::<TransportError>();
        let client = Client::plain(Limits::new());
        let (origin, request) = ("http://[::1]".parse().unwrap(), Request::get("/".into()));
        fn check_future<T: Send>(_: T) {}
        check_future(client.send(&origin, &request, Duration::ZERO));
    }
}
