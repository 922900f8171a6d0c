//! Each request as it is to stand on the wire: the target byte for byte, and the headers.

use crate::golden::ask;
use azvm_exchange::{HeaderValue, Request};
use azvm_imds::{
    Audience, EventId, IdentitySelector, InstancePath, InstanceRequest, MAX_AUDIENCE_BYTES,
    MAX_TOKEN_RESPONSE_BYTES, Nonce, SCHEDULED_EVENTS_FIRST_CALL, TokenRequest, attested_document,
    identity_info, instance, load_balancer, probe, scheduled_events, scheduled_events_policy,
    start_events, versions,
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

#[track_caller]
fn check_instance(request: &InstanceRequest, expected: &str) {
    let line = format!("GET /metadata/instance{expected}");
    check(&request.to_request(), &[&line, "Metadata: true"]);
}

fn path(text: &str) -> InstancePath {
    text.parse().unwrap()
}

#[test]
fn parts_of_the_instance_document_are_asked_for_by_path() {
    let json = |text: &str| InstanceRequest::json(path(text));
    check_instance(&json(""), "?api-version=2021-02-01");
    check_instance(&json("compute"), "/compute?api-version=2021-02-01");
    check_instance(
        &json("/network/interface/0"),
        "/network/interface/0?api-version=2021-02-01",
    );
    check_instance(
        &InstanceRequest::text(path("network/interface/0/ipv4/ipAddress/0/publicIpAddress")),
        "/network/interface/0/ipv4/ipAddress/0/publicIpAddress?api-version=2021-02-01&format=text",
    );
    let newer = "2023-11-15".parse().unwrap();
    check_instance(
        &InstanceRequest::text(path("compute/physicalZone")).with_api_version(newer),
        "/compute/physicalZone?api-version=2023-11-15&format=text",
    );
}

#[test]
fn the_extended_document_is_asked_for_as_cloud_init_does() {
    check_instance(
        &InstanceRequest::extended(),
        "?api-version=2021-08-01&extended=true",
    );
    let newer = "2023-11-15".parse().unwrap();
    check_instance(
        &InstanceRequest::extended().with_api_version(newer),
        "?api-version=2023-11-15&extended=true",
    );
}

#[test]
fn the_attested_document_may_be_asked_for_with_a_nonce() {
    let target = "GET /metadata/attested/document?api-version=2020-09-01";
    check(&attested_document(None), &[target, "Metadata: true"]);
    let nonce: Nonce = "1234567890".parse().unwrap();
    check(
        &attested_document(Some(&nonce)),
        &[&format!("{target}&nonce=1234567890"), "Metadata: true"],
    );
    assert!("a".repeat(32).parse::<Nonce>().is_ok());
    for wrong in ["", "12 34", "12-34", "1&x=2", "é", &"1".repeat(33)] {
        let error = wrong.parse::<Nonce>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected 1 to 32 ASCII letters and digits as a nonce"
        );
    }
}

#[test]
fn events_are_asked_for_and_approved_at_one_target() {
    let target = "/metadata/scheduledevents?api-version=2020-07-01";
    check(
        &scheduled_events(),
        &[&format!("GET {target}"), "Metadata: true"],
    );
    let ids: Vec<EventId> = ["602d9444-d2cd-49c7-8624-8643e7171297", "B-2"]
        .map(|id| id.parse().unwrap())
        .into();
    let approval = start_events(&ids);
    check(
        &approval,
        &[
            &format!("POST {target}"),
            "Content-Type: application/json",
            "Metadata: true",
        ],
    );
    assert_eq!(
        approval.body(),
        br#"{"StartRequests":[{"EventId":"602d9444-d2cd-49c7-8624-8643e7171297"},{"EventId":"B-2"}]}"#
    );
    assert_eq!(start_events(&[]).body(), br#"{"StartRequests":[]}"#);
    for wrong in ["", "a\"b", "a b", "a\\b", "a\nb", "é", &"a".repeat(129)] {
        assert!(wrong.parse::<EventId>().is_err(), "{wrong}");
    }
}

#[test]
fn the_first_call_for_events_is_given_its_two_minutes() {
    assert_eq!(SCHEDULED_EVENTS_FIRST_CALL.as_secs(), 120);
    assert!(scheduled_events_policy().deadline() > SCHEDULED_EVENTS_FIRST_CALL);
}

#[test]
fn the_load_balancer_has_its_own_api_version() {
    check(
        &load_balancer(),
        &[
            "GET /metadata/loadbalancer?api-version=2020-10-01",
            "Metadata: true",
        ],
    );
}
