//! What the machine itself tells: routes, agents, containers, variables. No socket on loopback says any of it, so the
//! facts of a real run get it as a stored report would bring it. Each code has its world and its nearest neighbour in `pairs`.

use crate::ran::Ran;
use crate::replies::{CLIENT_ID, OTHER_ID, Reply};
use crate::world::World;
use azvm_diagnostics::facts::{AssetTag, Facts, Trouble};
use azvm_diagnostics::{Confidence, Severity, read_report};
use azvm_exchange::{Failure, FailureKind, Phase};
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::time::Duration;

pub(crate) static HEALTHY: LazyLock<String> = LazyLock::new(|| World::healthy().run().json_text());
pub(crate) static SILENT: LazyLock<String> =
    LazyLock::new(|| World::healthy().without_imds().run().json_text());

/// The stored report with `host` put over the host's facts, asked at IMDS's own address.
pub(crate) fn with_host(report: &str, host: &Value, change: impl FnOnce(&mut Facts)) -> Ran {
    let mut report: Value = serde_json::from_str(report).unwrap();
    for (name, value) in host.as_object().unwrap() {
        report["facts"]["host"][name] = value.clone();
    }
    let mut facts = read_report(report.to_string().as_bytes()).unwrap().facts;
    facts.imds.is_default_endpoint = true;
    change(&mut facts);
    let ran = Ran::new(facts, vec![], vec![], String::new());
    crate::reports::check_sound(&ran);
    ran
}

/// The machine is fine, but for what `host` says.
pub(crate) fn fine(host: &Value) -> Ran {
    with_host(&HEALTHY, host, |_| {})
}

/// Connecting to IMDS fails like this.
pub(crate) fn lost(kind: FailureKind, host: &Value) -> Ran {
    with_host(&SILENT, host, |facts| silence(facts, kind))
}

pub(crate) fn silence(facts: &mut Facts, kind: FailureKind) {
    let failure = Failure::new(kind, Phase::Connect, "in the system's words".into());
    facts.imds.probe.as_mut().unwrap().answer = Err(Trouble::Silent(failure));
}

/// As `lost`, on a machine without Azure's mark.
pub(crate) fn elsewhere(host: &Value) -> Ran {
    with_host(&SILENT, host, |facts| {
        facts.host.asset_tag = AssetTag::Absent
    })
}

/// The only failure or warning, and the only thing found at that severity: the root cause.
#[track_caller]
fn check(ran: &Ran, expected: &[&str]) {
    assert_eq!(ran.codes(), expected, "{}", ran.verbose_text());
    let is_known = |name: &str| {
        azvm_diagnostics::catalogue::EVIDENCE
            .iter()
            .any(|it| it.key == name)
    };
    for check in &ran.diagnosis.checks {
        for (name, value) in &check.evidence {
            assert!(is_known(name) && !value.is_empty(), "{name}={value}");
        }
    }
    for finding in ran
        .diagnosis
        .findings()
        .filter(|it| it.severity > Severity::Note)
    {
        assert!(ran.causes().contains(&finding.entry.code));
    }
}

pub(crate) fn route(interface: &str, prefix: u8, gateway: Option<&str>, metric: u32) -> Value {
    json!({
        "interface": interface, "prefix": prefix, "gateway": gateway, "metric": metric,
        "leads_to_imds": true, "leads_to_platform": prefix == 0,
    })
}

fn card(interface: &str) -> Value {
    json!({"interface": interface, "mac": "00:0d:3a:00:00:01", "is_hardware": true})
}

fn tunnel(interface: &str) -> Value {
    json!({"interface": interface, "is_tunnel": true})
}

/// An Azure machine with one card and the routes of DHCP.
pub(crate) fn linux(other: &Value) -> Value {
    let mut linux = json!({
        "interfaces": [card("eth0"), card("eth1"), tunnel("tun0")],
        "routes": [route("eth0", 0, Some("10.0.0.1"), 100), route("eth0", 32, Some("10.0.0.1"), 100)],
        "listeners": [],
        "container": [],
        "is_wsl": false,
        "uptime_ns": 86_400_000_000_000_u64,
        "arc_agent": false,
        "guest_agent": false,
        "proxy_files": [],
    });
    for (name, value) in other.as_object().unwrap() {
        linux[name] = value.clone();
    }
    json!({ "linux": linux })
}

pub(crate) fn adapter(device: &str, address: &str, dhcp: bool) -> Value {
    json!({
        "id": "{1}", "name": "Ethernet", "device": device, "mac": "00:0d:3a:00:00:01",
        "addresses": [address], "gateways": ["10.0.0.1"], "metric": 15, "is_up": true, "dhcp": dhcp,
    })
}

pub(crate) const HYPER_V: &str = "Microsoft Hyper-V Network Adapter";

pub(crate) fn windows(other: &Value) -> Value {
    let mut windows = json!({
        "product": "Windows Server 2022 Datacenter",
        "arc_agent": {"unknown": "absent"},
        "persistent_routes": [],
        "adapters": [adapter(HYPER_V, "10.0.0.4", true)],
        "source_address": "10.0.0.4",
    });
    for (name, value) in other.as_object().unwrap() {
        windows[name] = value.clone();
    }
    json!({ "windows": windows })
}

pub(crate) fn variables(list: &[Value]) -> Value {
    json!({ "environment": list })
}

const NONE: [&str; 0] = [];

#[test]
fn a_machine_as_azure_makes_it_adds_nothing() {
    check(&fine(&linux(&json!({}))), &NONE);
    check(&fine(&windows(&json!({}))), &NONE);
    check(
        &lost(FailureKind::Timeout, &linux(&json!({}))),
        &["NET-002"],
    );
    check(
        &lost(FailureKind::Timeout, &windows(&json!({}))),
        &["NET-002"],
    );
    check(
        &lost(FailureKind::Refused, &linux(&json!({}))),
        &["NET-003"],
    );
    check(&elsewhere(&linux(&json!({}))), &["HOST-001"]);
}

#[test]
fn what_is_unknown_decides_nothing() {
    let unknown = json!({"unknown": "denied"});
    let names = [
        "interfaces",
        "routes",
        "listeners",
        "container",
        "is_wsl",
        "uptime_ns",
        "arc_agent",
        "guest_agent",
        "proxy_files",
        "source_address",
        "leases",
        "arc_tokens",
        "redirections",
        "filter_rules",
    ];
    let all: serde_json::Map<_, _> = names
        .iter()
        .map(|name| (name.to_string(), unknown.clone()))
        .collect();
    let all = linux(&Value::Object(all));
    check(&fine(&all), &NONE);
    check(&lost(FailureKind::Timeout, &all), &["NET-002", "HOST-013"]);
    check(&lost(FailureKind::Refused, &all), &["NET-003", "HOST-013"]);
    check(&elsewhere(&all), &["HOST-001"]);
}

#[test]
fn missing_rights_are_told_only_when_something_failed() {
    let denied = linux(&json!({"guest_agent": {"unknown": "denied"}}));
    let ran = lost(FailureKind::Refused, &denied);
    check(&ran, &["NET-003", "HOST-013"]);
    assert_eq!(ran.finding("HOST-013").severity, Severity::Note);
    check(&fine(&denied), &NONE);
    let absent = linux(&json!({"guest_agent": {"unknown": "absent"}}));
    check(&lost(FailureKind::Refused, &absent), &["NET-003"]);
}

#[test]
fn an_arc_agent_matters_where_it_is() {
    let agent = linux(&json!({"arc_agent": true}));
    check(&fine(&agent), &["HOST-004"]);
    check(&fine(&linux(&json!({"listeners": [40342]}))), &["HOST-004"]);
    check(&fine(&windows(&json!({"arc_agent": true}))), &["HOST-004"]);
    let variable = json!({"variable": "IDENTITY_ENDPOINT", "host": "localhost:40342"});
    check(
        &fine(&variables(std::slice::from_ref(&variable))),
        &["HOST-004"],
    );
    // Without Azure's mark there is no agent to be seen, and the variable leads away all the same.
    for tag in [AssetTag::Absent, AssetTag::Unknown] {
        let ran = with_host(
            &HEALTHY,
            &variables(std::slice::from_ref(&variable)),
            |facts| {
                facts.host.asset_tag = tag;
            },
        );
        check(&ran, &["HOST-008"]);
        let cause = ran.finding("HOST-008").cause.as_deref().unwrap();
        assert!(
            cause.contains("IDENTITY_ENDPOINT=localhost:40342"),
            "{cause}"
        );
    }
    // Another port is another service's.
    check(&fine(&linux(&json!({"listeners": [50342]}))), &NONE);
    // Without Azure's mark it is a machine of Arc.
    let ran = elsewhere(&agent);
    check(&ran, &["HOST-003"]);
    assert_eq!(ran.exit(), 6);
}

#[test]
fn an_arc_agent_is_out_of_a_containers_reach() {
    let variable = json!({"variable": "IDENTITY_ENDPOINT", "host": "localhost:40342"});
    let at = |other: Value| {
        let mut host = linux(&other);
        host["environment"] = json!([variable]);
        elsewhere(&host)
    };
    let ran = at(json!({"container": ["/.dockerenv"]}));
    check(&ran, &["HOST-006"]);
    assert_eq!(ran.exit(), 1);
    check(&at(json!({"container": []})), &["HOST-001"]);
    check(
        &at(json!({"container": ["/.dockerenv"], "listeners": [40342]})),
        &["HOST-003"],
    );
}

#[test]
fn variables_of_another_service_are_leftovers_on_a_machine() {
    for variable in [
        json!({"variable": "IDENTITY_ENDPOINT", "host": "localhost:8081"}),
        json!({"variable": "MSI_ENDPOINT", "host": "localhost:50342"}),
        json!({"variable": "AZURE_FEDERATED_TOKEN_FILE", "set": true}),
    ] {
        check(&fine(&variables(&[variable])), &["HOST-008"]);
    }
    for variable in [
        json!({"variable": "IDENTITY_ENDPOINT", "empty": true}),
        json!({"variable": "IDENTITY_HEADER", "set": true}),
        json!({"variable": "AZURE_POD_IDENTITY_AUTHORITY_HOST", "host": "169.254.169.254"}),
    ] {
        check(&fine(&variables(&[variable])), &NONE);
    }
    // In a pod they are how workload identity works.
    let mut pod = linux(&json!({"container": ["service account"]}));
    pod["environment"] = json!([{"variable": "AZURE_FEDERATED_TOKEN_FILE", "set": true}]);
    check(&fine(&pod), &NONE);
}

#[test]
fn another_hosting_service_has_an_endpoint_and_a_secret() {
    let endpoint = json!({"variable": "IDENTITY_ENDPOINT", "host": "localhost:42356"});
    let header = json!({"variable": "IDENTITY_HEADER", "set": true});
    let ran = elsewhere(&variables(&[endpoint.clone(), header.clone()]));
    check(&ran, &["NET-022"]);
    check(
        &elsewhere(&variables(std::slice::from_ref(&endpoint))),
        &["HOST-001"],
    );
    check(&fine(&variables(&[endpoint, header])), &["HOST-008"]);
}

#[test]
fn the_client_id_of_the_environment_is_compared() {
    let id = |id: &str| variables(&[json!({"variable": "AZURE_CLIENT_ID", "id": id})]);
    check(&fine(&id(OTHER_ID)), &["IDSEL-019"]);
    check(&fine(&id(CLIENT_ID)), &NONE);
    let ran = fine(&variables(&[
        json!({"variable": "AZURE_CLIENT_ID", "empty": true}),
    ]));
    check(&ran, &["IDSEL-011"]);
    assert_eq!(ran.exit(), 0);
    check(
        &fine(&variables(&[
            json!({"variable": "AZURE_CLIENT_ID", "set": true}),
        ])),
        &NONE,
    );
}

#[test]
fn a_machine_that_just_started_may_find_imds_late() {
    let late = |uptime_s: u64, is_late: bool| {
        let host = linux(&json!({"uptime_ns": uptime_s * 1_000_000_000}));
        with_host(&HEALTHY, &host, |facts| {
            let tries = &mut facts.imds.probe.as_mut().unwrap().attempts;
            let mut first = tries[0].clone();
            first.retry_in = Some(Duration::from_secs(1));
            if is_late {
                first.outcome = Err(FailureKind::Unreachable);
            }
            tries.insert(0, first);
        })
    };
    check(&late(40, true), &["HOST-014"]);
    check(&late(400, true), &NONE);
    check(&late(40, false), &NONE);
}

#[test]
fn an_agent_that_is_gone_refuses() {
    let agent = |listeners: Value| linux(&json!({"guest_agent": true, "listeners": listeners}));
    check(
        &lost(FailureKind::Refused, &agent(json!([]))),
        &["IMDS-015"],
    );
    check(
        &lost(FailureKind::Refused, &agent(json!([3080]))),
        &["NET-003"],
    );
    check(&lost(FailureKind::Timeout, &agent(json!([]))), &["NET-002"]);
    let unknown = agent(json!({"unknown": "timed_out"}));
    check(&lost(FailureKind::Refused, &unknown), &["NET-003"]);
}

#[test]
fn an_agents_421_is_not_its_502() {
    let agent = |status| {
        let reply = Reply::new(status, "").with("Connection", "close");
        World::healthy().with_imds(reply).run()
    };
    check(&agent(421), &["IMDS-012"]);
    check(&agent(502), &["IMDS-013"]);
}

#[test]
fn slow_answers_are_noted_when_most_are() {
    let slow = |count: usize, outcome| {
        with_host(&HEALTHY, &json!({}), |facts| {
            for entry in facts.timeline.iter_mut().take(count) {
                entry.took = Duration::from_millis(2500);
            }
            facts.timeline[0].outcome = outcome;
        })
    };
    check(&slow(4, Ok(400)), &["IMDS-023"]);
    check(&slow(2, Ok(400)), &NONE);
    check(&slow(4, Ok(429)), &NONE);
    check(&slow(4, Err(FailureKind::Timeout)), &NONE);
}

#[test]
fn the_route_tells_where_packets_are_lost() {
    let default = || route("eth0", 0, Some("10.0.0.1"), 100);
    let with = |other: Value| linux(&json!({"routes": [default(), other]}));
    for (winner, code) in [
        (route("eth1", 32, Some("10.0.1.1"), 10), "NET-005"),
        (route("tun0", 0, Some("10.8.0.1"), 50), "NET-010"),
        (route("eth1", 16, None, 1000), "NET-011"),
        // Not better than what Azure gives.
        (route("tun0", 0, Some("10.8.0.1"), 200), "NET-002"),
        (route("eth0", 32, Some("10.0.0.1"), 10), "NET-002"),
    ] {
        let ran = lost(FailureKind::Timeout, &with(winner.clone()));
        check(&ran, &[code]);
        // As long as IMDS answers, no route is wrong.
        check(&fine(&with(winner)), &NONE);
    }
    let link_local = with(route("eth1", 16, None, 1000));
    let ran = lost(FailureKind::Unreachable, &link_local);
    check(&ran, &["NET-011"]);
    assert_eq!(ran.finding("NET-011").confidence, Confidence::High);
    check(&lost(FailureKind::Denied, &link_local), &["NET-004"]);
    check(
        &lost(FailureKind::Unreachable, &linux(&json!({"routes": []}))),
        &["NET-001"],
    );
}

#[test]
fn containers_and_pods_lose_packets_at_their_host() {
    let within = |mark: &str| linux(&json!({"container": [mark]}));
    check(
        &lost(FailureKind::Timeout, &within("/.dockerenv")),
        &["NET-017"],
    );
    check(
        &lost(FailureKind::Timeout, &within("cgroup of a pod")),
        &["NET-016"],
    );
    check(
        &lost(FailureKind::Unreachable, &within("/.dockerenv")),
        &["NET-001"],
    );
    // Without a gateway there is no host that forwards.
    let link = route("eth0", 32, None, 0);
    let alone = linux(&json!({"container": ["/.dockerenv"], "routes": [link]}));
    check(&lost(FailureKind::Timeout, &alone), &["NET-002"]);
}

#[test]
fn adapters_and_routes_of_windows_tell_where_packets_are_lost() {
    let with =
        |device: &str, dhcp| windows(&json!({"adapters": [adapter(device, "10.0.0.4", dhcp)]}));
    let cluster = "Microsoft Failover Cluster Virtual Adapter";
    check(
        &lost(FailureKind::Timeout, &with(cluster, true)),
        &["NET-009"],
    );
    check(
        &lost(FailureKind::Timeout, &with("WireGuard Tunnel", true)),
        &["NET-010"],
    );
    check(
        &lost(FailureKind::Timeout, &with(HYPER_V, false)),
        &["NET-007"],
    );
    check(
        &lost(FailureKind::Timeout, &with(HYPER_V, true)),
        &["NET-002"],
    );
    for host in [
        with(cluster, true),
        with("WireGuard Tunnel", true),
        with(HYPER_V, false),
    ] {
        check(&fine(&host), &NONE);
    }
    let persistent = |gateway: &str, prefix: u8| {
        windows(&json!({"persistent_routes": [{
            "destination": "169.254.169.254", "prefix": prefix, "gateway": gateway, "metric": 1, "leads_to_imds": true,
        }]}))
    };
    check(
        &lost(FailureKind::Unreachable, &persistent("10.0.0.9", 32)),
        &["NET-008"],
    );
    check(
        &lost(FailureKind::Unreachable, &persistent("10.0.0.4", 32)),
        &["NET-001"],
    );
    check(
        &lost(FailureKind::Unreachable, &persistent("10.0.0.1", 32)),
        &["NET-001"],
    );
    check(
        &lost(FailureKind::Unreachable, &persistent("10.0.0.9", 0)),
        &["NET-001"],
    );
}

#[test]
fn a_proxy_of_the_system_counts_where_no_variable_does() {
    let file = |exempts_imds: bool| {
        let file =
            json!({"file": "/etc/environment", "host": "proxy:3128", "exempts_imds": exempts_imds});
        linux(&json!({"proxy_files": [file]}))
    };
    check(&fine(&file(false)), &["NET-013"]);
    check(&fine(&file(true)), &NONE);
    let winhttp = |exempts_imds: bool| {
        windows(&json!({"winhttp_proxy": {"host": "proxy:3128", "exempts_imds": exempts_imds}}))
    };
    check(&fine(&winhttp(false)), &["NET-013"]);
    check(&fine(&winhttp(true)), &NONE);
    // A variable is nearer to the program.
    let mut both = file(false);
    both["proxies"] = json!([{"variable": "http_proxy", "host": "proxy:3128"}]);
    check(&fine(&both), &["NET-012"]);
}
