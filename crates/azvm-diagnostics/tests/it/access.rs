//! A refusal for want of a role, and what proves which: the codes, and what lies next to them.

use crate::codes::{Case, check as check_cases, fail};
use crate::ran::Ran;
use crate::replies::{
    CLIENT_ID, OBJECT_ID, OTHER_ID, Reply, SUBSCRIPTION, assigned, denied, forbidden, given,
    given_to_group, group_id, in_secs, list, machine_answer, role, role_body, system_and,
    system_only,
};
use crate::wire::{Deed, Route};
use crate::world::World;
use azvm_diagnostics::CheckId::{ArmTarget, TokenClaims};
use azvm_diagnostics::{Confidence, Severity};
use serde_json::{Value, json};

/// Codes that have a test of their own here: they stand beside the refusal, or need what no loopback address has.
pub(crate) const CODES: [&str; 3] = ["ARM-010", "RBAC-009", "RBAC-017"];

pub(crate) const READ: &str = "Microsoft.Resources/subscriptions/resourceGroups/read";
pub(crate) const DAY: i64 = 86_400;

pub(crate) fn target(deed: impl Into<Deed>) -> World {
    World::healthy().with(Route::Target, deed)
}

/// The target is refused, these assignments count there, and this is their role.
pub(crate) fn having(assignments: &[Value], role: Reply) -> World {
    target(denied())
        .with(Route::RoleAssignments, list(assignments))
        .with(Route::RoleDefinition, role)
}

pub(crate) fn here(secs: i64) -> Value {
    given(OTHER_ID, &group_id(), secs)
}

pub(crate) fn reader() -> Reply {
    role("Reader", &["*/read"], &[])
}

pub(crate) fn starter() -> Reply {
    role("Starter", &["Microsoft.Compute/*/start/action"], &[])
}

pub(crate) fn elsewhere(scope: &str) -> Reply {
    list(&[given(OTHER_ID, scope, -DAY)])
}

pub(crate) fn other_group() -> String {
    format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/other-rg")
}

pub(crate) fn nothing() -> Reply {
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

pub(crate) fn unregistered() -> Reply {
    let words = "The subscription is not registered to use namespace 'Microsoft.App'. See https://aka.ms/rps-not-found.";
    Reply::arm_error(409, "MissingSubscriptionRegistration", words)
}

#[test]
fn what_stands_between_a_role_and_the_target_is_found() {
    check_cases(&cases());
}

/// Exactly these codes are found, in the order of the chain, and the first with this confidence.
#[track_caller]
pub(crate) fn check(world: World, expected: &[&str], confidence: Confidence) -> Ran {
    let ran = world.run();
    assert_eq!(ran.codes(), expected, "{}", ran.verbose_text());
    let finding = ran.finding(expected[0]);
    assert_eq!(finding.confidence, confidence, "{}", ran.verbose_text());
    ran
}

pub(crate) fn expecting(world: World, object_id: &'static str) -> World {
    world.asking(|config| config.with_expected_principal(object_id.parse().unwrap()))
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

/// The GUIDs are in *Azure built-in roles*.
#[test]
fn a_role_that_nobody_read_is_not_said_to_be_too_small() {
    let unread = |role_id: &str, secs| {
        target(denied()).with(
            Route::RoleAssignments,
            list(&[given(role_id, &group_id(), secs)]),
        )
    };
    let ran = check(unread(OTHER_ID, -DAY), &["RBAC-027"], Confidence::Possible);
    let finding = ran.finding("RBAC-027");
    assert!(finding.title.ends_with("is not known"), "{}", finding.title);
    assert!(finding.remedy.text.contains("If it lacks the action"));
    assert!(
        !finding
            .remedy
            .commands
            .iter()
            .any(|it| it.run.contains("delete"))
    );
    // Of these it is known that they allow to read.
    for (role_id, name) in [
        ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner"),
        ("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader"),
        ("B24988AC-6180-42A0-AB88-20F7382DD24C", "Contributor"),
    ] {
        let ran = check(unread(role_id, -DAY), &["RBAC-027"], Confidence::Likely);
        let cause = ran.finding("RBAC-027").cause.as_deref().unwrap();
        assert!(cause.starts_with(&format!("{name} allows it")), "{cause}");
        assert_eq!(ran.asked(Route::DenyAssignments), 1);
        check(unread(role_id, -60), &["RBAC-002"], Confidence::High);
        let start = forbidden(OBJECT_ID, "Microsoft.Compute/virtualMachines/start/action");
        let other_action = unread(role_id, -DAY).with(Route::Target, start);
        let ran = check(other_action, &["RBAC-027"], Confidence::Possible);
        assert_eq!(ran.asked(Route::DenyAssignments), 0);
    }
    // What was read counts more than the ID.
    let reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
    let read = unread(reader, -DAY).with(Route::RoleDefinition, starter());
    check(read, &["RBAC-005"], Confidence::High);
    // Under a condition it is the condition.
    let mut conditional = given(reader, &group_id(), -DAY);
    conditional["properties"]["condition"] = json!("@Environment[…]");
    let world = target(denied()).with(Route::RoleAssignments, list(&[conditional]));
    check(world, &["RBAC-007"], Confidence::Likely);
}

#[test]
fn somebody_elses_role_is_no_groups() {
    let of = |kind: Value| {
        let mut given = here(-DAY);
        given["properties"]["principalId"] = OTHER_ID.into();
        given["properties"]["principalType"] = kind;
        given
    };
    for kind in ["ServicePrincipal", "User", "device"] {
        let ran = check(
            having(&[of(json!(kind))], reader()),
            &["RBAC-001"],
            Confidence::High,
        );
        let cause = ran.finding("RBAC-001").cause.as_deref().unwrap();
        assert!(
            cause.contains("is this identity's") && cause.contains(OTHER_ID),
            "{cause}"
        );
    }
    // Beside an own one it counts for nothing.
    let both = having(&[of(json!("ServicePrincipal")), here(-60)], reader());
    check(both, &["RBAC-002"], Confidence::High);
    let small = having(&[of(json!("User")), here(-DAY)], starter());
    check(small, &["RBAC-005"], Confidence::High);
    for kind in [json!("Group"), json!("ForeignGroup"), Value::Null] {
        check(
            having(&[of(kind)], reader()),
            &["RBAC-008"],
            Confidence::Possible,
        );
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
    check(unknown(-DAY), &["RBAC-027"], Confidence::Possible);
    let mut ageless = here(0);
    ageless["properties"]["createdOn"] = Value::Null;
    ageless["properties"]["updatedOn"] = json!("a moment ago");
    let ran = check(
        having(&[ageless], reader()),
        &["RBAC-027"],
        Confidence::Possible,
    );
    let finding = ran.finding("RBAC-027");
    assert!(!finding.title.contains("older than"), "{}", finding.title);
    let commands = &finding.remedy.commands;
    assert!(
        commands.len() == 1 && !finding.remedy.text.contains("Delete"),
        "{finding:?}"
    );
}

/// *Troubleshoot Azure RBAC*: such roles take several hours.
#[test]
fn a_data_role_at_a_management_group_is_waited_for_and_not_deleted() {
    let top = "/providers/Microsoft.Management/managementGroups/top";
    let mut role = role_body("Reader and data", &["*/read"], &[]);
    role["properties"]["permissions"][0]["dataActions"] = json!(["*"]);
    let role = || Reply::arm(200, role.to_string());
    let at = |scope: &str, secs| having(&[given(OTHER_ID, scope, secs)], role());
    let ran = check(at(top, -3600), &["RBAC-009"], Confidence::Likely);
    assert_eq!(
        (ran.finding("RBAC-009").severity, ran.exit()),
        (Severity::Fail, 1)
    );
    assert!(
        ran.finding("RBAC-009")
            .cause
            .as_deref()
            .unwrap()
            .contains("1 h 0 min ago")
    );
    // Who waited in vain for it may go on waiting.
    let waited = at(top, -3600).waiting(60).run();
    assert_eq!((waited.causes(), waited.exit()), (vec!["RBAC-009"], 4));
    check(at(top, -2 * DAY), &["RBAC-027"], Confidence::Likely);
    check(at(&group_id(), -3600), &["RBAC-027"], Confidence::Likely);
    check(at(top, -60), &["RBAC-002", "RBAC-009"], Confidence::High);
    // Another one that is not slow should have done.
    let two = [
        given(OTHER_ID, top, -3600),
        given(CLIENT_ID, &group_id(), -DAY),
    ];
    let world = having(&two, role()).with_all(Route::RoleDefinition, [role(), reader()]);
    check(world, &["RBAC-027", "RBAC-009"], Confidence::Likely);
}

#[test]
fn other_identities_of_the_machine_are_named_where_a_role_is_missing() {
    let refused = |identity: &Value| target(denied()).with(Route::Model, machine_answer(identity));
    let other = [("id-app", json!(CLIENT_ID), json!(OTHER_ID))];
    let ran = check(
        refused(&system_and(&other)),
        &["RBAC-021"],
        Confidence::High,
    );
    let cause = ran.finding("RBAC-021").cause.as_deref().unwrap();
    assert!(
        cause.ends_with(&format!("chooses them: id-app (client {CLIENT_ID})")),
        "{cause}"
    );
    let ran = check(refused(&system_only()), &["RBAC-021"], Confidence::High);
    assert!(
        !ran.finding("RBAC-021")
            .cause
            .as_deref()
            .unwrap()
            .contains("other identities")
    );
}

#[test]
fn the_denial_is_looked_up_at_the_target() {
    let old = having(&[here(-DAY)], reader());
    let ran = old.with(Route::DenyAssignments, denial(&["*/read"])).run();
    let url = format!(
        "{}/providers/Microsoft.Authorization/denyAssignments?api-version=2022-04-01",
        group_id()
    );
    let expected = format!("az rest --method get --url '{url}'");
    assert_eq!(ran.finding("RBAC-006").remedy.commands[0].run, expected);
}

/// The words are those of Azure/aad-pod-identity#613.
#[test]
fn a_linked_scope_and_a_role_stand_in_the_commands() {
    let scope = format!(
        "{}/providers/Microsoft.Network/virtualNetworks/v/subnets/s",
        other_group()
    );
    let words = format!(
        "The client '{CLIENT_ID}' with object id '{OBJECT_ID}' has permission to perform action 'A/write' on scope 'S'; \
         however, it does not have permission to perform action 'B/join/action' on the linked scope(s) '{scope}' or the \
         linked scope(s) are invalid."
    );
    let line = |words: &str| {
        let ran = target(Reply::arm_error(403, "LinkedAuthorizationFailed", words)).run();
        ran.finding("RBAC-020").remedy.commands[0].run.clone()
    };
    let expected = format!("--role ROLE --scope {scope}");
    assert!(line(&words).ends_with(&expected), "{}", line(&words));
    assert!(line("No.").ends_with("--scope LINKED_SCOPE"));
    let ran = having(&[here(-DAY)], role("VM starter", &["*/start/action"], &[])).run();
    let run = &ran.finding("RBAC-005").remedy.commands[1].run;
    assert!(
        run.starts_with("az role definition list --name 'VM starter'"),
        "{run}"
    );
}

#[test]
fn words_of_a_private_link_point_to_its_page() {
    let refused = |words: &str| target(Reply::arm_error(403, "Forbidden", words));
    let ran = check(
        refused("Public network access is disabled."),
        &["ARM-021"],
        Confidence::High,
    );
    assert!(
        ran.finding("ARM-021")
            .cause
            .as_deref()
            .unwrap()
            .contains("ARM-018")
    );
    let ran = check(refused("No."), &["ARM-021"], Confidence::High);
    assert!(
        !ran.finding("ARM-021")
            .cause
            .as_deref()
            .unwrap()
            .contains("ARM-018")
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
    denial_with(actions, &json!({}))
}

/// A denial with these members in place of its own.
fn denial_with(actions: &[&str], members: &Value) -> Reply {
    let mut denial = json!({
        "id": "/d",
        "properties": {
            "denyAssignmentName": "locked by the stack",
            "scope": group_id(),
            "permissions": [{"actions": actions}],
            "principals": [{"id": OTHER_ID}],
        },
    });
    for (name, value) in members.as_object().unwrap() {
        denial["properties"][name] = value.clone();
    }
    list(&[denial])
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
    // A denial that excepts this identity, or that is for a scope above alone, is none here.
    let everybody_else = json!({"excludePrincipals": [{"id": OBJECT_ID}]});
    let above = json!({"doNotApplyToChildScopes": true, "scope": "/subscriptions/x"});
    for (members, code) in [
        (everybody_else, "RBAC-027"),
        (above, "RBAC-027"),
        (json!({"doNotApplyToChildScopes": true}), "RBAC-006"),
    ] {
        let denial = denial_with(&["*/read"], &members);
        check(
            old().with(Route::DenyAssignments, denial),
            &[code],
            Confidence::Likely,
        );
    }
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
