//! The parts of an ID.

use azvm_resource_id::{ResourceIdRef, RootScope, SegmentRole};

const VM: &str =
    "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm";

#[track_caller]
fn check_root(text: &str, expected: RootScope, group: Option<&str>) {
    let id = ResourceIdRef::parse(text).unwrap();
    assert_eq!(id.root_scope(), expected, "{text}");
    assert_eq!(id.management_group(), group, "{text}");
}

#[test]
fn the_root_scope_is_the_widest() {
    check_root("/", RootScope::Tenant, None);
    check_root("/providers/A.B/c/d", RootScope::Tenant, None);
    check_root("/providers/Microsoft.Management", RootScope::Tenant, None);
    check_root("/subscriptions/s", RootScope::Subscription, None);
    check_root(
        "/subscriptions/s/locations/l/providers/A.B/c/d",
        RootScope::Subscription,
        None,
    );
    check_root(VM, RootScope::ResourceGroup, None);
    let group = "/providers/microsoft.management/managementgroups/mg";
    check_root(group, RootScope::ManagementGroup, Some("mg"));
    check_root(
        &format!("{group}/subscriptions/s"),
        RootScope::ManagementGroup,
        Some("mg"),
    );
    check_root(
        &format!("{group}/providers/A.B/c/d"),
        RootScope::ManagementGroup,
        Some("mg"),
    );
    check_root(
        "/providers/Microsoft.Management/serviceGroups/sg",
        RootScope::ServiceGroup,
        None,
    );
    let extension = "/subscriptions/s/providers/Microsoft.Management/managementGroups/mg";
    check_root(extension, RootScope::Subscription, None);
}

#[track_caller]
fn check_scope(text: &str, scope: Option<&str>, is_extension: bool) {
    let id = ResourceIdRef::parse(text).unwrap();
    assert_eq!(
        id.scope().map(|scope| scope.as_str().to_owned()).as_deref(),
        scope,
        "{text}"
    );
    assert_eq!(id.is_extension(), is_extension, "{text}");
}

#[test]
fn the_scope_is_what_the_last_providers_hangs_on() {
    check_scope("/", None, false);
    check_scope("/subscriptions/s/resourceGroups/rg", None, false);
    check_scope("/providers/A.B/c/d", Some("/"), false);
    check_scope(VM, Some("/subscriptions/s/resourceGroups/rg"), false);
    check_scope(
        &format!("{VM}/extensions/e"),
        Some("/subscriptions/s/resourceGroups/rg"),
        false,
    );
    check_scope(&format!("{VM}/providers/A.B/c/d"), Some(VM), true);
    check_scope(
        &format!("{VM}/extensions/e/providers/A.B/c/d/e/f"),
        Some(&format!("{VM}/extensions/e")),
        true,
    );
    check_scope(
        "/providers/Microsoft.Management/managementGroups/m/providers/A.B/c/d",
        Some("/providers/Microsoft.Management/managementGroups/m"),
        true,
    );
    check_scope(
        "/subscriptions/s/tagNames/t/tagValues/v/providers/A.B/c/d",
        Some("/subscriptions/s/tagNames/t/tagValues/v"),
        false,
    );
}

#[test]
fn ancestors_end_at_the_tenant() {
    let text = format!("{VM}/extensions/e/providers/A.B/c/d/providers/E.F/g/h/");
    let id = ResourceIdRef::parse(&text).unwrap();
    let ancestors: Vec<&str> = id.ancestors().map(|id| id.as_str()).collect();
    let expected = [
        &format!("{VM}/extensions/e/providers/A.B/c/d"),
        &format!("{VM}/extensions/e"),
        VM,
        "/subscriptions/s/resourceGroups/rg",
        "/subscriptions/s",
        "/",
    ];
    assert_eq!(ancestors, expected);
    let names: Vec<&str> = id.ancestors().map(|id| id.name()).collect();
    assert_eq!(names, ["d", "e", "vm", "rg", "s", ""]);
}

#[test]
fn segments_have_roles_and_places() {
    let id = ResourceIdRef::parse("/subscriptions/s/resourcegroups/rg/providers/A.B/c/d/").unwrap();
    let roles: Vec<_> = id
        .segments()
        .map(|segment| (segment.as_str(), segment.role()))
        .collect();
    assert_eq!(
        roles,
        [
            ("subscriptions", SegmentRole::Keyword),
            ("s", SegmentRole::SubscriptionId),
            ("resourcegroups", SegmentRole::Keyword),
            ("rg", SegmentRole::ResourceGroup),
            ("providers", SegmentRole::Keyword),
            ("A.B", SegmentRole::Namespace),
            ("c", SegmentRole::Type),
            ("d", SegmentRole::Name),
        ]
    );
    let group = id.segments().nth(2).unwrap();
    assert_eq!(group.canonical(), "resourceGroups");
    assert_eq!(group.span(), 17..31);
}

#[test]
fn urls_get_canonical_keywords_and_encoded_names() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(ResourceIdRef::parse(text).unwrap().to_url_path(), expected);
    }
    check("/", "/");
    check(
        "/Subscriptions/s/resourcegroups/r g/",
        "/subscriptions/s/resourceGroups/r%20g",
    );
    check(
        "/subscriptions/s/resourceGroups/ü(1)",
        "/subscriptions/s/resourceGroups/%C3%BC%281%29",
    );
    check(
        "/providers/A.B/c/a:b%3A~_.-",
        "/providers/A.B/c/a%3Ab%253A~_.-",
    );
}

#[test]
fn types_are_compared_without_case() {
    let id = ResourceIdRef::parse(VM).unwrap();
    assert_eq!(id.resource_type(), "microsoft.COMPUTE/virtualmachines");
    assert!(id.resource_type() != "Microsoft.Compute");
    assert!(id.resource_type() != "Microsoft.Compute/virtualMachines/extensions");
    assert!(id.resource_type() != "Microsoft.Compute/virtualMachines/");
    assert_eq!(
        id.resource_type().to_string(),
        "Microsoft.Compute/virtualMachines"
    );
    assert_eq!(id.resource_type().namespace(), "Microsoft.Compute");
}
