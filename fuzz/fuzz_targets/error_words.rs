//! Any text as the words of an error: it is read in bounded time; never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azvm_diagnostics::fuzzing::error_words(data));
