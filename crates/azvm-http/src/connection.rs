//! One open HTTP/1.1 connection and its driver. A kept connection would be a value of this type.

use crate::TransportError;
use azvm_exchange::{FailureKind, Phase};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use tokio::io::{AsyncRead, AsyncWrite};

/// The largest buffer that is reserved on the word of a `Content-Length`.
const MAX_RESERVED_BYTES: u64 = 64 * 1024;

pub(crate) struct Connection {
    sender: http1::SendRequest<Empty<Bytes>>,
    driver: Driver,
}

impl Connection {
    /// Over an open stream. Nothing is written yet.
    pub(crate) async fn new<S>(stream: S, head_bytes: usize) -> Result<Self, TransportError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (sender, connection) = http1::Builder::new()
            .title_case_headers(true)
            .max_buf_size(head_bytes) // a head has to fit into the buffer
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| TransportError::from_hyper(error, Phase::FirstByte))?;
        let driver = Driver(Some(Box::pin(async move {
            // The same error reaches whoever waits for the response or its body.
            let _ = connection.await;
        })));
        Ok(Self { sender, driver })
    }

    /// Sends the request and waits for the response's head.
    pub(crate) async fn head(
        &mut self,
        message: hyper::Request<Empty<Bytes>>,
    ) -> Result<hyper::Response<Incoming>, TransportError> {
        self.driver
            .run(self.sender.send_request(message))
            .await
            .map_err(|error| TransportError::from_hyper(error, Phase::FirstByte))
    }

    /// Reads the whole body, of at most `max_bytes`.
    pub(crate) async fn body(
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
        while let Some(frame) = self.driver.run(body.frame()).await {
            let frame = frame.map_err(|error| TransportError::from_hyper(error, Phase::Body))?;
            let Ok(data) = frame.into_data() else {
                continue; // trailers
            };
            if data.len() > max_bytes - whole.len() {
                return Err(too_large());
            }
            whole.extend_from_slice(&data);
        }
        Ok(whole)
    }
}

/// Moves bytes between hyper and the socket, inside whichever future is waiting for them: there is no task to leak.
struct Driver(Option<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Driver {
    async fn run<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            if let Poll::Ready(output) = work.as_mut().poll(context) {
                return Poll::Ready(output);
            }
            if let Some(driver) = &mut self.0 {
                if driver.as_mut().poll(context).is_ready() {
                    self.0 = None;
                }
            }
            // The driver may have brought what the work waits for; this saves a round through the scheduler.
            work.as_mut().poll(context)
        })
        .await
    }
}
