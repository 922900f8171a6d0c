//! Until when a value is served.

use crate::fixture::{DAY_SECS, Fixture, MARGIN_SECS, START};
use std::time::Duration;

const USABLE_SECS: u32 = DAY_SECS - MARGIN_SECS;

#[tokio::test]
async fn a_value_ends_by_the_wall_clock() {
    let fixture = Fixture::new();
    assert_eq!(fixture.get("key", DAY_SECS).await, 1);
    fixture.clock.advance_wall(i64::from(USABLE_SECS) - 1);
    assert_eq!(fixture.get("key", DAY_SECS).await, 1);
    fixture.clock.advance_wall(1);
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
    assert_eq!(fixture.get("key", DAY_SECS).await, 1);
    fixture.clock.advance_monotonic(Duration::from_nanos(1));
    assert_eq!(fixture.get("key", DAY_SECS).await, 2);
}

#[tokio::test]
async fn a_wall_clock_set_back_does_not_prolong() {
    let fixture = Fixture::new();
    assert_eq!(fixture.get("key", DAY_SECS).await, 1);
    fixture.clock.advance_wall(-365 * 86_400);
    assert_eq!(fixture.get("key", DAY_SECS).await, 1);
    fixture.clock.advance_secs(USABLE_SECS);
    assert_eq!(fixture.get("key", DAY_SECS).await, 2);
}

#[tokio::test]
async fn a_wall_clock_set_forward_fetches_once() {
    let fixture = Fixture::new();
    let expires_on = START + i64::from(DAY_SECS);
    assert_eq!(fixture.get_until("key", expires_on, DAY_SECS).await, 1);
    fixture.clock.advance_wall(365 * 86_400);
    for _ in 0..10 {
        assert_eq!(fixture.get_until("key", expires_on, DAY_SECS).await, 2);
    }
}

#[tokio::test]
async fn a_wall_clock_far_ahead_does_not_cause_a_storm() {
    let fixture = Fixture::new();
    let past = START - 10 * i64::from(DAY_SECS);
    for _ in 0..10 {
        assert_eq!(fixture.get_until("key", past, DAY_SECS).await, 1);
    }
    fixture.clock.advance_secs(USABLE_SECS - 1);
    assert_eq!(fixture.get_until("key", past, DAY_SECS).await, 1);
    fixture.clock.advance_wall(1);
    assert_eq!(fixture.get_until("key", past, DAY_SECS).await, 2);
}

#[tokio::test]
async fn a_short_lived_value_is_served_for_half_its_life() {
    let fixture = Fixture::new();
    assert_eq!(fixture.get("key", 60).await, 1);
    fixture.clock.advance_secs(29);
    assert_eq!(fixture.get("key", 60).await, 1);
    fixture.clock.advance_secs(1);
    assert_eq!(fixture.get("key", 60).await, 2);
}

#[tokio::test]
async fn an_expired_value_goes_to_its_waiters_only() {
    let fixture = Fixture::new();
    assert_eq!(fixture.get("key", 0).await, 1);
    assert_eq!(fixture.get("key", 0).await, 2);
    assert_eq!(fixture.get_until("key", START - 1, 0).await, 3);
}
