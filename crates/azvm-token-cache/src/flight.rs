//! One fetch under way, and the task that performs it.

use crate::keyed::{Keyed, Patience, Shown};
use crate::machine::Landed;
use crate::{Failed, FetchError, Fresh, Guard};
use std::future::poll_fn;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use tokio::runtime::{Handle, Id};
use tokio::sync::Notify;
use tracing::Instrument;

/// What all who wait for a fetch get.
pub(crate) type Outcome<V, E> = Result<Guard<V>, FetchError<E>>;

/// Where those who wait for a fetch meet those who end it.
pub(crate) struct Flight<V, E> {
    outcome: OnceLock<Result<Shown<V>, FetchError<E>>>,
    over: Notify,
    runtime: Id,
}

impl<V, E> Flight<V, E> {
    /// To be performed by this runtime.
    pub(crate) fn new(runtime: Id) -> Arc<Self> {
        Arc::new(Self {
            outcome: OnceLock::new(),
            over: Notify::new(),
            runtime,
        })
    }

    pub(crate) fn runtime(&self) -> Id {
        self.runtime
    }

    /// Waits for the end of the fetch, or until it is over its limit.
    pub(crate) async fn wait(self: Arc<Self>, patience: Patience) -> Outcome<V, E> {
        let Some((sleep, limit)) = patience else {
            return self.ended().await;
        };
        let (mut alarm, mut ended) = (sleep(limit), pin!(self.ended()));
        poll_fn(|context| match ended.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready(outcome),
            Poll::Pending => alarm
                .as_mut()
                .poll(context)
                .map(|()| Err(FetchError::Overdue)),
        })
        .await
    }

    async fn ended(&self) -> Outcome<V, E> {
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
        // A flight has one `Task`, which lands once; the end of one that was given up came before.
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
    pub(crate) fn start<F>(self, runtime: &Handle, fetch: impl FnOnce() -> F)
    where
        F: Future<Output = Result<Fresh<V>, Failed<E>>> + Send + 'static,
    {
        tracing::debug!("fetching");
        self.spawn(runtime, fetch);
    }

    /// As `start`, but the caller sees no panic: it has its value already.
    pub(crate) fn start_in_background<F>(self, runtime: &Handle, fetch: impl FnOnce() -> F)
    where
        F: Future<Output = Result<Fresh<V>, Failed<E>>> + Send + 'static,
    {
        tracing::debug!("refreshing ahead");
        // What a panic leaves half done is the caller's own, and is gone with its closure.
        _ = catch_unwind(AssertUnwindSafe(|| self.spawn(runtime, fetch)));
    }

    fn spawn<F>(mut self, runtime: &Handle, fetch: impl FnOnce() -> F)
    where
        F: Future<Output = Result<Fresh<V>, Failed<E>>> + Send + 'static,
    {
        let fetch = fetch();
        let task = async move { self.end(Landed::Fetched(fetch.await)) };
        drop(runtime.spawn(task.in_current_span()));
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
