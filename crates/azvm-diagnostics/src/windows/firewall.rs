//! Rules of Windows Firewall, as the registry keeps them: which of them block TCP to IMDS?
//!
//! ```text
//! rule  = "v" major "." minor "|" *(name "=" value "|")
//! Action=Block  Active=TRUE  Dir=Out                                 ; what is looked for
//! Protocol=6                                                         ; TCP; any without it
//! RA4=address / address-address / address/prefix / address/mask      ; remote addresses, repeatable; any without
//! RPort=80      RPort2_10=80-90                                      ; remote ports, repeatable; any without
//! ```
//!
//! Source: Microsoft, [MS-GPFAS] "Firewall and Advanced Security Data Structure", 2.2.2 "Firewall Rules".

use azvm_exchange::service_text;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;

/// No rule is longer than this; Windows' own have some hundred characters.
pub const MAX_RULE_CHARS: usize = 1 << 16;

const TCP: u16 = 6;
const ANY_PROTOCOL: u16 = 256;

/// What a rule says beside its name and addresses; anything else makes it hold for a part of the machine only.
const GENERAL: [&str; 9] = [
    "Action",
    "Active",
    "Desc",
    "Dir",
    "EmbedCtxt",
    "Name",
    "Profile",
    "Protocol",
    "Edge",
];

/// An active outbound rule that blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockingRule {
    /// Its name, or the place of its name in a resource file.
    pub name: String,
    /// True when it names the address, by itself or in a range, and not just every address.
    pub names_address: bool,
    /// True when it holds only for some program, service, user, interface or the like.
    pub is_conditional: bool,
}

impl BlockingRule {
    /// Reads `text`, one value of the registry; `None` when it is no active outbound rule, or does not block TCP to
    /// `port` of `address`.
    pub fn read(text: &str, address: Ipv4Addr, port: u16) -> Option<Self> {
        if text.len() > MAX_RULE_CHARS {
            return None;
        }
        let (version, fields) = text.split_once('|')?;
        if !version.starts_with(['v', 'V']) {
            return None;
        }
        let fields = || fields.split('|').filter_map(|field| field.split_once('='));
        let of = |name: &'static str| {
            fields()
                .filter(move |(it, _)| *it == name)
                .map(|(_, value)| value)
        };
        let is = |name, value: &str| of(name).any(|it| it.eq_ignore_ascii_case(value));
        let blocks = is("Action", "Block") && is("Active", "TRUE") && is("Dir", "Out");
        let fits_protocol = match of("Protocol").next() {
            None => true,
            Some(protocol) => matches!(protocol.parse(), Ok(TCP | ANY_PROTOCOL)),
        };
        let mut ports = fields().filter(|(name, _)| is_ports(name)).peekable();
        let fits_port = ports.peek().is_none() || ports.any(|(_, value)| holds_port(value, port));
        // Any field of these, readable or not, narrows the rule to what it names.
        let mut addresses = fields().filter(|(name, _)| is_addresses(name)).peekable();
        let names_any = addresses.peek().is_none();
        let names_address = addresses.any(|(_, value)| holds_address(value, address));
        (blocks && fits_protocol && fits_port && (names_any || names_address)).then(|| Self {
            name: service_text(of("Name").next().unwrap_or_default()),
            names_address,
            is_conditional: fields().any(|(name, _)| {
                !(GENERAL.contains(&name) || is_ports(name) || is_addresses(name))
            }),
        })
    }
}

/// `RPort`, and `RPort2_10` of a later version of the format.
fn is_ports(name: &str) -> bool {
    name.starts_with("RPort")
}

/// `RA4`, `RA6`, `RA42`, `RA62`.
fn is_addresses(name: &str) -> bool {
    name.starts_with("RA4") || name.starts_with("RA6")
}

fn holds_port(value: &str, port: u16) -> bool {
    let range = |(first, last): (&str, &str)| -> Option<RangeInclusive<u16>> {
        Some(first.parse().ok()?..=last.parse().ok()?)
    };
    match value.split_once('-') {
        Some(ends) => range(ends).is_some_and(|range| range.contains(&port)),
        None => value.parse() == Ok(port),
    }
}

/// Words such as `LocalSubnet` or `DNS` never mean the metadata address.
fn holds_address(value: &str, address: Ipv4Addr) -> bool {
    let ends = if let Some((first, last)) = value.split_once('-') {
        first.parse().ok().zip(last.parse().ok())
    } else if let Some((network, mask)) = value.split_once('/') {
        network
            .parse()
            .ok()
            .zip(mask_of(mask))
            .map(|(network, mask): (Ipv4Addr, u32)| {
                let first = u32::from(network) & mask;
                (Ipv4Addr::from(first), Ipv4Addr::from(first | !mask))
            })
    } else {
        value.parse().ok().map(|it| (it, it))
    };
    ends.is_some_and(|(first, last)| (first..=last).contains(&address))
}

/// A prefix length, or a mask in dotted form.
fn mask_of(text: &str) -> Option<u32> {
    match text.parse::<u32>() {
        Ok(prefix @ 0..=32) => Some(u32::MAX.checked_shl(32 - prefix).unwrap_or(0)),
        Ok(_) => None,
        Err(_) => text.parse::<Ipv4Addr>().ok().map(u32::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::windows::{IMDS_ADDRESS, IMDS_PORT};
    use proptest::prelude::*;

    fn read(fields: &str) -> Option<BlockingRule> {
        BlockingRule::read(
            &format!("v2.31|{fields}Name=No metadata|"),
            IMDS_ADDRESS,
            IMDS_PORT,
        )
    }

    const BLOCKS: &str = "Action=Block|Active=TRUE|Dir=Out|";

    #[test]
    fn rules_that_block_imds() {
        for (fields, names_address, is_conditional) in [
            ("", false, false),
            ("Protocol=6|", false, false),
            ("RA4=169.254.169.254|", true, false),
            (
                "Protocol=6|RPort=443|RPort=80|RA4=10.0.0.1|RA4=169.254.0.0/255.255.0.0|",
                true,
                false,
            ),
            ("RA4=169.254.0.0/16|RPort2_10=1-1023|", true, false),
            (
                "RA4=169.254.169.0-169.254.170.0|Profile=Public|",
                true,
                false,
            ),
            ("RA4=169.254.169.254|App=C:\\azvm.test.exe|", true, true),
            ("LUAuth=O:LSD:(A;;CC;;;S-1-5-84-0-0-0-0-0)|", false, true),
        ] {
            let rule = read(&format!("{BLOCKS}{fields}")).unwrap_or_else(|| panic!("{fields}"));
            assert_eq!(rule.name, "No metadata");
            assert_eq!(
                (rule.names_address, rule.is_conditional),
                (names_address, is_conditional),
                "{fields}"
            );
        }
    }

    #[test]
    fn rules_that_do_not() {
        for fields in [
            "Action=Allow|Active=TRUE|Dir=Out|RA4=169.254.169.254|",
            "Action=Block|Active=FALSE|Dir=Out|RA4=169.254.169.254|",
            "Action=Block|Active=TRUE|Dir=In|RA4=169.254.169.254|",
        ] {
            assert_eq!(read(fields), None, "{fields}");
        }
        for fields in [
            "Protocol=17|",
            "RPort=443|",
            "RPort=RPC|",
            "RA4=169.254.169.253|",
            "RA4=169.254.169.255-169.254.170.0|",
            "RA4=LocalSubnet|",
            "RA42=IntErnet|",
            "RA6=fe80::/10|",
            "RA4=169.254.0.0/33|",
        ] {
            assert_eq!(read(&format!("{BLOCKS}{fields}")), None, "{fields}");
        }
        for text in ["", "v2.31", "x|Action=Block|Active=TRUE|Dir=Out|", "|||==|"] {
            assert_eq!(
                BlockingRule::read(text, IMDS_ADDRESS, IMDS_PORT),
                None,
                "{text}"
            );
        }
    }

    #[test]
    fn a_name_that_would_draw_on_a_terminal_does_not() {
        let rule = read(&format!("{BLOCKS}Name=\u{1b}[2J|")).unwrap();
        assert_eq!(rule.name, " [2J");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "v2[.|=a-zA-Z0-9/-]{0,200}") {
            let _ = BlockingRule::read(&text, IMDS_ADDRESS, IMDS_PORT);
        }

        #[test]
        fn a_range_holds_its_ends_and_nothing_around_it(first: u32, length in 0_u32..1000) {
            let last = first.saturating_add(length);
            let range = format!("{}-{}", Ipv4Addr::from(first), Ipv4Addr::from(last));
            prop_assert!(holds_address(&range, first.into()) && holds_address(&range, last.into()));
            prop_assert!(first == 0 || !holds_address(&range, (first - 1).into()));
            prop_assert!(last == u32::MAX || !holds_address(&range, (last + 1).into()));
        }
    }
}
