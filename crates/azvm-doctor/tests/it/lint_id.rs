//! `lint-id` from outside: arguments and stdin, both formats, exit codes.

use crate::support::{Run, doctor};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

const VM: &str = "/subscriptions/0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d/resourceGroups/prod\
                  /providers/Microsoft.Compute/virtualMachines/web";

/// Runs `command` with these bytes on stdin.
fn fed(command: &mut Command, input: &[u8]) -> Run {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(input).unwrap();
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
fn a_line_of_jsonl_has_every_member() {
    let run = Run::of(&mut doctor(&["lint-id", "--format", "jsonl", VM])).expect_code(0);
    let [object] = &objects(&run)[..] else {
        panic!("{run:#?}");
    };
    let group = group();
    let expected = json!({
        "input": VM, "valid": true, "exact": true, "refused": false,
        "subscription": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d", "resource_group": "prod",
        "namespace": "Microsoft.Compute", "type": "Microsoft.Compute/virtualMachines",
        "name": "web", "parent": group, "canonical": VM, "findings": [], "repaired": VM,
    });
    assert_eq!(*object, expected);
}

#[test]
fn what_is_not_there_is_null() {
    let broken = "/subscriptions//resourceGroups/rg";
    let run = Run::of(&mut doctor(&["lint-id", "--format", "jsonl", broken])).expect_code(1);
    let object = &objects(&run)[0];
    assert_eq!(object["valid"], false);
    for name in [
        "subscription",
        "resource_group",
        "namespace",
        "type",
        "name",
        "parent",
        "canonical",
        "repaired",
    ] {
        assert_eq!(object[name], Value::Null, "{name}");
    }
    let finding = &object["findings"][0];
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["span"], json!([15, 15]));
    assert!(finding["code"].as_str().unwrap().starts_with("RID-"));
    assert!(finding["message"].is_string());
}

#[test]
fn lines_come_from_stdin_and_each_has_an_answer() {
    let input = format!("{VM}\n\n{VM}\r\n\u{1b}[2J\n{VM}");
    for args in [
        &["lint-id", "--format", "jsonl"][..],
        &["lint-id", "--format", "jsonl", "-"],
    ] {
        let run = fed(&mut doctor(args), input.as_bytes()).expect_code(1);
        let valid: Vec<Value> = objects(&run)
            .iter()
            .map(|object| object["valid"].clone())
            .collect();
        assert_eq!(valid, [true, false, false, false, true]);
    }
    // A carriage return is a mistake worth telling, and easy to mend.
    let run = fed(
        &mut doctor(&["lint-id", "--format", "jsonl"]),
        format!("{VM}\r\n").as_bytes(),
    );
    assert_eq!(objects(&run)[0]["repaired"], VM);
    let run = fed(&mut doctor(&["lint-id"]), input.as_bytes()).expect_code(1);
    assert!(!run.stdout.contains('\u{1b}'), "{run:#?}");
}

#[test]
fn exact_demands_canonical_keywords() {
    let lower = VM.replace("resourceGroups", "resourcegroups");
    Run::of(&mut doctor(&["lint-id", &lower])).expect_code(0);
    let run = Run::of(&mut doctor(&["lint-id", "--exact", &lower])).expect_code(1);
    assert!(run.stdout.contains("resourceGroups"), "{run:#?}");
    let run = Run::of(&mut doctor(&[
        "lint-id", "--exact", "--format", "jsonl", &lower,
    ]));
    assert_eq!(objects(&run)[0]["valid"], true);
    assert_eq!(objects(&run)[0]["exact"], false);
}

#[test]
fn what_arm_refuses_for_sure_is_a_failure() {
    let guid = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
    for (id, code) in [
        (VM.replace(guid, "Pay-As-You-Go"), "RID-006"),
        (VM.replace(guid, &format!("{{{guid}}}")), "RID-006"),
        (VM.replace(guid, "{subscriptionId}"), "RID-018"),
        (VM.replace("/web", "/we\u{200b}b"), "RID-004"),
        (VM.replace("/prod", "/pr\u{200b}od"), "RID-004"),
        (VM.replace("/prod", "/rg%20a"), "RID-011"),
        (VM.replace("/web", "/we%2Fb"), "RID-011"),
        (VM.replace("virtualMachines", "virtualMachine"), "RID-012"),
    ] {
        let run = Run::of(&mut doctor(&["lint-id", &id])).expect_code(1);
        assert!(run.stdout.starts_with("FAIL  /"), "{run:#?}");
        assert!(
            run.stdout.contains(&format!("{code} refused at")),
            "{run:#?}"
        );
        let run = Run::of(&mut doctor(&["lint-id", "--format", "jsonl", &id])).expect_code(1);
        let object = &objects(&run)[0];
        assert_eq!(
            (&object["valid"], &object["refused"]),
            (&json!(true), &json!(true))
        );
    }
}

#[test]
fn what_is_offered_instead_is_no_mistake_itself() {
    let guid = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
    let ids = |place: &str| VM.replace("/prod/", place);
    let identity =
        |kind: &str| format!("{}/providers/Microsoft.ManagedIdentity/{kind}/id1", group());
    for (id, offered) in [
        (
            identity("userAssignedIdentity"),
            Some(identity("userAssignedIdentities")),
        ),
        (
            format!("{}/", identity("userassignedidentity")),
            Some(identity("userAssignedIdentities")),
        ),
        (format!("\"{VM}\""), Some(VM.into())),
        // Nobody knows what these stand for.
        (VM.replace(guid, "{sub}"), None),
        (format!("\"{}\"", VM.replace(guid, "{sub}")), None),
        (
            VM.replace(guid, "{sub}")
                .replace("virtualMachines", "virtualMachine"),
            None,
        ),
        (ids("/rg%20x/"), None),
        (VM.replace(guid, "Pay-As-You-Go"), None),
    ] {
        let run = Run::of(&mut doctor(&["lint-id", &id])).expect_code(1);
        let shown = run
            .stdout
            .lines()
            .find_map(|line| line.trim().strip_prefix("perhaps "));
        assert_eq!(shown, offered.as_deref(), "{run:#?}");
        let run = Run::of(&mut doctor(&["lint-id", "--format", "jsonl", &id])).expect_code(1);
        assert_eq!(
            objects(&run)[0]["repaired"].as_str(),
            offered.as_deref(),
            "{run:#?}"
        );
        if let Some(offered) = offered {
            Run::of(&mut doctor(&["lint-id", "--exact", &offered])).expect_code(0);
        }
    }
}

fn group() -> &'static str {
    VM.split_once("/providers").unwrap().0
}

#[test]
fn what_arm_may_take_is_a_warning_and_not_fine() {
    for (id, code) in [
        (format!("{VM}/"), "RID-004"),
        (
            VM.replace("Microsoft.Compute/virtualMachines", "A.B/c")
                .replace("web", "a%3Ab"),
            "RID-011",
        ),
        (
            VM.replace("Microsoft.Compute/virtualMachines", "A.B/c")
                .replace("web", "a\u{200d}b"),
            "RID-004",
        ),
        (VM.replace("virtualMachines", "virtualMachinez"), "RID-012"),
        (
            VM.replace("Microsoft.Compute", "Microsoft.Computer"),
            "RID-012",
        ),
    ] {
        let run = Run::of(&mut doctor(&["lint-id", &id])).expect_code(0);
        assert!(run.stdout.starts_with("warn  /"), "{run:#?}");
        assert!(
            run.stdout.contains(&format!("{code} warning at")),
            "{run:#?}"
        );
    }
    let run = Run::of(&mut doctor(&["lint-id", VM])).expect_code(0);
    assert!(run.stdout.starts_with("ok    /"), "{run:#?}");
}

#[test]
fn bytes_that_are_not_text_are_no_id() {
    let input = [VM.as_bytes(), &[0xff, 0xfe, b'\n']].concat();
    let run = fed(&mut doctor(&["lint-id", "--format", "jsonl"]), &input).expect_code(1);
    assert_eq!(objects(&run)[0]["valid"], false);
}

#[test]
fn nothing_to_say_and_bad_usage() {
    let run = fed(&mut doctor(&["lint-id"]), b"").expect_code(2);
    assert_eq!(run.stdout, "");
    Run::of(&mut doctor(&["lint-id", "--format", "yaml", VM])).expect_code(2);
    Run::of(&mut doctor(&["lint-id", "--strict", VM])).expect_code(2);
}

#[test]
fn many_lines_stream_through() {
    let input = format!("{VM}\n").repeat(20_000);
    let run = fed(
        &mut doctor(&["lint-id", "--format", "jsonl"]),
        input.as_bytes(),
    )
    .expect_code(0);
    assert_eq!(run.stdout.lines().count(), 20_000);
}
