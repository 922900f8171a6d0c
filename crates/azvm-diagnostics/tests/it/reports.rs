//! What holds for every report. Each run of each test of this binary is checked here.

use crate::ran::Ran;
use crate::replies::{denied, in_secs};
use crate::wire::Route;
use crate::world::World;
use azvm_diagnostics::budget::{IMDS_BURST, MAX_ARM_REQUESTS, MAX_IMDS_REQUESTS};
use azvm_diagnostics::{Format, Outcome, Policy, Severity, Status, diagnose, diagnose_under};
use serde_json::{Value, json};
use std::time::Duration;

const STATUSES: [&str; 7] = [
    "ok", "note", "warn", "fail", "skipped", "unknown", "crashed",
];

/// The members of `azvm.doctor/1`.
const MEMBERS: [&str; 16] = [
    "schema",
    "run_id",
    "tool",
    "collected_by",
    "started",
    "duration_ms",
    "args",
    "vm",
    "result",
    "exit_code",
    "summary",
    "root_causes",
    "checks",
    "timeline",
    "redaction",
    "facts",
];

#[track_caller]
pub(crate) fn check_sound(ran: &Ran) {
    let is_crash = ran.diagnosis.outcome == Outcome::Crashed;
    assert_eq!(is_crash, !ran.facts.crashed.is_empty(), "{}", ran.text());
    check_findings(ran);
    check_budget(ran);
    check_printable(&ran.verbose_text());
    check_secret(ran, &ran.verbose_text());
    let forms = Format::ALL.map(|format| ran.render(format));
    for report in &forms {
        check_printable(report);
        check_secret(ran, report);
    }
    check_text(ran);
    check_json(ran, &ran.json());
    crate::forms::check_forms(ran, &forms);
    crate::stored::check_comes_back(ran);
    crate::strict::check_hidden(ran);
    let again = diagnose(&ran.facts);
    assert_eq!(format!("{again:?}"), format!("{:?}", ran.diagnosis));
}

/// No run asks too much of others, whatever they answer.
#[track_caller]
fn check_budget(ran: &Ran) {
    let timeline = &ran.facts.timeline;
    let (imds, arm): (Vec<_>, Vec<_>) = timeline
        .iter()
        .partition(|entry| entry.action.starts_with("imds_"));
    assert!(imds.len() <= MAX_IMDS_REQUESTS, "{}", ran.verbose_text());
    let is_waiting = ran.facts.asked.wait.is_some();
    assert!(
        is_waiting || arm.len() <= MAX_ARM_REQUESTS,
        "{}",
        ran.verbose_text()
    );
    // One at a time: each was over before the next was sent.
    for pair in timeline.windows(2) {
        let sent = pair[1].at.saturating_sub(pair[1].took);
        assert!(sent + Duration::from_millis(1) >= pair[0].at, "{pair:?}");
    }
    for (index, first) in imds.iter().enumerate() {
        let second_later = first.at + Duration::from_secs(1);
        let within = imds[index..].iter().filter(|entry| entry.at < second_later);
        // The burst, the two of a second, and an immediate retry.
        assert!(
            within.count() <= IMDS_BURST as usize + 3,
            "{}",
            ran.verbose_text()
        );
    }
}

#[track_caller]
fn check_findings(ran: &Ran) {
    for check in &ran.diagnosis.checks {
        for finding in &check.findings {
            let code = finding.entry.code;
            let text = &finding.remedy.text;
            assert!(text.ends_with('.'), "{code}: the remedy is {text:?}");
            assert!(!finding.title.is_empty(), "{code}");
            if finding.severity == Severity::Fail {
                assert_eq!(check.status, Status::Fail, "{code}");
            }
        }
        if let Status::Skipped { because } = &check.status {
            // What was not made names what is to be mended first.
            let known = ran.codes();
            assert!(!because.is_empty(), "{:?}", check.id);
            assert!(
                because.iter().all(|code| known.contains(code)),
                "{because:?}"
            );
        }
    }
    let causes = ran.causes();
    assert_eq!(
        causes.is_empty(),
        ran.diagnosis.worst().is_none_or(|it| it == Severity::Note)
    );
    let crashed = &ran.facts.crashed;
    let passes = ran.diagnosis.worst() != Some(Severity::Fail) && crashed.is_empty();
    assert_eq!(ran.exit() == 0, passes && !ran.facts.is_cut_short);
}

/// A report is lines of text: nothing in it can draw on a terminal.
#[track_caller]
fn check_printable(report: &str) {
    let is_bad = |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{200b}\u{feff}".contains(c);
    let bad = report.find(is_bad).map(|at| &report[at..]);
    assert_eq!(bad, None);
}

#[track_caller]
fn check_secret(ran: &Ran, report: &str) {
    if !ran.token.is_empty() {
        assert!(!report.contains(&ran.token), "the token is in\n{report}");
    }
    let is_base64url = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    for (at, _) in report.match_indices("eyJ") {
        let run = report[at..].chars().take_while(|&c| is_base64url(c));
        assert!(run.count() < 3 + 20, "a token is in\n{report}");
    }
}

#[track_caller]
fn check_text(ran: &Ran) {
    let text = ran.text();
    let labels: Vec<&str> = text
        .lines()
        .skip(1)
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let expected = [
        "host", "imds", "identity", "token", "claims", "arm", "access",
    ];
    assert_eq!(labels[..7], expected, "{text}");
    let footer = text.lines().last().unwrap();
    assert!(
        footer.ends_with(&format!("exit {}", ran.exit())),
        "{footer}"
    );
    for code in ran.causes() {
        assert!(footer.contains(code), "{footer}");
    }
}

#[track_caller]
fn check_json(ran: &Ran, report: &Value) {
    let members: Vec<&String> = report.as_object().unwrap().keys().collect();
    for name in MEMBERS {
        assert!(members.iter().any(|known| *known == name), "no {name}");
    }
    assert_eq!(report["schema"], "azvm.doctor/1");
    assert_eq!(report["run_id"], "run-1");
    assert_eq!(
        report["tool"],
        json!({"name": "azvm-doctor", "version": "0.1.0", "commit": "0123abc"})
    );
    assert!(report["started"].as_str().unwrap().ends_with('Z'));
    assert!(report["duration_ms"].is_u64());
    assert_eq!(report["exit_code"], ran.exit());
    assert_eq!(report["root_causes"], json!(ran.causes()));
    assert_eq!(report["redaction"], "default");
    assert!(
        ["ok", "note", "warn", "fail", "unknown", "crashed"]
            .contains(&report["result"].as_str().unwrap())
    );

    let checks = report["checks"].as_array().unwrap();
    assert_eq!(checks.len(), 7);
    for status in STATUSES {
        let count = checks
            .iter()
            .filter(|check| check["status"] == status)
            .count();
        assert_eq!(report["summary"][status], count, "{status}");
    }
    for check in checks {
        check_json_check(check, ran.facts.asked.invocation.program());
    }
    for entry in report["timeline"].as_array().unwrap() {
        assert!(entry["t_ms"].is_u64() && entry["action"].is_string());
        assert_ne!(entry["status"].is_u64(), entry["failure"].is_string());
    }
}

#[track_caller]
fn check_json_check(check: &Value, program: &str) {
    let status = check["status"].as_str().unwrap();
    assert!(STATUSES.contains(&status), "{status}");
    assert_eq!(
        check["skipped_because"].is_array(),
        status == "skipped",
        "{check}"
    );
    assert!(check["evidence"].is_object() && check["duration_ms"].is_u64());
    let diagnoses = check["diagnoses"].as_array().unwrap();
    for diagnosis in diagnoses {
        let text = |name: &str| diagnosis[name].as_str().unwrap();
        assert!(["note", "warn", "fail"].contains(&text("severity")));
        assert!(["possible", "likely", "high"].contains(&text("confidence")));
        assert!(!text("title").is_empty());
        assert!(diagnosis["args"].is_object());
    }
    assert_eq!(check["remediation"].is_object(), !diagnoses.is_empty());
    if status == "fail" {
        assert!(!check["remediation"]["text"].as_str().unwrap().is_empty());
        let code = diagnoses[0]["code"].as_str().unwrap();
        assert_eq!(check["docs"], format!("{program} explain {code}"));
    }
}

#[test]
fn a_healthy_report_is_one_line_a_check() {
    let ran = World::healthy().run();
    let text = ran.text();
    assert_eq!(text.lines().count(), 9, "{text}");
    let footer = text.lines().last().unwrap();
    assert_eq!(footer, "7 ok   nothing wrong found   exit 0");
    assert!(
        text.contains("Azure VM web-07 (westeurope, AzurePublicCloud)"),
        "{text}"
    );
    assert!(
        text.contains("resource group app-rg read (westeurope, Succeeded)"),
        "{text}"
    );
}

#[test]
fn what_nobody_could_look_at_is_not_called_fine() {
    let nameless =
        serde_json::json!({"resourceId": "", "resourceGroupName": "", "subscriptionId": ""});
    let ran = World::healthy().with_compute(&nameless).run();
    let words = "nothing wrong found, but not examined: access";
    let text = ran.text();
    assert_eq!(
        text.lines().last(),
        Some(format!("6 ok, 1 unknown   {words}   exit 0").as_str()),
        "{text}"
    );
    for format in [
        Format::Oneline,
        Format::Short,
        Format::Markdown,
        Format::Html,
    ] {
        assert!(ran.render(format).contains(words), "{format:?}");
    }
    let policy = Policy::default().with_fail_on_unknown(true);
    let diagnosis = diagnose_under(&ran.facts, &policy);
    assert_eq!(diagnosis.exit_code(), 5);
}

#[test]
fn the_machine_and_the_question_stand_in_the_json() {
    let report = World::healthy().waiting(60).run().json();
    assert_eq!(report["vm"]["name"], "web-07");
    assert_eq!(report["vm"]["location"], "westeurope");
    assert_eq!(report["vm"]["zone"], "2");
    assert_eq!(report["vm"]["vmss"], Value::Null);
    assert_eq!(report["vm"]["azEnvironment"], "AzurePublicCloud");
    assert_eq!(report["vm"]["vmId"], crate::replies::VM_ID);
    assert_eq!(report["args"]["target"], crate::replies::group_id());
    assert_eq!(report["args"]["selector"], "system");
    assert_eq!(report["args"]["audience"], crate::replies::ARM_AUDIENCE);
    assert_eq!(report["args"]["wait_s"], 60);
}

#[test]
fn every_request_is_in_the_timeline_with_its_ids() {
    let ran = World::healthy().with(Route::Target, denied()).run();
    let report = ran.json();
    let timeline = report["timeline"].as_array().unwrap();
    let actions: Vec<&str> = timeline
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    let expected = [
        "imds_probe",
        "imds_instance",
        "imds_identity_info",
        "imds_token",
        "arm_probe",
        "target_get",
        "subscriptions",
        "role_assignments",
        "permissions",
        "model_get",
    ];
    assert_eq!(actions, expected);
    assert_eq!(timeline.len(), ran.seen.len());
    assert_eq!(timeline[5]["status"], 403);
    assert_eq!(timeline[5]["code"], "AuthorizationFailed");
    assert_eq!(
        timeline[5]["request_id"],
        "b2b2b2b2-0000-4000-8000-00000000000b"
    );
    let times: Vec<u64> = timeline
        .iter()
        .map(|entry| entry["t_ms"].as_u64().unwrap())
        .collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[test]
fn a_remedy_is_filled_in_with_what_was_seen() {
    let ran = World::healthy()
        .with(Route::Target, denied())
        .with(
            Route::RoleAssignments,
            crate::replies::assigned(in_secs(-9000), in_secs(-9000)),
        )
        .run();
    let commands = &ran.finding("RBAC-027").remedy.commands;
    let expected = format!(
        "az role assignment list --assignee {} --scope {} --include-inherited",
        crate::replies::OBJECT_ID,
        crate::replies::group_id()
    );
    assert_eq!(commands[0].run, expected);
    assert!(ran.text().contains(&expected), "{}", ran.text());
}

#[test]
fn colours_are_the_only_escapes_and_only_when_asked_for() {
    let invocation = azvm_diagnostics::Invocation::new("cargo xtask doctor")
        .with_flag("--target", Some("a group".into()));
    let ran = World::healthy()
        .with(Route::Target, denied())
        .asking(|config| config.with_invocation(invocation))
        .run();
    let options =
        azvm_diagnostics::TextOptions::default().with_palette(azvm_diagnostics::Palette::ansi());
    let coloured = azvm_diagnostics::text(&ran.facts, &ran.diagnosis, &options);
    assert!(coloured.contains("\u{1b}[1;31mFAIL"), "{coloured:?}");
    assert!(
        coloured.contains("cargo xtask doctor explain RBAC-021"),
        "{coloured}"
    );
    assert!(
        coloured.contains("cargo xtask doctor --target 'a group' --wait 10m"),
        "{coloured}"
    );
    let mut plain = String::new();
    for (index, part) in coloured.split('\u{1b}').enumerate() {
        let rest = part.split_once('m').map_or(part, |(_, rest)| rest);
        plain.push_str(if index == 0 { part } else { rest });
    }
    assert_eq!(plain, ran.text());
}
