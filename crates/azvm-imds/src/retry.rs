//! Which answers of IMDS are worth another try, and when.
//!
//! | status | meaning (token how-to) | class |
//! |---|---|---|
//! | 404 | the endpoint is being updated | transient |
//! | 410 | IMDS is being updated; available again within 70 seconds | updating |
//! | 429 | throttled: 20 requests a second, 5 at a time per VM | transient |
//! | 5xx | transient | transient |
//! | 400, 401, 403, 405 and all else | an answer | final |

use azvm_exchange::{RetryClass, RetryPolicy};
use core::time::Duration;

/// Delays before the retries of a transient status, as the token how-to has them: exponential, five attempts.
pub const TRANSIENT_DELAYS: &[Duration] = &seconds([0, 2, 6, 14, 30]);

/// Delays before the retries of a 410: 70 seconds in all, quick at first because most windows are short.
pub const UPDATING_DELAYS: &[Duration] = &seconds([1, 2, 4, 8, 10, 15, 15, 15]);

/// Delays before the retries of a refused or lost connection. Off Azure nothing will ever answer, so this is short.
pub const CONNECTION_DELAYS: &[Duration] = &seconds([1, 2]);

/// Every delay is lengthened by up to this much, so that the processes of one VM do not retry in step.
pub const JITTER_PERCENT: u8 = 20;

/// The time for one token, retries included: the 70 seconds of a 410 with jitter, and room for the answers.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(120);

/// The time for one attempt. IMDS answers within milliseconds from its cache, and within seconds when it has to ask the
/// directory.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(15);

/// The schedule above.
pub fn retry_policy() -> RetryPolicy {
    RetryPolicy::never(DEFAULT_DEADLINE)
        .with_classifier(classify)
        .with_transient(TRANSIENT_DELAYS)
        .with_updating(UPDATING_DELAYS)
        .with_connection(CONNECTION_DELAYS)
        .with_jitter_percent(JITTER_PERCENT)
        .with_attempt_timeout(ATTEMPT_TIMEOUT)
}

/// The table above.
pub fn classify(status: u16) -> RetryClass {
    match status {
        410 => RetryClass::Updating,
        404 | 429 | 500..=599 => RetryClass::Transient,
        _ => RetryClass::Final,
    }
}

const fn seconds<const N: usize>(values: [u64; N]) -> [Duration; N] {
    let mut delays = [Duration::ZERO; N];
    let mut index = 0;
    while index < N {
        delays[index] = Duration::from_secs(values[index]);
        index += 1;
    }
    delays
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_410_is_waited_out_for_its_documented_70_seconds() {
        assert!(UPDATING_DELAYS.iter().sum::<Duration>() >= Duration::from_secs(70));
        let longest: Duration = UPDATING_DELAYS
            .iter()
            .map(|&delay| delay * (100 + u32::from(JITTER_PERCENT)) / 100)
            .sum();
        assert!(longest + Duration::from_secs(30) < DEFAULT_DEADLINE);
    }

    #[test]
    fn answers_are_not_retried() {
        for status in [200, 302, 400, 401, 403, 405, 407, 411, 421] {
            assert_eq!(classify(status), RetryClass::Final, "{status}");
        }
        for status in [404, 429, 500, 503, 599] {
            assert_eq!(classify(status), RetryClass::Transient, "{status}");
        }
    }
}
