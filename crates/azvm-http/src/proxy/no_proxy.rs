//! The hosts that are asked without the proxy, by the rules of curl/curl:lib/proxy.c (`proxy_check_noproxy`).
//!
//! ```text
//! list  = "*" | token *( [blanks] 1*"," [blanks] token )
//! token = name | "." name | address | address "/" bits
//! ```

use azvm_exchange::Host;
use std::net::IpAddr;

/// True when `host` is in `list`. Ports play no part.
pub(crate) fn matches(list: &str, host: &Host) -> bool {
    if list == "*" {
        return true;
    }
    tokens(list).any(|token| match host {
        Host::Name(name) => matches_name(token, name),
        Host::Ip(address) => matches_address(token, *address),
        _ => false,
    })
}

/// A blank ends a token; without a comma after it, it ends the list.
fn tokens(list: &str) -> impl Iterator<Item = &str> {
    const BLANKS: [char; 2] = [' ', '\t'];
    let mut rest = Some(list);
    std::iter::from_fn(move || {
        let from_token = rest?.trim_start_matches(BLANKS);
        let end = from_token
            .find([' ', '\t', ','])
            .unwrap_or(from_token.len());
        let (token, after) = from_token.split_at(end);
        rest = after
            .trim_start_matches(BLANKS)
            .strip_prefix(',')
            .map(|rest| rest.trim_start_matches(','));
        Some(token)
    })
    .filter(|token| !token.is_empty())
}

/// The domain itself or anything below it: `ample.com` is not for `example.com`.
fn matches_name(token: &str, name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let token = token.strip_suffix('.').unwrap_or(token);
    let domain = token.strip_prefix('.').unwrap_or(token);
    let Some(at) = name.len().checked_sub(domain.len()) else {
        return false;
    };
    let is_on_a_border = at == 0 || name.as_bytes()[at - 1] == b'.';
    is_on_a_border && name.as_bytes()[at..].eq_ignore_ascii_case(domain.as_bytes())
}

fn matches_address(token: &str, address: IpAddr) -> bool {
    let (network, bits) = match token.split_once('/') {
        None => (token, 0),
        Some((network, bits)) => match parse_bits(bits) {
            Some(bits) => (network, bits),
            None => return false,
        },
    };
    match (network.parse(), address) {
        (Ok(IpAddr::V4(network)), IpAddr::V4(address)) => is_within(
            u128::from(network.to_bits()),
            u128::from(address.to_bits()),
            (bits, 32),
        ),
        (Ok(IpAddr::V6(network)), IpAddr::V6(address)) => {
            is_within(network.to_bits(), address.to_bits(), (bits, 128))
        }
        _ => false,
    }
}

fn parse_bits(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// No bits at all means all of them, which is curl's reading of `/0` too.
fn is_within(network: u128, address: u128, (bits, width): (u32, u32)) -> bool {
    let bits = if bits == 0 { width } else { bits };
    bits <= width && (network ^ address) >> (width - bits) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use azvm_exchange::Origin;
    use proptest::prelude::*;

    fn is_direct(host: &str, list: &str) -> bool {
        let origin: Origin = format!("https://{host}").parse().unwrap();
        matches(list, origin.host())
    }

    /// The cases of curl/curl:tests/unit/unit1614.c that tell something, and some of ours.
    #[test]
    fn names_match_on_the_border_of_a_label() {
        for (host, list, expected) in [
            ("www.example.com", "localhost,.example.com", true),
            ("www.example.com.", "localhost,.example.com", true),
            ("example.com", ".example.com", true),
            ("www.example.com", "example.com.", true),
            ("WWW.Example.COM", "eXample.com", true),
            ("nexample.com", "example.com", false),
            ("example.com", "www.example.com", false),
            ("example.com.org", "example.com", false),
            ("foobar", "barfoo", false),
            ("example.com", "example.com:443", false),
            ("example.com", "*.example.com", false),
            ("example.com", "*", true),
            ("example.com", "*,x", false),
            ("example.com", " *", false),
            ("example.com", "", false),
            ("example.com", ".", false),
            ("example.com", ",,, ,", false),
            ("bar", "foo,,,,,   bar, ::1/64", true),
            ("bar", "foo\t,\tbar", true),
            ("bar", "foo bar", false),
            ("bar", "bar foo", true),
            ("localhost", "127.0.0.1", false),
        ] {
            assert_eq!(is_direct(host, list), expected, "{host} in {list:?}");
        }
    }

    #[test]
    fn addresses_match_by_their_first_bits() {
        for (host, list, expected) in [
            ("192.168.0.1", "192.168.0.1", true),
            ("192.168.0.1", "192.168.0.0", false),
            ("192.168.0.1", "192.168.0.0/16", true),
            ("192.168.0.1", "foo, 192.168.0.0/24", true),
            ("192.168.1.1", "192.168.0.0/24", false),
            ("192.168.0.1", "192.168.0.0/16a", false),
            ("192.168.0.1", "192.168.0.0/a16", false),
            ("192.168.0.1", "192.168.0.0/+16", false),
            ("192.168.0.1", "192.168.0.0/", false),
            ("192.168.0.1", "192.168.0.0/ 16", false),
            ("192.168.0.1", "192.168.0.1/32", true),
            ("192.168.0.1", "192.168.0.1/33", false),
            ("192.168.0.1", "192.168.0.1/99999999999", false),
            ("192.168.0.1", "192.168.0.1/0", true),
            ("192.168.0.1", "0.0.0.0/0", false),
            ("192.168.0.1", ".168.0.1", false),
            ("192.168.0.1", "192.168.0.1:443", false),
            ("[::1]", "::1", true),
            ("[::1]", "0:0::1", true),
            ("[::1]", "[::1]", false),
            ("[::1]", "::1/127", true),
            ("[::1]", "::1/129", false),
            ("[::1]", "192.168.0.0/16", false),
            ("[2001:db8:8000::1]", "2001:db8::/33", false),
            ("[2001:db8::1]", "2001:db8::/33", true),
            ("[2001:db8:0:0:8000::1]", "2001:db8::/65", false),
        ] {
            assert_eq!(is_direct(host, list), expected, "{host} in {list:?}");
        }
    }

    proptest! {
        #[test]
        fn a_list_is_for_every_name_that_is_in_it(
            names in prop::collection::vec("[a-z]{1,5}(\\.[a-z]{1,5}){0,2}", 1..5),
            below in "[a-z]{1,5}",
            separator in "[ \t]{0,2},{1,2}[ \t]{0,2}",
        ) {
            let list = names.join(&separator);
            for name in &names {
                prop_assert!(is_direct(name, &list));
                let longer = format!("{below}.{name}");
                prop_assert!(is_direct(&longer, &list));
            }
        }

        #[test]
        fn any_list_is_read(list in any::<String>(), address in any::<u32>()) {
            let _ = is_direct("example.com", &list);
            let _ = matches(&list, &Host::Ip(IpAddr::V4(address.into())));
        }

        #[test]
        fn a_network_holds_its_addresses(address in any::<u128>(), other in any::<u128>(), bits in 1_u32..=128) {
            let of = |bits: u128| Host::Ip(IpAddr::V6(bits.into()));
            let network = format!("{}/{bits}", std::net::Ipv6Addr::from(address));
            prop_assert!(matches(&network, &of(address)));
            let shares_bits = (address ^ other).leading_zeros() >= bits;
            prop_assert_eq!(matches(&network, &of(other)), shares_bits);
        }
    }
}
