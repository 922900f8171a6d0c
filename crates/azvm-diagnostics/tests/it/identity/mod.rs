//! Identities against the machine's model in ARM, and what a token says of its owner: each code and its neighbours.

mod missing;
mod owner;
mod place;
mod scale_set;
mod words;

use crate::codes::{Case, fail, warn};
use crate::ran::Ran;
use crate::replies::{
    ARM_AUDIENCE, CLIENT_ID, GROUP, OBJECT_ID, OTHER_ID, Reply, SUBSCRIPTION, TENANT, VM_ID,
    claims, denied, identity_id, in_secs, jwt, machine_answer, machine_body, machine_id,
    system_and, system_only, token_body,
};
use crate::wire::{Deed, Route};
use crate::world::World;
use azvm_diagnostics::CheckId::{ArmTarget, HostPlatform, ImdsIdentity, ImdsToken, TokenClaims};
use azvm_diagnostics::{Confidence, Severity};
use azvm_imds::{Audience, IdentitySelector};
use serde_json::{Value, json};

/// Of the user-assigned identity.
const USER_CLIENT: &str = "77777777-aaaa-4000-8000-000000000007";
const USER_OBJECT: &str = "88888888-aaaa-4000-8000-000000000008";

const NO_ACCESS: &str = "The virtual machine does not have access to identity";

fn not_found() -> Reply {
    Reply::imds_error(400, "invalid_request", "Identity not found")
}

/// As the system-assigned identity gets it.
fn own_token() -> Reply {
    let body = token_body(&jwt(&claims(ARM_AUDIENCE)), CLIENT_ID);
    Reply::imds(200, body.to_string())
}

fn by_id(id: &str) -> IdentitySelector {
    IdentitySelector::ResourceId(id.parse().unwrap())
}

fn selecting(world: World, selector: IdentitySelector) -> World {
    world.asking(|config| config.with_selector(selector))
}

/// The identity with this name is chosen by its resource ID and refused like this; the default one gets a token.
fn refused(name: &str, refusal: Reply) -> World {
    let world = World::healthy().with_all(Route::Token, [refusal, own_token()]);
    selecting(world, by_id(&identity_id(name)))
}

fn model(world: World, identity: &Value) -> World {
    world.with(Route::Model, machine_answer(identity))
}

/// `app-id`, alive.
fn attached() -> Value {
    system_and(&[(
        &identity_id("app-id"),
        json!(USER_CLIENT),
        json!(USER_OBJECT),
    )])
}

/// `app-id`, without its IDs.
fn dead() -> Value {
    system_and(&[(&identity_id("app-id"), Value::Null, Value::Null)])
}

/// `app-id` as a resource of its own.
fn resource(principal: &str) -> Reply {
    let body = json!({
        "id": identity_id("app-id"),
        "name": "app-id",
        "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
        "properties": {"clientId": USER_CLIENT, "principalId": principal, "tenantId": TENANT},
    });
    Reply::arm(200, body.to_string())
}

/// A token of `app-id`.
fn as_user(world: World) -> World {
    world.with_claims(&json!({
        "xms_mirid": identity_id("app-id"), "oid": USER_OBJECT, "appid": USER_CLIENT,
    }))
}

fn moved_to(group: &str) -> Reply {
    Reply::arm(200, machines_with(group).to_string())
}

fn machines_with(group: &str) -> Value {
    let machine = machine_id("web-07").replace(GROUP, group);
    let other = json!({"id": machine_id("web-08"), "properties": {"vmId": OTHER_ID}});
    let this = json!({"id": machine, "properties": {"vmId": VM_ID.to_uppercase()}});
    json!({"value": [other, this]})
}

fn nowhere() -> World {
    let gone = Reply::arm_error(404, "ResourceNotFound", "The Resource was not found.");
    World::healthy().with(Route::Model, gone)
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = not_found_cases();
    cases.extend(token_cases());
    cases.extend(place_cases());
    cases
}

fn not_found_cases() -> Vec<Case> {
    vec![
        fail("IDSEL-006", ImdsIdentity, || {
            model(refused("ap-id", not_found()), &attached())
        }),
        warn("IDSEL-008", ImdsIdentity, || {
            let answers = [not_found(), not_found(), own_token()];
            World::healthy()
                .with_all(Route::Token, answers)
                .waiting(180)
        }),
        fail("IDSEL-009", ImdsIdentity, || {
            model(refused("app-id", not_found()), &dead())
        }),
        fail("IDSEL-016", ImdsIdentity, || {
            let refusal = Reply::imds_error(400, "invalid_request", NO_ACCESS);
            model(refused("app-id", refusal), &attached())
                .with(Route::Identity, resource(USER_OBJECT))
        }),
        fail("IDSEL-022", ImdsIdentity, || {
            let refusal = Reply::imds_error(404, "DefaultIdentityNotDefined", "No default.");
            World::healthy().with(Route::Token, refusal)
        }),
    ]
}

fn token_cases() -> Vec<Case> {
    vec![
        fail("IDSEL-010", TokenClaims, || {
            let now = system_and(&[(&identity_id("app-id"), json!(USER_CLIENT), json!(OTHER_ID))]);
            let world = model(as_user(World::healthy()), &now);
            world
                .with(Route::Target, denied())
                .with(Route::Identity, resource(OTHER_ID))
        }),
        fail("IDSEL-012", TokenClaims, || {
            let mut now = system_only();
            now["principalId"] = json!(OTHER_ID);
            model(World::healthy(), &now).with(Route::Target, denied())
        }),
        warn("TOKEN-014", TokenClaims, || {
            model(World::healthy(), &Value::Null)
        }),
        warn("TOKEN-016", TokenClaims, || {
            let cli = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
            World::healthy().with_claims(&json!({"xms_mirid": null, "idtyp": "user", "appid": cli}))
        }),
        Case {
            code: "TOKEN-018",
            check: TokenClaims,
            severity: Severity::Note,
            exit: 0,
            world: || World::healthy().with_claims(&json!({"exp": in_secs(3_600)})),
        },
    ]
}

fn place_cases() -> Vec<Case> {
    vec![
        warn("HOST-010", HostPlatform, || {
            nowhere().with(Route::Machines, moved_to("new-rg"))
        }),
        warn("RID-002", ArmTarget, || {
            let group = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/APP-RG");
            let group = group.parse().unwrap();
            World::healthy().asking(|config| config.with_target(group).unwrap())
        }),
    ]
}

#[test]
fn what_the_model_tells_of_an_identity_that_is_not_found() {
    crate::codes::check(&not_found_cases());
}

#[test]
fn what_the_token_tells_of_its_owner() {
    crate::codes::check(&token_cases());
}

#[test]
fn what_the_model_tells_of_the_place() {
    crate::codes::check(&place_cases());
}

/// Exactly these codes are found, in the order of the chain.
#[track_caller]
fn check(world: World, expected: &[&str]) -> Ran {
    let ran = world.run();
    assert_eq!(ran.codes(), expected, "{}", ran.verbose_text());
    ran
}

#[track_caller]
fn sure(ran: &Ran, code: &str, confidence: Confidence) {
    let finding = ran.finding(code);
    assert_eq!(finding.confidence, confidence, "{}", ran.verbose_text());
}
