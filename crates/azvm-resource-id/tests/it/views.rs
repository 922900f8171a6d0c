//! Checked conversion to typed views.

use azvm_resource_id::{
    ManagementGroupId, ResourceGroupId, ResourceIdRef, RoleAssignmentId, RoleDefinitionId,
    ScaleSetId, ScaleSetInstanceId, SubscriptionId, UserAssignedIdentityId, VirtualMachineId,
};

fn id(text: &str) -> ResourceIdRef<'_> {
    ResourceIdRef::parse(text).unwrap()
}

#[test]
fn a_view_has_the_parts_that_its_kind_always_has() {
    let vm =
        id("/subscriptions/s/resourceGroups/rg/providers/microsoft.compute/virtualmachines/vm");
    let vm = VirtualMachineId::try_from(vm).unwrap();
    assert_eq!(
        (vm.subscription_id(), vm.resource_group(), vm.name()),
        ("s", "rg", "vm")
    );
    let set = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachineScaleSets/set";
    assert_eq!(ScaleSetId::try_from(id(set)).unwrap().name(), "set");
    let instance = format!("{set}/virtualMachines/7");
    let instance = ScaleSetInstanceId::try_from(id(&instance)).unwrap();
    assert_eq!((instance.scale_set(), instance.name()), ("set", "7"));
    let identity = id(
        "/subscriptions/s/resourcegroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i",
    );
    assert_eq!(
        UserAssignedIdentityId::try_from(identity).unwrap().name(),
        "i"
    );
    assert_eq!(
        SubscriptionId::try_from(id("/subscriptions/s"))
            .unwrap()
            .name(),
        "s"
    );
    let group = ResourceGroupId::try_from(id("/subscriptions/s/resourceGroups/rg")).unwrap();
    assert_eq!((group.subscription_id(), group.name()), ("s", "rg"));
    let group =
        ManagementGroupId::try_from(id("/providers/Microsoft.Management/managementGroups/mg"));
    assert_eq!(group.unwrap().name(), "mg");
}

#[test]
fn a_role_is_assigned_on_a_scope() {
    let on_vm = id(
        "/subscriptions/s/resourceGroups/rg/providers/A.B/c/d/providers/Microsoft.Authorization/roleAssignments/r",
    );
    let scope = RoleAssignmentId::try_from(on_vm).unwrap().scope();
    assert_eq!(
        scope,
        id("/subscriptions/s/resourceGroups/rg/providers/A.B/c/d")
    );
    let on_tenant = id("/providers/Microsoft.Authorization/roleAssignments/r");
    assert_eq!(
        RoleAssignmentId::try_from(on_tenant).unwrap().scope(),
        ResourceIdRef::TENANT
    );
}

#[test]
fn a_role_is_told_by_its_name() {
    let plain = id("/providers/Microsoft.Authorization/roleDefinitions/ABC");
    let scoped = id("/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/abc");
    let (plain, scoped) = (
        RoleDefinitionId::try_from(plain).unwrap(),
        RoleDefinitionId::try_from(scoped).unwrap(),
    );
    assert!(plain.is_same_role(&scoped) && plain != scoped);
}

#[test]
fn another_kind_is_refused_by_name() {
    let vm =
        id("/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm");
    assert_eq!(
        UserAssignedIdentityId::try_from(vm)
            .unwrap_err()
            .to_string(),
        "expected the ID of a Microsoft.ManagedIdentity/userAssignedIdentities, found that of a Microsoft.Compute/virtualMachines"
    );
    let group = id("/subscriptions/s/providers/Microsoft.Resources/resourceGroups/rg");
    assert_eq!(
        ResourceGroupId::try_from(group).unwrap_err().to_string(),
        "expected the ID of a Microsoft.Resources/resourceGroups, found one in another scope than those have"
    );
    let stray = id("/subscriptions/s/providers/Microsoft.Compute/virtualMachines/vm");
    assert!(VirtualMachineId::try_from(stray).is_err());
    let long = format!("/providers/{}/t/x", "n".repeat(100));
    assert!(VirtualMachineId::try_from(id(&long)).is_err());
}
