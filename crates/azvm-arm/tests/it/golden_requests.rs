//! Each request as it is to stand on the wire: the target byte for byte, and the headers.

use azvm_arm::{
    AUTHORIZATION_API_VERSION, RESOURCE_GROUP_API_VERSION, SUBSCRIPTION_API_VERSION, get, probe,
    role_assignments,
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
