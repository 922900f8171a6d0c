//! From facts to findings: one rule a check, in the order of the chain.

mod access;
mod agent;
mod arm;
mod challenge;
mod host;
mod identity;
mod imds;
mod machine;
mod model;
mod path;
mod principal;
mod refused;
mod rights;
mod rights_seen;
mod rights_unlisted;
mod stranger;
mod token;

pub(crate) use access::by_code;
pub(crate) use imds::{impostor, pod_identity};
pub(crate) use principal::DEVELOPER_APPLICATIONS;
pub(crate) use refused::{Words as Refusal, is_about_identity};
pub(crate) use stranger::cloud;
pub(crate) use token::{by_error, says_header_is_missing};

use crate::catalogue::HOST_010;
use crate::check::{Check, CheckId, Status};
use crate::collect::SCALE_SET_TYPE;
use crate::facts::{Call, Facts};
use crate::finding::{Finding, Severity, Values};
use crate::policy::Policy;
use crate::wait::OFFICIAL_MAXIMUM;
use azvm_arm::Cloud;
use azvm_exchange::Origin;
use azvm_resource_id::ResourceId;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// The verdict over one run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Diagnosis {
    /// Every check, in the order of the chain.
    pub checks: Vec<Check>,
    /// How it went as a whole.
    pub outcome: Outcome,
    /// What counted.
    pub policy: Policy,
}

/// How a run went as a whole; each has an exit code of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// No failure; there may be notes and warnings.
    Passed,
    /// At least one failure.
    Failed,
    /// No failure, but a warning, and warnings count.
    Warned,
    /// The wait is over, and all that is left may be a role that is still propagating.
    StillPropagating,
    /// Not an Azure virtual machine.
    NotAzure,
    /// The time limit ended the run before it could tell; or a check could not tell, and that counts.
    Inconclusive,
    /// A check crashed, or the part of the run that it looks at.
    Crashed,
}

impl Diagnosis {
    /// 0 passed, 1 failed, 3 warned, 4 still propagating, 5 inconclusive, 6 not an Azure virtual machine, 70 crashed.
    pub fn exit_code(&self) -> u8 {
        match self.outcome {
            Outcome::Passed => 0,
            Outcome::Failed => 1,
            Outcome::Warned => 3,
            Outcome::StillPropagating => 4,
            Outcome::Inconclusive => 5,
            Outcome::NotAzure => 6,
            Outcome::Crashed => 70,
        }
    }

    /// The worst severity among the findings.
    pub fn worst(&self) -> Option<Severity> {
        self.findings().map(|finding| finding.severity).max()
    }

    /// The codes that explain the result, a cause before what follows from it: the failures, or without one, the
    /// warnings.
    pub fn root_causes(&self) -> Vec<&'static str> {
        let worst = self.worst().filter(|&worst| worst > Severity::Note);
        let mut codes = Vec::new();
        for finding in self
            .findings()
            .filter(|finding| Some(finding.severity) == worst)
        {
            if !codes.contains(&finding.entry.code) {
                codes.push(finding.entry.code);
            }
        }
        codes
    }

    /// Every finding, in the order of the chain.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.checks.iter().flat_map(|check| &check.findings)
    }
}

/// Draws the conclusions. Pure: the same facts give the same diagnosis.
pub fn diagnose(facts: &Facts) -> Diagnosis {
    diagnose_under(facts, &Policy::default())
}

/// As [`diagnose`], where `policy` says what counts.
pub fn diagnose_under(facts: &Facts, policy: &Policy) -> Diagnosis {
    let values = values(facts);
    let mut checks: Vec<Check> = Vec::with_capacity(CheckId::ALL.len());
    for id in CheckId::ALL {
        let check = match blockers(id, &checks) {
            _ if policy.skip().names_check(id) => left_out(id),
            Some(because) => skipped(id, because),
            None if facts.crashed.contains(&id.part()) => crashed(id),
            None => run(id, facts, &values, policy),
        };
        checks.push(check);
    }
    say_once(&mut checks);
    let outcome = outcome(facts, &checks, policy);
    Diagnosis {
        checks,
        outcome,
        policy: policy.clone(),
    }
}

/// What a rule says of its check.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// One line.
    summary: String,
    findings: Vec<Finding>,
    evidence: Vec<(&'static str, String)>,
    duration: Duration,
    attempts: usize,
    /// Neither fine nor not.
    is_unknown: bool,
    /// Does not apply, because of this code, which is reported elsewhere.
    skipped_because: Option<&'static str>,
}

impl Verdict {
    fn summary(&mut self, summary: impl Into<String>) {
        self.summary = summary.into();
    }

    fn find(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    fn saw(&mut self, name: &'static str, value: impl Into<String>) {
        self.evidence.push((name, value.into()));
    }

    fn saw_some(&mut self, name: &'static str, value: Option<impl Into<String>>) {
        self.evidence
            .extend(value.map(|value| (name, value.into())));
    }

    fn took<R, E>(&mut self, call: &Call<R, E>) {
        self.duration += call.elapsed;
        self.attempts += call.attempts.len();
    }

    fn unknown(mut self, why: impl Into<String>) -> Self {
        self.summary = why.into();
        self.is_unknown = true;
        self
    }
}

fn run(id: CheckId, facts: &Facts, values: &Values, policy: &Policy) -> Check {
    let rule = match id {
        CheckId::HostPlatform => host::platform,
        CheckId::ImdsReachable => imds::reachable,
        CheckId::ImdsIdentity => identity::identity,
        CheckId::ImdsToken => token::token,
        CheckId::TokenClaims => token::claims,
        CheckId::ArmReachable => arm::reachable,
        CheckId::ArmTarget => access::target,
    };
    let Ok(mut verdict) = catch_unwind(AssertUnwindSafe(|| rule(facts, values))) else {
        return crashed(id);
    };
    let left_out = leave_out(&mut verdict, policy);
    verdict
        .findings
        .sort_by_key(|finding| std::cmp::Reverse((finding.severity, finding.confidence)));
    if let (true, Some(first)) = (verdict.summary.is_empty(), verdict.findings.first()) {
        verdict.summary = first.title.clone();
    }
    let status = match (status_of(&verdict.findings), verdict.skipped_because) {
        (Status::Fail, _) => Status::Fail,
        (_, Some(code)) => Status::Skipped {
            because: vec![code],
        },
        _ if verdict.is_unknown => Status::Unknown,
        (status, None) => status,
    };
    Check {
        id,
        status,
        summary: verdict.summary,
        findings: verdict.findings,
        evidence: verdict.evidence,
        duration: verdict.duration,
        attempts: verdict.attempts,
        left_out,
    }
}

/// A machine that was moved is a warning about the machine, and the failure where its old group was asked for: there it is
/// told with what came of it.
fn say_once(checks: &mut [Check]) {
    let Some((last, before)) = checks.split_last_mut() else {
        return;
    };
    if !failures(last).any(|code| code == HOST_010.code) {
        return;
    }
    for check in before {
        check
            .findings
            .retain(|finding| finding.entry.code != HOST_010.code);
        if check.status == Status::Warn {
            check.status = status_of(&check.findings);
        }
    }
}

fn status_of(findings: &[Finding]) -> Status {
    match findings.first().map(|finding| finding.severity) {
        Some(Severity::Fail) => Status::Fail,
        Some(Severity::Warn) => Status::Warn,
        Some(Severity::Note) => Status::Note,
        None => Status::Ok,
    }
}

/// It, or the part of the run that it looks at, has a bug.
fn crashed(id: CheckId) -> Check {
    Check {
        status: Status::Crashed,
        summary: "the part of the doctor that looks at this has a bug; please report it".into(),
        ..skipped(id, vec![])
    }
}

/// Takes out the findings that do not count, and hands back their codes. A failure that does not count leaves nothing
/// known to be fine.
fn leave_out(verdict: &mut Verdict, policy: &Policy) -> Vec<&'static str> {
    let (out, kept): (Vec<Finding>, Vec<Finding>) = std::mem::take(&mut verdict.findings)
        .into_iter()
        .partition(|finding| policy.skip().names_code(finding.entry.code));
    verdict.findings = kept;
    let codes: Vec<&'static str> = out.iter().map(|finding| finding.entry.code).collect();
    if out.iter().any(|finding| finding.severity == Severity::Fail) {
        verdict.summary = format!("not judged: {} is left out", codes.join(", "));
        verdict.is_unknown = true;
    }
    codes
}

/// Not made, because somebody asked for that.
fn left_out(id: CheckId) -> Check {
    Check {
        summary: "left out, as asked".into(),
        left_out: vec![id.as_str()],
        ..skipped(id, vec![])
    }
}

/// The codes because of which a check makes no sense, if there are any.
fn blockers(id: CheckId, done: &[Check]) -> Option<Vec<&'static str>> {
    let mut because: Vec<&'static str> = Vec::new();
    let mut is_blocked = false;
    for check in done
        .iter()
        .filter(|check| id.depends_on().contains(&check.id))
    {
        let codes: Vec<&'static str> = match &check.status {
            Status::Fail => failures(check).collect(),
            Status::Skipped { .. } if !check.left_out.is_empty() => continue,
            Status::Skipped { because } => because.clone(),
            // What crashed is not known; the others are judged by what they saw themselves.
            _ => continue,
        };
        is_blocked = true;
        because.extend(codes);
    }
    let mut unique = Vec::new();
    because.retain(|code| {
        let is_new = !unique.contains(code);
        unique.push(code);
        is_new
    });
    is_blocked.then_some(because)
}

fn failures(check: &Check) -> impl Iterator<Item = &'static str> {
    check
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Fail)
        .map(|finding| finding.entry.code)
}

fn skipped(id: CheckId, because: Vec<&'static str>) -> Check {
    Check {
        id,
        status: Status::Skipped { because },
        summary: String::new(),
        findings: vec![],
        evidence: vec![],
        duration: Duration::ZERO,
        attempts: 0,
        left_out: vec![],
    }
}

fn outcome(facts: &Facts, checks: &[Check], policy: &Policy) -> Outcome {
    if checks.iter().any(|check| check.status == Status::Crashed) {
        return Outcome::Crashed;
    }
    let codes: Vec<&str> = checks.iter().flat_map(failures).collect();
    let waited_in_vain = facts
        .arm
        .target
        .as_ref()
        .is_some_and(|target| target.wait_ended);
    // After the official maximum nothing is propagating any more.
    let may_propagate = facts.asked.wait.is_some_and(|wait| wait < OFFICIAL_MAXIMUM)
        && facts.asked.granted_at.is_none();
    match codes.as_slice() {
        [] if policy.fails_on_warn() && has_warning(checks) => Outcome::Warned,
        [] if facts.is_cut_short => Outcome::Inconclusive,
        [] if policy.fails_on_unknown() && has_unknown(checks) => Outcome::Inconclusive,
        [] => Outcome::Passed,
        codes
            if codes
                .iter()
                .any(|code| matches!(*code, "HOST-001" | "HOST-002" | "HOST-003")) =>
        {
            Outcome::NotAzure
        }
        ["RBAC-002" | "RBAC-009" | "RBAC-016"] if waited_in_vain => Outcome::StillPropagating,
        ["RBAC-021"] if waited_in_vain && may_propagate => Outcome::StillPropagating,
        _ => Outcome::Failed,
    }
}

fn has_warning(checks: &[Check]) -> bool {
    let mut findings = checks.iter().flat_map(|check| &check.findings);
    findings.any(|finding| finding.severity == Severity::Warn)
}

/// What was left out is not known either, but that was asked for.
fn has_unknown(checks: &[Check]) -> bool {
    let mut checks = checks.iter();
    checks.any(|check| check.status == Status::Unknown && check.left_out.is_empty())
}

/// What the remedies are filled in with.
fn values(facts: &Facts) -> Values {
    let mut values = Values::of(&facts.asked.invocation);
    let compute = facts.imds.compute();
    let claims = facts.imds.claims();
    let target = facts.target();
    values.set(
        "group",
        compute.and_then(|compute| compute.resource_group_name.clone()),
    );
    values.set("vm", compute.and_then(|compute| compute.name.clone()));
    scale_set(facts, &mut values);
    values.set("object_id", claims.and_then(|claims| claims.object_id()));
    values.set("scope", target.map(|id| id.as_str()));
    let denials = |id: &ResourceId| {
        let version = azvm_arm::AUTHORIZATION_API_VERSION;
        format!("{id}/providers/Microsoft.Authorization/denyAssignments?api-version={version}")
    };
    values.set("deny_assignments_url", target.map(denials));
    values.set("target_group", target.and_then(|id| id.resource_group()));
    values.set(
        "subscription",
        target
            .and_then(|id| id.subscription_id().map(ToString::to_string))
            .or_else(|| compute.and_then(|compute| compute.subscription_id.clone())),
    );
    let linux = facts.host.linux.as_ref();
    values.set(
        "primary_interface",
        linux.and_then(|linux| linux.primary_interface()),
    );
    values.set("selector_value", facts.asked.selector.value());
    values.set("cloud_audience", Some(facts.machine_cloud().audience()));
    values.set("cloud_name", cli_name(facts.machine_cloud()));
    let audience = facts.imds.audience.as_str();
    values.set(
        "audience_without_default",
        Some(audience.strip_suffix("/.default").unwrap_or(audience)),
    );
    if let azvm_imds::IdentitySelector::ResourceId(id) = &facts.asked.selector {
        values.set("identity_id", Some(id.as_str()));
    }
    named_imds(facts, &mut values);
    if let Ok(origin) = facts.arm.endpoint.parse::<Origin>() {
        values.set("arm_host", Some(origin.host().to_string()));
        values.set("arm_port", Some(origin.port().to_string()));
        values.set("arm_url", Some(facts.arm.endpoint.as_str()));
        values.set(
            "arm_authority",
            Some(format!("{}:{}", origin.host(), origin.port())),
        );
    }
    values
}

/// Where the caller said that IMDS is; a simulated one is gone when somebody reads this.
fn named_imds(facts: &Facts, values: &mut Values) {
    let imds = &facts.imds;
    if imds.is_default_endpoint || facts.asked.simulation.is_some() {
        return;
    }
    if let Ok(origin) = imds.endpoint.parse::<Origin>() {
        values.set("imds_host", Some(origin.host().to_string()));
        let url = format!("{}/metadata/versions", imds.endpoint.trim_end_matches('/'));
        values.set("imds_versions_url", Some(url));
    }
}

/// As the Azure CLI and Az PowerShell call a cloud.
fn cli_name(cloud: Cloud) -> Option<&'static str> {
    match cloud {
        Cloud::Public => Some("AzureCloud"),
        Cloud::UsGovernment => Some("AzureUSGovernment"),
        Cloud::China => Some("AzureChinaCloud"),
        _ => None,
    }
}

/// An instance of a uniform scale set is no virtual machine to `az vm`; one of a flexible set is.
fn scale_set(facts: &Facts, values: &mut Values) {
    let compute = facts.imds.compute();
    let id = compute.and_then(|compute| compute.resource_id.as_deref()?.parse::<ResourceId>().ok());
    let set = id.as_ref().and_then(|id| {
        let set = id.parent()?;
        (set.resource_type() == SCALE_SET_TYPE).then_some(set)
    });
    values.set_in_scale_set(set.is_some());
    if let (Some(id), Some(set)) = (&id, set) {
        values.set("scale_set", Some(set.name()));
        values.set("instance_id", Some(id.name()));
    }
}

/// `3 ms`, `2.1 s`.
fn brief(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

/// `23 h 59 min`, `4 min 10 s`, `8 s`.
fn long(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        3600.. => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        60.. => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{seconds} s"),
    }
}
