//! The cache: keys, each with its state.

use crate::call::{Call, Decided, Source};
use crate::keyed::Keyed;
use crate::machine::Counts;
use crate::metrics::HitCount;
use crate::{Config, Entry, Failed, FetchError, Fresh, Guard, Metrics};
use arc_swap::ArcSwap;
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// Values by key, each fetched once for all who ask. Cheap to clone; clones share everything.
///
/// The fetch comes with each call, so that a cache needs to know nothing of where values come from.
pub struct Cache<K, V, E> {
    shared: Arc<Shared<K, V, E>>,
}

impl<K, V, E> Cache<K, V, E>
where
    K: Eq + Hash + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// An empty cache.
    pub fn new(config: Config) -> Self {
        Self {
            shared: Arc::new_cyclic(|this| Shared {
                this: Weak::clone(this),
                config,
                hits: Arc::default(),
                keys: ArcSwap::from_pointee(HashMap::default()),
                changes: Mutex::default(),
            }),
        }
    }

    /// The cached value, or the one that a fetch brings. `fetch` is called only when no usable value is cached and nobody
    /// else is fetching this key, or when the value is worth a refresh; its future runs as a task of its own, inside the
    /// caller's `tracing` span.
    ///
    /// # Errors
    ///
    /// [`FetchError`], the same for all who waited for this fetch.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the fetch running, for the other waiters and for the cache.
    ///
    /// # Panics
    ///
    /// Only when `fetch` itself does, before it returns a future, and there is no usable value.
    #[inline(always)]
    pub fn get_or_fetch<F>(
        &self,
        key: &K,
        fetch: impl FnOnce() -> F,
    ) -> impl Future<Output = Result<Guard<V>, FetchError<E>>>
    where
        F: Future<Output = Result<Fresh<V>, Failed<E>>> + Send + 'static,
    {
        let shared = &*self.shared;
        Call::new(Search { shared, key }, fetch)
    }

    /// The usable value, if there is one. Starts nothing, and notes no use.
    pub fn peek(&self, key: &K) -> Option<Guard<V>> {
        self.shared.keys.load().get(key)?.peek()
    }

    /// A handle of one key, whose hits do not have to look for it. The key stays in the cache as long as the handle lives.
    pub fn entry(&self, key: &K) -> Entry<K, V, E> {
        let (keyed, pin) = self.shared.find_or_insert(key, |keyed| keyed.pin());
        Entry::new(keyed, pin)
    }

    /// Forgets `value` if it is what is cached under `key`, by address: for a value that turned out not to be accepted. A newer
    /// value stays. Says whether it was there.
    pub fn invalidate(&self, key: &K, value: &V) -> bool {
        let keys = self.shared.keys.load_full();
        keys.get(key).is_some_and(|keyed| keyed.invalidate(value))
    }

    /// What happened so far, and what is going on. Takes each key's lock for a moment.
    pub fn metrics(&self) -> Metrics {
        self.shared.metrics()
    }
}

/// A call has to look for its key here.
struct Search<'s, 'k, K, V, E> {
    shared: &'s Shared<K, V, E>,
    key: &'k K,
}

impl<K, V, E> Source<K, V, E> for Search<'_, '_, K, V, E>
where
    K: Eq + Hash + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    #[inline(always)]
    fn hit(&self) -> Option<Guard<V>> {
        self.shared.keys.load().get(self.key)?.hit()
    }

    fn decide(&self) -> Decided<K, V, E> {
        self.shared.decide(self.key)
    }
}

impl<K, V, E> Default for Cache<K, V, E>
where
    K: Eq + Hash + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    fn default() -> Self {
        Self::new(Config::new())
    }
}

impl<K, V, E> Clone for Cache<K, V, E> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

/// Shows how much there is, and no key and no value.
impl<K, V, E> fmt::Debug for Cache<K, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metrics = self.shared.metrics();
        f.debug_struct("Cache")
            .field("capacity", &self.shared.config.capacity)
            .field("keys", &metrics.keys)
            .field("in_flight", &metrics.in_flight)
            .finish_non_exhaustive()
    }
}

type Known<K, V, E> = Arc<Keyed<K, V, E>>;
type Keys<K, V, E> = HashMap<Arc<K>, Known<K, V, E>, RandomState>;

/// What all clones share. Keys are copied on write: to look one up takes no lock.
pub(crate) struct Shared<K, V, E> {
    this: Weak<Self>,
    config: Config,
    hits: Arc<HitCount>,
    keys: ArcSwap<Keys<K, V, E>>,
    /// Held while `keys` are replaced.
    changes: Mutex<Gone>,
}

/// What keys that are gone have counted.
#[derive(Clone, Copy, Default)]
struct Gone {
    counts: Counts,
    evictions: u64,
}

impl<K: Eq + Hash + Clone, V, E> Shared<K, V, E> {
    fn decide(&self, key: &K) -> Decided<K, V, E> {
        let known = self.keys.load().get(key).map(Arc::clone);
        let mut keyed = known.unwrap_or_else(|| self.find_or_insert(key, |_| ()).0);
        loop {
            if let Some(decision) = keyed.decide() {
                return (keyed, decision);
            }
            keyed = self.find_or_insert(key, |_| ()).0; // evicted meanwhile
        }
    }

    /// The state of the key. `note` sees it while it cannot be evicted.
    fn find_or_insert<T>(
        &self,
        key: &K,
        note: impl FnOnce(&Keyed<K, V, E>) -> T,
    ) -> (Known<K, V, E>, T) {
        let mut gone = self.lock();
        let keys = self.keys.load_full();
        if let Some(keyed) = keys.get(key) {
            return (Arc::clone(keyed), note(keyed));
        }
        let keyed = Arc::new(Keyed::new(
            &self.config,
            &self.hits,
            Weak::clone(&self.this),
        ));
        let noted = note(&keyed);
        let mut next = Keys::clone(&keys);
        let evicted = gone.shrink(&mut next, self.config.capacity - 1);
        next.insert(Arc::new(key.clone()), Arc::clone(&keyed));
        let before = self.keys.swap(Arc::new(next));
        drop(gone);
        dismiss(&evicted);
        drop((keys, before, evicted)); // outside the lock: dropping a value may run anything
        (keyed, noted)
    }
}

impl<K: Eq + Hash, V, E> Shared<K, V, E> {
    /// Evicts what could not be evicted while it was being fetched.
    pub(crate) fn trim(&self) {
        if self.keys.load().len() <= self.config.capacity {
            return;
        }
        let mut gone = self.lock();
        let keys = self.keys.load_full();
        let mut next = Keys::clone(&keys);
        let evicted = gone.shrink(&mut next, self.config.capacity);
        let before = self.keys.swap(Arc::new(next));
        drop(gone);
        dismiss(&evicted);
        drop((keys, before, evicted)); // outside the lock
    }
}

impl<K, V, E> Shared<K, V, E> {
    fn metrics(&self) -> Metrics {
        let Gone { counts, evictions } = *self.lock();
        let keys = self.keys.load_full();
        let mut total = counts;
        let mut metrics = Metrics {
            evictions,
            keys: keys.len(),
            ..Metrics::default()
        };
        for keyed in keys.values() {
            let snapshot = keyed.snapshot();
            total.add(&snapshot.counts);
            metrics.in_flight += usize::from(snapshot.waiting.is_some());
            metrics.waiting += snapshot.waiting.unwrap_or(0);
            metrics.oldest = metrics.oldest.max(snapshot.age.map(Duration::from_nanos));
        }
        Metrics {
            hits: self.hits.total() + total.hits,
            misses: total.fetches + total.joined + total.remembered,
            fetches: total.fetches,
            refreshes: total.refreshes,
            joined: total.joined,
            remembered: total.remembered,
            failures: total.failures,
            ..metrics
        }
    }

    /// Of the caller's code only `Hash`, `Eq` and `Clone` of the key and the clock run under the lock, before anything is changed.
    fn lock(&self) -> MutexGuard<'_, Gone> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gone {
    /// Takes out the least useful keys until there are at most `capacity` without an entry, or none is left that may go.
    fn shrink<K: Eq + Hash, V, E>(
        &mut self,
        keys: &mut Keys<K, V, E>,
        capacity: usize,
    ) -> Vec<Known<K, V, E>> {
        if keys.len() <= capacity {
            return Vec::new();
        }
        let counted = keys.iter().filter(|(_, keyed)| !keyed.is_held());
        let counted: Vec<_> = counted
            .map(|(key, keyed)| (keyed.usefulness(), Arc::clone(key)))
            .collect();
        let surplus = counted.len().saturating_sub(capacity);
        let may_go = counted.into_iter();
        let mut may_go: Vec<_> = may_go
            .filter_map(|(usefulness, key)| Some((usefulness?, key)))
            .collect();
        may_go.sort_by_key(|(usefulness, _)| *usefulness);
        let mut evicted = Vec::new();
        for (_, key) in may_go.into_iter().take(surplus) {
            if let Some(counts) = keys.get(&key).and_then(|keyed| keyed.evict()) {
                self.counts.add(&counts);
                self.evictions += 1;
                evicted.extend(keys.remove(&key));
            }
        }
        evicted
    }
}

fn dismiss<K, V, E>(evicted: &[Known<K, V, E>]) {
    if !evicted.is_empty() {
        tracing::debug!(keys = evicted.len(), "evicted");
        evicted.iter().for_each(|keyed| keyed.dismiss());
    }
}
