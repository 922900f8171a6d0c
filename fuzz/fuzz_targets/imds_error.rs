//! Any body of a refusal: it becomes an error that names the status; never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azvm_imds::fuzzing::error_body(data));
