//! Any permissions and any action: the verdict agrees with the sets, whatever the case of the action; never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azvm_arm::fuzzing::permissions(data));
