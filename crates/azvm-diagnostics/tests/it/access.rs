//! A refusal for want of a role, and what proves which: the codes, and what lies next to them.

use crate::codes::{Case, check as check_cases, fail};
use crate::ran::Ran;
use crate::replies::{
    CLIENT_ID, OBJECT_ID, OTHER_ID, Reply, SUBSCRIPTION, TENANT, assigned, denied, forbidden,
    given, given_to_group, group_id, in_secs, list, list_with_more, role, role_body, subscriptions,
};
use crate::wire::{Deed, Route};
use crate::world::World;
use azvm_arm::Cloud;
use azvm_diagnostics::CheckId::{ArmReachable, ArmTarget, TokenClaims};
use azvm_diagnostics::{Confidence, Severity};
use azvm_exchange::Timestamp;
use azvm_imds::Audience;
use serde_json::{Value, json};

/// Codes that have a test of their own here: they stand beside the refusal, or need what no loopback address has.
pub(crate) const CODES: [&str; 3] = ["ARM-010", "RBAC-009", "RBAC-017"];

const READ: &str = "Microsoft.Resources/subscriptions/resourceGroups/read";
const DAY: i64 = 86_400;

fn target(deed: impl Into<Deed>) -> World {
    World::healthy().with(Route::Target, deed)
}

/// The target is refused, these assignments count there, and this is their role.
fn having(assignments: &[Value], role: Reply) -> World {
    target(denied())
        .with(Route::RoleAssignments, list(assignments))
        .with(Route::RoleDefinition, role)
}

fn here(secs: i64) -> Value {
    given(OTHER_ID, &group_id(), secs)
}

fn reader() -> Reply {
    role("Reader", &["*/read"], &[])
}

fn starter() -> Reply {
    role("Starter", &["Microsoft.Compute/*/start/action"], &[])
}

fn elsewhere(scope: &str) -> Reply {
    list(&[given(OTHER_ID, scope, -DAY)])
}

fn other_group() -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/other-rg")
}

fn nothing() -> Reply {
    list(&[])
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        fail("RBAC-003", ArmTarget, || {
            target(denied())
                .with(Route::RoleAssignments, nothing())
                .with(Route::AssignmentsElsewhere, elsewhere(&other_group()))
                .with(Route::RoleDefinition, reader())
        }),
        fail("RBAC-008", ArmTarget, || {
            having(&[given_to_group(OTHER_ID, &group_id(), -DAY)], reader())
        }),
        fail("RBAC-027", ArmTarget, || having(&[here(-DAY)], reader())),
        fail("TOKEN-008", TokenClaims, || {
            expecting(World::healthy(), OTHER_ID)
        }),
        fail("ARM-013", ArmTarget, || {
            let words =
                "The api-version query parameter (?api-version=) is required for all requests.";
            target(Reply::arm_error(400, "MissingApiVersionParameter", words))
        }),
        fail("ARM-015", ArmTarget, || target(unregistered())),
    ]
}

fn unregistered() -> Reply {
    let words = "The subscription is not registered to use namespace 'Microsoft.App'. See https://aka.ms/rps-not-found.";
    Reply::arm_error(409, "MissingSubscriptionRegistration", words)
}

#[test]
fn what_stands_between_a_role_and_the_target_is_found() {
    check_cases(&cases());
}

/// Exactly these codes are found, in the order of the chain, and the first with this confidence.
#[track_caller]
fn check(world: World, expected: &[&str], confidence: Confidence) -> Ran {
    let ran = world.run();
    assert_eq!(ran.codes(), expected, "{}", ran.verbose_text());
    let finding = ran.finding(expected[0]);
    assert_eq!(finding.confidence, confidence, "{}", ran.verbose_text());
    ran
}

fn expecting(world: World, object_id: &'static str) -> World {
    world.asking(|config| config.with_expected_principal(object_id.parse().unwrap()))
}

fn granted(world: World, secs: i64) -> World {
    let time = Timestamp::from_unix_seconds(in_secs(secs));
    world.asking(move |config| config.with_granted_at(time))
}

#[test]
fn a_role_allows_what_its_definition_says() {
    let all: &[&str] = &["*"];
    for (actions, not_actions, code) in [
        (&["*/read"][..], &[][..], "RBAC-027"),
        (&["MICROSOFT.RESOURCES/*/READ"], &[], "RBAC-027"),
        (all, &["Microsoft.Resources/*/write"], "RBAC-027"),
        (all, &["microsoft.resources/subscriptions/*"], "RBAC-005"),
        (&["Microsoft.Resources/subscriptions/read"], &[], "RBAC-005"),
        (&["*/write"], &[], "RBAC-005"),
        (&[], &[], "RBAC-005"),
    ] {
        let confidence = match code {
            "RBAC-005" => Confidence::High,
            _ => Confidence::Likely,
        };
        let ran = check(
            having(&[here(-DAY)], role("R", actions, not_actions)),
            &[code],
            confidence,
        );
        assert!(ran.evidence(ArmTarget, "roles").unwrap().starts_with("R: "));
    }
}

#[test]
fn the_action_is_the_one_that_was_refused() {
    let list_action = "Microsoft.Compute/virtualMachines/start/action";
    let world =
        having(&[here(-DAY)], starter()).with(Route::Target, forbidden(OBJECT_ID, list_action));
    check(world, &["RBAC-027"], Confidence::Likely);
    // Words that name none leave the one that reading needs.
    for odd in ["", "all of it", "a\u{7}/b"] {
        let world = having(&[here(-DAY)], reader()).with(Route::Target, forbidden(OBJECT_ID, odd));
        check(world, &["RBAC-027"], Confidence::Likely);
    }
}

#[test]
fn youth_counts_for_roles_that_have_the_action() {
    let high = check(
        having(&[here(-120)], reader()),
        &["RBAC-002"],
        Confidence::High,
    );
    assert!(
        high.finding("RBAC-002")
            .cause
            .as_deref()
            .unwrap()
            .contains("made 2 min")
    );
    check(
        having(&[here(-720)], reader()),
        &["RBAC-002"],
        Confidence::Likely,
    );
    // However young: it does not have the action.
    check(
        having(&[here(-5)], starter()),
        &["RBAC-005"],
        Confidence::High,
    );
    // Of two roles the one with the action counts.
    let world = having(&[here(-5), given(CLIENT_ID, &group_id(), -DAY)], starter())
        .with_all(Route::RoleDefinition, [starter(), reader()]);
    check(world, &["RBAC-027"], Confidence::Likely);
    // A role that nobody may look at may have it.
    let unknown = |secs| {
        target(denied()).with(
            Route::RoleAssignments,
            assigned(in_secs(secs), in_secs(secs)),
        )
    };
    check(unknown(-120), &["RBAC-002"], Confidence::Likely);
    check(unknown(-DAY), &["RBAC-005"], Confidence::Likely);
    let mut ageless = here(0);
    ageless["properties"]["createdOn"] = Value::Null;
    ageless["properties"]["updatedOn"] = json!("a moment ago");
    check(
        having(&[ageless], reader()),
        &["RBAC-027"],
        Confidence::Possible,
    );
}

#[test]
fn a_role_elsewhere_is_told_from_none_and_from_a_small_one() {
    let empty = || target(denied()).with(Route::RoleAssignments, nothing());
    let there = |reply: Reply| empty().with(Route::AssignmentsElsewhere, reply);
    check(there(nothing()), &["RBAC-001"], Confidence::High);
    check(
        there(Reply::arm_error(403, "AuthorizationFailed", "…")),
        &["RBAC-001"],
        Confidence::High,
    );
    // What counts at the target, or may, is not elsewhere.
    for scope in [
        &*group_id().to_uppercase(),
        &format!("/subscriptions/{SUBSCRIPTION}"),
        "/providers/Microsoft.Management/managementGroups/top",
        "/",
    ] {
        check(there(elsewhere(scope)), &["RBAC-001"], Confidence::High);
    }
    for scope in [
        &*format!("{}2", group_id()),
        &format!("{}/providers/N.N/t/x", group_id()),
    ] {
        let ran = check(there(elsewhere(scope)), &["RBAC-003"], Confidence::High);
        assert!(
            ran.finding("RBAC-003")
                .cause
                .as_deref()
                .unwrap()
                .contains(scope)
        );
    }
    // A small role here and the right one there: it is the place.
    let small = || having(&[here(-DAY)], starter());
    let place = small()
        .with(
            Route::AssignmentsElsewhere,
            list(&[given(CLIENT_ID, &other_group(), -DAY)]),
        )
        .with_all(Route::RoleDefinition, [starter(), reader()]);
    check(place, &["RBAC-003"], Confidence::High);
    let size = small().with(Route::AssignmentsElsewhere, elsewhere(&other_group()));
    check(size, &["RBAC-005"], Confidence::High);
}

#[test]
fn a_group_is_told_from_the_identity_itself() {
    let group = |secs| given_to_group(OTHER_ID, &group_id(), secs);
    check(
        having(&[group(-DAY)], reader()),
        &["RBAC-008"],
        Confidence::Possible,
    );
    let issued = |secs: i64| {
        having(&[group(-2 * DAY)], reader()).with_claims(&json!({"iat": in_secs(secs)}))
    };
    let ran = check(issued(-7200), &["RBAC-008"], Confidence::Likely);
    assert!(
        ran.finding("RBAC-008")
            .cause
            .as_deref()
            .unwrap()
            .contains("issued 2 h 0 min ago")
    );
    check(issued(-3500), &["RBAC-008"], Confidence::Possible);
    // A young one propagates like any other, one that has not the action is too small, and both together are not the
    // group's fault.
    check(
        having(&[group(-60)], reader()),
        &["RBAC-002"],
        Confidence::High,
    );
    check(
        having(&[group(-DAY)], starter()),
        &["RBAC-005"],
        Confidence::High,
    );
    check(
        having(&[group(-DAY), here(-DAY)], reader()),
        &["RBAC-027"],
        Confidence::Likely,
    );
}

fn denial(actions: &[&str]) -> Reply {
    list(&[json!({
        "id": "/d",
        "properties": {
            "denyAssignmentName": "locked by the stack",
            "scope": group_id(),
            "permissions": [{"actions": actions}],
            "principals": [{"id": OTHER_ID}],
        },
    })])
}

#[test]
fn a_denial_or_a_condition_explains_a_role_that_does_not_count() {
    let old = || having(&[here(-DAY)], reader());
    let ran = check(
        old().with(Route::DenyAssignments, denial(&["*/READ"])),
        &["RBAC-006"],
        Confidence::Likely,
    );
    assert!(
        ran.finding("RBAC-006")
            .cause
            .as_deref()
            .unwrap()
            .contains("locked by the stack")
    );
    check(
        old().with(Route::DenyAssignments, denial(&["*/write"])),
        &["RBAC-027"],
        Confidence::Likely,
    );
    check(
        old().with(Route::DenyAssignments, nothing()),
        &["RBAC-027"],
        Confidence::Likely,
    );
    let mut conditional = here(-DAY);
    conditional["properties"]["condition"] = json!("@Resource[x] StringEquals 'y'");
    check(
        having(&[conditional.clone()], reader()),
        &["RBAC-007"],
        Confidence::Likely,
    );
    check(
        having(&[conditional.clone(), here(-DAY)], reader()),
        &["RBAC-027"],
        Confidence::Likely,
    );
    // While it is young, that is the likelier reason.
    conditional["properties"]["updatedOn"] = here(-60)["properties"]["updatedOn"].clone();
    check(
        having(&[conditional], reader()),
        &["RBAC-002"],
        Confidence::High,
    );
}

#[test]
fn what_arm_adds_up_itself_counts_where_the_list_is_closed() {
    let sets = |items: &[Value]| target(denied()).with(Route::Permissions, list(items));
    check(
        sets(&[json!({"actions": ["*/read"]})]),
        &["RBAC-016"],
        Confidence::Likely,
    );
    check(
        sets(&[json!({"actions": ["*/write"]})]),
        &["RBAC-005"],
        Confidence::Likely,
    );
    check(
        sets(&[json!({"actions": ["*"], "condition": "x"})]),
        &["RBAC-007"],
        Confidence::Likely,
    );
    check(sets(&[]), &["RBAC-021"], Confidence::High);
    // Another role may still be on its way.
    check(
        granted(sets(&[json!({"actions": []})]), -60),
        &["RBAC-002"],
        Confidence::Likely,
    );
    let more = list_with_more(
        &[json!({"actions": []})],
        "http://{host}/subscriptions/x?page=2",
    );
    check(
        target(denied()).with(Route::Permissions, more),
        &["RBAC-021"],
        Confidence::High,
    );
}

#[test]
fn an_identity_that_sees_no_subscription_is_one_that_az_cannot_sign_in_with() {
    let sees = |reply: Deed| target(denied()).with(Route::Subscriptions, reply);
    let ran = check(
        sees(subscriptions(&[]).into()),
        &["RBAC-021", "RBAC-017"],
        Confidence::High,
    );
    assert_eq!(ran.finding("RBAC-017").severity, Severity::Warn);
    assert_eq!((ran.exit(), ran.causes()), (1, vec!["RBAC-021"]));
    assert_eq!(ran.evidence(ArmTarget, "subscriptions"), Some("0"));
    assert!(
        ran.finding("RBAC-021")
            .cause
            .as_deref()
            .unwrap()
            .contains("look the same")
    );
    // Another one is enough to sign in, this one tells that there is a role in it.
    check(
        sees(subscriptions(&[OTHER_ID]).into()),
        &["RBAC-021"],
        Confidence::High,
    );
    let ran = check(
        sees(subscriptions(&[SUBSCRIPTION]).into()),
        &["RBAC-021"],
        Confidence::High,
    );
    assert!(
        ran.finding("RBAC-021")
            .cause
            .as_deref()
            .unwrap()
            .contains("somewhere in this subscription")
    );
    // An empty page is not an empty list, and no answer is none.
    let page = list_with_more(&[], "http://{host}/subscriptions?page=2");
    for reply in [
        page,
        Deed::Close,
        Reply::arm_error(503, "ServerTimeout", "…").into(),
    ] {
        check(sees(reply), &["RBAC-021"], Confidence::High);
    }
}

#[test]
fn a_data_role_at_a_management_group_is_a_note_beside_the_refusal() {
    let mut data = role_body("Blobs", &[], &[]);
    data["properties"]["permissions"][0]["dataActions"] = json!(["*/blobs/read"]);
    let data = Reply::arm(200, data.to_string());
    let top = "/providers/Microsoft.Management/managementGroups/top";
    let world = |scope: &str, secs, role| having(&[given(OTHER_ID, scope, secs)], role);
    let ran = check(
        world(top, -7200, data.clone()),
        &["RBAC-005", "RBAC-009"],
        Confidence::High,
    );
    assert_eq!(ran.finding("RBAC-009").severity, Severity::Note);
    assert_eq!(ran.causes(), ["RBAC-005"]);
    // Not below it, not after a day, and not for a role without data actions.
    check(
        world(&group_id(), -7200, data.clone()),
        &["RBAC-005"],
        Confidence::High,
    );
    check(world(top, -2 * DAY, data), &["RBAC-005"], Confidence::High);
    check(
        world(top, -7200, starter()),
        &["RBAC-005"],
        Confidence::High,
    );
}

#[test]
fn the_time_of_the_grant_tells_what_the_machine_cannot_see() {
    let blind = |secs| granted(target(denied()), secs);
    let ran = check(blind(-180), &["RBAC-002"], Confidence::Likely);
    assert!(
        ran.finding("RBAC-002")
            .cause
            .as_deref()
            .unwrap()
            .contains("3 min")
    );
    assert!(ran.evidence(ArmTarget, "granted_at").is_some());
    check(blind(-870), &["RBAC-002"], Confidence::Likely);
    let ran = check(blind(-930), &["RBAC-021"], Confidence::High);
    assert!(
        ran.finding("RBAC-021")
            .cause
            .as_deref()
            .unwrap()
            .contains("longer than propagation takes")
    );
    // Clocks differ; but what is to come has not been granted.
    check(blind(240), &["RBAC-002"], Confidence::Likely);
    check(blind(600), &["RBAC-021"], Confidence::High);
    // It is measured by the service's clock.
    let late = granted(target(denied().dated(3600)), -120);
    check(late, &["RBAC-021"], Confidence::High);
    // A word is no proof against a list, and helps nobody else.
    let listed = |reply| granted(target(denied()).with(Route::RoleAssignments, reply), -120);
    check(listed(nothing()), &["RBAC-001"], Confidence::Likely);
    let small = granted(having(&[here(-DAY)], starter()), -120);
    check(small, &["RBAC-005"], Confidence::High);
    let other = granted(target(forbidden(OTHER_ID, READ)), -120);
    check(other, &["RBAC-004"], Confidence::Likely);
    let waiting = blind(-60).waiting(60).run();
    assert_eq!((waiting.exit(), waiting.codes()), (4, vec!["RBAC-002"]));
    let waiting = blind(-1200).waiting(60).run();
    assert_eq!((waiting.exit(), waiting.codes()), (1, vec!["RBAC-021"]));
}

#[test]
fn the_expected_principal_is_compared_with_the_token_and_with_the_refusal() {
    let ran = expecting(World::healthy(), OBJECT_ID).run();
    assert_eq!(
        (ran.exit(), ran.codes()),
        (0, vec![]),
        "{}",
        ran.verbose_text()
    );
    assert_eq!(
        ran.evidence(TokenClaims, "expected_principal"),
        Some(OBJECT_ID)
    );
    let ran = check(
        expecting(World::healthy(), CLIENT_ID),
        &["TOKEN-008"],
        Confidence::High,
    );
    assert!(ran.finding("TOKEN-008").title.contains("client ID"));
    assert_eq!(ran.status(ArmTarget), "skipped");
    // A token that cannot be read leaves the words of the refusal.
    let opaque = || target(denied()).with_token("opaque-token".into());
    let ran = check(
        expecting(opaque(), OTHER_ID),
        &["RBAC-004"],
        Confidence::Likely,
    );
    assert!(
        ran.finding("RBAC-004")
            .cause
            .as_deref()
            .unwrap()
            .contains("meant for")
    );
    check(
        expecting(opaque(), OBJECT_ID),
        &["RBAC-021"],
        Confidence::High,
    );
    // It does not begin to wait for somebody else.
    let ran = expecting(target(denied()), OTHER_ID).waiting(600).run();
    assert_eq!((ran.exit(), ran.codes()), (1, vec!["TOKEN-008"]));
    assert_eq!(ran.asked(Route::Target), 1);
}

#[test]
fn a_list_is_read_to_its_end_on_its_own_host() {
    let pages = |pages: Vec<Deed>| having(&[], reader()).with_all(Route::RoleAssignments, pages);
    let next = format!(
        "http://{{host}}{}/providers/Microsoft.Authorization/roleAssignments?page=2",
        group_id()
    );
    let first = || list_with_more(&[], &next);
    let ran = check(
        pages(vec![first(), list(&[here(-60)]).into()]),
        &["RBAC-002"],
        Confidence::High,
    );
    assert_eq!(ran.asked(Route::RoleAssignments), 2);
    assert_eq!(ran.evidence(ArmTarget, "role_assignments"), Some("1"));
    // What comes not whole proves nothing: the rest is on another host, or fails, or never ends.
    let foreign = list_with_more(&[], "http://127.0.0.1:9/subscriptions/s?page=2");
    let ran = check(pages(vec![foreign]), &["RBAC-021"], Confidence::High);
    assert_eq!(ran.asked(Route::RoleAssignments), 1);
    let failed = Reply::arm_error(500, "InternalServerError", "…").into();
    check(
        pages(vec![first(), failed]),
        &["RBAC-021"],
        Confidence::High,
    );
    let ran = check(pages(vec![first()]), &["RBAC-021"], Confidence::High);
    assert_eq!(
        ran.evidence(ArmTarget, "role_assignments"),
        Some("0 and more")
    );
    assert!(ran.asked(Route::RoleAssignments) <= 3);
}

fn asked_of_arm(ran: &Ran) -> usize {
    let is_arm = |seen: &&crate::wire::Seen| !seen.target().starts_with("/metadata");
    ran.seen.iter().filter(is_arm).count()
}

#[test]
fn there_is_an_end_to_the_questions() {
    let ids: Vec<String> = (0..9)
        .map(|at| format!("5555555{at}-bbbb-4000-8000-000000000005"))
        .collect();
    let many =
        |scope: &str| -> Vec<Value> { ids.iter().map(|id| given(id, scope, -DAY)).collect() };
    let world = || {
        having(&many(&group_id()), starter())
            .with(Route::AssignmentsElsewhere, list(&many(&other_group())))
    };
    let ran = world().run();
    assert_eq!(asked_of_arm(&ran), 8, "{}", ran.verbose_text());
    // Not every role was looked at: one of the others may have the action.
    assert_eq!(ran.codes(), ["RBAC-005"]);
    assert_eq!(ran.finding("RBAC-005").confidence, Confidence::Likely);
    // An ARM in trouble is left alone.
    for trouble in [
        Reply::arm_error(429, "TooManyRequests", "…").into(),
        Deed::Close,
    ] {
        let ran = world().with(Route::RoleDefinition, trouble).run();
        assert_eq!(asked_of_arm(&ran), 5, "{}", ran.verbose_text());
    }
    // What is no role is not asked for.
    let mut odd = here(-DAY);
    odd["properties"]["roleDefinitionId"] = json!("/subscriptions/s/resourceGroups/g?x=1");
    let ran = having(&[odd], reader()).run();
    assert_eq!(ran.asked(Route::RoleDefinition), 0);
}

#[test]
fn the_endpoint_of_another_cloud_is_found_by_its_host() {
    let ran = target(denied()).run();
    let at = |endpoint: &str, audience: Cloud| {
        let ran = ran.with_facts(|facts| {
            facts.arm.endpoint = endpoint.into();
            facts.imds.audience = Audience::new(audience.audience()).unwrap();
        });
        crate::reports::check_sound(&ran);
        ran
    };
    let other = at(Cloud::UsGovernment.endpoint(), Cloud::Public);
    assert_eq!(other.codes(), ["ARM-010"]);
    assert_eq!(
        (
            other.exit(),
            other.status(ArmReachable),
            other.status(ArmTarget)
        ),
        (1, "fail", "skipped")
    );
    assert!(
        other
            .finding("ARM-010")
            .cause
            .as_deref()
            .unwrap()
            .contains("AzurePublicCloud")
    );
    assert!(other.evidence(ArmReachable, "cloud").is_some());
    // The machine's own, somebody's own, and one whose audience is wrong as well.
    for (endpoint, audience) in [
        (Cloud::Public.endpoint(), Cloud::Public),
        ("https://arm.example", Cloud::Public),
        (Cloud::China.endpoint(), Cloud::China),
    ] {
        assert!(
            !at(endpoint, audience).codes().contains(&"ARM-010"),
            "{endpoint}"
        );
    }
}

#[test]
fn what_arm_says_about_the_request_is_told_apart() {
    for (status, code, expected) in [
        (400, "InvalidApiVersionParameter", "ARM-014"),
        (404, "MissingApiVersionParameter", "RBAC-026"),
        (409, "NoRegisteredProviderFound", "ARM-021"),
        (400, "NoRegisteredProviderFound", "ARM-014"),
    ] {
        check(
            target(Reply::arm_error(status, code, "…")),
            &[expected],
            Confidence::High,
        );
    }
    let ran = check(target(unregistered()), &["ARM-015"], Confidence::High);
    let commands = &ran.finding("ARM-015").remedy.commands;
    assert!(
        commands
            .iter()
            .any(|it| it.run.contains("--namespace Microsoft.App")),
        "{commands:?}"
    );
    let tenant = forbidden(TENANT, READ);
    check(target(tenant), &["RBAC-004"], Confidence::Likely);
}
