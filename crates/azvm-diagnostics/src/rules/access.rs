//! May the identity read the target?
//!
//! The order of the questions: was it read; is it the token (401); is it the name (404); is it a deny or a condition; is
//! it another principal; and only then, is there a role, and how old is it.

use super::{Verdict, long};
use crate::catalogue::{
    ARM_011, ARM_012, ARM_014, ARM_016, ARM_017, ARM_019, ARM_021, Entry, RBAC_001, RBAC_002,
    RBAC_004, RBAC_005, RBAC_006, RBAC_007, RBAC_016, RBAC_018, RBAC_020, RBAC_021, RBAC_026,
    RID_006, RID_007, TOKEN_001, TOKEN_002, TOKEN_005, TOKEN_007,
};
use crate::facts::{Facts, Sample, TargetFacts, Trouble, Withheld};
use crate::finding::{Confidence, Finding, Severity, Values};
use azvm_arm::{ArmError, Resource, RoleAssignment};
use azvm_exchange::Timestamp;
use azvm_imds::Guid;
use azvm_resource_id::ResourceId;
use std::time::Duration;

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
        Ok(resource) => allowed(resource, target, values, &mut verdict),
        Err(Trouble::Silent(failure)) => {
            verdict.saw("failure", failure.to_string());
            verdict.find(
                Finding::new(super::arm::silence(failure), values).with_cause(failure.to_string()),
            );
        }
        Err(Trouble::Refused(error)) => refused(error, sample, facts, values, &mut verdict),
    }
    verdict
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
    verdict.saw("status", error.status().to_string());
    verdict.saw_some("code", error.code());
    verdict.saw_some("message", error.message());
    verdict.saw_some("request_id", error.request_id());
    verdict.saw_some("correlation_id", error.correlation_id());
    let finding = if error.status() == 403 && error.code() == Some("AuthorizationFailed") {
        not_authorized(error, sample, facts, values, verdict)
    } else {
        let entry = by_code(error, facts);
        Finding::new(entry, values)
    };
    let cause = finding.cause.clone().unwrap_or_else(|| error.to_string());
    verdict.find(finding.with_severity(Severity::Fail).with_cause(cause));
}

/// Everything but the plain 403, by status and code.
fn by_code(error: &ArmError, facts: &Facts) -> &'static Entry {
    match (error.status(), error.code()) {
        (401, Some("InvalidAuthenticationTokenAudience"))
            if super::token::is_other_clouds(facts) =>
        {
            &TOKEN_001
        }
        (401, Some("InvalidAuthenticationTokenAudience")) => &TOKEN_002,
        (401, Some("InvalidAuthenticationTokenTenant")) => &TOKEN_007,
        (401, Some("ExpiredAuthenticationToken")) => &TOKEN_005,
        (401, Some("AuthenticationFailed")) => &ARM_011,
        (401, Some(_)) => &ARM_012,
        (401, None) if error.challenge().is_some() => &ARM_012,
        (403, Some("DenyAssignmentAuthorizationFailed")) => &RBAC_006,
        (403, Some("LinkedAuthorizationFailed")) => &RBAC_020,
        (403 | 409, Some("RequestDisallowedByPolicy" | "ScopeLocked")) => &RBAC_018,
        (404, Some("ResourceGroupNotFound")) => &RID_007,
        (400 | 404, Some("SubscriptionNotFound" | "InvalidSubscriptionId")) => &RID_006,
        (404, Some(_)) => &RBAC_026,
        (400, Some(code)) if is_about_version(code) => &ARM_014,
        (429, _) => &ARM_016,
        (500.., Some(_)) => &ARM_017,
        (_, Some(_)) => &ARM_021,
        _ => super::arm::stranger(error),
    }
}

fn is_about_version(code: &str) -> bool {
    matches!(
        code,
        "InvalidApiVersionParameter"
            | "InvalidResourceNamespace"
            | "InvalidResourceType"
            | "MissingApiVersionParameter"
            | "NoRegisteredProviderFound"
    )
}

fn not_authorized(
    error: &ArmError,
    sample: &Sample,
    facts: &Facts,
    values: &Values,
    verdict: &mut Verdict,
) -> Finding {
    let denied = error.denied().unwrap_or_default();
    verdict.saw_some("denied_object_id", denied.object_id.as_ref());
    verdict.saw_some("denied_action", denied.action.as_ref());
    verdict.saw_some("denied_scope", denied.scope.as_ref());
    let own = facts.imds.claims().and_then(|claims| claims.object_id());
    let seen = denied
        .object_id
        .as_deref()
        .filter(|seen| seen.parse::<Guid>().is_ok());
    if let (Some(own), Some(seen)) = (own, seen) {
        if !own.eq_ignore_ascii_case(seen) {
            let mut values = values.clone();
            values.set("denied_object_id", Some(seen));
            let finding = Finding::new(&RBAC_004, &values).with_confidence(Confidence::Likely);
            return finding.with_cause(format!(
                "the token names {own}, ARM names {seen}; waiting will not help"
            ));
        }
    }
    // The code is that of a missing role: only the words tell a condition.
    if error
        .message()
        .is_some_and(|text| text.contains("ABAC condition"))
    {
        return Finding::new(&RBAC_007, values).with_confidence(Confidence::Likely);
    }
    // It was allowed before: a role is there, and not every replica knows of it.
    if facts.arm.was_allowed() {
        return Finding::new(&RBAC_016, values);
    }
    match facts.arm.role_assignments.as_ref().map(|call| &call.answer) {
        // The rest of the list is on another page: what is here proves nothing.
        Some(Ok(list)) if list.has_more => {
            verdict.saw("role_assignments", format!("{} and more", list.value.len()));
            no_visible_role(facts, values)
        }
        Some(Ok(list)) => {
            verdict.saw("role_assignments", list.value.len().to_string());
            let now = sample.call.clocks.map(|(server, _)| server);
            by_assignments(&list.value, now.unwrap_or(facts.started), values, verdict)
        }
        Some(Err(Trouble::Refused(list_error))) => {
            verdict.saw(
                "role_assignments",
                format!(
                    "{} {}",
                    list_error.status(),
                    list_error.code().unwrap_or("")
                ),
            );
            no_visible_role(facts, values)
        }
        _ => {
            verdict.saw("role_assignments", "unknown");
            no_visible_role(facts, values)
        }
    }
}

/// Beyond the official ten minutes, lag is still likelier than a wrong role for a while.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// The list could be read, so it decides; `now` is the service's own clock where it told it.
fn by_assignments(
    assignments: &[RoleAssignment],
    now: Timestamp,
    values: &Values,
    verdict: &mut Verdict,
) -> Finding {
    if assignments.is_empty() {
        return Finding::new(&RBAC_001, values);
    }
    let age = assignments
        .iter()
        .filter_map(|assignment| {
            let changed = assignment.updated_on.as_deref();
            let changed = changed.or(assignment.created_on.as_deref())?;
            let age_secs = now.seconds_since(crate::report::from_rfc3339(changed)?);
            Some(Duration::from_secs(u64::try_from(age_secs).unwrap_or(0)))
        })
        .min();
    verdict.saw_some(
        "youngest_assignment_s",
        age.map(|age| age.as_secs().to_string()),
    );
    match age {
        Some(age) if age < PATIENCE => Finding::new(&RBAC_002, values).with_cause(format!(
            "the youngest role assignment was made {} ago; the official maximum is 10 min",
            long(age)
        )),
        Some(_) => Finding::new(&RBAC_005, values).with_confidence(Confidence::Likely),
        None => Finding::new(&RBAC_005, values)
            .with_confidence(Confidence::Possible)
            .with_cause("the age of the role assignment is not known; it may still be propagating"),
    }
}

fn no_visible_role(facts: &Facts, values: &Values) -> Finding {
    let waited = facts
        .arm
        .target
        .as_ref()
        .map(|target| target.waited)
        .unwrap_or_default();
    let mut cause = "from inside the machine, a role that was never assigned and one that has not propagated yet look \
                     the same while the identity has no other role"
        .to_string();
    if facts.asked.wait.is_some() {
        cause.push_str(&format!(
            "; waited {}, the official maximum is 10 min",
            long(waited)
        ));
    }
    Finding::new(&RBAC_021, values).with_cause(cause)
}
