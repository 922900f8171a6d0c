//! Any bytes in the place of a token: its claims are read, or are an error; never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azvm_imds::fuzzing::claims(data));
