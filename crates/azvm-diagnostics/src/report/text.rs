//! The report for a person: one line a category when fine; evidence, cause and what to type when not.

use super::view::{Counts, Shown, headline, mark, summary};
use super::{Report, rfc3339};
use crate::check::{Check, Status};
use crate::finding::{Finding, Severity};
use std::fmt::Write;

/// How wide the labels are.
const LABEL: usize = 9;
const MARK: usize = 6;
const DETAIL: usize = 11;

/// What the text report shows.
#[derive(Clone, Debug)]
pub struct TextOptions {
    pub(super) verbose: bool,
    pub(super) palette: Palette,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self {
            verbose: false,
            palette: Palette::plain(),
        }
    }
}

impl TextOptions {
    /// Shows the evidence of every check, and the timeline.
    #[must_use]
    pub fn with_verbose(mut self, verbose: bool) -> Self {
        self.verbose = verbose;
        self
    }

    /// Colours.
    #[must_use]
    pub fn with_palette(mut self, palette: Palette) -> Self {
        self.palette = palette;
        self
    }
}

/// Colours, as ANSI escapes or as nothing. Never the only carrier of a meaning.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    good: &'static str,
    note: &'static str,
    warn: &'static str,
    bad: &'static str,
    dim: &'static str,
    reset: &'static str,
}

impl Palette {
    /// No colours: for files and pipes.
    pub const fn plain() -> Self {
        Self {
            good: "",
            note: "",
            warn: "",
            bad: "",
            dim: "",
            reset: "",
        }
    }

    /// For a terminal.
    pub const fn ansi() -> Self {
        Self {
            good: "\u{1b}[32m",
            note: "\u{1b}[36m",
            warn: "\u{1b}[33m",
            bad: "\u{1b}[1;31m",
            dim: "\u{1b}[2m",
            reset: "\u{1b}[0m",
        }
    }
}

/// Every word of ours is ASCII; the one other character that we put into somebody else's words is spelt out.
pub(super) fn render(report: &Report<'_>) -> String {
    let mut page = Page {
        out: String::new(),
        report,
    };
    page.header();
    for (category, checks) in report.by_category() {
        page.category(category, &checks);
    }
    if report.is_verbose {
        page.timeline();
    }
    page.footer();
    page.out.replace('\u{2026}', "...")
}

struct Page<'a> {
    out: String,
    report: &'a Report<'a>,
}

/// Writing to a `String` does not fail.
macro_rules! line {
    ($page:expr, $($args:tt)*) => {
        let _ = writeln!($page.out, $($args)*);
    };
}

impl Page<'_> {
    fn header(&mut self) {
        let facts = self.report.facts;
        let mut parts = vec![format!("azvm doctor {}", env!("CARGO_PKG_VERSION"))];
        if let Some(name) = &facts.asked.simulation {
            parts.push(format!("simulated: {name}"));
        }
        parts.push(format!(
            "target {}",
            facts.target().map_or("-", |id| id.as_str())
        ));
        if !self.report.run_id.is_empty() {
            parts.push(format!("run {}", self.report.run_id));
        }
        if let Some((name, version)) = &self.report.collected_by {
            parts.push(format!("seen by {name} {version}"));
        }
        parts.push(rfc3339(facts.started));
        line!(self, "{}", parts.join("   "));
    }

    /// What is wrong, check by check; what is fine in one line, if it is all that there is to say.
    fn category(&mut self, category: &str, checks: &[Shown<'_>]) {
        let (fine, rest): (Vec<&Shown<'_>>, Vec<&Shown<'_>>) =
            checks.iter().partition(|shown| shown.is_fine());
        let mut label = category;
        for shown in &rest {
            self.check(label, shown);
            label = "";
        }
        if !fine.is_empty() && (rest.is_empty() || self.report.is_verbose) {
            let summaries: Vec<&str> = fine
                .iter()
                .map(|shown| shown.check.summary.as_str())
                .collect();
            self.status(label, &Status::Ok, &summaries.join("; "));
        }
        for shown in &fine {
            self.findings(&shown.findings);
            if self.report.is_verbose {
                self.evidence(shown.check);
            }
        }
    }

    /// A failure takes the place of the summary, and its evidence is always shown.
    fn check(&mut self, label: &str, shown: &Shown<'_>) {
        let first = shown
            .findings
            .first()
            .filter(|_| shown.check.status == Status::Fail);
        match first {
            Some(finding) => {
                self.status(label, &shown.check.status, &headline(finding));
                self.evidence(shown.check);
                self.details(finding);
                self.findings(&shown.findings[1..]);
            }
            None => {
                self.status(label, &shown.check.status, &summary(shown.check));
                self.findings(&shown.findings);
                if self.report.is_verbose {
                    self.evidence(shown.check);
                }
            }
        }
    }

    fn status(&mut self, label: &str, status: &Status, words: &str) {
        let palette = self.report.palette;
        let (colour, mark) = match status {
            Status::Ok | Status::Note => (palette.good, "ok"),
            Status::Warn => (palette.warn, "warn"),
            Status::Fail => (palette.bad, "FAIL"),
            Status::Skipped { .. } => (palette.dim, "--"),
            Status::Unknown => (palette.note, "?"),
            Status::Crashed => (palette.bad, "CRASH"),
        };
        let reset = palette.reset;
        line!(self, "{label:LABEL$}{colour}{mark:MARK$}{reset}{words}");
    }

    fn findings(&mut self, findings: &[&Finding]) {
        let palette = self.report.palette;
        for finding in findings {
            let colour = match finding.severity {
                Severity::Note => palette.note,
                Severity::Warn => palette.warn,
                Severity::Fail => palette.bad,
            };
            let (mark, reset) = (mark(finding.severity), palette.reset);
            let headline = headline(finding);
            line!(self, "{:LABEL$}{colour}{mark:MARK$}{reset}{headline}", "");
            if finding.severity > Severity::Note || self.report.is_verbose {
                self.details(finding);
            }
        }
    }

    fn details(&mut self, finding: &Finding) {
        if let Some(cause) = &finding.cause {
            self.detail("cause", cause);
        }
        self.detail("fix", &finding.remedy.text);
        for command in &finding.remedy.commands {
            let note = match (command.needs_root, command.shell) {
                (true, "powershell") => "   # as an administrator",
                (true, _) => "   # needs root",
                (false, _) => "",
            };
            self.detail(command.shell, &format!("{}{note}", command.run));
        }
        self.detail("explain", &self.report.explain(finding));
    }

    fn evidence(&mut self, check: &Check) {
        let mut label = "evidence";
        for (name, value) in &check.evidence {
            self.detail(label, &format!("{name} = {value}"));
            label = "";
        }
    }

    fn detail(&mut self, name: &str, value: &str) {
        let Palette { dim, reset, .. } = self.report.palette;
        let indent = LABEL + MARK;
        line!(self, "{:indent$}{dim}{name:DETAIL$}{reset}{value}", "");
    }

    fn timeline(&mut self) {
        line!(self, "timeline");
        for entry in &self.report.facts.timeline {
            let outcome = entry.outcome.map_or_else(
                |kind| kind.as_str().to_string(),
                |status| status.to_string(),
            );
            let code = entry.code.as_deref().unwrap_or_default();
            let id = entry.request_id.as_deref().unwrap_or_default();
            let row = format!(
                "{:8} ms  {:20} {outcome:16} {code} {id}",
                entry.at.as_millis(),
                entry.action
            );
            line!(self, "{}", row.trim_end());
        }
    }

    fn footer(&mut self) {
        let report = self.report;
        let diagnosis = report.diagnosis;
        let causes = diagnosis.root_causes();
        let verdict = match causes.is_empty() {
            true if report.is_all_well() => format!("   {}", report.all_well()),
            true => String::new(),
            false => format!("   because of {}", causes.join(", ")),
        };
        if report.is_all_well() {
            for (id, why) in report.not_examined() {
                line!(self, "not examined: {id} ({why})");
            }
        }
        let left_out: Vec<&str> = diagnosis.policy.skip().words().collect();
        if !left_out.is_empty() {
            line!(self, "left out, as asked: {}", left_out.join(", "));
        }
        let counts = Counts::of(&diagnosis.checks).in_words();
        line!(self, "{counts}{verdict}   exit {}", diagnosis.exit_code());
    }
}
