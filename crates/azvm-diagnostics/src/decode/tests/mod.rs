//! Errors as clients and services word them, each with what it means, and with its neighbour that does not.

mod sdks;
mod sentences;

use super::*;
use proptest::prelude::*;

/// The codes, surest first, with their confidence.
#[track_caller]
fn check(text: &str, expected: &[(&str, &str)]) {
    let decoded = decode(text);
    let found: Vec<_> = decoded
        .findings
        .iter()
        .map(|finding| (finding.entry.code, finding.confidence.as_str()))
        .collect();
    assert_eq!(found, expected, "{text}\n{:?}", decoded.answer);
}

fn imds(error: &str, words: &str) -> String {
    serde_json::json!({"error": error, "error_description": words}).to_string()
}

fn arm(code: &str, words: &str) -> String {
    serde_json::json!({"error": {"code": code, "message": words}}).to_string()
}

/// What the page of a proxy means, where nobody says whom was asked.
const PAGE: [(&str, &str); 3] = [
    ("NET-014", "possible"),
    ("NET-012", "possible"),
    ("ARM-019", "possible"),
];

/// What a refusal may mean, as long as nobody has read the assignments.
const REFUSED: [(&str, &str); 4] = [
    ("RBAC-021", "likely"),
    ("RBAC-001", "possible"),
    ("RBAC-003", "possible"),
    ("RBAC-005", "possible"),
];

#[test]
fn bodies_of_imds() {
    check(
        &imds("invalid_request", "Identity not found"),
        &[("IDSEL-001", "possible"), ("IDSEL-007", "possible")],
    );
    check(
        &imds(
            "invalid_request",
            "Multiple user assigned identities exist, please specify the clientId",
        ),
        &[("IDSEL-002", "likely")],
    );
    check(
        &imds("invalid_request", "Required metadata header not specified"),
        &[("CODE-001", "likely"), ("IMDS-008", "possible")],
    );
    check(
        &imds(
            "invalid_request",
            "Required query variable 'resource' is missing",
        ),
        &[("CODE-025", "likely")],
    );
    check(
        &imds(
            "invalid_request",
            "No managed service identities are associated with it",
        ),
        &[("IDSEL-016", "likely")],
    );
    check(
        &imds("invalid_request", "something new"),
        &[
            ("IDSEL-001", "possible"),
            ("IDSEL-007", "possible"),
            ("TOKEN-017", "possible"),
        ],
    );
    // A number of the directory's is not about the identity, as for the doctor.
    check(
        &imds("invalid_request", "AADSTS50034: no such user"),
        &[("TOKEN-017", "possible")],
    );
    check(
        &imds("invalid_request", "query parameter 'x' is odd"),
        &[("TOKEN-017", "high")],
    );
    check(
        &imds("bad_request_102", ""),
        &[("CODE-001", "likely"), ("IMDS-008", "possible")],
    );
    check(
        &imds("invalid_resource", "AADSTS500011: 'https://a'"),
        &[("TOKEN-004", "high")],
    );
    check(
        &imds("invalid_resource", "AADSTS500011: 'https://a/.default'"),
        &[("TOKEN-003", "likely")],
    );
    check(
        &imds("unauthorized_client", "AADSTS700016"),
        &[("TOKEN-015", "high")],
    );
    check(&imds("access_denied", ""), &[("TOKEN-017", "high")]);
    check(
        r#"{"error":"Bad request. api-version is invalid","newest-versions":["2025-04-07"]}"#,
        &[("IMDS-009", "high"), ("CODE-005", "likely")],
    );
}

#[test]
fn whole_answers() {
    let answer = |status: &str, headers: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\n{headers}\r\n\r\n{body}")
    };
    let server = "Server: IMDS/150.870.65.1854";
    check(
        &answer("404 Not Found", server, &imds("not_found", "")),
        &[("IMDS-001", "high")],
    );
    check(
        &answer("410 Gone", server, &imds("gone", "")),
        &[("IMDS-002", "high")],
    );
    check(
        &answer("429 Too Many", server, &imds("too_many_requests", "")),
        &[("IMDS-003", "high")],
    );
    // Whose answer it is, the head says without a body.
    check(&answer("429 Too Many", server, ""), &[("IMDS-003", "high")]);
    check(&answer("429 Too Many", "", ""), &[("IMDS-003", "possible")]);
    let decoded = decode(&answer("410 Gone", server, "<html>"));
    assert_eq!(decoded.answer.unwrap().service, Service::Imds);
    check(
        &answer("500 X", server, &imds("unknown", "")),
        &[("IMDS-004", "high")],
    );
    check(
        &answer("502 X", server, &imds("unknown", "")),
        &[("IMDS-006", "high")],
    );
    check(
        &answer("405 X", server, &imds("method_not_allowed", "")),
        &[("CODE-002", "high")],
    );
    check(
        &answer("401 X", server, &imds("unknown_source", "")),
        &[("IMDS-007", "high")],
    );
    check(
        &answer("403 Forbidden", "Connection: close", ""),
        &[("IMDS-010", "likely")],
    );
    check(
        &answer("421 X", "Connection: close", ""),
        &[("IMDS-012", "likely")],
    );
    check(
        &answer("502 X", "Connection: close", ""),
        &[("IMDS-013", "likely")],
    );
    check(&answer("403 Forbidden", "Via: 1.1 squid", "<html>"), &PAGE);
    check(
        &format!(
            "> GET http://169.254.169.254/\n{}",
            answer("403 Forbidden", "Via: 1.1 squid", "<html>")
        ),
        &[("NET-014", "likely"), ("NET-012", "possible")],
    );
    check(
        &answer("401 X", "WWW-Authenticate: Basic realm=/x.key", ""),
        &[("HOST-003", "likely")],
    );
    check(
        &answer("404 X", "Server: EC2ws", ""),
        &[("HOST-002", "likely")],
    );
    check(
        &answer("404 X", "", &imds("DefaultIdentityNotDefined", "x")),
        &[("IDSEL-022", "high")],
    );
    let verbose = "* Connected\n> GET /x HTTP/1.1\n>\n< HTTP/1.1 400 Bad Request\n< Server: IMDS/1\n<\n{\"error\":\"bad_request_102\"}\n* Closing";
    check(verbose, &[("CODE-001", "likely"), ("IMDS-008", "possible")]);
}

#[test]
fn bodies_of_arm_that_may_be_about_any_client() {
    check(
        &arm(
            "AuthenticationFailed",
            "The 'Authorization' header is missing.",
        ),
        &[("ARM-011", "likely")],
    );
    check(
        &arm("InvalidAuthenticationTokenTenant", "x"),
        &[("TOKEN-007", "likely")],
    );
}

#[test]
fn bodies_of_arm() {
    let refused = "The client '11111111-0000-4000-8000-000000000000' with object id '22222222-0000-4000-8000-000000000000' does not have authorization to perform action 'Microsoft.Resources/subscriptions/resourceGroups/read' over scope '/subscriptions/s' or the scope is invalid.";
    check(&arm("AuthorizationFailed", refused), &REFUSED);
    let answer = decode(&arm("AuthorizationFailed", refused)).answer.unwrap();
    assert_eq!(
        answer.object_id.as_deref(),
        Some("22222222-0000-4000-8000-000000000000")
    );
    assert_eq!(answer.scope.as_deref(), Some("/subscriptions/s"));
    check(
        &arm("AuthorizationFailed", "… has an ABAC condition …"),
        &[("RBAC-007", "likely")],
    );
    check(
        &arm("LinkedAuthorizationFailed", "action 'x/read'"),
        &[("RBAC-020", "high")],
    );
    check(
        &arm(
            "LinkedAuthorizationFailed",
            "'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action'",
        ),
        &[("IDSEL-017", "high")],
    );
    for (code, expected) in [
        ("DenyAssignmentAuthorizationFailed", "RBAC-006"),
        ("ExpiredAuthenticationToken", "TOKEN-005"),
        ("LinkedInvalidPropertyId", "RID-014"),
        ("MissingApiVersionParameter", "ARM-013"),
        ("MissingSubscriptionRegistration", "ARM-015"),
        ("NoRegisteredProviderFound", "ARM-014"),
        ("PrincipalNotFound", "RBAC-010"),
        ("RoleAssignmentUpdateNotPermitted", "RBAC-022"),
        ("ScopeLocked", "RBAC-018"),
        ("ResourceGroupNotFound", "RID-007"),
        ("SubscriptionNotFound", "RID-006"),
        ("ResourceNotFound", "RBAC-026"),
        ("AuthorizationPermissionMismatch", "RBAC-014"),
        ("ForbiddenByPolicy", "RBAC-024"),
        ("TooManyRequests", "ARM-016"),
        ("InternalServerError", "ARM-017"),
    ] {
        check(&arm(code, "words"), &[(expected, "high")]);
    }
    check(
        &arm("InvalidAuthenticationToken", "x"),
        &[("ARM-012", "high"), ("CODE-019", "possible")],
    );
    check(&arm("SomethingNew", "x"), &[("ARM-021", "possible")]);
    let audience = |sent: &str| {
        arm(
            "InvalidAuthenticationTokenAudience",
            &format!(
                "The access token has been obtained for wrong audience or resource '{sent}'. It should exactly match with one of the allowed audiences 'https://management.core.windows.net/','https://management.azure.com/'."
            ),
        )
    };
    check(
        &audience("https://vault.azure.net"),
        &[("TOKEN-002", "high")],
    );
    check(
        &audience("https://management.chinacloudapi.cn/"),
        &[("TOKEN-001", "high")],
    );
}

#[test]
fn words_of_sdks() {
    for (text, sdk, expected) in [
        (
            "ManagedIdentityCredential authentication failed. The requested identity has not been assigned to this resource",
            "azure_identity for Rust",
            &[
                "CODE-024",
                "IDSEL-001",
                "IDSEL-002",
                "IDSEL-007",
                "TOKEN-003",
                "TOKEN-004",
            ][..],
        ),
        (
            "[Managed Identity] Authentication unavailable. Either the requested identity has not been assigned to this resource, or other errors could be present.",
            "Azure.Identity or MSAL for .NET",
            &[
                "CODE-024",
                "IDSEL-001",
                "IDSEL-002",
                "IDSEL-007",
                "TOKEN-003",
                "TOKEN-004",
            ],
        ),
        (
            "ManagedIdentityCredential authentication unavailable, no response from the IMDS endpoint. Token request error: (invalid_request) Identity not found",
            "azure-identity for Python",
            &["IDSEL-001", "IDSEL-007"],
        ),
        (
            "ManagedIdentityCredential authentication unavailable.",
            "an Azure SDK's identity library",
            &["NET-014", "IMDS-001", "IMDS-006"],
        ),
        (
            "invalid_request: Error(s): Not Available - Timestamp: Not Available - Description: Multiple user assigned identities exist, please specify",
            "MSAL for JavaScript",
            &["IDSEL-002"],
        ),
        (
            "ManagedIdentityCredential: Network unreachable. Message: network_error: See https://aka.ms/msal.js.errors#network_error",
            "@azure/identity for JavaScript",
            &["NET-001", "NET-002", "HOST-001", "NET-014"],
        ),
        (
            "ManagedIdentityCredential: failed to authenticate a system assigned identity. The endpoint responded with {\"error\": \"invalid_request\", \"error_description\": \"Identity not found\"}",
            "azidentity for Go",
            &["IDSEL-001"],
        ),
        (
            "MsalServiceException: invalid_resource, StatusCode: 400, body: \"{\\\"error\\\":\\\"invalid_resource\\\",\\\"error_description\\\":\\\"AADSTS500011\\\"}\"",
            "MSAL for .NET",
            &["TOKEN-004"],
        ),
        (
            "GET https://management.azure.com/x\nRESPONSE 403: 403 Forbidden\nERROR CODE: AuthorizationFailed\n---\n",
            "azcore for Go",
            &["RBAC-021", "RBAC-001", "RBAC-003", "RBAC-005"],
        ),
        (
            "File \"msal/managed_identity.py\"\njson.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
            "MSAL for Python or the Azure CLI",
            &["NET-014", "IMDS-001", "IMDS-006"],
        ),
    ] {
        let decoded = decode(text);
        let codes: Vec<_> = decoded.findings.iter().map(|it| it.entry.code).collect();
        assert_eq!((decoded.sdk, &codes[..]), (Some(sdk), expected), "{text}");
    }
}

#[test]
fn words_without_an_answer() {
    check("ERROR: (AuthorizationFailed) The client …", &REFUSED);
    check(
        "ERROR: Identity not found",
        &[("IDSEL-001", "possible"), ("IDSEL-007", "possible")],
    );
    check(
        "No subscriptions found for systemAssignedIdentity.",
        &[("RBAC-017", "likely")],
    );
    let imds = "HTTPConnectionPool(host='169.254.169.254', port=80): ";
    check(
        &format!("{imds}Connection refused"),
        &[("NET-003", "possible")],
    );
    check(
        &format!("{imds}Network is unreachable"),
        &[("NET-001", "possible"), ("HOST-001", "possible")],
    );
    check(
        &format!("{imds}ConnectTimeout"),
        &[("NET-002", "possible"), ("HOST-001", "possible")],
    );
    check(
        "ManagedIdentityCredential authentication unavailable, no response from the IMDS endpoint.",
        &[
            ("NET-002", "possible"),
            ("NET-003", "possible"),
            ("HOST-001", "possible"),
        ],
    );
    check(
        "AADSTS500011: The resource principal named https://a was not found in the tenant named b.",
        &[("TOKEN-004", "likely")],
    );
    check(
        "curl: (7) Failed to connect to 169.254.169.254 port 80 after 1 ms: Could not connect to server",
        &[("NET-003", "possible")],
    );
    check(
        "curl: (7) Failed to connect to 169.254.169.254 port 80: No route to host",
        &[("NET-001", "possible"), ("HOST-001", "possible")],
    );
    check(
        "curl: (28) Connection timed out after 2001 milliseconds",
        &[("NET-002", "possible")],
    );
    check("curl: (7) Failed to connect to example.com port 80", &[]);
    check("Connection refused", &[]);
    check("the answer has status 410", &[("IMDS-002", "possible")]);
    check("port 410 and 4100", &[]);
    check("hello", &[]);
    check("", &[]);
    check("{\"a\":{\"b\":1}} {", &[]);
}

#[test]
fn json_is_found_where_it_stands() {
    let body = arm("ScopeLocked", "x");
    for text in [
        format!("a {{b}} {body} c"),
        format!("{{\"x\":1}}{{\"statusCode\":409,\"body\":{body}}}"),
        serde_json::json!({ "log": body }).to_string(),
        format!("\"{}\"", body.replace('"', "\\\"")),
        "Code: 1 {\"code\":\"ScopeLocked\",\"message\":\"x\"}".to_string(),
    ] {
        check(&text, &[("RBAC-018", "high")]);
    }
}

/// The forms in which programs print a body, each with its status where it has one.
fn printed(body: &str, status: u16) -> Vec<String> {
    let python = body.replace('"', "'");
    vec![
        format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n\r\n{body}"),
        format!(
            "Status: {status} (X)\n\nContent:\n{body}\n\nHeaders:\nContent-Type: application/json\n"
        ),
        format!("Status Code:\n{status}\n\nHeaders:\nPragma   : no-cache\n\nBody:\n{body}\n\n"),
        format!("Status code {status}, \"{body}\": more"),
        format!("RESPONSE {status} X\n----\n{body}\n----\n"),
        serde_json::json!({ "level": "error", "error": format!("http status {status}: {body}") })
            .to_string(),
        format!("status {status} {}", serde_json::json!(body)),
        format!("http {status}, unexpected response \"{python}\""),
    ]
}

proptest! {
    #[test]
    fn an_answer_means_the_same_however_it_is_printed(before in "[a-z ,.\n]{0,60}", which in 0..6usize) {
        let (status, body) = [
            (400, imds("invalid_request", "Identity not found")),
            (400, imds("invalid_request", "Multiple user assigned identities exist, please specify")),
            (404, imds("not_found", "x")),
            (429, imds("too_many_requests", "x")),
            (403, arm("ScopeLocked", "x")),
            (401, arm("ExpiredAuthenticationToken", "x y")),
        ][which].clone();
        let codes = |text: &str| {
            let findings = decode(text).findings.into_iter();
            findings.map(|it| (it.entry.code, it.confidence)).collect::<Vec<_>>()
        };
        let bare = codes(&body);
        prop_assert!(!bare.is_empty());
        for text in printed(&body, status) {
            let text = format!("{before}\n{text}");
            prop_assert_eq!(codes(&text), bare.clone(), "{}", text);
            prop_assert_eq!(decode(&text).answer.unwrap().status, Some(status), "{}", text);
        }
    }

    #[test]
    fn any_text_is_read_and_nothing_secret_repeated(
        before in "[ -~\n\u{e9}]{0,80}", status in 399..600u16, secret in "[A-Za-z0-9]{20,60}",
    ) {
        let token = format!("eyJ{secret}.eyJ{secret}.{secret}");
        for text in [
            format!("{before} Authorization: Bearer {token} Status: {status}"),
            format!("HTTP/1.1 {status} X\nX: {before}\n\n{}", imds("invalid_request", &format!("{before}{token}"))),
            format!("{before}Status: {status} (X)\nContent:\n{token}\nHeaders:\nServer: {token}\nx-ms-request-id: {token}\n"),
            format!("{before}{{'error': '{token}', 'error_description': '{token}'}}"),
            format!("{before}: failed to refresh token, error: adal: {token}"),
            format!("AADSTS{status}: {token} Trace ID: {token}\n{before}"),
            format!("(AuthorizationFailed) The client {token}\nCode: {before}"),
            format!("<Error><Code>{token}</Code><Message>{before}{token}</Message></Error>"),
            format!("<html><title>{status} {token}</title>{before}"),
            arm(&token, &format!("The client '{token}' with object id '{token}' does not have authorization to perform action '{token}' over scope '{token}'")),
        ] {
            let decoded = decode(&text);
            let shown = format!("{decoded:?}");
            for part in secret.as_bytes().windows(9) {
                let part = std::str::from_utf8(part).unwrap();
                prop_assert!(!shown.contains(part), "{} of {} in {}", part, text, shown);
            }
        }
    }
}
