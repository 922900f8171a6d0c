//! What a hit does not do.

use crate::fixture::{DAY_SECS, Fixture, never};

#[tokio::test]
async fn a_hit_allocates_nothing() {
    let fixture = Fixture::new();
    fixture.get("key", DAY_SECS).await;
    let entry = fixture.cache.entry(&"key");
    entry.get_or_fetch(never).await.unwrap(); // the first hit of a thread makes its counter
    let mut hits = std::pin::pin!(async {
        for _ in 0..100 {
            assert_eq!(*entry.get_or_fetch(never).await.unwrap(), 1);
            assert_eq!(*fixture.cache.get_or_fetch(&"key", never).await.unwrap(), 1);
            assert_eq!(*entry.peek().unwrap().to_arc(), 1);
        }
    });
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let allocations = allocation_counter::measure(|| {
        assert!(hits.as_mut().poll(&mut context).is_ready());
    });
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn the_future_of_a_hit_is_small() {
    let fixture = Fixture::new();
    let entry = fixture.cache.entry(&"key");
    assert!(size_of_val(&entry.get_or_fetch(never)) <= 64);
}
