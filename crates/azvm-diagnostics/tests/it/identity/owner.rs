//! Whose a token is, by the machine's model and by its own words.

use super::*;

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
    // A target that is not there is another matter.
    let missing = Reply::arm_error(404, "ResourceGroupNotFound", "…");
    let ran = principal(OTHER_ID).with(Route::Target, missing).run();
    assert_eq!(ran.causes(), ["RID-007"], "{}", ran.verbose_text());
    check(as_user(model(World::healthy(), &attached())), &[]);
    // Refused, and the model has the old principal as the token has: the identity itself has another.
    let refused = || as_user(model(World::healthy(), &attached())).with(Route::Target, denied());
    let ran = check(
        refused().with(Route::Identity, resource(OTHER_ID)),
        &["IDSEL-010"],
    );
    sure(&ran, "IDSEL-010", Confidence::High);
    let commands = &ran.finding("IDSEL-010").remedy.commands;
    let grants = |it: &azvm_diagnostics::Command| it.run.contains(&format!("-id {OTHER_ID} "));
    assert!(commands.iter().any(grants), "{commands:?}");
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
fn strict_redaction_leaves_the_id_of_the_tool_and_no_other() {
    let cli = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
    let ran = World::healthy()
        .with_claims(&json!({"xms_mirid": null, "idtyp": null, "appid": cli}))
        .run();
    let strict = crate::strict::strict(&ran, "salt");
    assert_eq!(strict.evidence(TokenClaims, "appid"), Some(cli));
    assert_ne!(strict.evidence(TokenClaims, "oid"), Some(OBJECT_ID));
    assert_eq!(strict.codes(), ["TOKEN-016"]);
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
