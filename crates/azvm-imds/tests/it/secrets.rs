//! A random token goes through every type that could hold it, and is then looked for in all that they show.

use crate::golden::{NOW, ask, jwt, random_text};
use azvm_exchange::{Response, Secret};
use azvm_imds::{IdentitySelector, ProtocolError, Rejection, UnverifiedClaims};
use std::fmt::Debug;

const OTHER: &str = "ffffffff-0000-4000-8000-000000000000";

/// No part of the token, but for what is too short to be told from chance, is in the text.
#[track_caller]
fn check_hidden(token: &str, shown: &str) {
    for part in token.split('.').filter(|part| part.len() >= 12) {
        assert!(!shown.contains(part), "{part} is shown in {shown}");
    }
}

fn all_forms(value: &dyn Debug) -> String {
    format!("{value:?} {value:#?}")
}

/// The error's own text, its `Debug` and those of its causes.
fn all_of(error: &ProtocolError) -> String {
    let mut shown = format!("{error} {} {}", error.summary(), all_forms(error));
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        shown += &format!(" {error} {error:?}");
        cause = error.source();
    }
    shown
}

fn response(status: u16, header: &str, body: &str) -> Response {
    let headers = vec![
        ("Server".to_owned(), "IMDS/150.870.65.1854".to_owned()),
        ("x-ms-request-id".to_owned(), header.to_owned()),
    ];
    Response::new(status, headers, body.as_bytes().to_vec())
}

#[test]
fn an_access_token_does_not_show_itself() {
    for token in [jwt(r#"{"oid":"b"}"#), random_text()] {
        let body =
            format!(r#"{{"access_token":"{token}","refresh_token":"{token}","expires_in":60}}"#);
        let answer = response(200, &token, &body);
        let read = ask(IdentitySelector::System).read(&answer, NOW).unwrap();
        assert_eq!(read.secret().expose(), token);
        check_hidden(&token, &all_forms(&read));
        check_hidden(&token, &all_forms(&read.clone()));
        check_hidden(&token, &all_forms(read.secret()));
        check_hidden(&token, &all_forms(&answer));
        check_hidden(&token, &all_forms(&read.claims()));
    }
}

#[test]
fn a_token_that_the_service_repeats_in_other_members_is_cut_out() {
    let token = jwt(r#"{"oid":"b"}"#);
    let body = format!(
        r#"{{"access_token":"{token}","client_id":"{token}","resource":"Bearer {token}","expires_in":60}}"#
    );
    let read = ask(IdentitySelector::System)
        .read(&response(200, "", &body), NOW)
        .unwrap();
    check_hidden(&token, &all_forms(&read));
    assert_eq!(read.resource(), Some("Bearer <redacted>"));
}

#[test]
fn claims_that_hold_a_token_are_cut_out_too() {
    let inner = jwt("{}");
    let token = jwt(&format!(
        r#"{{"aud":["{inner}"],"iss":"https://x/?t={inner}","oid":"b"}}"#
    ));
    let claims = UnverifiedClaims::read(&Secret::new(token)).unwrap();
    check_hidden(&inner, &all_forms(&claims));
    assert_eq!(claims.audience(), Some("<redacted>"));
}

#[test]
fn a_malformed_answer_is_not_quoted() {
    let token = random_text();
    for body in [
        format!(r#"{{"access_token":"{token}""#),
        format!(r#"{{"access_token":"{token}"}}"#),
        format!(r#"{{"access_token":"{token}","expires_in":60,"token_type":"{token}"}}"#),
        format!(r#"{{"access_token":"{token} ","expires_in":60}}"#),
        format!(r#"{{"access_token":["{token}"],"expires_in":60}}"#),
        format!(r#"{{"access_token":"{token}","access_token":"{token}","expires_in":60}}"#),
        format!("<html>{token}"),
        token.clone(),
    ] {
        let answer = response(200, "", &body);
        let error = ask(IdentitySelector::System)
            .read(&answer, NOW)
            .unwrap_err();
        assert!(matches!(error, ProtocolError::Malformed(_)), "{body}");
        check_hidden(&token, &all_of(&error));
    }
}

#[test]
fn an_ignored_selector_names_the_other_identity_and_not_its_token() {
    let token = jwt(&format!(r#"{{"oid":"{OTHER}"}}"#));
    let body = format!(r#"{{"access_token":"{token}","expires_in":60}}"#);
    let asked = "0a1b2c3d-0000-4000-8000-00000000000b".parse().unwrap();
    let error = ask(IdentitySelector::ObjectId(asked))
        .read(&response(200, "", &body), NOW)
        .unwrap_err();
    assert!(error.to_string().contains(OTHER), "{error}");
    check_hidden(&token, &all_of(&error));
}

#[test]
fn a_refusal_that_quotes_the_request_is_cut_out() {
    let token = jwt("{}");
    let words = format!("header 'Authorization: Bearer {token}' is too long");
    let body = format!(
        r#"{{"error":"{words}","error_description":"{words}","newest-versions":["{token}"]}}"#
    );
    let answer = response(431, &token, &body);
    let error = ask(IdentitySelector::System)
        .read(&answer, NOW)
        .unwrap_err();
    check_hidden(&token, &all_of(&error));
    let rejection = Rejection::read(&answer);
    assert_eq!(rejection.newest_versions(), ["<redacted>"]);
    assert_eq!(rejection.request_id(), Some("<redacted>"));
    assert_eq!(
        rejection.error(),
        Some("header 'Authorization: Bearer <redacted>' is too long")
    );
}

#[test]
fn a_long_refusal_is_not_cut_inside_of_a_token() {
    let token = jwt("{}");
    for filler in 560..600 {
        let words = format!("{} {token}", "x".repeat(filler));
        let body = format!(r#"{{"error":"e","error_description":"{words}"}}"#);
        let rejection = Rejection::read(&response(400, "", &body));
        check_hidden(&token[..12], rejection.description().unwrap());
    }
}

#[test]
fn the_request_for_a_token_holds_no_secret() {
    let ask = ask(IdentitySelector::System);
    assert!(!ask.to_request().has_secret());
}
