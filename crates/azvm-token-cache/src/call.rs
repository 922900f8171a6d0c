//! One call for a value, as a future by hand: with a compiler-made one a hit takes a third more instructions.

use crate::flight::Outcome;
use crate::keyed::{Decision, Keyed};
use crate::{Failed, FetchError, Fresh, Guard};
use std::hash::Hash;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Where a call finds its key.
pub(crate) trait Source<K, V, E> {
    fn hit(&self) -> Option<Guard<V>>;

    fn decide(&self) -> Decided<K, V, E>;
}

/// What is to be done, and by whom.
pub(crate) type Decided<K, V, E> = (Arc<Keyed<K, V, E>>, Decision<V, E>);

/// Nothing happens before the first poll.
pub(crate) struct Call<S, G, K, V, E> {
    source: S,
    fetch: Option<G>,
    waiting: Option<Waiting<V, E>>,
    key: PhantomData<fn() -> K>,
}

/// Boxed, so that the future of a hit is small.
type Waiting<V, E> = Pin<Box<dyn Future<Output = Outcome<V, E>> + Send>>;

impl<S, G, K, V, E> Call<S, G, K, V, E> {
    #[inline(always)]
    pub(crate) fn new(source: S, fetch: G) -> Self {
        Self {
            source,
            fetch: Some(fetch),
            waiting: None,
            key: PhantomData,
        }
    }
}

/// Nothing in here is polled where it stands.
impl<S, G, K, V, E> Unpin for Call<S, G, K, V, E> {}

impl<S, G, F, K, V, E> Future for Call<S, G, K, V, E>
where
    S: Source<K, V, E>,
    G: FnOnce() -> F,
    F: Future<Output = Result<Fresh<V>, Failed<E>>> + Send + 'static,
    K: Eq + Hash + Send + Sync + 'static,
    V: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    type Output = Outcome<V, E>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let call = self.get_mut();
        if call.waiting.is_none() {
            if let Some(guard) = call.source.hit() {
                return Poll::Ready(Ok(guard));
            }
        }
        call.poll_slowly(context)
    }
}

impl<S, G, F, K, V, E> Call<S, G, K, V, E>
where
    S: Source<K, V, E>,
    G: FnOnce() -> F,
    F: Future<Output = Result<Fresh<V>, Failed<E>>> + Send + 'static,
    K: Eq + Hash + Send + Sync + 'static,
    V: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    #[cold]
    #[inline(never)]
    fn poll_slowly(&mut self, context: &mut Context<'_>) -> Poll<Outcome<V, E>> {
        loop {
            let waiting = match &mut self.waiting {
                Some(waiting) => waiting,
                None => {
                    let (keyed, decision) = self.source.decide();
                    match keyed.follow(decision, &mut self.fetch) {
                        Ok(outcome) => return Poll::Ready(outcome),
                        Err((flight, patience)) => {
                            self.waiting.insert(Box::pin(flight.wait(patience)))
                        }
                    }
                }
            };
            let outcome = ready!(waiting.as_mut().poll(context));
            self.waiting = None;
            match outcome {
                // Somebody else's fetch hangs; this call still has one of its own to offer.
                Err(FetchError::Overdue) if self.fetch.is_some() => {}
                outcome => return Poll::Ready(outcome),
            }
        }
    }
}
