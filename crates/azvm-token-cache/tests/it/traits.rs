//! What the types promise to the compiler, and what their `Debug` says.

use crate::fixture::{DAY_SECS, Fixture, Numbers};
use azvm_token_cache::{Cache, Clock, FetchError, SystemClock};
use std::time::Duration;

#[test]
fn all_types_go_between_threads() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Numbers>();
    check::<FetchError<String>>();
    check::<SystemClock>();
}

#[test]
fn a_waiting_future_goes_between_threads() {
    fn check<T: Send>(_: T) {}
    let cache: Cache<String, String, String> = Cache::new(Duration::ZERO);
    let fetch = || async { Err(String::new()) };
    check(cache.get_or_fetch(&String::new(), fetch));
}

#[tokio::test]
async fn debug_shows_no_value_and_no_key() {
    let fixture = Fixture::new();
    fixture.get("the key", DAY_SECS).await;
    assert_eq!(
        format!("{:?}", fixture.cache),
        "Cache { margin: 300s, capacity: 256, values: 1, flights: 0, .. }"
    );
}

#[test]
fn the_system_clock_knows_the_century() {
    let clock = SystemClock::new();
    assert!((1_700_000_000..4_102_444_800).contains(&clock.unix_secs()));
    let earlier = clock.monotonic();
    assert!(clock.monotonic() >= earlier);
}
