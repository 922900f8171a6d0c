//! Facts that may be unknown, and addresses that may be hidden.

use azvm_imds::Guid;
use std::fmt;
use std::net::IpAddr;

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
    /// Reading it took too long.
    TimedOut,
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
            Self::TimedOut => f.write_str("reading it took too long"),
            Self::Unreadable => f.write_str("in a form that is not known here"),
        }
    }
}

impl std::error::Error for Unknown {}

/// Both orders of the bytes of a UUID in the firmware: the first three groups are little-endian there (DMTF DSP0134,
/// section 7.2.1), and whoever printed it may have turned them or not.
///
/// # Errors
///
/// [`Unknown::Unreadable`] for what is no UUID.
pub(crate) fn firmware_ids(uuid: &str) -> Known<Vec<String>> {
    let uuid = uuid.trim().to_ascii_lowercase();
    uuid.parse::<Guid>().map_err(|_| Unknown::Unreadable)?;
    let turn = |group: &str| -> String {
        let pairs = (0..group.len()).step_by(2).rev();
        pairs.filter_map(|at| group.get(at..at + 2)).collect()
    };
    let groups: Vec<String> = uuid
        .split('-')
        .enumerate()
        .map(|(index, group)| match index {
            0..=2 => turn(group),
            _ => group.to_owned(),
        })
        .collect();
    let turned = groups.join("-");
    Ok(vec![uuid, turned])
}

/// An address of the machine or its network. Two are the same where the addresses were, hidden or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// As it is.
    Ip(IpAddr),
    /// What strict redaction left of it.
    Hidden(String),
}

impl Address {
    /// The address, unless it is hidden.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(ip) => Some(*ip),
            Self::Hidden(_) => None,
        }
    }

    /// From a report: what is no address is one that was hidden.
    pub(crate) fn restored(text: String) -> Self {
        text.parse().map_or(Self::Hidden(text), Self::Ip)
    }
}

impl<T: Into<IpAddr>> From<T> for Address {
    fn from(ip: T) -> Self {
        Self::Ip(ip.into())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Hidden(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_of_a_uuid() {
        let ids = firmware_ids(" 00112233-4455-6677-8899-AABBCCDDEEFF\n").unwrap();
        let expected = [
            "00112233-4455-6677-8899-aabbccddeeff",
            "33221100-5544-7766-8899-aabbccddeeff",
        ];
        assert_eq!(ids, expected);
        for text in ["", "Not Settable", "00112233"] {
            assert_eq!(firmware_ids(text), Err(Unknown::Unreadable), "{text}");
        }
    }
}
