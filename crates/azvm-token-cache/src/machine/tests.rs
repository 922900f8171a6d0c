//! Random orders of events against the rules, judged by a model that keeps every value ever received.

use super::*;
use crate::policy::{DEFAULT_ERROR_MEMORY, DEFAULT_FETCH_LIMIT, DEFAULT_MARGIN};
use proptest::prelude::*;
use std::collections::HashMap;
use std::time::Duration;

#[derive(Clone, Debug)]
enum Event {
    Ask,
    /// By one who cannot start a flight.
    AskOutside,
    /// A flight that was given up brings a value after all.
    Late,
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
        2 => Just(Event::AskOutside),
        1 => Just(Event::Late),
        4 => (lives, errors).prop_map(|(by_age_secs, error)| Event::Value {
            by_wall_secs: error + i64::try_from(by_age_secs).unwrap(),
            by_age_secs,
        }),
        1 => Just(Event::Definitive),
        1 => Just(Event::Transient),
        1 => Just(Event::Panic),
        4 => prop_oneof![0_u64..2_000, 0_u64..60_000, 100_000_u64..300_000, 0_u64..50_000_000]
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
    /// The current one, and when it began.
    flight: Option<(u64, Nanos)>,
    given_up: Vec<u64>,
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
                fetch_limit: DEFAULT_FETCH_LIMIT,
                seed,
            },
            now: Now {
                unix_secs: 1_700_000_000,
                monotonic: 77_000_000_000,
            },
            flight: None,
            given_up: Vec::new(),
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
            Event::AskOutside => self.ask_outside(),
            Event::Late => self.land_late(),
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
        self.give_up();
        let next = self.flights + 1;
        match self.machine.ask(&self.policy, self.now, Some(|| next)) {
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
            Answer::Join(flight, left) => self.join(flight, left),
            Answer::Fetch(flight) => {
                self.take_off(flight);
                let since = self.definitive_at.map(|at| self.now.monotonic - at);
                assert!(
                    since.is_none_or(|since| since >= nanos(DEFAULT_ERROR_MEMORY)),
                    "not remembered"
                );
            }
            Answer::NoRuntime => panic!("there is one"),
            Answer::Fail(error) => self.hear(&error),
        }
    }

    /// As `ask`, but what would start is left.
    fn ask_outside(&mut self) {
        self.give_up();
        let failures = self.machine.counts().failures;
        let held_back = self.machine.refresh_not_before;
        match self
            .machine
            .ask(&self.policy, self.now, None::<fn() -> u64>)
        {
            Answer::Serve(slot) => self.serve(slot),
            Answer::Join(flight, left) => self.join(flight, left),
            Answer::Fail(error) => self.hear(&error),
            Answer::NoRuntime => assert_eq!(self.flight, None, "there is one to join"),
            Answer::Refresh(..) | Answer::Fetch(_) => panic!("started in no runtime"),
        }
        assert_eq!(self.machine.counts().failures, failures);
        assert_eq!(self.machine.refresh_not_before, held_back);
    }

    /// Exactly what is over its limit is given up.
    fn give_up(&mut self) {
        let limit = nanos(DEFAULT_FETCH_LIMIT);
        let now = self.now.monotonic;
        let overdue = self.flight.take_if(|(_, began)| now - *began >= limit);
        let given_up = self.machine.give_up(&self.policy, self.now);
        assert_eq!(given_up, overdue.map(|(flight, _)| flight));
        if let Some((flight, began)) = overdue {
            self.given_up.push(flight);
            self.refresh_failed_at = Some(began);
        }
    }

    fn join(&self, flight: u64, left: Nanos) {
        let (current, began) = self.flight.expect("joined a flight that is over");
        assert_eq!(flight, current);
        let limit = nanos(DEFAULT_FETCH_LIMIT);
        assert_eq!(left, began + limit - self.now.monotonic);
        assert!(left > 0, "joined a flight that is over its limit");
    }

    /// Nothing changes, and the value comes back to be dropped.
    fn land_late(&mut self) {
        let Some(flight) = self.given_up.pop() else {
            return;
        };
        let before = format!("{:?}", self.machine);
        let fresh = Fresh::new(flight, i64::MAX, Duration::MAX);
        let landed = Landed::Fetched(Ok(fresh));
        let is_it = |current: &u64| *current == flight;
        let landing = self.machine.land(&self.policy, self.now, is_it, landed);
        assert!(landing.is_err(), "a flight that was given up has landed");
        assert_eq!(before, format!("{:?}", self.machine));
    }

    fn hear(&self, error: &FetchError<&'static str>) {
        match error {
            FetchError::ClockJumped => {
                let last = &self.received[&self.last];
                let age = Duration::from_nanos(self.now.monotonic - last.at.monotonic);
                let by_wall = self.now.unix_secs - last.at.unix_secs;
                assert!(
                    age < MIN_INTERVAL && !last.invalidated,
                    "held for no reason"
                );
                assert!(by_wall >= 30, "the wall clock has not jumped");
            }
            error => {
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
        let began = self.now.monotonic;
        let other = self.flight.replace((flight, began));
        assert_eq!(other, None, "two current flights at a time");
        self.flights = flight;
    }

    fn serve(&mut self, slot: Slot<u64>) {
        self.received[&slot.value].check_alive(self.now);
        self.served.push(slot.value);
    }

    fn land(&mut self, landed: Landed<u64, &'static str>) {
        let Some((flight, _)) = self.flight.take() else {
            return; // only what has taken off can land
        };
        let is_definitive = matches!(landed, Landed::Fetched(Err(Failed::Definitive(_))));
        let is_it = |current: &u64| *current == flight;
        let landing = self.machine.land(&self.policy, self.now, is_it, landed);
        let Ok(landing) = landing else {
            panic!("the current flight was not known");
        };
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

/// A machine that sleeps between the source's answer and its receipt.
#[test]
fn the_time_of_a_fetch_counts_as_lived() {
    const HOUR: i64 = 3_600;
    for (left_secs, is_served) in [(60, false), (86_400, true)] {
        for sleep in [
            Event::Jump { secs: 9 * HOUR },
            Event::Pass {
                millis: 9 * 3_600_000,
            },
        ] {
            let mut model = Model::new(7);
            model.play(&Event::Ask);
            model.play(&sleep);
            let by_wall_secs = i64::try_from(left_secs).unwrap() - 9 * HOUR;
            model.play(&Event::Value {
                by_wall_secs,
                by_age_secs: left_secs,
            });
            assert_eq!(
                model.served.len(),
                usize::from(is_served),
                "{left_secs} s, {sleep:?}"
            );
            if let Some(slot) = model.machine.slot(model.now) {
                let left = slot.usable.monotonic - model.now.monotonic;
                assert_eq!(left, nanos(Duration::from_secs(15 * 3_600 - 300)));
            }
        }
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
        let policy = Policy { margin, ..Model::new(0).policy };
        let fresh = Fresh::new((), expires_on_unix_secs, Duration::from_secs(expires_in_secs));
        prop_assert!(Validity::new(&fresh, &policy, now, now).is_some());
    }
}
