//! A small async cache: one fetch for any number of waiters, two clocks, and no lock held across an await.
//!
//! ```
//! use azvm_token_cache::{Cache, DEFAULT_MARGIN, Fresh};
//! use std::io;
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let cache: Cache<&str, String, io::Error> = Cache::new(DEFAULT_MARGIN);
//! let fetch = || async {
//!     let expires_on_unix_secs = 4_102_444_800;
//!     Ok(Fresh::new("a token".to_owned(), expires_on_unix_secs, Duration::from_secs(86_400)))
//! };
//! let first = cache.get_or_fetch(&"audience", fetch).await.unwrap();
//! let second = cache.get_or_fetch(&"audience", || async { unreachable!() }).await.unwrap();
//! assert!(std::sync::Arc::ptr_eq(&first, &second));
//! # }
//! ```
//!
//! ```text
//!                usable value                        ┌────────── detached task ──────────┐
//!   get_or_fetch ────────────▶ returned at once      │                                   │
//!        │       no value, no flight ──▶ take off ──▶│ fetch ─▶ store ─▶ remove flight   │──▶ all waiters
//!        └────── no value, a flight ───▶ wait ───────│──────────────────────────────────▶│
//!                                                    └───────────────────────────────────┘
//! ```
//!
//! # Guarantees
//!
//! 1. A value is served from the cache only while the wall clock is before its `expires_on` less the margin *and* the monotonic
//!    time since its receipt is under `expires_in` less the margin (`a_value_ends_by_the_wall_clock`,
//!    `a_value_ends_by_the_monotonic_clock`, `a_wall_clock_set_back_does_not_prolong`, `a_wall_clock_set_forward_fetches_once`).
//! 2. The margin is at most half of a value's lifetime, so that a short-lived value is cached too
//!    (`a_short_lived_value_is_served_for_half_its_life`).
//! 3. A value whose `expires_on` is already past when it arrives while `expires_in` is not shows that the wall clock is wrong:
//!    it is taken to expire `expires_in` later by that same clock, rather than fetched anew by each caller
//!    (`a_wall_clock_far_ahead_does_not_cause_a_storm`).
//! 4. At most one fetch per key is under way, whatever the number of waiters (`ten_thousand_tasks_share_one_fetch`).
//! 5. The fetch is a task of its own: a waiter that is dropped, even the one that started it, does not cancel it
//!    (`the_fetch_outlives_the_waiter_that_started_it`).
//! 6. All waiters share one error, which is not remembered: the next caller fetches (`an_error_reaches_all_waiters_and_is_forgotten`).
//! 7. A panic in the fetch reaches all waiters as [`FetchError::Panicked`] and leaves the key usable
//!    (`a_panic_reaches_all_waiters_and_leaves_the_key_usable`, `a_panic_before_the_future_exists_leaves_the_key_usable`).
//! 8. Who waited for a fetch gets its value even when that has expired already: there is no second round
//!    (`an_expired_value_goes_to_its_waiters_only`).
//! 9. Different keys never wait for each other (`a_hanging_key_does_not_hold_up_another`). Of the caller's code only the key's `Hash`,
//!    `Eq` and `Clone` run under the lock; the drop of a value does not (`a_value_may_use_the_cache_when_it_is_dropped`).
//! 10. No more values are kept than the capacity: values that may not be served any more go first, then the ones stored
//!     longest ago (`capacity_evicts_the_useless_then_the_oldest`).
//!
//! # What this crate does not do
//!
//! It knows no protocol, no HTTP and no token, does not retry, and does not refresh ahead of expiry.
//!
//! # Stability
//!
//! Defaults and the words of messages may change in any release.

#![warn(missing_docs, clippy::exhaustive_enums, clippy::exhaustive_structs)]

mod cache;
mod clock;
mod error;
mod flight;
mod validity;

pub use cache::{Cache, DEFAULT_CAPACITY, DEFAULT_MARGIN};
pub use clock::{Clock, ManualClock, SystemClock};
pub use error::FetchError;
pub use validity::Fresh;
