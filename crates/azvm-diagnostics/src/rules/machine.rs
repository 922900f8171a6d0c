//! What else is on the machine: agents, and variables that send SDKs elsewhere.

use super::Verdict;
use crate::catalogue::{
    Entry, HOST_001, HOST_003, HOST_004, HOST_005, HOST_006, HOST_008, HOST_012, HOST_014, NET_022,
};
use crate::environment::{IdentityVariable, VariableValue};
use crate::facts::{Call, Facts};
use crate::finding::{Confidence, Finding, Values};
use crate::known::{Known, Unknown};
use crate::linux::ContainerMark;
use azvm_imds::Responder;
use std::time::Duration;

/// Where the Arc agent listens.
const ARC_PORT: u16 = 40342;

/// A machine that is up for less than this has just started.
const JUST_BOOTED: Duration = Duration::from_secs(300);

/// Variables that send an SDK to another endpoint than IMDS.
const REDIRECTIONS: [&str; 5] = [
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_POD_IDENTITY_AUTHORITY_HOST",
    "IDENTITY_ENDPOINT",
    "IMDS_ENDPOINT",
    "MSI_ENDPOINT",
];

/// What the verdict is shown with, whatever it is.
pub(super) fn saw(facts: &Facts, verdict: &mut Verdict) {
    let host = &facts.host;
    let variables: Vec<String> = host.environment.iter().map(ToString::to_string).collect();
    if !variables.is_empty() {
        verdict.saw("environment", variables.join(" "));
    }
    if has_arc_agent(facts) == Ok(true) {
        verdict.saw("arc_agent", "installed, or listening");
    }
    let marks = container(facts);
    if !marks.is_empty() {
        let marks: Vec<&str> = marks.iter().map(|mark| mark.as_str()).collect();
        verdict.saw("container", marks.join(", "));
    }
    let uptime = host.linux.as_ref().and_then(|linux| linux.uptime.ok());
    verdict.saw_some("uptime_s", uptime.map(|it| it.as_secs().to_string()));
}

/// What a machine is that is no Azure VM: IMDS is silent and the firmware has no mark.
pub(super) fn elsewhere(facts: &Facts) -> (&'static Entry, Option<String>) {
    let points_to_agent = facts
        .host
        .environment
        .iter()
        .find(|it| it.is_loopback(ARC_PORT));
    let is_alone = matches!(listens(facts, ARC_PORT), Ok(false));
    if let (Some(variable), true, false) = (points_to_agent, is_alone, container(facts).is_empty())
    {
        let cause =
            format!("{variable}, this is a container, and nobody listens on that port in it");
        return (&HOST_006, Some(cause));
    }
    if has_arc_agent(facts) == Ok(true) {
        let cause =
            "the Arc agent is on this machine, the firmware has no Azure mark, and IMDS is silent";
        return (&HOST_003, Some(cause.into()));
    }
    if let Some(endpoint) = hosting_service(facts) {
        let cause = format!("{endpoint} is set together with its secret, and IMDS is silent");
        return (&NET_022, Some(cause));
    }
    (&HOST_001, None)
}

/// The endpoint of another hosting service, which sets a secret beside it.
fn hosting_service(facts: &Facts) -> Option<&IdentityVariable> {
    let variable = |name: &str| {
        let found = facts.host.environment.iter().find(|it| it.name == name)?;
        (found.value != VariableValue::Empty).then_some(found)
    };
    let pair = |endpoint, secret| variable(secret).and_then(|_| variable(endpoint));
    pair("IDENTITY_ENDPOINT", "IDENTITY_HEADER").or_else(|| pair("MSI_ENDPOINT", "MSI_SECRET"))
}

/// The Arc agent is there, and this user may not read the files by which it knows who asks.
pub(super) fn unreadable_challenge(facts: &Facts, values: &Values, verdict: &mut Verdict) {
    let readable = facts.host.linux.as_ref().map(|linux| linux.arc_tokens);
    if readable != Some(Ok(false)) {
        return;
    }
    let shown = "/var/opt/azcmagent/tokens: this user may not read it";
    verdict.saw("challenge_file", shown);
    verdict.find(
        Finding::new(&HOST_005, values)
            .with_confidence(Confidence::Likely)
            .with_cause(shown),
    );
}

/// IMDS takes a guest inside the machine for the machine. Other endpoints may say what they like.
fn nested(facts: &Facts, values: &Values, verdict: &mut Verdict) {
    let own = facts.host.firmware_ids.as_ref().ok();
    let told = facts.imds.compute().and_then(|it| it.vm_id.as_deref());
    let (Some(own), Some(told), true) = (own, told, facts.imds.is_default_endpoint) else {
        return;
    };
    if own.iter().any(|id| id.eq_ignore_ascii_case(told)) {
        return;
    }
    verdict.saw("firmware_uuid", own.join(" or "));
    verdict.saw("vm_id", told);
    let cause = format!("IMDS describes the machine {told}, and this one is another");
    verdict.find(
        Finding::new(&HOST_012, values)
            .with_confidence(Confidence::Likely)
            .with_cause(cause),
    );
}

/// What disturbs SDKs on a machine that is fine itself.
pub(super) fn beside(facts: &Facts, values: &Values, verdict: &mut Verdict) {
    let points_to_agent = |it: &IdentityVariable| it.is_loopback(ARC_PORT);
    let has_agent =
        has_arc_agent(facts) == Ok(true) || facts.host.environment.iter().any(points_to_agent);
    let is_azure = facts.host.asset_tag.is_azure() == Some(true);
    let is_told = has_agent && is_azure;
    if is_told {
        verdict.find(Finding::new(&HOST_004, values));
    }
    nested(facts, values, verdict);
    let redirections: Vec<String> = facts
        .host
        .environment
        .iter()
        .filter(|variable| redirects(variable) && !(is_told && points_to_agent(variable)))
        .map(ToString::to_string)
        .collect();
    // In a pod such variables are how workload identity works.
    if !redirections.is_empty() && is_answered_by_imds(facts) && !is_pod(facts) {
        let cause = format!("{}; IMDS itself answers", redirections.join(" "));
        verdict.find(Finding::new(&HOST_008, values).with_cause(cause));
    }
    if let (true, Some(uptime)) = (came_late(facts), just_booted(facts)) {
        let cause = format!(
            "the machine is up for {} s, and a later attempt succeeded",
            uptime.as_secs()
        );
        verdict.find(Finding::new(&HOST_014, values).with_cause(cause));
    }
}

fn redirects(variable: &IdentityVariable) -> bool {
    let leads_to_imds = match &variable.value {
        VariableValue::Empty => true,
        VariableValue::Host(host) => host.split(':').next() == Some("169.254.169.254"),
        _ => false,
    };
    REDIRECTIONS.contains(&variable.name.as_ref()) && !leads_to_imds
}

fn is_answered_by_imds(facts: &Facts) -> bool {
    let answer = facts
        .imds
        .probe
        .as_ref()
        .and_then(|call| call.answer.as_ref().ok());
    answer.is_some_and(|it| matches!(it.responder, Responder::Imds | Responder::ImdsThroughAgent))
}

fn just_booted(facts: &Facts) -> Option<Duration> {
    let uptime = facts.host.linux.as_ref()?.uptime.ok()?;
    (uptime < JUST_BOOTED).then_some(uptime)
}

/// Whether some request of IMDS failed without an answer at first, and got one later.
fn came_late(facts: &Facts) -> bool {
    fn late<R, E>(call: Option<&Call<R, E>>) -> bool {
        call.is_some_and(|call| call.answer.is_ok() && call.retried().any(|it| it.outcome.is_err()))
    }
    let imds = &facts.imds;
    late(imds.probe.as_ref()) || late(imds.instance.as_ref()) || late(imds.token.as_ref())
}

/// On Linux by its files or its listener, on Windows by its service.
fn has_arc_agent(facts: &Facts) -> Known<bool> {
    if let Some(windows) = &facts.host.windows {
        return windows.arc_agent;
    }
    let linux = facts.host.linux.as_ref().ok_or(Unknown::NotAsked)?;
    match listens(facts, ARC_PORT) {
        Ok(true) => Ok(true),
        _ => linux.arc_agent,
    }
}

fn listens(facts: &Facts, port: u16) -> Known<bool> {
    let linux = facts.host.linux.as_ref().ok_or(Unknown::NotAsked)?;
    linux.listens(port)
}

/// The marks of a container; none when it is not known.
pub(super) fn container(facts: &Facts) -> &[ContainerMark] {
    let linux = facts.host.linux.as_ref();
    let marks = linux.and_then(|linux| linux.container.as_ref().ok());
    marks.map_or(&[], Vec::as_slice)
}

pub(super) fn is_pod(facts: &Facts) -> bool {
    container(facts).iter().any(|mark| mark.is_pod())
}

/// How sure a finding of `elsewhere` is.
pub(super) fn confidence(entry: &Entry, facts: &Facts) -> Confidence {
    match facts.host.asset_tag {
        crate::facts::AssetTag::Absent => Confidence::Likely,
        _ if entry.code == HOST_001.code => Confidence::High,
        _ => Confidence::Likely,
    }
}
