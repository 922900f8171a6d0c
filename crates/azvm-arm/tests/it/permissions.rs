//! Whether permissions allow an operation, against the tables of Microsoft's pages.

use crate::golden::response;
use azvm_arm::{Operation, Permission, Verdict, action_matches, evaluate, read_permissions};
use azvm_exchange::Response;
use proptest::prelude::*;
use serde_json::json;

/// The sets of an answer with this `value`.
fn sets(value: &serde_json::Value) -> Vec<Permission> {
    let body = json!({ "value": value }).to_string();
    let page = read_permissions(&Response::new(200, vec![], body.into_bytes()));
    page.unwrap().value
}

#[track_caller]
fn check(pattern: &str, action: &str, expected: bool) {
    assert_eq!(
        action_matches(pattern, action),
        expected,
        "{pattern} {action}"
    );
}

#[test]
fn the_examples_of_understand_azure_role_definitions() {
    check("*/read", "Microsoft.Compute/virtualMachines/read", true);
    check("*/read", "Microsoft.Compute/virtualMachines/write", false);
    check("*/read", "Microsoft.Compute/virtualMachines/readAll", false);
    check(
        "Microsoft.Compute/*",
        "Microsoft.Compute/virtualMachines/start/action",
        true,
    );
    check("Microsoft.Compute/*", "Microsoft.ComputeX/a/read", false);
    check(
        "Microsoft.Network/*/read",
        "Microsoft.Network/virtualNetworks/subnets/read",
        true,
    );
    check(
        "Microsoft.Network/*/read",
        "Microsoft.Network/virtualNetworks/write",
        false,
    );
    check(
        "Microsoft.Compute/virtualMachines/*",
        "Microsoft.Compute/virtualMachines/extensions/read",
        true,
    );
    check(
        "microsoft.web/sites/restart/Action",
        "Microsoft.Web/sites/restart/action",
        true,
    );
    check(
        "Microsoft.Authorization/*/Delete",
        "Microsoft.Authorization/roleAssignments/delete",
        true,
    );
}

#[test]
fn a_star_may_be_anywhere_and_the_rest_is_the_whole_text() {
    check("*", "", true);
    check("*", "anything/at/all", true);
    check("", "", true);
    check("", "a", false);
    check("a", "A", true);
    check("a", "ab", false);
    check("a", "ba", false);
    check("*a", "ba", true);
    check("a*", "ab", true);
    check("a*a", "a", false);
    check("a*a", "aa", true);
    check("**", "a", true);
    check("a**b", "ab", true);
    check("*ab*ab*", "abab", true);
    check("*ab*ab*", "abxb", false);
    check("a*b*c", "a-b-b-c", true);
    check("a*b*c", "a-c-b", false);
    check("*.*/read", "Microsoft.X/read", true);
    check("é*", "é", true);
    check("É", "é", false);
    check("a?c", "abc", false);
    check("a", "a*", false);
}

/// Sets as JSON, an action, and what is said of it.
#[track_caller]
fn check_sets(value: &serde_json::Value, action: &str, expected: Verdict) {
    let verdict = evaluate(&sets(value), Operation::Action(action));
    assert_eq!(verdict, expected, "{action} {value}");
}

#[test]
fn exceptions_take_from_their_own_set_only() {
    let exports = "Microsoft.CostManagement/exports/*";
    let delete = "Microsoft.CostManagement/exports/delete";
    let all = json!([{ "actions": [exports], "notActions": [] }]);
    let without_delete = json!([{ "actions": [exports], "notActions": [delete] }]);
    check_sets(&all, delete, Verdict::Allowed);
    check_sets(&without_delete, delete, Verdict::NotGranted);
    for action in ["action", "read", "write", "run/action"] {
        let action = format!("Microsoft.CostManagement/exports/{action}");
        check_sets(&without_delete, &action, Verdict::Allowed);
    }
    // A second role that grants it wins, in either order.
    let both = json!([without_delete[0], { "actions": [delete] }]);
    check_sets(&both, delete, Verdict::Allowed);
    let both = json!([{ "actions": [delete] }, without_delete[0]]);
    check_sets(&both, delete, Verdict::Allowed);
    let twice = json!([without_delete[0], without_delete[0]]);
    check_sets(&twice, delete, Verdict::NotGranted);
    check_sets(&json!([]), delete, Verdict::NotGranted);
    check_sets(&json!([{}]), delete, Verdict::NotGranted);
    check_sets(
        &json!([{ "actions": null, "notActions": null }]),
        delete,
        Verdict::NotGranted,
    );
}

#[test]
fn actions_and_data_actions_are_apart() {
    let sets = sets(&json!([{ "actions": ["*"], "notActions": [], "notDataActions": ["*"] }]));
    assert_eq!(
        evaluate(&sets, Operation::Action("a/read")),
        Verdict::Allowed
    );
    assert_eq!(
        evaluate(&sets, Operation::DataAction("a/read")),
        Verdict::NotGranted
    );
    let sets = crate::permissions::sets(
        &json!([{ "dataActions": ["a/*"], "notDataActions": ["A/Delete"], "notActions": ["*"] }]),
    );
    assert_eq!(
        evaluate(&sets, Operation::Action("a/read")),
        Verdict::NotGranted
    );
    assert_eq!(
        evaluate(&sets, Operation::DataAction("a/read")),
        Verdict::Allowed
    );
    assert_eq!(
        evaluate(&sets, Operation::DataAction("a/delete")),
        Verdict::NotGranted
    );
}

#[test]
fn a_condition_is_told_unless_another_set_has_none() {
    let conditional = json!({ "actions": ["a/*"], "condition": "c" });
    let plain = json!({ "actions": ["a/read"], "condition": "" });
    check_sets(&json!([conditional]), "a/read", Verdict::Conditional);
    check_sets(&json!([conditional, plain]), "a/read", Verdict::Allowed);
    check_sets(
        &json!([conditional, plain]),
        "a/write",
        Verdict::Conditional,
    );
    check_sets(&json!([conditional, plain]), "b/write", Verdict::NotGranted);
}

#[test]
fn recorded_permissions_are_read_and_evaluated() {
    let page = read_permissions(&response("permissions")).unwrap();
    assert!(!page.has_more);
    let action = |action| evaluate(&page.value, Operation::Action(action));
    assert_eq!(
        action("Microsoft.Resources/subscriptions/resourceGroups/read"),
        Verdict::Allowed
    );
    assert_eq!(
        action("Microsoft.Compute/virtualMachines/delete"),
        Verdict::Allowed
    );
    assert_eq!(
        action("Microsoft.Authorization/roleAssignments/write"),
        Verdict::Conditional
    );
    assert_eq!(
        action("Microsoft.Authorization/roleAssignments/delete"),
        Verdict::NotGranted
    );
    assert_eq!(
        action("Microsoft.Authorization/roleAssignments/read"),
        Verdict::Allowed
    );
    let blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";
    let data = |verb: &str| {
        let action = format!("{blobs}/{verb}");
        evaluate(&page.value, Operation::DataAction(&action))
    };
    assert_eq!(data("read"), Verdict::Conditional);
    assert_eq!(data("delete"), Verdict::NotGranted);
    let none = read_permissions(&response("permissions_none")).unwrap();
    assert!(none.value.is_empty() && !none.has_more);
}

#[test]
fn sets_that_cannot_be_read_grant_nothing() {
    for set in [
        "{\"actions\":[\"*\"],\"notActions\":\"*\"}",
        "{\"actions\":[\"*\"],\"notActions\":[1]}",
        "{\"actions\":\"*\"}",
        "{\"actions\":[\"*\"],\"condition\":{}}",
        "[[\"*\"]]",
        "[]",
        "\"*\"",
        "null",
    ] {
        let body = format!("{{\"value\":[{set}]}}");
        let error = read_permissions(&Response::new(200, vec![], body.into_bytes())).unwrap_err();
        assert_eq!(
            error.message(),
            Some("the body is no list of permissions"),
            "{set}"
        );
    }
}

#[test]
fn many_stars_take_no_more_time_than_their_number() {
    // A matcher that goes back does not come to the end of this.
    let pattern = "*a".repeat(50_000) + "b";
    let action = "a".repeat(100_000);
    assert!(!action_matches(&pattern, &action));
    assert!(action_matches(&"*a".repeat(50_000), &action));
}

/// The definition itself: a star is nothing, or a character and the same star again.
fn naive(pattern: &[u8], action: &[u8]) -> bool {
    match (pattern, action) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => {
            naive(rest, action) || (!action.is_empty() && naive(pattern, &action[1..]))
        }
        ([p, pattern @ ..], [a, action @ ..]) => {
            p.eq_ignore_ascii_case(a) && naive(pattern, action)
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn the_matcher_does_as_the_definition(pattern in "[aAb/*]{0,8}", action in "[aAb/]{0,10}") {
        prop_assert_eq!(
            action_matches(&pattern, &action),
            naive(pattern.as_bytes(), action.as_bytes())
        );
    }

    #[test]
    fn a_pattern_matches_what_it_was_made_from(parts in prop::collection::vec("[a-zA-Z./é]{0,6}", 1..6), fill in ".{0,6}") {
        prop_assert!(action_matches(&parts.join("*"), &parts.join(&fill)));
    }

    #[test]
    fn more_sets_never_take_away(
        granted in prop::collection::vec(prop::collection::vec("[ab*]{1,3}", 0..3), 0..4),
        except in prop::collection::vec("[ab*]{1,3}", 0..3),
        action in "[ab]{1,4}",
    ) {
        let rank = |verdict| match verdict {
            Verdict::Allowed => 2,
            Verdict::Conditional => 1,
            _ => 0,
        };
        let value: Vec<_> = granted
            .iter()
            .map(|actions| json!({ "actions": actions, "notActions": except }))
            .collect();
        let all = sets(&json!(value));
        let ask = |sets: &[Permission]| rank(evaluate(sets, Operation::Action(&action)));
        for end in 0..all.len() {
            prop_assert!(ask(&all[..end]) <= ask(&all));
        }
        let one_by_one = all.iter().any(|set| set.includes(Operation::Action(&action)));
        prop_assert_eq!(one_by_one, ask(&all) == 2);
    }
}
