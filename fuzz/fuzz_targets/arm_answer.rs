//! Any body of an ARM answer, good or bad: it is read, or is an error on one line; never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azvm_arm::fuzzing::answer(data));
