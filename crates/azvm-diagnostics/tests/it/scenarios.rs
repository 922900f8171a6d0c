//! The simulator as a second witness: its scenarios, and the same report twice.

use azvm_diagnostics::{
    Config, Diagnosis, Facts, Silent, TextOptions, catalogue, collect, diagnose, text,
};
use azvm_imds::IdentitySelector;
use azvm_simulator::{Listen, Scenario, Simulator};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Scenario, exit code, codes.
const EXPECTED: [(&str, u8, &[&str]); 51] = [
    ("healthy", 0, &[]),
    ("no-identity", 1, &["IDSEL-001"]),
    ("two-user-identities", 1, &["IDSEL-002"]),
    ("no-role", 1, &["RBAC-021", "RBAC-017"]),
    ("propagating", 1, &["RBAC-021", "RBAC-017"]),
    ("throttled", 0, &["IMDS-003"]),
    ("updating", 0, &["IMDS-002"]),
    ("not-azure", 6, &["HOST-001"]),
    ("deleted-identity", 1, &["IDSEL-001"]),
    ("recreated-identity", 1, &["IDSEL-001"]),
    ("slow-identity", 1, &["IDSEL-001"]),
    ("rate-limited", 0, &[]),
    ("identity-error", 0, &["IMDS-006"]),
    ("imds-restarting", 0, &["IMDS-006"]),
    ("cut-off", 0, &["IMDS-006"]),
    ("connection-reset", 0, &["IMDS-006"]),
    ("slow", 0, &[]),
    ("corporate-proxy", 1, &["NET-012", "ARM-008"]),
    ("proxied-programs", 0, &["NET-012"]),
    ("http-proxy", 1, &["NET-014"]),
    ("docker-desktop", 1, &["HOST-007"]),
    ("guest-proxy-agent", 1, &["IMDS-010"]),
    ("captive-portal", 1, &["IMDS-018"]),
    ("other-cloud", 6, &["HOST-002"]),
    ("azure-arc", 6, &["HOST-003"]),
    ("interceptor", 1, &["ARM-004"]),
    ("arm-portal", 1, &["ARM-019"]),
    ("arm-throttled", 0, &["ARM-016"]),
    ("arm-unavailable", 0, &["ARM-017"]),
    ("moved-subscription", 1, &["TOKEN-007"]),
    ("skewed-clock", 0, &["HOST-009"]),
    ("denied", 1, &["RBAC-006"]),
    ("conditional", 1, &["RBAC-007"]),
    ("wrong-scope", 1, &["RBAC-021"]),
    ("wrong-role", 1, &["RBAC-021"]),
    ("flapping", 1, &["RBAC-016"]),
    ("group-role", 0, &[]),
    ("scale-set", 0, &[]),
    ("scale-set-left-out", 1, &["IDSEL-001"]),
    ("us-government", 0, &[]),
    ("no-role-listed", 1, &["RBAC-001", "RBAC-017"]),
    ("propagating-listed", 1, &["RBAC-002"]),
    ("wrong-scope-listed", 1, &["RBAC-003"]),
    ("wrong-role-listed", 1, &["RBAC-005"]),
    ("group-role-late", 1, &["RBAC-008"]),
    ("many-identities", 0, &[]),
    ("moved-machine", 0, &["HOST-010"]),
    ("renewed-identity", 0, &["IDSEL-012"]),
    ("removed-identity", 0, &["TOKEN-014"]),
    ("signed-in-person", 0, &["TOKEN-016"]),
    ("short-lived-token", 0, &["TOKEN-018"]),
];

/// Where the scenarios have their identities.
const GROUP: &str =
    "/subscriptions/fa4e0000-0002-4000-8000-000000000001/resourceGroups/rg-azvm-demo";

/// What comes of choosing an identity in `many-identities`, by the name in its resource ID: exit code, codes.
const CHOSEN: [(&str, u8, &[&str]); 8] = [
    ("id-azvm-demo", 0, &[]),
    ("id-azvm-dmeo", 1, &["IDSEL-006"]),
    ("id-azvm-detached", 1, &["IDSEL-007"]),
    ("id-azvm-arriving", 1, &["IDSEL-008"]),
    ("id-azvm-deleted", 1, &["IDSEL-009"]),
    ("id-azvm-recreated", 1, &["IDSEL-010"]),
    ("id-azvm-inconsistent", 1, &["IDSEL-016"]),
    ("id-of-nobody", 1, &["IDSEL-007"]),
];

/// What the doctor must find first in the scenario, which is what usually matters most; nothing when all is fine.
pub(crate) fn planted(scenario: &str) -> Option<&'static str> {
    let row = EXPECTED
        .iter()
        .find(|(name, ..)| *name == scenario)
        .unwrap();
    let severity = |code: &str| catalogue::find(code).unwrap().severity;
    let worst = row.2.iter().map(|code| severity(code)).max();
    row.2
        .iter()
        .copied()
        .find(|code| Some(severity(code)) == worst)
}

/// Examines the scenario over real sockets.
pub(crate) async fn examine(scenario: Scenario) -> (Facts, Diagnosis, Simulator) {
    examine_as(scenario, IdentitySelector::System).await
}

async fn examine_as(
    scenario: Scenario,
    selector: IdentitySelector,
) -> (Facts, Diagnosis, Simulator) {
    let tag = scenario.chassis_asset_tag().map(ToString::to_string);
    let simulator = Simulator::start(scenario, Listen::default()).await.unwrap();
    let mut config = Config::default()
        .with_selector(selector)
        .with_imds_endpoint(simulator.imds_endpoint().parse().unwrap())
        .with_arm_endpoint(simulator.arm_endpoint().parse().unwrap())
        .with_arm_ca_pem(simulator.ca_pem());
    if let Some(tag) = tag {
        let scenario = simulator.scenario();
        config = config.with_simulation(scenario.name(), tag, scenario.variables());
    }
    let facts = collect(&config, &Silent).await.unwrap();
    let diagnosis = diagnose(&facts);
    (facts, diagnosis, simulator)
}

/// Exit code, codes and the text report.
async fn run(scenario: Scenario) -> (u8, Vec<&'static str>, String) {
    let (facts, diagnosis, simulator) = examine(scenario).await;
    let codes = diagnosis.findings().map(|finding| finding.entry.code);
    let report = text(
        &facts,
        &diagnosis,
        &TextOptions::default().with_verbose(true),
    );
    for token in simulator.issued_tokens() {
        assert!(!report.contains(&token), "a token is in\n{report}");
        assert!(!format!("{facts:?}").contains(&token));
    }
    (diagnosis.exit_code(), codes.collect(), report)
}

/// Words with a digit stand for times, ports and IDs; how they are aligned goes with them. A second is as good as a
/// millisecond.
fn masked(report: &str) -> String {
    let mask = |word: &str| {
        let is_masked = word.contains(|c: char| c.is_ascii_digit());
        if is_masked {
            "#".into()
        } else {
            word.to_string()
        }
    };
    let lines = report.lines().map(|line| {
        let words: Vec<String> = line.split_whitespace().map(mask).collect();
        words.join(" ").replace("# ms", "# s")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_scenario_ends_as_expected_and_reads_the_same_twice() {
    // All at once would be so slow on a small machine that time limits are met.
    let room = Arc::new(Semaphore::new(4));
    let runs = Scenario::all().map(|scenario| {
        let (name, room) = (scenario.name().to_string(), Arc::clone(&room));
        let (first, second) = (run(scenario.clone()), run(scenario));
        tokio::spawn(async move {
            let _place = room.acquire_owned().await.unwrap();
            (name, tokio::join!(first, second))
        })
    });
    let mut seen = vec![];
    for run in runs.collect::<Vec<_>>() {
        let (name, (first, second)) = run.await.unwrap();
        let expected = EXPECTED.iter().find(|(known, ..)| *known == name);
        let &(known, exit, codes) = expected.unwrap_or_else(|| panic!("{name} is not expected"));
        for (seen_exit, seen_codes, report) in [&first, &second] {
            assert_eq!(
                (*seen_exit, seen_codes.as_slice()),
                (exit, codes),
                "{name}\n{report}"
            );
        }
        assert_eq!(masked(&first.2), masked(&second.2), "{name}");
        seen.push(known);
    }
    assert_eq!(seen, EXPECTED.map(|(name, ..)| name));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_not_finding_an_identity_has_its_own_code() {
    for (name, exit, codes) in CHOSEN {
        let scenario = Scenario::named("many-identities").unwrap();
        let id =
            format!("{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}");
        let selector = IdentitySelector::ResourceId(id.parse().unwrap());
        let (facts, diagnosis, simulator) = examine_as(scenario, selector).await;
        let found: Vec<_> = diagnosis.findings().map(|it| it.entry.code).collect();
        let report = text(&facts, &diagnosis, &TextOptions::default());
        assert_eq!(
            (diagnosis.exit_code(), found.as_slice()),
            (exit, codes),
            "{name}\n{report}"
        );
        for token in simulator.issued_tokens() {
            assert!(!format!("{report}{facts:?}").contains(&token));
        }
    }
}
