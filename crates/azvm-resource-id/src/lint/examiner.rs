//! What gathers findings and edits while a text is gone through.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;

use super::{Finding, Severity};
use crate::borrowed::ResourceIdRef;
use crate::grammar::MAX_LENGTH_BYTES;
use crate::owned::ResourceId;

/// More than these say nothing new.
const MAX_FINDINGS: usize = 100;

/// Goes through a text once and keeps what it finds.
pub(super) struct Examiner<'a> {
    pub(super) text: &'a str,
    /// The part of the text that is taken for the ID.
    pub(super) core: Range<usize>,
    /// The whole text is an ID; what is found is but a warning.
    pub(super) is_valid: bool,
    /// It came out of the address of a page, where the name of the page follows the ID.
    pub(super) is_page: bool,
    /// It is the path of a URL, where `#` starts a fragment.
    pub(super) is_address: bool,
    /// Nothing of the text is an ID: there is no use in going through the segments.
    pub(super) is_hopeless: bool,
    findings: Vec<Finding>,
    edits: Vec<Edit>,
    /// There was no room for what was reported last.
    is_full: bool,
    /// The first finding that cannot be mended in one way only.
    refused: Option<usize>,
}

/// One change to the text, and the finding that it answers.
struct Edit {
    finding: usize,
    span: Range<usize>,
    replacement: String,
}

impl<'a> Examiner<'a> {
    pub(super) fn examine(text: &'a str) -> Self {
        let mut examiner = Self {
            text,
            core: 0..text.len(),
            is_valid: ResourceIdRef::parse(text).is_ok(),
            is_page: false,
            is_address: false,
            is_hopeless: false,
            findings: Vec::new(),
            edits: Vec::new(),
            is_full: false,
            refused: None,
        };
        if text.len() > MAX_LENGTH_BYTES {
            if let Err(error) = ResourceIdRef::parse(text) {
                examiner.error("RID-032", error.span(), &error.to_string());
            }
            examiner.refuse();
            return examiner;
        }
        if examiner.is_valid {
            // Whatever stands at the ends is part of the ID.
            examiner.peel_trailing_slash();
        } else {
            examiner.peel();
        }
        if !examiner.is_hopeless {
            examiner.walk();
        }
        examiner.settle();
        examiner
    }

    pub(super) fn error(&mut self, code: &'static str, span: Range<usize>, message: &str) {
        self.report(code, Severity::Error, span, message);
    }

    pub(super) fn warn(&mut self, code: &'static str, span: Range<usize>, message: &str) {
        self.report(code, Severity::Warning, span, message);
    }

    pub(super) fn refused(&mut self, code: &'static str, span: Range<usize>, message: &str) {
        self.report(code, Severity::Refused, span, message);
    }

    /// What does not show or is percent-encoded in a name whose rule forbids it is more than a warning.
    pub(super) fn hold_against(&mut self, name: &Range<usize>) {
        let is_in = |span: &Range<usize>| name.start <= span.start && span.end <= name.end;
        for finding in &mut self.findings {
            if matches!(finding.code, "RID-004" | "RID-011") && is_in(&finding.span) {
                finding.severity = finding.severity.max(Severity::Refused);
            }
        }
    }

    fn report(
        &mut self,
        code: &'static str,
        severity: Severity,
        span: Range<usize>,
        message: &str,
    ) {
        let finding = Finding {
            code,
            severity,
            span,
            message: message.to_owned(),
            suggestion: None,
        };
        self.is_full = self.findings.len() == MAX_FINDINGS;
        if self.is_full {
            // The last one stands for all that follow.
            self.refuse();
        } else {
            self.findings.push(finding);
        }
    }

    /// Says what belongs in the place of the last finding.
    pub(super) fn suggest(&mut self, suggestion: &str) {
        if let Some(finding) = self.findings.last_mut().filter(|_| !self.is_full) {
            finding.suggestion = Some(suggestion.to_owned());
        }
    }

    /// Says what belongs in the place of the last finding, and that nothing else can have been meant.
    pub(super) fn mend(&mut self, replacement: &str) {
        self.suggest(replacement);
        if let Some(finding) = self.findings.last().filter(|_| !self.is_full) {
            let span = finding.span.clone();
            // What is replaced as a whole needs no edits inside.
            self.edits.retain(|edit| {
                edit.span.start < span.start || edit.span.end > span.end || span.is_empty()
            });
            let edit = Edit {
                finding: self.findings.len() - 1,
                span,
                replacement: replacement.to_owned(),
            };
            self.edits.push(edit);
        }
    }

    /// The last finding cannot be mended in one way only.
    pub(super) fn refuse(&mut self) {
        self.refused = self.refused.or_else(|| self.findings.len().checked_sub(1));
    }

    pub(super) fn core_text(&self) -> &'a str {
        &self.text[self.core.clone()]
    }

    /// Makes the findings agree with the parser, which has the last word on what is an ID.
    fn settle(&mut self) {
        let is_error = |finding: &Finding| finding.severity == Severity::Error;
        match ResourceIdRef::parse(self.text) {
            Ok(_) => {
                for finding in self.findings.iter_mut().filter(|finding| is_error(finding)) {
                    finding.severity = Severity::Warning;
                }
            }
            Err(_) if self.findings.iter().any(is_error) => {}
            Err(error) => {
                self.findings.truncate(MAX_FINDINGS - 1);
                self.error("RID-000", error.span(), &error.to_string());
                self.refuse();
            }
        }
    }

    pub(super) fn into_findings(mut self) -> Vec<Finding> {
        self.findings.sort_by_key(|finding| finding.span.start);
        self.findings
    }

    /// For a text that is an ID: what its canonical form spells otherwise.
    pub(super) fn mended_spelling(self) -> Vec<Finding> {
        let text = self.text;
        let mut findings = self.into_findings();
        findings.retain(|finding| finding.code == "RID-001" || &text[finding.span.clone()] == "/");
        findings
    }

    /// Makes all edits, unless one of the findings forbids it.
    pub(super) fn into_repaired(mut self) -> Result<(ResourceId, Vec<Finding>), Finding> {
        if let Some(refused) = self.refused {
            return Err(self.findings.swap_remove(refused));
        }
        self.edits
            .sort_by_key(|edit| (edit.span.start, edit.span.end));
        let mut mended_text = String::with_capacity(self.text.len());
        let mut done = 0;
        for edit in &self.edits {
            if edit.span.start < done {
                return Err(self.findings.swap_remove(edit.finding));
            }
            mended_text.push_str(&self.text[done..edit.span.start]);
            mended_text.push_str(&edit.replacement);
            done = edit.span.end;
        }
        mended_text.push_str(&self.text[done..]);
        // Nobody means the tenant by what is left of a text.
        let is_remainder = mended_text == "/" && self.text.trim() != "/";
        match ResourceId::parse(&mended_text) {
            Ok(id) if !is_remainder => {
                let mended = self
                    .edits
                    .iter()
                    .map(|edit| self.findings[edit.finding].clone());
                Ok((id.canonical(), mended.collect()))
            }
            _ => Err(self.first_error()),
        }
    }

    fn first_error(mut self) -> Finding {
        let worst = self
            .findings
            .iter()
            .position(|finding| finding.severity == Severity::Error);
        // `settle` saw to it that there is one.
        self.findings.swap_remove(worst.unwrap_or_default())
    }
}
