//! What is kept: capacity, invalidation, and what happens to values that go.

use crate::fixture::{DAY_SECS, Fixture, START, day, is_pending, never, settle};
use azvm_token_cache::{
    Cache, Config, DEFAULT_FETCH_LIMIT, Failed, FetchError, Fresh, USE_INTERVAL,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

#[tokio::test]
async fn invalidate_forgets_just_that_value() {
    let fixture = Fixture::new();
    let get = |number| {
        fixture
            .cache
            .get_or_fetch(&"key", move || async move { Ok(day(number)) })
    };
    let first = get(1).await.unwrap().to_arc();
    assert!(!fixture.cache.invalidate(&"key", &1));
    assert!(!fixture.cache.invalidate(&"other", &first));
    assert!(Arc::ptr_eq(&first, &get(2).await.unwrap().to_arc()));
    assert!(fixture.cache.invalidate(&"key", &first));
    assert!(fixture.cache.peek(&"key").is_none());
    let second = get(2).await.unwrap();
    assert_eq!(*second, 2);
    let entry = fixture.cache.entry(&"key");
    assert!(!entry.invalidate(&first));
    assert!(std::ptr::eq(&*second, &*get(3).await.unwrap()));
    assert!(entry.invalidate(&second));
    assert_eq!(*get(3).await.unwrap(), 3);
}

#[tokio::test]
async fn a_guard_keeps_its_value_alive() {
    let fixture = Fixture::new();
    fixture.get("key", DAY_SECS).await;
    let guards: Vec<_> = (0..50)
        .map(|_| fixture.cache.peek(&"key").unwrap())
        .collect();
    assert!(fixture.cache.invalidate(&"key", &guards[0]));
    assert_eq!(fixture.get("key", DAY_SECS).await, 2);
    drop(fixture);
    assert!(guards.iter().all(|guard| **guard == 1));
}

#[tokio::test]
async fn capacity_evicts_the_useless_then_the_least_recently_used() {
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
    fixture.clock.advance_monotonic(USE_INTERVAL);
    fixture.get("day 3", DAY_SECS).await;
    fixture.get("day 1", DAY_SECS).await;
    fixture.get("day 4", DAY_SECS).await;
    assert_eq!(fixture.count(), 5);
    assert!(
        fixture.cache.peek(&"day 2").is_none(),
        "not used for the longest time"
    );
    assert!(fixture.cache.peek(&"day 1").is_some());
    let metrics = fixture.cache.metrics();
    assert_eq!(
        (metrics.keys, metrics.evictions, metrics.fetches),
        (3, 2, 5)
    );
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
async fn a_key_with_a_living_entry_is_not_evicted() {
    let fixture = Fixture::with_capacity(1);
    let entry = fixture.cache.entry(&"kept");
    fixture.get("kept", DAY_SECS).await;
    fixture.get("other", DAY_SECS).await;
    fixture.get("another", DAY_SECS).await;
    assert_eq!(entry.peek().as_deref(), Some(&1));
    assert_eq!(fixture.cache.metrics().keys, 2);
    drop(entry);
    fixture.get("last", DAY_SECS).await;
    assert_eq!(fixture.cache.metrics().keys, 1);
    assert!(fixture.cache.peek(&"kept").is_none());
}

#[tokio::test]
async fn an_entry_outlives_its_cache() {
    let fixture = Fixture::new();
    let entry = fixture.cache.entry(&"key");
    drop(fixture);
    let get = || entry.get_or_fetch(|| async { Err(Failed::Transient("still asked")) });
    assert!(get().await.is_err());
    assert!(get().await.is_err());
}

#[tokio::test]
async fn keys_in_flight_may_exceed_the_capacity_until_they_land() {
    let cache: Cache<usize, usize, &str> = Cache::new(Config::new().with_capacity(3));
    let landing = Arc::new(Notify::new());
    let mut waiters = tokio::task::JoinSet::new();
    for key in 0..50 {
        let (cache, landing) = (cache.clone(), Arc::clone(&landing));
        waiters.spawn(async move {
            let fetch = || async move {
                landing.notified().await;
                let secs = Duration::from_secs(DAY_SECS.into());
                Ok(Fresh::new(key, START * 10, secs))
            };
            *cache.get_or_fetch(&key, fetch).await.unwrap()
        });
    }
    settle().await;
    assert_eq!(cache.metrics().in_flight, 50);
    landing.notify_waiters();
    let mut values = waiters.join_all().await;
    values.sort_unstable();
    assert_eq!(values, Vec::from_iter(0..50));
    let metrics = cache.metrics();
    assert_eq!(
        (metrics.keys, metrics.in_flight, metrics.waiting),
        (3, 0, 0)
    );
}

#[tokio::test]
async fn a_key_whose_fetch_is_overdue_may_be_evicted() {
    let fixture = Fixture::with_capacity(1);
    let mut hanging = Box::pin(fixture.cache.get_or_fetch(&"hangs", std::future::pending));
    assert!(is_pending(hanging.as_mut()).await);
    fixture.get("a", DAY_SECS).await;
    assert_eq!(fixture.cache.metrics().in_flight, 1, "not evicted");
    fixture.clock.advance_monotonic(DEFAULT_FETCH_LIMIT);
    fixture.get("b", DAY_SECS).await;
    let metrics = fixture.cache.metrics();
    assert_eq!((metrics.keys, metrics.in_flight), (1, 0));
    assert!(matches!(hanging.await, Err(FetchError::Overdue)));
}

#[tokio::test]
async fn a_value_may_use_the_cache_when_it_is_dropped() {
    struct Reentrant(Cache<u8, Self, &'static str>);
    impl Drop for Reentrant {
        fn drop(&mut self) {
            assert!(format!("{:?}", self.0).contains("keys"));
        }
    }
    let cache = Cache::new(Config::new().with_capacity(1));
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
    assert!(cache.invalidate(&2, &second));
}

#[tokio::test]
async fn metrics_say_what_is_going_on() {
    let fixture = Fixture::new();
    fixture.get("key", DAY_SECS).await;
    fixture.clock.advance_secs(7);
    for _ in 0..5 {
        fixture.cache.get_or_fetch(&"key", never).await.unwrap();
    }
    fixture.get("other", DAY_SECS).await;
    let metrics = fixture.cache.metrics();
    assert_eq!((metrics.hits, metrics.misses, metrics.fetches), (5, 2, 2));
    assert_eq!(metrics.oldest, Some(Duration::from_secs(7)));
    assert_eq!(metrics.keys, 2);
}
