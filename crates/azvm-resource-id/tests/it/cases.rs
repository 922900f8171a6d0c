//! The table of cases, `tests/data/cases.jsonl`: for each text what parsing it gives.
//!
//! `BLESS=1 cargo test -p azvm-resource-id` writes what it gives now; then read the difference.

use azvm_resource_id::ResourceIdRef;
use serde_json::{Value, json};

use crate::bless;

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/cases.jsonl");

#[test]
fn every_case_of_the_table_agrees() {
    let count = bless::check(TABLE, observed);
    assert!(count >= 300, "{count} cases");
}

fn observed(text: &str) -> Value {
    match ResourceIdRef::parse(text) {
        Ok(id) => json!({
            "type": id.resource_type().to_string(),
            "name": id.name(),
            "subscription": id.subscription_id(),
            "resource_group": id.resource_group(),
            "namespace": id.namespace(),
            "parent": id.parent().map(|parent| parent.as_str()),
            "extension": id.is_extension(),
            "canonical": id.canonical().as_str(),
            "exact": ResourceIdRef::parse_exact(text).is_ok(),
        }),
        Err(error) => json!({
            "error": format!("{:?}", error.kind()),
            "span": [error.span().start, error.span().end],
            "segment": error.segment_index(),
        }),
    }
}
