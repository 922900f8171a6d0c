//! Whether to try again, and when: a state machine over one request.
//!
//! | what happened | class | what follows |
//! |---|---|---|
//! | a status the policy calls [`RetryClass::Final`] | final | done |
//! | [`RetryClass::Transient`] | retried | the next delay of `transient` |
//! | [`RetryClass::ServerError`] | retried | the next delay of `server_error` |
//! | [`RetryClass::Updating`] | retried | the next delay of `updating`, which is more patient |
//! | [`RetryClass::Unsettled`] | retried, if the caller asked for it | the next delay of `unsettled` |
//! | [`FailureKind::is_connection_trouble`] | retried | the next delay of `connection` |
//! | any other failure | final | done |
//!
//! A wait is never shorter than the answer's `Retry-After`, up to [`RETRY_AFTER_CAP`]. Every class counts its own
//! retries. A schedule that is used up ends the exchange with the last answer; so does a delay that would pass the
//! deadline, and the last of the attempts that the policy allows.

use crate::{Failure, FailureKind, Monotonic, Phase, Request, Response};
use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

/// The longest wait that a `Retry-After` header can ask for.
pub const RETRY_AFTER_CAP: Duration = Duration::from_secs(60);

/// A shorter delay is jittered as if it were this long.
const JITTERED_AT_LEAST: Duration = Duration::from_secs(1);

/// What a status means for retrying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryClass {
    /// The answer, good or bad.
    Final,
    /// Try again soon: throttled, or not there for a moment.
    Transient,
    /// The service failed; give it time before the next try.
    ServerError,
    /// The service said that it is being updated; be patient.
    Updating,
    /// An answer that is final as a rule, and that a caller who has just changed something wants to see change.
    Unsettled,
}

type Schedule = Cow<'static, [Duration]>;

/// The places of the schedules: one for each class that is retried, and one for lost connections.
const TRANSIENT: usize = 0;
const SERVER_ERROR: usize = 1;
const UPDATING: usize = 2;
const UNSETTLED: usize = 3;
const CONNECTION: usize = 4;
const SCHEDULES: usize = 5;

/// When to retry, per class. Build one with [`RetryPolicy::never`] and the `with_*` methods.
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    classify: fn(u16) -> RetryClass,
    schedules: [Schedule; SCHEDULES],
    jitter_percent: u8,
    attempt_timeout: Duration,
    deadline: Duration,
    max_attempts: usize,
    max_retry_after: Duration,
    silence: Duration,
}

impl RetryPolicy {
    /// One attempt, to be over within `deadline`.
    pub const fn never(deadline: Duration) -> Self {
        Self {
            classify: |_| RetryClass::Final,
            schedules: [const { Cow::Borrowed(&[]) }; SCHEDULES],
            jitter_percent: 0,
            attempt_timeout: Duration::MAX,
            deadline,
            max_attempts: usize::MAX,
            max_retry_after: Duration::MAX,
            silence: Duration::MAX,
        }
    }

    /// Sets which statuses are retried.
    #[must_use]
    pub fn with_classifier(mut self, classify: fn(u16) -> RetryClass) -> Self {
        self.classify = classify;
        self
    }

    /// Sets the delays before the retries of a [`RetryClass::Transient`] status; as many retries as delays.
    #[must_use]
    pub fn with_transient(self, delays: impl Into<Cow<'static, [Duration]>>) -> Self {
        self.with_schedule(TRANSIENT, delays.into())
    }

    /// Sets the delays before the retries of a [`RetryClass::ServerError`] status.
    #[must_use]
    pub fn with_server_error(self, delays: impl Into<Cow<'static, [Duration]>>) -> Self {
        self.with_schedule(SERVER_ERROR, delays.into())
    }

    /// Sets the delays before the retries of a [`RetryClass::Updating`] status.
    #[must_use]
    pub fn with_updating(self, delays: impl Into<Cow<'static, [Duration]>>) -> Self {
        self.with_schedule(UPDATING, delays.into())
    }

    /// Sets the delays before the retries of a [`RetryClass::Unsettled`] status.
    #[must_use]
    pub fn with_unsettled(self, delays: impl Into<Cow<'static, [Duration]>>) -> Self {
        self.with_schedule(UNSETTLED, delays.into())
    }

    /// Sets the delays before the retries of a lost or refused connection.
    #[must_use]
    pub fn with_connection(self, delays: impl Into<Cow<'static, [Duration]>>) -> Self {
        self.with_schedule(CONNECTION, delays.into())
    }

    /// Lengthens every delay by a random part of up to `percent` of itself, or of a second if that is more: who was
    /// throttled together does not come back together, even when the first retry comes at once. Jitter never shortens a
    /// delay, so that a documented minimum stays one.
    #[must_use]
    pub fn with_jitter_percent(mut self, percent: u8) -> Self {
        self.jitter_percent = percent;
        self
    }

    /// Sets the time for one attempt, so that one lost answer does not use up the whole exchange; the deadline alone
    /// otherwise. An attempt that runs out of time counts as a lost connection.
    #[must_use]
    pub fn with_attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// Sets the time that attempts without an answer may take together, so that a server that says nothing costs less
    /// than one that asks for patience; without limit otherwise. No attempt takes longer than what is left of it, and
    /// none follows when nothing is left.
    #[must_use]
    pub fn with_silence(mut self, silence: Duration) -> Self {
        self.silence = silence;
        self
    }

    /// Sets the time for the whole exchange, retries and waits included.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Ends the exchange with the answer to this attempt at the latest, whatever the schedules still hold; the schedules
    /// alone otherwise. The first attempt is always made.
    #[must_use]
    pub fn with_max_attempts(mut self, max_attempts: usize) -> Self {
        self.max_attempts = max_attempts;
        self
    }

    /// Ends the exchange with an answer whose `Retry-After` asks for more than this: to come back sooner would be in vain.
    /// Without it such an answer is retried after [`RETRY_AFTER_CAP`] at the latest.
    #[must_use]
    pub fn with_max_retry_after(mut self, longest: Duration) -> Self {
        self.max_retry_after = longest;
        self
    }

    /// The time for the whole exchange.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    fn with_schedule(mut self, class: usize, delays: Schedule) -> Self {
        self.schedules[class] = delays;
        self
    }
}

/// What the driver is to do next.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step<'a> {
    /// Send this request, give up after `budget`, and report with [`Exchange::handle`].
    Send {
        /// The request.
        request: &'a Request,
        /// What is left until the deadline, or until the end of the attempt if that is sooner.
        budget: Duration,
    },
    /// Wait this long, then poll again.
    Sleep(Duration),
    /// It is over; [`Exchange::finish`] hands the result out.
    Done(Result<&'a Response, &'a Failure>),
}

/// What happened to a request that was sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A whole response came.
    Answered(Response),
    /// None came.
    Failed(Failure),
}

/// One attempt, for reports.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// When the answer or failure was handled.
    pub at: Monotonic,
    /// The status, or what went wrong.
    pub outcome: Result<u16, FailureKind>,
    /// `x-ms-request-id` of the answer.
    pub request_id: Option<String>,
    /// The wait that follows; `None` when this was the last attempt.
    pub retry_in: Option<Duration>,
}

/// One request from first byte to final answer. Performs no I/O.
///
/// Dropping it at any time loses nothing but the exchange itself.
#[derive(Debug)]
pub struct Exchange {
    request: Request,
    policy: RetryPolicy,
    seed: u64,
    started: Option<Monotonic>,
    state: State,
    attempts: Vec<Attempt>,
    retries: [usize; SCHEDULES],
}

#[derive(Debug)]
enum State {
    /// To be sent, or under way.
    Sending,
    Sleeping {
        until: Monotonic,
        last: Result<Response, Failure>,
    },
    Done(Result<Response, Failure>),
}

impl Exchange {
    /// An exchange that starts its deadline at the first [`poll`](Self::poll). `seed` decides the jitter: the same
    /// seed gives the same delays.
    pub fn new(request: Request, policy: RetryPolicy, seed: u64) -> Self {
        Self {
            request,
            policy,
            seed,
            started: None,
            state: State::Sending,
            attempts: Vec::new(),
            retries: [0; SCHEDULES],
        }
    }

    /// What to do at `now`. Polling again without an event in between gives the same step.
    pub fn poll(&mut self, now: Monotonic) -> Step<'_> {
        let deadline = self.deadline(now);
        if let State::Sleeping { until, last } = &mut self.state {
            if now >= *until {
                // A wait never ends after the deadline, but a driver may wake late.
                if now >= deadline {
                    let last = core::mem::replace(last, Err(out_of_time()));
                    self.state = State::Done(last);
                } else {
                    self.state = State::Sending;
                }
            }
        }
        if matches!(self.state, State::Sending) && now >= deadline {
            self.state = State::Done(Err(out_of_time()));
        }
        let silence_left = self.policy.silence.saturating_sub(self.silent());
        match &self.state {
            State::Sending => Step::Send {
                request: &self.request,
                budget: deadline
                    .since(now)
                    .min(self.policy.attempt_timeout)
                    .min(silence_left),
            },
            State::Sleeping { until, .. } => Step::Sleep(until.since(now)),
            State::Done(result) => Step::Done(result.as_ref()),
        }
    }

    /// Takes what happened to the request that [`poll`](Self::poll) handed out. Ignored when none is under way.
    /// A response that quotes the request's secrets is kept without them.
    pub fn handle(&mut self, now: Monotonic, event: Event) {
        if !matches!(self.state, State::Sending) {
            return;
        }
        let outcome = match event {
            // Nobody gets to read a token that a server quotes back.
            Event::Answered(response) => Ok(response.without_secrets_of(&self.request)),
            Event::Failed(failure) => Err(failure),
        };
        let deadline = self.deadline(now);
        let delay = self
            .next_delay(&outcome)
            .filter(|&delay| now.plus(delay) < deadline);
        self.attempts.push(Attempt {
            at: now,
            outcome: outcome
                .as_ref()
                .map(Response::status)
                .map_err(|failure| failure.kind),
            request_id: outcome
                .as_ref()
                .ok()
                .and_then(Response::request_id)
                .map(ToString::to_string),
            retry_in: delay,
        });
        let is_patient = self.silent() < self.policy.silence;
        let delay = delay.filter(|_| is_patient);
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.retry_in = delay;
        }
        self.state = match delay {
            Some(delay) => State::Sleeping {
                until: now.plus(delay),
                last: outcome,
            },
            None => State::Done(outcome),
        };
    }

    /// How long the attempts without an answer took together.
    fn silent(&self) -> Duration {
        let mut began = self.started.unwrap_or(Monotonic::ZERO);
        let mut silent = Duration::ZERO;
        for attempt in &self.attempts {
            if attempt.outcome == Err(FailureKind::Timeout) {
                silent = silent.saturating_add(attempt.at.since(began));
            }
            began = attempt.at.plus(attempt.retry_in.unwrap_or_default());
        }
        silent
    }

    /// Every attempt so far, oldest first. At most one more than the policy has delays.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// The request.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The time for the whole exchange, from the first [`poll`](Self::poll): [`RetryPolicy::deadline`].
    pub fn time_limit(&self) -> Duration {
        self.policy.deadline
    }

    /// The result: the final response, whatever its status, or the last failure. An exchange that is not done gives
    /// what it has, or a timeout.
    ///
    /// # Errors
    ///
    /// The last [`Failure`] when no response came.
    pub fn finish(self) -> Result<Response, Failure> {
        self.into_parts().0
    }

    /// [`finish`](Self::finish) and [`attempts`](Self::attempts), without a copy.
    pub fn into_parts(self) -> (Result<Response, Failure>, Vec<Attempt>) {
        let result = match self.state {
            State::Done(result) | State::Sleeping { last: result, .. } => result,
            State::Sending => Err(out_of_time()),
        };
        (result, self.attempts)
    }

    fn deadline(&mut self, now: Monotonic) -> Monotonic {
        self.started.get_or_insert(now).plus(self.policy.deadline)
    }

    /// The wait after the attempt that ended with `outcome`, which is not among the attempts yet.
    fn next_delay(&mut self, outcome: &Result<Response, Failure>) -> Option<Duration> {
        if self.attempts.len() + 1 >= self.policy.max_attempts {
            return None;
        }
        let class = match outcome {
            Ok(response) => match (self.policy.classify)(response.status()) {
                RetryClass::Final => return None,
                RetryClass::Transient => TRANSIENT,
                RetryClass::ServerError => SERVER_ERROR,
                RetryClass::Updating => UPDATING,
                RetryClass::Unsettled => UNSETTLED,
            },
            Err(failure) if failure.kind.is_connection_trouble() => CONNECTION,
            Err(_) => return None,
        };
        let asked = outcome.as_ref().ok().and_then(Response::retry_after);
        if asked.is_some_and(|asked| asked > self.policy.max_retry_after) {
            return None;
        }
        let base = *self.policy.schedules[class].get(self.retries[class])?;
        self.retries[class] += 1;
        let jittered = base.saturating_add(self.jitter(base));
        Some(jittered.max(asked.unwrap_or(Duration::ZERO).min(RETRY_AFTER_CAP)))
    }

    fn jitter(&self, base: Duration) -> Duration {
        let random = splitmix64(self.seed.wrapping_add(self.attempts.len() as u64));
        let part = u32::try_from(random % 1000).unwrap_or(0);
        base.max(JITTERED_AT_LEAST)
            .saturating_mul(u32::from(self.policy.jitter_percent))
            .saturating_mul(part)
            / 100_000
    }
}

fn out_of_time() -> Failure {
    Failure::new(
        FailureKind::Timeout,
        Phase::FirstByte,
        "the deadline of the exchange passed".into(),
    )
}

/// One step of the SplitMix64 generator: enough to spread delays, and reproducible.
fn splitmix64(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn policy(deadline_secs: u64) -> RetryPolicy {
        RetryPolicy::never(Duration::from_secs(deadline_secs))
            .with_classifier(|status| match status {
                404 => RetryClass::Unsettled,
                429 => RetryClass::Transient,
                500..=599 => RetryClass::ServerError,
                410 => RetryClass::Updating,
                _ => RetryClass::Final,
            })
            .with_transient(vec![Duration::ZERO, 2 * SECOND])
            .with_server_error(vec![3 * SECOND])
            .with_unsettled(vec![4 * SECOND])
            .with_updating(vec![SECOND; 70])
            .with_connection(vec![SECOND])
    }

    fn answered(status: u16) -> Event {
        Event::Answered(Response::new(status, vec![], vec![]))
    }

    /// Runs the script on a virtual clock; each event takes `cost`. Returns the attempts' outcomes and the end time.
    fn run(
        policy: RetryPolicy,
        cost: Duration,
        mut script: impl FnMut(u64) -> Event,
    ) -> (Vec<Attempt>, Monotonic) {
        let mut exchange = Exchange::new(Request::get("/".into()), policy, 42);
        let mut now = Monotonic::after(7 * SECOND);
        loop {
            match exchange.poll(now) {
                Step::Send { budget, .. } => {
                    now = now.plus(cost.min(budget));
                    exchange.handle(now, script(now.elapsed().as_secs() - 7));
                }
                Step::Sleep(wait) => now = now.plus(wait),
                Step::Done(_) => return (exchange.attempts().to_vec(), now),
            }
        }
    }

    #[test]
    fn updating_for_69_seconds_then_fine() {
        let (attempts, end) = run(policy(120), Duration::ZERO, |elapsed| {
            answered(if elapsed < 69 { 410 } else { 200 })
        });
        assert_eq!(
            attempts.last().map(|attempt| attempt.outcome),
            Some(Ok(200))
        );
        assert_eq!(end.elapsed().as_secs(), 7 + 69);
    }

    #[test]
    fn a_400_stops_at_once() {
        let (attempts, _) = run(policy(120), Duration::ZERO, |_| answered(400));
        assert_eq!(attempts.len(), 1);
        assert_eq!(attempts[0].retry_in, None);
    }

    #[test]
    fn schedules_are_counted_apart_and_end() {
        let mut statuses = [429, 410, 500, 404, 429, 410, 429].into_iter();
        let (attempts, _) = run(policy(120), Duration::ZERO, |_| {
            answered(statuses.next().unwrap())
        });
        assert_eq!(attempts.len(), 7);
        let waits: Vec<_> = attempts
            .iter()
            .map(|attempt| attempt.retry_in.map(|wait| wait.as_secs()))
            .collect();
        let expected = [0, 1, 3, 4, 2, 1].map(Some);
        assert_eq!(waits[..6], expected);
        assert_eq!(waits[6], None);
    }

    #[test]
    fn even_a_retry_at_once_is_spread() {
        let first_wait = |seed| {
            let policy = policy(60).with_jitter_percent(20);
            let mut exchange = Exchange::new(Request::get("/".into()), policy, seed);
            exchange.poll(Monotonic::ZERO);
            exchange.handle(Monotonic::ZERO, answered(429));
            exchange.attempts()[0].retry_in.unwrap()
        };
        let waits: Vec<_> = (0..50).map(first_wait).collect();
        assert!(waits.iter().all(|wait| *wait <= SECOND / 5), "{waits:?}");
        let distinct = waits.iter().collect::<alloc::collections::BTreeSet<_>>();
        assert!(distinct.len() > 30, "{waits:?}");
        assert_eq!(first_wait(7), first_wait(7), "the seed decides");
    }

    #[test]
    fn the_number_of_attempts_can_be_limited() {
        for (limit, expected) in [(0, 1), (1, 1), (3, 3), (9, 9), (usize::MAX, 71)] {
            let policy = policy(120).with_max_attempts(limit);
            let (attempts, _) = run(policy, Duration::ZERO, |_| answered(410));
            assert_eq!(attempts.len(), expected);
            assert_eq!(attempts.last().and_then(|last| last.retry_in), None);
        }
    }

    #[test]
    fn retry_after_is_a_minimum_and_capped() {
        let ask = |value: &str| {
            Event::Answered(Response::new(
                429,
                vec![("Retry-After".into(), value.into())],
                vec![],
            ))
        };
        let mut script = [ask("9"), ask("99999"), answered(200)].into_iter();
        let (attempts, _) = run(policy(300), Duration::ZERO, |_| script.next().unwrap());
        assert_eq!(attempts[0].retry_in, Some(9 * SECOND));
        assert_eq!(attempts[1].retry_in, Some(RETRY_AFTER_CAP));
        let impatient = policy(300).with_max_retry_after(9 * SECOND);
        let mut script = [ask("9"), ask("10"), answered(200)].into_iter();
        let (attempts, end) = run(impatient, Duration::ZERO, |_| script.next().unwrap());
        assert_eq!((attempts.len(), attempts[1].retry_in), (2, None));
        assert_eq!(end.elapsed(), (7 + 9) * SECOND);
    }

    #[test]
    fn the_deadline_wins_over_a_wait() {
        let (attempts, end) = run(policy(5), 2 * SECOND, |_| answered(410));
        assert_eq!(
            attempts.len(),
            2,
            "2 s, wait 1 s, 2 s, and the next wait would pass the deadline"
        );
        assert!(end.elapsed() <= 12 * SECOND);
    }

    #[test]
    fn a_lost_answer_costs_one_attempt_only() {
        let policy = policy(60).with_attempt_timeout(10 * SECOND);
        let lost = || Failure::new(FailureKind::Timeout, Phase::FirstByte, String::new());
        let mut events = [Event::Failed(lost()), answered(200)].into_iter();
        let (attempts, end) = run(policy, 30 * SECOND, |_| events.next().unwrap());
        assert_eq!(attempts.len(), 2);
        assert_eq!(end.elapsed(), (7 + 10 + 1 + 10) * SECOND);
    }

    #[test]
    fn silence_ends_and_patience_with_answers_does_not() {
        let lost = || {
            Event::Failed(Failure::new(
                FailureKind::Timeout,
                Phase::FirstByte,
                String::new(),
            ))
        };
        let policy = policy(100).with_silence(10 * SECOND);
        let (attempts, end) = run(policy.clone(), 60 * SECOND, |_| lost());
        assert_eq!((attempts.len(), attempts[0].retry_in), (1, None));
        assert_eq!(end.elapsed(), (7 + 10) * SECOND);
        // What is left of it is for the next attempt.
        let short = policy.clone().with_attempt_timeout(6 * SECOND);
        let (attempts, end) = run(short, 60 * SECOND, |_| lost());
        assert_eq!(attempts.len(), 2);
        assert_eq!(end.elapsed(), (7 + 6 + 1 + 4) * SECOND);
        let (attempts, _) = run(policy, SECOND, |_| answered(410));
        assert_eq!(attempts.len(), 50, "an attempt and a wait take two seconds");
    }

    #[test]
    fn a_name_that_does_not_exist_is_final_and_a_resolver_in_trouble_is_not() {
        let attempts = |kind| {
            let failure = || Failure::new(kind, Phase::Resolve, String::new());
            let script = |_| Event::Failed(failure());
            run(policy(60), Duration::ZERO, script).0.len()
        };
        assert_eq!(attempts(FailureKind::NameNotFound), 1);
        assert_eq!(attempts(FailureKind::ResolverFailed), 2);
    }

    #[test]
    fn an_event_that_nobody_waits_for_is_ignored() {
        let mut exchange = Exchange::new(Request::get("/".into()), policy(60), 1);
        exchange.poll(Monotonic::ZERO);
        exchange.handle(Monotonic::ZERO, answered(200));
        exchange.handle(Monotonic::ZERO, answered(500));
        assert_eq!(exchange.attempts().len(), 1);
        assert_eq!(exchange.finish().unwrap().status(), 200);
    }

    proptest! {
        #[test]
        fn any_script_ends_by_the_deadline(
            seed in any::<u64>(),
            deadline_secs in 0_u64..100,
            jitter in 0_u8..=100,
            events in proptest::collection::vec((0_u16..9, 0_u64..30), 1..200),
        ) {
            let policy = policy(deadline_secs).with_jitter_percent(jitter);
            let mut exchange = Exchange::new(Request::get("/".into()), policy, seed);
            let mut now = Monotonic::ZERO;
            let mut script = events.into_iter().cycle();
            for _ in 0..10_000 {
                match exchange.poll(now) {
                    Step::Send { budget, .. } => {
                        let (kind, cost_secs) = script.next().unwrap();
                        now = now.plus(Duration::from_secs(cost_secs).min(budget));
                        exchange.handle(now, match kind {
                            0 => answered(200),
                            1 => answered(400),
                            2 => answered(410),
                            3 => answered(429),
                            4 => answered(503),
                            8 => answered(404),
                            5 => Event::Failed(Failure::new(FailureKind::Refused, Phase::Connect, String::new())),
                            6 => Event::Failed(Failure::new(FailureKind::Protocol, Phase::Body, String::new())),
                            _ => Event::Failed(Failure::new(FailureKind::Timeout, Phase::Body, String::new())),
                        });
                    }
                    Step::Sleep(wait) => {
                        prop_assert!(now.plus(wait).elapsed() <= Duration::from_secs(deadline_secs));
                        now = now.plus(wait);
                    }
                    Step::Done(_) => {
                        prop_assert!(now.elapsed() <= Duration::from_secs(deadline_secs));
                        let all_but_last = exchange.attempts().split_last().map_or(&[][..], |(_, rest)| rest);
                        prop_assert!(all_but_last.iter().all(|attempt| !matches!(attempt.outcome, Ok(200 | 400))));
                        return Ok(());
                    }
                }
            }
            prop_assert!(false, "did not end");
        }
    }
}
