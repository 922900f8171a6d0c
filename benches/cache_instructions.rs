//! What a cached value costs, in instructions: a loop for valgrind's callgrind, which counts the same on a busy machine.
//!
//! `cargo xtask bench cache` runs it twice a row, with and without the loop, and prints the difference.
//! Without arguments each row runs once, as a test.
#![expect(
    clippy::print_stdout,
    reason = "a program whose result is what it prints"
)]

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use arc_swap::ArcSwap;
use azvm_token_cache::{Cache, Config, Entry, Failed, Fresh};

/// Polls a call that has nothing to wait for, in place: moving a future costs as much as a hit.
macro_rules! at_once {
    ($call:expr) => {
        match pin!($call).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result.expect("a value"),
            Poll::Pending => unreachable!("a hit does not wait"),
        }
    };
}

type Fetched = Result<Fresh<u64>, Failed<&'static str>>;

/// What the rows work on.
struct World {
    floor: ArcSwap<(u64, i64)>,
    cache: Cache<String, u64, &'static str>,
    entry: Entry<String, u64, &'static str>,
    keys: Vec<String>,
}

type Row = (&'static str, fn(&World) -> u64);

const ROWS: [Row; 8] = [
    ("nothing", |_| 7),
    ("guard", |world| world.floor.load().0),
    ("floor, one clock", |world| {
        let guard = world.floor.load();
        assert!(seconds::monotonic() < guard.1);
        guard.0
    }),
    ("floor, both clocks", |world| {
        let guard = world.floor.load();
        assert!(seconds::monotonic() < guard.1);
        assert!(seconds::wall() < guard.1);
        guard.0
    }),
    ("peek", |world| *world.entry.peek().expect("a hit")),
    ("hit by entry", |world| {
        *at_once!(world.entry.get_or_fetch(never))
    }),
    ("hit, as Arc", |world| {
        *at_once!(world.entry.get_or_fetch(never)).to_arc()
    }),
    ("hit by key of 16", |world| {
        *at_once!(world.cache.get_or_fetch(&world.keys[11], never))
    }),
];

/// The seconds of the wall clock and of the monotonic one, as cheap as they come.
#[cfg(target_os = "linux")]
mod seconds {
    use nix::time::{ClockId, clock_gettime};

    #[inline(always)]
    pub(super) fn wall() -> i64 {
        read(ClockId::CLOCK_REALTIME_COARSE)
    }

    #[inline(always)]
    pub(super) fn monotonic() -> i64 {
        read(ClockId::CLOCK_MONOTONIC_COARSE)
    }

    #[inline(always)]
    fn read(clock: ClockId) -> i64 {
        clock_gettime(clock).expect("a coarse clock").tv_sec()
    }
}

#[cfg(not(target_os = "linux"))]
mod seconds {
    use azvm_token_cache::{Clock, SystemClock};

    pub(super) fn wall() -> i64 {
        SystemClock::new().unix_secs()
    }

    pub(super) fn monotonic() -> i64 {
        SystemClock::new().monotonic().as_secs() as i64
    }
}

async fn never() -> Fetched {
    Err(Failed::Transient("a fetch where there should be a hit"))
}

fn world() -> World {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.build().expect("a runtime");
    let cache = Cache::new(Config::new());
    let keys: Vec<String> = (0..16)
        .map(|n| format!("https://audience-{n:02}.azure.net/"))
        .collect();
    for key in &keys {
        let fetch = || async { Ok(Fresh::new(7, 4_102_444_800, Duration::from_secs(86_400))) };
        runtime
            .block_on(cache.get_or_fetch(key, fetch))
            .expect("a value");
    }
    World {
        floor: ArcSwap::from_pointee((7, i64::MAX)),
        entry: cache.entry(&keys[11]),
        cache,
        keys,
    }
}

fn main() {
    let world = world();
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    match args.as_slice() {
        [name, times] => repeat(&world, name, times.parse().expect("a number of times")),
        _ => ROWS.iter().for_each(|(name, row)| {
            row(&world);
            println!("{name}");
        }),
    }
}

fn repeat(world: &World, name: &str, times: u32) {
    let (_, row) = ROWS
        .iter()
        .find(|(known, _)| *known == name)
        .expect("the name of a row");
    for _ in 0..times {
        black_box(row(black_box(world)));
    }
}
