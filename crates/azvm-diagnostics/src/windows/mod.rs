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
pub use smbios::{Firmware, MAX_TABLE_BYTES};

use crate::facts::AssetTag;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// A fact, or why there is none.
pub type Known<T> = Result<T, Unknown>;

/// Why something is not known, which is never the same as *no*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unknown {
    /// This machine keeps no such entry.
    Absent,
    /// Reading it panicked.
    Crashed,
    /// This user may not read it.
    Denied,
    /// The system's error number.
    Failed(i32),
    /// Nobody asked, because a simulated machine is examined.
    NotAsked,
    /// It is there, in a form that is not known here.
    Unreadable,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("no such entry"),
            Self::Crashed => f.write_str("reading it crashed"),
            Self::Denied => f.write_str("this user may not read it"),
            Self::Failed(code) => write!(f, "error {code}"),
            Self::NotAsked => f.write_str("not asked"),
            Self::Unreadable => f.write_str("in a form that is not known here"),
        }
    }
}

impl std::error::Error for Unknown {}

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
    pub source_address: Known<Option<IpAddr>>,
}

impl WindowsFacts {
    /// The chassis asset tag; unknown when the tables could not be read.
    pub fn asset_tag(&self) -> AssetTag {
        let firmware = self.firmware.as_ref();
        firmware.map_or(AssetTag::Unknown, |firmware| {
            firmware.chassis_asset_tag.clone()
        })
    }

    /// The adapter from which the metadata address would be asked.
    pub fn chosen_adapter(&self) -> Option<&Adapter> {
        let source = self.source_address.ok()??;
        let adapters = self.adapters.as_ref().ok()?;
        adapters
            .iter()
            .find(|adapter| adapter.addresses.contains(&source))
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
    pub addresses: Vec<IpAddr>,
    /// Its default gateways.
    pub gateways: Vec<IpAddr>,
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
