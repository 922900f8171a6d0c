//! `--wait`: a role under way, and what waiting cannot change.

use crate::ran::Ran;
use crate::replies::{
    CLIENT_ID, OBJECT_ID, OTHER_ID, Reply, assigned, denied, forbidden, group_answer, in_secs,
};
use crate::wire::{Deed, Route};
use crate::world::World;
use azvm_diagnostics::CheckId::ArmTarget;
use azvm_diagnostics::facts::Trouble;
use proptest::prelude::*;
use std::time::Duration;

/// Ends with this exit code and these codes after the target was tried at these seconds.
#[track_caller]
fn check(world: World, exit: u8, codes: &[&str], tries: &[u64]) -> Ran {
    let ran = world.run();
    let shown = ran.verbose_text();
    assert_eq!((ran.exit(), ran.codes()), (exit, codes.to_vec()), "{shown}");
    let samples = &ran.facts.arm.target.as_ref().unwrap().samples;
    let at: Vec<u64> = samples.iter().map(|sample| sample.at.as_secs()).collect();
    assert_eq!(at, tries, "{shown}");
    ran
}

fn targets<D: Into<Deed>>(deeds: impl IntoIterator<Item = D>) -> World {
    World::healthy().with_all(Route::Target, deeds)
}

fn listed(world: World, created_secs: i64) -> World {
    let list = assigned(in_secs(created_secs), in_secs(created_secs));
    world.with(Route::RoleAssignments, list)
}

#[test]
fn a_role_that_arrives_is_stable_after_three_successes() {
    let world = targets([denied(), group_answer()]).waiting(60);
    let ran = check(world, 0, &[], &[0, 5, 10, 15]);
    assert_eq!(ran.status(ArmTarget), "ok");
    assert!(
        ran.text().contains("stable after 15 s"),
        "{}",
        ran.verbose_text()
    );
    assert_eq!(
        ran.evidence(ArmTarget, "tries"),
        Some("403 after 0 s, 200 after 5 s, 200 after 10 s, 200 after 15 s")
    );
}

#[test]
fn without_waiting_there_is_one_try_and_exit_1() {
    check(targets([denied()]), 1, &["RBAC-021"], &[0]);
    check(listed(targets([denied()]), -120), 1, &["RBAC-002"], &[0]);
}

#[test]
fn no_role_for_the_whole_wait_may_still_be_propagation() {
    let tries = [0, 5, 15, 30, 50, 60];
    let ran = check(
        targets([denied()]).waiting(60),
        4,
        &["RBAC-021"],
        &tries[..],
    );
    let cause = ran.finding("RBAC-021").cause.as_deref().unwrap();
    assert!(cause.contains("waited 1 min 0 s"), "{cause}");
    // The list is asked for once, at the end.
    assert_eq!(ran.asked(Route::RoleAssignments), 1);
}

#[test]
fn after_the_official_maximum_no_role_is_a_failure() {
    let ran = targets([denied()]).waiting(600).run();
    assert_eq!((ran.exit(), ran.codes()), (1, vec!["RBAC-021"]));
    let samples = &ran.facts.arm.target.as_ref().unwrap().samples;
    assert_eq!(
        samples.last().map(|sample| sample.at.as_secs() / 10),
        Some(60)
    );
    let ran = targets([denied()]).waiting(599).run();
    assert_eq!(ran.exit(), 4);
}

#[test]
fn a_young_assignment_says_that_it_is_propagation() {
    let world = listed(targets([denied()]), -120).waiting(10);
    let ran = check(world, 4, &["RBAC-002"], &[0, 5, 10]);
    let cause = ran.finding("RBAC-002").cause.as_deref().unwrap();
    assert!(
        cause.contains("made 2 min") && cause.contains("10 min"),
        "{cause}"
    );
}

#[test]
fn an_old_assignment_says_that_waiting_is_in_vain() {
    let world = listed(targets([denied()]), -86_400).waiting(10);
    check(world, 1, &["RBAC-027"], &[0, 5, 10]);
}

#[test]
fn another_principal_is_not_propagation() {
    let other = forbidden(
        OTHER_ID,
        "Microsoft.Resources/subscriptions/resourceGroups/read",
    );
    let world = listed(targets([other]), -120).waiting(10);
    let ran = check(world, 1, &["RBAC-004"], &[0]);
    // Nor is anything else asked about the wrong one.
    assert_eq!(ran.asked(Route::RoleAssignments), 0);
    let finding = ran.finding("RBAC-004");
    let cause = finding.cause.as_deref().unwrap();
    assert!(
        cause.contains(OBJECT_ID) && cause.contains(OTHER_ID),
        "{cause}"
    );
    assert!(cause.contains("waiting will not help"), "{cause}");
    assert!(
        finding.remedy.commands[0].run.contains(OTHER_ID),
        "{:?}",
        finding.remedy
    );
}

#[test]
fn a_refusal_between_successes_starts_the_count_anew() {
    let world = targets([group_answer(), denied(), group_answer()]).waiting(60);
    let ran = check(world, 0, &["RBAC-016"], &[0, 5, 10, 15, 20]);
    assert_eq!(ran.status(ArmTarget), "note");
    let world = targets([group_answer(), group_answer(), denied(), group_answer()]).waiting(60);
    check(world, 0, &["RBAC-016"], &[0, 5, 10, 15, 20, 25]);
}

#[test]
fn what_waiting_cannot_change_ends_it_at_once() {
    for (status, code, expected) in [
        (403, "DenyAssignmentAuthorizationFailed", "RBAC-006"),
        (404, "ResourceGroupNotFound", "RID-007"),
        (401, "ExpiredAuthenticationToken", "TOKEN-005"),
        (401, "InvalidAuthenticationToken", "ARM-012"),
    ] {
        let world = targets([Reply::arm_error(status, code, "…")]).waiting(600);
        check(world, 1, &[expected], &[0]);
    }
    // Also when it comes later.
    let deny = Reply::arm_error(403, "DenyAssignmentAuthorizationFailed", "…");
    check(
        targets([denied(), deny]).waiting(600),
        1,
        &["RBAC-006"],
        &[0, 5],
    );
}

#[test]
fn a_condition_that_is_not_met_is_not_propagation() {
    let words = format!(
        "The client '{CLIENT_ID}' with object id '{OBJECT_ID}' has an authorization with ABAC condition that is not \
         fulfilled to perform action 'A/read' over scope 'S'."
    );
    let world = targets([Reply::arm_error(403, "AuthorizationFailed", &words)]).waiting(10);
    check(world, 1, &["RBAC-007"], &[0, 5, 10]);
}

#[test]
fn trouble_that_passes_is_waited_out() {
    let closed = [
        Deed::Close,
        Deed::Close,
        denied().into(),
        group_answer().into(),
    ];
    let ran = targets(closed).waiting(60).run();
    assert_eq!(
        (ran.exit(), ran.codes()),
        (0, vec![]),
        "{}",
        ran.verbose_text()
    );
    let busy = Reply::arm_error(503, "ServerTimeout", "…");
    let ran = targets(vec![busy; 4].into_iter().chain([group_answer()]))
        .waiting(60)
        .run();
    assert_eq!(
        (ran.exit(), ran.codes()),
        (0, vec![]),
        "{}",
        ran.verbose_text()
    );
}

#[test]
fn trouble_for_the_whole_wait_is_not_propagation() {
    let ran = targets([Reply::arm_error(503, "ServerTimeout", "…")])
        .waiting(60)
        .run();
    assert_eq!((ran.exit(), ran.codes()), (1, vec!["ARM-017"]));
}

#[test]
fn a_success_is_confirmed_past_the_time() {
    let world = targets([denied(), group_answer()]).waiting(6);
    let ran = check(world, 0, &[], &[0, 5, 10, 15]);
    assert_eq!(ran.status(ArmTarget), "ok");
}

#[test]
fn without_a_token_there_is_nothing_to_wait_for() {
    let refused = Reply::imds_error(400, "invalid_request", "Identity not found");
    let ran = World::healthy()
        .with(Route::Token, refused)
        .waiting(600)
        .run();
    assert_eq!((ran.exit(), ran.codes()), (1, vec!["IDSEL-001"]));
    assert_eq!(ran.asked(Route::Target), 0);
}

#[test]
fn somebody_who_waits_is_told() {
    let ran = targets([denied(), group_answer()]).waiting(60).run();
    let expected = [
        "calling imds_probe",
        "imds_probe: Ok(400)",
        "calling imds_instance",
        "imds_instance: Ok(200)",
        "calling imds_identity_info",
        "imds_identity_info: Ok(200)",
        "calling imds_token",
        "imds_token: Ok(200)",
        "calling arm_probe",
        "arm_probe: Ok(401)",
        "calling target_get",
        "target_get: Ok(403)",
        "try 1: Ok(403) after 0 s, next in 5 s",
        "calling target_get",
        "target_get: Ok(200)",
        "try 2: Ok(200) after 5 s, next in 5 s",
        "calling target_get",
        "target_get: Ok(200)",
        "try 3: Ok(200) after 10 s, next in 5 s",
        "calling target_get",
        "target_get: Ok(200)",
        "calling model_get",
        "model_get: Ok(200)",
    ];
    assert_eq!(ran.told, expected);
    let ran = World::healthy().without_arm().run();
    let refused = "arm_probe: Err(\"connection refused\")";
    assert!(
        ran.told.iter().any(|told| told == refused),
        "{:?}",
        ran.told
    );
}

#[test]
fn access_that_was_seen_and_lost_is_not_a_missing_role() {
    let world = targets([group_answer(), denied()]).waiting(20);
    let ran = world.run();
    assert_eq!((ran.exit(), ran.codes()), (4, vec!["RBAC-016"]));
}

#[test]
fn another_principal_after_a_while_ends_the_waiting() {
    let other = forbidden(
        OTHER_ID,
        "Microsoft.Resources/subscriptions/resourceGroups/read",
    );
    check(
        targets([denied(), other]).waiting(600),
        1,
        &["RBAC-004"],
        &[0, 5],
    );
}

#[test]
fn a_throttled_arm_is_left_alone_as_long_as_it_asks() {
    let busy = |secs: &str| {
        Reply::arm_error(429, "TooManyRequests", "…").with("Retry-After", secs.to_string())
    };
    let ran = targets([busy("45"), group_answer()]).waiting(120).run();
    let shown = ran.verbose_text();
    assert_eq!((ran.exit(), ran.codes()), (0, vec![]), "{shown}");
    let samples = &ran.facts.arm.target.as_ref().unwrap().samples;
    let at: Vec<u64> = samples.iter().map(|sample| sample.at.as_secs()).collect();
    assert_eq!(at, [0, 45, 50, 55], "{shown}");
    // There is not so much time.
    let ran = targets([busy("300"), group_answer()]).waiting(120).run();
    assert_eq!((ran.exit(), ran.codes()), (1, vec!["ARM-016"]));
    assert_eq!(ran.asked(Route::Target), 1);
}

#[test]
fn access_that_nobody_had_time_to_confirm_is_not_fine() {
    let world = targets([denied(), group_answer()]).waiting(6);
    let ran = world
        .asking(|config| config.with_timeout(Duration::from_secs(1)))
        .run();
    assert_eq!(ran.status(ArmTarget), "unknown", "{}", ran.verbose_text());
    assert_eq!(ran.exit(), 5);
    assert!(ran.text().contains("not stable"), "{}", ran.text());
}

/// What the target may answer.
fn anything() -> impl Strategy<Value = Reply> {
    let other = || forbidden(OTHER_ID, "A/read");
    prop_oneof![
        3 => Just(group_answer()),
        3 => Just(denied()),
        1 => Just(other()),
        1 => Just(Reply::arm_error(403, "DenyAssignmentAuthorizationFailed", "…")),
        1 => Just(Reply::arm_error(401, "ExpiredAuthenticationToken", "…")),
        1 => Just(Reply::arm_error(503, "ServerTimeout", "…")),
        1 => Just(Reply::new(200, "<html>")),
        1 => (0_u32..90).prop_map(|secs| {
            Reply::arm_error(429, "TooManyRequests", "…").with("Retry-After", secs.to_string())
        }),
    ]
}

/// What the list may answer: closed, empty, young, old.
fn any_list() -> impl Strategy<Value = Reply> {
    prop_oneof![
        Just(forbidden(OBJECT_ID, "A/read")),
        Just(Reply::arm(200, r#"{"value":[]}"#)),
        (0_i64..2000).prop_map(|age| assigned(in_secs(-age), in_secs(-age))),
        Just(Reply::arm(200, "{")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    /// The whole procedure over sockets, with whatever an ARM may say one after the other.
    #[test]
    fn any_arm_is_waited_for_in_time_and_nothing_is_claimed_that_was_not_seen(
        script in proptest::collection::vec(anything(), 1..8),
        list in any_list(),
        wait in 1_u64..120,
    ) {
        let ran = targets(script).with(Route::RoleAssignments, list).waiting(wait).run_unchecked();
        let target = ran.facts.arm.target.as_ref().unwrap();
        // A try that began at the deadline may be retried for as long as one call may take.
        let end = Duration::from_secs(wait + 10) + Duration::from_secs(31);
        prop_assert!(target.waited <= end, "{:?}", target.waited);
        let successes = target.samples.iter().rev().take_while(|it| it.call.answer.is_ok()).count();
        if ran.status(ArmTarget) == "ok" {
            prop_assert!(successes >= 3, "{}", ran.verbose_text());
        }
        let last = target.samples.last().unwrap();
        let is_other = match &last.call.answer {
            Err(Trouble::Refused(error)) => error.denied().and_then(|it| it.object_id).as_deref() == Some(OTHER_ID),
            _ => false,
        };
        if is_other {
            prop_assert_eq!(ran.causes(), ["RBAC-004"]);
        }
        // What says *propagating* has seen an assignment or an earlier success.
        let was_allowed = target.samples.iter().any(|it| it.call.answer.is_ok());
        let is_listed = match ran.facts.arm.role_assignments.as_ref().map(|call| &call.answer) {
            Some(Ok(list)) => !list.value.is_empty(),
            _ => false,
        };
        if ran.codes().contains(&"RBAC-002") {
            prop_assert!(is_listed, "{}", ran.verbose_text());
        }
        if ran.codes().contains(&"RBAC-016") {
            prop_assert!(was_allowed, "{}", ran.verbose_text());
        }
        if ran.codes().contains(&"RBAC-001") {
            let list = ran.facts.arm.role_assignments.as_ref().unwrap();
            prop_assert!(list.answer.as_ref().is_ok_and(|list| list.value.is_empty()));
        }
    }
}
