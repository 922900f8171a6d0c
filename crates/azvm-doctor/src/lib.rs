//! The command line of azvm as a library function, for the binary `azvm-doctor` and for `cargo xtask doctor`.
//!
//! ```no_run
//! // The first argument is the program's name, as shown in its help.
//! let exit = azvm_doctor::run(["azvm-doctor", "--simulate", "healthy"]);
//! # let _ = exit;
//! ```
//!
//! # What it promises
//!
//! 1. The report goes to stdout, or to the file that was named; everything else goes to stderr.
//! 2. The exit code is the same for every format: 0 no failure, 1 failures, 2 bad usage, 3 warnings where
//!    they count, 4 the wait is over and a role
//!    may still be propagating, 5 the time limit came first, 6 not an Azure VM, 70 a crash of the doctor itself.
//! 3. No output at any verbosity holds a token.
//! 4. It changes nothing on the machine but the files that it was told to write.

#![warn(missing_docs, clippy::exhaustive_enums, clippy::exhaustive_structs)]

mod aggregate;
mod args;
mod decode_error;
mod doctor;
mod explain;
mod input;
mod lint_id;
mod lint_request;
mod offline_args;
mod output;
mod printable;
mod progress;
mod report;
mod scan_log;
mod simulate;

use args::{Cli, Verb};
use clap::Parser;
use std::ffi::OsString;
use std::process::ExitCode;

/// The example in the README is compiled with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// Bad usage: clap's own value.
const EXIT_USAGE: u8 = 2;
/// The doctor itself is broken, or could not do its work.
const EXIT_CRASH: u8 = 70;

/// Runs the command line; the first of `args` is the program's name. Makes its own runtime: do not call it from one.
pub fn run<I, T>(args: I) -> ExitCode
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let program = args.first().map(|name| program(name)).unwrap_or_default();
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout with 0, mistakes to stderr with 2.
            output::usage(&error);
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(EXIT_USAGE));
        }
    };
    match dispatch(cli, &program) {
        Ok(code) => ExitCode::from(code),
        Err(problem) => {
            output::problem(&problem.message);
            ExitCode::from(problem.exit_code)
        }
    }
}

fn dispatch(cli: Cli, program: &str) -> Result<u8, Problem> {
    match cli.verb {
        Some(Verb::Aggregate(args)) => aggregate::run(&args, program),
        Some(Verb::DecodeError(args)) => decode_error::run(&args, program),
        Some(Verb::Explain(args)) => explain::explain(&args, program),
        Some(Verb::LintId(args)) => lint_id::run(&args),
        Some(Verb::LintRequest(args)) => lint_request::run(&args),
        Some(Verb::ListCodes(args)) => explain::list_codes(&args),
        Some(Verb::ScanLog(args)) => scan_log::run(&args),
        Some(Verb::Simulate(args)) => block_on(simulate::run(*args, program)),
        None => block_on(doctor::run(cli.doctor, program)),
    }
}

fn block_on(command: impl Future<Output = Result<u8, Problem>>) -> Result<u8, Problem> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Problem::crash(format!("cannot start the runtime: {error}")))?;
    let outcome = runtime.block_on(command);
    // A name lookup that was given up may still sit in the system's resolver: nobody waits for it.
    runtime.shutdown_background();
    outcome
}

/// The last component of a path; `cargo xtask doctor` as it is.
fn program(name: &std::ffi::OsStr) -> String {
    std::path::Path::new(name)
        .file_name()
        .unwrap_or(name)
        .to_string_lossy()
        .into_owned()
}

/// The error and all its causes, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}

/// Why a command could not do its work.
#[derive(Debug)]
struct Problem {
    message: String,
    exit_code: u8,
}

impl Problem {
    fn usage(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            exit_code: EXIT_USAGE,
        }
    }

    fn crash(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            exit_code: EXIT_CRASH,
        }
    }
}
