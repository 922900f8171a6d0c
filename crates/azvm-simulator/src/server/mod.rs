//! Accepts connections and speaks HTTP/1.1 on them, within limits that no peer can exceed.

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::exchange::{Reply, Request};
use crate::simulator::State;
use crate::{Received, Server, arm, imds};

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
            connections: 1024,
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
    acceptor: Option<TlsAcceptor>,
    service: Service,
    limits: Limits,
) {
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
        let (acceptor, service) = (acceptor.clone(), service.clone());
        connections.spawn(async move {
            serve(stream, acceptor, service, limits).await;
            drop(permit);
        });
    }
}

async fn serve(stream: TcpStream, acceptor: Option<TlsAcceptor>, service: Service, limits: Limits) {
    let number = 1 + service.connections.fetch_add(1, Ordering::Relaxed);
    // Small answers should leave at once; a failure to say so costs only time.
    let _ = stream.set_nodelay(true);
    match acceptor {
        None => speak_http(stream, number, service, limits).await,
        Some(acceptor) => match timeout(limits.tls_handshake, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => speak_http(stream, number, service, limits).await,
            Ok(Err(error)) => {
                tracing::debug!(server = %service.server, %error, "TLS handshake failed")
            }
            Err(_) => tracing::debug!(server = %service.server, "TLS handshake took too long"),
        },
    }
}

async fn speak_http(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    number: u64,
    service: Service,
    limits: Limits,
) {
    let answer = service_fn(|request: hyper::Request<Incoming>| {
        let service = service.clone();
        async move { Ok::<_, Infallible>(service.answer(request, number, limits).await) }
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
    ) -> Response<Full<Bytes>> {
        let at_millis = u64::try_from(self.state.clock.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (head, body) = request.into_parts();
        let target = head.uri.to_string();
        let headers = journal_headers(&head.headers);
        // No simulated operation looks at a body, but a client that is still sending would not hear the answer.
        // What is beyond the limit stays unread, and the connection ends after the answer.
        let _ = timeout(limits.body, Limited::new(body, limits.body_bytes).collect()).await;

        let request = Request::new(self.server, self.local, head);
        let reply = match self.server {
            Server::ArmHttp | Server::ArmHttps => arm::answer(&self.state, &request),
            Server::Imds => imds::answer(&self.state, &request),
        };
        let (method, status) = (request.method.to_string(), reply.status);
        tracing::debug!(server = %self.server, %method, path = %request.path, status, "answered");
        self.state.journal.push(Received {
            server: self.server,
            connection,
            method,
            target,
            headers,
            status,
            at_millis,
        });
        response(reply)
    }
}

fn journal_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        let value = if name == AUTHORIZATION {
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

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
