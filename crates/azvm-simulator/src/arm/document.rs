//! The JSON documents of what exists.

use serde_json::{Map, Value, json};

use crate::world::Resource;
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

/// The resource group of this name, written as it is known.
pub(super) fn group(world: &World, name: &str) -> Option<Value> {
    let is_main = name.eq_ignore_ascii_case(&world.resource_group);
    let mut others = world.groups.iter();
    let (name, location, tags) = if is_main {
        (&world.resource_group, &world.location, tags(world))
    } else {
        let other = others.find(|group| group.name.eq_ignore_ascii_case(name))?;
        (&other.name, &other.location, json!({}))
    };
    Some(json!({
        "id": format!("/subscriptions/{}/resourceGroups/{name}", world.subscription_id),
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": location,
        "tags": tags,
        "properties": { "provisioningState": "Succeeded" },
    }))
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

/// The VM, the user-assigned identities that exist, and what else there is.
pub(super) fn resources(world: &World) -> Vec<Value> {
    let identity = |identity: &Identity| {
        json!({
            "id": identity.resource_id,
            "name": identity.name(),
            "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
            "location": world.location,
            "tags": {},
            "properties": { "tenantId": world.tenant_id, "principalId": identity.object_id, "clientId": identity.client_id },
        })
    };
    let other = |resource: &Resource| {
        json!({
            "id": resource.id,
            "name": resource.id.rsplit('/').next(),
            "type": resource.kind,
            "location": resource.location,
            "tags": {},
            "properties": { "provisioningState": "Succeeded" },
        })
    };
    let mut resources = vec![virtual_machine(world)];
    resources.extend(scale_set(world));
    resources.extend(world.existing_identities().map(identity));
    resources.extend(world.resources.iter().map(other));
    resources
}

/// As lists show a VM: Compute writes the name of the resource group in upper case there.
pub(super) fn in_list(world: &World, mut resource: Value) -> Value {
    let group = format!("/resourceGroups/{}/", world.resource_group);
    let id = resource["id"].as_str().unwrap_or_default();
    if id.contains("/Microsoft.Compute/") {
        resource["id"] = json!(id.replacen(
            &group,
            &format!(
                "/resourceGroups/{}/",
                world.resource_group.to_ascii_uppercase()
            ),
            1,
        ));
    }
    resource
}

pub(super) fn virtual_machine(world: &World) -> Value {
    let mut machine = json!({
        "id": world.vm.resource_id,
        "name": world.vm.name,
        "type": "Microsoft.Compute/virtualMachines",
        "location": world.location,
        "tags": tags(world),
        "properties": {
            "vmId": world.vm.id,
            "hardwareProfile": { "vmSize": world.vm.size },
            "provisioningState": "Succeeded",
        },
    });
    if let Some(identity) = identity_block(world) {
        machine["identity"] = identity;
    }
    machine
}

/// A uniform scale set has the identities of its instances; those of a flexible one have their own.
fn scale_set(world: &World) -> Option<Value> {
    let set = world.vm.scale_set.as_ref()?;
    let mut resource = json!({
        "id": set.resource_id,
        "name": set.name,
        "type": "Microsoft.Compute/virtualMachineScaleSets",
        "location": world.location,
        "tags": tags(world),
        "sku": { "name": world.vm.size, "tier": "Standard", "capacity": 1 },
        "properties": {
            "orchestrationMode": if set.is_uniform { "Uniform" } else { "Flexible" },
            "provisioningState": "Succeeded",
        },
    });
    if let Some(identity) = identity_block(world).filter(|_| set.is_uniform) {
        resource["identity"] = identity;
    }
    Some(resource)
}

fn identity_block(world: &World) -> Option<Value> {
    let system = world.shown_system_identity();
    let users: Map<_, _> = world
        .attached_identities()
        .map(|(user, is_known)| {
            let [principal, client] = [&user.object_id, &user.client_id]
                .map(|id| if is_known { json!(id) } else { Value::Null });
            let ids = json!({ "principalId": principal, "clientId": client });
            (user.resource_id.clone(), ids)
        })
        .collect();
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
        block["userAssignedIdentities"] = Value::Object(users);
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
