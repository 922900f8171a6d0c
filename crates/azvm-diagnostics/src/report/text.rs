//! The report for a person: one line a check when fine; evidence, cause and what to type when not.

use super::rfc3339;
use crate::check::{Check, Status};
use crate::facts::Facts;
use crate::finding::{Confidence, Finding, Severity};
use crate::rules::Diagnosis;
use std::fmt::Write;

/// How wide the labels are.
const LABEL: usize = 9;
const MARK: usize = 6;

/// What the text report shows.
#[derive(Clone, Debug)]
pub struct TextOptions {
    verbose: bool,
    palette: Palette,
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

/// Renders the report. The same input gives the same text.
pub fn text(facts: &Facts, diagnosis: &Diagnosis, options: &TextOptions) -> String {
    let mut page = Page {
        out: String::new(),
        options,
        program: facts.asked.invocation.program(),
    };
    page.header(facts);
    for check in &diagnosis.checks {
        page.check(check);
    }
    if options.verbose {
        page.timeline(facts);
    }
    page.footer(diagnosis);
    facts.redactor.clean(page.out)
}

struct Page<'a> {
    out: String,
    options: &'a TextOptions,
    program: &'a str,
}

/// Writing to a `String` does not fail.
macro_rules! line {
    ($page:expr, $($args:tt)*) => {
        let _ = writeln!($page.out, $($args)*);
    };
}

impl Page<'_> {
    fn header(&mut self, facts: &Facts) {
        let target = facts.target().map_or("-", |id| id.as_str());
        let scenario = facts.asked.simulation.as_ref();
        let simulation = scenario.map_or_else(String::new, |name| format!("   simulated: {name}"));
        line!(
            self,
            "azvm doctor {}{simulation}   target {target}   {}",
            env!("CARGO_PKG_VERSION"),
            rfc3339(facts.started)
        );
    }

    fn check(&mut self, check: &Check) {
        let Palette { reset, .. } = self.options.palette;
        let (colour, mark) = self.mark(&check.status);
        let label = check.id.category();
        let first = check
            .findings
            .first()
            .filter(|_| matches!(check.status, Status::Fail));
        let summary = match (&check.status, first) {
            (_, Some(finding)) => headline(finding),
            (Status::Skipped { because }, _) if because.is_empty() => "skipped".into(),
            (Status::Skipped { because }, _) => format!("skipped: {}", because.join(", ")),
            _ => check.summary.clone(),
        };
        line!(self, "{label:LABEL$}{colour}{mark:MARK$}{reset}{summary}");
        if let Some(finding) = first {
            self.evidence(check);
            self.details(finding);
        }
        for finding in check.findings.iter().skip(usize::from(first.is_some())) {
            let (colour, mark) = self.severity(finding.severity);
            line!(
                self,
                "{:LABEL$}{colour}{mark:MARK$}{reset}{}",
                "",
                headline(finding)
            );
            if finding.severity > Severity::Note || self.options.verbose {
                self.details(finding);
            }
        }
        if first.is_none() && self.options.verbose {
            self.evidence(check);
        }
    }

    fn details(&mut self, finding: &Finding) {
        if let Some(cause) = &finding.cause {
            self.detail("cause", cause);
        }
        self.detail("fix", &finding.remedy.text);
        for command in &finding.remedy.commands {
            let note = if command.needs_root {
                "   # needs root"
            } else {
                ""
            };
            self.detail(command.shell, &format!("{}{note}", command.run));
        }
        self.detail(
            "explain",
            &format!("{} explain {}", self.program, finding.entry.code),
        );
    }

    fn evidence(&mut self, check: &Check) {
        for (name, value) in &check.evidence {
            self.detail("saw", &format!("{name} = {value}"));
        }
    }

    fn detail(&mut self, name: &str, value: &str) {
        let Palette { dim, reset, .. } = self.options.palette;
        let indent = LABEL + MARK;
        line!(self, "{:indent$}{dim}{name:11}{reset}{value}", "");
    }

    fn timeline(&mut self, facts: &Facts) {
        line!(self, "timeline");
        for entry in &facts.timeline {
            let outcome = entry
                .outcome
                .map_or_else(Into::into, |status| status.to_string());
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

    fn footer(&mut self, diagnosis: &Diagnosis) {
        let count = |name: &str| {
            diagnosis
                .checks
                .iter()
                .filter(|check| check.status.as_str() == name)
                .count()
        };
        let mut parts = vec![format!("{} ok", count("ok"))];
        for (name, one, many) in [
            ("note", "note", "notes"),
            ("warn", "warning", "warnings"),
            ("fail", "failure", "failures"),
            ("skipped", "skipped", "skipped"),
            ("unknown", "unknown", "unknown"),
            ("crashed", "crashed", "crashed"),
        ] {
            match count(name) {
                0 => {}
                1 => parts.push(format!("1 {one}")),
                more => parts.push(format!("{more} {many}")),
            }
        }
        let causes = diagnosis.root_causes();
        let because = if causes.is_empty() {
            String::new()
        } else {
            format!("   because of {}", causes.join(", "))
        };
        line!(
            self,
            "{}{because}   exit {}",
            parts.join(", "),
            diagnosis.exit_code()
        );
    }

    fn mark(&self, status: &Status) -> (&'static str, &'static str) {
        let palette = self.options.palette;
        match status {
            Status::Ok => (palette.good, "ok"),
            Status::Note => (palette.good, "ok"),
            Status::Warn => (palette.warn, "warn"),
            Status::Fail => (palette.bad, "FAIL"),
            Status::Skipped { .. } => (palette.dim, "--"),
            Status::Unknown => (palette.note, "?"),
            Status::Crashed => (palette.bad, "CRASH"),
        }
    }

    fn severity(&self, severity: Severity) -> (&'static str, &'static str) {
        let palette = self.options.palette;
        match severity {
            Severity::Note => (palette.note, "note"),
            Severity::Warn => (palette.warn, "warn"),
            Severity::Fail => (palette.bad, "FAIL"),
        }
    }
}

fn headline(finding: &Finding) -> String {
    let sure = match finding.confidence {
        Confidence::High => "",
        Confidence::Likely => " (likely)",
        Confidence::Possible => " (possible)",
    };
    format!("{}  {}{sure}", finding.entry.code, finding.title)
}
