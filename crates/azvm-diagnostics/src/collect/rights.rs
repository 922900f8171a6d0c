//! What follows a refusal for want of a role: which roles the identity has, where, and what they allow.
//!
//! The order of the questions is that of what they need: seeing subscriptions needs no right, everything else a role that
//! may list. A list that came whole decides; one that did not, or that goes on elsewhere, is kept and proves nothing.

use super::Run;
use super::arm::Arm;
use crate::facts::{
    ArmFacts, Call, Denials, EffectiveRights, Role, RoleFacts, SubscriptionsSeen, Trouble,
};
use crate::rights::{Place, is_same_role, known_to_allow, place};
use crate::stored::kept_roles;
use azvm_arm::{
    ArmError, AssignmentFilter, DenyAssignment, Operation, Pages, RoleAssignment, RoleAssignments,
    Verdict, evaluate,
};
use azvm_exchange::{FailureKind, Request, Response, RetryPolicy, service_text};
use azvm_imds::Guid;
use azvm_resource_id::{ResourceId, RoleDefinitionId};
use std::time::Duration;

/// The most questions about the rights of an identity in one run. With the two before them, that is eight requests.
const MAX_QUESTIONS: usize = 6;

/// The most pages of one list that are read.
const MAX_PAGES: usize = 3;

/// The most assignments that are kept of one list.
const MAX_ASSIGNMENTS: usize = 300;

/// The most roles that are looked at.
const MAX_ROLES: usize = 3;

/// The most names of deny assignments that are kept.
const MAX_DENIALS: usize = 8;

/// The most subscriptions that are kept of those that are not the target's.
const MAX_OTHERS: usize = 3;

/// The longest action that is taken from the words of a refusal, in bytes.
const MAX_ACTION_BYTES: usize = 256;

/// These questions help to explain a refusal that is certain already: nobody should wait long for them.
const QUESTION_BUDGET: Duration = Duration::from_secs(5);

/// Who was refused where.
pub(super) struct Refused<'a> {
    pub(super) target: &'a ResourceId,
    pub(super) object_id: &'a str,
    pub(super) error: &'a ArmError,
}

impl Run<'_> {
    /// Asks what rights there are, as far as it can be had with a few requests.
    pub(super) async fn rights(
        &mut self,
        arm: Arm<'_>,
        facts: &mut ArmFacts,
        refused: Refused<'_>,
    ) {
        let action = action(&refused);
        facts.rights.action = Some(action.clone());
        let mut inquiry = Inquiry {
            run: self,
            arm,
            refused,
            action,
            left: MAX_QUESTIONS,
        };
        inquiry.subscriptions(facts).await;
        let at_target = AssignmentFilter::AtScopeAssignedTo(inquiry.refused.object_id);
        let request = azvm_arm::role_assignments_where(inquiry.refused.target, at_target);
        facts.role_assignments = inquiry.assignments("role_assignments", request).await;
        match facts.role_assignments.as_ref().map(|call| &call.answer) {
            Some(Ok(list)) if !list.has_more => inquiry.roles(facts).await,
            Some(Err(Trouble::Refused(error))) if error.status() == 403 => {
                inquiry.permissions(facts).await;
            }
            _ => {}
        }
    }
}

/// The action that was refused, in ARM's words if they name one, else the one that reading the target needs.
fn action(refused: &Refused<'_>) -> String {
    let named = refused.error.denied().and_then(|denied| denied.action);
    let is_action = |text: &String| {
        text.len() <= MAX_ACTION_BYTES
            && text.contains('/')
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"./-_".contains(&byte))
    };
    named.filter(is_action).unwrap_or_else(|| {
        let kind = match refused.target.resource_group() {
            Some(_) => "Microsoft.Resources/subscriptions/resourceGroups/read",
            None => "Microsoft.Resources/subscriptions/read",
        };
        kind.into()
    })
}

/// A series of questions that ends when there were enough of them, or when ARM stops answering.
struct Inquiry<'r, 'a, 'run> {
    run: &'r mut Run<'run>,
    arm: Arm<'a>,
    refused: Refused<'a>,
    action: String,
    left: usize,
}

impl Inquiry<'_, '_, '_> {
    async fn ask<R>(
        &mut self,
        action: &'static str,
        request: Request,
        read: impl FnOnce(&Response) -> Result<R, ArmError>,
    ) -> Option<Call<R, ArmError>> {
        self.left = self.left.checked_sub(1)?;
        let policy = RetryPolicy::never(QUESTION_BUDGET);
        let call = self
            .run
            .ask_arm(self.arm, action, (request, policy), read)
            .await?;
        if is_trouble(&call) {
            self.left = 0;
        }
        Some(call)
    }

    async fn subscriptions(&mut self, facts: &mut ArmFacts) {
        let left = self.left - 1;
        let own = self
            .refused
            .target
            .subscription_id()
            .unwrap_or_default()
            .to_string();
        let read = |response: &Response| {
            let page = azvm_arm::read_subscriptions(response)?;
            let is_own = |id: &str| id.eq_ignore_ascii_case(&own);
            let ids = page.value.iter().map(|it| it.subscription_id.as_str());
            let others = ids.clone().filter(|id| !is_own(id)).map(service_text);
            Ok(SubscriptionsSeen {
                count: page.value.len(),
                has_target: ids.clone().any(is_own),
                others: others.take(MAX_OTHERS).collect(),
                has_more: page.has_more,
            })
        };
        let request = azvm_arm::subscriptions();
        facts.rights.subscriptions = self.ask("subscriptions", request, read).await;
        let answer = facts.rights.subscriptions.as_ref().map(|call| &call.answer);
        let is_silence = matches!(
            answer,
            Some(Err(Trouble::Silent(failure))) if failure.kind == FailureKind::Timeout
        );
        // A stand-in may not have this list, and still have the one that decides; who keeps silent is left alone.
        if !is_silence {
            self.left = left;
        }
    }

    /// A list, page by page. It is said to have more if it does, or if the rest could not be had.
    async fn assignments(
        &mut self,
        action: &'static str,
        request: Request,
    ) -> Option<Call<RoleAssignments, ArmError>> {
        let mut pages = Pages::new(self.arm.1.clone()).with_max_pages(MAX_PAGES);
        let first = self
            .ask(action, request, |it| read_page(it, &mut pages))
            .await?;
        let mut next = match &first.answer {
            Ok((_, next)) => next.clone(),
            Err(_) => None,
        };
        let mut list = first.map(|(page, _)| page);
        while let (Ok(whole), Some(request)) = (&mut list.answer, next.take()) {
            let page = self
                .ask(action, request, |it| read_page(it, &mut pages))
                .await;
            if let Some(Ok((page, request))) = page.map(|call| call.answer) {
                whole.value.extend(page.value);
                whole.has_more = page.has_more;
                next = request;
            }
        }
        if let Ok(whole) = &mut list.answer {
            whole.has_more |= whole.value.len() > MAX_ASSIGNMENTS;
            whole.value.truncate(MAX_ASSIGNMENTS);
        }
        Some(list)
    }

    /// What the roles at the target allow; and if none of them allows the action, what there is elsewhere.
    async fn roles(&mut self, facts: &mut ArmFacts) {
        let here = listed(facts.role_assignments.as_ref()).to_vec();
        self.definitions(&here, facts).await;
        let is_granted = here.iter().any(|assignment| {
            let id = &assignment.role_definition_id;
            match facts.rights.role_of(assignment) {
                Some(role) => role.grant != Verdict::NotGranted,
                None => known_to_allow(id, &self.action).is_some(),
            }
        });
        if is_granted {
            return self.denials(facts).await;
        }
        let target = self.refused.target;
        let own = AssignmentFilter::PrincipalId(self.refused.object_id);
        if let Some(subscription) = subscription_of(target) {
            let request = azvm_arm::role_assignments_where(&subscription, own);
            facts.rights.elsewhere = self
                .assignments("role_assignments_elsewhere", request)
                .await;
        }
        let mut elsewhere = listed(facts.rights.elsewhere.as_ref()).to_vec();
        elsewhere.retain(|assignment| place(&assignment.scope, target) == Place::Elsewhere);
        self.definitions(&elsewhere, facts).await;
    }

    /// Looks at the roles of these assignments, each once, the youngest assignment first: that is the one that matters.
    async fn definitions(&mut self, assignments: &[RoleAssignment], facts: &mut ArmFacts) {
        let mut assignments: Vec<&RoleAssignment> = assignments.iter().collect();
        assignments.sort_by(|one, other| other.created_on.cmp(&one.created_on));
        for assignment in assignments {
            let id = &assignment.role_definition_id;
            let is_known = facts
                .rights
                .roles
                .iter()
                .any(|role| is_same_role(&role.id, id));
            if is_known || facts.rights.roles.len() >= MAX_ROLES {
                continue;
            }
            let Some(role) = definition_at(self.refused.target, id) else {
                continue;
            };
            let Ok(role) = RoleDefinitionId::try_from(&role) else {
                continue;
            };
            let action = self.action.clone();
            let request = azvm_arm::role_definition(&role);
            let read = |response: &Response| read_role(response, &action);
            let Some(call) = self.ask("role_definition", request, read).await else {
                return;
            };
            let id = id.clone();
            facts.rights.roles.push(RoleFacts { id, call });
        }
    }

    /// Only groups and resources have this list, and only where some role counts already there is anything in it: then
    /// the identity sees the subscription.
    async fn permissions(&mut self, facts: &mut ArmFacts) {
        let seen = facts.rights.subscriptions.as_ref();
        let is_seen = match seen.map(|call| &call.answer) {
            Some(Ok(seen)) => seen.has_target || seen.has_more,
            _ => true,
        };
        if !is_seen || self.refused.target.resource_group().is_none() {
            return;
        }
        let action = self.action.clone();
        let read = |response: &Response| {
            let page = azvm_arm::read_permissions(response)?;
            Ok(EffectiveRights {
                sets: page.value.len(),
                grant: evaluate(&page.value, Operation::Action(&action)),
                has_more: page.has_more,
            })
        };
        let request = azvm_arm::permissions(self.refused.target);
        facts.rights.permissions = self.ask("permissions", request, read).await;
    }

    /// A role allows it: does something forbid it?
    async fn denials(&mut self, facts: &mut ArmFacts) {
        let (action, object_id) = (self.action.clone(), self.refused.object_id);
        let scope = self.refused.target.as_str();
        let read = |response: &Response| {
            let page = azvm_arm::read_deny_assignments(response)?;
            let is_reached = |it: &DenyAssignment| {
                let is_above = it.skips_child_scopes && !it.scope.eq_ignore_ascii_case(scope);
                !is_above && !it.excepts(object_id)
            };
            let hits = page
                .value
                .iter()
                .filter(|it| it.denies(Operation::Action(&action)) && is_reached(it));
            let names = hits.map(|it| it.display_name.as_deref().unwrap_or(&it.id));
            Ok(Denials {
                names: names.map(service_text).take(MAX_DENIALS).collect(),
                has_more: page.has_more,
            })
        };
        let at_target = AssignmentFilter::AtScopeAssignedTo(object_id);
        let request = azvm_arm::deny_assignments(self.refused.target, at_target);
        facts.rights.denials = self.ask("deny_assignments", request, read).await;
    }
}

/// No answer, or one that asks for peace: further questions would meet the same.
fn is_trouble<R>(call: &Call<R, ArmError>) -> bool {
    match &call.answer {
        Ok(_) => false,
        Err(Trouble::Silent(_)) => true,
        Err(Trouble::Refused(error)) => matches!(error.status(), 429 | 500..=599),
    }
}

fn listed(call: Option<&Call<RoleAssignments, ArmError>>) -> &[RoleAssignment] {
    match call.map(|call| &call.answer) {
        Some(Ok(list)) => &list.value,
        _ => &[],
    }
}

/// A role's definition can be read at every scope where it can be assigned. Whoever may list assignments at the target
/// may rather look there than in the subscription, which is where the assignment says that the role is.
fn definition_at(target: &ResourceId, role_id: &str) -> Option<ResourceId> {
    let role: Guid = role_id.rsplit('/').next()?.parse().ok()?;
    let id = format!("{target}/providers/Microsoft.Authorization/roleDefinitions/{role}");
    id.parse().ok()
}

fn subscription_of(target: &ResourceId) -> Option<ResourceId> {
    let id = target.subscription_id()?;
    format!("/subscriptions/{id}").parse().ok()
}

/// As far as it is a fact, and the request for the next page if there is one on this host.
fn read_page(
    response: &Response,
    pages: &mut Pages,
) -> Result<(RoleAssignments, Option<Request>), ArmError> {
    let page = azvm_arm::read_role_assignments(response)?;
    let next = pages.next_request(&page).ok().flatten();
    let mut list = kept_roles(&page);
    for item in &mut list.value {
        for text in [
            &mut item.role_definition_id,
            &mut item.principal_id,
            &mut item.scope,
        ] {
            *text = service_text(text);
        }
        for text in [
            &mut item.principal_type,
            &mut item.created_on,
            &mut item.updated_on,
        ] {
            *text = text.as_deref().map(service_text);
        }
    }
    Ok((list, next))
}

fn read_role(response: &Response, action: &str) -> Result<Role, ArmError> {
    let role = azvm_arm::read_role_definition(response)?;
    let kind = role.role_type.as_deref();
    Ok(Role {
        name: role.role_name.as_deref().map(service_text),
        is_built_in: kind.is_some_and(|kind| kind.eq_ignore_ascii_case("BuiltInRole")),
        grant: evaluate(&role.permissions, Operation::Action(action)),
        has_data_actions: role
            .permissions
            .iter()
            .any(|set| !set.data_actions.is_empty()),
    })
}
