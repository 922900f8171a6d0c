//! What the Guest Proxy Agent says of itself, what the firmware says of the machine, and what the ways to IMDS and ARM
//! show: each code with its world and its nearest neighbour.

use crate::machine::{HEALTHY, elsewhere, fine, linux, with_host};
use crate::pairs::{Pair, check, joined};
use crate::ran::Ran;
use crate::replies::{Reply, VM_ID};
use crate::wire::Route;
use crate::world::World;
use azvm_diagnostics::Confidence;
use azvm_diagnostics::Severity::{Fail, Note};
use azvm_diagnostics::facts::{Facts, Trouble};
use azvm_exchange::{Failure, FailureKind, Phase};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::time::Duration;

pub(crate) fn pairs() -> Vec<Pair> {
    agent().into_iter().chain(machine()).chain(arm()).collect()
}

#[test]
fn what_the_agent_tells_is_told_from_its_neighbours() {
    check(&agent());
}

#[test]
fn what_the_firmware_and_the_arc_agent_tell_is_told_from_its_neighbours() {
    check(&machine());
}

#[test]
fn what_the_way_to_arm_tells_is_told_from_its_neighbours() {
    check(&arm());
}

fn status(mode: &str, has_key: bool) -> Value {
    json!({"agent_status": {"imds_mode": mode, "has_key": has_key, "denied_requests": 0, "is_own_denied": false}})
}

fn denied(mode: &str, is_own_denied: bool) -> Ran {
    let status = json!({
        "imds_mode": mode, "has_key": true, "denied_requests": 4, "is_own_denied": is_own_denied,
    });
    fine(&json!({ "agent_status": status }))
}

/// The agent says this of itself, and IMDS answers the request for a token like that.
fn token(host: &Value, reply: Reply) -> Ran {
    let report = World::healthy().with(Route::Token, reply).run().json_text();
    with_host(&report, host, |_| {})
}

fn forbidden() -> Reply {
    Reply::imds_error(403, "forbidden", "No.")
}

/// Through the agent, which says that it was there.
fn through_agent(reply: Reply) -> Reply {
    reply.with("x-ms-azure-host-authorization", "value")
}

fn agents_own(status: u16) -> Reply {
    Reply::new(status, "").with("Connection", "close")
}

/// A proxy answers in place of IMDS; the variables of this machine name one, or not.
fn squid(proxies: &Value) -> Ran {
    let page = Reply::new(502, "<html>ERR_CANNOT_FORWARD</html>").with("Via", "1.1 proxy (squid)");
    let world = World::healthy().with(Route::ImdsProbe, page);
    let host = joined(linux(&json!({})), &json!({ "proxies": proxies }));
    with_host(&world.run().json_text(), &host, |_| {})
}

fn agent() -> Vec<Pair> {
    vec![
        Pair {
            code: "IMDS-005",
            yields: || squid(&json!([{"variable": "http_proxy", "host": "proxy:3128"}])),
            spares: || squid(&json!([])),
        },
        Pair {
            code: "IMDS-011",
            yields: || denied("audit", true),
            spares: || denied("enforce", true),
        },
        Pair {
            code: "IMDS-016",
            yields: || token(&status("enforce", true), forbidden()),
            spares: || token(&status("enforce", true), through_agent(forbidden())),
        },
        Pair {
            code: "IMDS-017",
            yields: || token(&status("enforce", false), through_agent(forbidden())),
            spares: || token(&status("enforce", true), through_agent(forbidden())),
        },
    ]
}

#[test]
fn others_that_would_be_denied_are_others() {
    let ran = denied("audit", false);
    let finding = ran.finding("IMDS-011");
    assert_eq!(finding.confidence, Confidence::Likely);
    assert!(
        finding.title.contains("other programs"),
        "{}",
        finding.title
    );
    assert_eq!(
        denied("audit", true).finding("IMDS-011").confidence,
        Confidence::High
    );
    assert_eq!(ran.exit(), 0);
}

#[test]
fn a_refusal_is_about_signatures_only_where_the_agent_says_so() {
    for (host, reply, code) in [
        (json!({}), forbidden(), "TOKEN-017"),
        (status("audit", true), forbidden(), "TOKEN-017"),
        (
            status("disabled", false),
            through_agent(forbidden()),
            "TOKEN-017",
        ),
        (
            status("enforce", true),
            Reply::imds_error(400, "invalid_request", "Identity not found"),
            "IDSEL-001",
        ),
        (
            json!({"agent_status": {"unknown": "denied"}}),
            forbidden(),
            "TOKEN-017",
        ),
        (status("enforce", false), agents_own(502), "IMDS-017"),
        (status("enforce", true), agents_own(502), "IMDS-013"),
        (status("enforce", false), agents_own(403), "IMDS-010"),
        (status("enforce", false), agents_own(421), "IMDS-012"),
    ] {
        let ran = token(&host, reply);
        assert_eq!(ran.causes(), [code], "{host}\n{}", ran.verbose_text());
    }
}

#[test]
fn the_agents_state_that_may_not_be_read_is_said_where_the_agent_refused() {
    let report = World::healthy()
        .with_imds(agents_own(403))
        .run()
        .json_text();
    let unreadable = |why: &str| {
        let host = joined(
            linux(&json!({})),
            &json!({"agent_status": {"unknown": why}}),
        );
        with_host(&report, &host, |_| {})
    };
    assert_eq!(unreadable("denied").codes(), ["IMDS-010", "HOST-013"]);
    assert_eq!(unreadable("absent").codes(), ["IMDS-010"]);
    // On a machine that is fine nobody misses it.
    assert_eq!(
        fine(&json!({"agent_status": {"unknown": "denied"}})).codes(),
        Vec::<&str>::new()
    );
}

fn firmware(ids: &Value) -> Ran {
    fine(&json!({ "firmware_ids": ids }))
}

fn arc(tokens: &Value) -> Ran {
    elsewhere(&linux(&json!({"arc_agent": true, "arc_tokens": tokens})))
}

fn machine() -> Vec<Pair> {
    vec![
        Pair {
            code: "HOST-005",
            yields: || arc(&json!(false)),
            spares: || arc(&json!({"unknown": "absent"})),
        },
        Pair {
            code: "HOST-012",
            yields: || {
                let other = "0a0b0c0d-0000-4000-8000-000000000009";
                firmware(&json!([other, "0d0c0b0a-0000-4000-8000-000000000009"]))
            },
            // On Hyper-V of the first generation the bytes stand the other way.
            spares: || {
                firmware(&json!([
                    "0d0c0b0a-0000-0040-8000-000000000009",
                    VM_ID.to_uppercase()
                ]))
            },
        },
    ]
}

#[test]
fn a_user_that_may_read_the_challenge_has_no_trouble_with_it() {
    let ran = arc(&json!(true));
    assert_eq!(ran.codes(), ["HOST-003"]);
    let ran = arc(&json!(false));
    assert_eq!(
        (ran.causes(), ran.exit()),
        (vec!["HOST-003", "HOST-005"], 6)
    );
    // Without the agent a folder that is left of it is nobody's.
    assert_eq!(
        elsewhere(&linux(&json!({"arc_tokens": false}))).codes(),
        ["HOST-001"]
    );
}

#[test]
fn a_stand_in_may_describe_any_machine() {
    let other = json!({"firmware_ids": ["0a0b0c0d-0000-4000-8000-000000000009"]});
    let ran = with_host(&HEALTHY, &other, |facts| {
        facts.imds.is_default_endpoint = false
    });
    assert_eq!(ran.codes(), Vec::<&str>::new());
    assert_eq!(
        firmware(&json!({"unknown": "denied"})).codes(),
        Vec::<&str>::new()
    );
}

/// The cloud's own ARM, and this about the way to it.
fn to_arm(change: impl FnOnce(&mut Facts)) -> Ran {
    with_host(&HEALTHY, &json!({}), |facts| {
        facts.arm.is_named_endpoint = false;
        facts.arm.endpoint = "https://management.azure.com".into();
        change(facts);
    })
}

fn lose(facts: &mut Facts, kind: FailureKind, phase: Phase) {
    let failure = Failure::new(kind, phase, "in the system's words".into());
    facts.arm.probe.as_mut().unwrap().answer = Err(Trouble::Silent(failure));
}

fn resolve(facts: &mut Facts, addresses: &[&str]) {
    let addresses = addresses
        .iter()
        .map(|ip| ip.parse::<IpAddr>().unwrap().into());
    facts.arm.addresses = Ok(addresses.collect());
}

/// No connection comes about; the environment names a proxy.
fn behind_proxy(kind: FailureKind, phase: Phase, is_exempt: bool) -> Ran {
    to_arm(|facts| {
        lose(facts, kind, phase);
        // Whatever is known of a proxy's variable is its name and host.
        let proxy = json!({"proxies": [{"variable": "https_proxy", "host": "proxy:3128"}]});
        let proxies = with_host(&HEALTHY, &proxy, |_| {}).facts.host.proxies;
        facts.arm.proxy = proxies.into_iter().next().filter(|_| !is_exempt);
    })
}

/// The name has these addresses, IPv4 was taken, and connecting took this long.
fn connected(addresses: &[&str], took: Duration) -> Ran {
    to_arm(|facts| {
        resolve(facts, addresses);
        facts.arm.is_over_ipv6 = Some(false);
        facts.arm.probe.as_mut().unwrap().attempts[0].at = took;
    })
}

const LATE: Duration = Duration::from_millis(2600);

fn arm() -> Vec<Pair> {
    vec![
        Pair {
            code: "ARM-002",
            yields: || to_arm(|facts| resolve(facts, &["10.1.2.3"])),
            spares: || to_arm(|facts| resolve(facts, &["20.1.2.3"])),
        },
        Pair {
            code: "ARM-006",
            yields: || to_arm(|facts| lose(facts, FailureKind::CertificateDates, Phase::Tls)),
            spares: || to_arm(|facts| lose(facts, FailureKind::Certificate, Phase::Tls)),
        },
        Pair {
            code: "ARM-008",
            yields: || behind_proxy(FailureKind::Timeout, Phase::Connect, false),
            spares: || behind_proxy(FailureKind::Timeout, Phase::Connect, true),
        },
        Pair {
            code: "ARM-022",
            yields: || to_arm(|facts| lose(facts, FailureKind::CertificateName, Phase::Tls)),
            spares: || to_arm(|facts| lose(facts, FailureKind::Certificate, Phase::Tls)),
        },
        Pair {
            code: "ARM-020",
            yields: || connected(&["2603:1030::1", "20.1.2.3"], LATE),
            spares: || connected(&["20.1.2.3", "2603:1030::1"], LATE),
        },
    ]
}

#[test]
fn a_private_address_is_a_note_while_it_answers_and_the_cause_when_it_does_not() {
    let answers = to_arm(|facts| resolve(facts, &["172.16.0.9"]));
    assert_eq!(answers.finding("ARM-002").severity, Note);
    assert_eq!(answers.exit(), 0);
    let silent = to_arm(|facts| {
        resolve(facts, &["192.168.7.7"]);
        lose(facts, FailureKind::Timeout, Phase::Connect);
    });
    assert_eq!(silent.finding("ARM-002").severity, Fail);
    assert_eq!((silent.causes(), silent.exit()), (vec!["ARM-002"], 1));
    // Where an endpoint leads that somebody named is for them to know.
    let named = to_arm(|facts| {
        resolve(facts, &["10.1.2.3"]);
        facts.arm.is_named_endpoint = true;
    });
    assert_eq!(named.codes(), Vec::<&str>::new());
}

#[test]
fn a_proxy_is_the_cause_only_of_connections_that_do_not_come_about() {
    let cause = |kind, phase| behind_proxy(kind, phase, false).causes();
    assert_eq!(cause(FailureKind::Unreachable, Phase::Connect), ["ARM-008"]);
    assert_eq!(cause(FailureKind::Refused, Phase::Connect), ["ARM-008"]);
    assert_eq!(
        cause(FailureKind::NameNotFound, Phase::Resolve),
        ["ARM-001"]
    );
    assert_eq!(cause(FailureKind::Certificate, Phase::Tls), ["ARM-004"]);
    let exempt = behind_proxy(FailureKind::Timeout, Phase::Connect, true);
    assert_eq!(exempt.causes(), ["ARM-003"]);
}

#[test]
fn a_fall_back_from_ipv6_is_worth_a_warning_when_it_costs_time() {
    let both = ["2603:1030::1", "20.1.2.3"];
    assert_eq!(connected(&both, LATE).exit(), 0);
    assert_eq!(
        connected(&both, Duration::from_millis(80)).codes(),
        Vec::<&str>::new()
    );
    let over_ipv6 = to_arm(|facts| {
        resolve(facts, &both);
        facts.arm.is_over_ipv6 = Some(true);
        facts.arm.probe.as_mut().unwrap().attempts[0].at = LATE;
    });
    assert_eq!(over_ipv6.codes(), Vec::<&str>::new());
}
