//! How often reading allocates. A program of its own, since it counts for the whole process.

#![expect(clippy::unwrap_used, reason = "test code")]

use allocation_counter::measure;
use azvm_exchange::{Response, Secret, Timestamp};
use azvm_imds::{Audience, IdentitySelector, TokenRequest, UnverifiedClaims};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_258_709);
const CLIENT: &str = "0a1b2c3d-0000-4000-8000-00000000000c";
const OBJECT: &str = "0a1b2c3d-0000-4000-8000-00000000000b";

fn token() -> String {
    let payload = format!(
        r#"{{"aud":"https://management.azure.com/","iss":"https://sts.windows.net/{OBJECT}/","iat":1795258409,"nbf":1795258409,"exp":1795345109,"aio":"x","appid":"{CLIENT}","idtyp":"app","oid":"{OBJECT}","tid":"{OBJECT}","ver":"1.0","xms_mirid":"/subscriptions/{OBJECT}/resourcegroups/rg-1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-1","groups":["a","b"]}}"#
    );
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))
}

fn answer(token: &str) -> Response {
    let body = format!(
        r#"{{"access_token":"{token}","client_id":"{CLIENT}","expires_in":"86400","expires_on":"1795345109","ext_expires_in":"86399","not_before":"1795258409","resource":"https://management.azure.com/","token_type":"Bearer"}}"#
    );
    Response::new(200, vec![], body.into_bytes())
}

#[track_caller]
fn check(most: u64, code: impl FnOnce()) {
    let counted = measure(code).count_total;
    assert!(counted <= most, "{counted} allocations");
}

fn ask(selector: IdentitySelector) -> TokenRequest {
    let audience = Audience::new("https://management.azure.com/").unwrap();
    TokenRequest::new(audience, selector)
}

#[test]
fn a_token_answer_allocates_the_token_and_what_it_repeats() {
    let response = answer(&token());
    let system = ask(IdentitySelector::System);
    check(2, || drop(system.read(&response, NOW).unwrap()));
    let client = ask(IdentitySelector::ClientId(CLIENT.parse().unwrap()));
    check(2, || drop(client.read(&response, NOW).unwrap()));
}

#[test]
fn the_claims_allocate_the_payload_and_what_is_kept_of_it() {
    let secret = Secret::new(token());
    check(2, || {
        let claims = UnverifiedClaims::read(&secret).unwrap();
        assert_eq!(claims.iter().count(), 11);
        assert_eq!(claims.object_id(), Some(OBJECT));
    });
}

#[test]
fn a_check_by_the_claims_adds_theirs() {
    let response = answer(&token());
    let object = ask(IdentitySelector::ObjectId(OBJECT.parse().unwrap()));
    check(4, || drop(object.read(&response, NOW).unwrap()));
}
