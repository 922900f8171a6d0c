//! Whatever ARM, or something in its place, sends: nothing panics, and nothing unprintable or secret is shown.

use azvm_arm::{
    ArmError, Challenge, read_deny_assignments, read_permissions, read_resource,
    read_role_assignments, read_role_definition, read_role_definitions, read_subscription,
    read_subscriptions, read_tenants,
};
use azvm_exchange::Response;
use proptest::prelude::*;
use serde_json::{Map, Value};

const MEMBERS: [&str; 25] = [
    "Message",
    "actions",
    "additionalInfo",
    "code",
    "condition",
    "details",
    "displayName",
    "error",
    "error_description",
    "id",
    "identity",
    "info",
    "location",
    "message",
    "name",
    "nextLink",
    "odata.error",
    "permissions",
    "principalId",
    "principals",
    "properties",
    "scope",
    "subscriptionId",
    "tags",
    "value",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
        "(object id '|perform action '|scope '|The client '|' and Id '|with name '|; however).{0,8}'?".prop_map(Value::from),
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

/// Everything that a refusal may show.
fn texts(error: &ArmError) -> Vec<String> {
    let details = error.details().iter().flat_map(|detail| {
        [&detail.code, &detail.message, &detail.target]
            .map(Clone::clone)
            .into_iter()
            .flatten()
    });
    let infos = error.additional_info().iter().flat_map(|info| {
        let texts = info.texts.iter().flat_map(|(name, text)| [name, text]);
        texts.chain(&info.info_type).cloned()
    });
    let denied = error.denied().unwrap_or_default();
    let denied = [
        denied.client_id,
        denied.object_id,
        denied.action,
        denied.scope,
        denied.deny_assignment_name,
        denied.deny_assignment_id,
        denied.deny_assignment_scope,
        denied.linked_action,
    ];
    let shown = denied.into_iter().flatten().chain(details).chain(infos);
    shown.chain(error.target().map(ToOwned::to_owned)).collect()
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused(members in members(value()), status in prop_oneof![Just(200), 100_u16..600]) {
        let body = serde_json::to_vec(&Value::Object(members)).unwrap();
        let response = Response::new(status, vec![], body);
        let read = [
            read_resource(&response).map(drop),
            read_subscription(&response).map(drop),
            read_subscriptions(&response).map(drop),
            read_tenants(&response).map(drop),
            read_permissions(&response).map(drop),
            read_role_assignments(&response).map(drop),
            read_role_definition(&response).map(drop),
            read_role_definitions(&response).map(drop),
            read_deny_assignments(&response).map(drop),
        ];
        for error in read.into_iter().filter_map(Result::err) {
            prop_assert!(!error.to_string().chars().any(char::is_control));
            prop_assert!(texts(&error).iter().all(|text| !text.chars().any(char::is_control)));
        }
        prop_assert_eq!(ArmError::read(&response).status(), status);
    }

    #[test]
    fn a_token_that_a_refusal_quotes_is_cut_out(payload in "[A-Za-z0-9_-]{40,80}", before in "[ -~]{0,40} ") {
        let token = format!("eyJ{payload}.eyJ{payload}.{payload}");
        let message = format!(
            "{before}{token} The client '{token}' with object id '{token}' perform action '{token}' over scope '{token}'; \
             however deny assignment with name '{token}' and Id '{token}' at scope '{token}' linked scope(s) '{token}' \
             wrong audience or resource '{token}' allowed audiences '{token}' wrong issuer 'https://x/{token}/' \
             expiry UTC time '{token}' supported versions are '{token}' to use namespace '{token}'"
        );
        let info = serde_json::json!([{ "type": token, "info": { "a": token, (token.as_str()): "b" } }]);
        let detail = serde_json::json!({ "code": token, "message": message, "target": token, "additionalInfo": info });
        let body = serde_json::json!({ "error": {
            "code": message, "message": message, "target": token, "details": [detail], "additionalInfo": info
        } });
        let headers = [
            "x-ms-request-id",
            "x-ms-correlation-request-id",
            "x-ms-routing-request-id",
            "x-ms-failure-cause",
        ]
            .map(|name| (name.to_owned(), token.clone()));
        let mut headers = headers.to_vec();
        let challenge = format!("Bearer authorization_uri=\"https://x/{token}\", error=\"{token}\", error_description=\"{token}\"");
        headers.push(("WWW-Authenticate".into(), challenge));
        let error = ArmError::read(&Response::new(401, headers, body.to_string().into_bytes()));
        prop_assert!(error.denied().is_some() && error.token_hints().is_some());
        let shown = format!("{error} {error:?}");
        prop_assert!(!shown.contains(&payload), "{shown}");
    }

    #[test]
    fn any_page_is_printable_and_bounded(page in "(<[a-z/! -]{0,8}>?|[ -~]{0,9}|.){0,60}", server in ".{0,40}") {
        let headers = vec![("Server".to_owned(), server.clone()), ("Via".to_owned(), server)];
        for status in [200, 502] {
            let response = Response::new(status, headers.clone(), page.clone().into_bytes());
            let error = read_resource(&response).map(drop).unwrap_err();
            let shown = format!("{error} {}", error.sender());
            prop_assert!(!shown.chars().any(char::is_control));
            prop_assert!(error.message().is_none_or(|words| words.chars().count() <= 600));
        }
    }

    #[test]
    fn every_form_of_an_error_keeps_its_code_and_words(code in "[A-Za-z]{1,20}", words in "[a-zA-Z][a-zA-Z .]{0,40}[.]") {
        let body = serde_json::json!({ "code": code, "message": words });
        let odata = serde_json::json!({ "code": code, "message": { "lang": "en", "value": words } });
        for body in [serde_json::json!({ "error": body }), serde_json::json!({ "odata.error": odata }), body] {
            let error = ArmError::read(&Response::new(400, vec![], body.to_string().into_bytes()));
            prop_assert_eq!((error.code(), error.message()), (Some(code.as_str()), Some(words.as_str())));
        }
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
