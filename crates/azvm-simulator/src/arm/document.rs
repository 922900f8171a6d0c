//! The JSON documents of what exists.

use serde_json::{Map, Value, json};

use crate::{Identity, World};

pub(super) fn subscription(world: &World) -> Value {
    json!({
        "id": format!("/subscriptions/{}", world.subscription_id),
        "authorizationSource": "RoleBased",
        "displayName": world.subscription_name,
        "managedByTenants": [],
        "state": "Enabled",
        "subscriptionId": world.subscription_id,
        "subscriptionPolicies": { "locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off" },
        "tenantId": world.tenant_id,
    })
}

pub(super) fn tenant(world: &World) -> Value {
    json!({
        "id": format!("/tenants/{}", world.tenant_id),
        "tenantId": world.tenant_id,
        "displayName": "azvm demo",
        "defaultDomain": "azvm-demo.invalid",
        "tenantType": "AAD",
    })
}

pub(super) fn location(world: &World) -> Value {
    json!({
        "id": format!("/subscriptions/{}/locations/{}", world.subscription_id, world.location),
        "name": world.location,
        "displayName": world.location,
        "regionalDisplayName": world.location,
        "type": "Region",
        "metadata": { "regionType": "Physical" },
    })
}

pub(super) fn group(world: &World) -> Value {
    json!({
        "id": format!("/subscriptions/{}/resourceGroups/{}", world.subscription_id, world.resource_group),
        "name": world.resource_group,
        "type": "Microsoft.Resources/resourceGroups",
        "location": world.location,
        "tags": tags(world),
        "properties": { "provisioningState": "Succeeded" },
    })
}

fn tags(world: &World) -> Value {
    Value::Object(
        world
            .tags
            .iter()
            .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
            .collect(),
    )
}

pub(super) fn provider(world: &World, namespace: &str, types: &[&str]) -> Value {
    let resource_type = |name: &&str| json!({ "resourceType": name, "locations": [world.location], "apiVersions": ["2024-11-30", "2024-11-01", "2024-07-01", "2022-04-01"] });
    json!({
        "id": format!("/subscriptions/{}/providers/{namespace}", world.subscription_id),
        "namespace": namespace,
        "registrationState": "Registered",
        "registrationPolicy": "RegistrationRequired",
        "resourceTypes": types.iter().map(resource_type).collect::<Vec<_>>(),
    })
}

/// The VM, and the user-assigned identities that are attached to it.
pub(super) fn resources(world: &World) -> Vec<Value> {
    let identity = |identity: &Identity| {
        json!({
            "id": identity.resource_id,
            "name": identity.resource_id.rsplit('/').next(),
            "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
            "location": world.location,
            "tags": {},
            "properties": { "tenantId": world.tenant_id, "principalId": identity.object_id, "clientId": identity.client_id },
        })
    };
    let mut resources = vec![virtual_machine(world)];
    resources.extend(world.user_identities.iter().map(identity));
    resources
}

fn virtual_machine(world: &World) -> Value {
    let mut machine = json!({
        "id": world.vm_resource_id,
        "name": world.vm_name,
        "type": "Microsoft.Compute/virtualMachines",
        "location": world.location,
        "tags": tags(world),
        "properties": {
            "vmId": world.vm_id,
            "hardwareProfile": { "vmSize": world.vm_size },
            "provisioningState": "Succeeded",
        },
    });
    if let Some(identity) = identity_block(world) {
        machine["identity"] = identity;
    }
    machine
}

fn identity_block(world: &World) -> Option<Value> {
    let (system, users) = (&world.system_identity, &world.user_identities);
    let kind = match (system, users.is_empty()) {
        (None, true) => return None,
        (Some(_), true) => "SystemAssigned",
        (None, false) => "UserAssigned",
        (Some(_), false) => "SystemAssigned, UserAssigned",
    };
    let mut block = json!({ "type": kind });
    if let Some(system) = system {
        block["principalId"] = json!(system.object_id);
        block["tenantId"] = json!(world.tenant_id);
    }
    if !users.is_empty() {
        let entry = |user: &Identity| {
            (
                user.resource_id.clone(),
                json!({ "principalId": user.object_id, "clientId": user.client_id }),
            )
        };
        block["userAssignedIdentities"] =
            Value::Object(users.iter().map(entry).collect::<Map<_, _>>());
    }
    Some(block)
}

/// The namespaces and types that the simulated ARM has.
pub(super) const PROVIDERS: [(&str, &[&str]); 4] = [
    (
        "Microsoft.Authorization",
        &[
            "denyAssignments",
            "permissions",
            "roleAssignments",
            "roleDefinitions",
        ],
    ),
    ("Microsoft.Compute", &["virtualMachines"]),
    ("Microsoft.ManagedIdentity", &["userAssignedIdentities"]),
    (
        "Microsoft.Resources",
        &["resourceGroups", "subscriptions", "tenants"],
    ),
];
