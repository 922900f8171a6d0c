//! One fetch for all who wait: sharing, cancelling, failing.

use crate::fixture::{DAY_SECS, Fixture, day, failed, is_pending, never};
use azvm_token_cache::{Failed, FetchError};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::sync::{Barrier, Notify, oneshot};
use tokio::task::{JoinSet, yield_now};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_tasks_share_one_fetch() {
    const TASKS: usize = 10_000;
    let fixture = Fixture::new();
    let all_started = Arc::new(Barrier::new(TASKS));
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (fixture, all_started) = (fixture.clone(), Arc::clone(&all_started));
        tasks.spawn(async move {
            all_started.wait().await;
            let fetch = || {
                let number = fixture.next();
                async move {
                    for _ in 0..100 {
                        yield_now().await;
                    }
                    Ok(day(number))
                }
            };
            *fixture.cache.get_or_fetch(&"key", fetch).await.unwrap()
        });
    }
    let values = tasks.join_all().await;
    assert!(values.iter().all(|value| *value == 1));
    assert_eq!(fixture.count(), 1);
    let metrics = fixture.cache.metrics();
    assert_eq!(metrics.fetches, 1);
    assert_eq!(metrics.hits + metrics.misses, TASKS as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_tasks_share_one_definitive_error() {
    const TASKS: usize = 1_000;
    let fixture = Fixture::new();
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let fixture = fixture.clone();
        tasks.spawn(async move { failed(fixture.fail(Failed::Definitive("gone")).await) });
    }
    let errors = tasks.join_all().await;
    assert!(errors.iter().all(|error| *error == "gone"));
    assert_eq!(
        fixture.count(),
        1,
        "those who come late get the remembered one"
    );
}

#[tokio::test]
async fn an_entry_and_its_key_share_one_fetch() {
    let fixture = Fixture::new();
    let entry = fixture.cache.entry(&"key");
    let (by_entry, by_key) = tokio::join!(
        entry.get_or_fetch(|| async {
            yield_now().await;
            Ok(day(7))
        }),
        fixture.cache.get_or_fetch(&"key", never)
    );
    let by_entry = by_entry.unwrap();
    assert!(std::ptr::eq(&*by_entry, &*by_key.unwrap()));
    let (hit, other) = (entry.clone().peek().unwrap(), fixture.cache.entry(&"key"));
    assert!(std::ptr::eq(&*by_entry, &*hit));
    assert!(std::ptr::eq(&*by_entry, &*other.peek().unwrap()));
}

#[tokio::test]
async fn the_fetch_outlives_the_waiter_that_started_it() {
    let fixture = Fixture::new();
    let (answer, answered) = oneshot::channel();
    let fetch = || async { Ok(day(answered.await.unwrap())) };
    {
        let mut leader = Box::pin(fixture.cache.get_or_fetch(&"key", fetch));
        assert!(is_pending(leader.as_mut()).await);
    }
    let other = fixture.cache.clone();
    let waiter = tokio::spawn(async move {
        let fetch = || async { Err(Failed::Transient("a second fetch")) };
        other.get_or_fetch(&"key", fetch).await.map(|value| *value)
    });
    yield_now().await;
    assert_eq!(fixture.cache.metrics().waiting, 1);
    answer.send(7).unwrap();
    assert_eq!(waiter.await.unwrap().unwrap(), 7);
}

#[tokio::test]
async fn the_value_of_an_abandoned_fetch_is_cached() {
    let fixture = Fixture::new();
    let done = Arc::new(Notify::new());
    let fetched = Arc::clone(&done);
    let fetch = || async move {
        yield_now().await;
        fetched.notify_one();
        Ok(day(7))
    };
    {
        let mut leader = Box::pin(fixture.cache.get_or_fetch(&"key", fetch));
        assert!(is_pending(leader.as_mut()).await);
    }
    done.notified().await;
    yield_now().await;
    assert_eq!(fixture.get("key", DAY_SECS).await, 7);
    assert_eq!(fixture.count(), 0);
}

#[tokio::test]
async fn a_transient_error_reaches_all_waiters_and_is_forgotten() {
    let fixture = Fixture::new();
    let gone = || fixture.fail(Failed::Transient("gone"));
    let (first, second) = tokio::join!(gone(), gone());
    let (Err(FetchError::Failed(first)), Err(FetchError::Failed(second))) = (first, second) else {
        panic!("expected the error of the fetch");
    };
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!((*first, fixture.count()), ("gone", 1));
    assert_eq!(failed(gone().await), "gone");
    assert_eq!(fixture.get("key", DAY_SECS).await, 3);
}

#[tokio::test]
async fn a_panic_reaches_all_waiters_and_leaves_the_key_usable() {
    let fixture = Fixture::new();
    let get = || {
        let fetch = || async {
            yield_now().await;
            panic!("on purpose")
        };
        fixture.cache.get_or_fetch(&"key", fetch)
    };
    let (first, second) = tokio::join!(get(), get());
    assert!(matches!(first, Err(FetchError::Panicked)));
    assert!(matches!(second, Err(FetchError::Panicked)));
    assert_eq!(fixture.get("key", DAY_SECS).await, 1);
}

#[tokio::test]
async fn a_panic_before_the_future_exists_leaves_the_key_usable() {
    let fixture = Fixture::new();
    let cache = fixture.cache.clone();
    let caller = tokio::spawn(async move {
        let fetch = || -> std::future::Ready<_> { panic!("on purpose") };
        cache.get_or_fetch(&"key", fetch).await.map(|value| *value)
    });
    assert!(caller.await.unwrap_err().is_panic());
    assert_eq!(fixture.get("key", DAY_SECS).await, 1);
}

#[test]
fn a_runtime_that_is_shut_down_ends_its_fetches() {
    let fixture = Fixture::new();
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.build().unwrap()
    };
    let first = runtime();
    let call = fixture.cache.get_or_fetch(&"key", std::future::pending);
    let mut waiter = std::pin::pin!(call);
    first.block_on(async { assert!(is_pending(waiter.as_mut()).await) });
    drop(first);
    let outcome = runtime().block_on(waiter);
    assert!(matches!(outcome, Err(FetchError::Panicked)));
}

#[test]
fn without_a_runtime_a_miss_is_an_error_and_a_hit_is_a_hit() {
    let fixture = Fixture::new();
    let poll = || {
        let call = std::pin::pin!(fixture.get("key", DAY_SECS));
        call.poll(&mut Context::from_waker(Waker::noop()))
    };
    let call = std::pin::pin!(fixture.cache.get_or_fetch(&"key", never));
    let Poll::Ready(outcome) = call.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("there is nothing to wait for");
    };
    assert!(matches!(outcome, Err(FetchError::NoRuntime)));
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder
        .build()
        .unwrap()
        .block_on(fixture.get("key", DAY_SECS));
    assert_eq!(poll(), Poll::Ready(1));
    fixture.clock.advance_secs(DAY_SECS / 2);
    assert_eq!(poll(), Poll::Ready(1), "a refresh is due, but cannot start");
}

#[tokio::test(start_paused = true)]
async fn a_hanging_key_does_not_hold_up_another() {
    let fixture = Fixture::new();
    let hanging = fixture.cache.get_or_fetch(&"hangs", std::future::pending);
    let hanging = tokio::time::timeout(Duration::from_secs(3600), hanging);
    let (hanging, value) = tokio::join!(hanging, fixture.get("key", DAY_SECS));
    assert!(hanging.is_err());
    assert_eq!(value, 1);
}

#[tokio::test]
async fn a_fetch_may_use_the_cache() {
    let fixture = Fixture::new();
    let inner = fixture.clone();
    let fetch = || async move { Ok(day(inner.get("inner", DAY_SECS).await + 10)) };
    let value = fixture.cache.get_or_fetch(&"outer", fetch).await.unwrap();
    assert_eq!(*value, 11);
}
