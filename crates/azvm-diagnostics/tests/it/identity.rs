//! Identities against the machine's model in ARM, and what a token says of its owner: each code and its neighbours.

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
    let machine = machine_id("web-07").replace(GROUP, group);
    let other = json!({"id": machine_id("web-08"), "properties": {"vmId": OTHER_ID}});
    let this = json!({"id": machine, "properties": {"vmId": VM_ID.to_uppercase()}});
    Reply::arm(200, json!({"value": [other, this]}).to_string())
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

#[test]
fn each_part_of_a_mistyped_id_is_named() {
    let elsewhere = identity_id("app-id").replace(SUBSCRIPTION, OTHER_ID);
    let group = identity_id("app-id").replace("app-rg", "other-rg");
    for (id, part) in [
        (identity_id("app-idd"), "the name differs"),
        (identity_id("apq-id"), "the name differs"),
        (elsewhere, "the subscription differs"),
        (group, "the resource group differs"),
    ] {
        let world = selecting(refused("any", not_found()), by_id(&id));
        let ran = check(model(world, &attached()), &["IDSEL-006"]);
        let command = &ran.finding("IDSEL-006").remedy.commands[0].run;
        assert!(command.ends_with(&identity_id("app-id")), "{command}");
        sure(&ran, "IDSEL-006", Confidence::High);
        let cause = ran.finding("IDSEL-006").cause.as_deref().unwrap();
        assert!(
            cause.contains(&identity_id("app-id")) && cause.ends_with(part),
            "{cause}"
        );
    }
    // Another name is another identity, and so is one letter of four.
    for id in ["db-id", "app", "application-identity"] {
        let ran = check(model(refused(id, not_found()), &attached()), &["IDSEL-007"]);
        sure(&ran, "IDSEL-007", Confidence::High);
    }
    // The case of letters does not count.
    let ran = model(refused("APP-ID", not_found()), &attached()).run();
    assert_eq!(ran.codes(), ["IDSEL-009"], "{}", ran.verbose_text());
}

#[test]
fn an_identity_that_is_not_attached_is_proven_only_by_the_model() {
    let chosen = |deed: Reply| refused("db-id", not_found()).with(Route::Model, deed);
    let ran = check(chosen(machine_answer(&attached())), &["IDSEL-007"]);
    sure(&ran, "IDSEL-007", Confidence::High);
    let shown = ran.evidence(ImdsIdentity, "attached_identities").unwrap();
    assert!(shown.starts_with("system-assigned, "), "{shown}");
    assert!(
        shown.ends_with(&format!("app-id (client {USER_CLIENT})")),
        "{shown}"
    );
    assert!(!shown.contains('/'), "{shown}");
    let reader = ran.evidence(ImdsIdentity, "model_reader");
    assert_eq!(reader, Some("the machine's default identity"));
    let ran = check(chosen(denied()), &["IDSEL-007"]);
    sure(&ran, "IDSEL-007", Confidence::Likely);
    let shown = ran.evidence(ImdsIdentity, "attached_identities");
    assert_eq!(shown, Some("unknown: 403 AuthorizationFailed"));
    for deed in [
        Reply::new(200, "<html>"),
        Reply::arm_error(503, "ServerTimeout", "Later."),
    ] {
        let ran = check(chosen(deed), &["IDSEL-007"]);
        sure(&ran, "IDSEL-007", Confidence::Likely);
        assert_eq!(ran.asked(Route::Model), 1, "nothing is repeated");
    }
    // Of another machine.
    let mut other = machine_body("web-07", &attached());
    other["properties"]["vmId"] = json!(OTHER_ID);
    let ran = chosen(Reply::arm(200, other.to_string())).run();
    sure(&ran, "IDSEL-007", Confidence::Likely);
}

#[test]
fn a_client_id_may_be_that_of_an_identity_that_lost_its_ids() {
    let client = |block: &Value| {
        let answers = [not_found(), not_found(), own_token()];
        let world = World::healthy().with_all(Route::Token, answers);
        let selector = IdentitySelector::ClientId(OTHER_ID.parse().unwrap());
        check(model(selecting(world, selector), block), &["IDSEL-007"])
    };
    sure(&client(&attached()), "IDSEL-007", Confidence::High);
    let ran = client(&dead());
    sure(&ran, "IDSEL-007", Confidence::Likely);
    let cause = ran.finding("IDSEL-007").cause.as_deref().unwrap();
    assert!(cause.contains("IDSEL-009"), "{cause}");
}

#[test]
fn attached_identities_are_gone_renewed_on_their_way_or_stuck() {
    let with = |refusal: Reply, identity: Reply| {
        model(refused("app-id", refusal), &attached()).with(Route::Identity, identity)
    };
    let gone = Reply::arm_error(404, "ResourceNotFound", "The Resource was not found.");
    check(with(not_found(), gone), &["IDSEL-009"]);
    let ran = check(with(not_found(), resource(OTHER_ID)), &["IDSEL-010"]);
    sure(&ran, "IDSEL-010", Confidence::High);
    assert_eq!(ran.status(ImdsIdentity), "fail");
    let ran = check(with(not_found(), resource(USER_OBJECT)), &["IDSEL-008"]);
    sure(&ran, "IDSEL-008", Confidence::Likely);
    assert_eq!(ran.exit(), 1);
    // Who may not look at the identity knows as much.
    check(with(not_found(), denied()), &["IDSEL-008"]);
    let no_access = Reply::imds_error(400, "invalid_request", NO_ACCESS);
    let ran = check(with(no_access, resource(USER_OBJECT)), &["IDSEL-016"]);
    sure(&ran, "IDSEL-016", Confidence::Likely);
}

#[test]
fn an_identity_that_never_arrives_is_stuck() {
    let answers = (0..7).map(|_| not_found()).chain([own_token()]);
    let world = World::healthy().with_all(Route::Token, answers);
    let world = selecting(world, by_id(&identity_id("app-id"))).waiting(600);
    let world = model(world, &attached()).with(Route::Identity, resource(USER_OBJECT));
    let ran = check(world, &["IDSEL-016"]);
    sure(&ran, "IDSEL-016", Confidence::Likely);
    // One question, six while waiting, one as the default identity.
    assert_eq!(ran.asked(Route::Token), 8);
    assert!(to_imds(&ran) <= 12, "{}", to_imds(&ran));
}

fn to_imds(ran: &Ran) -> usize {
    let is_imds = |path: &str| path.starts_with("/metadata/");
    ran.seen.iter().filter(|it| is_imds(it.target())).count()
}

#[test]
fn the_most_questions_of_a_run_are_twelve_to_imds_and_five_to_arm() {
    let selector = IdentitySelector::ClientId(USER_CLIENT.parse().unwrap());
    let answers = (0..8).map(|_| not_found()).chain([own_token()]);
    let world = World::healthy().with_all(Route::Token, answers);
    let world = model(selecting(world, selector).waiting(600), &attached());
    let ran = world.with(Route::Identity, resource(USER_OBJECT)).run();
    assert_eq!(ran.codes(), ["IDSEL-016"], "{}", ran.verbose_text());
    assert_eq!(to_imds(&ran), 12);
    assert_eq!(ran.seen.len() - to_imds(&ran), 3);
    let user = model(as_user(World::healthy()), &attached()).with(Route::Target, denied());
    let ran = user.with(Route::Identity, resource(USER_OBJECT)).run();
    assert_eq!(ran.seen.len() - to_imds(&ran), 5);
}

#[test]
fn nobody_waits_for_what_will_not_come() {
    let words = "Multiple user assigned identities exist, please specify the clientId / resourceId";
    for (refusal, code) in [
        (
            Reply::imds_error(400, "invalid_request", words),
            "IDSEL-002",
        ),
        (
            Reply::imds_error(400, "unauthorized_client", "…"),
            "TOKEN-015",
        ),
    ] {
        let world = World::healthy().with(Route::Token, refusal).waiting(600);
        let ran = check(world, &[code]);
        assert_eq!(ran.asked(Route::Token), 1, "{code}");
    }
    // Found as the other kind of ID.
    let world = World::healthy().with_all(Route::Token, [not_found(), own_token()]);
    let selector = IdentitySelector::ClientId(OBJECT_ID.parse().unwrap());
    let ran = check(selecting(world, selector).waiting(600), &["IDSEL-005"]);
    assert_eq!((ran.asked(Route::Token), ran.asked(Route::Model)), (2, 0));
}

#[test]
fn an_identity_that_arrives_is_used_and_its_retries_are_no_trouble_of_imds() {
    let answers = [not_found(), not_found(), not_found(), own_token()];
    let world = World::healthy()
        .with_all(Route::Token, answers)
        .waiting(180);
    let ran = check(world, &["IDSEL-008"]);
    assert_eq!((ran.status(ImdsToken), ran.status(ArmTarget)), ("ok", "ok"));
    assert_eq!(ran.evidence(ImdsIdentity, "tries"), Some("found at try 4"));
}

#[test]
fn the_default_identity_reads_the_model_and_nothing_else() {
    let ran = model(refused("app-id", not_found()), &dead()).run();
    assert_eq!((ran.asked(Route::Target), ran.asked(Route::Model)), (0, 1));
    assert_eq!(ran.status(ArmTarget), "skipped");
    let report = ran.json();
    let actions: Vec<&str> = report["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    let expected = ["imds_token", "imds_token_default", "arm_probe", "model_get"];
    assert_eq!(actions[3..], expected);
    // Nobody else's machine, and no machine at all, is asked about.
    for other in ["/subscriptions/s/resourceGroups/r", "no ID", ""] {
        let world = refused("app-id", not_found()).with_compute(&json!({"resourceId": other}));
        let ran = check(world, &["IDSEL-007"]);
        assert_eq!(ran.asked(Route::Model), 0, "{other}");
    }
    let stranger = refused("app-id", not_found()).with(Route::ArmProbe, Reply::new(200, "<html>"));
    let ran = stranger.run();
    assert_eq!(ran.asked(Route::Model), 0);
}

#[test]
fn the_default_identitys_token_is_for_arm_and_stays_out_of_reports() {
    let token = jwt(&claims(ARM_AUDIENCE));
    let good = Reply::imds(200, token_body(&token, CLIENT_ID).to_string());
    let world = World::healthy().with_all(Route::Token, [not_found(), good]);
    let audience = Audience::new("https://storage.azure.com/").unwrap();
    let world = selecting(world, by_id(&identity_id("app-id")))
        .asking(|config| config.with_audience(audience))
        .with(Route::Model, Reply::arm_error(403, &token, &token[30..90]));
    let ran = world.run();
    let report = ran.json_text() + &ran.verbose_text() + &format!("{:?}", ran.facts);
    assert!(!report.contains(&token[40..70]), "{report}");
    let asked: Vec<&str> = ran.seen.iter().map(|seen| seen.target()).collect();
    // The endpoint was named by the caller, who knows what it accepts.
    let tokens = asked
        .iter()
        .filter(|path| path.contains("storage.azure.com"));
    assert_eq!(tokens.count(), 2, "{asked:?}");
}

#[test]
fn the_model_is_not_asked_with_a_token_that_arm_turned_down() {
    for (status, code) in [(401, "ExpiredAuthenticationToken"), (503, "ServerTimeout")] {
        let ran = World::healthy()
            .with(Route::Target, Reply::arm_error(status, code, "…"))
            .run();
        assert_eq!(ran.asked(Route::Model), 0, "{code}");
    }
    let page = Reply::new(403, "<html>blocked</html>");
    let stranger = World::healthy().with(Route::Target, page).run();
    assert_eq!(stranger.asked(Route::Model), 0);
    let silent = World::healthy().with(Route::Target, Deed::Close).run();
    assert_eq!(silent.asked(Route::Model), 0);
    let ran = World::healthy().with(Route::Target, denied()).run();
    assert_eq!(ran.asked(Route::Model), 1);
}

#[test]
fn a_model_that_cannot_be_read_is_no_verdict() {
    for deed in [
        Deed::Close,
        Reply::arm_error(403, "AuthorizationFailed", "No.").into(),
        Reply::arm_error(429, "TooManyRequests", "…").into(),
        Reply::arm(200, "[]").into(),
        Reply::new(404, "<html>").into(),
        Deed::Hang(std::time::Duration::from_secs(10)),
    ] {
        check(World::healthy().with(Route::Model, deed), &[]);
    }
}

#[test]
fn a_principal_is_compared_with_its_own_entry() {
    let principal = |id: &str| {
        let mut block = system_only();
        block["principalId"] = json!(id);
        model(World::healthy(), &block)
    };
    check(principal(&OBJECT_ID.to_uppercase()), &[]);
    check(principal("nobody"), &[]);
    // What it was allowed, it still is.
    let ran = check(principal(OTHER_ID), &["IDSEL-012"]);
    assert_eq!((ran.exit(), ran.status(TokenClaims)), (0, "warn"));
    let commands = &ran.finding("IDSEL-012").remedy.commands;
    assert!(commands[0].run.contains(OTHER_ID), "{}", commands[0].run);
    check(as_user(model(World::healthy(), &attached())), &[]);
    // Refused, and the model has the old principal as the token has: the identity itself has another.
    let refused = || as_user(model(World::healthy(), &attached())).with(Route::Target, denied());
    let ran = check(
        refused().with(Route::Identity, resource(OTHER_ID)),
        &["IDSEL-010"],
    );
    sure(&ran, "IDSEL-010", Confidence::High);
    let ran = refused().with(Route::Identity, resource(USER_OBJECT)).run();
    assert!(!ran.codes().contains(&"IDSEL-010"));
    // A token of another machine is another matter.
    let other = World::healthy().with_claims(&json!({"xms_mirid": machine_id("web-08")}));
    check(model(other, &Value::Null), &["TOKEN-009"]);
}

#[test]
fn a_token_outlives_its_identity_only_when_nothing_of_it_is_left() {
    let ran = check(model(World::healthy(), &Value::Null), &["TOKEN-014"]);
    sure(&ran, "TOKEN-014", Confidence::Likely);
    // Not in the list; there without IDs; only its name is wrong.
    check(
        as_user(model(World::healthy(), &system_only())),
        &["TOKEN-014"],
    );
    check(as_user(model(World::healthy(), &dead())), &["TOKEN-014"]);
    let renamed = system_and(&[(
        &identity_id("new-id"),
        json!(USER_CLIENT),
        json!(USER_OBJECT),
    )]);
    check(as_user(model(World::healthy(), &renamed)), &[]);
    let user_only = json!({"type": "UserAssigned", "userAssignedIdentities": {
        identity_id("app-id"): {"clientId": USER_CLIENT, "principalId": USER_OBJECT},
    }});
    check(model(World::healthy(), &user_only), &["TOKEN-014"]);
    check(as_user(model(World::healthy(), &user_only)), &[]);
}

#[test]
fn a_person_is_known_by_idtyp_or_by_the_tool() {
    let with = |claims: Value| World::healthy().with_claims(&claims);
    let cli = "04B07795-8DDB-461A-BBEE-02F9E1BF7B46";
    for (claims, confidence) in [
        (
            json!({"xms_mirid": null, "idtyp": "user"}),
            Confidence::High,
        ),
        (
            json!({"xms_mirid": null, "appid": cli, "idtyp": null}),
            Confidence::Likely,
        ),
        (
            json!({"xms_mirid": null, "appid": cli, "idtyp": "user"}),
            Confidence::High,
        ),
    ] {
        let ran = check(with(claims), &["TOKEN-016"]);
        sure(&ran, "TOKEN-016", confidence);
    }
    check(with(json!({"xms_mirid": null})), &[]);
    check(
        with(json!({"xms_mirid": null, "idtyp": null, "appid": null})),
        &[],
    );
    check(with(json!({"idtyp": "user"})), &[]);
}

#[test]
fn half_a_day_is_long_enough() {
    let lives = |secs: i64| World::healthy().with_claims(&json!({"exp": in_secs(secs - 300)}));
    check(lives(12 * 3_600 + 5), &[]);
    check(lives(12 * 3_600 - 5), &["TOKEN-018"]);
    check(World::healthy().with_claims(&json!({"exp": null})), &[]);
    check(
        World::healthy().with_claims(&json!({"exp": i64::MIN, "iat": i64::MAX})),
        &[],
    );
}

#[test]
fn a_machine_has_moved_when_arm_has_its_vm_id_elsewhere() {
    let ran = check(
        nowhere().with(Route::Machines, moved_to("new-rg")),
        &["HOST-010"],
    );
    sure(&ran, "HOST-010", Confidence::High);
    let expected = "az vm update -g new-rg -n web-07 --set tags.fixVM=1";
    assert_eq!(ran.finding("HOST-010").remedy.commands[0].run, expected);
    // The whole list, and it is not there.
    let ran = check(nowhere(), &["HOST-010"]);
    sure(&ran, "HOST-010", Confidence::Likely);
    let more = json!({"value": [], "nextLink": "https://management.azure.com/next"}).to_string();
    check(nowhere().with(Route::Machines, Reply::arm(200, more)), &[]);
    for deed in [
        Deed::Close,
        denied().into(),
        Reply::arm(200, "{\"value\": 7}").into(),
        Reply::arm(200, "{\"value\": [7]}").into(),
    ] {
        check(nowhere().with(Route::Machines, deed), &[]);
    }
    let answer =
        |body: Value| World::healthy().with(Route::Model, Reply::arm(200, body.to_string()));
    // Another machine has its name now.
    let mut other = machine_body("web-07", &system_only());
    other["properties"]["vmId"] = json!(OTHER_ID);
    let ran = check(answer(other), &["HOST-010"]);
    sure(&ran, "HOST-010", Confidence::Likely);
    // ARM writes it in other letters.
    let mut upper = machine_body("web-07", &system_only());
    upper["id"] = json!(machine_id("WEB-07").replace(GROUP, "APP-RG"));
    check(answer(upper), &[]);
}

#[test]
fn a_machine_that_moved_is_not_another_machine() {
    let place = machine_id("web-07").replace(GROUP, "new-rg");
    let world = nowhere()
        .with(Route::Machines, moved_to("new-rg"))
        .with_claims(&json!({"xms_mirid": place}));
    check(world, &["HOST-010"]);
}

#[test]
fn an_instance_of_a_uniform_set_has_the_identity_of_the_set() {
    let set = format!(
        "/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/web"
    );
    let world = |identity: &Value| {
        let body = json!({"id": set, "name": "web", "identity": identity}).to_string();
        World::healthy()
            .with_compute(&json!({"resourceId": format!("{set}/virtualMachines/3")}))
            .with_claims(&json!({"xms_mirid": set}))
            .with(Route::Model, Reply::arm(200, body))
    };
    let ran = check(world(&system_only()), &[]);
    let asked = ran
        .seen
        .iter()
        .find(|seen| seen.route == Some(Route::Model));
    let asked = asked.unwrap().target();
    assert_eq!(asked, format!("{set}?api-version=2024-07-01"));
    let mut renewed = system_only();
    renewed["principalId"] = json!(OTHER_ID);
    check(world(&renewed), &["IDSEL-012"]);
    // That a set is nowhere to be found says nothing about where the machine is.
    let gone = Reply::arm_error(404, "ResourceNotFound", "…");
    let ran = check(world(&Value::Null).with(Route::Model, gone), &[]);
    assert_eq!(ran.asked(Route::Machines), 0);
}

#[test]
fn letters_of_a_group_matter_only_where_they_are_the_same() {
    let target = |group: &str| {
        let id = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}");
        let id = id.parse().unwrap();
        World::healthy().asking(|config| config.with_target(id).unwrap())
    };
    let ran = check(target("App-Rg"), &["RID-002"]);
    assert_eq!(ran.status(ArmTarget), "warn");
    check(target(GROUP), &[]);
    // The answer is about another group; that is not a matter of letters.
    check(target("other-rg"), &["ARM-019"]);
}

#[test]
fn hosting_services_without_a_default_say_so() {
    let refused = |status, error: &str, words: &str| {
        let reply = Reply::imds_error(status, error, words);
        World::healthy().with(Route::Token, reply)
    };
    let ran = check(
        refused(404, "DefaultIdentityNotDefined", ""),
        &["IDSEL-022"],
    );
    sure(&ran, "IDSEL-022", Confidence::High);
    let words = "Code: DefaultIdentityNotDefined";
    let ran = check(refused(404, "not_found", words), &["IDSEL-022"]);
    sure(&ran, "IDSEL-022", Confidence::Likely);
    check(refused(400, "invalid_request", words), &["IDSEL-001"]);
    check(refused(404, "not_found", "DefaultIdentity"), &["IMDS-001"]);
}

#[test]
fn a_model_of_a_hostile_shape_is_survived() {
    let odd = [
        json!(null),
        json!(7),
        json!([["x"]]),
        json!({"x": 1e300}),
        json!("\u{1b}[2J"),
    ];
    let whole = machine_body("web-07", &attached());
    for value in &odd {
        for name in ["properties", "identity"] {
            let mut body = whole.clone();
            body[name] = value.clone();
            World::healthy()
                .with(Route::Model, Reply::arm(200, body.to_string()))
                .run();
            for member in body_members(&whole[name]) {
                let mut body = whole.clone();
                body[name][member] = value.clone();
                World::healthy()
                    .with(Route::Model, Reply::arm(200, body.to_string()))
                    .run();
            }
        }
    }
    let many: Vec<Value> = (0..20_000).map(|_| json!({"id": "x"})).collect();
    let many = json!({"value": many}).to_string();
    check(
        nowhere().with(Route::Machines, Reply::arm(200, many)),
        &["HOST-010"],
    );
    let names: Vec<String> = (0..2_000)
        .map(|at| identity_id(&format!("{at:0>120}")))
        .collect();
    let users: Vec<_> = names
        .iter()
        .map(|id| (id.as_str(), json!(null), json!(null)))
        .collect();
    let ran = model(refused(&"0".repeat(120), not_found()), &system_and(&users)).run();
    assert_eq!(ran.codes(), ["IDSEL-009"]);
    assert!(ran.verbose_text().len() < 20_000);
}

fn body_members(value: &Value) -> Vec<&String> {
    value.as_object().unwrap().keys().collect()
}
