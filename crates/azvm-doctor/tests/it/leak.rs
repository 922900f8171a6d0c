//! No token is in anything that the doctor prints, logs or writes, however much it is asked to say.

use crate::support::{Run, doctor};
use azvm_simulator::{Listen, Scenario, Simulator};
use std::fs;

/// Each of them in a file of the one run, and one of them on stdout.
const FORMS: [&str; 8] = [
    "text", "json", "jsonl", "junit", "oneline", "short", "markdown", "html",
];

/// Runs the scenario once with every form, and looks for its tokens in all that came out.
fn check(scenario: &str, expects_tokens: bool) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let scenario_file = Scenario::named(scenario).unwrap();
    let simulator = runtime
        .block_on(Simulator::start(scenario_file, Listen::default()))
        .unwrap();
    let said = everything_said(&simulator);
    let tokens = simulator.issued_tokens();
    runtime.block_on(simulator.shutdown());
    assert_eq!(!tokens.is_empty(), expects_tokens, "{scenario}: {said}");
    for token in &tokens {
        let (_, signature) = token.rsplit_once('.').unwrap();
        // Not the text itself in the message: it may be what must not be shown.
        assert!(
            !said.contains(token.as_str()),
            "{scenario}: the token is shown"
        );
        assert!(
            !said.contains(signature),
            "{scenario}: the token's signature is shown"
        );
    }
    assert!(
        !holds_jwt(&said),
        "{scenario}: something like a token is shown"
    );
}

/// stdout, stderr and the written reports, at the highest verbosity.
fn everything_said(simulator: &Simulator) -> String {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    fs::write(&ca, simulator.ca_pem()).unwrap();
    let mut command = doctor(&["-vvv", "--imds-endpoint", &simulator.imds_endpoint()]);
    command
        .args(["--arm-endpoint", &simulator.arm_endpoint()])
        .arg("--arm-ca")
        .arg(&ca);
    command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "1");
    let files = FORMS.map(|form| folder.path().join(form));
    for (form, file) in FORMS.iter().zip(&files) {
        command.args(["--also", &format!("{form}={}", file.display())]);
    }
    let run = Run::of(&mut command);
    let written = files.map(|file| fs::read_to_string(&file).unwrap_or_default());
    assert!(written.iter().all(|text| !text.is_empty()), "{run:#?}");
    assert!(
        run.stderr.contains("azvm_"),
        "no traces to search: {run:#?}"
    );
    [run.stdout, run.stderr, written.concat()].concat()
}

/// `eyJ` is `{"` in base64url: how every part of a JSON Web Token begins that is not its signature.
fn holds_jwt(text: &str) -> bool {
    let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.match_indices("eyJ").any(|(at, _)| {
        let rest = text[at + 3..].bytes();
        rest.take_while(|&byte| is_base64url(byte)).count() >= 20
    })
}

#[test]
fn healthy() {
    check("healthy", true);
}

#[test]
fn no_identity() {
    check("no-identity", false);
}

#[test]
fn two_user_identities() {
    check("two-user-identities", false);
}

#[test]
fn no_role() {
    check("no-role", true);
}

#[test]
fn propagating() {
    check("propagating", true);
}

#[test]
fn throttled() {
    check("throttled", true);
}

#[test]
fn updating() {
    check("updating", true);
}

#[test]
fn not_azure() {
    check("not-azure", false);
}

#[test]
fn identities_that_are_not_there() {
    check("deleted-identity", false);
    check("recreated-identity", false);
    check("slow-identity", false);
}

#[test]
fn others_in_front_of_imds() {
    check("azure-arc", false);
    check("captive-portal", false);
    check("docker-desktop", false);
    check("guest-proxy-agent", false);
    check("http-proxy", false);
    check("other-cloud", false);
}

#[test]
fn answers_of_imds_that_fail_at_first() {
    check("connection-reset", true);
    check("cut-off", true);
    check("identity-error", true);
    check("imds-restarting", true);
    check("rate-limited", true);
    check("slow", true);
}

#[test]
fn others_in_front_of_arm() {
    check("arm-portal", true);
    check("arm-throttled", true);
    check("arm-unavailable", true);
    check("interceptor", true);
    check("moved-subscription", true);
}

#[test]
fn roles_of_all_kinds() {
    check("conditional", true);
    check("denied", true);
    check("flapping", true);
    check("group-role", true);
    check("group-role-late", true);
    check("no-role-listed", true);
    check("propagating-listed", true);
    check("wrong-role", true);
    check("wrong-role-listed", true);
    check("wrong-scope", true);
    check("wrong-scope-listed", true);
}

#[test]
fn machines_of_all_kinds() {
    check("corporate-proxy", true);
    check("proxied-programs", true);
    check("scale-set", true);
    check("scale-set-left-out", false);
    check("skewed-clock", true);
    check("us-government", true);
}

#[test]
fn identities_that_imds_and_arm_do_not_agree_on() {
    check("many-identities", true);
    check("moved-machine", true);
    check("renewed-identity", true);
    check("removed-identity", true);
    check("signed-in-person", true);
    check("short-lived-token", true);
}

#[test]
fn every_scenario_is_looked_at() {
    let source = include_str!("leak.rs");
    for name in Scenario::names() {
        assert!(
            source.contains(&format!("check(\"{name}\", ")),
            "{name} has no test here"
        );
    }
}

#[test]
fn the_search_would_find_a_token() {
    let header = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9";
    assert!(holds_jwt(&format!("Authorization: Bearer {header}.e30.x")));
    assert!(!holds_jwt("eyJ and nothing after it; heyJude"));
}

/// `text` is what a person sees beside the report.
#[track_caller]
fn is_fit(run: &Run) {
    let said = format!("{}{}", run.stdout, run.stderr);
    let is_bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!said.contains(is_bad), "{run:#?}");
    assert!(!holds_jwt(&said), "{run:#?}");
}

#[test]
fn what_a_report_or_a_scenario_holds_is_not_printed_raw() {
    let folder = tempfile::tempdir().unwrap();
    let bad = format!("\u{1b}[31mX\u{202e} eyJ{0}.eyJ{0}.c2ln", "a".repeat(40));
    let first = Run::of(&mut doctor(&[
        "--simulate",
        "not-azure",
        "--format",
        "json",
    ]));
    let mut report: serde_json::Value = serde_json::from_str(&first.stdout).unwrap();
    report["facts"]["imds"]["token"] = serde_json::json!({ "answer": bad });
    let path = folder.path().join("r.json");
    fs::write(&path, report.to_string()).unwrap();
    let file = path.to_str().unwrap();
    for args in [&["--from", file][..], &["aggregate", file]] {
        let run = Run::of(&mut doctor(args)).expect_code(2);
        assert!(run.stderr.contains("line 1, column "), "{run:#?}");
        is_fit(&run);
    }
    let scenario = folder.path().join("s.toml");
    fs::write(&scenario, "\"\\u001b[31mfoo\\u202e\" = 1\n").unwrap();
    let scenario = scenario.to_str().unwrap();
    let run = Run::of(&mut doctor(&["--simulate", scenario])).expect_code(2);
    assert!(run.stderr.contains("foo"), "{run:#?}");
    is_fit(&run);
}

#[test]
fn arguments_are_not_printed_raw() {
    let jwt = format!("eyJ{0}.eyJ{0}.c2ln", "a".repeat(40));
    let bad = format!("./\u{1b}[31mX\u{202e}-{jwt}");
    let toml = format!("{bad}.toml");
    for args in [
        &["--from", &bad][..],
        &["--arm-ca", &bad, "--imds-endpoint", "http://127.0.0.1:9"],
        &["--output", &format!("{bad}/x")],
        &["--simulate", &toml],
        &["--target", &bad],
        &["aggregate", &bad],
        &["aggregate", "--expect", &bad, &bad],
        &["decode-error", &bad],
        &["scan-log", &bad],
        &["lint-request", "--file", &bad],
        &["lint-id", "--file", &bad],
        &["explain", &bad],
        &[&format!("--{bad}")],
    ] {
        let run = Run::of(&mut doctor(args)).expect_code(2);
        assert!(!run.stderr.is_empty(), "{run:#?}");
        is_fit(&run);
    }
}
