//! Who may do what, and since when.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::role::{self, Role};
use crate::scenario::RoleAssignment;

/// The scenario's role assignments, with the requests that were denied while they had not taken effect.
#[derive(Debug)]
pub(crate) struct Access(Vec<Grant>);

#[derive(Debug)]
struct Grant {
    assignment: RoleAssignment,
    role: &'static Role,
    denied: AtomicU32,
}

impl Access {
    pub(crate) fn new(assignments: &[RoleAssignment]) -> Self {
        let grant = |assignment: &RoleAssignment| {
            let role =
                role::named(assignment.role_id).expect("scenarios are checked for unknown roles");
            Grant {
                assignment: assignment.clone(),
                role,
                denied: AtomicU32::new(0),
            }
        };
        Self(assignments.iter().map(grant).collect())
    }

    /// Whether the principal may perform the action at the scope now.
    ///
    /// A denial counts for every assignment that would have allowed the action, had it taken effect.
    pub(super) fn allows(
        &self,
        principal_id: &str,
        action: &str,
        scope: &str,
        elapsed: Duration,
    ) -> bool {
        let granting = || {
            self.of(principal_id)
                .filter(|grant| grant.covers(scope) && grant.role.allows(action))
        };
        if granting().any(|grant| grant.is_effective(elapsed)) {
            return true;
        }
        granting().for_each(|grant| {
            grant.denied.fetch_add(1, Ordering::Relaxed);
        });
        false
    }

    /// The roles that the principal has at the scope now, inherited ones included.
    pub(super) fn roles(
        &self,
        principal_id: &str,
        scope: &str,
        elapsed: Duration,
    ) -> impl Iterator<Item = &'static Role> {
        self.of(principal_id)
            .filter(move |grant| grant.covers(scope) && grant.is_effective(elapsed))
            .map(|grant| grant.role)
    }

    /// Whether the principal has any role at the scope or below it, which makes a subscription visible.
    pub(super) fn sees(&self, principal_id: &str, scope: &str, elapsed: Duration) -> bool {
        self.of(principal_id).any(|grant| {
            let touches = grant.covers(scope) || is_within(&grant.assignment.scope, scope);
            touches && grant.is_effective(elapsed)
        })
    }

    fn of(&self, principal_id: &str) -> impl Iterator<Item = &Grant> {
        self.0.iter().filter(move |grant| {
            grant
                .assignment
                .principal_id
                .eq_ignore_ascii_case(principal_id)
        })
    }
}

impl Grant {
    fn covers(&self, scope: &str) -> bool {
        is_within(scope, &self.assignment.scope)
    }

    fn is_effective(&self, elapsed: Duration) -> bool {
        let after = self.assignment.effective_after;
        let by_requests = after
            .requests
            .map(|requests| self.denied.load(Ordering::Relaxed) >= requests);
        let by_time = after
            .seconds
            .map(|secs| elapsed >= Duration::from_secs(secs.into()));
        match (by_requests, by_time) {
            (None, None) => true,
            (by_requests, by_time) => by_requests == Some(true) || by_time == Some(true),
        }
    }
}

/// True when `scope` is `ancestor` or below it: by whole segments, ignoring case.
pub(super) fn is_within(scope: &str, ancestor: &str) -> bool {
    let segments = |id: &str| {
        id.split('/')
            .filter(|segment| !segment.is_empty())
            .map(str::to_ascii_lowercase)
            .collect::<Vec<_>>()
    };
    segments(scope).starts_with(&segments(ancestor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::EffectiveAfter;

    const READ: &str = "Microsoft.Resources/subscriptions/resourceGroups/read";
    const GROUP: &str = "/subscriptions/s/resourceGroups/g";

    fn access(requests: Option<u32>, seconds: Option<u32>) -> Access {
        let (id, principal_id, scope) = ("id".to_owned(), "p".to_owned(), GROUP.to_owned());
        let role_id = role::named("Reader").unwrap().id;
        Access::new(&[RoleAssignment {
            id,
            principal_id,
            role_id,
            scope,
            effective_after: EffectiveAfter { requests, seconds },
        }])
    }

    fn allows(access: &Access, action: &str, scope: &str, secs: u64) -> bool {
        access.allows("P", action, scope, Duration::from_secs(secs))
    }

    #[test]
    fn scopes_are_compared_by_segment_and_without_case() {
        assert!(is_within(
            "/subscriptions/S/resourcegroups/G/providers/x",
            "/subscriptions/s/resourceGroups/g"
        ));
        assert!(!is_within(
            "/subscriptions/s/resourceGroups/group2",
            "/subscriptions/s/resourceGroups/group"
        ));
        assert!(!is_within(
            "/subscriptions/s",
            "/subscriptions/s/resourceGroups/g"
        ));
        assert!(is_within("/subscriptions/s", "/"));
    }

    #[test]
    fn an_assignment_takes_effect_after_its_count_of_denials() {
        let access = access(Some(2), None);
        // Neither another scope nor another action has to do with the assignment.
        assert!(!allows(&access, READ, "/subscriptions/s", 0));
        assert!(!allows(
            &access,
            "Microsoft.Compute/virtualMachines/write",
            GROUP,
            0
        ));
        assert_eq!(
            [0, 0, 0].map(|secs| allows(&access, READ, GROUP, secs)),
            [false, false, true]
        );
    }

    #[test]
    fn an_assignment_takes_effect_at_its_time_or_count_whichever_comes_first() {
        let by_time = access(Some(9), Some(5));
        assert_eq!(
            [4, 5].map(|secs| allows(&by_time, READ, GROUP, secs)),
            [false, true]
        );
        let by_count = access(Some(1), Some(5));
        assert_eq!(
            [0, 1].map(|secs| allows(&by_count, READ, GROUP, secs)),
            [false, true]
        );
    }

    #[test]
    fn a_role_on_a_group_makes_its_subscription_visible() {
        assert!(access(None, None).sees("p", "/subscriptions/s", Duration::ZERO));
        assert!(!access(None, None).sees("p", "/subscriptions/other", Duration::ZERO));
        assert!(!access(Some(1), None).sees("p", "/subscriptions/s", Duration::ZERO));
    }
}
