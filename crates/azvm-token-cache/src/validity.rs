//! Until when a value may be served: pure arithmetic on two clocks.
//!
//! ```text
//!   receipt                                  usable until            expires
//!   ────●──────────── served from the cache ──────●──── margin ─────────●────▶  on each clock; the earlier one counts
//! ```

use crate::clock::Now;
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

/// The two points up to which a value may be served.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Validity {
    until_unix_secs: i64,
    until_monotonic: Duration,
}

impl Validity {
    /// Of a value received `now`.
    pub(crate) fn new<V>(fresh: &Fresh<V>, margin: Duration, now: Now) -> Self {
        let expires_in_secs = i64::try_from(fresh.expires_in.as_secs()).unwrap_or(i64::MAX);
        let by_age_unix_secs = now.unix_secs.saturating_add(expires_in_secs);
        let expires_on_unix_secs = if fresh.expires_on_unix_secs > now.unix_secs {
            fresh.expires_on_unix_secs.min(by_age_unix_secs)
        } else {
            // The answer is new, so the clock is wrong; but it can still tell how much time passes.
            by_age_unix_secs
        };
        let left_secs = expires_on_unix_secs.saturating_sub(now.unix_secs);
        let left = Duration::from_secs(u64::try_from(left_secs).unwrap_or(0));
        let margin = margin.min(left / 2);
        let margin_secs = i64::try_from(margin.as_secs()).unwrap_or(i64::MAX);
        let margin_secs = margin_secs.saturating_add(i64::from(margin.subsec_nanos() > 0));
        Self {
            until_unix_secs: expires_on_unix_secs.saturating_sub(margin_secs),
            until_monotonic: now
                .monotonic
                .saturating_add(fresh.expires_in.saturating_sub(margin)),
        }
    }

    pub(crate) fn is_usable(self, now: Now) -> bool {
        now.unix_secs < self.until_unix_secs && now.monotonic < self.until_monotonic
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nothing_is_usable_past_its_age_less_the_margin(
            unix_secs in any::<i64>(),
            expires_on_unix_secs in any::<i64>(),
            expires_in_millis in 0_u64..200_000_000,
            margin_secs in 0_u64..1_000,
            age_millis in 0_u64..300_000_000,
            wall_jump_secs in any::<i64>(),
        ) {
            let received = Now { unix_secs, monotonic: Duration::from_secs(7) };
            let expires_in = Duration::from_millis(expires_in_millis);
            let margin = Duration::from_secs(margin_secs);
            let fresh = Fresh::new((), expires_on_unix_secs, expires_in);
            let validity = Validity::new(&fresh, margin, received);
            let age = Duration::from_millis(age_millis);
            let now = Now {
                unix_secs: unix_secs.saturating_add(wall_jump_secs),
                monotonic: received.monotonic + age,
            };
            if validity.is_usable(now) {
                prop_assert!(age < expires_in);
                prop_assert!(expires_on_unix_secs <= unix_secs || now.unix_secs < expires_on_unix_secs);
                if expires_on_unix_secs > unix_secs.saturating_add(i64::try_from(margin_secs).unwrap() * 2)
                    && expires_in >= margin * 2 + Duration::from_secs(1)
                {
                    prop_assert!(age < expires_in - margin);
                }
            }
        }

        #[test]
        fn what_lives_two_seconds_is_usable_at_once(
            unix_secs in -1_000_000_000_000_i64..1_000_000_000_000,
            expires_on_unix_secs in any::<i64>(),
            expires_in_secs in 2_u64..1_000_000,
            margin_secs in any::<u64>(),
        ) {
            let now = Now { unix_secs, monotonic: Duration::ZERO };
            prop_assume!(expires_on_unix_secs <= unix_secs || expires_on_unix_secs >= unix_secs + 2);
            let fresh = Fresh::new((), expires_on_unix_secs, Duration::from_secs(expires_in_secs));
            let validity = Validity::new(&fresh, Duration::from_secs(margin_secs), now);
            prop_assert!(validity.is_usable(now), "{validity:?}");
        }
    }
}
