//! `decode-error` from outside: files and stdin, both formats, exit codes.

use crate::support::{Run, doctor};
use serde_json::Value;
use std::io::{Seek, Write};
use std::process::Stdio;

fn fed(args: &[&str], input: &str) -> Run {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(input.as_bytes()).unwrap();
    file.rewind().unwrap();
    Run::of(doctor(args).stdin(Stdio::from(file)))
}

const REFUSED: &str = "RESPONSE 403: 403 Forbidden\n{\"error\":{\"code\":\"ScopeLocked\",\"message\":\"locked \\u001b[2J\"}}";

#[test]
fn an_error_is_named_and_explained() {
    let run = fed(&["decode-error"], REFUSED).expect_code(0);
    let expected = "answer  ARM, status 403, ScopeLocked: locked  [2J\nRBAC-018  fail high  ";
    assert!(run.stdout.starts_with(expected), "{run:#?}");
    assert!(run.stdout.contains("explain RBAC-018"), "{run:#?}");
    assert!(!run.stdout.contains('\u{1b}'));
}

#[test]
fn a_line_of_jsonl_has_every_member() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(REFUSED.as_bytes()).unwrap();
    let path = file.path().to_str().unwrap();
    let run = Run::of(&mut doctor(&["decode-error", "--format", "jsonl", path])).expect_code(0);
    let line: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(line["status"], 403);
    assert_eq!(
        (&line["service"], &line["code"]),
        (&"ARM".into(), &"ScopeLocked".into())
    );
    assert_eq!(line["findings"][0]["code"], "RBAC-018");
    assert_eq!(line["findings"][0]["confidence"], "high");
    assert_eq!(line["ids"], serde_json::json!({}));
    assert_eq!(line.as_object().unwrap().len(), 7);
}

#[test]
fn an_exception_is_piped_in_and_its_ids_are_told() {
    let id = "11111111-2222-4333-8444-555555555555";
    let token = format!("eyJ{}.eyJ{}.x", "a".repeat(40), "b".repeat(40));
    let words = format!(
        "Unhandled exception. Azure.Identity.AuthenticationFailedException: ManagedIdentityCredential authentication \
         failed: Service request failed.\nStatus: 400 (Bad Request)\n\nContent:\n{{\"error\":\"unauthorized_client\",\
         \"error_description\":\"AADSTS700016: Application {token} was not found.\\r\\nTrace ID: {id}\"}}\n\nHeaders:\n\
         Server: IMDS/150.870.65.1475\n"
    );
    for args in [&["decode-error"][..], &["decode-error", "-"]] {
        let run = fed(args, &words).expect_code(0);
        assert!(
            run.stdout
                .starts_with("words   of Azure.Identity for .NET\nanswer  IMDS, status 400"),
            "{run:#?}"
        );
        assert!(
            run.stdout
                .contains(&format!("id      trace id {id}\nTOKEN-015 fail high")),
            "{run:#?}"
        );
        assert!(!run.stdout.contains("aaaaaaaaa"), "{run:#?}");
    }
    let run = fed(&["decode-error", "--format", "jsonl"], &words).expect_code(0);
    let line: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(line["ids"]["trace id"], id);
    assert!(!run.stdout.contains("aaaaaaaaa"), "{run:#?}");
}

#[test]
fn what_is_not_known_and_bad_usage() {
    let run = fed(&["decode-error"], "hello").expect_code(1);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines[0], "nothing in these words is known; looked for");
    assert!(lines.len() > 4 && run.stdout.contains("AADSTS"), "{run:#?}");
    Run::of(&mut doctor(&["decode-error", "/nonexistent"])).expect_code(2);
    Run::of(&mut doctor(&["decode-error", "a", "b"])).expect_code(2);
}
