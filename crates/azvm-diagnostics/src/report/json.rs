//! The report for a program: schema `azvm.doctor/1`. Members are only ever added within a major version.

use super::rfc3339;
use crate::check::{Check, Status};
use crate::facts::Facts;
use crate::finding::{Finding, Severity};
use crate::rules::{Diagnosis, Outcome};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// The schema of the report.
pub const SCHEMA: &str = "azvm.doctor/1";

/// The program that writes the report.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The commit it was built from, where that is known.
    pub commit: Option<String>,
}

impl Tool {
    /// A program of this name and version.
    pub fn new(name: impl Into<String>, version: impl Into<String>, commit: Option<&str>) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            commit: commit.map(Into::into),
        }
    }
}

/// Renders the report as one JSON object, indented, with a final newline. `run_id` is the caller's.
pub fn json(facts: &Facts, diagnosis: &Diagnosis, tool: &Tool, run_id: &str) -> String {
    let report = Report::new(facts, diagnosis, tool, run_id);
    let mut text = serde_json::to_string_pretty(&report)
        .expect("the report holds texts, numbers and lists only");
    text.push('\n');
    facts.redactor.clean(text)
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    run_id: &'a str,
    tool: &'a Tool,
    started: String,
    duration_ms: u64,
    args: Args<'a>,
    vm: Vm<'a>,
    result: &'static str,
    exit_code: u8,
    summary: Summary,
    root_causes: Vec<&'static str>,
    checks: Vec<CheckReport<'a>>,
    timeline: Vec<TimelineReport<'a>>,
    redaction: &'static str,
}

#[derive(Serialize)]
struct Args<'a> {
    target: Option<&'a str>,
    selector: &'static str,
    selector_value: Option<&'a str>,
    audience: &'a str,
    cloud: Option<&'static str>,
    wait_s: Option<u64>,
    simulate: Option<&'a str>,
    imds_endpoint: &'a str,
    arm_endpoint: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Vm<'a> {
    vm_id: Option<&'a str>,
    resource_id: Option<&'a str>,
    name: Option<&'a str>,
    resource_group: Option<&'a str>,
    subscription_id: Option<&'a str>,
    location: Option<&'a str>,
    zone: Option<&'a str>,
    vmss: Option<&'a str>,
    az_environment: Option<&'a str>,
    os: &'a str,
    kernel: Option<&'a str>,
}

#[derive(Default, Serialize)]
struct Summary {
    ok: usize,
    note: usize,
    warn: usize,
    fail: usize,
    skipped: usize,
    unknown: usize,
    crashed: usize,
}

#[derive(Serialize)]
struct CheckReport<'a> {
    id: &'static str,
    category: &'static str,
    status: &'static str,
    summary: &'a str,
    duration_ms: u64,
    attempts: usize,
    skipped_because: Option<&'a [&'static str]>,
    diagnoses: Vec<DiagnosisReport<'a>>,
    evidence: BTreeMap<&'static str, &'a str>,
    remediation: Option<Remediation<'a>>,
    docs: Option<String>,
}

#[derive(Serialize)]
struct DiagnosisReport<'a> {
    code: &'static str,
    severity: &'static str,
    confidence: &'static str,
    title: &'a str,
    cause: Option<&'a str>,
    args: BTreeMap<&'static str, &'a str>,
}

#[derive(Serialize)]
struct Remediation<'a> {
    text: &'a str,
    commands: Vec<CommandReport<'a>>,
    links: &'a [&'static str],
}

#[derive(Serialize)]
struct CommandReport<'a> {
    shell: &'static str,
    run: &'a str,
    needs_root: bool,
}

#[derive(Serialize)]
struct TimelineReport<'a> {
    t_ms: u64,
    action: &'static str,
    status: Option<u16>,
    failure: Option<&'static str>,
    code: Option<&'a str>,
    request_id: Option<&'a str>,
}

impl<'a> Report<'a> {
    fn new(facts: &'a Facts, diagnosis: &'a Diagnosis, tool: &'a Tool, run_id: &'a str) -> Self {
        let program = facts.asked.invocation.program();
        Self {
            schema: SCHEMA,
            run_id,
            tool,
            started: rfc3339(facts.started),
            duration_ms: ms(facts.duration),
            args: args(facts),
            vm: vm(facts),
            result: result(diagnosis),
            exit_code: diagnosis.exit_code(),
            summary: summary(&diagnosis.checks),
            root_causes: diagnosis.root_causes(),
            checks: diagnosis
                .checks
                .iter()
                .map(|each| check(each, program))
                .collect(),
            timeline: timeline(facts),
            redaction: "default",
        }
    }
}

fn args(facts: &Facts) -> Args<'_> {
    Args {
        target: facts.target().map(|id| id.as_str()),
        selector: facts.asked.selector.kind(),
        selector_value: facts.asked.selector.value(),
        audience: facts.imds.audience.as_str(),
        cloud: facts.asked.cloud.map(azvm_arm::Cloud::name),
        wait_s: facts.asked.wait.map(|wait| wait.as_secs()),
        simulate: facts.asked.simulation.as_deref(),
        imds_endpoint: &facts.imds.endpoint,
        arm_endpoint: &facts.arm.endpoint,
    }
}

fn vm(facts: &Facts) -> Vm<'_> {
    let compute = facts.imds.compute();
    Vm {
        vm_id: compute.and_then(|compute| compute.vm_id.as_deref()),
        resource_id: compute.and_then(|compute| compute.resource_id.as_deref()),
        name: compute.and_then(|compute| compute.name.as_deref()),
        resource_group: compute.and_then(|compute| compute.resource_group_name.as_deref()),
        subscription_id: compute.and_then(|compute| compute.subscription_id.as_deref()),
        location: compute.and_then(|compute| compute.location.as_deref()),
        zone: compute.and_then(|compute| compute.zone.as_deref()),
        vmss: compute.and_then(|compute| compute.vm_scale_set_name.as_deref()),
        az_environment: compute.and_then(|compute| compute.az_environment.as_deref()),
        os: &facts.host.os,
        kernel: facts.host.kernel.as_deref(),
    }
}

fn result(diagnosis: &Diagnosis) -> &'static str {
    match (diagnosis.outcome, diagnosis.worst()) {
        (Outcome::Crashed, _) => "crashed",
        (_, Some(severity)) => severity.as_str(),
        (_, None) if diagnosis.checks.iter().any(is_unknown) => "unknown",
        (_, None) => "ok",
    }
}

fn is_unknown(check: &Check) -> bool {
    check.status == Status::Unknown
}

fn summary(checks: &[Check]) -> Summary {
    let mut summary = Summary::default();
    for check in checks {
        let count = match check.status {
            Status::Ok => &mut summary.ok,
            Status::Note => &mut summary.note,
            Status::Warn => &mut summary.warn,
            Status::Fail => &mut summary.fail,
            Status::Skipped { .. } => &mut summary.skipped,
            Status::Unknown => &mut summary.unknown,
            Status::Crashed => &mut summary.crashed,
        };
        *count += 1;
    }
    summary
}

fn check<'a>(check: &'a Check, program: &str) -> CheckReport<'a> {
    let evidence: BTreeMap<&'static str, &str> = check
        .evidence
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let first = check.findings.first();
    CheckReport {
        id: check.id.as_str(),
        category: check.id.category(),
        status: check.status.as_str(),
        summary: &check.summary,
        duration_ms: ms(check.duration),
        attempts: check.attempts,
        skipped_because: match &check.status {
            Status::Skipped { because } => Some(because),
            _ => None,
        },
        diagnoses: check.findings.iter().map(finding).collect(),
        evidence,
        remediation: first.map(remediation),
        docs: first
            .filter(|finding| finding.severity > Severity::Note)
            .map(|finding| format!("{program} explain {}", finding.entry.code)),
    }
}

fn finding(finding: &Finding) -> DiagnosisReport<'_> {
    DiagnosisReport {
        code: finding.entry.code,
        severity: finding.severity.as_str(),
        confidence: finding.confidence.as_str(),
        title: &finding.title,
        cause: finding.cause.as_deref(),
        args: BTreeMap::new(),
    }
}

fn remediation(finding: &Finding) -> Remediation<'_> {
    let commands = finding.remedy.commands.iter().map(|command| CommandReport {
        shell: command.shell,
        run: &command.run,
        needs_root: command.needs_root,
    });
    Remediation {
        text: &finding.remedy.text,
        commands: commands.collect(),
        links: &finding.remedy.links,
    }
}

fn timeline(facts: &Facts) -> Vec<TimelineReport<'_>> {
    let entries = facts.timeline.iter().map(|entry| TimelineReport {
        t_ms: ms(entry.at),
        action: entry.action,
        status: entry.outcome.ok(),
        failure: entry.outcome.err(),
        code: entry.code.as_deref(),
        request_id: entry.request_id.as_deref(),
    });
    entries.collect()
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
