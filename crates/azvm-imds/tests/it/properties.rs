//! Whatever the service sends, nothing panics and no token is shown; whatever is asked for arrives as it was given.

use crate::golden::{NOW, ask, random_text};
use azvm_exchange::Response;
use azvm_imds::{
    Audience, IdentitySelector, Instance, LoadBalancer, Rejection, ScheduledEvents, TokenRequest,
    UnverifiedAttestedDocument, read_identity_info, read_instance, read_instance_text, read_probe,
    read_versions,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Members that the service, its relatives or a broken stand-in could send.
const MEMBERS: [&str; 30] = [
    "DocumentIncarnation",
    "Events",
    "EventId",
    "NotBefore",
    "Resources",
    "dataDisks",
    "inboundRules",
    "interface",
    "loadbalancer",
    "message",
    "msi_res_id",
    "signature",
    "storageProfile",
    "access_token",
    "apiVersions",
    "client_id",
    "code",
    "compute",
    "error",
    "error_description",
    "expires_in",
    "expires_on",
    "newest-versions",
    "not_before",
    "object_id",
    "refresh_token",
    "resource",
    "tenantId",
    "token_type",
    "vmId",
];

const SELECTORS: [&str; 4] = ["", "client_id", "object_id", "resource_id"];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[0-9]{1,20}".prop_map(Value::from),
        "-?[0-9]{9,11}".prop_map(Value::from),
        "[bB]earer".prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(member(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn member() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => prop::sample::select(&MEMBERS[..]).prop_map(ToOwned::to_owned),
        1 => ".{0,12}",
    ]
}

fn members() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::hash_map(member(), value(), 0..12)
        .prop_map(|members| members.into_iter().collect())
}

fn selector(kind: &str) -> IdentitySelector {
    let guid = || "0a1b2c3d-0000-4000-8000-00000000000c".parse().unwrap();
    match kind {
        "client_id" => IdentitySelector::ClientId(guid()),
        "object_id" => IdentitySelector::ObjectId(guid()),
        "resource_id" => IdentitySelector::ResourceId("/subscriptions/s".parse().unwrap()),
        _ => IdentitySelector::System,
    }
}

fn answer(status: u16, body: &Value) -> Response {
    Response::new(status, vec![], serde_json::to_vec(body).unwrap())
}

/// The value of one parameter, percent-decoded by hand, so that a mistake of the encoder cannot cancel out.
fn parameter(target: &str, wanted: &str) -> Option<String> {
    let (_, query) = target.split_once('?')?;
    let encoded = query
        .split('&')
        .find_map(|pair| pair.strip_prefix(wanted)?.strip_prefix('='))?;
    let mut bytes = Vec::new();
    let mut rest = encoded;
    while let Some(first) = rest.chars().next() {
        if first == '%' {
            bytes.push(u8::from_str_radix(rest.get(1..3)?, 16).ok()?);
            rest = &rest[3..];
        } else {
            assert!(
                first.is_ascii_alphanumeric() || "-._~".contains(first),
                "{encoded}"
            );
            bytes.push(u8::try_from(first).ok()?);
            rest = &rest[1..];
        }
    }
    String::from_utf8(bytes).ok()
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused(
        members in members(),
        status in prop_oneof![Just(200), 100_u16..600],
        kind in prop::sample::select(&SELECTORS[..]),
    ) {
        let response = answer(status, &Value::Object(members));
        let read = ask(selector(kind)).read(&response, NOW);
        prop_assert!(status == 200 || read.is_err());
        if let Err(error) = read {
            prop_assert!(!error.to_string().chars().any(char::is_control));
            prop_assert!(!error.summary().chars().any(char::is_control));
        }
        prop_assert!(!Rejection::read(&response).to_string().chars().any(char::is_control));
        let _ = read_instance(&response);
        let _ = Instance::read(&response);
        let _ = read_instance_text(&response);
        let _ = read_versions(&response);
        let _ = read_identity_info(&response);
        let _ = ScheduledEvents::read(&response);
        let _ = LoadBalancer::read(&response);
        let _ = UnverifiedAttestedDocument::read(&response);
        let _ = read_probe(&response);
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        body in prop::collection::vec(any::<u8>(), 0..200),
        status in 100_u16..600,
    ) {
        let response = Response::new(status, vec![], body);
        let _ = ask(IdentitySelector::System).read(&response, NOW);
        let _ = Rejection::read(&response);
    }

    #[test]
    fn a_token_that_is_read_is_not_shown(
        mut members in members(),
        is_jwt in any::<bool>(),
        echoed in prop::sample::subsequence(&["client_id", "resource", "refresh_token", "object_id"][..], 0..=4),
    ) {
        let token = if is_jwt {
            format!("eyJ{0}.eyJ{0}.{0}", random_text())
        } else {
            random_text()
        };
        // What is not shaped like a token is shown where the service repeats it, so only a JWT is repeated here.
        for name in echoed.into_iter().filter(|_| is_jwt) {
            members.insert(name.into(), format!("Bearer {token}").into());
        }
        members.insert("access_token".into(), token.as_str().into());
        members.insert("expires_in".into(), json!("86400"));
        let response = answer(200, &Value::Object(members));
        let shown = match ask(IdentitySelector::System).read(&response, NOW) {
            Ok(read) => {
                prop_assert_eq!(read.secret().expose(), &token);
                format!("{read:?} {:?} {:?}", read.claims(), read.clone())
            }
            Err(error) => format!("{error} {error:?} {}", error.summary()),
        };
        let parts: Vec<_> = token.split('.').filter(|part| shown.contains(part)).collect();
        prop_assert!(parts.is_empty(), "{}", shown);
    }

    #[test]
    fn an_audience_arrives_as_it_was_given(text in "[^\\s\\p{C}]{1,80}") {
        let Ok(audience) = Audience::new(text.as_str()) else { return Ok(()) };
        let request = TokenRequest::new(audience, IdentitySelector::System).to_request();
        prop_assert!(request.target().is_ascii());
        prop_assert_eq!(parameter(request.target(), "resource"), Some(text));
        prop_assert_eq!(request.target().matches('&').count(), 1);
    }

    #[test]
    fn a_resource_id_arrives_as_it_was_given(name in "[^\\s\\p{C}\"#<>?\\\\|/]{1,40}") {
        let id = format!("/subscriptions/s/resourceGroups/{name}");
        let Ok(parsed) = id.parse() else { return Ok(()) };
        let request = ask(IdentitySelector::ResourceId(parsed)).to_request();
        prop_assert!(request.target().is_ascii());
        prop_assert_eq!(parameter(request.target(), "msi_res_id"), Some(id));
        prop_assert_eq!(request.target().matches('&').count(), 2);
    }
}
