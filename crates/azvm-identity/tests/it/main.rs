//! Tokens and ARM calls against a simulator on 127.0.0.1, over real sockets.

#![expect(clippy::unwrap_used, reason = "test code")]

mod cancel;
mod errors;
mod happy;
mod limits;
mod proxy;
mod resource_group;
mod scripted;
mod support;
mod traits;
