//! What is read, and both ways to read it: ours, and serde_json into a struct of borrowed texts. Each result is checked.

use azvm_exchange::{Response, Secret, Timestamp};
use azvm_imds::{AccessToken, Audience, IdentitySelector, TokenRequest, UnverifiedClaims};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::hint::black_box;

/// The size of a real one: with a payload of about 800 bytes, a token has about 1.6 kB.
const PAYLOAD_BYTES: usize = 800;
const SIGNATURE_CHARS: usize = 342;

const EXPIRES_ON: i64 = 1_795_345_109;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_258_709);

pub(crate) fn ask() -> TokenRequest {
    let audience = Audience::new("https://management.azure.com/").expect("an audience");
    TokenRequest::new(audience, IdentitySelector::System)
}

pub(crate) fn token_answer_of(token: &str) -> Response {
    let body = format!(
        r#"{{"access_token":"{token}","client_id":"01234567-89ab-cdef-0123-456789abcdef","expires_in":"86400","expires_on":"{EXPIRES_ON}","ext_expires_in":"86399","not_before":"1795258409","resource":"https://management.azure.com/","token_type":"Bearer"}}"#
    );
    Response::new(200, vec![], body.into_bytes())
}

pub(crate) fn read_token(ask: &TokenRequest, response: &Response) -> AccessToken {
    let token = ask.read(response, NOW).expect("a token");
    assert_eq!(token.expires_on().unix_seconds(), EXPIRES_ON);
    token
}

pub(crate) fn read_typed_token(response: &Response) -> TypedAnswer<'_> {
    let text = str::from_utf8(response.body()).expect("text");
    let body: TypedAnswer<'_> = serde_json::from_str(text).expect("an answer");
    assert_eq!(body.expires_on.parse(), Ok(EXPIRES_ON));
    body
}

pub(crate) fn read_claims(secret: &Secret) -> UnverifiedClaims {
    let claims = UnverifiedClaims::read(secret).expect("claims");
    assert_eq!(claims.object_id(), Some(OBJECT_ID));
    claims
}

pub(crate) fn read_typed_claims(secret: &Secret) {
    let payload = secret.expose().split('.').nth(1).expect("a payload");
    let payload = URL_SAFE_NO_PAD.decode(payload).expect("base64");
    let text = str::from_utf8(&payload).expect("text");
    let claims: TypedClaims<'_> = serde_json::from_str(text).expect("claims");
    assert_eq!(claims.oid, Some(OBJECT_ID));
    black_box(&claims);
}

#[derive(serde::Deserialize)]
#[expect(dead_code, reason = "read for their cost")]
pub(crate) struct TypedAnswer<'a> {
    access_token: &'a str,
    client_id: Option<&'a str>,
    expires_in: Option<&'a str>,
    expires_on: &'a str,
    resource: Option<&'a str>,
    token_type: Option<&'a str>,
}

#[derive(serde::Deserialize)]
#[expect(dead_code, reason = "read for their cost")]
struct TypedClaims<'a> {
    aud: Option<&'a str>,
    iss: Option<&'a str>,
    tid: Option<&'a str>,
    oid: Option<&'a str>,
    appid: Option<&'a str>,
    azp: Option<&'a str>,
    xms_mirid: Option<&'a str>,
    idtyp: Option<&'a str>,
    iat: Option<i64>,
    nbf: Option<i64>,
    exp: Option<i64>,
    ver: Option<&'a str>,
}

const OBJECT_ID: &str = "01234567-89ab-cdef-0123-0123456789ab";

/// A header without an algorithm, the claims of a user-assigned identity padded to size, a signature-shaped text.
pub(crate) fn token() -> String {
    const TENANT: &str = "01234567-89ab-cdef-0123-00000000000a";
    let mut payload = format!(
        r#"{{"aud":"https://management.azure.com/","iss":"https://sts.windows.net/{TENANT}/","iat":1795258409,"nbf":1795258409,"exp":{EXPIRES_ON},"aio":"k2BgYPgf","appid":"01234567-89ab-cdef-0123-456789abcdef","appidacr":"2","idp":"https://sts.windows.net/{TENANT}/","idtyp":"app","oid":"{OBJECT_ID}","rh":"1.AX0","sub":"{OBJECT_ID}","tid":"{TENANT}","uti":"abc","ver":"1.0","xms_mirid":"/subscriptions/{TENANT}/resourcegroups/rg-1/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-1","xms_tcdt":"#
    );
    while payload.len() < PAYLOAD_BYTES - 1 {
        payload.push('1');
    }
    payload.push('}');
    assert_eq!(payload.len(), PAYLOAD_BYTES);
    let payload = URL_SAFE_NO_PAD.encode(payload);
    format!(
        "eyJhbGciOiJub25lIn0.{payload}.{}",
        "s".repeat(SIGNATURE_CHARS)
    )
}
