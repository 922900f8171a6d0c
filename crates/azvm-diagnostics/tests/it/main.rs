//! The doctor against worlds of its tests' making: every fact comes through a socket, none is canned.
#![expect(clippy::unwrap_used, reason = "test code")]

mod access;
mod answers;
mod asking;
mod codes;
mod crashes;
mod environment;
mod fleet;
mod forms;
mod hostile;
mod identity;
mod leaks;
mod machine;
mod markup;
mod matrix;
mod meant;
mod neighbours;
mod pages;
mod pairs;
mod policy;
mod ran;
mod replies;
mod reports;
mod requests;
mod scenarios;
mod schema;
mod shells;
mod stored;
mod strict;
mod unreachable;
mod waiting;
mod ways;
mod wire;
mod world;
mod worst;
