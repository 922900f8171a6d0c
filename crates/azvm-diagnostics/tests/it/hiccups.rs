//! One request goes wrong and the next does not: the requests that only look who is there are no exception.

use crate::ran::Ran;
use crate::replies::{Reply, challenge, group_answer};
use crate::wire::{Deed, Route};
use crate::world::World;
use azvm_diagnostics::CheckId::{ArmReachable, ImdsReachable};
use azvm_diagnostics::Severity;
use std::time::Duration;

/// What may be over in a moment: a lost connection, and a 5xx with or without words.
fn hiccups() -> [Deed; 5] {
    [
        Deed::Close,
        Deed::Reset,
        Reply::new(503, "").into(),
        Reply::new(500, "Internal Server Error").into(),
        Reply::new(502, "<html>bad gateway</html>").into(),
    ]
}

/// These answers to the first requests of the route, and then those of a healthy world.
fn at_first(route: Route, deeds: impl IntoIterator<Item = Deed>) -> World {
    let good = match route {
        Route::ImdsProbe => Reply::imds_error(
            400,
            "invalid_request",
            "Required metadata header not specified",
        ),
        Route::ArmProbe => challenge(crate::replies::TENANT),
        _ => group_answer(),
    };
    World::healthy().with_all(route, deeds.into_iter().chain([good.into()]))
}

/// Nothing failed, and the hiccups are told in one warning.
#[track_caller]
fn recovered(world: World, code: &str, retries: &str) -> Ran {
    let ran = world.run();
    let shown = ran.verbose_text();
    assert_eq!((ran.exit(), ran.codes()), (0, vec![code]), "{shown}");
    let finding = ran.finding(code);
    assert_eq!(finding.severity, Severity::Warn);
    let told = format!("; recovered after {retries}");
    assert!(finding.title.ends_with(&told), "{}", finding.title);
    ran
}

#[test]
fn the_first_question_to_imds_is_asked_again() {
    for hiccup in hiccups() {
        let once = at_first(Route::ImdsProbe, [hiccup.clone()]);
        let ran = recovered(once, "IMDS-006", "1 retry");
        assert_eq!(
            (ran.asked(Route::ImdsProbe), ran.asked(Route::Token)),
            (2, 1)
        );
        assert_eq!(ran.status(ImdsReachable), "ok");
        let twice = at_first(Route::ImdsProbe, [hiccup.clone(), hiccup]);
        let ran = recovered(twice, "IMDS-006", "2 retries");
        assert_eq!(ran.asked(Route::ImdsProbe), 3);
    }
}

/// The token decides where the first question was never answered.
#[test]
fn a_probe_that_never_passes_is_no_verdict_where_there_is_a_token() {
    for hiccup in [Deed::Close, Reply::new(503, "").into()] {
        let never = World::healthy().with(Route::ImdsProbe, hiccup.clone());
        let ran = recovered(never, "IMDS-006", "3 retries");
        assert_eq!(
            (ran.asked(Route::ImdsProbe), ran.asked(Route::Token)),
            (3, 1)
        );
    }
}

#[test]
fn an_imds_that_never_recovers_did_not() {
    for (deed, code) in [
        (Deed::Close, "IMDS-006"),
        (Reply::new(503, "").into(), "IMDS-006"),
        (Reply::new(500, "Internal Server Error").into(), "NET-014"),
        (
            Reply::new(502, "<html>bad gateway</html>").into(),
            "NET-014",
        ),
    ] {
        let ran = World::healthy().with_imds(deed).run();
        assert_eq!((ran.exit(), ran.codes()), (1, vec![code]));
        assert!(ran.facts.duration < Duration::from_secs(10));
    }
}

/// What is an answer is not asked for twice, and silence is not either.
#[test]
fn an_answer_is_no_hiccup() {
    for deed in [
        Reply::new(400, "<html>Bad Request</html>").into(),
        Reply::new(407, "").into(),
        Reply::new(302, "").with("Location", "/login").into(),
        Deed::Hang(Duration::from_secs(3)),
    ] {
        let ran = World::healthy().with(Route::ImdsProbe, deed).run();
        assert_eq!(ran.asked(Route::ImdsProbe), 1, "{:?}", ran.codes());
    }
    let ran = World::healthy()
        .with(Route::ArmProbe, Reply::new(407, ""))
        .run();
    assert_eq!(ran.asked(Route::ArmProbe), 1);
}

#[test]
fn a_machine_that_just_started_does_not_give_up_at_once() {
    let ran = World::healthy().without_imds().run();
    let probes = ran.facts.timeline.iter();
    let probes = probes.filter(|it| it.action == "imds_probe").count();
    assert_eq!((probes, ran.codes()), (3, vec!["NET-003"]));
}

#[test]
fn the_first_question_to_arm_is_asked_again() {
    let codes = ["ARM-023", "ARM-023", "ARM-019", "ARM-017", "ARM-019"];
    for (hiccup, code) in hiccups().into_iter().zip(codes) {
        let once = at_first(Route::ArmProbe, [hiccup.clone()]);
        let ran = recovered(once, code, "1 retry");
        assert_eq!(
            (ran.asked(Route::ArmProbe), ran.asked(Route::Target)),
            (2, 1)
        );
        assert_eq!(ran.status(ArmReachable), "warn");
        let twice = at_first(Route::ArmProbe, [hiccup.clone(), hiccup]);
        recovered(twice, code, "2 retries");
    }
}

#[test]
fn an_arm_that_never_recovers_did_not() {
    for (deed, code) in [
        (Deed::Close, "ARM-023"),
        (Reply::new(503, "").into(), "ARM-017"),
        (
            Reply::new(502, "").with("Via", "1.1 proxy").into(),
            "ARM-019",
        ),
    ] {
        let ran = World::healthy().with(Route::ArmProbe, deed).run();
        assert_eq!((ran.exit(), ran.codes()), (1, vec![code]));
        assert_eq!(
            (ran.asked(Route::ArmProbe), ran.asked(Route::Target)),
            (3, 0)
        );
    }
    // ARM itself in trouble is asked for the target, and nothing recovered meanwhile.
    let busy = Reply::arm_error(500, "InternalServerError", "…");
    let ran = World::healthy().with(Route::ArmProbe, busy).run();
    assert_eq!((ran.exit(), ran.codes()), (0, vec![]));
}
