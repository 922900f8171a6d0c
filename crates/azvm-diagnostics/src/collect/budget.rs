//! What one run may ask of others: IMDS and ARM count requests, and a doctor that is throttled by its own questions
//! would diagnose itself.
//!
//! IMDS allows a machine five requests a second (twenty for tokens), ARM some hundreds an hour; the programs of the
//! machine need theirs. A fleet may run the doctor everywhere at once.

use std::time::Duration;
use tokio::time::Instant;

/// The requests that a run makes to IMDS at most, retries included. They are made one at a time.
pub const MAX_IMDS_REQUESTS: usize = 12;

/// The requests that a run makes to ARM at most, retries included; without those that a wait for a role repeats.
pub const MAX_ARM_REQUESTS: usize = 10;

/// The time in which IMDS is asked once, after the first [`IMDS_BURST`]: two requests a second.
pub const IMDS_INTERVAL: Duration = Duration::from_millis(500);

/// How many requests IMDS gets without a pause: all that a machine without a problem needs, and no more than IMDS takes
/// within a second.
pub const IMDS_BURST: u32 = 5;

/// The requests to IMDS: how many are left, and when the next may be sent.
#[derive(Debug)]
pub(super) struct ImdsBudget {
    left: usize,
    /// When the pauses for all that was sent are over. Up to a burst of intervals ahead of now is free.
    paid_until: Instant,
}

impl ImdsBudget {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            left: MAX_IMDS_REQUESTS,
            paid_until: now,
        }
    }

    /// How many times a question may be sent when `kept` requests are for those after it; none when nothing is left.
    pub(super) fn attempts(&self, kept: usize) -> Option<usize> {
        (self.left > 0).then(|| self.left.saturating_sub(kept).max(1))
    }

    /// How long the next request has to wait.
    pub(super) fn pause(&self, now: Instant) -> Duration {
        let free = IMDS_INTERVAL * (IMDS_BURST - 1);
        self.paid_until
            .saturating_duration_since(now)
            .saturating_sub(free)
    }

    /// Notes what was sent; the last of it at `now`.
    pub(super) fn sent(&mut self, requests: usize, now: Instant) {
        self.left = self.left.saturating_sub(requests);
        let intervals = u32::try_from(requests).unwrap_or(u32::MAX);
        self.paid_until = self.paid_until.max(now) + IMDS_INTERVAL.saturating_mul(intervals);
    }
}

/// The requests to ARM that are left.
#[derive(Debug)]
pub(super) struct ArmBudget {
    left: usize,
}

impl ArmBudget {
    pub(super) fn new() -> Self {
        Self {
            left: MAX_ARM_REQUESTS,
        }
    }

    /// How many times a question may be sent; none when nothing is left.
    pub(super) fn attempts(&self) -> Option<usize> {
        (self.left > 0).then_some(self.left)
    }

    pub(super) fn sent(&mut self, requests: usize) {
        self.left = self.left.saturating_sub(requests);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn after_a_burst_there_are_two_requests_a_second() {
        let began = Instant::now();
        let mut budget = ImdsBudget::new(began);
        let mut sent_after = vec![];
        while let Some(attempts) = budget.attempts(0) {
            assert_eq!(attempts, MAX_IMDS_REQUESTS - sent_after.len());
            tokio::time::sleep(budget.pause(Instant::now())).await;
            sent_after.push(began.elapsed().as_millis());
            budget.sent(1, Instant::now());
        }
        let expected = [0, 0, 0, 0, 0, 500, 1000, 1500, 2000, 2500, 3000, 3500];
        assert_eq!(sent_after, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn retries_are_paid_for_and_idle_time_is_not_saved_up() {
        let mut budget = ImdsBudget::new(Instant::now());
        budget.sent(7, Instant::now());
        assert_eq!(budget.pause(Instant::now()), 3 * IMDS_INTERVAL);
        tokio::time::advance(60 * SECOND).await;
        assert_eq!(budget.pause(Instant::now()), Duration::ZERO);
        budget.sent(5, Instant::now());
        assert_eq!(budget.pause(Instant::now()), IMDS_INTERVAL);
        assert_eq!(budget.attempts(0), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_for_later_is_not_spent_on_retries() {
        let mut budget = ImdsBudget::new(Instant::now());
        assert_eq!(budget.attempts(3), Some(9));
        budget.sent(10, Instant::now());
        assert_eq!(budget.attempts(3), Some(1), "the first attempt is made");
        budget.sent(9, Instant::now());
        assert_eq!(budget.attempts(0), None);
    }

    #[test]
    fn arm_has_an_account_of_its_own() {
        let mut budget = ArmBudget::new();
        assert_eq!(budget.attempts(), Some(MAX_ARM_REQUESTS));
        budget.sent(4);
        assert_eq!(budget.attempts(), Some(6));
        budget.sent(40);
        assert_eq!(budget.attempts(), None);
    }
}
