//! Where the packet filter sends requests for IMDS instead, as nf_tables lists its rules over netlink.
//!
//! ```text
//! message   = length:u32 type:u16 flags:u16 sequence:u32 port:u32 family:u8 version:u8 resource:u16 attribute*
//! attribute = length:u16 type:u16 payload padding                       ; header included, padded to four bytes
//! rule      = table(1) chain(2) … expressions(4) = { element(1) = { name(1) data(2) } }
//! ```
//!
//! Lengths and types have the machine's order of bytes, numbers in attributes the network's. A rule of nft compares the
//! address, loads the port into a register, and redirects by it; one of `iptables-nft` has the structure of the old
//! `iptables` for the last step. Rules of `iptables-legacy` do not stand here.
//! Sources: netlink(7); Linux, include/uapi/linux/netfilter/{nfnetlink.h,nf_tables.h,nf_tables_compat.h,nf_nat.h}.

use crate::known::{Known, Unknown};
use crate::windows::IMDS_ADDRESS;
use std::collections::BTreeMap;

/// More rules than these are not searched.
pub const MAX_RULES: usize = 65_536;

/// Of a message of netlink, and of what netfilter puts before the attributes.
const HEADER_BYTES: usize = 16;
pub(super) const FAMILY_BYTES: usize = 4;

const ERROR: u16 = 2;
const DONE: u16 = 3;
pub(super) const SUBSYSTEM: u16 = 10 << 8;
const NEW_RULE: u16 = SUBSYSTEM | 6;
const GET_RULE: u16 = SUBSYSTEM | 7;
const REQUEST_AND_DUMP: u16 = 0x301;
pub(super) const IPV4: u8 = 2;

/// The request for all rules of IPv4.
pub fn request() -> Vec<u8> {
    message(GET_RULE, IPV4)
}

/// A request for all that a family has of a kind.
pub(super) fn message(kind: u16, family: u8) -> Vec<u8> {
    let mut message = Vec::new();
    let length = u32::try_from(HEADER_BYTES + FAMILY_BYTES).unwrap_or_default();
    message.extend(length.to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend(REQUEST_AND_DUMP.to_ne_bytes());
    message.extend([0; 8]); // sequence, and the kernel's port
    message.extend([family, 0, 0, 0]);
    message
}

/// Hands over the messages of a datagram, each with its kind; true once there are no more.
pub(super) fn take(
    mut datagram: &[u8],
    mut each: impl FnMut(u16, &[u8]) -> Known<()>,
) -> Known<bool> {
    while !datagram.is_empty() {
        let length = u32_at(datagram, 0).ok_or(Unknown::Unreadable)?;
        let length = usize::try_from(length).map_err(|_| Unknown::Unreadable)?;
        let message = datagram.get(..length).ok_or(Unknown::Unreadable)?;
        let body = message.get(HEADER_BYTES..).ok_or(Unknown::Unreadable)?;
        match u16_at(message, 4).ok_or(Unknown::Unreadable)? {
            DONE => return Ok(true),
            ERROR => return Err(refusal(body)),
            kind => each(kind, body)?,
        }
        datagram = datagram.get(padded(length)..).unwrap_or_default();
    }
    Ok(false)
}

/// The answer to [`request`], datagram by datagram.
#[derive(Debug, Default)]
pub struct Redirections {
    ports: Vec<u16>,
    rules: usize,
}

impl Redirections {
    /// Takes one datagram; true once there are no more.
    ///
    /// # Errors
    ///
    /// [`Unknown::Denied`] without the right to see rules, [`Unknown::Failed`] for another refusal of the kernel,
    /// [`Unknown::Unreadable`] for another form or more than [`MAX_RULES`].
    pub fn take(&mut self, datagram: &[u8]) -> Known<bool> {
        take(datagram, |kind, body| match kind {
            NEW_RULE => self.rule(body),
            _ => Ok(()),
        })
    }

    /// The ports that requests for IMDS are sent to, each once.
    pub fn into_ports(mut self) -> Vec<u16> {
        self.ports.sort_unstable();
        self.ports.dedup();
        self.ports
    }

    fn rule(&mut self, body: &[u8]) -> Known<()> {
        self.rules += 1;
        if self.rules > MAX_RULES {
            return Err(Unknown::Unreadable);
        }
        let attributes = body.get(FAMILY_BYTES..).ok_or(Unknown::Unreadable)?;
        let expressions = Attributes(attributes).find(|(kind, _)| *kind == 4);
        self.ports
            .extend(expressions.and_then(|(_, list)| redirection(list)));
        Ok(())
    }
}

/// The port that a rule for IMDS's address sends to; `None` for every other rule.
fn redirection(expressions: &[u8]) -> Option<u16> {
    let mut is_for_imds = false;
    let mut port = None;
    let mut registers: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    for (_, element) in Attributes(expressions) {
        let (name, data) = (attribute(element, 1)?, attribute(element, 2));
        let data = data.unwrap_or_default();
        match name.strip_suffix(b"\0").unwrap_or(name) {
            b"cmp" => is_for_imds |= compares_with_imds(data),
            b"immediate" => {
                let value = attribute(data, 2).and_then(|value| attribute(value, 1));
                if let (Some(register), Some(value)) = (number(data, 1), value) {
                    registers.insert(register, value.to_vec());
                }
            }
            b"nat" if number(data, 1) == Some(TO_DESTINATION) => {
                port = number(data, 5).and_then(|register| port_of(registers.get(&register)?, 0));
            }
            b"redir" => {
                port = number(data, 1).and_then(|register| port_of(registers.get(&register)?, 0));
            }
            b"target" => port = port.or_else(|| target(data)),
            _ => {}
        }
    }
    port.filter(|_| is_for_imds)
}

const TO_DESTINATION: u32 = 1;

fn compares_with_imds(data: &[u8]) -> bool {
    const EQUAL: u32 = 0;
    let value = attribute(data, 3).and_then(|value| attribute(value, 1));
    number(data, 2) == Some(EQUAL) && value == Some(&IMDS_ADDRESS.octets())
}

/// The structures of `iptables`: a list of one range with addresses of four bytes, or a range with such of sixteen.
fn target(data: &[u8]) -> Option<u16> {
    let name = attribute(data, 1)?;
    let info = attribute(data, 3)?;
    let revision = number(data, 2).unwrap_or_default();
    match (name.strip_suffix(b"\0").unwrap_or(name), revision) {
        (b"DNAT" | b"REDIRECT", 0) => port_of(info, 16),
        (b"DNAT" | b"REDIRECT", _) => port_of(info, 36),
        _ => None,
    }
}

/// Zero leaves the port as it is.
fn port_of(bytes: &[u8], at: usize) -> Option<u16> {
    let port = bytes.get(at..at + 2)?.try_into().ok()?;
    Some(u16::from_be_bytes(port)).filter(|port| *port != 0)
}

/// The kernel's own number, negative, stands first.
fn refusal(body: &[u8]) -> Unknown {
    let bytes = body.get(..4).and_then(|bytes| bytes.try_into().ok());
    let code = bytes.map_or(0, i32::from_ne_bytes);
    match code.checked_neg().unwrap_or_default() {
        1 | 13 => Unknown::Denied,
        code => Unknown::Failed(code),
    }
}

pub(super) fn attribute(list: &[u8], kind: u16) -> Option<&[u8]> {
    let mut found = Attributes(list).filter(|(own, _)| *own == kind);
    found.next().map(|(_, payload)| payload)
}

pub(super) fn number(list: &[u8], kind: u16) -> Option<u32> {
    let bytes = attribute(list, kind)?.try_into().ok()?;
    Some(u32::from_be_bytes(bytes))
}

/// The attributes in a payload, as far as they are whole.
pub(super) struct Attributes<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        const FLAGS: u16 = 0xc000; // nested, and the order of bytes
        let length = usize::from(u16_at(self.0, 0)?);
        let kind = u16_at(self.0, 2)? & !FLAGS;
        let payload = self.0.get(4..length)?;
        self.0 = self.0.get(padded(length)..).unwrap_or_default();
        Some((kind, payload))
    }
}

fn padded(length: usize) -> usize {
    length.next_multiple_of(4)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?.try_into().ok()?;
    Some(u16::from_ne_bytes(bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_ne_bytes(bytes))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::linux) fn attr(kind: u16, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(u16::try_from(payload.len() + 4).unwrap().to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(payload);
        bytes.resize(padded(bytes.len()), 0);
        bytes
    }

    pub(in crate::linux) fn expression(name: &str, data: &[Vec<u8>]) -> Vec<u8> {
        let name = attr(1, format!("{name}\0").as_bytes());
        attr(1, &[name, attr(2, &data.concat())].concat())
    }

    pub(in crate::linux) fn compare(operation: u32, value: &[u8]) -> Vec<u8> {
        let value = attr(3, &attr(1, value));
        expression("cmp", &[attr(2, &operation.to_be_bytes()), value])
    }

    fn load(register: u32, value: &[u8]) -> Vec<u8> {
        let value = attr(2, &attr(1, value));
        expression("immediate", &[attr(1, &register.to_be_bytes()), value])
    }

    fn nat(kind: u32) -> Vec<u8> {
        let register = attr(5, &2_u32.to_be_bytes());
        expression("nat", &[attr(1, &kind.to_be_bytes()), register])
    }

    pub(in crate::linux) fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(
            u32::try_from(HEADER_BYTES + body.len())
                .unwrap()
                .to_ne_bytes(),
        );
        bytes.extend(kind.to_ne_bytes());
        bytes.extend([0; 10]);
        bytes.extend(body);
        bytes
    }

    fn rule(expressions: &[Vec<u8>]) -> Vec<u8> {
        let names = [attr(1, b"nat\0"), attr(2, b"aad-metadata\0")].concat();
        let body = [vec![IPV4, 0, 0, 0], names, attr(4, &expressions.concat())].concat();
        message(NEW_RULE, &body)
    }

    fn ports(datagram: &[u8]) -> Known<Vec<u16>> {
        let mut found = Redirections::default();
        found.take(datagram)?;
        Ok(found.into_ports())
    }

    const IMDS: [u8; 4] = [169, 254, 169, 254];

    #[test]
    fn rules_of_nft_redirect_by_a_register() {
        let to_port = |port: u16| load(2, &port.to_be_bytes());
        let own = rule(&[
            compare(0, &IMDS),
            load(1, &[10, 0, 0, 4]),
            to_port(2579),
            nat(1),
        ]);
        assert_eq!(ports(&own), Ok(vec![2579]));
        let redirect = expression("redir", &[attr(1, &2_u32.to_be_bytes())]);
        let own = rule(&[compare(0, &IMDS), to_port(2579), redirect]);
        assert_eq!(ports(&own), Ok(vec![2579]));
        for other in [
            rule(&[compare(1, &IMDS), to_port(2579), nat(1)]),
            rule(&[compare(0, &[10, 0, 0, 4]), to_port(2579), nat(1)]),
            rule(&[compare(0, &IMDS), to_port(2579), nat(0)]),
            rule(&[compare(0, &IMDS), to_port(2579)]),
            rule(&[compare(0, &IMDS), nat(1)]),
        ] {
            assert_eq!(ports(&other), Ok(vec![]));
        }
    }

    #[test]
    fn rules_of_iptables_have_its_structures() {
        let of = |name: &str, revision: u32, at: usize| {
            let mut info = vec![0; at + 4];
            info[at..at + 2].copy_from_slice(&2579_u16.to_be_bytes());
            let name = attr(1, format!("{name}\0").as_bytes());
            let target = [name, attr(2, &revision.to_be_bytes()), attr(3, &info)];
            ports(&rule(&[compare(0, &IMDS), expression("target", &target)]))
        };
        assert_eq!(of("DNAT", 2, 36), Ok(vec![2579]));
        assert_eq!(of("DNAT", 0, 16), Ok(vec![2579]));
        assert_eq!(of("REDIRECT", 0, 16), Ok(vec![2579]));
        assert_eq!(of("MASQUERADE", 0, 16), Ok(vec![]));
    }

    #[test]
    fn an_end_and_a_refusal_are_known() {
        let mut found = Redirections::default();
        let done = [rule(&[]), message(DONE, &[0; 4])].concat();
        assert_eq!(found.take(&done), Ok(true));
        let refused = |code: i32| ports(&message(ERROR, &code.to_ne_bytes()));
        assert_eq!(refused(-1), Err(Unknown::Denied));
        assert_eq!(refused(-22), Err(Unknown::Failed(22)));
        assert_eq!(ports(&[1, 2, 3]), Err(Unknown::Unreadable));
        assert_eq!(ports(&message(NEW_RULE, &[])), Err(Unknown::Unreadable));
        assert_eq!(ports(&0_u32.to_ne_bytes()), Err(Unknown::Unreadable));
        assert_eq!(request().len(), 20);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = ports(&bytes);
            let _ = ports(&message(NEW_RULE, &bytes));
            let _ = redirection(&bytes);
        }
    }
}
