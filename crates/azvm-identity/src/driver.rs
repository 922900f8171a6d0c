//! Runs an [`Exchange`] over a [`Client`]: the only loop in this crate with an `await` in it.
//!
//! For tools that want to see each attempt, such as a diagnosis; everybody else uses
//! [`ManagedIdentity`](crate::ManagedIdentity).

use crate::limiter::{Limiter, Turn, later};
use azvm_exchange::{
    Attempt, Event, Exchange, Failure, FailureKind, Monotonic, Origin, Phase, Response, Step,
};
use azvm_http::{Client, Exchanged, Timings};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::error::Elapsed;
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
pub(crate) fn drive_in_turn(
    client: &Client,
    origin: &Origin,
    exchange: Exchange,
    limiter: &Limiter,
) -> impl Future<Output = Driven> {
    run(client, origin, exchange, Some(limiter), |_| {})
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
    let gives_up = later(started, exchange.time_limit());
    let mut last = None;
    let mut attempt_number = 0;
    loop {
        match exchange.poll(now()) {
            Step::Send { budget, .. } => {
                let Ok(turn) = turn(limiter, budget, gives_up).await else {
                    exchange.handle(now(), Event::Failed(no_turn()));
                    continue;
                };
                // The turn took its time: the budget is counted from now.
                let Step::Send { request, budget } = exchange.poll(now()) else {
                    continue;
                };
                attempt_number += 1;
                let sent = client
                    .send_attempt(origin, request, budget, attempt_number)
                    .await;
                drop(turn);
                let event = match sent {
                    Ok(Exchanged {
                        response,
                        timings,
                        local,
                        ..
                    }) => {
                        last = Some((timings, local));
                        Event::Answered(response)
                    }
                    // Not an attempt yet: the same request goes out again, in a turn of its own, within the same deadline.
                    Err(error) if error.is_stale() => {
                        attempt_number -= 1;
                        continue;
                    }
                    Err(error) => Event::Failed(error.to_failure()),
                };
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
    let (result, attempts) = exchange.into_parts();
    Driven {
        result,
        attempts,
        timings: last.map(|(timings, _)| timings),
        local: last.map(|(_, local)| local),
        elapsed: started.elapsed(),
    }
}

/// Waits for a turn, where turns are taken.
async fn turn(
    limiter: Option<&Limiter>,
    budget: Duration,
    gives_up: Instant,
) -> Result<Option<Turn<'_>>, Elapsed> {
    let Some(limiter) = limiter else {
        return Ok(None);
    };
    match limiter.turn_now(budget) {
        Ok(turn) => Ok(Some(turn)),
        Err(number) => {
            let turn = limiter.turn_later(number, budget);
            timeout_at(gives_up, turn).await.map(Some)
        }
    }
}

/// Nothing is ever sent without a turn.
fn no_turn() -> Failure {
    let detail = "too many requests of this process were waiting".into();
    Failure::new(FailureKind::Timeout, Phase::Connect, detail)
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
