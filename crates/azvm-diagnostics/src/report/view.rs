//! What the forms of a report have in common.

use super::Report;
use crate::check::{Check, Status};
use crate::finding::{Confidence, Finding, Severity};
use crate::rules::Outcome;
use std::time::Duration;

/// A check, and those of its findings that are to be shown.
#[derive(Clone, Debug)]
pub(super) struct Shown<'a> {
    pub(super) check: &'a Check,
    pub(super) findings: Vec<&'a Finding>,
}

impl Shown<'_> {
    /// Nothing to do about it.
    pub(super) fn is_fine(&self) -> bool {
        matches!(self.check.status, Status::Ok | Status::Note)
    }
}

/// How many checks ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) ok: usize,
    pub(super) note: usize,
    pub(super) warn: usize,
    pub(super) fail: usize,
    pub(super) skipped: usize,
    pub(super) unknown: usize,
    pub(super) crashed: usize,
}

impl Counts {
    pub(super) fn of<'a>(checks: impl IntoIterator<Item = &'a Check>) -> Self {
        let mut counts = Self::default();
        for check in checks {
            *match check.status {
                Status::Ok => &mut counts.ok,
                Status::Note => &mut counts.note,
                Status::Warn => &mut counts.warn,
                Status::Fail => &mut counts.fail,
                Status::Skipped { .. } => &mut counts.skipped,
                Status::Unknown => &mut counts.unknown,
                Status::Crashed => &mut counts.crashed,
            } += 1;
        }
        counts
    }

    /// `3 ok, 1 failure, 3 skipped`.
    pub(super) fn in_words(self) -> String {
        let named = [
            (self.note, "note", "notes"),
            (self.warn, "warning", "warnings"),
            (self.fail, "failure", "failures"),
            (self.skipped, "skipped", "skipped"),
            (self.unknown, "unknown", "unknown"),
            (self.crashed, "crashed", "crashed"),
        ];
        let mut words = format!("{} ok", self.ok);
        for (count, one, many) in named.into_iter().filter(|(count, ..)| *count > 0) {
            let name = if count == 1 { one } else { many };
            words.push_str(&format!(", {count} {name}"));
        }
        words
    }
}

impl<'a> Report<'a> {
    /// Every check and finding that is to be shown, in the order of the chain.
    pub(super) fn shown(&self) -> Vec<Shown<'a>> {
        let diagnosis = self.diagnosis;
        let shown = diagnosis.checks.iter().filter_map(|check| {
            let is_named = self.only.is_empty() || self.only.names_check(check.id);
            let findings: Vec<&Finding> = check
                .findings
                .iter()
                .filter(|finding| is_named || self.only.names_code(finding.entry.code))
                .collect();
            (is_named || !findings.is_empty()).then_some(Shown { check, findings })
        });
        shown.collect()
    }

    /// The checks that are shown, category by category.
    pub(super) fn by_category(&self) -> Vec<(&'static str, Vec<Shown<'a>>)> {
        let mut groups: Vec<(&'static str, Vec<Shown<'a>>)> = Vec::new();
        for shown in self.shown() {
            let category = shown.check.id.category();
            match groups.iter_mut().find(|(known, _)| *known == category) {
                Some((_, group)) => group.push(shown),
                None => groups.push((category, vec![shown])),
            }
        }
        groups
    }

    /// What nothing is known about, and why, check by check.
    pub(super) fn not_examined(&self) -> Vec<(&'static str, String)> {
        let unknown = self.diagnosis.checks.iter().filter_map(|check| {
            let why = match &check.status {
                Status::Skipped { .. } => why_skipped(check),
                Status::Unknown => check.summary.clone(),
                Status::Crashed => "the check crashed".into(),
                _ => return None,
            };
            Some((check.id.as_str(), why))
        });
        unknown.collect()
    }

    /// The result in one word: the worst status there is.
    pub(super) fn result(&self) -> &'static str {
        let diagnosis = self.diagnosis;
        let is_unknown = |check: &Check| check.status == Status::Unknown;
        match (diagnosis.outcome, diagnosis.worst()) {
            (Outcome::Crashed, _) => "crashed",
            (_, Some(severity)) => severity.as_str(),
            (_, None) if diagnosis.checks.iter().any(is_unknown) => "unknown",
            (_, None) => "ok",
        }
    }

    /// True when there is neither failure nor warning, and the run came to its end.
    pub(super) fn is_all_well(&self) -> bool {
        matches!(self.result(), "ok" | "note" | "unknown") && !self.facts.is_cut_short
    }

    /// The verdict in words when [`is_all_well`](Self::is_all_well): what could not be looked at is not fine.
    pub(super) fn all_well(&self) -> String {
        let mut parts: Vec<&str> = Vec::new();
        for check in &self.diagnosis.checks {
            let is_open = matches!(check.status, Status::Unknown | Status::Skipped { .. });
            if is_open && check.left_out.is_empty() && !parts.contains(&check.id.category()) {
                parts.push(check.id.category());
            }
        }
        match parts.is_empty() {
            true => "nothing wrong found".into(),
            false => format!(
                "nothing wrong found, but not examined: {}",
                parts.join(", ")
            ),
        }
    }

    /// The page of a finding, offline.
    pub(super) fn explain(&self, finding: &Finding) -> String {
        let program = self.facts.asked.invocation.program();
        format!("{program} explain {}", finding.entry.code)
    }

    /// The machine's name, if it is known.
    pub(super) fn machine(&self) -> Option<&str> {
        self.facts.imds.compute()?.name.as_deref()
    }

    /// Every finding that is shown, the most important first, with its category.
    pub(super) fn by_importance(&self) -> Vec<(&'static str, &'a Finding)> {
        let mut findings: Vec<(&'static str, &'a Finding)> = self
            .shown()
            .into_iter()
            .flat_map(|shown| {
                let category = shown.check.id.category();
                shown
                    .findings
                    .into_iter()
                    .map(move |finding| (category, finding))
            })
            .collect();
        findings.sort_by_key(|(_, finding)| std::cmp::Reverse(finding.severity));
        findings
    }
}

/// `skipped: NET-005`.
pub(super) fn why_skipped(check: &Check) -> String {
    match &check.status {
        Status::Skipped { because } if !because.is_empty() => {
            format!("skipped: {}", because.join(", "))
        }
        _ if !check.left_out.is_empty() => check.summary.clone(),
        _ => "skipped".into(),
    }
}

/// What to show of a check that is not a finding: its summary, or why there is none.
pub(super) fn summary(check: &Check) -> String {
    match check.status {
        Status::Skipped { .. } => why_skipped(check),
        _ => check.summary.clone(),
    }
}

/// `RBAC-021  no role … (likely)`.
pub(super) fn headline(finding: &Finding) -> String {
    format!(
        "{}  {}{}",
        finding.entry.code,
        finding.title,
        surety(finding)
    )
}

/// How sure a finding is, where it is not wholly.
pub(super) fn surety(finding: &Finding) -> &'static str {
    match finding.confidence {
        Confidence::High => "",
        Confidence::Likely => " (likely)",
        Confidence::Possible => " (possible)",
    }
}

/// As it stands before a finding: a failure is loud.
pub(super) fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warn => "warn",
        Severity::Fail => "FAIL",
    }
}

/// Whole milliseconds.
pub(super) fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
