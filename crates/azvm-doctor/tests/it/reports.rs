//! Where reports go and come from: files, forms, and earlier runs.

use crate::support::{Run, doctor};
use std::fs;
use std::path::Path;

fn path(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().into()
}

const FORMATS: [&str; 8] = [
    "text", "json", "jsonl", "junit", "oneline", "short", "markdown", "html",
];

/// The report of one run, and what the run printed.
fn stored(folder: &tempfile::TempDir, scenario: &str, code: i32) -> (String, Run) {
    let file = path(folder, "report.json");
    let also = format!("json={file}");
    let run = Run::of(&mut doctor(&["--simulate", scenario, "--also", &also])).expect_code(code);
    (file, run)
}

#[test]
fn an_earlier_run_is_judged_anew_in_every_form_with_its_own_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let (file, first) = stored(&folder, "no-role", 1);
    for format in FORMATS {
        let run = Run::of(&mut doctor(&["--from", &file, "--format", format])).expect_code(1);
        assert!(run.stdout.contains("RBAC-021"), "{format}: {run:#?}");
        assert_eq!(run.stderr, "", "{format}");
        // The same facts, the same bytes.
        let again = Run::of(&mut doctor(&["--from", &file, "--format", format]));
        assert_eq!(again.stdout, run.stdout, "{format}");
    }
    let text = Run::of(&mut doctor(&["--from", &file])).stdout;
    let without_head = |text: &str| text.split_once('\n').unwrap().1.to_string();
    assert_eq!(without_head(&text), without_head(&first.stdout));
}

#[test]
fn a_report_comes_from_stdin_too() {
    let folder = tempfile::tempdir().unwrap();
    let (file, _) = stored(&folder, "not-azure", 6);
    let mut command = doctor(&["--from", "-", "--format", "short"]);
    let run = Run::of(command.stdin(fs::File::open(&file).unwrap())).expect_code(6);
    assert!(run.stdout.starts_with("FAIL HOST-001 host: "), "{run:#?}");
}

#[test]
fn what_is_no_report_is_bad_usage() {
    let folder = tempfile::tempdir().unwrap();
    let file = path(&folder, "other.json");
    for (content, words) in [
        ("", "EOF"),
        (
            "{\"schema\":\"other/1\"}",
            "expected a report of schema azvm.doctor/1",
        ),
        ("{\"schema\":\"azvm.doctor/1\"}", "it holds no facts"),
    ] {
        fs::write(&file, content).unwrap();
        let run = Run::of(&mut doctor(&["--from", &file])).expect_code(2);
        assert!(
            run.stderr.contains(words) && run.stdout.is_empty(),
            "{run:#?}"
        );
        assert_eq!(run.stderr.lines().count(), 1, "{run:#?}");
    }
    let large = fs::File::create(&file).unwrap();
    large.set_len(9 << 20).unwrap();
    let run = Run::of(&mut doctor(&["--from", &file])).expect_code(2);
    assert!(run.stderr.contains("larger than 8 MiB"), "{run:#?}");
    let run = Run::of(&mut doctor(&["--from", &path(&folder, "none")])).expect_code(2);
    assert!(run.stderr.contains("--from"), "{run:#?}");
}

#[test]
fn one_run_is_written_in_several_forms() {
    let folder = tempfile::tempdir().unwrap();
    let (json, html, xml) = (
        path(&folder, "r.json"),
        path(&folder, "r.html"),
        path(&folder, "r.xml"),
    );
    let also = [
        format!("json={json}"),
        format!("html={html}"),
        format!("junit={xml}"),
    ];
    let mut args = vec!["--simulate", "healthy", "--format", "oneline"];
    for form in &also {
        args.extend(["--also", form.as_str()]);
    }
    let run = Run::of(&mut doctor(&args)).expect_code(0);
    let report: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&json).unwrap()).unwrap();
    let run_id = report["run_id"].as_str().unwrap();
    for file in [&html, &xml] {
        assert!(fs::read_to_string(file).unwrap().contains(run_id), "{file}");
    }
    // The line can be matched with the whole report.
    let fields: Vec<&str> = run.stdout.split(' ').collect();
    assert_eq!(
        (fields[0], fields[1], fields[3]),
        ("azvm1", report["vm"]["vmId"].as_str().unwrap(), "0")
    );
    assert_eq!(fields[6].len(), 64, "{run:#?}");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn strict_redaction_hides_the_machine_and_keeps_the_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let (file, first) = stored(&folder, "no-role", 1);
    let report: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let vm = &report["vm"];
    let secrets = ["name", "vmId", "subscriptionId", "resourceGroup"]
        .map(|member| vm[member].as_str().unwrap());
    assert!(first.stdout.contains(secrets[0]));
    let strict = |format: &str, salt: &str| {
        let args = [
            "--from",
            &file,
            "-v",
            "--redact",
            "strict",
            "--redact-salt",
            salt,
            "--format",
            format,
        ];
        Run::of(&mut doctor(&args)).expect_code(1).stdout
    };
    for format in FORMATS {
        let said = strict(format, "fleet");
        for secret in secrets {
            assert!(!said.contains(secret), "{secret} in {format}:\n{said}");
        }
        assert!(said.contains("RBAC-021"), "{format}");
    }
    assert_eq!(strict("oneline", "fleet"), strict("oneline", "fleet"));
    assert_ne!(strict("oneline", "fleet"), strict("oneline", "other"));
    Run::of(&mut doctor(&["--from", &file, "--redact-salt", "x"])).expect_code(2);
}

#[test]
fn what_counts_decides_the_exit_code_whatever_the_form() {
    let folder = tempfile::tempdir().unwrap();
    let (file, _) = stored(&folder, "throttled", 0);
    for format in FORMATS {
        let code = |flags: &[&str], code| {
            let args = [&["--from", &file, "--format", format], flags].concat();
            Run::of(&mut doctor(&args)).expect_code(code)
        };
        code(&[], 0);
        code(&["--fail-on", "warn"], 3);
        code(&["--fail-on", "warn,unknown", "--only", "host"], 3);
        code(&["--fail-on", "warn", "--skip", "IMDS-003"], 0);
    }
    let run = Run::of(&mut doctor(&["--from", &file, "--skip", "IMDS-0O3"])).expect_code(2);
    assert!(run.stderr.contains("did you mean IMDS-003?"), "{run:#?}");
    Run::of(&mut doctor(&["--from", &file, "--only", "nothing"])).expect_code(2);
}

#[test]
fn the_checks_are_listed_with_what_they_depend_on() {
    let run = Run::of(&mut doctor(&["--list-checks"])).expect_code(0);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(
        lines[0].split_whitespace().collect::<Vec<_>>(),
        ["host", "host.platform"]
    );
    let last: Vec<&str> = lines.last().unwrap().split_whitespace().collect();
    assert_eq!(
        last,
        [
            "access",
            "arm.target",
            "after",
            "token.claims,",
            "arm.reachable"
        ]
    );
}

#[test]
fn files_that_cannot_be_written_are_told_before_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = Path::new(&path(&folder, "none"))
        .join("r.json")
        .to_str()
        .unwrap()
        .to_string();
    let also = format!("json={nowhere}");
    for args in [["--output", nowhere.as_str()], ["--also", also.as_str()]] {
        let run = Run::of(doctor(&["--simulate", "healthy"]).args(args)).expect_code(2);
        assert!(
            run.stdout.is_empty() && run.stderr.contains("cannot write"),
            "{run:#?}"
        );
    }
}

#[test]
fn what_was_learnt_of_the_grant_later_is_added_to_an_earlier_run() {
    let folder = tempfile::tempdir().unwrap();
    let (file, _) = stored(&folder, "no-role", 1);
    let now = azvm_identity::now().unix_seconds();
    let time = jiff::Timestamp::from_second(now - 60).unwrap().to_string();
    let judged = |flags: &[&str]| {
        let args = [&["--from", &file, "--format", "json"], flags].concat();
        Run::of(&mut doctor(&args)).expect_code(1).report()
    };
    assert_eq!(judged(&[]).root_causes(), ["RBAC-021"]);
    let told = judged(&["--granted-at", &time]);
    assert_eq!(told.root_causes(), ["RBAC-002"]);
    assert_eq!(told.member("args")["granted_at"], time);
    let other = "fa4e0000-0005-4000-8000-00000000000b";
    let told = judged(&["--expect-principal", other, "--granted-at", &time]);
    assert_eq!(told.root_causes(), ["TOKEN-008"]);
}

#[test]
fn a_log_does_not_go_with_strict_redaction() {
    let args = ["--simulate", "no-role", "--redact", "strict"];
    let refused = [&args[..], &["-vv"]].concat();
    let run = Run::of(&mut doctor(&refused)).expect_code(2);
    assert!(
        run.stderr.contains("the log of -vv names the machine"),
        "{run:#?}"
    );
    let run =
        Run::of(doctor(&[&args[..], &["-v"]].concat()).env("RUST_LOG", "trace")).expect_code(1);
    assert_eq!(run.stderr, "");
    let run = Run::of(&mut doctor(&["--simulate", "no-role", "-vv"])).expect_code(1);
    assert!(run.stderr.contains("azvm_identity"), "{run:#?}");
}
