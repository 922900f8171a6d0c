//! Definitive errors are given again for a short time.

use crate::fixture::{DAY_SECS, Fixture, failed, never};
use azvm_token_cache::{Cache, Config, DEFAULT_ERROR_MEMORY, Failed};
use std::time::Duration;

#[tokio::test]
async fn a_definitive_error_is_remembered_for_a_short_time() {
    let fixture = Fixture::new();
    for _ in 0..10 {
        assert_eq!(
            failed(fixture.fail(Failed::Definitive("gone")).await),
            "gone"
        );
    }
    assert_eq!(fixture.count(), 1);
    let metrics = fixture.cache.metrics();
    assert_eq!((metrics.failures, metrics.remembered), (1, 9));
    let almost = DEFAULT_ERROR_MEMORY - Duration::from_nanos(1);
    fixture.clock.advance_monotonic(almost);
    assert_eq!(
        failed(fixture.fail(Failed::Definitive("other")).await),
        "gone"
    );
    fixture.clock.advance_monotonic(Duration::from_nanos(1));
    assert_eq!(
        failed(fixture.fail(Failed::Definitive("other")).await),
        "other"
    );
    fixture.clock.advance_monotonic(DEFAULT_ERROR_MEMORY);
    assert_eq!(fixture.get("key", DAY_SECS).await, 3);
}

#[tokio::test]
async fn an_error_of_one_key_is_no_error_of_another() {
    let fixture = Fixture::new();
    assert_eq!(
        failed(fixture.fail(Failed::Definitive("gone")).await),
        "gone"
    );
    assert_eq!(fixture.get("other", DAY_SECS).await, 2);
}

#[tokio::test]
async fn a_cache_without_memory_for_errors_fetches_each_time() {
    let cache: Cache<(), usize, &str> = Cache::new(Config::new().with_error_memory(Duration::ZERO));
    let mut fetches = 0;
    for _ in 0..3 {
        let fetch = || {
            fetches += 1;
            async { Err(Failed::Definitive("gone")) }
        };
        assert!(cache.get_or_fetch(&(), fetch).await.is_err());
    }
    assert_eq!(fetches, 3);
}

#[tokio::test]
async fn a_value_ends_the_memory_of_an_error() {
    let fixture = Fixture::new();
    fixture.get("key", DAY_SECS).await;
    fixture.clock.advance_secs(DAY_SECS / 2);
    assert_eq!(*fixture.fail(Failed::Definitive("gone")).await.unwrap(), 1);
    let value = fixture.cache.get_or_fetch(&"key", never).await.unwrap();
    assert!(fixture.cache.invalidate(&"key", &value));
    assert_eq!(
        failed(fixture.fail(Failed::Transient("not called")).await),
        "gone"
    );
    fixture.clock.advance_monotonic(DEFAULT_ERROR_MEMORY);
    let renewed = fixture.get("key", DAY_SECS).await;
    let value = fixture.cache.get_or_fetch(&"key", never).await.unwrap();
    assert_eq!(*value, renewed);
    assert!(fixture.cache.invalidate(&"key", &value));
    assert_eq!(fixture.get("key", DAY_SECS).await, renewed + 1);
}
