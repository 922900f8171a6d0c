//! The `azvm-doctor` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    azvm_doctor::run(std::env::args_os())
}
