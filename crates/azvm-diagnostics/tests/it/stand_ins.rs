//! Servers that stand in for IMDS or ARM and know little of their manners, and strangers that look like them.

use crate::ran::Ran;
use crate::replies::{
    ARM_AUDIENCE, CLIENT_ID, Reply, claims, denied, group_answer, jwt, token_body,
};
use crate::wire::{Deed, Route};
use crate::world::World;
use azvm_diagnostics::CheckId::ImdsReachable;
use azvm_diagnostics::{Confidence, Severity};
use serde_json::json;
use std::time::Duration;

const PYTHON: &str = "BaseHTTP/0.6 Python/3.11.7";

/// As Python's `send_error` writes it. Source: python/cpython:Lib/http/server.py.
const PYTHON_PAGE: &str = "<!DOCTYPE HTML>\n<html lang=\"en\">\n<head><title>Error response</title></head><body>\
                           <h1>Error response</h1><p>Message: Metadata header required.</p></body></html>";

/// As Flask's `abort(400)` writes it. Source: pallets/werkzeug:src/werkzeug/exceptions.py.
const FLASK_PAGE: &str =
    "<!doctype html>\n<html lang=en>\n<title>400 Bad Request</title>\n<h1>Bad Request</h1>";

/// What stand-ins say to a request without the header.
fn refusals() -> Vec<Reply> {
    let html = |page: &str| Reply::new(400, page).with("Content-Type", "text/html;charset=utf-8");
    let empty = [400, 401, 403, 404, 405].map(|status| Reply::new(status, ""));
    let said = [
        html(PYTHON_PAGE).with("Server", PYTHON),
        html(FLASK_PAGE).with("Server", "Werkzeug/3.0.1 Python/3.11.7"),
        Reply::new(400, "Metadata header required"),
        Reply::new(400, json!({"message": "missing header"}).to_string()),
        Reply::new(400, "\"missing\""),
        // FastAPI's for a header that is declared.
        Reply::new(
            422,
            json!({"detail": [{"loc": ["header", "metadata"]}]}).to_string(),
        ),
        Reply::new(403, "").with("Connection", "close"),
    ];
    empty.into_iter().chain(said).collect()
}

/// Exactly these codes, with this exit code.
#[track_caller]
fn check(world: World, exit: u8, expected: &[&str]) -> Ran {
    let ran = world.run();
    let shown = ran.verbose_text();
    assert_eq!(
        (ran.exit(), ran.codes()),
        (exit, expected.to_vec()),
        "{shown}"
    );
    ran
}

#[test]
fn who_hands_out_tokens_is_a_stand_in_whatever_he_says_without_the_header() {
    let body = token_body(&jwt(&claims(ARM_AUDIENCE)), CLIENT_ID).to_string();
    for refusal in refusals() {
        let world = World::healthy()
            .with(Route::ImdsProbe, refusal)
            .with(Route::Token, Reply::new(200, body.clone()));
        let ran = check(world, 0, &["NET-014"]);
        let finding = ran.finding("NET-014");
        assert_eq!(
            (finding.severity, finding.confidence),
            (Severity::Note, Confidence::Possible)
        );
        assert_eq!(ran.status(ImdsReachable), "note");
        assert!(ran.evidence(ImdsReachable, "status").is_some());
        assert_eq!(
            (ran.asked(Route::ImdsProbe), ran.asked(Route::Token)),
            (1, 1)
        );
    }
}

#[test]
fn an_error_of_imds_makes_a_stand_in_as_well() {
    let not_found = json!({"error": "invalid_request", "error_description": "Identity not found"});
    for refusal in refusals() {
        let world = World::healthy()
            .with(Route::ImdsProbe, refusal)
            .with(Route::Token, Reply::new(400, not_found.to_string()));
        check(world, 1, &["NET-014", "IDSEL-001"]);
    }
}

#[test]
fn who_has_no_token_is_a_stranger() {
    for refusal in refusals() {
        let code = match Deed::from(refusal.clone()) {
            Deed::Write(bytes) if String::from_utf8_lossy(&bytes).contains("close") => "IMDS-010",
            _ => "NET-014",
        };
        let ran = check(World::healthy().with_imds(refusal.clone()), 1, &[code]);
        assert_eq!(
            (ran.asked(Route::Instance), ran.asked(Route::Token)),
            (1, 1)
        );
        // The machine's description alone makes nobody IMDS: some take the way to the token, and pass on the rest.
        let world = World::healthy().with(Route::ImdsProbe, refusal.clone());
        check(world.with(Route::Token, refusal), 1, &[code]);
    }
}

#[test]
fn a_strangers_mark_is_enough() {
    let marked = |status: u16, name: &'static str, value: &str| {
        Reply::new(status, "<html></html>").with(name, value)
    };
    for stranger in [
        marked(400, "Via", "1.1 proxy"),
        marked(400, "X-Squid-Error", "ERR_INVALID_REQ 0"),
        marked(407, "Proxy-Authenticate", "Basic"),
        marked(302, "Location", "https://login.example/"),
        marked(403, "Content-Type", "text/html"),
        marked(502, "Server", "nginx"),
        marked(404, "Server", "EC2ws"),
        marked(404, "Server", "Oracle Cloud Metadata"),
        marked(403, "Metadata-Flavor", "Google"),
        marked(200, "Content-Type", "text/html"),
    ] {
        let ran = World::healthy().with(Route::ImdsProbe, stranger).run();
        assert_ne!(ran.exit(), 0, "{}", ran.verbose_text());
        assert_eq!(
            (ran.asked(Route::Instance), ran.asked(Route::Token)),
            (0, 0)
        );
    }
}

/// An IMDS whose answers have no `Server` header, and this one to whoever asks for a token.
fn unsigned(token: impl Into<Deed>) -> World {
    let body = json!({"error": "invalid_request", "error_description": "Required metadata header not specified"});
    World::healthy()
        .with(Route::ImdsProbe, Reply::new(400, body.to_string()))
        .with(Route::Token, token)
}

#[test]
fn what_a_known_server_says_without_a_mark_is_its_own() {
    for (reply, code) in [
        (Reply::new(410, ""), "IMDS-002"),
        (Reply::new(404, ""), "IMDS-001"),
        (Reply::new(404, "Not Found"), "IMDS-001"),
        (Reply::new(404, "<h1>Not Found</h1>"), "IMDS-001"),
        (Reply::new(429, ""), "IMDS-003"),
        (Reply::new(500, ""), "IMDS-006"),
        (Reply::new(503, "Service Unavailable"), "IMDS-006"),
        (Reply::new(400, ""), "TOKEN-017"),
        (Reply::new(401, ""), "TOKEN-017"),
        (Reply::new(403, ""), "TOKEN-017"),
    ] {
        let ran = check(unsigned(reply), 1, &[code]);
        assert_eq!(ran.finding(code).confidence, Confidence::Likely, "{code}");
    }
    // What has a stranger's mark, and a redirection, is not.
    for stranger in [
        Reply::new(403, "").with("Via", "1.1 proxy"),
        Reply::new(503, "<html>busy</html>"),
        Reply::new(302, "").with("Location", "/login"),
    ] {
        check(unsigned(stranger), 1, &["NET-014"]);
    }
    // Where the other answers are signed, one that is not is somebody else's.
    let signed = |reply| World::healthy().with(Route::Token, reply);
    check(signed(Reply::new(403, "")), 1, &["NET-014"]);
    check(signed(Reply::new(503, "")), 1, &["NET-014"]);
}

#[test]
fn the_statuses_of_imds_are_its_own_where_nothing_speaks_against_it() {
    let throttled = "Temporarily throttled, too many requests";
    for (reply, code) in [
        (Reply::new(410, ""), "IMDS-002"),
        (Reply::new(429, throttled), "IMDS-003"),
        (Reply::new(429, ""), "IMDS-003"),
        (Reply::new(503, ""), "IMDS-006"),
    ] {
        let ran = check(World::healthy().with_imds(reply), 1, &[code]);
        let finding = ran.finding(code);
        assert_eq!(finding.confidence, Confidence::Possible, "{code}");
        let cause = finding.cause.as_deref().unwrap();
        assert!(
            cause.ends_with("nothing in it says who wrote it"),
            "{cause}"
        );
    }
    for stranger in [
        // The platform's own channel has a 410, too. Source: Azure/WALinuxAgent:azurelinuxagent/common/utils/restutil.py.
        Reply::new(410, "<Error><Code>ResourceNotAvailable</Code></Error>")
            .with("Server", "Microsoft-IIS/10.0"),
        Reply::new(410, "<html>Gone</html>"),
        Reply::new(429, "slow down"),
        Reply::new(503, "").with("Server", "nginx"),
        Reply::new(503, "upstream connect error"),
        Reply::new(503, "<html>busy</html>"),
        Reply::new(404, ""),
        Reply::new(500, ""),
    ] {
        let ran = check(World::healthy().with_imds(stranger), 1, &["NET-014"]);
        assert!(
            ran.facts.duration < Duration::from_secs(10),
            "not waited for"
        );
    }
}

/// An agent passes on what IMDS signed and names nobody in its own answers, which end the connection.
#[test]
fn a_server_that_ends_every_connection_is_no_agent() {
    let closing = |reply: Reply| reply.with("Connection", "close");
    let probed = || Reply::new(400, json!({"error": "missing header"}).to_string());
    for (status, code) in [
        (403, "TOKEN-017"),
        (500, "IMDS-006"),
        (502, "IMDS-006"),
        (503, "IMDS-006"),
    ] {
        // It names itself.
        let named = |reply: Reply| closing(reply).with("Server", PYTHON);
        let world = unsigned(named(Reply::new(status, ""))).with(Route::ImdsProbe, named(probed()));
        check(world, 1, &[code]);
        // It does not, and ends every connection.
        let world = unsigned(closing(Reply::new(status, "")));
        check(world.with(Route::ImdsProbe, closing(probed())), 1, &[code]);
    }
    for (status, code) in [(403, "IMDS-010"), (502, "IMDS-013")] {
        let own = || closing(Reply::new(status, ""));
        // Nobody else ends connections, or IMDS signs what is its own.
        check(unsigned(own()), 1, &[code]);
        let signed = Reply::imds_error(400, "invalid_request", "…");
        let world = World::healthy().with(Route::ImdsProbe, closing(signed));
        check(world.with(Route::Token, own()), 1, &[code]);
    }
}

/// Answers to a request without a token that have no mark of ARM.
fn bare() -> Vec<Reply> {
    let statuses = [401, 403, 404].into_iter();
    let said = statuses.flat_map(|status| {
        ["", "Unauthorized", "<h1>Unauthorized</h1>"].map(|body| Reply::new(status, body))
    });
    said.chain([Reply::new(404, "<h1>Not Found</h1>").with("Server", "Werkzeug/3.0.1")])
        .collect()
}

#[test]
fn the_target_decides_at_an_endpoint_that_the_caller_named() {
    let target = |probed: Reply, answer: Reply| {
        let world = World::healthy().with(Route::ArmProbe, probed);
        world.with(Route::Target, answer)
    };
    for reply in bare() {
        check(target(reply.clone(), group_answer()), 0, &[]);
        check(target(reply.clone(), denied()), 1, &["RBAC-021"]);
        // A stranger is one in the target's answer as well.
        let ran = check(target(reply.clone(), reply), 1, &["ARM-019"]);
        assert_eq!(ran.asked(Route::Target), 1);
    }
    for (status, name, value) in [
        (401, "Via", "1.1 proxy"),
        (403, "X-Squid-Error", "ERR_ACCESS_DENIED 0"),
        (404, "Proxy-Status", "x"),
        (401, "WWW-Authenticate", "Basic realm=\"corp\""),
        (302, "Location", "/login"),
    ] {
        let stranger = Reply::new(status, "").with(name, value);
        let ran = check(target(stranger, group_answer()), 1, &["ARM-019"]);
        assert_eq!(ran.asked(Route::Target), 0, "no token for {name}");
    }
}
