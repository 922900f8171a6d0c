//! Fetches that never end: what a runtime that nobody drives any more leaves behind.

use crate::fixture::{DAY_SECS, Fixture, START, day, failed, is_pending, settle};
use azvm_token_cache::{
    Cache, Clock, Config, DEFAULT_FETCH_LIMIT, Failed, FetchError, MIN_INTERVAL, ManualClock,
};
use std::future::pending;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

/// A runtime that can be entered without being driven, as one that a thread blocks on for single calls.
fn runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().build().unwrap()
}

/// Starts a fetch in a runtime that is not driven after this, and hands the runtime out: it is not shut down either.
fn abandon(fixture: &Fixture) -> Runtime {
    let abandoned = runtime();
    abandoned.block_on(async {
        let mut call = Box::pin(fixture.get("key", DAY_SECS));
        assert!(is_pending(call.as_mut()).await);
    });
    abandoned
}

#[test]
fn a_fetch_of_an_abandoned_runtime_does_not_hang_its_key() {
    let fixture = Fixture::new();
    let abandoned = abandon(&fixture);
    let alive = runtime();
    alive.block_on(async {
        let mut waiter = Box::pin(fixture.get("key", DAY_SECS));
        fixture
            .clock
            .advance_monotonic(DEFAULT_FETCH_LIMIT - Duration::from_nanos(1));
        assert!(
            is_pending(waiter.as_mut()).await,
            "the fetch is young enough"
        );
        assert_eq!(fixture.cache.metrics().fetches, 1);
        fixture.clock.advance_monotonic(Duration::from_nanos(1));
        assert_eq!(fixture.get("key", DAY_SECS).await, 2, "fetched anew");
        assert_eq!(waiter.await, 2, "who waited before gets the new one");
        assert_eq!(fixture.cache.metrics().failures, 1);
    });
    // Driven again, the old fetch ends, and nobody hears of it.
    abandoned.block_on(settle());
    assert_eq!(alive.block_on(fixture.get("key", DAY_SECS)), 2);
    assert_eq!(fixture.cache.metrics().in_flight, 0);
}

#[test]
fn who_waits_for_a_fetch_of_another_runtime_asks_again() {
    let clock = Arc::new(ManualClock::new(START));
    let config = Config::new()
        .with_clock(Arc::clone(&clock) as Arc<dyn Clock>)
        .with_sleep(|time| Box::pin(tokio::time::sleep(time)));
    let cache: Cache<&str, usize, &str> = Cache::new(config);
    let abandoned = runtime();
    abandoned.block_on(async {
        let mut call = Box::pin(cache.get_or_fetch(&"key", pending));
        assert!(is_pending(call.as_mut()).await);
    });
    let mut builder = Builder::new_current_thread();
    let alive = builder.enable_time().start_paused(true).build().unwrap();
    alive.block_on(async {
        let began = tokio::time::Instant::now();
        let waiter = cache.get_or_fetch(&"key", || async { Ok(day(7)) });
        let passes = async {
            tokio::time::sleep(DEFAULT_FETCH_LIMIT).await;
            clock.advance_monotonic(DEFAULT_FETCH_LIMIT);
        };
        let (outcome, ()) = tokio::join!(waiter, passes);
        assert_eq!(*outcome.unwrap(), 7);
        assert!(began.elapsed() < DEFAULT_FETCH_LIMIT + Duration::from_secs(1));
    });
}

#[tokio::test]
async fn who_started_an_overdue_fetch_hears_that_it_is() {
    let fixture = Fixture::new();
    let mut starter = Box::pin(fixture.cache.get_or_fetch(&"key", pending));
    assert!(is_pending(starter.as_mut()).await);
    fixture.clock.advance_monotonic(DEFAULT_FETCH_LIMIT);
    assert_eq!(fixture.get("key", DAY_SECS).await, 1);
    assert!(matches!(starter.await, Err(FetchError::Overdue)));
}

#[tokio::test]
async fn what_an_overdue_fetch_brings_is_ignored() {
    let fixture = Fixture::new();
    let (answer, answered) = oneshot::channel();
    let late = || async { answered.await.unwrap() };
    let mut starter = Box::pin(fixture.cache.get_or_fetch(&"key", late));
    assert!(is_pending(starter.as_mut()).await);
    fixture.clock.advance_monotonic(DEFAULT_FETCH_LIMIT);
    let fail = fixture.fail(Failed::Definitive("gone"));
    assert_eq!(failed(fail.await), "gone");
    answer.send(Ok(day(7))).unwrap();
    settle().await;
    assert!(fixture.cache.peek(&"key").is_none());
    let fail = fixture.fail(Failed::Transient("not asked"));
    assert_eq!(failed(fail.await), "gone", "the error is still remembered");
}

#[tokio::test]
async fn a_refresh_that_hangs_disturbs_nobody_and_is_replaced() {
    let fixture = Fixture::new();
    fixture.get_and_settle("key", DAY_SECS).await;
    fixture.clock.advance_secs(DAY_SECS / 2);
    let hanging = fixture.cache.get_or_fetch(&"key", pending);
    assert_eq!(*hanging.await.unwrap(), 1);
    fixture.clock.advance_monotonic(DEFAULT_FETCH_LIMIT);
    assert_eq!(fixture.get_and_settle("key", DAY_SECS).await, 1);
    assert_eq!(fixture.get_and_settle("key", DAY_SECS).await, 2);
    assert_eq!(fixture.cache.metrics().refreshes, 2);
}

#[tokio::test]
async fn no_limit_is_shorter_than_the_least_interval() {
    let clock = Arc::new(ManualClock::new(START));
    let config = Config::new()
        .with_fetch_limit(Duration::ZERO)
        .with_clock(Arc::clone(&clock) as Arc<dyn Clock>);
    let cache: Cache<&str, usize, &str> = Cache::new(config);
    let mut starter = Box::pin(cache.get_or_fetch(&"key", pending));
    assert!(is_pending(starter.as_mut()).await);
    clock.advance_monotonic(MIN_INTERVAL - Duration::from_nanos(1));
    let mut joins = Box::pin(cache.get_or_fetch(&"key", || async { Ok(day(7)) }));
    assert!(is_pending(joins.as_mut()).await);
    clock.advance_monotonic(Duration::from_nanos(1));
    let value = cache.get_or_fetch(&"key", || async { Ok(day(8)) }).await;
    assert_eq!(*value.unwrap(), 8);
}

#[test]
fn a_hit_outside_a_runtime_holds_no_refresh_back() {
    let fixture = Fixture::new();
    let alive = runtime();
    alive.block_on(fixture.get_and_settle("key", DAY_SECS));
    fixture.clock.advance_secs(DAY_SECS / 2);
    for _ in 0..10 {
        let call = std::pin::pin!(fixture.get("key", DAY_SECS));
        let outside = call.poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(outside, Poll::Ready(1));
    }
    let metrics = fixture.cache.metrics();
    assert_eq!((metrics.refreshes, metrics.failures), (0, 0));
    alive.block_on(async {
        assert_eq!(fixture.get_and_settle("key", DAY_SECS).await, 1);
        assert_eq!(fixture.get("key", DAY_SECS).await, 2, "refreshed at once");
    });
}
