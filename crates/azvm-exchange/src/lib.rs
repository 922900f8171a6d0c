//! One HTTP exchange as data: what is sent, what came back, whether to try again and when.
//!
//! ```
//! use azvm_exchange::{Event, Exchange, Monotonic, Request, Response, RetryPolicy, Step};
//! use core::time::Duration;
//!
//! let policy = RetryPolicy::never(Duration::from_secs(5));
//! let mut exchange = Exchange::new(Request::get("/metadata/versions".into()), policy, 7);
//! let now = Monotonic::ZERO;
//! // A transport of your own sends what `poll` hands out …
//! assert!(matches!(exchange.poll(now), Step::Send { .. }));
//! // … and reports what happened.
//! exchange.handle(now, Event::Answered(Response::new(200, vec![], b"{}".to_vec())));
//! let Step::Done(Ok(response)) = exchange.poll(now) else { panic!() };
//! assert_eq!(response.status(), 200);
//! ```
//!
//! ```text
//!            poll                  handle
//!   Idle ──────────▶ Send(request) ──────────▶ Answered / Failed
//!    ▲                                            │
//!    │  slept                          classify ──┤ final ──▶ Done
//!    └──────────────── Sleep(duration) ◀── retry ─┘ deadline ─▶ Done
//! ```
//!
//! # Guarantees
//!
//! 1. Nothing here opens a socket, reads a clock, reads the environment or draws a random number: the crate is `no_std`.
//! 2. An [`Exchange`] ends at its deadline, whatever events it is fed.
//! 3. A [`Secret`] has no `Display`, its `Debug` says `<redacted>`, and its bytes are overwritten on drop.
//! 4. No `Debug` in this crate prints a body or a header's value.
//! 5. A response that quotes the request's secrets leaves an [`Exchange`] without them.
//!
//! # What this crate does not do
//!
//! It knows neither IMDS nor ARM (`azvm-imds`, `azvm-arm`) and performs nothing (`azvm-http`).

#![no_std]
#![warn(missing_docs, clippy::exhaustive_enums, clippy::exhaustive_structs)]
#![warn(
    clippy::alloc_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod encode;
mod failure;
#[doc(hidden)]
pub mod fuzzing;
mod message;
mod origin;
mod retry;
mod secret;
mod service_text;
mod time;
mod unread;

pub use encode::{decode_query_value, encode_query_value};
pub use failure::{Failure, FailureKind, Phase};
pub use message::{DEFAULT_MAX_RESPONSE_BYTES, Header, HeaderValue, Method, Request, Response};
pub use origin::{Host, Origin, OriginError, Scheme};
pub use retry::{Attempt, Event, Exchange, RETRY_AFTER_CAP, RetryClass, RetryPolicy, Step};
pub use secret::Secret;
pub use service_text::{SERVICE_TEXT_CHARS, service_text};
pub use time::{Monotonic, Timestamp};
pub use unread::UnreadForm;
