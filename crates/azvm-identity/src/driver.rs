//! Runs an [`Exchange`] over a [`Client`]: the only loop in this crate with an `await` in it.
//!
//! For tools that want to see each attempt, such as a diagnosis; everybody else uses
//! [`ManagedIdentity`](crate::ManagedIdentity).

use crate::limiter::Limiter;
use azvm_exchange::{
    Attempt, Event, Exchange, Failure, FailureKind, Monotonic, Origin, Phase, Response, Step,
};
use azvm_http::{Client, Timings};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How an exchange went.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Driven {
    /// The final response, whatever its status, or why none came.
    pub result: Result<Response, Failure>,
    /// Every attempt.
    pub attempts: Vec<Attempt>,
    /// The phases of the last attempt that was answered.
    pub timings: Option<Timings>,
    /// Our end of that attempt's connection.
    pub local: Option<SocketAddr>,
    /// From the first step to the last, waits included.
    pub elapsed: Duration,
}

/// Drives `exchange` to its end. `on_attempt` sees each attempt as it is over, before the wait that may follow.
///
/// Never fails by itself: what went wrong is in [`Driven::result`]. Ends by the deadline of the exchange's policy.
///
/// # Cancel safety
///
/// Dropping the future closes the connection and forgets the exchange.
pub async fn drive(
    client: &Client,
    origin: &Origin,
    exchange: Exchange,
    on_attempt: impl FnMut(&Attempt),
) -> Driven {
    run(client, origin, exchange, None, on_attempt).await
}

/// [`drive`], each attempt in its turn.
pub(crate) async fn drive_in_turn(
    client: &Client,
    origin: &Origin,
    exchange: Exchange,
    limiter: &Limiter,
) -> Driven {
    run(client, origin, exchange, Some(limiter), |_| {}).await
}

async fn run(
    client: &Client,
    origin: &Origin,
    mut exchange: Exchange,
    limiter: Option<&Limiter>,
    mut on_attempt: impl FnMut(&Attempt),
) -> Driven {
    let started = Instant::now();
    let now = || Monotonic::after(started.elapsed());
    let gives_up = deadline(started, exchange.time_limit());
    let mut timings = None;
    let mut local = None;
    let mut attempt_number = 0;
    loop {
        match exchange.poll(now()) {
            Step::Send { .. } => {
                let turn = match limiter {
                    Some(limiter) => match timeout_at(gives_up, limiter.turn()).await {
                        Ok(turn) => Some(turn),
                        Err(_) => {
                            exchange.handle(now(), Event::Failed(no_turn()));
                            continue;
                        }
                    },
                    None => None,
                };
                // The turn took its time: the budget is counted from now.
                let Step::Send { request, budget } = exchange.poll(now()) else {
                    continue;
                };
                attempt_number += 1;
                let sent = client.send_attempt(origin, request, budget, attempt_number);
                let event = match sent.await {
                    Ok(exchanged) => {
                        timings = Some(exchanged.timings);
                        local = Some(exchanged.local);
                        Event::Answered(exchanged.response)
                    }
                    Err(error) => Event::Failed(error.to_failure()),
                };
                drop(turn);
                exchange.handle(now(), event);
                if let Some(attempt) = exchange.attempts().last() {
                    log(attempt, exchange.request().path());
                    on_attempt(attempt);
                }
            }
            Step::Sleep(wait) => tokio::time::sleep(wait).await,
            Step::Done(_) => break,
            _ => unreachable!("the steps of an exchange are the three above"),
        }
    }
    let attempts = exchange.attempts().to_vec();
    Driven {
        attempts,
        timings,
        local,
        elapsed: started.elapsed(),
        result: exchange.finish(),
    }
}

/// Nothing is ever sent without a turn.
fn no_turn() -> Failure {
    let detail = "too many requests of this process were waiting".into();
    Failure::new(FailureKind::Timeout, Phase::Connect, detail)
}

/// A limit that is too large for the clock counts as a year.
fn deadline(started: Instant, limit: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    started.checked_add(limit).unwrap_or(started + YEAR)
}

fn log(attempt: &Attempt, path: &str) {
    let retry_in_ms = attempt
        .retry_in
        .map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    match attempt.outcome {
        Ok(status) => tracing::debug!(path, status, retry_in_ms, "answered"),
        Err(kind) => tracing::debug!(path, failure = kind.as_str(), retry_in_ms, "not answered"),
    }
}
