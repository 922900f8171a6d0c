//! What is wrong with a request, and where.

use crate::catalogue::Entry;
use crate::finding::{Confidence, Finding, Severity, Values};
use std::ops::Range;

/// A finding with its place in the request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RequestFinding {
    /// What is wrong.
    pub finding: Finding,
    /// Where it is in the text that was given, in bytes.
    pub span: Range<usize>,
    /// What to write in its place, if that is known; an empty text means to remove it.
    pub suggestion: Option<String>,
}

impl RequestFinding {
    pub(super) fn new(entry: &'static Entry, span: Range<usize>) -> Self {
        Self {
            finding: Finding::new(entry, &Values::default()),
            span,
            suggestion: None,
        }
    }

    /// A failure, or a warning of which it is known what to write instead.
    pub(super) fn can_be_mended(&self) -> bool {
        match self.finding.severity {
            Severity::Fail => true,
            Severity::Warn => self.suggestion.is_some(),
            Severity::Note => false,
        }
    }

    pub(super) fn title(mut self, title: impl Into<String>) -> Self {
        self.finding = self.finding.with_title(title);
        self
    }

    pub(super) fn suggest(mut self, suggestion: impl Into<String>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }

    pub(super) fn severity(mut self, severity: Severity) -> Self {
        self.finding = self.finding.with_severity(severity);
        self
    }

    pub(super) fn confidence(mut self, confidence: Confidence) -> Self {
        self.finding = self.finding.with_confidence(confidence);
        self
    }
}
