//! The registry and the network of the running Windows. No packet is sent.

use super::{Hive, Network, Registry, Value, gather};
use crate::collect::path::source_address;
use crate::windows::{Adapter, Address, Known, Unknown, WindowsFacts};
use azvm_exchange::service_text;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use windows_registry::{CURRENT_USER, Key, LOCAL_MACHINE, Type};

/// `imds` is where the metadata service is looked for, when that is an address.
pub(in crate::collect) fn collect(imds: Option<SocketAddr>) -> WindowsFacts {
    let network = Network {
        adapters: guarded(adapters),
        source_address: imds.map_or(Err(Unknown::NotAsked), source_address),
    };
    gather(&System, network)
}

/// The machine's own registry.
struct System;

impl Registry for System {
    fn value(&self, hive: Hive, key: &str, name: &str) -> Known<Value> {
        guarded(|| {
            let value = open(hive, key)?.get_value(name).map_err(unknown)?;
            read(&value)
        })
    }

    fn values(&self, hive: Hive, key: &str, limit: usize) -> Known<Vec<(String, Value)>> {
        guarded(|| {
            let key = open(hive, key)?;
            let mut values = Vec::new();
            for (name, value) in key.values().map_err(unknown)? {
                if values.len() == limit {
                    return Err(Unknown::Unreadable);
                }
                // What is of another type says nothing that is looked for here.
                values.push((name, read(&value).unwrap_or(Value::Number(0))));
            }
            Ok(values)
        })
    }
}

/// For reading only.
fn open(hive: Hive, key: &str) -> Known<Key> {
    let root = match hive {
        Hive::LocalMachine => LOCAL_MACHINE,
        Hive::CurrentUser => CURRENT_USER,
    };
    root.options().read().open(key).map_err(unknown)
}

fn read(value: &windows_registry::Value) -> Known<Value> {
    match value.ty() {
        Type::U32 => {
            let bytes = <[u8; 4]>::try_from(&**value).map_err(|_| Unknown::Unreadable)?;
            Ok(Value::Number(u32::from_le_bytes(bytes)))
        }
        Type::String | Type::ExpandString => {
            let text = String::from_utf16_lossy(value.as_wide());
            Ok(Value::Text(text.trim_end_matches('\0').to_owned()))
        }
        Type::Bytes => Ok(Value::Bytes(value.to_vec())),
        Type::U64 | Type::MultiString | Type::Other(_) => Err(Unknown::Unreadable),
    }
}

/// The crate's own error has no public name.
fn unknown(error: impl Into<std::io::Error>) -> Unknown {
    let code = error.into().raw_os_error().unwrap_or_default();
    // An HRESULT that stands for an error of Win32 has that in its lower half.
    match code & 0xffff {
        ERROR_FILE_NOT_FOUND | ERROR_PATH_NOT_FOUND => Unknown::Absent,
        ERROR_ACCESS_DENIED => Unknown::Denied,
        _ => Unknown::Failed(code),
    }
}

const ERROR_FILE_NOT_FOUND: i32 = 2;
const ERROR_PATH_NOT_FOUND: i32 = 3;
const ERROR_ACCESS_DENIED: i32 = 5;

fn adapters() -> Known<Vec<Adapter>> {
    let adapters = ipconfig::get_adapters().map_err(|_| Unknown::Unreadable)?;
    Ok(adapters.iter().map(adapter).collect())
}

fn adapter(adapter: &ipconfig::Adapter) -> Adapter {
    Adapter {
        id: service_text(adapter.adapter_name()),
        name: service_text(adapter.friendly_name()),
        description: service_text(adapter.description()),
        mac: adapter.physical_address().map(mac),
        addresses: addresses(adapter.ip_addresses()),
        gateways: addresses(adapter.gateways()),
        metric: adapter.ipv4_metric(),
        is_up: adapter.oper_status() == ipconfig::OperStatus::IfOperStatusUp,
        dhcp: Err(Unknown::Absent),
    }
}

fn addresses(ips: &[IpAddr]) -> Vec<Address> {
    ips.iter().copied().map(Address::from).collect()
}

fn mac(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(":")
}

/// A mistake in somebody else's crate costs one fact, not the run.
fn guarded<T>(read: impl FnOnce() -> Known<T>) -> Known<T> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or(Err(Unknown::Crashed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    /// True of every Windows, and of Wine.
    #[test]
    fn this_machine_tells_what_every_windows_does() {
        let target = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
        let facts = collect(Some(target));
        assert!(
            facts.product.as_ref().unwrap().contains("Windows"),
            "{facts:?}"
        );
        let version = facts.version.as_ref().unwrap();
        assert!(
            version.split('.').all(|part| part.parse::<u32>().is_ok()),
            "{version}"
        );
        assert_eq!(facts.source_address, Ok(Some(Ipv4Addr::LOCALHOST.into())));
        let chosen = facts.chosen_adapter().unwrap();
        assert!(chosen.is_up, "{chosen:?}");
    }

    #[test]
    fn a_key_or_value_that_is_not_there_is_absent() {
        let value = |key, name| System.value(Hive::CurrentUser, key, name);
        assert_eq!(
            value(r"Software\azvm\no such key", "x"),
            Err(Unknown::Absent)
        );
        assert_eq!(value("Software", "no such value"), Err(Unknown::Absent));
        let none = System.values(Hive::LocalMachine, r"SOFTWARE\azvm\no such key", 9);
        assert_eq!(none, Err(Unknown::Absent));
    }

    #[test]
    fn more_values_than_the_limit_are_not_half_read() {
        let key = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";
        let all = System.values(Hive::LocalMachine, key, 1000).unwrap();
        assert!(all.iter().any(|(name, _)| name == "ProductName"), "{all:?}");
        let few = System.values(Hive::LocalMachine, key, all.len() - 1);
        assert_eq!(few, Err(Unknown::Unreadable));
    }

    #[test]
    fn a_panic_is_one_fact_less() {
        assert_eq!(
            guarded(|| -> Known<()> { panic!("on purpose") }),
            Err(Unknown::Crashed)
        );
    }
}
