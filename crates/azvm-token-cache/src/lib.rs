//! An async cache for values that expire: hits without a lock, one fetch for any number of waiters, refresh ahead of the end,
//! and two clocks of which neither is believed alone. It knows no protocol, no HTTP and no token.
//!
//! ```
//! use azvm_token_cache::{Cache, Config, Failed, Fresh};
//! use std::io;
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! async fn fetch() -> Result<Fresh<String>, Failed<io::Error>> {
//!     let expires_on_unix_secs = 4_102_444_800;
//!     Ok(Fresh::new("a token".to_owned(), expires_on_unix_secs, Duration::from_secs(86_400)))
//! }
//!
//! let cache: Cache<&str, String, io::Error> = Cache::new(Config::new());
//! let token = cache.get_or_fetch(&"audience", fetch).await.unwrap();
//! assert_eq!(*token, "a token");
//!
//! let entry = cache.entry(&"audience"); // for one key that is asked for often
//! let again = entry.get_or_fetch(fetch).await.unwrap();
//! assert!(std::ptr::eq(&*token, &*again));
//! # }
//! ```
//!
//! ```text
//!                 usable, nothing due                        ┌───────────── detached task ─────────────┐
//!   get_or_fetch ─────────────────────────────▶ a guard      │                                         │
//!        │ otherwise, under a short lock:                    │                                         │
//!        ├─ usable ──▶ a guard, and when a refresh is due ──▶│ fetch ─▶ keep value or error ─▶ tell ───│──▶ all waiters
//!        ├─ a flight under way ──▶ wait ─────────────────────│────────────────────────────────────────▶│
//!        ├─ a remembered error ──▶ that error                │                                         │
//!        └─ nothing ──▶ take off, and wait ─────────────────▶│                                         │
//!                                                            └─────────────────────────────────────────┘
//! ```
//!
//! # Guarantees
//!
//! Hits:
//!
//! 1. A hit takes no lock, allocates nothing, reads each clock once, and writes to no memory that threads share
//!    (`a_hit_allocates_nothing`; the bench `cache` shows that two threads are as fast as one). Once per [`USE_INTERVAL`] one hit
//!    of a key notes its use, under a lock that no other hit waits for (`a_hit_waits_for_nobody`).
//! 2. Different keys never wait for each other (`a_hanging_key_does_not_hold_up_another`).
//!
//! Time:
//!
//! 3. A value is served only while the wall clock is before its `expires_on` less the margin *and* the monotonic time since its
//!    receipt is under `expires_in` less the margin (`a_value_ends_by_the_wall_clock`, `a_value_ends_by_the_monotonic_clock`,
//!    `a_wall_clock_set_back_does_not_prolong`, `after_a_suspend_a_dead_value_is_not_served`; any order of events:
//!    `no_order_of_events_breaks_the_rules`).
//! 4. The margin is at most half of a value's lifetime, and a value that lives for less than [`MIN_INTERVAL`] is served to its
//!    end (`a_short_lived_value_is_served_for_half_its_life`).
//! 5. A value whose `expires_on` is past or almost past when it arrives, while its `expires_in` is not, shows that the wall clock
//!    is wrong: it is taken to expire `expires_in` later by that same clock (`a_wall_clock_far_ahead_does_not_cause_a_storm`,
//!    `a_wall_clock_ahead_by_almost_a_lifetime_does_not_cause_a_storm`).
//! 6. A clock that jumps causes one fetch (`a_wall_clock_set_forward_fetches_once`), and never more than one per
//!    [`MIN_INTERVAL`] (`a_wall_clock_that_jumps_on_is_followed_once_per_interval`): meanwhile callers get
//!    [`FetchError::ClockJumped`] rather than a value that is dead by one of the clocks.
//! 7. A value that arrives dead by both clocks is served to nobody: [`FetchError::Expired`]
//!    (`a_value_that_arrives_dead_is_an_error`).
//!
//! One fetch:
//!
//! 8. At most one fetch per key is waited for, whatever the number of waiters, by key or by entry, and no other is under way
//!    but one that was given up (12)
//!    (`ten_thousand_tasks_share_one_fetch`, `an_entry_and_its_key_share_one_fetch`, `no_order_of_events_breaks_the_rules`).
//! 9. The fetch is a task of its own: a waiter that is dropped, even the one that started it, does not cancel it
//!    (`the_fetch_outlives_the_waiter_that_started_it`, `the_value_of_an_abandoned_fetch_is_cached`).
//! 10. Every waiter ends when the fetch ends, however it ends (`every_waiter_ends`). All share one error
//!     (`a_transient_error_reaches_all_waiters_and_is_forgotten`).
//! 11. A panic in the fetch, or the end of its runtime, reaches all waiters as [`FetchError::Panicked`] and leaves the key usable
//!     (`a_panic_reaches_all_waiters_and_leaves_the_key_usable`, `a_panic_before_the_future_exists_leaves_the_key_usable`,
//!     `a_runtime_that_is_shut_down_ends_its_fetches`).
//! 12. A fetch that does not end, because its runtime is not driven any more, holds its key for [`DEFAULT_FETCH_LIMIT`] of
//!     monotonic time at most (`a_fetch_of_an_abandoned_runtime_does_not_hang_its_key`). Then the next call starts another one;
//!     who waited for the first gets the value of the second, who had started it gets [`FetchError::Overdue`]
//!     (`who_started_an_overdue_fetch_hears_that_it_is`), and what it brings later is ignored
//!     (`what_an_overdue_fetch_brings_is_ignored`, `no_order_of_events_breaks_the_rules`). With [`Config::with_sleep`] who waits
//!     in another runtime than that of the fetch asks again by himself (`who_waits_for_a_fetch_of_another_runtime_asks_again`).
//!     Nor does it keep its key in the cache (`a_key_whose_fetch_is_overdue_may_be_evicted`).
//! 13. A call outside a tokio runtime starts nothing: a usable value is served, and that it could not be refreshed is no failed
//!     refresh (`a_hit_outside_a_runtime_holds_no_refresh_back`); without one the call ends with [`FetchError::NoRuntime`]
//!     (`without_a_runtime_a_miss_is_an_error_and_a_hit_is_a_hit`).
//!
//! Refresh ahead:
//!
//! 14. From half of its lifetime when that is [`LONG_LIFETIME`] or more, else from [`SHORT_LIFETIME_REFRESH_PERCENT`] of the time
//!     that it is served, a hit returns the old value at once and starts one refresh in the background
//!     (`from_half_of_its_life_a_value_is_refreshed_once_in_the_background`,
//!     `a_short_life_is_refreshed_from_three_quarters_of_its_use`), later by a jitter that differs between processes
//!     (`processes_refresh_at_different_times`). Who does not ask causes no refresh.
//! 15. A refresh that fails or panics disturbs no reader while the old value is usable, and is retried with back-off from
//!     [`MIN_INTERVAL`] to [`MAX_BACKOFF`] (`failed_refreshes_back_off_and_disturb_nobody`,
//!     `a_refresh_that_panics_disturbs_nobody`); then the error surfaces
//!     (`when_the_value_ends_the_error_of_the_refresh_surfaces`).
//!
//! What is kept:
//!
//! 16. A [`Failed::Definitive`] error is given to all who ask for [`DEFAULT_ERROR_MEMORY`]
//!     (`a_definitive_error_is_remembered_for_a_short_time`, `a_thousand_tasks_share_one_definitive_error`); a
//!     [`Failed::Transient`] one only to those who waited for it.
//! 17. `invalidate` forgets the very value that it is given, and no newer one (`invalidate_forgets_just_that_value`).
//! 18. No more keys are kept than the capacity, those with a living [`Entry`] not counted: keys without a usable value go first,
//!     then the least recently used, to the [`USE_INTERVAL`] (`capacity_evicts_the_useless_then_the_least_recently_used`,
//!     `a_key_with_a_living_entry_is_not_evicted`, `keys_in_flight_may_exceed_the_capacity_until_they_land`).
//! 19. Of the caller's code only the key's `Hash`, `Eq` and `Clone` and the clock run under a lock; the drop of a value does not
//!     (`a_value_may_use_the_cache_when_it_is_dropped`). No lock is held across an await.
//! 20. No `Debug` and no log line shows a key or a value (`debug_shows_no_value_and_no_key`).
//!
//! # What this crate does not do
//!
//! It does not retry a failed fetch for those who wait: a schedule of retries belongs into the fetch. It cancels no fetch: each
//! has to end by itself, and well before [`Config::with_fetch_limit`]. It stores nothing on disk and shares nothing between processes.
//!
//! # Stability
//!
//! Defaults, the words of messages and what is logged may change in any release.

#![warn(missing_docs, clippy::exhaustive_enums, clippy::exhaustive_structs)]

mod cache;
mod call;
mod clock;
mod config;
mod entry;
mod error;
mod flight;
mod guard;
mod keyed;
mod machine;
mod metrics;
mod policy;
mod validity;

pub use cache::Cache;
pub use clock::{Clock, ManualClock, SystemClock};
pub use config::Config;
pub use entry::Entry;
pub use error::{Failed, FetchError};
pub use guard::Guard;
pub use metrics::Metrics;
pub use policy::{
    DEFAULT_CAPACITY, DEFAULT_ERROR_MEMORY, DEFAULT_FETCH_LIMIT, DEFAULT_MARGIN, LONG_LIFETIME,
    MAX_BACKOFF, MAX_REFRESH_JITTER, MIN_INTERVAL, SHORT_LIFETIME_REFRESH_PERCENT, USE_INTERVAL,
};
pub use validity::Fresh;
