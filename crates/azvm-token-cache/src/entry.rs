//! A handle of one key.

use crate::call::{Call, Decided, Source};
use crate::keyed::Keyed;
use crate::{Failed, FetchError, Fresh, Guard};
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

/// One key of a [`Cache`](crate::Cache), found once: hits through this skip the search. Cheap to clone; lives on when the cache
/// is dropped, and keeps the key from being evicted.
pub struct Entry<K, V, E> {
    keyed: Arc<Keyed<K, V, E>>,
    pin: Arc<()>,
}

impl<K, V, E> Entry<K, V, E> {
    pub(crate) fn new(keyed: Arc<Keyed<K, V, E>>, pin: Arc<()>) -> Self {
        Self { keyed, pin }
    }
}

impl<K, V, E> Entry<K, V, E>
where
    K: Eq + Hash + Clone + Send + Sync + 'static,
    V: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// As [`Cache::get_or_fetch`](crate::Cache::get_or_fetch).
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
        fetch: impl FnOnce() -> F,
    ) -> impl Future<Output = Result<Guard<V>, FetchError<E>>>
    where
        F: Future<Output = Result<Fresh<V>, Failed<E>>> + Send + 'static,
    {
        Call::new(Bound(&self.keyed), fetch)
    }

    /// The usable value, if there is one. Starts nothing, and notes no use.
    pub fn peek(&self) -> Option<Guard<V>> {
        self.keyed.peek()
    }

    /// As [`Cache::invalidate`](crate::Cache::invalidate).
    pub fn invalidate(&self, value: &V) -> bool {
        self.keyed.invalidate(value)
    }
}

/// A call finds its key here at once.
struct Bound<'a, K, V, E>(&'a Arc<Keyed<K, V, E>>);

impl<K, V, E> Source<K, V, E> for Bound<'_, K, V, E>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    #[inline(always)]
    fn hit(&self) -> Option<Guard<V>> {
        self.0.hit()
    }

    fn decide(&self) -> Decided<K, V, E> {
        let decision = self.0.decide();
        let decision = decision.expect("a key with an entry is not evicted");
        (Arc::clone(self.0), decision)
    }
}

impl<K, V, E> Clone for Entry<K, V, E> {
    fn clone(&self) -> Self {
        Self {
            keyed: Arc::clone(&self.keyed),
            pin: Arc::clone(&self.pin),
        }
    }
}

/// Shows no key and no value.
impl<K, V, E> fmt::Debug for Entry<K, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").finish_non_exhaustive()
    }
}
