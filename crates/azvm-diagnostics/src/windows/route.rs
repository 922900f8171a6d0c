//! Persistent routes, each the name of a registry value: `destination,mask,gateway,metric`.
//!
//! Source: Microsoft, "Azure Windows VM can't connect to the Azure Instance Metadata Service" (`route add … -p`) and the
//! key `Tcpip\Parameters\PersistentRoutes` that it fills.

use super::{Address, IMDS_ADDRESS};
use std::net::{IpAddr, Ipv4Addr};

/// An IPv4 route that comes back after a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PersistentRoute {
    /// The network.
    pub destination: Address,
    /// How many of its leading bits count.
    pub prefix: u8,
    /// Where to; an address of the machine's own means *on this link*.
    pub gateway: Address,
    /// The lower one is preferred; −1 and 0 leave it to the system.
    pub metric: i64,
    /// Whether packets to the metadata address can take it; this stays when the addresses are hidden.
    pub leads_to_imds: bool,
}

impl PersistentRoute {
    /// Reads the name of a value; `None` when it is in another form.
    pub fn read(name: &str) -> Option<Self> {
        let mut parts = name.split(',').map(str::trim);
        let destination: Ipv4Addr = parts.next()?.parse().ok()?;
        let mask = u32::from(parts.next()?.parse::<Ipv4Addr>().ok()?);
        let gateway: Ipv4Addr = parts.next()?.parse().ok()?;
        let metric = match parts.next() {
            None | Some("") => 0,
            Some(metric) => i64::from(metric.parse::<i32>().ok()?),
        };
        let prefix = mask.leading_ones();
        let is_contiguous = mask.checked_shl(prefix).unwrap_or(0) == 0;
        let prefix = u8::try_from(prefix).ok()?;
        (parts.next().is_none() && is_contiguous).then_some(Self {
            leads_to_imds: covers(destination, prefix, IMDS_ADDRESS),
            destination: destination.into(),
            prefix,
            gateway: gateway.into(),
            metric,
        })
    }

    /// Whether packets to `address` can take this route; never when the route is hidden.
    pub fn covers(&self, address: Ipv4Addr) -> bool {
        match self.destination {
            Address::Ip(IpAddr::V4(network)) => covers(network, self.prefix, address),
            _ => false,
        }
    }
}

/// Whether `address` is in the network of so many leading bits.
pub(crate) fn covers(network: Ipv4Addr, prefix: u8, address: Ipv4Addr) -> bool {
    let unlike = u32::from(network) ^ u32::from(address);
    unlike.leading_zeros() >= u32::from(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(name: &str, expected: Option<(u8, bool)>) {
        let route = PersistentRoute::read(name);
        assert_eq!(
            route.map(|route| (route.prefix, route.leads_to_imds)),
            expected,
            "{name}"
        );
    }

    #[test]
    fn the_routes_that_lead_to_imds() {
        check(
            "169.254.169.254,255.255.255.255,10.0.0.4,1",
            Some((32, true)),
        );
        check("169.254.0.0,255.255.0.0,10.0.0.1,-1", Some((16, true)));
        check("0.0.0.0,0.0.0.0,10.0.0.1,256", Some((0, true)));
        check("10.0.0.0,255.0.0.0,10.0.0.1", Some((8, false)));
        check(
            "169.254.169.253,255.255.255.255,10.0.0.4,1",
            Some((32, false)),
        );
    }

    #[test]
    fn other_forms_are_not_guessed_at() {
        for name in [
            "",
            "169.254.169.254",
            "169.254.169.254,255.0.255.0,10.0.0.4,1",
            "169.254.169.254,255.255.255.255,10.0.0.4,1,1",
            "169.254.169.254,255.255.255.255,10.0.0.4,one",
            "fe80::1,64,fe80::2,1",
            "169.254.169.254,32,10.0.0.4,1",
        ] {
            check(name, None);
        }
    }

    proptest! {
        #[test]
        fn a_network_covers_its_own_address(address: u32, prefix in 0_u32..=32) {
            let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
            let (address, mask) = (Ipv4Addr::from(address), Ipv4Addr::from(mask));
            let route = PersistentRoute::read(&format!("{address},{mask},10.0.0.1,1")).unwrap();
            prop_assert_eq!(u32::from(route.prefix), prefix);
            prop_assert!(route.covers(address));
        }

        #[test]
        fn any_name_is_read_or_refused(name in "[0-9.,a-z -]{0,80}") {
            let _ = PersistentRoute::read(&name);
        }
    }
}
