//! A cache of numbers whose fetches are counted: each brings the number of the fetch.

use azvm_token_cache::{
    Cache, Clock, Config, DEFAULT_CAPACITY, Failed, FetchError, Fresh, Guard, ManualClock,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::yield_now;

pub(crate) const START: i64 = 1_700_000_000;
pub(crate) const MARGIN_SECS: u32 = 300;
pub(crate) const DAY_SECS: u32 = 86_400;

pub(crate) type Numbers = Cache<&'static str, usize, &'static str>;
pub(crate) type Fetched = Result<Fresh<usize>, Failed<&'static str>>;

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

    /// Without jitter.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let config = Config::new()
            .with_capacity(capacity)
            .with_seed(0)
            .with_clock(Arc::clone(&clock) as Arc<dyn Clock>);
        Self {
            cache: Cache::new(config),
            clock,
            fetches: Arc::default(),
        }
    }

    /// How many fetches there have been.
    pub(crate) fn count(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    pub(crate) fn next(&self) -> usize {
        self.fetches.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// A value that lives `secs` by both clocks.
    pub(crate) async fn get(&self, key: &'static str, secs: u32) -> usize {
        let expires_on = self.clock.unix_secs() + i64::from(secs);
        self.get_until(key, expires_on, secs).await
    }

    /// A value that lives until `expires_on` and for `secs`.
    pub(crate) async fn get_until(&self, key: &'static str, expires_on: i64, secs: u32) -> usize {
        let fetch = || {
            let fresh = Fresh::new(self.next(), expires_on, Duration::from_secs(secs.into()));
            async { Ok(fresh) }
        };
        *self.cache.get_or_fetch(&key, fetch).await.unwrap()
    }

    /// As `get`, and then lets the background finish.
    pub(crate) async fn get_and_settle(&self, key: &'static str, secs: u32) -> usize {
        let value = self.get(key, secs).await;
        settle().await;
        value
    }

    /// Asks for "key" with a fetch that fails.
    pub(crate) async fn fail(
        &self,
        failed: Failed<&'static str>,
    ) -> Result<Guard<usize>, FetchError<&'static str>> {
        let fetch = || {
            self.next();
            async move {
                yield_now().await;
                Err(failed)
            }
        };
        let result = self.cache.get_or_fetch(&"key", fetch).await;
        settle().await;
        result
    }
}

/// Lets the tasks of a runtime with one thread run until they wait for something.
pub(crate) async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

/// Lives for a day from [`START`].
pub(crate) fn day(number: usize) -> Fresh<usize> {
    let secs = Duration::from_secs(DAY_SECS.into());
    Fresh::new(number, START + i64::from(DAY_SECS), secs)
}

/// What nobody is to call.
pub(crate) async fn never() -> Fetched {
    Err(Failed::Transient("a fetch where there should be none"))
}

#[track_caller]
pub(crate) fn failed(result: Result<Guard<usize>, FetchError<&'static str>>) -> &'static str {
    match result {
        Err(FetchError::Failed(error)) => *error,
        other => panic!("expected the error of a fetch, got {other:?}"),
    }
}

pub(crate) async fn is_pending<F: Future>(mut future: std::pin::Pin<&mut F>) -> bool {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(future.as_mut().poll(context).is_pending())
    })
    .await
}
