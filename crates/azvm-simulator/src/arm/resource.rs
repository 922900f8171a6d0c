//! Subscriptions, resource groups and resources.

use hyper::Method;
use serde_json::{Value, json};

use super::Operation;
use super::document::{self, PROVIDERS};
use super::failure::failure;
use super::filter::{self, Condition};
use super::page;
use super::route::{Path, Target};
use crate::World;
use crate::access::{self, is_within};
use crate::exchange::Reply;
use crate::text::is_guid;

/// Answers everything that does not belong to `Microsoft.Authorization`.
pub(super) fn answer(operation: &Operation<'_>, target: Target<'_>) -> Result<Reply, Reply> {
    let world = &*operation.world;
    match target {
        Target::Subscriptions => Ok(list(visible_subscriptions(operation))),
        Target::Tenants => Ok(list(vec![document::tenant(world)])),
        Target::Subscription => {
            read(operation, "Microsoft.Resources/subscriptions/read", 2)?;
            Ok(Reply::json(200, &document::subscription(world)))
        }
        Target::Locations => {
            read(
                operation,
                "Microsoft.Resources/subscriptions/locations/read",
                2,
            )?;
            Ok(list(vec![document::location(world)]))
        }
        Target::Groups => groups(operation),
        Target::Group { name } => group(operation, name),
        Target::Resources => all_resources(operation),
        Target::Providers => {
            read(operation, PROVIDERS_READ, 2)?;
            let provider =
                |(namespace, types): &(&str, &[&str])| document::provider(world, namespace, types);
            Ok(list(PROVIDERS.iter().map(provider).collect()))
        }
        Target::Provider { namespace } => provider(operation, namespace),
        Target::Resource { parent } => resource(operation, parent),
        // The caller keeps these to itself.
        Target::Authorization { .. } | Target::CloudMetadata | Target::Unknown => Err(failure(
            404,
            "NotFound",
            "The path names nothing that can be read.",
        )),
    }
}

/// Refuses a path below a subscription that does not exist, which ARM does before it looks at rights.
pub(super) fn require_subscription(world: &World, path: &Path) -> Result<(), Reply> {
    match path.segments() {
        [first, id, ..] if first.eq_ignore_ascii_case("subscriptions") => {
            if id.eq_ignore_ascii_case(&world.subscription_id) {
                return Ok(());
            }
            Err(unknown_subscription(id))
        }
        _ => Ok(()),
    }
}

/// Refuses when the scope, the first `depth` segments, names a group or resource that does not exist.
pub(super) fn require_existing(operation: &Operation<'_>, depth: usize) -> Result<(), Reply> {
    let (world, path) = (&*operation.world, operation.path);
    let segments = path.segments();
    if depth >= 4
        && segments[2].eq_ignore_ascii_case("resourceGroups")
        && !world
            .group_names()
            .any(|known| known.eq_ignore_ascii_case(&segments[3]))
    {
        return Err(failure(
            404,
            "ResourceGroupNotFound",
            &format!("Resource group '{}' could not be found.", segments[3]),
        ));
    }
    let scope = path.up_to(depth);
    if depth > 4
        && !document::resources(world)
            .iter()
            .any(|resource| has_id(resource, &scope))
    {
        let group = segments[3].as_str();
        let name = segments.get(5..depth).unwrap_or_default().join("/");
        let message = format!(
            "The Resource '{name}' under resource group '{group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
        );
        return Err(failure(404, "ResourceNotFound", &message));
    }
    Ok(())
}

fn read(operation: &Operation<'_>, action: &str, depth: usize) -> Result<(), Reply> {
    operation.require(action, depth)?;
    require_existing(operation, depth)
}

fn unknown_subscription(id: &str) -> Reply {
    if is_guid(id) {
        return failure(
            404,
            "SubscriptionNotFound",
            &format!("The subscription '{id}' could not be found."),
        );
    }
    failure(
        400,
        "InvalidSubscriptionId",
        &format!("The provided subscription identifier '{id}' is malformed or invalid."),
    )
}

fn list(value: Vec<Value>) -> Reply {
    Reply::json(200, &json!({ "value": value }))
}

/// A resource or, when the path ends in a type, all of that type below the parent.
fn resource(operation: &Operation<'_>, parent: usize) -> Result<Reply, Reply> {
    let (world, segments) = (&*operation.world, operation.path.segments());
    let namespace = &segments[parent + 1];
    let (types, names): (Vec<_>, Vec<_>) = segments[parent + 2..]
        .chunks(2)
        .map(|pair| (pair[0].as_str(), pair.get(1)))
        .unzip();
    let full_type = format!("{namespace}/{}", types.join("/"));
    let action = format!("{full_type}/read");
    if names.last().is_some_and(Option::is_some) {
        operation.require(&action, segments.len())?;
        require_existing(operation, segments.len())?;
        let id = operation.path.to_string();
        let found = document::resources(world)
            .into_iter()
            .find(|resource| has_id(resource, &id));
        return found
            .map(|resource| Reply::json(200, &resource))
            .ok_or_else(|| failure(404, "ResourceNotFound", "The resource was not found."));
    }
    operation.require(&action, parent)?;
    require_existing(operation, parent)?;
    let is_wanted = |resource: &Value| {
        resource["type"]
            .as_str()
            .is_some_and(|known| known.eq_ignore_ascii_case(&full_type))
    };
    let scope = operation.path.up_to(parent);
    let found = document::resources(world).into_iter().filter(is_wanted);
    let found = found.filter(|resource| is_below(resource, &scope));
    page::list(
        operation,
        found
            .map(|resource| document::in_list(world, resource))
            .collect(),
    )
}

fn is_below(resource: &Value, scope: &str) -> bool {
    resource["id"]
        .as_str()
        .is_some_and(|id| is_within(id, scope))
}

fn has_id(resource: &Value, id: &str) -> bool {
    resource["id"]
        .as_str()
        .is_some_and(|known| known.eq_ignore_ascii_case(id))
}

fn group(operation: &Operation<'_>, name: &str) -> Result<Reply, Reply> {
    read(operation, GROUPS_READ, 4)?;
    if operation.request.method == Method::HEAD {
        return Ok(Reply::empty(204));
    }
    let group = document::group(&operation.world, name);
    group
        .map(|group| Reply::json(200, &group))
        .ok_or_else(|| failure(404, "ResourceGroupNotFound", "The group was not found."))
}

/// Everything below a group or the subscription.
fn all_resources(operation: &Operation<'_>) -> Result<Reply, Reply> {
    let depth = operation.path.segments().len() - 1;
    let action = match depth {
        2 => "Microsoft.Resources/subscriptions/resources/read",
        _ => "Microsoft.Resources/subscriptions/resourceGroups/resources/read",
    };
    read(operation, action, depth)?;
    let (world, scope) = (&*operation.world, operation.path.up_to(depth));
    let found = document::resources(world).into_iter();
    let found = found.filter(|resource| is_below(resource, &scope));
    page::list(
        operation,
        found
            .map(|resource| document::in_list(world, resource))
            .collect(),
    )
}

fn provider(operation: &Operation<'_>, namespace: &str) -> Result<Reply, Reply> {
    read(operation, PROVIDERS_READ, 2)?;
    let known = PROVIDERS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(namespace));
    let Some((namespace, types)) = known else {
        let message = format!("The resource namespace '{namespace}' is invalid.");
        return Err(failure(404, "InvalidResourceNamespace", &message));
    };
    Ok(Reply::json(
        200,
        &document::provider(&operation.world, namespace, types),
    ))
}

fn groups(operation: &Operation<'_>) -> Result<Reply, Reply> {
    read(operation, GROUPS_READ, 2)?;
    let world = &*operation.world;
    let names = world.group_names();
    let mut found: Vec<_> = names
        .filter_map(|name| document::group(world, name))
        .collect();
    for condition in filter::conditions(operation.request)? {
        match condition {
            Condition::Equals(member, name) if member == "tagname" => {
                let has_tag = |tags: &Value| {
                    let mut names = tags.as_object().into_iter().flat_map(|tags| tags.keys());
                    names.any(|known| known.eq_ignore_ascii_case(&name))
                };
                found.retain(|group| has_tag(&group["tags"]));
            }
            Condition::Equals(member, value) if member == "tagvalue" => {
                let has_value = |tags: &Value| {
                    let mut values = tags.as_object().into_iter().flat_map(|tags| tags.values());
                    values.any(|known| known.as_str() == Some(&value))
                };
                found.retain(|group| has_value(&group["tags"]));
            }
            Condition::AssignedTo(_) | Condition::AtScope | Condition::Equals(..) => {
                return Err(filter::invalid(""));
            }
        }
    }
    page::list(operation, found)
}

/// A subscription is visible to whoever has a role in it, whatever that role is.
fn visible_subscriptions(operation: &Operation<'_>) -> Vec<Value> {
    let world = &*operation.world;
    let id = world.subscription_scope();
    let is_visible = access::sees(world, operation.principal(), &id, operation.moment);
    if is_visible {
        vec![document::subscription(world)]
    } else {
        Vec::new()
    }
}

const GROUPS_READ: &str = "Microsoft.Resources/subscriptions/resourceGroups/read";
const PROVIDERS_READ: &str = "Microsoft.Resources/subscriptions/providers/read";
