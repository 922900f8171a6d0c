//! Builds the fuzz targets with libFuzzer's instrumentation and runs one, or each in turn.
//!
//! The compiler's coverage pass is stable, so neither a nightly toolchain nor another program is needed. What that leaves
//! out is the address sanitizer, which has little to find: no crate of ours has a line of `unsafe`.

use std::fs;
use std::process::Command;

use crate::process::{Failed, Result, capture, cargo, describe, program, root, succeeds};

/// How long each target runs in `cargo xtask ci`.
const SMOKE_SECONDS: u32 = 4;

/// What libFuzzer needs in every crate: edge counters, a table of their places, and the operands of comparisons.
/// Arithmetic is checked and assertions are on, as in a debug build.
const INSTRUMENTED: &str = "--cfg fuzzing -Cdebug-assertions -Coverflow-checks -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

/// `args`: `[TARGET] [--seconds N]`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let wish = Wish::from_args(args)?;
    let targets = targets()?;
    let unknown = wish
        .target
        .as_ref()
        .filter(|target| !targets.contains(target));
    if let Some(target) = unknown {
        return Err(format!(
            "there is no target `{target}`; there are: {}",
            targets.join(", ")
        )
        .into());
    }
    if !is_cpp_compiler_here() {
        return Err("libFuzzer is C++ and no C++ compiler is here".into());
    }
    fuzz(
        &wish.target.map_or(targets, |target| vec![target]),
        wish.seconds,
    )
}

/// Every target for some seconds.
pub(crate) fn smoke() -> Result<()> {
    fuzz(&targets()?, SMOKE_SECONDS)
}

pub(crate) fn is_cpp_compiler_here() -> bool {
    ["c++", "g++", "clang++"]
        .iter()
        .any(|compiler| succeeds(program(compiler).arg("--version")))
}

fn fuzz(targets: &[String], seconds: u32) -> Result<()> {
    let host = host()?;
    for target in targets {
        let corpus = format!("fuzz/corpus/{target}");
        let artifacts = format!("fuzz/artifacts/{target}/");
        fs::create_dir_all(root().join(&corpus))?;
        fs::create_dir_all(root().join(&artifacts))?;
        // Naming the host keeps the instrumentation out of build scripts and macros.
        let mut command = cargo(["run", "--quiet", "--release", "--manifest-path", MANIFEST]);
        command.args(["--target", &host, "--bin", target, "--"]);
        command.args([
            "-verbosity=0",
            "-print_funcs=0",
            "-print_final_stats=1",
            "-timeout=10",
        ]);
        command.arg(format!("-max_total_time={seconds}"));
        command.arg(format!("-artifact_prefix={artifacts}"));
        command.arg(corpus);
        let seeds = format!("fuzz/seeds/{target}");
        if root().join(&seeds).is_dir() {
            command.arg(seeds);
        }
        let log = quietly(command.env("RUSTFLAGS", INSTRUMENTED))?;
        println!("{target}: {} runs, no find", executed_units(&log)?);
    }
    Ok(())
}

/// Runs `command` without its output, which libFuzzer writes to stderr; all of it is shown when it fails.
fn quietly(command: &mut Command) -> Result<String> {
    let line = describe(command);
    println!("$ {line}");
    let output = command
        .output()
        .map_err(|error| Failed::new(format!("`{line}` did not start"), error))?;
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        return Ok(log);
    }
    eprint!("{log}");
    Err(format!("`{line}` failed ({})", output.status).into())
}

/// From libFuzzer's last lines: a run that did nothing is no success.
fn executed_units(log: &str) -> Result<u64> {
    let count = log.lines().find_map(|line| {
        let (_, count) = line.split_once("stat::number_of_executed_units:")?;
        count.trim().parse().ok()
    });
    match count {
        Some(count) if count > 0 => Ok(count),
        _ => Err("libFuzzer did not say that it ran anything".into()),
    }
}

/// The triple that this machine's compiler builds for by itself.
fn host() -> Result<String> {
    let version = capture(program("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc does not name its host")?.to_owned())
}

const MANIFEST: &str = "fuzz/Cargo.toml";

/// The names of the files in fuzz/fuzz_targets.
fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("fuzz/fuzz_targets"))? {
        let name = entry?.file_name();
        names.extend(
            name.to_string_lossy()
                .strip_suffix(".rs")
                .map(str::to_owned),
        );
    }
    names.sort();
    Ok(names)
}

struct Wish {
    target: Option<String>,
    seconds: u32,
}

impl Wish {
    fn from_args(args: &[String]) -> Result<Self> {
        let mut wish = Self {
            target: None,
            seconds: DEFAULT_SECONDS,
        };
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            if arg == "--seconds" {
                wish.seconds = rest.next().ok_or("--seconds needs a number")?.parse()?;
            } else if arg.starts_with('-') || wish.target.is_some() {
                return Err(format!(
                    "`{arg}` is not understood: `cargo xtask fuzz [TARGET] [--seconds N]`"
                )
                .into());
            } else {
                wish.target = Some(arg.clone());
            }
        }
        Ok(wish)
    }
}

const DEFAULT_SECONDS: u32 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(args: &[&str]) -> Result<Wish> {
        Wish::from_args(&args.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn target_and_time_are_optional() {
        let both = wish(&["claims", "--seconds", "5"]).unwrap();
        assert_eq!((both.target.as_deref(), both.seconds), (Some("claims"), 5));
        let none = wish(&[]).unwrap();
        assert_eq!((none.target, none.seconds), (None, DEFAULT_SECONDS));
        assert!(wish(&["a", "b"]).is_err());
        assert!(wish(&["--seconds"]).is_err());
    }

    #[test]
    fn a_run_that_did_nothing_is_no_success() {
        let log = "x\nstat::number_of_executed_units: 535015\nstat::y: 1\n";
        assert_eq!(executed_units(log).unwrap(), 535_015);
        assert!(executed_units("").is_err());
        assert!(executed_units("stat::number_of_executed_units: 0").is_err());
    }

    #[test]
    fn every_target_is_in_the_manifest_and_every_seed_folder_has_a_target() {
        let targets = targets().unwrap();
        let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
        for target in &targets {
            assert!(
                manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")),
                "{target} is not in fuzz/Cargo.toml"
            );
        }
        assert_eq!(manifest.matches("[[bin]]").count(), targets.len());
        for entry in fs::read_dir(root().join("fuzz/seeds")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(targets.contains(&name), "fuzz/seeds/{name} has no target");
        }
    }
}
