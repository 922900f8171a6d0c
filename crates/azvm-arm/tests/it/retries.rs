//! Which statuses are tried again, and how patiently.

use azvm_arm::{
    ATTEMPT_TIMEOUT, CONNECTION_DELAYS, DEFAULT_DEADLINE, JITTER_PERCENT, SERVER_ERROR_DELAYS,
    TRANSIENT_DELAYS, classify, retry_policy,
};
use azvm_exchange::{
    Event, Exchange, Failure, FailureKind, Monotonic, Phase, Request, Response, RetryClass, Step,
};
use std::time::Duration;

#[test]
fn throttling_and_five_server_errors_are_retried_and_nothing_else() {
    for status in 100..600 {
        let expected = match status {
            429 => RetryClass::Transient,
            500 | 502 | 503 | 504 => RetryClass::ServerError,
            _ => RetryClass::Final,
        };
        assert_eq!(classify(status), expected, "{status}");
    }
}

#[test]
fn every_retry_fits_into_the_deadline() {
    let all = [TRANSIENT_DELAYS, SERVER_ERROR_DELAYS, CONNECTION_DELAYS];
    let waits: Duration = all.concat().iter().sum();
    assert!(waits * 2 < DEFAULT_DEADLINE);
    assert_eq!(retry_policy().deadline(), DEFAULT_DEADLINE);
}

#[test]
fn retry_after_is_waited_for() {
    let mut exchange = Exchange::new(Request::get("/".into()), retry_policy(), 1);
    assert!(matches!(exchange.poll(Monotonic::ZERO), Step::Send { .. }));
    let throttled = crate::golden::response("throttled");
    exchange.handle(Monotonic::ZERO, Event::Answered(throttled));
    let Step::Sleep(wait) = exchange.poll(Monotonic::ZERO) else {
        panic!("a 429 is retried");
    };
    assert_eq!(wait, Duration::from_secs(17));
    let now = Monotonic::after(wait);
    assert!(matches!(exchange.poll(now), Step::Send { .. }));
    exchange.handle(now, Event::Answered(Response::new(403, vec![], vec![])));
    assert!(matches!(exchange.poll(now), Step::Done(Ok(_))));
}

fn answered(status: u16) -> Event {
    Event::Answered(Response::new(status, vec![], vec![]))
}

/// The waits between attempts that all end alike.
fn waits(event: impl Fn() -> Event) -> Vec<Duration> {
    let mut exchange = Exchange::new(Request::get("/".into()), retry_policy(), 3);
    let mut now = Monotonic::ZERO;
    loop {
        match exchange.poll(now) {
            Step::Send { budget, .. } => {
                assert!(budget <= ATTEMPT_TIMEOUT);
                exchange.handle(now, event());
            }
            Step::Sleep(wait) => now = now.plus(wait),
            _ => break,
        }
    }
    let attempts = exchange.attempts().iter();
    attempts.filter_map(|attempt| attempt.retry_in).collect()
}

/// Each wait is the delay of the schedule, lengthened by the jitter at most.
#[track_caller]
fn check(schedule: &[Duration], event: impl Fn() -> Event) {
    let waits = waits(event);
    assert_eq!(waits.len(), schedule.len(), "{waits:?}");
    for (wait, delay) in waits.iter().zip(schedule) {
        let longest = *delay + *delay * u32::from(JITTER_PERCENT) / 100;
        assert!((*delay..=longest).contains(wait), "{wait:?} {delay:?}");
    }
}

#[test]
fn each_kind_of_trouble_has_its_schedule() {
    let failed = |kind| Event::Failed(Failure::new(kind, Phase::Connect, String::new()));
    check(TRANSIENT_DELAYS, || answered(429));
    for status in [500, 502, 503, 504] {
        check(SERVER_ERROR_DELAYS, || answered(status));
    }
    check(CONNECTION_DELAYS, || failed(FailureKind::Refused));
    check(&[], || failed(FailureKind::Certificate));
    for status in [200, 400, 401, 403, 404, 408, 409, 501] {
        check(&[], || answered(status));
    }
}

#[test]
fn a_wait_beyond_the_deadline_ends_the_call() {
    let throttled = || Event::Answered(crate::golden::response("throttled_provider"));
    assert_eq!(
        waits(throttled),
        [],
        "372 s are cut to a minute, which is the deadline"
    );
}
