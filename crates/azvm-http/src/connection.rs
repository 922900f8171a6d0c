//! One open HTTP/1.1 connection and its driver.

use crate::TransportError;
use crate::timing::{Alarm, Deadline};
use crate::wire::{self, Message};
use azvm_exchange::{FailureKind, Phase};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The largest buffer that is reserved on the word of a `Content-Length`.
const MAX_RESERVED_BYTES: u64 = 64 * 1024;

pub(crate) struct Connection {
    sender: http1::SendRequest<wire::Body>,
    driver: Driver,
    alarm: Alarm,
    ends: Ends,
    has_heard: Arc<AtomicBool>,
}

/// The two ends of a connection.
#[derive(Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) local: SocketAddr,
    pub(crate) peer: SocketAddr,
    /// The peer is a proxy, which passes on what comes.
    pub(crate) proxied: bool,
}

#[cfg(feature = "tls")]
impl Ends {
    pub(crate) fn through_proxy(self) -> Self {
        Self {
            proxied: true,
            ..self
        }
    }
}

impl Connection {
    /// Over an open stream. Nothing is written yet.
    pub(crate) async fn new<S>(
        stream: S,
        ends: Ends,
        head_bytes: usize,
    ) -> Result<Self, TransportError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let has_heard = Arc::new(AtomicBool::new(false));
        let stream = Listening {
            stream,
            has_heard: Arc::clone(&has_heard),
        };
        let (sender, connection) = http1::Builder::new()
            .title_case_headers(true)
            .max_buf_size(head_bytes) // a head has to fit into the buffer
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| TransportError::from_hyper(error, Phase::FirstByte))?;
        Ok(Self {
            sender,
            driver: Driver(Some(Box::pin(connection))),
            alarm: Alarm::default(),
            ends,
            has_heard,
        })
    }

    /// Where the connection begins and ends.
    pub(crate) fn ends(&self) -> Ends {
        self.ends
    }

    /// Sends the request, taken out of its place, and waits for the response's head, until the deadline.
    pub(crate) async fn head(
        &mut self,
        message: &mut Option<Message>,
        deadline: Deadline,
    ) -> Result<hyper::Response<Incoming>, TransportError> {
        self.has_heard.store(false, Ordering::Relaxed);
        let message = message.take().expect("a message is sent once");
        let mut answer = pin!(self.sender.send_request(message));
        let driver = &mut self.driver;
        let answer = |context: &mut Context<'_>| {
            let answer = driver.poll_for(answer.as_mut(), context);
            answer.map_err(|error| TransportError::from_hyper(error, Phase::FirstByte))
        };
        self.alarm.bound(deadline, Phase::FirstByte, answer).await
    }

    /// True when any byte came since the last request.
    pub(crate) fn has_heard(&self) -> bool {
        self.has_heard.load(Ordering::Relaxed)
    }

    /// Reads the whole body, of at most `max_bytes`, until the deadline.
    pub(crate) async fn body(
        &mut self,
        body: Incoming,
        max_bytes: usize,
        deadline: Deadline,
    ) -> Result<Vec<u8>, TransportError> {
        let mut whole = pin!(self.driver.whole(body, max_bytes));
        let whole = |context: &mut Context<'_>| whole.as_mut().poll(context);
        self.alarm.bound(deadline, Phase::Body, whole).await
    }

    /// True when the last answer ended where it said, the server has neither hung up nor sent anything since, and
    /// another request may follow. The driver looks once; what it hears later wakes nobody.
    pub(crate) fn is_reusable(&mut self) -> bool {
        self.driver.look();
        self.driver.is_running() && self.sender.is_ready()
    }
}

/// Makes room for `more` bytes, at least doubling it, but never for more than the body may have.
fn grow(whole: &mut Vec<u8>, more: usize, max_bytes: usize) {
    let needed = whole.len() + more;
    if needed > whole.capacity() {
        let roomy = needed.max(2 * whole.capacity()).min(max_bytes);
        whole.reserve_exact(roomy - whole.len());
    }
}

/// Moves bytes between hyper and the socket, inside whichever future is waiting for them: there is no task to leak.
struct Driver(Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>);

impl Driver {
    /// Polls `work`, and moves bytes for it where it waits.
    fn poll_for<T>(
        &mut self,
        mut work: Pin<&mut impl Future<Output = T>>,
        context: &mut Context<'_>,
    ) -> Poll<T> {
        if let Poll::Ready(output) = work.as_mut().poll(context) {
            return Poll::Ready(output);
        }
        self.poll(context);
        // The driver may have brought what the work waits for; this saves a round through the scheduler.
        work.poll(context)
    }

    /// The whole body, of at most `max_bytes`.
    async fn whole(
        &mut self,
        mut body: Incoming,
        max_bytes: usize,
    ) -> Result<Vec<u8>, TransportError> {
        let too_large = || {
            TransportError::new(
                FailureKind::TooLarge,
                Phase::Body,
                "the body is above its cap",
            )
        };
        let announced = body.size_hint().lower();
        if usize::try_from(announced).map_or(true, |bytes| bytes > max_bytes) {
            return Err(too_large());
        }
        let reserved = usize::try_from(announced.min(MAX_RESERVED_BYTES)).unwrap_or(0);
        let mut whole = Vec::with_capacity(reserved);
        while let Some(frame) = {
            let mut frame = pin!(body.frame());
            poll_fn(|context| self.poll_for(frame.as_mut(), context)).await
        } {
            let frame = frame.map_err(|error| TransportError::from_hyper(error, Phase::Body))?;
            let Ok(data) = frame.into_data() else {
                continue; // trailers
            };
            if data.len() > max_bytes - whole.len() {
                return Err(too_large());
            }
            grow(&mut whole, data.len(), max_bytes);
            whole.extend_from_slice(&data);
        }
        Ok(whole)
    }

    fn look(&mut self) {
        self.poll(&mut Context::from_waker(Waker::noop()));
    }

    /// An error of the driver reaches whoever waits for the response or its body.
    fn poll(&mut self, context: &mut Context<'_>) {
        if let Some(driver) = &mut self.0 {
            if driver.as_mut().poll(context).is_ready() {
                self.0 = None;
            }
        }
    }

    fn is_running(&self) -> bool {
        self.0.is_some()
    }
}

/// A stream that remembers whether anything came.
struct Listening<S> {
    stream: S,
    has_heard: Arc<AtomicBool>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Listening<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.has_heard.store(true, Ordering::Relaxed);
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Listening<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
