//! What Windows itself tells of the machine, and the readers of the forms in which it keeps that.
//!
//! The readers are pure, so that they are tried on every system; only their input comes from Windows.

mod firewall;
mod proxy;
mod route;
mod smbios;

pub use firewall::{BlockingRule, MAX_RULE_CHARS};
pub use proxy::{ConnectionSettings, MAX_BYPASS_RULES, MAX_SETTINGS_BYTES, ProxySettings};
pub use route::PersistentRoute;
pub(crate) use route::covers;
pub use smbios::{Firmware, MAX_TABLE_BYTES};

pub use crate::known::{Address, Known, Unknown};

use crate::known::firmware_ids;

use crate::facts::AssetTag;
use std::net::Ipv4Addr;

/// What Windows tells of the machine. No secret is part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WindowsFacts {
    /// Such as `Windows Server 2022 Datacenter`.
    pub product: Known<String>,
    /// Such as `10.0.20348.2322`.
    pub version: Known<String>,
    /// What the SMBIOS tables say.
    pub firmware: Known<Firmware>,
    /// The ID under which Hyper-V knows this guest; that there is one says that this is a guest of Hyper-V.
    pub hyper_v_id: Known<String>,
    /// Whether the service of the Azure Connected Machine agent (Arc) is installed. Never `Ok(false)`: that a key is
    /// missing proves little.
    pub arc_agent: Known<bool>,
    /// The proxy of services and of programs that use WinHTTP.
    pub winhttp_proxy: Known<ProxySettings>,
    /// The proxy of this user's programs that use WinINET, .NET Framework and PowerShell among them.
    pub user_proxy: Known<ProxySettings>,
    /// Routes that come back after a restart.
    pub persistent_routes: Known<Vec<PersistentRoute>>,
    /// Outbound rules of Windows Firewall, local ones, that block TCP to the metadata address.
    pub firewall_rules: Known<Vec<BlockingRule>>,
    /// The same, of the group policy.
    pub policy_firewall_rules: Known<Vec<BlockingRule>>,
    /// Network adapters in the system's order.
    pub adapters: Known<Vec<Adapter>>,
    /// The local address that the system would take to the metadata address, or `None` without a route.
    pub source_address: Known<Option<Address>>,
    /// Whether this is a container. Never `Ok(false)`, as with the Arc agent.
    pub is_container: Known<bool>,
}

impl WindowsFacts {
    /// The chassis asset tag; unknown when the tables could not be read.
    pub fn asset_tag(&self) -> AssetTag {
        let firmware = self.firmware.as_ref();
        firmware.map_or(AssetTag::Unknown, |firmware| {
            firmware.chassis_asset_tag.clone()
        })
    }

    /// The machine's UUID in both orders of bytes.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub fn firmware_ids(&self) -> Known<Vec<String>> {
        let firmware = self.firmware.as_ref().map_err(|unknown| *unknown)?;
        let uuid = firmware.system_uuid.as_deref().ok_or(Unknown::Absent)?;
        firmware_ids(uuid)
    }

    /// The adapter from which the metadata address would be asked.
    pub fn chosen_adapter(&self) -> Option<&Adapter> {
        let source = self.source_address.as_ref().ok()?.as_ref()?;
        let adapters = self.adapters.as_ref().ok()?;
        adapters
            .iter()
            .find(|adapter| adapter.addresses.contains(source))
    }
}

/// A network adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Adapter {
    /// The GUID in braces by which the registry knows it.
    pub id: String,
    /// Such as `Ethernet 2`.
    pub name: String,
    /// Such as `Microsoft Hyper-V Network Adapter`.
    pub description: String,
    /// Six bytes in hexadecimal, separated by colons; `None` for an adapter without such an address.
    pub mac: Option<String>,
    /// Its own addresses.
    pub addresses: Vec<Address>,
    /// Its default gateways.
    pub gateways: Vec<Address>,
    /// The interface's metric for IPv4: the lower one is preferred.
    pub metric: u32,
    /// True when it can carry packets.
    pub is_up: bool,
    /// Whether it gets its IPv4 address from DHCP.
    pub dhcp: Known<bool>,
}

/// Where IMDS is.
pub(crate) const IMDS_ADDRESS: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);

/// The port of IMDS.
pub(crate) const IMDS_PORT: u16 = 80;
