//! What was seen of an identity's rights, as evidence, and what is worth knowing beside a refusal.

use super::rights::{Case, FEW, listed};
use super::{Verdict, long};
use crate::catalogue::{RBAC_009, RBAC_017};
use crate::facts::{Call, SubscriptionsSeen, Trouble};
use crate::finding::{Confidence, Finding, Severity};
use crate::report::rfc3339;
use crate::rights::{Place, place};
use azvm_arm::{ArmError, RoleAssignment, RoleAssignments, Verdict as Grant};
use std::time::Duration;

/// *Several hours*, says Azure of data actions at a management group.
const SEVERAL_HOURS: Duration = Duration::from_secs(24 * 3600);

impl Case<'_> {
    /// What is worth knowing beside the refusal.
    pub(super) fn notes(&self, main: &Finding, verdict: &mut Verdict) {
        let seen = self.rights.subscriptions.as_ref();
        if let Some(Ok(seen)) = seen.map(|call| &call.answer) {
            if seen.count == 0 && !seen.has_more {
                let finding = self.find(&RBAC_017).with_severity(Severity::Warn);
                verdict.find(
                    finding.with_cause("ARM takes the token and lists no subscription for it"),
                );
            }
        }
        let list = listed(self.facts.arm.role_assignments.as_ref()).unwrap_or_default();
        let mut own = list.iter().filter(|it| !self.is_strangers(it));
        let slow = own.find(|it| self.is_slow(it));
        if let (Some(assignment), true) = (slow, main.entry != &RBAC_009) {
            let finding = self.find(&RBAC_009).with_severity(Severity::Note);
            let finding = finding.with_confidence(Confidence::Likely);
            verdict.find(finding.with_cause(format!(
                "{} at {}; what it allows with data may take hours",
                self.names_of_roles(std::iter::once(assignment)),
                assignment.scope
            )));
        }
    }

    /// A role with data actions at a management group, which is less than a day old.
    pub(super) fn is_slow(&self, it: &RoleAssignment) -> bool {
        let is_young = self.age(it).is_some_and(|age| age < SEVERAL_HOURS);
        let is_high = self.facts.target().map(|target| place(&it.scope, target));
        let role = self.rights.role_of(it);
        is_young
            && is_high == Some(Place::ManagementGroup)
            && role.is_some_and(|role| role.has_data_actions)
    }

    /// Nothing else would allow it, and these take hours by design.
    pub(super) fn hours(&self, granting: &[&RoleAssignment]) -> Finding {
        let slow = granting.iter().copied().find(|it| self.is_slow(it));
        let age = slow
            .and_then(|it| self.age(it))
            .map(long)
            .unwrap_or_default();
        let scope = slow.map(|it| it.scope.as_str()).unwrap_or_default();
        self.find(&RBAC_009).with_confidence(Confidence::Likely).with_cause(format!(
            "{} allows it, was assigned {age} ago at {scope}, and has data actions; to delete it and create it anew would \
             start the hours again",
            self.names_of_roles(slow.into_iter())
        ))
    }

    pub(super) fn evidence(&self, verdict: &mut Verdict) {
        let count = |call: &Call<RoleAssignments, ArmError>| match &call.answer {
            Ok(list) if list.has_more => format!("{} and more", list.value.len()),
            Ok(list) => list.value.len().to_string(),
            Err(trouble) => why(trouble),
        };
        let list = self.facts.arm.role_assignments.as_ref();
        verdict.saw(
            "role_assignments",
            list.map_or_else(|| "unknown".into(), count),
        );
        verdict.saw_some("roles_elsewhere", self.rights.elsewhere.as_ref().map(count));
        if !self.rights.roles.is_empty() {
            verdict.saw("roles", self.roles_seen());
        }
        let permissions = self.rights.permissions.as_ref();
        verdict.saw_some(
            "permissions",
            permissions.map(|call| match &call.answer {
                Ok(rights) => format!("{}, {}", rights.sets, word(rights.grant)),
                Err(trouble) => why(trouble),
            }),
        );
        let denials = self.rights.denials.as_ref();
        verdict.saw_some(
            "deny_assignments",
            denials.map(|call| match &call.answer {
                Ok(denials) if denials.names.is_empty() => "none that names the action".into(),
                Ok(denials) => denials.names.join(", "),
                Err(trouble) => why(trouble),
            }),
        );
        let seen = self.rights.subscriptions.as_ref();
        verdict.saw_some(
            "subscriptions",
            seen.map(|call| match &call.answer {
                Ok(seen) => subscriptions(seen),
                Err(trouble) => why(trouble),
            }),
        );
        verdict.saw_some("granted_at", self.facts.asked.granted_at.map(rfc3339));
    }

    fn roles_seen(&self) -> String {
        let roles = self
            .rights
            .roles
            .iter()
            .map(|role| match &role.call.answer {
                Ok(role) => format!(
                    "{}: {}",
                    role.name.as_deref().unwrap_or("a role"),
                    word(role.grant)
                ),
                Err(trouble) => why(trouble),
            });
        roles.collect::<Vec<_>>().join("; ")
    }
}

fn subscriptions(seen: &SubscriptionsSeen) -> String {
    let more = if seen.has_more { " and more" } else { "" };
    match &seen.others[..] {
        others if !seen.has_target && !others.is_empty() => {
            format!(
                "{}{more}, not the target's: {}",
                seen.count,
                others.join(", ")
            )
        }
        _ => format!("{}{more}", seen.count),
    }
}

/// How much of a list came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listing {
    Whole,
    Part,
    /// The identity may not list.
    Refused,
    /// Nobody asked, or no answer came that tells.
    Unknown,
}

impl Listing {
    pub(super) fn of(call: Option<&Call<RoleAssignments, ArmError>>) -> Self {
        match call.map(|call| &call.answer) {
            Some(Ok(list)) if list.has_more => Self::Part,
            Some(Ok(_)) => Self::Whole,
            Some(Err(Trouble::Refused(error))) if error.status() == 403 => Self::Refused,
            _ => Self::Unknown,
        }
    }
}

/// `no role assignment counts at the target`, though these strangers' are listed there.
pub(super) fn none_of(strangers: &[&RoleAssignment]) -> String {
    let mut whose: Vec<&str> = strangers
        .iter()
        .map(|it| it.principal_id.as_str())
        .collect();
    whose.sort_unstable();
    whose.dedup();
    let more = if whose.len() > FEW { ", …" } else { "" };
    whose.truncate(FEW);
    match whose.is_empty() {
        true => "no role assignment counts at the target".into(),
        false => format!(
            "no role assignment at the target is this identity's, those in the list are of {}{more}",
            whose.join(", ")
        ),
    }
}

pub(super) fn is_kind(assignment: &RoleAssignment, kinds: &[&str]) -> bool {
    let own = assignment.principal_type.as_deref().unwrap_or_default();
    kinds.iter().any(|kind| kind.eq_ignore_ascii_case(own))
}

fn word(grant: Grant) -> &'static str {
    match grant {
        Grant::Allowed => "allowed",
        Grant::Conditional => "allowed under a condition",
        _ => "not allowed",
    }
}

fn why(trouble: &Trouble<ArmError>) -> String {
    match trouble {
        Trouble::Silent(_) => "unknown".into(),
        Trouble::Refused(error) => {
            let code = error.code().unwrap_or_default();
            format!("{} {code}", error.status()).trim_end().into()
        }
    }
}
