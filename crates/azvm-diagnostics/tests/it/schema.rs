//! Every report is held against the schema in `docs`. Each run of each test of this binary is checked here.

use jsonschema::Validator;
use serde_json::{Value, json};
use std::sync::LazyLock;

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../../docs/report.schema.json")).unwrap()
}

/// The schema as it stands, and one that knows no member but those that it describes.
static REPORT: LazyLock<[Validator; 2]> = LazyLock::new(|| {
    let mut closed = schema();
    close(&mut closed);
    // The lines of jsonl share their members with others.
    closed["$defs"]["line"] = json!({});
    closed["$defs"]["check_line"] = json!({});
    [schema(), closed].map(|schema| jsonschema::validator_for(&schema).unwrap())
});

static LINE: LazyLock<Validator> = LazyLock::new(|| {
    let schema = json!({"$ref": "#/$defs/line", "$defs": schema()["$defs"]});
    jsonschema::validator_for(&schema).unwrap()
});

/// Every object that is described allows nothing else, unless it says so.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            let is_described =
                members.contains_key("properties") && members.contains_key("required");
            if is_described && !members.contains_key("additionalProperties") {
                members.insert("additionalProperties".into(), false.into());
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

#[track_caller]
fn check(validator: &Validator, value: &Value) {
    if validator.is_valid(value) {
        return;
    }
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    panic!("{errors:#?} in\n{value:#}");
}

#[track_caller]
pub(crate) fn check_valid(json: &str, jsonl: &str) {
    let report = serde_json::from_str(json).unwrap();
    for validator in REPORT.iter() {
        check(validator, &report);
    }
    for line in jsonl.lines() {
        check(&LINE, &serde_json::from_str(line).unwrap());
    }
}

#[test]
fn the_schema_refuses_what_is_no_report() {
    let ran = crate::world::World::healthy().run();
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut report = ran.json();
        change(&mut report);
        !REPORT[0].is_valid(&report)
    };
    assert!(!refused(&|_| {}));
    assert!(refused(&|report| report["schema"] = json!("azvm.doctor/2")));
    assert!(refused(&|report| report["result"] = json!("fine")));
    assert!(refused(
        &|report| report["checks"][0]["status"] = json!("good")
    ));
    assert!(refused(
        &|report| report["timeline"][0]["failure"] = json!("both")
    ));
    assert!(refused(&|report| drop(
        report.as_object_mut().unwrap().remove("facts")
    )));
    // Members may be added, but ours are all described.
    assert!(!refused(&|report| report["new"] = json!(1)));
    let mut more = ran.json();
    more["vm"]["new"] = json!(1);
    assert!(!REPORT[1].is_valid(&more));
}
