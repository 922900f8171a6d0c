//! The catalogue of codes: what an entry holds, how one is found, and how it reads.
//!
//! The entries are data, `catalogue/*.toml` beside this crate's `src`; `cargo xtask generate` makes the statics in
//! `generated` and the pages in `docs/diagnostics` from them. Nothing is parsed when the program runs.

#[rustfmt::skip] // as `cargo xtask generate` writes it
mod generated;
mod page;
mod search;

use crate::finding::Severity;

pub(crate) use generated::*;
pub use generated::{CATALOGUE, EVIDENCE};
pub use page::{Page, markdown, pages, text};
pub(crate) use search::edits;
pub use search::{find, nearest, search};

/// The part of the chain that an entry belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Category {
    /// Where the program runs.
    Host,
    /// The way to IMDS.
    Network,
    /// What IMDS answers.
    Imds,
    /// Which identity answers.
    Identity,
    /// What the token holds.
    Token,
    /// The way to ARM, and its answers before rights matter.
    Arm,
    /// Roles, and the time until they count.
    Access,
    /// The form of resource IDs.
    ResourceId,
    /// Mistakes in other programs.
    Client,
}

impl Category {
    /// All of them, in the order of the chain.
    pub const ALL: [Self; 9] = [
        Self::Host,
        Self::Network,
        Self::Imds,
        Self::Identity,
        Self::Token,
        Self::Arm,
        Self::Access,
        Self::ResourceId,
        Self::Client,
    ];

    /// The word for it in commands, reports and file names.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Network => "network",
            Self::Imds => "imds",
            Self::Identity => "identity",
            Self::Token => "token",
            Self::Arm => "arm",
            Self::Access => "access",
            Self::ResourceId => "resource-id",
            Self::Client => "client",
        }
    }

    /// The category called `name`, whatever the case.
    pub fn from_name(name: &str) -> Option<Self> {
        let is_it = |category: &Self| category.as_str().eq_ignore_ascii_case(name.trim());
        Self::ALL.into_iter().find(is_it)
    }

    /// Its entries, in the order of their codes.
    pub fn entries(self) -> impl Iterator<Item = &'static Entry> {
        let entries = CATALOGUE.iter().copied();
        entries.filter(move |entry| entry.category == self)
    }
}

/// An entry of the catalogue.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The stable code, such as `NET-002`. It is never renumbered nor used for anything else.
    pub code: &'static str,
    /// A name for it, such as `connect-timeout`; unique, and as stable as the code.
    pub slug: &'static str,
    /// The part of the chain.
    pub category: Category,
    /// How much it usually matters.
    pub severity: Severity,
    /// One line.
    pub title: &'static str,
    /// What it means.
    pub summary: &'static str,
    /// How it is told from its neighbours.
    pub told_apart: &'static str,
    /// The codes that are taken for it most easily, and the other way round.
    pub near: &'static [&'static str],
    /// The evidence that decides it.
    pub evidence: &'static [&'static Evidence],
    /// What to do, in words; `{name}` is filled in.
    pub fix: &'static str,
    /// What to type; `{name}` is filled in.
    pub commands: &'static [CommandTemplate],
    /// Where it is known from.
    pub sources: &'static [&'static Source],
    /// The first version with this entry.
    pub since: &'static str,
    /// Who finds it.
    pub detection: Detection,
    /// Why the code is not used any more, if it is not.
    pub retired: Option<Retired>,
}

impl Entry {
    /// The pages to read: those of its sources that are documentation.
    pub fn links(&self) -> impl Iterator<Item = &'static str> {
        let documented = |source: &&&Source| source.kind == SourceKind::Documented;
        let sources = self.sources.iter().filter(documented);
        sources.filter_map(|source| source.url)
    }
}

/// A command with placeholders.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandTemplate {
    /// `bash`, `powershell`, or `az` for the Azure CLI in either.
    pub shell: &'static str,
    /// The line.
    pub run: &'static str,
    /// True when it needs root or an administrator.
    pub needs_root: bool,
}

/// A name that evidence has in reports.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Evidence {
    /// The name.
    pub key: &'static str,
    /// What it stands for.
    pub meaning: &'static str,
}

/// Where something is known from.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// How it is known.
    pub kind: SourceKind,
    /// A page's title, `repository:path`, or `repository#number`.
    pub title: &'static str,
    /// Its address, if it has one that lasts.
    pub url: Option<&'static str>,
}

/// How something is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceKind {
    /// An official page or specification says so.
    Documented,
    /// The source of the program that does it was read.
    Code,
    /// Somebody saw it; nobody promises it.
    Reported,
    /// It follows from how the parts work, and was not seen yet.
    Inferred,
}

impl SourceKind {
    /// The word for it in pages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Code => "code",
            Self::Reported => "reported",
            Self::Inferred => "inferred",
        }
    }
}

/// Who finds what an entry describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Detection {
    /// A rule of the doctor.
    Doctor,
    /// `lint-id`, in the text of an ID.
    LintId,
    /// `lint-request`, in the text of a request.
    LintRequest,
    /// `scan-log`, in a log.
    ScanLog,
    /// `aggregate`, in the reports of several machines.
    Aggregate,
    /// `decode-error`, in the words of an error.
    DecodeError,
    /// Nobody yet: the evidence can be had, and no rule looks at it.
    NotYet,
    /// No program on the machine; this is why.
    ExplainOnly(&'static str),
}

impl Detection {
    /// True when something finds it.
    pub fn is_found(self) -> bool {
        !matches!(self, Self::NotYet | Self::ExplainOnly(_))
    }

    /// The word for it in lists.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Doctor => "doctor",
            Self::LintId => "lint-id",
            Self::LintRequest => "lint-request",
            Self::ScanLog => "scan-log",
            Self::Aggregate => "aggregate",
            Self::DecodeError => "decode-error",
            Self::NotYet => "not-yet",
            Self::ExplainOnly(_) => "explain-only",
        }
    }
}

/// Why a code is not used any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retired {
    /// The first version that does not report it.
    pub since: &'static str,
    /// Why.
    pub reason: &'static str,
    /// The codes that are reported now.
    pub instead: &'static [&'static str],
}

#[cfg(test)]
mod tests;
