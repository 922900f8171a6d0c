//! The `azvm-doctor` binary from outside: what it prints, writes, sends and answers with.
#![expect(clippy::unwrap_used, reason = "test code")]

mod cli;
mod leak;
mod lint_id;
#[cfg(target_os = "linux")]
mod namespace;
mod reports;
mod scenarios;
mod support;
mod walkthroughs;
