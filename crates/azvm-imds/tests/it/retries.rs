//! The schedule of retries, driven with a clock by hand.

use azvm_exchange::{
    Event, Exchange, Failure, FailureKind, Monotonic, Phase, Request, Response, RetryClass,
    RetryPolicy, Step,
};
use azvm_imds::{
    CONNECTION_DELAYS, DEFAULT_DEADLINE, JITTER_PERCENT, JUST_ATTACHED_DELAYS,
    MAX_JUST_ATTACHED_WINDOW, PROBE_DEADLINE, SERVER_ERROR_DELAYS, TRANSIENT_DELAYS,
    UPDATING_DELAYS, classify, just_attached_policy, probe_policy, retry_policy,
};
use std::time::Duration;

/// Lets every attempt go as `event` says for the time since the first one; the waits, and when it was over.
fn run(event: impl Fn(Duration) -> Event) -> (Vec<Duration>, Duration) {
    run_with(retry_policy(), event)
}

fn run_with(policy: RetryPolicy, event: impl Fn(Duration) -> Event) -> (Vec<Duration>, Duration) {
    let mut exchange = Exchange::new(Request::get("/".into()), policy, 7);
    let mut now = Monotonic::ZERO;
    loop {
        match exchange.poll(now) {
            Step::Send { .. } => exchange.handle(now, event(now.elapsed())),
            Step::Sleep(wait) => now = now.plus(wait),
            _ => break,
        }
    }
    let attempts = exchange.attempts().iter();
    let waits = attempts.filter_map(|attempt| attempt.retry_in).collect();
    (waits, now.elapsed())
}

fn status(status: u16) -> Event {
    Event::Answered(Response::new(status, vec![], vec![]))
}

/// Each wait is the documented one, or longer by the jitter, which is a part of a second at least.
#[track_caller]
fn check_waits(waits: &[Duration], documented_secs: &[u64]) {
    assert_eq!(waits.len(), documented_secs.len(), "{waits:?}");
    for (wait, &secs) in waits.iter().zip(documented_secs) {
        let least = Duration::from_secs(secs);
        let most = least + least.max(Duration::from_secs(1)) * u32::from(JITTER_PERCENT) / 100;
        assert!((least..=most).contains(wait), "{wait:?} for {secs} s");
    }
}

#[test]
fn a_transient_status_is_tried_six_times_on_the_documented_schedule() {
    let documented = [0, 2, 6, 14, 30].map(Duration::from_secs);
    assert_eq!(TRANSIENT_DELAYS, documented);
    for code in [404, 429] {
        let (waits, _) = run(|_| status(code));
        check_waits(&waits, &[0, 2, 6, 14, 30]);
    }
}

#[test]
fn a_server_error_is_given_a_second_first() {
    let documented = [1, 2, 6, 14, 30].map(Duration::from_secs);
    assert_eq!(SERVER_ERROR_DELAYS, documented);
    for code in [500, 503, 599] {
        let (waits, _) = run(|_| status(code));
        check_waits(&waits, &[1, 2, 6, 14, 30]);
    }
}

#[test]
fn a_400_stops_at_once_and_so_do_the_other_answers() {
    for code in [200, 400, 401, 403, 405] {
        let (waits, end) = run(|_| status(code));
        assert!(waits.is_empty() && end.is_zero(), "{code}");
    }
}

#[test]
fn a_400_is_waited_out_when_the_identity_was_just_attached() {
    let policy = || just_attached_policy(Duration::from_secs(30));
    let (waits, end) = run_with(policy(), |elapsed| {
        status(if elapsed.as_secs() < 20 { 400 } else { 200 })
    });
    assert_eq!(JUST_ATTACHED_DELAYS, [1, 2, 4, 5].map(Duration::from_secs));
    check_waits(&waits, &[1, 2, 4, 5, 5, 5][..waits.len()]);
    assert!((20..30).contains(&end.as_secs()), "{end:?}");

    let (waits, end) = run_with(policy(), |_| status(400));
    check_waits(&waits, &[1, 2, 4, 5, 5, 5, 5, 5]);
    assert!((30..40).contains(&end.as_secs()), "{end:?}");

    for code in [401, 403, 405] {
        let (waits, _) = run_with(policy(), |_| status(code));
        assert!(waits.is_empty(), "{code}");
    }
}

#[test]
fn the_window_of_an_attachment_has_an_end() {
    let (_, end) = run_with(just_attached_policy(Duration::MAX), |_| status(400));
    let most = MAX_JUST_ATTACHED_WINDOW * (100 + u32::from(JITTER_PERCENT)) / 100;
    assert!(end <= most + Duration::from_secs(6), "{end:?}");
}

#[test]
fn a_probe_is_one_try() {
    for event in [
        || status(503),
        || {
            Event::Failed(Failure::new(
                FailureKind::Timeout,
                Phase::Connect,
                String::new(),
            ))
        },
    ] {
        let (waits, _) = run_with(probe_policy(), |_| event());
        assert!(waits.is_empty());
    }
    assert_eq!(probe_policy().deadline(), PROBE_DEADLINE);
}

#[test]
fn an_update_of_70_seconds_is_waited_out() {
    let (waits, end) = run(|elapsed| status(if elapsed.as_secs() < 70 { 410 } else { 200 }));
    assert!(waits.len() <= UPDATING_DELAYS.len());
    assert!(end.as_secs() >= 70 && end < DEFAULT_DEADLINE, "{end:?}");
}

#[test]
fn an_update_that_does_not_end_is_given_up_before_the_deadline() {
    let (waits, end) = run(|_| status(410));
    check_waits(&waits, &[1, 2, 4, 8, 10, 15, 15, 15]);
    assert!(end < DEFAULT_DEADLINE, "{end:?}");
}

#[test]
fn a_refused_connection_is_soon_given_up() {
    let refused = || Failure::new(FailureKind::Refused, Phase::Connect, String::new());
    let (waits, _) = run(|_| Event::Failed(refused()));
    check_waits(&waits, &[1, 2]);
    assert_eq!(waits.len(), CONNECTION_DELAYS.len());
}

#[test]
fn every_status_has_its_class() {
    for code in 100..600 {
        let expected = match code {
            410 => RetryClass::Updating,
            404 | 429 => RetryClass::Transient,
            500.. => RetryClass::ServerError,
            _ => RetryClass::Final,
        };
        assert_eq!(classify(code), expected, "{code}");
    }
}

#[test]
fn retry_after_is_honoured_up_to_a_minute() {
    for (asked, waited_secs) in [("20", 20), ("3600", 60)] {
        let throttled = || {
            let headers = vec![("Retry-After".to_owned(), asked.to_owned())];
            Event::Answered(Response::new(429, headers, vec![]))
        };
        let (waits, _) = run(|elapsed| match elapsed {
            Duration::ZERO => throttled(),
            _ => status(200),
        });
        assert_eq!(waits, [Duration::from_secs(waited_secs)]);
    }
}
