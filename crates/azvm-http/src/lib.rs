//! Performs one azvm exchange over HTTP/1.1: deadlines, size caps, no redirects, no proxy, and TLS only when asked.
//!
//! ```no_run
//! use azvm_exchange::{Origin, Request};
//! use azvm_http::Client;
//! use std::time::Duration;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let imds: Origin = "http://169.254.169.254".parse()?;
//! let request = Request::get("/metadata/versions".into()).with_header("Metadata", "true");
//! let client = Client::imds();
//! let answer = client.send(&imds, &request, Duration::from_secs(5)).await?;
//! println!("{} after {:?}", answer.response.status(), answer.timings.total());
//! # Ok(())
//! # }
//! ```
//!
//! ```text
//!  Resolve ──▶ Connect ──▶ Tls ──▶ FirstByte ──▶ Body ──▶ Exchanged
//!  each address    │     https only  head cap     body cap
//!  of the name     └ a secret over plain HTTP stops here unless the peer is a loopback address
//! ```
//!
//! # Guarantees
//!
//! 1. What goes over the wire is the request line with the target byte for byte, `Host`, the request's headers in their
//!    order, `User-Agent`, and nothing else (`the_bytes_on_the_wire_are_exact`). Header names are written in
//!    title case: `metadata` and `Metadata` both become `Metadata`.
//! 2. There is no proxy, no redirect is followed (`a_redirect_is_returned_not_followed`), and nothing is decompressed
//!    (`a_gzip_body_is_left_alone`). This crate reads no environment variable; on Linux the loader of the platform's trust store
//!    honours `SSL_CERT_FILE` and `SSL_CERT_DIR`.
//! 3. [`Client::send`] ends within its budget, whatever the server does (`a_silent_server_meets_the_deadline` and the other
//!    tests of the module `hostile`); the error names the phase that the budget ran out in.
//! 4. No more body is kept than the request allows; a larger `Content-Length` is refused unread
//!    (`a_large_content_length_is_refused_unread`), and so is a head above [`Limits::with_head_bytes`] (`endless_headers_are_cut_off`).
//! 5. A body that ends early is an error, never a short body (`a_content_length_above_the_body_is_closed`,
//!    `a_tls_stream_cut_without_notice_is_closed`).
//! 6. A request that holds a secret goes over TLS, or over plain HTTP to a peer whose *address* is a loopback one and only after
//!    [`Client::with_secrets_on_loopback`]; otherwise nothing is written (`a_secret_over_plain_http_is_not_written`).
//! 7. Dropping the future of [`Client::send`] closes the connection and leaves no task behind
//!    (`a_cancelled_send_leaves_neither_socket_nor_task`): the connection is driven inside that future.
//! 8. No error, `Debug` or log line holds a header's value, a body or a query (`an_error_shows_no_secret`).
//!
//! # What this crate does not do
//!
//! It does not retry and knows neither IMDS nor ARM; each exchange has its own connection. Name lookups go to the
//! system's resolver, on a thread that a cancelled exchange cannot call back.
//!
//! # Logging
//!
//! Each exchange is a `tracing` span `http_exchange` at level debug, with the fields `method`, `path` (without the query),
//! `authority`, `status` and `failure`.
//!
//! # Features
//!
//! * `tls`: `Client::tls`, with rustls and the trust store of the platform. Without it no TLS library is built.
//!
//! # Stability
//!
//! The words of messages, the types behind `source()`, log texts and defaults may change in any release.

#![warn(missing_docs, clippy::exhaustive_enums, clippy::exhaustive_structs)]

mod client;
mod connect;
mod connection;
mod error;
mod idle;
mod limits;
#[cfg(feature = "tls")]
mod proxy;
mod timing;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tls")]
mod tunnel;
mod wire;

pub use client::{Client, Exchanged};
pub use error::TransportError;
pub use limits::{
    ARM_CONNECT_TIMEOUT, ARM_FIRST_BYTE_TIMEOUT, DEFAULT_HEAD_BYTES, IMDS_CONNECT_TIMEOUT,
    IMDS_FIRST_BYTE_TIMEOUT, IMDS_IDLE_AGE, Limits, MIN_HEAD_BYTES,
};
#[cfg(feature = "tls")]
pub use proxy::{DEFAULT_PROXY_PORT, Proxy, ProxyError, ProxyRules};
pub use timing::Timings;
