//! Accepts connections and speaks HTTP/1.1 on them, within limits that no peer can exceed.

#[cfg(test)]
mod tests;
mod wire;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{CONNECTION, DATE, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::clock::{HTTP_TIME, utc};
use crate::exchange::{Reply, Request};
use crate::front::{self, Front};
use crate::simulator::State;
use crate::tls::Tls;
use crate::{Received, Server, admin, arm, imds};
pub(crate) use wire::WireFault;
use wire::{Abort, Play, Script, Wire};

/// What a peer may take of the simulator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Further connections wait until one ends.
    pub(crate) connections: usize,
    pub(crate) tls_handshake: Duration,
    /// For the head of a request, which includes the wait for it on a connection that is kept alive.
    pub(crate) head: Duration,
    pub(crate) head_bytes: usize,
    pub(crate) body: Duration,
    pub(crate) body_bytes: usize,
    /// After this a connection may finish the request it is at, for as long again as a head may take.
    pub(crate) connection: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            tls_handshake: Duration::from_secs(10),
            head: Duration::from_secs(30),
            head_bytes: 64 * 1024,
            body: Duration::from_secs(10),
            body_bytes: 64 * 1024,
            connection: Duration::from_secs(600),
        }
    }
}

/// One of the simulated services at its address.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) server: Server,
    pub(crate) local: SocketAddr,
    pub(crate) state: Arc<State>,
    pub(crate) connections: Arc<AtomicU64>,
}

/// Serves until it is cancelled, and takes its connections with it.
pub(crate) async fn run(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    service: Service,
    limits: Limits,
) {
    let service = Arc::new(service);
    let permits = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    loop {
        let permit = Arc::clone(&permits)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        let Ok((stream, _)) = listener.accept().await else {
            // Mostly a lack of file descriptors, which passes when a connection ends.
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let (tls, service) = (tls.clone(), Arc::clone(&service));
        connections.spawn(async move {
            serve(stream, tls, service, limits).await;
            drop(permit);
        });
    }
}

async fn serve(stream: TcpStream, tls: Option<Arc<Tls>>, service: Arc<Service>, limits: Limits) {
    let number = 1 + service.connections.fetch_add(1, Ordering::Relaxed);
    // Small answers should leave at once; a failure to say so costs only time.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return speak_http(stream, number, service, limits).await;
    };
    let is_intercepted = service.state.front(service.server) == Some(Front::Interceptor);
    // On the heap, so that waiting connections without TLS stay small.
    let handshake = Box::pin(tls.acceptor(is_intercepted).accept(stream));
    match timeout(limits.tls_handshake, handshake).await {
        Ok(Ok(stream)) => Box::pin(speak_http(stream, number, service, limits)).await,
        Ok(Err(error)) => {
            tracing::debug!(server = %service.server, %error, "TLS handshake failed")
        }
        Err(_) => tracing::debug!(server = %service.server, "TLS handshake took too long"),
    }
}

async fn speak_http(
    stream: impl AsyncRead + AsyncWrite + Abort + Unpin,
    number: u64,
    service: Arc<Service>,
    limits: Limits,
) {
    let script = Arc::new(Script::default());
    let stamp = (service.server == Server::Imds).then_some(imds::SERVER_LINE);
    let stream = Wire::new(stream, Arc::clone(&script), stamp);
    let answer = service_fn(|request: hyper::Request<Incoming>| {
        let (service, script) = (Arc::clone(&service), Arc::clone(&script));
        async move { Ok::<_, Infallible>(service.answer(request, number, limits, &script).await) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_buf_size(limits.head_bytes)
            // A client that has nothing more to send may still read.
            .half_close(true)
            .serve_connection(TokioIo::new(stream), answer)
    );
    let outcome = match timeout(limits.connection, connection.as_mut()).await {
        Ok(outcome) => outcome,
        Err(_) => {
            connection.as_mut().graceful_shutdown();
            timeout(limits.head, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(server = %service.server, %error, "connection ended early");
    }
}

impl Service {
    async fn answer(
        &self,
        request: hyper::Request<Incoming>,
        connection: u64,
        limits: Limits,
        script: &Script,
    ) -> Response<Full<Bytes>> {
        let state = &self.state;
        let at_millis = u64::try_from(state.clock.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (head, body) = request.into_parts();
        let target = head.uri.to_string();
        let headers = journal_headers(&head.headers);
        // A client that is still sending would not hear the answer.
        // What is beyond the limit stays unread, and the connection ends after the answer.
        let body = read_body(body, limits).await;

        let request = Request::new(self.server, self.local, head, body);
        let (reply, place) = self.dispatch(&request);
        if !reply.effect.delay.is_zero() {
            sleep(reply.effect.delay).await;
        }
        drop(place);
        let (method, status) = (request.method.to_string(), reply.status);
        if self.server == Server::Admin {
            tracing::debug!(server = %self.server, %method, path = %request.path, status, "answered");
        } else {
            tracing::info!(server = %self.server, %method, path = %request.path, status, "answered");
            state.journal.push(Received {
                server: self.server,
                connection,
                method,
                target,
                headers,
                status,
                at_millis,
            });
        }
        self.response(reply, &request, script)
    }

    /// The answer, and what is held until it is sent.
    fn dispatch(&self, request: &Request) -> (Reply, Option<crate::limits::Place>) {
        let front = self.state.front(self.server);
        let intercepted = front.and_then(|front| front::intercept(&self.state, front, request));
        if let Some(reply) = intercepted {
            return (reply, None);
        }
        let (reply, place) = match self.server {
            Server::Admin => (admin::answer(&self.state, request), None),
            Server::ArmHttp | Server::ArmHttps => (arm::answer(&self.state, request), None),
            Server::Imds => imds::answer(&self.state, request),
        };
        (front::forwarded(front, reply), place)
    }

    /// A faulty answer is left for the connection to play; what hyper gets then is swallowed there.
    fn response(&self, reply: Reply, request: &Request, script: &Script) -> Response<Full<Bytes>> {
        script.expect();
        let date = || utc(self.state.date_secs(), HTTP_TIME);
        if let Some(wire) = reply.effect.wire {
            let is_head = request.method == hyper::Method::HEAD;
            script.set(Play::new(wire, &reply, is_head, &date()));
            let mut response = Response::new(Full::default());
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
            return response;
        }
        let mut response = response(reply);
        // hyper writes the real date by itself, and cheaply.
        if let (false, Ok(date)) = (
            self.state.has_natural_date(),
            HeaderValue::from_str(&date()),
        ) {
            response.headers_mut().insert(DATE, date);
        }
        response
    }
}

/// What came of the body in time and within the limit.
async fn read_body(body: Incoming, limits: Limits) -> Bytes {
    if body.is_end_stream() {
        return Bytes::new();
    }
    let collected = timeout(limits.body, Limited::new(body, limits.body_bytes).collect()).await;
    collected
        .ok()
        .and_then(Result::ok)
        .map_or_else(Bytes::new, http_body_util::Collected::to_bytes)
}

fn journal_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = if SECRET.contains(&name.as_str()) {
            "<redacted>".into()
        } else {
            String::from_utf8_lossy(value.as_bytes())
        };
        (name.to_string(), value.into_owned())
    };
    headers.iter().map(text).collect()
}

/// To HEAD hyper leaves out the bytes of the body and keeps its length.
fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(reply.body)));
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        // Values may quote the request; what cannot stand in a header is left out.
        if let Ok(value) = HeaderValue::from_str(&value) {
            response
                .headers_mut()
                .append(HeaderName::from_static(name), value);
        }
    }
    response
}

/// Headers whose values are not kept.
const SECRET: [&str; 5] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "secret",
    "x-identity-header",
];

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
