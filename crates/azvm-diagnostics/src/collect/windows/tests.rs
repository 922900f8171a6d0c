//! Registries as `reg export` writes them: the same files that are loaded into a real registry to try the program.

use super::*;
use crate::facts::{AZURE_ASSET_TAG, AssetTag};
use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};

/// The text of a `.reg` file, and what it was asked for.
struct Exported {
    values: Vec<(String, String, Value)>,
    denied: &'static str,
    asked: RefCell<Vec<String>>,
}

impl Exported {
    fn read(text: &str) -> Self {
        let mut values = Vec::new();
        let mut key = "";
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix('[') {
                key = name.strip_suffix(']').unwrap();
            } else if let Some((name, value)) = line.split_once("\"=") {
                let name = name.strip_prefix('"').unwrap().to_owned();
                values.push((key.to_owned(), name, parse(value)));
            }
        }
        Self {
            values,
            denied: "none",
            asked: RefCell::default(),
        }
    }

    fn azure() -> Self {
        Self::read(AZURE)
    }

    fn without(mut self, name: &str) -> Self {
        let before = self.values.len();
        self.values.retain(|(_, it, _)| it != name);
        assert_ne!(self.values.len(), before, "{name}");
        self
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        let entry = self.values.iter_mut().find(|(_, it, _)| it == name);
        entry.unwrap().2 = value;
        self
    }

    fn facts(&self) -> WindowsFacts {
        gather(self, network())
    }

    fn open(&self, hive: Hive, key: &str) -> Known<String> {
        self.asked.borrow_mut().push(key.to_owned());
        if key.contains(self.denied) {
            return Err(Unknown::Denied);
        }
        let hive = match hive {
            Hive::LocalMachine => "HKEY_LOCAL_MACHINE",
            Hive::CurrentUser => "HKEY_CURRENT_USER",
        };
        Ok(format!(r"{hive}\{key}"))
    }
}

impl Registry for Exported {
    fn value(&self, hive: Hive, key: &str, name: &str) -> Known<Value> {
        let path = self.open(hive, key)?;
        let mut entries = self.values.iter();
        let found = entries.find(|(key, it, _)| key.eq_ignore_ascii_case(&path) && it == name);
        Ok(found.ok_or(Unknown::Absent)?.2.clone())
    }

    fn values(&self, hive: Hive, key: &str, limit: usize) -> Known<Vec<(String, Value)>> {
        let path = self.open(hive, key)?;
        let entries = self.values.iter();
        let found: Vec<_> = entries
            .filter(|(key, ..)| key.eq_ignore_ascii_case(&path))
            .map(|(_, name, value)| (name.clone(), value.clone()))
            .collect();
        match found.len() {
            0 => Err(Unknown::Absent),
            count if count > limit => Err(Unknown::Unreadable),
            _ => Ok(found),
        }
    }
}

fn parse(value: &str) -> Value {
    if let Some(number) = value.strip_prefix("dword:") {
        return Value::Number(u32::from_str_radix(number, 16).unwrap());
    }
    if let Some(bytes) = value.strip_prefix("hex:") {
        let bytes = bytes
            .split(',')
            .map(|byte| u8::from_str_radix(byte, 16).unwrap());
        return Value::Bytes(bytes.collect());
    }
    let text = value.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
    Value::Text(text.replace(r"\\", r"\"))
}

fn network() -> Network {
    let adapter = |id: &str, address: [u8; 4]| Adapter {
        id: id.into(),
        name: "Ethernet".into(),
        description: "Microsoft Hyper-V Network Adapter".into(),
        mac: Some("00:0d:3a:00:00:01".into()),
        addresses: vec![IpAddr::V4(address.into()).into()],
        gateways: Vec::new(),
        metric: 10,
        is_up: true,
        dhcp: Err(Unknown::Absent),
    };
    Network {
        adapters: Ok(vec![
            adapter(SECOND, [10, 0, 1, 4]),
            adapter(FIRST, [10, 0, 0, 4]),
        ]),
        source_address: Ok(Some(Ipv4Addr::new(10, 0, 0, 4).into())),
    }
}

const FIRST: &str = "{fa4e0000-0006-4000-8000-000000000001}";
const SECOND: &str = "{fa4e0000-0006-4000-8000-000000000002}";
const AZURE: &str = include_str!("../../../tests/data/windows/azure.reg");
const LAPTOP: &str = include_str!("../../../tests/data/windows/laptop.reg");

#[test]
fn an_azure_machine_is_read_whole() {
    let facts = Exported::azure().facts();
    assert_eq!(
        facts.product.as_deref(),
        Ok("Windows Server 2022 Datacenter Azure Edition")
    );
    assert_eq!(facts.version.as_deref(), Ok("10.0.20348.2322"));
    let firmware = facts.firmware.as_ref().unwrap();
    assert_eq!(
        firmware.chassis_asset_tag,
        AssetTag::Present(AZURE_ASSET_TAG.into())
    );
    assert_eq!(
        firmware.system_uuid.as_deref(),
        Some("00112233-4455-6677-8899-aabbccddeeff")
    );
    assert_eq!(
        facts.hyper_v_id.as_deref(),
        Ok("00112233-4455-6677-8899-AABBCCDDEEFF")
    );
    assert_eq!(facts.arc_agent, Err(Unknown::Absent));
    assert_eq!(facts.chosen_adapter().unwrap().id, FIRST);
    assert_eq!(facts.chosen_adapter().unwrap().dhcp, Ok(true));
}

#[test]
fn proxies_routes_and_rules_of_an_azure_machine() {
    let facts = Exported::azure().facts();
    let services = facts.winhttp_proxy.unwrap();
    assert_eq!(services.host.as_deref(), Some("proxy.azvm.test:3128"));
    assert!(services.catches_imds());
    let user = facts.user_proxy.unwrap();
    assert_eq!(user.host.as_deref(), Some("proxy.azvm.test:8080"));
    assert!(user.exempts_imds && !user.catches_imds());
    assert_eq!(user.detects, Ok(true));
    assert!(AZURE.contains("s3cr3t") && !format!("{user:?}").contains("s3cr3t"));
    let routes = facts.persistent_routes.unwrap();
    let covering: Vec<_> = routes
        .iter()
        .filter(|route| route.covers(IMDS_ADDRESS))
        .collect();
    assert_eq!((routes.len(), covering.len()), (2, 1));
    let rules = facts.firewall_rules.unwrap();
    assert_eq!(rules.len(), 1);
    assert!(rules[0].names_address && !rules[0].is_conditional);
    assert_eq!(rules[0].name, "No metadata");
    assert_eq!(facts.policy_firewall_rules, Err(Unknown::Absent));
}

#[test]
fn a_laptop_has_another_mark() {
    let facts = Exported::read(LAPTOP).facts();
    let firmware = facts.firmware.unwrap();
    assert_eq!(firmware.chassis_asset_tag.is_azure(), Some(false));
    assert_eq!(facts.arc_agent, Ok(true));
    assert_eq!(facts.version.as_deref(), Ok("6.1.7601"));
    assert!(!facts.winhttp_proxy.unwrap().catches_imds());
}

#[test]
fn a_container_has_its_type_in_the_registry() {
    assert_eq!(Exported::azure().facts().is_container, Err(Unknown::Absent));
    let text = "[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control]\n\"ContainerType\"=dword:00000001\n";
    let facts = gather(&Exported::read(text), network());
    assert_eq!(facts.is_container, Ok(true));
}

#[test]
fn the_firmwares_uuid_comes_in_both_orders() {
    let ids = Exported::azure().facts().firmware_ids().unwrap();
    assert_eq!((ids.len(), ids[0].len()), (2, 36));
    assert_ne!(ids[0], ids[1]);
}

/// Nothing that a rule could take for *no*.
#[test]
fn an_empty_registry_is_unknown_in_every_place() {
    let facts = gather(
        &Exported::read(""),
        Network {
            adapters: Err(Unknown::Denied),
            source_address: Err(Unknown::NotAsked),
        },
    );
    let absent = Unknown::Absent;
    assert_eq!((facts.product, facts.version), (Err(absent), Err(absent)));
    assert_eq!(
        (facts.firmware, facts.hyper_v_id),
        (Err(absent), Err(absent))
    );
    assert_eq!(facts.arc_agent, Err(absent));
    assert_eq!(
        (facts.winhttp_proxy, facts.user_proxy),
        (Err(absent), Err(absent))
    );
    assert_eq!(facts.persistent_routes, Err(absent));
    assert_eq!(facts.is_container, Err(absent));
    assert_eq!(
        (facts.firewall_rules, facts.policy_firewall_rules),
        (Err(absent), Err(absent))
    );
    assert_eq!(
        (facts.adapters, facts.source_address),
        (Err(Unknown::Denied), Err(Unknown::NotAsked))
    );
}

#[test]
fn a_missing_right_is_denied_and_nothing_else() {
    for (part, is_denied) in [
        (
            "mssmbios",
            (|facts| facts.firmware == Err(Unknown::Denied)) as fn(&WindowsFacts) -> bool,
        ),
        ("FirewallRules", |facts| {
            facts.firewall_rules == Err(Unknown::Denied)
        }),
        ("PersistentRoutes", |facts| {
            facts.persistent_routes == Err(Unknown::Denied)
        }),
        (r"Settings\Connections", |facts| {
            facts.winhttp_proxy == Err(Unknown::Denied)
        }),
        ("Internet Settings", |facts| {
            facts.user_proxy == Err(Unknown::Denied)
        }),
        ("Interfaces", |facts| {
            facts.chosen_adapter().unwrap().dhcp == Err(Unknown::Denied)
        }),
    ] {
        let mut registry = Exported::azure();
        registry.denied = part;
        assert!(is_denied(&registry.facts()), "{part}");
    }
}

#[test]
fn a_value_of_another_form_is_unreadable() {
    let number = || Value::Number(1);
    let facts = |name| Exported::azure().with(name, number()).facts();
    assert_eq!(facts("SMBiosData").firmware, Err(Unknown::Unreadable));
    assert_eq!(
        facts("WinHttpSettings").winhttp_proxy,
        Err(Unknown::Unreadable)
    );
    assert_eq!(facts("ProxyServer").user_proxy, Err(Unknown::Unreadable));
    let cut = Value::Bytes(vec![0, 3, 1, 0, 9, 0, 0, 0]);
    let facts = Exported::azure().with("SMBiosData", cut).facts();
    assert_eq!(facts.firmware, Err(Unknown::Unreadable));
    let long = Value::Text("x".repeat(MAX_TEXT_BYTES + 1));
    let facts = Exported::azure().with("ProxyOverride", long).facts();
    assert_eq!(facts.user_proxy, Err(Unknown::Unreadable));
}

#[test]
fn a_proxy_that_is_switched_off_is_none_and_one_that_nobody_knows_of_is_unknown() {
    let off = Exported::azure()
        .with("ProxyEnable", Value::Number(0))
        .facts();
    assert_eq!(off.user_proxy.unwrap().host, None);
    let unknown = Exported::azure().without("ProxyEnable").facts();
    assert_eq!(unknown.user_proxy, Err(Unknown::Absent));
    let without_list = Exported::azure().without("ProxyOverride").facts();
    assert!(without_list.user_proxy.unwrap().catches_imds());
}

#[test]
fn a_policy_puts_the_machines_proxy_in_the_place_of_the_users() {
    let mut registry = Exported::azure();
    let value = Value::Number(0);
    registry.values.push((
        format!(r"HKEY_LOCAL_MACHINE\{POLICY_KEY}"),
        "ProxySettingsPerUser".into(),
        value,
    ));
    assert_eq!(registry.facts().user_proxy, Err(Unknown::Absent));
}

#[test]
fn one_route_that_cannot_be_read_hides_none() {
    let mut registry = Exported::azure();
    let key =
        r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters\PersistentRoutes";
    let nothing = || Value::Text(String::new());
    registry.values.push((key.into(), String::new(), nothing()));
    assert!(registry.facts().persistent_routes.is_ok());
    registry.values.push((key.into(), "odd".into(), nothing()));
    assert_eq!(registry.facts().persistent_routes, Err(Unknown::Unreadable));
}

#[test]
fn only_these_keys_are_read() {
    let registry = Exported::azure();
    registry.facts();
    let mut asked = registry.asked.into_inner();
    asked.sort_unstable();
    asked.dedup();
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/platform.md");
    let documented = std::fs::read_to_string(page).unwrap();
    for key in asked {
        let key = key.replace(FIRST, "{GUID}").replace(SECOND, "{GUID}");
        assert!(
            documented.to_lowercase().contains(&key.to_lowercase()),
            "docs/platform.md does not tell of {key}"
        );
    }
}
