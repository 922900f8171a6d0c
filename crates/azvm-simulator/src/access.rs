//! Who may do what, and since when: role assignments that propagate, deny assignments, groups.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::World;
use crate::role::{Role, covers};

/// A role of a principal at a scope.
#[derive(Clone, Debug)]
pub(crate) struct RoleAssignment {
    pub(crate) id: String,
    /// An identity's object ID, or a group's ID.
    pub(crate) principal_id: String,
    pub(crate) role_id: String,
    /// An ARM ID, or `/`.
    pub(crate) scope: String,
    /// Of attribute-based access control. It is never fulfilled here.
    pub(crate) condition: Option<String>,
    /// When it was made; `None` for long ago.
    pub(crate) created: Option<Duration>,
    /// When it was removed; it takes effect for a while longer.
    pub(crate) removed: Option<Duration>,
    pub(crate) effective_after: EffectiveAfter,
    /// Seconds until a replica knows of its making or removal, by replica. The last one holds for all further replicas.
    pub(crate) propagation: Vec<u32>,
    /// Requests that were denied for want of this assignment, counted over all copies.
    pub(crate) denied: Arc<AtomicU32>,
}

/// When a role assignment starts to count: at once when both are `None`, else at whichever comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct EffectiveAfter {
    /// So many requests were denied for want of this assignment.
    pub(crate) requests: Option<u32>,
    /// So many seconds passed since it was made, or since the simulator's start.
    pub(crate) seconds: Option<u32>,
}

/// Actions that are denied at a scope whatever roles allow.
#[derive(Clone, Debug)]
pub(crate) struct DenyAssignment {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) actions: Vec<String>,
    pub(crate) not_actions: Vec<String>,
    pub(crate) scope: String,
    /// Whom it holds for; nobody named means everybody.
    pub(crate) principals: Vec<String>,
    pub(crate) excluded: Vec<String>,
}

/// A group of Entra and its members' object IDs.
#[derive(Clone, Debug)]
pub(crate) struct PrincipalGroup {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) members: Vec<String>,
    /// Members since after their tokens were issued: the directory knows of them, the tokens do not.
    pub(crate) new_members: Vec<String>,
}

/// Who asks: an identity, with the groups that its token names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Principal<'a> {
    pub(crate) object_id: &'a str,
    pub(crate) groups: &'a [String],
}

/// When, and which replica is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Duration,
    pub(crate) replica: usize,
}

/// What Resource Manager thinks of an action.
#[derive(Debug)]
pub(crate) enum Decision<'a> {
    Allowed,
    ConditionNotFulfilled,
    DeniedBy(&'a DenyAssignment),
    NoRole,
}

/// Decides on an action at a scope.
///
/// A denial counts for every assignment that would have allowed the action, had it taken effect.
pub(crate) fn decide<'a>(
    world: &'a World,
    principal: Principal<'_>,
    action: &str,
    scope: &str,
    moment: Moment,
) -> Decision<'a> {
    let granting: Vec<_> = of(world, principal)
        .filter(|assignment| assignment.covers(scope) && assignment.allows(world, action))
        .collect();
    let effective = || {
        granting
            .iter()
            .filter(|assignment| assignment.is_effective(moment))
    };
    if effective().any(|assignment| assignment.condition.is_none()) {
        let denial = world.deny_assignments.iter();
        return match denial
            .into_iter()
            .find(|denial| denial.hits(principal, action, scope))
        {
            Some(denial) => Decision::DeniedBy(denial),
            None => Decision::Allowed,
        };
    }
    if effective().next().is_some() {
        return Decision::ConditionNotFulfilled;
    }
    granting.iter().for_each(|assignment| {
        assignment.denied.fetch_add(1, Ordering::Relaxed);
    });
    Decision::NoRole
}

/// The roles that the principal has at the scope now, inherited ones included.
pub(crate) fn roles<'a>(
    world: &'a World,
    principal: Principal<'a>,
    scope: &'a str,
    moment: Moment,
) -> impl Iterator<Item = &'a Role> {
    of(world, principal)
        .filter(move |assignment| assignment.covers(scope) && assignment.is_effective(moment))
        .filter_map(|assignment| world.role(&assignment.role_id))
}

/// Whether the principal has any role at the scope or below it, which makes a subscription visible.
pub(crate) fn sees(world: &World, principal: Principal<'_>, scope: &str, moment: Moment) -> bool {
    of(world, principal).any(|assignment| {
        let touches = assignment.covers(scope) || is_within(&assignment.scope, scope);
        touches && assignment.is_effective(moment)
    })
}

fn of<'a>(world: &'a World, principal: Principal<'a>) -> impl Iterator<Item = &'a RoleAssignment> {
    world
        .role_assignments
        .iter()
        .filter(move |assignment| principal.is(&assignment.principal_id))
}

impl Principal<'_> {
    pub(crate) fn is(&self, id: &str) -> bool {
        self.object_id.eq_ignore_ascii_case(id)
            || self
                .groups
                .iter()
                .any(|group| group.eq_ignore_ascii_case(id))
    }
}

impl RoleAssignment {
    fn covers(&self, scope: &str) -> bool {
        is_within(scope, &self.scope)
    }

    fn allows(&self, world: &World, action: &str) -> bool {
        world
            .role(&self.role_id)
            .is_some_and(|role| role.allows(action))
    }

    /// Lists show it from its making to its removal, whether or not it has taken effect: that is what propagation looks like.
    pub(crate) fn is_listed(&self) -> bool {
        self.removed.is_none()
    }

    /// True when nothing is left of it anywhere.
    pub(crate) fn is_gone(&self, now: Duration) -> bool {
        let slowest = self.propagation.iter().copied().max().unwrap_or(0);
        self.removed
            .is_some_and(|removed| now >= removed + seconds(slowest))
    }

    fn is_effective(&self, moment: Moment) -> bool {
        let lag = self
            .propagation
            .get(moment.replica)
            .or_else(|| self.propagation.last());
        let lag = seconds(lag.copied().unwrap_or(0));
        let created = self.created.unwrap_or_default();
        if moment.now < created + lag
            || self
                .removed
                .is_some_and(|removed| moment.now >= removed + lag)
        {
            return false;
        }
        let EffectiveAfter {
            requests,
            seconds: by,
        } = self.effective_after;
        let by_requests = requests.map(|count| self.denied.load(Ordering::Relaxed) >= count);
        let by_time = by.map(|secs| moment.now >= created + seconds(secs));
        match (by_requests, by_time) {
            (None, None) => true,
            (by_requests, by_time) => by_requests == Some(true) || by_time == Some(true),
        }
    }
}

impl DenyAssignment {
    fn hits(&self, principal: Principal<'_>, action: &str, scope: &str) -> bool {
        let names = |ids: &[String]| ids.iter().any(|id| principal.is(id));
        is_within(scope, &self.scope)
            && covers(&self.actions, action)
            && !covers(&self.not_actions, action)
            && (self.principals.is_empty() || names(&self.principals))
            && !names(&self.excluded)
    }
}

fn seconds(secs: u32) -> Duration {
    Duration::from_secs(secs.into())
}

/// True when `scope` is `ancestor` or below it: by whole segments, ignoring case.
pub(crate) fn is_within(scope: &str, ancestor: &str) -> bool {
    let mut scope = scope.split('/').filter(|segment| !segment.is_empty());
    ancestor
        .split('/')
        .filter(|segment| !segment.is_empty())
        .all(|wanted| {
            scope
                .next()
                .is_some_and(|found| found.eq_ignore_ascii_case(wanted))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scenario;

    const READ: &str = "Microsoft.Resources/subscriptions/resourceGroups/read";
    const GROUP: &str = "/subscriptions/s/resourceGroups/g";

    fn world(requests: Option<u32>, seconds: Option<u32>, propagation: &[u32]) -> World {
        let mut world = Scenario::named("no-role").unwrap().world;
        world.role_assignments.push(RoleAssignment {
            id: "id".to_owned(),
            principal_id: "p".to_owned(),
            role_id: "acdd72a7-3385-48ef-bd42-f606fba81ae7".to_owned(),
            scope: GROUP.to_owned(),
            condition: None,
            created: None,
            removed: None,
            effective_after: EffectiveAfter { requests, seconds },
            propagation: propagation.to_vec(),
            denied: Arc::default(),
        });
        world
    }

    fn at(secs: u64, replica: usize) -> Moment {
        let now = Duration::from_secs(secs);
        Moment { now, replica }
    }

    const P: Principal<'static> = Principal {
        object_id: "P",
        groups: &[],
    };

    fn allows(world: &World, action: &str, scope: &str, moment: Moment) -> bool {
        matches!(decide(world, P, action, scope, moment), Decision::Allowed)
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
        let world = world(Some(2), None, &[]);
        // Neither another scope nor another action has to do with the assignment.
        assert!(!allows(&world, READ, "/subscriptions/s", at(0, 0)));
        let write = "Microsoft.Compute/virtualMachines/write";
        assert!(!allows(&world, write, GROUP, at(0, 0)));
        assert_eq!(
            [0, 0, 0].map(|secs| allows(&world, READ, GROUP, at(secs, 0))),
            [false, false, true]
        );
    }

    #[test]
    fn an_assignment_takes_effect_at_its_time_or_count_whichever_comes_first() {
        let by_time = world(Some(9), Some(5), &[]);
        assert_eq!(
            [4, 5].map(|secs| allows(&by_time, READ, GROUP, at(secs, 0))),
            [false, true]
        );
        let by_count = world(Some(1), Some(5), &[]);
        assert_eq!(
            [0, 1].map(|secs| allows(&by_count, READ, GROUP, at(secs, 0))),
            [false, true]
        );
    }

    #[test]
    fn replicas_hear_of_it_at_their_own_times_and_of_its_removal_too() {
        let mut world = world(None, None, &[0, 300]);
        let both = |world: &World, secs| {
            [0, 1].map(|replica| allows(world, READ, GROUP, at(secs, replica)))
        };
        assert_eq!(both(&world, 0), [true, false]);
        assert_eq!(both(&world, 300), [true, true]);
        // A replica beyond the list is as slow as the last one.
        assert!(!allows(&world, READ, GROUP, at(299, 9)));
        world.role_assignments[0].removed = Some(Duration::from_secs(1_000));
        assert_eq!(both(&world, 1_299), [false, true]);
        assert_eq!(both(&world, 1_300), [false, false]);
        assert!(!world.role_assignments[0].is_gone(Duration::from_secs(1_299)));
        assert!(world.role_assignments[0].is_gone(Duration::from_secs(1_300)));
    }

    #[test]
    fn a_condition_and_a_denial_are_told_from_no_role() {
        let mut world = world(None, None, &[]);
        world.deny_assignments.push(DenyAssignment {
            id: "d".to_owned(),
            name: "locked".to_owned(),
            actions: vec!["*".to_owned()],
            not_actions: vec!["*/read".to_owned()],
            scope: "/subscriptions/s".to_owned(),
            principals: Vec::new(),
            excluded: Vec::new(),
        });
        let decide = |world: &World, action: &str| {
            format!("{:?}", decide(world, P, action, GROUP, at(0, 0)))
        };
        assert_eq!(decide(&world, READ), "Allowed");
        assert_eq!(
            decide(&world, "Microsoft.Compute/virtualMachines/write"),
            "NoRole"
        );
        world.deny_assignments[0].not_actions.clear();
        assert!(decide(&world, READ).starts_with("DeniedBy"));
        world.deny_assignments[0].excluded.push("p".to_owned());
        assert_eq!(decide(&world, READ), "Allowed");
        world.role_assignments[0].condition = Some("@Resource".to_owned());
        assert_eq!(decide(&world, READ), "ConditionNotFulfilled");
    }

    #[test]
    fn a_role_of_a_group_counts_for_the_tokens_that_name_the_group() {
        let world = world(None, None, &[]);
        let groups = ["P".to_owned()];
        let member = Principal {
            object_id: "q",
            groups: &groups,
        };
        assert!(sees(&world, member, GROUP, at(0, 0)));
        assert!(!sees(
            &world,
            Principal {
                groups: &[],
                ..member
            },
            GROUP,
            at(0, 0)
        ));
    }

    #[test]
    fn a_role_on_a_group_makes_its_subscription_visible() {
        let at = at(0, 0);
        assert!(sees(&world(None, None, &[]), P, "/subscriptions/s", at));
        assert!(!sees(
            &world(None, None, &[]),
            P,
            "/subscriptions/other",
            at
        ));
        assert!(!sees(&world(Some(1), None, &[]), P, "/subscriptions/s", at));
    }
}
