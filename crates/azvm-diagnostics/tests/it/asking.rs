//! What is asked after a refusal, how far, and what the caller's own word adds: the time of a grant, and its principal.

use crate::access::{
    DAY, READ, check, expecting, having, here, nothing, other_group, reader, starter, target,
    unregistered,
};
use crate::ran::Ran;
use crate::replies::{
    CLIENT_ID, OBJECT_ID, OTHER_ID, Reply, SUBSCRIPTION, TENANT, denied, forbidden, given,
    group_id, in_secs, list, list_with_more, subscriptions,
};
use crate::wire::{Deed, Route};
use crate::world::World;
use azvm_arm::Cloud;
use azvm_diagnostics::CheckId::{ArmReachable, ArmTarget, TokenClaims};
use azvm_diagnostics::{Confidence, Severity};
use azvm_exchange::Timestamp;
use azvm_imds::Audience;
use serde_json::{Value, json};

fn granted(world: World, secs: i64) -> World {
    let time = Timestamp::from_unix_seconds(in_secs(secs));
    world.asking(move |config| config.with_granted_at(time))
}

fn advises_to_wait(ran: &Ran) -> bool {
    let remedy = &ran.finding("RBAC-021").remedy;
    let waits = |run: &str| run.contains("--wait");
    remedy.text.contains("wait up to") || remedy.commands.iter().any(|it| waits(&it.run))
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
    let ran = check(
        sees(subscriptions(&[OTHER_ID]).into()),
        &["RBAC-021"],
        Confidence::High,
    );
    let cause = ran.finding("RBAC-021").cause.as_deref().unwrap();
    assert!(!cause.contains("no other role"), "{cause}");
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
fn a_role_in_another_subscription_is_named() {
    let cause = |world: World| {
        let ran = check(world, &["RBAC-021"], Confidence::High);
        ran.finding("RBAC-021").cause.clone().unwrap()
    };
    let sees = |ids: &[&str]| target(denied()).with(Route::Subscriptions, subscriptions(ids));
    let another = cause(sees(&[OTHER_ID]));
    let expected = format!(
        "the identity has a role in another subscription ({OTHER_ID}), for it sees it, and does not see the target's, \
         {SUBSCRIPTION}: perhaps the role was assigned in the wrong subscription"
    );
    assert!(another.starts_with(&expected), "{another}");
    let named =
        sees(&[OTHER_ID]).asking(|config| config.with_target(group_id().parse().unwrap()).unwrap());
    let named = cause(named);
    assert!(
        named.contains("perhaps --target names the wrong subscription"),
        "{named}"
    );
    let ran = sees(&[OTHER_ID]).run();
    let seen = format!("1, not the target's: {OTHER_ID}");
    assert_eq!(ran.evidence(ArmTarget, "subscriptions"), Some(&*seen));
    // Whoever sees the target's as well has a role in it, and the rest of a list may have it.
    for ids in [&[SUBSCRIPTION][..], &[OTHER_ID, SUBSCRIPTION]] {
        let both = cause(sees(ids));
        assert!(
            both.starts_with("the identity has a role somewhere in this subscription"),
            "{both}"
        );
    }
    let other = json!({"id": "/subscriptions/x", "subscriptionId": OTHER_ID, "state": "Enabled"});
    let more = list_with_more(&[other], "http://{host}/subscriptions?page=2");
    let more = cause(target(denied()).with(Route::Subscriptions, more));
    assert!(
        more.contains("sees 1 and more; the target's is not among the first"),
        "{more}"
    );
    // A report of a version that kept no IDs names none.
    let older = ran.with_facts(|facts| {
        let call = facts.arm.rights.subscriptions.as_mut().unwrap();
        call.answer.as_mut().unwrap().others.clear();
    });
    let older = older.finding("RBAC-021").cause.clone().unwrap();
    assert!(
        older.contains("in another subscription, for it sees it"),
        "{older}"
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
    assert!(!advises_to_wait(&ran));
    // Clocks differ; but what is to come has not been granted.
    check(blind(240), &["RBAC-002"], Confidence::Likely);
    let ran = check(blind(600), &["RBAC-021"], Confidence::High);
    let cause = ran.finding("RBAC-021").cause.as_deref().unwrap();
    assert!(cause.contains("has not come yet"), "{cause}");
    assert!(advises_to_wait(&ran));
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
    let cause = ran.finding("RBAC-021").cause.as_deref().unwrap();
    assert!(
        cause.ends_with("the list of its role assignments did not come whole"),
        "{cause}"
    );
    // One that was refused is another matter.
    let ran = check(target(denied()), &["RBAC-021"], Confidence::High);
    let cause = ran.finding("RBAC-021").cause.as_deref().unwrap();
    assert!(
        cause.ends_with("lacks the action, it may not list"),
        "{cause}"
    );
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
    let is_arm = |seen: &&crate::wire::Seen| {
        // The machine itself is somebody else's question.
        !seen.target().starts_with("/metadata") && seen.route != Some(Route::Model)
    };
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
    let finding = ran.finding("RBAC-005");
    assert_eq!(finding.confidence, Confidence::Possible);
    let cause = finding.cause.as_deref().unwrap();
    assert!(
        cause.starts_with("the definitions of 6 roles at the target were not read"),
        "{cause}"
    );
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

/// The three youngest are looked at.
#[test]
fn a_role_that_was_not_looked_at_proves_nothing() {
    let role = |at: i64| {
        let id = format!("5555555{at}-bbbb-4000-8000-000000000005");
        given(&id, &group_id(), -DAY * (at + 1))
    };
    let roles: Vec<Value> = (0..4).map(role).collect();
    let ran = check(
        having(&roles, starter()),
        &["RBAC-005"],
        Confidence::Possible,
    );
    assert_eq!(ran.asked(Route::RoleDefinition), 3);
    let cause = ran.finding("RBAC-005").cause.as_deref().unwrap();
    assert!(
        cause.starts_with("the definition of 1 role at the target was not read"),
        "{cause}"
    );
    check(
        having(&roles[..3], starter()),
        &["RBAC-005"],
        Confidence::High,
    );
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
