//! Who answers in IMDS's place, and in which words.

use crate::ran::Ran;
use crate::replies::Reply;
use crate::wire::Route;
use crate::world::World;
use azvm_diagnostics::CheckId::ImdsToken;
use serde_json::json;

/// Exactly these codes are found, in the order of the chain.
#[track_caller]
fn check(world: World, expected: &[&str]) -> Ran {
    let ran = world.run();
    assert_eq!(ran.codes(), expected, "{}", ran.verbose_text());
    ran
}

fn token(reply: Reply) -> World {
    World::healthy().with(Route::Token, reply)
}

#[track_caller]
fn cause<'a>(ran: &'a Ran, code: &str) -> &'a str {
    ran.finding(code).cause.as_deref().unwrap()
}

#[test]
fn an_error_that_comes_with_success_is_quoted() {
    let body = json!({"error": "invalid_request", "error_description": "Identity not found"});
    let reply = || Reply::imds(200, body.to_string());
    let ran = check(token(reply()), &["IMDS-018"]);
    let words = "IMDS answered 200 invalid_request: Identity not found";
    assert_eq!(cause(&ran, "IMDS-018"), words);
    assert_eq!(ran.check(ImdsToken).summary, words);
    let seen = |name| ran.evidence(ImdsToken, name);
    assert_eq!(seen("error"), Some("invalid_request"));
    assert_eq!(seen("error_description"), Some("Identity not found"));
    assert_eq!(seen("status"), Some("200"));
    let title = &ran.finding("IMDS-018").title;
    assert!(title.contains("200 with an error"), "{title}");
    // The machine's description, too, is none; and the token comes all the same.
    let ran = World::healthy().with(Route::Instance, reply()).run();
    assert!(ran.causes().contains(&"IMDS-022"), "{}", ran.verbose_text());
    assert_eq!(cause(&ran, "IMDS-022"), words);
    assert_eq!(ran.status(ImdsToken), "ok");
    // A body that says nothing of an error is no token and no more.
    let ran = check(token(Reply::imds(200, r#"{"error":null}"#)), &["IMDS-018"]);
    assert!(cause(&ran, "IMDS-018").starts_with("IMDS answered 200, but "));
    assert_eq!(ran.evidence(ImdsToken, "error"), None);
}
