//! One exchange: drive it, read its answer, and note it in the timeline.

use super::Run;
use super::patience::telling;
use super::words;
use crate::facts::{Call, Marks, TimelineEntry, Trouble, Try};
use crate::progress::Event;
use azvm_exchange::{Exchange, FailureKind, Origin, Request, Response, RetryPolicy};
use azvm_http::Client;
use azvm_identity::driver::{Driven, drive};
use std::time::Duration;

impl Run<'_> {
    /// Sends `request` under `policy`, within what is left of the run's time, and has `read` make sense of the answer.
    /// `None` when no time was left, or when it ran out during the wait for an answer.
    pub(super) async fn call<R, E: Coded>(
        &mut self,
        action: &'static str,
        (client, origin): (&Client, &Origin),
        (request, policy): (Request, RetryPolicy),
        read: impl FnOnce(&Response) -> Result<R, E>,
    ) -> Option<Call<R, E>> {
        let left = self.time_left();
        if left.is_zero() {
            self.is_cut_short = true;
            return None;
        }
        let is_shortened = left < policy.deadline();
        let policy = policy.clone().with_deadline(policy.deadline().min(left));
        let exchange = Exchange::new(request, policy, azvm_identity::seed());
        let began = self.elapsed();
        self.progress.event(&Event::Calling { action });
        let progress = self.progress;
        let driven = drive(client, origin, exchange, |attempt| {
            progress.event(&Event::Attempted { action, attempt });
        });
        let driven = telling(progress, action, driven).await;
        let call = understand(driven, read);
        self.note(action, began, &call);
        let is_timeout = matches!(
            &call.answer,
            Err(Trouble::Silent(failure)) if failure.kind == FailureKind::Timeout
        );
        if is_shortened && is_timeout && self.time_left().is_zero() {
            // Our own impatience says nothing about the service.
            self.is_cut_short = true;
            return None;
        }
        Some(call)
    }

    fn note<R, E: Coded>(&mut self, action: &'static str, began: Duration, call: &Call<R, E>) {
        let mut sent = Duration::ZERO;
        for attempt in &call.attempts {
            self.timeline.push(TimelineEntry {
                at: began + attempt.at,
                took: attempt.at.saturating_sub(sent),
                action: action.into(),
                outcome: attempt.outcome,
                code: code_of(attempt, call),
                request_id: attempt.request_id.clone(),
            });
            sent = attempt.at + attempt.retry_in.unwrap_or_default();
        }
    }
}

/// Only the final answer was read; the retried ones have a status and nothing more.
fn code_of<R, E: Coded>(attempt: &Try, call: &Call<R, E>) -> Option<String> {
    match &call.answer {
        Err(Trouble::Refused(error)) if attempt.retry_in.is_none() => error.code(),
        _ => None,
    }
}

fn understand<R, E>(driven: Driven, read: impl FnOnce(&Response) -> Result<R, E>) -> Call<R, E> {
    let clocks = driven
        .result
        .as_ref()
        .ok()
        .and_then(Response::date)
        .map(|server| (server, azvm_identity::now()));
    let answer = match &driven.result {
        Ok(response) => {
            let spoken = words::with_reason(response);
            read(spoken.as_ref().unwrap_or(response)).map_err(Trouble::Refused)
        }
        Err(failure) => Err(Trouble::Silent(failure.clone())),
    };
    Call {
        answer,
        attempts: driven.attempts.iter().map(Into::into).collect(),
        elapsed: driven.elapsed,
        clocks,
        local: driven.local.map(|address| address.ip().to_string()),
        marks: Marks::default(),
    }
}

/// An error that carries the service's own code.
pub(super) trait Coded {
    fn code(&self) -> Option<String>;
}

impl Coded for azvm_imds::ProtocolError {
    fn code(&self) -> Option<String> {
        match self {
            Self::Rejected(rejection) => rejection.error().map(Into::into),
            _ => None,
        }
    }
}

impl Coded for azvm_arm::ArmError {
    fn code(&self) -> Option<String> {
        Self::code(self).map(Into::into)
    }
}
