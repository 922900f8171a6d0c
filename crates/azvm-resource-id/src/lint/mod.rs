//! Everything that is wrong with a text that was meant to be an ID, and mending what can be mended in one way only.
//!
//! First what is wrapped around the ID is peeled off (`peel`), then the segments are gone through (`walk`),
//! and each name is held against the rules that ARM has for it (`names`).

mod closest;
mod examiner;
mod known;
mod letters;
mod names;
mod peel;
mod walk;

use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
use core::ops::Range;

use crate::borrowed::ResourceIdRef;
use crate::owned::ResourceId;
use examiner::Examiner;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// The text is an ID, but probably not the one that was meant.
    Warning,
    /// The text has the form of an ID, and ARM refuses it: nothing can have this ID.
    Refused,
    /// The text is not an ID.
    Error,
}

impl Severity {
    /// `info`, `warning`, `refused` or `error`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Refused => "refused",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One thing that is wrong with a text, or looks wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    code: &'static str,
    severity: Severity,
    span: Range<usize>,
    message: String,
    suggestion: Option<String>,
}

impl Finding {
    /// What it is, for good: `RID-003`. Codes are never given another meaning.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// Where it is in the text, in bytes.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// What is wrong, in one phrase. The wording may change at any time.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to put in the place of [`span`](Self::span), if that is known; an empty text means to remove it.
    #[must_use]
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.code, self.severity, self.message)
    }
}

/// An ID that was mended, and what was mended in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Repaired {
    id: ResourceId,
    mended: Vec<Finding>,
}

impl Repaired {
    /// The ID.
    #[must_use]
    pub fn id(&self) -> &ResourceId {
        &self.id
    }

    /// The ID, without what was mended.
    #[must_use]
    pub fn into_id(self) -> ResourceId {
        self.id
    }

    /// What was mended, from left to right; their spans are in the original text.
    #[must_use]
    pub fn mended(&self) -> &[Finding] {
        &self.mended
    }
}

/// A text cannot be mended, or not in one way only.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RepairError {
    finding: Finding,
}

impl RepairError {
    /// What stands in the way.
    #[must_use]
    pub fn finding(&self) -> &Finding {
        &self.finding
    }
}

impl fmt::Display for RepairError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no single ID can have been meant: {}",
            self.finding.message
        )
    }
}

impl Error for RepairError {}

/// All that is wrong with a text, or looks wrong, from left to right.
///
/// There is a finding of severity [`Error`](Severity::Error) exactly when [`ResourceIdRef::parse`] fails.
/// Of a text with very many faults only the first hundred are told.
///
/// ```
/// let findings = azvm_resource_id::lint("/subscriptions/demo/resourcegroup/<GROUP>");
/// let codes: Vec<_> = findings.iter().map(|finding| finding.code()).collect();
/// assert_eq!(codes, ["RID-006", "RID-019", "RID-018"]);
/// assert_eq!(findings[1].suggestion(), Some("resourceGroups"));
/// ```
#[must_use]
pub fn lint(text: &str) -> Vec<Finding> {
    Examiner::examine(text).into_findings()
}

/// Reads what was meant to be an ID, and says what had to be mended.
///
/// Text that is an ID gives the same ID in canonical spelling. Otherwise what was pasted along with it is taken off
/// and misspelled keywords are put right. Nothing is guessed: an empty segment may stand for a variable that was not set,
/// a placeholder for anything, and a missing name for any name.
/// Use it to offer the result to a person, not to accept input that nobody looks at again.
///
/// ```
/// let repaired = azvm_resource_id::repair("\"subscriptions/s/resource_groups/rg \"")?;
/// assert_eq!(repaired.id().as_str(), "/subscriptions/s/resourceGroups/rg");
/// assert_eq!(repaired.mended().len(), 5);
///
/// assert!(azvm_resource_id::repair("/subscriptions//resourceGroups/rg").is_err());
/// # Ok::<(), azvm_resource_id::RepairError>(())
/// ```
///
/// # Errors
///
/// When two readings are possible, or none.
pub fn repair(text: &str) -> Result<Repaired, RepairError> {
    let examiner = Examiner::examine(text);
    if let Ok(id) = ResourceIdRef::parse(text) {
        return Ok(Repaired {
            id: id.canonical(),
            mended: examiner.mended_spelling(),
        });
    }
    examiner
        .into_repaired()
        .map(|(id, mended)| Repaired { id, mended })
        .map_err(|finding| RepairError { finding })
}
