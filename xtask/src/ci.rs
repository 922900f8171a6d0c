//! What a change has to pass, step by step; the workflow file and `.ci/run` only call this.

use std::process::Command;
use std::time::Duration;

use crate::fuzz;
use crate::layers::PURE;
use crate::process::{Result, capture, cargo, program, run as run_command, succeeds};
use crate::simulator::Simulator;
use crate::{tidy, windows};

/// What README.md and `.ci/run` call the tests.
pub(crate) const TEST: [&str; 2] = ["test", "--workspace"];

/// What README.md and `.ci/run` call the doctor.
pub(crate) const DOCTOR: &str = "cargo xtask doctor --simulate healthy";

pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    run: fn() -> Result<Outcome>,
}

enum Outcome {
    Passed,
    Skipped(String),
}

pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        what: "rustfmt has nothing to change, in fuzz/ neither",
        run: fmt,
    },
    Step {
        name: "clippy",
        what: "no warning, with each feature set that somebody builds",
        run: clippy,
    },
    Step {
        name: "test",
        what: "unit, integration and documentation tests",
        run: test,
    },
    Step {
        name: "features",
        what: "tests of what only some features build",
        run: features,
    },
    Step {
        name: "tidy",
        what: "the rules that no compiler checks",
        run: tidy,
    },
    Step {
        name: "docs",
        what: "documentation builds without a warning",
        run: docs,
    },
    Step {
        name: "examples",
        what: "each example runs against the simulator and prints no token",
        run: examples,
    },
    Step {
        name: "bench-smoke",
        what: "each benchmark runs once",
        run: bench_smoke,
    },
    Step {
        name: "no-std",
        what: "the pure crates build where there is no operating system",
        run: no_std,
    },
    Step {
        name: "fuzz-check",
        what: "the fuzz targets build without a warning",
        run: fuzz_check,
    },
    Step {
        name: "fuzz-smoke",
        what: "each fuzz target runs for some seconds",
        run: fuzz_smoke,
    },
    Step {
        name: "windows",
        what: "the Windows program and its tests, under Wine elsewhere; only if asked for",
        run: try_windows,
    },
];

/// `args`: names of steps to run, or all; `--skip NAME` leaves one out.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let steps = chosen(args)?;
    let mut lines = Vec::new();
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for step in steps {
        println!("==> {}: {}", step.name, step.what);
        let (outcome, elapsed) = timed(step.run);
        let (word, why) = match outcome {
            Ok(Outcome::Passed) => {
                passed += 1;
                ("ok", String::new())
            }
            Ok(Outcome::Skipped(why)) => {
                skipped += 1;
                ("skipped", why)
            }
            Err(error) => {
                failed += 1;
                ("FAILED", error.to_string())
            }
        };
        let line = format!(
            "{word:<8} {:<12} {:>6.1} s  {why}",
            step.name,
            elapsed.as_secs_f32()
        );
        println!("{}", line.trim_end());
        lines.push(line);
    }
    println!("\n==> summary");
    lines
        .iter()
        .for_each(|line| println!("{}", line.trim_end()));
    println!("steps: {passed} passed, {failed} failed, {skipped} skipped");
    if failed == 0 {
        Ok(())
    } else {
        Err(format!("{failed} of the steps failed").into())
    }
}

fn chosen(args: &[String]) -> Result<Vec<&'static Step>> {
    let known = |name: &String| {
        let found = STEPS.iter().find(|step| step.name == name);
        found.ok_or_else(|| format!("there is no step `{name}`; `cargo xtask help` lists them"))
    };
    let (mut named, mut left_out) = (Vec::new(), Vec::new());
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        if arg == "--skip" {
            left_out.push(known(rest.next().ok_or("--skip needs the name of a step")?)?.name);
        } else {
            named.push(known(arg)?.name);
        }
    }
    let is_chosen = |step: &&Step| {
        (named.is_empty() || named.contains(&step.name)) && !left_out.contains(&step.name)
    };
    Ok(STEPS.iter().filter(is_chosen).collect())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where xtask reads a clock"
)]
fn timed<T>(action: impl FnOnce() -> T) -> (T, Duration) {
    let start = std::time::Instant::now();
    let result = action();
    (result, start.elapsed())
}

fn fmt() -> Result<Outcome> {
    run_command(&mut cargo(["fmt", "--all", "--check"]))?;
    run_command(&mut cargo(["fmt", "--manifest-path", FUZZ, "--check"]))?;
    Ok(Outcome::Passed)
}

fn clippy() -> Result<Outcome> {
    let feature_sets: [&[&str]; 6] = [
        &["--workspace", "--all-targets"],
        &["--workspace", "--all-targets", "--all-features"],
        &[
            "-p",
            "azvm-http",
            "-p",
            "azvm-identity",
            "--no-default-features",
        ],
        &["-p", "azvm-imds", "--no-default-features"],
        &["-p", "azvm-resource-id", "--no-default-features"],
        &[
            "-p",
            "azvm-resource-id",
            "--no-default-features",
            "--features",
            "alloc",
        ],
    ];
    for features in feature_sets {
        run_command(cargo(["clippy"]).args(features).args(DENY_WARNINGS))?;
    }
    Ok(Outcome::Passed)
}

fn test() -> Result<Outcome> {
    run_command(&mut cargo(TEST))?;
    Ok(Outcome::Passed)
}

fn features() -> Result<Outcome> {
    let serde = ["-p", "azvm-resource-id", "--features", "serde"];
    run_command(cargo(["test"]).args(serde).args(["--test", "it", "traits"]))?;
    // In the whole workspace somebody always asks for TLS.
    run_command(&mut cargo(["test", "-p", "azvm-http", "--test", "it"]))?;
    let blocking = ["-p", "azvm-identity", "--features", "blocking"];
    run_command(
        cargo(["test"])
            .args(blocking)
            .args(["--tests", "--", "blocking", "scenario"]),
    )?;
    Ok(Outcome::Passed)
}

fn tidy() -> Result<Outcome> {
    tidy::run()?;
    Ok(Outcome::Passed)
}

fn docs() -> Result<Outcome> {
    run_command(cargo(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-Dwarnings"))?;
    Ok(Outcome::Passed)
}

fn examples() -> Result<Outcome> {
    let simulator = Simulator::start("healthy")?;
    let group = format!(
        "/subscriptions/{}/resourceGroups/{}",
        simulator.value("AZVM_SUBSCRIPTION_ID")?,
        simulator.value("AZVM_RESOURCE_GROUP")?,
    );
    let imds = ["--imds-endpoint", simulator.value("AZVM_IMDS_ENDPOINT")?];
    let arm = [
        ["--arm-endpoint", simulator.value("AZVM_ARM_ENDPOINT")?],
        ["--arm-ca", simulator.value("AZVM_ARM_CA")?],
        ["--target", &group],
    ];
    example("azvm-identity", "get_token", &imds)?;
    let both = [&imds[..], arm.as_flattened()].concat();
    example("azvm-identity", "resource_group", &both)?;
    example("azvm-imds", "blocking_transport", &imds[1..])?;
    example("azvm-imds", "retry_policy", &[])?;
    simulator.stop()?;
    refuses_other_hosts()?;
    Ok(Outcome::Passed)
}

/// The transport that is an example has to be as careful as the real one about whom it asks for tokens.
fn refuses_other_hosts() -> Result<()> {
    let args = ["http://metadata.example"];
    if succeeds(&mut run_example("azvm-imds", "blocking_transport", &args)) {
        return Err("the example blocking_transport takes an endpoint that is not local".into());
    }
    Ok(())
}

fn run_example(package: &str, name: &str, args: &[&str]) -> Command {
    let mut command = cargo(["run", "--quiet", "-p", package, "--example", name, "--"]);
    command.args(args);
    command
}

fn example(package: &str, name: &str, args: &[&str]) -> Result<()> {
    let printed = capture(&mut run_example(package, name, args))?;
    print!("{printed}");
    // Every JSON Web Token begins so: it is `{"` in base64url.
    if printed.contains("eyJ") {
        Err(format!("the example {name} printed a token").into())
    } else {
        Ok(())
    }
}

fn bench_smoke() -> Result<Outcome> {
    run_command(&mut cargo(["test", "-p", "benches", "--benches"]))?;
    Ok(Outcome::Passed)
}

fn no_std() -> Result<Outcome> {
    let Ok(targets) = capture(program("rustup").args(["target", "list", "--installed"])) else {
        return Ok(Outcome::Skipped(
            "rustup is not here to name a bare-metal target".to_owned(),
        ));
    };
    let Some(target) = targets.lines().find(|target| target.contains("-none")) else {
        return Ok(Outcome::Skipped(
            "no bare-metal target is installed; `rustup target add thumbv7m-none-eabi` adds one"
                .to_owned(),
        ));
    };
    let mut command = cargo(["check", "--no-default-features", "--target", target]);
    PURE.iter()
        .for_each(|package| _ = command.args(["-p", package]));
    command.args(["--features", "azvm-imds/machine,azvm-resource-id/alloc"]);
    run_command(&mut command)?;
    Ok(Outcome::Passed)
}

fn fuzz_check() -> Result<Outcome> {
    if !fuzz::is_cpp_compiler_here() {
        return Ok(Outcome::Skipped(NO_CPP.to_owned()));
    }
    run_command(cargo(["clippy", "--manifest-path", FUZZ, "--all-targets"]).args(DENY_WARNINGS))?;
    Ok(Outcome::Passed)
}

fn fuzz_smoke() -> Result<Outcome> {
    if !fuzz::is_cpp_compiler_here() {
        return Ok(Outcome::Skipped(NO_CPP.to_owned()));
    }
    fuzz::smoke()?;
    Ok(Outcome::Passed)
}

const NO_CPP: &str = "libFuzzer is C++ and no C++ compiler is here";

/// It builds the standard library and everything else once more, which takes many minutes on a small machine.
fn try_windows() -> Result<Outcome> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one variable that ci obeys, read here alone"
    )]
    let wish = std::env::var_os(WINDOWS_WISH);
    if wish.is_none_or(|wish| wish != "1") {
        return Ok(Outcome::Skipped(format!(
            "{WINDOWS_WISH}=1 asks for it, and so does `cargo xtask windows`"
        )));
    }
    let missing = windows::missing();
    if !missing.is_empty() {
        return Ok(Outcome::Skipped(missing.join("; ")));
    }
    windows::run()?;
    Ok(Outcome::Passed)
}

/// Set to `1`, it makes ci and `.ci/run` try Windows, too.
const WINDOWS_WISH: &str = "AZVM_CI_WINDOWS";

const FUZZ: &str = "fuzz/Cargo.toml";
const DENY_WARNINGS: [&str; 3] = ["--", "-D", "warnings"];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn names(args: &[&str], expected: &[&str]) {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let names: Vec<&str> = chosen(&args)
            .unwrap()
            .iter()
            .map(|step| step.name)
            .collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn named_steps_run_in_the_order_of_the_table() {
        names(&["tidy", "fmt"], &["fmt", "tidy"]);
    }

    #[test]
    fn all_steps_run_but_the_skipped() {
        let all: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
        names(&[], &all);
        let without_test: Vec<&str> = all.into_iter().filter(|name| *name != "test").collect();
        names(&["--skip", "test"], &without_test);
    }

    #[test]
    fn an_unknown_step_is_an_error() {
        for args in [&["tset"][..], &["--skip", "tset"], &["--skip"]] {
            let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
            assert!(chosen(&args).is_err(), "{args:?}");
        }
    }
}
