//! What shells make of a request, as it is typed and as it is handed over, with a real `sh` beside.

#[cfg(unix)]
use crate::requests::lint;
use crate::requests::{TOKEN, check, curl, found, mends};
use azvm_diagnostics::Confidence;
use azvm_diagnostics::request::{Form, RequestLint, Shell};
#[cfg(unix)]
use std::process::Command;

#[test]
fn what_a_shell_makes_of_it() {
    let list = "/subscriptions/01234567-89ab-cdef-0123-456789abcdef/providers/Microsoft.Authorization/roleAssignments";
    mends(
        &format!("az rest --method get --url \"{list}?api-version=2022-04-01&$filter=atScope()\""),
        &[("CODE-023", "$filter")],
        &format!(
            "az rest --method get --url 'https://management.azure.com{list}?api-version=2022-04-01&$filter=atScope%28%29'"
        ),
    );
    let unquoted = format!("curl {TOKEN} -H Metadata:true");
    let lint = check(&unquoted, &[("CODE-023", "&")]);
    assert!(lint.corrected.unwrap().contains("&resource="));
    let in_cmd = RequestLint::of(&curl(TOKEN), Shell::Cmd).unwrap();
    assert_eq!(found(&in_cmd, &curl(TOKEN)), [("CODE-023", "'")]);
    let right = in_cmd.corrected.unwrap();
    assert!(
        RequestLint::of(&right, Shell::Cmd)
            .unwrap()
            .findings
            .is_empty(),
        "{right}"
    );
    check(&curl(TOKEN)[..60], &[("CODE-023", "'")]);
}

#[test]
fn what_a_shell_left_of_it() {
    let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
    let cut = TOKEN.split_once('&').unwrap().0;
    let lint = RequestLint::of_words(&words(&format!("curl -H Metadata:true {cut}"))).unwrap();
    let codes: Vec<_> = lint
        .findings
        .iter()
        .map(|it| it.finding.entry.code)
        .collect();
    assert_eq!(codes, ["CODE-025", "CODE-023"]);
    assert_eq!(lint.findings[1].finding.confidence, Confidence::Possible);
    let lint = RequestLint::of_words(&words(
        "https://management.azure.com/subscriptions?api-version=2022-12-01&=x",
    ))
    .unwrap();
    assert_eq!(lint.findings[0].finding.entry.code, "CODE-023");
    let typed = RequestLint::of_words(&[curl(TOKEN)]).unwrap();
    assert!(typed.findings.is_empty() && typed.form == Form::Curl);
}

/// As `curl` is asked when a real shell reads the line, with nothing in the environment.
#[cfg(unix)]
fn words_of_sh(line: &str) -> Option<Vec<String>> {
    let script = format!("curl() {{ printf '%s\\0' \"$@\"; }}\n{line}");
    let mut command = Command::new("sh");
    command
        .args(["-f", "-c", &script])
        .env_clear()
        .stderr(std::process::Stdio::null());
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.split_terminator('\0').map(String::from).collect())
}

/// A real `sh` sends what the linter says that it sends.
#[test]
#[cfg(unix)]
fn a_real_shell_agrees_about_quotes() {
    let base = "http://127.0.0.1:1/metadata/identity/oauth2/token";
    for (line, is_whole) in [
        (
            format!("curl -H Metadata:true '{base}?api-version=2018-02-01&resource=x'"),
            true,
        ),
        (
            format!("curl -H Metadata:true \"{base}?api-version=2018-02-01&resource=x\""),
            true,
        ),
        (
            format!("curl -H Metadata:true {base}?api-version=2018-02-01\\&resource=x"),
            true,
        ),
        (
            format!("curl -H Metadata:true {base}?api-version=2018-02-01&resource=x"),
            false,
        ),
        (
            format!("curl -H Metadata:true \"{base}?api-version=2018-02-01&$filter=x&resource=x\""),
            false,
        ),
    ] {
        let given = words_of_sh(&line).unwrap();
        let after = RequestLint::of_words(&[vec!["curl".into()], given].concat()).unwrap();
        let typed = lint(&line);
        let codes = |lint: &RequestLint| -> Vec<&str> {
            lint.findings
                .iter()
                .map(|it| it.finding.entry.code)
                .collect()
        };
        assert_eq!(codes(&typed).contains(&"CODE-023"), !is_whole, "{line}");
        assert_eq!(
            codes(&after).contains(&"CODE-023"),
            !is_whole,
            "{line}\n{after:?}"
        );
        let corrected = typed.corrected.unwrap_or(line);
        let words = words_of_sh(&corrected).unwrap();
        assert!(words.last().unwrap().ends_with("resource=x"), "{words:?}");
    }
}
