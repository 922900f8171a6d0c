//! The guarantees of the crate against servers of raw bytes on loopback.

#![expect(clippy::unwrap_used, reason = "test code")]

mod body;
mod cancel;
mod fixture;
mod hostile;
mod safety;
#[cfg(feature = "tls")]
mod tls;
mod wire;
