//! Sizes, and what can be sent where.

use azvm_resource_id::{
    BuildError, Finding, ParseError, RepairError, ResourceId, ResourceIdRef, ViewError,
};

#[test]
fn ids_and_errors_are_small() {
    assert!(size_of::<ResourceIdRef<'_>>() <= 40);
    assert!(size_of::<ResourceId>() <= 40);
    assert!(size_of::<Result<ResourceIdRef<'_>, ParseError>>() <= 48);
    assert!(size_of::<BuildError>() <= 24);
}

#[test]
fn everything_can_be_sent_and_shared() {
    fn check<T: Send + Sync + 'static>() {}
    check::<ResourceId>();
    check::<ResourceIdRef<'static>>();
    check::<ParseError>();
    check::<BuildError>();
    check::<ViewError>();
    check::<Finding>();
    check::<RepairError>();
}

#[test]
fn debug_shows_the_text() {
    let id = ResourceId::for_subscription("s").unwrap();
    assert_eq!(format!("{id:?}"), r#"ResourceId("/subscriptions/s")"#);
    assert_eq!(format!("{:>18}|", id.as_borrowed()), "  /subscriptions/s|");
}

#[cfg(feature = "serde")]
#[test]
fn serde_reads_and_writes_strings() {
    let json = r#""/subscriptions/s/resourcegroups/rg/""#;
    let id: ResourceId = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::to_string(&id).unwrap(), json);
    let borrowed: ResourceIdRef<'_> = serde_json::from_str(json).unwrap();
    assert_eq!(id, borrowed);
    let error = serde_json::from_str::<ResourceId>(r#""subscriptions""#).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with(r#"expected "/" at the start, found "subscriptions""#),
        "{error}"
    );
}
