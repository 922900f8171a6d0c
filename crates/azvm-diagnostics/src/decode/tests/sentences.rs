//! Sentences where no service answered, each with its neighbour that means something else or nothing. The words are those
//! of the sources beside the rows of the table; ids and names are replaced.

use super::*;

const ARM: &str = "HTTPSConnectionPool(host='management.azure.com', port=443): Max retries exceeded with url: /subscriptions";

const TIMEOUT: [(&str, &str); 2] = [("NET-002", "possible"), ("HOST-001", "possible")];

const NO_ROUTE: [(&str, &str); 2] = [("NET-001", "possible"), ("HOST-001", "possible")];

/// No service answered, so that a sentence alone is read.
#[track_caller]
fn each(texts: &[&str], expected: &[(&str, &str)]) {
    for text in texts {
        check(text, expected);
    }
}

fn sdk(text: &str) -> Option<&'static str> {
    decode(text).sdk
}

#[test]
fn a_connection_that_failed_says_nothing_of_an_identity() {
    let java = |why: &str| {
        format!(
            "com.azure.identity.CredentialUnavailableException: ManagedIdentityCredential authentication unavailable. \
             Connection to IMDS endpoint cannot be established{why}.\n\tat com.azure.identity.implementation.IdentityClient"
        )
    };
    check(&java(", connect timed out"), &TIMEOUT);
    check(&java(", Connect timed out"), &TIMEOUT);
    check(&java(", Network is unreachable: connect"), &NO_ROUTE);
    check(&java(", Connection refused"), &[("NET-003", "possible")]);
    let silent = [
        ("NET-002", "possible"),
        ("NET-003", "possible"),
        ("HOST-001", "possible"),
    ];
    check(&java(", null"), &silent);
    // Here it is a 400.
    let findings = decode(&java("")).findings;
    assert_eq!(findings[0].entry.code, "CODE-024");

    let net = "Azure.Identity.CredentialUnavailableException: ManagedIdentityCredential authentication unavailable. No response \
               received from the managed identity endpoint.";
    check(net, &silent);
    let why = "\n ---> System.AggregateException: Retry failed after 6 tries. (A socket operation was attempted to an \
               unreachable network. (169.254.169.254:80))";
    check(&format!("{net}{why}"), &NO_ROUTE);

    let unknown = [
        ("NET-001", "possible"),
        ("NET-002", "possible"),
        ("HOST-001", "possible"),
        ("NET-014", "possible"),
    ];
    let js = "CredentialUnavailableError: ManagedIdentityCredential: Network unreachable. Message: network_error: Network \
              request failed";
    check(js, &unknown);
    assert_eq!(sdk(js), Some("@azure/identity for JavaScript"));
    let shell = "WARNING: Unable to acquire token for tenant 'x' with error 'ManagedIdentityCredential authentication \
                 unavailable. No Managed Identity endpoint found.'";
    check(shell, &unknown);
    assert_eq!(sdk(shell), Some("Az PowerShell"));
    check("the network unreachable", &[]);

    let go = "\tManagedIdentityCredential: managed identity timed out. See https://aka.ms/azsdk/go/identity/troubleshoot#dac";
    check(
        go,
        &[
            ("NET-002", "possible"),
            ("HOST-001", "possible"),
            ("IMDS-023", "possible"),
        ],
    );
    check("AzureCLICredential: timed out", &[]);
}

#[test]
fn a_sentence_of_an_identity_stands_beside_another() {
    let both = "ManagedIdentityCredential authentication failed. The requested identity has not been assigned to this \
                resource\nAzureCliCredential: curl: (60) SSL certificate problem";
    let codes: Vec<_> = decode(both)
        .findings
        .iter()
        .map(|it| it.entry.code)
        .collect();
    assert!(
        codes.contains(&"CODE-024") && codes.contains(&"ARM-004"),
        "{codes:?}"
    );
    // This one says nothing that the other does not say better.
    let told = "failed to load signing credential: http://169.254.169.254/: connection refused";
    check(told, &[("NET-003", "possible")]);
    let alone = decode("failed to load signing credential").findings;
    assert_eq!(alone[0].entry.code, "CODE-024");
}

#[test]
fn whose_words_they_are() {
    let assigned = "ManagedIdentityCredential authentication unavailable. The requested identity has not been assigned to this \
                    resource.";
    for (text, expected) in [
        (assigned.to_owned(), "an Azure SDK's identity library"),
        (assigned.replace("unavailable", "failed"), "azure_identity for Rust"),
        (format!("azure.identity._exceptions.CredentialUnavailableError: {assigned}"), "azure-identity for Python"),
        (format!("Azure.Identity.CredentialUnavailableException: {assigned}"), "Azure.Identity for .NET"),
        (format!("Connect-AzAccount: {assigned}"), "Az PowerShell"),
        (
            format!("MSAL.NetCore.4.61.3.0.MsalServiceException: [Managed Identity] {assigned}"),
            "MSAL for .NET",
        ),
        (format!("Microsoft.Identity.Client.MsalServiceException: {assigned}"), "MSAL for .NET"),
        (
            "Caused by: com.microsoft.aad.msal4j.MsalServiceException: [Managed Identity] Authentication unavailable. Either the \
             requested identity has not been assigned to this resource".to_owned(),
            "MSAL for Java",
        ),
    ] {
        assert_eq!(sdk(&text), Some(expected), "{text}");
        assert_eq!(decode(&text).findings[0].entry.code, "CODE-024", "{text}");
    }
    assert_eq!(
        sdk("The requested identity has been assigned to this resource"),
        None
    );
}

#[test]
fn az_finds_no_subscription() {
    for what in ["VM", "managed identity"] {
        let text = format!(
            "ERROR: No access was configured for the {what}, hence no subscriptions were found. If this is expected, use \
             '--allow-no-subscriptions' to have tenant level access."
        );
        check(&text, &[("RBAC-017", "likely")]);
        assert_eq!(sdk(&text), Some("the Azure CLI"));
    }
    each(
        &[
            "Please run 'az login' to setup account.",
            "subscriptions were found",
        ],
        &[],
    );
}

/// How Go begins, up to what is wrong.
const GO: &str = "Get \"https://management.azure.com/subscriptions\": tls: failed to verify certificate: x509: certificate";

/// As Python prints it, for whatever is wrong.
fn untrusted(why: &str) -> String {
    format!(
        "{ARM} (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: \
         {why} (_ssl.c:1006)')))"
    )
}

#[test]
fn certificates_that_are_not_trusted() {
    let untrusted = untrusted("self-signed certificate in certificate chain");
    each(
        &[
            &untrusted,
            &format!("{GO} signed by unknown authority"),
            "RestError: unable to verify the first certificate\n{\"code\":\"UNABLE_TO_VERIFY_LEAF_SIGNATURE\",\"request\":\
             {\"url\":\"https://management.usgovcloudapi.net/subscriptions\"}}",
            "The SSL connection could not be established, see inner exception.\n ---> The remote certificate is invalid because \
             of errors in the certificate chain: PartialChain (management.azure.com:443)",
        ],
        &[("ARM-004", "likely")],
    );
    // Nobody says whose it was.
    each(
        &[
            "javax.net.ssl.SSLHandshakeException: PKIX path building failed: sun.security.provider.certpath.\
             SunCertPathBuilderException: unable to find valid certification path to requested target",
            "curl: (60) SSL certificate problem: unable to get local issuer certificate\nMore details here: \
             https://curl.se/docs/sslcerts.html",
            "Error: self-signed certificate in certificate chain",
        ],
        &[("ARM-004", "possible")],
    );
    // Somebody else's, and IMDS has none.
    each(
        &[
            &untrusted.replace("management.azure.com", "vault.azure.net"),
            "Get \"https://example.com/\": x509: certificate signed by unknown authority",
            "Get \"https://169.254.169.254/metadata\": x509: certificate signed by unknown authority",
            "curl: (60) SSL: no alternative certificate subject name matches target host name 'example.com'",
            "fatal: unable to access 'https://github.com/x/': SSL certificate problem: self-signed certificate",
            "the certificate is fine",
        ],
        &[],
    );
    check(
        "OSError: Could not find a suitable TLS CA certificate bundle, invalid path: /etc/x.pem",
        &[("ARM-005", "possible")],
    );
    check(
        "System.Net.Http.HttpRequestException: The SSL connection could not be established, see inner exception.",
        &[("ARM-004", "possible"), ("ARM-007", "possible")],
    );
}

#[test]
fn certificates_with_other_dates_or_names() {
    each(
        &[
            &format!(
                "{GO} has expired or is not yet valid: current time 2031-01-01T00:00:00Z is after 2027-01-01T00:00:00Z"
            ),
            &untrusted("certificate has expired"),
            "https://management.azure.com: CERT_HAS_EXPIRED",
            "https://management.azure.com: PKIX path validation failed: java.security.cert.CertificateExpiredException: NotAfter",
        ],
        &[("ARM-006", "likely")],
    );
    each(
        &[
            &format!("{GO} is valid for *.corp.example, not management.azure.com"),
            &untrusted("Hostname mismatch, certificate is not valid for 'management.azure.com'."),
            "The remote certificate is invalid according to the validation procedure: RemoteCertificateNameMismatch \
             (management.azure.com:443)",
            "No subject alternative DNS name matching management.azure.com found.",
            "curl: (60) SSL: no alternative certificate subject name matches target host name 'management.azure.com'",
            "ERR_TLS_CERT_ALTNAME_INVALID: Hostname/IP does not match certificate's altnames: Host: management.azure.com.",
        ],
        &[("ARM-022", "likely")],
    );
}

#[test]
fn names_and_connections_of_arm() {
    each(
        &[
            &format!(
                "{ARM} (Caused by NameResolutionError(\"Failed to resolve 'management.azure.com' ([Errno -2] Name or service not \
                 known)\"))"
            ),
            "curl: (6) Could not resolve host: management.azure.com",
            "dial tcp: lookup management.azure.com on 127.0.0.53:53: no such host",
            "getaddrinfo ENOTFOUND management.azure.com",
            "java.net.UnknownHostException: management.chinacloudapi.cn",
        ],
        &[("ARM-001", "likely")],
    );
    each(
        &[
            "curl: (6) Could not resolve host: example.com",
            "no such host",
        ],
        &[],
    );
    let get = "Get \"https://management.azure.com/\": dial tcp 20.0.0.1:443: ";
    check(
        &format!("{get}connect: connection refused"),
        &[("ARM-003", "possible")],
    );
    check(
        &format!("{get}i/o timeout"),
        &[("ARM-003", "possible"), ("ARM-023", "possible")],
    );
    check("dial tcp 20.0.0.1:443: i/o timeout", &[]);
    // Each address has its lines.
    let both = format!(
        "GET http://169.254.169.254/metadata/identity/oauth2/token\n{get}connection refused"
    );
    check(&both, &[("ARM-003", "possible")]);
}

#[test]
fn a_proxy_wants_to_know_who_asks() {
    let arm = [("ARM-009", "likely")];
    each(
        &[
            &format!(
                "{ARM} (Caused by ProxyError(OSError('Tunnel connection failed: 407 Proxy Authentication Required')))"
            ),
            "Get \"https://management.azure.com/\": Proxy Authentication Required",
            "The proxy tunnel request to proxy 'http://p:3128/' failed with status code '407'. (management.azure.com:443)",
            "management.azure.com: Unable to tunnel through proxy. Proxy returns \"HTTP/1.1 407 authenticationrequired\"",
        ],
        &arm,
    );
    check(
        "curl: (56) CONNECT tunnel failed, response 407",
        &[("ARM-009", "possible"), ("NET-012", "possible")],
    );
    check(
        "GET http://169.254.169.254/: 407 Proxy Authentication Required",
        &[("NET-012", "possible"), ("NET-014", "possible")],
    );
    each(
        &["curl: (56) CONNECT tunnel failed, response 200", "port 407"],
        &[],
    );
}

#[test]
fn the_key_of_the_arc_agent() {
    each(
        &[
            "open /var/opt/azcmagent/tokens/abc.key: permission denied",
            "PermissionError: [Errno 13] Permission denied: '/var/opt/azcmagent/tokens/abc.key'",
            "Access to the path 'C:\\ProgramData\\AzureConnectedMachineAgent\\Tokens\\abc.key' is denied.",
        ],
        &[("HOST-005", "likely")],
    );
    each(
        &[
            "open /var/opt/azcmagent/tokens/abc.key: no such file or directory",
            "open /etc/shadow: permission denied",
            "/var/opt/azcmagent/tokens\npermission denied",
        ],
        &[],
    );
}

/// Sources: MicrosoftDocs/azure-docs:articles/azure-arc/kubernetes/troubleshooting.md;
/// Azure/aad-pod-identity:pkg/nmi/standard.go
#[test]
fn pod_identity_within_the_sentence_of_adal() {
    let text = "Error: in getting auth header : error {adal: Refresh request failed. Status Code = '404'. Response body: no azure \
                identity found for request clientID 4e95##### REDACTED #####0777\n}";
    check(text, &[("NET-018", "likely")]);
    check(
        "adal: Refresh request failed. Status Code = '404'. Response body: gone away",
        &[("IMDS-001", "possible")],
    );
}

proptest! {
    #[test]
    fn a_sentence_means_the_same_wherever_it_stands(before in "[a-z ,.\n]{0,60}", after in "[a-z ,.\n]{0,60}", which in 0..5usize) {
        let (text, code) = [
            ("No access was configured for the VM, hence no subscriptions were found", "RBAC-017"),
            ("open /var/opt/azcmagent/tokens/a.key: permission denied", "HOST-005"),
            ("https://management.azure.com/: x509: certificate signed by unknown authority", "ARM-004"),
            ("https://management.azure.com/: no such host", "ARM-001"),
            ("Connection to IMDS endpoint cannot be established, connect timed out.", "NET-002"),
        ][which];
        let decoded = decode(&format!("{before}\n{text}\n{after}"));
        prop_assert_eq!(decoded.findings[0].entry.code, code);
    }
}
