//! Bodies of the fuzz targets, compiled and tried on every test run. Not part of the API.

use crate::loose::{MAX_LIST_ITEMS, from_json};
use crate::token::is_header_safe;
use crate::wire::TokenBody;
use crate::{
    Audience, Compute, EventId, IdentitySelector, Instance, LoadBalancer, Rejection,
    ScheduledEvents, TokenRequest, UnverifiedAttestedDocument, UnverifiedClaims, start_events,
};
use alloc::format;
use alloc::string::String;
use alloc::vec;
use azvm_exchange::{Response, SERVICE_TEXT_CHARS, Secret, Timestamp};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_258_709);
const GUID: &str = "0a1b2c3d-0000-4000-8000-00000000000c";
const ID: &str = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i";

fn ok(data: &[u8]) -> Response {
    Response::new(200, vec![], data.into())
}

/// Any bytes as the body of a 200 from the token endpoint, for each kind of selector.
pub fn token_response(data: &[u8]) {
    let Ok(audience) = Audience::new("https://management.azure.com/") else {
        return;
    };
    both_readers_agree(data);
    let response = ok(data);
    let ask = |selector| TokenRequest::new(audience.clone(), selector).read(&response, NOW);
    let anybody = ask(IdentitySelector::System);
    if let Ok(token) = &anybody {
        let secret = token.secret().expose();
        assert!(!secret.is_empty() && secret.is_ascii() && !secret.contains(' '));
        assert!(!format!("{token:?}").contains(secret) || secret.len() < 16);
        for echo in [token.client_id(), token.resource()].into_iter().flatten() {
            assert!(!echo.chars().any(char::is_control));
            assert!(echo.chars().count() <= SERVICE_TEXT_CHARS + 1);
        }
    }
    let chosen = [
        GUID.parse().map(IdentitySelector::ClientId).ok(),
        GUID.parse().map(IdentitySelector::ObjectId).ok(),
        ID.parse().map(IdentitySelector::ResourceId).ok(),
    ];
    for selector in chosen.into_iter().flatten() {
        let answer = ask(selector);
        assert!(anybody.is_ok() || answer.is_err());
        if let Err(error) = answer {
            assert!(
                !format!("{error} {}", error.summary())
                    .chars()
                    .any(char::is_control)
            );
        }
    }
}

/// What the quick reader takes, the patient one takes, and reads as the same.
fn both_readers_agree(data: &[u8]) {
    let quick = core::str::from_utf8(data).ok();
    if let Some(mut quick) = quick.and_then(TokenBody::read_plain) {
        if core::mem::take(&mut quick.has_simple_token) {
            let token = quick.access_token.text().unwrap_or_default();
            assert!(token.is_empty() || is_header_safe(token));
        }
        assert!(from_json(data).is_ok_and(|patient: TokenBody<'_>| patient == quick));
    }
}

/// Any bytes as the body of a refusal.
pub fn error_body(data: &[u8]) {
    for status in [400, 401, 403, 405, 500, 503] {
        let refused = Response::new(status, vec![], data.into());
        let shown = format!("{}", Rejection::read(&refused));
        assert!(!shown.chars().any(char::is_control));
    }
}

/// Any bytes as the instance document, as a part of it, and as one value.
pub fn instance(data: &[u8]) {
    let response = ok(data);
    let whole = Instance::read(&response);
    let compute = crate::read_instance(&response);
    // A text that is no Unicode is an error only where it is read, and the two do not read the same members.
    if let (Ok(whole), Ok(compute)) = (&whole, &compute) {
        let has_none = whole.compute == Compute::default();
        assert!(has_none || whole.compute == *compute);
    }
    if let Ok(machine) = whole {
        let shown = format!("{machine:?}");
        for hidden in [&machine.compute.user_data, &machine.compute.custom_data] {
            let hidden = hidden.as_ref().map_or("", Secret::expose);
            // A short one may stand in the text by chance.
            assert!(hidden.len() < 24 || data.len() > 8 * hidden.len() || !shown.contains(hidden));
        }
        let disks = &machine.compute.storage_profile.data_disks;
        assert!(disks.len() <= MAX_LIST_ITEMS);
        assert!(machine.network.interfaces.len() <= MAX_LIST_ITEMS);
        let name = machine.compute.name.unwrap_or_default();
        assert!(!name.chars().any(char::is_control));
    }
    let _ = crate::read_instance_text(&response);
}

/// Any bytes as each of the other documents.
pub fn documents(data: &[u8]) {
    let response = ok(data);
    if let Ok(read) = ScheduledEvents::read(&response) {
        assert!(read.events.len() <= MAX_LIST_ITEMS);
        for event in &read.events {
            let _ = (event.starts_after(), event.duration());
        }
        let ids = read.events.iter().filter_map(|event| event.id.as_ref());
        let approval = start_events(ids);
        assert!(serde_json::from_slice::<serde_json::Value>(approval.body()).is_ok());
    }
    if let Ok(read) = LoadBalancer::read(&response) {
        assert!(read.inbound_rules.len() <= MAX_LIST_ITEMS);
    }
    if let Ok(read) = UnverifiedAttestedDocument::read(&response) {
        let bytes = read.unverified_signature().len();
        assert!((1..=crate::MAX_SIGNATURE_BYTES).contains(&bytes));
    }
    if let Ok(versions) = crate::read_versions(&response) {
        let newest = crate::ApiVersion::newest(&versions);
        assert!(newest.is_none_or(|newest| versions.iter().any(|text| text == newest.as_str())));
    }
    let _ = crate::read_identity_info(&response);
    let _ = crate::read_probe(&response);
    if let Ok(text) = core::str::from_utf8(data) {
        let _ = crate::date::read_date(text);
        let id = text.parse::<EventId>();
        assert!(id.is_err() || text.is_ascii());
    }
}

/// Any bytes as a token, and as the payload of one.
pub fn claims(data: &[u8]) {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let payload = URL_SAFE_NO_PAD.encode(data);
    for token in [
        String::from_utf8_lossy(data).into_owned(),
        format!("e30.{payload}.c2ln"),
    ] {
        if let Ok(claims) = UnverifiedClaims::read(&Secret::new(token)) {
            for (_, value) in claims.iter() {
                assert!(!value.chars().any(char::is_control));
                assert!(value.chars().count() <= SERVICE_TEXT_CHARS + 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn odd_bodies_do_no_harm() {
        let bodies: [&[u8]; 14] = [
            b"",
            b"{}",
            b"{\"access_token\":\"a\",\"expires_on\":\"9223372036854775807\",\"expires_in\":-9}",
            b"{\"access_token\":\"a\",\"expires_on\":\"1/1/1970 0:0:0\",\"client_id\":\"\\u001b\",\"object_id\":\"x\"}",
            b"{\"error\":\"\\u001b[2J\",\"error_description\":\"\\u0000\",\"newest-versions\":[\"a\"]}",
            b"{\"error\":{\"code\":\"\\u001b[2J\",\"message\":[\"a\"],\"Message\":\"\\u202e\"}}",
            b"{\"error\":[{\"code\":\"a\"}],\"Code\":\"\\u0007\",\"message\":\"b\",\"statusCode\":400}",
            b"{\"compute\":{\"name\":\"\\u0007\",\"userData\":\"dXNlcmRhdGF1c2VyZGF0YXVzZXJkYXRh\"},\"network\":{\"interface\":[{},1]}}",
            b"{\"DocumentIncarnation\":\"1\",\"Events\":[{\"EventId\":\"\\\"\"},{\"EventId\":\"{a}\",\"DurationInSeconds\":-9}]}",
            b"{\"signature\":\"MIIE\",\"apiVersions\":[\"9\",\"2021-02-01\"],\"loadbalancer\":[]}",
            b"{\"oid\":\"\\u202e\",\"aud\":[[\"a\"]],\"exp\":1e999}",
            b"{\"name\":\"\\ud800\",\"new\":\"\\ud800\",\"zone\":1e999}",
            b"a.eyJ9.b",
            &[0xff; 64],
        ];
        for body in bodies {
            super::token_response(body);
            super::error_body(body);
            super::instance(body);
            super::documents(body);
            super::claims(body);
        }
    }
}
