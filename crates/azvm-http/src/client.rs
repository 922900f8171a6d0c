//! The client: one request, one response, and a connection that it opens or has kept.

use crate::connection::{Connection, Ends};
use crate::idle::IdleSlot;
use crate::timing::{Deadline, Stopwatch};
use crate::{Limits, Timings, TransportError, connect, wire};
use azvm_exchange::{FailureKind, Method, Origin, Request, Response, Scheme};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument;

#[cfg(feature = "tls")]
use crate::{ProxyRules, tls, tunnel};
#[cfg(feature = "tls")]
use azvm_exchange::Phase;

/// Performs exchanges. Cheap to clone; a clone shares the TLS configuration and the kept connection.
#[derive(Clone, Debug)]
pub struct Client {
    limits: Limits,
    secrets_on_loopback: bool,
    resends: bool,
    idle: Arc<IdleSlot>,
    #[cfg(feature = "tls")]
    tls: Option<tls::Connector>,
    #[cfg(feature = "tls")]
    proxies: Arc<ProxyRules>,
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
    /// The other end of the connection: the server's, or the proxy's.
    pub peer: SocketAddr,
    /// True when the connection was kept from an earlier exchange: nothing was resolved or connected.
    pub reused: bool,
    /// True when the connection went through a proxy's tunnel.
    pub proxied: bool,
}

impl Client {
    /// For IMDS: plain HTTP within [`Limits::imds`], never through a proxy, one connection kept.
    pub fn imds() -> Self {
        Self::plain(Limits::imds())
    }

    /// For Azure Resource Manager: HTTPS within [`Limits::arm`], as [`Client::tls`] does it. Through a proxy only after
    /// [`Client::with_proxy`].
    ///
    /// # Errors
    ///
    /// Those of [`Client::tls`].
    #[cfg(feature = "tls")]
    pub fn arm(extra_ca_pem: &[u8]) -> Result<Self, TransportError> {
        Self::tls(Limits::arm(), extra_ca_pem)
    }

    /// Plain HTTP only; never a proxy, never a redirect, never decompression.
    pub fn plain(limits: Limits) -> Self {
        Self {
            limits,
            secrets_on_loopback: false,
            resends: true,
            idle: Arc::default(),
            #[cfg(feature = "tls")]
            tls: None,
            #[cfg(feature = "tls")]
            proxies: Arc::default(),
        }
    }

    /// HTTPS, and plain HTTP as [`Client::plain`] does it. Servers are trusted that the platform trusts, or whose
    /// certificate leads to one of `extra_ca_pem` or is one of them: any number of certificates in PEM, or nothing at all.
    ///
    /// Reads the trust store, which takes some milliseconds: build one client and clone it.
    ///
    /// # Errors
    ///
    /// [`FailureKind::Certificate`] in [`Phase::Tls`] when `extra_ca_pem` is not empty and holds no certificate or a
    /// broken one, or when the platform has no trust store and `extra_ca_pem` is empty.
    #[cfg(feature = "tls")]
    pub fn tls(limits: Limits, extra_ca_pem: &[u8]) -> Result<Self, TransportError> {
        Ok(Self {
            tls: Some(tls::Connector::new(extra_ca_pem)?),
            ..Self::plain(limits)
        })
    }

    /// Sets which HTTPS requests go through which proxy; none otherwise. Plain HTTP never does, whatever the rules say.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn with_proxy(mut self, rules: ProxyRules) -> Self {
        self.proxies = Arc::new(rules);
        self.idle = Arc::default(); // what a clone has kept may lead another way
        self
    }

    /// Lets a request that holds a secret go over plain HTTP, but only when the connected peer's address is a loopback
    /// one: the name does not count. Off unless set.
    #[must_use]
    pub fn with_secrets_on_loopback(mut self, allowed: bool) -> Self {
        self.secrets_on_loopback = allowed;
        self
    }

    /// Sets whether a request that meets a lost connection is sent once more, as [`Client::send`] says; it is unless set. For
    /// a caller that has to count every request that goes out: it is told by [`TransportError::is_stale`].
    #[must_use]
    pub fn with_resending(mut self, allowed: bool) -> Self {
        self.resends = allowed;
        self
    }

    /// Sends one request and reads the whole response.
    ///
    /// Any status is an answer, redirects and server errors included. Needs a tokio runtime with I/O and time enabled.
    ///
    /// A `GET` may go over the kept connection. When that one turns out to be lost before a byte of the answer came, the
    /// request is sent once more over a new one, within the same budget. A `POST` always gets a new one.
    ///
    /// # Errors
    ///
    /// [`TransportError`] when no complete response came within `budget`. [`FailureKind::Unsafe`] means that nothing was
    /// written: a secret over plain HTTP, HTTPS with a client without TLS, or a request that cannot be written as it
    /// stands.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection and leaves no task behind. Whether the server has seen the request is
    /// then unknown.
    pub async fn send(
        &self,
        origin: &Origin,
        request: &Request,
        budget: Duration,
    ) -> Result<Exchanged, TransportError> {
        self.send_attempt(origin, request, budget, 1).await
    }

    /// As [`Client::send`], for a caller that counts: `attempt`, from 1, stands in the log and changes nothing else.
    ///
    /// # Errors
    ///
    /// Those of [`Client::send`].
    ///
    /// # Cancel safety
    ///
    /// That of [`Client::send`].
    pub async fn send_attempt(
        &self,
        origin: &Origin,
        request: &Request,
        budget: Duration,
        attempt: u32,
    ) -> Result<Exchanged, TransportError> {
        let span = tracing::debug_span!(
            "http_exchange",
            method = request.method().as_str(),
            path = request.path(),
            authority = origin.authority(),
            attempt,
            reused = tracing::field::Empty,
            status = tracing::field::Empty,
            failure = tracing::field::Empty,
        );
        // Pinned once, whoever awaits it: each move of a future copies all of it.
        let mut exchange = pin!(self.exchange(origin, request, Deadline::after(budget)));
        if span.is_disabled() {
            return exchange.await;
        }
        let result = exchange.as_mut().instrument(span.clone()).await;
        match &result {
            Ok(exchanged) => {
                span.record("reused", exchanged.reused);
                span.record("status", exchanged.response.status());
            }
            Err(error) => {
                span.record("failure", tracing::field::display(error));
            }
        }
        result
    }

    async fn exchange(
        &self,
        origin: &Origin,
        request: &Request,
        deadline: Deadline,
    ) -> Result<Exchanged, TransportError> {
        let mut message = Some(wire::encode(origin, request)?);
        self.check_origin(origin, request)?;
        let mut kept = self.kept(origin, request);
        loop {
            let route = match kept.take() {
                Some(connection) => Route::kept(connection),
                // In a box of its own, so that a request over a kept connection does not carry the room for it about.
                None => Box::pin(self.open(origin, request, deadline)).await?,
            };
            let asked = self.ask(route, origin, &mut message, request, deadline);
            match asked.await {
                Err(error) if error.is_stale() && self.resends => {}
                result => return result,
            }
            tracing::debug!("the kept connection was lost; sending again over a new one");
            message = Some(wire::encode(origin, request)?);
        }
    }

    /// The connection of an earlier exchange, for a request that may be repeated should it turn out to be lost.
    fn kept(&self, origin: &Origin, request: &Request) -> Option<Box<Connection>> {
        if request.method() != Method::Get || self.limits.idle_age().is_zero() {
            return None;
        }
        let connection = self.idle.take(origin, self.limits.idle_age())?;
        check_peer(origin, request, connection.ends().peer).ok()?;
        Some(connection)
    }

    /// Sends the request and reads the answer. The error says so when the connection was a kept one that had been lost.
    async fn ask(
        &self,
        mut route: Route,
        origin: &Origin,
        message: &mut Option<wire::Message>,
        request: &Request,
        deadline: Deadline,
    ) -> Result<Exchanged, TransportError> {
        let mut stopwatch = Stopwatch::start();
        let first_byte = Deadline::after(self.limits.first_byte()).earlier(deadline);
        let connection = &mut route.connection;
        let (head, body) = match connection.head(message, first_byte).await {
            Ok(answer) => answer.into_parts(),
            Err(error) => {
                let is_lost = route.reused
                    && !connection.has_heard()
                    && matches!(error.kind(), FailureKind::Closed | FailureKind::Reset);
                return Err(if is_lost { error.stale() } else { error });
            }
        };
        route.timings.first_byte = stopwatch.lap();

        let max_bytes = request.max_response_bytes();
        let body = connection.body(body, max_bytes, deadline).await?;
        route.timings.body = stopwatch.lap();

        let Ends {
            local,
            peer,
            proxied,
        } = connection.ends();
        let exchanged = Exchanged {
            response: wire::decode(&head, body),
            timings: route.timings,
            local,
            peer,
            reused: route.reused,
            proxied,
        };
        // HTTP/1.0 has no keeping that all servers agree on.
        if !self.limits.idle_age().is_zero() && head.version == hyper::Version::HTTP_11 {
            self.idle.keep(origin, route.connection);
        }
        Ok(exchanged)
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

    /// A new connection, up to where the request can be sent.
    async fn open(
        &self,
        origin: &Origin,
        request: &Request,
        deadline: Deadline,
    ) -> Result<Route, TransportError> {
        #[cfg(feature = "tls")]
        if let (Scheme::Https, Some(tls)) = (origin.scheme(), &self.tls) {
            // In a box of its own: a TLS connection is several times as large as a plain one.
            return Box::pin(self.open_tls(tls, origin, deadline)).await;
        }
        let mut timings = Timings::default();
        let limit = self.limits.connect();
        let (stream, ends) =
            connect::open(origin.host(), origin.port(), limit, deadline, &mut timings).await?;
        check_peer(origin, request, ends.peer)?;
        self.route(stream, ends, timings).await
    }

    #[cfg(feature = "tls")]
    async fn open_tls(
        &self,
        tls: &tls::Connector,
        origin: &Origin,
        deadline: Deadline,
    ) -> Result<Route, TransportError> {
        let mut timings = Timings::default();
        let limit = self.limits.connect();
        let patience = || Deadline::after(self.limits.first_byte()).earlier(deadline);
        let proxy = self.proxies.proxy_for(origin);
        let (stream, ends) = match proxy {
            None => {
                let (host, port) = (origin.host(), origin.port());
                connect::open(host, port, limit, deadline, &mut timings).await?
            }
            Some(proxy) => {
                let (host, port) = (proxy.host(), proxy.port());
                let (mut stream, ends) = connect::open(host, port, limit, deadline, &mut timings)
                    .await
                    .map_err(|error| error.at_proxy(proxy))?;
                let mut stopwatch = Stopwatch::start();
                let ask = tunnel::open(&mut stream, proxy, origin, self.limits.head_bytes());
                patience().bound(Phase::Tunnel, ask).await?;
                timings.tunnel = stopwatch.lap();
                (stream, ends.through_proxy())
            }
        };
        let mut stopwatch = Stopwatch::start();
        let handshake = tls.handshake(origin.host(), stream);
        let stream = patience().bound(Phase::Tls, handshake).await?;
        timings.tls = stopwatch.lap();
        self.route(stream, ends, timings).await
    }

    async fn route<S>(
        &self,
        stream: S,
        ends: Ends,
        timings: Timings,
    ) -> Result<Route, TransportError>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    {
        let connection = Connection::new(stream, ends, self.limits.head_bytes()).await?;
        Ok(Route {
            connection: Box::new(connection),
            timings,
            reused: false,
        })
    }
}

/// A connection that is ready for a request, and what it took to come by.
struct Route {
    connection: Box<Connection>,
    timings: Timings,
    reused: bool,
}

impl Route {
    fn kept(connection: Box<Connection>) -> Self {
        Self {
            connection,
            timings: Timings::default(),
            reused: true,
        }
    }
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
    use azvm_exchange::Secret;

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
        let client = Client::imds();
        let (origin, request) = ("http://[::1]".parse().unwrap(), Request::get("/".into()));
        fn check_future<T: Send>(_: T) {}
        check_future(client.send(&origin, &request, Duration::ZERO));
    }
}
