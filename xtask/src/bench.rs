//! Benchmarks: criterion for people, instruction counts where a bench has a program for them.

use std::process::Stdio;

use crate::process::{Result, capture, cargo, program, root, run as run_command, succeeds};

/// Calls per row: enough that the start of the program does not show in a rounded count.
const CALLS: u32 = 10_000;

/// `args`: the name of one benchmark, with dashes or underscores.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let [name] = args else {
        return Err(
            "name one benchmark: `cargo xtask bench NAME`; benches/README.md lists them".into(),
        );
    };
    let name = name.replace('-', "_");
    run_command(&mut cargo(["bench", "-p", "benches", "--bench", &name]))?;
    let counted = format!("{name}_instructions");
    if root().join(format!("benches/{counted}.rs")).is_file() {
        instructions(&counted)?;
    }
    Ok(())
}

/// Runs each row of the program under callgrind with and without its loop; the difference is the row.
fn instructions(bench: &str) -> Result<()> {
    if !succeeds(program("valgrind").arg("--version")) {
        println!("instruction counts: skipped, valgrind is not installed");
        return Ok(());
    }
    let binary = build(bench)?;
    let rows = capture(&mut program(&binary))?;
    let empty = per_call(&binary, "nothing")?;
    println!("\ninstructions per call (callgrind, {CALLS} calls, the empty loop subtracted)");
    for row in rows.lines().filter(|row| *row != "nothing") {
        println!("{row:<20} {:>8.0}", per_call(&binary, row)? - empty);
    }
    Ok(())
}

/// The path of the built benchmark, from cargo's own messages.
fn build(bench: &str) -> Result<String> {
    let messages = capture(
        cargo([
            "bench",
            "-p",
            "benches",
            "--bench",
            bench,
            "--no-run",
            "--message-format=json",
        ])
        .stderr(Stdio::inherit()),
    )?;
    cargo_metadata::Message::parse_stream(messages.as_bytes())
        .filter_map(std::result::Result::ok)
        .find_map(|message| match message {
            cargo_metadata::Message::CompilerArtifact(artifact)
                if artifact.target.name == bench =>
            {
                artifact.executable
            }
            _ => None,
        })
        .map(Into::into)
        .ok_or_else(|| format!("cargo built no program for the bench `{bench}`").into())
}

fn per_call(binary: &str, row: &str) -> Result<f64> {
    let with = count(binary, row, CALLS)?;
    let without = count(binary, row, 0)?;
    Ok((with - without) / f64::from(CALLS))
}

/// callgrind's own total, from the last line that it prints.
fn count(binary: &str, row: &str, calls: u32) -> Result<f64> {
    let output = program("valgrind")
        .args([
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            binary,
            row,
            &calls.to_string(),
        ])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let total = text.lines().find_map(|line| {
        line.split_once("Collected : ")
            .map(|(_, total)| total.trim().parse())
    });
    match total {
        Some(Ok(total)) if output.status.success() => Ok(total),
        _ => Err(format!("callgrind gave no count for `{row}`").into()),
    }
}
