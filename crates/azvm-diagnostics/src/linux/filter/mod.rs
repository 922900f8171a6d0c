//! Which rules of the packet filter keep requests from IMDS, as nf_tables lists chains and rules over netlink.
//!
//! A rule is a program: it loads parts of the packet into registers, compares them, and ends with a verdict. It is run here
//! for the first packet of a connection to IMDS. What of that packet is not known, such as the port that it is sent
//! from, and what is not read here, such as a set of addresses, makes the outcome unknown: such a rule is passed over, and
//! after one a chain's policy is no evidence.
//! Sources: Linux, include/uapi/linux/netfilter/nf_tables.h and x_tables.h, net/netfilter/nft_{bitwise,cmp,range}.c.

use super::nat::{
    Attributes, FAMILY_BYTES, IPV4, MAX_RULES, SUBSYSTEM, attribute, message, number, take,
};
use crate::known::{Known, Unknown};
use crate::windows::IMDS_ADDRESS;
use azvm_exchange::service_text;
use std::collections::{BTreeMap, BTreeSet};

const NEW_CHAIN: u16 = SUBSYSTEM | 3;
const GET_CHAIN: u16 = SUBSYSTEM | 4;
const NEW_RULE: u16 = SUBSYSTEM | 6;
const GET_RULE: u16 = SUBSYSTEM | 7;

/// Of the tables for both versions of IP.
const INET: u8 = 1;
const ANY_FAMILY: u8 = 0;

/// Where packets of this machine's own programs pass: when they are made, and when they leave.
const HOOKS: [u32; 2] = [3, 4];

/// The kernel follows no more jumps.
const MAX_JUMPS: usize = 16;

/// What a rule does with a packet that is not let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FilterVerdict {
    /// It vanishes.
    Drop,
    /// Its sender is told.
    Reject,
    /// A program decides, or nobody when it does not run.
    Queue,
    /// It vanishes, for no rule of the chain lets it through.
    Policy,
}

impl FilterVerdict {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Drop, Self::Reject, Self::Queue, Self::Policy];

    /// As `nft` writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Reject => "reject",
            Self::Queue => "queue",
            Self::Policy => "policy drop",
        }
    }
}

/// A rule, or the policy of a chain, that a packet to IMDS does not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FilterRule {
    /// The table with its family, such as `inet filter`.
    pub table: String,
    /// The chain that the rule stands in.
    pub chain: String,
    /// What becomes of the packet.
    pub verdict: FilterVerdict,
}

impl FilterRule {
    pub(crate) fn new(table: String, chain: String, verdict: FilterVerdict) -> Self {
        Self {
            table,
            chain,
            verdict,
        }
    }
}

/// Table and chain, by name and family.
type Place = (u8, String, String);

/// The answers to [`chains_request`](Self::chains_request) and then [`rules_request`](Self::rules_request), datagram by
/// datagram.
#[derive(Debug, Default)]
pub struct Filters {
    /// Chains that the kernel calls itself, and whether they drop what no rule decides about.
    bases: Vec<(Place, bool)>,
    rules: BTreeMap<Place, Vec<End>>,
    count: usize,
}

/// How a rule ends for the packet.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    /// It goes on with the next rule.
    Next,
    /// That is not known.
    Unknown,
    Accept,
    Return,
    Jump(String),
    Goto(String),
    Block(FilterVerdict),
}

impl Filters {
    /// Asks for all chains.
    pub fn chains_request() -> Vec<u8> {
        message(GET_CHAIN, ANY_FAMILY)
    }

    /// Asks for all rules.
    pub fn rules_request() -> Vec<u8> {
        message(GET_RULE, ANY_FAMILY)
    }

    /// Takes one datagram; true at the end of an answer.
    ///
    /// # Errors
    ///
    /// As [`Redirections::take`](super::Redirections::take).
    pub fn take(&mut self, datagram: &[u8]) -> Known<bool> {
        take(datagram, |kind, body| {
            let family = *body.first().ok_or(Unknown::Unreadable)?;
            let attributes = body.get(FAMILY_BYTES..).ok_or(Unknown::Unreadable)?;
            if matches!(kind, NEW_CHAIN | NEW_RULE) {
                self.count += 1;
            }
            match (kind, family) {
                _ if self.count > MAX_RULES => return Err(Unknown::Unreadable),
                (NEW_CHAIN, IPV4 | INET) => self.chain(family, attributes),
                (NEW_RULE, IPV4 | INET) => self.rule(family, attributes),
                _ => {}
            }
            Ok(())
        })
    }

    fn chain(&mut self, family: u8, attributes: &[u8]) {
        const DROP: u32 = 0;
        let hook = attribute(attributes, 4).and_then(|hook| number(hook, 1));
        let names = name(attributes, 1).zip(name(attributes, 3));
        if let (Some((table, chain)), Some(true)) = (names, hook.map(|hook| HOOKS.contains(&hook)))
        {
            let is_closed = number(attributes, 5) == Some(DROP);
            self.bases.push(((family, table, chain), is_closed));
        }
    }

    fn rule(&mut self, family: u8, attributes: &[u8]) {
        let Some((table, chain)) = name(attributes, 1).zip(name(attributes, 2)) else {
            return;
        };
        let expressions = attribute(attributes, 4).unwrap_or_default();
        let end = Packet::default().run(expressions).unwrap_or(End::Unknown);
        let rules = self.rules.entry((family, table, chain)).or_default();
        rules.push(end);
    }

    /// What stops the packet in each chain of the kernel: the first rule that does, or the policy at the end.
    pub fn into_blocking(self) -> Vec<FilterRule> {
        let bases = self.bases.iter();
        let mut found: Vec<FilterRule> = bases
            .filter_map(|(base, is_closed)| {
                let mut walk = Walk {
                    rules: &self.rules,
                    steps: 0,
                    is_sure: true,
                };
                match walk.through(base, 0) {
                    Some(Walked::Blocked(rule)) => Some(rule),
                    Some(Walked::Accepted) => None,
                    None => {
                        (*is_closed && walk.is_sure).then(|| blocked(base, FilterVerdict::Policy))
                    }
                }
            })
            .collect();
        found.dedup();
        found
    }
}

fn blocked((family, table, chain): &Place, verdict: FilterVerdict) -> FilterRule {
    let family = if *family == IPV4 { "ip" } else { "inet" };
    FilterRule::new(format!("{family} {table}"), chain.clone(), verdict)
}

/// The way of the packet from a chain of the kernel on.
struct Walk<'a> {
    rules: &'a BTreeMap<Place, Vec<End>>,
    steps: usize,
    /// No rule was passed over.
    is_sure: bool,
}

impl Walk<'_> {
    /// `None` when the packet came back to where the chain was called from.
    fn through(&mut self, place: &Place, depth: usize) -> Option<Walked> {
        let (family, table, _) = place;
        for end in self.rules.get(place).into_iter().flatten() {
            self.steps += 1;
            if depth > MAX_JUMPS || self.steps > MAX_RULES {
                return Some(Walked::Accepted);
            }
            match end {
                End::Next => {}
                End::Unknown => self.is_sure = false,
                End::Accept => return Some(Walked::Accepted),
                End::Return => return None,
                End::Jump(other) | End::Goto(other) => {
                    let other = (*family, table.clone(), other.clone());
                    let walked = self.through(&other, depth + 1);
                    if walked.is_some() || matches!(end, End::Goto(_)) {
                        return walked;
                    }
                }
                End::Block(verdict) => return Some(Walked::Blocked(blocked(place, *verdict))),
            }
        }
        None
    }
}

enum Walked {
    Accepted,
    Blocked(FilterRule),
}

fn name(attributes: &[u8], kind: u16) -> Option<String> {
    let bytes = attribute(attributes, kind)?;
    let text = std::str::from_utf8(bytes.strip_suffix(b"\0").unwrap_or(bytes)).ok()?;
    Some(service_text(text))
}

/// The first packet of a connection to IMDS, and the registers of a rule that looks at it.
#[derive(Default)]
struct Packet {
    registers: BTreeMap<u32, Vec<u8>>,
    /// Registers with the interface that the packet leaves by, by number or name. It is any but the loopback one.
    interfaces: BTreeSet<u32>,
}

const TCP: u8 = 6;
const HTTP_PORT: [u8; 2] = [0, 80];

impl Packet {
    /// How the rule ends; `None` when that cannot be told.
    fn run(&mut self, expressions: &[u8]) -> Option<End> {
        for (_, element) in Attributes(expressions) {
            let name = attribute(element, 1)?;
            let data = attribute(element, 2).unwrap_or_default();
            let goes_on = match name.strip_suffix(b"\0").unwrap_or(name) {
                b"counter" | b"log" => true,
                b"payload" => self.load(number(data, 1)?, payload(data)?),
                b"meta" => self.load_meta(number(data, 1)?, number(data, 2)?)?,
                b"ct" => self.load(number(data, 1)?, connection(number(data, 2)?)?),
                b"bitwise" => self.bitwise(data)?,
                b"cmp" => self.compare(data)?,
                b"range" => self.range(data)?,
                b"match" => matches(data)?,
                b"immediate" => match number(data, 1)? {
                    0 => return verdict(attribute(attribute(data, 2)?, 2)?),
                    register => self.load(register, value(data, 2)?.to_vec()),
                },
                b"reject" => return Some(End::Block(FilterVerdict::Reject)),
                b"queue" => return Some(End::Block(FilterVerdict::Queue)),
                b"target" => match target(data)? {
                    End::Next => true,
                    end => return Some(end),
                },
                _ => return None,
            };
            if !goes_on {
                return Some(End::Next);
            }
        }
        Some(End::Next)
    }

    fn load(&mut self, register: u32, value: Vec<u8>) -> bool {
        self.interfaces.remove(&register);
        self.registers.insert(register, value);
        true
    }

    fn load_meta(&mut self, register: u32, key: u32) -> Option<bool> {
        const LEAVES_BY: [u32; 2] = [5, 7];
        if LEAVES_BY.contains(&key) {
            self.registers.remove(&register);
            self.interfaces.insert(register);
            return Some(true);
        }
        Some(self.load(register, meta(key)?))
    }

    fn register(&self, data: &[u8], length: usize) -> Option<&[u8]> {
        self.registers.get(&number(data, 1)?)?.get(..length)
    }

    fn bitwise(&mut self, data: &[u8]) -> Option<bool> {
        const MASK_AND_FLIP: u32 = 0;
        let (mask, flip) = (value(data, 4)?, value(data, 5)?);
        if number(data, 6).unwrap_or(MASK_AND_FLIP) != MASK_AND_FLIP || mask.len() != flip.len() {
            return None;
        }
        let own = self.register(data, mask.len())?.iter();
        let bytes = own.zip(mask).zip(flip);
        let result = bytes.map(|((own, mask), flip)| own & mask ^ flip).collect();
        Some(self.load(number(data, 2)?, result))
    }

    fn compare(&self, data: &[u8]) -> Option<bool> {
        let other = value(data, 3)?;
        let operation = number(data, 2)?;
        if self.interfaces.contains(&number(data, 1)?) {
            return (is_loopback(other) && operation < 2).then_some(operation == 1);
        }
        let own = self.register(data, other.len())?;
        Some(match operation {
            0 => own == other,
            1 => own != other,
            2 => own < other,
            3 => own <= other,
            4 => own > other,
            5 => own >= other,
            _ => return None,
        })
    }

    fn range(&self, data: &[u8]) -> Option<bool> {
        let (from, to) = (value(data, 3)?, value(data, 4)?);
        let own = self.register(data, from.len())?;
        let is_in = from <= own && own <= to;
        match number(data, 2)? {
            0 => Some(is_in),
            1 => Some(!is_in),
            _ => None,
        }
    }
}

/// Its number, which is the first of each network, or its name.
fn is_loopback(interface: &[u8]) -> bool {
    let name = interface.split(|byte| *byte == 0).next();
    interface == 1_u32.to_ne_bytes() || (name == Some(b"lo") && interface.len() > 2)
}

/// The value in an attribute for data.
fn value(data: &[u8], kind: u16) -> Option<&[u8]> {
    attribute(attribute(data, kind)?, 1)
}

/// Bytes of the packet that are known: the protocol and the address it goes to, and the port.
fn payload(data: &[u8]) -> Option<Vec<u8>> {
    let (base, offset, length) = (number(data, 2)?, number(data, 3)?, number(data, 4)?);
    let from = usize::try_from(offset).ok()?;
    let to = from.checked_add(usize::try_from(length).ok()?)?;
    let (start, known): (usize, &[u8]) = match (base, from) {
        (1, 9) => (9, &[TCP]),
        (1, _) => (16, &IMDS_ADDRESS.octets()),
        (2, _) => (2, &HTTP_PORT),
        _ => return None,
    };
    let bytes = known.get(from.checked_sub(start)?..to.checked_sub(start)?)?;
    Some(bytes.to_vec())
}

fn meta(key: u32) -> Option<Vec<u8>> {
    match key {
        1 => Some(vec![8, 0]),
        15 => Some(vec![IPV4]),
        16 => Some(vec![TCP]),
        _ => None,
    }
}

/// The state of the connection is that of a new one.
fn connection(key: u32) -> Option<Vec<u8>> {
    const STATE: u32 = 0;
    const NEW: u32 = 8;
    (key == STATE).then(|| NEW.to_ne_bytes().to_vec())
}

fn verdict(data: &[u8]) -> Option<End> {
    let bytes = attribute(data, 1)?.try_into().ok()?;
    let chain = || name(data, 2);
    Some(match i32::from_be_bytes(bytes) {
        0 => End::Block(FilterVerdict::Drop),
        1 => End::Accept,
        -1 => End::Next,
        -3 => End::Jump(chain()?),
        -4 => End::Goto(chain()?),
        -5 => End::Return,
        code if code & 0xff == 3 => End::Block(FilterVerdict::Queue),
        _ => return None,
    })
}

/// The conditions of `iptables`: a comment is none, and that of TCP has ranges of ports, an option, flags, and what is
/// negated.
fn matches(data: &[u8]) -> Option<bool> {
    let (name, info) = (attribute(data, 1)?, attribute(data, 3)?);
    match name.strip_suffix(b"\0").unwrap_or(name) {
        b"comment" => Some(true),
        b"tcp" => {
            let port = |at: usize| Some(u16::from_ne_bytes(info.get(at..at + 2)?.try_into().ok()?));
            let is_any = port(0)? == 0 && port(2)? == u16::MAX && info.get(8..12)? == [0; 4];
            is_any.then_some((port(4)?..=port(6)?).contains(&80))
        }
        _ => None,
    }
}

/// What `iptables` does with the packet.
fn target(data: &[u8]) -> Option<End> {
    let name = attribute(data, 1)?;
    Some(match name.strip_suffix(b"\0").unwrap_or(name) {
        b"REJECT" => End::Block(FilterVerdict::Reject),
        b"NFQUEUE" => End::Block(FilterVerdict::Queue),
        b"LOG" | b"NFLOG" => End::Next,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
