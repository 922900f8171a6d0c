//! Until when a value may be served: pure arithmetic on two clocks.
//!
//! ```text
//!   receipt            refresh ahead from here        usable until            expires
//!   ────●──────────────────────●─────────────────────────●────── margin ────────●────▶  on each clock; the earlier one counts
//! ```

use crate::clock::{Nanos, Now, nanos};
use crate::policy::{MIN_INTERVAL, Policy};
use std::time::Duration;

/// What a fetch brings: a value and when it expires, told twice.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Fresh<V> {
    /// The value.
    pub value: V,
    /// When it expires by the wall clock, in seconds since 1970-01-01T00:00:00Z.
    pub expires_on_unix_secs: i64,
    /// How long it lives from its receipt on.
    pub expires_in: Duration,
}

impl<V> Fresh<V> {
    /// A value that expires at this time and after this time, whichever comes first.
    pub fn new(value: V, expires_on_unix_secs: i64, expires_in: Duration) -> Self {
        Self {
            value,
            expires_on_unix_secs,
            expires_in,
        }
    }
}

/// A point on each clock; whichever is reached first counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Until {
    pub(crate) unix_secs: i64,
    pub(crate) monotonic: Nanos,
}

impl Until {
    #[inline]
    pub(crate) fn is_ahead_of(self, now: Now) -> bool {
        now.unix_secs < self.unix_secs && now.monotonic < self.monotonic
    }

    /// No later than this by the monotonic clock.
    pub(crate) fn at_most(self, monotonic: Nanos) -> Self {
        Self {
            monotonic: self.monotonic.min(monotonic),
            ..self
        }
    }

    /// This long after `now` by both clocks. The wall clock counts whole seconds, of which the last is not waited for.
    pub(crate) fn after(now: Now, duration: Duration) -> Self {
        Self {
            unix_secs: now.unix_secs.saturating_add(whole_secs(duration)),
            monotonic: now.monotonic.saturating_add(nanos(duration)),
        }
    }
}

/// How long a value may be served, and from when on it is worth a refresh.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Validity {
    pub(crate) received: Now,
    pub(crate) usable: Until,
    /// From here on the value is refreshed ahead. Not before `usable` where a life is too short for that.
    pub(crate) refresh: Until,
}

impl Validity {
    /// Of a value received `now`; nothing when it is dead already.
    pub(crate) fn new<V>(fresh: &Fresh<V>, policy: &Policy, now: Now) -> Option<Self> {
        let by_age_unix_secs = now.unix_secs.saturating_add(whole_secs(fresh.expires_in));
        let by_wall_secs = fresh.expires_on_unix_secs.saturating_sub(now.unix_secs);
        let by_wall = Duration::from_secs(u64::try_from(by_wall_secs).unwrap_or(0));
        let is_clock_wrong = by_wall < MIN_INTERVAL && fresh.expires_in >= MIN_INTERVAL;
        let expires_on_unix_secs = if is_clock_wrong {
            // Nobody hands out a value that is dead or dying, so the wall clock is ahead; but it can still tell how much time passes.
            by_age_unix_secs
        } else {
            fresh.expires_on_unix_secs.min(by_age_unix_secs)
        };
        let left_secs = expires_on_unix_secs.saturating_sub(now.unix_secs);
        let left = fresh
            .expires_in
            .min(Duration::from_secs(u64::try_from(left_secs).unwrap_or(0)));
        let usable_for = policy.usable_for(left);
        let margin = left - usable_for;
        let usable = Until {
            unix_secs: expires_on_unix_secs.saturating_sub(whole_secs_up(margin)),
            monotonic: now
                .monotonic
                .saturating_add(nanos(fresh.expires_in.saturating_sub(margin))),
        };
        usable.is_ahead_of(now).then(|| Self {
            received: now,
            usable,
            refresh: Until::after(now, policy.refresh_after(left)),
        })
    }

    #[inline]
    pub(crate) fn is_usable(&self, now: Now) -> bool {
        self.usable.is_ahead_of(now)
    }

    /// True when the value would still be usable, had the wall clock run as the monotonic one: it was set forward, or the
    /// machine was suspended.
    pub(crate) fn ended_by_a_jump(&self, now: Now) -> bool {
        let by_wall = now.unix_secs.saturating_sub(self.received.unix_secs);
        let by_age = Duration::from_nanos(now.monotonic.saturating_sub(self.received.monotonic));
        !self.is_usable(now)
            && now.monotonic < self.usable.monotonic
            && by_wall >= whole_secs(by_age + MIN_INTERVAL)
    }
}

fn whole_secs(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

fn whole_secs_up(duration: Duration) -> i64 {
    whole_secs(duration).saturating_add(i64::from(duration.subsec_nanos() > 0))
}
