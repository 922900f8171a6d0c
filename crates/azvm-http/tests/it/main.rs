//! The guarantees of the crate against servers of raw bytes on loopback.

#![expect(clippy::unwrap_used, reason = "test code")]

mod body;
mod cancel;
#[cfg(feature = "tls")]
mod curl;
mod fixture;
mod hostile;
mod idle;
mod safety;
mod suite;
#[cfg(feature = "tls")]
mod tls;
mod wire;
