//! `/metadata/instance`: what a VM can read about itself.

use serde_json::{Value, json};

use super::failure::not_found;
use crate::World;
use crate::exchange::Reply;
use crate::text::Query;
use crate::world::Interface;

/// Answers a path below `/metadata/instance`, as `/compute/name`.
pub(super) fn answer(world: &World, below: &str, query: &Query) -> Result<Reply, Reply> {
    let mut document = document(world);
    let is_older = |version| version < PHYSICAL_ZONE_SINCE;
    if query.value("api-version").is_some_and(is_older) {
        if let Some(compute) = document["compute"].as_object_mut() {
            compute.remove("physicalZone");
        }
    }
    if query
        .value("extended")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    {
        document["extended"] =
            json!({ "compute": { "hasCustomData": "false", "ppsType": "None" } });
    }
    walk(&document, below, query)
}

/// What stands at a path of a document, in the form that the query asks for.
pub(super) fn walk(document: &Value, below: &str, query: &Query) -> Result<Reply, Reply> {
    let mut node = document;
    for segment in below.split('/').skip(1) {
        node = child(node, segment).ok_or_else(not_found)?;
    }
    match (query.value("format"), node) {
        (Some("text"), _) => Ok(Reply::text(200, as_text(node))),
        (None | Some("json"), Value::Object(_) | Value::Array(_)) => Ok(Reply::json(200, node)),
        (None | Some("json"), _) => Err(refusal(
            "Bad request. A single value is available with format=text only",
        )),
        (Some(_), _) => Err(refusal("Bad request. format is either json or text")),
    }
}

fn refusal(error: &str) -> Reply {
    Reply::json(400, &json!({ "error": error }))
}

fn child<'a>(node: &'a Value, segment: &str) -> Option<&'a Value> {
    match node {
        Value::Object(members) => members.get(segment),
        Value::Array(items) => items.get(segment.parse::<usize>().ok()?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// A value as it is; of anything else the names one level down, with a slash where there is more below.
fn as_text(node: &Value) -> String {
    let line = |name: String, child: &Value| {
        if child.is_object() || child.is_array() {
            name + "/"
        } else {
            name
        }
    };
    let lines: Vec<String> = match node {
        Value::Object(members) => members
            .iter()
            .map(|(name, child)| line(name.clone(), child))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(idx, child)| line(idx.to_string(), child))
            .collect(),
        Value::String(text) => return text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) => return node.to_string(),
    };
    lines.join("\n")
}

/// Every value is text, `true` and `false` included; what does not apply is the empty text.
fn document(world: &World) -> Value {
    let mut compute = compute(world);
    merge(&mut compute, &Value::Object(world.vm.compute.clone()));
    json!({ "compute": compute, "network": network(world) })
}

/// Members of `changes` take the place of those of the same name, or go into them.
fn merge(value: &mut Value, changes: &Value) {
    match (value, changes) {
        (Value::Object(members), Value::Object(changes)) => {
            for (name, change) in changes {
                merge(members.entry(name.clone()).or_insert(Value::Null), change);
            }
        }
        (value, change) => *value = change.clone(),
    }
}

fn compute(world: &World) -> Value {
    let tags: Vec<_> = world
        .tags
        .iter()
        .map(|(name, value)| format!("{name}:{value}"))
        .collect();
    let tags_list: Vec<_> = world
        .tags
        .iter()
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    let (set_name, set_id) = world
        .vm
        .scale_set
        .as_ref()
        .map_or(("", ""), |set| (&set.name, &set.resource_id));
    json!({
        "additionalCapabilities": { "hibernationEnabled": "false" },
        "azEnvironment": world.cloud.az_environment(),
        "customData": "",
        "evictionPolicy": "",
        "extendedLocation": { "name": "", "type": "" },
        "host": { "id": "" },
        "hostGroup": { "id": "" },
        "isHostCompatibilityLayerVm": "false",
        "isVmInStandbyPool": "",
        "licenseType": "",
        "location": world.location,
        "name": world.vm.name,
        "offer": "ubuntu-24_04-lts",
        "osProfile": { "adminUsername": "azureuser", "computerName": world.vm.name, "disablePasswordAuthentication": "true" },
        "osType": "Linux",
        "physicalZone": "",
        "placementGroupId": "",
        "plan": { "name": "", "product": "", "publisher": "" },
        "platformFaultDomain": "0",
        "platformSubFaultDomain": "",
        "platformUpdateDomain": "0",
        "priority": "",
        "provider": "Microsoft.Compute",
        "publicKeys": [],
        "publisher": "canonical",
        "resourceGroupName": world.resource_group,
        "resourceId": world.vm.resource_id,
        "securityProfile": { "encryptionAtHost": "false", "secureBootEnabled": "true", "securityType": "TrustedLaunch", "virtualTpmEnabled": "true" },
        "sku": "server",
        "storageProfile": storage_profile(),
        "subscriptionId": world.subscription_id,
        "tags": tags.join(";"),
        "tagsList": tags_list,
        "userData": "",
        "version": "latest",
        "virtualMachineScaleSet": { "id": set_id },
        "vmId": world.vm.id,
        "vmScaleSetName": set_name,
        "vmSize": world.vm.size,
        "zone": "",
    })
}

fn storage_profile() -> Value {
    json!({
        "dataDisks": [],
        "imageReference": {
            "communityGalleryImageId": "", "exactVersion": "", "id": "", "offer": "ubuntu-24_04-lts", "publisher": "canonical",
            "sharedGalleryImageId": "", "sku": "server", "version": "latest",
        },
        "osDisk": { "caching": "ReadWrite", "createOption": "FromImage", "diskSizeGB": "30", "name": "os", "osType": "Linux" },
        "resourceDisk": { "size": "0" },
    })
}

fn network(world: &World) -> Value {
    let interfaces: Vec<_> = world.vm.interfaces.iter().map(interface).collect();
    json!({ "interface": interfaces })
}

/// Only the first address of an interface is seen from outside.
fn interface(interface: &Interface) -> Value {
    let address = |(idx, ip): (usize, &String)| {
        let public = if idx == 0 {
            interface.public_ip.as_str()
        } else {
            ""
        };
        json!({ "privateIpAddress": ip, "publicIpAddress": public })
    };
    let ipv4: Vec<_> = interface
        .private_ips
        .iter()
        .enumerate()
        .map(address)
        .collect();
    let ipv6: Vec<_> = interface
        .ipv6
        .iter()
        .map(|ip| json!({ "privateIpAddress": ip }))
        .collect();
    json!({
        "ipv4": {
            "ipAddress": ipv4,
            "subnet": [{ "address": interface.subnet, "prefix": interface.prefix }],
        },
        "ipv6": { "ipAddress": ipv6 },
        "macAddress": interface.mac,
    })
}

const PHYSICAL_ZONE_SINCE: &str = "2023-11-15";
