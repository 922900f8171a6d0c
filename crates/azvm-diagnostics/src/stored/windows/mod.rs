//! What Windows tells, to its stored form and back.

use super::facts::{back, restore_asset_tag, some, store_asset_tag, text};
use super::known::{Wire, restore, restore_address, store, store_address};
use super::text::Text;
use super::wire::AssetTag;
use crate::windows;
use crate::windows::{Adapter, BlockingRule, PersistentRoute, ProxySettings, WindowsFacts};
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::stored) struct Windows {
    product: Wire<Text>,
    version: Wire<Text>,
    firmware: Wire<Firmware>,
    hyper_v_id: Wire<Text>,
    arc_agent: Wire<bool>,
    winhttp_proxy: Wire<Proxy>,
    user_proxy: Wire<Proxy>,
    persistent_routes: Wire<Vec<Route>>,
    firewall_rules: Wire<Vec<Rule>>,
    policy_firewall_rules: Wire<Vec<Rule>>,
    adapters: Wire<Vec<Card>>,
    source_address: Wire<Option<Text>>,
    is_container: Wire<bool>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Firmware {
    asset_tag: AssetTag,
    system_uuid: Option<Text>,
    manufacturer: Option<Text>,
    product: Option<Text>,
}

#[derive(Serialize, Deserialize)]
struct Proxy {
    host: Option<Text>,
    #[serde(default)]
    bypass: Vec<Text>,
    #[serde(default)]
    exempts_imds: bool,
    #[serde(default)]
    script: Option<Text>,
    #[serde(default)]
    detects: Wire<bool>,
}

#[derive(Serialize, Deserialize)]
struct Route {
    destination: Text,
    prefix: u8,
    gateway: Text,
    metric: i64,
    leads_to_imds: bool,
}

#[derive(Serialize, Deserialize)]
struct Rule {
    name: Text,
    names_address: bool,
    is_conditional: bool,
}

/// `device` and not `description`: it is no sentence.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Card {
    id: Text,
    name: Text,
    device: Text,
    mac: Option<Text>,
    addresses: Vec<Text>,
    gateways: Vec<Text>,
    metric: u32,
    is_up: bool,
    dhcp: Wire<bool>,
}

pub(super) fn store_windows(facts: &WindowsFacts) -> Windows {
    let WindowsFacts {
        product,
        version,
        firmware,
        hyper_v_id,
        arc_agent,
        winhttp_proxy,
        user_proxy,
        persistent_routes,
        firewall_rules,
        policy_firewall_rules,
        adapters,
        source_address,
        is_container,
    } = facts;
    Windows {
        product: store(product, text),
        version: store(version, text),
        firmware: store(firmware, store_firmware),
        hyper_v_id: store(hyper_v_id, text),
        arc_agent: store(arc_agent, |it| *it),
        winhttp_proxy: store(winhttp_proxy, store_proxy),
        user_proxy: store(user_proxy, store_proxy),
        persistent_routes: store(persistent_routes, |it| list(it, store_route)),
        firewall_rules: store(firewall_rules, |it| list(it, store_rule)),
        policy_firewall_rules: store(policy_firewall_rules, |it| list(it, store_rule)),
        adapters: store(adapters, |it| list(it, store_adapter)),
        source_address: store(source_address, |it| it.as_ref().map(store_address)),
        is_container: store(is_container, |it| *it),
    }
}

pub(super) fn restore_windows(wire: Windows) -> WindowsFacts {
    WindowsFacts {
        product: restore(wire.product, Into::into),
        version: restore(wire.version, Into::into),
        firmware: restore(wire.firmware, restore_firmware),
        hyper_v_id: restore(wire.hyper_v_id, Into::into),
        arc_agent: restore(wire.arc_agent, |it| it),
        winhttp_proxy: restore(wire.winhttp_proxy, restore_proxy),
        user_proxy: restore(wire.user_proxy, restore_proxy),
        persistent_routes: restore(wire.persistent_routes, |it| all(it, restore_route)),
        firewall_rules: restore(wire.firewall_rules, |it| all(it, restore_rule)),
        policy_firewall_rules: restore(wire.policy_firewall_rules, |it| all(it, restore_rule)),
        adapters: restore(wire.adapters, |it| all(it, restore_adapter)),
        source_address: restore(wire.source_address, |it| it.map(restore_address)),
        is_container: restore(wire.is_container, |it| it),
    }
}

fn list<T, W>(facts: &[T], store: impl Fn(&T) -> W) -> Vec<W> {
    facts.iter().map(store).collect()
}

fn all<T, W>(wires: Vec<W>, restore: impl Fn(W) -> T) -> Vec<T> {
    wires.into_iter().map(restore).collect()
}

fn store_firmware(firmware: &windows::Firmware) -> Firmware {
    let windows::Firmware {
        chassis_asset_tag,
        system_uuid,
        manufacturer,
        product,
    } = firmware;
    Firmware {
        asset_tag: store_asset_tag(chassis_asset_tag),
        system_uuid: some(system_uuid.as_ref()),
        manufacturer: some(manufacturer.as_ref()),
        product: some(product.as_ref()),
    }
}

fn restore_firmware(wire: Firmware) -> windows::Firmware {
    windows::Firmware {
        chassis_asset_tag: restore_asset_tag(wire.asset_tag),
        system_uuid: back(wire.system_uuid),
        manufacturer: back(wire.manufacturer),
        product: back(wire.product),
    }
}

fn store_proxy(proxy: &ProxySettings) -> Proxy {
    let ProxySettings {
        host,
        bypass,
        exempts_imds,
        script,
        detects,
    } = proxy;
    Proxy {
        host: some(host.as_ref()),
        bypass: bypass.iter().map(text).collect(),
        exempts_imds: *exempts_imds,
        script: some(script.as_ref()),
        detects: store(detects, |it| *it),
    }
}

fn restore_proxy(wire: Proxy) -> ProxySettings {
    ProxySettings {
        host: back(wire.host),
        bypass: all(wire.bypass, Into::into),
        exempts_imds: wire.exempts_imds,
        script: back(wire.script),
        detects: restore(wire.detects, |it| it),
    }
}

fn store_route(route: &PersistentRoute) -> Route {
    let PersistentRoute {
        destination,
        prefix,
        gateway,
        metric,
        leads_to_imds,
    } = route;
    Route {
        destination: store_address(destination),
        prefix: *prefix,
        gateway: store_address(gateway),
        metric: *metric,
        leads_to_imds: *leads_to_imds,
    }
}

fn restore_route(wire: Route) -> PersistentRoute {
    PersistentRoute {
        destination: restore_address(wire.destination),
        prefix: wire.prefix,
        gateway: restore_address(wire.gateway),
        metric: wire.metric,
        leads_to_imds: wire.leads_to_imds,
    }
}

fn store_rule(rule: &BlockingRule) -> Rule {
    let BlockingRule {
        name,
        names_address,
        is_conditional,
    } = rule;
    Rule {
        name: text(name),
        names_address: *names_address,
        is_conditional: *is_conditional,
    }
}

fn restore_rule(wire: Rule) -> BlockingRule {
    BlockingRule {
        name: wire.name.into(),
        names_address: wire.names_address,
        is_conditional: wire.is_conditional,
    }
}

fn store_adapter(adapter: &Adapter) -> Card {
    let Adapter {
        id,
        name,
        description,
        mac,
        addresses,
        gateways,
        metric,
        is_up,
        dhcp,
    } = adapter;
    Card {
        id: text(id),
        name: text(name),
        device: text(description),
        mac: some(mac.as_ref()),
        addresses: list(addresses, store_address),
        gateways: list(gateways, store_address),
        metric: *metric,
        is_up: *is_up,
        dhcp: store(dhcp, |it| *it),
    }
}

fn restore_adapter(wire: Card) -> Adapter {
    Adapter {
        id: wire.id.into(),
        name: wire.name.into(),
        description: wire.device.into(),
        mac: back(wire.mac),
        addresses: all(wire.addresses, restore_address),
        gateways: all(wire.gateways, restore_address),
        metric: wire.metric,
        is_up: wire.is_up,
        dhcp: restore(wire.dhcp, |it| it),
    }
}

#[cfg(test)]
mod tests;
