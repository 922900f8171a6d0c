//! One fetch under way.

use crate::cache::Shared;
use crate::{FetchError, Fresh};
use std::hash::Hash;
use std::sync::Arc;
use tokio::sync::watch;

/// What a fetch came to, as every waiter gets it.
pub(crate) type Outcome<V, E> = Result<Arc<V>, FetchError<E>>;

/// The registration of a fetch. However it ends, dropping this takes it off the list *before* the waiters hear of the end,
/// so that one who then asks again starts anew.
pub(crate) struct Flight<K, V, E>
where
    K: Eq + Hash + Clone,
{
    shared: Arc<Shared<K, V, E>>,
    key: K,
    outcome: watch::Sender<Option<Outcome<V, E>>>,
}

impl<K, V, E> Flight<K, V, E>
where
    K: Eq + Hash + Clone,
{
    pub(crate) fn new(shared: Arc<Shared<K, V, E>>, key: K) -> Self {
        Self {
            shared,
            key,
            outcome: watch::Sender::new(None),
        }
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Option<Outcome<V, E>>> {
        self.outcome.subscribe()
    }

    /// Performs the fetch. Should it panic, `self` is dropped, and with it the sender that all wait for.
    pub(crate) async fn run(self, fetch: impl Future<Output = Result<Fresh<V>, E>>) {
        let outcome = match fetch.await {
            Ok(fresh) => Ok(self.shared.store(&self.key, fresh)),
            Err(error) => Err(FetchError::Failed(Arc::new(error))),
        };
        let sender = self.outcome.clone();
        drop(self);
        sender.send_replace(Some(outcome));
    }
}

impl<K, V, E> Drop for Flight<K, V, E>
where
    K: Eq + Hash + Clone,
{
    fn drop(&mut self) {
        self.shared.remove_flight(&self.key);
    }
}
