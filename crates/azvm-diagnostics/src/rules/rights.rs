//! A refusal for want of a role: is it missing, elsewhere, too small, through a group, or under way?
//!
//! What proves it is the list of assignments with the roles in them. Where the identity may not list, absence and
//! propagation look the same, and only somebody's word about the time of the grant tells more.

use super::rights_seen::{Listing, is_kind, none_of};
use super::{Verdict, long};
use crate::catalogue::{
    Entry, RBAC_001, RBAC_002, RBAC_003, RBAC_004, RBAC_005, RBAC_006, RBAC_007, RBAC_008,
    RBAC_016, RBAC_027,
};
use crate::facts::{Call, Facts, RightsFacts, Sample};
use crate::finding::{Confidence, Finding, Values};
use crate::report::from_rfc3339;
use crate::rights::{OtherPrincipal, Place, known_to_allow, other_principal, place};
use crate::wait::OFFICIAL_MAXIMUM;
use azvm_arm::{ArmError, RoleAssignment, RoleAssignments, Verdict as Grant};
use azvm_exchange::Timestamp;
use azvm_imds::Guid;
use std::time::Duration;

/// Beyond the official ten minutes, lag is still likelier than anything else for a while.
pub(super) const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// A token that is older than this may well be older than a membership that somebody just made.
const OLD_TOKEN: Duration = Duration::from_secs(3600);

/// Clocks may differ by this much; a grant that is later yet was not made.
const CLOCK_LEEWAY: i64 = 300;

/// How many scopes or names one sentence has.
pub(super) const FEW: usize = 3;

/// A refusal, and what is known around it.
pub(super) struct Case<'a> {
    pub(super) facts: &'a Facts,
    values: &'a Values,
    pub(super) rights: &'a RightsFacts,
    /// By the service's own clock where it told it.
    now: Timestamp,
    /// The object ID in the token.
    pub(super) own: Option<&'a str>,
}

pub(super) fn not_authorized(
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
    let elapsed = i64::try_from(facts.duration.as_secs()).unwrap_or(0);
    let local = facts.started.unix_seconds().saturating_add(elapsed);
    let server = sample.call.clocks.map(|(server, _)| server);
    let case = Case {
        facts,
        values,
        rights: &facts.arm.rights,
        now: server.unwrap_or_else(|| Timestamp::from_unix_seconds(local)),
        own: facts.imds.claims().and_then(|claims| claims.object_id()),
    };
    let expected = facts.asked.expected_principal.as_ref();
    if let Some(other) = other_principal(error, case.own, expected) {
        return other_than_meant(&other, values);
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
    case.evidence(verdict);
    let finding = match listed(facts.arm.role_assignments.as_ref()) {
        Some(list) => case.by_list(list, verdict),
        None => case.blind(),
    };
    case.notes(&finding, verdict);
    finding
}

fn other_than_meant(other: &OtherPrincipal, values: &Values) -> Finding {
    let OtherPrincipal {
        meant,
        is_expectation,
        refused,
    } = other;
    let mut values = values.clone();
    values.set("denied_object_id", Some(refused));
    let who = match is_expectation {
        true => format!("the role is meant for {meant}"),
        false => format!("the token names {meant}"),
    };
    Finding::new(&RBAC_004, &values)
        .with_confidence(Confidence::Likely)
        .with_cause(format!("{who}, ARM names {refused}; waiting will not help"))
}

/// The whole list, if it came whole: a page that is missing may have what decides.
pub(super) fn listed(call: Option<&Call<RoleAssignments, ArmError>>) -> Option<&[RoleAssignment]> {
    let list = call?.answer.as_ref().ok()?;
    (!list.has_more).then_some(&list.value)
}

/// What an assignment does for the action that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Grants,
    GrantsUnderCondition,
    Lacks,
    Unknown,
}

impl Case<'_> {
    pub(super) fn find(&self, entry: &'static Entry) -> Finding {
        Finding::new(entry, self.values)
    }

    fn effect(&self, assignment: &RoleAssignment) -> Effect {
        let grant = match self.rights.role_of(assignment) {
            Some(role) => Some(role.grant),
            None => self.known_name(assignment).map(|_| Grant::Allowed),
        };
        match grant {
            None => Effect::Unknown,
            Some(Grant::Allowed) if !assignment.has_condition => Effect::Grants,
            Some(Grant::Allowed | Grant::Conditional) => Effect::GrantsUnderCondition,
            Some(_) => Effect::Lacks,
        }
    }

    /// Of a role that is known by its ID alone to allow the action.
    fn known_name(&self, assignment: &RoleAssignment) -> Option<&'static str> {
        let action = self.rights.action.as_deref()?;
        known_to_allow(&assignment.role_definition_id, action)
    }

    fn age_of(&self, time: Timestamp) -> Duration {
        let secs = self.now.seconds_since(time);
        Duration::from_secs(u64::try_from(secs).unwrap_or(0))
    }

    /// A change starts the propagation anew.
    pub(super) fn age(&self, assignment: &RoleAssignment) -> Option<Duration> {
        let changed = assignment.updated_on.as_deref();
        let changed = changed.or(assignment.created_on.as_deref())?;
        Some(self.age_of(from_rfc3339(changed)?))
    }

    /// How long ago the role was granted, by the word of whoever asks; nothing for a time that has not come yet.
    pub(super) fn granted(&self) -> Option<Duration> {
        let time = self.facts.asked.granted_at?;
        (time.seconds_since(self.now) <= CLOCK_LEEWAY).then(|| self.age_of(time))
    }

    fn is_through_group(&self, assignment: &RoleAssignment) -> bool {
        is_kind(assignment, &["Group", "ForeignGroup"]) || self.is_for_another(assignment)
    }

    /// The assignment is neither the identity's own nor a group's: somebody else's roles do not count for it.
    pub(super) fn is_strangers(&self, assignment: &RoleAssignment) -> bool {
        is_kind(assignment, &["Device", "ServicePrincipal", "User"])
            && self.is_for_another(assignment)
    }

    fn is_for_another(&self, assignment: &RoleAssignment) -> bool {
        let is_other = |id: Guid| {
            self.own
                .is_some_and(|own| !own.eq_ignore_ascii_case(id.as_str()))
        };
        assignment.principal_id.parse().is_ok_and(is_other)
    }

    fn by_list(&self, list: &[RoleAssignment], verdict: &mut Verdict) -> Finding {
        let (strangers, list): (Vec<_>, Vec<_>) = list.iter().partition(|it| self.is_strangers(it));
        if list.is_empty() {
            return self.nothing_here(&strangers);
        }
        let may_grant = |it: &&RoleAssignment| self.effect(it) != Effect::Lacks;
        let granting: Vec<&RoleAssignment> = list.iter().copied().filter(may_grant).collect();
        if granting.is_empty() {
            return self.too_small(&list);
        }
        let is_any_read = granting.len() < list.len();
        let ages = granting
            .iter()
            .filter_map(|it| Some((self.age(it)?, self.effect(it))));
        let youngest = ages.min_by_key(|(age, _)| *age);
        let age = youngest.map(|(age, _)| age);
        let shown = age.map(|age| age.as_secs().to_string());
        verdict.saw_some("youngest_assignment_s", shown);
        match youngest {
            Some((age, effect)) if age < PATIENCE => {
                let finding = match (effect, age <= OFFICIAL_MAXIMUM) {
                    (Effect::Unknown, _) | (_, false) => {
                        self.find(&RBAC_002).with_confidence(Confidence::Likely)
                    }
                    _ => self.find(&RBAC_002),
                };
                finding.with_cause(format!(
                    "the youngest role assignment was made {} ago; the official maximum is 10 min",
                    long(age)
                ))
            }
            _ => self.not_in_force(&granting, age, is_any_read),
        }
    }

    /// Nothing counts at the target; what is listed there is somebody else's.
    fn nothing_here(&self, strangers: &[&RoleAssignment]) -> Finding {
        let elsewhere = self.elsewhere();
        if !elsewhere.is_empty() {
            return self.at_other_scope(&elsewhere);
        }
        let finding = self.find(&RBAC_001);
        match self.granted().filter(|age| *age < PATIENCE) {
            None => finding.with_cause(format!("{}{}", none_of(strangers), self.nor_elsewhere())),
            Some(age) => finding.with_confidence(Confidence::Likely).with_cause(format!(
                "the role was granted {} ago, as you say, and is not in the list: not at this scope, or not to this \
                 identity",
                long(age)
            )),
        }
    }

    /// Every role at the target was looked at, and none has the action.
    fn too_small(&self, list: &[&RoleAssignment]) -> Finding {
        let mut elsewhere = self.elsewhere();
        elsewhere.retain(|it| self.effect(it) == Effect::Grants);
        if !elsewhere.is_empty() {
            return self.at_other_scope(&elsewhere);
        }
        let action = self.rights.action.as_deref().unwrap_or("the action");
        let names = self.names_of_roles(list.iter().copied());
        let mut values = self.values.clone();
        let role = list.first().and_then(|it| self.rights.role_of(it));
        values.set("role", role.and_then(|role| role.name.as_deref()));
        Finding::new(&RBAC_005, &values).with_cause(format!(
            "none of the roles at the target allows {action}: {names}"
        ))
    }

    /// A role that should count does not, and is older than propagation takes; or how old it is nobody knows.
    fn not_in_force(
        &self,
        granting: &[&RoleAssignment],
        age: Option<Duration>,
        is_any_read: bool,
    ) -> Finding {
        let has = |effect: Effect| granting.iter().any(|it| self.effect(it) == effect);
        if let Some(Ok(denials)) = self.rights.denials.as_ref().map(|call| &call.answer) {
            if let Some(name) = denials.names.first() {
                return self
                    .find(&RBAC_006)
                    .with_confidence(Confidence::Likely)
                    .with_cause(format!(
                        "a role allows it, and the deny assignment {name} names this action"
                    ));
            }
        }
        if !has(Effect::Unknown) && !has(Effect::Grants) {
            return self.find(&RBAC_007).with_confidence(Confidence::Likely).with_cause(
                "the role that allows it is assigned under a condition, which waiting does not change",
            );
        }
        if granting.iter().all(|it| self.is_through_group(it)) {
            return self.through_group(granting);
        }
        let mut grants = granting
            .iter()
            .filter(|it| self.effect(it) == Effect::Grants);
        if has(Effect::Grants) && grants.all(|it| self.is_slow(it)) {
            return self.hours(granting);
        }
        match (has(Effect::Grants), age) {
            (true, Some(age)) => self
                .find(&RBAC_027)
                .with_confidence(Confidence::Likely)
                .with_cause(format!(
                    "{} allows it, and was assigned {} ago: longer than propagation takes",
                    self.names_of_roles(granting.iter().copied()),
                    long(age)
                )),
            (true, None) => self.of_unknown_age(granting),
            (false, _) => self.not_looked_at(granting, age, is_any_read),
        }
    }

    /// Deleting it would be the wrong thing for one that is on its way.
    fn of_unknown_age(&self, granting: &[&RoleAssignment]) -> Finding {
        let roles = self.names_of_roles(granting.iter().copied());
        self.find(&RBAC_027)
            .with_confidence(Confidence::Possible)
            .with_title("a role allows it and is refused all the same; how old it is, ARM does not say")
            .with_cause(format!("{roles} allows it; an assignment of the last ten minutes may still be propagating"))
            .with_fix("Look in the activity log when it was assigned; wait ten minutes before anything is changed.")
            .with_commands_of("az role assignment list")
    }

    /// None of the roles that were looked at has the action, and the definitions of the others were not read. Where none
    /// was looked at, it is not known that anything is too small.
    fn not_looked_at(
        &self,
        unknown: &[&RoleAssignment],
        age: Option<Duration>,
        is_any_read: bool,
    ) -> Finding {
        let mut roles: Vec<&str> = unknown
            .iter()
            .map(|it| it.role_definition_id.as_str())
            .collect();
        roles.sort_unstable();
        roles.dedup();
        let mut cause = match roles.len() {
            1 => "the definition of 1 role at the target was not read: it may allow the action"
                .into(),
            several => format!(
                "the definitions of {several} roles at the target were not read: one of them may allow the action"
            ),
        };
        if age.is_none() {
            cause.push_str(
                "; how old the assignment is, ARM does not say, and it may still be propagating",
            );
        }
        if is_any_read {
            return self
                .find(&RBAC_005)
                .with_confidence(Confidence::Possible)
                .with_cause(cause);
        }
        self.find(&RBAC_027)
            .with_confidence(Confidence::Possible)
            .with_title("a role counts at the target and is refused; whether it allows the action is not known")
            .with_cause(format!("{cause}, or lack it (RBAC-005)"))
            .with_fix(
                "Look from outside which role it is and what it allows. If it lacks the action, choose another one; only \
                 if it has it, delete the assignment and create it anew.",
            )
            .with_commands_of("az role assignment list")
    }

    /// Groups stand in the token, so that its age decides and not that of the assignment.
    fn through_group(&self, granting: &[&RoleAssignment]) -> Finding {
        let issued = self
            .facts
            .imds
            .claims()
            .and_then(|claims| claims.issued_at());
        let age = issued.map(|time| self.age_of(time));
        let confidence = match age {
            Some(age) if age >= OLD_TOKEN => Confidence::Likely,
            _ => Confidence::Possible,
        };
        let group = granting.first().map_or("", |it| &it.principal_id);
        let issued = age.map_or_else(
            || "at an unknown time".into(),
            |age| format!("{} ago", long(age)),
        );
        self.find(&RBAC_008).with_confidence(confidence).with_cause(format!(
            "the role belongs to the group {group}; the token was issued {issued}, and a membership that is younger \
             counts from the next token on"
        ))
    }

    fn at_other_scope(&self, assignments: &[&RoleAssignment]) -> Finding {
        let mut scopes: Vec<&str> = assignments.iter().map(|it| it.scope.as_str()).collect();
        scopes.sort_unstable();
        scopes.dedup();
        let more = match scopes.len() > FEW {
            true => ", …",
            false => "",
        };
        let shown = scopes
            .iter()
            .take(FEW)
            .copied()
            .collect::<Vec<_>>()
            .join(", ");
        let roles = self.names_of_roles(assignments.iter().copied());
        self.find(&RBAC_003).with_cause(format!(
            "{roles} at {shown}{more}, which is neither the target nor above it"
        ))
    }

    /// How the sentence goes on about the rest of the subscription.
    fn nor_elsewhere(&self) -> &'static str {
        match Listing::of(self.rights.elsewhere.as_ref()) {
            Listing::Whole => ", and none is elsewhere in the subscription",
            Listing::Part => "; the list of what is elsewhere did not come whole",
            Listing::Refused => "; what is elsewhere, the identity may not list",
            Listing::Unknown => "; what is elsewhere is not known",
        }
    }

    /// The assignments of the identity itself that cannot count at the target.
    fn elsewhere(&self) -> Vec<&RoleAssignment> {
        let list = self.rights.elsewhere.as_ref();
        let list = list.and_then(|call| call.answer.as_ref().ok());
        let (Some(list), Some(target)) = (list, self.facts.target()) else {
            return vec![];
        };
        let is_other = |it: &&RoleAssignment| {
            place(&it.scope, target) == Place::Elsewhere && !self.is_strangers(it)
        };
        list.value.iter().filter(is_other).collect()
    }

    /// `Reader, Tag Contributor`; what was not looked at is *a role*.
    pub(super) fn names_of_roles<'b>(
        &self,
        assignments: impl Iterator<Item = &'b RoleAssignment>,
    ) -> String {
        let mut names: Vec<&str> = assignments
            .map(|it| {
                let role = self.rights.role_of(it);
                role.and_then(|role| role.name.as_deref())
                    .or_else(|| self.known_name(it))
            })
            .map(|name| name.unwrap_or("a role"))
            .collect();
        names.sort_unstable();
        names.dedup();
        names.truncate(FEW);
        names.join(", ")
    }
}
