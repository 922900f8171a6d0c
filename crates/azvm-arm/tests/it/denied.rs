//! What is lifted out of the words of a 403.

use crate::golden::response;
use azvm_arm::read_resource;
use azvm_exchange::Response;

const OBJECT: &str = "0a1b2c3d-0000-4000-8000-00000000000b";
const ACTION: &str = "Microsoft.Resources/subscriptions/resourceGroups/read";
const SCOPE: &str = "/subscriptions/0a1b2c3d-0000-4000-8000-000000000002/resourceGroups/rg-1";

/// Object ID, action and scope, out of a recorded answer.
#[track_caller]
fn check_recorded(name: &str) {
    let error = read_resource(&response(name)).unwrap_err();
    let denied = error.denied().unwrap();
    let parts = [denied.object_id, denied.action, denied.scope];
    assert_eq!(
        parts.each_ref().map(Option::as_deref),
        [Some(OBJECT), Some(ACTION), Some(SCOPE)]
    );
}

/// The same out of a message; `None` when nothing was found.
#[track_caller]
fn check(message: &str, expected: Option<[Option<&str>; 3]>) {
    let body =
        serde_json::json!({ "error": { "code": "AuthorizationFailed", "message": message } });
    let response = Response::new(403, vec![], body.to_string().into_bytes());
    let denied = read_resource(&response).unwrap_err().denied();
    let parts = denied.map(|denied| [denied.object_id, denied.action, denied.scope]);
    let parts = parts
        .as_ref()
        .map(|parts| parts.each_ref().map(Option::as_deref));
    assert_eq!(parts, expected, "{message}");
}

#[test]
fn the_plain_the_conditional_and_the_denied_403_name_the_same_parts() {
    check_recorded("authorization_failed");
    check_recorded("authorization_failed_condition");
    check_recorded("deny_assignment");
}

#[test]
fn parts_may_be_missing() {
    check(
        "The client does not have authorization to perform action 'A/read' over scope '/s'.",
        Some([None, Some("A/read"), Some("/s")]),
    );
    check(
        "with object id 'O' and no more",
        Some([Some("O"), None, None]),
    );
    check("perform action 'unfinished", None);
    check("The client 'C' may not.", Some([None; 3]));
    check("Der Zugriff wurde verweigert.", None);
    check("", None);
}
