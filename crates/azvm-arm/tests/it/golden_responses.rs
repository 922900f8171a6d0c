//! Recorded answers, read and put into words.

use crate::golden::{names, response};
use azvm_arm::{ArmError, read_resource, read_role_assignments};

const SUBSCRIPTION: &str = "/subscriptions/0a1b2c3d-0000-4000-8000-000000000002";
const TENANT: &str = "0a1b2c3d-0000-4000-8000-00000000000a";
const WHO: &str = "The client '0a1b2c3d-0000-4000-8000-00000000000c' with object id '0a1b2c3d-0000-4000-8000-00000000000b'";
const READ: &str = "'Microsoft.Resources/subscriptions/resourceGroups/read'";

#[track_caller]
fn check_resource(name: &str, expected: [Option<&str>; 5]) {
    let read = read_resource(&response(name)).unwrap();
    let [id, rest @ ..] = expected;
    assert_eq!(Some(read.id.as_str()), id);
    let members = [read.name, read.resource_type, read.location, read.state];
    assert_eq!(members.each_ref().map(Option::as_deref), rest);
}

/// A refusal of ARM itself: its status and code, and the words after them.
#[track_caller]
fn check_error(name: &str, status: u16, code: &str, message: &str) -> ArmError {
    let error = read_resource(&response(name)).unwrap_err();
    assert_eq!(
        read_role_assignments(&response(name)),
        Err(error.clone()),
        "both readers refuse alike"
    );
    assert_eq!(
        error.to_string(),
        format!("ARM answered {status} {code}: {message}")
    );
    assert_eq!((error.status(), error.code()), (status, Some(code)));
    assert_eq!(error.message(), Some(message));
    assert_eq!(
        error.request_id(),
        Some("3c1d0000-0000-4000-8000-000000000001")
    );
    assert_eq!(
        error.correlation_id(),
        Some("3c1d0000-0000-4000-8000-000000000002")
    );
    assert!(error.is_from_arm());
    assert_eq!(error.challenge().is_some(), status == 401);
    error
}

#[track_caller]
fn check_401(name: &str, code: &str, message: &str, description: &str) {
    let error = check_error(name, 401, code, message);
    let challenge = error.challenge().unwrap();
    assert_eq!(challenge.tenant_id.as_deref(), Some(TENANT));
    assert_eq!(challenge.error.as_deref(), Some("invalid_token"));
    assert_eq!(challenge.description.as_deref(), Some(description));
    assert_eq!(error.denied(), None);
}

#[test]
fn a_resource_group_is_read() {
    check_resource(
        "resource_group",
        [
            Some(&format!("{SUBSCRIPTION}/resourceGroups/rg-1")),
            Some("rg-1"),
            Some("Microsoft.Resources/resourceGroups"),
            Some("westeurope"),
            Some("Succeeded"),
        ],
    );
}

#[test]
fn a_subscription_has_other_members_for_name_and_state() {
    check_resource(
        "subscription",
        [
            Some(SUBSCRIPTION),
            Some("my subscription"),
            None,
            None,
            Some("Enabled"),
        ],
    );
}

#[test]
fn an_id_is_enough() {
    let id = format!(
        "{SUBSCRIPTION}/resourceGroups/rg-1/providers/Microsoft.Compute/virtualMachines/vm-1"
    );
    check_resource("resource_bare", [Some(&id), None, None, None, None]);
}

#[test]
fn role_assignments_are_read_with_condition_and_further_pages() {
    let page = read_role_assignments(&response("role_assignments")).unwrap();
    assert!(page.has_more);
    let [reader, conditional] = page.value.as_slice() else {
        panic!("{page:?}");
    };
    assert_eq!(
        reader.role_definition_id.rsplit('/').next(),
        Some("acdd72a7-3385-48ef-bd42-f606fba81ae7")
    );
    assert_eq!(reader.principal_id, "0a1b2c3d-0000-4000-8000-00000000000b");
    assert_eq!(reader.principal_type.as_deref(), Some("ServicePrincipal"));
    assert_eq!(reader.scope, format!("{SUBSCRIPTION}/resourceGroups/rg-1"));
    assert_eq!(
        reader.created_on.as_deref(),
        Some("2026-09-11T16:35:56.0000000Z")
    );
    assert_eq!(
        reader.updated_on.as_deref(),
        Some("2026-09-11T16:35:57.0000000Z")
    );
    assert!(!reader.has_condition && conditional.has_condition);
    assert_eq!(conditional.scope, SUBSCRIPTION);
    assert_eq!(conditional.principal_type.as_deref(), Some("Group"));
}

#[test]
fn an_empty_condition_is_none_and_an_empty_link_leads_nowhere() {
    let none = read_role_assignments(&response("role_assignments_none")).unwrap();
    assert!(none.value.is_empty() && !none.has_more);
    let bare = read_role_assignments(&response("role_assignments_bare")).unwrap();
    assert!(!bare.has_more);
    assert_eq!(bare.value.len(), 1);
    assert!(!bare.value[0].has_condition);
    assert_eq!(bare.value[0].created_on, None);
}

#[test]
fn a_401_says_what_is_wrong_with_the_token_and_names_the_tenant() {
    check_401(
        "authentication_failed",
        "AuthenticationFailed",
        "Authentication failed. The 'Authorization' header is missing.",
        "The authentication failed because of missing 'Authorization' header.",
    );
    let check = |name: &str, code: &str, message: &str| check_401(name, code, message, message);
    check(
        "invalid_token",
        "InvalidAuthenticationToken",
        "The access token is invalid.",
    );
    check(
        "invalid_token_claims",
        "InvalidAuthenticationToken",
        "The received access token is not valid: at least one of the claims 'puid' or 'altsecid' or 'oid' should be \
         present. If you are accessing as application please make sure service principal is properly created in the tenant.",
    );
    check(
        "audience",
        "InvalidAuthenticationTokenAudience",
        "The access token has been obtained for wrong audience or resource 'https://vault.azure.net'. It should exactly \
         match with one of the allowed audiences 'https://management.core.windows.net/',\
         'https://management.core.windows.net','https://management.azure.com/','https://management.azure.com'.",
    );
    check(
        "expired",
        "ExpiredAuthenticationToken",
        "The access token expiry UTC time '9/11/2026 4:35:56 PM' is earlier than current UTC time '9/11/2026 4:40:56 PM'.",
    );
    check(
        "tenant",
        "InvalidAuthenticationTokenTenant",
        "The access token is from the wrong issuer 'https://sts.windows.net/0a1b2c3d-0000-4000-8000-0000000000ff/'. \
         It must match the tenant 'https://sts.windows.net/0a1b2c3d-0000-4000-8000-00000000000a/' associated with \
         this subscription.",
    );
}

#[test]
fn the_claims_of_a_challenge_are_decoded() {
    let error = check_error(
        "insufficient_claims",
        401,
        "InvalidAuthenticationToken",
        "The access token has been revoked.",
    );
    let challenge = error.challenge().unwrap();
    assert_eq!(challenge.error.as_deref(), Some("insufficient_claims"));
    assert_eq!(challenge.tenant_id.as_deref(), Some(TENANT));
    assert_eq!(challenge.claims.as_deref(), Some("{\"access_token\":{}}"));
    assert!(!format!("{error:?}").contains("eyJ"));
}

#[test]
fn the_three_403s_keep_their_words() {
    let group = format!("'{SUBSCRIPTION}/resourceGroups/rg-1'");
    let refresh =
        "or the scope is invalid. If access was recently granted, please refresh your credentials.";
    check_error(
        "authorization_failed",
        403,
        "AuthorizationFailed",
        &format!(
            "{WHO} does not have authorization to perform action {READ} over scope {group} {refresh}"
        ),
    );
    check_error(
        "authorization_failed_condition",
        403,
        "AuthorizationFailed",
        &format!(
            "{WHO} has an authorization with ABAC condition that is not fulfilled to perform action {READ} \
             over scope {group} {refresh}"
        ),
    );
    check_error(
        "deny_assignment",
        403,
        "DenyAssignmentAuthorizationFailed",
        &format!(
            "{WHO} has permission to perform action {READ} on scope {group}; however, the access is denied because of \
             the deny assignment with name 'lock' and Id '0a1b2c3d00004000800000000000001f' at scope '{SUBSCRIPTION}'."
        ),
    );
}

#[test]
fn other_refusals_keep_their_words() {
    check_error(
        "group_not_found",
        404,
        "ResourceGroupNotFound",
        "Resource group 'rg-1' could not be found.",
    );
    check_error(
        "subscription_not_found",
        404,
        "SubscriptionNotFound",
        "The subscription '0a1b2c3d-0000-4000-8000-000000000002' could not be found.",
    );
    check_error(
        "api_version_missing",
        400,
        "MissingApiVersionParameter",
        "The api-version query parameter (?api-version=) is required for all requests.",
    );
    check_error(
        "api_version_invalid",
        400,
        "InvalidApiVersionParameter",
        "The api-version '2010-01-01' is invalid. The supported versions are \
         '2022-09-01,2022-06-01,2022-05-01,2022-01-01,2021-04-01,2021-01-01,2020-10-01'.",
    );
    check_error(
        "throttled",
        429,
        "TooManyRequests",
        "The request was throttled.",
    );
    check_error("details", 409, "Conflict", "Several things went wrong.");
}

#[test]
fn our_resource_group_api_version_is_one_that_arm_lists() {
    let error = read_resource(&response("api_version_invalid")).unwrap_err();
    assert!(
        error
            .message()
            .unwrap()
            .contains(azvm_arm::RESOURCE_GROUP_API_VERSION)
    );
}

#[test]
fn what_is_not_arms_envelope_has_no_code() {
    let gateway = read_resource(&response("gateway")).unwrap_err();
    assert_eq!(
        gateway.to_string(),
        "a server in ARM's place answered 502: Bad Gateway"
    );
    assert_eq!(gateway.code(), None);
    assert!(!gateway.is_from_arm());
    let server_error = read_resource(&response("server_error")).unwrap_err();
    assert_eq!(server_error.to_string(), "ARM answered 500");
    assert!(
        server_error.is_from_arm(),
        "the request id is a mark of ARM"
    );
}

#[test]
fn a_200_of_another_kind_is_an_error() {
    let list = read_resource(&response("role_assignments")).unwrap_err();
    assert_eq!(
        list.to_string(),
        "ARM answered 200: the body is no ARM resource"
    );
    let group = read_role_assignments(&response("resource_group")).unwrap_err();
    assert_eq!(
        group.to_string(),
        "ARM answered 200: the body is no list of role assignments"
    );
}

#[test]
fn every_recorded_answer_is_read_here_and_has_a_source() {
    let tests = [
        include_str!("golden_responses.rs"),
        include_str!("permissions.rs"),
        include_str!("refusals.rs"),
        include_str!("typed_answers.rs"),
    ]
    .concat();
    let sources = include_str!("../data/README.md");
    for name in names() {
        assert!(tests.contains(&format!("\"{name}\"")), "{name} is not read");
        assert!(
            sources.contains(&format!("`{name}`")),
            "{name} has no source"
        );
    }
}

/// The value of the header, and the tenant that it names.
#[track_caller]
fn check_tenant(parameter: &str, expected: Option<&str>) {
    let header = format!("Bearer {parameter}, error=\"invalid_token\"");
    let challenge = azvm_arm::Challenge::read(&header).unwrap();
    assert_eq!(challenge.tenant_id.as_deref(), expected, "{header}");
    assert_eq!(challenge.error.as_deref(), Some("invalid_token"));
}

#[test]
fn the_tenant_is_the_first_segment_of_the_uris_path() {
    check_tenant(
        "authorization_uri=\"https://login.windows.net/t-1\"",
        Some("t-1"),
    );
    check_tenant(
        "authorization=\"https://login.windows.net/t-1/\"",
        Some("t-1"),
    );
    check_tenant(
        "Authorization_URI=\"https://login.microsoftonline.com/t-1/oauth2/authorize\"",
        Some("t-1"),
    );
    check_tenant(
        "authorization_uri=https://login.windows.net/t-1",
        Some("t-1"),
    );
    check_tenant("authorization_uri=\"https://login.windows.net\"", None);
    check_tenant("authorization_uri=\"https://login.windows.net/\"", None);
    check_tenant("authorization_uri=\"\"", None);
    check_tenant("realm=\"\"", None);
}
