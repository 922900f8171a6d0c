//! Pipes and devices in the place of files: nothing waits for a writer that never comes.

use crate::support::{Run, doctor, program};
use std::process::Command;
use std::{fs, thread};
use tempfile::TempDir;

fn pipe(folder: &TempDir, name: &str) -> String {
    let path = folder.path().join(name).to_str().unwrap().to_owned();
    Run::of(program("mkfifo").arg(&path)).expect_code(0);
    path
}

#[test]
fn a_pipe_without_a_writer_is_refused() {
    let folder = TempDir::new().unwrap();
    let (one, toml) = (pipe(&folder, "pipe"), pipe(&folder, "pipe.toml"));
    let (one, toml) = (one.as_str(), toml.as_str());
    let runs = [
        &["--from", one][..],
        &["aggregate", one],
        &["aggregate", "--expect", one, one],
        &["decode-error", one],
        &["scan-log", one],
        &["lint-request", "--file", one],
        &["--simulate", toml],
        &["scan-log", "/dev/zero"],
        &["--from", "/dev/zero"],
    ];
    thread::scope(|scope| {
        for args in runs {
            scope.spawn(move || {
                let run = Run::of(&mut doctor(args)).expect_code(2);
                let said = [
                    "nobody writes to",
                    "it is no file",
                    "neither a file nor a pipe",
                ];
                assert!(said.iter().any(|it| run.stderr.contains(it)), "{run:#?}");
            });
        }
    });
}

#[test]
fn a_pipe_with_a_writer_is_read() {
    let folder = TempDir::new().unwrap();
    let name = pipe(&folder, "pipe");
    let writer = {
        let name = name.clone();
        thread::spawn(move || fs::write(name, "nothing here"))
    };
    let run = Run::of(&mut doctor(&["scan-log", &name])).expect_code(0);
    assert_eq!(run.stdout, "0 found, in 0 of 1 files\n");
    writer.join().unwrap().unwrap();
}

#[test]
fn what_the_shell_hands_over_is_read() {
    let mut command = bash("scan-log <(echo eyJ) /dev/null && echo x | \"$0\" scan-log /dev/stdin");
    let run = Run::of(&mut command).expect_code(0);
    let expected = "0 found, in 0 of 2 files\n0 found, in 0 of 1 files\n";
    assert_eq!(run.stdout, expected);
}

fn bash(args: &str) -> Command {
    let mut command = program("bash");
    command.args(["-c", &format!("\"$0\" {args}"), crate::support::BINARY]);
    command
}
