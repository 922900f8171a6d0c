//! Windows: what its registry and its network tell. Reads only, as the user who runs it.
//!
//! What stands where in the registry is decided here and tried on every system; `system` does the reading.

#[cfg(windows)]
mod system;
#[cfg(test)]
mod tests;

#[cfg(windows)]
pub(super) use system::collect;

use crate::windows::{
    Adapter, Address, BlockingRule, ConnectionSettings, Firmware, IMDS_ADDRESS, IMDS_PORT, Known,
    PersistentRoute, ProxySettings, Unknown, WindowsFacts,
};
use azvm_exchange::service_text;

/// Where a key begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hive {
    LocalMachine,
    CurrentUser,
}

/// A value of the registry, of the types that are read here.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Bytes(Vec<u8>),
    Number(u32),
    Text(String),
}

/// What is read of a registry; a missing right or entry is [`Unknown`].
trait Registry {
    fn value(&self, hive: Hive, key: &str, name: &str) -> Known<Value>;

    /// Every value of a key with its name; [`Unknown::Unreadable`] when there are more than `limit`.
    fn values(&self, hive: Hive, key: &str, limit: usize) -> Known<Vec<(String, Value)>>;
}

/// What the network tells; the registry adds to it.
struct Network {
    adapters: Known<Vec<Adapter>>,
    source_address: Known<Option<Address>>,
}

fn gather(registry: &dyn Registry, network: Network) -> WindowsFacts {
    let machine = Keys {
        registry,
        hive: Hive::LocalMachine,
    };
    let with_dhcp = |mut adapter: Adapter| {
        adapter.dhcp = machine.dhcp(&adapter.id);
        adapter
    };
    WindowsFacts {
        product: machine.text(VERSION_KEY, "ProductName"),
        version: machine.version(),
        firmware: machine
            .bytes(r"SYSTEM\CurrentControlSet\Services\mssmbios\Data", "SMBiosData")
            .and_then(|bytes| Firmware::read(&bytes)),
        hyper_v_id: machine.text(
            r"SOFTWARE\Microsoft\Virtual Machine\Guest\Parameters",
            "VirtualMachineId",
        ),
        arc_agent: machine
            .text(r"SYSTEM\CurrentControlSet\Services\himds", "ImagePath")
            .map(|_| true),
        winhttp_proxy: machine
            .bytes(CONNECTIONS_KEY, "WinHttpSettings")
            .and_then(|bytes| ConnectionSettings::read(&bytes))
            .map(|settings| settings.settings()),
        user_proxy: user_proxy(registry),
        persistent_routes: machine.persistent_routes(),
        firewall_rules: machine.firewall_rules(
            r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules",
        ),
        policy_firewall_rules: machine
            .firewall_rules(r"SOFTWARE\Policies\Microsoft\WindowsFirewall\FirewallRules"),
        adapters: network
            .adapters
            .map(|adapters| adapters.into_iter().map(with_dhcp).collect()),
        source_address: network.source_address,
        is_container: machine
            .number(r"SYSTEM\CurrentControlSet\Control", "ContainerType")
            .map(|_| true),
    }
}

/// The user's settings, or the machine's where a policy puts them in their place.
fn user_proxy(registry: &dyn Registry) -> Known<ProxySettings> {
    let hive = |hive| Keys { registry, hive };
    let per_user = hive(Hive::LocalMachine).number(POLICY_KEY, "ProxySettingsPerUser");
    let keys = match per_user {
        Ok(0) => hive(Hive::LocalMachine),
        Ok(_) | Err(Unknown::Absent) => hive(Hive::CurrentUser),
        Err(unknown) => return Err(unknown),
    };
    // A text that is not there is a setting that was never made, once it is known whether there is a proxy.
    let text = |name| match keys.text(SETTINGS_KEY, name) {
        Err(Unknown::Absent) => Ok(String::new()),
        text => text,
    };
    let is_on = keys.number(SETTINGS_KEY, "ProxyEnable")? != 0;
    let detects = keys
        .bytes(CONNECTIONS_KEY, "DefaultConnectionSettings")
        .and_then(|bytes| ConnectionSettings::read(&bytes))
        .map(|settings| settings.detects());
    let (proxy, bypass) = if is_on {
        (text("ProxyServer")?, text("ProxyOverride")?)
    } else {
        Default::default()
    };
    let script = text("AutoConfigURL")?;
    Ok(ProxySettings::new(&proxy, &bypass, &script, detects))
}

/// One hive of a registry.
struct Keys<'a> {
    registry: &'a dyn Registry,
    hive: Hive,
}

impl Keys<'_> {
    fn bytes(&self, key: &str, name: &str) -> Known<Vec<u8>> {
        match self.registry.value(self.hive, key, name)? {
            Value::Bytes(bytes) => Ok(bytes),
            Value::Number(_) | Value::Text(_) => Err(Unknown::Unreadable),
        }
    }

    fn number(&self, key: &str, name: &str) -> Known<u32> {
        match self.registry.value(self.hive, key, name)? {
            Value::Number(number) => Ok(number),
            Value::Bytes(_) | Value::Text(_) => Err(Unknown::Unreadable),
        }
    }

    /// As it stands there, but for control characters and what is too long for a setting.
    fn text(&self, key: &str, name: &str) -> Known<String> {
        match self.registry.value(self.hive, key, name)? {
            Value::Text(text) if text.len() > MAX_TEXT_BYTES => Err(Unknown::Unreadable),
            Value::Text(text) => Ok(text.replace(char::is_control, " ")),
            Value::Bytes(_) | Value::Number(_) => Err(Unknown::Unreadable),
        }
    }

    /// `MAJOR.MINOR.BUILD.REVISION`; the first two are numbers since Windows 10 and a text before.
    fn version(&self) -> Known<String> {
        let number = |name| self.number(VERSION_KEY, name);
        let release = match (
            number("CurrentMajorVersionNumber"),
            number("CurrentMinorVersionNumber"),
        ) {
            (Ok(major), Ok(minor)) => format!("{major}.{minor}"),
            _ => self.text(VERSION_KEY, "CurrentVersion")?,
        };
        let build = self.text(VERSION_KEY, "CurrentBuild")?;
        Ok(service_text(&match number("UBR") {
            Ok(revision) => format!("{release}.{build}.{revision}"),
            Err(_) => format!("{release}.{build}"),
        }))
    }

    fn dhcp(&self, adapter_id: &str) -> Known<bool> {
        let key =
            format!(r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters\Interfaces\{adapter_id}");
        Ok(self.number(&key, "EnableDHCP")? != 0)
    }

    /// All of them or none: a list without the one that nobody could read would be taken for the whole.
    fn persistent_routes(&self) -> Known<Vec<PersistentRoute>> {
        let key = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters\PersistentRoutes";
        let values = self.registry.values(self.hive, key, MAX_ROUTES)?;
        values
            .iter()
            // The default value of a key has no name.
            .filter(|(name, _)| !name.is_empty())
            .map(|(name, _)| PersistentRoute::read(name).ok_or(Unknown::Unreadable))
            .collect()
    }

    fn firewall_rules(&self, key: &str) -> Known<Vec<BlockingRule>> {
        let values = self.registry.values(self.hive, key, MAX_RULES)?;
        let blocking = values.iter().filter_map(|(_, value)| match value {
            Value::Text(text) => BlockingRule::read(text, IMDS_ADDRESS, IMDS_PORT),
            Value::Bytes(_) | Value::Number(_) => None,
        });
        Ok(blocking.collect())
    }
}

const VERSION_KEY: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";
const SETTINGS_KEY: &str = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings";
const CONNECTIONS_KEY: &str =
    r"Software\Microsoft\Windows\CurrentVersion\Internet Settings\Connections";
const POLICY_KEY: &str = r"SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings";

/// Longer texts are nobody's setting.
const MAX_TEXT_BYTES: usize = 1 << 16;

/// More routes than these are some program's black list, and not read.
const MAX_ROUTES: usize = 4096;

/// A machine with everything installed has about a thousand.
const MAX_RULES: usize = 16_384;
