//! Which answers of ARM are worth another try, and when.

use azvm_exchange::{RetryClass, RetryPolicy};
use core::time::Duration;

/// Delays before the retries of a 429 or 5xx; a `Retry-After` that asks for more is honoured up to its cap.
pub const TRANSIENT_DELAYS: &[Duration] = &[
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// Delays before the retries of a refused or lost connection.
pub const CONNECTION_DELAYS: &[Duration] = &[Duration::from_secs(1)];

/// The time for one attempt.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);

/// The time for one call, retries included.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(60);

/// The schedule: 429, 500, 502, 503 and 504 are retried; every other status is an answer.
pub fn retry_policy() -> RetryPolicy {
    RetryPolicy::never(DEFAULT_DEADLINE)
        .with_classifier(classify)
        .with_transient(TRANSIENT_DELAYS)
        .with_connection(CONNECTION_DELAYS)
        .with_jitter_percent(20)
        .with_attempt_timeout(ATTEMPT_TIMEOUT)
}

/// See [`retry_policy`].
pub fn classify(status: u16) -> RetryClass {
    match status {
        429 | 500 | 502 | 503 | 504 => RetryClass::Transient,
        _ => RetryClass::Final,
    }
}
