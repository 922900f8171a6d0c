//! Refusals: their codes, the hints in their words, their details, challenges and headers.

use crate::golden::{names, response};
use azvm_arm::{ArmError, ErrorCode, MAX_DETAILS, MAX_HINTS};
use azvm_exchange::Response;
use std::time::Duration;

const SUBSCRIPTION: &str = "/subscriptions/0a1b2c3d-0000-4000-8000-000000000002";
const GROUP: &str = "/subscriptions/0a1b2c3d-0000-4000-8000-000000000002/resourceGroups/rg-1";
const OBJECT: &str = "0a1b2c3d-0000-4000-8000-00000000000b";
const CLIENT: &str = "0a1b2c3d-0000-4000-8000-00000000000c";

fn error(name: &str) -> ArmError {
    ArmError::read(&response(name))
}

fn said(message: &str) -> ArmError {
    let body = serde_json::json!({ "error": { "code": "C", "message": message } });
    ArmError::read(&Response::new(400, vec![], body.to_string().into_bytes()))
}

#[track_caller]
fn check(name: &str, status: u16, code: ErrorCode) -> ArmError {
    let error = error(name);
    assert_eq!(
        (error.status(), error.error_code()),
        (status, Some(code)),
        "{name}"
    );
    error
}

#[test]
fn the_codes_of_a_401_and_of_a_403_are_known() {
    check(
        "authentication_failed",
        401,
        ErrorCode::AuthenticationFailed,
    );
    check("invalid_token", 401, ErrorCode::InvalidAuthenticationToken);
    check(
        "audience",
        401,
        ErrorCode::InvalidAuthenticationTokenAudience,
    );
    check("expired", 401, ErrorCode::ExpiredAuthenticationToken);
    check("tenant", 401, ErrorCode::InvalidAuthenticationTokenTenant);
    check("authorization_failed", 403, ErrorCode::AuthorizationFailed);
    check(
        "authorization_failed_condition",
        403,
        ErrorCode::AuthorizationFailed,
    );
    check(
        "deny_assignment",
        403,
        ErrorCode::DenyAssignmentAuthorizationFailed,
    );
    check(
        "linked_authorization_failed",
        403,
        ErrorCode::LinkedAuthorizationFailed,
    );
    check("policy", 403, ErrorCode::RequestDisallowedByPolicy);
}

#[test]
fn the_codes_of_other_refusals_are_known() {
    check(
        "linked_check_failed",
        400,
        ErrorCode::LinkedAuthorizationFailed,
    );
    check("scope_locked", 409, ErrorCode::ScopeLocked);
    check("group_not_found", 404, ErrorCode::ResourceGroupNotFound);
    check(
        "subscription_not_found",
        404,
        ErrorCode::SubscriptionNotFound,
    );
    check("resource_not_found", 404, ErrorCode::ResourceNotFound);
    check("principal_not_found", 400, ErrorCode::PrincipalNotFound);
    check(
        "invalid_subscription_id",
        400,
        ErrorCode::InvalidSubscriptionId,
    );
    check(
        "api_version_missing",
        400,
        ErrorCode::MissingApiVersionParameter,
    );
    check(
        "api_version_invalid",
        400,
        ErrorCode::InvalidApiVersionParameter,
    );
    check(
        "no_registered_provider",
        400,
        ErrorCode::NoRegisteredProviderFound,
    );
    check(
        "missing_registration",
        409,
        ErrorCode::MissingSubscriptionRegistration,
    );
    check("throttled", 429, ErrorCode::TooManyRequests);
    check("throttled_subscription", 429, ErrorCode::TooManyRequests);
    check("throttled_provider", 429, ErrorCode::TooManyRequests);
    check("internal", 500, ErrorCode::InternalServerError);
    check("details", 409, ErrorCode::Other);
    assert_eq!(error("gateway").error_code(), None);
    assert_eq!(
        ErrorCode::from_text("authorizationFAILED"),
        ErrorCode::AuthorizationFailed
    );
    assert_eq!(ErrorCode::from_text(""), ErrorCode::Other);
}

#[test]
fn errors_outside_of_arms_envelope_keep_their_code_and_words() {
    let odata = error("odata");
    assert_eq!(odata.code(), Some("Authorization_RequestDenied"));
    let words = "Insufficient privileges to complete the operation.";
    assert_eq!(odata.message(), Some(words));
    assert!(odata.is_from_arm() && odata.is_enveloped());

    let flat = error("flat");
    assert_eq!(flat.error_code(), Some(ErrorCode::AuthorizationFailed));
    assert_eq!(flat.denied().unwrap().object_id.as_deref(), Some(OBJECT));
    assert!(flat.is_from_arm() && !flat.is_enveloped());

    let oauth = error("oauth");
    assert_eq!((oauth.code(), oauth.is_from_arm()), (None, false));
    assert_eq!(oauth.message(), Some("access_denied: Refused by rule 17."));

    let xml = error("xml");
    assert_eq!((xml.code(), xml.is_from_arm()), (None, true));
    let words = "AuthenticationFailed Server failed to authenticate the request.";
    assert_eq!(xml.message(), Some(words));
}

/// Without ARM's ids a form that anybody may write is ARM's by a code that only ARM has.
#[test]
fn a_form_without_an_envelope_is_no_mark_of_arm() {
    let read = |body: &str| ArmError::read(&Response::new(403, vec![], body.into()));
    assert!(read(r#"{"code":"authorizationfailed","message":"m"}"#).is_from_arm());
    for body in [
        r#"{"code":"NotAllowed","message":"m"}"#,
        r#"{"statusCode":403,"Message":"m"}"#,
        r#"{"error":{"message":"m"}}"#,
        r#"{"error":{"code":"","message":"m"}}"#,
        r#"{"odata.error":{"message":{"lang":"de","value":"m"}}}"#,
        r#"{"error":"m"}"#,
    ] {
        let error = read(body);
        assert_eq!(
            (error.message(), error.is_from_arm()),
            (Some("m"), false),
            "{body}"
        );
    }
    for body in [
        r#"{"error":["m"]}"#,
        r#"{"message":{"lang":"m"}}"#,
        r#"{"message":"a","Message":"b"}"#,
    ] {
        assert_eq!(read(body).message(), None, "{body}");
    }
}

#[test]
fn a_detail_tells_what_a_general_code_does_not() {
    let inner = error("inner");
    assert_eq!((inner.code(), inner.message()), (Some("Forbidden"), None));
    assert_eq!(inner.error_code(), Some(ErrorCode::Other));
    let policy = Some(ErrorCode::RequestDisallowedByPolicy);
    assert_eq!(inner.most_specific_code(), policy);
    assert_eq!(
        inner.details()[1].to_string(),
        "RequestDisallowedByPolicy: Resource 'rg-1' was disallowed by policy."
    );
    // A code that is known stands, whatever the details say.
    let both = r#"{"error":{"code":"ScopeLocked","details":[{"code":"AuthorizationFailed"}]}}"#;
    let both = ArmError::read(&Response::new(409, vec![], both.into()));
    assert_eq!(both.most_specific_code(), Some(ErrorCode::ScopeLocked));
    assert_eq!(
        both.to_string(),
        "ARM answered 409 ScopeLocked: AuthorizationFailed"
    );
}

#[test]
fn a_stranger_is_told_by_its_headers_and_first_words() {
    let squid = error("squid");
    assert!(!squid.is_from_arm());
    assert_eq!(
        squid.sender().via.as_deref(),
        Some("1.1 proxy01 (squid/5.7)")
    );
    assert_eq!(
        squid.sender().squid_error.as_deref(),
        Some("ERR_DNS_FAIL 0")
    );
    assert_eq!(
        squid.to_string(),
        "a server in ARM's place answered 503 (Via: 1.1 proxy01 (squid/5.7), Server: squid/5.7, X-Squid-Error: \
         ERR_DNS_FAIL 0): ERROR: The requested URL could not be retrieved Unable to determine IP address"
    );
    // Who passed on what ARM wrote is nobody's affair.
    let headers = vec![
        ("via".into(), "1.1 proxy01".into()),
        ("x-ms-request-id".into(), "r".into()),
    ];
    let passed = ArmError::read(&Response::new(502, headers, vec![]));
    assert!(passed.is_from_arm() && passed.sender().is_unknown());
    // A page is not what ARM wrote, whose headers these may be.
    let page = |body: &str| {
        let headers = [
            ("Content-Type", "Text/HTML; charset=utf-8"),
            ("x-ms-request-id", "r"),
        ];
        let headers = headers.map(|(name, value)| (name.into(), value.into()));
        ArmError::read(&Response::new(403, headers.into(), body.into()))
    };
    assert!(page("<html>blocked").is_page() && !page("<html>blocked").is_from_arm());
    // What passed Microsoft's edge has its mark.
    for name in ["X-Azure-Ref", "x-msedge-ref"] {
        let headers = vec![(name.into(), "0zxV".into())];
        let edge = ArmError::read(&Response::new(503, headers, b"<h2>Oh</h2>".to_vec()));
        assert_eq!(edge.sender().edge_ref.as_deref(), Some("0zxV"));
        let shown = "a server in ARM's place answered 503 (X-Azure-Ref: 0zxV): Oh";
        assert_eq!(edge.to_string(), shown);
    }
    assert!(page(r#"{"error":{"code":"C"}}"#).is_from_arm());
}

#[test]
fn a_body_that_nobody_can_read_says_why() {
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec();
    let header = ("x-ms-request-id".to_owned(), "r".to_owned());
    let error = ArmError::read(&Response::new(403, vec![header], gzip.clone()));
    assert_eq!(
        error.to_string(),
        "ARM answered 403: the body is compressed (gzip), which nobody asked for"
    );
    let good = azvm_arm::read_resource(&Response::new(200, vec![], gzip)).unwrap_err();
    assert_eq!(
        good.message(),
        Some(
            "the body is no ARM resource; instead: the body is compressed (gzip), which nobody asked for"
        )
    );
    let utf16: Vec<u8> = "{\"error\":{}}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let error = ArmError::read(&Response::new(403, vec![], utf16));
    assert_eq!(
        error.message(),
        Some("the body is UTF-16, and JSON is UTF-8")
    );
}

#[test]
fn codes_come_in_families() {
    for name in names() {
        let error = error(&name);
        let Some(code) = error.error_code() else {
            continue;
        };
        assert_eq!(code.is_about_token(), error.status() == 401, "{name}");
        assert_eq!(code.is_not_found(), error.status() == 404, "{name}");
        assert_eq!(
            code == ErrorCode::TooManyRequests,
            error.status() == 429,
            "{name}"
        );
        assert!(
            !code.is_about_access() || error.denied().is_some_and(|denied| denied.action.is_some()),
            "{name}"
        );
        assert_eq!(
            error.token_hints().is_some(),
            matches!(
                code,
                ErrorCode::ExpiredAuthenticationToken
                    | ErrorCode::InvalidAuthenticationTokenAudience
                    | ErrorCode::InvalidAuthenticationTokenTenant
            ),
            "{name}"
        );
    }
}

#[test]
fn a_plain_a_conditional_and_a_denied_403_are_told_apart() {
    let plain = error("authorization_failed").denied().unwrap();
    assert_eq!(plain.client_id.as_deref(), Some(CLIENT));
    assert!(!plain.is_condition_unfulfilled);
    assert_eq!(
        (plain.deny_assignment_name, plain.linked_action),
        (None, None)
    );
    let conditional = error("authorization_failed_condition").denied().unwrap();
    assert!(conditional.is_condition_unfulfilled);
    let denied = error("deny_assignment").denied().unwrap();
    assert_eq!(denied.deny_assignment_name.as_deref(), Some("lock"));
    assert_eq!(
        denied.deny_assignment_id.as_deref(),
        Some("0a1b2c3d00004000800000000000001f")
    );
    assert_eq!(denied.deny_assignment_scope.as_deref(), Some(SUBSCRIPTION));
    assert!(!denied.is_condition_unfulfilled && denied.linked_scopes.is_empty());
}

#[test]
fn hints_are_taken_from_behind_the_cut_and_names_may_hold_quotes() {
    let error = error("deny_assignment_long");
    assert!(error.message().unwrap().ends_with('…'));
    let denied = error.denied().unwrap();
    let name = denied.deny_assignment_name.unwrap();
    assert!(name.contains("by the team's cluster"), "{name}");
    assert!(name.ends_with("nrg_lockdown"), "{name}");
    assert_eq!(
        denied.deny_assignment_id.as_deref(),
        Some("0a1b2c3d00004000800000000000002f")
    );
    assert!(
        denied
            .deny_assignment_scope
            .unwrap()
            .ends_with("_westeurope")
    );
    let short = said(
        "The access is denied because of the deny assignment with name 'n' and Id 'i' at scope '/s '.",
    );
    let denied = short.denied().unwrap();
    assert_eq!(denied.deny_assignment_name.as_deref(), Some("n"));
}

#[test]
fn linked_scopes_are_lifted_out() {
    let linked = error("linked_authorization_failed").denied().unwrap();
    assert_eq!(linked.object_id.as_deref(), Some(OBJECT));
    assert_eq!(
        linked.action.as_deref(),
        Some("Microsoft.Compute/virtualMachines/write")
    );
    assert!(linked.scope.unwrap().ends_with("/virtualMachines/vm-1"));
    assert_eq!(
        linked.linked_action.as_deref(),
        Some("Microsoft.ManagedIdentity/userAssignedIdentities/assign/action")
    );
    let [first, second] = &linked.linked_scopes[..] else {
        panic!("{:?}", linked.linked_scopes);
    };
    assert!(first.ends_with("/id-1") && second.ends_with("/id-2"));
    let denied = error("linked_denied").denied().unwrap();
    let workspace = format!("{GROUP}/providers/Microsoft.OperationalInsights/workspaces/ws-1");
    assert_eq!(denied.linked_scopes, [workspace]);
    let check = error("linked_check_failed").denied().unwrap();
    assert_eq!(
        (check.client_id, check.object_id.as_deref()),
        (None, Some(OBJECT))
    );
    assert!(check.linked_scopes.is_empty());
}

#[test]
fn a_401_says_which_audience_tenant_or_time_was_wrong() {
    let audience = error("audience");
    let hints = audience.token_hints().unwrap();
    assert_eq!(hints.audience.as_deref(), Some("https://vault.azure.net"));
    let mut accepted = azvm_arm::Cloud::Public.audiences();
    accepted.sort_unstable();
    let mut listed = hints.accepted_audiences.clone();
    listed.sort_unstable();
    assert_eq!(listed, accepted, "the table of clouds has what ARM lists");

    let tenant = error("tenant");
    let hints = tenant.token_hints().unwrap();
    let foreign = "0a1b2c3d-0000-4000-8000-0000000000ff";
    assert_eq!(hints.token_tenant.as_deref(), Some(foreign));
    assert_eq!(
        hints.expected_tenants,
        ["0a1b2c3d-0000-4000-8000-00000000000a"]
    );
    let tenants = error("tenants_expected");
    let hints = tenants.token_hints().unwrap();
    assert_eq!(hints.token_tenant.as_deref(), Some(foreign));
    assert_eq!(
        hints.expected_tenants,
        [
            "0a1b2c3d-0000-4000-8000-00000000000a",
            "0a1b2c3d-0000-4000-8000-00000000000f"
        ]
    );

    let expired = error("expired");
    let hints = expired.token_hints().unwrap();
    assert_eq!(hints.expired_at.as_deref(), Some("9/11/2026 4:35:56 PM"));
    assert_eq!(hints.arm_time.as_deref(), Some("9/11/2026 4:40:56 PM"));
    assert_eq!(error("invalid_token").token_hints(), None);
}

#[test]
fn api_versions_and_a_namespace_are_lifted_out() {
    let invalid = error("api_version_invalid");
    let versions = invalid.supported_api_versions();
    assert_eq!(versions.len(), 7);
    assert_eq!(versions[0], "2022-09-01");
    assert!(
        versions
            .iter()
            .any(|version| version == azvm_arm::RESOURCE_GROUP_API_VERSION)
    );
    assert_eq!(
        error("no_registered_provider").supported_api_versions(),
        ["2015-05-01-preview", "2015-06-15", "2020-06-01"]
    );
    let missing = error("missing_registration");
    assert_eq!(missing.unregistered_namespace(), Some("Microsoft.KeyVault"));
    assert!(missing.supported_api_versions().is_empty());
}

#[test]
fn broken_words_give_fewer_hints() {
    for message in [
        "",
        "'",
        "The supported versions are '",
        "allowed audiences '",
        "allowed audiences ''",
        "It must match the tenant 'x'",
        "wrong issuer 'x'",
        "wrong issuer 'https://sts.windows.net'",
        "; however linked scope(s) '",
        "deny assignment with name 'n",
        "' and Id '",
        "to use namespace ''",
        "Die Uhrzeit 'x' liegt vor 'y'.",
    ] {
        let error = said(message);
        assert_eq!(
            (error.denied(), error.token_hints()),
            (None, None),
            "{message}"
        );
        assert!(error.supported_api_versions().is_empty(), "{message}");
        assert_eq!(error.unregistered_namespace(), None, "{message}");
    }
}

#[test]
fn there_is_an_end_to_hints_and_details() {
    let versions = format!(
        "The supported versions are '{}'",
        "2020-01-01,".repeat(9_999)
    );
    assert_eq!(said(&versions).supported_api_versions().len(), MAX_HINTS);
    let audiences = format!("the allowed audiences {}'x'", "'a',".repeat(9_999));
    let error = said(&audiences);
    assert_eq!(
        error.token_hints().unwrap().accepted_audiences.len(),
        MAX_HINTS
    );
    let scopes = format!(
        "; however, on the linked scope(s) '{}x'",
        "/s,".repeat(9_999)
    );
    assert_eq!(
        said(&scopes).denied().unwrap().linked_scopes.len(),
        MAX_HINTS
    );
    let issuers = "https://sts.windows.net/t/,".repeat(9_999);
    let error = said(&format!("It must match one of the tenants '{issuers}'"));
    assert_eq!(
        error.token_hints().unwrap().expected_tenants.len(),
        MAX_HINTS
    );
    let long = said(&format!("to use namespace '{}'", "n".repeat(99_999)));
    assert!(long.unregistered_namespace().unwrap().len() < 1_000);

    let info = format!(
        "{{\"type\":\"t\",\"info\":{{{}\"z\":\"\\u0007\"}}}}",
        numbered("\"{}\":\"v\",")
    );
    let detail = format!(
        "{{\"code\":\"c\",\"additionalInfo\":[{}{info}]}}",
        numbered(&format!("{info},"))
    );
    let body = format!(
        "{{\"error\":{{\"details\":[{}{detail}],\"additionalInfo\":[{info}]}}}}",
        numbered(&format!("{detail},"))
    );
    let error = ArmError::read(&Response::new(400, vec![], body.into_bytes()));
    assert_eq!(error.details().len(), MAX_DETAILS);
    assert_eq!(error.details()[0].additional_info.len(), MAX_DETAILS);
    assert_eq!(error.additional_info()[0].texts.len(), MAX_DETAILS);
}

/// Twenty copies, numbered where they have braces.
fn numbered(text: &str) -> String {
    (0..20)
        .map(|number| text.replace("{}", &number.to_string()))
        .collect()
}

#[test]
fn the_whole_envelope_is_kept() {
    let error = error("details");
    assert_eq!(error.target(), Some("rg-1"));
    let [detail] = error.details() else {
        panic!("{error:?}");
    };
    assert_eq!(detail.code.as_deref(), Some("Inner"));
    assert_eq!(detail.message.as_deref(), Some("One of them."));
    assert_eq!(detail.target.as_deref(), Some("vm-1"));
    assert!(detail.additional_info.is_empty());
    assert_eq!(
        error.additional_info()[0].info_type.as_deref(),
        Some("PolicyViolation")
    );
    let policy = crate::refusals::error("policy");
    let texts = &policy.additional_info()[0].texts;
    let texts: Vec<_> = texts
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    assert_eq!(
        texts,
        [
            ("policyAssignmentName", "locations"),
            ("policyDefinitionDisplayName", "Allowed locations")
        ]
    );
}

#[test]
fn the_bearer_challenge_is_found_among_others() {
    let error = error("cae_two_challenges");
    assert_eq!(error.challenges().len(), 1);
    let challenge = error.challenge().unwrap();
    assert_eq!(challenge.error.as_deref(), Some("insufficient_claims"));
    assert_eq!(
        challenge.tenant_id.as_deref(),
        Some("0a1b2c3d-0000-4000-8000-00000000000a")
    );
    assert_eq!(
        challenge.claims.as_deref(),
        Some(r#"{"access_token":{"nbf":{"essential":true,"value":"1752041837"}}}"#)
    );
    let header = |value: &str| ("WWW-Authenticate".to_owned(), value.to_owned());
    let two = vec![header("Bearer"), header("Bearer error=\"e\"")];
    let error = ArmError::read(&Response::new(401, two, vec![]));
    assert_eq!(error.challenges().len(), 2);
    assert_eq!(error.challenge().unwrap().error.as_deref(), Some("e"));
    let none = ArmError::read(&Response::new(401, vec![header("Basic realm=x")], vec![]));
    assert_eq!(none.challenge(), None);
}

#[test]
fn a_429_says_what_is_used_up_and_how_long_to_wait() {
    let error = error("throttled_subscription");
    let throttling = error.throttling();
    assert_eq!(throttling.retry_after, Some(Duration::from_secs(10)));
    assert_eq!(throttling.remaining("subscription-reads"), Some(0));
    assert_eq!(
        throttling.remaining("subscription-global-reads"),
        Some(3742)
    );
    let provider = crate::refusals::error("throttled_provider");
    assert_eq!(
        provider.throttling().retry_after,
        Some(Duration::from_secs(372))
    );
    assert!(provider.throttling().budgets.is_empty());
}

#[test]
fn ids_say_who_refused_and_where() {
    let error = error("group_not_found");
    let ids = error.request_ids();
    assert_eq!(ids.failure_cause.as_deref(), Some("gateway"));
    assert_eq!(ids.region(), Some("WESTEUROPE"));
    assert_eq!(ids.request_id.as_deref(), error.request_id());
    let odd = vec![("x-ms-routing-request-id".to_owned(), ":x".to_owned())];
    let error = ArmError::read(&Response::new(500, odd, vec![]));
    assert_eq!(error.request_ids().region(), None);
    assert!(error.request_ids().routing_id.is_some());
}
