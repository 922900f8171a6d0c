//! What can be said of a refusal where the list of role assignments could not be had, or not whole.

use super::long;
use super::rights::{Case, PATIENCE};
use super::rights_seen::Listing;
use crate::catalogue::{RBAC_002, RBAC_005, RBAC_007, RBAC_016, RBAC_021};
use crate::facts::SubscriptionsSeen;
use crate::finding::{Confidence, Finding};
use crate::wait::OFFICIAL_MAXIMUM;
use azvm_arm::Verdict as Grant;
use std::time::Duration;

impl Case<'_> {
    pub(super) fn blind(&self) -> Finding {
        let effective = self.rights.permissions.as_ref();
        let effective = effective.and_then(|call| call.answer.as_ref().ok());
        match effective.map(|rights| rights.grant) {
            Some(Grant::Allowed) => {
                return self
                    .find(&RBAC_016)
                    .with_confidence(Confidence::Likely)
                    .with_cause(
                        "ARM lists the permission at the target, and refused it a moment before",
                    );
            }
            Some(Grant::Conditional) => {
                return self.find(&RBAC_007).with_confidence(Confidence::Likely);
            }
            _ => {}
        }
        if let Some(age) = self.granted().filter(|age| *age < PATIENCE) {
            return self
                .find(&RBAC_002)
                .with_confidence(Confidence::Likely)
                .with_cause(format!(
                    "granted {} ago, as you say; the official maximum is 10 min",
                    long(age)
                ));
        }
        match effective {
            Some(rights) if rights.sets > 0 && !rights.has_more => {
                self.find(&RBAC_005).with_confidence(Confidence::Likely).with_cause(
                    "some role counts at the target already, and no permission in it allows the action",
                )
            }
            _ => self.no_visible_role(),
        }
    }

    /// What the subscriptions that the identity sees tell of its roles: it sees those in which one of them counts.
    fn visible_elsewhere(&self) -> String {
        let seen = self.rights.subscriptions.as_ref();
        let seen = seen.and_then(|call| call.answer.as_ref().ok());
        match seen {
            Some(seen) if seen.has_target => format!(
                "the identity has a role somewhere in this subscription, for it sees it; whether that role is at another \
                 scope or lacks the action, {}",
                self.why_not_listed()
            ),
            Some(seen) if seen.has_more => format!(
                "the identity has roles in other subscriptions, for it sees {} and more; the target's is not among the \
                 first of them",
                seen.count
            ),
            Some(seen) if seen.count > 0 => self.in_another_subscription(seen),
            _ => "from inside the machine, a role that was never assigned and one that has not propagated yet look the \
                  same while the identity has no other role"
                .into(),
        }
    }

    fn in_another_subscription(&self, seen: &SubscriptionsSeen) -> String {
        let named = match &seen.others[..] {
            [] => String::new(),
            others => format!(" ({})", others.join(", ")),
        };
        let target = self.facts.target().and_then(|id| id.subscription_id());
        let is_asked = self.facts.arm.target.as_ref().is_some_and(|it| it.is_asked);
        let perhaps = match is_asked {
            true => "--target names the wrong subscription",
            false => "the role was assigned in the wrong subscription",
        };
        format!(
            "the identity has a role in another subscription{named}, for it sees it, and does not see the target's, {}: \
             perhaps {perhaps}; a role in this one that was never assigned and one that has not propagated yet look the \
             same",
            target.unwrap_or_default()
        )
    }

    fn why_not_listed(&self) -> &'static str {
        match Listing::of(self.facts.arm.role_assignments.as_ref()) {
            Listing::Whole => "the list does not tell",
            Listing::Part => "is not known: the list of its role assignments did not come whole",
            Listing::Refused => "it may not list",
            Listing::Unknown => "is not known: the list of its role assignments did not come",
        }
    }

    fn no_visible_role(&self) -> Finding {
        let mut cause = self.visible_elsewhere();
        let granted = self.granted();
        if let Some(age) = granted {
            let age = long(age);
            cause.push_str(&format!(
                "; granted {age} ago, as you say, which is longer than propagation takes"
            ));
        } else if self.facts.asked.granted_at.is_some() {
            cause.push_str("; the time of --granted-at has not come yet, and counts for nothing");
        }
        let mut waited = Duration::ZERO;
        if self.facts.asked.wait.is_some() {
            let target = self.facts.arm.target.as_ref();
            waited = target.map(|target| target.waited).unwrap_or_default();
            cause.push_str(&format!(
                "; waited {}, the official maximum is 10 min",
                long(waited)
            ));
        }
        let others = super::model::others(self.facts, self.own);
        if !others.is_empty() {
            cause.push_str(&format!(
                "; the machine has other identities as well, and a role of theirs counts only for whoever chooses them: {}",
                others.join(", ")
            ));
        }
        let finding = self.find(&RBAC_021).with_cause(cause);
        if granted.is_none() && waited < OFFICIAL_MAXIMUM {
            return finding;
        }
        finding.without_waiting(
            "Look from outside with an account that may list assignments: at which scope the role is, and to which \
             object ID. Waiting longer does not help.",
        )
    }
}
