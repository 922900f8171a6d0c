//! The cache: values and flights behind one short lock.

use crate::clock::Now;
use crate::flight::{Flight, Outcome};
use crate::validity::Validity;
use crate::{Clock, FetchError, Fresh, SystemClock};
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tracing::Instrument;

/// How long before its expiry a value is no longer served; see [`Cache::new`].
pub const DEFAULT_MARGIN: Duration = Duration::from_secs(300);

/// How many values are kept; see [`Cache::with_capacity`].
pub const DEFAULT_CAPACITY: usize = 256;

/// Values by key, each fetched once for all who ask. Cheap to clone; clones share everything.
pub struct Cache<K, V, E> {
    shared: Arc<Shared<K, V, E>>,
}

impl<K, V, E> Cache<K, V, E>
where
    K: Eq + Hash + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// An empty cache that serves a value while it has more than `margin` left; [`DEFAULT_MARGIN`] suits a token.
    /// Half of the value's lifetime takes the margin's place when that is shorter.
    pub fn new(margin: Duration) -> Self {
        Self::with(margin, DEFAULT_CAPACITY, Arc::new(SystemClock::new()))
    }

    /// An empty cache with the same settings and another clock; [`SystemClock`] otherwise.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self::with(self.shared.margin, self.shared.capacity, clock)
    }

    /// An empty cache with the same settings and room for this many values, at least one; [`DEFAULT_CAPACITY`] otherwise.
    #[must_use]
    pub fn with_capacity(self, capacity: usize) -> Self {
        let clock = Arc::clone(&self.shared.clock);
        Self::with(self.shared.margin, capacity.max(1), clock)
    }

    fn with(margin: Duration, capacity: usize, clock: Arc<dyn Clock>) -> Self {
        Self {
            shared: Arc::new(Shared {
                margin,
                capacity,
                clock,
                state: Mutex::new(State {
                    values: HashMap::new(),
                    flights: HashMap::new(),
                    stored: 0,
                }),
            }),
        }
    }

    /// The cached value, or the one that a fetch brings. `fetch` is called only when no usable value is cached and nobody
    /// else is fetching this key; its future runs as a task of its own, inside the caller's `tracing` span.
    ///
    /// # Errors
    ///
    /// [`FetchError::Failed`] with the error of the fetch, which all waiters share; [`FetchError::Panicked`] when it panicked.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the fetch running, for the other waiters and for the cache.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime, when there is something to fetch.
    pub async fn get_or_fetch<F>(
        &self,
        key: &K,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<V>, FetchError<E>>
    where
        F: Future<Output = Result<Fresh<V>, E>> + Send + 'static,
    {
        let mut outcome = match self.shared.look_up(key) {
            Found::Value(value) => return Ok(value),
            Found::Flight(outcome) => outcome,
            Found::Nothing(flight) => {
                let outcome = flight.subscribe();
                let fetching = flight.run(fetch());
                tokio::spawn(fetching.in_current_span());
                outcome
            }
        };
        // The sender is dropped without an outcome when the fetch panics.
        match outcome.wait_for(Option::is_some).await {
            Ok(outcome) => outcome
                .clone()
                .expect("`wait_for` returns what it waited for"),
            Err(_) => Err(FetchError::Panicked),
        }
    }

    /// Forgets `value` if it is what is cached under `key`: for a value that turned out not to be accepted. A newer value stays.
    pub fn invalidate(&self, key: &K, value: &Arc<V>) {
        let forgotten = self.shared.forget(key, value);
        drop(forgotten); // outside the lock
    }
}

impl<K, V, E> Clone for Cache<K, V, E> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<K, V, E> fmt::Debug for Cache<K, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.lock();
        f.debug_struct("Cache")
            .field("margin", &self.shared.margin)
            .field("capacity", &self.shared.capacity)
            .field("values", &state.values.len())
            .field("flights", &state.flights.len())
            .finish_non_exhaustive()
    }
}

/// What all clones and all flights share.
pub(crate) struct Shared<K, V, E> {
    margin: Duration,
    capacity: usize,
    clock: Arc<dyn Clock>,
    state: Mutex<State<K, V, E>>,
}

struct State<K, V, E> {
    values: HashMap<K, Stored<V>>,
    flights: HashMap<K, watch::Receiver<Option<Outcome<V, E>>>>,
    /// Counts the values ever stored, to tell which is the oldest.
    stored: u64,
}

struct Stored<V> {
    value: Arc<V>,
    validity: Validity,
    number: u64,
}

enum Found<K, V, E>
where
    K: Eq + Hash + Clone,
{
    Value(Arc<V>),
    Flight(watch::Receiver<Option<Outcome<V, E>>>),
    /// Now registered, with the caller in charge of it.
    Nothing(Flight<K, V, E>),
}

impl<K: Eq + Hash + Clone, V, E> Shared<K, V, E> {
    fn look_up(self: &Arc<Self>, key: &K) -> Found<K, V, E> {
        let now = Now::read(&*self.clock);
        let mut state = self.lock();
        if let Some(stored) = state.values.get(key) {
            if stored.validity.is_usable(now) {
                return Found::Value(Arc::clone(&stored.value));
            }
        }
        if let Some(outcome) = state.flights.get(key) {
            return Found::Flight(outcome.clone());
        }
        let flight = Flight::new(Arc::clone(self), key.clone());
        state.flights.insert(key.clone(), flight.subscribe());
        Found::Nothing(flight)
    }

    /// Keeps a value that has just been received, and makes room for it.
    pub(crate) fn store(&self, key: &K, fresh: Fresh<V>) -> Arc<V> {
        let now = Now::read(&*self.clock);
        let validity = Validity::new(&fresh, self.margin, now);
        let value = Arc::new(fresh.value);
        let mut state = self.lock();
        let mut dropped = state.make_room(key, self.capacity, now);
        if validity.is_usable(now) {
            state.stored += 1;
            let stored = Stored {
                value: Arc::clone(&value),
                validity,
                number: state.stored,
            };
            dropped.extend(state.values.insert(key.clone(), stored));
        }
        drop(state);
        drop(dropped); // outside the lock: dropping a value may run anything
        value
    }

    fn forget(&self, key: &K, value: &Arc<V>) -> Option<Stored<V>> {
        let mut state = self.lock();
        let is_cached = |stored: &Stored<V>| Arc::ptr_eq(&stored.value, value);
        if state.values.get(key).is_some_and(is_cached) {
            state.values.remove(key)
        } else {
            None
        }
    }

    pub(crate) fn remove_flight(&self, key: &K) {
        self.lock().flights.remove(key);
    }
}

impl<K, V, E> Shared<K, V, E> {
    /// Nothing that can panic half-way runs under the lock, so a poisoned one is sound.
    fn lock(&self) -> MutexGuard<'_, State<K, V, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash + Clone, V, E> State<K, V, E> {
    /// Takes out what has to go before a value is stored under `key`, for the caller to drop.
    fn make_room(&mut self, key: &K, capacity: usize, now: Now) -> Vec<Stored<V>> {
        if self.values.len() < capacity || self.values.contains_key(key) {
            return Vec::new();
        }
        let is_useless = |(_, stored): &(&K, &Stored<V>)| !stored.validity.is_usable(now);
        let useless = self.values.iter().filter(is_useless);
        let mut keys: Vec<K> = useless.map(|(key, _)| key.clone()).collect();
        if keys.is_empty() {
            let oldest = self.values.iter().min_by_key(|(_, stored)| stored.number);
            keys.extend(oldest.map(|(key, _)| key.clone()));
        }
        keys.iter()
            .filter_map(|key| self.values.remove(key))
            .collect()
    }
}
