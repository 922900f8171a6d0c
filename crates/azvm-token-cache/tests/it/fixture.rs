//! A cache of numbers whose fetches are counted: each brings the number of the fetch.

use azvm_token_cache::{Cache, Clock, DEFAULT_CAPACITY, FetchError, Fresh, ManualClock};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub(crate) const START: i64 = 1_700_000_000;
pub(crate) const MARGIN_SECS: u32 = 300;
pub(crate) const DAY_SECS: u32 = 86_400;

pub(crate) type Numbers = Cache<&'static str, usize, &'static str>;

#[derive(Clone)]
pub(crate) struct Fixture {
    pub(crate) cache: Numbers,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) fetches: Arc<AtomicUsize>,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }

    pub(crate) fn with_capacity(capacity: usize) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let cache = Cache::new(Duration::from_secs(MARGIN_SECS.into()))
            .with_capacity(capacity)
            .with_clock(Arc::clone(&clock) as Arc<dyn Clock>);
        Self {
            cache,
            clock,
            fetches: Arc::default(),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    /// A value that lives `secs` by both clocks.
    pub(crate) async fn get(&self, key: &'static str, secs: u32) -> usize {
        let expires_on = self.clock.unix_secs() + i64::from(secs);
        self.get_until(key, expires_on, secs).await
    }

    /// A value that lives until `expires_on` and for `secs`.
    pub(crate) async fn get_until(&self, key: &'static str, expires_on: i64, secs: u32) -> usize {
        let number = || self.fetches.fetch_add(1, Ordering::SeqCst) + 1;
        let fetch = || {
            let fresh = Fresh::new(number(), expires_on, Duration::from_secs(secs.into()));
            async { Ok(fresh) }
        };
        *self.cache.get_or_fetch(&key, fetch).await.unwrap()
    }

    pub(crate) async fn get_error(&self, error: &'static str) -> FetchError<&'static str> {
        let fetch = || {
            self.fetches.fetch_add(1, Ordering::SeqCst);
            async move {
                tokio::task::yield_now().await;
                Err(error)
            }
        };
        self.cache.get_or_fetch(&"key", fetch).await.unwrap_err()
    }
}

/// Lives for a day from [`START`].
pub(crate) fn day(number: usize) -> Fresh<usize> {
    let secs = Duration::from_secs(DAY_SECS.into());
    Fresh::new(number, START + i64::from(DAY_SECS), secs)
}
