//! Whatever Windows tells comes back from a report as it went, and leaves it hidden when asked to.

use crate::Config;
use crate::facts::{AssetTag, Facts, Redaction};
use crate::known::{Address, Known, Unknown};
use crate::stored::{StoredFacts, restore, store};
use crate::strict::Salt;
use crate::windows::{
    Adapter, BlockingRule, Firmware, PersistentRoute, ProxySettings, WindowsFacts,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::net::IpAddr;

fn known<T: std::fmt::Debug>(fact: impl Strategy<Value = T>) -> impl Strategy<Value = Known<T>> {
    let why = prop_oneof![
        Just(Unknown::Absent),
        Just(Unknown::Crashed),
        Just(Unknown::Denied),
        any::<i32>().prop_map(Unknown::Failed),
        Just(Unknown::NotAsked),
        Just(Unknown::TimedOut),
        Just(Unknown::Unreadable),
    ];
    prop_oneof![3 => fact.prop_map(Ok), 1 => why.prop_map(Err)]
}

/// Words that a member's stored form could be confused by are among them.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,40}",
        Just("unknown".to_string()),
        Just("absent".to_string()),
        Just("gr\u{fc}n".to_string()),
    ]
}

fn address() -> impl Strategy<Value = Address> {
    any::<IpAddr>().prop_map(Address::Ip)
}

fn firmware() -> impl Strategy<Value = Firmware> {
    let tag = prop_oneof![
        Just(AssetTag::Unknown),
        Just(AssetTag::Absent),
        text().prop_map(AssetTag::Present),
    ];
    (
        tag,
        option::of(text()),
        option::of(text()),
        option::of(text()),
    )
        .prop_map(
            |(chassis_asset_tag, system_uuid, manufacturer, product)| Firmware {
                chassis_asset_tag,
                system_uuid,
                manufacturer,
                product,
            },
        )
}

fn proxy() -> impl Strategy<Value = ProxySettings> {
    let detects = known(any::<bool>());
    (
        option::of(text()),
        vec(text(), 0..3),
        any::<bool>(),
        option::of(text()),
        detects,
    )
        .prop_map(
            |(host, bypass, exempts_imds, script, detects)| ProxySettings {
                host,
                bypass,
                exempts_imds,
                script,
                detects,
            },
        )
}

fn route() -> impl Strategy<Value = PersistentRoute> {
    (address(), 0..=32_u8, address(), any::<i64>(), any::<bool>()).prop_map(
        |(destination, prefix, gateway, metric, leads_to_imds)| PersistentRoute {
            destination,
            prefix,
            gateway,
            metric,
            leads_to_imds,
        },
    )
}

fn rule() -> impl Strategy<Value = BlockingRule> {
    (text(), any::<bool>(), any::<bool>()).prop_map(|(name, names_address, is_conditional)| {
        BlockingRule {
            name,
            names_address,
            is_conditional,
        }
    })
}

fn adapter() -> impl Strategy<Value = Adapter> {
    let words = (text(), text(), text(), option::of(text()));
    let numbers = (any::<u32>(), any::<bool>(), known(any::<bool>()));
    (words, vec(address(), 0..3), vec(address(), 0..2), numbers).prop_map(
        |((id, name, description, mac), addresses, gateways, (metric, is_up, dhcp))| Adapter {
            id,
            name,
            description,
            mac,
            addresses,
            gateways,
            metric,
            is_up,
            dhcp,
        },
    )
}

fn windows() -> impl Strategy<Value = WindowsFacts> {
    let system = (
        known(text()),
        known(text()),
        known(firmware()),
        known(text()),
    );
    let programs = (known(any::<bool>()), known(proxy()), known(proxy()));
    let rules = (known(vec(rule(), 0..3)), known(vec(rule(), 0..3)));
    let network = (
        known(vec(route(), 0..3)),
        known(vec(adapter(), 0..3)),
        known(option::of(address())),
        known(any::<bool>()),
    );
    (system, programs, rules, network).prop_map(|(system, programs, rules, network)| WindowsFacts {
        product: system.0,
        version: system.1,
        firmware: system.2,
        hyper_v_id: system.3,
        arc_agent: programs.0,
        winhttp_proxy: programs.1,
        user_proxy: programs.2,
        firewall_rules: rules.0,
        policy_firewall_rules: rules.1,
        persistent_routes: network.0,
        adapters: network.1,
        source_address: network.2,
        is_container: network.3,
    })
}

fn facts(windows: WindowsFacts) -> Facts {
    let mut facts = Facts::unseen(&Config::default());
    facts.host.windows = Some(windows);
    facts
}

fn read_back(facts: &Facts) -> Facts {
    let json = serde_json::to_string(&store(facts)).unwrap();
    restore(serde_json::from_str::<StoredFacts>(&json).unwrap()).unwrap()
}

proptest! {
    #[test]
    fn what_windows_tells_comes_back_as_it_went(windows in windows()) {
        let facts = facts(windows);
        prop_assert_eq!(read_back(&facts).host.windows, facts.host.windows);
    }

    /// And hiding twice hides no more.
    #[test]
    fn what_windows_tells_can_be_hidden_and_comes_back_hidden(windows in windows()) {
        let hidden = facts(windows).redacted(&Salt::new(b"salt")).unwrap();
        prop_assert_eq!(hidden.redaction, Redaction::Strict);
        prop_assert_eq!(read_back(&hidden).host.windows, hidden.host.windows);
    }
}

fn full() -> WindowsFacts {
    let ip = |text: &str| Address::Ip(text.parse().unwrap());
    let proxy = ProxySettings::new(
        "proxy.corp.example:3128",
        "<local>;*.corp.example;169.254.169.254",
        "http://pac/x",
        Ok(false),
    );
    let rule = |name: &str| BlockingRule {
        name: name.into(),
        names_address: true,
        is_conditional: false,
    };
    WindowsFacts {
        product: Ok("Windows Server 2022 Datacenter".into()),
        version: Ok("10.0.20348.2322".into()),
        firmware: Ok(Firmware {
            chassis_asset_tag: AssetTag::Present(crate::facts::AZURE_ASSET_TAG.into()),
            system_uuid: Some("6f1e2d3c-0000-4000-8000-00000000aaaa".into()),
            manufacturer: Some("Microsoft Corporation".into()),
            product: Some("Virtual Machine".into()),
        }),
        hyper_v_id: Ok("6F1E2D3C-0000-4000-8000-00000000BBBB".into()),
        arc_agent: Err(Unknown::Absent),
        winhttp_proxy: Ok(proxy.clone()),
        user_proxy: Ok(proxy),
        persistent_routes: Ok(vec![
            PersistentRoute::read("169.254.0.0,255.255.0.0,10.7.8.9,1").unwrap(),
        ]),
        firewall_rules: Ok(vec![rule("Contoso hardening")]),
        policy_firewall_rules: Ok(vec![rule("contoso-policy")]),
        adapters: Ok(vec![Adapter {
            id: "{6F1E2D3C-0000-4000-8000-00000000CCCC}".into(),
            name: "Contoso uplink".into(),
            description: "Microsoft Hyper-V Network Adapter".into(),
            mac: Some("00:0d:3a:12:34:56".into()),
            addresses: vec![ip("10.7.8.9"), ip("fe80::1234")],
            gateways: vec![ip("10.7.8.1")],
            metric: 15,
            is_up: true,
            dhcp: Ok(true),
        }]),
        source_address: Ok(Some(ip("10.7.8.9"))),
        is_container: Ok(true),
    }
}

#[test]
fn names_ids_and_addresses_of_windows_are_hidden() {
    let open = facts(full());
    let hidden = open.redacted(&Salt::new(b"salt")).unwrap();
    let shown = serde_json::to_string(&store(&hidden)).unwrap();
    let lower = shown.to_lowercase();
    for secret in [
        "corp.example",
        "pac",
        "6f1e2d3c",
        "10.7.8.",
        "fe80",
        "contoso",
        "00:0d:3a",
    ] {
        assert!(!lower.contains(secret), "{secret} is in\n{shown}");
    }
    for kept in [
        "Windows Server 2022 Datacenter",
        "10.0.20348.2322",
        "7783-7084-3265-9085-8269-3286-77",
        "Microsoft Hyper-V Network Adapter",
        "<local>",
        "169.254.169.254",
    ] {
        assert!(shown.contains(kept), "{kept} is not in\n{shown}");
    }
    // What the rules compare is still the same, or still different.
    let windows = hidden.host.windows.unwrap();
    assert!(windows.chosen_adapter().unwrap().is_up);
    let route = &windows.persistent_routes.as_ref().unwrap()[0];
    assert!(route.leads_to_imds);
    assert_eq!(
        Some(&route.gateway),
        windows.source_address.as_ref().unwrap().as_ref()
    );
}

#[test]
fn a_reason_of_a_newer_version_is_no_fact() {
    let mut json = serde_json::to_value(store(&facts(full()))).unwrap();
    json["host"]["windows"]["product"] = serde_json::json!({"unknown": "moon phase"});
    json["host"]["windows"]
        .as_object_mut()
        .unwrap()
        .remove("version");
    let read = restore(serde_json::from_value::<StoredFacts>(json).unwrap()).unwrap();
    let windows = read.host.windows.unwrap();
    assert_eq!(windows.product, Err(Unknown::Unreadable));
    assert_eq!(windows.version, Err(Unknown::NotAsked));
}
