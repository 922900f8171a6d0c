//! `scan-log` from outside: files and stdin, both formats, exit codes, and no token in any output.

use crate::support::{Run, doctor};
use serde_json::Value;
use std::io::{Seek, Write};
use std::process::Stdio;
use tempfile::NamedTempFile;

/// `{"alg":"none"}`, claims for ARM until 2026-11-22, and a signature that is none.
const HEADER: &str = "eyJhbGciOiJub25lIn0";
const CLAIMS: &str = "eyJhdWQiOiJodHRwczovL21hbmFnZW1lbnQuYXp1cmUuY29tLyIsImlzcyI6Imh0dHBzOi8vc3RzLndpbmRvd3MubmV0L3QvIiwiYXBwaWQiOiJhcHAiLCJleHAiOjE3OTUzNDUxMDl9";
const SIGNATURE: &str = "bm8tc2lnbmF0dXJlLWF0LWFsbA";

fn token() -> String {
    format!("{HEADER}.{CLAIMS}.{SIGNATURE}")
}

fn log(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn path(file: &NamedTempFile) -> &str {
    file.path().to_str().unwrap()
}

#[track_caller]
fn without_token(run: &Run) {
    let shown = format!("{}{}", run.stdout, run.stderr);
    for part in token().as_bytes().windows(9) {
        let part = std::str::from_utf8(part).unwrap();
        assert!(!shown.contains(part), "{part} in {shown}");
    }
}

#[test]
fn a_token_is_told_with_its_place_and_purpose() {
    let bad = log(format!("started\nGET / Authorization: Bearer {}\n", token()).as_bytes());
    let good = log(b"nothing here\n");
    let run = Run::of(&mut doctor(&["scan-log", path(&good), path(&bad)])).expect_code(1);
    let expected = format!(
        "{}:2:29: CODE-017 fail: an access token for https://management.azure.com/, application app, until 2026-11-22T10:58:29Z",
        path(&bad)
    );
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(
        lines[..2],
        [&expected, "1 found, in 1 of 2 files"],
        "{run:#?}"
    );
    without_token(&run);
    let run = Run::of(&mut doctor(&["scan-log", "--format", "jsonl", path(&bad)])).expect_code(1);
    let line: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(line["audience"], "https://management.azure.com/");
    assert_eq!((&line["line"], &line["column"]), (&2.into(), &29.into()));
    assert_eq!(line["expires_at"], 1_795_345_109);
    assert_eq!(line.as_object().unwrap().len(), 12);
    without_token(&run);
}

#[test]
fn jsonl_has_no_character_that_turns_the_text_around() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("\u{202e}.log");
    std::fs::write(&file, token()).unwrap();
    let name = file.to_str().unwrap();
    let run = Run::of(&mut doctor(&["scan-log", "--format", "jsonl", name])).expect_code(1);
    assert!(run.stdout.contains("\\u202e.log"), "{run:#?}");
    assert!(!run.stdout.contains('\u{202e}'), "{run:#?}");
    let line: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(line["file"], name);
}

#[test]
fn logs_without_tokens_are_fine() {
    let good = log(b"eyJ eyJhbGciOiJub25lIn0.x.y\n");
    let run = Run::of(&mut doctor(&["scan-log", path(&good)])).expect_code(0);
    assert_eq!(run.stdout, "0 found, in 0 of 1 files\n");
    let run = Run::of(&mut doctor(&["scan-log", "--format", "jsonl", path(&good)])).expect_code(0);
    assert_eq!(run.stdout, "");
}

#[test]
fn what_cannot_be_read_is_said() {
    let packed = log(&[0x1f, 0x8b, 8, 0]);
    let run = Run::of(&mut doctor(&["scan-log", path(&packed), "/nonexistent"])).expect_code(2);
    assert!(
        run.stderr.contains("compressed") && run.stderr.contains("/nonexistent"),
        "{run:#?}"
    );
    let bad = log(token().as_bytes());
    Run::of(&mut doctor(&["scan-log", "/nonexistent", path(&bad)])).expect_code(1);
}

#[test]
fn a_log_is_piped_in_and_an_empty_list_of_logs_is_not_a_clean_one() {
    let piped = |bytes: &[u8]| {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        Run::of(doctor(&["scan-log"]).stdin(Stdio::from(file)))
    };
    let run = piped(token().as_bytes()).expect_code(1);
    assert!(run.stdout.starts_with("-:1:1: CODE-017"), "{run:#?}");
    assert_eq!(
        piped(b"x").expect_code(0).stdout,
        "0 found, in 0 of 1 files\n"
    );
    let run = piped(b"").expect_code(2);
    assert!(run.stderr.contains("no log was given"), "{run:#?}");
    assert_eq!(run.stdout, "");
}

#[test]
fn a_large_log_streams_from_stdin() {
    let mut file = tempfile::tempfile().unwrap();
    let line = format!("{}\n", "x".repeat(1023));
    for _ in 0..16 * 1024 {
        file.write_all(line.as_bytes()).unwrap();
    }
    file.write_all(token().as_bytes()).unwrap();
    file.rewind().unwrap();
    let mut command = doctor(&["scan-log", "-"]);
    let run = Run::of(command.stdin(Stdio::from(file))).expect_code(1);
    assert!(run.stdout.starts_with("-:16385:1: CODE-017"), "{run:#?}");
}
