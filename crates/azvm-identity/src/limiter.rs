//! Keeps this process within what the metadata service (IMDS) allows a whole virtual machine.
//!
//! The managed identity category of IMDS takes 20 requests a second and 5 at a time per VM and answers 429 above that
//! (*Azure Instance Metadata Service*, rate limiting). Other processes count too, and are out of reach here.
//!
//! ```text
//!   turn ──▶ in the queue ──▶ first of those who were seen lately, a place free, a share of this second left ──▶ Turn
//!                 ▲   │                                                                                         │
//!                 └───┘ looks again when woken, and every HEARTBEAT                  dropped, or its limit is over
//! ```
//!
//! A request may belong to a runtime that nobody drives any more: it neither ends nor goes away. So a place in the queue
//! is kept by who comes by, and a turn ends by itself soon after the request has to be over.

use azvm_exchange::Origin;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// How many token requests of one process are under way at the same time, to one endpoint.
pub const MAX_REQUESTS_IN_FLIGHT: usize = 5;

/// How many token requests of one process are begun in any one second, to one endpoint.
pub const MAX_REQUESTS_PER_SECOND: usize = 20;

/// A little over a second: what leaves evenly may arrive less so.
const WINDOW: Duration = Duration::from_millis(1050);

/// How often one who waits looks whether it is his turn, if nobody wakes him.
const HEARTBEAT: Duration = Duration::from_millis(250);

/// Who has not looked for this long is passed over, until he looks again.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who has not looked for this long has lost his place.
const LOST: Duration = Duration::from_secs(60);

/// How much longer than its request a turn lasts at most.
const GRACE: Duration = Duration::from_secs(1);

/// Limiters of endpoints that nobody uses any more are dropped above this many.
const KEPT_ENDPOINTS: usize = 16;

static LIMITERS: Mutex<Vec<(Origin, Arc<Limiter>)>> = Mutex::new(Vec::new());

/// The limits of one endpoint, shared by every client of it in this process.
#[derive(Debug, Default)]
pub(crate) struct Limiter(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    begun: Begun,
    /// Never more than may be in flight.
    running: Vec<Running>,
    /// Who came first stands first.
    waiting: VecDeque<Waiting>,
    /// Of turns and of places in the queue, never used twice.
    last_number: u64,
}

#[derive(Debug)]
struct Running {
    number: u64,
    over_at: Instant,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    seen_at: Instant,
    wake: Arc<Notify>,
}

/// When the last requests were begun: a ring, oldest at `next`.
#[derive(Debug, Default)]
struct Begun {
    at: [Option<Instant>; MAX_REQUESTS_PER_SECOND],
    next: usize,
}

/// The right to have one request under way; given back on drop.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    limiter: &'a Limiter,
    number: u64,
}

/// A place in the queue, given up on drop.
struct Place<'a> {
    limiter: &'a Limiter,
    number: u64,
    wake: Arc<Notify>,
}

impl Limiter {
    /// The one limiter of this endpoint.
    pub(crate) fn of(origin: &Origin) -> Arc<Self> {
        let mut limiters = lock(&LIMITERS);
        if let Some((_, limiter)) = limiters.iter().find(|(known, _)| known == origin) {
            return Arc::clone(limiter);
        }
        if limiters.len() >= KEPT_ENDPOINTS {
            limiters.retain(|(_, limiter)| Arc::strong_count(limiter) > 1);
        }
        let limiter = Arc::new(Self::default());
        limiters.push((origin.clone(), Arc::clone(&limiter)));
        limiter
    }

    /// A turn for a request that will be over within `limit`, if there is one to be had at once; else the number to wait with.
    pub(crate) fn turn_now(&self, limit: Duration) -> Result<Turn<'_>, u64> {
        let mut queue = lock(&self.0);
        queue.last_number += 1;
        let number = queue.last_number;
        if queue.begin(number, Instant::now(), limit) {
            Ok(self.begun(number))
        } else {
            Err(number)
        }
    }

    /// Waits for a turn, first come, first served, with the number from [`turn_now`](Self::turn_now) and for a request that will
    /// be over within `limit`.
    ///
    /// Dropping the future gives the place in the queue up, and takes nothing away from the others.
    pub(crate) async fn turn_later(&self, number: u64, limit: Duration) -> Turn<'_> {
        let place = Place {
            limiter: self,
            number,
            wake: Arc::default(),
        };
        loop {
            let look_again = {
                let (mut queue, now) = (lock(&self.0), Instant::now());
                queue.see(&place, now);
                if queue.begin(number, now, limit) {
                    break;
                }
                queue.next_look(now)
            };
            _ = timeout_at(look_again, place.wake.notified()).await;
        }
        self.begun(number)
    }

    fn begun(&self, number: u64) -> Turn<'_> {
        Turn {
            limiter: self,
            number,
        }
    }
}

impl Queue {
    /// Begins this turn, if it is time for it; then the next one may be due, too.
    fn begin(&mut self, number: u64, now: Instant, limit: Duration) -> bool {
        self.running.retain(|running| now < running.over_at);
        let mut before = self.waiting.iter();
        let is_next = before
            .find(|waiting| waiting.number == number || waiting.is_about(now))
            .is_none_or(|first| first.number == number);
        let is_free = self.running.len() < MAX_REQUESTS_IN_FLIGHT;
        if !is_next || !is_free || self.begun.next_share(now) > now {
            return false;
        }
        self.waiting.retain(|waiting| waiting.number != number);
        self.begun.note(now);
        self.running.push(Running {
            number,
            over_at: later(now, limit.saturating_add(GRACE)),
        });
        self.wake_first(now);
        true
    }

    /// Notes that this one still waits.
    fn see(&mut self, place: &Place<'_>, now: Instant) {
        self.waiting
            .retain(|waiting| waiting.number == place.number || now < waiting.seen_at + LOST);
        // Numbers only grow, so that the queue is sorted by them.
        let at = self
            .waiting
            .partition_point(|waiting| waiting.number < place.number);
        match self.waiting.get_mut(at) {
            Some(waiting) if waiting.number == place.number => waiting.seen_at = now,
            _ => {
                let waiting = Waiting {
                    number: place.number,
                    seen_at: now,
                    wake: Arc::clone(&place.wake),
                };
                self.waiting.insert(at, waiting);
            }
        }
    }

    /// When one who has to wait looks again. Only a share of the second comes at a known time.
    fn next_look(&self, now: Instant) -> Instant {
        let heartbeat = now + HEARTBEAT;
        let share = self.begun.next_share(now);
        if share > now {
            share.min(heartbeat)
        } else {
            heartbeat
        }
    }

    fn wake_first(&self, now: Instant) {
        if let Some(first) = self.waiting.iter().find(|waiting| waiting.is_about(now)) {
            first.wake.notify_one();
        }
    }

    /// Forgets a turn or a place.
    fn leave(&mut self, number: u64, now: Instant) {
        self.running.retain(|running| running.number != number);
        self.waiting.retain(|waiting| waiting.number != number);
        self.wake_first(now);
    }
}

impl Waiting {
    fn is_about(&self, now: Instant) -> bool {
        now < self.seen_at + PATIENCE
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        lock(&self.limiter.0).leave(self.number, Instant::now());
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        // Its turn, if it got one, is not its own.
        let mut queue = lock(&self.limiter.0);
        if queue
            .waiting
            .iter()
            .any(|waiting| waiting.number == self.number)
        {
            queue.leave(self.number, Instant::now());
        }
    }
}

impl Begun {
    /// The first moment from `now` on with a share left in its second.
    fn next_share(&self, now: Instant) -> Instant {
        match self.at[self.next] {
            Some(oldest) => now.max(oldest + WINDOW),
            None => now,
        }
    }

    fn note(&mut self, begun: Instant) {
        self.at[self.next] = Some(begun);
        self.next = (self.next + 1) % MAX_REQUESTS_PER_SECOND;
    }
}

/// A time too long for the clock counts as a year.
pub(crate) fn later(now: Instant, limit: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    now.checked_add(limit).unwrap_or_else(|| now + YEAR)
}

/// Nothing here panics while it holds a lock, and what the locks guard is right at any time.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Waker};

    const SECOND: Duration = Duration::from_secs(1);

    impl Limiter {
        async fn turn(&self, limit: Duration) -> Turn<'_> {
            match self.turn_now(limit) {
                Ok(turn) => turn,
                Err(number) => self.turn_later(number, limit).await,
            }
        }
    }

    /// Lets `count` requests of `cost` go as fast as they may; when each was begun, and the most at a time.
    async fn run(count: usize, cost: Duration) -> (Vec<Instant>, usize) {
        let limiter = Arc::new(Limiter::default());
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let requests = (0..count).map(|_| {
            let (limiter, running, most) = (limiter.clone(), running.clone(), most.clone());
            tokio::spawn(async move {
                let _turn = limiter.turn(cost).await;
                let begun = Instant::now();
                let now_running = running.fetch_add(1, Ordering::Relaxed) + 1;
                most.fetch_max(now_running, Ordering::Relaxed);
                tokio::time::sleep(cost).await;
                running.fetch_sub(1, Ordering::Relaxed);
                begun
            })
        });
        let mut begun = Vec::new();
        for request in requests.collect::<Vec<_>>() {
            begun.push(request.await.unwrap());
        }
        (begun, most.load(Ordering::Relaxed))
    }

    #[tokio::test(start_paused = true)]
    async fn no_second_sees_more_than_twenty() {
        let started = Instant::now();
        let (begun, _) = run(100, Duration::from_millis(1)).await;
        assert!(begun.is_sorted(), "first come, first served");
        let second = Duration::from_secs(1);
        for pair in begun.windows(MAX_REQUESTS_PER_SECOND + 1) {
            assert!(pair[MAX_REQUESTS_PER_SECOND] - pair[0] > second);
        }
        let took = begun[99] - started;
        assert!(took < 5 * WINDOW, "no slower than needed: {took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn five_are_under_way_at_a_time() {
        let (_, most) = run(30, Duration::from_secs(2)).await;
        assert_eq!(most, MAX_REQUESTS_IN_FLIGHT);
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_takes_nothing_along() {
        let limiter = Limiter::default();
        for _ in 0..200 {
            drop(tokio::time::timeout(Duration::ZERO, limiter.turn(SECOND)).await);
        }
        let left = |queue: &Queue| queue.running.len() + queue.waiting.len();
        assert_eq!(left(&lock(&limiter.0)), 0);
        tokio::time::sleep(WINDOW).await;
        let started = Instant::now();
        drop(limiter.turn(SECOND).await);
        assert_eq!(started.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn impatient_callers_leave_no_share_unused() {
        let limiter = Arc::new(Limiter::default());
        let end = Instant::now() + Duration::from_secs(60);
        let callers = (0..8).map(|_| {
            let limiter = limiter.clone();
            tokio::spawn(async move {
                let mut turns = 0;
                while Instant::now() < end {
                    let patience = Duration::from_millis(200);
                    let turn = tokio::time::timeout(patience, limiter.turn(SECOND)).await;
                    turns += usize::from(turn.is_ok());
                }
                turns
            })
        });
        let mut turns = 0;
        for caller in callers.collect::<Vec<_>>() {
            turns += caller.await.unwrap();
        }
        assert!((1000..=1200).contains(&turns), "{turns} in a minute");
    }

    /// A request that never ends, as of a runtime that is not driven any more.
    #[tokio::test(start_paused = true)]
    async fn a_turn_that_is_never_given_back_ends_with_its_request() {
        let limiter = Limiter::default();
        let started = Instant::now();
        for _ in 0..MAX_REQUESTS_IN_FLIGHT {
            std::mem::forget(limiter.turn(15 * SECOND).await);
        }
        let _sixth = limiter.turn(SECOND).await;
        let waited = started.elapsed();
        assert!(waited >= 15 * SECOND + GRACE, "{waited:?}");
        assert!(
            waited <= 15 * SECOND + GRACE + HEARTBEAT + HEARTBEAT,
            "{waited:?}"
        );
    }

    /// One who waits and is not polled any more, nor dropped.
    #[tokio::test(start_paused = true)]
    async fn who_does_not_come_by_is_passed_over_and_keeps_his_place() {
        let limiter = Limiter::default();
        let mut held = Vec::new();
        for _ in 0..MAX_REQUESTS_IN_FLIGHT {
            held.push(limiter.turn(60 * SECOND).await);
        }
        let mut absent = pin!(limiter.turn(SECOND));
        let mut context = Context::from_waker(Waker::noop());
        assert!(absent.as_mut().poll(&mut context).is_pending());
        let started = Instant::now();
        let give_back = async {
            tokio::time::sleep(SECOND / 2).await;
            held.pop();
        };
        let (second, ()) = tokio::join!(limiter.turn(SECOND), give_back);
        let waited = started.elapsed();
        assert!(
            waited >= PATIENCE && waited <= PATIENCE + 2 * HEARTBEAT,
            "{waited:?}"
        );
        let mut third = pin!(limiter.turn(SECOND));
        assert!(third.as_mut().poll(&mut context).is_pending());
        assert!(
            absent.as_mut().poll(&mut context).is_pending(),
            "he is back"
        );
        drop(second);
        assert!(third.as_mut().poll(&mut context).is_pending());
        assert!(absent.as_mut().poll(&mut context).is_ready(), "and first");
    }

    #[tokio::test(start_paused = true)]
    async fn places_that_nobody_comes_back_to_do_not_add_up() {
        let limiter = Limiter::default();
        for _ in 0..MAX_REQUESTS_IN_FLIGHT {
            std::mem::forget(limiter.turn(1_000 * SECOND).await);
        }
        for _ in 0..100 {
            let mut absent = Box::pin(limiter.turn(SECOND));
            let mut context = Context::from_waker(Waker::noop());
            assert!(absent.as_mut().poll(&mut context).is_pending());
            std::mem::forget(absent);
            tokio::time::sleep(SECOND).await;
        }
        let waiting = lock(&limiter.0).waiting.len() as u64;
        assert!(waiting <= LOST.as_secs() + 1, "{waiting}");
    }

    #[test]
    fn clients_of_one_endpoint_share_a_limiter() {
        let origin = |port: u16| format!("http://127.0.0.1:{port}").parse().unwrap();
        let kept = Limiter::of(&origin(1));
        for port in 2..200 {
            let _ = Limiter::of(&origin(port));
        }
        assert!(Arc::ptr_eq(&kept, &Limiter::of(&origin(1))));
        assert!(!Arc::ptr_eq(&kept, &Limiter::of(&origin(2))));
        assert!(lock(&LIMITERS).len() <= KEPT_ENDPOINTS + 1);
    }
}
