//! The simulator from outside: requests written by hand over real sockets.

#![expect(clippy::unwrap_used, reason = "test code")]

mod admin;
mod arm_bearer;
mod arm_changes;
mod arm_reads;
mod arm_rights;
mod changes;
mod faults;
mod fronts;
mod hostile;
mod identities;
mod imds_endpoints;
mod imds_errors;
mod imds_instance;
mod imds_token;
mod journal;
mod leaks;
mod listen;
mod load;
mod properties;
mod recorded;
mod scenarios;
mod wire;
mod wire_faults;
