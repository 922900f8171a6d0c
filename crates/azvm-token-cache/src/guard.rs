//! A value on loan.

use crate::keyed::Shown;
use crate::machine::Slot;
use arc_swap::ArcSwapOption;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A value from the cache, to look at and let go: getting one writes to no memory that threads share.
///
/// It keeps the value alive, also when the cache has another one by now. A thread that holds more than a handful at a time makes
/// its further hits slower; [`to_arc`](Self::to_arc) is for what is kept. May be held across an await and sent between threads.
pub struct Guard<V>(arc_swap::Guard<Option<Shown<V>>>);

impl<V> Guard<V> {
    /// Of what is published, if that is a value and `is_wanted`.
    #[inline(always)]
    pub(crate) fn of_published(
        published: &ArcSwapOption<Slot<V>>,
        is_wanted: impl FnOnce(&Slot<V>) -> bool,
    ) -> Option<Self> {
        let guard = published.load();
        if guard.as_deref().is_some_and(is_wanted) {
            return Some(Self(guard));
        }
        let_go(guard);
        None
    }

    pub(crate) fn of(shown: Shown<V>) -> Self {
        Self(arc_swap::Guard::from_inner(Some(shown)))
    }

    #[inline(always)]
    fn shown(&self) -> &Shown<V> {
        self.0.as_ref().expect("a guard is made of a value only")
    }

    /// The value to keep: one more reference to it.
    pub fn to_arc(&self) -> Arc<V> {
        Arc::clone(&self.shown().value)
    }
}

impl<V> Deref for Guard<V> {
    type Target = V;

    #[inline(always)]
    fn deref(&self) -> &V {
        &self.shown().value
    }
}

impl<V> AsRef<V> for Guard<V> {
    fn as_ref(&self) -> &V {
        self
    }
}

/// Out of the way, so that a guard that is wanted stays in registers.
#[cold]
#[inline(never)]
fn let_go<V>(guard: arc_swap::Guard<Option<Shown<V>>>) {
    drop(guard);
}

/// Shows nothing of the value, which may be a secret.
impl<V> fmt::Debug for Guard<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}
