//! Any bytes in the place of a value of Windows' registry: it is read, or refused; never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azvm_diagnostics::fuzzing::windows_registry(data));
