//! May the identity read the target?
//!
//! The order of the questions: was it read; is it the token (401); is it the name (404); is it a deny or a condition; is
//! it another principal; and only then, is there a role, which `rights` judges.

use super::{Verdict, long};
use crate::catalogue::{
    ARM_010, ARM_012, ARM_013, ARM_014, ARM_015, ARM_016, ARM_017, ARM_019, ARM_021, Entry,
    RBAC_006, RBAC_016, RBAC_018, RBAC_020, RBAC_026, RID_006, RID_007, TOKEN_001, TOKEN_002,
    TOKEN_005, TOKEN_007,
};
use crate::collect::is_plain_403;
use crate::facts::{Facts, Sample, TargetFacts, Trouble, Withheld};
use crate::finding::{Confidence, Finding, Severity, Values};
use crate::wait::STABLE_SUCCESSES;
use azvm_arm::{ArmError, Cloud, ErrorCode, Resource};
use azvm_exchange::Origin;
use azvm_resource_id::ResourceId;

pub(super) fn target(facts: &Facts, values: &Values) -> Verdict {
    let mut verdict = Verdict::default();
    let Some(target) = &facts.arm.target else {
        return verdict.unknown(match &facts.imds.instance {
            None => "not tried: the time limit had passed",
            Some(call) if call.answer.is_err() => {
                "nothing to read: the instance document did not come; give one with --target"
            }
            Some(_) => "nothing to read: IMDS names no resource group; give one with --target",
        });
    };
    verdict.saw("target", target.id.as_str());
    super::model::spelling(facts, values, &mut verdict);
    match target.withheld {
        None => {}
        Some(Withheld::NoArm) => return verdict.unknown("not tried: ARM did not answer"),
        Some(Withheld::NoToken) => return verdict.unknown("not tried: there is no token"),
        Some(Withheld::OtherAudience) => {
            verdict.skipped_because = Some(TOKEN_002.code);
            return verdict;
        }
    }
    let Some(sample) = target.samples.last() else {
        return verdict.unknown("not tried: the time limit had passed");
    };
    for sample in &target.samples {
        verdict.took(&sample.call);
    }
    if target.samples.len() > 1 {
        verdict.saw("tries", tries(&target.samples));
    }
    match &sample.call.answer {
        Ok(resource) if is_about_another(resource, target) => {
            let cause = format!(
                "asked for {}, the answer is about {}",
                target.id, resource.id
            );
            verdict.find(
                Finding::new(&ARM_019, values)
                    .with_title("the answer is about another resource than the one asked for")
                    .with_cause(cause),
            );
        }
        Ok(_) if !is_stable(target, facts) => {
            let why = format!(
                "not stable: the time limit had passed before it was read {STABLE_SUCCESSES} times in a row"
            );
            return verdict.unknown(why);
        }
        Ok(resource) => {
            allowed(resource, target, values, &mut verdict);
            super::arm::recovered(&sample.call, values, &mut verdict);
        }
        Err(Trouble::Silent(failure)) => {
            verdict.saw("failure", failure.to_string());
            let finding = Finding::new(super::arm::silence(failure), values);
            let finding = super::arm::by_kind(finding, failure);
            verdict.find(finding.with_cause(failure.to_string()));
        }
        Err(Trouble::Refused(error)) => refused(error, sample, facts, values, &mut verdict),
    }
    verdict
}

/// Who waits wants to know that access stays: one replica that knows of the role is not all of them.
fn is_stable(target: &TargetFacts, facts: &Facts) -> bool {
    let is_waiting = facts.asked.wait.is_some_and(|wait| !wait.is_zero());
    let successes = target.samples.iter().rev();
    let successes = successes.take_while(|sample| sample.call.answer.is_ok());
    !is_waiting || successes.count() >= STABLE_SUCCESSES as usize
}

/// An ID that cannot be read proves nothing.
fn is_about_another(resource: &Resource, target: &TargetFacts) -> bool {
    let answered = resource.id.parse::<ResourceId>();
    answered.is_ok_and(|answered| answered != target.id)
}

fn tries(samples: &[Sample]) -> String {
    let texts = samples.iter().map(|sample| {
        let outcome = match sample.call.attempts.last().map(|attempt| attempt.outcome) {
            Some(Ok(status)) => status.to_string(),
            Some(Err(kind)) => kind.as_str().into(),
            None => "nothing".into(),
        };
        format!("{outcome} after {}", long(sample.at))
    });
    texts.collect::<Vec<_>>().join(", ")
}

fn allowed(resource: &Resource, target: &TargetFacts, values: &Values, verdict: &mut Verdict) {
    verdict.saw("id", resource.id.clone());
    let details: Vec<&str> = [&resource.location, &resource.state]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let kind = if target.id.resource_group().is_some() {
        "resource group"
    } else {
        "subscription"
    };
    let name = resource.name.as_deref().unwrap_or_default();
    let mut summary = format!("{kind} {name} read ({})", details.join(", ")).replace(" ()", "");
    let refusals = target
        .samples
        .iter()
        .take_while(|sample| sample.call.answer.is_err())
        .count();
    if refusals > 0 {
        summary.push_str(&format!(", stable after {}", long(target.waited)));
    }
    let mut rest = target.samples.iter().skip(refusals);
    if rest.any(|sample| sample.call.answer.is_err()) {
        verdict.find(Finding::new(&RBAC_016, values));
    }
    verdict.summary(summary);
}

fn refused(
    error: &ArmError,
    sample: &Sample,
    facts: &Facts,
    values: &Values,
    verdict: &mut Verdict,
) {
    super::arm::saw_refusal(error, verdict);
    let finding = if is_plain_403(error) {
        super::rights::not_authorized(error, sample, facts, values, verdict)
    } else {
        let mut values = values.clone();
        values.set("namespace", error.unregistered_namespace());
        let denied = error.denied().unwrap_or_default();
        values.set("linked_scope", denied.linked_scopes.first());
        match by_code(error) {
            Some(entry) if entry == &RID_007 => no_group(
                super::model::group_left(facts, &values),
                error,
                &values,
                verdict,
            ),
            _ if is_about_audience(error) => audience(error, facts, &values),
            Some(entry) if entry == &ARM_012 => super::challenge::not_accepted(error, &values),
            Some(entry) => Finding::new(entry, &values),
            None => super::arm::uncoded(error, facts, &values),
        }
    };
    let finding = private_link(finding, error);
    let cause = finding.cause.clone().unwrap_or_else(|| error.to_string());
    let cause = super::arm::and_when(cause, error);
    verdict.find(finding.with_severity(Severity::Fail).with_cause(cause));
}

/// The group is not there because the machine has left it; then that it is missing follows from that.
fn no_group(
    left: Option<Finding>,
    error: &ArmError,
    values: &Values,
    verdict: &mut Verdict,
) -> Finding {
    let finding = Finding::new(&RID_007, values);
    match left {
        None => finding,
        Some(cause) => {
            verdict.find(
                finding
                    .with_severity(Severity::Note)
                    .with_cause(error.to_string()),
            );
            cause
        }
    }
}

/// ARM's words for a caller from the wrong network are not known well enough for ARM-018 to be a verdict.
fn private_link(finding: Finding, error: &ArmError) -> Finding {
    let words = error.message().unwrap_or_default().to_ascii_lowercase();
    let fits = ["public network access", "private link", "privatelink"]
        .iter()
        .any(|it| words.contains(it));
    match fits && finding.entry == &ARM_021 && error.status() == 403 {
        true => finding.with_cause(format!(
            "{error}; these words fit ARM-018, a refusal of callers from this network"
        )),
        false => finding,
    }
}

fn is_about_audience(error: &ArmError) -> bool {
    error.status() == 401
        && error.most_specific_code() == Some(ErrorCode::InvalidAuthenticationTokenAudience)
}

/// The token is for another service, for another cloud than the machine's, or for the right one at the wrong endpoint.
fn audience(error: &ArmError, facts: &Facts, values: &Values) -> Finding {
    let asked = facts.imds.audience.as_str();
    let named = facts.imds.claims().and_then(|claims| claims.audience());
    let named = named.unwrap_or(asked);
    let own = facts.machine_cloud();
    match Cloud::of_audience(asked).and_then(|_| Cloud::of_audience(named)) {
        None => return Finding::new(&TOKEN_002, values),
        Some(cloud) if cloud != own => return Finding::new(&TOKEN_001, values),
        Some(_) => {}
    }
    let endpoint = &facts.arm.endpoint;
    let accepted = error
        .token_hints()
        .into_iter()
        .flat_map(|it| &it.accepted_audiences);
    let accepted = accepted
        .filter_map(|audience| Cloud::of_audience(audience))
        .next();
    if let Some(other) = accepted.filter(|cloud| *cloud != own) {
        let cause = format!(
            "{endpoint} accepts tokens for {other}; this one is for {named}, and the machine is in {own}"
        );
        return Finding::new(&ARM_010, values).with_cause(cause);
    }
    if endpoint.parse::<Origin>() == own.endpoint().parse() {
        return Finding::new(&ARM_012, values).with_confidence(Confidence::Possible);
    }
    let cause = format!(
        "{endpoint} does not accept {named}, the audience of the ARM of {own}, where the machine is"
    );
    let finding = Finding::new(&ARM_010, values).with_confidence(Confidence::Likely);
    finding.with_cause(cause)
}

/// Everything but the plain 403 and the audience, by status and code; `None` for an answer without a code of ARM.
pub(crate) fn by_code(error: &ArmError) -> Option<&'static Entry> {
    use ErrorCode as Code;
    let status = error.status();
    let Some(code) = error.most_specific_code().filter(|_| error.is_from_arm()) else {
        let is_401 = status == 401 && (error.is_from_arm() || error.challenge().is_some());
        return is_401.then_some(&ARM_012);
    };
    Some(match (status, code) {
        (401, Code::InvalidAuthenticationTokenTenant) => &TOKEN_007,
        (401, Code::ExpiredAuthenticationToken) => &TOKEN_005,
        (401, _) => &ARM_012,
        (403, Code::DenyAssignmentAuthorizationFailed) => &RBAC_006,
        (403, Code::LinkedAuthorizationFailed) => &RBAC_020,
        (403 | 409, Code::RequestDisallowedByPolicy | Code::ScopeLocked) => &RBAC_018,
        (404, Code::ResourceGroupNotFound) => &RID_007,
        (400 | 404, Code::SubscriptionNotFound | Code::InvalidSubscriptionId) => &RID_006,
        (400 | 404, _) if is_about_version(error) => &ARM_014,
        (404, _) => &RBAC_026,
        (400, Code::MissingApiVersionParameter) => &ARM_013,
        (409, Code::MissingSubscriptionRegistration) => &ARM_015,
        (429, _) => &ARM_016,
        (500.., _) => &ARM_017,
        _ => &ARM_021,
    })
}

fn is_about_version(error: &ArmError) -> bool {
    let code = error.code().unwrap_or_default();
    [
        "InvalidApiVersionParameter",
        "InvalidResourceNamespace",
        "InvalidResourceType",
        "NoRegisteredProviderFound",
    ]
    .iter()
    .any(|known| known.eq_ignore_ascii_case(code))
}
