//! Any bytes as a log: the same tokens are found whole and in pieces; never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azvm_diagnostics::fuzzing::log(data));
