//! One key: what its hits read, and its state machine behind a lock that no hit waits for and no await holds.

use crate::cache::Shared;
use crate::clock::{Nanos, Now, TimeSource};
use crate::config::Sleep;
use crate::flight::{Flight, Outcome, Task};
use crate::machine::{Answer, Counts, Landed, Machine, Slot};
use crate::metrics::HitCount;
use crate::policy::Policy;
use crate::{Config, Failed, FetchError, Fresh, Guard};
use arc_swap::ArcSwapOption;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::time::Duration;
use tokio::runtime::Handle;

/// A value as it is published.
pub(crate) type Shown<V> = Arc<Slot<V>>;

/// All that there is of one key.
pub(crate) struct Keyed<K, V, E> {
    hot: Hot<V>,
    policy: Policy,
    sleep: Option<Sleep>,
    shared: Weak<Shared<K, V, E>>,
    state: Mutex<State<V, E>>,
    /// One reference more than there are entries.
    entries: Arc<()>,
}

/// What a hit reads, on cache lines where nothing is written while values are only read.
#[repr(align(128))]
struct Hot<V> {
    published: ArcSwapOption<Slot<V>>,
    clock: TimeSource,
    hits: Arc<HitCount>,
}

struct State<V, E> {
    machine: Machine<V, E, Arc<Flight<V, E>>>,
    /// The cache no longer knows this one, and may know another one of the same key.
    is_evicted: bool,
}

/// The clock of the cache may be late by this much beside the one that an alarm goes by.
const CLOCK_GRAIN: Duration = Duration::from_millis(20);

/// What is to be done for a caller.
pub(crate) enum Decision<V, E> {
    Serve(Guard<V>),
    Refresh(Guard<V>, Departure<V, E>),
    Join(Arc<Flight<V, E>>, Patience),
    Fetch(Departure<V, E>),
    Fail(FetchError<E>),
}

/// A flight, and the runtime that it starts in.
pub(crate) struct Departure<V, E> {
    pub(crate) flight: Arc<Flight<V, E>>,
    pub(crate) runtime: Handle,
}

/// What to wait for the end of a flight with: nothing, or how to sleep and for how long.
pub(crate) type Patience = Option<(Sleep, Duration)>;

/// What there is to wait for.
pub(crate) type Awaited<V, E> = (Arc<Flight<V, E>>, Patience);

/// What one key adds to the metrics of the cache.
pub(crate) struct Snapshot {
    pub(crate) counts: Counts,
    /// How many wait for the flight under way, if there is one.
    pub(crate) waiting: Option<usize>,
    pub(crate) age: Option<Nanos>,
}

impl<K, V, E> Keyed<K, V, E> {
    pub(crate) fn new(
        config: &Config,
        hits: &Arc<HitCount>,
        shared: Weak<Shared<K, V, E>>,
    ) -> Self {
        Self {
            hot: Hot {
                published: ArcSwapOption::empty(),
                clock: config.clock.clone(),
                hits: Arc::clone(hits),
            },
            policy: config.policy,
            sleep: config.sleep,
            shared,
            state: Mutex::new(State {
                machine: Machine::default(),
                is_evicted: false,
            }),
            entries: Arc::new(()),
        }
    }

    /// The value, when there is nothing to decide: no lock, no allocation, no write to anything shared.
    #[inline(always)]
    pub(crate) fn hit(&self) -> Option<Guard<V>> {
        let Hot {
            published,
            clock,
            hits,
        } = &self.hot;
        let guard = Guard::of_published(published, |slot| slot.quiet.is_ahead_of(clock.now()))?;
        hits.add_one();
        Some(guard)
    }

    /// The value while it is usable, whether or not there is something to decide.
    pub(crate) fn peek(&self) -> Option<Guard<V>> {
        let Hot {
            published, clock, ..
        } = &self.hot;
        Guard::of_published(published, |slot| slot.usable.is_ahead_of(clock.now()))
    }

    /// What to do where there was no quick hit; nothing when the key has been evicted, and is to be looked up again.
    #[cold]
    pub(crate) fn decide(&self) -> Option<Decision<V, E>> {
        let now = self.hot.clock.now();
        let mut state = match (self.state.try_lock(), self.peek()) {
            (Ok(state), _) => state,
            // Somebody else decides just now; a usable value need not wait for it.
            (Err(TryLockError::WouldBlock), Some(guard)) => {
                self.hot.hits.add_one();
                return Some(Decision::Serve(guard));
            }
            (Err(TryLockError::WouldBlock), None) => self.lock(),
            (Err(TryLockError::Poisoned(poisoned)), _) => poisoned.into_inner(),
        };
        if state.is_evicted {
            return None;
        }
        let overdue = state.machine.give_up(&self.policy, now);
        let runtime = Handle::try_current().ok();
        let take_off = runtime.as_ref().map(|runtime| || Flight::new(runtime.id()));
        let answer = state.machine.ask(&self.policy, now, take_off);
        let (decision, before) = match (answer, runtime) {
            (Answer::Serve(slot), _) => {
                let (guard, before) = self.publish(&mut state, slot);
                (Decision::Serve(guard), before)
            }
            (Answer::Refresh(slot, flight), Some(runtime)) => {
                let (guard, before) = self.publish(&mut state, slot);
                (
                    Decision::Refresh(guard, Departure { flight, runtime }),
                    before,
                )
            }
            (Answer::Fetch(flight), Some(runtime)) => {
                (Decision::Fetch(Departure { flight, runtime }), None)
            }
            (Answer::Join(flight, left), runtime) => {
                let patience = self.patience(&flight, left, runtime.as_ref());
                (Decision::Join(flight, patience), None)
            }
            (Answer::Fail(error), _) => (Decision::Fail(error), None),
            (Answer::NoRuntime | Answer::Refresh(..) | Answer::Fetch(_), _) => {
                (Decision::Fail(FetchError::NoRuntime), None)
            }
        };
        drop(state);
        drop(before); // outside the lock: it may be the last to hold a value
        dismiss(overdue);
        Some(decision)
    }

    /// One who waits in the runtime of the flight needs no alarm: should that one stand still, so does he.
    fn patience(&self, flight: &Flight<V, E>, left: Nanos, runtime: Option<&Handle>) -> Patience {
        let is_elsewhere = runtime.is_some_and(|runtime| runtime.id() != flight.runtime());
        let sleep = self.sleep.filter(|_| is_elsewhere)?;
        Some((sleep, Duration::from_nanos(left) + CLOCK_GRAIN))
    }

    /// A flight has ended: keeps what it brought, and tells all who wait.
    pub(crate) fn land(&self, flight: &Arc<Flight<V, E>>, landed: Landed<V, E>)
    where
        K: Eq + Hash,
    {
        let now = self.hot.clock.now();
        let mut state = self.lock();
        let is_it = |current: &Arc<_>| Arc::ptr_eq(current, flight);
        let landing = match state.machine.land(&self.policy, now, is_it, landed) {
            Ok(landing) => landing,
            Err(late) => {
                drop(state);
                tracing::debug!("a fetch ended after it was given up");
                return drop(late); // outside the lock: dropping may run anything
            }
        };
        let before = self.republish(&mut state, now);
        drop(state);
        let error = landing.outcome.as_ref().err().cloned();
        // The flight is off the list by now, so that one who hears of its end and asks again starts anew.
        flight.end(landing.outcome.map(Arc::new));
        let waiting = Arc::strong_count(flight) - 1;
        match &error {
            None => tracing::debug!(waiting, "fetched"),
            Some(error) => tracing::debug!(waiting, %error, "not fetched"),
        }
        drop((before, landing.leftovers)); // outside the lock: dropping may run anything
        if let Some(shared) = self.shared.upgrade() {
            shared.trim();
        }
    }

    /// Forgets the value if it is this very one.
    pub(crate) fn invalidate(&self, value: &V) -> bool {
        let now = self.hot.clock.now();
        let mut state = self.lock();
        let Some(forgotten) = state.machine.invalidate(value) else {
            return false;
        };
        let before = self.republish(&mut state, now);
        drop(state);
        drop((before, forgotten)); // outside the lock
        true
    }

    /// Makes a living entry of this key known to `is_held`, until it is dropped.
    pub(crate) fn pin(&self) -> Arc<()> {
        Arc::clone(&self.entries)
    }

    /// Some entry of this key is alive.
    pub(crate) fn is_held(&self) -> bool {
        Arc::strong_count(&self.entries) > 1
    }

    /// Greater for what would be a greater loss; nothing while a fetch is under way.
    pub(crate) fn usefulness(&self) -> Option<(bool, Nanos)> {
        let now = self.hot.clock.now();
        let state = self.lock();
        let is_idle = state.machine.is_idle(&self.policy, now);
        is_idle.then(|| state.machine.usefulness(now))
    }

    /// Ends the use of this state, unless a flight is under way; who comes late looks the key up again.
    pub(crate) fn evict(&self) -> Option<Counts> {
        let now = self.hot.clock.now();
        let mut state = self.lock();
        state.is_evicted = state.machine.is_idle(&self.policy, now);
        state.is_evicted.then(|| state.machine.counts())
    }

    /// Sends those away who wait for a fetch that is over its limit. Not under a lock: they may ask again at once.
    pub(crate) fn dismiss(&self) {
        let now = self.hot.clock.now();
        let overdue = self.lock().machine.give_up(&self.policy, now);
        dismiss(overdue);
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let now = self.hot.clock.now();
        let state = self.lock();
        // The machine and the task hold a flight, too.
        let waiting = |flight: &Arc<_>| Arc::strong_count(flight).saturating_sub(2);
        Snapshot {
            counts: state.machine.counts(),
            waiting: state.machine.flight().map(waiting),
            age: state.machine.age(now),
        }
    }

    /// Replaces what hits see, under the lock; the caller drops what was there before outside of it.
    fn publish(&self, _: &mut State<V, E>, slot: Slot<V>) -> (Guard<V>, Option<Shown<V>>) {
        let shown = Arc::new(slot);
        let before = self.hot.published.swap(Some(Arc::clone(&shown)));
        (Guard::of(shown), before)
    }

    fn republish(&self, state: &mut State<V, E>, now: Now) -> Option<Shown<V>> {
        match state.machine.slot(now) {
            Some(slot) => self.publish(state, slot).1,
            None => self.hot.published.swap(None),
        }
    }

    /// Nothing that can panic half-way runs under the lock, so a poisoned one is sound.
    fn lock(&self) -> MutexGuard<'_, State<V, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V, E> Keyed<K, V, E>
where
    K: Eq + Hash + Send + Sync + 'static,
    V: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Does what was decided, up to the point where somebody has to wait. `fetch` is taken only if it starts.
    pub(crate) fn follow<G, F>(
        self: &Arc<Self>,
        decision: Decision<V, E>,
        fetch: &mut Option<G>,
    ) -> Result<Outcome<V, E>, Awaited<V, E>>
    where
        G: FnOnce() -> F,
        F: Future<Output = Result<Fresh<V>, Failed<E>>> + Send + 'static,
    {
        let mut task = |departure: &Departure<V, E>| {
            // Before anything can panic: the flight has to land.
            let task = Task::new(Arc::clone(self), Arc::clone(&departure.flight));
            (
                task,
                fetch
                    .take()
                    .expect("a future is not polled again after it is ready"),
            )
        };
        match decision {
            Decision::Serve(guard) => Ok(Ok(guard)),
            Decision::Refresh(guard, departure) => {
                let (task, fetch) = task(&departure);
                task.start_in_background(&departure.runtime, fetch);
                Ok(Ok(guard))
            }
            Decision::Join(flight, patience) => Err((flight, patience)),
            Decision::Fetch(departure) => {
                let (task, fetch) = task(&departure);
                task.start(&departure.runtime, fetch);
                Err((departure.flight, None))
            }
            Decision::Fail(error) => Ok(Err(error)),
        }
    }
}

fn dismiss<V, E>(overdue: Option<Arc<Flight<V, E>>>) {
    if let Some(flight) = overdue {
        tracing::debug!("a fetch is over its limit");
        flight.end(Err(FetchError::Overdue));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock, ManualClock, USE_INTERVAL};
    use tokio::runtime::Runtime;

    type Number = Keyed<(), u8, ()>;

    fn with_a_value(clock: &Arc<ManualClock>) -> Number {
        let clock = Arc::clone(clock) as Arc<dyn Clock>;
        let keyed = Number::new(
            &Config::new().with_clock(clock),
            &Arc::default(),
            Weak::new(),
        );
        let flight = departure(&keyed);
        let fresh = Fresh::new(7, 86_400, Duration::from_secs(86_400));
        keyed.land(&flight, Landed::Fetched(Ok(fresh)));
        keyed
    }

    fn departure(keyed: &Number) -> Arc<Flight<u8, ()>> {
        let runtime = runtime();
        let _entered = runtime.enter();
        match keyed.decide() {
            Some(Decision::Fetch(departure)) => departure.flight,
            _ => panic!("there is nothing yet"),
        }
    }

    fn runtime() -> Runtime {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.build().unwrap()
    }

    #[test]
    fn a_hit_waits_for_nobody() {
        let clock = Arc::new(ManualClock::new(0));
        let keyed = with_a_value(&clock);
        let somebody = keyed.lock();
        assert_eq!(keyed.hit().as_deref(), Some(&7));
        clock.advance_monotonic(USE_INTERVAL);
        assert!(keyed.hit().is_none(), "it is time to note the use");
        let Some(Decision::Serve(guard)) = keyed.decide() else {
            panic!("there is a usable value");
        };
        assert_eq!(*guard, 7);
        drop(somebody);
        assert!(matches!(keyed.decide(), Some(Decision::Serve(_))));
        assert_eq!(keyed.hit().as_deref(), Some(&7), "noted");
    }

    #[test]
    fn a_late_caller_of_an_evicted_key_is_sent_back() {
        let clock = Arc::new(ManualClock::new(0));
        let keyed = with_a_value(&clock);
        assert!(keyed.evict().is_some());
        assert!(keyed.decide().is_none());
    }

    #[test]
    fn a_key_with_a_fetch_under_way_is_not_evicted() {
        let keyed = Number::new(&Config::new(), &Arc::default(), Weak::new());
        let _flight = departure(&keyed);
        assert!(keyed.usefulness().is_none() && keyed.evict().is_none());
        assert!(matches!(keyed.decide(), Some(Decision::Join(_, None))));
    }
}
