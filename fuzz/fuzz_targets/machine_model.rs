//! Any bytes as ARM's description of the machine: it is read, or refused; never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azvm_diagnostics::fuzzing::machine_model(data));
