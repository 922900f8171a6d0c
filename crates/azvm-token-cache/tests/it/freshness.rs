//! Until when a value is served.

use crate::fixture::{DAY_SECS, Fixture, MARGIN_SECS, START, never};
use azvm_token_cache::{FetchError, Fresh, MIN_INTERVAL};
use std::time::Duration;

const USABLE_SECS: u32 = DAY_SECS - MARGIN_SECS;
const YEAR_SECS: i64 = 365 * 86_400;

#[tokio::test]
async fn a_value_ends_by_the_wall_clock() {
    let fixture = Fixture::new();
    assert_eq!(fixture.get("key", DAY_SECS).await, 1);
    fixture.clock.advance_wall(i64::from(USABLE_SECS) - 1);
    assert_eq!(fixture.cache.peek(&"key").as_deref(), Some(&1));
    fixture.clock.advance_wall(1);
    assert!(fixture.cache.peek(&"key").is_none());
    assert_eq!(fixture.get("key", DAY_SECS).await, 2);
}

#[tokio::test]
async fn a_value_ends_by_the_monotonic_clock() {
    let fixture = Fixture::new();
    let usable = Duration::from_secs(USABLE_SECS.into());
    assert_eq!(fixture.get("key", DAY_SECS).await, 1);
    fixture
        .clock
        .advance_monotonic(usable - Duration::from_nanos(1));
    assert_eq!(fixture.cache.peek(&"key").as_deref(), Some(&1));
    fixture.clock.advance_monotonic(Duration::from_nanos(1));
    assert!(fixture.cache.peek(&"key").is_none());
    assert_eq!(fixture.get("key", DAY_SECS).await, 2);
}

#[tokio::test]
async fn a_wall_clock_set_back_does_not_prolong() {
    let fixture = Fixture::new();
    assert_eq!(fixture.get("key", DAY_SECS).await, 1);
    fixture.clock.advance_wall(-YEAR_SECS);
    assert_eq!(fixture.get("key", DAY_SECS).await, 1);
    fixture.clock.advance_secs(USABLE_SECS);
    assert_eq!(fixture.get("key", DAY_SECS).await, 2);
    // Back by a day, and a day later the wall clock shows the same second again.
    fixture.clock.advance_wall(-i64::from(DAY_SECS));
    fixture.clock.advance_secs(DAY_SECS);
    assert_eq!(fixture.get("key", DAY_SECS).await, 3);
}

#[tokio::test]
async fn a_wall_clock_set_forward_fetches_once() {
    let fixture = Fixture::new();
    let expires_on = START + i64::from(DAY_SECS);
    assert_eq!(fixture.get_until("key", expires_on, DAY_SECS).await, 1);
    fixture.clock.advance_wall(YEAR_SECS);
    for _ in 0..10 {
        assert_eq!(fixture.get_until("key", expires_on, DAY_SECS).await, 2);
    }
}

#[tokio::test]
async fn after_a_suspend_a_dead_value_is_not_served() {
    let fixture = Fixture::new();
    assert_eq!(fixture.get("key", DAY_SECS).await, 1);
    // The monotonic clock stands still while the machine sleeps.
    fixture.clock.advance_wall(i64::from(DAY_SECS) * 2);
    assert_eq!(fixture.get("key", DAY_SECS).await, 2);
    fixture.clock.advance_secs(60);
    assert_eq!(fixture.get("key", DAY_SECS).await, 2);
}

#[tokio::test]
async fn a_wall_clock_far_ahead_does_not_cause_a_storm() {
    let fixture = Fixture::new();
    let past = START - 10 * i64::from(DAY_SECS);
    for _ in 0..10 {
        assert_eq!(fixture.get_until("key", past, DAY_SECS).await, 1);
    }
    fixture.clock.advance_secs(USABLE_SECS - 1);
    assert_eq!(fixture.cache.peek(&"key").as_deref(), Some(&1));
    fixture.clock.advance_wall(1);
    assert_eq!(fixture.get_until("key", past, DAY_SECS).await, 2);
}

#[tokio::test]
async fn a_wall_clock_ahead_by_almost_a_lifetime_does_not_cause_a_storm() {
    let fixture = Fixture::new();
    // By the wall clock there are ten minutes left, by age a day; the service answers the same token each time.
    let expires_on = START + 600;
    let mut last = (0, 0);
    for second in 0..1_200 {
        let value = fixture.get_until("key", expires_on, DAY_SECS).await;
        if value != last.0 {
            assert!(
                value == 1 || second - last.1 >= 30,
                "{last:?} {second} {value}"
            );
            last = (value, second);
        }
        fixture.clock.advance_secs(1);
        crate::fixture::settle().await;
    }
    assert!(last.0 <= 12, "{last:?}");
}

#[tokio::test]
async fn a_wall_clock_that_jumps_on_is_followed_once_per_interval() {
    let fixture = Fixture::new();
    assert_eq!(fixture.get("key", DAY_SECS).await, 1);
    fixture.clock.advance_wall(YEAR_SECS);
    assert_eq!(fixture.get("key", DAY_SECS).await, 2);
    for _ in 0..3 {
        fixture.clock.advance_wall(YEAR_SECS);
        let held = fixture.cache.get_or_fetch(&"key", never).await;
        assert!(matches!(held, Err(FetchError::ClockJumped)));
    }
    fixture.clock.advance_monotonic(MIN_INTERVAL);
    assert_eq!(fixture.get("key", DAY_SECS).await, 3);
}

#[tokio::test]
async fn a_short_lived_value_is_served_for_half_its_life() {
    let fixture = Fixture::new();
    assert_eq!(fixture.get("key", 60).await, 1);
    fixture.clock.advance_secs(29);
    assert_eq!(fixture.get("key", 60).await, 1);
    fixture.clock.advance_secs(1);
    assert_eq!(fixture.get("key", 60).await, 2);
    assert_eq!(fixture.get("shorter", 20).await, 3);
    fixture.clock.advance_secs(19);
    assert_eq!(fixture.get("shorter", 20).await, 3);
    fixture.clock.advance_secs(1);
    assert_eq!(fixture.get("shorter", 20).await, 4);
}

#[tokio::test]
async fn a_value_that_arrives_dead_is_an_error() {
    let fixture = Fixture::new();
    for (expires_on, secs) in [(START, 0), (START - 1, 0), (START + 9, 0), (START, 9)] {
        let expires_in = Duration::from_secs(secs);
        let fetch = || {
            let fresh = Fresh::new(fixture.next(), expires_on, expires_in);
            async { Ok(fresh) }
        };
        for _ in 0..10 {
            let outcome = fixture.cache.get_or_fetch(&"key", fetch).await;
            assert!(matches!(outcome, Err(FetchError::Expired)), "{outcome:?}");
        }
        fixture.clock.advance_monotonic(Duration::from_secs(5));
    }
    assert_eq!(fixture.count(), 4, "once per memory of errors");
}
