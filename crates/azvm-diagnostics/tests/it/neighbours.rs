//! What lies next to a code and must not be taken for it.

use crate::ran::Ran;
use crate::replies::{
    CLIENT_ID, OBJECT_ID, OTHER_ID, Reply, TENANT, assigned, challenge, denied, group_answer,
    group_id, identity_id, in_secs, machine_id,
};
use crate::wire::{Deed, Route};
use crate::world::World;
use azvm_arm::Cloud;
use azvm_diagnostics::CheckId::{
    ArmReachable, ArmTarget, HostPlatform, ImdsReachable, ImdsToken, TokenClaims,
};
use azvm_diagnostics::{Confidence, Invocation, Severity};
use azvm_imds::{Audience, IdentitySelector};
use serde_json::json;
use std::time::Duration;

/// Exactly these codes are found, in the order of the chain.
#[track_caller]
fn check(world: World, expected: &[&str]) -> Ran {
    let ran = world.run();
    assert_eq!(ran.codes(), expected, "{}", ran.verbose_text());
    ran
}

fn probe(deed: impl Into<Deed>) -> World {
    World::healthy().with(Route::ImdsProbe, deed)
}

fn token(deed: impl Into<Deed>) -> World {
    World::healthy().with(Route::Token, deed)
}

fn target(deed: impl Into<Deed>) -> World {
    World::healthy().with(Route::Target, deed)
}

/// This answer to the first request for a token, the healthy one to the next.
fn token_at_second(deed: impl Into<Deed>) -> World {
    let body = crate::replies::token_body(
        &crate::replies::jwt(&crate::replies::claims(crate::replies::ARM_AUDIENCE)),
        CLIENT_ID,
    );
    let good = Reply::imds(200, body.to_string());
    World::healthy().with_all(Route::Token, [deed.into(), good.into()])
}

fn selecting(world: World, selector: IdentitySelector) -> World {
    world.asking(|config| config.with_selector(selector))
}

fn agent(status: u16) -> Reply {
    Reply::new(status, "").with("Connection", "close")
}

fn squid(status: u16) -> Reply {
    Reply::new(status, "<html>ERR_ACCESS_DENIED</html>").with("Via", "1.1 proxy.corp (squid/6.1)")
}

fn docker() -> Reply {
    Reply::new(
        403,
        "connecting to 169.254.169.254:80: connectex: unreachable network.",
    )
}

#[test]
fn four_403s_to_the_probe_have_four_meanings() {
    check(World::healthy().with_imds(agent(403)), &["IMDS-010"]);
    check(probe(squid(403)), &["NET-014"]);
    check(probe(docker()), &["HOST-007"]);
    check(probe(Reply::imds_error(403, "forbidden", "No.")), &[]);
}

#[test]
fn four_403s_to_the_token_have_three_meanings() {
    check(token(agent(403)), &["IMDS-010"]);
    check(token(squid(403)), &["NET-014"]);
    check(token(docker()), &["NET-014"]);
    check(
        token(Reply::imds_error(403, "forbidden", "No.")),
        &["TOKEN-017"],
    );
}

/// NMI's words. Source: Azure/azure-sdk-for-net#19242; Azure/aad-pod-identity:pkg/nmi/managed.go.
#[test]
fn an_answer_of_pod_identity_is_nmis() {
    let refresh = "failed to refresh token, error: adal: Refresh request failed. Status Code = '400'. Response body: \
                   {\"error\":\"invalid_request\",\"error_description\":\"Identity not found\"}";
    let unbound = "no azure identity found for request clientID";
    for (status, words) in [(403, refresh), (400, refresh), (404, unbound)] {
        let reply = || Reply::new(status, words).with("Content-Type", "text/plain");
        for world in [token(reply()), probe(reply())] {
            let ran = check(world, &["NET-018"]);
            let finding = ran.finding("NET-018");
            assert_eq!(
                finding.title,
                "AAD Pod Identity (NMI) answers in IMDS's place"
            );
            let cause = finding.cause.as_deref().unwrap();
            assert_eq!(
                cause,
                format!("aad-pod-identity answered {status}: {words}")
            );
            assert!(finding.remedy.text.contains("workload identity"));
        }
        let selector = IdentitySelector::ClientId(OTHER_ID.parse().unwrap());
        check(selecting(token(reply()), selector), &["NET-018"]);
    }
    // The same words from IMDS are IMDS's, and other words somebody else's.
    let imds = Reply::new(403, refresh).with("Server", "IMDS/1.2.3.4");
    check(token(imds), &["TOKEN-017"]);
    check(token(Reply::new(403, "failed")), &["NET-014"]);
}

#[test]
fn a_portal_that_answers_the_probe_was_not_asked_for_a_token() {
    let portal = || Reply::new(200, "<html>Sign in</html>").with("Content-Type", "text/html");
    let ran = check(probe(portal()), &["IMDS-018"]);
    let title = &ran.finding("IMDS-018").title;
    assert_eq!(
        title,
        "something other than IMDS answers 200 at its address"
    );
    let ran = check(token(Reply::imds(200, "<html>")), &["IMDS-018"]);
    let title = &ran.finding("IMDS-018").title;
    assert!(title.ends_with("something that is no token"), "{title}");
    // The words of whom is known by them are in the cause.
    let ran = check(probe(docker()), &["HOST-007"]);
    let cause = ran.finding("HOST-007").cause.as_deref().unwrap();
    assert!(cause.ends_with("unreachable network."), "{cause}");
}

#[test]
fn a_body_that_nobody_asked_for_is_the_cause() {
    let utf16 =
        |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let ran = check(
        token(Reply::imds(400, utf16("{\"error\":\"invalid_request\"}"))),
        &["TOKEN-017"],
    );
    assert_eq!(
        ran.finding("TOKEN-017").cause.as_deref(),
        Some("IMDS answered 400; the body is UTF-16, and JSON is UTF-8")
    );
    let fix = &ran.finding("TOKEN-017").remedy.text;
    assert!(
        fix.starts_with("Nobody asked for a body of this form."),
        "{fix}"
    );
    let zipped = || Reply::imds(200, b"\x1f\x8b\x08\0\0\0\0\0".to_vec());
    let ran = check(token(zipped()), &["IMDS-018"]);
    let cause = "IMDS answered 200, but the body is compressed (gzip), which nobody asked for";
    assert_eq!(ran.finding("IMDS-018").cause.as_deref(), Some(cause));
    let ran = check(
        World::healthy().with(Route::Instance, zipped()),
        &["IMDS-022"],
    );
    assert_eq!(ran.finding("IMDS-022").cause.as_deref(), Some(cause));
    // A header that the body belies says nothing.
    let named = Reply::imds_error(400, "invalid_scope", "No.").with("Content-Encoding", "gzip");
    let ran = check(token(named), &["TOKEN-017"]);
    assert!(
        ran.finding("TOKEN-017")
            .cause
            .as_deref()
            .unwrap()
            .ends_with(": No.")
    );
}

#[test]
fn there_is_only_to_read_what_is_there() {
    let fix = |reply: Reply| {
        let ran = check(token(reply), &["TOKEN-017"]);
        ran.finding("TOKEN-017").remedy.text.clone()
    };
    let described = fix(Reply::imds_error(403, "access_denied", "No."));
    assert!(described.starts_with("Read the description"), "{described}");
    let bare = fix(Reply::imds(403, r#"{"error":"access_denied"}"#));
    assert!(
        bare.starts_with("The answer has an error and no description"),
        "{bare}"
    );
    for body in ["", "{}", "[]"] {
        let silent = fix(Reply::imds(403, body));
        assert!(
            silent.starts_with("The answer says nothing but its status"),
            "{silent}"
        );
    }
}

#[test]
fn an_agents_5xx_is_not_that_of_imds() {
    for status in [500, 502, 503] {
        check(World::healthy().with_imds(agent(status)), &["IMDS-013"]);
    }
    let gateway = Reply::new(502, "<html>bad gateway</html>");
    check(probe(gateway), &["NET-014"]);
    let nginx = Reply::new(502, "").with("Server", "nginx");
    check(World::healthy().with_imds(nginx), &["NET-014"]);
    check(token(agent(502)), &["IMDS-013"]);
    check(
        token(Reply::imds_error(502, "bad_gateway", "")),
        &["IMDS-006"],
    );
}

#[test]
fn a_restarting_front_is_a_warning_while_tokens_come() {
    let front = || {
        Reply::new(500, "The service is starting")
            .with("Server", "Microsoft-IIS/10.0")
            .with("Content-Type", "text/plain")
    };
    let ran = check(probe(front()), &["IMDS-006"]);
    assert_eq!(ran.status(ImdsReachable), "warn");
    assert_eq!(ran.exit(), 0);
    let ran = check(token(front()), &["IMDS-006"]);
    assert_eq!(ran.status(ImdsToken), "fail");
}

#[test]
fn five_kinds_of_silence_of_imds_are_told_apart() {
    check(World::healthy().without_imds(), &["NET-003"]);
    check(probe(Deed::Hang(Duration::from_secs(3))), &["NET-019"]);
    check(World::healthy().with_imds(Deed::Close), &["IMDS-006"]);
    check(World::healthy().with_imds(Deed::Reset), &["IMDS-006"]);
    check(
        probe(Deed::Write(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec())),
        &["NET-014"],
    );
    let cut = b"HTTP/1.1 400 X\r\nServer: IMDS/1\r\nContent-Length: 99\r\n\r\n{\"err";
    let cut = World::healthy().with_imds(Deed::Write(cut.to_vec()));
    assert_eq!(check(cut, &["IMDS-006"]).exit(), 1);
}

#[test]
fn silence_about_the_token_is_told_apart_from_silence_of_imds() {
    let ran = check(token(Deed::Hang(Duration::from_secs(120))), &["NET-019"]);
    let finding = ran.finding("NET-019");
    assert_eq!(
        finding.title,
        "IMDS answered before, and no answer came to the request for a token"
    );
    assert_eq!(ran.status(ImdsReachable), "ok");
    assert_eq!(ran.status(ImdsToken), "fail");
    check(token(Deed::Close), &["IMDS-006"]);
}

#[test]
fn five_kinds_of_silence_of_arm_are_told_apart() {
    let arm = |deed: Deed| World::healthy().with(Route::ArmProbe, deed);
    check(World::healthy().without_arm(), &["ARM-003"]);
    check(arm(Deed::Hang(Duration::from_secs(10))), &["ARM-023"]);
    check(arm(Deed::Close), &["ARM-023"]);
    check(arm(Deed::Reset), &["ARM-023"]);
    check(
        arm(Deed::Write(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec())),
        &["ARM-019"],
    );
    let ran = check(
        World::healthy().with_arm_asked_over_tls().without_imds(),
        &["NET-003", "ARM-007"],
    );
    assert_eq!(ran.causes(), ["NET-003", "ARM-007"]);
}

#[test]
fn a_server_that_hangs_up_on_plain_http_may_speak_tls() {
    let hung_up = World::healthy().with(Route::ArmProbe, Deed::Close).run();
    let cause = |ran: &Ran| ran.finding("ARM-023").cause.clone().unwrap();
    assert!(
        cause(&hung_up).ends_with("hangs up on http://"),
        "{}",
        cause(&hung_up)
    );
    let over_tls = hung_up.with_facts(|facts| facts.arm.endpoint = "https://arm.example".into());
    assert!(
        !cause(&over_tls).contains("http://"),
        "{}",
        cause(&over_tls)
    );
    let silent = World::healthy().with(Route::ArmProbe, Deed::Hang(Duration::from_secs(10)));
    assert!(!cause(&silent.run()).contains("hangs up"));
}

#[test]
fn a_silent_target_is_no_trouble_of_arm_that_is_known() {
    for deed in [
        Deed::Close,
        Deed::Reset,
        Deed::Hang(Duration::from_secs(30)),
    ] {
        let ran = check(target(deed), &["ARM-023"]);
        assert_eq!(ran.status(ArmReachable), "ok");
        assert_eq!(ran.status(ArmTarget), "fail");
    }
}

#[test]
fn a_machine_elsewhere_needs_both_signs() {
    // Azure's firmware and silence is a network problem; another's firmware and IMDS is a machine in Azure.
    let ran = check(World::healthy().without_imds(), &["NET-003"]);
    assert_eq!(ran.exit(), 1);
    let ran = check(World::healthy().with_asset_tag("Example Laptop 0001"), &[]);
    assert_eq!(ran.exit(), 0);
    let text = ran.text();
    assert!(
        text.contains("no Azure mark in the firmware, but IMDS answers: web-07"),
        "{text}"
    );
    // Nobody there is asked anything.
    let elsewhere = World::healthy()
        .without_imds()
        .with_asset_tag("Example Laptop 0001");
    let ran = check(elsewhere, &["HOST-001"]);
    assert!(ran.seen.is_empty(), "{:?}", ran.seen);
}

#[test]
fn a_clock_is_wrong_when_both_servers_say_so() {
    let probed = || {
        Reply::imds_error(
            400,
            "invalid_request",
            "Required metadata header not specified",
        )
    };
    let world = |imds: i64, arm: i64| {
        probe(probed().dated(imds)).with(Route::ArmProbe, challenge(TENANT).dated(arm))
    };
    check(world(-600, 0), &[]);
    check(world(0, 600), &[]);
    check(world(-50, -50), &[]);
    let ran = check(world(600, 500), &["HOST-009"]);
    let cause = ran.finding("HOST-009").cause.as_deref().unwrap();
    assert!(
        cause.contains("behind the servers'") && cause.contains("50"),
        "{cause}"
    );
    assert_eq!(ran.status(HostPlatform), "warn");
    let undated =
        probe(probed().undated()).with(Route::ArmProbe, challenge(TENANT).dated(-600).undated());
    check(undated, &["HOST-009"]);
    let undated = probe(probed().undated()).with(Route::ArmProbe, challenge(TENANT).undated());
    let ran = check(undated, &[]);
    assert_eq!(ran.evidence(HostPlatform, "clock_skew_s"), None);
}

#[test]
fn what_passed_after_a_retry_is_a_warning() {
    for (status, code) in [
        (404, "IMDS-001"),
        (410, "IMDS-002"),
        (429, "IMDS-003"),
        (503, "IMDS-006"),
    ] {
        let ran = check(
            token_at_second(Reply::imds_error(status, "busy", "Later.")),
            &[code],
        );
        assert_eq!(ran.finding(code).severity, Severity::Warn);
        assert_eq!(ran.exit(), 0);
        assert_eq!(ran.asked(Route::Token), 2);
        assert!(
            ran.finding(code)
                .title
                .ends_with("; recovered after 1 retry")
        );
    }
    let ran = check(token_at_second(Deed::Close), &["IMDS-006"]);
    assert_eq!(ran.exit(), 0);
}

/// An IMDS that does not know the api-version names others: the newest that can be read is asked for, once.
#[test]
fn an_older_imds_is_asked_again_with_a_version_that_it_has() {
    let older = |versions: &[&str]| {
        let body = json!({
            "error": "Bad request. api-version is invalid or was not specified in the request.",
            "newest-versions": versions,
        });
        Reply::imds(400, body.to_string())
    };
    let good = || Reply::imds(200, crate::replies::instance_body().to_string());
    let of = |replies: [Reply; 2]| World::healthy().with_all(Route::Instance, replies);

    let old = ["2020-06-01", "2020-09-01", "2020-07-15"];
    let ran = check(of([older(&old), good()]), &["IMDS-009"]);
    assert_eq!(ran.finding("IMDS-009").severity, Severity::Note);
    assert_eq!(
        ran.evidence(ImdsReachable, "newest_versions"),
        Some("2020-06-01 2020-09-01 2020-07-15")
    );
    let asked = ran
        .seen
        .iter()
        .filter(|it| it.route == Some(Route::Instance));
    let asked: Vec<&str> = asked.map(|seen| seen.target()).collect();
    assert_eq!(
        asked,
        [
            "/metadata/instance?api-version=2021-02-01",
            "/metadata/instance?api-version=2020-09-01"
        ]
    );
    let again = ran.with_facts(|_| {});
    assert_eq!(again.codes(), ran.codes());

    // Once: what it names then is not asked for.
    let ran = check(
        of([older(&old), older(&["2019-11-01"])]),
        &["IMDS-009", "IMDS-022"],
    );
    assert_eq!(ran.finding("IMDS-009").severity, Severity::Warn);
    assert_eq!(ran.asked(Route::Instance), 2);
    // Versions whose form is not known here, or the one that was sent.
    for unknown in ["2999-01-01", "2021-02-01", "latest"] {
        let ran = check(of([older(&[unknown]), good()]), &["IMDS-009"]);
        assert_eq!(ran.asked(Route::Instance), 1);
        assert_eq!(ran.finding("IMDS-009").severity, Severity::Warn);
    }
    // Another 400 has no such list.
    let refusal = Reply::imds_error(400, "bad_request", "2020-09-01");
    check(of([refusal, good()]), &["IMDS-022"]);
}

#[test]
fn what_never_passed_did_not_recover() {
    let busy = || Reply::imds_error(503, "unavailable", "");
    let world = World::healthy().with(Route::Instance, busy());
    check(world, &["IMDS-022"]);
    check(World::healthy().with(Route::IdentityInfo, busy()), &[]);
}

#[test]
fn what_is_retried_follows_the_documented_schedule() {
    let attempts = |reply: Reply| token(reply).run().asked(Route::Token);
    // 1, 2, 6, 14 and 30 s; 70 s of updating; an answer is an answer.
    assert_eq!(attempts(Reply::imds_error(429, "too_many_requests", "")), 6);
    assert_eq!(attempts(Reply::imds_error(503, "unavailable", "")), 6);
    // The first two of them, and no more: what takes longer is worth a finding.
    assert_eq!(attempts(Reply::imds_error(404, "not_found", "")), 3);
    assert_eq!(attempts(Reply::imds_error(410, "gone", "")), 9);
    assert_eq!(
        attempts(Reply::imds_error(400, "unauthorized_client", "")),
        1
    );
    let ran = target(Reply::arm_error(503, "ServerTimeout", "Later.")).run();
    assert_eq!(ran.asked(Route::Target), 4);
    assert_eq!(ran.check(ArmTarget).attempts, 4);
}

#[test]
fn an_answer_that_asks_for_an_hour_is_not_waited_for() {
    let asking = |secs: &str| {
        let busy = Reply::imds_error(429, "too_many_requests", "Later.");
        token_at_second(busy.with("Retry-After", secs))
    };
    let ran = check(asking("3600"), &["IMDS-003"]);
    assert_eq!((ran.exit(), ran.asked(Route::Token)), (1, 1));
    assert!(ran.facts.duration < Duration::from_secs(1));
    let cause = ran.finding("IMDS-003").cause.as_deref().unwrap();
    assert!(cause.contains("it asks to come back in"), "{cause}");
    let ran = check(asking("20"), &["IMDS-003"]);
    assert_eq!((ran.exit(), ran.asked(Route::Token)), (0, 2));
}

#[test]
fn what_arm_answered_after_a_retry_is_a_warning() {
    let tried =
        |deed: Deed| World::healthy().with_all(Route::Target, [deed, group_answer().into()]);
    let refusal = |status| Reply::arm_error(status, "Busy", "Later.");
    for (deed, code) in [
        (refusal(429).into(), "ARM-016"),
        (refusal(503).into(), "ARM-017"),
        (Reply::new(429, "{}").into(), "ARM-016"),
        (Reply::new(500, "{}").into(), "ARM-017"),
        // The answer that followed has an ID.
        (Reply::new(502, "{}").into(), "ARM-019"),
        (Deed::Close, "ARM-023"),
    ] {
        let ran = check(tried(deed), &[code]);
        assert_eq!(
            (ran.finding(code).severity, ran.exit()),
            (Severity::Warn, 0)
        );
        let title = &ran.finding(code).title;
        assert!(title.ends_with("; recovered after 1 retry"), "{title}");
    }
}

#[test]
fn an_update_that_never_ends_leaves_a_request_for_the_token() {
    let gone = || Reply::imds_error(410, "gone", "Later.");
    let ran = token(gone())
        .with(Route::Instance, gone())
        .with(Route::IdentityInfo, gone())
        .asking(|config| config.with_timeout(Duration::from_secs(3600)))
        .run();
    assert_eq!(ran.asked(Route::Instance), 9);
    assert_eq!(ran.asked(Route::IdentityInfo), 1);
    assert_eq!(ran.asked(Route::Token), 1);
    assert_eq!(ran.causes(), ["IMDS-002"]);
}

/// What fails without end is not the update that the token would wait for as well.
#[test]
fn descriptions_that_fail_cost_the_token_neither_time_nor_requests() {
    for trouble in [
        || Reply::imds_error(500, "server_error", "").into(),
        || Reply::imds_error(429, "too_many_requests", "").into(),
    ] as [fn() -> Deed; 2]
    {
        let ran = token_at_second(Reply::imds_error(503, "unavailable", ""))
            .with(Route::Instance, trouble())
            .with(Route::IdentityInfo, trouble())
            .asking(|config| config.with_target(group_id().parse().unwrap()).unwrap())
            .run();
        assert_eq!(ran.codes(), ["IMDS-022", "IMDS-006"]);
        assert_eq!(ran.exit(), 0, "{}", ran.verbose_text());
        assert!(ran.asked(Route::Instance) <= 3 && ran.asked(Route::IdentityInfo) <= 3);
        let took = ran.facts.duration;
        assert!(took < Duration::from_secs(20), "{took:?}");
        let ever = || Reply::imds_error(503, "unavailable", "");
        let world = token(ever()).with(Route::Instance, trouble());
        let ran = world.with(Route::IdentityInfo, trouble()).run();
        assert!(ran.asked(Route::Token) >= 5, "{}", ran.verbose_text());
    }
}

#[test]
fn a_404_is_about_the_identity_only_when_it_says_so() {
    let not_found = || Reply::imds_error(404, "not_found", "Identity not found");
    check(token(not_found()), &["IDSEL-001"]);
    for body in ["{\"error\":\"Identity not found\"}", "Identity not found"] {
        check(token(Reply::imds(404, body)), &["IDSEL-001"]);
        check(token(Reply::imds(400, body)), &["IDSEL-001"]);
    }
    check(
        token(Reply::imds_error(404, "not_found", "Nothing here")),
        &["IMDS-001"],
    );
    let selector = || IdentitySelector::ClientId(OTHER_ID.parse().unwrap());
    check(selecting(token(not_found()), selector()), &["IDSEL-007"]);
}

#[test]
fn a_400_is_about_the_identity_unless_it_is_about_the_request() {
    let of = |error, words| token(Reply::imds_error(400, error, words));
    check(of("bad_request_102", "…"), &["IMDS-008"]);
    check(
        of("invalid_resource", "AADSTS500011: not found"),
        &["TOKEN-004"],
    );
    check(of("unauthorized_client", "…"), &["TOKEN-015"]);
    let ran = check(of("invalid_request", "Something new"), &["IDSEL-001"]);
    // Without the words there are other explanations.
    assert_eq!(ran.finding("IDSEL-001").confidence, Confidence::Possible);
    let ran = check(of("invalid_request", "Identity not found"), &["IDSEL-001"]);
    assert_eq!(ran.finding("IDSEL-001").confidence, Confidence::High);
}

#[test]
fn a_500_is_the_directorys_only_when_it_says_so() {
    let of = |error| token(Reply::imds_error(500, error, ""));
    check(of("unknown"), &["IMDS-004"]);
    check(of("server_error"), &["IMDS-006"]);
    check(token(Reply::new(500, "unknown")), &["NET-014"]);
}

#[test]
fn an_id_of_either_kind_is_found_as_the_other() {
    let not_found = || Reply::imds_error(400, "invalid_request", "Identity not found");
    let good = crate::replies::token_body(
        &crate::replies::jwt(&crate::replies::claims("a")),
        CLIENT_ID,
    );
    let good = || Reply::imds(200, good.to_string());
    let given = |selector| {
        selecting(
            World::healthy().with_all(Route::Token, [not_found(), good()]),
            selector,
        )
    };
    let ran = check(
        given(IdentitySelector::ClientId(OBJECT_ID.parse().unwrap())),
        &["IDSEL-005"],
    );
    let finding = ran.finding("IDSEL-005");
    assert_eq!(
        finding.title,
        format!("{OBJECT_ID} was given as client ID and is an object ID")
    );
    assert_eq!(
        finding.remedy.commands[0].run,
        format!("azvm-doctor --object-id {OBJECT_ID}")
    );
    assert!(
        ran.seen
            .iter()
            .any(|seen| seen.target().contains("&object_id="))
    );
    let ran = check(
        given(IdentitySelector::ObjectId(CLIENT_ID.parse().unwrap())),
        &["IDSEL-005"],
    );
    let finding = ran.finding("IDSEL-005");
    assert_eq!(
        finding.title,
        format!("{CLIENT_ID} was given as object ID and is a client ID")
    );
    assert_eq!(
        finding.remedy.commands[0].run,
        format!("azvm-doctor --client-id {CLIENT_ID}")
    );
}

#[test]
fn the_other_kind_is_asked_for_only_when_the_identity_is_not_found() {
    let asked = |error: &str, selector| {
        let world = token(Reply::imds_error(400, error, "…"));
        selecting(world, selector).run().asked(Route::Token)
    };
    let client = || IdentitySelector::ClientId(OTHER_ID.parse().unwrap());
    // The third question is whether the default identity can read the model.
    assert_eq!(asked("invalid_request", client()), 3);
    assert_eq!(asked("unauthorized_client", client()), 1);
    assert_eq!(asked("invalid_request", IdentitySelector::System), 1);
    let named = IdentitySelector::ResourceId(identity_id("app-id").parse().unwrap());
    assert_eq!(asked("invalid_request", named), 2);
}

#[test]
fn the_token_of_the_other_kind_is_not_used() {
    let not_found = Reply::imds_error(400, "invalid_request", "Identity not found");
    let body = crate::replies::token_body(
        &crate::replies::jwt(&crate::replies::claims("a")),
        CLIENT_ID,
    );
    let good = Reply::imds(200, body.to_string());
    let world = World::healthy().with_all(Route::Token, [not_found, good]);
    let selector = IdentitySelector::ClientId(OBJECT_ID.parse().unwrap());
    let ran = selecting(world, selector).run();
    assert_eq!(ran.asked(Route::Target), 0);
    assert!(
        ran.seen
            .iter()
            .all(|seen| seen.header("Authorization").is_none())
    );
}

#[test]
fn an_identity_that_was_asked_for_is_not_another_one() {
    let client = IdentitySelector::ClientId(CLIENT_ID.to_uppercase().parse().unwrap());
    check(selecting(World::healthy(), client), &[]);
    let id = identity_id("APP-ID").parse().unwrap();
    let world = World::healthy().with_claims(&json!({"xms_mirid": identity_id("app-id")}));
    check(selecting(world, IdentitySelector::ResourceId(id)), &[]);
    let id = identity_id("app-id").parse().unwrap();
    let world = World::healthy().with_claims(&json!({"xms_mirid": identity_id("other-id")}));
    check(
        selecting(world, IdentitySelector::ResourceId(id)),
        &["IDSEL-003"],
    );
}

#[test]
fn a_token_names_another_machine_only_when_it_names_a_machine() {
    let named = |id: String| World::healthy().with_claims(&json!({"xms_mirid": id}));
    check(named(machine_id("web-08")), &["TOKEN-009"]);
    check(named(machine_id("WEB-07")), &[]);
    check(named(identity_id("app-id")), &[]);
    check(named("no ID at all".into()), &[]);
}

#[test]
fn a_tenant_matters_as_far_as_it_hinders() {
    let wrong = || {
        Reply::arm_error(
            401,
            "InvalidAuthenticationTokenTenant",
            "The token is from the wrong issuer.",
        )
    };
    let probed = |tenant: &str| World::healthy().with(Route::ArmProbe, challenge(tenant));
    let ran = check(probed(OTHER_ID), &["TOKEN-007"]);
    assert_eq!((ran.exit(), ran.status(TokenClaims)), (0, "warn"));
    let ran = check(
        probed(OTHER_ID).with(Route::Target, wrong()),
        &["TOKEN-007"],
    );
    assert_eq!((ran.exit(), ran.status(TokenClaims)), (1, "fail"));
    check(probed(&TENANT.to_uppercase()), &[]);
    check(probed("common"), &[]);
    // Nor does the token's, when it is no GUID, hide what is really wrong.
    for tenant in [json!("common"), json!(false), json!("contoso.example")] {
        let named = World::healthy().with_claims(&json!({"tid": tenant}));
        check(named, &[]);
        let named = World::healthy().with_claims(&json!({"tid": tenant}));
        let ran = check(named.with(Route::Target, denied()), &["RBAC-021"]);
        assert_eq!(ran.status(TokenClaims), "ok");
    }
    // ARM says so although its challenge does not.
    let ran = check(target(wrong()), &["TOKEN-007"]);
    assert_eq!(ran.status(ArmTarget), "fail");
}

#[test]
fn a_token_is_early_or_late_by_the_clock() {
    check(
        World::healthy().with_claims(&json!({"nbf": in_secs(30)})),
        &[],
    );
    check(
        World::healthy().with_claims(&json!({"nbf": in_secs(90)})),
        &["TOKEN-011"],
    );
}

#[test]
fn a_token_that_is_over_is_not_said_to_last() {
    let healthy = crate::replies::jwt(&crate::replies::claims(crate::replies::ARM_AUDIENCE));
    let mut body = crate::replies::token_body(&healthy, CLIENT_ID);
    body["expires_on"] = in_secs(-480).to_string().into();
    let ran = check(token(Reply::imds(200, body.to_string())), &["TOKEN-012"]);
    let summary = &ran.check(ImdsToken).summary;
    assert!(summary.contains("ended 8 min"), "{summary}");
    assert!(!summary.contains("expires in"), "{summary}");
}

#[test]
fn an_audience_is_judged_by_what_arm_does_with_it() {
    let refusing = || {
        target(Reply::arm_error(
            401,
            "InvalidAuthenticationTokenAudience",
            "Wrong audience.",
        ))
    };
    let with = |world: World, text| {
        let audience = Audience::new(text).unwrap();
        world.asking(|config| config.with_audience(audience))
    };
    // Every spelling that ARM accepts.
    for audience in Cloud::Public.audiences() {
        check(with(World::healthy(), audience), &[]);
    }
    // ARM's own application ID: whoever reads the target with it has ARM's token.
    let app_id = json!({"aud": "797f4846-ba00-4fd7-ba43-dac1f8f63013"});
    check(World::healthy().with_claims(&app_id), &[]);
    check(
        target(denied()).with_claims(&app_id),
        &["TOKEN-002", "RBAC-021"],
    );
    // What the token names counts, too, though nothing came of it.
    let ran = check(
        with(World::healthy(), "https://storage.azure.com/"),
        &["TOKEN-002"],
    );
    assert_eq!((ran.status(TokenClaims), ran.exit()), ("warn", 0));
    let ran = check(
        with(refusing(), "https://storage.azure.com/"),
        &["TOKEN-002", "TOKEN-002"],
    );
    assert_eq!(
        (ran.status(TokenClaims), ran.status(ArmTarget)),
        ("note", "fail")
    );
    check(
        with(refusing(), "https://management.chinacloudapi.cn/"),
        &["TOKEN-001"],
    );
    // The same audience in its own cloud.
    let china = with(World::healthy(), "https://management.chinacloudapi.cn/")
        .asking(|config| config.with_cloud(Cloud::China))
        .with_claims(&json!({"aud": "https://management.core.chinacloudapi.cn"}));
    check(china, &[]);
    let invalid = || token(Reply::imds_error(400, "invalid_resource", ""));
    check(
        with(invalid(), "https://management.chinacloudapi.cn/"),
        &["TOKEN-001"],
    );
    check(
        with(invalid(), "https://management.azure.com/.default"),
        &["TOKEN-003"],
    );
    check(with(invalid(), "https://nobody.example/"), &["TOKEN-004"]);
}

#[test]
fn the_audience_is_that_of_the_machines_cloud() {
    let ran = World::healthy()
        .with_compute(&json!({"azEnvironment": "AzureUSGovernmentCloud"}))
        .run();
    let asked = ran
        .seen
        .iter()
        .find(|seen| seen.route == Some(Route::Token))
        .unwrap();
    assert!(
        asked
            .target()
            .contains("resource=https%3A%2F%2Fmanagement.usgovcloudapi.net%2F"),
        "{}",
        asked.target()
    );
    assert_eq!(
        ran.evidence(ArmReachable, "cloud"),
        Some("AzureUSGovernmentCloud")
    );
}

#[test]
fn the_401s_of_arm_are_told_apart_by_code() {
    for (code, expected) in [
        ("AuthenticationFailed", "ARM-012"),
        ("AuthenticationFailedInvalidHeader", "ARM-012"),
        ("AuthenticationFailedMissingToken", "ARM-011"),
        ("InvalidAuthenticationToken", "ARM-012"),
        ("InvalidAuthenticationTokenAudience", "ARM-010"),
        ("InvalidAuthenticationTokenTenant", "TOKEN-007"),
        ("ExpiredAuthenticationToken", "TOKEN-005"),
    ] {
        let ran = check(target(Reply::arm_error(401, code, "…")), &[expected]);
        assert_eq!(
            ran.asked(Route::RoleAssignments),
            0,
            "no role helps against {code}"
        );
    }
    check(target(Reply::new(401, "<html>")), &["ARM-019"]);
}

/// ARM's words for a wrong audience: JetBrains/azure-tools-for-intellij#16.
#[test]
fn an_audience_is_refused_for_the_endpoint_or_for_itself() {
    let refused = |accepted: Cloud| {
        let [first, second, ..] = accepted.audiences();
        let words = format!(
            "The access token has been obtained for wrong audience or resource 'X'. It should exactly match with one \
             of the allowed audiences '{first}','{second}'."
        );
        let reply = Reply::arm_error(401, "InvalidAuthenticationTokenAudience", &words);
        target(reply).asking(|config| {
            let invocation = Invocation::default()
                .with_flag("--arm-endpoint", Some("https://127.0.0.1:1".into()))
                .with_flag("--client-id", Some(CLIENT_ID.into()));
            config.with_invocation(invocation)
        })
    };
    let endpoint = |ran: &Ran, confidence, command: &str| {
        let finding = ran.finding("ARM-010");
        assert_eq!(finding.confidence, confidence);
        assert_eq!(finding.remedy.commands[0].run, command);
    };
    // The token is for the machine's own cloud, and this ARM is another's.
    let ran = check(refused(Cloud::China), &["ARM-010"]);
    let command = format!("azvm-doctor --client-id {CLIENT_ID} --cloud AzureCloud");
    endpoint(&ran, Confidence::High, &command);
    let cause = ran.finding("ARM-010").cause.as_deref().unwrap();
    assert!(
        cause.contains("accepts tokens for AzureChinaCloud"),
        "{cause}"
    );
    let government = json!({"azEnvironment": "AzureUSGovernmentCloud"});
    let gov_token = json!({"aud": Cloud::UsGovernment.audience()});
    let world = refused(Cloud::Public)
        .with_compute(&government)
        .with_claims(&gov_token);
    let ran = check(world, &["ARM-010"]);
    let command = format!("azvm-doctor --client-id {CLIENT_ID} --cloud AzureUSGovernment");
    endpoint(&ran, Confidence::High, &command);
    // Without ARM's words it is the endpoint that is no cloud's.
    let silent = Reply::arm_error(401, "InvalidAuthenticationTokenAudience", "…");
    endpoint(
        &check(target(silent.clone()), &["ARM-010"]),
        Confidence::Likely,
        "azvm-doctor --cloud AzureCloud",
    );
    let own = target(silent).run().with_facts(|facts| {
        facts.arm.endpoint = Cloud::Public.endpoint().into();
    });
    assert_eq!(own.codes(), ["ARM-012"]);
    // The token is for somebody else, whatever was asked for.
    let other = refused(Cloud::Public).with_claims(&json!({"aud": "https://vault.azure.net"}));
    check(other, &["TOKEN-002"]);
    let asked = Audience::new(Cloud::China.audience()).unwrap();
    let other = refused(Cloud::Public).asking(|config| config.with_audience(asked));
    check(
        other.with_claims(&json!({"aud": Cloud::China.audience()})),
        &["TOKEN-001"],
    );
}

#[test]
fn the_403s_of_arm_are_told_apart() {
    let deny = Reply::arm_error(
        403,
        "DenyAssignmentAuthorizationFailed",
        "… deny assignment …",
    );
    let ran = check(target(deny), &["RBAC-006"]);
    assert_eq!(ran.asked(Route::RoleAssignments), 0);
    let page = Reply::new(403, "<html>blocked by policy</html>");
    check(target(page), &["ARM-019"]);
    let ran = check(target(denied()), &["RBAC-021"]);
    assert_eq!(ran.asked(Route::RoleAssignments), 1);
}

#[test]
fn the_404s_of_arm_are_told_apart_by_code() {
    for (status, code, expected) in [
        (404, "ResourceGroupNotFound", "RID-007"),
        (404, "SubscriptionNotFound", "RID-006"),
        (400, "InvalidSubscriptionId", "RID-006"),
        (404, "ResourceNotFound", "RBAC-026"),
    ] {
        check(target(Reply::arm_error(status, code, "…")), &[expected]);
    }
    check(target(Reply::new(404, "<html>")), &["ARM-019"]);
}

#[test]
fn a_busy_arm_is_told_from_a_gateway() {
    check(
        target(Reply::arm_error(500, "InternalServerError", "…")),
        &["ARM-017"],
    );
    check(
        target(Reply::arm_error(429, "TooManyRequests", "…")),
        &["ARM-016"],
    );
    check(target(Reply::new(407, "")), &["ARM-009"]);
    check(target(Reply::arm(200, "[]")), &["ARM-019"]);
    // What is left of a budget, or a place on the way, is a mark of ARM's as good as an ID.
    for (status, mark, value, code) in [
        (
            429,
            "x-ms-ratelimit-remaining-subscription-reads",
            "0",
            "ARM-016",
        ),
        (503, "x-ms-failure-cause", "gateway", "ARM-017"),
    ] {
        let ran = check(target(Reply::new(status, "{}").with(mark, value)), &[code]);
        assert_eq!(ran.finding(code).confidence, Confidence::High);
    }
    // Without any, an answer may be ARM's where none of its answers has them.
    for (status, code) in [(429, "ARM-016"), (503, "ARM-017")] {
        let challenge = Reply::new(401, "{}").with(
            "WWW-Authenticate",
            "Bearer authorization_uri=\"https://login.windows.net/x\"",
        );
        let bare = target(Reply::new(status, "{}")).with(Route::ArmProbe, challenge);
        let ran = check(bare, &[code]);
        assert_eq!(ran.finding(code).confidence, Confidence::Likely);
        check(target(Reply::new(status, "{}")), &["ARM-019"]);
    }
}

/// Bodies and headers as Squid and nginx write them (squid-cache/squid:src/errorpage.cc).
#[test]
fn a_gateways_error_is_not_that_of_arm() {
    let squid = |status| {
        Reply::new(
            status,
            "<html><style>b{}</style><h1>Bad Gateway</h1></html>",
        )
        .with("Via", "1.1 proxy01 (squid)")
        .with("X-Squid-Error", "ERR_DNS_FAIL 0")
    };
    for status in [500, 502, 503, 504, 429] {
        let ran = check(target(squid(status)), &["ARM-019"]);
        let cause = ran.finding("ARM-019").cause.as_deref().unwrap();
        let who = "(Via: 1.1 proxy01 (squid), X-Squid-Error: ERR_DNS_FAIL 0): Bad Gateway";
        assert!(cause.ends_with(who), "{cause}");
        assert!(ran.evidence(ArmTarget, "responder").is_some());
        let probed = World::healthy().with(Route::ArmProbe, squid(status));
        let ran = check(probed, &["ARM-019"]);
        assert_eq!(ran.evidence(ArmReachable, "message"), Some("Bad Gateway"));
        // A proxy's name is one of the owner's names.
        let strict = crate::strict::strict(&ran, "salt").verbose_text();
        assert!(
            !strict.contains("proxy01") && strict.contains("squid"),
            "{strict}"
        );
    }
    // The same with ARM's ID is ARM's.
    let own =
        |status| squid(status).with("x-ms-request-id", "b2b2b2b2-0000-4000-8000-00000000000b");
    check(target(own(502)), &["ARM-017"]);
    check(target(own(429)), &["ARM-016"]);
    check(target(own(403)), &["ARM-021"]);
    let page = own(403).with("Content-Type", "text/html");
    let ran = check(target(page), &["ARM-019"]);
    assert!(
        ran.evidence(ArmTarget, "responder")
            .unwrap()
            .contains("squid")
    );
    // Recovered, it is nobody's but the proxy's as well.
    let world = World::healthy().with_all(Route::Target, [squid(502), group_answer()]);
    assert_eq!(check(world, &["ARM-019"]).exit(), 0);
}

/// `X-Azure-Ref` is documented in *Protocol support for HTTP headers in Azure Front Door*.
#[test]
fn a_page_of_azures_gateways_is_not_a_strangers() {
    let page = |status, mark: &'static str| {
        Reply::new(
            status,
            "<!DOCTYPE html><h2>Our services are not available</h2>",
        )
        .with("Content-Type", "text/html")
        .with(mark, "0zxV+XAAAAABKMMOjBv2NT4TY6SQVjC0zV1NURURHRTA2MTk=")
    };
    for mark in [
        "X-Azure-Ref",
        "X-MSEdge-Ref",
        "x-ms-request-id",
        "x-ms-failure-cause",
    ] {
        for (status, code) in [
            (500, "ARM-017"),
            (502, "ARM-017"),
            (503, "ARM-017"),
            (429, "ARM-016"),
        ] {
            let ran = check(target(page(status, mark)), &[code]);
            let finding = ran.finding(code);
            assert_eq!(finding.confidence, Confidence::Likely);
            let cause = finding.cause.as_deref().unwrap();
            assert!(
                cause.starts_with("a gateway before ARM, with marks of Azure, answered "),
                "{cause}"
            );
            assert!(cause.ends_with("Our services are not available"), "{cause}");
            let probed = World::healthy().with(Route::ArmProbe, page(status, mark));
            check(probed, &[code]);
        }
        // A page in the place of a refusal is a block page, and one that names a proxy is the proxy's.
        check(target(page(403, mark)), &["ARM-019"]);
        check(
            target(page(503, mark).with("Via", "1.1 proxy01 (squid)")),
            &["ARM-019"],
        );
    }
    let ran = target(page(503, "X-Azure-Ref")).run();
    assert!(
        ran.evidence(ArmTarget, "responder")
            .unwrap()
            .contains("X-Azure-Ref: 0zxV")
    );
    let ran = target(page(503, "x-ms-request-id")).run();
    assert!(ran.evidence(ArmTarget, "request_id").is_some());
    // Without any mark it stays somebody's.
    check(target(page(503, "X-Cache")), &["ARM-019"]);
}

#[test]
fn a_body_of_arm_that_nobody_can_read_says_why() {
    let gzip = || b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec();
    let ran = check(target(Reply::arm(403, gzip())), &["ARM-021"]);
    let words = "the body is compressed (gzip), which nobody asked for";
    assert_eq!(ran.evidence(ArmTarget, "message"), Some(words));
    let ran = check(target(Reply::arm(200, gzip())), &["ARM-019"]);
    let finding = ran.finding("ARM-019");
    assert!(finding.cause.as_deref().unwrap().ends_with(words));
    assert!(!finding.remedy.text.contains("Allow the host"));
    assert!(
        finding.title.contains("has ARM's marks"),
        "{}",
        finding.title
    );
    let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let ran = check(target(Reply::new(403, utf16)), &["ARM-019"]);
    assert_eq!(
        ran.evidence(ArmTarget, "message"),
        Some("the body is UTF-16, and JSON is UTF-8")
    );
}

/// The forms that Azure/azure-sdk-for-go:sdk/azcore/internal/exported/response_error.go reads beside ARM's own.
#[test]
fn a_refusal_outside_of_arms_envelope_is_read() {
    let flat = |code: &str| json!({"code": code, "message": "No."}).to_string();
    check(
        target(Reply::arm(403, flat("AuthorizationFailed"))),
        &["RBAC-021"],
    );
    check(
        target(Reply::arm_error(403, "authorizationFAILED", "No.")),
        &["RBAC-021"],
    );
    check(
        target(Reply::new(404, flat("ResourceGroupNotFound"))),
        &["RID-007"],
    );
    check(target(Reply::arm(404, flat("NotFound"))), &["RBAC-026"]);
    check(target(Reply::new(404, flat("NotFound"))), &["ARM-019"]);
    let odata = json!({"odata.error": {
        "code": "Authorization_RequestDenied",
        "message": {"lang": "en", "value": "Insufficient privileges."},
    }});
    let ran = check(target(Reply::arm(403, odata.to_string())), &["ARM-021"]);
    assert_eq!(
        ran.evidence(ArmTarget, "message"),
        Some("Insufficient privileges.")
    );
    let xml = "<?xml version=\"1.0\"?><Error><Code>C</Code><Message>No.</Message></Error>";
    let ran = check(target(Reply::arm(403, xml)), &["ARM-021"]);
    assert_eq!(ran.evidence(ArmTarget, "message"), Some("C No."));
    check(target(Reply::arm(401, xml)), &["ARM-012"]);
    check(target(Reply::new(403, xml)), &["ARM-019"]);
    let words = json!({"error": "denied", "error_description": "by rule 17"}).to_string();
    let ran = check(target(Reply::new(403, words)), &["ARM-019"]);
    assert_eq!(
        ran.evidence(ArmTarget, "message"),
        Some("denied: by rule 17")
    );
}

#[test]
fn a_detail_tells_what_a_general_refusal_does_not() {
    let refusal = |code: &str| {
        let details = json!([{"code": code, "message": "policy P denies"}]);
        let error = json!({"code": "Forbidden", "message": "", "details": details});
        target(Reply::arm(403, json!({ "error": error }).to_string()))
    };
    let ran = check(refusal("requestdisallowedbypolicy"), &["RBAC-018"]);
    let cause = ran.finding("RBAC-018").cause.as_deref().unwrap();
    assert!(cause.ends_with(": policy P denies"), "{cause}");
    let shown = ran.evidence(ArmTarget, "details");
    assert_eq!(shown, Some("requestdisallowedbypolicy: policy P denies"));
    check(refusal("AuthorizationFailed"), &["RBAC-021"]);
    check(refusal("Unheard"), &["ARM-021"]);
}

#[test]
fn the_age_of_an_assignment_tells_propagation_from_what_waiting_does_not_help() {
    let listed = |list: Reply| target(denied()).with(Route::RoleAssignments, list);
    let old = in_secs(-86_400);
    check(
        listed(assigned(in_secs(-570), in_secs(-570))),
        &["RBAC-002"],
    );
    for (age, code) in [(630, "RBAC-002"), (870, "RBAC-002"), (930, "RBAC-027")] {
        check(listed(assigned(in_secs(-age), in_secs(-age))), &[code]);
    }
    // A change starts the time anew, and a clock that is behind makes no assignment old.
    check(listed(assigned(old, in_secs(-60))), &["RBAC-002"]);
    check(listed(assigned(in_secs(60), in_secs(60))), &["RBAC-002"]);
}

#[test]
fn the_age_of_an_assignment_is_by_the_services_clock() {
    let hour = 3600;
    let world = |created: i64| {
        target(denied().dated(hour)).with(
            Route::RoleAssignments,
            assigned(in_secs(created), in_secs(created)),
        )
    };
    check(world(hour - 120), &["RBAC-002"]);
    check(world(-120), &["RBAC-027"]);
}

#[test]
fn without_a_date_the_local_clock_tells_the_age() {
    let list = assigned(in_secs(-60), in_secs(-60));
    let world = target(denied().undated()).with(Route::RoleAssignments, list);
    check(world, &["RBAC-002"]);
}

#[test]
fn a_list_that_cannot_be_had_proves_nothing() {
    let listed = |deed: Deed| target(denied()).with(Route::RoleAssignments, deed);
    for deed in [
        Reply::arm_error(429, "TooManyRequests", "…").into(),
        Reply::arm(200, "{\"value\": 7}").into(),
        Deed::Close,
        Deed::Hang(Duration::from_secs(30)),
    ] {
        check(listed(deed), &["RBAC-021"]);
    }
}

#[test]
fn a_machine_without_a_group_has_no_target_and_that_is_no_verdict() {
    let without = || {
        let refusal = Reply::imds_error(403, "forbidden", "Not for you");
        World::healthy().with(Route::Instance, refusal)
    };
    let named = without().asking(|config| config.with_target(group_id().parse().unwrap()).unwrap());
    let ran = check(named, &["IMDS-022"]);
    let remedy = &ran.finding("IMDS-022").remedy;
    assert!(remedy.commands.is_empty(), "the target is named already");
    assert!(!remedy.text.contains("--target"), "{}", remedy.text);
    let ran = check(without(), &["IMDS-022"]);
    assert_eq!(ran.finding("IMDS-022").remedy.commands.len(), 1);
    assert_eq!(ran.status(ArmTarget), "unknown");
    assert_eq!(ran.exit(), 0);
    assert!(ran.text().contains("nothing to read"), "{}", ran.text());
    let without = World::healthy().with_compute(&json!({"resourceGroupName": ""}));
    let ran = check(without, &[]);
    assert_eq!(ran.status(ArmTarget), "unknown");
}

#[test]
fn without_time_nothing_is_known() {
    let ran = check(
        World::healthy().asking(|config| config.with_timeout(Duration::ZERO)),
        &[],
    );
    let unknown = ran
        .diagnosis
        .checks
        .iter()
        .filter(|check| check.status.as_str() == "unknown");
    assert_eq!(ran.exit(), 5);
    // The firmware can be read without asking anybody.
    assert_eq!(unknown.count(), 6, "{}", ran.text());
    assert!(ran.seen.is_empty());
}

#[test]
fn a_time_limit_ends_the_retries_and_leaves_the_last_answer() {
    let world = token(Reply::imds_error(503, "service_unavailable", "Later"))
        .asking(|config| config.with_timeout(Duration::from_secs(5)));
    let ran = check(world, &["IMDS-006"]);
    assert!(
        (2..=3).contains(&ran.asked(Route::Token)),
        "{}",
        ran.asked(Route::Token)
    );
    assert_eq!(ran.status(ArmReachable), "ok");
}

#[test]
fn a_token_that_cannot_be_read_is_no_failure() {
    let ran = check(World::healthy().with_token("opaque-token".into()), &[]);
    assert_eq!(ran.status(TokenClaims), "unknown");
    assert_eq!(ran.exit(), 0);
    assert_eq!(ran.status(ArmTarget), "ok");
}

#[test]
fn a_subscription_can_be_the_target() {
    let id = format!("/subscriptions/{OTHER_ID}");
    let body =
        json!({"id": id, "displayName": "prod", "state": "Enabled", "subscriptionId": OTHER_ID});
    let target_id = id.parse().unwrap();
    let ran = check(
        target(Reply::arm(200, body.to_string()))
            .asking(|config| config.with_target(target_id).unwrap()),
        &[],
    );
    assert!(
        ran.text().contains("subscription prod read (Enabled)"),
        "{}",
        ran.text()
    );
    let paths: Vec<&str> = ran.seen.iter().map(|seen| seen.target()).collect();
    let expected = format!("{id}?api-version=2022-12-01");
    assert_eq!(
        paths.iter().filter(|path| **path == expected).count(),
        2,
        "{paths:?}"
    );
}
