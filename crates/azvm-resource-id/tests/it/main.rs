//! The crate from outside.

#![expect(clippy::unwrap_used, reason = "test code")]

mod accessors;
mod bless;
mod builders;
mod cases;
mod corpus;
mod errors;
mod lints;
mod lookup;
mod properties;
mod traits;
mod views;
