//! For every code that the machine itself decides, two worlds: one that yields it, and its nearest neighbour, which must
//! not. No socket on loopback makes these worlds; they are facts of a real run with what the machine tells put over them.

use crate::machine::{
    HEALTHY, HYPER_V, SILENT, adapter, elsewhere, fine, linux, lost, route, variables, windows,
    with_host,
};
use crate::ran::Ran;
use crate::replies::{CLIENT_ID, OTHER_ID, Reply};
use crate::world::World;
use azvm_diagnostics::Severity;
use azvm_diagnostics::facts::{Facts, Reach};
use azvm_exchange::FailureKind;
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) struct Pair {
    pub(crate) code: &'static str,
    pub(crate) yields: fn() -> Ran,
    pub(crate) spares: fn() -> Ran,
}

/// The codes of both tables.
pub(crate) fn codes() -> impl Iterator<Item = &'static str> {
    let pairs = machine().into_iter().chain(network());
    pairs.chain(crate::ways::pairs()).map(|pair| pair.code)
}

/// The first world has the code, and if that is more than a note, as its root cause; the second world lacks it.
#[track_caller]
pub(crate) fn check(pairs: &[Pair]) {
    for Pair {
        code,
        yields,
        spares,
    } in pairs
    {
        let ran = yields();
        let finding = ran.finding(code);
        if finding.severity > Severity::Note {
            assert!(
                ran.causes().contains(code),
                "{code}\n{}",
                ran.verbose_text()
            );
        }
        let near = spares();
        assert!(
            !near.codes().contains(code),
            "{code}\n{}",
            near.verbose_text()
        );
    }
}

#[test]
fn what_the_machine_tells_is_told_from_its_neighbours() {
    check(&machine());
}

#[test]
fn what_the_network_tells_is_told_from_its_neighbours() {
    check(&network());
}

/// These hosts in one.
pub(crate) fn joined(mut one: Value, other: &Value) -> Value {
    for (name, value) in other.as_object().unwrap() {
        one[name] = value.clone();
    }
    one
}

fn variable(name: &str, kind: &str, value: impl Into<Value>) -> Value {
    variables(&[json!({"variable": name, kind: value.into()})])
}

/// In a container or not, with a variable that points to the Arc agent.
fn near_arc(container: &Value) -> Ran {
    let points = variable("IDENTITY_ENDPOINT", "host", "localhost:40342");
    elsewhere(&joined(linux(&json!({"container": container})), &points))
}

/// The first attempt found no way, the second one did.
fn late(uptime_s: u64) -> Ran {
    let host = linux(&json!({"uptime_ns": uptime_s * 1_000_000_000}));
    with_host(&HEALTHY, &host, |facts| {
        let tries = &mut facts.imds.probe.as_mut().unwrap().attempts;
        let mut first = tries[0].clone();
        first.retry_in = Some(Duration::from_secs(1));
        first.outcome = Err(FailureKind::Unreachable);
        tries.insert(0, first);
    })
}

fn slow(answers: usize) -> Ran {
    with_host(&HEALTHY, &json!({}), |facts| {
        for entry in facts.timeline.iter_mut().take(answers) {
            entry.took = Duration::from_millis(2500);
        }
    })
}

fn agent_answers(status: u16) -> Ran {
    let reply = Reply::new(status, "").with("Connection", "close");
    World::healthy().with_imds(reply).run()
}

fn agent_listens(ports: &Value) -> Ran {
    let host = linux(&json!({"guest_agent": true, "listeners": ports}));
    lost(FailureKind::Refused, &host)
}

fn hosted(variables_set: &[&str]) -> Ran {
    let set: Vec<Value> = variables_set
        .iter()
        .map(|name| match *name {
            "IDENTITY_ENDPOINT" => json!({"variable": name, "host": "localhost:42356"}),
            _ => json!({"variable": name, "set": true}),
        })
        .collect();
    elsewhere(&variables(&set))
}

fn machine() -> Vec<Pair> {
    vec![
        Pair {
            code: "HOST-004",
            yields: || fine(&linux(&json!({"arc_agent": true}))),
            spares: || elsewhere(&linux(&json!({"arc_agent": true}))),
        },
        Pair {
            code: "HOST-006",
            yields: || near_arc(&json!(["/.dockerenv"])),
            spares: || near_arc(&json!([])),
        },
        Pair {
            code: "HOST-008",
            yields: || fine(&variable("IDENTITY_ENDPOINT", "host", "localhost:8081")),
            spares: || fine(&variable("IDENTITY_HEADER", "set", true)),
        },
        Pair {
            code: "HOST-013",
            yields: || {
                let denied = json!({"listeners": {"unknown": "denied"}});
                lost(FailureKind::Refused, &linux(&denied))
            },
            spares: || {
                let late = json!({"listeners": {"unknown": "timed_out"}});
                lost(FailureKind::Refused, &linux(&late))
            },
        },
        Pair {
            code: "HOST-014",
            yields: || late(40),
            spares: || late(400),
        },
        Pair {
            code: "IDSEL-011",
            yields: || fine(&variable("AZURE_CLIENT_ID", "empty", true)),
            spares: || fine(&variable("AZURE_CLIENT_ID", "set", true)),
        },
        Pair {
            code: "IDSEL-019",
            yields: || fine(&variable("AZURE_CLIENT_ID", "id", OTHER_ID)),
            spares: || fine(&variable("AZURE_CLIENT_ID", "id", CLIENT_ID)),
        },
        Pair {
            code: "IMDS-012",
            yields: || agent_answers(421),
            spares: || agent_answers(502),
        },
        Pair {
            code: "IMDS-015",
            yields: || agent_listens(&json!([])),
            spares: || agent_listens(&json!([3080])),
        },
        Pair {
            code: "IMDS-023",
            yields: || slow(4),
            spares: || slow(2),
        },
        Pair {
            code: "NET-022",
            yields: || hosted(&["IDENTITY_ENDPOINT", "IDENTITY_HEADER"]),
            spares: || hosted(&["IDENTITY_ENDPOINT"]),
        },
    ]
}

/// Connecting times out, and beside the default route there is this one.
fn captured(other: &Value) -> Ran {
    let default = route("eth0", 0, Some("10.0.0.1"), 100);
    let host = linux(&json!({"routes": [default, other]}));
    lost(FailureKind::Timeout, &host)
}

fn on_windows(device: &str, dhcp: bool) -> Ran {
    let host = windows(&json!({"adapters": [adapter(device, "10.0.0.4", dhcp)]}));
    lost(FailureKind::Timeout, &host)
}

fn persistent(gateway: &str) -> Ran {
    let host = windows(&json!({"persistent_routes": [{
        "destination": "169.254.169.254", "prefix": 32, "gateway": gateway, "metric": 1, "leads_to_imds": true,
    }]}));
    lost(FailureKind::Unreachable, &host)
}

fn contained(mark: &str) -> Ran {
    lost(FailureKind::Timeout, &linux(&json!({"container": [mark]})))
}

fn proxy_file(exempts_imds: bool) -> Ran {
    let file =
        json!({"file": "/etc/environment", "host": "proxy:3128", "exempts_imds": exempts_imds});
    fine(&linux(&json!({"proxy_files": [file]})))
}

const CLUSTER: &str = "Microsoft Failover Cluster Virtual Adapter";

/// The system sends from this address, and DHCP gave 10.0.0.4.
fn sends_from(source: &str) -> Ran {
    let way =
        json!({"source_address": source, "leases": [{"interface": "eth0", "address": "10.0.0.4"}]});
    lost(FailureKind::Timeout, &linux(&way))
}

fn with_platform(reach: Reach) -> Ran {
    lost(FailureKind::Timeout, &linux(&json!({}))).with_facts(|facts: &mut Facts| {
        facts.imds.platform = Ok(reach);
    })
}

/// The packet filter sends requests for IMDS to this port, and somebody listens on these.
fn redirected(port: u16, listeners: &Value) -> Value {
    linux(&json!({"redirections": [port], "listeners": listeners}))
}

fn windows_container(kind: FailureKind) -> Ran {
    lost(kind, &windows(&json!({"is_container": true})))
}

fn network() -> Vec<Pair> {
    vec![
        Pair {
            code: "NET-005",
            yields: || captured(&route("eth1", 32, Some("10.0.1.1"), 10)),
            spares: || captured(&route("eth0", 32, Some("10.0.0.1"), 10)),
        },
        Pair {
            code: "NET-006",
            yields: || sends_from("10.0.0.5"),
            spares: || sends_from("10.0.0.4"),
        },
        Pair {
            code: "NET-007",
            yields: || on_windows(HYPER_V, false),
            spares: || on_windows(HYPER_V, true),
        },
        Pair {
            code: "NET-008",
            yields: || persistent("10.0.0.9"),
            spares: || persistent("10.0.0.1"),
        },
        Pair {
            code: "NET-009",
            yields: || on_windows(CLUSTER, true),
            spares: || on_windows(HYPER_V, true),
        },
        Pair {
            code: "NET-010",
            yields: || captured(&route("tun0", 0, Some("10.8.0.1"), 50)),
            spares: || captured(&route("tun0", 0, Some("10.8.0.1"), 200)),
        },
        Pair {
            code: "NET-011",
            yields: || captured(&route("eth1", 16, None, 1000)),
            spares: || captured(&route("eth1", 32, Some("10.0.1.1"), 1000)),
        },
        Pair {
            code: "NET-013",
            yields: || proxy_file(false),
            spares: || proxy_file(true),
        },
        Pair {
            code: "NET-016",
            yields: || contained("cgroup of a pod"),
            spares: || contained("/.dockerenv"),
        },
        Pair {
            code: "NET-017",
            yields: || contained("/.dockerenv"),
            spares: || contained("cgroup of a pod"),
        },
        Pair {
            code: "NET-018",
            yields: || lost(FailureKind::Refused, &redirected(2579, &json!([]))),
            spares: || lost(FailureKind::Refused, &redirected(2579, &json!([2579]))),
        },
        Pair {
            code: "NET-020",
            yields: || with_platform(Reach::Failed(FailureKind::Timeout)),
            spares: || with_platform(Reach::Failed(FailureKind::Refused)),
        },
        Pair {
            code: "NET-021",
            yields: || windows_container(FailureKind::Unreachable),
            spares: || windows_container(FailureKind::Timeout),
        },
    ]
}

#[test]
fn a_leftover_that_catches_pods_alone_is_a_warning() {
    let ran = fine(&redirected(2579, &json!([])));
    assert_eq!(ran.codes(), ["NET-018"]);
    assert_eq!(
        (ran.finding("NET-018").severity, ran.exit()),
        (Severity::Warn, 0)
    );
    assert_eq!(
        fine(&redirected(2579, &json!([2579]))).codes(),
        Vec::<&str>::new()
    );
    assert_eq!(
        fine(&redirected(8080, &json!([]))).codes(),
        Vec::<&str>::new()
    );
    let elsewhere = lost(FailureKind::Refused, &redirected(8080, &json!([])));
    assert_eq!(elsewhere.causes(), ["NET-003"]);
}

/// Which interface is the primary one, the default route tells, or that there is no other network card.
#[test]
fn a_missing_route_is_to_be_added_by_the_primary_interface() {
    let command = |interfaces: Value, routes: Value| {
        let host = linux(&json!({"interfaces": interfaces, "routes": routes}));
        let ran = lost(FailureKind::Unreachable, &host);
        let commands = ran.finding("NET-001").remedy.commands.clone();
        let command = commands
            .into_iter()
            .find(|it| it.run.contains("route replace 169.254.169.254/32 dev"));
        let command = command.unwrap();
        assert!(command.needs_root);
        command.run
    };
    let card = |name: &str| json!({"interface": name, "is_hardware": true});
    let add = |name: &str| format!("sudo ip route replace 169.254.169.254/32 dev {name}");
    let lo = json!({"interface": "lo"});
    assert_eq!(command(json!([lo, card("eth0")]), json!([])), add("eth0"));
    let two = json!([card("eth0"), card("eth1")]);
    assert_eq!(command(two, json!([])), add("PRIMARY_INTERFACE"));
}

/// A rule of the packet filter that stops requests to IMDS.
fn filtered(verdict: &str, kind: FailureKind) -> Ran {
    let rule = json!({"table": "inet filter", "chain": "output", "verdict": verdict});
    lost(kind, &linux(&json!({"filter_rules": [rule]})))
}

#[test]
fn a_rule_that_does_what_was_seen_is_named() {
    let words = |verdict: &str| format!("{verdict} in the table inet filter, chain output");
    for (verdict, kind, code) in [
        ("drop", FailureKind::Timeout, "NET-002"),
        ("queue", FailureKind::Timeout, "NET-002"),
        ("policy drop", FailureKind::Timeout, "NET-002"),
        ("reject", FailureKind::Refused, "NET-003"),
        ("reject", FailureKind::Unreachable, "NET-003"),
    ] {
        let ran = filtered(verdict, kind);
        assert_eq!(ran.causes(), [code], "{verdict}");
        let cause = ran.finding(code).cause.clone().unwrap();
        assert!(cause.contains(&words(verdict)), "{cause}");
        assert!(
            ran.verbose_text()
                .contains(&format!("firewall_rules = {}", words(verdict)))
        );
    }
    // It does something else.
    for (verdict, kind, code) in [
        ("reject", FailureKind::Timeout, "NET-002"),
        ("drop", FailureKind::Refused, "NET-003"),
        ("drop", FailureKind::Unreachable, "NET-001"),
        ("policy drop", FailureKind::Refused, "NET-003"),
    ] {
        let ran = filtered(verdict, kind);
        assert_eq!(ran.causes(), [code], "{verdict}");
        let cause = ran.finding(code).cause.clone().unwrap();
        assert!(!cause.contains("packet filter"), "{cause}");
    }
}

/// Each is nearer to another cause, and says so.
#[test]
fn neighbours_have_codes_of_their_own() {
    for (ran, code) in [
        (with_platform(Reach::Connected), "NET-002"),
        (windows_container(FailureKind::Timeout), "NET-002"),
        (
            lost(FailureKind::Unreachable, &windows(&json!({}))),
            "NET-001",
        ),
        (sends_from("10.0.0.4"), "NET-002"),
        // A lease of another interface says nothing about this one, and no lease nothing at all.
        (
            lost(
                FailureKind::Timeout,
                &linux(&json!({
                    "source_address": "10.0.0.5", "leases": [{"interface": "eth1", "address": "10.0.1.4"}],
                })),
            ),
            "NET-002",
        ),
        (
            lost(
                FailureKind::Timeout,
                &linux(&json!({"source_address": "10.0.0.5", "leases": {"unknown": "denied"}})),
            ),
            "NET-002",
        ),
    ] {
        assert_eq!(ran.causes(), [code], "{}", ran.verbose_text());
    }
    // What is wrong with the route is more exact than that both addresses are silent.
    let captured = with_host(
        &SILENT,
        &linux(&json!({"routes": [route("tun0", 0, Some("10.8.0.1"), 50)]})),
        |facts| {
            facts.imds.platform = Ok(Reach::Failed(FailureKind::Timeout));
            crate::machine::silence(facts, FailureKind::Timeout);
        },
    );
    assert_eq!(captured.causes(), ["NET-010"]);
}
