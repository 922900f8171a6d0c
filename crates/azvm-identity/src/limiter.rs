//! Keeps this process within what the metadata service (IMDS) allows a whole virtual machine.
//!
//! The managed identity category of IMDS takes 20 requests a second and 5 at a time per VM and answers 429 above that
//! (*Azure Instance Metadata Service*, rate limiting). Other processes count too, and are out of reach here.

use azvm_exchange::Origin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

/// How many token requests of one process are under way at the same time, to one endpoint.
pub const MAX_REQUESTS_IN_FLIGHT: usize = 5;

/// How many token requests of one process are begun in any one second, to one endpoint.
pub const MAX_REQUESTS_PER_SECOND: usize = 20;

/// A little over a second: what leaves evenly may arrive less so.
const WINDOW: Duration = Duration::from_millis(1050);

/// Limiters of endpoints that nobody uses any more are dropped above this many.
const KEPT_ENDPOINTS: usize = 16;

static LIMITERS: Mutex<Vec<(Origin, Arc<Limiter>)>> = Mutex::new(Vec::new());

/// The limits of one endpoint, shared by every client of it in this process.
#[derive(Debug)]
pub(crate) struct Limiter {
    /// Fair: who waits first goes first.
    in_flight: Semaphore,
    /// Fair, too.
    begun: tokio::sync::Mutex<Begun>,
}

/// When the last requests were begun: a ring, oldest at `next`.
#[derive(Debug)]
struct Begun {
    at: [Option<Instant>; MAX_REQUESTS_PER_SECOND],
    next: usize,
}

/// The right to have one request under way; given back on drop.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    _in_flight: SemaphorePermit<'a>,
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
        let limiter = Arc::new(Self::new());
        limiters.push((origin.clone(), Arc::clone(&limiter)));
        limiter
    }

    fn new() -> Self {
        Self {
            in_flight: Semaphore::new(MAX_REQUESTS_IN_FLIGHT),
            begun: tokio::sync::Mutex::new(Begun {
                at: [None; MAX_REQUESTS_PER_SECOND],
                next: 0,
            }),
        }
    }

    /// Waits for a turn, first come, first served.
    ///
    /// Dropping the future gives the place in the queue up, and takes nothing away from the others.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        let permit = self
            .in_flight
            .acquire()
            .await
            .expect("the semaphore is never closed");
        // Held while waiting: the next in the queue cannot begin earlier anyway.
        let mut begun = self.begun.lock().await;
        let now = Instant::now();
        let begins = begun.next_share(now);
        if begins > now {
            // Only then: a timer takes a millisecond even for a moment that is past.
            sleep_until(begins).await;
        }
        begun.note(Instant::now());
        Turn { _in_flight: permit }
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

/// Nothing here panics while it holds a lock, and what the locks guard is right at any time.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Lets `count` requests of `cost` go as fast as they may; when each was begun, and the most at a time.
    async fn run(count: usize, cost: Duration) -> (Vec<Instant>, usize) {
        let limiter = Arc::new(Limiter::new());
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let requests = (0..count).map(|_| {
            let (limiter, running, most) = (limiter.clone(), running.clone(), most.clone());
            tokio::spawn(async move {
                let _turn = limiter.turn().await;
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
        let limiter = Limiter::new();
        for _ in 0..200 {
            drop(tokio::time::timeout(Duration::ZERO, limiter.turn()).await);
        }
        assert_eq!(
            limiter.in_flight.available_permits(),
            MAX_REQUESTS_IN_FLIGHT
        );
        tokio::time::sleep(WINDOW).await;
        let started = Instant::now();
        drop(limiter.turn().await);
        assert_eq!(started.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn impatient_callers_leave_no_share_unused() {
        let limiter = Arc::new(Limiter::new());
        let end = Instant::now() + Duration::from_secs(60);
        let callers = (0..8).map(|_| {
            let limiter = limiter.clone();
            tokio::spawn(async move {
                let mut turns = 0;
                while Instant::now() < end {
                    let patience = Duration::from_millis(200);
                    let turn = tokio::time::timeout(patience, limiter.turn()).await;
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
