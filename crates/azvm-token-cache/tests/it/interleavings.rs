//! Random interleavings over the whole cache: callers that come and go, fetches that end in every way, clocks that jump.
//!
//! The runtime has one thread and a paused clock, so that a waiter that is never woken is an immediate time-out, not a hang.

use crate::fixture::{START, settle};
use azvm_token_cache::{
    Cache, Clock, Config, DEFAULT_FETCH_LIMIT, Entry, Failed, FetchError, Fresh, ManualClock,
};
use proptest::prelude::*;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const KEYS: u8 = 3;
const CAPACITY: usize = 2;

#[derive(Clone, Debug)]
enum Event {
    Get {
        key: u8,
        by_entry: bool,
    },
    /// A caller goes away.
    Cancel {
        waiter: usize,
    },
    /// A fetch under way ends.
    End {
        fetch: usize,
        how: End,
    },
    Advance {
        secs: u32,
    },
    Jump {
        secs: i64,
    },
    Invalidate {
        key: u8,
    },
    /// Lets the tasks run; without it the events above meet each other half-way.
    Settle,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Value { secs: u32 },
    Definitive,
    Transient,
    Panic,
}

fn event() -> impl Strategy<Value = Event> {
    let end = prop_oneof![
        4 => prop_oneof![0_u32..60, 0_u32..90_000].prop_map(|secs| End::Value { secs }),
        1 => Just(End::Definitive),
        1 => Just(End::Transient),
        1 => Just(End::Panic),
    ];
    prop_oneof![
        8 => (0..KEYS, any::<bool>()).prop_map(|(key, by_entry)| Event::Get { key, by_entry }),
        2 => (0_usize..8).prop_map(|waiter| Event::Cancel { waiter }),
        4 => (0_usize..4, end).prop_map(|(fetch, how)| Event::End { fetch, how }),
        2 => prop_oneof![0_u32..10, 100_u32..300, 0_u32..50_000]
            .prop_map(|secs| Event::Advance { secs }),
        1 => (-100_000_i64..100_000).prop_map(|secs| Event::Jump { secs }),
        1 => (0..KEYS).prop_map(|key| Event::Invalidate { key }),
        4 => Just(Event::Settle),
    ]
}

/// A value that knows when it dies by age.
#[derive(Debug)]
struct Value {
    dead_at: Duration,
}

type Outcome = Result<Arc<Value>, FetchError<&'static str>>;
type Answer = Result<Fresh<Value>, Failed<&'static str>>;

/// A fetch under way. Dropping the sender makes it panic.
struct Fetching {
    key: u8,
    began: Duration,
    answer: oneshot::Sender<Answer>,
}

struct World {
    cache: Cache<u8, Value, &'static str>,
    entry: Entry<u8, Value, &'static str>,
    clock: Arc<ManualClock>,
    fetches: Arc<Mutex<VecDeque<Fetching>>>,
    waiters: Vec<JoinHandle<Outcome>>,
    invalidated: Vec<Arc<Value>>,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let config = Config::new()
            .with_capacity(CAPACITY)
            .with_clock(Arc::clone(&clock) as Arc<dyn Clock>);
        let cache = Cache::new(config);
        Self {
            entry: cache.entry(&0),
            cache,
            clock,
            fetches: Arc::default(),
            waiters: Vec::new(),
            invalidated: Vec::new(),
        }
    }

    async fn play(&mut self, event: &Event) {
        match *event {
            Event::Get { key, by_entry } => self.get(key, by_entry),
            Event::Cancel { waiter } => {
                if let Some(waiter) = self.waiters.get(waiter) {
                    waiter.abort();
                }
            }
            Event::End { fetch, how } => {
                self.end(fetch, how);
                settle().await; // now is when the value is received
            }
            Event::Advance { secs } => self.clock.advance_secs(secs),
            Event::Jump { secs } => self.clock.advance_wall(secs),
            Event::Invalidate { key } => {
                if let Some(value) = self.cache.peek(&key) {
                    assert!(self.cache.invalidate(&key, &value));
                    self.invalidated.push(value.to_arc());
                }
            }
            Event::Settle => settle().await,
        }
    }

    /// Starts a caller of its own.
    fn get(&mut self, key: u8, by_entry: bool) {
        let (cache, entry) = (self.cache.clone(), self.entry.clone());
        let (fetches, clock) = (Arc::clone(&self.fetches), Arc::clone(&self.clock));
        self.waiters.push(tokio::spawn(async move {
            let fetch = || {
                let (answer, answered) = oneshot::channel();
                let mut fetches = fetches.lock().unwrap();
                let began = clock.monotonic();
                let is_over = |other: &Fetching| began - other.began >= DEFAULT_FETCH_LIMIT;
                assert!(
                    fetches
                        .iter()
                        .all(|other| other.key != key || is_over(other)),
                    "two fetches of one key at a time"
                );
                fetches.push_back(Fetching { key, began, answer });
                async move { answered.await.expect("a panic on purpose") }
            };
            let outcome = if by_entry && key == 0 {
                entry.get_or_fetch(fetch).await
            } else {
                cache.get_or_fetch(&key, fetch).await
            };
            let value = outcome?.to_arc();
            assert!(clock.monotonic() < value.dead_at, "a dead value was served");
            Ok(value)
        }));
    }

    fn end(&self, fetch: usize, how: End) {
        let Some(Fetching { answer, .. }) = self.fetches.lock().unwrap().remove(fetch) else {
            return;
        };
        let answered = match how {
            End::Value { secs } => {
                let expires_in = Duration::from_secs(secs.into());
                let dead_at = self.clock.monotonic() + expires_in;
                let expires_on = self.clock.unix_secs() + i64::from(secs);
                answer.send(Ok(Fresh::new(Value { dead_at }, expires_on, expires_in)))
            }
            End::Definitive => answer.send(Err(Failed::Definitive("definitive"))),
            End::Transient => answer.send(Err(Failed::Transient("transient"))),
            End::Panic => return,
        };
        assert!(answered.is_ok(), "nobody can cancel a fetch");
    }

    /// Ends what is under way until nothing is, and then every waiter must have ended, too.
    async fn finish(mut self) {
        loop {
            settle().await;
            if self.fetches.lock().unwrap().is_empty() {
                break;
            }
            self.end(0, End::Transient);
        }
        for waiter in self.waiters.drain(..) {
            let ended = tokio::time::timeout(Duration::from_secs(1), waiter).await;
            match ended.expect("a waiter was never woken") {
                Ok(_) => {}
                Err(stopped) => assert!(stopped.is_cancelled(), "{stopped}"),
            }
        }
        let metrics = self.cache.metrics();
        assert_eq!((metrics.in_flight, metrics.waiting), (0, 0));
        assert!(metrics.keys <= CAPACITY + 1, "and the one of the entry");
        for key in 0..KEYS {
            let kept = self.cache.peek(&key).map(|value| value.to_arc());
            let is_kept =
                |gone: &Arc<Value>| kept.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, gone));
            assert!(
                !self.invalidated.iter().any(is_kept),
                "an invalidated value is back"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn every_waiter_ends(events in prop::collection::vec(event(), 1..80)) {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut world = World::new();
            for event in &events {
                world.play(event).await;
            }
            world.finish().await;
        });
    }
}
