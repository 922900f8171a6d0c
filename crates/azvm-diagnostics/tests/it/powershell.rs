//! `lint-request` for PowerShell's own commands: each mistake, and its nearest neighbour that is none.

use crate::requests::{TOKEN, check, found, lint, mends};
use azvm_diagnostics::request::{Form, RequestLint, Shell, split};
use proptest::prelude::*;

const RIGHT: &str = "Invoke-RestMethod -NoProxy -Headers @{Metadata='true'} -Uri 'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F'";

fn irm(url: &str) -> String {
    format!("Invoke-RestMethod -Headers @{{Metadata=\"true\"}} -Method GET -NoProxy -Uri \"{url}\"")
}

/// The forms of the pages on IMDS and on tokens, and as people type them.
#[test]
fn right_commands_have_no_findings() {
    for text in [
        RIGHT.to_owned(),
        irm(TOKEN),
        format!("PS C:\\> $r = Invoke-WebRequest -Uri '{TOKEN}' -Headers @{{Metadata='true'}} -UseBasicParsing | ConvertFrom-Json"),
        format!("(iwr -UseBasicParsing -Headers @{{ 'Metadata' = 'true' }} '{TOKEN}').Content"),
        format!("irm -H:@{{metadata=\"True\"; Accept='*/*'}} -Ur '{TOKEN}'; Get-Date"),
        format!("Invoke-RestMethod `\n  -Method GET `\n  -NoProxy `\n  -Headers @{{\"Metadata\"=\"true\"}} `\n  -Uri '{TOKEN}'"),
        format!("Invoke-RestMethod -Headers @{{\n  Metadata = 'true'\n}} -Uri '{TOKEN}'"),
        "Invoke-RestMethod -Headers $headers -Uri 'http://169.254.169.254/metadata/versions'".into(),
        "Invoke-RestMethod @arguments -Uri 'http://169.254.169.254/metadata/versions'".into(),
        "irm -Headers @{Metadata=$true} -Uri \"$($env:IMDS)/metadata/instance?api-version=$version\"".into(),
        "irm -Headers @{Metadata='true'} -Uri ('http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=' + [uri]::EscapeDataString('https://a/'))".into(),
        "irm -Headers @{Metadata='true'} 'http://169.254.169.254/metadata/identity/oauth2/token' -Body @{'api-version'='2018-02-01'; resource='https://a b&c/'}".into(),
        "Invoke-RestMethod -Method Post -Headers @{Metadata='true'} -Body $json -Uri 'http://169.254.169.254/metadata/scheduledevents?api-version=2020-07-01'".into(),
        "irm -Headers @{Authorization=\"Bearer $token\"} -Uri 'https://management.azure.com/subscriptions?api-version=2022-12-01'".into(),
        "irm -Headers @{Authorization=\"Bearer $($response.access_token)\"} -Uri 'https://management.azure.com/subscriptions?api-version=2022-12-01&$top=1'".into(),
    ] {
        let lint = check(&text, &[]);
        assert_eq!((lint.form, lint.corrected), (Form::PowerShell, None), "{text}");
        assert_eq!(split(&text), [text.trim()]);
    }
}

#[test]
fn each_mistake_is_found_and_mended() {
    let bare = TOKEN
        .replace("https://", "https%3A%2F%2F")
        .replace("com/", "com%2F");
    mends(
        &format!("Invoke-RestMethod -Uri '{TOKEN}'"),
        &[("CODE-001", TOKEN)],
        RIGHT,
    );
    mends(
        &format!("iwr -Headers @{{'X-Metadata'='true'}} -Uri '{bare}'"),
        &[("CODE-001", "X-Metadata")],
        RIGHT,
    );
    mends(
        &format!("iwr -Headers @{{Metadata='yes'}} -Uri '{TOKEN}'"),
        &[("CODE-001", "yes")],
        RIGHT,
    );
    mends(
        &format!("irm -Method Post -Headers @{{Metadata='true'}} -Uri '{TOKEN}'"),
        &[("CODE-002", "Post")],
        RIGHT,
    );
    mends(
        &format!("irm -Proxy http://proxy:3128 -Headers @{{Metadata='true'}} -Uri '{TOKEN}'"),
        &[("CODE-011", "http://proxy:3128")],
        RIGHT,
    );
    mends(
        &irm(&TOKEN.replace(
            "resource=https://management.azure.com/",
            "resource=https://management.azure.com/.default",
        )),
        &[("CODE-006", "/.default")],
        &RIGHT.replace("com%2F'", "com'"),
    );
    // Without quotes PowerShell refuses the &.
    mends(
        &format!("irm -Headers @{{Metadata='true'}} -Uri {TOKEN}"),
        &[("CODE-023", "&")],
        RIGHT,
    );
    // A name of OData in double quotes, where a variable of that name is empty.
    let list = "https://management.azure.com/subscriptions?api-version=2022-12-01&";
    let headers = "-Headers @{Authorization=\"Bearer $TOKEN\"}";
    mends(
        &format!("irm {headers} -Uri \"{list}$top=1\""),
        &[("CODE-023", "$top")],
        &format!("Invoke-RestMethod {headers} -Uri '{list}$top=1'"),
    );
    check(&format!("irm {headers} -Uri \"{list}`$top=1\""), &[]);
    // A variable that single quotes keep from being one.
    check(
        &format!("irm -Headers @{{Authorization='Bearer $token'}} -Uri '{list}$top=1'"),
        &[("CODE-019", "Bearer $token")],
    );
    check(
        &format!("irm -PreserveAuthorizationOnRedirect {headers} -Uri '{list}$top=1'"),
        &[("CODE-018", "-PreserveAuthorizationOnRedirect")],
    );
}

#[test]
fn windows_powershell_has_no_such_switch() {
    let both =
        format!("iwr -UseBasicParsing -NoProxy -Headers @{{Metadata='true'}} -Uri '{TOKEN}'");
    let lint = check(&both, &[("CODE-011", "-NoProxy")]);
    assert!(lint.is_fine() && lint.corrected.is_none());
    check(&both.replace("-UseBasicParsing", ""), &[]);
    check(&both.replace("-NoProxy", ""), &[]);
}

#[test]
fn variables_stay_in_what_is_mended() {
    let lint = lint(
        "irm -Uri \"http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=$audience&client_id=$($me.id)\"",
    );
    assert_eq!(
        lint.corrected.as_deref(),
        Some(
            "Invoke-RestMethod -NoProxy -Headers @{Metadata='true'} -Uri \"http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=$audience&client_id=$($me.id)\""
        )
    );
}

#[test]
fn what_is_no_such_command_is_none() {
    for text in [
        "Write-Host Invoke-RestMethod",
        "Get-Irm",
        "irmx",
        // What is in the variable may be all that the query needs.
        "irm -Headers @{Metadata='true'} -Body $query 'http://169.254.169.254/metadata/identity/oauth2/token'",
    ] {
        assert!(RequestLint::of(text, Shell::PowerShell).is_err(), "{text}");
    }
    // A program, as PowerShell reads its words.
    let curl = format!("curl.exe -s -H Metadata:true \"{TOKEN}\"");
    assert!(
        RequestLint::of(&curl, Shell::PowerShell)
            .unwrap()
            .findings
            .is_empty()
    );
    let bare = format!("curl.exe -s -H Metadata:true {TOKEN}");
    let lint = RequestLint::of(&bare, Shell::PowerShell).unwrap();
    assert_eq!(found(&lint, &bare), [("CODE-023", "&")]);
    assert!(
        lint.corrected
            .unwrap()
            .starts_with("curl.exe -s --noproxy '*' -H Metadata:true 'http")
    );
}

proptest! {
    /// A secret is in no result, wherever it stands.
    #[test]
    fn no_secret_is_shown(secret in "[A-Za-z0-9]{24,40}") {
        for text in [
            format!("$p = '{secret}'; irm -Uri '{TOKEN}'"),
            format!("irm -Headers @{{Authorization='Bearer {secret}'; X='{secret}'}} -Uri '{TOKEN}'"),
            format!("irm -Credential {secret} -Token '{secret}' -Uri \"http://u:{secret}@a.net/metadata?x={secret}\""),
            format!("irm -Headers @{{X={secret}; {secret}}} -Body @{{x='{secret}'}} '{TOKEN}'"),
            format!("irm -Method (get '{secret}') -Headers @{{Accept=$(get '{secret}'); Metadata=(x '{secret}')}} -Uri '{TOKEN}'"),
            format!("irm -UserAgent '{secret}' -Uri ('{TOKEN}' + $(get '{secret}'))"),
        ] {
            let lint = RequestLint::of(&text, Shell::Sh).unwrap();
            let shown = format!("{lint:?}");
            for part in secret.as_bytes().windows(9) {
                let part = std::str::from_utf8(part).unwrap();
                prop_assert!(!shown.contains(part), "{} in {}", text, shown);
            }
        }
    }

    /// Any words have a verdict, with places in them.
    #[test]
    fn any_command_has_a_verdict(
        parts in proptest::collection::vec(
            prop_oneof![
                "[ -~\n\u{e9}]{0,6}",
                Just(" -Headers ".to_string()),
                Just("@{Metadata='true'}".to_string()),
                Just("@{".to_string()),
                Just(" -Uri ".to_string()),
                Just(TOKEN.to_string()),
                Just("\"$(".to_string()),
                Just("'\u{2019}\u{201c}`".to_string()),
                Just(" -Body ".to_string()),
                Just(" `\n".to_string()),
            ],
            0..10,
        )
    ) {
        let text = format!("irm {}", parts.concat());
        for request in split(&text) {
            let Ok(lint) = RequestLint::of(request, Shell::PowerShell) else { continue };
            prop_assert_eq!(lint.shown.len(), request.len());
            for finding in &lint.findings {
                prop_assert!(request.get(finding.span.clone()).is_some());
            }
            if let Some(corrected) = &lint.corrected {
                let again = RequestLint::of(corrected, Shell::PowerShell).unwrap();
                prop_assert!(again.is_fine(), "{}\n{}", request, corrected);
            }
        }
    }
}
