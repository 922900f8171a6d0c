//! A request that goes neither to IMDS nor to ARM, and the host that was probably meant.

use super::found::RequestFinding;
use super::parsed::Parsed;
use super::{Target, arm};
use crate::catalogue::edits;
use std::fmt;

/// The host of IMDS.
const IMDS: &str = "169.254.169.254";

/// A longer host is close to none.
const MAX_HOST_BYTES: usize = 64;

/// What is known of a request to somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stranger {
    /// The host of IMDS or ARM that is spelt almost as the one in the request.
    pub nearest: Option<&'static str>,
}

impl Stranger {
    /// `None` for a request to IMDS or ARM, for one of which the host is not known, and for one that has something else
    /// wrong with it and no host that is close.
    pub(super) fn of(parsed: &Parsed, findings: &[RequestFinding]) -> Option<Self> {
        let url = parsed.url.as_ref()?;
        let is_unknown = url.host.has_unknown() || url.path.has_unknown();
        if Target::of(url) != Target::Other || is_unknown {
            return None;
        }
        let nearest = nearest(url.host.as_str());
        (nearest.is_some() || findings.is_empty()).then_some(Self { nearest })
    }
}

impl fmt::Display for Stranger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a request to IMDS or ARM")?;
        match self.nearest {
            Some(host) => write!(f, "; did you mean {host}?"),
            None => Ok(()),
        }
    }
}

/// Two edits are a letter that is missing twice, or two that are swapped.
fn nearest(host: &str) -> Option<&'static str> {
    if host.len() > MAX_HOST_BYTES {
        return None;
    }
    let host = host.to_ascii_lowercase();
    let known = std::iter::once(IMDS).chain(arm::hosts());
    let counted = known.map(|known| (edits(known, &host), known));
    let (_, known) = counted.filter(|(edits, _)| *edits <= 2).min()?;
    Some(known)
}
