//! The protocol from outside: requests byte for byte, recorded answers, and what must never be shown.

#![expect(clippy::unwrap_used, reason = "test code")]

mod endpoints;
mod expiry;
mod golden;
mod golden_documents;
mod golden_requests;
mod golden_responses;
mod odd_answers;
mod properties;
mod real_clients;
mod retries;
mod secrets;
mod selectors;
