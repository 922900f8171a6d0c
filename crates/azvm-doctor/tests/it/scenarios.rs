//! Each scenario of the simulator has its exit code and its root cause, in text and in JSON.

use crate::support::{Report, Run, doctor};
use std::thread;
use std::time::Duration;

/// Runs the scenario twice and hands back the text and the report; both runs must end with `code`.
#[track_caller]
fn simulate(scenario: &str, flags: &[&str], code: i32) -> (Run, Report) {
    let args = [&["--simulate", scenario], flags].concat();
    let (text, json) = thread::scope(|scope| {
        let text = scope.spawn(|| Run::of(&mut doctor(&args)));
        let json = Run::of(doctor(&args).args(["--format", "json"]));
        (text.join().unwrap(), json)
    });
    let (text, report) = (text.expect_code(code), json.expect_code(code).report());
    assert_eq!(report.member("schema"), "azvm.doctor/1");
    assert_eq!(report.member("exit_code"), code);
    (text, report)
}

/// The one root cause is `code`, in both forms.
#[track_caller]
fn root_cause(run: &(Run, Report), codes: &[&str]) {
    let (text, report) = run;
    let causes = report.root_causes();
    assert!(
        matches!(causes[..], [cause] if codes.contains(&cause)),
        "{causes:?}"
    );
    assert!(text.stdout.contains(causes[0]), "{text:#?}");
}

/// No failure, and `code` mentioned as overcome in both forms.
#[track_caller]
fn recovered_from(run: &(Run, Report), code: &str) {
    let (text, report) = run;
    assert_eq!(report.member("summary")["fail"], 0);
    assert!(report.codes().contains(&code), "{report:#?}");
    assert!(text.stdout.contains(code), "{text:#?}");
    assert!(text.stdout.contains("recovered"), "{text:#?}");
}

#[test]
fn healthy_reads_the_resource_group() {
    let (text, report) = simulate("healthy", &[], 0);
    assert_eq!(report.member("result"), "ok");
    assert_eq!(report.root_causes(), [""; 0]);
    for id in [
        "imds.reachable",
        "imds.identity",
        "imds.token",
        "token.claims",
        "arm.reachable",
        "arm.target",
    ] {
        assert_eq!(report.status(id), "ok", "{id}");
    }
    let target = report.member("args")["target"].as_str().unwrap();
    let (_, group) = target.rsplit_once('/').unwrap();
    assert!(text.stdout.contains(group), "{target} is not in {text:#?}");
}

#[test]
fn simulate_alone_means_healthy() {
    Run::of(&mut doctor(&["--simulate"])).expect_code(0);
}

#[test]
fn without_an_identity_it_says_so_and_skips_the_rest_because_of_it() {
    let run = simulate("no-identity", &[], 1);
    root_cause(&run, &["IDSEL-001"]);
    for id in ["token.claims", "arm.target"] {
        assert_eq!(run.1.status(id), "skipped", "{id}");
    }
}

#[test]
fn two_user_identities_need_a_selector() {
    let run = simulate("two-user-identities", &[], 1);
    root_cause(&run, &["IDSEL-002"]);
}

#[test]
fn a_missing_role_is_named() {
    let run = simulate("no-role", &[], 1);
    root_cause(&run, &["RBAC-001", "RBAC-021"]);
    assert_eq!(run.1.status("arm.target"), "fail");
}

#[test]
fn propagation_is_waited_for_only_when_asked() {
    let impatient = Run::of(&mut doctor(&["--simulate", "propagating"]));
    assert!(matches!(impatient.code, Some(1 | 4)), "{impatient:#?}");
    let (_, report) = simulate("propagating", &["--wait", "2m"], 0);
    assert_eq!(report.status("arm.target"), "ok");
}

#[test]
fn throttling_is_recovered_from_and_mentioned() {
    recovered_from(&simulate("throttled", &[], 0), "IMDS-003");
}

#[test]
fn an_update_is_waited_out_and_mentioned() {
    recovered_from(&simulate("updating", &[], 0), "IMDS-002");
}

#[test]
fn a_machine_that_is_not_on_azure_is_told_so_at_once() {
    let run = simulate("not-azure", &[], 6);
    root_cause(&run, &["HOST-001"]);
    assert!(run.0.took < Duration::from_secs(5), "{run:#?}");
}

/// The exit code alone; what is found is the diagnosis' to test.
#[track_caller]
fn ends(code: i32, scenarios: &[&str]) {
    for scenario in scenarios {
        Run::of(&mut doctor(&["--simulate", scenario])).expect_code(code);
    }
}

#[test]
fn identities_and_others_on_the_path_fail() {
    ends(
        1,
        &[
            "deleted-identity",
            "recreated-identity",
            "slow-identity",
            "http-proxy",
            "docker-desktop",
            "guest-proxy-agent",
            "captive-portal",
            "corporate-proxy",
            "scale-set-left-out",
        ],
    );
    ends(6, &["other-cloud", "azure-arc"]);
}

#[test]
fn refusals_of_resource_manager_fail() {
    ends(
        1,
        &[
            "interceptor",
            "arm-portal",
            "moved-subscription",
            "denied",
            "conditional",
            "wrong-scope",
            "wrong-role",
        ],
    );
    // One of two replicas may be met twice.
    let run = Run::of(&mut doctor(&["--simulate", "flapping"]));
    assert!(matches!(run.code, Some(0 | 1 | 4)), "{run:#?}");
}

#[test]
fn what_passes_by_itself_does_not_fail() {
    ends(
        0,
        &[
            "rate-limited",
            "identity-error",
            "imds-restarting",
            "cut-off",
            "connection-reset",
            "slow",
            "arm-throttled",
            "arm-unavailable",
            "proxied-programs",
            "skewed-clock",
            "group-role",
            "scale-set",
            "us-government",
            "many-identities",
            "moved-machine",
            "renewed-identity",
            "removed-identity",
            "signed-in-person",
            "short-lived-token",
        ],
    );
}

#[test]
fn a_list_of_roles_that_can_be_read_names_the_cause() {
    for (scenario, code) in [
        ("no-role-listed", "RBAC-001"),
        ("propagating-listed", "RBAC-002"),
        ("wrong-scope-listed", "RBAC-003"),
        ("wrong-role-listed", "RBAC-005"),
        ("group-role-late", "RBAC-008"),
    ] {
        root_cause(&simulate(scenario, &[], 1), &[code]);
    }
}

#[test]
fn the_time_of_the_grant_and_its_principal_are_asked_for_and_kept() {
    let now = azvm_identity::now().unix_seconds();
    let time = jiff::Timestamp::from_second(now - 120).unwrap().to_string();
    let run = simulate("no-role", &["--granted-at", &time], 1);
    root_cause(&run, &["RBAC-002"]);
    assert_eq!(run.1.member("args")["granted_at"], time);
    // The command that it proposes asks the same.
    assert!(
        run.0
            .stdout
            .contains(&format!("--granted-at {time} --wait 10m")),
        "{run:#?}"
    );
    let old = simulate("no-role", &["--granted-at", "2024-01-01T00:00:00+00:00"], 1);
    root_cause(&old, &["RBAC-021"]);
    let other = "fa4e0000-0005-4000-8000-00000000000b";
    let run = simulate("healthy", &["--expect-principal", other], 1);
    root_cause(&run, &["TOKEN-008"]);
    assert_eq!(run.1.member("args")["expected_principal"], other);
    let own = "FA4E0000-0004-4000-8000-00000000000B";
    simulate("healthy", &["--expect-principal", own], 0);
}
