//! Whatever Linux and the environment tell comes back from a report as it went, and leaves it hidden when asked to.

use super::*;
use crate::Config;
use crate::agent::{AgentMode, AgentStatus};
use crate::facts::{Facts, ProxyVariable, Reach};
use crate::known::{Address, Known, Unknown};
use crate::stored::{StoredFacts, restore, store};
use crate::strict::Salt;
use azvm_exchange::FailureKind;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

fn known<T: std::fmt::Debug>(fact: impl Strategy<Value = T>) -> impl Strategy<Value = Known<T>> {
    let why = select(vec![
        Unknown::Absent,
        Unknown::Denied,
        Unknown::Failed(7),
        Unknown::TimedOut,
    ]);
    prop_oneof![3 => fact.prop_map(Ok), 1 => why.prop_map(Err)]
}

fn interface() -> impl Strategy<Value = Interface> {
    (
        "[a-z0-9.-]{1,15}",
        option::of("[0-9a-f]{2}(:[0-9a-f]{2}){5}"),
        any::<(bool, bool)>(),
    )
        .prop_map(|(name, mac, (is_tunnel, is_hardware))| Interface {
            name,
            mac,
            is_tunnel,
            is_hardware,
        })
}

fn route() -> impl Strategy<Value = Route> {
    let gateway = option::of(any::<Ipv4Addr>().prop_map(Address::from));
    (
        "[a-z0-9*]{1,15}",
        0..=32_u8,
        gateway,
        any::<u32>(),
        any::<(bool, bool, bool)>(),
    )
        .prop_map(
            |(
                interface,
                prefix,
                gateway,
                metric,
                (is_reject, leads_to_imds, leads_to_platform),
            )| Route {
                interface,
                prefix,
                gateway,
                metric,
                is_reject,
                leads_to_imds,
                leads_to_platform,
            },
        )
}

fn file() -> impl Strategy<Value = ProxyFile> {
    ("[ -~]{1,20}", "[a-z.]{1,20}(:[0-9]{1,4})?", any::<bool>()).prop_map(
        |(file, host, exempts_imds)| ProxyFile {
            file,
            host,
            exempts_imds,
        },
    )
}

fn lease() -> impl Strategy<Value = Lease> {
    ("[a-z0-9.-]{1,15}", any::<Ipv4Addr>()).prop_map(|(interface, address)| Lease {
        interface,
        address: address.into(),
    })
}

fn linux() -> impl Strategy<Value = LinuxFacts> {
    let network = (
        known(vec(interface(), 0..3)),
        known(vec(route(), 0..3)),
        known(vec(any::<u16>(), 0..3)),
        known(vec(select(ContainerMark::ALL.to_vec()), 0..3)),
    );
    let rest = (
        known(any::<bool>()),
        known(any::<u32>().prop_map(|secs| Duration::from_secs(secs.into()))),
        known(any::<bool>()),
        known(any::<bool>()),
        known(vec(file(), 0..3)),
    );
    let way = (
        known(option::of(any::<Ipv4Addr>().prop_map(Address::from))),
        known(vec(lease(), 0..3)),
        known(any::<bool>()),
        known(vec(any::<u16>(), 0..3)),
        known(vec(filter(), 0..3)),
    );
    (network, rest, way).prop_map(|(network, rest, way)| LinuxFacts {
        interfaces: network.0,
        routes: network.1,
        listeners: network.2,
        container: network.3,
        is_wsl: rest.0,
        uptime: rest.1,
        arc_agent: rest.2,
        guest_agent: rest.3,
        proxy_files: rest.4,
        source_address: way.0,
        leases: way.1,
        arc_tokens: way.2,
        redirections: way.3,
        filter_rules: way.4,
    })
}

fn filter() -> impl Strategy<Value = FilterRule> {
    let verdict = select(FilterVerdict::ALL.to_vec());
    ("(ip|inet) [a-z]{1,9}", "[a-z]{1,9}", verdict)
        .prop_map(|(table, chain, verdict)| FilterRule::new(table, chain, verdict))
}

fn variable() -> impl Strategy<Value = IdentityVariable> {
    let value = prop_oneof![
        Just(VariableValue::Empty),
        Just(VariableValue::Set),
        "[a-z.]{1,20}(:[0-9]{1,4})?".prop_map(VariableValue::Host),
        "[0-9a-f]{8}-0000-4000-8000-000000000001".prop_map(VariableValue::Id),
    ];
    ("[A-Z_]{1,20}", value).prop_map(|(name, value)| IdentityVariable {
        name: name.into(),
        value,
    })
}

fn facts(linux: LinuxFacts, environment: Vec<IdentityVariable>) -> Facts {
    let mut facts = Facts::unseen(&Config::default());
    facts.host.linux = Some(linux);
    facts.host.environment = environment;
    facts
}

fn read_back(facts: &Facts) -> Facts {
    let json = serde_json::to_string(&store(facts)).unwrap();
    restore(serde_json::from_str::<StoredFacts>(&json).unwrap()).unwrap()
}

proptest! {
    #[test]
    fn what_linux_tells_comes_back_as_it_went(linux in linux(), environment in vec(variable(), 0..3)) {
        let facts = facts(linux, environment);
        let back = read_back(&facts);
        prop_assert_eq!(&back.host.linux, &facts.host.linux);
        prop_assert_eq!(&back.host.environment, &facts.host.environment);
        let hidden = facts.redacted(&Salt::new(b"salt")).unwrap();
        let back = read_back(&hidden);
        prop_assert_eq!(back.host.linux, hidden.host.linux);
        prop_assert_eq!(back.host.environment, hidden.host.environment);
    }
}

/// A machine that names its owner wherever it can.
fn contoso() -> LinuxFacts {
    LinuxFacts {
        interfaces: Ok(vec![
            Interface {
                name: "eth0".into(),
                mac: Some("00:0d:3a:12:34:56".into()),
                is_tunnel: false,
                is_hardware: true,
            },
            Interface {
                name: "contoso-vpn".into(),
                mac: None,
                is_tunnel: true,
                is_hardware: false,
            },
        ]),
        routes: Ok(vec![Route {
            interface: "contoso-vpn".into(),
            prefix: 0,
            gateway: Some(Ipv4Addr::new(10, 7, 8, 9).into()),
            metric: 0,
            is_reject: false,
            leads_to_imds: true,
            leads_to_platform: true,
        }]),
        listeners: Ok(vec![]),
        container: Ok(vec![ContainerMark::DockerFile]),
        is_wsl: Ok(false),
        uptime: Ok(Duration::from_secs(9)),
        arc_agent: Ok(false),
        guest_agent: Err(Unknown::Denied),
        proxy_files: Ok(vec![ProxyFile {
            file: "/etc/profile.d/contoso.sh".into(),
            host: "proxy:3128".into(),
            exempts_imds: false,
        }]),
        source_address: Ok(Some(Ipv4Addr::new(10, 7, 8, 5).into())),
        leases: Ok(vec![Lease {
            interface: "contoso-vpn".into(),
            address: Ipv4Addr::new(10, 7, 8, 5).into(),
        }]),
        arc_tokens: Ok(false),
        redirections: Ok(vec![2579]),
        filter_rules: Ok(vec![FilterRule::new(
            "inet filter".into(),
            "output".into(),
            FilterVerdict::Drop,
        )]),
    }
}

#[test]
fn names_ids_and_addresses_of_linux_are_hidden() {
    let id = "6f1e2d3c-0000-4000-8000-00000000aaaa";
    let environment = vec![
        IdentityVariable {
            name: "IDENTITY_ENDPOINT".into(),
            value: VariableValue::Host("localhost:40342".into()),
        },
        IdentityVariable {
            name: "MSI_ENDPOINT".into(),
            value: VariableValue::Host("agent.corp.example:80".into()),
        },
        IdentityVariable {
            name: "AZURE_CLIENT_ID".into(),
            value: VariableValue::Id(id.into()),
        },
    ];
    let hidden = facts(contoso(), environment)
        .redacted(&Salt::new(b"salt"))
        .unwrap();
    let shown = serde_json::to_string(&store(&hidden)).unwrap();
    for secret in [
        "contoso",
        "10.7.8.9",
        "10.7.8.5",
        "00:0d:3a",
        "proxy:3128",
        "corp.example",
        id,
    ] {
        assert!(!shown.contains(secret), "{secret} is in\n{shown}");
    }
    for kept in [
        "eth0",
        "/.dockerenv",
        "localhost:40342",
        "IDENTITY_ENDPOINT",
    ] {
        assert!(shown.contains(kept), "{kept} is not in\n{shown}");
    }
    // What the rules compare is still the same.
    let linux = hidden.host.linux.unwrap();
    let route = linux.imds_route().unwrap();
    assert!(linux.interface(&route.interface).unwrap().is_tunnel);
    let source = linux.source_address.as_ref().unwrap().as_ref();
    assert_eq!(linux.leased(&route.interface).next(), source);
}

/// What is no part of Linux alone, but of the machine, its agent, and the ways to IMDS and ARM.
#[test]
fn the_machine_and_its_ways_come_back_as_they_went() {
    let mut facts = facts(contoso(), vec![]);
    let ids = crate::known::firmware_ids("00112233-4455-6677-8899-aabbccddeeff");
    facts.host.firmware_ids = ids;
    for mode in [None, Some(AgentMode::Audit), Some(AgentMode::Enforce)] {
        facts.host.agent_status = Ok(AgentStatus {
            imds_mode: mode,
            has_key: mode.map(|it| it == AgentMode::Audit),
            denied_requests: 3,
            is_own_denied: mode.is_some(),
        });
        facts.imds.platform = Ok(match mode {
            None => Reach::Connected,
            Some(_) => Reach::Failed(FailureKind::Timeout),
        });
        facts.arm.is_over_ipv6 = mode.map(|it| it == AgentMode::Audit);
        facts.arm.proxy = mode.map(|_| ProxyVariable {
            name: "https_proxy".into(),
            host: "proxy.contoso.example:3128".into(),
        });
        let addresses = ["10.1.2.3", "2603:1030::1"].map(|ip| ip.parse::<IpAddr>().unwrap());
        facts.arm.addresses = Ok(addresses.map(Into::into).to_vec());
        let back = read_back(&facts);
        assert_eq!(back.host.firmware_ids, facts.host.firmware_ids);
        assert_eq!(back.host.agent_status, facts.host.agent_status);
        assert_eq!(back.imds.platform, facts.imds.platform);
        assert_eq!(back.arm.is_over_ipv6, facts.arm.is_over_ipv6);
        assert_eq!(back.arm.proxy, facts.arm.proxy);
        assert_eq!(back.arm.addresses, facts.arm.addresses);
    }
    let hidden = facts.redacted(&Salt::new(b"salt")).unwrap();
    let shown = serde_json::to_string(&store(&hidden)).unwrap();
    for secret in ["contoso", "10.1.2.3", "2603:1030", "00112233", "33221100"] {
        assert!(!shown.contains(secret), "{secret} is in\n{shown}");
    }
    // What the rules look at is still there.
    let first = &hidden.arm.addresses.as_ref().unwrap()[0];
    assert!(first.is_private && !first.is_ipv6);
}

/// A report of a version that did not look.
#[test]
fn what_an_older_report_lacks_is_unknown() {
    let mut json = serde_json::to_value(store(&facts(contoso(), vec![]))).unwrap();
    for (part, member) in [
        ("host", "firmware_ids"),
        ("host", "agent_status"),
        ("imds", "platform"),
        ("arm", "addresses"),
        ("arm", "is_over_ipv6"),
        ("arm", "proxy"),
    ] {
        assert!(
            json[part].as_object_mut().unwrap().remove(member).is_some(),
            "{member}"
        );
    }
    for member in [
        "source_address",
        "leases",
        "arc_tokens",
        "redirections",
        "filter_rules",
    ] {
        let linux = json["host"]["linux"].as_object_mut().unwrap();
        assert!(linux.remove(member).is_some(), "{member}");
    }
    let back = restore(serde_json::from_value::<StoredFacts>(json).unwrap()).unwrap();
    assert_eq!(back.host.firmware_ids, Err(Unknown::NotAsked));
    assert_eq!(back.host.agent_status, Err(Unknown::NotAsked));
    assert_eq!(back.imds.platform, Err(Unknown::NotAsked));
    assert_eq!(back.arm.addresses, Err(Unknown::NotAsked));
    let linux = back.host.linux.unwrap();
    assert_eq!(linux.source_address, Err(Unknown::NotAsked));
    assert_eq!(linux.leases, Err(Unknown::NotAsked));
    assert_eq!(linux.arc_tokens, Err(Unknown::NotAsked));
}

#[test]
fn a_mark_that_is_none_is_refused() {
    let mut json = serde_json::to_value(store(&Facts::unseen(&Config::default()))).unwrap();
    json["host"]["linux"] = serde_json::json!({"container": ["/etc/passwd"]});
    let error = restore(serde_json::from_value::<StoredFacts>(json.clone()).unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "facts.host.linux.container: no such mark"
    );
    let rule = serde_json::json!({"table": "ip t", "chain": "c", "verdict": "accept"});
    json["host"]["linux"] = serde_json::json!({"filter_rules": [rule]});
    let error = restore(serde_json::from_value::<StoredFacts>(json).unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "facts.host.linux.filter_rules: no such verdict"
    );
}
