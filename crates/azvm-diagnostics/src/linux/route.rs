//! The main routing table as the kernel shows it.
//!
//! ```text
//! line  = interface TAB destination TAB gateway TAB flags … metric TAB mask …
//! ```
//!
//! Addresses and masks are hexadecimal, in the byte order of the machine; flags are those of route(8): 1 up, 2 gateway,
//! 200 reject. Sources: proc_pid_net(5), "/proc/net/route"; Linux, net/ipv4/fib_trie.c, `fib_route_seq_show`.

use crate::known::{Address, Known, Unknown};
use crate::windows::{IMDS_ADDRESS, covers};
use azvm_exchange::service_text;
use std::net::Ipv4Addr;

/// A table with more routes than this belongs to a router, and is not read.
pub const MAX_ROUTES: usize = 16_384;

/// The platform's channel, through which Azure talks to its agents.
const PLATFORM_ADDRESS: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

const UP: u32 = 1;
const GATEWAY: u32 = 2;
const REJECT: u32 = 0x200;

/// An IPv4 route to the metadata or the platform address.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// The interface that packets leave by; `*` for a route that rejects them.
    pub interface: String,
    /// How many leading bits of the destination count: 0 for a default route.
    pub prefix: u8,
    /// Where to; `None` when the destination is on the interface's own link.
    pub gateway: Option<Address>,
    /// The lower one is preferred.
    pub metric: u32,
    /// True when it refuses packets.
    pub is_reject: bool,
    /// Whether packets to the metadata address can take it.
    pub leads_to_imds: bool,
    /// Whether packets to the platform address, 168.63.129.16, can take it.
    pub leads_to_platform: bool,
}

/// The routes in `text`, the table `/proc/net/route`, that lead to either address, in the kernel's order.
///
/// # Errors
///
/// [`Unknown::Unreadable`] when a line is in another form, or there are more than [`MAX_ROUTES`]: half a table must not
/// be taken for a missing route.
pub fn routes(text: &str) -> Known<Vec<Route>> {
    let mut kept = Vec::new();
    for (index, line) in text.lines().skip(1).enumerate() {
        let route = read(line).ok_or(Unknown::Unreadable)?;
        if index >= MAX_ROUTES {
            return Err(Unknown::Unreadable);
        }
        kept.extend(route.filter(|route| route.leads_to_imds || route.leads_to_platform));
    }
    Ok(kept)
}

/// `Some(None)` for a route that is not up.
fn read(line: &str) -> Option<Option<Route>> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let [
        interface,
        destination,
        gateway,
        flags,
        _,
        _,
        metric,
        mask,
        ..,
    ] = words[..]
    else {
        return None;
    };
    let (destination, gateway, mask) = (address(destination)?, address(gateway)?, address(mask)?);
    let flags = u32::from_str_radix(flags, 16).ok()?;
    let mask = u32::from(mask);
    let prefix = u8::try_from(mask.leading_ones()).ok()?;
    if mask.checked_shl(u32::from(prefix)).unwrap_or(0) != 0 {
        return None;
    }
    let route = Route {
        interface: service_text(interface),
        prefix,
        gateway: (flags & GATEWAY != 0).then(|| gateway.into()),
        metric: metric.parse().ok()?,
        is_reject: flags & REJECT != 0,
        leads_to_imds: covers(destination, prefix, IMDS_ADDRESS),
        leads_to_platform: covers(destination, prefix, PLATFORM_ADDRESS),
    };
    Some((flags & UP != 0).then_some(route))
}

/// The kernel prints the number whose bytes in memory are the address.
fn address(word: &str) -> Option<Ipv4Addr> {
    let number = (word.len() == 8).then(|| u32::from_str_radix(word, 16).ok())??;
    Some(Ipv4Addr::from(number.to_ne_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

    /// As the kernel of this machine would print it.
    fn hex(address: [u8; 4]) -> String {
        format!("{:08X}", u32::from_ne_bytes(address))
    }

    fn line(to: [u8; 4], mask: [u8; 4], via: [u8; 4], flags: &str, metric: u32) -> String {
        let (to, mask, via) = (hex(to), hex(mask), hex(via));
        format!("eth0\t{to}\t{via}\t{flags}\t0\t0\t{metric}\t{mask}\t0\t0\t0\n")
    }

    #[test]
    fn the_routes_of_an_azure_machine() {
        let gateway = [10, 0, 0, 1];
        let table = [
            HEAD.to_string(),
            line([0; 4], [0; 4], gateway, "0003", 100),
            line([10, 0, 0, 0], [255, 255, 255, 0], [0; 4], "0001", 100),
            line([168, 63, 129, 16], [255; 4], gateway, "0007", 100),
            line([169, 254, 169, 254], [255; 4], gateway, "0007", 100),
        ];
        let routes = routes(&table.concat()).unwrap();
        let brief = routes
            .iter()
            .map(|it| (it.prefix, it.leads_to_imds, it.leads_to_platform));
        assert!(brief.eq([(0, true, true), (32, false, true), (32, true, false)]));
        assert!(
            routes
                .iter()
                .all(|it| it.gateway == Some(Ipv4Addr::from(gateway).into()))
        );
    }

    #[test]
    fn on_the_link_rejected_and_down_are_told_apart() {
        let link_local = |flags| line([169, 254, 0, 0], [255, 255, 0, 0], [0; 4], flags, 1000);
        let read = |flags| routes(&format!("{HEAD}{}", link_local(flags))).unwrap();
        assert_eq!(
            (read("0001")[0].gateway.clone(), read("0001")[0].is_reject),
            (None, false)
        );
        assert!(read("0201")[0].is_reject);
        assert_eq!(read("0000"), []);
    }

    #[test]
    fn half_a_table_is_unreadable() {
        assert_eq!(routes(HEAD), Ok(vec![]));
        assert_eq!(routes(""), Ok(vec![]));
        for line in [
            "eth0\n",
            "eth0\t0\t0\t1\t0\t0\t0\t0\n",
            "eth0\t00000000\t00000000\tx\t0\t0\t0\t00000000\n",
            "eth0\t00000000\t00000000\t1\t0\t0\t-1\t00000000\n",
        ] {
            assert_eq!(
                routes(&format!("{HEAD}{line}")),
                Err(Unknown::Unreadable),
                "{line}"
            );
        }
        let odd_mask = line([0; 4], [255, 0, 255, 0], [0; 4], "0001", 0);
        assert_eq!(
            routes(&format!("{HEAD}{odd_mask}")),
            Err(Unknown::Unreadable)
        );
        let long = line([0; 4], [0; 4], [0; 4], "0001", 0).repeat(MAX_ROUTES + 1);
        assert_eq!(routes(&format!("{HEAD}{long}")), Err(Unknown::Unreadable));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[0-9A-Fa-z\\t \\n]{0,300}") {
            let _ = routes(&text);
        }
    }
}
