//! What a cache can be told.

use crate::clock::TimeSource;
use crate::policy::Policy;
use crate::{
    Clock, DEFAULT_CAPACITY, DEFAULT_ERROR_MEMORY, DEFAULT_FETCH_LIMIT, DEFAULT_MARGIN,
    MIN_INTERVAL, SystemClock,
};
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// Settings of a [`Cache`](crate::Cache).
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) policy: Policy,
    pub(crate) capacity: usize,
    pub(crate) clock: TimeSource,
    pub(crate) sleep: Option<Sleep>,
}

/// Makes a future that is ready after the time that it is given.
pub(crate) type Sleep = fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;

impl Config {
    /// The defaults, which suit tokens.
    pub fn new() -> Self {
        Self {
            policy: Policy {
                margin: DEFAULT_MARGIN,
                error_memory: DEFAULT_ERROR_MEMORY,
                fetch_limit: DEFAULT_FETCH_LIMIT,
                seed: RandomState::new().hash_one(std::process::id()),
            },
            capacity: DEFAULT_CAPACITY,
            clock: TimeSource::System(SystemClock::new()),
            sleep: None,
        }
    }

    /// How long before its expiry a value is no longer served; [`DEFAULT_MARGIN`] otherwise. At most half of a value's lifetime
    /// counts, and a value with less than [`MIN_INTERVAL`](crate::MIN_INTERVAL) to live is served to its end.
    #[must_use]
    pub fn with_margin(mut self, margin: Duration) -> Self {
        self.policy.margin = margin;
        self
    }

    /// How many keys are kept, at least one; [`DEFAULT_CAPACITY`] otherwise. A new key costs time in proportion to it.
    /// Keys with a living [`Entry`](crate::Entry) stay and do not count; those with a fetch under way stay until it ends.
    #[must_use]
    pub fn with_capacity(mut self, capacity: usize) -> Self {
        self.capacity = capacity.max(1);
        self
    }

    /// How long a definitive error is given to all who ask; [`DEFAULT_ERROR_MEMORY`] otherwise, zero for not at all.
    #[must_use]
    pub fn with_error_memory(mut self, duration: Duration) -> Self {
        self.policy.error_memory = duration;
        self
    }

    /// How long a fetch is waited for; [`DEFAULT_FETCH_LIMIT`] otherwise, and never less than [`MIN_INTERVAL`]. Has to be longer
    /// than the longest fetch that means well: then the next who asks starts another one, and what the first one brings is
    /// ignored.
    #[must_use]
    pub fn with_fetch_limit(mut self, limit: Duration) -> Self {
        self.policy.fetch_limit = limit.max(MIN_INTERVAL);
        self
    }

    /// How to sleep, such as `|time| Box::pin(tokio::time::sleep(time))`; called in the runtime of the one who waits. With it
    /// one who waits for a fetch of *another* runtime asks again when that fetch is over its limit; without it he waits until
    /// somebody else asks. Nobody else needs it: where a runtime stands still, all stands still that waits in it.
    #[must_use]
    pub fn with_sleep(
        mut self,
        sleep: fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>,
    ) -> Self {
        self.sleep = Some(sleep);
        self
    }

    /// Another clock than [`SystemClock`]. For tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = TimeSource::Other(clock);
        self
    }

    /// What jitter is drawn from; random otherwise. For tests.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.policy.seed = seed;
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::new()
    }
}
