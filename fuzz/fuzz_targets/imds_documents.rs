//! Any bytes as scheduled events, load balancer, attested document, versions and tenant: read, or an error; never a panic.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| azvm_imds::fuzzing::documents(data));
