//! `lint-request` from outside: words, stdin and files, both formats, exit codes.

use crate::support::{Run, doctor};
use serde_json::Value;
use std::io::Write;
use std::process::{Command, Stdio};

const TOKEN: &str = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F";

fn fed(command: &mut Command, input: &str) -> Run {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(input.as_bytes()).unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    Run::of(command.stdin(Stdio::from(file)))
}

fn objects(run: &Run) -> Vec<Value> {
    let lines = run.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn words_are_what_a_shell_has_handed_over() {
    let args = ["lint-request", "curl", "-H", "Metadata: true", TOKEN];
    let run = Run::of(&mut doctor(&args)).expect_code(0);
    assert!(run.stdout.starts_with("ok    curl"), "{run:#?}");
    let cut = TOKEN.split_once('&').unwrap().0;
    let args = ["lint-request", "curl", "-H", "Metadata: true", cut];
    let run = Run::of(&mut doctor(&args)).expect_code(1);
    assert!(
        run.stdout.contains("CODE-025") && run.stdout.contains("CODE-023"),
        "{run:#?}"
    );
}

#[test]
fn a_line_of_jsonl_has_every_member() {
    let line = format!("curl -H 'Authorization: Bearer Bearer hidden' '{TOKEN}'");
    let args = ["lint-request", "--format", "jsonl", &line];
    let run = Run::of(&mut doctor(&args)).expect_code(1);
    assert!(!run.stdout.contains("hidden"), "{run:#?}");
    let object = &objects(&run)[0];
    assert_eq!(object["form"], "curl");
    assert_eq!(object["valid"], false);
    assert_eq!(object["input"].as_str().unwrap().len(), line.len());
    let codes: Vec<_> = object["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["code"])
        .collect();
    assert_eq!(codes, ["CODE-019", "CODE-001"]);
    let first = &object["findings"][0];
    assert_eq!(first["span"], serde_json::json!([24, 44]));
    assert_eq!(first["suggestion"], "Bearer $TOKEN");
    assert_eq!(
        (&first["severity"], &first["confidence"]),
        (&"fail".into(), &"high".into())
    );
    let right = format!("curl -s --noproxy '*' -H Metadata:true '{TOKEN}'");
    assert_eq!(object["corrected"], right);
    assert_eq!(object.as_object().unwrap().len(), 5);
}

#[test]
fn a_caret_points_at_the_place() {
    let run = Run::of(&mut doctor(&[
        "lint-request",
        &TOKEN.replace("http:", "https:"),
    ]))
    .expect_code(1);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(
        lines[1].contains("CODE-004 fail at 0..5") && lines[1].ends_with("(write 'http')"),
        "{run:#?}"
    );
    assert_eq!(lines[3].trim_end(), "        ^^^^^");
    assert_eq!(lines.last().unwrap().trim(), TOKEN);
}

#[test]
fn requests_come_from_stdin_and_files() {
    let input = format!("# two\ncurl \\\n  -H Metadata:true '{TOKEN}'\n\n{TOKEN}\u{1b}[2J\n");
    let run = fed(&mut doctor(&["lint-request", "--format", "jsonl"]), &input).expect_code(1);
    let valid: Vec<Value> = objects(&run)
        .iter()
        .map(|object| object["valid"].clone())
        .collect();
    assert_eq!(valid, [true, false]);
    let run = fed(&mut doctor(&["lint-request"]), &input).expect_code(1);
    assert!(!run.stdout.contains('\u{1b}'), "{run:#?}");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(
        file,
        "GET /metadata/versions HTTP/1.1\nHost: 169.254.169.254\nMetadata: true\n\n"
    )
    .unwrap();
    let path = file.path().to_str().unwrap();
    Run::of(&mut doctor(&["lint-request", "--file", path])).expect_code(0);
}

#[test]
fn jsonl_has_no_character_that_turns_the_text_around() {
    let input = "https://169.254.169.254/metadata/\u{202e}\u{2066}\n";
    let mut command = doctor(&["lint-request", "--format", "jsonl"]);
    let run = fed(&mut command, input).expect_code(1);
    let is_raw = run.stdout.contains(['\u{202e}', '\u{2066}']);
    assert!(!is_raw, "{run:#?}");
    assert_eq!(objects(&run)[0]["input"], input.trim_end());
}

#[test]
fn the_shell_matters() {
    let line = format!("curl -H Metadata:true '{TOKEN}'");
    fed(&mut doctor(&["lint-request"]), &line).expect_code(0);
    let run = fed(&mut doctor(&["lint-request", "--shell", "cmd"]), &line).expect_code(1);
    assert!(run.stdout.contains("CODE-023"), "{run:#?}");
}

#[test]
fn cmd_has_double_quotes_alone() {
    let plain = TOKEN.replace("%3A%2F%2F", "://").replace("%2F", "/");
    let args = |line: &str| ["lint-request", "--shell", "cmd", line].map(String::from);
    let lint = |line: &str| {
        let args = args(line);
        Run::of(&mut doctor(&args.each_ref().map(String::as_str)))
    };
    let run = lint(&format!("curl {plain} -H Metadata:true -s")).expect_code(1);
    let right = run.stdout.lines().last().unwrap().trim();
    assert!(
        run.stdout.contains("CODE-023") && run.stdout.contains("under cmd in double ones"),
        "{run:#?}"
    );
    assert!(
        right.contains(&format!("\"{TOKEN}\"")) && !right.contains('\''),
        "{run:#?}"
    );
    lint(right).expect_code(0);
    let run = lint(&format!("curl '{plain}' -H Metadata:true -s")).expect_code(1);
    assert!(run.stdout.contains("CODE-023"), "{run:#?}");
}

#[test]
fn nothing_to_say_and_bad_usage() {
    for nothing in ["", "\n# nothing\n"] {
        fed(&mut doctor(&["lint-request"]), nothing).expect_code(2);
    }
    let run = fed(&mut doctor(&["lint-request"]), "http://169.254.169.245/\n").expect_code(2);
    assert!(
        run.stderr.contains("did you mean 169.254.169.254?"),
        "{run:#?}"
    );
    Run::of(&mut doctor(&["lint-request", "http://example.com/"])).expect_code(2);
    Run::of(&mut doctor(&["lint-request", "hello"])).expect_code(2);
    Run::of(&mut doctor(&["lint-request", "--file", "/nonexistent"])).expect_code(2);
    let huge = format!("http://169.254.169.254/{}", "a".repeat(2 * 1024 * 1024));
    fed(&mut doctor(&["lint-request"]), &huge).expect_code(2);
}

#[test]
fn commands_of_powershell_are_known_in_a_file_of_them() {
    let script = "Invoke-RestMethod -Headers @{\n  Metadata = 'true'\n} -Uri 'http://169.254.169.254/metadata/versions'\n\
                  irm `\n  -Uri http://169.254.169.254/metadata/versions\n";
    let mut command = doctor(&["lint-request", "--format", "jsonl", "-"]);
    let run = fed(&mut command, script).expect_code(1);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{run:#?}");
    assert!(
        lines[0].contains("\"form\":\"powershell\",\"valid\":true"),
        "{run:#?}"
    );
    assert!(
        lines[1].contains("CODE-001") && lines[1].contains("-Headers @{Metadata='true'}"),
        "{run:#?}"
    );
}
