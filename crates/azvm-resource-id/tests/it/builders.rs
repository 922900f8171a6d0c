//! Building IDs, and refusing to.

use azvm_resource_id::{BuildError, ResourceId, ResourceIdRef};

#[track_caller]
fn check(built: Result<ResourceId, BuildError>, expected: &str) {
    assert_eq!(built.unwrap().as_str(), expected);
}

#[track_caller]
fn check_refused(built: Result<ResourceId, BuildError>, expected: &str) {
    assert_eq!(built.unwrap_err().to_string(), expected);
}

#[test]
fn parts_become_ids() {
    let group = ResourceId::for_resource_group("s", "rg").unwrap();
    let vm = group
        .provider("Microsoft.Compute", "virtualMachines", "vm")
        .unwrap();
    check(
        Ok(vm.clone()),
        "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm",
    );
    check(
        vm.child("extensions", "e"),
        "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm/extensions/e",
    );
    check(
        vm.extension("Microsoft.Authorization", "locks", "l"),
        "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm/providers/Microsoft.Authorization/locks/l",
    );
    check(
        ResourceId::for_management_group("mg"),
        "/providers/Microsoft.Management/managementGroups/mg",
    );
    check(
        ResourceIdRef::TENANT.provider("A.B", "c", "d"),
        "/providers/A.B/c/d",
    );
    check(
        ResourceId::parse("/subscriptions/s/")
            .unwrap()
            .child("locations", "weu"),
        "/subscriptions/s/locations/weu",
    );
    check(Ok(ResourceId::tenant()), "/");
}

#[test]
fn a_part_that_would_become_something_else_is_refused() {
    check_refused(
        ResourceId::for_subscription(""),
        "expected a subscription ID, found nothing",
    );
    check_refused(
        ResourceId::for_resource_group("s", "rg/providers"),
        "expected a resource group name, found one that contains '/'",
    );
    check_refused(
        ResourceId::for_resource_group("s", ".."),
        r#"expected a resource group name, found "." or "..""#,
    );
    check_refused(
        ResourceId::for_resource_group("s", "rg "),
        "expected a resource group name, found one with a blank at its start or end",
    );
    let group = ResourceId::for_resource_group("s", "rg").unwrap();
    check_refused(
        group.child("deployments", "d"),
        "a type and a name cannot stand directly below this ID",
    );
    check_refused(
        group.child("providers", "A.B"),
        r#"expected a resource type, found the keyword "providers""#,
    );
    check_refused(
        group.provider("A.B", "Providers", "x"),
        r#"expected a resource type, found the keyword "providers""#,
    );
    check_refused(
        group.provider("A.B", "c", "d?e"),
        "expected a name, found one that contains '?'",
    );
    check_refused(
        group.provider("A.B", "c", &"x".repeat(70_000)),
        "expected an ID of at most 65535 bytes",
    );
}
