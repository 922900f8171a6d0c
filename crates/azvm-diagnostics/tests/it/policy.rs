//! What counts: `--skip`, `--only`, `--fail-on`, and a run that crashed.

use crate::ran::Ran;
use crate::replies::{Reply, denied};
use crate::wire::Route;
use crate::world::World;
use azvm_diagnostics::{Format, Outcome, Policy, Report, Selection, Status, diagnose_under};

fn selection(words: &[&str]) -> Selection {
    Selection::parse(words.iter().copied()).unwrap()
}

fn skipping(words: &[&str]) -> Policy {
    Policy::default().with_skip(selection(words))
}

fn throttled() -> Ran {
    World::healthy()
        .with_all(
            Route::Instance,
            [
                Reply::imds_error(429, "throttled", ""),
                Reply::imds(200, crate::replies::instance_body().to_string()),
            ],
        )
        .run()
}

#[test]
fn a_code_that_is_left_out_is_neither_fine_nor_failed_and_the_report_says_so() {
    let ran = World::healthy().with(Route::Target, denied()).run();
    assert_eq!((ran.exit(), ran.codes()), (1, vec!["RBAC-021"]));
    let diagnosis = diagnose_under(&ran.facts, &skipping(&["rbac-021"]));
    assert_eq!(diagnosis.exit_code(), 0);
    let check = diagnosis.checks.last().unwrap();
    assert_eq!(
        (&check.status, check.left_out.as_slice()),
        (&Status::Unknown, &["RBAC-021"][..])
    );
    let report = Report::new(&ran.facts, &diagnosis);
    assert!(
        report
            .render(Format::Text)
            .contains("left out, as asked: RBAC-021")
    );
    assert!(
        report
            .render(Format::Text)
            .contains("not examined: arm.target (not judged: RBAC-021 is left out)")
    );
    let json: serde_json::Value = serde_json::from_str(&report.render(Format::Json)).unwrap();
    assert_eq!(json["args"]["skip"], serde_json::json!(["RBAC-021"]));
    // Left out is not unknown: nobody wanted to know.
    let policy = skipping(&["RBAC-021"]).with_fail_on_unknown(true);
    assert_eq!(diagnose_under(&ran.facts, &policy).exit_code(), 0);
}

#[test]
fn what_depends_on_a_check_that_is_left_out_is_judged_all_the_same() {
    let ran = World::healthy().with(Route::Target, denied()).run();
    let diagnosis = diagnose_under(&ran.facts, &skipping(&["arm.reachable", "host"]));
    let statuses: Vec<&str> = diagnosis
        .checks
        .iter()
        .map(|check| check.status.as_str())
        .collect();
    assert_eq!(
        statuses,
        ["skipped", "ok", "ok", "ok", "ok", "skipped", "fail"]
    );
    assert_eq!(diagnosis.exit_code(), 1);
}

#[test]
fn warnings_and_unknowns_count_when_they_are_to() {
    let warned = throttled();
    assert_eq!((warned.exit(), warned.codes()), (0, vec!["IMDS-003"]));
    let policy = Policy::default().with_fail_on_warn(true);
    let diagnosis = diagnose_under(&warned.facts, &policy);
    assert_eq!(
        (diagnosis.exit_code(), diagnosis.outcome),
        (3, Outcome::Warned)
    );
    let junit = Report::new(&warned.facts, &diagnosis).render(Format::Junit);
    assert!(junit.contains("<failure type=\"IMDS-003\""), "{junit}");

    let opaque = World::healthy().with_token("not-a-jwt-at-all".into()).run();
    assert_eq!(opaque.exit(), 0);
    let policy = Policy::default().with_fail_on_unknown(true);
    assert_eq!(diagnose_under(&opaque.facts, &policy).exit_code(), 5);
    assert_eq!(diagnose_under(&warned.facts, &policy).exit_code(), 0);
    // A failure is a failure first.
    let both = Policy::default()
        .with_fail_on_warn(true)
        .with_fail_on_unknown(true);
    let failed = World::healthy().with(Route::Target, denied()).run();
    assert_eq!(diagnose_under(&failed.facts, &both).exit_code(), 1);
}

#[test]
fn only_changes_what_is_shown_and_not_what_is_found() {
    let ran = World::healthy().with(Route::Target, denied()).run();
    for format in Format::ALL {
        let report = ran.report().with_only(selection(&["token"])).render(format);
        let whole = ran.render(format);
        assert!(
            report.len() < whole.len() || matches!(format, Format::Short),
            "{format:?}"
        );
    }
    let json = ran
        .report()
        .with_only(selection(&["token", "RBAC-021"]))
        .render(Format::Json);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let ids: Vec<&str> = json["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["imds.token", "arm.target"]);
    assert_eq!(
        (&json["exit_code"], &json["summary"]["ok"]),
        (&1.into(), &6.into())
    );
    assert_eq!(
        json["args"]["only"],
        serde_json::json!(["token", "RBAC-021"])
    );
}
