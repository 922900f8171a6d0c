//! A bug in a part of the doctor: the other parts go on, and every form of the report says so.

use crate::ran::Ran;
use crate::world::World;
use azvm_diagnostics::CheckId::{ArmReachable, ArmTarget, HostPlatform, ImdsReachable};
use azvm_diagnostics::Format;
use azvm_diagnostics::facts::Part;

#[track_caller]
fn crashed(ran: &Ran, parts: &[Part], statuses: [&str; 7]) {
    assert_eq!(ran.facts.crashed, parts);
    let seen = ran
        .diagnosis
        .checks
        .iter()
        .map(|check| check.status.as_str());
    assert!(seen.eq(statuses), "{}", ran.text());
    assert_eq!(ran.exit(), 70);
    for format in Format::ALL {
        let said = ran.render(format);
        let says = said.to_lowercase().contains("crash");
        let says = says || format == Format::Oneline && said.contains(" 70 ");
        assert!(says, "{format:?}: {said}");
    }
    let junit = ran.render(Format::Junit);
    assert!(junit.contains("<error type=\"crash\""), "{junit}");
    let json = ran.json();
    assert_eq!(
        (&json["result"], &json["exit_code"]),
        (&"crashed".into(), &70.into())
    );
}

#[test]
fn arm_is_examined_when_imds_crashes() {
    let ran = World::healthy().crashing_at("imds_probe").run();
    let crash = "crashed";
    crashed(
        &ran,
        &[Part::Imds],
        ["ok", crash, crash, crash, crash, "ok", "unknown"],
    );
}

#[test]
fn what_was_asked_before_the_crash_is_in_the_timeline() {
    let ran = World::healthy().crashing_at("imds_token").run();
    assert_eq!(ran.status(ImdsReachable), "crashed");
    let actions: Vec<_> = ran
        .facts
        .timeline
        .iter()
        .map(|entry| &*entry.action)
        .collect();
    assert_eq!(
        actions,
        [
            "imds_probe",
            "imds_instance",
            "imds_identity_info",
            "arm_probe"
        ]
    );
}

#[test]
fn imds_is_judged_when_arm_crashes() {
    let ran = World::healthy().crashing_at("target_get").run();
    crashed(
        &ran,
        &[Part::Arm],
        ["ok", "ok", "ok", "ok", "ok", "crashed", "crashed"],
    );
}

#[test]
fn a_failure_is_told_beside_a_crash() {
    let ran = World::healthy()
        .without_imds()
        .crashing_at("arm_probe")
        .run();
    assert_eq!(ran.causes(), ["NET-003"]);
    assert_eq!((ran.status(ArmReachable), ran.exit()), ("crashed", 70));
}

#[test]
fn the_machine_that_cannot_be_seen_stops_nothing_else_from_being_asked() {
    let ran = World::healthy().run();
    let ran = ran.with_facts(|facts| facts.crashed.push(Part::Host));
    assert_eq!(ran.status(HostPlatform), "crashed");
    assert_eq!(ran.status(ArmTarget), "ok");
    assert_eq!(ran.exit(), 70);
}
