//! Whatever ARM, or something in its place, sends: nothing panics, and nothing unprintable or secret is shown.

use azvm_arm::{ArmError, Challenge, read_resource, read_role_assignments};
use azvm_exchange::Response;
use proptest::prelude::*;
use serde_json::{Map, Value};

const MEMBERS: [&str; 14] = [
    "code",
    "condition",
    "details",
    "displayName",
    "error",
    "id",
    "location",
    "message",
    "name",
    "nextLink",
    "principalId",
    "properties",
    "scope",
    "value",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        "(object id '|perform action '|scope ').{0,8}'?".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            members(inner).prop_map(Value::Object),
        ]
    })
}

fn members(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    let member = prop::sample::select(&MEMBERS[..]).prop_map(ToOwned::to_owned);
    prop::collection::hash_map(member, value, 0..8)
        .prop_map(|members| members.into_iter().collect())
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused(members in members(value()), status in prop_oneof![Just(200), 100_u16..600]) {
        let body = serde_json::to_vec(&Value::Object(members)).unwrap();
        let response = Response::new(status, vec![], body);
        let resource = read_resource(&response).map(drop);
        let assignments = read_role_assignments(&response).map(drop);
        for error in [resource, assignments].into_iter().filter_map(Result::err) {
            prop_assert!(!error.to_string().chars().any(char::is_control));
            let _ = error.denied();
        }
        prop_assert_eq!(ArmError::read(&response).status(), status);
    }

    #[test]
    fn a_token_that_a_refusal_quotes_is_cut_out(payload in "[A-Za-z0-9_-]{40,80}", before in "[ -~]{0,40} ") {
        let token = format!("eyJ{payload}.eyJ{payload}.{payload}");
        let message = format!("{before}{token}");
        let body = serde_json::json!({ "error": { "code": message, "message": message } });
        let headers = ["x-ms-request-id", "x-ms-correlation-request-id"]
            .map(|name| (name.to_owned(), token.clone()));
        let mut headers = headers.to_vec();
        let challenge = format!("Bearer authorization_uri=\"https://x/{token}\", error=\"{token}\", error_description=\"{token}\"");
        headers.push(("WWW-Authenticate".into(), challenge));
        let error = ArmError::read(&Response::new(401, headers, body.to_string().into_bytes()));
        let shown = format!("{error} {error:?} {:?}", error.denied());
        prop_assert!(!shown.contains(&payload), "{shown}");
    }

    #[test]
    fn a_challenge_is_read_whatever_the_spelling(
        tenant in "[0-9a-f-]{1,36}",
        description in "[a-zA-Z '.]{0,40}",
        scheme in "[bB]earer",
        separator in prop::sample::select(&[",", ", ", " ,  "][..]),
    ) {
        let header = format!(
            "{scheme} authorization_uri=\"https://login.windows.net/{tenant}\"{separator}error=\"invalid_token\"\
             {separator}error_description=\"{description}\""
        );
        let challenge = Challenge::read(&header).unwrap();
        prop_assert_eq!(challenge.tenant_id, Some(tenant));
        prop_assert_eq!(challenge.error.as_deref(), Some("invalid_token"));
        prop_assert_eq!(challenge.description.as_deref(), Some(description.trim()));
    }
}
