//! One fetch for all who wait: sharing, cancelling, failing.

use crate::fixture::{DAY_SECS, Fixture, day};
use azvm_token_cache::FetchError;
use std::sync::Arc;
use std::sync::atomic::Ordering;
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
                let number = fixture.fetches.fetch_add(1, Ordering::SeqCst) + 1;
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
        let fetch = || async { Err("a second fetch") };
        other.get_or_fetch(&"key", fetch).await.map(|value| *value)
    });
    yield_now().await;
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
async fn an_error_reaches_all_waiters_and_is_forgotten() {
    let fixture = Fixture::new();
    let (first, second) = tokio::join!(fixture.get_error("gone"), fixture.get_error("gone"));
    let (FetchError::Failed(first), FetchError::Failed(second)) = (first, second) else {
        panic!("expected the error of the fetch");
    };
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!((*first, fixture.count()), ("gone", 1));
    fixture.get_error("still gone").await;
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

async fn is_pending<F: Future>(mut future: std::pin::Pin<&mut F>) -> bool {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(future.as_mut().poll(context).is_pending())
    })
    .await
}
