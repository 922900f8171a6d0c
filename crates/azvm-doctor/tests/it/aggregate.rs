//! `aggregate` from outside: reports of the simulator, both formats, exit codes.

use crate::support::{Run, doctor};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// The report of a scenario as one of this machine, an instance of the scale set `web`.
fn report(folder: &Path, scenario: &str, name: &str) -> String {
    let run = Run::of(&mut doctor(&["--simulate", scenario, "--format", "json"]));
    let mut report: Value = serde_json::from_str(&run.stdout).unwrap();
    let compute = &mut report["facts"]["imds"]["instance"]["answer"]["ok"];
    compute["name"] = name.into();
    compute["vm_id"] = format!("vm-id-of-{name}").into();
    compute["vm_scale_set_name"] = "web".into();
    let path = folder.join(format!("{name}.json"));
    fs::write(&path, report.to_string()).unwrap();
    path.to_str().unwrap().into()
}

#[test]
fn a_scale_set_with_one_odd_instance() {
    let folder = TempDir::new().unwrap();
    let good = report(folder.path(), "healthy", "web_0");
    let bad = report(folder.path(), "no-identity", "web_1");
    let list = folder.path().join("expected");
    fs::write(&list, "web_0\nweb_1\nweb_2\n").unwrap();
    let list = list.to_str().unwrap();
    let run = Run::of(&mut doctor(&["aggregate", &good, &bad, "--expect", list])).expect_code(1);
    for line in [
        "2 machines",
        "IDSEL-001  fail  1 of 2, first web_1: this machine has no managed identity",
        "scale set web in rg-azvm-demo: 2 instances, 1 with a token, 1 failing",
        "IDSEL-014 warn likely  1 instance of the scale set web has no identity, 1 has one",
        "1 did not report",
        "  web_2",
        "exit 1",
    ] {
        assert!(
            run.stdout.lines().any(|found| found == line),
            "{line}\n{run:#?}"
        );
    }
    let run = Run::of(&mut doctor(&["aggregate", "--format", "json", &good, &bad])).expect_code(1);
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["schema"], "azvm.fleet/1");
    assert_eq!(json["machines"][1]["name"], "web_1");
    assert_eq!(json["machines"][1]["codes"][0], "IDSEL-001");
    assert_eq!(json["findings"][0]["code"], "IDSEL-014");
    assert_eq!(json.as_object().unwrap().len(), 10);
}

#[test]
fn what_cannot_be_read_is_told() {
    let folder = TempDir::new().unwrap();
    let good = report(folder.path(), "healthy", "a");
    let run = Run::of(&mut doctor(&["aggregate", &good])).expect_code(0);
    assert!(
        run.stdout.contains("1 machine\n\nnothing wrong found\n"),
        "{run:#?}"
    );
    let run = Run::of(&mut doctor(&["aggregate", &good, "/nonexistent"])).expect_code(5);
    assert!(
        run.stdout.contains("1 cannot be read\n  /nonexistent: "),
        "{run:#?}"
    );
    let run = Run::of(&mut doctor(&["aggregate", "/nonexistent"])).expect_code(2);
    assert!(run.stderr.contains("/nonexistent"), "{run:#?}");
    Run::of(&mut doctor(&["aggregate"])).expect_code(2);
    Run::of(&mut doctor(&[
        "aggregate",
        &good,
        "--expect",
        "/nonexistent",
    ]))
    .expect_code(2);
}
