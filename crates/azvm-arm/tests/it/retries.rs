//! Which statuses are tried again, and how patiently.

use azvm_arm::{CONNECTION_DELAYS, DEFAULT_DEADLINE, TRANSIENT_DELAYS, classify, retry_policy};
use azvm_exchange::{Event, Exchange, Monotonic, Request, Response, RetryClass, Step};
use std::time::Duration;

#[test]
fn throttling_and_five_server_errors_are_retried_and_nothing_else() {
    for status in 100..600 {
        let expected = match status {
            429 | 500 | 502 | 503 | 504 => RetryClass::Transient,
            _ => RetryClass::Final,
        };
        assert_eq!(classify(status), expected, "{status}");
    }
}

#[test]
fn every_retry_fits_into_the_deadline() {
    let waits: Duration = TRANSIENT_DELAYS.iter().chain(CONNECTION_DELAYS).sum();
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
