//! Any `nextLink`: what is followed stays at the endpoint; never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azvm_arm::fuzzing::next_link(data));
