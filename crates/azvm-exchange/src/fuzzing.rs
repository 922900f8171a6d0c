//! Bodies of the fuzz targets, compiled and tried on every test run. Not part of the API.

use crate::{
    Event, Exchange, Failure, FailureKind, Monotonic, Phase, Request, Response, RetryClass,
    RetryPolicy, Step,
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
            _ => RetryClass::Transient,
        })
        .with_transient(vec![Duration::ZERO, Duration::from_secs(2)])
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
    panic!("an exchange that has at most 13 attempts did not end");
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
}
