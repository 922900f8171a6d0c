//! Identities that IMDS does not find: why, by the machine's model.

use super::*;

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

/// Where the request without the selector is refused as well, its words tell what is attached.
#[test]
fn what_imds_says_without_the_selector_is_proof() {
    let default = |reply: Reply| {
        let world = World::healthy().with_all(Route::Token, [not_found(), reply]);
        selecting(world, by_id(&identity_id("app-id")))
    };
    let ran = check(default(not_found()), &["IDSEL-007"]);
    sure(&ran, "IDSEL-007", Confidence::High);
    let cause = |ran: &Ran| ran.finding("IDSEL-007").cause.clone().unwrap();
    assert!(
        cause(&ran).ends_with("so the machine has no identity at all"),
        "{}",
        cause(&ran)
    );
    let several =
        "Multiple user assigned identities exist, please specify the clientId / resourceId";
    let ran = check(
        default(Reply::imds_error(400, "invalid_request", several)),
        &["IDSEL-007"],
    );
    sure(&ran, "IDSEL-007", Confidence::Likely);
    assert!(
        cause(&ran).contains("so several identities are attached"),
        "{}",
        cause(&ran)
    );
    // Other words are no proof of either.
    let ran = check(
        default(Reply::imds_error(400, "invalid_request", "Sorry.")),
        &["IDSEL-007"],
    );
    sure(&ran, "IDSEL-007", Confidence::Likely);
    assert_eq!(cause(&ran), "IMDS says: Identity not found");
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
    let has_new = |ran: &Ran| {
        let mut commands = ran.finding("IDSEL-010").remedy.commands.iter();
        commands.any(|it| it.run.contains(&format!("--assignee-object-id {OTHER_ID}")))
    };
    assert!(has_new(&ran), "{}", ran.text());
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
fn the_most_questions_of_a_run_are_twelve_to_imds_and_seven_to_arm() {
    let selector = IdentitySelector::ClientId(USER_CLIENT.parse().unwrap());
    let answers = (0..8).map(|_| not_found()).chain([own_token()]);
    let world = World::healthy().with_all(Route::Token, answers);
    let world = model(selecting(world, selector).waiting(600), &attached());
    let ran = world.with(Route::Identity, resource(USER_OBJECT)).run();
    assert_eq!(ran.codes(), ["IDSEL-016"], "{}", ran.verbose_text());
    assert_eq!(to_imds(&ran), 12);
    assert_eq!(ran.seen.len() - to_imds(&ran), 3);
    let refusal = crate::replies::forbidden(USER_OBJECT, "A/read");
    let user = model(as_user(World::healthy()), &attached()).with(Route::Target, refusal);
    let ran = user.with(Route::Identity, resource(USER_OBJECT)).run();
    assert_eq!(ran.seen.len() - to_imds(&ran), 7);
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
    let ran = check(refused(400, "invalid_request", words), &["IDSEL-001"]);
    sure(&ran, "IDSEL-001", Confidence::Possible);
    check(refused(404, "not_found", "DefaultIdentity"), &["IMDS-001"]);
}
