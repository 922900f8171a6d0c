//! What works and what does not between a virtual machine and Azure Resource Manager: facts, findings and reports.
//!
//! ```no_run
//! use azvm_diagnostics::{Config, Silent, collect, diagnose};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let facts = collect(&Config::default(), &Silent).await?;
//! let diagnosis = diagnose(&facts);
//! println!("{}", azvm_diagnostics::text(&facts, &diagnosis, &Default::default()));
//! std::process::exit(diagnosis.exit_code().into());
//! # }
//! ```
//!
//! ```text
//!  collect (I/O, once)          diagnose (pure)                     report
//!  host ─ imds ─ arm ─▶ Facts ─▶ rules, one per check ─▶ Diagnosis ─▶ Report: text, json, html, …
//!                                 │ a failed check skips what depends on it
//!                                 └ findings from the catalogue, with remedies filled in
//! ```
//!
//! # Guarantees
//!
//! 1. Facts come first, once; rules are pure functions of them and see no network and no clock.
//! 2. No fact, finding or report holds a token or a proxy's password. What a server repeats of a token is cut out of the
//!    report last of all, by hashes of its pieces.
//! 3. Whether to go on, and what to retry, is decided by status and `error` code. Words are shown, and may raise the
//!    confidence of a finding.
//! 4. *Unknown* is never reported as *fine* or as *failed*, and a check that panics is reported as *crashed*.
//! 5. Nothing on the machine is changed.
//!
//! # Where the next thing goes
//!
//! A new fact: `facts`, its collector in `collect`, its stored form in `stored`. A new finding: its entry in
//! `catalogue/*.toml` beside `src`, then `cargo xtask generate`, and the rule of its check in `rules`. A new format: `report`.

#![warn(missing_docs, clippy::exhaustive_enums, clippy::exhaustive_structs)]

pub mod agent;
pub mod catalogue;
mod check;
mod collect;
pub mod decode;
pub mod environment;
pub mod facts;
mod finding;
pub mod fleet;
#[doc(hidden)]
pub mod fuzzing;
mod invocation;
mod known;
pub mod linux;
pub mod log;
pub mod model;
mod policy;
mod progress;
mod redactor;
mod remedy;
mod report;
pub mod request;
mod rights;
mod rules;
mod selection;
mod stand_in;
mod stored;
mod strict;
pub mod token_shape;
mod wait;
pub mod windows;

pub use check::{Check, CheckId, Status};
pub use collect::{
    ARM_SILENCE, Config, DEFAULT_TIMEOUT, IMDS_SILENCE, TargetError, budget, collect,
};
pub use facts::Facts;
pub use finding::{Confidence, Finding, Severity, Values};
pub use invocation::Invocation;
pub use policy::Policy;
pub use progress::{Event, Progress, Silent};
pub use redactor::Redactor;
pub use remedy::{Command, PLACEHOLDERS, Remedy};
pub use report::{Format, ONELINE_BYTES, Palette, Report, SCHEMA, TextOptions, Tool, json, text};
pub use rules::{Diagnosis, Outcome, diagnose, diagnose_under};
pub use selection::{Selection, SelectionError};
pub use stored::{FACTS_VERSION, MAX_REPORT_BYTES, StoredError, StoredReport, read_report};
pub use strict::Salt;
pub use wait::{OFFICIAL_MAXIMUM, STABLE_INTERVAL, STABLE_SUCCESSES};
