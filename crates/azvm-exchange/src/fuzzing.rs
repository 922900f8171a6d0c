//! Bodies of the fuzz targets, compiled and tried on every test run. Not part of the API.

use crate::{
    Event, Exchange, Failure, FailureKind, Monotonic, Phase, RETRY_AFTER_CAP, Request, Response,
    RetryClass, RetryPolicy, Step,
};
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

/// Drives one exchange with a script of events: it ends by its deadline and never retries a final status.
///
/// The first byte is the deadline in seconds, the second the jitter; then pairs of an event and the seconds it took.
pub fn script(data: &[u8]) {
    let [deadline_secs, jitter, events @ ..] = data else {
        return;
    };
    let deadline = Duration::from_secs(u64::from(*deadline_secs));
    let policy = RetryPolicy::never(deadline)
        .with_classifier(|status| match status {
            200..=409 => RetryClass::Final,
            410 => RetryClass::Updating,
            411..=415 => RetryClass::Unsettled,
            500..=599 => RetryClass::ServerError,
            _ => RetryClass::Transient,
        })
        .with_transient(vec![Duration::ZERO, Duration::from_secs(2)])
        .with_server_error(vec![Duration::from_secs(1); 2])
        .with_unsettled(vec![Duration::from_secs(5); 2])
        .with_updating(vec![Duration::from_secs(1); 9])
        .with_connection(vec![Duration::from_secs(1)])
        .with_jitter_percent(*jitter);
    let mut exchange = Exchange::new(Request::get("/".into()), policy, u64::from(*jitter));
    let mut events = events.chunks_exact(2);
    let mut now = Monotonic::ZERO;
    for _ in 0..64 {
        match exchange.poll(now) {
            Step::Send { budget, .. } => {
                let (kind, cost_secs) = events.next().map_or((0, 0), |pair| (pair[0], pair[1]));
                now = now.plus(Duration::from_secs(u64::from(cost_secs)).min(budget));
                exchange.handle(now, event(kind));
            }
            Step::Sleep(wait) => now = now.plus(wait),
            Step::Done(_) => {
                assert!(now.elapsed() <= deadline);
                let retried = exchange
                    .attempts()
                    .iter()
                    .filter(|attempt| attempt.retry_in.is_some());
                assert!(
                    retried
                        .into_iter()
                        .all(|attempt| !matches!(attempt.outcome, Ok(200..=409)))
                );
                return;
            }
        }
    }
    panic!("an exchange that has at most 17 attempts did not end");
}

/// A `Retry-After` header, and after a line feed a `Date` header: whatever they hold, the wait is a number, and an
/// exchange waits no longer than the cap.
pub fn retry_after(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (retry_after, date) = text.split_once('\n').unwrap_or((&text, ""));
    let headers = vec![
        ("retry-after".into(), retry_after.to_string()),
        ("date".into(), date.to_string()),
    ];
    let response = Response::new(429, headers, vec![]);
    let asked = response.retry_after();
    let policy = RetryPolicy::never(Duration::MAX)
        .with_classifier(|_| RetryClass::Transient)
        .with_transient(vec![Duration::ZERO]);
    let mut exchange = Exchange::new(Request::get("/".into()), policy, 0);
    exchange.poll(Monotonic::ZERO);
    exchange.handle(Monotonic::ZERO, Event::Answered(response));
    let wait = asked.unwrap_or_default().min(RETRY_AFTER_CAP);
    assert_eq!(exchange.attempts()[0].retry_in, Some(wait));
}

fn event(kind: u8) -> Event {
    let retry_after: Vec<(String, String)> = vec![("Retry-After".into(), kind.to_string())];
    match kind {
        0..=63 => Event::Answered(Response::new(200 + u16::from(kind), vec![], vec![])),
        64..=127 => Event::Answered(Response::new(
            400 + u16::from(kind & 31),
            retry_after,
            vec![],
        )),
        128..=191 => Event::Answered(Response::new(500 + u16::from(kind & 15), vec![], vec![])),
        _ => Event::Failed(Failure::new(
            if kind & 1 == 0 {
                FailureKind::Refused
            } else {
                FailureKind::Protocol
            },
            Phase::Connect,
            String::new(),
        )),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn odd_scripts_end() {
        let scripts: [&[u8]; 5] = [
            &[],
            &[0, 0],
            &[255, 255, 74, 1, 74, 0],
            &[90, 20, 150, 1, 150, 1, 150, 1, 150, 1],
            &[9; 99],
        ];
        for data in scripts {
            super::script(data);
        }
    }

    #[test]
    fn odd_waits_are_capped() {
        let waits: [&[u8]; 6] = [
            b"",
            b"120",
            b"18446744073709551615",
            b"18446744073709551616",
            b"Sun, 06 Nov 1994 08:49:37 GMT\nSun, 06 Nov 1994 08:49:07 GMT",
            b"Fri, 31 Dec 9999 23:59:59 GMT\nSaturday, 01-Jan-00 00:00:00 GMT",
        ];
        for data in waits {
            super::retry_after(data);
        }
    }
}
