//! Any bytes as a report of an earlier run: it is judged anew and written as it was read, or refused; never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azvm_diagnostics::fuzzing::stored_report(data));
