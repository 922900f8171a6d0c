//! IDs as keys: equality, order and maps.

use std::collections::{BTreeMap, HashMap};

use azvm_resource_id::{ResourceId, ResourceIdKey, ResourceIdRef};

#[track_caller]
fn check_equal(left: &str, right: &str, expected: bool) {
    let left = ResourceIdRef::parse(left).unwrap();
    assert_eq!(left == *right, expected, "{left} {right}");
    assert_eq!(
        left == ResourceIdRef::parse(right).unwrap(),
        expected,
        "{left} {right}"
    );
}

#[test]
fn case_and_a_trailing_slash_do_not_matter() {
    check_equal("/subscriptions/S", "/Subscriptions/s/", true);
    check_equal(
        "/subscriptions/s/resourceGroups/RG",
        "/subscriptions/s/resourcegroups/rg",
        true,
    );
    check_equal(
        "/providers/microsoft.insights/Components/a",
        "/providers/Microsoft.Insights/components/A",
        true,
    );
    check_equal("/", "/", true);
    check_equal("/subscriptions/s", "/subscriptions/s/locations/l", false);
    check_equal("/subscriptions/s", "/", false);
}

#[test]
fn names_fold_one_character_to_one() {
    let id = |name: &str| format!("/subscriptions/s/resourceGroups/{name}");
    check_equal(&id("grp_ünïcödé"), &id("GRP_ÜNÏCÖDÉ"), true);
    check_equal(&id("ɐ"), &id("Ɐ"), true);
    check_equal(&id("ß"), &id("SS"), false);
    check_equal(&id("ß"), &id("ẞ"), false);
    check_equal(&id("\u{212a}elvin"), &id("kelvin"), false);
    check_equal(&id("ı"), &id("I"), false);
    check_equal(&id("ſ"), &id("s"), false);
    check_equal(&id("ŉ"), &id("ʼN"), false);
}

#[test]
fn types_fold_as_ascii() {
    check_equal("/providers/A.B/tü/x", "/providers/A.B/TÜ/x", false);
    check_equal("/providers/A.B/tü/x", "/providers/a.b/Tü/X", true);
}

#[test]
fn text_that_is_no_id_equals_none() {
    let id = ResourceId::for_subscription("s").unwrap();
    assert!(id != "/subscriptions//s");
    assert!(id == "/SUBSCRIPTIONS/S");
}

#[test]
fn exact_equality_minds_case() {
    let parse = |text| ResourceId::parse(text).unwrap();
    assert!(parse("/subscriptions/s/").eq_exact(&parse("/subscriptions/s")));
    assert!(!parse("/subscriptions/s").eq_exact(&parse("/subscriptions/S")));
    assert!(!parse("/subscriptions/s").eq_exact(&parse("/Subscriptions/s")));
}

#[test]
fn everything_below_an_id_sorts_right_after_it() {
    let mut ids = [
        "/subscriptions/s/resourceGroups/rg-1",
        "/subscriptions/s/resourceGroups/rg/providers/A.B/c/d",
        "/subscriptions/s/resourceGroups/rg",
        "/providers/A.B",
        "/subscriptions/s/resourceGroups/RG/providers/A.B/c/d/e/f",
        "/subscriptions/s/resourceGroups/rg 1",
        "/",
        "/subscriptions/s",
    ]
    .map(|text| ResourceId::parse(text).unwrap());
    ids.sort();
    let sorted: Vec<&str> = ids.iter().map(ResourceId::as_str).collect();
    assert_eq!(
        sorted,
        [
            "/",
            "/providers/A.B",
            "/subscriptions/s",
            "/subscriptions/s/resourceGroups/rg",
            "/subscriptions/s/resourceGroups/rg/providers/A.B/c/d",
            "/subscriptions/s/resourceGroups/RG/providers/A.B/c/d/e/f",
            "/subscriptions/s/resourceGroups/rg 1",
            "/subscriptions/s/resourceGroups/rg-1",
        ]
    );
}

#[test]
fn maps_are_asked_by_owned_and_borrowed_ids() {
    let stored = "/subscriptions/s/resourcegroups/RG/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id";
    let asked = "/subscriptions/S/resourceGroups/rg/providers/microsoft.managedidentity/userassignedidentities/ID/";
    let id = ResourceId::parse(stored).unwrap();
    let hashed = HashMap::from([(id.clone(), 1)]);
    let sorted = BTreeMap::from([(id, 1)]);
    let borrowed = ResourceIdRef::parse(asked).unwrap();
    assert_eq!(hashed.get(&borrowed as &dyn ResourceIdKey), Some(&1));
    assert_eq!(sorted.get(&borrowed as &dyn ResourceIdKey), Some(&1));
    assert_eq!(hashed.get(&ResourceId::parse(asked).unwrap()), Some(&1));
}

#[track_caller]
fn check_ancestor(upper: &str, lower: &str, expected: bool) {
    let upper = ResourceId::parse(upper).unwrap();
    let lower = ResourceId::parse(lower).unwrap();
    assert_eq!(upper.is_ancestor_of(&lower), expected, "{upper} {lower}");
    assert_eq!(upper.contains(&lower), expected || upper == lower);
}

#[test]
fn an_ancestor_is_told_by_segments() {
    check_ancestor("/", "/subscriptions/s", true);
    check_ancestor("/", "/", false);
    check_ancestor("/subscriptions/s", "/subscriptions/s", false);
    check_ancestor(
        "/subscriptions/s",
        "/subscriptions/S/resourceGroups/rg",
        true,
    );
    check_ancestor(
        "/subscriptions/s/resourceGroups/rg",
        "/subscriptions/s/resourceGroups/rg2",
        false,
    );
    check_ancestor("/subscriptions/ü", "/subscriptions/Ü/locations/l", true);
    check_ancestor("/subscriptions/ɐ", "/subscriptions/Ɐ/locations/l", true);
    check_ancestor("/subscriptions/ü", "/subscriptions/u/locations/l", false);
    check_ancestor(
        "/subscriptions/s/resourceGroups/rg",
        "/subscriptions/s",
        false,
    );
}

#[test]
fn a_registered_namespace_is_not_above_its_resources() {
    // The parent of a resource is its scope; only what is attached to the registration itself is below it.
    check_ancestor("/providers/A.B", "/providers/A.B/c/d", false);
    check_ancestor("/providers/A.B", "/providers/A.B/providers/C.D/e/f", true);
}
