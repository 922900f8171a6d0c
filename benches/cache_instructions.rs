//! What a cached value costs, in instructions.

#[path = "support/rows.rs"]
mod rows;
#[path = "support/seconds.rs"]
mod seconds;

use rows::{Row, run};
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

const ROWS: [Row<World>; 8] = [
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
    run(&world(), &ROWS);
}
