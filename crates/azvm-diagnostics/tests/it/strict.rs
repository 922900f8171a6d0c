//! Under strict redaction nothing names a machine, and the verdict stays. Each run of each test of this binary is
//! checked here.

use crate::ran::Ran;
use crate::replies::{CLIENT_ID, GROUP, OBJECT_ID, Reply, SUBSCRIPTION, TENANT, VM_ID, denied};
use crate::wire::Route;
use crate::world::World;
use azvm_diagnostics::{Format, Salt, diagnose};

/// Of the healthy world; what a test puts in its place is the test's affair.
const IDS: [&str; 5] = [CLIENT_ID, OBJECT_ID, SUBSCRIPTION, TENANT, VM_ID];

pub(crate) fn strict(ran: &Ran, salt: &str) -> Ran {
    let facts = ran.facts.redacted(&Salt::new(salt.as_bytes())).unwrap();
    Ran::new(facts, vec![], vec![], String::new())
}

#[track_caller]
pub(crate) fn check_hidden(ran: &Ran) {
    let strict = strict(ran, "salt");
    assert_eq!(strict.codes(), ran.codes(), "{}", strict.verbose_text());
    assert_eq!(strict.exit(), ran.exit());
    for (hidden, open) in strict.diagnosis.checks.iter().zip(&ran.diagnosis.checks) {
        assert_eq!(hidden.status, open.status, "{:?}", hidden.id);
    }
    for report in [strict.verbose_text(), strict.render(Format::Json)] {
        let lower = report.to_lowercase();
        for id in IDS {
            assert!(!lower.contains(id), "{id} is in\n{report}");
        }
    }
    assert_eq!(strict.json()["redaction"], "strict");
}

#[test]
fn names_ids_and_addresses_go_from_every_form() {
    let words = format!(
        "The client '{CLIENT_ID}' with object id '{OBJECT_ID}' does not have authorization to perform action \
         'Microsoft.Resources/subscriptions/resourceGroups/read' over scope \
         '/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}' from 10.1.2.3 (jump.corp.example) of 'team-blue'."
    );
    let reply = Reply::arm_error(403, "AuthorizationFailed", &words);
    let ran = World::healthy().with(Route::Target, reply).run();
    let strict = strict(&ran, "salt");
    for format in Format::ALL {
        let report = strict.render(format);
        let verbose = strict.report().with_verbose(true).render(format);
        for report in [report, verbose] {
            let secrets = [GROUP, "web-07", "10.1.2.3", "corp.example", "team-blue"];
            for secret in IDS.into_iter().chain(secrets) {
                assert!(!report.contains(secret), "{secret} is in\n{report}");
            }
        }
    }
    // What it is about can still be read.
    let text = strict.verbose_text();
    for kept in [
        "Microsoft.Resources/subscriptions/resourceGroups/read",
        "westeurope",
        "169.254.169.254",
    ] {
        assert_eq!(
            text.contains(kept),
            ran.verbose_text().contains(kept),
            "{kept} in\n{text}"
        );
    }
}

#[test]
fn hashes_compare_under_one_salt_and_not_across_two() {
    let (first, second) = (World::healthy().run(), World::healthy().run());
    let name = |ran: &Ran, salt| strict(ran, salt).json()["vm"]["name"].clone();
    assert_eq!(name(&first, "a"), name(&second, "a"));
    assert_ne!(name(&first, "a"), name(&first, "b"));
    // One name in different cases is one name.
    let report = strict(&first, "a").json();
    let group = report["vm"]["resourceGroup"].as_str().unwrap();
    assert!(report["args"]["target"].as_str().unwrap().ends_with(group));
}

#[test]
fn what_is_hidden_stays_hidden_and_can_be_judged_again() {
    let ran = World::healthy().with(Route::Target, denied()).run();
    let hidden = strict(&ran, "a");
    let stored = crate::stored::read_back(&hidden);
    assert_eq!(
        format!("{:?}", diagnose(&stored)),
        format!("{:?}", hidden.diagnosis)
    );
    let twice = stored.redacted(&Salt::new(b"b")).unwrap();
    assert_eq!(format!("{twice:?}"), format!("{stored:?}"));
}
