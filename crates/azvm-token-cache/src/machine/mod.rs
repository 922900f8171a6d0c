//! One key as a pure state machine: what a caller gets, when a fetch starts, and what its end changes. It reads no clock, takes
//! no lock, starts no task and knows of a flight only the `F` that stands for it.
//!
//! ```text
//!   give_up ── a flight that is too old ▶ it is forgotten: whatever it brings later is ignored
//!   ask ─┬─ usable value ──────────────▶ Serve, or Refresh when one is due: the value, and a flight
//!        ├─ a flight under way ────────▶ Join
//!        ├─ a remembered error ────────▶ Fail
//!        ├─ nowhere to fetch ──────────▶ NoRuntime
//!        └─ nothing ───────────────────▶ Fetch: a flight ──▶ land ─┬─ value ──────▶ kept
//!                                                                  ├─ definitive ─▶ remembered
//!                                                                  └─ otherwise ──▶ back-off for refreshes
//! ```

#[cfg(test)]
mod tests;

use crate::clock::{Nanos, Now, nanos};
use crate::policy::{MIN_INTERVAL, Policy, USE_INTERVAL};
use crate::validity::{Until, Validity};
use crate::{Failed, FetchError, Fresh};
use std::sync::Arc;

/// The state of one key. The default knows nothing.
#[derive(Debug)]
pub(crate) struct Machine<V, E, F> {
    kept: Option<Kept<V>>,
    flight: Option<Flying<F>>,
    remembered: Option<Remembered<E>>,
    /// Failed fetches in a row.
    failures: u32,
    /// No refresh before this; callers without a value do not care.
    refresh_not_before: Nanos,
    last_used: Nanos,
    counts: Counts,
}

#[derive(Debug)]
struct Kept<V> {
    value: Arc<V>,
    validity: Validity,
    /// The value was fetched because the wall clock had jumped past the end of the one before.
    after_a_jump: bool,
}

#[derive(Debug)]
struct Flying<F> {
    handle: F,
    began: Now,
    after_a_jump: bool,
}

#[derive(Debug)]
struct Remembered<E> {
    error: FetchError<E>,
    until: Nanos,
}

/// What the machine has seen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// Without the quick ones, of which the machine does not hear.
    pub(crate) hits: u64,
    pub(crate) joined: u64,
    pub(crate) fetches: u64,
    pub(crate) refreshes: u64,
    pub(crate) failures: u64,
    pub(crate) remembered: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: &Self) {
        self.hits += other.hits;
        self.joined += other.joined;
        self.fetches += other.fetches;
        self.refreshes += other.refreshes;
        self.failures += other.failures;
        self.remembered += other.remembered;
    }
}

/// What a caller gets.
#[derive(Debug)]
pub(crate) enum Answer<V, E, F> {
    Serve(Slot<V>),
    /// As `Serve`, and the caller has to start this flight.
    Refresh(Slot<V>, F),
    /// The caller waits for this flight, which somebody else has started, and which is given up after so long.
    Join(F, Nanos),
    /// The caller has to start this flight and waits for it.
    Fetch(F),
    Fail(FetchError<E>),
    /// There would be something to fetch, and the caller cannot start a flight.
    NoRuntime,
}

/// A value as the hit path needs it: nothing that is in here changes.
#[derive(Debug)]
pub(crate) struct Slot<V> {
    /// Until here a hit needs nothing but this slot.
    pub(crate) quiet: Until,
    /// Until here the value may be served.
    pub(crate) usable: Until,
    pub(crate) value: Arc<V>,
}

/// How a flight ended.
#[derive(Debug)]
pub(crate) enum Landed<V, E> {
    Fetched(Result<Fresh<V>, Failed<E>>),
    Panicked,
}

/// What the end of a flight means for those who wait for it, and what is left over.
pub(crate) struct Landing<V, E> {
    pub(crate) outcome: Result<Slot<V>, FetchError<E>>,
    /// To be dropped where no lock is held: dropping may run anything.
    pub(crate) leftovers: Leftovers<V, E>,
}

/// What the machine no longer needs.
pub(crate) type Leftovers<V, E> = (Option<Arc<V>>, Option<FetchError<E>>);

impl<V, E, F> Default for Machine<V, E, F> {
    fn default() -> Self {
        Self {
            kept: None,
            flight: None,
            remembered: None,
            failures: 0,
            refresh_not_before: 0,
            last_used: 0,
            counts: Counts::default(),
        }
    }
}

impl<V, E, F: Clone> Machine<V, E, F> {
    /// Forgets the flight that is too old to be waited for, and hands it out: its runtime may never be driven again.
    pub(crate) fn give_up(&mut self, policy: &Policy, now: Now) -> Option<F> {
        let is_old = |flight: &mut Flying<F>| policy.age_left(flight.began, now) == 0;
        let flight = self.flight.take_if(is_old)?;
        self.note_failure(policy, flight.began);
        Some(flight.handle)
    }

    /// A caller wants the value. `take_off` makes the handle of a flight, if one has to start, and if the caller can start one.
    pub(crate) fn ask<T: FnOnce() -> F>(
        &mut self,
        policy: &Policy,
        now: Now,
        mut take_off: Option<T>,
    ) -> Answer<V, E, F> {
        self.last_used = self.last_used.max(now.monotonic);
        let refresh = take_off.take_if(|_| self.is_refresh_due(now));
        let refresh = refresh.map(|take_off| {
            self.counts.refreshes += 1;
            self.start(take_off(), now, false)
        });
        if let Some(slot) = self.slot(now) {
            self.counts.hits += 1;
            return match refresh {
                Some(flight) => Answer::Refresh(slot, flight),
                None => Answer::Serve(slot),
            };
        }
        if let Some(flight) = &self.flight {
            self.counts.joined += 1;
            let left = policy.age_left(flight.began, now);
            return Answer::Join(flight.handle.clone(), left);
        }
        if let Some(error) = self.standing_error(now) {
            self.counts.remembered += 1;
            return Answer::Fail(error);
        }
        let Some(take_off) = take_off else {
            return Answer::NoRuntime;
        };
        self.counts.fetches += 1;
        let after_a_jump = self.ended_by_a_jump(now);
        Answer::Fetch(self.start(take_off(), now, after_a_jump))
    }

    /// The flight that was started, which `is_it` knows, has ended. What brings a flight that was given up is handed back.
    pub(crate) fn land(
        &mut self,
        policy: &Policy,
        now: Now,
        is_it: impl FnOnce(&F) -> bool,
        landed: Landed<V, E>,
    ) -> Result<Landing<V, E>, Landed<V, E>> {
        let Some(flight) = self.flight.take_if(|flight| is_it(&flight.handle)) else {
            return Err(landed);
        };
        let (failed, is_definitive) = match landed {
            Landed::Fetched(Ok(fresh)) => {
                let validity = Validity::new(&fresh, policy, flight.began, now);
                let value = Arc::new(fresh.value);
                if let Some(validity) = validity {
                    return Ok(self.keep(value, validity, flight.after_a_jump, now));
                }
                let mut landing = self.fail(policy, now, FetchError::Expired, true);
                landing.leftovers.0 = Some(value);
                return Ok(landing);
            }
            Landed::Fetched(Err(Failed::Definitive(error))) => {
                (FetchError::Failed(Arc::new(error)), true)
            }
            Landed::Fetched(Err(Failed::Transient(error))) => {
                (FetchError::Failed(Arc::new(error)), false)
            }
            Landed::Panicked => (FetchError::Panicked, false),
        };
        Ok(self.fail(policy, now, failed, is_definitive))
    }

    fn keep(
        &mut self,
        value: Arc<V>,
        validity: Validity,
        after_a_jump: bool,
        now: Now,
    ) -> Landing<V, E> {
        self.failures = 0;
        self.refresh_not_before = now.monotonic.saturating_add(nanos(MIN_INTERVAL));
        let kept = Kept {
            value,
            validity,
            after_a_jump,
        };
        let outcome = Ok(kept.slot(validity.usable));
        let before = self.kept.replace(kept);
        let remembered = self.remembered.take();
        Landing {
            outcome,
            leftovers: (
                before.map(|kept| kept.value),
                remembered.map(|remembered| remembered.error),
            ),
        }
    }

    fn fail(
        &mut self,
        policy: &Policy,
        now: Now,
        error: FetchError<E>,
        is_definitive: bool,
    ) -> Landing<V, E> {
        self.note_failure(policy, now);
        let remembered = is_definitive.then(|| Remembered {
            error: error.clone(),
            until: now.monotonic.saturating_add(nanos(policy.error_memory)),
        });
        let before = std::mem::replace(&mut self.remembered, remembered);
        Landing {
            outcome: Err(error),
            leftovers: (None, before.map(|remembered| remembered.error)),
        }
    }

    /// Refreshes are held back from this failure on.
    fn note_failure(&mut self, policy: &Policy, at: Now) {
        self.counts.failures += 1;
        self.failures = self.failures.saturating_add(1);
        self.refresh_not_before = at.monotonic.saturating_add(policy.backoff(self.failures));
    }

    /// Forgets the kept value if it is this very one, by address.
    pub(crate) fn invalidate(&mut self, value: &V) -> Option<Arc<V>> {
        let kept = self
            .kept
            .take_if(|kept| std::ptr::eq(&*kept.value, value))?;
        Some(kept.value)
    }

    /// Nothing is under way that is worth waiting for, so that the key may be forgotten.
    pub(crate) fn is_idle(&self, policy: &Policy, now: Now) -> bool {
        let is_young = |flight: &Flying<F>| policy.age_left(flight.began, now) > 0;
        !self.flight.as_ref().is_some_and(is_young)
    }

    /// Greater for a key that is a greater loss: usable values before others, then the later used.
    pub(crate) fn usefulness(&self, now: Now) -> (bool, Nanos) {
        (self.is_usable(now), self.last_used)
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    pub(crate) fn flight(&self) -> Option<&F> {
        self.flight.as_ref().map(|flight| &flight.handle)
    }

    /// How long ago the value was received that is usable now.
    pub(crate) fn age(&self, now: Now) -> Option<Nanos> {
        let kept = self
            .kept
            .as_ref()
            .filter(|kept| kept.validity.is_usable(now))?;
        Some(
            now.monotonic
                .saturating_sub(kept.validity.received.monotonic),
        )
    }

    fn start(&mut self, handle: F, began: Now, after_a_jump: bool) -> F {
        self.flight = Some(Flying {
            handle: handle.clone(),
            began,
            after_a_jump,
        });
        handle
    }

    fn is_usable(&self, now: Now) -> bool {
        self.kept
            .as_ref()
            .is_some_and(|kept| kept.validity.is_usable(now))
    }

    fn is_refresh_due(&self, now: Now) -> bool {
        let is_late = |kept: &Kept<V>| {
            kept.validity.is_usable(now) && !kept.validity.refresh.is_ahead_of(now)
        };
        self.flight.is_none()
            && now.monotonic >= self.refresh_not_before
            && self.kept.as_ref().is_some_and(is_late)
    }

    fn ended_by_a_jump(&self, now: Now) -> bool {
        self.kept
            .as_ref()
            .is_some_and(|kept| kept.validity.ended_by_a_jump(now))
    }

    /// What a caller without a value gets for now instead of a fetch.
    fn standing_error(&self, now: Now) -> Option<FetchError<E>> {
        if let Some(remembered) = &self.remembered {
            if now.monotonic < remembered.until {
                return Some(remembered.error.clone());
            }
        }
        let kept = self.kept.as_ref()?;
        let age = now
            .monotonic
            .saturating_sub(kept.validity.received.monotonic);
        let jumps_on = kept.after_a_jump && kept.validity.ended_by_a_jump(now);
        (jumps_on && age < nanos(MIN_INTERVAL)).then_some(FetchError::ClockJumped)
    }

    /// The value, if it is usable, and until when there is nothing to decide about it.
    pub(crate) fn slot(&self, now: Now) -> Option<Slot<V>> {
        let kept = self.kept.as_ref()?;
        let Validity {
            usable, refresh, ..
        } = kept.validity;
        let mut quiet = usable.at_most(now.monotonic.saturating_add(nanos(USE_INTERVAL)));
        if now.monotonic < self.refresh_not_before {
            quiet = quiet.at_most(self.refresh_not_before);
        } else if self.flight.is_none() {
            quiet = quiet.at_most(refresh.monotonic);
            quiet.unix_secs = quiet.unix_secs.min(refresh.unix_secs);
        }
        usable.is_ahead_of(now).then(|| kept.slot(quiet))
    }
}

impl<V> Kept<V> {
    fn slot(&self, quiet: Until) -> Slot<V> {
        Slot {
            quiet,
            usable: self.validity.usable,
            value: Arc::clone(&self.value),
        }
    }
}
