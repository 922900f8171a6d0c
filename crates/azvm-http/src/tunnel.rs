//! A tunnel through an HTTP proxy: `CONNECT` and its answer (RFC 9110 section 9.3.6).
//!
//! ```text
//! CONNECT host:port HTTP/1.1        HTTP/1.1 2xx …   ▶ the stream is the host's, from the byte after the head
//! Host: host:port                   HTTP/1.1 1xx …   ▶ skipped
//! [Proxy-Authorization: Basic …]    any other status ▶ FailureKind::Proxy
//! User-Agent: azvm/VERSION          anything else    ▶ FailureKind::Protocol
//! ```
//!
//! Nothing of the request itself is written here: the bearer goes through the tunnel, inside TLS.

use crate::{Proxy, TransportError, wire};
use azvm_exchange::{FailureKind, Origin, Phase, Secret};
use hyper::StatusCode;
use std::fmt::Write;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How much is read at once. An answer to `CONNECT` has some hundred bytes.
const READ_BYTES: usize = 1024;

/// Asks for a tunnel to `origin` and reads the answer's head, of at most `head_bytes`.
pub(crate) async fn open<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    proxy: &Proxy,
    origin: &Origin,
    head_bytes: usize,
) -> Result<(), TransportError> {
    let in_tunnel = |error| TransportError::from_io(error, Phase::Tunnel);
    let request = request(proxy, origin);
    stream
        .write_all(request.expose().as_bytes())
        .await
        .map_err(in_tunnel)?;
    let mut heard = Vec::new();
    loop {
        match read_answer(&heard) {
            Answer::Open => return Ok(()),
            Answer::Incomplete if heard.len() >= head_bytes => {
                return Err(failure(
                    FailureKind::TooLarge,
                    "the head of the proxy's answer is above its cap",
                ));
            }
            Answer::Incomplete => {}
            Answer::NotHttp => {
                let detail = "the proxy's answer is not HTTP";
                return Err(failure(FailureKind::Protocol, detail));
            }
            Answer::Refused(status) => {
                return Err(failure(FailureKind::Proxy, describe(status)));
            }
            Answer::Glued(status) => {
                let detail = format!("{}, and bytes before the tunnel's own", describe(status));
                return Err(failure(FailureKind::Proxy, detail));
            }
        }
        let room = READ_BYTES.min(head_bytes - heard.len());
        let mut buffer = [0; READ_BYTES];
        let count = stream.read(&mut buffer[..room]).await.map_err(in_tunnel)?;
        if count == 0 {
            return Err(failure(FailureKind::Closed, "the proxy hung up"));
        }
        heard.extend_from_slice(&buffer[..count]);
    }
}

/// The whole request. It may hold credentials, so it is overwritten once it is sent.
fn request(proxy: &Proxy, origin: &Origin) -> Secret {
    let authority = format!("{}:{}", origin.host(), origin.port());
    // Never moved to a larger buffer, which would leave a copy behind.
    let credentials = proxy.authorization().map_or(0, Secret::len);
    let mut text = String::with_capacity(128 + 2 * authority.len() + credentials);
    let _ = write!(
        text,
        "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n"
    );
    if let Some(authorization) = proxy.authorization() {
        text.push_str("Proxy-Authorization: ");
        text.push_str(authorization.expose());
        text.push_str("\r\n");
    }
    let _ = write!(text, "User-Agent: {}\r\n\r\n", wire::AGENT);
    Secret::new(text)
}

/// What the bytes so far say.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Incomplete,
    NotHttp,
    Open,
    /// The host cannot have said anything yet: who speaks first in TLS is the client.
    Glued(u16),
    Refused(u16),
}

fn read_answer(heard: &[u8]) -> Answer {
    let mut rest = heard;
    loop {
        let Some(status) = read_status(rest) else {
            return Answer::NotHttp;
        };
        let (Some(status), Some(end)) = (status, head_end(rest)) else {
            return Answer::Incomplete;
        };
        rest = &rest[end..];
        match status {
            100..=199 => {}
            200..=299 if rest.is_empty() => return Answer::Open,
            200..=299 => return Answer::Glued(status),
            _ => return Answer::Refused(status),
        }
    }
}

/// `None` when these are not the first bytes of an HTTP/1 answer; `Some(None)` when they may become some.
fn read_status(head: &[u8]) -> Option<Option<u16>> {
    const START: &[u8; 7] = b"HTTP/1.";
    let shared = head.len().min(START.len());
    if head[..shared] != START[..shared] {
        return None;
    }
    let line_end = head.iter().position(|&byte| byte == b'\n');
    let Some(line_end) = line_end else {
        return Some(None);
    };
    let line = head[..line_end]
        .strip_suffix(b"\r")
        .unwrap_or(&head[..line_end]);
    let [b'0' | b'1', b' ', hundreds, tens, ones, after @ ..] = line.get(START.len()..)? else {
        return None;
    };
    let digits = [hundreds, tens, ones];
    if !digits.iter().all(|byte| byte.is_ascii_digit())
        || !matches!(after.first(), None | Some(b' '))
    {
        return None;
    }
    let status = digits
        .iter()
        .fold(0, |status, &&digit| status * 10 + u16::from(digit - b'0'));
    (status >= 100).then_some(Some(status))
}

/// Where the empty line after the head ends. RFC 9112 section 2.2 lets a line end without a carriage return.
fn head_end(head: &[u8]) -> Option<usize> {
    let mut line_start = 0;
    for (at, _) in head.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        if matches!(&head[line_start..at], b"" | b"\r") {
            return Some(at + 1);
        }
        line_start = at + 1;
    }
    None
}

/// With the registered words, not the proxy's: those may repeat what it was sent.
fn describe(status: u16) -> String {
    let words = StatusCode::from_u16(status).ok();
    match words.and_then(|status| status.canonical_reason()) {
        Some(words) => format!("{status} {words}"),
        None => status.to_string(),
    }
}

fn failure(kind: FailureKind, detail: impl Into<String>) -> TransportError {
    TransportError::new(kind, Phase::Tunnel, detail.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(proxy: &str, origin: &str) -> String {
        let proxy = Proxy::parse(proxy).unwrap();
        let origin = origin.parse().unwrap();
        let text = request(&proxy, &origin).expose().to_owned();
        text.replace(env!("CARGO_PKG_VERSION"), "VERSION")
    }

    #[test]
    fn the_bytes_to_the_proxy_are_exact() {
        assert_eq!(
            written("proxy.example", "https://management.azure.com"),
            "CONNECT management.azure.com:443 HTTP/1.1\r\n\
             Host: management.azure.com:443\r\n\
             User-Agent: azvm/VERSION\r\n\r\n"
        );
        assert_eq!(
            written(
                "http://Aladdin:open%20sesame@proxy.example",
                "https://[::1]:8443"
            ),
            "CONNECT [::1]:8443 HTTP/1.1\r\n\
             Host: [::1]:8443\r\n\
             Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\
             User-Agent: azvm/VERSION\r\n\r\n"
        );
    }

    #[test]
    fn answers_are_told_apart() {
        for (heard, expected) in [
            ("", Answer::Incomplete),
            ("HT", Answer::Incomplete),
            ("HTTP/1.1 200 OK\r\nVia: x\r\n", Answer::Incomplete),
            ("HTTP/1.1 200 OK\r\n\r\n", Answer::Open),
            ("HTTP/1.0 200 Connection established\r\n\r\n", Answer::Open),
            ("HTTP/1.1 204\r\nContent-Length: 9\r\n\r\n", Answer::Open),
            ("HTTP/1.1 200 OK\nVia: x\n\n", Answer::Open),
            (
                "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
                Answer::Open,
            ),
            ("HTTP/1.1 100 C\r\n\r\n", Answer::Incomplete),
            ("HTTP/1.1 200 OK\r\n\r\n<html>", Answer::Glued(200)),
            ("HTTP/1.1 407 Auth\r\n\r\nbody", Answer::Refused(407)),
            ("HTTP/1.1 302 Found\r\n\r\n", Answer::Refused(302)),
            ("HTTP/1.1 999 Odd\r\n\r\n", Answer::Refused(999)),
            ("HTTP/2 200\r\n\r\n", Answer::NotHttp),
            ("HTTP/1.1 20\r\n\r\n", Answer::NotHttp),
            ("HTTP/1.1 2000 OK\r\n\r\n", Answer::NotHttp),
            ("HTTP/1.1 099 Low\r\n\r\n", Answer::NotHttp),
            ("HTTP/1.1  200 OK\r\n\r\n", Answer::NotHttp),
            ("\u{15}\u{3}\u{3}", Answer::NotHttp),
            ("<html>", Answer::NotHttp),
            ("\r\n", Answer::NotHttp),
        ] {
            assert_eq!(read_answer(heard.as_bytes()), expected, "{heard:?}");
        }
    }

    #[test]
    fn a_status_is_described_in_registered_words() {
        assert_eq!(describe(407), "407 Proxy Authentication Required");
        assert_eq!(describe(799), "799");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in any::<Vec<u8>>(), cut in 0_usize..40) {
            let _ = read_answer(&bytes);
            let mut answer = b"HTTP/1.1 200 OK\r\nVia: x\r\n\r\n".to_vec();
            answer.truncate(cut);
            answer.extend(bytes);
            let _ = read_answer(&answer);
        }

        /// However the bytes are cut up, the verdict is the same once it is one.
        #[test]
        fn a_verdict_on_a_part_is_a_verdict_on_the_whole(
            answer in "(HTTP/1\\.[01] [1-5][0-9]{2} x\r?\n(A: b\r?\n){0,2}\r?\n){1,3}",
            cut in 0_usize..80,
        ) {
            let part = &answer.as_bytes()[..cut.min(answer.len())];
            match read_answer(part) {
                Answer::Incomplete => {}
                Answer::Open => {
                    let whole = read_answer(answer.as_bytes());
                    prop_assert!(matches!(whole, Answer::Open | Answer::Glued(_)));
                }
                verdict => prop_assert_eq!(verdict, read_answer(answer.as_bytes())),
            }
        }
    }
}
