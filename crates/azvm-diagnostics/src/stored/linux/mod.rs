//! What Linux and the environment tell, to their stored form and back.

use super::StoredError;
use super::facts::{back, ns, some, text, time};
use super::known::{Wire, restore, restore_address, store, store_address};
use super::text::Text;
use crate::environment::{IdentityVariable, VariableValue};
use crate::linux::{
    ContainerMark, FilterRule, FilterVerdict, Interface, Lease, LinuxFacts, ProxyFile, Route,
};
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::stored) struct Linux {
    interfaces: Wire<Vec<Card>>,
    routes: Wire<Vec<Way>>,
    listeners: Wire<Vec<u16>>,
    container: Wire<Vec<Text>>,
    is_wsl: Wire<bool>,
    uptime_ns: Wire<u64>,
    arc_agent: Wire<bool>,
    guest_agent: Wire<bool>,
    proxy_files: Wire<Vec<File>>,
    source_address: Wire<Option<Text>>,
    leases: Wire<Vec<Leased>>,
    arc_tokens: Wire<bool>,
    redirections: Wire<Vec<u16>>,
    filter_rules: Wire<Vec<Filter>>,
}

/// `interface` and not `name`: most are the same everywhere.
#[derive(Serialize, Deserialize)]
struct Card {
    interface: Text,
    #[serde(default)]
    mac: Option<Text>,
    #[serde(default)]
    is_tunnel: bool,
    #[serde(default)]
    is_hardware: bool,
}

#[derive(Serialize, Deserialize)]
struct Way {
    interface: Text,
    prefix: u8,
    #[serde(default)]
    gateway: Option<Text>,
    metric: u32,
    #[serde(default)]
    is_reject: bool,
    leads_to_imds: bool,
    leads_to_platform: bool,
}

#[derive(Serialize, Deserialize)]
struct Leased {
    interface: Text,
    address: Text,
}

#[derive(Serialize, Deserialize)]
struct Filter {
    table: Text,
    chain: Text,
    verdict: Text,
}

#[derive(Serialize, Deserialize)]
struct File {
    file: Text,
    host: Text,
    #[serde(default)]
    exempts_imds: bool,
}

#[derive(Serialize, Deserialize)]
pub(in crate::stored) struct Variable {
    variable: Text,
    #[serde(flatten)]
    value: Value,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Value {
    Empty(bool),
    Set(bool),
    Host(Text),
    Id(Text),
}

pub(super) fn store_linux(facts: &LinuxFacts) -> Linux {
    let LinuxFacts {
        interfaces,
        routes,
        listeners,
        container,
        is_wsl,
        uptime,
        arc_agent,
        guest_agent,
        proxy_files,
        source_address,
        leases,
        arc_tokens,
        redirections,
        filter_rules,
    } = facts;
    Linux {
        interfaces: store(interfaces, |it| it.iter().map(store_interface).collect()),
        routes: store(routes, |it| it.iter().map(store_route).collect()),
        listeners: store(listeners, Clone::clone),
        container: store(container, |it| {
            it.iter().map(|mark| text(mark.as_str())).collect()
        }),
        is_wsl: store(is_wsl, |it| *it),
        uptime_ns: store(uptime, |it| ns(*it)),
        arc_agent: store(arc_agent, |it| *it),
        guest_agent: store(guest_agent, |it| *it),
        proxy_files: store(proxy_files, |it| it.iter().map(store_file).collect()),
        source_address: store(source_address, |it| it.as_ref().map(store_address)),
        leases: store(leases, |it| it.iter().map(store_lease).collect()),
        arc_tokens: store(arc_tokens, |it| *it),
        redirections: store(redirections, Clone::clone),
        filter_rules: store(filter_rules, |it| it.iter().map(store_filter).collect()),
    }
}

/// # Errors
///
/// [`StoredError`] for a mark of a container or a verdict that is none.
pub(super) fn restore_linux(wire: Linux) -> Result<LinuxFacts, StoredError> {
    let container = match restore(wire.container, |it| it) {
        Ok(marks) => Ok(marks.iter().map(restore_mark).collect::<Result<_, _>>()?),
        Err(why) => Err(why),
    };
    let filter_rules = match restore(wire.filter_rules, |it| it) {
        Ok(rules) => Ok(rules
            .into_iter()
            .map(restore_filter)
            .collect::<Result<_, _>>()?),
        Err(why) => Err(why),
    };
    Ok(LinuxFacts {
        interfaces: restore(wire.interfaces, |it| {
            it.into_iter().map(restore_interface).collect()
        }),
        routes: restore(wire.routes, |it| {
            it.into_iter().map(restore_route).collect()
        }),
        listeners: restore(wire.listeners, |it| it),
        container,
        is_wsl: restore(wire.is_wsl, |it| it),
        uptime: restore(wire.uptime_ns, time),
        arc_agent: restore(wire.arc_agent, |it| it),
        guest_agent: restore(wire.guest_agent, |it| it),
        proxy_files: restore(wire.proxy_files, |it| {
            it.into_iter().map(restore_file).collect()
        }),
        source_address: restore(wire.source_address, |it| it.map(restore_address)),
        leases: restore(wire.leases, |it| {
            it.into_iter().map(restore_lease).collect()
        }),
        arc_tokens: restore(wire.arc_tokens, |it| it),
        redirections: restore(wire.redirections, |it| it),
        filter_rules,
    })
}

fn store_filter(rule: &FilterRule) -> Filter {
    Filter {
        table: text(&rule.table),
        chain: text(&rule.chain),
        verdict: text(rule.verdict.as_str()),
    }
}

fn restore_filter(wire: Filter) -> Result<FilterRule, StoredError> {
    let verdict = FilterVerdict::ALL
        .into_iter()
        .find(|verdict| verdict.as_str() == wire.verdict.as_str())
        .ok_or_else(|| StoredError::at("host.linux.filter_rules", "no such verdict"))?;
    Ok(FilterRule::new(
        wire.table.into(),
        wire.chain.into(),
        verdict,
    ))
}

fn restore_mark(text: &Text) -> Result<ContainerMark, StoredError> {
    let mark = ContainerMark::ALL
        .into_iter()
        .find(|mark| mark.as_str() == text.as_str());
    mark.ok_or_else(|| StoredError::at("host.linux.container", "no such mark"))
}

fn store_interface(interface: &Interface) -> Card {
    let Interface {
        name,
        mac,
        is_tunnel,
        is_hardware,
    } = interface;
    Card {
        interface: text(name),
        mac: some(mac.as_ref()),
        is_tunnel: *is_tunnel,
        is_hardware: *is_hardware,
    }
}

fn restore_interface(wire: Card) -> Interface {
    Interface {
        name: wire.interface.into(),
        mac: back(wire.mac),
        is_tunnel: wire.is_tunnel,
        is_hardware: wire.is_hardware,
    }
}

fn store_route(route: &Route) -> Way {
    let Route {
        interface,
        prefix,
        gateway,
        metric,
        is_reject,
        leads_to_imds,
        leads_to_platform,
    } = route;
    Way {
        interface: text(interface),
        prefix: *prefix,
        gateway: gateway.as_ref().map(store_address),
        metric: *metric,
        is_reject: *is_reject,
        leads_to_imds: *leads_to_imds,
        leads_to_platform: *leads_to_platform,
    }
}

fn restore_route(wire: Way) -> Route {
    Route {
        interface: wire.interface.into(),
        prefix: wire.prefix,
        gateway: wire.gateway.map(restore_address),
        metric: wire.metric,
        is_reject: wire.is_reject,
        leads_to_imds: wire.leads_to_imds,
        leads_to_platform: wire.leads_to_platform,
    }
}

fn store_lease(lease: &Lease) -> Leased {
    let Lease { interface, address } = lease;
    Leased {
        interface: text(interface),
        address: store_address(address),
    }
}

fn restore_lease(wire: Leased) -> Lease {
    Lease {
        interface: wire.interface.into(),
        address: restore_address(wire.address),
    }
}

fn store_file(file: &ProxyFile) -> File {
    let ProxyFile {
        file,
        host,
        exempts_imds,
    } = file;
    File {
        file: text(file),
        host: text(host),
        exempts_imds: *exempts_imds,
    }
}

fn restore_file(wire: File) -> ProxyFile {
    ProxyFile {
        file: wire.file.into(),
        host: wire.host.into(),
        exempts_imds: wire.exempts_imds,
    }
}

pub(super) fn store_variable(variable: &IdentityVariable) -> Variable {
    let IdentityVariable { name, value } = variable;
    Variable {
        variable: text(name),
        value: match value {
            VariableValue::Empty => Value::Empty(true),
            VariableValue::Set => Value::Set(true),
            VariableValue::Host(host) => Value::Host(text(host)),
            VariableValue::Id(id) => Value::Id(text(id)),
        },
    }
}

pub(super) fn restore_variable(wire: Variable) -> IdentityVariable {
    IdentityVariable {
        name: String::from(wire.variable).into(),
        value: match wire.value {
            Value::Empty(_) => VariableValue::Empty,
            Value::Set(_) => VariableValue::Set,
            Value::Host(host) => VariableValue::Host(host.into()),
            Value::Id(id) => VariableValue::Id(id.into()),
        },
    }
}

#[cfg(test)]
mod tests;
