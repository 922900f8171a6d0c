//! Any `Retry-After` and `Date` headers: the wait is a number, and no exchange waits longer than the cap.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azvm_exchange::fuzzing::retry_after(data));
