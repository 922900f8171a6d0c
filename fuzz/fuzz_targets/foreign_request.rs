//! Any text as a request of somebody else's program: it has a verdict, or is none; never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azvm_diagnostics::fuzzing::request(data));
