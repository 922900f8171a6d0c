//! The corpus of IDs from other parsers' suites and from documentation, where it lies beside the checkout.
//!
//! It is not part of the project: some of it was taken from other projects.

#![expect(clippy::print_stderr, reason = "says that it did not run")]

use std::path::Path;

use azvm_resource_id::{ResourceId, ResourceIdRef};
use serde_json::Value;

/// Cases that are believed to be wrong: the ID, the field, and the reason.
const DISAGREED: &[(&str, &str, &str)] = &[];

#[test]
fn every_case_of_the_corpus_agrees() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/arm-id-cases.jsonl");
    let Ok(corpus) = std::fs::read_to_string(&path) else {
        eprintln!("the corpus is absent, nothing was compared");
        return;
    };
    let mut differences = Vec::new();
    for line in corpus.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let id = case["id"].as_str().unwrap();
        for (field, actual) in observed(id) {
            let known = DISAGREED
                .iter()
                .any(|&(text, of, _)| (text, of) == (id, field));
            if case[field] != actual && !known {
                differences.push(format!(
                    "{id:?}: {field} is {actual}, the corpus has {}",
                    case[field]
                ));
            }
        }
    }
    assert!(corpus.lines().count() >= 1_000, "the corpus is cut short");
    assert_eq!(differences, [""; 0], "{}", differences.join("\n"));
}

fn observed(text: &str) -> Vec<(&'static str, Value)> {
    let Ok(id) = ResourceIdRef::parse(text) else {
        return vec![("valid", false.into()), ("strict_case_ok", Value::Null)];
    };
    let owned = ResourceId::parse(text).unwrap();
    assert_eq!(owned, id);
    vec![
        ("valid", true.into()),
        (
            "strict_case_ok",
            ResourceIdRef::parse_exact(text).is_ok().into(),
        ),
        ("subscription", owned.subscription_id().into()),
        ("resource_group", owned.resource_group().into()),
        ("provider", owned.namespace().into()),
        ("type", owned.resource_type().to_string().into()),
        ("name", owned.name().into()),
        (
            "parent",
            owned
                .parent()
                .map(|parent| parent.as_str().to_owned())
                .into(),
        ),
    ]
}
