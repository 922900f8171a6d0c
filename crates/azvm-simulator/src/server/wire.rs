//! A connection whose answers can be spoilt on their way out.
//!
//! hyper sends correct HTTP and nothing else.
//! For a fault it is given an empty answer, whose bytes are swallowed here, and the faulty bytes go out in their place.
//! The same layer names IMDS in the refusals that hyper writes by itself, when a request is no HTTP.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};
use tokio_rustls::server::TlsStream;

use crate::exchange::Reply;

/// What becomes of the bytes of an answer; the connection ends after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireFault {
    /// The answer comes byte by byte with this pause after each.
    Drip(Duration),
    /// Bytes that are no HTTP.
    Garbage,
    /// An answer of an HTTP/1.0 server.
    Http10,
    /// The connection is reset before anything was sent.
    Reset,
    /// Half of the body is missing.
    Truncate,
    /// The length in the head is half of the body's.
    WrongLength,
}

/// What is to be sent in place of hyper's bytes.
#[derive(Debug)]
pub(crate) struct Play {
    bytes: Vec<u8>,
    pause: Option<Duration>,
    resets: bool,
}

impl Play {
    /// `date` is the value of the header of this name.
    pub(crate) fn new(fault: WireFault, reply: &Reply, is_head: bool, date: &str) -> Self {
        let body = if is_head { "" } else { reply.body.as_str() };
        let half = body.len() / 2;
        let (version, length, sent) = match fault {
            WireFault::Garbage => return Self::of(GARBAGE.to_vec()),
            WireFault::Reset => {
                return Self {
                    resets: true,
                    ..Self::of(Vec::new())
                };
            }
            WireFault::Drip(_) => ("1.1", body.len(), body.len()),
            WireFault::Http10 => ("1.0", body.len(), body.len()),
            WireFault::Truncate => ("1.1", body.len(), half),
            WireFault::WrongLength => ("1.1", half, body.len()),
        };
        let status = reply.status;
        let reason = hyper::StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason());
        let mut head = format!("HTTP/{version} {status} {}\r\n", reason.unwrap_or_default());
        for (name, value) in &reply.headers {
            if hyper::header::HeaderValue::from_str(value).is_ok() {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        head.push_str(&format!(
            "content-length: {length}\r\nconnection: close\r\ndate: {date}\r\n\r\n"
        ));
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&body.as_bytes()[..sent]);
        let pause = match fault {
            WireFault::Drip(pause) => Some(pause),
            _ => None,
        };
        Self {
            pause,
            ..Self::of(bytes)
        }
    }

    fn of(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            pause: None,
            resets: false,
        }
    }
}

/// Where the service leaves what the connection is to play.
#[derive(Debug, Default)]
pub(crate) struct Script {
    is_set: AtomicBool,
    /// Answers of the service whose heads hyper has not written yet.
    expected: AtomicUsize,
    play: Mutex<Option<Play>>,
}

impl Script {
    pub(crate) fn set(&self, play: Play) {
        *self.play.lock().unwrap_or_else(PoisonError::into_inner) = Some(play);
        self.is_set.store(true, Ordering::Release);
    }

    /// The next head that hyper writes is of an answer of the service.
    pub(crate) fn expect(&self) {
        self.expected.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether this is the beginning of an answer that hyper made up.
    fn is_refusal(&self, bytes: &[u8]) -> bool {
        if !bytes.starts_with(b"HTTP/1.") {
            return false;
        }
        let expected = self
            .expected
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| {
                count.checked_sub(1)
            });
        expected.is_err()
    }

    fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Acquire)
    }

    fn take(&self) -> Option<Play> {
        self.play
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// A connection that can be reset.
pub(crate) trait Abort {
    /// Lets the peer see a reset when the connection is dropped.
    fn abort(&self);
}

impl Abort for TcpStream {
    fn abort(&self) {
        // Where it cannot be had the connection ends in the ordinary way.
        let _ = self.set_zero_linger();
    }
}

impl Abort for TlsStream<TcpStream> {
    fn abort(&self) {
        self.get_ref().0.abort();
    }
}

/// The stream, the script, and bytes that are still to go out.
pub(crate) struct Wire<S> {
    inner: S,
    script: std::sync::Arc<Script>,
    /// The head of a refusal of hyper's own gets this line.
    stamp: Option<&'static str>,
    playing: Option<Box<Playing>>,
}

struct Playing {
    play: Play,
    sent: usize,
    /// Whether what hyper writes is swallowed from now on.
    swallows: bool,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl<S> Wire<S> {
    pub(crate) fn new(
        inner: S,
        script: std::sync::Arc<Script>,
        stamp: Option<&'static str>,
    ) -> Self {
        Self {
            inner,
            script,
            stamp,
            playing: None,
        }
    }

    fn start(&mut self, play: Play, swallows: bool) {
        self.playing = Some(Box::new(Playing {
            play,
            sent: 0,
            swallows,
            sleep: None,
        }));
    }

    /// Takes over when a fault was left for this connection, or when hyper refuses by itself.
    fn intercept(&mut self, buf: &[u8]) {
        if self.playing.is_some() {
            return;
        }
        if self.script.is_set() {
            if let Some(play) = self.script.take() {
                self.start(play, true);
            }
            return;
        }
        if !self.script.is_refusal(buf) {
            return;
        }
        if let Some(stamped) = self.stamp.and_then(|stamp| stamped(buf, stamp)) {
            self.start(Play::of(stamped), false);
        }
    }

    fn swallows(&self) -> bool {
        self.playing
            .as_ref()
            .is_some_and(|playing| playing.swallows)
    }
}

impl<S: AsyncWrite + Unpin> Wire<S> {
    /// Sends what is left of the bytes that replace hyper's.
    fn poll_play(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(playing) = &mut self.playing else {
            return Poll::Ready(Ok(()));
        };
        loop {
            if let Some(sleep) = &mut playing.sleep {
                ready!(sleep.as_mut().poll(cx));
                playing.sleep = None;
            }
            let rest = &playing.play.bytes[playing.sent..];
            if rest.is_empty() {
                if !playing.swallows {
                    self.playing = None;
                }
                return Poll::Ready(Ok(()));
            }
            let portion = match playing.play.pause {
                Some(_) => &rest[..1],
                None => rest,
            };
            let count = ready!(Pin::new(&mut self.inner).poll_write(cx, portion))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            playing.sent += count;
            if let Some(pause) = playing.play.pause {
                // Nothing waits for the flush: a buffered byte goes out with the next one.
                let _ = Pin::new(&mut self.inner).poll_flush(cx)?;
                playing.sleep = Some(Box::pin(sleep(pause)));
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Abort + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.intercept(buf);
        if this.swallows() {
            return Poll::Ready(Ok(buf.len()));
        }
        if this.playing.is_some() {
            // The buffer's bytes are among those that are played, so that they count as written.
            ready!(this.poll_play(cx))?;
            return Poll::Ready(Ok(buf.len()));
        }
        Pin::new(&mut this.inner).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_play(cx))?;
        Pin::new(&mut this.inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_play(cx))?;
        if this.playing.as_ref().is_some_and(|it| it.play.resets) {
            this.inner.abort();
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut this.inner).poll_shutdown(cx)
    }
}

/// The bytes of a head with `line` after the status line, unless it has a `server` already.
fn stamped(bytes: &[u8], line: &str) -> Option<Vec<u8>> {
    if bytes.len() > LONGEST_REFUSAL {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let (status_line, rest) = text.split_once("\r\n")?;
    let is_named = rest.to_ascii_lowercase().contains("server:");
    (!is_named).then(|| format!("{status_line}\r\n{line}\r\n{rest}").into_bytes())
}

/// A fault's bytes: neither HTTP nor TLS nor text.
const GARBAGE: &[u8] = b"\x00\xff\xfe\x01 this is no HTTP \x80\x81\r\n\r\n\x00\x00\xff\xff";

/// hyper's own refusals are a status line and two headers.
const LONGEST_REFUSAL: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_a_head_that_the_service_did_not_make() {
        let script = Script::default();
        script.expect();
        let head = b"HTTP/1.1 200 OK\r\n";
        assert_eq!(
            [&head[..], b"body", head].map(|bytes| script.is_refusal(bytes)),
            [false, false, true]
        );
    }

    #[test]
    fn only_answers_without_a_server_are_stamped() {
        let refusal = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(
            stamped(refusal, "server: x").as_deref(),
            Some(&b"HTTP/1.1 400 Bad Request\r\nserver: x\r\ncontent-length: 0\r\n\r\n"[..])
        );
        for other in [
            &b"HTTP/1.1 200 OK\r\nServer: y\r\n\r\n"[..],
            b"{}",
            b"HTTP/1.1 \xff\r\n\r\n",
            b"",
        ] {
            assert_eq!(stamped(other, "server: x"), None);
        }
    }

    #[test]
    fn faulty_answers_are_wrong_in_one_way_each() {
        let reply = Reply::text(200, "12345678").with_header("x-bad", "a\r\nb");
        let bytes = |fault| {
            let play = Play::new(fault, &reply, false, "D");
            String::from_utf8_lossy(&play.bytes).into_owned()
        };
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\n";
        let close = "connection: close\r\ndate: D\r\n\r\n";
        assert_eq!(
            bytes(WireFault::Truncate),
            format!("{head}content-length: 8\r\n{close}1234")
        );
        assert_eq!(
            bytes(WireFault::WrongLength),
            format!("{head}content-length: 4\r\n{close}12345678")
        );
        assert!(bytes(WireFault::Http10).starts_with("HTTP/1.0 200 OK\r\n"));
        assert!(!bytes(WireFault::Garbage).starts_with("HTTP"));
        assert!(Play::new(WireFault::Reset, &reply, false, "D").resets);
    }
}
