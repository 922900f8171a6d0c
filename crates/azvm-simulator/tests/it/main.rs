//! The simulator from outside: requests written by hand over real sockets.

#![expect(clippy::unwrap_used, reason = "test code")]

mod arm_bearer;
mod arm_reads;
mod arm_rights;
mod faults;
mod hostile;
mod imds_errors;
mod imds_instance;
mod imds_token;
mod journal;
mod leaks;
mod listen;
mod recorded;
mod scenarios;
mod wire;
