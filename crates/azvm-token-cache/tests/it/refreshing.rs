//! Refresh ahead: when, how often, and that nobody notices.

use crate::fixture::{DAY_SECS, Fixture, START, day, failed, never, settle};
use azvm_token_cache::{Cache, Clock, Config, Failed, Fresh, MIN_INTERVAL, ManualClock};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

const HALF_SECS: u32 = DAY_SECS / 2;

#[tokio::test]
async fn from_half_of_its_life_a_value_is_refreshed_once_in_the_background() {
    let fixture = Fixture::new();
    assert_eq!(fixture.get_and_settle("key", DAY_SECS).await, 1);
    fixture.clock.advance_secs(HALF_SECS - 1);
    assert_eq!(fixture.get_and_settle("key", DAY_SECS).await, 1);
    assert_eq!(fixture.count(), 1);
    fixture.clock.advance_secs(1);
    for _ in 0..10 {
        assert_eq!(
            fixture.get("key", DAY_SECS).await,
            1,
            "the old one, at once"
        );
    }
    settle().await;
    assert_eq!(fixture.get_and_settle("key", DAY_SECS).await, 2);
    assert_eq!(fixture.count(), 2);
    assert_eq!(fixture.cache.metrics().refreshes, 1);
}

#[tokio::test]
async fn a_short_life_is_refreshed_from_three_quarters_of_its_use() {
    let fixture = Fixture::new();
    assert_eq!(fixture.get_and_settle("key", 3_600).await, 1); // served for 3,300 s
    fixture.clock.advance_secs(2_474);
    assert_eq!(fixture.get_and_settle("key", 3_600).await, 1);
    assert_eq!(fixture.count(), 1);
    fixture.clock.advance_secs(1);
    assert_eq!(fixture.get_and_settle("key", 3_600).await, 1);
    assert_eq!(fixture.get_and_settle("key", 3_600).await, 2);
}

#[tokio::test]
async fn a_suspended_machine_refreshes_by_the_wall_clock() {
    let fixture = Fixture::new();
    fixture.get_and_settle("key", DAY_SECS).await;
    fixture.clock.advance_monotonic(MIN_INTERVAL);
    fixture.clock.advance_wall(i64::from(HALF_SECS));
    assert_eq!(fixture.get_and_settle("key", DAY_SECS).await, 1);
    assert_eq!(fixture.get_and_settle("key", DAY_SECS).await, 2);
}

#[tokio::test]
async fn failed_refreshes_back_off_and_disturb_nobody() {
    let fixture = Fixture::new();
    fixture.get_and_settle("key", DAY_SECS).await;
    fixture.clock.advance_secs(HALF_SECS);
    let mut starts = Vec::new();
    for second in 0..1_000 {
        let before = fixture.count();
        assert_eq!(*fixture.fail(Failed::Transient("busy")).await.unwrap(), 1);
        if fixture.count() > before {
            starts.push(second);
        }
        fixture.clock.advance_secs(1);
    }
    let waits: Vec<_> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (wait, least) in waits.iter().zip([30, 60, 120, 240, 300]) {
        assert!((least..=least * 5 / 4 + 1).contains(wait), "{waits:?}");
    }
    assert!(waits.len() >= 4, "{waits:?}");
}

#[tokio::test]
async fn when_the_value_ends_the_error_of_the_refresh_surfaces() {
    let fixture = Fixture::new();
    fixture.get_and_settle("key", DAY_SECS).await;
    fixture.clock.advance_secs(DAY_SECS - 301);
    let gone = || fixture.fail(Failed::Definitive("gone"));
    assert_eq!(*gone().await.unwrap(), 1);
    assert_eq!(*gone().await.unwrap(), 1);
    fixture.clock.advance_secs(1);
    assert_eq!(failed(gone().await), "gone");
    assert_eq!(fixture.count(), 2, "remembered from the refresh");
}

#[tokio::test]
async fn a_refresh_that_panics_disturbs_nobody() {
    let fixture = Fixture::new();
    fixture.get_and_settle("key", DAY_SECS).await;
    fixture.clock.advance_secs(HALF_SECS);
    let at_once = || -> std::future::Ready<_> { panic!("on purpose") };
    let get = fixture.cache.get_or_fetch(&"key", at_once);
    assert_eq!(*get.await.unwrap(), 1);
    fixture.clock.advance_secs(60);
    let later = || async { panic!("on purpose") };
    let get = fixture.cache.get_or_fetch(&"key", later);
    assert_eq!(*get.await.unwrap(), 1);
    settle().await;
    assert_eq!(fixture.cache.metrics().failures, 2);
    fixture.clock.advance_secs(300);
    fixture.get_and_settle("key", DAY_SECS).await;
    assert_eq!(fixture.get("key", DAY_SECS).await, 2);
}

#[tokio::test]
async fn who_loses_the_value_during_a_refresh_waits_for_the_refresh() {
    let fixture = Fixture::new();
    let old = fixture.get_and_settle("key", DAY_SECS).await;
    fixture.clock.advance_secs(HALF_SECS);
    let (answer, answered) = oneshot::channel();
    let refresh = || async { Ok(answered.await.unwrap()) };
    let value = fixture.cache.get_or_fetch(&"key", refresh).await.unwrap();
    assert_eq!(*value, old);
    assert!(fixture.cache.invalidate(&"key", &value));
    let (new, ()) = tokio::join!(fixture.cache.get_or_fetch(&"key", never), async {
        settle().await;
        let secs = Duration::from_secs(DAY_SECS.into());
        answer
            .send(Fresh::new(7, START + 10 * i64::from(DAY_SECS), secs))
            .unwrap();
    });
    assert_eq!(*new.unwrap(), 7);
}

#[tokio::test]
async fn processes_refresh_at_different_times() {
    let mut seconds = Vec::new();
    for seed in [0, u64::MAX / 2, u64::MAX] {
        let clock = Arc::new(ManualClock::new(START));
        let config = Config::new()
            .with_seed(seed)
            .with_clock(Arc::clone(&clock) as Arc<dyn Clock>);
        let cache: Cache<(), usize, &str> = Cache::new(config);
        let get = || cache.get_or_fetch(&(), || async { Ok(day(1)) });
        get().await.unwrap();
        clock.advance_secs(HALF_SECS);
        let mut second = 0;
        while cache.metrics().refreshes == 0 {
            get().await.unwrap();
            second += 1;
            clock.advance_secs(1);
        }
        seconds.push(second - 1);
    }
    // The wall clock's seconds are whole, which takes part of one away.
    assert_eq!(seconds, [0, 149, 299]);
}
