//! When to try the target again while a role propagates, and when access counts as stable.
//!
//! A grant takes up to ten minutes, and ARM's replicas learn of it one after the other. So the target is tried after
//! 5, 10, 15, 20 and 30 seconds, then every 30, until it was readable three times in a row, five seconds apart. An
//! answer that waiting cannot change (anything but 200 and a plain 403) ends it at once.

use std::time::Duration;

/// The longest that Azure documents for a role assignment to propagate.
pub const OFFICIAL_MAXIMUM: Duration = Duration::from_secs(600);

/// How many successes in a row count as stable.
pub const STABLE_SUCCESSES: u32 = 3;

/// The time between two of them.
pub const STABLE_INTERVAL: Duration = Duration::from_secs(5);

const DELAYS_SECS: [u64; 5] = [5, 10, 15, 20, 30];

/// How one try at the target went, as far as waiting is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Allowed,
    /// A refusal that may be a role under way, or trouble that passes.
    Denied,
    /// An answer that waiting does not change.
    Final,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Again(Duration),
    /// Enough: stable, final, or out of time.
    Stop {
        wait_ended: bool,
    },
}

/// Decides from the outcomes alone; the caller sleeps and asks.
#[derive(Debug)]
pub(crate) struct Watch {
    wait: Duration,
    denied: usize,
    allowed_in_a_row: u32,
}

impl Watch {
    /// `wait` is the time from the first try; zero means to try once.
    pub(crate) fn new(wait: Duration) -> Self {
        Self {
            wait,
            denied: 0,
            allowed_in_a_row: 0,
        }
    }

    /// Takes the outcome of a try that ended `elapsed` after the first one began.
    ///
    /// Confirming a success may go on past the time, by at most two intervals: what was started is finished.
    pub(crate) fn next(&mut self, outcome: Outcome, elapsed: Duration) -> Next {
        if self.wait.is_zero() {
            return Next::Stop { wait_ended: false };
        }
        match outcome {
            Outcome::Final => Next::Stop { wait_ended: false },
            Outcome::Allowed => {
                self.allowed_in_a_row += 1;
                if self.allowed_in_a_row >= STABLE_SUCCESSES {
                    Next::Stop { wait_ended: false }
                } else {
                    Next::Again(STABLE_INTERVAL)
                }
            }
            Outcome::Denied => {
                self.allowed_in_a_row = 0;
                let delay = DELAYS_SECS[self.denied.min(DELAYS_SECS.len() - 1)];
                self.denied += 1;
                match self
                    .wait
                    .checked_sub(elapsed)
                    .filter(|left| !left.is_zero())
                {
                    // The last try is made when the time is over, not before.
                    Some(left) => Next::Again(Duration::from_secs(delay).min(left)),
                    None => Next::Stop { wait_ended: true },
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Runs a script of outcomes on a virtual clock; returns when each try was made and how it stopped.
    fn run(wait_secs: u64, outcomes: &[Outcome]) -> (Vec<u64>, bool) {
        let mut watch = Watch::new(Duration::from_secs(wait_secs));
        let mut elapsed = Duration::ZERO;
        let mut tries = vec![];
        for &outcome in outcomes
            .iter()
            .chain(std::iter::repeat(&outcomes[outcomes.len() - 1]))
        {
            tries.push(elapsed.as_secs());
            match watch.next(outcome, elapsed) {
                Next::Again(delay) => elapsed += delay,
                Next::Stop { wait_ended } => return (tries, wait_ended),
            }
        }
        unreachable!("the script never ends");
    }

    #[test]
    fn without_waiting_there_is_one_try() {
        assert_eq!(run(0, &[Outcome::Denied]), (vec![0], false));
        assert_eq!(run(0, &[Outcome::Allowed]), (vec![0], false));
    }

    #[test]
    fn access_is_stable_after_three_successes_in_a_row() {
        use Outcome::{Allowed, Denied};
        assert_eq!(
            run(60, &[Denied, Denied, Allowed]),
            (vec![0, 5, 15, 20, 25], false)
        );
        assert_eq!(
            run(60, &[Denied, Allowed, Denied, Allowed]),
            (vec![0, 5, 10, 20, 25, 30], false)
        );
    }

    #[test]
    fn the_last_try_is_at_the_deadline() {
        assert_eq!(run(12, &[Outcome::Denied]), (vec![0, 5, 12], true));
        assert_eq!(run(600, &[Outcome::Denied]).0.last(), Some(&600));
    }

    #[test]
    fn a_final_answer_ends_the_waiting() {
        assert_eq!(
            run(600, &[Outcome::Denied, Outcome::Final]),
            (vec![0, 5], false)
        );
    }

    proptest! {
        #[test]
        fn any_script_stops_in_time(
            wait_secs in 0_u64..2000,
            script in proptest::collection::vec(0_u8..3, 1..100),
        ) {
            let outcomes: Vec<_> = script
                .iter()
                .map(|&kind| [Outcome::Allowed, Outcome::Denied, Outcome::Final][usize::from(kind)])
                .collect();
            let (tries, _) = run(wait_secs, &outcomes);
            prop_assert!(tries.last().copied().unwrap_or(0) <= wait_secs + 10);
        }
    }
}
