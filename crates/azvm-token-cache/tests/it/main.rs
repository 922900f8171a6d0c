//! The guarantees of the crate, each against a clock by hand.

#![expect(clippy::unwrap_used, reason = "test code")]

mod fixture;
mod flights;
mod freshness;
mod hits;
mod interleavings;
mod keeping;
mod overdue;
mod refreshing;
mod remembering;
mod traits;
