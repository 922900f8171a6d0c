//! The ARM calls from outside: requests byte for byte, recorded answers, clouds and endpoints.

#![expect(clippy::unwrap_used, reason = "test code")]

mod clouds;
mod denied;
mod endpoints;
mod golden;
mod golden_requests;
mod golden_responses;
mod paging;
mod permissions;
mod properties;
mod refusals;
mod retries;
mod typed_answers;
