//! Recorded answers, read and put into words.

use crate::golden::{NOW, ask, names, response};
use azvm_exchange::{Response, UnreadForm};
use azvm_imds::{
    IdentitySelector, ProtocolError, Rejection, Responder, read_identity_info, read_instance,
    read_versions,
};

/// Reads a token answer as of [`NOW`].
#[track_caller]
fn check_token(name: &str, expected: &str) {
    let read = ask(IdentitySelector::System).read(&response(name), NOW);
    let shown = match &read {
        Ok(token) => format!(
            "on {} in {} client {} resource {}",
            token.expires_on().unix_seconds(),
            token.expires_in().as_secs(),
            token.client_id().unwrap_or("-"),
            token.resource().unwrap_or("-"),
        ),
        Err(error) => error.to_string(),
    };
    assert_eq!(shown, expected, "{name}");
}

/// `expected` is the error as it is shown, `summary` as it is logged.
#[track_caller]
fn check_error(name: &str, responder: Responder, expected: &str, summary: &str) -> Rejection {
    let error = ask(IdentitySelector::System)
        .read(&response(name), NOW)
        .unwrap_err();
    assert_eq!(error.to_string(), expected, "{name}");
    assert_eq!(error.summary(), summary, "{name}");
    let ProtocolError::Rejected(rejection) = error else {
        panic!("{name} is a rejection");
    };
    assert_eq!(rejection.responder(), responder, "{name}");
    *rejection
}

#[test]
fn tokens_of_imds_are_read() {
    let arm = "resource https://management.azure.com/";
    let client = "client 0a1b2c3d-0000-4000-8000-00000000000c";
    check_token(
        "token/imds",
        &format!("on 1757695256 in 86400 {client} {arm}"),
    );
    check_token(
        "token/cached",
        &format!("on 1757695256 in 85901 {client} {arm}"),
    );
    check_token(
        "token/selector_repeated",
        &format!("on 1757695256 in 86400 {client} resource https://vault.azure.net"),
    );
    check_token(
        "token/documentation",
        &format!("on 1506484173 in 3599 client - {arm}"),
    );
}

#[test]
fn tokens_of_other_hosts_are_read_too() {
    let arm = "resource https://management.azure.com/";
    let vault = "resource https://vault.azure.net";
    check_token(
        "token/numbers",
        &format!("on 1757695256 in 86400 client - {arm}"),
    );
    check_token(
        "token/pod_identity",
        &format!("on 1757695256 in 86399 client - {arm}"),
    );
    check_token(
        "token/service_fabric",
        "on 1757695256 in 86400 client - resource -",
    );
    check_token(
        "token/emulator",
        &format!("on 1757695256 in 172800 client - {vault}"),
    );
}

#[test]
fn either_expiry_is_enough() {
    let vault = "resource https://vault.azure.net";
    check_token(
        "token/expires_in_absent",
        &format!("on 1757695256 in 86400 client 0A1B2C3D-0000-4000-8000-00000000000C {vault}"),
    );
    check_token(
        "token/expires_in_empty",
        &format!("on 1757695256 in 86400 client - {vault}"),
    );
    let derived = "on 1757612455 in 3599 client - resource -";
    check_token("token/expires_on_absent", derived);
    check_token("token/expires_on_empty", derived);
    check_token(
        "token/expires_on_iso",
        &format!("on 1729281097 in 3599 client - {vault}"),
    );
    check_token(
        "token/expires_on_relative",
        "on 1757695255 in 86399 client - resource -",
    );
    check_token(
        "token/expires_on_date",
        &format!("on 1636125511 in 0 client - {vault}"),
    );
    check_token(
        "token/expires_on_date_12_hours",
        &format!("on 1578643288 in 0 client - {vault}"),
    );
    for name in [
        "token/expires_on_iso_alone",
        "token/expires_on_msal_go_slashes",
        "token/expires_on_msal_go_dashes",
    ] {
        check_token(name, &format!("on 1729281097 in 0 client - {vault}"));
    }
}

#[test]
fn what_is_no_token_answer_is_malformed() {
    check_token(
        "token/empty_object",
        "an IMDS stand-in answered 200, but the body is no token answer",
    );
    check_token(
        "token/empty_token",
        "an IMDS stand-in answered 200, but access_token is empty or cannot stand in a header",
    );
    check_token(
        "token/header_injection",
        "an IMDS stand-in answered 200, but access_token is empty or cannot stand in a header",
    );
    check_token(
        "token/pop",
        "an IMDS stand-in answered 200, but token_type is not Bearer",
    );
    check_token(
        "token/html",
        "an unknown server answered 200, but the body is no token answer",
    );
    check_token(
        "token/cut_off",
        "IMDS answered 200, but the body is no token answer",
    );
}

#[test]
fn refusals_of_imds_keep_its_words() {
    let check = |name: &str, expected: &str, summary: &str| {
        check_error(name, Responder::Imds, expected, summary)
    };
    let header = "Required metadata header not specified";
    check(
        "error/header_missing",
        &format!("IMDS answered 400 invalid_request: {header}"),
        "400 invalid_request",
    );
    check(
        "error/header_missing_documentation",
        &format!("IMDS answered 400 bad_request_102: {header}"),
        "400 bad_request_102",
    );
    let not_found = check(
        "error/identity_not_found",
        "IMDS answered 400 invalid_request: Identity not found",
        "400 invalid_request",
    );
    assert_eq!(
        not_found.request_id(),
        Some("7f4a0e2c-0000-4000-8000-000000000001")
    );
    check(
        "error/identity_not_found_404",
        "IMDS answered 404 invalid_request: Identity not found",
        "404 invalid_request",
    );
    check(
        "error/resource_missing",
        "IMDS answered 400 invalid_request: Required query variable 'resource' is missing",
        "400 invalid_request",
    );
    check(
        "error/several_identities",
        "IMDS answered 400 invalid_request: Multiple user assigned identities exist, please specify the clientId / \
         resourceId of the identity in the token request",
        "400 invalid_request",
    );
    check(
        "error/attestation_missing",
        "IMDS answered 400 invalid_request: Attestation Token is missing / empty in the issue credential request",
        "400 invalid_request",
    );
    check(
        "error/unknown_source",
        "IMDS answered 401 unknown_source: Unknown Source http://169.254.169.254/oauth2/token",
        "401 unknown_source",
    );
    check(
        "error/unknown",
        "IMDS answered 500 unknown: Failed to retrieve token from the Active directory",
        "500 unknown",
    );
    check(
        "error/method_not_allowed",
        "IMDS answered 405 method_not_allowed: The method is not allowed",
        "405 method_not_allowed",
    );
}

#[test]
fn programs_that_are_known_by_plain_words_keep_them() {
    for (name, who, words) in [
        (
            "error/docker_desktop",
            "Docker Desktop's proxy answered 403",
            "connecting to 169.254.169.254:80: ",
        ),
        (
            "error/pod_identity",
            "aad-pod-identity answered 403",
            "failed to refresh token, error: adal: Refresh request failed. ",
        ),
        (
            "error/pod_identity_not_found",
            "aad-pod-identity answered 404",
            "no azure identity found for request clientID ",
        ),
        (
            "error/pod_identity_busy",
            "aad-pod-identity answered 503",
            "getting assigned identities for pod default/demo ",
        ),
    ] {
        let shown = Rejection::read(&response(name)).to_string();
        assert!(shown.starts_with(&format!("{who}: {words}")), "{shown}");
    }
}

#[test]
fn refusals_in_the_form_of_other_services_keep_their_words() {
    check_error(
        "error/default_identity_not_defined",
        Responder::ImdsLike,
        "an IMDS stand-in answered 404 DefaultIdentityNotDefined: DefaultIdentityNotDefined",
        "404 DefaultIdentityNotDefined",
    );
    check_error(
        "error/code_alone",
        Responder::Imds,
        "IMDS answered 400 BadRequest: The identity could not be loaded.",
        "400 BadRequest",
    );
    check_error(
        "error/status_code",
        Responder::Unknown,
        "an unknown server answered 400: Unable to load the proper Managed Identity.",
        "400",
    );
}

#[test]
fn a_body_that_nobody_asked_for_is_named() {
    let bytes: Vec<u8> = "{\"error\":\"invalid_request\"}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let server = || vec![("Server".into(), "IMDS/1.2.3.4".into())];
    let refused = Response::new(400, server(), bytes.clone());
    let rejection = Rejection::read(&refused);
    assert_eq!(rejection.unread_form(), Some(UnreadForm::Utf16));
    assert_eq!(
        rejection.to_string(),
        "IMDS answered 400; the body is UTF-16, and JSON is UTF-8"
    );
    let token = ask(IdentitySelector::System).read(&Response::new(200, server(), bytes), NOW);
    assert_eq!(
        token.unwrap_err().to_string(),
        "IMDS answered 200, but the body is UTF-16, and JSON is UTF-8"
    );
    let zipped = Response::new(200, server(), b"\x1f\x8b\x08\0".to_vec());
    assert_eq!(
        read_instance(&zipped).unwrap_err().to_string(),
        "IMDS answered 200, but the body is compressed (gzip), which nobody asked for"
    );
}

#[test]
fn the_lines_of_entras_words_become_one() {
    check_error(
        "error/invalid_resource",
        Responder::Imds,
        "IMDS answered 400 invalid_resource: AADSTS500011: The resource principal named https://bogus was not found in \
         the tenant named 0a1b2c3d-0000-4000-8000-00000000000a.  Trace ID: 0a1b2c3d-0000-4000-8000-000000000001  \
         Correlation ID: 0a1b2c3d-0000-4000-8000-000000000002  Timestamp: 2025-09-11 16:40:56Z",
        "400 invalid_resource",
    );
}

#[test]
fn a_refused_api_version_brings_the_newest_ones() {
    let version = "Bad request. api-version is invalid or was not specified in the request. \
                   For more information refer to aka.ms/azureimds";
    let check = |name: &str, words: &str, newest: [&str; 3]| {
        let rejection = check_error(
            name,
            Responder::Imds,
            &format!("IMDS answered 400 {words}"),
            &format!("400 {words}"),
        );
        assert_eq!(rejection.newest_versions(), newest);
        assert_eq!(rejection.description(), None);
    };
    check(
        "error/version",
        version,
        ["2025-04-07", "2024-07-17", "2024-03-15"],
    );
    check(
        "error/version_older",
        "Bad request: api-version was not specified in the request",
        ["2020-09-01", "2020-07-15", "2020-06-01"],
    );
}

#[test]
fn refusals_without_json_have_a_status_only() {
    for (name, responder, who) in [
        ("error/updating", Responder::Imds, "IMDS"),
        (
            "error/guest_proxy_agent",
            Responder::GuestProxyAgent,
            "the Guest Proxy Agent",
        ),
        ("error/proxy_403", Responder::HttpProxy, "an HTTP proxy"),
        ("error/proxy_407", Responder::HttpProxy, "an HTTP proxy"),
        ("error/proxy_503", Responder::HttpProxy, "an HTTP proxy"),
    ] {
        let status = response(name).status().to_string();
        let rejection = check_error(
            name,
            responder,
            &format!("{who} answered {status}"),
            &status,
        );
        assert_eq!(
            (rejection.error(), rejection.description()),
            (None, None),
            "{name}"
        );
    }
}

#[test]
fn a_plain_text_is_kept_as_the_description() {
    for (name, responder, who, words) in [
        (
            "error/throttled",
            Responder::Imds,
            "IMDS answered 429",
            "Temporarily throttled, too many requests",
        ),
        (
            "error/agent_405",
            Responder::GuestProxyAgent,
            "the Guest Proxy Agent answered 405",
            "Method Not Allowed",
        ),
        (
            "error/restarting",
            Responder::IisFront,
            "the restarting front of IMDS answered 500",
            "The page cannot be displayed because an internal server error has occurred.",
        ),
    ] {
        let status = response(name).status().to_string();
        let rejection = check_error(name, responder, &format!("{who}: {words}"), &status);
        let said = (rejection.error(), rejection.description());
        assert_eq!(said, (None, Some(words)), "{name}");
    }
}

#[test]
fn refusals_say_who_answered_before_what() {
    check_error(
        "error/instance_not_found",
        Responder::Imds,
        "IMDS answered 404 Not found",
        "404 Not found",
    );
    check_error(
        "error/load_balancer_none",
        Responder::Imds,
        "IMDS answered 404 No load balancer metadata is found. Check if your virtual machine is using any nonbasic SKU \
         load balancer and retry later.",
        "404 No load balancer metadata is found. Check if your virtual machine is using any nonbasic SKU load balancer \
         and retry later.",
    );
    check_error(
        "error/leaf_without_format",
        Responder::Imds,
        "IMDS answered 400 Bad request. The format must be text at a leaf",
        "400 Bad request. The format must be text at a leaf",
    );
    check_error(
        "error/through_agent",
        Responder::ImdsThroughAgent,
        "IMDS (through the Guest Proxy Agent) answered 403 access_denied",
        "403 access_denied",
    );
    check_error(
        "error/arc_challenge",
        Responder::ArcAgent,
        "the Azure Arc agent answered 401 unauthorized_client: Missing Basic Authorization header",
        "401 unauthorized_client",
    );
}

#[test]
fn the_words_of_a_refusal_are_hints() {
    for name in names() {
        let rejection = Rejection::read(&response(&name));
        assert_eq!(
            rejection.hints_identity_not_found(),
            name.starts_with("error/identity_not_found") || name == "error/pod_identity",
            "{name}"
        );
        assert_eq!(
            rejection.hints_several_identities(),
            name == "error/several_identities",
            "{name}"
        );
    }
}

#[test]
fn the_instance_document_is_read_as_far_as_it_is_used() {
    let machine = read_instance(&response("document/instance")).unwrap();
    assert_eq!(
        read_instance(&response("document/compute")),
        Ok(machine.clone())
    );
    assert_eq!(machine.az_environment.as_deref(), Some("AzurePublicCloud"));
    assert_eq!(machine.location.as_deref(), Some("westeurope"));
    assert_eq!(machine.name.as_deref(), Some("vm-1"));
    assert_eq!(machine.os_type.as_deref(), Some("Linux"));
    assert_eq!(machine.resource_group_name.as_deref(), Some("rg-1"));
    assert_eq!(
        machine.resource_id.as_deref(),
        Some(
            "/subscriptions/0a1b2c3d-0000-4000-8000-000000000002/resourceGroups/rg-1/providers/Microsoft.Compute/virtualMachines/vm-1"
        )
    );
    assert_eq!(
        machine.subscription_id.as_deref(),
        Some("0a1b2c3d-0000-4000-8000-000000000002")
    );
    assert_eq!(
        machine.vm_id.as_deref(),
        Some("0a1b2c3d-0000-4000-8000-000000000003")
    );
    assert_eq!(machine.vm_scale_set_name, None, "an empty text is no name");
    assert_eq!(machine.zone.as_deref(), Some("1"));
}

#[test]
fn instance_documents_may_be_odd() {
    let machine = read_instance(&response("document/instance_scale_set")).unwrap();
    assert_eq!(
        machine.az_environment.as_deref(),
        Some("AZUREUSGOVERNMENTCLOUD")
    );
    assert_eq!(machine.vm_scale_set_name.as_deref(), Some("vmss-1"));
    assert_eq!(machine.zone, None);
    let partial = read_instance(&response("document/instance_partial")).unwrap();
    assert_eq!(partial.name.as_deref(), Some("vm-1"));
    assert_eq!(
        (
            partial.az_environment,
            partial.location,
            partial.subscription_id
        ),
        (None, None, None)
    );
}

#[test]
fn versions_and_tenant_are_read() {
    let versions = read_versions(&response("document/versions")).unwrap();
    assert_eq!(versions.len(), 35);
    assert_eq!(versions.first().unwrap(), "2017-03-01");
    assert_eq!(versions.last().unwrap(), "2025-04-07");
    for ours in [
        azvm_imds::TOKEN_API_VERSION,
        azvm_imds::INSTANCE_API_VERSION,
    ] {
        assert!(versions.iter().any(|known| known == ours), "{ours}");
    }
    assert_eq!(
        read_identity_info(&response("document/identity_info")).as_deref(),
        Ok("0a1b2c3d-0000-4000-8000-00000000000a")
    );
}

#[test]
fn one_document_does_not_pass_for_another() {
    let shown = |error: ProtocolError| error.to_string();
    assert_eq!(
        read_versions(&response("document/instance")).map_err(shown),
        Err("IMDS answered 200, but the body is no list of versions".into())
    );
    assert_eq!(
        read_identity_info(&response("document/versions")).map_err(shown),
        Err("IMDS answered 200, but the body has no tenantId".into())
    );
    assert_eq!(
        read_instance(&response("token/html")).map_err(shown),
        Err("an unknown server answered 200, but the body is no instance document".into())
    );
    assert_eq!(
        read_instance(&response("error/version")).map_err(|error| error.summary()[..3].to_owned()),
        Err("400".into())
    );
}

#[test]
fn every_recorded_answer_is_read_here_and_has_a_source() {
    let tests = concat!(
        include_str!("golden_responses.rs"),
        include_str!("golden_documents.rs")
    );
    let sources = include_str!("../data/README.md");
    for name in names() {
        let (_, file) = name.split_once('/').unwrap();
        assert!(tests.contains(&format!("\"{name}\"")), "{name} is not read");
        assert!(
            sources.contains(&format!("`{file}`")),
            "{name} has no source"
        );
    }
}
