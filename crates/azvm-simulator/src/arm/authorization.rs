//! `Microsoft.Authorization`: role assignments and definitions, permissions, deny assignments.

use serde_json::{Value, json};

use super::Operation;
use super::access::is_within;
use super::failure::failure;
use super::filter::{self, Condition};
use super::role::{self, BUILT_IN};
use super::route::AuthorizationKind;
use crate::clock::{ERROR_TIME, utc};
use crate::exchange::Reply;
use crate::scenario::{EffectiveAfter, RoleAssignment};

pub(super) fn answer(
    operation: &Operation<'_>,
    scope: usize,
    kind: AuthorizationKind,
    name: Option<&str>,
) -> Result<Reply, Reply> {
    operation.require(action(kind), scope)?;
    super::resource::require_existing(operation, scope)?;
    let scope = operation.path.up_to(scope);
    match (kind, name) {
        (AuthorizationKind::DenyAssignments, None) => Ok(list(Vec::new())),
        (AuthorizationKind::Permissions, None) => {
            let state = operation.state;
            let roles =
                state
                    .access
                    .roles(&operation.caller.object_id, &scope, state.clock.elapsed());
            Ok(list(roles.map(role::Role::permission).collect()))
        }
        (AuthorizationKind::RoleAssignments, None) => role_assignments(operation, &scope),
        (AuthorizationKind::RoleAssignments, Some(name)) => role_assignment(operation, name),
        (AuthorizationKind::RoleDefinitions, None) => role_definitions(operation),
        (AuthorizationKind::RoleDefinitions, Some(name)) => role_definition(operation, name),
        (AuthorizationKind::DenyAssignments | AuthorizationKind::Permissions, Some(name)) => Err(
            failure(404, "NotFound", &format!("'{name}' was not found.")),
        ),
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

fn list(value: Vec<Value>) -> Reply {
    Reply::json(200, &json!({ "value": value }))
}

/// Assignments at the scope and inherited by it; without `atScope()` also those below.
///
/// They are listed from the start, whether or not they have taken effect: that is what propagation looks like.
fn role_assignments(operation: &Operation<'_>, scope: &str) -> Result<Reply, Reply> {
    let conditions = filter::conditions(operation.request)?;
    let mut found: Vec<&RoleAssignment> =
        operation.state.scenario.role_assignments.iter().collect();
    found.retain(|assignment| {
        is_within(scope, &assignment.scope) || is_within(&assignment.scope, scope)
    });
    for condition in &conditions {
        match condition {
            Condition::AtScope => found.retain(|assignment| is_within(scope, &assignment.scope)),
            Condition::AssignedTo(principal) => {
                found.retain(|assignment| assignment.principal_id.eq_ignore_ascii_case(principal))
            }
            Condition::Equals(member, principal) if member == "principalid" => {
                found.retain(|assignment| assignment.principal_id.eq_ignore_ascii_case(principal));
            }
            Condition::Equals(member, _) => return Err(filter::invalid(member)),
        }
    }
    Ok(list(
        found
            .into_iter()
            .map(|assignment| assignment_json(operation, assignment))
            .collect(),
    ))
}

fn role_assignment(operation: &Operation<'_>, name: &str) -> Result<Reply, Reply> {
    let mut assignments = operation.state.scenario.role_assignments.iter();
    match assignments.find(|assignment| assignment.id.eq_ignore_ascii_case(name)) {
        Some(assignment) => Ok(Reply::json(200, &assignment_json(operation, assignment))),
        None => Err(failure(
            404,
            "RoleAssignmentNotFound",
            &format!("The role assignment '{name}' is not found."),
        )),
    }
}

fn assignment_json(operation: &Operation<'_>, assignment: &RoleAssignment) -> Value {
    let subscription_id = &operation.state.world().subscription_id;
    let scope = assignment.scope.trim_end_matches('/');
    // Whatever takes effect later was made when the simulator started.
    let created_on = match assignment.effective_after {
        EffectiveAfter {
            requests: None,
            seconds: None,
        } => LONG_AGO.to_owned(),
        EffectiveAfter { .. } => utc(operation.state.clock.start_unix_secs(), ERROR_TIME),
    };
    json!({
        "id": format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{}", assignment.id),
        "name": assignment.id,
        "type": "Microsoft.Authorization/roleAssignments",
        "properties": {
            "roleDefinitionId": format!("/subscriptions/{subscription_id}/providers/Microsoft.Authorization/roleDefinitions/{}", assignment.role_id),
            "principalId": assignment.principal_id,
            "principalType": "ServicePrincipal",
            "scope": assignment.scope,
            "condition": null,
            "conditionVersion": null,
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
    let mut found: Vec<_> = BUILT_IN.iter().collect();
    for condition in filter::conditions(operation.request)? {
        match condition {
            // Built-in roles can be assigned everywhere.
            Condition::AtScope => {}
            Condition::Equals(member, name) if member == "rolename" => {
                found.retain(|role| role.name.eq_ignore_ascii_case(&name))
            }
            Condition::Equals(member, kind) if member == "type" => {
                found.retain(|_| kind.eq_ignore_ascii_case("BuiltInRole"))
            }
            Condition::AssignedTo(_) => return Err(filter::invalid("assignedTo")),
            Condition::Equals(member, _) => return Err(filter::invalid(&member)),
        }
    }
    let subscription_id = &operation.state.world().subscription_id;
    Ok(list(
        found
            .into_iter()
            .map(|role| role.definition(subscription_id))
            .collect(),
    ))
}

fn role_definition(operation: &Operation<'_>, id: &str) -> Result<Reply, Reply> {
    let subscription_id = &operation.state.world().subscription_id;
    match BUILT_IN
        .iter()
        .find(|role| role.id.eq_ignore_ascii_case(id))
    {
        Some(role) => Ok(Reply::json(200, &role.definition(subscription_id))),
        None => Err(failure(
            404,
            "RoleDefinitionDoesNotExist",
            &format!("The specified role definition with ID '{id}' does not exist."),
        )),
    }
}

/// For assignments that are in effect from the start.
const LONG_AGO: &str = "2024-01-01T00:00:00.0000000Z";
