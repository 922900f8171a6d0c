//! Token answers that are JSON and yet unlike any that is documented.

use crate::golden::{NOW, ask, ok};
use azvm_exchange::Response;
use azvm_imds::IdentitySelector;

#[track_caller]
fn read(body: &[u8]) -> Result<String, String> {
    let response = Response::new(200, vec![], body.to_vec());
    ask(IdentitySelector::System)
        .read(&response, NOW)
        .map(|token| token.secret().expose().to_owned())
        .map_err(|error| error.summary())
}

#[test]
fn an_odd_member_does_not_cost_the_token() {
    for odd in [
        "null",
        "7",
        "-7",
        "1.5",
        "true",
        "[]",
        "[[1]]",
        "{\"a\":[{}]}",
        "\"\"",
    ] {
        for name in [
            "client_id",
            "object_id",
            "msi_res_id",
            "resource",
            "expires_on",
            "new",
        ] {
            let body = format!(r#"{{"access_token":"t","expires_in":60,"{name}":{odd}}}"#);
            assert_eq!(read(body.as_bytes()).as_deref(), Ok("t"), "{body}");
        }
    }
    for odd in ["null", "7", "[\"Bearer\"]", "\"\""] {
        let body = format!(r#"{{"access_token":"t","expires_in":60,"token_type":{odd}}}"#);
        assert_eq!(read(body.as_bytes()).as_deref(), Ok("t"), "{body}");
    }
}

#[test]
fn escapes_are_undone() {
    let body = br#"{"access_t\u006fken":"a\u002eb\/c","expires_in":"6\u0030","resource":"\u0068ttps:\/\/x"}"#;
    assert_eq!(read(body).as_deref(), Ok("a.b/c"));
    let token = ask(IdentitySelector::System)
        .read(&ok(std::str::from_utf8(body).unwrap()), NOW)
        .unwrap();
    assert_eq!(
        (token.resource(), token.expires_in().as_secs()),
        (Some("https://x"), 60)
    );
    assert_eq!(
        read(br#"{"access_token":"a\u0000b","expires_in":60}"#),
        Err("access_token is empty or cannot stand in a header".into())
    );
}

#[test]
fn what_is_said_twice_is_refused() {
    for twice in [
        r#""access_token":"t","access_token":"t""#,
        r#""access_token":"t","access_token":"u""#,
        r#""access_token":"t","expires_in":60"#,
        r#""access_token":"t","client_id":"a","client_id":"b""#,
        r#""access_token":"t","resource":"a","resource":"a""#,
    ] {
        let body = format!(r#"{{{twice},"expires_in":60}}"#);
        assert_eq!(
            read(body.as_bytes()),
            Err("the body is no token answer".into()),
            "{body}"
        );
    }
    let body = br#"{"access_token":"t","expires_in":60,"new":1,"new":2}"#;
    assert_eq!(
        read(body).as_deref(),
        Ok("t"),
        "a member that is not read may come twice"
    );
}

#[test]
fn depth_is_no_danger() {
    let (open, close) = ("[".repeat(30_000), "]".repeat(30_000));
    for name in ["new", "client_id", "expires_on"] {
        let body = format!(r#"{{"access_token":"t","expires_in":60,"{name}":{open}{close}}}"#);
        assert_eq!(read(body.as_bytes()).as_deref(), Ok("t"), "{name}");
    }
    let body = format!(r#"{{"access_token":{open}{close},"expires_in":60}}"#);
    assert_eq!(
        read(body.as_bytes()),
        Err("the body is no token answer".into())
    );
    assert_eq!(
        read(open.as_bytes()),
        Err("the body is no token answer".into())
    );
}

#[test]
fn bytes_that_are_no_text_cost_the_token_only_where_they_are_read() {
    assert_eq!(
        read(b"{\"access_token\":\"t\",\"expires_in\":60,\"new\":\"\xff\"}").as_deref(),
        Ok("t")
    );
    assert_eq!(
        read(b"{\"access_token\":\"t\",\"expires_in\":60,\"resource\":\"\xff\"}"),
        Err("the body is no token answer".into())
    );
}

#[test]
fn a_mark_before_the_body_and_blanks_after_it_are_allowed() {
    assert_eq!(
        read(b"\xef\xbb\xbf {\"access_token\":\"t\",\"expires_in\":60} \n").as_deref(),
        Ok("t")
    );
    assert!(read(b"{\"access_token\":\"t\",\"expires_in\":60}x").is_err());
}

#[test]
fn what_the_answer_repeats_is_fit_to_be_shown() {
    let body =
        r#"{"access_token":"t0ken","expires_in":60,"client_id":" a\u001bb ","resource":"grün\n"}"#;
    let token = ask(IdentitySelector::System).read(&ok(body), NOW).unwrap();
    assert_eq!(
        (token.client_id(), token.resource()),
        (Some("a b"), Some("grün"))
    );
    let body = r#"{"access_token":"t0ken","expires_in":60,"client_id":"","resource":""}"#;
    let token = ask(IdentitySelector::System).read(&ok(body), NOW).unwrap();
    assert_eq!((token.client_id(), token.resource()), (None, Some("")));
    let long = "r".repeat(5000);
    let body = format!(r#"{{"access_token":"t0ken","expires_in":60,"resource":"{long}"}}"#);
    let token = ask(IdentitySelector::System).read(&ok(&body), NOW).unwrap();
    assert_eq!(token.resource().map(|text| text.chars().count()), Some(601));
}
