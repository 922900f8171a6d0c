//! Reading an answer of the token endpoint, and the claims of its token. Each result is checked.
//!
//! Each group has the reader and, on the same bytes in the same run, serde_json into a struct of borrowed texts: the least
//! that a reader with serde_json costs, for input without escapes or odd types.

use azvm_exchange::{Response, Secret, Timestamp};
use azvm_imds::{Audience, IdentitySelector, TokenRequest, UnverifiedClaims};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

/// The size of a real one: with a payload of about 800 bytes, a token has about 1.6 kB.
const PAYLOAD_BYTES: usize = 800;
const SIGNATURE_CHARS: usize = 342;

const EXPIRES_ON: i64 = 1_795_345_109;

fn token_answer(criterion: &mut Criterion) {
    let token = token();
    let body = format!(
        r#"{{"access_token":"{token}","client_id":"01234567-89ab-cdef-0123-456789abcdef","expires_in":"86400","expires_on":"{EXPIRES_ON}","ext_expires_in":"86399","not_before":"1795258409","resource":"https://management.azure.com/","token_type":"Bearer"}}"#
    );
    let response = Response::new(200, vec![], body.into_bytes());
    let audience = Audience::new("https://management.azure.com/").expect("an audience");
    let ask = TokenRequest::new(audience, IdentitySelector::System);
    let now = Timestamp::from_unix_seconds(1_795_258_709);

    let mut group = criterion.benchmark_group("token answer");
    group.bench_function("read", |bencher| {
        bencher.iter(|| {
            let token = ask.read(black_box(&response), now).expect("a token");
            assert_eq!(token.expires_on().unix_seconds(), EXPIRES_ON);
            token
        });
    });
    group.bench_function("serde_json, borrowed", |bencher| {
        bencher.iter(|| {
            let text = str::from_utf8(black_box(&response).body()).expect("text");
            let body: TypedAnswer<'_> = serde_json::from_str(text).expect("an answer");
            assert_eq!(body.expires_on.parse(), Ok(EXPIRES_ON));
            body
        });
    });
    group.finish();
}

fn claims(criterion: &mut Criterion) {
    let secret = Secret::new(token());
    let mut group = criterion.benchmark_group("claims");
    group.bench_function("read", |bencher| {
        bencher.iter(|| {
            let claims = UnverifiedClaims::read(black_box(&secret)).expect("claims");
            assert_eq!(claims.object_id(), Some(OBJECT_ID));
            claims
        });
    });
    group.bench_function("serde_json, borrowed", |bencher| {
        bencher.iter(|| {
            let payload = black_box(&secret)
                .expose()
                .split('.')
                .nth(1)
                .expect("a payload");
            let payload = URL_SAFE_NO_PAD.decode(payload).expect("base64");
            let text = str::from_utf8(&payload).expect("text");
            let claims: TypedClaims<'_> = serde_json::from_str(text).expect("claims");
            assert_eq!(claims.oid, Some(OBJECT_ID));
            black_box(&claims);
        });
    });
    group.finish();
}

#[derive(serde::Deserialize)]
#[expect(dead_code, reason = "read for their cost")]
struct TypedAnswer<'a> {
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
fn token() -> String {
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

criterion_group!(benches, token_answer, claims);
criterion_main!(benches);
