//! Performs one azvm exchange over HTTP/1.1: deadlines, size caps, no redirects, and TLS and a proxy only when asked.
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
//!  Resolve ──▶ Connect ──▶ Tunnel ──▶ Tls ──▶ FirstByte ──▶ Body ──▶ Exchanged
//!  each address    │        https, if a proxy    head cap    body cap     │
//!  of the name     │        is set                  ▲                     ▼
//!                  │                                └── kept connection ──┘ one, plain IMDS by default
//!                  └ a secret over plain HTTP stops here unless the peer is a loopback address
//! ```
//!
//! Two profiles: [`Client::imds`] and, with the feature `tls`, `Client::arm`. [`Limits`] has what differs.
//!
//! # Guarantees
//!
//! 1. What goes over the wire is the request line with the target byte for byte, `Host`, the request's headers in their
//!    order, `User-Agent`, for a `POST` `Content-Length` and the body, and nothing else (`the_bytes_on_the_wire_are_exact`,
//!    `a_post_carries_its_body_and_its_length`). Header names are written in title case: `metadata` and `Metadata` both
//!    become `Metadata`.
//! 2. No redirect is followed (`redirects_lead_nowhere`), and nothing is decompressed (`a_gzip_body_is_left_alone`).
//! 3. Plain HTTP goes through no proxy, HTTPS through the one that the caller set (`exceptions_and_plain_http_go_past_the_proxy`).
//!    A proxy sees the host's name and its own credentials, never the request (`the_bytes_to_the_proxy_are_exact`,
//!    `a_tunnel_that_opens_carries_the_request_inside_tls`), and the credentials go nowhere else, into no error and no log
//!    (`proxies_that_refuse`).
//! 4. This crate reads no environment variable; `ProxyRules::from_lookup` asks its caller for them and decides as curl
//!    does (`real_curl_goes_the_same_way`). On Linux the loader of the platform's trust store honours `SSL_CERT_FILE` and
//!    `SSL_CERT_DIR`.
//! 5. [`Client::send`] ends within its budget, whatever the server does (`a_server_that_never_answers` and the rest of the
//!    hostile server suite, `tests/it/suite`); the error names the phase that the budget ran out in.
//! 6. No more body is kept than the request allows; a larger `Content-Length` is refused unread
//!    (`a_large_content_length_is_refused_unread`), and so is a head above [`Limits::with_head_bytes`]
//!    (`endless_headers_are_cut_off`). An exchange holds twice the allowed body and 80 KiB at most
//!    (`servers_that_never_stop`).
//! 7. A body that ends early is an error, never a short body (`a_content_length_above_the_body_is_closed`,
//!    `a_tls_stream_cut_without_notice_is_closed`).
//! 8. A request that holds a secret goes over TLS, or over plain HTTP to a peer whose *address* is a loopback one and only
//!    after [`Client::with_secrets_on_loopback`]; otherwise nothing is written (`a_secret_over_plain_http_is_not_written`).
//! 9. Dropping the future of [`Client::send`], at any await, closes the connection and leaves no task behind
//!    (`a_send_may_be_cancelled_at_any_await`, `a_tunnel_may_be_cancelled_at_any_await`): the connection is driven inside
//!    that future.
//! 10. At most one connection is kept, for the same origin, for as long as [`Limits::with_idle_age`] says, on the runtime
//!     that it belongs to, and only after a whole HTTP/1.1 answer with nothing behind it (`what_ends_a_connection_is_not_kept`,
//!     `a_connection_of_another_runtime_is_not_used`). What a server says unasked is given to nobody
//!     (`a_stale_connection_is_replaced`). A `GET` that finds it lost before any byte of the answer is sent once more over
//!     a new one (`a_request_that_meets_a_lost_connection_is_sent_once_more`, `a_request_is_repeated_once_only`), but not
//!     without [`Client::with_resending`] (`a_request_that_counts_goes_out_once`).
//! 11. No error, `Debug` or log line holds a header's value, a body or a query (`an_error_shows_no_secret`,
//!     `the_span_tells_method_path_and_status_only`).
//!
//! # What this crate does not do
//!
//! It does not retry, a lost kept connection apart, and knows neither IMDS nor ARM. Name lookups go to the system's
//! resolver, on a thread that a cancelled exchange cannot call back. Nothing watches a kept connection: one that the
//! server has closed is noticed at the next request, or goes with the client.
//!
//! # Logging
//!
//! Each exchange is a `tracing` span `http_exchange` at level debug, with the fields `method`, `path` (without the query),
//! `authority`, `attempt` as the caller counts, `reused`, `status` and `failure`.
//!
//! # Features
//!
//! * `reason-phrase`: a response has the words of its status line under the name `REASON_PHRASE`, where they are not the
//!   usual ones (`the_words_of_a_status_line_are_kept_where_they_are_its_own`).
//! * `tls`: `Client::arm`, `Client::tls` and the proxy, with rustls and the trust store of the platform. Without it no TLS
//!   library is built.
//!
//! # Stability
//!
//! The words of messages, the types behind `source()`, log texts and defaults may change in any release.

#![warn(missing_docs, clippy::exhaustive_enums, clippy::exhaustive_structs)]

#[cfg(feature = "tls")]
mod certificate;
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
mod trust;
#[cfg(feature = "tls")]
mod tunnel;
mod wire;

#[cfg(feature = "tls")]
pub use certificate::presented_certificates;
pub use client::{Client, Exchanged};
pub use error::TransportError;
pub use limits::{
    ARM_CONNECT_TIMEOUT, ARM_FIRST_BYTE_TIMEOUT, DEFAULT_HEAD_BYTES, IMDS_CONNECT_TIMEOUT,
    IMDS_FIRST_BYTE_TIMEOUT, IMDS_IDLE_AGE, Limits, MIN_HEAD_BYTES,
};
#[cfg(feature = "tls")]
pub use proxy::{DEFAULT_PROXY_PORT, Proxy, ProxyError, ProxyRules};
pub use timing::Timings;
#[cfg(feature = "reason-phrase")]
pub use wire::REASON_PHRASE;
