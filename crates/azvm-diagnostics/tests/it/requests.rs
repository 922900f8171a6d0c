//! `lint-request`'s library: for every code a request that has it, its nearest neighbour that has not, and properties.

use azvm_diagnostics::request::{RequestLint, Shell, split};
use azvm_diagnostics::{Confidence, Severity};
use azvm_exchange::Request;
use azvm_imds::{Audience, Guid, IdentitySelector, TokenRequest};
use proptest::prelude::*;

/// What the linter of requests reports and this file has a request for.
pub(crate) const CODES: [&str; 17] = [
    "ARM-013",
    "CODE-001",
    "CODE-002",
    "CODE-003",
    "CODE-004",
    "CODE-005",
    "CODE-006",
    "CODE-007",
    "CODE-008",
    "CODE-009",
    "CODE-010",
    "CODE-011",
    "CODE-018",
    "CODE-019",
    "CODE-023",
    "CODE-025",
    "IDSEL-015",
];

pub(crate) const TOKEN: &str = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/";
const ID: &str = "/subscriptions/01234567-89ab-cdef-0123-456789abcdef/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-demo";

/// A right `curl` for the address.
pub(crate) fn curl(url: &str) -> String {
    format!("curl -s -H Metadata:true '{url}'")
}

pub(crate) fn lint(text: &str) -> RequestLint {
    RequestLint::of(text, Shell::Sh).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The codes, each with the part of the input that it is about.
pub(crate) fn found<'a>(lint: &RequestLint, text: &'a str) -> Vec<(&'static str, &'a str)> {
    let findings = lint.findings.iter();
    findings
        .map(|it| (it.finding.entry.code, &text[it.span.clone()]))
        .collect()
}

#[track_caller]
pub(crate) fn check(text: &str, expected: &[(&str, &str)]) -> RequestLint {
    let lint = lint(text);
    assert_eq!(found(&lint, text), expected, "{text}");
    if let Some(corrected) = &lint.corrected {
        let again = self::lint(corrected);
        assert!(
            again.is_fine(),
            "{text}\n{corrected}\n{:?}",
            found(&again, corrected)
        );
        assert_eq!(again.form, lint.form);
    }
    lint
}

/// The same with the right request.
#[track_caller]
pub(crate) fn mends(text: &str, expected: &[(&str, &str)], corrected: &str) {
    let lint = check(text, expected);
    assert_eq!(lint.corrected.as_deref(), Some(corrected), "{text}");
}

#[track_caller]
fn fine(text: &str) {
    let lint = check(text, &[]);
    assert_eq!(lint.corrected, None);
}

#[test]
fn right_requests_have_no_findings() {
    for text in [
        TOKEN,
        &curl(TOKEN),
        &curl(&format!("{TOKEN}&msi_res_id={ID}")),
        "curl -G http://169.254.169.254/metadata/identity/oauth2/token -H 'metadata: True' --data-urlencode 'resource=api://a b&c' -d api-version=2019-08-01",
        "curl -s --noproxy '*' -H Metadata:true http://169.254.169.254/metadata/versions | jq .",
        "curl -H Metadata:true \"$IMDS_ENDPOINT/metadata/instance?api-version=$VERSION\"",
        "curl -H \"Authorization: Bearer $(get-token)\" 'https://management.azure.com/subscriptions?api-version=2022-12-01'",
        "az rest --method get --url '/subscriptions/01234567-89ab-cdef-0123-456789abcdef/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter=atScope()'",
        "GET /metadata/instance?api-version=2021-02-01 HTTP/1.1\r\nHost: 169.254.169.254\r\nMetadata: true\r\n\r\n",
        "http://127.0.0.1:41873/metadata/identity/oauth2/token?api-version=2018-02-01&resource=x",
        "https://example.com/a//b?x=1&x=2",
        "/metadata/endpoints?api-version=2022-09-01",
    ] {
        fine(text);
    }
}

/// The forms in which clients of Microsoft and others ask, as they were seen on the wire: azure-identity, msal, azure-cli and
/// msrestazure for Python, @azure/identity and msal-node, azure_identity and object_store for Rust, azidentity and adal for
/// Go, MSAL.NET, azure-identity-cpp, WALinuxAgent, cloud-init.
#[test]
fn requests_of_real_clients_are_right() {
    let token = "/metadata/identity/oauth2/token?";
    let arm = "https%3A%2F%2Fmanagement.azure.com";
    let guid = "01234567-89ab-cdef-0123-456789abcdef";
    for (target, headers) in [
        (
            format!("{token}api-version=2018-02-01&resource=https://management.azure.com"),
            "Metadata: true\nx-client-SKU: MSAL.Python",
        ),
        (
            format!(
                "{token}api-version=2018-02-01&resource=https://management.azure.com&msi_res_id={ID}"
            ),
            "Metadata: true",
        ),
        (
            format!("{token}api-version=2018-02-01&resource={arm}&xms_cc=CP1"),
            "Metadata: true\nContent-Type: application/x-www-form-urlencoded;charset=utf-8",
        ),
        (
            format!("{token}api-version=2019-08-01&resource={arm}"),
            "metadata: true\naccept: */*",
        ),
        (
            format!(
                "{token}api-version=2018-02-01&client_id={guid}&resource=https%3A%2F%2Fstorage.azure.com"
            ),
            "Metadata: true\nX-Client-Sku: MSAL.Go",
        ),
        (
            format!("{token}resource={arm}%2F&api-version=2018-02-01&object_id={guid}"),
            "Metadata: true",
        ),
        (
            format!(
                "{token}api-version=2018-02-01&mi_res_id={}&resource={arm}",
                ID.replace('/', "%2F")
            ),
            "Metadata: true",
        ),
        (
            "/metadata/instance/compute?api-version=2017-08-01&format=json".into(),
            "Metadata: True",
        ),
        (
            "/metadata/instance?api-version=2021-08-01&extended=true".into(),
            "Metadata: true",
        ),
        (
            "http://169.254.169.254/metadata/instance?api-version=2021-02-01".into(),
            "Metadata: true",
        ),
    ] {
        let text = format!("GET {target} HTTP/1.1\nHost: 169.254.169.254\n{headers}\n\n");
        let lint = lint(&text);
        let is_harmless = |code: &str| code == "IDSEL-015";
        let others: Vec<_> = found(&lint, &text)
            .into_iter()
            .filter(|(code, _)| !is_harmless(code))
            .collect();
        assert!(lint.is_fine() && others.is_empty(), "{text}\n{others:?}");
    }
    let id = format!("/subscriptions/{guid}/resourcegroups/rg-demo");
    for target in [
        format!("{id}?api-version=2025-04-01"),
        format!(
            "{id}/providers/Microsoft.Authorization/roleAssignments?$filter=atScope()%20and%20assignedTo('{guid}')&api-version=2022-04-01"
        ),
        format!(
            "/{id}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01&$filter=assignedTo(%27{guid}%27)"
        ),
        "/subscriptions?api-version=2022-12-01".into(),
    ] {
        let text = format!(
            "GET {target} HTTP/1.1\nHost: management.azure.com\nAuthorization: Bearer t\n\n"
        );
        assert_eq!(found(&lint(&text), &text), [], "{text}");
    }
}

#[test]
fn the_metadata_header() {
    let line = format!("curl '{TOKEN}'");
    mends(
        &line,
        &[("CODE-001", TOKEN)],
        "curl -s --noproxy '*' -H Metadata:true 'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F'",
    );
    check(
        &format!("curl -H X-Metadata:true '{TOKEN}'"),
        &[("CODE-001", "X-Metadata")],
    );
    check(
        &format!("curl -H 'Metadata: yes' '{TOKEN}'"),
        &[("CODE-001", "yes")],
    );
    check(
        &format!("curl -H 'Metadata-Flavor: Google' '{TOKEN}'"),
        &[("CODE-001", "Metadata-Flavor")],
    );
    fine(&format!("curl -H \"Metadata: $YES\" '{TOKEN}'"));
    fine(&format!("curl -H @headers.txt '{TOKEN}'"));
}

#[test]
fn method_forwarding_address_and_path() {
    check(
        &curl(TOKEN).replace("-s", "-X POST"),
        &[("CODE-002", "POST")],
    );
    check(&curl(TOKEN).replace("-s", "-d a=b"), &[("CODE-002", "a=b")]);
    let lint = check(&curl(TOKEN).replace("-s", "-I"), &[("CODE-002", "-I")]);
    assert!(lint.is_fine() && lint.findings[0].finding.confidence == Confidence::Possible);
    fine(
        "curl -X POST -H Metadata:true -d @x http://169.254.169.254/metadata/scheduledevents?api-version=2020-07-01",
    );
    check(
        &curl(TOKEN).replace("-s", "-H 'X-Forwarded-For: 10.0.0.4'"),
        &[("CODE-003", "X-Forwarded-For: 10.0.0.4")],
    );
    check(&TOKEN.replace("http:", "https:"), &[("CODE-004", "https")]);
    check(&TOKEN.replace("254/", "254:8080/"), &[("CODE-004", "8080")]);
    fine(&TOKEN.replace("254/", "254:80/"));
    mends(
        &TOKEN.replace("/metadata", "//metadata"),
        &[("CODE-009", "//")],
        "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F",
    );
    check(
        &curl(TOKEN).replace("-s", "-x http://proxy:3128"),
        &[("CODE-011", "http://proxy:3128")],
    );
    fine(&curl(TOKEN).replace("-s", "--noproxy '*' -x ''"));
}

#[test]
fn api_version_and_resource() {
    let without = TOKEN.replace("api-version=2018-02-01&", "");
    mends(
        &without,
        &[("CODE-005", "/metadata/identity/oauth2/token")],
        "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F",
    );
    check(
        &TOKEN.replace("api-version", "apiVersion"),
        &[("CODE-005", "apiVersion")],
    );
    check(
        &TOKEN.replace("2018-02-01", "2017-12-01"),
        &[("CODE-005", "2017-12-01")],
    );
    check(
        &TOKEN.replace("2018-02-01", "latest"),
        &[("CODE-005", "latest")],
    );
    check(
        &TOKEN.replace("2018-02-01", "2020-02-30"),
        &[("CODE-005", "2020-02-30")],
    );
    let newer = check(
        &TOKEN.replace("2018-02-01", "2031-01-01"),
        &[("CODE-005", "2031-01-01")],
    );
    assert!(newer.is_fine() && newer.corrected.is_none());
    fine(&TOKEN.replace("2018-02-01", "2025-04-07"));
    fine("http://169.254.169.254/metadata/versions");
    check(
        "http://169.254.169.254/metadata/instance",
        &[("CODE-005", "/metadata/instance")],
    );
    let (base, _) = TOKEN.split_once("&resource").unwrap();
    mends(
        base,
        &[("CODE-025", "/metadata/identity/oauth2/token")],
        &format!("{base}&resource=RESOURCE"),
    );
    check(&format!("{base}&resource="), &[("CODE-025", "resource=")]);
    mends(
        &format!("{base}&scope=https%3A%2F%2Fvault.azure.net%2F.default"),
        &[("CODE-025", "scope")],
        &format!("{base}&resource=https%3A%2F%2Fvault.azure.net"),
    );
}

#[test]
fn a_head_without_a_host_gets_the_one_that_its_path_is_for() {
    let (_, target) = TOKEN.split_once("254/").unwrap();
    mends(
        &format!("GET /{target} HTTP/1.1\r\nHost:\r\n\r\n"),
        &[("CODE-001", &format!("/{target}"))],
        "GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F HTTP/1.1\nHost: 169.254.169.254\nMetadata: true",
    );
    let head = "GET /subscriptions/01234567-89ab-cdef-0123-456789abcdef HTTP/1.1\nAuthorization: Bearer x\n";
    let corrected = lint(head).corrected.unwrap();
    assert!(
        corrected.contains("\nHost: management.azure.com\n"),
        "{corrected}"
    );
}

#[test]
fn scopes_and_encoding() {
    let ask = |resource: &str| {
        TOKEN.replace(
            "resource=https://management.azure.com/",
            &format!("resource={resource}"),
        )
    };
    mends(
        &ask("https%3A%2F%2Fmanagement.core.windows.net%2F%2F.default"),
        &[("CODE-007", "%2F%2F"), ("CODE-006", "%2F.default")],
        &ask("https%3A%2F%2Fmanagement.core.windows.net%2F"),
    );
    check(
        "https://login.microsoftonline.com/x/oauth2/v2.0/token?scope=https://a//.default",
        &[("CODE-007", "//")],
    );
    check(&ask("api://a b"), &[("CODE-008", " ")]);
    check(&ask("api://a+b"), &[("CODE-008", "+")]);
    check(&ask("api://caf\u{e9}"), &[("CODE-008", "\u{e9}")]);
    check(&ask("api://a#b"), &[("CODE-008", "#b")]);
    check(&ask("api://a%zz"), &[("CODE-008", "api://a%zz")]);
    check(
        &ask("https%253A%252F%252Fa"),
        &[("CODE-008", "https%253A%252F%252Fa")],
    );
    check(&ask("api://R&D/x"), &[("CODE-008", "&D/x")]);
    fine(&ask("api%3A%2F%2Fa%20b%26c"));
    check(
        &format!("{TOKEN}&api-version=2018-02-01"),
        &[("CODE-010", "api-version=2018-02-01")],
    );
    let lint = check(
        &format!("{TOKEN}&Resource=x"),
        &[("CODE-010", "Resource=x")],
    );
    assert!(!lint.is_fine());
}

#[test]
fn selectors() {
    let with = |rest: &str| format!("{TOKEN}&{rest}");
    let guid = "01234567-89ab-cdef-0123-456789abcdef";
    fine(&with(&format!("client_id={guid}")));
    fine(&with("client_id=CLIENT_ID"));
    mends(
        &with("client_id="),
        &[("IDSEL-011", "client_id=")],
        "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F",
    );
    let two = format!("client_id={guid}&object_id={guid}");
    let lint = check(&with(&two), &[("IDSEL-011", &two[47..])]);
    assert_eq!(lint.corrected, None);
    let lint = check(
        &with(&format!("mi_res_id={ID}")),
        &[("IDSEL-015", "mi_res_id")],
    );
    assert!(lint.is_fine());
    check(&with("client_id=app"), &[("IDSEL-005", "app")]);
    check(&with(&format!("object_id={ID}")), &[("IDSEL-005", ID)]);
    let vm = ID.replace(
        "ManagedIdentity/userAssignedIdentities",
        "Compute/virtualMachines",
    );
    check(&with(&format!("msi_res_id={vm}")), &[("RID-016", &vm)]);
    let bare = &ID[1..];
    let broken = with(&format!("msi_res_id={}", bare.replace('/', "%2F")));
    let lint = check(&broken, &[("RID-003", "")]);
    let id = ID.replace('/', "%2F");
    assert!(
        lint.corrected
            .unwrap()
            .ends_with(&format!("&msi_res_id={id}"))
    );
}

#[test]
fn calls_of_arm() {
    let url = "https://management.azure.com/subscriptions?api-version=2022-12-01";
    let with = |value: &str| format!("curl -H 'Authorization: {value}' '{url}'");
    check(
        "https://management.azure.com/subscriptions",
        &[("ARM-013", "/subscriptions")],
    );
    check(&format!("curl '{url}'"), &[("ARM-011", url)]);
    fine(url);
    for (value, wrong) in [
        ("Bearer Bearer abc", true),
        ("Bearer: abc", true),
        ("Bearer \"abc\"", true),
        ("Bearer {\"access_token\":\"abc\"}", true),
        ("Bearer ", true),
        ("Bearer $TOKEN", true),
        ("Bearer abc\n", false),
        ("Bearer abc def", true),
        ("Bearer a\nbc", true),
        ("eyJhbGciOiJub25lIn0.e30.c2ln", true),
        ("Bearer abc", false),
        ("SharedKey account:abc", false),
    ] {
        let text = with(value);
        let lint = lint(&text);
        let codes: Vec<&str> = lint
            .findings
            .iter()
            .map(|it| it.finding.entry.code)
            .collect();
        let expected: &[&str] = if wrong { &["CODE-019"] } else { &[] };
        assert_eq!(codes, expected, "{text}");
    }
    check(
        &format!("curl -H Authorization: Bearer abc '{url}'"),
        &[("CODE-019", "Bearer")],
    );
    check(
        &with("Bearer abc").replace("-H", "-L --location-trusted -H"),
        &[("CODE-018", "--location-trusted")],
    );
    for (flags, span) in [("-L", "-L"), ("--location", "--location"), ("-sSL", "L")] {
        let line = curl(TOKEN).replace("-s", flags);
        let lint = check(&line, &[("CODE-018", span)]);
        assert_eq!(lint.findings[0].finding.severity, Severity::Warn);
        assert!(lint.is_fine());
    }
    fine(&with("Bearer abc").replace("-H", "-L -H"));
    fine(&curl(TOKEN).replace("-s", "-l"));
    check(
        "https://management.azure.com/subscriptions/SUBSCRIPTION_ID?api-version=2022-12-01",
        &[("RID-006", "SUBSCRIPTION_ID")],
    );
}

#[test]
fn no_secret_is_shown() {
    for (text, shown) in [
        (
            "curl -u me:pass -H 'X-Key: abcdef' u?sig=q",
            "curl -u **:**** -H 'X-Key: ******' u?sig=*",
        ),
        (
            "curl -H 'Authorization: Bearer abc' u",
            "curl -H 'Authorization: Bearer ***' u",
        ),
        (
            "curl -d client_secret=abc https://u:p@h/",
            "curl -d ***************** https://*:*@h/",
        ),
        (
            "curl -H \"Authorization: Bearer $T\" u",
            "curl -H \"Authorization: Bearer $T\" u",
        ),
    ] {
        assert_eq!(lint(text).shown, shown, "{text}");
    }
}

/// Names under which secrets stand in a query.
const SECRET_PARAMS: [&str; 14] = [
    "SIG",
    "access_token",
    "assertion",
    "client_assertion",
    "client_secret",
    "code",
    "key",
    "password",
    "pwd",
    "secret",
    "sig",
    "si%67",
    "subscription-key",
    "token",
];

#[test]
fn what_to_write_instead_has_a_name_for_a_secret() {
    let instance = "http://169.254.169.254/metadata/instance?api-version=2021-02-01";
    let mended = |text: &str| lint(text).corrected.unwrap_or_default();
    for name in SECRET_PARAMS.map(|name| name.replace("%67", "g")) {
        let end = format!("&{name}={}", name.to_ascii_uppercase());
        let text = mended(&format!("curl '{instance}&{name}=ab12cd34ef56'"));
        assert!(text.ends_with(&format!("{end}'")), "{text}");
        let address = instance.replace("http:", "https:");
        let text = mended(&format!("{address}&{name}=ab12cd34ef56"));
        assert!(text.ends_with(&end), "{text}");
        let arm = "https://management.azure.com/subscriptions?api-version=2022-12-01";
        let text = mended(&format!("curl '{arm}&{name}=ab12cd34ef56'"));
        assert!(text.ends_with(&format!("{end}'")), "{text}");
        let head = "POST /metadata/instance?api-version=2021-02-01";
        let text = mended(&format!(
            "{head}&{name}=ab12cd34ef56 HTTP/1.1\nHost: 169.254.169.254\nMetadata: true\n\n"
        ));
        assert!(text.contains(&format!("{end} ")), "{text}");
    }
    let variable = mended(&format!("curl \"{instance}&sig=$SIG\""));
    assert!(variable.ends_with("&sig=$SIG\""), "{variable}");
    let command = mended(&format!("curl \"{instance}&sig=$(echo ab12cd34ef56)\""));
    assert!(command.ends_with("&sig=SIG'"), "{command}");
    for rest in [
        "gh78ij90kl12",
        "gh78ij90kl12=",
        "x&gh78ij90kl12",
        "x=&gh78ij90kl12",
    ] {
        let cut = lint(&format!("curl '{instance}&sig=ab12cd34ef56&{rest}'"));
        let shown = format!("{cut:?}").to_ascii_lowercase();
        assert!(!shown.contains("gh78"), "{shown}");
    }
    let two = format!("curl '{instance}&sig=ab12cd34ef56&sig=gh78'");
    assert_eq!(lint(&two).corrected, None);
}

#[test]
fn a_text_may_hold_several_requests() {
    assert_eq!(
        split("\n# x\ncurl a \\\n  b\n\nhttp://c\n"),
        ["curl a \\\n  b", "http://c"]
    );
    let head = "GET /a HTTP/1.1\nHost: b\n\nbody\n";
    assert_eq!(split(head), [head]);
    assert!(split("").is_empty());
    for text in [
        "",
        "hello",
        "GET",
        "wget http://169.254.169.254",
        "curl-like",
    ] {
        assert!(RequestLint::of(text, Shell::Sh).is_err(), "{text}");
    }
    let long = format!("http://169.254.169.254/{}", "a".repeat(64 * 1024));
    assert!(RequestLint::of(&long, Shell::Sh).is_err());
}

/// What our own protocol crate sends is right.
fn own_request(request: &Request) -> String {
    let mut text = format!(
        "{} {} HTTP/1.1\r\nHost: 169.254.169.254\r\n",
        request.method().as_str(),
        request.target()
    );
    for header in request.headers() {
        text.push_str(&format!("{}: {}\r\n", header.name, header.value.expose()));
    }
    text + "\r\n"
}

proptest! {
    #[test]
    fn what_our_crate_encodes_has_no_findings(audience in "[!-$&-~]{1,60}", kind in 0..3usize) {
        prop_assume!(!audience.ends_with("/.default"));
        let Ok(audience) = Audience::new(&audience) else { return Ok(()) };
        let guid: Guid = "01234567-89ab-cdef-0123-456789abcdef".parse().unwrap();
        let selector = match kind {
            0 => IdentitySelector::System,
            1 => IdentitySelector::ClientId(guid),
            _ => IdentitySelector::ResourceId(ID.parse().unwrap()),
        };
        let request = own_request(&TokenRequest::new(audience, selector).to_request());
        let lint = lint(&request);
        prop_assert!(lint.findings.is_empty(), "{request}\n{:?}", found(&lint, &request));
    }

    #[test]
    fn any_text_has_a_verdict_or_none(text in "(curl |az rest |GET |http://169\\.254\\.169\\.254/)?[ -~\u{e9}\n]{0,120}") {
        azvm_diagnostics::fuzzing::request(text.as_bytes());
    }

    #[test]
    fn no_part_of_a_secret_in_a_query_is_in_what_to_write_instead(
        secret in "[A-Za-z0-9]{12,40}[+/=]{0,2}",
        name in prop::sample::select(&SECRET_PARAMS[..]),
        place in 0..8usize,
    ) {
        let imds = format!("http://169.254.169.254/metadata/instance?{name}={secret}&api-version=2021-02-01");
        let arm = format!("http://management.azure.com/subscriptions?api-version=2022-12-01&{name}={secret}");
        let target = &imds["http://169.254.169.254".len()..];
        let text = match place {
            0 => format!("curl '{imds}'"),
            1 => format!("curl -X POST -H Metadata:true '{imds}'"),
            2 => format!("POST {target} HTTP/1.1\nHost: 169.254.169.254\nMetadata: true\n\n"),
            3 => imds.replace("http:", "https:"),
            4 => format!("curl '{arm}'"),
            5 => arm,
            6 => format!("az rest --method get --url '{arm}'"),
            _ => format!("curl -G -d {name}={secret} 'http://169.254.169.254/metadata/instance?api-version=2021-02-01'"),
        };
        let lint = lint(&text);
        let shown = format!("{lint:?}");
        for part in secret.as_bytes().windows(9) {
            let part = std::str::from_utf8(part).unwrap();
            prop_assert!(!shown.contains(part), "{part} of {text} in {shown}");
        }
    }

    #[test]
    fn no_part_of_a_secret_is_in_a_verdict(secret in "[A-Za-z0-9]{12,40}", place in 0..9usize) {
        let jwt = format!("eyJ{secret}.eyJ{secret}.{secret}");
        let text = match place {
            0 => format!("curl -H 'Authorization: Bearer {secret}' '{TOKEN}'"),
            1 => format!("curl -H 'Authorization: Bearer Bearer {secret}' https://management.azure.com/subscriptions"),
            2 => format!("curl -H Authorization: Bearer {secret} '{TOKEN}'"),
            3 => format!("{TOKEN}&client_secret={secret}"),
            4 => TOKEN.replace("https://management.azure.com/", &jwt),
            5 => format!("curl -d 'assertion={secret}' -u me:{secret} '{TOKEN}'"),
            6 => format!("POST /x HTTP/1.1\nAuthorization: Basic {secret}\nX-Identity-Header: {secret}\n\n{secret}"),
            7 => format!("http://user:{secret}@169.254.169.254/metadata/instance"),
            _ => format!("curl --oauth2-bearer {secret} https://management.azure.com/{jwt}"),
        };
        let lint = lint(&text);
        let shown = format!("{lint:?}");
        for part in secret.as_bytes().windows(9) {
            let part = std::str::from_utf8(part).unwrap();
            prop_assert!(!shown.contains(part), "{part} of {text} in {shown}");
        }
    }
}

#[test]
fn a_finding_has_severity_and_remedy_of_its_entry() {
    let lint = lint(&format!("curl '{TOKEN}'"));
    let finding = &lint.findings[0].finding;
    assert_eq!(finding.severity, Severity::Fail);
    assert!(!finding.remedy.text.is_empty() && !finding.remedy.commands.is_empty());
}
