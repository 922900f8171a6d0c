//! `/metadata/identity/oauth2/token`.

use std::time::Duration;

use serde::Serialize;

use super::failure::{failure, invalid_request, unknown_resource};
use crate::exchange::Reply;
use crate::simulator::State;
use crate::text::{Query, is_loopback_url};
use crate::world::{Cloud, OtherIdentity, OtherState};
use crate::{Identity, World};

pub(super) fn answer(state: &State, query: &Query) -> Result<Reply, Reply> {
    let Some(resource) = query
        .value("resource")
        .filter(|resource| !resource.is_empty())
    else {
        return Err(invalid_request(
            "Required query variable 'resource' is missing",
        ));
    };
    let (world, now) = (state.world(), state.token_secs());
    let identity = select(state, &world, query)?;
    if !is_known_audience(world.cloud, resource) {
        return Err(unknown_resource(
            resource,
            &world.tenant_id,
            now,
            &state.random,
        ));
    }
    let issued = state
        .tokens
        .token(&world, identity, resource, now, &state.random);
    let Some(issued) = issued else {
        return Err(failure(500, "unknown", "Failed to retrieve token"));
    };
    let body = Success {
        access_token: &issued.token,
        client_id: &identity.client_id,
        // What is left of a token from the cache; the extended figure stays as it was.
        expires_in: (issued.expires_on - now).to_string(),
        expires_on: issued.expires_on.to_string(),
        ext_expires_in: (i64::from(state.scenario.token_lifetime_secs) - 1).to_string(),
        not_before: issued.not_before.to_string(),
        resource,
        token_type: "Bearer",
    };
    Ok(Reply::json(200, &body))
}

/// Members in alphabetical order and numbers as text, as IMDS writes them. Some clients insist on the text.
#[derive(Serialize)]
struct Success<'a> {
    access_token: &'a str,
    client_id: &'a str,
    expires_in: String,
    expires_on: String,
    ext_expires_in: String,
    not_before: String,
    resource: &'a str,
    token_type: &'a str,
}

/// Without a selector the system-assigned identity answers, else the only user-assigned one.
fn select<'a>(state: &State, world: &'a World, query: &Query) -> Result<&'a Identity, Reply> {
    let now = state.clock.elapsed();
    let ignored = &state.scenario.imds.ignored_selectors;
    let mut selectors = SELECTORS
        .iter()
        .filter(|(name, _)| !ignored.iter().any(|it| it == name))
        .filter_map(|(name, id)| Some((name, id, query.value(name)?)));
    let Some((name, id, wanted)) = selectors.next() else {
        return default_identity(world, now);
    };
    if let Some((other, ..)) = selectors.next() {
        return Err(invalid_request(&format!(
            "The query variables '{name}' and '{other}' exclude each other"
        )));
    }
    if wanted.is_empty() {
        return Err(invalid_request(&format!(
            "The query variable '{name}' has no value"
        )));
    }
    let mut identities = world.usable_identities(now).chain(&world.system_identity);
    let is_wanted = |identity: &Identity| id(identity).eq_ignore_ascii_case(wanted);
    let found = identities.find(|identity| is_wanted(identity));
    found.ok_or_else(|| {
        let mut others = world.other_identities.iter();
        let is_stuck = |other: &OtherIdentity| other.state == OtherState::Inconsistent;
        match others.find(|other| is_stuck(other) && is_wanted(&other.identity)) {
            Some(stuck) => no_access(&world.vm.name, stuck.identity.name()),
            None => identity_not_found(),
        }
    })
}

fn default_identity(world: &World, now: Duration) -> Result<&Identity, Reply> {
    let mut users = world.usable_identities(now);
    match (&world.system_identity, users.next(), users.next()) {
        (Some(system), ..) => Ok(system),
        (None, Some(only), None) => Ok(only),
        (None, None, _) => Err(identity_not_found()),
        (None, Some(_), Some(_)) => Err(invalid_request(
            "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request",
        )),
    }
}

fn identity_not_found() -> Reply {
    invalid_request("Identity not found")
}

/// The words are those of *Known issues with managed identities*; that they come with this status is a guess.
fn no_access(machine: &str, identity: &str) -> Reply {
    invalid_request(&format!(
        "The virtual machine '{machine}' does not have access to identity '{identity}'"
    ))
}

/// A resource is an identifier, not a scope: with `/.default` at its end it is unknown.
fn is_known_audience(cloud: Cloud, resource: &str) -> bool {
    let resource = resource.to_ascii_lowercase();
    if cloud.arm_audiences().contains(&resource.as_str()) {
        return true;
    }
    if resource.ends_with("/.default") {
        return false;
    }
    let without_slash = resource.strip_suffix('/').unwrap_or(&resource);
    let host = without_slash.strip_prefix("https://").unwrap_or_default();
    let is_account = |suffix: &&str| host.strip_suffix(*suffix).is_some_and(is_label);
    KNOWN_AUDIENCES.contains(&without_slash)
        || ACCOUNT_SUFFIXES.iter().any(is_account)
        || is_loopback_url(&resource)
}

/// True for one DNS label.
fn is_label(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

type IdOf = fn(&Identity) -> &str;

/// The parameters that name an identity. `mi_res_id` is an undocumented alias that older clients send.
const SELECTORS: [(&str, IdOf); 4] = [
    ("client_id", |identity| &identity.client_id),
    ("object_id", |identity| &identity.object_id),
    ("msi_res_id", |identity| &identity.resource_id),
    ("mi_res_id", |identity| &identity.resource_id),
];

/// Services that Entra knows in every tenant.
const KNOWN_AUDIENCES: [&str; 18] = [
    "https://api.loganalytics.io",
    "https://app.vssps.visualstudio.com",
    "https://batch.core.windows.net",
    "https://cognitiveservices.azure.com",
    "https://containerregistry.azure.net",
    "https://cosmos.azure.com",
    "https://database.windows.net",
    "https://datalake.azure.net",
    "https://eventhubs.azure.net",
    "https://graph.microsoft.com",
    "https://graph.windows.net",
    "https://monitor.azure.com",
    "https://ossrdbms-aad.database.windows.net",
    "https://redis.azure.com",
    "https://search.azure.com",
    "https://servicebus.azure.net",
    "https://storage.azure.com",
    "https://vault.azure.net",
];

/// Services whose single accounts are audiences too.
const ACCOUNT_SUFFIXES: [&str; 5] = [
    ".blob.core.windows.net",
    ".dfs.core.windows.net",
    ".file.core.windows.net",
    ".queue.core.windows.net",
    ".table.core.windows.net",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audiences_are_those_of_the_cloud_and_of_well_known_services() {
        for known in [
            "https://management.azure.com",
            "https://management.core.windows.net/",
            "https://storage.azure.com/",
            "https://vault.azure.net",
            "https://account1.blob.core.windows.net",
            "https://localhost:8443",
            "https://127.0.0.1:1/",
        ] {
            assert!(is_known_audience(Cloud::Public, known), "{known}");
        }
        for unknown in [
            "https://management.azure.com//",
            "https://management.azure.com/.default",
            "https://localhost:1/.default",
            "management.azure.com",
            "https://management.chinacloudapi.cn",
            "https://bogus",
            "https://a.b.blob.core.windows.net",
            "https://.blob.core.windows.net",
            "x",
        ] {
            assert!(!is_known_audience(Cloud::Public, unknown), "{unknown}");
        }
        assert!(is_known_audience(
            Cloud::China,
            "https://management.chinacloudapi.cn"
        ));
        assert!(!is_known_audience(
            Cloud::China,
            "https://management.azure.com"
        ));
    }
}
