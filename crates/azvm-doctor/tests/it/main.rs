//! The `azvm-doctor` binary from outside: what it prints, writes, sends and answers with.
#![expect(clippy::unwrap_used, reason = "test code")]

mod aggregate;
mod cli;
mod decode_error;
mod given_tokens;
mod leak;
mod lint_id;
mod lint_request;
#[cfg(target_os = "linux")]
mod namespace;
#[cfg(target_os = "linux")]
mod namespaces;
#[cfg(target_os = "linux")]
mod network;
#[cfg(unix)]
mod pipes;
mod reports;
mod scan_log;
mod scenarios;
mod stand_ins;
mod support;
mod walkthroughs;
