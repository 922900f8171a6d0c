//! An Azure VM's metadata service and Resource Manager over real sockets, from a scenario file: a test double for any SDK.
//!
//! ```
//! use azvm_simulator::{Listen, Scenario, Simulator};
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
//! # runtime.block_on(async {
//! let scenario = Scenario::named("healthy").expect("a built-in scenario");
//! let simulator = Simulator::start(scenario, Listen::default()).await?;
//! // Aim any client at these two, and let it trust `simulator.ca_pem()`.
//! assert!(simulator.imds_endpoint().starts_with("http://127.0.0.1:"));
//! assert!(simulator.arm_endpoint().starts_with("https://127.0.0.1:"));
//! // … and afterwards look at what it sent.
//! assert!(simulator.journal().is_empty());
//! simulator.shutdown().await;
//! # Ok::<(), azvm_simulator::StartError>(())
//! # }).unwrap();
//! ```
//!
//! ```text
//!  scenario (TOML) ──▶ world, role assignments, faults
//!                          │
//!   client ── http ──▶ imds ──▶ token ──┐ issues
//!          ── https ─▶ arm  ◀── token ──┘ verifies
//!          ── http ──▶ arm (loopback only)
//!                          ├──▶ journal (what was asked, what was answered)
//!  admin API, methods ────▶└── changes of the world, the clock, the faults
//! ```
//!
//! # Guarantees
//!
//! 1. It is an independent witness: nothing here is shared with the client crates, so that a mistake cannot hide by being made twice.
//! 2. It listens on loopback addresses and on 169.254.169.254 only, unless told otherwise; ARM over plain HTTP is on loopback only.
//! 3. ARM accepts the tokens that this very simulator issued, and no others; the signing key is random, made once per process, and never leaves memory.
//! 4. No token and no key reaches `tracing` or any `Debug` of this crate.
//! 5. Nothing a peer sends makes it panic, and no peer can hold back the others.
//!
//! # What this crate does not do
//!
//! It never connects to anything.
//! Its clouds, roles and resources are the few that a scenario names; it is not a model of Azure as a whole.
//!
//! # Stability
//!
//! Scenario names and the members of the scenario file are kept; texts that Azure does not fix, and the built-in scenarios' figures, may change.

#![warn(missing_docs, clippy::exhaustive_enums, clippy::exhaustive_structs)]

mod access;
mod admin;
mod arc;
mod arm;
mod clock;
mod control;
mod error;
mod exchange;
mod fault;
mod front;
mod imds;
mod journal;
mod key;
mod limits;
mod listen;
mod random;
mod role;
mod scenario;
mod server;
mod simulator;
mod text;
mod tls;
mod token;
mod world;

/// The example in docs/simulator.md is compiled with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/simulator.md")]
struct Page;

pub use clock::Clock;
pub use control::{Deny, Grant};
pub use error::{ChangeError, ScenarioError, StartError};
pub use fault::FaultRule;
pub use front::Front;
pub use journal::Received;
pub use listen::{Listen, Server};
pub use scenario::Scenario;
pub use simulator::Simulator;
pub use world::{Identity, World};
