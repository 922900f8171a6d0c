//! Who answers in IMDS's place, and in which words.

use crate::ran::Ran;
use crate::replies::{ARM_AUDIENCE, CLIENT_ID, Reply, claims, in_secs, jwt, token_body};
use crate::wire::Route;
use crate::world::World;
use azvm_diagnostics::CheckId::{ImdsReachable, ImdsToken};
use azvm_diagnostics::{Confidence, Severity};
use serde_json::json;

/// Exactly these codes are found, in the order of the chain.
#[track_caller]
fn check(world: World, expected: &[&str]) -> Ran {
    let ran = world.run();
    assert_eq!(ran.codes(), expected, "{}", ran.verbose_text());
    ran
}

/// The same answer to every question: who refuses the first alone may be a stand-in.
fn probe(reply: Reply) -> World {
    World::healthy().with_imds(reply)
}

fn token(reply: Reply) -> World {
    World::healthy().with(Route::Token, reply)
}

#[track_caller]
fn cause<'a>(ran: &'a Ran, code: &str) -> &'a str {
    ran.finding(code).cause.as_deref().unwrap()
}

/// The agent's library writes the usual words of a status, `closed_response` in
/// Azure/GuestProxyAgent:proxy_agent/src/proxy/proxy_server.rs.
#[test]
fn a_refusal_with_words_of_its_own_in_the_status_line_is_not_the_agents() {
    let closed = || Reply::new(403, "").with("Connection", "close");
    let words = "Forbidden by rule: blocked by network policy";
    let ran = check(probe(closed().saying(words)), &["NET-014"]);
    assert_eq!(ran.evidence(ImdsReachable, "reason_phrase"), Some(words));
    assert_eq!(ran.finding("NET-014").confidence, Confidence::Likely);
    let told = cause(&ran, "NET-014");
    assert!(
        told.starts_with("an unknown server answered 403 ") && told.ends_with(words),
        "{told}"
    );
    let ran = check(token(closed().saying(words)), &["NET-014"]);
    assert!(cause(&ran, "NET-014").ends_with(words));
    // The usual words, in whatever letters, and none.
    for usual in ["Forbidden", "FORBIDDEN", ""] {
        let ran = check(probe(closed().saying(usual)), &["IMDS-010"]);
        assert_eq!(ran.evidence(ImdsReachable, "reason_phrase"), None);
        assert_eq!(ran.finding("IMDS-010").confidence, Confidence::High);
    }
    check(token(closed().saying("Forbidden")), &["IMDS-010"]);
    // By such words Docker Desktop's proxy is known in a body as well; IMDS stays IMDS.
    let docker = "connecting to 169.254.169.254:80: connectex: unreachable network.";
    check(probe(closed().saying(docker)), &["HOST-007"]);
    let imds = Reply::imds_error(400, "invalid_request", "No.").saying("Bad header");
    check(World::healthy().with(Route::ImdsProbe, imds), &[]);
}

#[test]
fn a_token_in_a_status_line_is_cut_out() {
    let secret = format!("eyJ{}.e30.c2ln", "a".repeat(40));
    let line = format!("Not allowed: Bearer {secret}");
    let ran = check(probe(Reply::new(403, "").saying(&line)), &["NET-014"]);
    let shown = "Not allowed: Bearer <redacted>";
    assert_eq!(ran.evidence(ImdsReachable, "reason_phrase"), Some(shown));
    assert!(!ran.verbose_text().contains("aaaaaaaa") && !ran.json_text().contains("aaaaaaaa"));
}

/// `Server` and `Metadata-Flavor` of the first two are known: tailscale/tailscale:util/cloudenv/cloudenv.go,
/// salrashid123/gce_metadata_server:server.go.
#[test]
fn another_clouds_service_is_named_by_its_headers() {
    let server =
        |name: &str| Reply::new(404, "<html><h1>Not Found</h1></html>").with("Server", name);
    for (reply, cloud) in [
        (server("EC2ws"), "Amazon EC2"),
        (server("Metadata Server for VM"), "Google Compute Engine"),
        (
            Reply::new(403, "").with("Metadata-Flavor", "Google"),
            "Google Compute Engine",
        ),
        (server("Oracle Cloud Metadata"), "Oracle Cloud"),
        (server("OpenStack nova"), "OpenStack"),
        (server("nova-api-metadata/29"), "OpenStack"),
    ] {
        let ran = check(probe(reply), &["HOST-002"]);
        assert_eq!(ran.exit(), 6, "{cloud}");
        let start = format!("the metadata service of {cloud} answered 40");
        let told = cause(&ran, "HOST-002");
        assert!(told.starts_with(&start), "{told}");
        assert!(ran.check(ImdsReachable).summary.contains(cloud));
    }
    // Another flavor is somebody's, and nobody's that is known.
    let other = Reply::new(403, "").with("Metadata-Flavor", "Other");
    let ran = check(probe(other), &["HOST-002"]);
    assert!(cause(&ran, "HOST-002").starts_with("another cloud's metadata service"));
    // Products of the same makers, and words that are only in the body.
    for name in [
        "Oracle-HTTP-Server/12.2",
        "nova/1",
        "metadata-proxy",
        "nginx",
    ] {
        let ran = check(probe(server(name)), &["NET-014"]);
        let start = format!("an unknown server ({name}) answered 404 ");
        assert!(cause(&ran, "NET-014").starts_with(&start));
    }
    check(
        probe(Reply::new(404, "Oracle Cloud Metadata")),
        &["NET-014"],
    );
    // A stand-in in IMDS's form is one, whatever it is called.
    let body = json!({"error": "invalid_request"}).to_string();
    let named = Reply::new(400, body).with("Server", "OpenStack nova");
    check(World::healthy().with(Route::ImdsProbe, named), &[]);
}

/// The page: Azure/WALinuxAgent#142, of the platform's own IIS at another address.
#[test]
fn a_web_servers_refusal_is_quoted_and_no_proxys() {
    let iis = |kind: &str, body: &str| {
        Reply::new(403, body)
            .with("Server", "Microsoft-IIS/10.0")
            .with("Content-Type", kind)
    };
    let xml = "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>Forbidden</Code>\
               <Message>Access is denied.</Message></Error>";
    let page = "<!DOCTYPE html PUBLIC \"x\"><html><head><style>b{}</style></head>\
                <h2>Forbidden</h2><h3>Access is denied.</h3></html>";
    for (kind, body) in [("text/xml; charset=utf-8", xml), ("text/html", page)] {
        let ran = check(probe(iis(kind, body)), &["NET-014"]);
        let told = cause(&ran, "NET-014");
        assert!(
            told.starts_with("an unknown server (Microsoft-IIS/10.0) answered 403 "),
            "{told}"
        );
        assert!(told.ends_with(": Forbidden Access is denied."), "{told}");
        assert_eq!(
            ran.evidence(ImdsReachable, "responder"),
            Some("an unknown server")
        );
        let ran = check(token(iis(kind, body)), &["NET-014"]);
        let end = ": Forbidden Access is denied. (Server: Microsoft-IIS/10.0)";
        assert!(cause(&ran, "NET-014").ends_with(end));
    }
    // XML with a proxy's mark is a proxy's, and so is another page; both are quoted.
    let proxys = [
        iis("text/xml", xml).with("Via", "1.1 proxy"),
        Reply::new(403, page).with("Content-Type", "text/html"),
        Reply::new(502, page),
    ];
    for reply in proxys {
        let ran = check(probe(reply), &["NET-014"]);
        let told = cause(&ran, "NET-014");
        assert!(told.starts_with("an HTTP proxy answered "), "{told}");
        assert!(told.contains(": Forbidden Access is denied."), "{told}");
    }
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

/// The page of Squid: squid-cache/squid:src/errorpage.cc and errors/templates/ERR_CONNECT_FAIL.
#[test]
fn who_answered_and_where_it_sends_is_shown() {
    let squid = || {
        Reply::new(
            503,
            "<html><title>ERROR: The requested URL could not be retrieved</title>",
        )
        .with("Server", "squid/5.7")
        .with("Via", "1.1 proxy01 (squid/5.7)")
        .with("X-Squid-Error", "ERR_CONNECT_FAIL 113")
    };
    let by = "could not be retrieved (Server: squid/5.7, Via: 1.1 proxy01 (squid/5.7), \
              X-Squid-Error: ERR_CONNECT_FAIL 113)";
    for (world, id) in [(probe(squid()), ImdsReachable), (token(squid()), ImdsToken)] {
        let ran = check(world, &["NET-014"]);
        assert!(
            cause(&ran, "NET-014").ends_with(by),
            "{}",
            ran.verbose_text()
        );
        for (name, value) in [
            ("server", "squid/5.7"),
            ("via", "1.1 proxy01 (squid/5.7)"),
            ("squid_error", "ERR_CONNECT_FAIL 113"),
        ] {
            assert_eq!(ran.evidence(id, name), Some(value), "{name}");
        }
    }
    let portal = || {
        Reply::new(302, "").with("Server", "gate/1").with(
            "Location",
            "http://user:pw@portal.example/login?session=s3cret",
        )
    };
    for (world, id, server) in [
        (probe(portal()), ImdsReachable, ""),
        (token(portal()), ImdsToken, "Server: gate/1, "),
    ] {
        let ran = check(world, &["NET-014"]);
        let to = "http://portal.example/login";
        assert_eq!(ran.evidence(id, "redirects_to"), Some(to));
        let end = format!(" ({server}Location: {to})");
        assert!(
            cause(&ran, "NET-014").ends_with(&end),
            "{}",
            ran.verbose_text()
        );
        assert!(!ran.json_text().contains("s3cret") && !ran.json_text().contains("user:pw"));
    }
    // IMDS needs no name, and has none but its own.
    let own = Reply::imds_error(400, "invalid_request", "No.");
    let ran = check(World::healthy().with(Route::ImdsProbe, own), &[]);
    assert!(!ran.json_text().contains("\"marks\""));
    let refused = Reply::imds_error(400, "other", "No.").with("Location", "/x");
    let ran = check(token(refused), &["TOKEN-017"]);
    assert_eq!(ran.evidence(ImdsToken, "redirects_to"), None);
    assert_eq!(ran.evidence(ImdsToken, "server"), None);
}

/// A report keeps the marks, and hides hosts in them where names are hidden.
#[test]
fn marks_are_stored_and_redacted() {
    let reply = Reply::new(302, "")
        .with("Via", "1.1 proxy01")
        .with("Location", "https://portal.contoso.example/login");
    let ran = check(probe(reply), &["NET-014"]);
    assert!(
        ran.json_text()
            .contains("https://portal.contoso.example/login")
    );
    let strict = ran
        .facts
        .redacted(&azvm_diagnostics::Salt::new(b"salt"))
        .unwrap();
    let marks = &strict.imds.probe.as_ref().unwrap().marks;
    let shown = format!("{marks:?}");
    assert!(marks.via.is_some() && marks.redirects_to.is_some());
    assert!(
        !shown.contains("proxy01") && !shown.contains("contoso"),
        "{shown}"
    );
}

/// The bodies: OpenStack's page is of WebOb, Pylons/webob:src/webob/exc.py; the other two are made up.
#[test]
fn without_azures_mark_a_stranger_may_be_another_cloud() {
    let page = "<html>\n <head>\n  <title>404 Not Found</title>\n </head>\n</html>";
    for reply in [
        Reply::new(404, page).with("Content-Type", "text/html"),
        Reply::new(404, "not found").with("Content-Type", "text/plain"),
        Reply::new(404, r#"{"code":"NotAuthorizedOrNotFound"}"#),
    ] {
        let ran = check(
            probe(reply.clone()).with_asset_tag("OpenStack"),
            &["NET-014", "HOST-001"],
        );
        let note = ran.finding("HOST-001");
        assert_eq!(note.severity, Severity::Note);
        assert!(cause(&ran, "HOST-001").ends_with("; other clouds have services at this address"));
        assert_eq!(note.confidence, Confidence::Possible);
        assert_eq!((ran.exit(), ran.causes()), (1, vec!["NET-014"]));
        // An Azure machine is one.
        check(probe(reply), &["NET-014"]);
    }
    // A proxy is no cloud, and may stand before a machine that is none of Azure's.
    let proxy = Reply::new(502, page).with("Via", "1.1 proxy01");
    let ran = check(
        probe(proxy).with_asset_tag("OpenStack"),
        &["NET-014", "HOST-001"],
    );
    assert!(cause(&ran, "HOST-001").ends_with("what answers is not IMDS"));
    // A cloud that says who it is needs no guess.
    let aws = Reply::new(404, page).with("Server", "EC2ws");
    check(probe(aws).with_asset_tag("Amazon EC2"), &["HOST-002"]);
}

#[test]
fn the_address_is_the_one_that_was_asked() {
    let ran = check(probe(Reply::new(404, "")), &["NET-014"]);
    let said = |ran: &Ran| {
        let remedy = &ran.finding("NET-014").remedy;
        let lines = remedy.commands.iter().map(|it| it.run.clone());
        lines
            .chain([remedy.text.clone()])
            .collect::<Vec<_>>()
            .join("\n")
    };
    // A simulated machine is gone when it is read.
    let own = said(&ran);
    assert_eq!(own.matches("169.254.169.254").count(), 3, "{own}");
    let named = ran.with_facts(|facts| {
        facts.asked.simulation = None;
        facts.imds.endpoint = "http://[fd00::1]:8080".into();
    });
    let named = said(&named);
    assert!(!named.contains("169.254.169.254"), "{named}");
    assert!(named.contains("Exempt [fd00::1] in"), "{named}");
    let url = "'http://[fd00::1]:8080/metadata/versions'";
    assert_eq!(named.matches(url).count(), 2, "{named}");
}

#[test]
fn an_odata_error_is_quoted_and_decides_as_words_do() {
    let body = |code: &str, words: &str| {
        json!({"odata.error": {"code": code, "message": {"lang": "en", "value": words}}})
            .to_string()
    };
    let reply = |words| Reply::imds(400, body("Request_BadRequest", words));
    let ran = check(token(reply("The resource is odd.")), &["TOKEN-017"]);
    let words = "Request_BadRequest: The resource is odd.";
    assert_eq!(ran.evidence(ImdsToken, "error_description"), Some(words));
    assert!(cause(&ran, "TOKEN-017").ends_with(words));
    let ran = check(token(reply("Identity not found")), &["IDSEL-001"]);
    assert!(cause(&ran, "IDSEL-001").ends_with("Identity not found"));
    // Without words in it there are none; and nobody is taken for IMDS by such a form.
    let ran = check(
        token(Reply::imds(400, r#"{"odata.error":{}}"#)),
        &["TOKEN-017"],
    );
    assert_eq!(ran.evidence(ImdsToken, "error_description"), None);
    check(probe(Reply::new(400, body("C", "M"))), &["NET-014"]);
}

#[test]
fn an_answer_that_is_too_large_is_no_silence() {
    let large = |bytes: usize| Reply::imds(200, vec![b' '; bytes]);
    let ran = check(token(large(64 * 1024 + 1)), &["NET-014"]);
    let finding = ran.finding("NET-014");
    assert!(finding.title.ends_with("too large"), "{}", finding.title);
    assert!(cause(&ran, "NET-014").contains("more than 65536 bytes"));
    assert!(
        !finding.remedy.text.starts_with("Exempt"),
        "{}",
        finding.remedy.text
    );
    // What is as large as it may be is read.
    check(token(large(64 * 1024)), &["IMDS-018"]);
    let ran = check(probe(large(64 * 1024 + 1)), &["NET-014"]);
    assert!(cause(&ran, "NET-014").contains("more than 65536 bytes"));
    let arm =
        |bytes: usize| World::healthy().with(Route::Target, Reply::arm(200, vec![b' '; bytes]));
    let ran = check(arm(1024 * 1024 + 1), &["ARM-019"]);
    let title = &ran.finding("ARM-019").title;
    assert!(title.contains("more than 1048576 bytes"), "{title}");
}

#[test]
fn a_rule_or_a_missing_document_is_not_waited_for() {
    let fix = |reply: Reply| {
        let ran = World::healthy().with(Route::Instance, reply).run();
        assert!(ran.codes().contains(&"IMDS-022"), "{}", ran.verbose_text());
        ran.finding("IMDS-022").remedy.text.clone()
    };
    let agent = Reply::new(403, "").with("Connection", "close");
    let text = fix(agent);
    assert!(
        text.contains("Guest Proxy Agent's rules allow /metadata/instance"),
        "{text}"
    );
    for lasting in [
        Reply::imds(404, ""),
        Reply::imds_error(403, "forbidden", "No."),
        Reply::imds(200, "<html>"),
        Reply::imds_error(200, "invalid_request", "No."),
    ] {
        let text = fix(lasting);
        assert!(text.starts_with("Waiting does not help"), "{text}");
        assert!(
            text.ends_with("Name the target with --target meanwhile."),
            "{text}"
        );
    }
    for passing in [429, 500, 503] {
        let text = fix(Reply::imds(passing, ""));
        assert!(text.starts_with("Try again in a minute"), "{text}");
    }
}

#[test]
fn an_end_in_milliseconds_is_told() {
    let until = |end: String| {
        let mut body = token_body(&jwt(&claims(ARM_AUDIENCE)), CLIENT_ID);
        body["expires_on"] = end.into();
        token(Reply::imds(200, body.to_string()))
    };
    let ran = check(until(format!("{}000", in_secs(86_400))), &["IMDS-018"]);
    let finding = ran.finding("IMDS-018");
    assert_eq!(finding.severity, Severity::Warn);
    assert!(cause(&ran, "IMDS-018").contains("read as milliseconds it is 20"));
    let ran = check(until(in_secs(400 * 86_400 * 9).to_string()), &["IMDS-018"]);
    assert!(!cause(&ran, "IMDS-018").contains("milliseconds"));
    check(until(in_secs(28 * 3600).to_string()), &[]);
}
