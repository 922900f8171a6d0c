//! Tokens and ARM calls against a simulator on 127.0.0.1, over real sockets.

#![expect(clippy::unwrap_used, reason = "test code")]

#[cfg(feature = "blocking")]
mod blocking;
mod cancel;
mod errors;
mod expired;
mod from_env;
mod happy;
mod limits;
mod lists;
mod proxy;
mod resource_group;
mod scripted;
mod stopped;
mod support;
mod traits;
