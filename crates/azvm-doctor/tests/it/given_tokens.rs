//! A token that is given where none belongs is in nothing that the doctor prints or writes.

use crate::support::{Run, doctor};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use std::process::Stdio;

/// So much of a token in a row is told as a part of it.
const TELLING_CHARS: usize = 16;

/// What may stand before the token in an argument.
const BEFORE: [&str; 7] = [
    "",
    "json=",
    "https://",
    "/subscriptions/",
    "/subscriptions/x/resourceGroups/",
    "http://169.254.169.254/metadata/",
    "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=",
];

const COMMANDS: [&str; 8] = [
    "aggregate",
    "decode-error",
    "explain",
    "lint-id",
    "lint-request",
    "list-codes",
    "scan-log",
    "simulate",
];

fn token() -> impl Strategy<Value = String> {
    let claims = (
        "[a-z0-9-]{8,36}",
        "[a-zA-Z0-9_]{8,43}",
        "[!#-\\[\\]-~]{16,200}",
    );
    let signature = proptest::collection::vec(any::<u8>(), 64..=256);
    (claims, signature).prop_map(|((audience, key, id), signature)| {
        let header = format!(r#"{{"typ":"JWT","alg":"RS256","kid":"{key}"}}"#);
        let payload = format!(r#"{{"aud":"{audience}","oid":"{id}"}}"#);
        let parts = [header.as_bytes(), payload.as_bytes(), &signature];
        parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
    })
}

/// The token as it is, and as an address may have it.
fn spellings(token: &str) -> [String; 3] {
    ["%2E", "%252e", "."].map(|dot| token.replace('.', dot))
}

#[track_caller]
fn tells_nothing(said: &str, token: &str, what: &[String]) {
    let said = said.to_lowercase();
    for part in token.split('.') {
        let part = part.to_lowercase();
        for start in 0..=part.len().saturating_sub(TELLING_CHARS) {
            let piece = &part[start..(start + TELLING_CHARS).min(part.len())];
            // Not the text itself in the message: it may be what must not be shown.
            let names: Vec<&str> = what
                .iter()
                .map(|word| &word[..word.len().min(20)])
                .collect();
            assert!(
                !said.contains(piece),
                "a part of the token is shown: {names:?}"
            );
        }
    }
}

/// The options of a command that take a value, as its help has them.
fn options(command: &[&str]) -> Vec<String> {
    let run = Run::of(&mut doctor(&[command, &["--help"]].concat())).expect_code(0);
    let lines = run.stdout.lines().map(str::trim_start);
    let options = lines.filter(|line| line.starts_with("--") || line.starts_with("-"));
    let options =
        options.filter_map(|line| line.split_once(" <").or_else(|| line.split_once(" [<")));
    let long = |(names, _): (&str, &str)| names.split(", ").last().map(Into::into);
    options.filter_map(long).collect()
}

/// Every way to give `given` to a command as an argument, with what else the run needs to end soon and here.
fn ways(given: &str) -> Vec<Vec<String>> {
    let mut ways = vec![vec![given.to_owned()], vec![format!("--{given}=x")]];
    for option in options(&[]) {
        let rest: &[&str] = match option.as_str() {
            "--simulate" | "--from" => &[],
            "--imds-endpoint" => &["--arm-endpoint", "http://127.0.0.1:9"],
            "--arm-endpoint" | "--arm-ca" => &["--imds-endpoint", "http://127.0.0.1:9"],
            _ => &["--simulate", "healthy", "-v", "--redact", "strict"],
        };
        let mut way = vec![format!("{option}={given}")];
        way.extend(rest.iter().map(ToString::to_string));
        ways.push(way);
    }
    for command in COMMANDS {
        ways.push(vec![command.into(), given.into()]);
        ways.push(vec![command.into(), "--format=jsonl".into(), given.into()]);
        ways.push(vec![command.into(), "--exact".into(), given.into()]);
        for option in options(&[command]) {
            ways.push(vec![
                command.into(),
                format!("{option}={given}"),
                given.into(),
            ]);
        }
    }
    ways
}

fn said(args: &[String], stdin: Option<&Path>, folder: &Path) -> String {
    let mut command = doctor(args);
    command.current_dir(folder);
    if let Some(path) = stdin {
        command.stdin(Stdio::from(fs::File::open(path).unwrap()));
    }
    let run = Run::of(&mut command);
    run.stdout + &run.stderr
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn as_an_argument(token in token(), spelling in 0..3_usize, before in 0..BEFORE.len()) {
        let folder = tempfile::tempdir().unwrap();
        let given = format!("{}{}", BEFORE[before], spellings(&token)[spelling]);
        let ways = ways(&given);
        assert!(ways.len() > 50, "{} ways", ways.len());
        for way in ways {
            tells_nothing(&said(&way, None, folder.path()), &token, &way);
        }
    }

    #[test]
    fn in_a_place_of_its_own(token in token(), other in token()) {
        let folder = tempfile::tempdir().unwrap();
        for before in BEFORE {
            for given in spellings(&token) {
                let given = format!("{before}{given}");
                for way in [
                    &["lint-id", &given][..],
                    &["lint-id", "--format", "jsonl", &given, &other],
                    &["lint-request", "curl", "-d", &other, &given],
                    &["--target", &given, "--imds-endpoint", "http://127.0.0.1:9"],
                    &["--resource", &given, "--imds-endpoint", "http://127.0.0.1:9"],
                ] {
                    let way: Vec<String> = way.iter().map(ToString::to_string).collect();
                    let said = said(&way, None, folder.path());
                    tells_nothing(&said, &token, &way);
                    tells_nothing(&said, &other, &way);
                }
            }
        }
    }

    #[test]
    fn in_a_file_or_a_pipe(token in token(), other in token(), before in 0..BEFORE.len()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("given");
        let lines = spellings(&token).map(|given| format!("{}{given}\n", BEFORE[before]));
        fs::write(&path, lines.concat() + &other + "\n").unwrap();
        let report = folder.path().join("report.json");
        let made = ["--simulate", "not-azure", "--output", report.to_str().unwrap(), "--format", "json"];
        Run::of(&mut doctor(&made));
        let file = path.to_str().unwrap();
        for way in [
            &["aggregate", "--expect", file, report.to_str().unwrap()][..],
            &["aggregate", "--expect", file, "--format", "json", report.to_str().unwrap()],
            &["aggregate", file],
            &["decode-error", file],
            &["decode-error", "--format", "jsonl"],
            &["lint-id"],
            &["lint-id", "--format", "jsonl"],
            &["lint-request", "--file", file],
            &["lint-request", "--format", "jsonl"],
            &["scan-log", file],
            &["scan-log", "--format", "jsonl", "-"],
            &["--from", file],
            &["--simulate", file],
            &["--arm-ca", file, "--imds-endpoint", "http://127.0.0.1:9"],
        ] {
            let way: Vec<String> = way.iter().map(ToString::to_string).collect();
            let said = said(&way, Some(&path), folder.path());
            tells_nothing(&said, &token, &way);
            tells_nothing(&said, &other, &way);
        }
    }
}

#[test]
fn an_odd_resource_id_stays_readable() {
    let group = "keyJohannesburg-production.rg_eyJ";
    let id = format!("/subscriptions/0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d/resourceGroups/{group}");
    for format in ["text", "jsonl"] {
        let run = Run::of(&mut doctor(&["lint-id", "--format", format, &id])).expect_code(0);
        assert!(run.stdout.contains(&id), "{run:#?}");
    }
}

#[test]
fn a_token_is_not_asked_for() {
    let token = format!("eyJ{0}.eyJ{0}.c2ln", "a".repeat(40));
    for flag in ["--resource", "--target", "--resource-id"] {
        let args = [flag, &token, "--imds-endpoint", "http://127.0.0.1:9"];
        let run = Run::of(&mut doctor(&args)).expect_code(2);
        assert!(run.stderr.contains("an access token"), "{run:#?}");
    }
}
