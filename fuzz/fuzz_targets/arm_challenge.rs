//! Any `WWW-Authenticate` header: it is read as far as it can be; never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azvm_arm::fuzzing::challenge(data));
