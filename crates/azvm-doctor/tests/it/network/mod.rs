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
