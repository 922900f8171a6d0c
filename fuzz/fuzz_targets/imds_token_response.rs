//! Any body of a 200: it becomes a token, or an error; never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azvm_imds::fuzzing::token_response(data));
