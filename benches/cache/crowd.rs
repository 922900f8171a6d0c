//! Crowds: thousands of tasks that want a value which is not there, which cannot be had, or which is just being refreshed.

use crate::at_once;
use crate::support::{Fetched, Row, fresh, median, runtime, time};
use azvm_token_cache::{Cache, Clock, Config, Failed, Fresh, SystemClock};
use criterion::Criterion;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::{Notify, OnceCell};
use tokio::task::{JoinSet, yield_now};

const CROWD: usize = 10_000;
const FAILING: usize = 1_000;
const SLOW: Duration = Duration::from_millis(20);
const REFUSED: Duration = Duration::from_millis(5);

type Unit = Cache<(), u64, &'static str>;

/// An upstream that counts its requests.
#[derive(Clone, Default)]
struct Upstream(Arc<AtomicUsize>);

impl Upstream {
    fn requests(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    async fn fetch(self, delay: Option<Duration>) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst);
        match delay {
            Some(delay) => tokio::time::sleep(delay).await,
            None => yield_now().await,
        }
        7
    }
}

fn join(runtime: &Runtime, tasks: usize, mut task: impl FnMut(&mut JoinSet<()>)) {
    runtime.block_on(async {
        let mut set = JoinSet::new();
        (0..tasks).for_each(|_| task(&mut set));
        while let Some(ended) = set.join_next().await {
            ended.expect("a task that ends well");
        }
    });
}

/// All tasks want what is not there yet.
fn cold(runtime: &Runtime, delay: Option<Duration>) {
    let (cache, upstream) = (Unit::default(), Upstream::default());
    join(runtime, CROWD, |set| {
        let (cache, upstream) = (cache.clone(), upstream.clone());
        set.spawn(async move {
            let fetch = || async move {
                upstream.fetch(delay).await;
                fresh()
            };
            assert_eq!(*cache.get_or_fetch(&(), fetch).await.expect("a value"), 7);
        });
    });
    assert_eq!(upstream.requests(), 1);
}

/// The same with tokio's cell, which knows neither expiry nor keys.
fn cold_cell(runtime: &Runtime, delay: Option<Duration>) {
    let (cell, upstream) = (Arc::new(OnceCell::new()), Upstream::default());
    join(runtime, CROWD, |set| {
        let (cell, upstream) = (Arc::clone(&cell), upstream.clone());
        set.spawn(async move {
            assert_eq!(*cell.get_or_init(|| upstream.fetch(delay)).await, 7);
        });
    });
    assert_eq!(upstream.requests(), 1);
}

/// All tasks want what cannot be had.
fn refused(runtime: &Runtime) {
    let (cache, upstream) = (Unit::default(), Upstream::default());
    join(runtime, FAILING, |set| {
        let (cache, upstream) = (cache.clone(), upstream.clone());
        set.spawn(async move {
            let fetch = || async move {
                upstream.fetch(Some(REFUSED)).await;
                Fetched::Err(Failed::Definitive("identity not found"))
            };
            assert!(cache.get_or_fetch(&(), fetch).await.is_err());
        });
    });
    assert_eq!(upstream.requests(), 1);
}

/// One call that fails, and as many tasks that do nothing.
fn refused_once(runtime: &Runtime) {
    let upstream = Upstream::default();
    runtime.block_on(upstream.fetch(Some(REFUSED)));
    join(runtime, FAILING, |set| {
        set.spawn(yield_now());
    });
}

pub(crate) fn bench(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("10,000 tasks");
    group.sample_size(10);
    group.bench_function("cold key", |bencher| bencher.iter(|| cold(&runtime, None)));
    group.bench_function("tokio OnceCell", |bencher| {
        bencher.iter(|| cold_cell(&runtime, None))
    });
    group.finish();
}

pub(crate) fn ratios(measured: u32) -> Vec<Row> {
    let rounds = 1 + 40 * measured;
    let runtime = runtime();
    let ms = |what, than, goal, (ours, theirs)| Row {
        what,
        ours,
        than,
        theirs,
        goal,
        unit: "ms",
    };
    let cell = "tokio OnceCell";
    vec![
        ms(
            "10,000 tasks, cold key, quick upstream",
            cell,
            "≤ 1.3, moonshot 1.1",
            medians(
                rounds,
                || cold(&runtime, None),
                || cold_cell(&runtime, None),
            ),
        ),
        ms(
            "10,000 tasks, cold key, upstream of 20 ms",
            cell,
            "≤ 1.3, moonshot 1.1",
            medians(
                rounds,
                || cold(&runtime, Some(SLOW)),
                || cold_cell(&runtime, Some(SLOW)),
            ),
        ),
        ms(
            "1,000 tasks, refused after 5 ms",
            "one refused call and 1,000 spawns",
            "≤ 2, moonshot 1.2",
            medians(rounds, || refused(&runtime), || refused_once(&runtime)),
        ),
        Row {
            unit: "ns",
            ..ms(
                "99.9 % of hits of 10,000 tasks, during a refresh",
                "in quiet",
                "≤ 3",
                during_a_refresh(&runtime, 1 + 8 * measured),
            )
        },
    ]
}

/// The median times in milliseconds, of rounds that take turns.
fn medians(rounds: u32, ours: impl Fn(), theirs: impl Fn()) -> (f64, f64) {
    let millis = |work: &dyn Fn()| time(work).as_secs_f64() * 1e3;
    let (ours, theirs) = (0..rounds)
        .map(|_| (millis(&ours), millis(&theirs)))
        .unzip();
    (median(ours), median(theirs))
}

/// The system's clocks, moved on.
#[derive(Debug, Default)]
struct MovedClock {
    system: SystemClock,
    secs: AtomicI64,
}

impl Clock for MovedClock {
    fn unix_secs(&self) -> i64 {
        self.system.unix_secs() + self.secs.load(Ordering::Relaxed)
    }

    fn monotonic(&self) -> Duration {
        let secs = self.secs.load(Ordering::Relaxed).unsigned_abs();
        self.system.monotonic() + Duration::from_secs(secs)
    }
}

/// An upstream that answers when it is told to, with a value of a day.
#[derive(Clone, Default)]
struct Held {
    clock: Arc<MovedClock>,
    requests: Upstream,
    release: Arc<Notify>,
}

impl Held {
    async fn fetch(self) -> Fetched {
        self.requests.fetch(None).await;
        self.release.notified().await;
        let day = Duration::from_secs(86_400);
        Ok(Fresh::new(7, self.clock.unix_secs() + 86_400, day))
    }
}

/// What 999 of 1,000 hits stay below, in nanoseconds: while a refresh is under way, and while none is.
fn during_a_refresh(runtime: &Runtime, rounds: u32) -> (f64, f64) {
    let held = Held::default();
    let clock = Arc::clone(&held.clock) as Arc<dyn Clock>;
    let cache = Unit::new(Config::new().with_clock(clock));
    held.release.notify_one();
    let first = cache.get_or_fetch(&(), || held.clone().fetch());
    drop(runtime.block_on(first).expect("a value"));
    let (mut during, mut quiet) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        quiet.push(late_hits(runtime, &cache, &held));
        held.clock.secs.fetch_add(50_000, Ordering::Relaxed);
        during.push(late_hits(runtime, &cache, &held));
        assert_eq!(cache.metrics().in_flight, 1);
        held.release.notify_one();
        while cache.metrics().in_flight > 0 {
            runtime.block_on(yield_now());
        }
    }
    let requests = usize::try_from(rounds).expect("a few rounds") + 1;
    assert_eq!(held.requests.requests(), requests, "one request a refresh");
    (median(during), median(quiet))
}

/// Each of the tasks hits a few times; the time that 999 of 1,000 hits stay below.
fn late_hits(runtime: &Runtime, cache: &Unit, held: &Held) -> f64 {
    let mut hits = runtime.block_on(async {
        let mut set = JoinSet::new();
        for _ in 0..CROWD {
            let (cache, held) = (cache.clone(), held.clone());
            set.spawn(async move {
                let mut hits = [0.0; 20];
                for hit in &mut hits {
                    let fetch = || held.clone().fetch();
                    *hit = time(|| assert_eq!(*at_once!(cache.get_or_fetch(&(), fetch)), 7))
                        .as_secs_f64();
                    yield_now().await;
                }
                hits
            });
        }
        set.join_all().await.concat()
    });
    hits.sort_by(f64::total_cmp);
    hits[hits.len() * 999 / 1_000] * 1e9
}
