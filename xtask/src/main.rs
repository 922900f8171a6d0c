//! Project automation: everything that CI does, and a person too, is one of these tasks.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program whose result is what it prints"
)]

mod bench;
mod ci;
mod dist;
mod footprint;
mod fuzz;
mod generate;
mod layers;
mod process;
mod real_clients;
mod simulator;
mod soak;
mod tidy;
mod windows;

use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;

use process::Result;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let task = args.next().unwrap_or_else(|| "help".into());
    if task == "doctor" {
        return doctor(args);
    }
    // A doctor's argument may be any path; the other tasks take words.
    let task = task.to_string_lossy();
    let rest: Vec<String> = args.map(|arg| arg.to_string_lossy().into_owned()).collect();
    let (task, rest) = (task.as_ref(), rest.as_slice());
    let outcome = match task {
        "ci" => ci::run(rest),
        "tidy" => nothing_after(rest).and_then(|()| tidy::run()),
        "generate" => nothing_after(rest).and_then(|()| generate::run()),
        "record" => nothing_after(rest).and_then(|()| generate::record()),
        "fuzz" => fuzz::run(rest),
        "bench" => bench::run(rest),
        "dist" => dist::run(rest),
        "footprint" => nothing_after(rest).and_then(|()| footprint::run()),
        "soak" => soak::run(rest),
        "real-clients" => real_clients::run(rest),
        "windows" => nothing_after(rest).and_then(|()| windows::run()),
        "help" | "--help" | "-h" => help(),
        unknown => {
            Err(format!("there is no task `{unknown}`; `cargo xtask help` lists them").into())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(task, error.as_ref()),
    }
}

/// The command line `azvm-doctor`, without installing it.
fn doctor(rest: impl Iterator<Item = OsString>) -> ExitCode {
    azvm_doctor::run(std::iter::once("cargo xtask doctor".into()).chain(rest))
}

fn help() -> Result<()> {
    println!("{HELP}");
    println!("\nSteps of ci, in order:");
    for step in ci::STEPS {
        println!("  {:<12} {}", step.name, step.what);
    }
    Ok(())
}

fn nothing_after(rest: &[String]) -> Result<()> {
    match rest.first() {
        Some(extra) => Err(format!("this task takes no `{extra}`").into()),
        None => Ok(()),
    }
}

fn report(task: &str, error: &dyn Error) -> ExitCode {
    eprintln!("error: {task}: {error}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        eprintln!("  because: {inner}");
        cause = inner.source();
    }
    ExitCode::FAILURE
}

const HELP: &str = "\
cargo xtask TASK

  doctor [ARGS…]               what `azvm-doctor` does; `cargo xtask doctor --help` tells
  ci [STEP…] [--skip STEP]     every step that a change has to pass, or those named
  tidy                         the rules of the house that no compiler checks
  generate                     the catalogue of codes: its statics, and docs/diagnostics
  record                       what docs/diagnostics show of real runs: matrix.md, walkthroughs.md
  fuzz [TARGET] [--seconds N]  fuzz one target, or each in turn (needs a C++ compiler)
  bench NAME                   run one benchmark
  dist [--target TRIPLE]       build a static azvm-doctor to copy to a machine without Rust
  footprint                    what the smallest program that gets a token costs
  soak [MINUTES] [--seed N]    tokens under faults, cancellations and leaps in time; 2 minutes
  windows                      build for Windows and run doctor and tests, under Wine elsewhere
  real-clients [--tools DIR]   run other vendors' clients against the simulator
  help                         this text";
