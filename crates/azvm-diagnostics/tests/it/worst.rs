//! How long a run takes when nobody answers, by a clock of its own, and what it says meanwhile.

use crate::access::{DAY, having, here, reader, starter, target};
use crate::ran::Ran;
use crate::replies::{
    CLIENT_ID, OBJECT_ID, Reply, denied, identity_id, machine_answer, system_and,
};
use crate::wire::{Deed, Route};
use crate::world::World;
use serde_json::json;
use std::time::Duration;

/// Whatever does not answer, the run is over before that.
const LIMIT: Duration = Duration::from_secs(20);

/// For the files of a machine that is not a simulated one.
const FILES: Duration = Duration::from_secs(1);

/// For the platform's address, when IMDS at its own address let nobody connect.
const PLATFORM: Duration = Duration::from_secs(2);

const ALL: [Route; 7] = [
    Route::ImdsProbe,
    Route::Instance,
    Route::IdentityInfo,
    Route::Token,
    Route::ArmProbe,
    Route::Target,
    Route::RoleAssignments,
];

/// These never answer.
fn silent(routes: &[Route]) -> Ran {
    silent_in(World::healthy(), routes)
}

fn silent_in(world: World, routes: &[Route]) -> Ran {
    let world = routes
        .iter()
        .fold(world, |world, &route| world.with(route, Deed::Mute));
    world.run()
}

#[test]
fn whoever_falls_silent_it_is_over_in_time() {
    for first in 0..ALL.len() {
        for routes in [&ALL[first..], &ALL[first..=first]] {
            let ran = silent(routes);
            let platform = match routes[0] {
                Route::ImdsProbe => PLATFORM,
                _ => Duration::ZERO,
            };
            let took = FILES + platform + ran.facts.duration;
            assert!(took < LIMIT, "{routes:?}: {took:?}\n{:?}", ran.told);
            assert!(!ran.facts.is_cut_short, "{routes:?}");
        }
    }
}

/// A hiccup costs no time on top of the silence that follows it.
#[test]
fn whoever_stumbles_before_falling_silent_it_is_over_in_time() {
    let error = || Deed::from(Reply::new(503, ""));
    for stumbles in [
        vec![error(), error()],
        vec![Deed::Close, error()],
        vec![error(), error(), error()],
        vec![Deed::Close, Deed::Close, Deed::Close],
    ] {
        let silent = [stumbles, vec![Deed::Mute]].concat();
        let world = World::healthy()
            .with_all(Route::ImdsProbe, silent.clone())
            .with_all(Route::ArmProbe, silent);
        let ran = silent_in(world, &[Route::Instance, Route::Token, Route::Target]);
        let took = FILES + PLATFORM + ran.facts.duration;
        assert!(took < LIMIT, "{took:?}\n{:?}", ran.told);
        assert!(!ran.facts.is_cut_short);
    }
}

/// A world, and what is asked in it one after the other.
type Asked = (fn() -> World, &'static [Route]);

/// The machine is not where IMDS says.
fn moved() -> World {
    let lost = Reply::arm_error(404, "ResourceNotFound", "The Resource was not found.");
    target(denied()).with(Route::Model, lost)
}

/// A user-assigned identity is refused, which the machine has.
fn user_assigned() -> World {
    let id = identity_id("app-id");
    let attached = system_and(&[(&id, json!(CLIENT_ID), json!(OBJECT_ID))]);
    let world = target(denied()).with_claims(&json!({"xms_mirid": id}));
    world.with(Route::Model, machine_answer(&attached))
}

#[test]
fn whoever_falls_silent_after_a_refusal_it_is_over_in_time() {
    use Route::{
        AssignmentsElsewhere, DenyAssignments, Identity, Machines, Model, Permissions,
        RoleAssignments, RoleDefinition, Subscriptions,
    };
    let worlds: [Asked; 5] = [
        (
            || having(&[here(-DAY)], reader()),
            &[
                Subscriptions,
                RoleAssignments,
                RoleDefinition,
                DenyAssignments,
                Model,
            ],
        ),
        (
            || having(&[here(-DAY)], starter()),
            &[RoleDefinition, AssignmentsElsewhere, Model],
        ),
        (
            || target(denied()),
            &[Subscriptions, RoleAssignments, Permissions, Model],
        ),
        (moved, &[Subscriptions, Machines]),
        (user_assigned, &[Subscriptions, RoleAssignments, Identity]),
    ];
    for (world, asked) in worlds {
        for first in 0..asked.len() {
            let after = [&[Route::IdentityInfo], &asked[first..]].concat();
            for routes in [&after[..], &asked[first..=first]] {
                let ran = silent_in(world(), routes);
                assert_ne!(ran.asked(asked[first]), 0, "{routes:?}");
                let took = FILES + ran.facts.duration;
                assert!(took < LIMIT, "{routes:?}: {took:?}\n{:?}", ran.told);
                assert!(!ran.facts.is_cut_short, "{routes:?}");
            }
        }
    }
}

/// One silence of ARM is enough: what comes after a refusal only explains it, and what the machine is has one second.
#[test]
fn silence_is_paid_for_once() {
    use Route::{Identity, Model, RoleAssignments, Subscriptions};
    let ran = silent_in(user_assigned(), &[Subscriptions, RoleAssignments, Model]);
    assert_eq!(ran.asked(RoleAssignments), 0);
    let ran = silent_in(user_assigned(), &[RoleAssignments, Identity]);
    let last = ran.facts.timeline.last().unwrap();
    assert_eq!(last.action, "identity_get");
    assert!(last.took < Duration::from_secs(4), "{:?}", last.took);
}

/// A question after one that got no answer still gets its time.
#[test]
fn the_token_has_its_time_after_silence_about_the_machine() {
    let ran = silent(&ALL);
    let secs = |took: Duration| (took.as_millis() + 500) / 1000;
    let silences = |ran: &Ran| -> Vec<(String, u128)> {
        let entries = ran.facts.timeline.iter();
        let silent = entries.filter(|it| it.outcome.is_err());
        silent
            .map(|it| (it.action.to_string(), secs(it.took)))
            .collect()
    };
    let entry = |action: &str, secs| (action.to_string(), secs);
    assert_eq!(
        silences(&ran),
        [entry("imds_probe", 3), entry("arm_probe", 8)]
    );
    let ran = silent(&ALL[1..]);
    let expected = [
        entry("imds_instance", 5),
        entry("imds_identity_info", 1),
        entry("imds_token", 4),
        entry("arm_probe", 8),
    ];
    assert_eq!(silences(&ran), expected);
}

#[test]
fn it_says_what_it_waits_for() {
    let told = silent(&ALL).told;
    for action in ["imds_probe", "arm_probe"] {
        let is_told =
            |line: &&String| line.starts_with(&format!("still calling {action} after 2 s"));
        assert_eq!(told.iter().filter(is_told).count(), 1, "{told:?}");
    }
    let told = World::healthy().run().told;
    assert!(
        !told.iter().any(|line| line.starts_with("still")),
        "{told:?}"
    );
}
