//! Addresses that DHCP gave, as the clients of Linux write them down. Azure's server gives the primary address only.
//!
//! ```text
//! systemd-networkd, NetworkManager   ADDRESS=10.0.0.4
//! dhclient                           lease { interface "eth0"; fixed-address 10.0.0.4; … }     ; the last one counts
//! ```
//!
//! Sources: systemd, src/libsystemd-network/sd-dhcp-lease.c, `dhcp_lease_save`; dhclient.leases(5); Microsoft, "Assign
//! multiple IP addresses to virtual machines" (the secondary ones are entered by hand).

use crate::known::Address;
use azvm_exchange::service_text;
use std::net::Ipv4Addr;

/// An address that an interface got from DHCP.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lease {
    /// The interface.
    pub interface: String,
    /// The address.
    pub address: Address,
}

impl Lease {
    /// Reads `text`, the file in which systemd-networkd or NetworkManager keeps the lease of `interface`; `None` when there
    /// is no address in it.
    pub fn read_assignments(interface: &str, text: &str) -> Option<Self> {
        let value = text.lines().find_map(|line| line.strip_prefix("ADDRESS="));
        Self::new(interface, value?)
    }

    /// Reads `text`, a file of leases of dhclient: for each interface the last one.
    pub fn read_blocks(text: &str) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        let mut interface = None;
        for line in text.lines() {
            let line = line.trim().trim_end_matches(';');
            if line.starts_with("lease") {
                interface = None;
            } else if let Some(name) = line.strip_prefix("interface ") {
                interface = Some(name.trim_matches('"'));
            } else if let (Some(name), Some(value)) =
                (interface, line.strip_prefix("fixed-address "))
            {
                if let Some(lease) = Self::new(name, value) {
                    found.retain(|known| known.interface != lease.interface);
                    found.push(lease);
                }
            }
        }
        found
    }

    fn new(interface: &str, address: &str) -> Option<Self> {
        Some(Self {
            interface: service_text(interface),
            address: address.trim().parse::<Ipv4Addr>().ok()?.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brief(lease: &Lease) -> (String, String) {
        (lease.interface.clone(), lease.address.to_string())
    }

    #[test]
    fn a_file_of_assignments() {
        let text = "# This is private data. Do not parse.\nADDRESS=10.0.0.4\nNETMASK=255.255.255.0\nROUTER=10.0.0.1\n";
        let lease = Lease::read_assignments("eth0", text).unwrap();
        assert_eq!(brief(&lease), ("eth0".into(), "10.0.0.4".into()));
        for text in ["", "ADDRESS=", "ADDRESS=fe80::1", "NETMASK=255.255.255.0"] {
            assert_eq!(Lease::read_assignments("eth0", text), None, "{text}");
        }
    }

    #[test]
    fn of_blocks_the_last_one_counts() {
        let block = |interface: &str, address: &str| {
            format!(
                "lease {{\n  interface \"{interface}\";\n  fixed-address {address};\n  option routers 10.0.0.1;\n}}\n"
            )
        };
        let text = [
            block("eth0", "10.0.0.9"),
            block("eth1", "10.0.1.4"),
            block("eth0", "10.0.0.4"),
        ]
        .concat();
        let leases = Lease::read_blocks(&text);
        let pairs: Vec<_> = leases.iter().map(brief).collect();
        let pair = |interface: &str, address: &str| (interface.to_string(), address.to_string());
        assert_eq!(pairs, [pair("eth1", "10.0.1.4"), pair("eth0", "10.0.0.4")]);
        assert_eq!(
            Lease::read_blocks("lease {\n fixed-address 10.0.0.4;\n}"),
            []
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,200}") {
            let _ = (Lease::read_assignments("eth0", &text), Lease::read_blocks(&text));
        }
    }
}
