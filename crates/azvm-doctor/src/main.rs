//! The `azvm-doctor` binary.

fn main() {}
