//! Which answers of ARM are worth another try, and when.
//!
//! | answer | class | why |
//! |---|---|---|
//! | 429 | [`RetryClass::Transient`] | throttled; `Retry-After` says for how long |
//! | 500, 502, 503, 504 | [`RetryClass::ServerError`] | what Azure/azure-sdk-for-go:sdk/azcore/policy retries by default |
//! | 401 | [`RetryClass::Final`] | the same token is refused again; who has a fresh one may make a call of its own |
//! | any other | [`RetryClass::Final`] | an answer |

use azvm_exchange::{RetryClass, RetryPolicy};
use core::time::Duration;

/// Delays before the retries of a 429; a `Retry-After` that asks for more is honoured up to
/// [`RETRY_AFTER_CAP`](azvm_exchange::RETRY_AFTER_CAP).
pub const TRANSIENT_DELAYS: &[Duration] = &[
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// Delays before the retries of a 500, 502, 503 or 504.
pub const SERVER_ERROR_DELAYS: &[Duration] = TRANSIENT_DELAYS;

/// Delays before the retries of a refused or lost connection.
pub const CONNECTION_DELAYS: &[Duration] = &[Duration::from_secs(1)];

/// By how much of itself a delay is lengthened at most.
pub const JITTER_PERCENT: u8 = 20;

/// The time for one attempt.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);

/// The time for one call, retries included.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(60);

/// The schedule: [`TRANSIENT_DELAYS`], [`SERVER_ERROR_DELAYS`] and [`CONNECTION_DELAYS`], each lengthened by up to
/// [`JITTER_PERCENT`], within [`DEFAULT_DEADLINE`].
pub fn retry_policy() -> RetryPolicy {
    RetryPolicy::never(DEFAULT_DEADLINE)
        .with_classifier(classify)
        .with_transient(TRANSIENT_DELAYS)
        .with_server_error(SERVER_ERROR_DELAYS)
        .with_connection(CONNECTION_DELAYS)
        .with_jitter_percent(JITTER_PERCENT)
        .with_attempt_timeout(ATTEMPT_TIMEOUT)
}

/// The class of a status; the table above has the reasons.
pub fn classify(status: u16) -> RetryClass {
    match status {
        429 => RetryClass::Transient,
        500 | 502 | 503 | 504 => RetryClass::ServerError,
        _ => RetryClass::Final,
    }
}
