//! The seconds of the wall clock and of the monotonic one, as cheap as they come: the floor of a cached value.

#[cfg(target_os = "linux")]
use nix::time::{ClockId, clock_gettime};

#[cfg(target_os = "linux")]
#[inline(always)]
pub(crate) fn wall() -> i64 {
    read(ClockId::CLOCK_REALTIME_COARSE)
}

#[cfg(target_os = "linux")]
#[inline(always)]
pub(crate) fn monotonic() -> i64 {
    read(ClockId::CLOCK_MONOTONIC_COARSE)
}

#[cfg(target_os = "linux")]
#[inline(always)]
fn read(clock: ClockId) -> i64 {
    clock_gettime(clock).expect("a coarse clock").tv_sec()
}

#[cfg(not(target_os = "linux"))]
use azvm_token_cache::{Clock, SystemClock};

#[cfg(not(target_os = "linux"))]
pub(crate) fn wall() -> i64 {
    SystemClock::new().unix_secs()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn monotonic() -> i64 {
    SystemClock::new().monotonic().as_secs() as i64
}
