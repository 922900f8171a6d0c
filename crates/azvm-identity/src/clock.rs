//! The one place that reads the wall clock.

use azvm_exchange::Timestamp;
use std::hash::{BuildHasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

/// The wall clock now, in whole seconds; a clock before 1970 counts as 1970.
pub fn now() -> Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "the wall clock is read here and nowhere else in this crate"
    )]
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_unix_seconds(i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX))
}

/// A number that differs between processes and calls, to spread retries. Not for cryptography.
pub fn seed() -> u64 {
    RandomState::new().hash_one(()) // its keys differ already
}
