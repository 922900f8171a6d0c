//! A retry policy of one's own: for a program that would rather fail soon, on a clock that it turns itself.
//!
//! The policy is data, and the exchange a state machine: what it does in an hour can be seen in no time.

#![expect(clippy::print_stdout, reason = "an example")]

use azvm_exchange::{Event, Exchange, Monotonic, Response, RetryClass, RetryPolicy, Step};
use std::time::Duration;

/// Throttling is waited out twice, an update for ten seconds, and all else is an answer.
fn impatient() -> RetryPolicy {
    RetryPolicy::never(Duration::from_secs(15))
        .with_classifier(|status| match status {
            429 => RetryClass::Transient,
            410 => RetryClass::Updating,
            _ => RetryClass::Final,
        })
        .with_transient(vec![Duration::from_secs(1), Duration::from_secs(3)])
        .with_updating(vec![Duration::from_secs(2); 5])
        .with_attempt_timeout(Duration::from_secs(4))
        .with_jitter_percent(20)
}

fn main() {
    for status in [200, 404, 410, 429] {
        let mut exchange = Exchange::new(azvm_imds::versions(), impatient(), 1);
        let mut now = Monotonic::ZERO;
        loop {
            match exchange.poll(now) {
                Step::Send { .. } => {
                    let answer = Response::new(status, vec![], vec![]);
                    exchange.handle(now, Event::Answered(answer));
                }
                Step::Sleep(wait) => now = now.plus(wait),
                _ => break,
            }
        }
        let (attempts, took) = (exchange.attempts().len(), now.elapsed());
        println!("{status}: {attempts} attempts in {took:.1?}");
    }
}
