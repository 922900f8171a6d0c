//! What the measurements have in common.

use azvm_token_cache::{Cache, Config, Failed, Fresh};
use std::fmt;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

pub(crate) type Fetched = Result<Fresh<u64>, Failed<&'static str>>;
pub(crate) type Numbers = Cache<String, u64, &'static str>;

/// Polls a call that has nothing to wait for, in place: moving a future costs as much as a hit.
#[macro_export]
macro_rules! at_once {
    ($call:expr) => {
        match std::pin::pin!($call)
            .poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
        {
            std::task::Poll::Ready(result) => result.expect("a value"),
            std::task::Poll::Pending => unreachable!("a hit does not wait"),
        }
    };
}

/// One comparison.
pub(crate) struct Row {
    pub(crate) what: &'static str,
    pub(crate) ours: f64,
    pub(crate) than: &'static str,
    pub(crate) theirs: f64,
    pub(crate) goal: &'static str,
    pub(crate) unit: &'static str,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            ours,
            than,
            theirs,
            goal,
            unit,
        } = self;
        let ratio = ours / theirs;
        write!(
            f,
            "| {what} | {ours:.1} {unit} | {than} | {theirs:.1} {unit} | {ratio:.2} | {goal} |"
        )
    }
}

pub(crate) fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let builder = builder.worker_threads(2).enable_time();
    builder.build().expect("a runtime")
}

pub(crate) fn keys() -> Vec<String> {
    (0..16)
        .map(|n| format!("https://audience-{n:02}.azure.net/"))
        .collect()
}

pub(crate) fn fresh() -> Fetched {
    Ok(Fresh::new(7, 4_102_444_800, Duration::from_secs(86_400)))
}

/// A cache in which all keys have a value.
pub(crate) fn filled(keys: &[String]) -> Numbers {
    let cache = Cache::new(Config::new());
    let runtime = runtime();
    for key in keys {
        let call = cache.get_or_fetch(key, || async { fresh() });
        runtime.block_on(call).expect("a value");
    }
    cache
}

/// What nobody is to call.
pub(crate) async fn never() -> Fetched {
    Err(Failed::Transient("a fetch where there should be a hit"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place of this bench that reads a clock"
)]
pub(crate) fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// The best time of each of two, in nanoseconds a call, out of rounds that take turns: what else runs on the machine only adds.
pub(crate) fn best_of(
    rounds: u32,
    calls: u32,
    mut ours: impl FnMut(),
    mut theirs: impl FnMut(),
) -> (f64, f64) {
    let round = |work: &mut dyn FnMut()| {
        let elapsed = time(|| (0..calls).for_each(|_| work()));
        elapsed.as_secs_f64() * 1e9 / f64::from(calls)
    };
    let mut best = (f64::MAX, f64::MAX);
    for _ in 0..rounds.max(1) {
        best.0 = best.0.min(round(&mut ours));
        best.1 = best.1.min(round(&mut theirs));
    }
    best
}

pub(crate) fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}
