//! `/metadata/instance`: what a VM can read about itself.

use serde_json::{Value, json};

use super::failure::not_found;
use crate::World;
use crate::exchange::Reply;
use crate::text::Query;

/// Answers a path below `/metadata/instance`, as `/compute/name`.
pub(super) fn answer(world: &World, below: &str, query: &Query) -> Result<Reply, Reply> {
    let mut document = document(world);
    if query
        .value("extended")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    {
        document["extended"] =
            json!({ "compute": { "hasCustomData": "false", "ppsType": "None" } });
    }
    let mut node = &document;
    for segment in below.split('/').skip(1) {
        node = child(node, segment).ok_or_else(not_found)?;
    }
    match (query.value("format"), node) {
        (Some("text"), _) => Ok(Reply::new(200, "text/plain; charset=utf-8", as_text(node))),
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
    json!({ "compute": compute(world), "network": network(world) })
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
        "name": world.vm_name,
        "offer": "ubuntu-24_04-lts",
        "osProfile": { "adminUsername": "azureuser", "computerName": world.vm_name, "disablePasswordAuthentication": "true" },
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
        "resourceId": world.vm_resource_id,
        "securityProfile": { "encryptionAtHost": "false", "secureBootEnabled": "true", "securityType": "TrustedLaunch", "virtualTpmEnabled": "true" },
        "sku": "server",
        "storageProfile": storage_profile(),
        "subscriptionId": world.subscription_id,
        "tags": tags.join(";"),
        "tagsList": tags_list,
        "userData": "",
        "version": "latest",
        "virtualMachineScaleSet": { "id": "" },
        "vmId": world.vm_id,
        "vmScaleSetName": "",
        "vmSize": world.vm_size,
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
    json!({
        "interface": [{
            "ipv4": {
                "ipAddress": [{ "privateIpAddress": world.private_ip, "publicIpAddress": "" }],
                "subnet": [{ "address": "10.0.0.0", "prefix": "24" }],
            },
            "ipv6": { "ipAddress": [] },
            "macAddress": "000D3AFA4E01",
        }],
    })
}
