//! Which answers of IMDS are worth another try, and when.
//!
//! | status | meaning (token how-to) | class |
//! |---|---|---|
//! | 404 | the endpoint is being updated | transient |
//! | 410 | IMDS is being updated; available again within 70 seconds | updating |
//! | 429 | throttled: 20 requests a second, 5 at a time per VM | transient |
//! | 5xx | the directory did not answer, or IMDS restarts; wait at least a second | server error |
//! | 400, 401, 403, 405 and all else | an answer | final |
//!
//! One exception has to be asked for, [`just_attached_policy`]: a VM that was given its identity a moment ago may still
//! answer 400 "Identity not found".

use azvm_exchange::{RetryClass, RetryPolicy};
use core::time::Duration;

/// Delays before the retries of a transient status, as the token how-to has them: exponential, five attempts.
pub const TRANSIENT_DELAYS: &[Duration] = &seconds([0, 2, 6, 14, 30]);

/// Delays before the retries of a 5xx: the same, but the first retry comes after a second, as the how-to's error table asks.
pub const SERVER_ERROR_DELAYS: &[Duration] = &seconds([1, 2, 6, 14, 30]);

/// Delays before the retries of a 410: 70 seconds in all, quick at first because most windows are short.
pub const UPDATING_DELAYS: &[Duration] = &seconds([1, 2, 4, 8, 10, 15, 15, 15]);

/// Delays before the retries of a refused or lost connection. Off Azure nothing will ever answer, so this is short.
pub const CONNECTION_DELAYS: &[Duration] = &seconds([1, 2]);

/// Delays between the tries of [`just_attached_policy`]; the last one repeats until the window is over.
pub const JUST_ATTACHED_DELAYS: &[Duration] = &seconds([1, 2, 4, 5]);

/// The longest window of [`just_attached_policy`]: an identity that is not there after ten minutes was not attached.
pub const MAX_JUST_ATTACHED_WINDOW: Duration = Duration::from_secs(600);

/// The time for [`probe_policy`]: on the VM an answer takes milliseconds.
pub const PROBE_DEADLINE: Duration = Duration::from_secs(2);

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
        .with_server_error(SERVER_ERROR_DELAYS)
        .with_updating(UPDATING_DELAYS)
        .with_connection(CONNECTION_DELAYS)
        .with_jitter_percent(JITTER_PERCENT)
        .with_attempt_timeout(ATTEMPT_TIMEOUT)
}

/// One try within [`PROBE_DEADLINE`]: whether anything answers is to be known at once.
pub fn probe_policy() -> RetryPolicy {
    RetryPolicy::never(PROBE_DEADLINE)
}

/// [`retry_policy`], and a 400 is retried too for `window`, which is cut to [`MAX_JUST_ATTACHED_WINDOW`].
///
/// For a program that has just attached the identity itself. IMDS says 400 `invalid_request` for an identity it does not
/// know yet and for a request that will never be right; only the words tell them apart, and words do not decide here. So
/// the window is the price of a mistake in the request.
pub fn just_attached_policy(window: Duration) -> RetryPolicy {
    let window = window.min(MAX_JUST_ATTACHED_WINDOW);
    let mut delays = JUST_ATTACHED_DELAYS.to_vec();
    let last = delays.last().copied().unwrap_or(Duration::from_secs(1));
    while delays.iter().sum::<Duration>() < window {
        delays.push(last);
    }
    retry_policy()
        .with_classifier(|status| match status {
            400 => RetryClass::Unsettled,
            other => classify(other),
        })
        .with_unsettled(delays)
        .with_deadline(DEFAULT_DEADLINE.max(window))
}

/// The table above.
pub fn classify(status: u16) -> RetryClass {
    match status {
        410 => RetryClass::Updating,
        404 | 429 => RetryClass::Transient,
        500..=599 => RetryClass::ServerError,
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
        for status in [404, 429] {
            assert_eq!(classify(status), RetryClass::Transient, "{status}");
        }
        for status in [500, 503, 599] {
            assert_eq!(classify(status), RetryClass::ServerError, "{status}");
        }
    }
}
