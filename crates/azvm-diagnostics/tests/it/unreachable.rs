//! What no socket on loopback can say. Facts of a real run, with the one answer replaced that needs a firewall, a
//! resolver or another cloud's address.

use crate::ran::Ran;
use crate::replies::denied;
use crate::wire::Route;
use crate::world::World;
use azvm_diagnostics::CheckId::{ArmReachable, ArmTarget, ImdsReachable, TokenClaims};
use azvm_diagnostics::Status;
use azvm_diagnostics::facts::{Facts, Trouble, Withheld};
use azvm_exchange::{Failure, FailureKind, Phase};
use azvm_imds::Audience;

const KINDS: [FailureKind; 18] = [
    FailureKind::Certificate,
    FailureKind::CertificateDates,
    FailureKind::CertificateName,
    FailureKind::ClientCertificate,
    FailureKind::Closed,
    FailureKind::Denied,
    FailureKind::NameNotFound,
    FailureKind::NoTls,
    FailureKind::Protocol,
    FailureKind::Refused,
    FailureKind::Reset,
    FailureKind::ResolverFailed,
    FailureKind::Timeout,
    FailureKind::Tls,
    FailureKind::TooLarge,
    FailureKind::Unreachable,
    FailureKind::Unsafe,
    FailureKind::Other,
];

const PHASES: [Phase; 5] = [
    Phase::Resolve,
    Phase::Connect,
    Phase::Tls,
    Phase::FirstByte,
    Phase::Body,
];

fn failure(kind: FailureKind, phase: Phase) -> Failure {
    Failure::new(kind, phase, "in the system's words".into())
}

fn silence_imds(facts: &mut Facts, failure: Failure) {
    facts.imds.probe.as_mut().unwrap().answer = Err(Trouble::Silent(failure));
}

fn silence_arm(facts: &mut Facts, failure: Failure) {
    facts.arm.probe.as_mut().unwrap().answer = Err(Trouble::Silent(failure));
}

#[track_caller]
fn check(ran: &Ran, expected: &[&str]) {
    crate::reports::check_sound(ran);
    assert_eq!(ran.codes(), expected, "{}", ran.verbose_text());
}

#[test]
fn a_way_to_imds_is_missing_or_forbidden() {
    let refused = World::healthy().without_imds().run();
    for (kind, code) in [
        (FailureKind::Unreachable, "NET-001"),
        (FailureKind::Timeout, "NET-002"),
        (FailureKind::Refused, "NET-003"),
        (FailureKind::Denied, "NET-004"),
    ] {
        let ran = refused.with_facts(|facts| silence_imds(facts, failure(kind, Phase::Connect)));
        check(&ran, &[code]);
        assert_eq!(ran.status(ImdsReachable), "fail");
        assert_eq!((ran.exit(), ran.causes()), (1, vec![code]));
    }
}

#[test]
fn the_name_of_arm_is_not_known() {
    let refused = World::healthy().without_arm().run();
    for (kind, phase, code) in [
        (FailureKind::NameNotFound, Phase::Resolve, "ARM-001"),
        (FailureKind::ResolverFailed, Phase::Resolve, "ARM-001"),
        (FailureKind::Timeout, Phase::Resolve, "ARM-001"),
        (FailureKind::Timeout, Phase::Connect, "ARM-003"),
        (FailureKind::Unreachable, Phase::Connect, "ARM-003"),
        (FailureKind::Denied, Phase::Connect, "ARM-003"),
        (FailureKind::Timeout, Phase::Tls, "ARM-007"),
        (FailureKind::Timeout, Phase::FirstByte, "ARM-023"),
        (FailureKind::Reset, Phase::Body, "ARM-023"),
        (FailureKind::CertificateName, Phase::Tls, "ARM-022"),
        (FailureKind::ClientCertificate, Phase::FirstByte, "ARM-007"),
        (FailureKind::NoTls, Phase::Tls, "ARM-007"),
    ] {
        let ran = refused.with_facts(|facts| silence_arm(facts, failure(kind, phase)));
        check(&ran, &[code]);
        assert_eq!(ran.status(ArmReachable), "fail");
        assert_eq!((ran.exit(), ran.causes()), (1, vec![code]));
    }
}

/// The machine cannot check certificates, so that nothing was sent.
#[test]
fn a_machine_without_certificate_authorities() {
    let refused = World::healthy().without_arm().run();
    let ran = refused.with_facts(|facts| {
        silence_arm(facts, failure(FailureKind::Certificate, Phase::Tls));
        facts.arm.probe.as_mut().unwrap().attempts.clear();
    });
    check(&ran, &["ARM-005"]);
    assert_eq!((ran.exit(), ran.causes()), (1, vec!["ARM-005"]));
    assert_eq!(ran.status(ArmTarget), "skipped");
}

#[test]
fn every_failure_anywhere_is_a_failure_with_a_code() {
    let healthy = World::healthy().run();
    for kind in KINDS {
        for phase in PHASES {
            let silent = || failure(kind, phase);
            let changed = [
                healthy.with_facts(|facts| silence_imds(facts, silent())),
                healthy.with_facts(|facts| silence_arm(facts, silent())),
                healthy.with_facts(|facts| {
                    facts.imds.token.as_mut().unwrap().answer = Err(Trouble::Silent(silent()));
                }),
                healthy.with_facts(|facts| {
                    let samples = &mut facts.arm.target.as_mut().unwrap().samples;
                    samples[0].call.answer = Err(Trouble::Silent(silent()));
                }),
            ];
            // A lost connection is a hiccup when the request for a token was answered.
            let is_hiccup = matches!(kind, FailureKind::Closed | FailureKind::Reset);
            let exits = [i32::from(!is_hiccup), 1, 1, 1];
            for (ran, exit) in changed.iter().zip(exits) {
                crate::reports::check_sound(ran);
                let shown = ran.verbose_text();
                assert_eq!(i32::from(ran.exit()), exit, "{kind:?} {phase:?}\n{shown}");
            }
        }
    }
}

#[test]
fn a_token_that_was_kept_from_arm_is_a_note() {
    // Asking a cloud's own ARM is not for a test; that a named one does get the token is in `neighbours`.
    let asked = Audience::new("https://storage.azure.com/").unwrap();
    let world = World::healthy()
        .with(Route::Target, denied())
        .asking(|config| config.with_audience(asked));
    let ran = world.run().with_facts(|facts| {
        facts.arm.is_named_endpoint = false;
        facts.arm.role_assignments = None;
        let target = facts.arm.target.as_mut().unwrap();
        target.withheld = Some(Withheld::OtherAudience);
        target.samples.clear();
    });
    check(&ran, &["TOKEN-002"]);
    assert_eq!(ran.status(TokenClaims), "note");
    let because = vec!["TOKEN-002"];
    assert_eq!(ran.check(ArmTarget).status, Status::Skipped { because });
    assert_eq!((ran.exit(), ran.causes()), (0, vec![]));
}
