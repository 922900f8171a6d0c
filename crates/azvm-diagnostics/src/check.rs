//! The checks of the chain and their dependencies.

use crate::facts::Part;
use crate::finding::Finding;
use std::time::Duration;

/// One link of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CheckId {
    /// Is this an Azure virtual machine?
    HostPlatform,
    /// Does IMDS answer, and is it IMDS?
    ImdsReachable,
    /// Which identity answers?
    ImdsIdentity,
    /// Is there a token?
    ImdsToken,
    /// Does the token say what it should?
    TokenClaims,
    /// Does ARM answer, without a token?
    ArmReachable,
    /// May the identity read the target?
    ArmTarget,
}

impl CheckId {
    /// In the order of the chain, which is the order of the report: a cause comes before what follows from it.
    pub const ALL: [Self; 7] = [
        Self::HostPlatform,
        Self::ImdsReachable,
        Self::ImdsIdentity,
        Self::ImdsToken,
        Self::TokenClaims,
        Self::ArmReachable,
        Self::ArmTarget,
    ];

    /// The stable name in machine-readable reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HostPlatform => "host.platform",
            Self::ImdsReachable => "imds.reachable",
            Self::ImdsIdentity => "imds.identity",
            Self::ImdsToken => "imds.token",
            Self::TokenClaims => "token.claims",
            Self::ArmReachable => "arm.reachable",
            Self::ArmTarget => "arm.target",
        }
    }

    /// The category, which is the label in the text report.
    pub fn category(self) -> &'static str {
        match self {
            Self::HostPlatform => "host",
            Self::ImdsReachable => "imds",
            Self::ImdsIdentity => "identity",
            Self::ImdsToken => "token",
            Self::TokenClaims => "claims",
            Self::ArmReachable => "arm",
            Self::ArmTarget => "access",
        }
    }

    /// The part of a run that it looks at first; without it there is nothing to judge.
    pub(crate) fn part(self) -> Part {
        match self {
            Self::HostPlatform => Part::Host,
            Self::ImdsReachable | Self::ImdsIdentity | Self::ImdsToken | Self::TokenClaims => {
                Part::Imds
            }
            Self::ArmReachable | Self::ArmTarget => Part::Arm,
        }
    }

    /// What must not have failed for this check to make sense.
    pub fn depends_on(self) -> &'static [Self] {
        match self {
            Self::HostPlatform => &[],
            Self::ImdsReachable | Self::ArmReachable => &[Self::HostPlatform],
            Self::ImdsIdentity => &[Self::ImdsReachable],
            Self::ImdsToken => &[Self::ImdsIdentity],
            Self::TokenClaims => &[Self::ImdsToken],
            Self::ArmTarget => &[Self::TokenClaims, Self::ArmReachable],
        }
    }
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Fine.
    Ok,
    /// Fine, with something worth knowing.
    Note,
    /// Fine for now.
    Warn,
    /// Not fine.
    Fail,
    /// Not made, because of these codes.
    Skipped {
        /// The codes of the checks that it depends on.
        because: Vec<&'static str>,
    },
    /// Could not be told.
    Unknown,
    /// The check itself is broken.
    Crashed,
}

impl Status {
    /// As it stands in machine-readable reports.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skipped { .. } => "skipped",
            Self::Unknown => "unknown",
            Self::Crashed => "crashed",
        }
    }
}

/// A check with its result.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Check {
    /// Which one.
    pub id: CheckId,
    /// How it ended.
    pub status: Status,
    /// One line: what was found when fine, why it could not be told when unknown.
    pub summary: String,
    /// What is wrong, the most important first.
    pub findings: Vec<Finding>,
    /// What was seen, as names and values in a fixed order. Never a secret.
    pub evidence: Vec<(&'static str, String)>,
    /// How long the requests behind it took, waits included.
    pub duration: Duration,
    /// How many requests were behind it.
    pub attempts: usize,
    /// What the [`Policy`](crate::Policy) left out of it: codes that would have been found, or its own name.
    pub left_out: Vec<&'static str>,
}
