//! Requests that almost name what they mean: a host, a path, a parameter or an audience that is misspelt.

use crate::requests::{TOKEN, check, lint, mends};
use azvm_diagnostics::request::Stranger;

const SUBSCRIPTION: &str =
    "/subscriptions/01234567-89ab-cdef-0123-456789abcdef?api-version=2022-12-01";

/// Whether it is somebody else's, and who was meant.
fn stranger(text: &str) -> Option<Option<&'static str>> {
    let lint = lint(text);
    assert_eq!(lint.is_fine(), lint.stranger.is_none(), "{text}");
    lint.stranger
        .map(|Stranger { nearest, .. }: Stranger| nearest)
}

#[test]
fn a_request_to_somebody_else_is_told_as_such() {
    for (text, nearest) in [
        ("http://example.com/".into(), None),
        (TOKEN.replace(".254/", ".245/"), Some("169.254.169.254")),
        (
            format!("https://managment.azure.com{SUBSCRIPTION}"),
            Some("management.azure.com"),
        ),
        (
            format!(
                "curl -H 'Authorization: Bearer Bearer x' https://managment.azure.com{SUBSCRIPTION}"
            ),
            Some("management.azure.com"),
        ),
    ] {
        let lint = lint(&text);
        assert_eq!(lint.stranger.map(|it| it.nearest), Some(nearest), "{text}");
        assert!(!lint.is_fine() && lint.corrected.is_none(), "{text}");
    }
    for text in [
        format!("https://westeurope.management.azure.com{SUBSCRIPTION}"),
        format!("https://$HOST{SUBSCRIPTION}"),
        format!("http://arm:8080{SUBSCRIPTION}"),
        TOKEN.replace("169.254.169.254", "imds"),
        TOKEN.replace("169.254.169.254", "[::1]:8080"),
    ] {
        assert_eq!(stranger(&text), None, "{text}");
    }
}

#[test]
fn plain_http_to_arm_gives_the_token_away() {
    let right = format!("https://management.azure.com{SUBSCRIPTION}");
    mends(
        &right.replace("https", "http"),
        &[("CODE-004", "http")],
        &right,
    );
    check(
        &format!("curl -H 'Authorization: Bearer x' 'management.azure.com{SUBSCRIPTION}'"),
        &[("CODE-004", "")],
    );
    check(&format!("http://127.0.0.1:1{SUBSCRIPTION}"), &[]);
}

#[test]
fn a_misspelt_path_leads_to_the_documented_one() {
    let right = TOKEN.replace("https://management.azure.com/", "x");
    for path in [
        "/metadata/identity/oauth2/tokens",
        "/metdata/identity/oauth2/token",
        "/metadata/identity/oauth2/v2.0/token",
    ] {
        let text = right.replace("/metadata/identity/oauth2/token", path);
        mends(&text, &[("IMDS-007", path)], &right);
    }
    check(
        "http://169.254.169.254/latest/meta-data/",
        &[("IMDS-007", "/latest/meta-data/")],
    );
    check("http://169.254.169.254/metadata/something/else", &[]);
}

#[test]
fn a_misspelt_parameter_leads_to_the_documented_one() {
    let guid = "01234567-89ab-cdef-0123-456789abcdef";
    for name in ["clientid", "clientId", "client-id", "clent_id"] {
        let lint = check(&format!("{TOKEN}&{name}={guid}"), &[("IDSEL-011", name)]);
        assert_eq!(lint.findings[0].suggestion.as_deref(), Some("client_id"));
    }
    check(
        &format!("{TOKEN}&msi_resid=x"),
        &[("IDSEL-011", "msi_resid")],
    );
    check(&format!("{TOKEN}&authority=x&xms_cc=CP1"), &[]);
    let lint = check(
        &TOKEN.replace("resource=", "resouce="),
        &[("CODE-025", "resouce")],
    );
    assert_eq!(lint.findings[0].suggestion.as_deref(), Some("resource"));
}

#[test]
fn a_misspelt_audience_leads_to_the_known_one() {
    let right = TOKEN.replace(
        "https://management.azure.com/",
        "https%3A%2F%2Fmanagement.azure.com",
    );
    for audience in ["https://managment.azure.com", "management.azure.com"] {
        let text = TOKEN.replace("https://management.azure.com/", audience);
        mends(&text, &[("TOKEN-004", audience)], &right);
    }
    for audience in [
        "https://management.usgovcloudapi.net",
        "https://management.core.windows.net/",
        "https://vault.azure.net",
        "https://demo.vault.azure.net",
        "api://management.azure.com",
        "01234567-89ab-cdef-0123-456789abcdef",
    ] {
        check(
            &TOKEN.replace("https://management.azure.com/", audience),
            &[],
        );
    }
}

#[test]
fn an_api_version_is_a_date() {
    for version in ["2025-99-01", "2025-00-01", "2025-01-32"] {
        check(
            &TOKEN.replace("2018-02-01", version),
            &[("CODE-005", version)],
        );
    }
    check(&TOKEN.replace("2018-02-01", "2024-07-17"), &[]);
}
