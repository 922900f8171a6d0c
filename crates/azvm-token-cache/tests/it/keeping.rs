//! What is kept: capacity, invalidation, and what happens to values that go.

use crate::fixture::{DAY_SECS, Fixture, START, day};
use azvm_token_cache::{Cache, Fresh};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn invalidate_forgets_just_that_value() {
    let fixture = Fixture::new();
    let get = |number| {
        fixture
            .cache
            .get_or_fetch(&"key", move || async move { Ok(day(number)) })
    };
    let first = get(1).await.unwrap();
    fixture.cache.invalidate(&"key", &Arc::new(1));
    fixture.cache.invalidate(&"other", &first);
    assert!(Arc::ptr_eq(&first, &get(2).await.unwrap()));
    fixture.cache.invalidate(&"key", &first);
    let second = get(2).await.unwrap();
    assert_eq!(*second, 2);
    fixture.cache.invalidate(&"key", &first);
    assert!(Arc::ptr_eq(&second, &get(3).await.unwrap()));
}

#[tokio::test]
async fn capacity_evicts_the_useless_then_the_oldest() {
    let fixture = Fixture::with_capacity(3);
    fixture.get("day 1", DAY_SECS).await;
    fixture.get("minute", 60).await;
    fixture.get("day 2", DAY_SECS).await;
    fixture.clock.advance_secs(60);
    fixture.get("day 3", DAY_SECS).await;
    assert_eq!(fixture.count(), 4);
    for key in ["day 1", "day 2", "day 3"] {
        fixture.get(key, DAY_SECS).await;
    }
    assert_eq!(fixture.count(), 4, "the expired value went");
    fixture.get("day 4", DAY_SECS).await;
    fixture.get("day 2", DAY_SECS).await;
    assert_eq!(fixture.count(), 5);
    fixture.get("day 1", DAY_SECS).await;
    assert_eq!(fixture.count(), 6, "the value stored first went");
}

#[tokio::test]
async fn a_renewed_value_evicts_nothing() {
    let fixture = Fixture::with_capacity(2);
    fixture.get("day", DAY_SECS).await;
    fixture.get("minute", 60).await;
    fixture.clock.advance_secs(60);
    fixture.get("minute", 60).await;
    fixture.get("day", DAY_SECS).await;
    assert_eq!(fixture.count(), 3);
}

#[tokio::test]
async fn a_value_may_use_the_cache_when_it_is_dropped() {
    struct Reentrant(Cache<u8, Self, Infallible>);
    impl Drop for Reentrant {
        fn drop(&mut self) {
            assert!(format!("{:?}", self.0).contains("values"));
        }
    }
    let cache = Cache::new(Duration::ZERO).with_capacity(1);
    let get = |key: u8| {
        let value = Reentrant(cache.clone());
        let expires_on = START * 10;
        let fetch =
            move || async move { Ok(Fresh::new(value, expires_on, Duration::from_secs(3600))) };
        let cache = cache.clone();
        async move { cache.get_or_fetch(&key, fetch).await.unwrap() }
    };
    drop(get(1).await);
    drop(get(2).await); // evicts the first
    let second = get(2).await;
    cache.invalidate(&2, &second);
}
