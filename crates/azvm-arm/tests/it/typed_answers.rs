//! Recorded answers of each kind, read into their types.

use crate::golden::response;
use azvm_arm::{
    ArmError, Operation, Verdict, evaluate, read_deny_assignments, read_permissions, read_resource,
    read_role_assignments, read_role_definition, read_role_definitions, read_subscription,
    read_subscriptions, read_tenants,
};
use azvm_exchange::Response;

const SUBSCRIPTION: &str = "/subscriptions/0a1b2c3d-0000-4000-8000-000000000002";
const TENANT: &str = "0a1b2c3d-0000-4000-8000-00000000000a";
const OBJECT: &str = "0a1b2c3d-0000-4000-8000-00000000000b";

fn ok(body: &str) -> Response {
    Response::new(200, vec![], body.as_bytes().to_vec())
}

#[test]
fn a_virtual_machine_names_its_identities() {
    let machine = read_resource(&response("virtual_machine")).unwrap();
    assert_eq!(machine.state.as_deref(), Some("Succeeded"));
    assert_eq!(machine.tags["env"], "test");
    assert_eq!(machine.tags.len(), 2);
    assert_eq!(machine.managed_by, None);
    let identity = machine.identity.unwrap();
    assert_eq!(identity.identity_type, "SystemAssigned, UserAssigned");
    assert!(identity.has_system_assigned());
    assert_eq!(identity.principal_id.as_deref(), Some(OBJECT));
    assert_eq!(identity.tenant_id.as_deref(), Some(TENANT));
    let [id_1, gone] = &identity.user_assigned[..] else {
        panic!("{identity:?}");
    };
    assert!(id_1.id.ends_with("/userAssignedIdentities/id-1"));
    assert_eq!(
        id_1.client_id.as_deref(),
        Some("0a1b2c3d-0000-4000-8000-00000000000c")
    );
    assert!(id_1.principal_id.is_some());
    assert!(gone.id.ends_with("/id-gone"));
    assert_eq!((&gone.client_id, &gone.principal_id), (&None, &None));
    let budgets = machine.throttling.budgets;
    assert_eq!(budgets.len(), 2);
    assert_eq!(budgets[1].name, "resource");
    assert_eq!(
        (budgets[1].policy.as_deref(), budgets[1].remaining),
        (Some("Microsoft.Compute/LowCostGetResource"), 35)
    );
}

#[test]
fn identities_of_the_first_api_versions_are_read_too() {
    let machine = read_resource(&response("virtual_machine_old")).unwrap();
    assert!(machine.managed_by.unwrap().ends_with("/owners/o-1"));
    let identity = machine.identity.unwrap();
    assert!(!identity.has_system_assigned());
    assert_eq!(identity.user_assigned.len(), 1);
    assert!(identity.user_assigned[0].id.ends_with("/id-1"));
    let none = read_resource(&response("resource_group")).unwrap();
    assert_eq!(none.identity, None);
    assert_eq!(none.tags["env"], "test");
}

#[test]
fn the_whole_document_is_kept_and_not_shown() {
    let recorded = response("virtual_machine");
    let machine = read_resource(&recorded).unwrap();
    assert_eq!(machine.json.as_bytes(), recorded.body());
    let document: serde_json::Value = serde_json::from_slice(machine.json.as_bytes()).unwrap();
    assert_eq!(
        document["properties"]["hardwareProfile"]["vmSize"],
        "Standard_D2s_v3"
    );
    assert!(!format!("{machine:?}").contains("Standard_D2s_v3"));
    let marked = read_resource(&ok("\u{feff}{\"id\":\"/x\"}")).unwrap();
    assert_eq!(marked.json.as_bytes(), b"{\"id\":\"/x\"}");
}

#[test]
fn ids_and_budgets_come_with_good_answers() {
    let group = read_resource(&response("resource_group")).unwrap();
    assert_eq!(
        group.request_ids.request_id.as_deref(),
        Some("3c1d0000-0000-4000-8000-000000000001")
    );
    assert_eq!(
        group.request_ids.correlation_id.as_deref(),
        Some("3c1d0000-0000-4000-8000-000000000002")
    );
    assert_eq!(group.request_ids.region(), Some("WESTEUROPE"));
    assert_eq!(group.request_ids.failure_cause, None);
    assert_eq!(group.throttling.remaining("subscription-reads"), Some(249));
    assert_eq!(group.throttling.remaining("tenant-reads"), None);
    assert_eq!(group.throttling.retry_after, None);
    let page = read_subscriptions(&response("subscriptions_none")).unwrap();
    assert_eq!(page.throttling.remaining("Tenant-Reads"), Some(11_999));
    assert_eq!(page.request_ids.region(), Some("WESTEUROPE"));
    let bare = read_resource(&response("resource_bare")).unwrap();
    assert_eq!(bare.request_ids, azvm_arm::RequestIds::default());
}

#[test]
fn a_subscription_names_its_tenant() {
    let one = read_subscription(&response("subscription")).unwrap();
    assert_eq!(one.id, SUBSCRIPTION);
    assert_eq!(
        one.subscription_id,
        SUBSCRIPTION.rsplit('/').next().unwrap()
    );
    assert_eq!(one.tenant_id.as_deref(), Some(TENANT));
    assert_eq!(one.display_name.as_deref(), Some("my subscription"));
    assert_eq!(one.state.as_deref(), Some("Enabled"));
    assert!(one.managed_by_tenants.is_empty());
    assert!(one.request_ids.request_id.is_some());
    let error = read_subscription(&response("tenants")).unwrap_err();
    assert_eq!(error.message(), Some("the body is no subscription"));
}

#[test]
fn subscriptions_come_in_pages_and_may_be_none() {
    let page = read_subscriptions(&response("subscriptions")).unwrap();
    assert!(page.has_more);
    let [one] = &page.value[..] else {
        panic!("{page:?}");
    };
    assert_eq!(
        one.subscription_id,
        SUBSCRIPTION.rsplit('/').next().unwrap()
    );
    assert_eq!(
        one.managed_by_tenants,
        ["0a1b2c3d-0000-4000-8000-00000000000f"]
    );
    assert_eq!(one.tags["env"], "test");
    let next = page.next_request(&azvm_arm::Cloud::Public.into()).unwrap();
    assert_eq!(
        next.unwrap().target(),
        "/subscriptions?api-version=2022-12-01&$skiptoken=abc"
    );
    let none = read_subscriptions(&response("subscriptions_none")).unwrap();
    assert!(none.value.is_empty() && !none.has_more);
}

#[test]
fn tenants_are_read() {
    let page = read_tenants(&response("tenants")).unwrap();
    let [tenant] = &page.value[..] else {
        panic!("{page:?}");
    };
    assert_eq!(tenant.id, format!("/tenants/{TENANT}"));
    assert_eq!(tenant.tenant_id, TENANT);
    assert_eq!(tenant.display_name.as_deref(), Some("Example"));
    assert_eq!(
        tenant.default_domain.as_deref(),
        Some("example.onmicrosoft.com")
    );
    assert_eq!(tenant.category.as_deref(), Some("Home"));
    assert_eq!(tenant.domains, ["example.onmicrosoft.com", "example.com"]);
}

#[test]
fn a_role_definition_says_what_the_role_allows() {
    let reader = read_role_definition(&response("role_definition")).unwrap();
    assert_eq!(reader.name, "acdd72a7-3385-48ef-bd42-f606fba81ae7");
    assert!(reader.id.ends_with(&reader.name));
    assert_eq!(reader.role_name.as_deref(), Some("Reader"));
    assert_eq!(reader.role_type.as_deref(), Some("BuiltInRole"));
    assert_eq!(reader.assignable_scopes, ["/"]);
    assert!(reader.description.is_some());
    let read = Operation::Action("Microsoft.Compute/virtualMachines/read");
    assert_eq!(evaluate(&reader.permissions, read), Verdict::Allowed);

    let all = read_role_definitions(&response("role_definitions")).unwrap();
    assert_eq!(all.value.len(), 2);
    assert_eq!(all.value[0], reader);
    let blobs = &all.value[1].permissions;
    assert_eq!(evaluate(blobs, read), Verdict::NotGranted);
    let read_blob = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";
    assert_eq!(
        evaluate(blobs, Operation::DataAction(read_blob)),
        Verdict::Allowed
    );
    assert_eq!(
        evaluate(blobs, Operation::Action(read_blob)),
        Verdict::NotGranted
    );
}

#[test]
fn a_deny_assignment_says_what_it_denies_and_to_whom() {
    let page = read_deny_assignments(&response("deny_assignments")).unwrap();
    let [deny] = &page.value[..] else {
        panic!("{page:?}");
    };
    assert_eq!(deny.scope, format!("{SUBSCRIPTION}/resourceGroups/rg-1"));
    assert!(
        deny.display_name
            .as_ref()
            .unwrap()
            .starts_with("System deny")
    );
    assert!(deny.description.is_some() && deny.id.contains("/denyAssignments/"));
    assert!(deny.is_system_protected && !deny.skips_child_scopes && !deny.has_condition);
    let action = |action| deny.denies(Operation::Action(action));
    assert!(action("Microsoft.Compute/virtualMachines/delete"));
    assert!(!action("Microsoft.Compute/virtualMachines/read"));
    assert!(!action("Microsoft.Resources/tags/write"));
    assert!(!deny.denies(Operation::DataAction("a/delete")));
    // Everyone, but for one.
    assert!(deny.names("0a1b2c3d-0000-4000-8000-0000000000ff"));
    assert!(!deny.names(&OBJECT.to_uppercase()));
    assert_eq!(deny.principals[0].id, azvm_arm::EVERYONE);
    assert_eq!(
        deny.principals[0].principal_type.as_deref(),
        Some("SystemDefined")
    );
    let none = read_deny_assignments(&ok(
        r#"{"value":[{"properties":{"principals":[{"id":"P"}]}}]}"#,
    ));
    let none = &none.unwrap().value[0];
    assert!(none.names("p") && !none.names("q"));
}

#[test]
fn a_role_assignment_has_an_id_of_its_own() {
    let page = read_role_assignments(&response("role_assignments")).unwrap();
    assert!(
        page.value[0]
            .id
            .ends_with("/0a1b2c3d-0000-4000-8000-000000000011")
    );
    let next = page.next_request(&azvm_arm::Cloud::Public.into()).unwrap();
    assert!(
        next.unwrap()
            .target()
            .ends_with("roleAssignments?api-version=2022-04-01&$skipToken=abc")
    );
}

/// A 200 that is no list, to every reader of lists.
#[track_caller]
fn check_no_list(body: &str) {
    fn message<T>(read: Result<T, ArmError>) -> Option<String> {
        read.err().map(|error| error.message().unwrap().to_owned())
    }
    let response = ok(body);
    let read = [
        ("permissions", message(read_permissions(&response))),
        ("subscriptions", message(read_subscriptions(&response))),
        ("tenants", message(read_tenants(&response))),
        (
            "role assignments",
            message(read_role_assignments(&response)),
        ),
        (
            "role definitions",
            message(read_role_definitions(&response)),
        ),
        (
            "deny assignments",
            message(read_deny_assignments(&response)),
        ),
    ];
    for (what, message) in read {
        assert_eq!(
            message,
            Some(format!("the body is no list of {what}")),
            "{body}"
        );
    }
}

#[test]
fn what_is_no_list_is_no_empty_list() {
    for body in [
        "",
        "<html>",
        "[]",
        "[[]]",
        "{}",
        "{\"value\":null}",
        "{\"value\":{}}",
        "{\"value\":[1]}",
        "{\"value\":[[]]}",
        "{\"value\":[{}",
        "{\"value\":[],\"nextLink\":1}",
        "{\"value\":[],\"nextLink\":{}}",
        "{\"Value\":[]}",
    ] {
        check_no_list(body);
    }
    for body in [
        "{\"properties\":{}}",
        "{\"id\":\"\"}",
        "{\"id\":\"/r\",\"properties\":{\"permissions\":1}}",
        "[]",
    ] {
        let error = read_role_definition(&ok(body)).unwrap_err();
        assert_eq!(
            error.message(),
            Some("the body is no role definition"),
            "{body}"
        );
    }
}

#[test]
fn one_odd_member_does_not_hide_the_others() {
    let body = r#"{"value":[{"subscriptionId":"s","state":7,"tags":[],"managedByTenants":{"x":[1]}},{}],"nextLink":null}"#;
    let page = read_subscriptions(&ok(body)).unwrap();
    assert_eq!((page.value.len(), page.has_more), (2, false));
    assert_eq!(page.value[0].subscription_id, "s");
    assert_eq!(page.value[0].state, None);
    let body = r#"{"id":"/x","name":[],"properties":7,"identity":"none","tags":{"a":"1","b":2}}"#;
    let resource = read_resource(&ok(body)).unwrap();
    assert_eq!((resource.name, resource.identity), (None, None));
    assert_eq!(
        resource.tags.into_iter().collect::<Vec<_>>(),
        [("a".into(), "1".into())]
    );
}
