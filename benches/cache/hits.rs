//! Hits: beside a floor, by entry and by key, by one thread and by two, in quiet and otherwise.

use crate::support::{Fetched, Numbers, Row, best_of, filled, keys, never, runtime, time};
use crate::{at_once, seconds};
use arc_swap::ArcSwap;
use azvm_token_cache::Entry;
use criterion::Criterion;
use std::hint::black_box;
use std::sync::Barrier;
use std::time::Duration;

/// Calls a round: short enough that some rounds are not interrupted.
pub(crate) const CALLS: u32 = 2_000;

/// A value behind the cheapest guard there is, with the check that each of two clocks is before its end.
pub(crate) struct Floor(ArcSwap<(u64, i64, i64)>);

impl Floor {
    pub(crate) fn new() -> Self {
        Self(ArcSwap::from_pointee((7, i64::MAX, i64::MAX)))
    }

    #[inline(always)]
    fn one_clock(&self) -> u64 {
        let guard = self.0.load();
        assert!(seconds::monotonic() < guard.1);
        guard.0
    }

    #[inline(always)]
    pub(crate) fn both_clocks(&self) -> u64 {
        let guard = self.0.load();
        assert!(seconds::monotonic() < guard.1);
        assert!(seconds::wall() < guard.2);
        guard.0
    }
}

fn hit(entry: &Entry<String, u64, &'static str>) -> u64 {
    *at_once!(black_box(entry).get_or_fetch(never))
}

fn hit_by_key(cache: &Numbers, key: &String) -> u64 {
    *at_once!(cache.get_or_fetch(black_box(key), never))
}

pub(crate) fn bench(criterion: &mut Criterion) {
    let (keys, floor) = (keys(), Floor::new());
    let cache = filled(&keys);
    let entry = cache.entry(&keys[11]);
    let mut group = criterion.benchmark_group("hit");
    group.bench_function("floor: guard and one coarse clock", |bencher| {
        bencher.iter(|| assert_eq!(black_box(&floor).one_clock(), 7));
    });
    group.bench_function("floor: guard and both coarse clocks", |bencher| {
        bencher.iter(|| assert_eq!(black_box(&floor).both_clocks(), 7));
    });
    group.bench_function("by entry", |bencher| {
        bencher.iter(|| assert_eq!(hit(&entry), 7));
    });
    group.bench_function("by entry, handed out as Arc", |bencher| {
        bencher.iter(|| at_once!(black_box(&entry).get_or_fetch(never)).to_arc());
    });
    let mut turn = keys.iter().cycle();
    group.bench_function("by key, of 16", |bencher| {
        bencher.iter(|| assert_eq!(hit_by_key(&cache, turn.next().expect("a key")), 7));
    });
    group.finish();
}

pub(crate) fn ratios(measured: u32) -> Vec<Row> {
    let rounds = 1 + 500 * measured;
    let (keys, floor) = (keys(), Floor::new());
    let cache = filled(&keys);
    let entry = cache.entry(&keys[11]);
    check_allocations(&cache, &entry, &keys[3]);
    let ns = |what, than, goal, (ours, theirs)| Row {
        what,
        ours,
        than,
        theirs,
        goal,
        unit: "ns",
    };
    let by_entry = || _ = black_box(hit(&entry));
    let mut turn = keys.iter().cycle();
    vec![
        ns(
            "hit by entry",
            "guard and both coarse clocks",
            "≤ 1.5, moonshot 1.3",
            best_of(rounds, CALLS, by_entry, || {
                _ = black_box(floor.both_clocks())
            }),
        ),
        ns(
            "hit by entry",
            "guard and one coarse clock, which is not sound",
            "",
            best_of(rounds, CALLS, by_entry, || _ = black_box(floor.one_clock())),
        ),
        ns(
            "hit by key, of 16",
            "hit by entry",
            "≤ 3",
            best_of(
                rounds,
                CALLS,
                || _ = black_box(hit_by_key(&cache, turn.next().expect("a key"))),
                by_entry,
            ),
        ),
        ns(
            "hit by each of two threads",
            "by one alone",
            "≤ 1.15, moonshot 1.1",
            two_threads(rounds, &entry),
        ),
        ns(
            "hit while another key's fetch hangs",
            "hit in quiet",
            "≤ 1 µs",
            beside_a_hanging_fetch(rounds, &cache, &entry),
        ),
    ]
}

/// A hit makes no allocation, however the value is looked at.
fn check_allocations(cache: &Numbers, entry: &Entry<String, u64, &'static str>, key: &String) {
    let hits = || (0..1_000).for_each(|_| assert_eq!(hit(entry), hit_by_key(cache, key)));
    hits(); // the first one of a thread makes its counter
    let allocations = allocation_counter::measure(hits);
    assert_eq!(allocations.count_total, 0);
}

/// Two threads that hit one key at the same time, and one alone.
fn two_threads(rounds: u32, entry: &Entry<String, u64, &'static str>) -> (f64, f64) {
    let calls = 50 * CALLS;
    let hits = |start: &Barrier| {
        start.wait();
        time(|| (0..calls).for_each(|_| _ = black_box(hit(entry)))).as_secs_f64()
    };
    let mut best = (f64::MAX, f64::MAX);
    for _ in 0..rounds {
        let together = Barrier::new(2);
        let slower = std::thread::scope(|scope| {
            let threads = [
                scope.spawn(|| hits(&together)),
                scope.spawn(|| hits(&together)),
            ];
            let seconds = threads.map(|thread| thread.join().expect("a time"));
            seconds[0].max(seconds[1])
        });
        best.0 = best.0.min(slower);
        let alone = Barrier::new(1);
        let thread =
            std::thread::scope(|scope| scope.spawn(|| hits(&alone)).join().expect("a time"));
        best.1 = best.1.min(thread);
    }
    let per_call = |seconds: f64| seconds * 1e9 / f64::from(calls);
    (per_call(best.0), per_call(best.1))
}

fn beside_a_hanging_fetch(
    rounds: u32,
    cache: &Numbers,
    entry: &Entry<String, u64, &'static str>,
) -> (f64, f64) {
    let quiet = filled(&keys());
    let quiet = quiet.entry(&keys()[11]);
    let runtime = runtime();
    let hangs = cache.clone();
    runtime.spawn(async move {
        let fetch = std::future::pending::<Fetched>;
        _ = hangs.get_or_fetch(&"hangs".to_owned(), fetch).await;
    });
    while cache.metrics().waiting == 0 {
        std::thread::yield_now();
    }
    let best = best_of(
        rounds,
        CALLS,
        || _ = black_box(hit(entry)),
        || _ = black_box(hit(&quiet)),
    );
    assert_eq!(cache.metrics().waiting, 1);
    runtime.shutdown_timeout(Duration::from_secs(1));
    best
}
