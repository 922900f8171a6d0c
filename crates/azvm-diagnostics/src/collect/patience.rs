//! How long a run waits for answers that do not come, and what it says meanwhile.
//!
//! Each service has a time for all its silence together, so that a run in which nobody answers is over in less than
//! twenty seconds: a probe of IMDS and the platform's address, or [`IMDS_SILENCE`]; then [`ARM_SILENCE`]. Answers that ask
//! for patience, such as those of an update, do not count.

use crate::facts::{TimelineEntry, Try};
use crate::progress::{Event, Progress};
use azvm_exchange::FailureKind;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// The time that IMDS may keep silent in, all questions together.
pub const IMDS_SILENCE: Duration = Duration::from_secs(10);

/// The same for ARM, a wait for a role apart.
pub const ARM_SILENCE: Duration = Duration::from_secs(8);

/// What is kept for the token when IMDS is asked for something else.
pub(super) const KEPT_FOR_TOKEN: Duration = Duration::from_secs(4);

/// Every question gets that much, whatever those before it took.
const AT_LEAST: Duration = Duration::from_secs(1);

/// For so long nothing is said.
const QUIET: Duration = Duration::from_secs(2);

/// The time for silence that is left.
#[derive(Debug)]
pub(super) struct Patience {
    left: Duration,
}

impl Patience {
    pub(super) fn new(whole: Duration) -> Self {
        Self { left: whole }
    }

    /// How long the next question may stay without an answer, when `kept` is for those after it.
    pub(super) fn for_next(&self, kept: Duration) -> Duration {
        self.left.saturating_sub(kept).max(AT_LEAST)
    }

    /// Takes off what these requests waited in vain.
    pub(super) fn waited(&mut self, requests: &[TimelineEntry]) {
        let silent = requests
            .iter()
            .filter(|it| it.outcome == Err(FailureKind::Timeout));
        let silence = silent.map(|it| it.took).sum();
        self.left = self.left.saturating_sub(silence);
    }

    /// Takes off what was waited between these attempts.
    pub(super) fn paused<'a>(&mut self, attempts: impl IntoIterator<Item = &'a Try>) {
        let pauses = attempts.into_iter().filter_map(|attempt| attempt.retry_in);
        self.left = self.left.saturating_sub(pauses.sum());
    }
}

/// Runs `work` to its end, and says what is waited for: after two seconds, and then less and less often.
pub(super) async fn telling<T>(
    progress: &dyn Progress,
    action: &'static str,
    work: impl Future<Output = T>,
) -> T {
    let began = Instant::now();
    let mut work = pin!(work);
    let mut quiet = QUIET;
    loop {
        match timeout(quiet, &mut work).await {
            Ok(done) => return done,
            Err(_) => progress.event(&Event::StillCalling {
                action,
                waited: began.elapsed(),
            }),
        }
        quiet = began.elapsed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    const SECOND: Duration = Duration::from_secs(1);

    fn request(outcome: Result<u16, FailureKind>, took: Duration) -> TimelineEntry {
        TimelineEntry {
            at: took,
            took,
            action: "imds_token".into(),
            outcome,
            code: None,
            request_id: None,
        }
    }

    #[test]
    fn silence_is_taken_off_and_answers_are_not() {
        let mut patience = Patience::new(10 * SECOND);
        assert_eq!(patience.for_next(4 * SECOND), 6 * SECOND);
        patience.waited(&[
            request(Err(FailureKind::Timeout), 5 * SECOND),
            request(Err(FailureKind::Refused), 5 * SECOND),
            request(Ok(410), 5 * SECOND),
        ]);
        assert_eq!(patience.for_next(Duration::ZERO), 5 * SECOND);
        assert_eq!(patience.for_next(4 * SECOND), SECOND);
        patience.waited(&[request(Err(FailureKind::Timeout), 60 * SECOND)]);
        assert_eq!(patience.for_next(Duration::ZERO), SECOND);
    }

    #[derive(Default)]
    struct Told(Mutex<Vec<Duration>>);

    impl Progress for Told {
        fn event(&self, event: &Event<'_>) {
            if let Event::StillCalling { action, waited } = event {
                assert_eq!(*action, "imds_token");
                self.0.lock().unwrap().push(*waited);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_long_is_told_and_what_does_not_is_not() {
        let told = Told::default();
        let work = tokio::time::sleep(SECOND);
        telling(&told, "imds_token", work).await;
        assert_eq!(told.0.lock().unwrap().len(), 0);
        let work = tokio::time::sleep(15 * SECOND);
        telling(&told, "imds_token", work).await;
        let secs: Vec<u64> = told
            .0
            .lock()
            .unwrap()
            .iter()
            .map(Duration::as_secs)
            .collect();
        assert_eq!(secs, [2, 4, 8]);
    }
}
