//! Flags and verbs beside the diagnosis itself.

use crate::support::{Run, doctor};
use std::collections::BTreeSet;
use std::fs;
#[cfg(unix)]
use std::process::{Child, Command, Stdio};
#[cfg(unix)]
use std::time::Duration;

#[test]
fn output_goes_to_the_file_and_not_to_stdout() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.json");
    let args = [
        "--simulate",
        "healthy",
        "--format",
        "json",
        "--output",
        file.to_str().unwrap(),
    ];
    let run = Run::of(&mut doctor(&args)).expect_code(0);
    assert_eq!(run.stdout, "");
    let written = fs::read_to_string(&file).unwrap();
    let report = Run {
        stdout: written,
        ..run
    }
    .report();
    assert_eq!(report.member("schema"), "azvm.doctor/1");
}

#[test]
fn bad_usage_is_exit_code_2() {
    for args in [
        &["--simulate", "no-such-scenario"][..],
        &["--no-such-flag"],
        &["--format", "yaml"],
        &[
            "--system",
            "--client-id",
            "21c0ffee-0000-4000-8000-000000000021",
        ],
        &["--client-id", "not-a-guid"],
        &["--target", "/subscriptions/s//resourceGroups/r"],
        &["--imds-endpoint", "nonsense"],
        &["--wait", "soon"],
    ] {
        let run = Run::of(&mut doctor(args)).expect_code(2);
        assert_ne!(run.stderr, "", "{args:?}");
        assert_eq!(run.stdout, "", "{args:?}");
    }
}

#[test]
fn explain_tells_what_a_code_means() {
    let run = Run::of(&mut doctor(&["explain", "RBAC-021"])).expect_code(0);
    assert!(run.stdout.contains("RBAC-021"), "{run:#?}");
    assert!(run.stdout.lines().count() > 3, "{run:#?}");
}

#[test]
fn explain_knows_what_a_typo_was_meant_to_be() {
    for (typo, meant) in [
        ("RBAC-02l", "RBAC-021"),
        ("NETT-012", "NET-012"),
        ("no-visable-role", "RBAC-021"),
    ] {
        let run = Run::of(&mut doctor(&["explain", "HOST-001", typo])).expect_code(2);
        assert_eq!(run.stdout, "", "nothing unless all are known");
        assert!(
            run.stderr.contains(typo) && run.stderr.contains(meant),
            "{run:#?}"
        );
    }
    let run = Run::of(&mut doctor(&["explain", "hello\u{1b}[2J"])).expect_code(2);
    assert!(
        !run.stderr.contains("mean") && !run.stderr.contains('\u{1b}'),
        "{run:#?}"
    );
}

#[test]
fn explain_finds_codes_by_words() {
    let first = |args: &[&str]| {
        let run = Run::of(&mut doctor(&[&["explain"], args].concat())).expect_code(0);
        assert!(run.stdout.lines().count() <= 8, "{run:#?}");
        run.stdout.split_whitespace().next().map(str::to_owned)
    };
    assert_eq!(first(&["identity not found"]).as_deref(), Some("IDSEL-001"));
    assert_eq!(
        first(&["Identity", "not", "found"]).as_deref(),
        Some("IDSEL-001")
    );
    assert_eq!(first(&["AADSTS700016"]).as_deref(), Some("TOKEN-015"));
    assert_eq!(first(&["AADSTS500011"]).as_deref(), Some("TOKEN-004"));
    assert_eq!(first(&["wrong tenant"]).as_deref(), Some("TOKEN-007"));
    let markdown = ["explain", "clock", "skew", "--format", "markdown"];
    let run = Run::of(&mut doctor(&markdown)).expect_code(0);
    assert!(run.stdout.starts_with("- `HOST-009` "), "{run:#?}");
    // A code among words is a code, and what is not one beside it is a mistake.
    let run = Run::of(&mut doctor(&["explain", "HOST-001", "clock skew"])).expect_code(2);
    assert_eq!(run.stdout, "", "{run:#?}");
    let token = format!("eyJ{}.eyJ{}.x", "a".repeat(40), "b".repeat(40));
    let run = Run::of(&mut doctor(&["explain", "xyzzy", &token])).expect_code(2);
    assert!(!run.stderr.contains("aaaaaaaaa"), "{run:#?}");
}

#[test]
fn explain_takes_several_codes_and_names_in_any_case() {
    let run = Run::of(&mut doctor(&["explain", "net-006", "No-Visible-Role"])).expect_code(0);
    let net = run.stdout.find("NET-006  ").unwrap();
    let rbac = run.stdout.find("\nRBAC-021  ").unwrap();
    assert!(net < rbac, "{run:#?}");
}

#[test]
fn explain_writes_markdown_for_a_ticket() {
    let args = ["explain", "NET-015", "--format", "markdown"];
    let run = Run::of(&mut doctor(&args)).expect_code(0);
    assert!(run.stdout.starts_with("### NET-015\n"), "{run:#?}");
    assert!(run.stdout.contains("```sh\naz network nic"), "{run:#?}");
    assert!(
        run.stdout.contains("*Explained only: the rule is"),
        "{run:#?}"
    );
}

#[test]
fn explain_shows_a_whole_category_or_everything() {
    let token = Run::of(&mut doctor(&["explain", "--category", "token"])).expect_code(0);
    let headings = |run: &Run| run.stdout.lines().filter(|line| *line == "Sources").count();
    assert_eq!(headings(&token), 18);
    let all = Run::of(&mut doctor(&["explain", "--all"])).expect_code(0);
    assert!(headings(&all) > 200, "{}", headings(&all));
}

#[test]
fn codes_are_listed_for_programs() {
    let args = ["list-codes", "--category", "access", "--format", "json"];
    let run = Run::of(&mut doctor(&args)).expect_code(0);
    let list: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(list["schema"], "azvm.codes/1");
    let codes = list["codes"].as_array().unwrap();
    assert_eq!(codes.len(), 27);
    let of = |code: &str| codes.iter().find(|it| it["code"] == code).unwrap();
    let found = of("RBAC-021");
    assert_eq!(found["slug"], "no-visible-role");
    assert_eq!(found["found_by"], "doctor");
    assert_eq!(found["reason"], serde_json::Value::Null);
    assert_eq!(of("RBAC-003")["found_by"], "doctor");
    assert_eq!(of("RBAC-023")["found_by"], "explain-only");
    assert!(of("RBAC-023")["reason"].is_string());
    assert_eq!(found.as_object().unwrap().len(), 9);
}

#[test]
fn one_category_is_listed_alone() {
    let run = Run::of(&mut doctor(&["list-codes", "--category", "NETWORK"])).expect_code(0);
    assert_eq!(run.stdout.lines().count(), 23);
    assert!(
        run.stdout.lines().all(|line| line.starts_with("NET-")),
        "{run:#?}"
    );
    let run = Run::of(&mut doctor(&["list-codes", "--category", "rbac"])).expect_code(2);
    assert!(run.stderr.contains("access"), "{run:#?}");
}

/// One or more for each code of the linter, but for the one that needs a very long text.
const BROKEN_IDS: [&str; 34] = [
    "",
    "demo",
    "00000000-0000-4000-8000-000000000001",
    "subscriptions/s/resourceGroups/r",
    "eastus/demo",
    " /subscriptions/s",
    "/subscriptions/s/resourceGroups/r/",
    "/subscriptions/s/resourceGroups",
    "/subscriptions/s/resourcegroups/r",
    "/subscriptions/s/resourceGroup/r",
    "/subscriptions//resourceGroups/r",
    "/subscriptions/<ID>/resourceGroups/r",
    "/subscriptions/s/resourceGroups/$GROUP",
    "/subscriptions/s/resourceGroups/a%20b",
    "/subscriptions/s/resourceGroups/r\\a",
    "/subscriptions/s/resourceGroups/..",
    "/subscriptions/s/resourceGroups/r!",
    "/subscriptions/s/resourceGroups/r?api-version=2021-04-01",
    "/subscriptions/s/resourceGroups/r|/subscriptions/s",
    "\"/subscriptions/s/resourceGroups/r\"",
    "https://management.azure.com/subscriptions/s/resourceGroups/r",
    "https://portal.azure.com/#@demo/resource/subscriptions/s/resourceGroups/r/overview",
    "C:/Program Files/Git/subscriptions/s/resourceGroups/r",
    "/resourceGroups/r",
    "/managementGroups/m",
    "/subscriptions/s/resourceGroups/r/subscriptions/s/resourceGroups/r",
    "/subscriptions/s/providers/resourceGroups/r/providers",
    "/subscriptions/s/providers/Microsoft.Resources/resourceGroups/r",
    "/subscriptions/s/resourceGroups/r/Microsoft.Compute/virtualMachines/v",
    "/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute/virtualMachine/v",
    "/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute/virtualMachines/v/start",
    "/subscriptions/s/resourceGroups/r/providers/Microsoft.Compute/virtualMachineScaleSets/v/virtualMachines/x",
    "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/virtualNetworks/subnets/v/s",
    "/subscriptions/s/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/Not_Allowed",
];

#[test]
fn whatever_lint_id_finds_can_be_explained() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ids");
    let too_long = "x".repeat(70_000);
    fs::write(&file, [&BROKEN_IDS[..], &[&too_long]].concat().join("\n")).unwrap();
    let mut lint = doctor(&["lint-id", "--format", "jsonl"]);
    let run = Run::of(lint.stdin(fs::File::open(&file).unwrap())).expect_code(1);
    let mut codes = BTreeSet::new();
    for line in run.stdout.lines() {
        let verdict: serde_json::Value = serde_json::from_str(line).unwrap();
        let findings = verdict["findings"].as_array().unwrap();
        assert!(!findings.is_empty(), "{line}");
        codes.extend(
            findings
                .iter()
                .map(|it| it["code"].as_str().unwrap().to_string()),
        );
    }
    assert_eq!(codes.len(), 28, "{codes:?}");
    for code in codes {
        let run = Run::of(&mut doctor(&["explain", &code])).expect_code(0);
        assert!(run.stdout.starts_with(&code), "{run:#?}");
    }
}

#[test]
fn list_codes_names_each_once_and_in_order() {
    let run = Run::of(&mut doctor(&["list-codes"])).expect_code(0);
    let codes: Vec<&str> = run
        .stdout
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    for code in [
        "HOST-001",
        "IDSEL-001",
        "IDSEL-002",
        "IMDS-002",
        "IMDS-003",
        "NET-012",
        "RBAC-001",
        "RBAC-021",
    ] {
        assert_eq!(
            codes.iter().filter(|listed| **listed == code).count(),
            1,
            "{code} in {codes:?}"
        );
    }
}

#[test]
#[cfg(unix)]
fn simulate_writes_its_environment_once_it_answers_and_ends_on_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("simulator.env");
    let log = folder.path().join("log");
    let mut command = doctor(&["simulate", "healthy", "--write-env", file.to_str().unwrap()]);
    command
        .stdout(Stdio::null())
        .stderr(fs::File::create(&log).unwrap());
    let mut simulator = Ended(command.spawn().unwrap());
    let env = complete_lines(&file);
    for key in ENV_KEYS {
        let prefix = format!("{key}=");
        assert!(
            env.iter()
                .any(|line| line.len() > prefix.len() && line.starts_with(&prefix)),
            "{key} in {env:?}"
        );
    }
    let value = |key: &str| {
        env.iter()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .unwrap()
    };
    let flags = [
        ["--imds-endpoint", value("AZVM_IMDS_ENDPOINT")],
        ["--arm-endpoint", value("AZVM_ARM_ENDPOINT")],
        ["--arm-ca", value("AZVM_ARM_CA")],
    ];
    // It answers now, to each of its identities.
    for selector in [
        &["--system"][..],
        &["--client-id", value("AZVM_CLIENT_ID")],
        &["--object-id", value("AZVM_OBJECT_ID")],
        &["--resource-id", value("AZVM_IDENTITY_RESOURCE_ID")],
    ] {
        Run::of(doctor(&flags.concat()).args(selector)).expect_code(0);
    }
    let log = fs::read_to_string(log).unwrap();
    let token = "server=IMDS method=GET path=/metadata/identity/oauth2/token status=200";
    let is_token = |line: &&str| line.ends_with(token);
    assert_eq!(log.lines().filter(is_token).count(), 4, "{log}");
    let pid = simulator.0.id().to_string();
    let asked = Command::new("sh")
        .args(["-c", "kill -TERM \"$1\"", "sh", &pid])
        .status()
        .unwrap();
    assert!(asked.success());
    let status = simulator.0.wait().unwrap();
    assert_eq!(status.code(), Some(0), "{status}");
}

#[test]
fn simulate_lists_its_scenarios() {
    let run = Run::of(&mut doctor(&["simulate", "--list"])).expect_code(0);
    assert!(run.stdout.starts_with("healthy "), "{run:#?}");
    assert!(
        run.stdout.lines().all(|line| line.ends_with('.')),
        "{run:#?}"
    );
}

#[test]
fn simulate_names_the_line_of_a_bad_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.json");
    fs::write(&file, "{\n  \"name\": \"x\",\n  \"surprise\": 1\n}\n").unwrap();
    let run = Run::of(&mut doctor(&["simulate", file.to_str().unwrap()])).expect_code(2);
    assert!(
        run.stderr.contains("line 3: unknown field `surprise`"),
        "{run:#?}"
    );
}

/// The file's lines once it is there and has stopped growing.
#[cfg(unix)]
fn complete_lines(file: &std::path::Path) -> Vec<String> {
    let mut before = String::new();
    for _ in 0..200 {
        let now = fs::read_to_string(file).unwrap_or_default();
        if !now.is_empty() && now == before {
            return now.lines().map(str::to_owned).collect();
        }
        before = now;
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{} was not written", file.display());
}

/// A child that does not outlive its test.
#[cfg(unix)]
struct Ended(Child);

#[cfg(unix)]
impl Drop for Ended {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            _ = self.0.kill();
            _ = self.0.wait();
        }
    }
}

#[cfg(unix)]
const ENV_KEYS: [&str; 11] = [
    "AZVM_ADMIN_ENDPOINT",
    "AZVM_IMDS_ENDPOINT",
    "AZVM_ARM_ENDPOINT",
    "AZVM_ARM_CA",
    "AZVM_SUBSCRIPTION_ID",
    "AZVM_RESOURCE_GROUP",
    "AZVM_VM_RESOURCE_ID",
    "AZVM_SYSTEM_OBJECT_ID",
    "AZVM_CLIENT_ID",
    "AZVM_OBJECT_ID",
    "AZVM_IDENTITY_RESOURCE_ID",
];
