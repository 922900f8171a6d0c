//! Random orders of events against the rules, judged by a model that keeps every value ever received.

use super::*;
use crate::policy::{DEFAULT_ERROR_MEMORY, DEFAULT_MARGIN};
use proptest::prelude::*;
use std::collections::HashMap;
use std::time::Duration;

#[derive(Clone, Debug)]
enum Event {
    Ask,
    /// The flight brings a value with this much left by the wall clock and by age.
    Value {
        by_wall_secs: i64,
        by_age_secs: u64,
    },
    Definitive,
    Transient,
    Panic,
    /// Both clocks run.
    Pass {
        millis: u64,
    },
    /// The wall clock is set; forward also stands for a suspended machine.
    Jump {
        secs: i64,
    },
    /// What was served last, or long before, is not accepted.
    Invalidate {
        newest: bool,
    },
}

fn event() -> impl Strategy<Value = Event> {
    let lives = prop_oneof![0_u64..100, 0_u64..3_000, 0_u64..100_000];
    let errors = prop_oneof![Just(0_i64), -100_i64..100, -100_000_i64..100_000];
    prop_oneof![
        8 => Just(Event::Ask),
        4 => (lives, errors).prop_map(|(by_age_secs, error)| Event::Value {
            by_wall_secs: error + i64::try_from(by_age_secs).unwrap(),
            by_age_secs,
        }),
        1 => Just(Event::Definitive),
        1 => Just(Event::Transient),
        1 => Just(Event::Panic),
        4 => prop_oneof![0_u64..2_000, 0_u64..60_000, 0_u64..50_000_000]
            .prop_map(|millis| Event::Pass { millis }),
        2 => prop_oneof![-100_i64..100, -200_000_i64..200_000].prop_map(|secs| Event::Jump { secs }),
        1 => any::<bool>().prop_map(|newest| Event::Invalidate { newest }),
    ]
}

/// When each number that was ever received is dead, by the rules as the documentation puts them.
struct Received {
    at: Now,
    by_wall_secs: i64,
    by_age_secs: u64,
    invalidated: bool,
}

impl Received {
    #[track_caller]
    fn check_alive(&self, now: Now) {
        assert!(!self.invalidated);
        let age = now.monotonic - self.at.monotonic;
        assert!(age < self.by_age_secs * 1_000_000_000, "dead by age");
        let by_wall = now.unix_secs - self.at.unix_secs;
        let is_clock_wrong = self.by_wall_secs < 30 && self.by_age_secs >= 30;
        let lifetime = if is_clock_wrong {
            i64::try_from(self.by_age_secs).unwrap()
        } else {
            self.by_wall_secs
        };
        assert!(by_wall < lifetime, "dead by the wall clock");
        let left = lifetime.min(i64::try_from(self.by_age_secs).unwrap());
        if left >= 600 {
            assert!(
                by_wall < lifetime - 300,
                "within the margin by the wall clock"
            );
            assert!(
                age < (self.by_age_secs - 300) * 1_000_000_000,
                "within the margin by age"
            );
        }
    }
}

struct Model {
    machine: Machine<u64, &'static str, u64>,
    policy: Policy,
    now: Now,
    flight: Option<u64>,
    flights: u64,
    received: HashMap<u64, Received>,
    served: Vec<Arc<u64>>,
    /// The number of the value received last.
    last: u64,
    refresh_failed_at: Option<Nanos>,
    definitive_at: Option<Nanos>,
}

impl Model {
    fn new(seed: u64) -> Self {
        Self {
            machine: Machine::default(),
            policy: Policy {
                margin: DEFAULT_MARGIN,
                error_memory: DEFAULT_ERROR_MEMORY,
                seed,
            },
            now: Now {
                unix_secs: 1_700_000_000,
                monotonic: 77_000_000_000,
            },
            flight: None,
            flights: 0,
            received: HashMap::new(),
            served: Vec::new(),
            last: 0,
            refresh_failed_at: None,
            definitive_at: None,
        }
    }

    fn play(&mut self, event: &Event) {
        match *event {
            Event::Ask => self.ask(),
            Event::Value {
                by_wall_secs,
                by_age_secs,
            } => {
                let number = self.flights;
                let expires_on = self.now.unix_secs + by_wall_secs;
                let fresh = Fresh::new(number, expires_on, Duration::from_secs(by_age_secs));
                if self.flight.is_some() {
                    let received = Received {
                        at: self.now,
                        by_wall_secs,
                        by_age_secs,
                        invalidated: false,
                    };
                    self.received.insert(number, received);
                }
                self.land(Landed::Fetched(Ok(fresh)));
            }
            Event::Definitive => self.land(Landed::Fetched(Err(Failed::Definitive("definitive")))),
            Event::Transient => self.land(Landed::Fetched(Err(Failed::Transient("transient")))),
            Event::Panic => self.land(Landed::Panicked),
            Event::Pass { millis } => {
                let secs = i64::try_from(millis / 1_000).unwrap();
                self.now.unix_secs += secs;
                self.now.monotonic += millis * 1_000_000;
            }
            Event::Jump { secs } => self.now.unix_secs += secs,
            Event::Invalidate { newest } => self.invalidate(newest),
        }
        self.check_slot();
    }

    fn ask(&mut self) {
        let next = self.flights + 1;
        match self.machine.ask(self.now, || next) {
            Answer::Serve(slot) => self.serve(slot),
            Answer::Refresh(slot, flight) => {
                self.serve(slot);
                self.take_off(flight);
                let quiet = self.refresh_failed_at.map(|at| self.now.monotonic - at);
                assert!(
                    quiet.is_none_or(|quiet| quiet >= nanos(MIN_INTERVAL)),
                    "no back-off"
                );
            }
            Answer::Join(flight) => {
                assert_eq!(Some(flight), self.flight, "joined a flight that is over")
            }
            Answer::Fetch(flight) => {
                self.take_off(flight);
                let since = self.definitive_at.map(|at| self.now.monotonic - at);
                assert!(
                    since.is_none_or(|since| since >= nanos(DEFAULT_ERROR_MEMORY)),
                    "not remembered"
                );
            }
            Answer::Fail(FetchError::ClockJumped) => {
                let last = &self.received[&self.last];
                let age = Duration::from_nanos(self.now.monotonic - last.at.monotonic);
                let by_wall = self.now.unix_secs - last.at.unix_secs;
                assert!(
                    age < MIN_INTERVAL && !last.invalidated,
                    "held for no reason"
                );
                assert!(by_wall >= 30, "the wall clock has not jumped");
            }
            Answer::Fail(error) => {
                assert!(matches!(error, FetchError::Failed(_) | FetchError::Expired));
                let since = self.definitive_at.map(|at| self.now.monotonic - at);
                assert!(
                    since.is_some_and(|since| since < nanos(DEFAULT_ERROR_MEMORY)),
                    "remembered for too long"
                );
            }
        }
    }

    fn take_off(&mut self, flight: u64) {
        assert_eq!(self.flight.replace(flight), None, "two flights at a time");
        self.flights = flight;
    }

    fn serve(&mut self, slot: Slot<u64>) {
        self.received[&slot.value].check_alive(self.now);
        self.served.push(slot.value);
    }

    fn land(&mut self, landed: Landed<u64, &'static str>) {
        if self.flight.take().is_none() {
            return; // only what has taken off can land
        }
        let is_definitive = matches!(landed, Landed::Fetched(Err(Failed::Definitive(_))));
        let landing = self.machine.land(&self.policy, self.now, landed);
        match landing.outcome {
            Ok(slot) => {
                self.last = *slot.value;
                self.serve(slot);
                (self.refresh_failed_at, self.definitive_at) = (None, None);
            }
            Err(error) => {
                self.refresh_failed_at = Some(self.now.monotonic);
                let is_remembered = is_definitive || matches!(error, FetchError::Expired);
                self.definitive_at = is_remembered.then_some(self.now.monotonic);
            }
        }
    }

    fn invalidate(&mut self, newest: bool) {
        let value = if newest {
            self.served.last()
        } else {
            self.served.first()
        };
        if let Some(value) = value.cloned() {
            self.machine.invalidate(&value);
            if let Some(received) = self.received.get_mut(&value) {
                received.invalidated = true;
            }
        }
    }

    /// What hits may see: nothing dead now, and nothing at any later time that is dead then.
    fn check_slot(&self) {
        let Some(slot) = self.machine.slot(self.now) else {
            return;
        };
        let received = &self.received[&slot.value];
        received.check_alive(self.now);
        assert!(slot.quiet.unix_secs <= slot.usable.unix_secs);
        assert!(slot.quiet.monotonic <= slot.usable.monotonic);
        // The last moments that are still fine, on each clock with the other one standing still.
        received.check_alive(Now {
            unix_secs: slot.usable.unix_secs - 1,
            ..self.now
        });
        received.check_alive(Now {
            monotonic: slot.usable.monotonic - 1,
            ..self.now
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_events_breaks_the_rules(
        seed in any::<u64>(),
        events in prop::collection::vec(event(), 1..120),
    ) {
        let mut model = Model::new(seed);
        for event in &events {
            model.play(event);
        }
    }

    #[test]
    fn a_clock_alone_causes_at_most_one_fetch_per_interval(
        seed in any::<u64>(),
        jumps in prop::collection::vec((-200_000_i64..200_000, 0_u64..40_000), 1..60),
    ) {
        let mut model = Model::new(seed);
        let mut starts = Vec::new();
        for (secs, millis) in jumps {
            model.play(&Event::Ask);
            if model.flight.is_some() {
                starts.push(model.now.monotonic);
                // The service tells the truth, and its answers live for a day from now on by a clock that we do not see.
                model.play(&Event::Value { by_wall_secs: 86_400, by_age_secs: 86_400 });
            }
            model.play(&Event::Jump { secs });
            model.play(&Event::Pass { millis });
        }
        // The first fetch of all is nobody's fault, and neither is the first one after a jump.
        for three in starts.windows(3) {
            prop_assert!(three[2] - three[0] >= nanos(MIN_INTERVAL), "{starts:?}");
        }
    }

    #[test]
    fn what_lives_two_seconds_is_usable_at_once(
        unix_secs in -1_000_000_000_000_i64..1_000_000_000_000,
        expires_on_unix_secs in any::<i64>(),
        expires_in_secs in 2_u64..1_000_000,
        margin_secs in any::<u64>(),
    ) {
        let now = Now { unix_secs, monotonic: 0 };
        prop_assume!(expires_in_secs >= 30 || expires_on_unix_secs >= unix_secs + 2);
        let margin = Duration::from_secs(margin_secs);
        let policy = Policy { margin, error_memory: Duration::ZERO, seed: 0 };
        let fresh = Fresh::new((), expires_on_unix_secs, Duration::from_secs(expires_in_secs));
        prop_assert!(Validity::new(&fresh, &policy, now).is_some());
    }
}
