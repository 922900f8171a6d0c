//! The report for a program: schema `azvm.doctor/1`. Members are only ever added within a major version.
//!
//! `docs/report.schema.json` describes it, and a test holds every report of every test against it.

use super::view::{Counts, Shown, ms};
use super::{Report, rfc3339};
use crate::check::Status;
use crate::facts::Facts;
use crate::finding::{Finding, Severity};
use crate::stored::{StoredFacts, store};
use azvm_exchange::FailureKind;
use azvm_imds::Guid;
use serde::Serialize;
use std::collections::BTreeMap;

/// The schema of the report.
pub const SCHEMA: &str = "azvm.doctor/1";

/// One JSON object, indented.
pub(super) fn render(report: &Report<'_>) -> String {
    let mut text = serde_json::to_string_pretty(&Whole::new(report))
        .expect("the report holds texts, numbers and lists only");
    text.push('\n');
    text
}

#[derive(Serialize)]
struct Whole<'a> {
    schema: &'static str,
    run_id: &'a str,
    tool: ToolReport<'a>,
    collected_by: Option<CollectedBy<'a>>,
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
    facts: StoredFacts,
}

#[derive(Serialize)]
struct ToolReport<'a> {
    name: &'a str,
    version: &'a str,
    commit: Option<&'a str>,
}

#[derive(Serialize)]
struct CollectedBy<'a> {
    name: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct Args<'a> {
    target: Option<&'a str>,
    selector: &'static str,
    selector_value: Option<&'a str>,
    audience: &'a str,
    cloud: Option<&'static str>,
    wait_s: Option<u64>,
    granted_at: Option<String>,
    expected_principal: Option<&'a str>,
    simulate: Option<&'a str>,
    imds_endpoint: &'a str,
    arm_endpoint: &'a str,
    only: Vec<&'static str>,
    skip: Vec<&'static str>,
    fail_on: Vec<&'static str>,
}

/// The machine, with the names that IMDS has for its members.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Vm<'a> {
    pub(super) vm_id: Option<&'a str>,
    pub(super) resource_id: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) resource_group: Option<&'a str>,
    pub(super) subscription_id: Option<&'a str>,
    pub(super) location: Option<&'a str>,
    pub(super) zone: Option<&'a str>,
    pub(super) vmss: Option<&'a str>,
    pub(super) az_environment: Option<&'a str>,
    pub(super) os: &'a str,
    pub(super) kernel: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct Summary {
    ok: usize,
    note: usize,
    warn: usize,
    fail: usize,
    skipped: usize,
    unknown: usize,
    crashed: usize,
}

#[derive(Serialize)]
pub(super) struct CheckReport<'a> {
    id: &'static str,
    category: &'static str,
    status: &'static str,
    summary: &'a str,
    duration_ms: u64,
    attempts: usize,
    skipped_because: Option<&'a [&'static str]>,
    left_out: &'a [&'static str],
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
    remediation: Remediation<'a>,
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
    took_ms: u64,
    action: &'a str,
    status: Option<u16>,
    failure: Option<&'static str>,
    code: Option<&'a str>,
    request_id: Option<&'a str>,
}

impl<'a> Whole<'a> {
    fn new(report: &'a Report<'_>) -> Self {
        let Report {
            facts, diagnosis, ..
        } = report;
        let checks = report.shown();
        Self {
            schema: SCHEMA,
            run_id: &report.run_id,
            tool: ToolReport {
                name: &report.tool.name,
                version: &report.tool.version,
                commit: report.tool.commit.as_deref(),
            },
            collected_by: report
                .collected_by
                .as_ref()
                .map(|(name, version)| CollectedBy { name, version }),
            started: rfc3339(facts.started),
            duration_ms: ms(facts.duration),
            args: args(report),
            vm: vm(facts),
            result: report.result(),
            exit_code: diagnosis.exit_code(),
            summary: summary(report),
            root_causes: diagnosis.root_causes(),
            checks: checks.iter().map(|shown| check(report, shown)).collect(),
            timeline: timeline(facts),
            redaction: facts.redaction.as_str(),
            facts: store(facts),
        }
    }
}

fn args<'a>(report: &'a Report<'_>) -> Args<'a> {
    let (facts, policy) = (report.facts, &report.diagnosis.policy);
    let fail_on = [
        (policy.fails_on_warn(), "warn"),
        (policy.fails_on_unknown(), "unknown"),
    ];
    Args {
        target: facts.target().map(|id| id.as_str()),
        selector: facts.asked.selector.kind(),
        selector_value: facts.asked.selector.value(),
        audience: facts.imds.audience.as_str(),
        cloud: facts.asked.cloud.map(azvm_arm::Cloud::name),
        wait_s: facts.asked.wait.map(|wait| wait.as_secs()),
        granted_at: facts.asked.granted_at.map(rfc3339),
        expected_principal: facts.asked.expected_principal.as_ref().map(Guid::as_str),
        simulate: facts.asked.simulation.as_deref(),
        imds_endpoint: &facts.imds.endpoint,
        arm_endpoint: &facts.arm.endpoint,
        only: report.only.words().collect(),
        skip: policy.skip().words().collect(),
        fail_on: fail_on
            .into_iter()
            .filter_map(|(is_on, name)| is_on.then_some(name))
            .collect(),
    }
}

pub(super) fn vm(facts: &Facts) -> Vm<'_> {
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

pub(super) fn summary(report: &Report<'_>) -> Summary {
    let counts = Counts::of(&report.diagnosis.checks);
    Summary {
        ok: counts.ok,
        note: counts.note,
        warn: counts.warn,
        fail: counts.fail,
        skipped: counts.skipped,
        unknown: counts.unknown,
        crashed: counts.crashed,
    }
}

pub(super) fn check<'a>(report: &Report<'_>, shown: &Shown<'a>) -> CheckReport<'a> {
    let Shown { check, findings } = shown;
    let evidence: BTreeMap<&'static str, &str> = check
        .evidence
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let first = findings.first().copied();
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
        left_out: &check.left_out,
        diagnoses: findings.iter().map(|each| finding(each)).collect(),
        evidence,
        remediation: first.map(remediation),
        docs: first
            .filter(|finding| finding.severity > Severity::Note)
            .map(|finding| report.explain(finding)),
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
        remediation: remediation(finding),
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
        took_ms: ms(entry.took),
        action: &entry.action,
        status: entry.outcome.ok(),
        failure: entry.outcome.err().map(FailureKind::as_str),
        code: entry.code.as_deref(),
        request_id: entry.request_id.as_deref(),
    });
    entries.collect()
}
