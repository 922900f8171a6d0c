//! One fetch under way, and the task that performs it.

use crate::keyed::{Keyed, Shown};
use crate::machine::Landed;
use crate::{Failed, FetchError, Fresh, Guard};
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tracing::Instrument;

/// What all who wait for a fetch get.
pub(crate) type Outcome<V, E> = Result<Guard<V>, FetchError<E>>;

/// Where those who wait for a fetch meet those who end it.
pub(crate) struct Flight<V, E> {
    outcome: OnceLock<Result<Shown<V>, FetchError<E>>>,
    over: Notify,
}

impl<V, E> Flight<V, E> {
    pub(crate) fn new() -> Self {
        Self {
            outcome: OnceLock::new(),
            over: Notify::new(),
        }
    }

    /// Waits for the end of the fetch.
    pub(crate) async fn wait(self: Arc<Self>) -> Outcome<V, E> {
        loop {
            // From here on no call of `notify_waiters` is missed, so the look that follows cannot be too early.
            let over = self.over.notified();
            if let Some(outcome) = self.outcome.get() {
                return match outcome {
                    Ok(shown) => Ok(Guard::of(Arc::clone(shown))),
                    Err(error) => Err(error.clone()),
                };
            }
            over.await;
        }
    }

    pub(crate) fn end(&self, outcome: Result<Shown<V>, FetchError<E>>) {
        // A flight has one `Task`, which lands once.
        _ = self.outcome.set(outcome);
        self.over.notify_waiters();
    }
}

/// The duty to end a flight. However the fetch goes, dropping this ends it.
pub(crate) struct Task<K: Eq + Hash, V, E> {
    keyed: Arc<Keyed<K, V, E>>,
    flight: Option<Arc<Flight<V, E>>>,
}

impl<K, V, E> Task<K, V, E>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    pub(crate) fn new(keyed: Arc<Keyed<K, V, E>>, flight: Arc<Flight<V, E>>) -> Self {
        Self {
            keyed,
            flight: Some(flight),
        }
    }

    /// Starts the fetch as a task of its own. Should `fetch` panic before there is a future, the caller sees that panic, and
    /// everybody else the end of the flight.
    pub(crate) fn start<F>(self, fetch: impl FnOnce() -> F)
    where
        F: Future<Output = Result<Fresh<V>, Failed<E>>> + Send + 'static,
    {
        tracing::debug!("fetching");
        self.spawn(fetch);
    }

    /// As `start`, but the caller sees no panic: it has its value already.
    pub(crate) fn start_in_background<F>(self, fetch: impl FnOnce() -> F)
    where
        F: Future<Output = Result<Fresh<V>, Failed<E>>> + Send + 'static,
    {
        tracing::debug!("refreshing ahead");
        // What a panic leaves half done is the caller's own, and is gone with its closure.
        _ = catch_unwind(AssertUnwindSafe(|| self.spawn(fetch)));
    }

    fn spawn<F>(mut self, fetch: impl FnOnce() -> F)
    where
        F: Future<Output = Result<Fresh<V>, Failed<E>>> + Send + 'static,
    {
        match Handle::try_current() {
            Ok(runtime) => {
                let fetch = fetch();
                let task = async move { self.end(Landed::Fetched(fetch.await)) };
                drop(runtime.spawn(task.in_current_span()));
            }
            Err(_) => self.end(Landed::NoRuntime),
        }
    }
}

impl<K: Eq + Hash, V, E> Task<K, V, E> {
    fn end(&mut self, landed: Landed<V, E>) {
        if let Some(flight) = self.flight.take() {
            self.keyed.land(&flight, landed);
        }
    }
}

impl<K: Eq + Hash, V, E> Drop for Task<K, V, E> {
    fn drop(&mut self) {
        self.end(Landed::Panicked);
    }
}
