//! What the types promise to the compiler, and what their `Debug` says.

use crate::fixture::{DAY_SECS, Fixture, Numbers, never};
use azvm_token_cache::{
    Cache, Clock, Config, Entry, Failed, FetchError, Guard, Metrics, SystemClock,
};

#[test]
fn all_types_go_between_threads() {
    fn check<T: Send + Sync + 'static>() {}
    check::<Config>();
    check::<Entry<String, String, String>>();
    check::<Failed<String>>();
    check::<FetchError<String>>();
    check::<Guard<String>>();
    check::<Metrics>();
    check::<Numbers>();
    check::<SystemClock>();
}

#[test]
fn a_waiting_future_goes_between_threads() {
    fn check<T: Send>(_: T) {}
    let cache: Cache<String, usize, &'static str> = Cache::default();
    check(cache.get_or_fetch(&String::new(), never));
    check(cache.entry(&String::new()).get_or_fetch(never));
}

#[tokio::test]
async fn debug_shows_no_value_and_no_key() {
    let fixture = Fixture::new();
    fixture.get("the key", DAY_SECS).await;
    assert_eq!(
        format!("{:?}", fixture.cache),
        "Cache { capacity: 256, keys: 1, in_flight: 0, .. }"
    );
    let entry = fixture.cache.entry(&"the key");
    let shown = format!("{entry:?} {:?}", entry.peek().unwrap());
    assert_eq!(shown, "Entry { .. } Guard { .. }");
}

#[test]
fn the_system_clock_knows_the_century() {
    let clock = SystemClock::new();
    assert!((1_700_000_000..4_102_444_800).contains(&clock.unix_secs()));
    let earlier = clock.monotonic();
    assert!(clock.monotonic() >= earlier);
}
