//! See `azvm_resource_id::fuzzing::parse`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| azvm_resource_id::fuzzing::parse(data));
