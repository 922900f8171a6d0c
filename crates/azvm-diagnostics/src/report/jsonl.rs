//! The report for a program that reads line by line: a line a check, in the order of the chain, and last one about the
//! run. The members are those of the whole report, which `type`, `schema` and `run_id` tell apart.

use super::json::{CheckReport, Summary, Vm, check, summary, vm};
use super::view::ms;
use super::{Report, SCHEMA, rfc3339};
use serde::Serialize;

pub(super) fn render(report: &Report<'_>) -> String {
    let mut out = String::new();
    for shown in report.shown() {
        out.push_str(&line(&CheckLine {
            kind: "check",
            schema: SCHEMA,
            run_id: &report.run_id,
            check: check(report, &shown),
        }));
    }
    let diagnosis = report.diagnosis;
    out.push_str(&line(&RunLine {
        kind: "run",
        schema: SCHEMA,
        run_id: &report.run_id,
        started: rfc3339(report.facts.started),
        duration_ms: ms(report.facts.duration),
        vm: vm(report.facts),
        result: report.result(),
        exit_code: diagnosis.exit_code(),
        summary: summary(report),
        root_causes: diagnosis.root_causes(),
        redaction: report.facts.redaction.as_str(),
    }));
    out
}

fn line(value: &impl Serialize) -> String {
    let mut line =
        serde_json::to_string(value).expect("the report holds texts, numbers and lists only");
    line.push('\n');
    line
}

#[derive(Serialize)]
struct CheckLine<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    schema: &'static str,
    run_id: &'a str,
    #[serde(flatten)]
    check: CheckReport<'a>,
}

#[derive(Serialize)]
struct RunLine<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    schema: &'static str,
    run_id: &'a str,
    started: String,
    duration_ms: u64,
    vm: Vm<'a>,
    result: &'static str,
    exit_code: u8,
    summary: Summary,
    root_causes: Vec<&'static str>,
    redaction: &'static str,
}
