//! How many requests the simulated services take.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The limits of IMDS, per VM: a number a second, and for identity a number at a time.
#[derive(Debug)]
pub(crate) struct ImdsLimits {
    is_on: AtomicBool,
    identity: Window,
    others: Window,
    running: Arc<AtomicUsize>,
}

/// Holds the place of one identity request until it is answered.
#[derive(Debug)]
pub(crate) struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl ImdsLimits {
    pub(crate) fn new(is_on: bool) -> Self {
        Self {
            is_on: AtomicBool::new(is_on),
            identity: Window::new(IDENTITY_PER_SECOND),
            others: Window::new(OTHERS_PER_SECOND),
            running: Arc::default(),
        }
    }

    pub(crate) fn switch(&self, is_on: bool) {
        self.is_on.store(is_on, Ordering::Release);
    }

    /// Whether another request fits; for an identity request the place that it takes.
    pub(crate) fn admit(
        &self,
        is_identity: bool,
        now: Duration,
    ) -> Result<Option<Place>, Exceeded> {
        if !self.is_on.load(Ordering::Acquire) {
            return Ok(None);
        }
        if !is_identity {
            return if self.others.admits(now) {
                Ok(None)
            } else {
                Err(Exceeded)
            };
        }
        let place = Place(Arc::clone(&self.running));
        let others = self.running.fetch_add(1, Ordering::AcqRel);
        if others < IDENTITY_AT_A_TIME && self.identity.admits(now) {
            Ok(Some(place))
        } else {
            Err(Exceeded)
        }
    }
}

/// There were too many requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exceeded;

/// So many in any second.
#[derive(Debug)]
struct Window {
    per_second: usize,
    recent: Mutex<VecDeque<Duration>>,
}

impl Window {
    fn new(per_second: usize) -> Self {
        Self {
            per_second,
            recent: Mutex::default(),
        }
    }

    /// A request that is refused does not count.
    fn admits(&self, now: Duration) -> bool {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        while recent
            .front()
            .is_some_and(|at| now.saturating_sub(*at) >= Duration::from_secs(1))
        {
            recent.pop_front();
        }
        let fits = recent.len() < self.per_second;
        if fits {
            recent.push_back(now);
        }
        fits
    }
}

/// The token buckets of Resource Manager, by principal and kind of request.
#[derive(Debug)]
pub(crate) struct ArmLimits {
    is_on: AtomicBool,
    buckets: Mutex<HashMap<(String, Kind), Bucket>>,
}

/// What a request costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Delete,
    Read,
    Write,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// In thousandths of a request.
    millis: u64,
    at: Duration,
}

impl ArmLimits {
    pub(crate) fn new(is_on: bool) -> Self {
        Self {
            is_on: AtomicBool::new(is_on),
            buckets: Mutex::default(),
        }
    }

    pub(crate) fn switch(&self, is_on: bool) {
        self.is_on.store(is_on, Ordering::Release);
    }

    /// How many requests are left after this one, or the seconds until there is another.
    pub(crate) fn take(&self, principal: &str, kind: Kind, now: Duration) -> Result<u64, u64> {
        if !self.is_on.load(Ordering::Acquire) {
            return Ok(kind.capacity() - 1);
        }
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_BUCKETS {
            buckets.clear();
        }
        let full = Bucket {
            millis: kind.capacity() * 1_000,
            at: now,
        };
        let bucket = buckets
            .entry((principal.to_ascii_lowercase(), kind))
            .or_insert(full);
        let passed = now.saturating_sub(bucket.at).as_millis();
        let refilled = u64::try_from(passed)
            .unwrap_or(u64::MAX)
            .saturating_mul(kind.refill_per_second());
        bucket.millis = bucket.millis.saturating_add(refilled).min(full.millis);
        bucket.at = bucket.at.max(now);
        if bucket.millis < 1_000 {
            return Err(1);
        }
        bucket.millis -= 1_000;
        Ok(bucket.millis / 1_000)
    }
}

impl Kind {
    /// As in the header `x-ms-ratelimit-remaining-subscription-…`.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Delete => "x-ms-ratelimit-remaining-subscription-deletes",
            Self::Read => "x-ms-ratelimit-remaining-subscription-reads",
            Self::Write => "x-ms-ratelimit-remaining-subscription-writes",
        }
    }

    fn capacity(self) -> u64 {
        match self {
            Self::Delete | Self::Write => 200,
            Self::Read => 250,
        }
    }

    fn refill_per_second(self) -> u64 {
        match self {
            Self::Delete | Self::Write => 10,
            Self::Read => 25,
        }
    }
}

const IDENTITY_PER_SECOND: usize = 20;
const IDENTITY_AT_A_TIME: usize = 5;
const OTHERS_PER_SECOND: usize = 5;
const MAX_BUCKETS: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(limits: &ImdsLimits, is_identity: bool, millis: u64) -> usize {
        let now = Duration::from_millis(millis);
        let tries = (0..100).filter(|_| limits.admit(is_identity, now).is_ok());
        tries.count()
    }

    #[test]
    fn so_many_a_second_and_no_more() {
        let limits = ImdsLimits::new(true);
        assert_eq!(admitted(&limits, true, 0), 20);
        assert_eq!(admitted(&limits, false, 0), 5);
        assert_eq!(admitted(&limits, true, 999), 0);
        assert_eq!(admitted(&limits, true, 1_000), 20);
        limits.switch(false);
        assert_eq!(admitted(&limits, true, 1_000), 100);
    }

    #[test]
    fn five_identity_requests_at_a_time() {
        let limits = ImdsLimits::new(true);
        let mut places: Vec<_> = (0..5)
            .map(|_| limits.admit(true, Duration::ZERO).unwrap())
            .collect();
        assert_eq!(limits.admit(true, Duration::ZERO).unwrap_err(), Exceeded);
        assert_eq!(admitted(&limits, false, 0), 5);
        places.pop();
        assert!(limits.admit(true, Duration::ZERO).is_ok());
    }

    #[test]
    fn buckets_empty_and_refill() {
        let limits = ArmLimits::new(true);
        let take =
            |principal: &str, kind, secs| limits.take(principal, kind, Duration::from_secs(secs));
        let left: Vec<_> = (0..251).map(|_| take("p", Kind::Read, 0)).collect();
        assert_eq!((left[0], left[249], left[250]), (Ok(249), Ok(0), Err(1)));
        assert_eq!(take("q", Kind::Read, 0), Ok(249));
        assert_eq!(take("p", Kind::Write, 0), Ok(199));
        assert_eq!(take("P", Kind::Read, 1), Ok(24));
        assert_eq!(take("p", Kind::Read, 1_000_000), Ok(249));
        limits.switch(false);
        assert_eq!(take("p", Kind::Delete, 0), Ok(199));
    }
}
