//! When to try the target again while a role propagates, and when access counts as stable.
//!
//! A grant takes up to ten minutes, and ARM's replicas learn of it one after the other. So the target is tried after
//! 5, 10, 15, 20 and 30 seconds, then every 30, until it was readable three times in a row, five seconds apart. An
//! answer that waiting cannot change ends it at once: anything but 200, trouble that passes and a plain 403, and a 403
//! that is about another principal. A server that asks for more time than the schedule has gets it; when that is more
//! than what is left, the waiting is over.

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
    /// A refusal that may be a role under way.
    Denied,
    /// Trouble that passes, and how long the server asks to be left alone.
    Busy(Duration),
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
            Outcome::Denied => self.later(Duration::ZERO, elapsed),
            Outcome::Busy(asked) => self.later(asked, elapsed),
        }
    }

    /// After the delay of the schedule, or as long as the server asks for if that is longer.
    fn later(&mut self, asked: Duration, elapsed: Duration) -> Next {
        self.allowed_in_a_row = 0;
        let delay = Duration::from_secs(DELAYS_SECS[self.denied.min(DELAYS_SECS.len() - 1)]);
        self.denied += 1;
        let left = self.wait.saturating_sub(elapsed);
        if left.is_zero() || asked > left {
            return Next::Stop { wait_ended: true };
        }
        // The last try is made when the time is over, not before.
        Next::Again(delay.max(asked).min(left))
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

    #[test]
    fn a_server_that_asks_for_time_gets_it_as_far_as_there_is_any() {
        use Outcome::{Allowed, Busy, Denied};
        let secs = Duration::from_secs;
        // Less than the schedule changes nothing, and the schedule goes on.
        assert_eq!(
            run(60, &[Busy(secs(2)), Denied, Allowed]),
            (vec![0, 5, 15, 20, 25], false)
        );
        assert_eq!(
            run(60, &[Busy(secs(40)), Allowed]),
            (vec![0, 40, 45, 50], false)
        );
        assert_eq!(run(60, &[Denied, Busy(secs(55))]), (vec![0, 5, 60], true));
        assert_eq!(run(60, &[Denied, Busy(secs(56))]), (vec![0, 5], true));
        assert_eq!(run(60, &[Busy(Duration::MAX)]), (vec![0], true));
    }

    /// Outcomes of all kinds; how long a busy server asks for is a number of seconds.
    fn outcomes() -> impl Strategy<Value = Vec<Outcome>> {
        let one = prop_oneof![
            Just(Outcome::Allowed),
            Just(Outcome::Denied),
            Just(Outcome::Final),
            (0_u64..200).prop_map(|secs| Outcome::Busy(Duration::from_secs(secs))),
        ];
        proptest::collection::vec(one, 1..100)
    }

    proptest! {
        #[test]
        fn any_script_stops_in_time(wait_secs in 0_u64..2000, script in outcomes()) {
            let (tries, _) = run(wait_secs, &script);
            prop_assert!(tries.last().copied().unwrap_or(0) <= wait_secs + 10);
        }

        #[test]
        fn access_ends_the_waiting_only_when_it_is_stable(
            wait_secs in 1_u64..2000,
            script in outcomes(),
        ) {
            let (tries, wait_ended) = run(wait_secs, &script);
            let last = &script[script.len() - 1];
            let met: Vec<_> = (0..tries.len()).map(|at| script.get(at).unwrap_or(last)).collect();
            let successes = met.iter().rev().take_while(|it| ***it == Outcome::Allowed).count();
            match met[met.len() - 1] {
                Outcome::Allowed => prop_assert_eq!(successes, STABLE_SUCCESSES as usize),
                Outcome::Final => prop_assert!(!wait_ended),
                _ => prop_assert!(wait_ended),
            }
        }

        #[test]
        fn nobody_is_asked_again_sooner_than_he_asks_for(
            wait_secs in 1_u64..2000,
            script in outcomes(),
        ) {
            let (tries, _) = run(wait_secs, &script);
            for (pair, outcome) in tries.windows(2).zip(&script) {
                if let Outcome::Busy(asked) = outcome {
                    prop_assert!(pair[1] - pair[0] >= asked.as_secs());
                }
            }
        }
    }
}
