//! Each request as it is to stand on the wire: the target byte for byte, and the headers.

use azvm_arm::{
    AUTHORIZATION_API_VERSION, AssignmentFilter, MAX_ROLE_DEFINITIONS_BYTES,
    RESOURCE_GROUP_API_VERSION, SUBSCRIPTION_API_VERSION, TENANT_API_VERSION, deny_assignments,
    get, permissions, probe, resource_group, role_assignments, role_assignments_where,
    role_definition, role_definitions, subscription, subscriptions, tenants,
};
use azvm_exchange::{HeaderValue, Request, Secret};
use azvm_resource_id::ResourceId;

const SUBSCRIPTION: &str = "/subscriptions/0a1b2c3d-0000-4000-8000-000000000002";

#[track_caller]
fn check(request: &Request, target: &str) {
    assert_eq!(request.method().as_str(), "GET");
    assert_eq!(request.target(), target);
    let headers: Vec<_> = request
        .headers()
        .iter()
        .map(|header| (header.name, header.value.expose()))
        .collect();
    assert_eq!(headers, [("Accept", "application/json")]);
    assert!(!request.has_secret());
}

fn id(text: &str) -> ResourceId {
    text.parse().unwrap()
}

#[test]
fn a_resource_group_is_asked_for_by_its_id() {
    check(
        &get(
            &id(&format!("{SUBSCRIPTION}/resourceGroups/rg-1")),
            RESOURCE_GROUP_API_VERSION,
        ),
        &format!("{SUBSCRIPTION}/resourceGroups/rg-1?api-version=2021-04-01"),
    );
}

#[test]
fn anything_else_is_asked_for_with_its_own_api_version() {
    check(
        &get(&id(SUBSCRIPTION), SUBSCRIPTION_API_VERSION),
        &format!("{SUBSCRIPTION}?api-version=2022-12-01"),
    );
    let machine = "/resourceGroups/RG-1/providers/Microsoft.Compute/virtualMachines/vm-1";
    check(
        &get(&id(&format!("{SUBSCRIPTION}{machine}")), "2024-07-01"),
        &format!("{SUBSCRIPTION}{machine}?api-version=2024-07-01"),
    );
}

#[test]
fn names_keep_their_case_and_keywords_get_their_usual_one() {
    check(
        &get(&id("/Subscriptions/0A1B/resourcegroups/RG-1"), "2021-04-01"),
        "/subscriptions/0A1B/resourceGroups/RG-1?api-version=2021-04-01",
    );
}

#[test]
fn what_a_path_or_query_cannot_hold_is_percent_encoded() {
    check(
        &get(
            &id("/subscriptions/s/resourceGroups/(r) g_é&=+%"),
            "2021-04-01&x=y",
        ),
        "/subscriptions/s/resourceGroups/%28r%29%20g_%C3%A9%26%3D%2B%25?api-version=2021-04-01%26x%3Dy",
    );
    check(
        &probe("0a1b?x=y/../z"),
        "/subscriptions/0a1b%3Fx%3Dy%2F..%2Fz?api-version=2022-12-01",
    );
}

#[test]
fn role_assignments_are_those_that_count_at_the_scope() {
    assert_eq!(AUTHORIZATION_API_VERSION, "2022-04-01");
    let filter = "$filter=atScope%28%29%20and%20assignedTo%28%27b-1%27%29";
    check(
        &role_assignments(&id(&format!("{SUBSCRIPTION}/resourceGroups/rg-1")), "b-1"),
        &format!(
            "{SUBSCRIPTION}/resourceGroups/rg-1/providers/Microsoft.Authorization/roleAssignments\
             ?api-version=2022-04-01&{filter}"
        ),
    );
}

#[test]
fn typed_requests_have_the_api_version_of_their_type() {
    let group = id(&format!("{SUBSCRIPTION}/resourcegroups/rg-1"));
    check(
        &resource_group(&(&group).try_into().unwrap()),
        &format!("{SUBSCRIPTION}/resourceGroups/rg-1?api-version=2021-04-01"),
    );
    check(
        &subscription("0a1b2c3d-0000-4000-8000-000000000002"),
        &format!("{SUBSCRIPTION}?api-version=2022-12-01"),
    );
    check(&subscriptions(), "/subscriptions?api-version=2022-12-01");
    assert_eq!(TENANT_API_VERSION, "2022-12-01");
    check(&tenants(), "/tenants?api-version=2022-12-01");
}

#[test]
fn permissions_are_asked_for_at_a_group_and_at_a_resource() {
    let group = format!("{SUBSCRIPTION}/resourceGroups/rg-1");
    let machine = format!("{group}/providers/Microsoft.Compute/virtualMachines/vm-1");
    for scope in [&group, &machine, &format!("{machine}/extensions/e 1")] {
        let path = id(scope).to_url_path();
        check(
            &permissions(&id(scope)),
            &format!("{path}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"),
        );
    }
}

#[test]
fn assignments_are_filtered_by_scope_and_principal() {
    let scope = id(SUBSCRIPTION);
    let filters = [
        (AssignmentFilter::All, ""),
        (AssignmentFilter::AtScope, "&$filter=atScope%28%29"),
        (
            AssignmentFilter::AtScopeAssignedTo("b-1"),
            "&$filter=atScope%28%29%20and%20assignedTo%28%27b-1%27%29",
        ),
        (
            AssignmentFilter::AssignedTo("b-1"),
            "&$filter=assignedTo%28%27b-1%27%29",
        ),
        (
            AssignmentFilter::PrincipalId("b-1"),
            "&$filter=principalId%20eq%20%27b-1%27",
        ),
        (
            AssignmentFilter::PrincipalId("b' or 'x"),
            "&$filter=principalId%20eq%20%27b%27%27%20or%20%27%27x%27",
        ),
    ];
    for (filter, query) in filters {
        let target = |list: &str| {
            format!(
                "{SUBSCRIPTION}/providers/Microsoft.Authorization/{list}?api-version=2022-04-01{query}"
            )
        };
        check(
            &role_assignments_where(&scope, filter),
            &target("roleAssignments"),
        );
        check(
            &deny_assignments(&scope, filter),
            &target("denyAssignments"),
        );
    }
}

#[test]
fn role_definitions_are_asked_for_by_id_by_name_and_all() {
    let path = "/providers/Microsoft.Authorization/roleDefinitions";
    let guid = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
    for scope in ["", SUBSCRIPTION] {
        let role = id(&format!("{scope}{path}/{guid}"));
        check(
            &role_definition(&(&role).try_into().unwrap()),
            &format!("{scope}{path}/{guid}?api-version=2022-04-01"),
        );
    }
    let all = role_definitions(&id(SUBSCRIPTION), None);
    check(
        &all,
        &format!("{SUBSCRIPTION}{path}?api-version=2022-04-01"),
    );
    assert_eq!(all.max_response_bytes(), MAX_ROLE_DEFINITIONS_BYTES);
    check(
        &role_definitions(&id(SUBSCRIPTION), Some("Bob's Reader")),
        &format!(
            "{SUBSCRIPTION}{path}?api-version=2022-04-01&$filter=roleName%20eq%20%27Bob%27%27s%20Reader%27"
        ),
    );
}

#[test]
fn the_tenant_is_a_scope_too() {
    check(
        &role_assignments(&id("/"), "b-1"),
        "/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01\
         &$filter=atScope%28%29%20and%20assignedTo%28%27b-1%27%29",
    );
}

#[test]
fn an_object_id_cannot_end_the_filters_literal() {
    let request = role_assignments(&id(SUBSCRIPTION), "x') or atScope() or assignedTo('y");
    let (_, filter) = request.target().split_once("$filter=").unwrap();
    assert_eq!(
        azvm_exchange::decode_query_value(filter).as_deref(),
        Some("atScope() and assignedTo('x'') or atScope() or assignedTo(''y')")
    );
}

#[test]
fn the_bearer_stands_last_and_is_not_shown() {
    let token = "e30.e30.c2lnbmF0dXJl";
    let request = get(&id(SUBSCRIPTION), "2022-12-01").with_bearer(&Secret::new(token.into()));
    assert!(request.has_secret());
    let [accept, authorization] = request.headers() else {
        panic!("{request:?}");
    };
    assert_eq!(accept.name, "Accept");
    assert_eq!(authorization.name, "Authorization");
    assert_eq!(authorization.value.expose(), format!("Bearer {token}"));
    assert!(matches!(authorization.value, HeaderValue::Secret(_)));
    assert!(!format!("{request:?} {request:#?}").contains("c2lnbmF0dXJl"));
}
