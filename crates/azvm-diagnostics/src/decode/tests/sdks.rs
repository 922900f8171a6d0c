//! Errors as SDKs and tools print them. Ids and names are replaced; the forms are those of the sources beside them.

use super::*;

const ID: &str = "11111111-2222-4333-8444-555555555555";

const IDENTITY: [(&str, &str); 2] = [("IDSEL-001", "possible"), ("IDSEL-007", "possible")];

const BODY: &str = r#"{"error":"invalid_request","error_description":"Identity not found"}"#;

fn denial() -> String {
    format!(
        "The client '{ID}' with object id '{ID}' does not have authorization to perform action \
         'Microsoft.Resources/subscriptions/resourceGroups/read' over scope '/subscriptions/{ID}/resourceGroups/rg' or \
         the scope is invalid. If access was recently granted, please refresh your credentials."
    )
}

/// The codes, and whose words they are.
#[track_caller]
fn told(text: &str, sdk: &str, expected: &[(&str, &str)]) -> Answer {
    check(text, expected);
    let decoded = decode(text);
    assert_eq!(decoded.sdk, Some(sdk), "{text}");
    decoded.answer.unwrap()
}

/// A refusal of ARM with all that its words name.
#[track_caller]
fn denied(text: &str, sdk: &str) {
    let answer = told(text, sdk, &REFUSED);
    assert_eq!(answer.service, Service::Arm, "{text}");
    assert_eq!(answer.object_id.as_deref(), Some(ID), "{text}");
    let scope = format!("/subscriptions/{ID}/resourceGroups/rg");
    assert_eq!(answer.scope, Some(scope), "{text}");
}

/// Sources: Azure/azure-sdk-for-net#37278, #46709 and #32786.
#[test]
fn azure_identity_for_net() {
    let head = format!(
        "Server: IMDS/150.870.65.1475\nx-ms-request-id: {ID}\nDate: Mon, 21 Oct 2024 11:19:24 GMT\n"
    );
    let old = format!(
        "Azure.Identity.CredentialUnavailableException: ManagedIdentityCredential authentication unavailable. The \
         requested identity has not been assigned to this resource.\nStatus: 400 (Bad Request)\n\nContent:\n{BODY}\n\n\
         Headers:\n{head}\n   at Azure.Identity.ImdsManagedIdentitySource.HandleResponseAsync(Boolean async)"
    );
    let new = format!(
        "Azure.Identity.AuthenticationFailedException: ManagedIdentityCredential authentication failed: [Managed Identity] \
         Authentication unavailable. Either the requested identity has not been assigned to this resource, or other errors \
         could be present.\nStatus: BadRequest\nContent:\n{BODY}\n\nHeaders:\n{head}\n[Managed Identity] Error Code: \
         invalid_request Error Description: Identity not found "
    );
    for text in [old, new] {
        let answer = told(&text, "Azure.Identity for .NET", &IDENTITY);
        assert_eq!(
            (answer.service, answer.status),
            (Service::Imds, Some(400)),
            "{text}"
        );
        assert_eq!(
            decode(&text).ids,
            [("x-ms-request-id", ID.to_owned())],
            "{text}"
        );
    }
    // All on one line, and from a proxy.
    let page = "ManagedIdentityCredential authentication failed: Service request failed. Status: 403 (Forbidden) Content: \
                <html><title>Blocked</title></html> Headers: Date: Wed, 30 Nov 2022 19:51:23 GMT Via: 1.1 proxy (squid/5) \
                Content-Type: text/html at Azure.Identity.ManagedIdentitySource.HandleResponseAsync(Boolean async)";
    check(page, &[("NET-014", "likely"), ("NET-012", "possible")]);
    // The agent's, by its head alone.
    let agent = "Azure.RequestFailedException: Service request failed.\nStatus: 403 (Forbidden)\n\nHeaders:\nConnection: \
                 close\nContent-Length: 0\nDate: Wed, 30 Nov 2022 19:51:23 GMT\n";
    told(agent, "Azure.Core for .NET", &[("IMDS-010", "likely")]);
    let arm = format!(
        "Azure.RequestFailedException: {}\nStatus: 403 (Forbidden)\nErrorCode: AuthorizationFailed\n\nContent:\n{}\n\n\
         Headers:\nCache-Control: no-cache\nx-ms-failure-cause: gateway\nx-ms-request-id: {ID}\n",
        denial(),
        arm("AuthorizationFailed", &denial())
    );
    denied(&arm, "Azure.Core for .NET");
    let unreachable = "Azure.Identity.AuthenticationFailedException: ManagedIdentityCredential authentication failed: All \
                       Managed Identity sources are unavailable. IMDSv1 probe failed. Exception: A socket operation was \
                       attempted to an unreachable network. (169.254.169.254:80).";
    check(
        unreachable,
        &[("NET-001", "possible"), ("HOST-001", "possible")],
    );
}

/// Sources: Azure/azure-sdk-for-python#38826 and #20554, *Azure.Core for Python*'s ODataV4 errors as in Azure/azure-cli#30800.
#[test]
fn azure_identity_for_python() {
    let repr = "azure.identity._exceptions.CredentialUnavailableError: ManagedIdentityCredential authentication unavailable. \
                The requested identity has not been assigned to this resource. Error: Unexpected response \"{'error': \
                'invalid_request', 'error_description': 'Identity not found'}\"";
    let answer = told(repr, "azure-identity for Python", &IDENTITY);
    assert_eq!(answer.words.as_deref(), Some("Identity not found"));
    let chain = "DefaultAzureCredential failed to retrieve a token.\n\tManagedIdentityCredential: ManagedIdentityCredential \
                 authentication unavailable, no response from the IMDS endpoint.\n\tAzureCliCredential: Please run 'az login'";
    assert_eq!(decode(chain).sdk, Some("azure-identity for Python"));
    let odd = "azure.core.exceptions.ClientAuthenticationError: Unexpected content type \"text/html; charset=utf-8\"";
    let codes = |text: &str| {
        let findings = decode(text).findings.into_iter();
        findings.map(|it| it.entry.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(odd), ["NET-014", "IMDS-001", "IMDS-006"]);
    let python = "x = {'error': None, 'inner': {'error': \"invalid_resource\", 'error_description': 'it\\'s \"None\"', 'n': [True]}}";
    let answer = decode(python).answer.unwrap();
    assert_eq!(answer.words.as_deref(), Some("it's \"None\""));
    let arm = format!(
        "azure.core.exceptions.HttpResponseError: (AuthorizationFailed) {0}\nCode: AuthorizationFailed\nMessage: {0}",
        denial()
    );
    denied(&arm, "Azure SDK for Python");
}

/// Sources: Azure/azure-cli#30800 and #30789.
#[test]
fn the_azure_cli() {
    let error = format!(
        "ERROR: (AuthorizationFailed) {0}\nCode: AuthorizationFailed\nMessage: {0}\n",
        denial()
    );
    denied(&error, "the Azure CLI");
    let debug = format!(
        "cli.azure.cli.core.sdk.policies: Response status: 403\ncli.azure.cli.core.sdk.policies: Response headers:\n\
         cli.azure.cli.core.sdk.policies:     'x-ms-request-id': '{ID}'\ncli.azure.cli.core.sdk.policies: Response \
         content:\ncli.azure.cli.core.sdk.policies: {}\n",
        arm("AuthorizationFailed", &denial())
    );
    denied(&debug, "the Azure CLI");
    assert_eq!(decode(&debug).answer.unwrap().status, Some(403));
    // Before it used MSAL.
    let hidden = "\u{2502} Error: running Azure CLI: exit status 1: ERROR: Failed to connect to MSI. Please make sure MSI is \
                  configured correctly.\n\u{2502} Get Token request returned: <Response [400]>\n\u{2502}\n";
    let decoded = decode(hidden);
    assert_eq!(decoded.sdk, Some("the Azure CLI"));
    assert_eq!(decoded.findings[0].entry.code, "CODE-024");
    assert_eq!(decoded.answer.unwrap().status, Some(400));
    let other = "ERROR: (ResourceGroupNotFound) Resource group 'rg' could not be found.\nCode: ResourceGroupNotFound";
    let answer = told(other, "the Azure CLI", &[("RID-007", "high")]);
    assert_eq!(
        answer.words.as_deref(),
        Some("Resource group 'rg' could not be found.")
    );
}

/// Sources: Azure/terraform-provider-azapi#669; cloudquery/cloudquery#16133.
#[test]
fn azidentity_for_go() {
    let dashes = "-".repeat(80);
    let block = format!(
        "ManagedIdentityCredential authentication failed. the requested identity isn't assigned to this resource\nGET \
         http://169.254.169.254/metadata/identity/oauth2/token\n{dashes}\nRESPONSE 400 Bad Request\n{dashes}\n{{\n  \
         \"error\": \"invalid_request\",\n  \"error_description\": \"Identity not found\"\n}}\n{dashes}\nTo troubleshoot, \
         visit https://aka.ms/azsdk/go/identity/troubleshoot#managed-id"
    );
    let answer = told(&block, "azidentity for Go", &IDENTITY);
    assert_eq!(answer.status, Some(400));
    let prefix =
        "2024-11-13T09:02:15.569+0100 [DEBUG] provider.terraform-provider-azapi_v1.15.0.exe: ";
    let logged: Vec<String> = block
        .lines()
        .map(|line| format!("{prefix}{line}"))
        .collect();
    let answer = told(&logged.join("\n"), "azidentity for Go", &IDENTITY);
    assert_eq!(answer.code.as_deref(), Some("invalid_request"));
    // The whole block as a text of a line of JSON.
    let body = arm("AuthorizationFailed", &denial());
    let error = format!(
        "POST https://management.azure.com/\n{dashes}\nRESPONSE 403: 403 Forbidden\nERROR CODE: AuthorizationFailed\n{dashes}\n{body}\n"
    );
    let line = serde_json::json!({ "level": "error", "error": error, "module": "x" }).to_string();
    denied(&line, "azcore for Go");
    assert_eq!(decode(&line).answer.unwrap().status, Some(403));
    denied(
        &format!("msg={}", serde_json::json!(error)),
        "azcore for Go",
    );
}

/// Sources: microsoft/spring-cloud-azure#1033; Azure/azure-sdk-for-java#39533 for the sentence that hides a 400.
#[test]
fn azure_sdks_for_java() {
    let error = format!(
        "com.azure.core.management.exception.ManagementException: Status code 403, \"{}\": {}\n\tat java.base/java.lang.Thread",
        arm("AuthorizationFailed", &denial()),
        denial()
    );
    denied(&error, "Azure SDK for Java");
    let hidden = "com.azure.identity.CredentialUnavailableException: ManagedIdentityCredential authentication unavailable. \
                  Connection to IMDS endpoint cannot be established.";
    let decoded = decode(hidden);
    assert_eq!(decoded.sdk, Some("azure-identity for Java"));
    assert_eq!(decoded.findings[0].entry.code, "CODE-024");
}

/// Sources: Azure/azure-sdk-for-js#11369 and the form of RestError.
#[test]
fn azure_sdks_for_javascript() {
    let error = serde_json::json!({
        "name": "RestError", "code": "AuthorizationFailed", "statusCode": 403,
        "request": { "url": "https://management.azure.com/", "headers": { "authorization": "REDACTED" } },
        "details": { "error": { "code": "AuthorizationFailed", "message": denial() } },
        "message": denial(),
    });
    denied(
        &format!("RestError: {}\n {error:#}", denial()),
        "Azure SDK for JavaScript",
    );
    let identity = "AuthenticationRequiredError: invalid_request: Error(s): Not Available - Timestamp: Not Available - \
                    Description: Something is odd - Correlation ID: Not Available - Trace ID: Not Available";
    let answer = decode(identity).answer.unwrap();
    assert_eq!(answer.words.as_deref(), Some("Something is odd"));
}

/// Sources: hashicorp/terraform-provider-azurerm#495 and #28946.
#[test]
fn terraform() {
    let (first, second) = (denial(), denial());
    let (start, end) = first.split_at(first.find(" or the scope").unwrap());
    let wrapped = format!(
        "\u{2577}\n\u{2502} Error: retrieving Resource Group \"rg\": unexpected status 403 (403 Forbidden) with error: \
         AuthorizationFailed: {start}\n\u{2502}{end}\n\u{2502} \n\u{2502}   with data.azurerm_resource_group.rg,\n\u{2502}   \
         on main.tf line 17\n\u{2575}"
    );
    denied(&wrapped, "Terraform's azurerm");
    let words = decode(&wrapped).answer.unwrap().words.unwrap();
    assert!(words.ends_with("refresh your credentials."), "{words}");
    let autorest = format!(
        "* azurerm_role_assignment.test: authorization.RoleAssignmentsClient#Create: Failure responding to request: \
         StatusCode=403 -- Original Error: autorest/azure: Service returned an error. Status=403 \
         Code=\"AuthorizationFailed\" Message=\"{second}\""
    );
    denied(&autorest, "autorest for Go");
    // A code that is not known here, where it is called one.
    let throttled = "autorest/azure: Service returned an error. Status=429 Code=\"OperationNotAllowed\" Message=\"The server \
                     rejected the request.\"";
    let answer = told(throttled, "autorest for Go", &[("ARM-016", "high")]);
    assert_eq!(answer.code.as_deref(), Some("OperationNotAllowed"));
    assert_eq!(
        answer.words.as_deref(),
        Some("The server rejected the request.")
    );
    let new = "ERROR: (SkuNotAvailable) The size is not there.\r\nCode: SkuNotAvailable\r\nMessage: The size is not there.";
    told(new, "the Azure CLI", &[("ARM-021", "possible")]);
    check(
        "GET https://management.azure.com/: status 503",
        &[("ARM-017", "possible")],
    );
}

/// Source: Azure/azure-powershell#12115; the width at which Windows PowerShell 5.1 breaks lines is that of the window.
#[test]
fn az_powershell() {
    let body = serde_json::to_string_pretty(&serde_json::json!({
        "error": { "code": "AuthorizationFailed", "message": denial() }
    }));
    let debug = format!(
        "DEBUG: ============================ HTTP REQUEST ============================\n\nHeaders:\n\
         x-ms-client-request-id        : {ID}\n\nBody:\n{{\n  \"a\": 1\n}}\n\n\
         DEBUG: ============================ HTTP RESPONSE ============================\n\nStatus Code:\nForbidden\n\n\
         Headers:\nPragma                        : no-cache\nx-ms-failure-cause            : gateway\n\
         x-ms-request-id               : {ID}\n\nBody:\n{}\n\n\nDEBUG: AzureQoSEvent",
        body.unwrap()
    );
    denied(&debug, "Az PowerShell");
    assert_eq!(decode(&debug).answer.unwrap().status, Some(403));
    let words = format!(
        "Get-AzResourceGroup : {}\r\nStatusCode: 403\r\nReasonPhrase: Forbidden\r\n",
        denial()
    );
    let possible = REFUSED.map(|(code, _)| (code, "possible"));
    let answer = told(&words, "Az PowerShell", &possible);
    assert_eq!(answer.object_id.as_deref(), Some(ID));
    let broken = format!(
        "Invoke-RestMethod : {}\r\n{}\r\nAt line:1 char:1",
        &BODY[..50],
        &BODY[50..]
    );
    check(&broken, &IDENTITY);
}

/// Sources: Azure/aad-pod-identity#585, #1040 and #436.
#[test]
fn aad_pod_identity() {
    let nmi = "level=error msg=\"failed list all vm: StatusCode=404 -- Original Error: adal: Refresh request failed. Status \
               Code = '404'. Response body: getting assigned identities for pod default/demo in ASSIGNED state failed after \
               20 attempts, retry duration [5]s. Error: <nil>\" podip=10.240.0.24";
    check(nmi, &[("NET-018", "likely")]);
    let decoded = decode(nmi);
    assert!(decoded.findings[0].remedy.text.contains("AzureIdentity"));
    let words = decoded.answer.unwrap().words.unwrap();
    assert!(
        words.starts_with("getting assigned identities for pod default/demo"),
        "{words}"
    );
    let both = format!(
        "E0411 server.go:365] failed to get service principal token for pod:dev/x with error code 403, error: failed to get \
         service principal token, error: failed to refresh token, error: adal: Refresh request failed. Status Code = '400'. \
         Response body: {BODY}"
    );
    check(
        &both,
        &[
            ("NET-018", "likely"),
            ("IDSEL-001", "possible"),
            ("IDSEL-007", "possible"),
        ],
    );
    assert_eq!(decode(&both).answer.unwrap().status, Some(400));
    let handed_on = format!(
        "MSI ResponseCode: Forbidden, Response: adal: Refresh request failed. Status Code = '400'. Response body: {BODY}"
    );
    check(&handed_on, &IDENTITY);
    check("the demo has no azure identity found", &[]);
}

/// Sources: Azure/aad-pod-identity#1277; *Microsoft Entra authentication and authorization error codes*.
#[test]
fn the_directory() {
    let words = format!(
        "AADSTS700016: Application with identifier '{ID}' was not found in the directory 'x'. Trace ID: {ID} Correlation ID: \
         {ID} Timestamp: 2022-05-05 06:51:05Z"
    );
    let error = format!("ERROR: {words}");
    let answer = told(&error, "the Azure CLI", &[("TOKEN-015", "likely")]);
    assert_eq!(
        (answer.service, answer.code.as_deref()),
        (Service::Directory, Some("AADSTS700016"))
    );
    let ids = [
        ("trace id", ID.to_owned()),
        ("correlation id", ID.to_owned()),
    ];
    assert_eq!(decode(&error).ids, ids);
    check(
        "AADSTS500011: The resource principal named https://a/.default was not found",
        &[("TOKEN-003", "likely")],
    );
    check(
        "AADSTS50034: The user account does not exist",
        &[("TOKEN-017", "possible")],
    );
    check("AADSTS: nothing, AADSTS99999999999", &[]);
    let body = serde_json::json!({
        "error": "unauthorized_client", "error_description": format!("{words}\r\n"), "error_codes": [700_016],
    });
    check(
        &format!("Status Code = '400'. Response body: {body}"),
        &[("TOKEN-015", "high")],
    );
}

/// Source: Azure/enterprise-azure-policy-as-code#787 for the sentence.
#[test]
fn a_condition_is_read_from_words_after_a_code() {
    let words = |what: &str| {
        format!(
            "The client '{ID}' with object id '{ID}' {what} to perform action \
             'Microsoft.Authorization/roleAssignments/write' over scope '/subscriptions/{ID}' or the scope is invalid. If \
             access was recently granted, please refresh your credentials."
        )
    };
    let condition = words("has an authorization with ABAC condition that is not fulfilled");
    let none = words("does not have authorization");
    let forms = |words: &str| {
        [
            arm("AuthorizationFailed", words),
            format!(
                "ERROR: (AuthorizationFailed) {words}\nCode: AuthorizationFailed\nMessage: {words}"
            ),
            format!("azure.core.exceptions.HttpResponseError: (AuthorizationFailed) {words}"),
            format!(
                "\u{2502} Error: unexpected status 403 (403 Forbidden) with error: AuthorizationFailed: {words}\n\u{2502}\n\
                 \u{2502}   with azurerm_role_assignment.x,"
            ),
            format!("Error. Status=403 Code=\"AuthorizationFailed\" Message=\"{words}\""),
        ]
    };
    for text in forms(&condition) {
        check(&text, &[("RBAC-007", "likely")]);
    }
    for text in forms(&none) {
        check(&text, &REFUSED);
    }
    // Az PowerShell prints no code.
    let bare = |words: &str| format!("New-AzRoleAssignment: {words}\r\nStatusCode: 403\r\n");
    check(&bare(&condition), &[("RBAC-007", "possible")]);
    check(&bare(&none), &REFUSED.map(|(code, _)| (code, "possible")));
    check("has an authorization with ABAC condition", &[]);
}

#[test]
fn envelopes_that_the_doctor_reads() {
    let refused = [("RBAC-018", "high")];
    for text in [
        r#"{"odata.error":{"code":"ScopeLocked","message":{"lang":"en-US","value":"x"}}}"#,
        r#"{"code":"ScopeLocked","message":"x"}"#,
        r#"{"error":{"code":"Forbidden","message":"x","details":[{"code":"ScopeLocked","message":"y"}]}}"#,
        "<?xml version=\"1.0\"?><Error xmlns=\"x\"><Code>ScopeLocked</Code><Message>x</Message></Error>",
    ] {
        check(text, &refused);
        assert_eq!(
            decode(text).answer.unwrap().words.as_deref(),
            Some("x"),
            "{text}"
        );
    }
    check(r#"{"Code":"ScopeLocked","Message":"x"}"#, &refused);
    // Anybody's, with a code that nobody knows.
    check(r#"{"code":"E_FAIL","message":"x"}"#, &[]);
    check("<Error><Code>E_FAIL</Code></Error>", &[]);
    let storage = "<Error><Code>AuthorizationPermissionMismatch</Code><Message>This request is not authorized.</Message></Error>";
    check(storage, &[("RBAC-014", "high")]);
}

#[test]
fn pages_of_proxies() {
    let page = |status: &str| {
        format!(
            "<!DOCTYPE HTML><html><head><title>{status}</title></head><body>nginx</body></html>"
        )
    };
    let forbidden = page("403 Forbidden");
    check(&forbidden, &PAGE);
    let imds = [("NET-014", "likely"), ("NET-012", "possible")];
    check(&format!("GET http://169.254.169.254/: {forbidden}"), &imds);
    check(
        &format!("ManagedIdentityCredential: {}", page("Login")),
        &imds,
    );
    let arm = |page: &str| format!("GET https://management.azure.com/subscriptions: {page}");
    check(&arm(&forbidden), &[("ARM-019", "likely")]);
    check(
        &arm(&page("407 Proxy Authentication Required")),
        &[("ARM-009", "likely")],
    );
    let answer = decode(&forbidden).answer.unwrap();
    assert_eq!(
        (answer.status, answer.words.as_deref()),
        (Some(403), Some("403 Forbidden nginx"))
    );
    // An answer of IMDS beside a page is IMDS's.
    check(&format!("{}{BODY}", page("x")), &IDENTITY);
    let docker = "403 connecting to 169.254.169.254:80: connecting to 169.254.169.254:80: unreachable network";
    check(docker, &[("HOST-007", "likely")]);
}

#[test]
fn a_text_of_braces_ends() {
    for text in [
        "{".repeat(MAX_ERROR_BYTES),
        "{'".repeat(MAX_ERROR_BYTES / 2),
        format!("{}1", "{\"a\":[1,".repeat(30_000)),
        serde_json::json!({ "a": "{\"b\":\"{}\"}".repeat(5_000) }).to_string(),
        "HTTP/1.1 400 X\n".repeat(10_000),
        "Headers: Status: 400 ".repeat(10_000),
        "<html><Error><Code>".repeat(10_000),
        "AADSTS x-ms-request-id AuthorizationFailed invalid_request ".repeat(4_000),
        "no azure clientID in ".repeat(10_000),
        "https://h imds endpoint timeout\n".repeat(8_000),
    ] {
        let first = decode(&text);
        assert_eq!(format!("{first:?}"), format!("{:?}", decode(&text)));
    }
}
