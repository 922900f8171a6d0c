//! `Microsoft.Authorization`: role assignments and definitions, permissions, deny assignments.

use serde_json::{Value, json};

use super::failure::failure;
use super::filter::{self, Condition};
use super::route::AuthorizationKind;
use super::{Operation, page};
use crate::World;
use crate::access::{
    self, DenyAssignment, EffectiveAfter, Principal, PrincipalGroup, RoleAssignment, is_within,
};
use crate::clock::{ERROR_TIME, utc};
use crate::exchange::Reply;
use crate::role::Role;

pub(super) fn answer(
    operation: &Operation<'_>,
    scope: usize,
    kind: AuthorizationKind,
    name: Option<&str>,
) -> Result<Reply, Reply> {
    operation.require(action(kind), scope)?;
    super::resource::require_existing(operation, scope)?;
    let scope = operation.path.up_to(scope);
    let world = &*operation.world;
    match (kind, name) {
        (AuthorizationKind::DenyAssignments, None) => deny_assignments(operation, &scope),
        (AuthorizationKind::DenyAssignments, Some(name)) => deny_assignment(world, name),
        (AuthorizationKind::Permissions, None) => {
            let roles = access::roles(world, operation.principal(), &scope, operation.moment);
            page::list(operation, roles.map(Role::permission).collect())
        }
        (AuthorizationKind::RoleAssignments, None) => role_assignments(operation, &scope),
        (AuthorizationKind::RoleAssignments, Some(name)) => role_assignment(operation, name),
        (AuthorizationKind::RoleDefinitions, None) => role_definitions(operation),
        (AuthorizationKind::RoleDefinitions, Some(name)) => role_definition(world, name),
        (AuthorizationKind::Permissions, Some(name)) => Err(failure(
            404,
            "NotFound",
            &format!("'{name}' was not found."),
        )),
    }
}

fn action(kind: AuthorizationKind) -> &'static str {
    match kind {
        AuthorizationKind::DenyAssignments => "Microsoft.Authorization/denyAssignments/read",
        AuthorizationKind::Permissions => "Microsoft.Authorization/permissions/read",
        AuthorizationKind::RoleAssignments => "Microsoft.Authorization/roleAssignments/read",
        AuthorizationKind::RoleDefinitions => "Microsoft.Authorization/roleDefinitions/read",
    }
}

/// Assignments at the scope and inherited by it; without `atScope()` also those below.
///
/// They are listed from the start, whether or not they have taken effect: that is what propagation looks like.
fn role_assignments(operation: &Operation<'_>, scope: &str) -> Result<Reply, Reply> {
    let world = &*operation.world;
    let conditions = filter::conditions(operation.request)?;
    let mut found: Vec<&RoleAssignment> = world.role_assignments.iter().collect();
    found.retain(|assignment| {
        assignment.is_listed()
            && (is_within(scope, &assignment.scope) || is_within(&assignment.scope, scope))
    });
    for condition in &conditions {
        match condition {
            Condition::AtScope => found.retain(|assignment| is_within(scope, &assignment.scope)),
            Condition::AssignedTo(principal) => {
                let groups = groups_of(world, principal);
                let principal = Principal {
                    object_id: principal,
                    groups: &groups,
                };
                found.retain(|assignment| principal.is(&assignment.principal_id));
            }
            Condition::Equals(member, principal) if member == "principalid" => {
                found.retain(|assignment| assignment.principal_id.eq_ignore_ascii_case(principal));
            }
            Condition::Equals(member, _) => return Err(filter::invalid(member)),
        }
    }
    let found = found.into_iter();
    page::list(
        operation,
        found.map(|it| assignment_json(operation, it)).collect(),
    )
}

fn groups_of(world: &World, principal: &str) -> Vec<String> {
    let is_member = |group: &&PrincipalGroup| {
        let mut members = group.members.iter().chain(&group.new_members);
        members.any(|member| member.eq_ignore_ascii_case(principal))
    };
    let groups = world.principal_groups.iter().filter(is_member);
    groups.map(|group| group.id.clone()).collect()
}

fn role_assignment(operation: &Operation<'_>, name: &str) -> Result<Reply, Reply> {
    let mut assignments = operation.world.role_assignments.iter();
    let found = assignments.find(|it| it.is_listed() && it.id.eq_ignore_ascii_case(name));
    match found {
        Some(assignment) => Ok(Reply::json(200, &assignment_json(operation, assignment))),
        None => Err(failure(
            404,
            "RoleAssignmentNotFound",
            &format!("The role assignment '{name}' is not found."),
        )),
    }
}

pub(super) fn assignment_json(operation: &Operation<'_>, assignment: &RoleAssignment) -> Value {
    let (world, started) = (&operation.world, operation.state.started_unix_secs);
    let scope = assignment.scope.trim_end_matches('/');
    let after_start = |elapsed: std::time::Duration| {
        let secs = i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX);
        utc(started.saturating_add(secs), ERROR_TIME)
    };
    let is_ready = assignment.effective_after == EffectiveAfter::default()
        && assignment.propagation.iter().all(|secs| *secs == 0);
    // Whatever takes effect later was made when the simulator started.
    let created_on = match assignment.created {
        Some(created) => after_start(created),
        None if is_ready => LONG_AGO.to_owned(),
        None => after_start(std::time::Duration::ZERO),
    };
    let is_group = world
        .principal_groups
        .iter()
        .any(|group| group.id.eq_ignore_ascii_case(&assignment.principal_id));
    json!({
        "id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{}", assignment.id),
        "name": assignment.id,
        "type": "Microsoft.Authorization/roleAssignments",
        "properties": {
            "roleDefinitionId": format!("/subscriptions/{}/providers/Microsoft.Authorization/roleDefinitions/{}", world.subscription_id, assignment.role_id),
            "principalId": assignment.principal_id,
            "principalType": if is_group { "Group" } else { "ServicePrincipal" },
            "scope": assignment.scope,
            "condition": assignment.condition,
            "conditionVersion": assignment.condition.as_ref().map(|_| "2.0"),
            "createdOn": created_on,
            "updatedOn": created_on,
            "createdBy": null,
            "updatedBy": null,
            "delegatedManagedIdentityResourceId": null,
            "description": null,
        },
    })
}

fn role_definitions(operation: &Operation<'_>) -> Result<Reply, Reply> {
    let mut found: Vec<_> = operation.world.roles().collect();
    for condition in filter::conditions(operation.request)? {
        match condition {
            // Every role here can be assigned everywhere in the subscription.
            Condition::AtScope => {}
            Condition::Equals(member, name) if member == "rolename" => {
                found.retain(|role| role.name.eq_ignore_ascii_case(&name))
            }
            Condition::Equals(member, kind) if member == "type" => {
                found.retain(|role| kind.eq_ignore_ascii_case(role.kind()))
            }
            Condition::AssignedTo(_) => return Err(filter::invalid("assignedTo")),
            Condition::Equals(member, _) => return Err(filter::invalid(&member)),
        }
    }
    let subscription_id = &operation.world.subscription_id;
    let found = found.into_iter();
    page::list(
        operation,
        found.map(|role| role.definition(subscription_id)).collect(),
    )
}

fn role_definition(world: &World, id: &str) -> Result<Reply, Reply> {
    match world.roles().find(|role| role.id.eq_ignore_ascii_case(id)) {
        Some(role) => Ok(Reply::json(200, &role.definition(&world.subscription_id))),
        None => Err(failure(
            404,
            "RoleDefinitionDoesNotExist",
            &format!("The specified role definition with ID '{id}' does not exist."),
        )),
    }
}

fn deny_assignments(operation: &Operation<'_>, scope: &str) -> Result<Reply, Reply> {
    let world = &*operation.world;
    let mut found: Vec<&DenyAssignment> = world.deny_assignments.iter().collect();
    found.retain(|denial| is_within(scope, &denial.scope) || is_within(&denial.scope, scope));
    for condition in filter::conditions(operation.request)? {
        match condition {
            Condition::AtScope => found.retain(|denial| is_within(scope, &denial.scope)),
            Condition::AssignedTo(principal) => {
                let groups = groups_of(world, &principal);
                let principal = Principal {
                    object_id: &principal,
                    groups: &groups,
                };
                found.retain(|denial| {
                    denial.principals.is_empty()
                        || denial.principals.iter().any(|id| principal.is(id))
                });
            }
            Condition::Equals(member, id) if member == "principalid" => found.retain(|denial| {
                let mut principals = denial.principals.iter();
                principals.any(|known| known.eq_ignore_ascii_case(&id))
            }),
            Condition::Equals(member, name) if member == "denyassignmentname" => {
                found.retain(|denial| denial.name.eq_ignore_ascii_case(&name));
            }
            Condition::Equals(member, _) => return Err(filter::invalid(&member)),
        }
    }
    page::list(operation, found.into_iter().map(denial_json).collect())
}

fn deny_assignment(world: &World, name: &str) -> Result<Reply, Reply> {
    let mut denials = world.deny_assignments.iter();
    match denials.find(|denial| denial.id.eq_ignore_ascii_case(name)) {
        Some(denial) => Ok(Reply::json(200, &denial_json(denial))),
        None => Err(failure(
            404,
            "DenyAssignmentNotFound",
            &format!("The deny assignment '{name}' is not found."),
        )),
    }
}

fn denial_json(denial: &DenyAssignment) -> Value {
    let scope = denial.scope.trim_end_matches('/');
    let principal = |id: &String| json!({ "id": id, "type": "ServicePrincipal" });
    let principals: Vec<_> = match denial.principals.as_slice() {
        [] => vec![json!({ "id": EVERYBODY, "type": "SystemDefined" })],
        some => some.iter().map(principal).collect(),
    };
    json!({
        "id": format!("{scope}/providers/Microsoft.Authorization/denyAssignments/{}", denial.id),
        "name": denial.id,
        "type": "Microsoft.Authorization/denyAssignments",
        "properties": {
            "denyAssignmentName": denial.name,
            "description": null,
            "permissions": [{ "actions": denial.actions, "notActions": denial.not_actions, "dataActions": [], "notDataActions": [] }],
            "scope": denial.scope,
            "doNotApplyToChildScopes": false,
            "principals": principals,
            "excludePrincipals": denial.excluded.iter().map(principal).collect::<Vec<_>>(),
            "isSystemProtected": true,
        },
    })
}

/// How a deny assignment writes that it holds for all.
const EVERYBODY: &str = "00000000-0000-0000-0000-000000000000";

/// For assignments that are in effect from the start.
const LONG_AGO: &str = "2024-01-01T00:00:00.0000000Z";
