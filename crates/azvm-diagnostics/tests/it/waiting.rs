//! `--wait`: a role under way, and what waiting cannot change.

use crate::ran::Ran;
use crate::replies::{
    CLIENT_ID, OBJECT_ID, OTHER_ID, Reply, assigned, denied, forbidden, group_answer, in_secs,
};
use crate::wire::{Deed, Route};
use crate::world::World;
use azvm_diagnostics::CheckId::ArmTarget;

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
    check(world, 1, &["RBAC-005"], &[0, 5, 10]);
}

#[test]
fn another_principal_is_not_propagation() {
    let other = forbidden(
        OTHER_ID,
        "Microsoft.Resources/subscriptions/resourceGroups/read",
    );
    let world = listed(targets([other]), -120).waiting(10);
    let ran = check(world, 1, &["RBAC-004"], &[0, 5, 10]);
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
