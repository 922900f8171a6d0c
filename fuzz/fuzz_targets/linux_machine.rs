//! Any bytes in the place of a file of Linux, of its agents, or of its packet filter: read, or refused; never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azvm_diagnostics::fuzzing::linux_machine(data));
