//! Facts in a report come back as they went. Each run of each test of this binary is checked here.

use crate::ran::Ran;
use crate::replies::{OTHER_ID, denied, given, group_id, list, role};
use crate::wire::Route;
use crate::world::World;
use azvm_diagnostics::{Facts, Format, MAX_REPORT_BYTES, diagnose, read_report};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// The facts as another run would read them, under the same name of the program.
#[track_caller]
pub(crate) fn read_back(ran: &Ran) -> Facts {
    let json = ran.render(Format::Json);
    let stored = read_report(json.as_bytes()).unwrap_or_else(|error| panic!("{error} in\n{json}"));
    assert_eq!(stored.run_id, "run-1");
    assert_eq!(stored.collected_by, ("azvm-doctor".into(), "0.1.0".into()));
    let mut facts = stored.facts;
    let program = ran.facts.asked.invocation.program();
    facts.asked.invocation = facts.asked.invocation.of_program(program);
    facts
}

#[track_caller]
pub(crate) fn check_comes_back(ran: &Ran) {
    let facts = read_back(ran);
    assert_eq!(format!("{facts:?}"), format!("{:?}", ran.facts));
    let again = Ran::new(facts, vec![], vec![], String::new());
    assert_eq!(again.render(Format::Json), ran.render(Format::Json));
    assert_eq!(
        format!("{:?}", diagnose(&again.facts)),
        format!("{:?}", ran.diagnosis)
    );
}

fn refused(report: impl AsRef<[u8]>) -> String {
    read_report(report.as_ref()).unwrap_err().to_string()
}

/// A report with one member of its facts changed.
fn changed(pointer: &str, value: Value) -> String {
    let mut report = World::healthy().run().json();
    *report.pointer_mut(pointer).unwrap() = value;
    report.to_string()
}

#[test]
fn what_a_refusal_quotes_is_printable_and_no_token() {
    let jwt = format!("eyJ{}.eyJ{}.c2ln", "a".repeat(40), "b".repeat(40));
    for pointer in [
        "/facts/imds/token/answer",
        "/facts/arm/cloud",
        "/facts/asked/selector",
        "/facts/started",
        "/schema",
    ] {
        let text = format!("\u{1b}[31mX\u{202e}\u{9b} {jwt}");
        let shown = refused(changed(pointer, text.into()));
        let is_bad = |c: char| c.is_control() || c == '\u{202e}';
        assert!(!shown.contains(is_bad), "{pointer}: {shown:?}");
        assert!(!shown.contains("aaaaaaaaa"), "{pointer}: {shown}");
    }
    let variant = refused(changed("/facts/imds/token/answer", jwt.into()));
    assert!(
        variant.starts_with("line 1, column ")
            && variant.contains(": unknown variant `<redacted>`, expected"),
        "{variant}"
    );
}

#[test]
fn what_is_no_report_is_refused_in_one_line() {
    assert!(refused("").contains("EOF"), "{}", refused(""));
    assert!(refused("[]").starts_with("line "), "{}", refused("[]"));
    assert_eq!(
        refused("{}"),
        "it names no schema, so it is no report of the doctor"
    );
    let other = refused("{\"schema\":\"azvm.doctor/2\",\"facts\":7}");
    assert!(other.contains("line"), "{other}");
    assert_eq!(
        refused("{\"schema\":\"azvm.doctor/2\",\"facts\":{\"version\":9}}"),
        "expected a report of schema azvm.doctor/1, found azvm.doctor/2"
    );
    assert!(refused("{\"schema\":\"azvm.doctor/1\"}").starts_with("it holds no facts"));
    let newer = changed("/facts/version", 2.into());
    assert!(refused(newer).contains("version 2, this program reads up to 1"));
    assert_eq!(
        refused("{\n\"schema\":7}"),
        "line 2, column 10: invalid type: integer `7`, expected a string"
    );
    let deep = format!("{{\"schema\":{}", "[".repeat(100_000));
    assert!(refused(deep).starts_with("line "));
    assert!(refused(vec![b' '; MAX_REPORT_BYTES + 1]).contains("larger than 8 MiB"));
    for (pointer, value, words) in [
        (
            "/facts/asked/selector",
            "nobody",
            "facts.asked.selector: no such kind",
        ),
        (
            "/facts/imds/audience",
            "a b",
            "facts.imds.audience: white space",
        ),
        (
            "/facts/arm/cloud",
            "Cumulus",
            "facts.arm.cloud: no such cloud",
        ),
        ("/facts/arm/target/id", "x", "facts.arm.target.id: "),
        ("/facts/timeline/0/at_ns", "x", "line "),
    ] {
        let error = refused(changed(pointer, value.into()));
        assert!(error.starts_with(words) && !error.contains('\n'), "{error}");
    }
}

#[test]
fn unknown_and_missing_members_are_passed_over() {
    let ran = World::healthy().run();
    let mut report = ran.json();
    report["new"] = json!({"a": [1]});
    report["facts"]["imds"]["new"] = json!("x");
    report["facts"]["imds"]["probe"]["tries"][0]["new"] = json!(null);
    let facts = read_report(report.to_string().as_bytes()).unwrap().facts;
    assert_eq!(format!("{facts:?}"), format!("{:?}", ran.facts));
    for member in ["timeline", "host", "duration_ns", "is_cut_short"] {
        let mut report = ran.json();
        report["facts"]
            .as_object_mut()
            .unwrap()
            .remove(member)
            .unwrap();
        read_report(report.to_string().as_bytes()).unwrap();
    }
}

#[test]
fn a_stored_report_can_say_no_more_than_a_server_could() {
    let token = crate::replies::jwt(&crate::replies::claims(crate::replies::ARM_AUDIENCE));
    let evil = format!("\u{1b}[2J{token}\u{202e}");
    let ran = World::healthy().with(Route::Target, denied()).run();
    let mut report = ran.json();
    let mut texts = 0;
    spoil(&mut report["facts"], &evil, &mut texts);
    assert!(texts > 50);
    report["facts"]["asked"]["flags"] = json!([["--target", "$(reboot)"], ["--evil", "x"]]);
    // What must be an ID, stays one.
    for (pointer, value) in [
        ("/asked/selector", json!("system")),
        ("/imds/audience", json!("https://management.azure.com/")),
        ("/arm/cloud", json!("AzurePublicCloud")),
        ("/arm/target/id", json!("/subscriptions/s/resourceGroups/g")),
        ("/arm/model/id", json!("/subscriptions/s/resourceGroups/g")),
    ] {
        *report["facts"].pointer_mut(pointer).unwrap() = value;
    }
    let facts = read_report(report.to_string().as_bytes()).unwrap().facts;
    let spoilt = Ran::new(facts, vec![], vec![], token);
    for format in Format::ALL {
        let shown = spoilt.report().with_verbose(true).render(format);
        assert!(
            !shown.contains(&spoilt.token) && !shown.contains("eyJ0"),
            "{shown}"
        );
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{format:?}");
        assert!(!shown.contains("--evil"), "{shown}");
    }
    assert!(!spoilt.text().contains(" $(reboot)"), "{}", spoilt.text());
}

fn spoil(tree: &mut Value, by: &str, texts: &mut usize) {
    match tree {
        Value::String(text) => {
            *text = by.into();
            *texts += 1;
        }
        Value::Array(items) => items.iter_mut().for_each(|item| spoil(item, by, texts)),
        Value::Object(members) => members.values_mut().for_each(|item| spoil(item, by, texts)),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever becomes of a report on its way, it is read or refused.
    #[test]
    fn any_damage_is_survived(at in 0..1_000_000_usize, byte: u8, cut in 0..1_000_000_usize) {
        static REPORT: LazyLock<Vec<u8>> = LazyLock::new(|| {
            World::healthy().with(Route::Target, denied()).run().json_text().into_bytes()
        });
        let mut report = REPORT.clone();
        let (at, cut) = (at % report.len(), cut % report.len());
        report[at] = byte;
        if let Ok(stored) = read_report(&report) {
            let ran = Ran::new(stored.facts, vec![], vec![], String::new());
            prop_assert!(!ran.text().is_empty());
        }
        prop_assert!(read_report(&report[..cut]).is_err());
    }
}

#[test]
fn a_report_of_a_version_that_asked_less_knows_less() {
    let young = given(OTHER_ID, &group_id(), -60);
    let ran = World::healthy()
        .with(Route::Target, denied())
        .with(Route::RoleAssignments, list(&[young]))
        .with(
            Route::RoleDefinition,
            role("Starter", &["*/start/action"], &[]),
        )
        .run();
    assert_eq!(ran.codes(), ["RBAC-005"]);
    let judged = |drop: &[&str]| {
        let mut report = ran.json();
        let facts = report["facts"].as_object_mut().unwrap();
        for name in drop {
            facts["arm"].as_object_mut().unwrap().remove(*name);
        }
        for name in ["granted_at", "expected_principal"] {
            facts["asked"].as_object_mut().unwrap().remove(name);
        }
        let facts = read_report(report.to_string().as_bytes()).unwrap().facts;
        let diagnosis = diagnose(&facts);
        let codes = diagnosis.findings().map(|finding| finding.entry.code);
        codes.collect::<Vec<_>>()
    };
    assert_eq!(judged(&[]), ["RBAC-005"]);
    // Nobody looked at the role, which is young.
    assert_eq!(judged(&["rights"]), ["RBAC-002"]);
    assert_eq!(judged(&["rights", "role_assignments"]), ["RBAC-021"]);
    // What cannot have been is refused by name.
    let mut report = ran.json();
    report["facts"]["arm"]["rights"]["roles"][0]["call"]["answer"]["ok"]["grant"] = json!("most");
    let error = refused(report.to_string());
    assert!(error.contains("no such grant"), "{error}");
    let mut report = ran.json();
    report["facts"]["asked"]["expected_principal"] = json!("me");
    let error = refused(report.to_string());
    assert!(error.contains("asked.expected_principal"), "{error}");
}
