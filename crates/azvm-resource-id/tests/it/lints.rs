//! The table of findings, `tests/data/findings.jsonl`: for each text what is found and what it is mended to.
//!
//! `BLESS=1 cargo test -p azvm-resource-id` writes what it gives now; then read the difference.

use std::collections::BTreeSet;

use azvm_resource_id::{lint, repair};
use serde_json::{Value, json};

use crate::bless;

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/findings.jsonl");

#[test]
fn every_finding_of_the_table_agrees() {
    assert!(bless::check(TABLE, observed) >= 120);
}

fn observed(text: &str) -> Value {
    let findings = lint(text);
    let told = findings.iter().map(|finding| {
        let (span, severity) = (finding.span(), finding.severity().as_str());
        json!([
            finding.code(),
            severity,
            span.start,
            span.end,
            finding.message(),
            finding.suggestion()
        ])
    });
    json!({
        "findings": told.collect::<Vec<_>>(),
        "repaired": repair(text).ok().map(|repaired| repaired.id().as_str().to_owned()),
    })
}

#[test]
fn every_code_is_in_the_table() {
    let table = std::fs::read_to_string(TABLE).unwrap();
    let lines = table
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let texts = lines.map(|case| case["text"].as_str().unwrap().to_owned());
    let mut found: BTreeSet<&str> = texts
        .flat_map(|text| lint(&text))
        .map(|finding| finding.code())
        .collect();
    found.extend(
        lint(&"x".repeat(70_000))
            .iter()
            .map(|finding| finding.code()),
    );
    let expected = [
        "RID-001", "RID-003", "RID-004", "RID-005", "RID-006", "RID-008", "RID-009", "RID-010",
        "RID-011", "RID-012", "RID-013", "RID-017", "RID-018", "RID-019", "RID-020", "RID-021",
        "RID-022", "RID-023", "RID-024", "RID-025", "RID-026", "RID-027", "RID-028", "RID-029",
        "RID-030", "RID-031", "RID-032", "RID-033",
    ];
    assert_eq!(found.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn very_many_faults_are_cut_short() {
    assert_eq!(lint(&"/".repeat(1_000)).len(), 100);
    let warnings = format!("/providers{}", "/A.B/c/\u{200b}".repeat(1_000));
    assert!(lint(&warnings).len() <= 100);
}

#[test]
fn what_cannot_be_mended_says_why() {
    let error = repair("/subscriptions//resourceGroups/rg").unwrap_err();
    assert_eq!(
        error.to_string(),
        "no single ID can have been meant: the subscription ID is empty; a variable may not have been set"
    );
    assert_eq!(error.finding().code(), "RID-017");
}

#[test]
fn mending_is_told_in_the_order_of_the_text() {
    let repaired = repair("'subscriptions/s/resourcegroup/rg?x=1'").unwrap();
    let codes: Vec<_> = repaired
        .mended()
        .iter()
        .map(|finding| finding.code())
        .collect();
    assert_eq!(
        codes,
        ["RID-023", "RID-003", "RID-019", "RID-024", "RID-023"]
    );
    assert_eq!(
        repaired.into_id().as_str(),
        "/subscriptions/s/resourceGroups/rg"
    );
}

#[test]
fn what_may_be_another_resource_is_refused() {
    const G: &str = "/subscriptions/0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
    const VM: &str = "providers/Microsoft.Compute/virtualMachines/vm";
    for text in [
        format!("{G}/rg/{VM}"),
        format!("{G}/rg/vm"),
        format!("{G}?/resourceGroups/rg"),
        format!("{G}/resourceGroups/r?g/{VM}"),
        format!("{G}/resourceGroups/rg#1/{VM}"),
        format!("{G}/resourceGroups/rg#1"),
        format!("{G}/my.group/{VM}"),
        format!("{G}/resourceGroups/{VM}"),
        format!("/subscriptions/{VM}"),
        format!("{G}/resourceGroups/rg{G}/resourceGroups/rg-b"),
        format!("C:/Program Files/Git/resourceGroups/rg/{VM}"),
        format!("[{G}/resourceGroups/a, {G}/resourceGroups/b]"),
        format!("({G}/resourceGroups/rg(1)"),
        format!("{G}/resourceGroups/rg /{VM}"),
        format!("\"{G}/resourceGroups/a/{VM},{G}/resourceGroups/b/{VM}\""),
        format!("/resource{G}/resourceGroups"),
        format!("/resource{G}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines"),
        format!(
            "/resource{G}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/overview"
        ),
        VM.to_owned(),
        format!("/{VM}|"),
        "/?a=b".to_owned(),
    ] {
        assert!(repair(&text).is_err(), "{text:?} {:?}", repair(&text));
    }
}
