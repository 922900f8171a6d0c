//! The doctor against worlds of its tests' making: every fact comes through a socket, none is canned.
#![expect(clippy::unwrap_used, reason = "test code")]

mod codes;
mod crashes;
mod environment;
mod forms;
mod hostile;
mod identity;
mod leaks;
mod machine;
mod markup;
mod matrix;
mod neighbours;
mod pages;
mod policy;
mod ran;
mod replies;
mod reports;
mod scenarios;
mod schema;
mod stored;
mod strict;
mod unreachable;
mod waiting;
mod wire;
mod world;
