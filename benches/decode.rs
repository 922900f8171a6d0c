//! Reading an answer of the token endpoint, and the claims of its token. Each result is checked.

use azvm_exchange::{Response, Secret, Timestamp};
use azvm_imds::{Audience, IdentitySelector, TokenRequest, UnverifiedClaims};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

/// The size of a real one: a token of about 1.6 kB.
const PAYLOAD_BYTES: usize = 800;
const SIGNATURE_CHARS: usize = 342;

fn decode(criterion: &mut Criterion) {
    let token = token();
    let body = format!(
        r#"{{"access_token":"{token}","client_id":"01234567-89ab-cdef-0123-456789abcdef","expires_in":"86400","expires_on":"1795345109","ext_expires_in":"86399","not_before":"1795258409","resource":"https://management.azure.com/","token_type":"Bearer"}}"#
    );
    let response = Response::new(200, vec![], body.into_bytes());
    let audience = Audience::new("https://management.azure.com/").expect("an audience");
    let ask = TokenRequest::new(audience, IdentitySelector::System);
    let now = Timestamp::from_unix_seconds(1_795_258_709);

    criterion.bench_function("token answer", |bencher| {
        bencher.iter(|| {
            let token = ask.read(black_box(&response), now).expect("a token");
            assert_eq!(token.expires_on().unix_seconds(), 1_795_345_109);
            token
        });
    });
    let secret = Secret::new(token);
    criterion.bench_function("claims", |bencher| {
        bencher.iter(|| {
            let claims = UnverifiedClaims::read(black_box(&secret)).expect("claims");
            assert_eq!(claims.object_id(), Some("oid"));
            claims
        });
    });
}

/// `{"alg":"none"}`, then a payload of claims padded to size, then a signature-shaped text.
fn token() -> String {
    let mut payload = String::from(
        r#"{"aud":"https://management.azure.com/","oid":"oid","exp":1795345109,"pad":""#,
    );
    while payload.len() < PAYLOAD_BYTES - 2 {
        payload.push('p');
    }
    payload.push_str("\"}");
    format!(
        "eyJhbGciOiJub25lIn0.{}.{}",
        base64url(payload.as_bytes()),
        "s".repeat(SIGNATURE_CHARS)
    )
}

/// Enough of base64url to build the input; what is measured is the library's decoder.
fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .fold(0_u32, |group, &byte| group << 8 | u32::from(byte))
            << (8 * (3 - chunk.len()));
        for index in 0..=chunk.len() {
            text.push(char::from(
                ALPHABET[(group >> (18 - 6 * index) & 63) as usize],
            ));
        }
    }
    text
}

criterion_group!(benches, decode);
criterion_main!(benches);
