//! How long things last: pure arithmetic, with all defaults of the crate.
//!
//! | lifetime at receipt | served for | refreshed ahead from |
//! |---|---|---|
//! | two hours and more | lifetime − margin | half of the lifetime + jitter |
//! | twice the margin and more | lifetime − margin | 75 % of the time that it is served + jitter |
//! | one minute and more | half of the lifetime | the same |
//! | less | 30 s, or to its end | not |

use crate::clock::{Nanos, Now, nanos};
use std::time::Duration;

/// How long before its expiry a value is no longer served.
pub const DEFAULT_MARGIN: Duration = Duration::from_secs(300);

/// How many values are kept.
pub const DEFAULT_CAPACITY: usize = 256;

/// How long a definitive error is remembered. Short, because an identity or a role may be assigned at any moment.
pub const DEFAULT_ERROR_MEMORY: Duration = Duration::from_secs(5);

/// From this lifetime on, a value is refreshed ahead from half of it.
pub const LONG_LIFETIME: Duration = Duration::from_secs(2 * 3600);

/// A shorter-lived value is refreshed ahead from this share of the time that it is served.
pub const SHORT_LIFETIME_REFRESH_PERCENT: u32 = 75;

/// By how much refreshes of different processes are spread at most; also at most a tenth of the time that a value is served.
pub const MAX_REFRESH_JITTER: Duration = Duration::from_secs(300);

/// After this long a fetch is no longer waited for: the next who asks starts another. Longer than any fetch that means well,
/// since a fetch has a deadline of its own; what comes to this is one whose runtime is not driven any more.
pub const DEFAULT_FETCH_LIMIT: Duration = Duration::from_secs(180);

/// The least time between two fetches that only a clock or a short life asks for, and the first back-off after a failed refresh.
pub const MIN_INTERVAL: Duration = Duration::from_secs(30);

/// The longest back-off between refreshes that fail, before jitter of up to a quarter.
pub const MAX_BACKOFF: Duration = Duration::from_secs(300);

/// After this long a hit takes the longer way, which notes that the key is in use. Other hits do not wait for it.
pub const USE_INTERVAL: Duration = Duration::from_secs(60);

/// What the state machine of a key goes by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub(crate) margin: Duration,
    pub(crate) error_memory: Duration,
    pub(crate) fetch_limit: Duration,
    /// Differs between processes.
    pub(crate) seed: u64,
}

impl Policy {
    /// How much of what is `left` of a life a value is served.
    pub(crate) fn usable_for(&self, left: Duration) -> Duration {
        let all_but_margin = left.saturating_sub(self.margin);
        all_but_margin.max(left / 2).max(left.min(MIN_INTERVAL))
    }

    /// How long after its receipt a value is worth a refresh.
    pub(crate) fn refresh_after(&self, left: Duration) -> Duration {
        let usable_for = self.usable_for(left);
        let after = if left >= LONG_LIFETIME {
            left / 2
        } else {
            usable_for / 100 * SHORT_LIFETIME_REFRESH_PERCENT
        };
        let jitter = MAX_REFRESH_JITTER.min(usable_for / 10);
        (after + part(jitter, self.seed)).max(MIN_INTERVAL)
    }

    /// How much longer a fetch that `began` then is waited for, by the clock that stands still while the machine sleeps, as the
    /// fetch does.
    pub(crate) fn age_left(&self, began: Now, now: Now) -> Nanos {
        let age = now.monotonic.saturating_sub(began.monotonic);
        nanos(self.fetch_limit).saturating_sub(age)
    }

    /// How long to leave the source alone after this many failed refreshes in a row.
    pub(crate) fn backoff(&self, failures: u32) -> Nanos {
        let doublings = failures.saturating_sub(1).min(16);
        let wait = MAX_BACKOFF.min(MIN_INTERVAL * (1 << doublings));
        nanos(wait + part(wait / 4, mix(self.seed ^ u64::from(failures))))
    }
}

/// Between nothing and all of `whole`, by the upper bits of `seed`.
fn part(whole: Duration, seed: u64) -> Duration {
    whole * u32::try_from(seed >> 48).unwrap_or(0) / (1 << 16)
}

/// SplitMix64's finaliser: neighbouring seeds get unrelated results.
fn mix(seed: u64) -> u64 {
    let seed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let seed = (seed ^ (seed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    seed ^ (seed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(seed: u64) -> Policy {
        Policy {
            margin: DEFAULT_MARGIN,
            error_memory: DEFAULT_ERROR_MEMORY,
            fetch_limit: DEFAULT_FETCH_LIMIT,
            seed,
        }
    }

    #[track_caller]
    fn check(left_secs: u64, usable_secs: u64, refresh_secs: u64, latest_refresh_secs: u64) {
        let left = Duration::from_secs(left_secs);
        let usable = policy(0).usable_for(left);
        assert_eq!(usable, Duration::from_secs(usable_secs));
        let refresh = |seed| policy(seed).refresh_after(left).as_secs();
        assert_eq!(
            [refresh(0), refresh(u64::MAX)],
            [refresh_secs, latest_refresh_secs]
        );
    }

    #[test]
    fn the_table_above_is_right() {
        check(86_400, 86_100, 43_200, 43_499);
        check(7_200, 6_900, 3_600, 3_899);
        check(7_199, 6_899, 5_174, 5_474);
        check(600, 300, 225, 254);
        check(300, 150, 112, 127);
        check(60, 30, 30, 30);
        check(59, 30, 30, 30);
        check(20, 20, 30, 30);
        check(0, 0, 30, 30);
    }

    #[test]
    fn back_off_doubles_up_to_its_limit_and_is_jittered() {
        let secs = |seed, failures| policy(seed).backoff(failures) / 1_000_000_000;
        for (failures, least) in [
            (1, 30),
            (2, 60),
            (3, 120),
            (4, 240),
            (5, 300),
            (u32::MAX, 300),
        ] {
            let waits: Vec<u64> = (0..100).map(|seed| secs(seed, failures)).collect();
            assert!(
                waits
                    .iter()
                    .all(|wait| (least..=least * 5 / 4).contains(wait))
            );
            assert!(waits.iter().any(|wait| *wait != waits[0]), "{waits:?}");
        }
    }
}
