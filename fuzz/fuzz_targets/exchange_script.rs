//! Any sequence of events, times and answers: an exchange ends, and within its deadline.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azvm_exchange::fuzzing::script(data));
