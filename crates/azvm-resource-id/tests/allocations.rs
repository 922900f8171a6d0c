//! How often the crate allocates. A program of its own, since it counts for the whole process.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use allocation_counter::measure;
use azvm_resource_id::{ResourceId, ResourceIdRef, UserAssignedIdentityId};

const VM: &str = "/subscriptions/3f2504e0-4f89-41d3-9a0c-0305e82c3301/resourcegroups/rg-prod-westeurope-001\
    /providers/Microsoft.Compute/virtualMachines/vm-prod-web-frontend-01";
const UNICODE: &str =
    "/subscriptions/s/resourceGroups/grün/providers/Microsoft.Compute/virtualMachines/vm";

#[track_caller]
fn check(expected: u64, code: impl FnOnce()) {
    assert_eq!(measure(code).count_total, expected);
}

#[test]
fn a_borrowed_id_never_allocates() {
    for text in [VM, UNICODE] {
        check(0, || {
            let id = ResourceIdRef::parse(text).unwrap();
            assert!(id.ancestors().count() == 3 && id.segments().count() == 8);
            assert!(id.resource_type() == "Microsoft.Compute/virtualMachines");
            assert!(id.parent().is_some_and(|parent| parent.is_ancestor_of(&id)));
            assert!(UserAssignedIdentityId::try_from(id).is_err());
            assert!(ResourceIdRef::parse_exact("/Subscriptions/s").is_err());
            assert!(ResourceIdRef::parse("/subscriptions//s").is_err());
        });
    }
}

#[test]
fn an_owned_id_allocates_its_text() {
    check(1, || drop(ResourceId::parse(VM).unwrap()));
    check(1, || drop(VM.parse::<ResourceId>().unwrap()));
    check(0, || {
        assert!(ResourceId::parse("/subscriptions//s").is_err())
    });
    let id = ResourceId::parse(VM).unwrap();
    check(1, || drop(id.canonical()));
    check(1, || drop(id.clone()));
    check(0, || drop(id.into_string()));
}

#[test]
fn comparing_and_hashing_never_allocate() {
    for text in [VM, UNICODE] {
        let (left, right) = (text.to_uppercase(), text.to_lowercase());
        let (left, right) = (
            ResourceId::parse(&left).unwrap(),
            ResourceId::parse(&right).unwrap(),
        );
        let hasher = BuildHasherDefault::<DefaultHasher>::new();
        check(0, || {
            assert!(left == right && left.cmp(&right).is_eq());
            assert!(hasher.hash_one(&left) == hasher.hash_one(&right));
        });
    }
}
