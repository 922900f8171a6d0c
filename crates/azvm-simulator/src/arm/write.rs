//! The few writes that matter to identities: role assignments, and the identities of the VM.

use std::sync::Arc;

use hyper::Method;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::authorization::assignment_json;
use super::failure::failure;
use super::route::{AuthorizationKind, Target};
use super::{Operation, document, resource};
use crate::World;
use crate::access::{Decision, EffectiveAfter, RoleAssignment};
use crate::exchange::Reply;
use crate::text::is_guid;

/// Whether a method that is no read does something to what a path names.
pub(super) fn supports(method: &Method, target: Target<'_>) -> bool {
    match target {
        Target::Authorization {
            kind: AuthorizationKind::RoleAssignments,
            name: Some(_),
            ..
        } => *method == Method::PUT || *method == Method::DELETE,
        Target::Resource { .. } => *method == Method::PATCH || *method == Method::PUT,
        _ => false,
    }
}

/// Performs a write that [`supports`] knows.
pub(super) fn answer(operation: &Operation<'_>, target: Target<'_>) -> Result<Reply, Reply> {
    match target {
        Target::Authorization {
            scope,
            name: Some(name),
            ..
        } => {
            if operation.request.method == Method::DELETE {
                return remove(operation, scope, name);
            }
            assign(operation, scope, name)
        }
        _ => set_identities(operation),
    }
}

#[derive(Deserialize)]
struct NewAssignment {
    properties: NewProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewProperties {
    role_definition_id: String,
    principal_id: String,
    condition: Option<String>,
}

fn assign(operation: &Operation<'_>, scope: usize, name: &str) -> Result<Reply, Reply> {
    operation.require("Microsoft.Authorization/roleAssignments/write", scope)?;
    resource::require_existing(operation, scope)?;
    let Ok(new) = serde_json::from_slice::<NewAssignment>(&operation.request.body) else {
        let message = "The request content was invalid and could not be deserialized.";
        return Err(failure(400, "InvalidRequestContent", message));
    };
    let new = new.properties;
    if !is_guid(name) {
        let message = format!(
            "The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID."
        );
        return Err(failure(400, "InvalidRoleAssignmentId", &message));
    }
    let scope = operation.path.up_to(scope);
    let assignment = operation.state.change(|world| {
        let assignment = checked(operation, world, new, name, scope)?;
        world.role_assignments.push(assignment.clone());
        Ok::<_, Reply>(assignment)
    })?;
    Ok(Reply::json(201, &assignment_json(operation, &assignment)))
}

/// Refuses an assignment that Resource Manager would not make.
fn checked(
    operation: &Operation<'_>,
    world: &World,
    new: NewProperties,
    name: &str,
    scope: String,
) -> Result<RoleAssignment, Reply> {
    if world.role_assignments.len() >= MAX_ASSIGNMENTS {
        let message = "No more role assignments can be created in this subscription.";
        return Err(failure(400, "RoleAssignmentLimitExceeded", message));
    }
    let role_id = new
        .role_definition_id
        .rsplit('/')
        .next()
        .unwrap_or_default();
    let Some(role) = world
        .roles()
        .find(|role| role.id.eq_ignore_ascii_case(role_id))
    else {
        let message = format!("The specified role definition with ID '{role_id}' does not exist.");
        return Err(failure(400, "RoleDefinitionDoesNotExist", &message));
    };
    let is_principal = |id: &str| id.eq_ignore_ascii_case(&new.principal_id);
    let mut identities = world.all_identities();
    let mut groups = world.principal_groups.iter();
    if !identities.any(|it| is_principal(&it.object_id)) && !groups.any(|it| is_principal(&it.id)) {
        let message = format!(
            "Principal {} does not exist in the directory {}.",
            new.principal_id, world.tenant_id
        );
        return Err(failure(400, "PrincipalNotFound", &message));
    }
    let is_same = |it: &&RoleAssignment| {
        let says_the_same = it.role_id == role.id
            && is_principal(&it.principal_id)
            && it.scope.eq_ignore_ascii_case(&scope);
        it.is_listed() && (says_the_same || it.id.eq_ignore_ascii_case(name))
    };
    if let Some(same) = world.role_assignments.iter().find(is_same) {
        let message = format!(
            "The role assignment already exists. The ID of the existing role assignment is {}.",
            same.id.replace('-', "")
        );
        return Err(failure(409, "RoleAssignmentExists", &message));
    }
    Ok(RoleAssignment {
        id: name.to_owned(),
        role_id: role.id.clone(),
        principal_id: new.principal_id,
        scope,
        condition: new.condition,
        created: Some(operation.moment.now),
        removed: None,
        effective_after: EffectiveAfter::default(),
        propagation: operation.state.scenario.arm.propagation_secs.clone(),
        denied: Arc::default(),
    })
}

/// What is not there is as good as removed.
fn remove(operation: &Operation<'_>, scope: usize, name: &str) -> Result<Reply, Reply> {
    operation.require("Microsoft.Authorization/roleAssignments/delete", scope)?;
    let mut assignments = operation.world.role_assignments.iter();
    let found = assignments.find(|it| it.is_listed() && it.id.eq_ignore_ascii_case(name));
    match found {
        Some(found) if operation.state.revoke(&found.id).is_ok() => {
            Ok(Reply::json(200, &assignment_json(operation, found)))
        }
        Some(_) | None => Ok(Reply::empty(204)),
    }
}

#[derive(Deserialize)]
struct NewMachine {
    identity: Option<NewIdentity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NewIdentity {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    user_assigned_identities: Map<String, Value>,
}

/// Attaches and detaches identities, which takes a right at each identity that is attached.
fn set_identities(operation: &Operation<'_>) -> Result<Reply, Reply> {
    let (world, scope) = (&operation.world, operation.path.to_string());
    let depth = operation.path.segments().len();
    if !scope.eq_ignore_ascii_case(&world.vm.resource_id) {
        let message = "Of the resources only the virtual machine can be changed here.";
        return Err(failure(405, "MethodNotAllowed", message).with_header("allow", "GET"));
    }
    operation.require(WRITE, depth)?;
    let Ok(machine) = serde_json::from_slice::<NewMachine>(&operation.request.body) else {
        let message = "The request content was invalid and could not be deserialized.";
        return Err(failure(400, "InvalidRequestContent", message));
    };
    if let Some(identity) = &machine.identity {
        let listed = &identity.user_assigned_identities;
        for (id, _) in listed.iter().filter(|(_, value)| !value.is_null()) {
            require_linked(operation, id, &scope)?;
        }
        change_identities(operation, identity)?;
    }
    let changed = document::virtual_machine(&operation.state.world());
    Ok(Reply::json(200, &changed))
}

fn require_linked(operation: &Operation<'_>, id: &str, scope: &str) -> Result<(), Reply> {
    if matches!(operation.decide(ASSIGN, id), Decision::Allowed) {
        let mut existing = operation.world.existing_identities();
        if existing.any(|identity| identity.resource_id.eq_ignore_ascii_case(id)) {
            return Ok(());
        }
        let message = format!("The identity '{id}' was not found.");
        return Err(failure(400, "FailedIdentityOperation", &message));
    }
    let message = format!(
        "The client '{}' with object id '{}' has permission to perform action '{WRITE}' on scope '{scope}'; \
         however, it does not have permission to perform action(s) '{ASSIGN}' on the linked scope(s) '{id}' (respectively) \
         or the linked scope(s) are invalid.",
        operation.caller.client_id, operation.caller.object_id
    );
    Err(failure(403, "LinkedAuthorizationFailed", &message))
}

fn change_identities(operation: &Operation<'_>, identity: &NewIdentity) -> Result<(), Reply> {
    let state = operation.state;
    let refuse =
        |error: crate::ChangeError| failure(400, "FailedIdentityOperation", &format!("{error}."));
    let kind = identity.kind.to_ascii_lowercase();
    let has_system = kind.contains("systemassigned");
    if has_system != operation.world.shown_system_identity().is_some() {
        state.set_system_identity(has_system);
    }
    let name_of = |id: &str| id.rsplit('/').next().unwrap_or_default().to_owned();
    let mut wanted = Vec::new();
    for (id, value) in &identity.user_assigned_identities {
        if value.is_null() || !kind.contains("userassigned") {
            state.detach(&name_of(id)).map_err(refuse)?;
        } else {
            state
                .attach(&name_of(id), std::time::Duration::ZERO)
                .map_err(refuse)?;
            wanted.push(id);
        }
    }
    // What PUT does not list is gone; PATCH leaves it.
    if operation.request.method == Method::PUT || !kind.contains("userassigned") {
        for (attached, _) in operation.world.attached_identities() {
            let mut wanted = wanted.iter();
            if !wanted.any(|id| id.eq_ignore_ascii_case(&attached.resource_id)) {
                // It may be detached by now.
                let _ = state.detach(attached.name());
            }
        }
    }
    Ok(())
}

const ASSIGN: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action";
const WRITE: &str = "Microsoft.Compute/virtualMachines/write";

/// As many as a subscription may have.
const MAX_ASSIGNMENTS: usize = 4_000;
