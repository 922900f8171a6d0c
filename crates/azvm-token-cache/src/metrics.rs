//! Numbers for those who operate a program.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use thread_local::ThreadLocal;

/// What a cache has done since it was made, and what it is doing; see [`Cache::metrics`](crate::Cache::metrics).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Calls that got a value from memory.
    pub hits: u64,
    /// Calls that found no usable value: `fetches`, `joined` and `remembered` together.
    pub misses: u64,
    /// Fetches that a caller waited for from their start.
    pub fetches: u64,
    /// Fetches in the background, ahead of the end of a value.
    pub refreshes: u64,
    /// Calls that waited for a fetch that was under way already.
    pub joined: u64,
    /// Calls that got a remembered error.
    pub remembered: u64,
    /// Fetches, of both kinds, that brought no usable value.
    pub failures: u64,
    /// Keys that had to make room.
    pub evictions: u64,
    /// Keys known now.
    pub keys: usize,
    /// Fetches under way now.
    pub in_flight: usize,
    /// Callers that wait now.
    pub waiting: usize,
    /// How long ago the oldest value that may still be served was received.
    pub oldest: Option<Duration>,
}

/// Counts the hits of each thread by itself, so that no hit writes to what another thread reads or writes.
#[derive(Debug, Default)]
pub(crate) struct HitCount(ThreadLocal<Own>);

/// The count of one thread, on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Own(AtomicU64);

impl HitCount {
    #[inline(always)]
    pub(crate) fn add_one(&self) {
        let count = match self.0.get() {
            Some(own) => &own.0,
            None => self.of_a_new_thread(),
        };
        // Only this thread writes, so nothing is lost between the two; `total` may be late by a moment.
        count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    #[cold]
    #[inline(never)]
    fn of_a_new_thread(&self) -> &AtomicU64 {
        &self.0.get_or_default().0
    }

    pub(crate) fn total(&self) -> u64 {
        self.0.iter().map(|own| own.0.load(Ordering::Relaxed)).sum()
    }
}
