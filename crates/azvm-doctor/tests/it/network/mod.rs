//! The way to IMDS, lost in every way that a kernel knows: the real errors, from the real address, in a network
//! namespace of each test's own.
//!
//! 169.254.169.254 and 168.63.129.16 are never spoken to outside of such a namespace.

mod machine;

use crate::support::Run;
use machine::Machine;
use std::time::Duration;

const IMDS: &str = "169.254.169.254/32";
const PLATFORM: &str = "168.63.129.16/32";

/// A card and a default route; what is sent to the gateway vanishes.
fn silent() -> Machine {
    Machine::azure()
        .with_card("eth0", "10.0.0.4/24", "10.0.0.1")
        .with_route("default via 10.0.0.1")
}

/// The doctor names these root causes, in their order, and nothing else that is as bad; and it is over soon.
#[track_caller]
fn check(run: Option<Run>, causes: &[&str], exit: i32) -> Option<Run> {
    let run = run?;
    let report = run.report();
    assert_eq!(report.root_causes(), causes, "{run:#?}");
    assert_eq!(run.code, Some(exit), "{run:#?}");
    assert!(run.took < Duration::from_secs(20), "{run:#?}");
    Some(run)
}

#[test]
fn no_route() {
    check(Machine::azure().examine(&[]), &["NET-001"], 1);
}

#[test]
fn a_route_that_says_unreachable() {
    let machine = silent().with_route(&format!("unreachable {IMDS}"));
    check(machine.examine(&[]), &["NET-001"], 1);
}

#[test]
fn a_route_that_prohibits() {
    let machine = silent().with_route(&format!("prohibit {IMDS}"));
    check(machine.examine(&[]), &["NET-004"], 1);
}

#[test]
fn nobody_listens() {
    check(Machine::azure().owning(IMDS).examine(&[]), &["NET-003"], 1);
}

#[test]
fn packets_to_imds_vanish() {
    let machine = silent().owning(PLATFORM);
    check(machine.examine(&[]), &["NET-002"], 1);
}

#[test]
fn another_card_captures_the_route() {
    let machine = silent()
        .owning(PLATFORM)
        .with_card("eth1", "10.0.1.4/24", "10.0.1.1")
        .with_route(&format!("{IMDS} via 10.0.1.1 dev eth1"));
    check(machine.examine(&[]), &["NET-005"], 1);
}

#[test]
fn a_tunnel_captures_the_route() {
    let machine = silent()
        .with_tunnel("tun0", "10.8.0.2/24", "10.8.0.1")
        .with_route("0.0.0.0/1 via 10.8.0.1 dev tun0")
        .with_route("128.0.0.0/1 via 10.8.0.1 dev tun0");
    check(machine.examine(&[]), &["NET-010"], 1);
}

#[test]
fn a_link_local_route_captures_it() {
    let machine = silent()
        .with_card("eth1", "10.0.1.4/24", "10.0.1.1")
        .with_route("169.254.0.0/16 dev eth1 scope link")
        // Who has 169.254.169.254 there? Asked once, so that the answer comes before the doctor gives up.
        .sh("echo 1 >/proc/sys/net/ipv4/neigh/eth1/mcast_solicit");
    check(machine.examine(&[]), &["NET-011"], 1);
}

#[test]
fn neither_imds_nor_the_platform_answers() {
    check(silent().examine(&[]), &["NET-020"], 1);
}

/// A machine that is not Azure's is not asked for the platform's address, and an endpoint that somebody names neither.
#[test]
fn the_platform_is_asked_only_where_it_tells_something() {
    let lost = |flags: &[&str], tag: &str| {
        let machine = silent().file("/sys/class/dmi/id/chassis_asset_tag", tag);
        let run = machine.examine(flags)?;
        let report = run.report();
        Some(report.member("facts")["imds"]["platform"].clone())
    };
    let azure = machine::AZURE_ASSET_TAG;
    let Some(asked) = lost(&[], azure) else {
        return;
    };
    assert_eq!(asked["failed"], "timeout");
    let elsewhere = lost(&[], "Example Laptop 0001").unwrap();
    assert_eq!(elsewhere["unknown"], "not_asked");
    let named = lost(&["--imds-endpoint", "http://169.254.169.253"], azure).unwrap();
    assert_eq!(named["unknown"], "not_asked");
}

#[test]
fn a_secondary_address_is_taken_for_the_source() {
    let with_lease = |address: &str| {
        silent()
            .owning(PLATFORM)
            .sh("ip address add 10.0.0.5/24 dev eth0")
            .with_route(&format!("{IMDS} via 10.0.0.1 dev eth0 src 10.0.0.5"))
            .file("/sys/class/net/eth0/ifindex", "7")
            .file("/run/systemd/netif/leases/7", &format!("ADDRESS={address}"))
    };
    check(with_lease("10.0.0.4").examine(&[]), &["NET-006"], 1);
    check(with_lease("10.0.0.5").examine(&[]), &["NET-002"], 1);
}

/// The packet filter sends what is meant for IMDS to this port of the machine.
fn redirecting(port: u16) -> Machine {
    silent().owning(PLATFORM).filtering(&format!(
        "table ip nat {{
            chain output {{
                type nat hook output priority -100
                ip daddr 169.254.169.254 tcp dport 80 dnat to 10.0.0.4:{port}
            }}
        }}"
    ))
}

#[test]
fn a_redirection_leads_to_nobody() {
    if let Some(run) = check(redirecting(2579).examine(&[]), &["NET-018"], 1) {
        let report = run.report();
        let seen = &report.member("facts")["host"]["linux"]["redirections"];
        assert_eq!(seen[0], 2579, "{run:#?}");
    }
    check(redirecting(8081).examine(&[]), &["NET-003"], 1);
}

#[test]
fn a_firewall_drops_or_rejects() {
    let with = |verdict: &str| {
        silent().owning(PLATFORM).filtering(&format!(
            "table ip filter {{
                chain output {{
                    type filter hook output priority 0
                    ip daddr 169.254.169.254 {verdict}
                }}
            }}"
        ))
    };
    for (verdict, shown, code) in [
        ("drop", "drop", "NET-002"),
        ("counter drop", "drop", "NET-002"),
        ("tcp dport 80 ct state new log drop", "drop", "NET-002"),
        ("reject with tcp reset", "reject", "NET-003"),
        ("reject", "reject", "NET-003"),
    ] {
        if let Some(run) = check(with(verdict).examine(&[]), &[code], 1) {
            let words = format!("{shown} in the table ip filter, chain output");
            assert!(run.stdout.contains(&words), "{run:#?}");
        }
    }
    // Who is meant cannot be told from the rule alone, and it is nobody here.
    let of_other = with("meta skuid 4242 drop").examine(&[]);
    if let Some(run) = check(of_other, &["NET-002"], 1) {
        assert!(!run.stdout.contains("chain output"), "{run:#?}");
    }
}

#[test]
fn a_firewall_lets_nothing_out_but_what_it_names() {
    let with = |rule: &str| {
        silent().owning(PLATFORM).filtering(&format!(
            "table inet filter {{
                chain output {{
                    type filter hook output priority 0; policy drop;
                    ct state established,related accept
                    oif lo accept
                    {rule}
                }}
            }}"
        ))
    };
    let words = "policy drop in the table inet filter, chain output";
    for (rule, is_named) in [
        ("oifname \"lo\" accept", true),
        ("tcp dport 443 accept", true),
        ("ip daddr 169.254.0.0/16 accept", false),
        ("tcp dport { 80, 443 } accept", false),
    ] {
        if let Some(run) = check(with(rule).examine(&[]), &["NET-002"], 1) {
            assert_eq!(run.stdout.contains(words), is_named, "{rule}: {run:#?}");
        }
    }
}

/// What a proxy sends that cannot reach a link-local address.
const PROXYS_PAGE: &str = "HTTP/1.1 502 Bad Gateway\r\nVia: 1.1 proxy (squid/6.1)\r\nContent-Type: text/html\r\n\
     Content-Length: 13\r\nConnection: close\r\n\r\n<html></html>";

#[test]
fn a_proxy_answers_in_place_of_imds() {
    let machine = || {
        Machine::azure()
            .owning(IMDS)
            .answering("169.254.169.254:80", PROXYS_PAGE)
    };
    let proxy = "http://user:hunter2@127.0.0.1:3128";
    let configured = machine().with_variable("http_proxy", proxy).examine(&[]);
    if let Some(run) = check(configured, &["IMDS-005"], 1) {
        assert!(run.report().codes().contains(&"NET-012"), "{run:#?}");
        assert!(!run.stdout.contains("hunter2"));
    }
    check(machine().examine(&[]), &["NET-014"], 1);
}

/// IMDS answers the doctor, which asks directly; who obeys the variable would ask a proxy where nobody listens.
#[test]
fn a_variable_names_a_dead_proxy_and_imds_answers() {
    let machine = || {
        Machine::azure()
            .owning(IMDS)
            .with_imds("169.254.169.254")
            .with_variable("http_proxy", "http://127.0.0.1:9")
    };
    let flags = ["--skip", "arm,access"];
    if let Some(run) = check(machine().examine(&flags), &[], 0) {
        assert!(run.report().codes().contains(&"NET-012"), "{run:#?}");
    }
    let exempt = machine().with_variable("no_proxy", "169.254.169.254");
    if let Some(run) = check(exempt.examine(&flags), &[], 0) {
        assert!(!run.report().codes().contains(&"NET-012"), "{run:#?}");
    }
}

/// IMDS answers, and ARM's name leads to an address from which nothing ever comes back.
fn far_from_arm(address: &str) -> Machine {
    silent()
        .owning(IMDS)
        .with_imds("169.254.169.254")
        .with_arm_at(&[address])
}

#[test]
fn arm_is_where_nothing_comes_back_from() {
    let proxied = |address| {
        far_from_arm(address).with_variable("HTTPS_PROXY", "http://u:hunter2@10.0.0.9:3128")
    };
    check(far_from_arm("20.0.0.9").examine(&[]), &["ARM-003"], 1);
    check(far_from_arm("10.9.9.9").examine(&[]), &["ARM-002"], 1);
    if let Some(run) = check(proxied("20.0.0.9").examine(&[]), &["ARM-008"], 1) {
        assert!(!run.stdout.contains("hunter2"));
        assert!(run.stderr.contains("still waiting: arm probe"), "{run:#?}");
    }
    let exempt = proxied("20.0.0.9").with_variable("NO_PROXY", "azure.com");
    check(exempt.examine(&[]), &["ARM-003"], 1);
}

/// Nobody answers at all: the longest that a run takes, and it says what for.
#[test]
fn nobody_answers_anywhere() {
    let machine = silent().with_arm_at(&["20.0.0.9"]);
    if let Some(run) = check(machine.examine(&[]), &["NET-020", "ARM-003"], 1) {
        let line = "still waiting: arm probe, 2.0 s so far";
        assert!(run.stderr.contains(line), "{run:#?}");
    }
}

/// IMDS answers, and the machine has this beside.
fn fine() -> Machine {
    Machine::azure().owning(IMDS).with_imds("169.254.169.254")
}

/// The state of an agent that lets everything pass, and has seen a program at work that no rule allows.
fn audit(program: &str) -> String {
    let denied = format!(
        r#"{{"userName":"app","ip":"169.254.169.254","port":80,"processCmdLine":"app --key hunter2","processFullPath":"{program}","responseStatus":"403 Forbidden","count":2}}"#
    );
    format!(
        r#"{{"proxyAgentStatus":{{"keyLatchStatus":{{"status":"RUNNING","states":{{"secureChannelState":"WireServer Audit -  IMDS Audit - HostGA Audit","keyGuid":"1"}}}}}},"failedAuthenticateSummary":[{denied}]}}"#
    )
}

#[test]
fn an_agent_that_audits_says_whom_it_would_deny() {
    let flags = ["--skip", "arm,access"];
    let with = |status: &str| fine().file("/var/log/azure-proxy-agent/status.json", status);
    if let Some(run) = check(
        with(&audit("/usr/bin/other")).examine(&flags),
        &["IMDS-011"],
        0,
    ) {
        assert!(!run.stdout.contains("hunter2"), "{run:#?}");
        assert!(run.stdout.contains("would deny other programs"), "{run:#?}");
    }
    check(with("{}").examine(&flags), &[], 0);
}

#[test]
fn imds_describes_another_machine_than_the_firmware() {
    let flags = ["--skip", "arm,access"];
    let with = |uuid: &str| fine().file("/sys/class/dmi/id/product_uuid", uuid);
    let other = with("0A0B0C0D-0000-4000-8000-000000000009");
    check(other.examine(&flags), &["HOST-012"], 0);
    let own = with("EEFFC031-0000-0040-8000-000000000031");
    check(own.examine(&flags), &[], 0);
}
