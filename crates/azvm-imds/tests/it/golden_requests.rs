//! Each request as it is to stand on the wire: the target byte for byte, and the headers.

use crate::golden::ask;
use azvm_exchange::{HeaderValue, Request};
use azvm_imds::{
    Audience, IdentitySelector, MAX_AUDIENCE_BYTES, MAX_TOKEN_RESPONSE_BYTES, TokenRequest,
    identity_info, instance, probe, versions,
};

const GUID: &str = "0A1B2C3D-0000-4000-8000-00000000000C";

#[track_caller]
fn check(request: &Request, expected: &[&str]) {
    let mut lines = vec![format!(
        "{} {}",
        request.method().as_str(),
        request.target()
    )];
    for header in request.headers() {
        let HeaderValue::Public(value) = &header.value else {
            panic!("IMDS is sent no secret");
        };
        lines.push(format!("{}: {value}", header.name));
    }
    assert_eq!(lines, expected);
}

/// The last parameter of the target of a request with this selector.
#[track_caller]
fn check_selector(selector: IdentitySelector, expected: &str) {
    let target = "GET /metadata/identity/oauth2/token?api-version=2018-02-01\
                  &resource=https%3A%2F%2Fmanagement.azure.com%2F";
    let request = ask(selector).to_request();
    check(
        &request,
        &[&format!("{target}{expected}"), "Metadata: true"],
    );
    assert_eq!(request.max_response_bytes(), MAX_TOKEN_RESPONSE_BYTES);
}

#[test]
fn a_system_token_is_asked_for_without_a_selector() {
    check_selector(IdentitySelector::System, "");
}

#[test]
fn each_selector_has_its_documented_name_and_stands_last() {
    let guid = || GUID.parse().unwrap();
    let lower = GUID.to_ascii_lowercase();
    check_selector(
        IdentitySelector::ClientId(guid()),
        &format!("&client_id={lower}"),
    );
    check_selector(
        IdentitySelector::ObjectId(guid()),
        &format!("&object_id={lower}"),
    );
    let id = "/subscriptions/0a1b/resourceGroups/rg-1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-1";
    check_selector(
        IdentitySelector::ResourceId(id.parse().unwrap()),
        "&msi_res_id=%2Fsubscriptions%2F0a1b%2FresourceGroups%2Frg-1%2Fproviders\
         %2FMicrosoft.ManagedIdentity%2FuserAssignedIdentities%2Fid-1",
    );
}

#[test]
fn every_odd_character_of_a_resource_id_is_percent_encoded() {
    let id = "/subscriptions/0a1b/resourceGroups/(r) g_é.x/providers/Microsoft.ManagedIdentity/userAssignedIdentities/a&b=c+d;%20~'";
    check_selector(
        IdentitySelector::ResourceId(id.parse().unwrap()),
        "&msi_res_id=%2Fsubscriptions%2F0a1b%2FresourceGroups%2F%28r%29%20g_%C3%A9.x%2Fproviders\
         %2FMicrosoft.ManagedIdentity%2FuserAssignedIdentities%2Fa%26b%3Dc%2Bd%3B%2520~%27",
    );
}

#[test]
fn the_audience_is_sent_as_given() {
    for (audience, encoded) in [
        (
            "https://management.azure.com",
            "https%3A%2F%2Fmanagement.azure.com",
        ),
        (
            "https://management.core.windows.net/",
            "https%3A%2F%2Fmanagement.core.windows.net%2F",
        ),
        ("HTTPS://Vault.Azure.Net", "HTTPS%3A%2F%2FVault.Azure.Net"),
        (
            "api://0a1b?x=1&y=ü#z",
            "api%3A%2F%2F0a1b%3Fx%3D1%26y%3D%C3%BC%23z",
        ),
    ] {
        let ask = TokenRequest::new(Audience::new(audience).unwrap(), IdentitySelector::System);
        let target = format!(
            "GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource={encoded}"
        );
        check(&ask.to_request(), &[&target, "Metadata: true"]);
    }
}

#[test]
fn exactly_one_default_suffix_is_cut_off_a_scope() {
    for (scope, audience) in [
        (
            "https://management.azure.com/.default",
            "https://management.azure.com",
        ),
        (
            "https://management.azure.com//.default",
            "https://management.azure.com/",
        ),
        ("https://x/.default/.default", "https://x/.default"),
        ("https://x/.DEFAULT", "https://x/.DEFAULT"),
        ("https://x/", "https://x/"),
    ] {
        assert_eq!(Audience::from_scope(scope).unwrap().as_str(), audience);
    }
    let left = Audience::new("https://x/.default").unwrap();
    assert!(left.looks_like_scope());
}

#[test]
fn what_is_no_audience_is_refused_with_a_reason() {
    let reason = |text: &str| Audience::new(text).unwrap_err().to_string();
    assert_eq!(reason(""), "expected an audience, found nothing");
    let odd = "white space does not belong in an audience";
    for text in [" https://x", "https://x\r\nX: y", "a\u{a0}b", "a\0b"] {
        assert_eq!(reason(text), odd, "{text:?}");
    }
    assert!(Audience::new("x".repeat(MAX_AUDIENCE_BYTES)).is_ok());
    assert_eq!(
        reason(&"x".repeat(MAX_AUDIENCE_BYTES + 1)),
        "the audience is longer than 2048 bytes"
    );
    assert!(Audience::from_scope("/.default").is_err());
}

#[test]
fn the_probe_alone_has_no_metadata_header() {
    check(
        &probe(),
        &["GET /metadata/identity/oauth2/token?api-version=2018-02-01"],
    );
}

#[test]
fn the_list_of_versions_alone_has_no_api_version() {
    check(&versions(), &["GET /metadata/versions", "Metadata: true"]);
}

#[test]
fn the_documents_name_their_api_version() {
    check(
        &identity_info(),
        &[
            "GET /metadata/identity/info?api-version=2018-02-01",
            "Metadata: true",
        ],
    );
    check(
        &instance(),
        &[
            "GET /metadata/instance?api-version=2021-02-01",
            "Metadata: true",
        ],
    );
}
