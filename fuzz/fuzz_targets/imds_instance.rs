//! Any bytes as the instance document and its parts: read, or an error; never a panic, and user data are never shown.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azvm_imds::fuzzing::instance(data));
