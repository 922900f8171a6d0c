//! The report for a build server: JUnit's XML, a suite a category, a case a check.
//!
//! Failures fail; warnings do so if they count; what could not be told or was not made is skipped, with the reason. What
//! crashed is an error, so that no server takes half a report for a good one.

use super::view::{Shown, headline, summary};
use super::{Report, rfc3339};
use crate::check::Status;
use crate::finding::{Finding, Severity};
use std::fmt::Write;
use std::time::Duration;

/// Writing to a `String` does not fail.
macro_rules! line {
    ($out:expr, $($args:tt)*) => {
        let _ = writeln!($out, $($args)*);
    };
}

pub(super) fn render(report: &Report<'_>) -> String {
    let groups = report.by_category();
    let mut total = Totals::default();
    for (_, checks) in &groups {
        total.add(&Totals::of(report, checks));
    }
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let seconds = seconds(report.facts.duration);
    line!(
        out,
        "<testsuites name=\"azvm doctor\" {total} time=\"{seconds}\">"
    );
    for (category, checks) in &groups {
        suite(&mut out, report, category, checks);
    }
    out.push_str("</testsuites>\n");
    out
}

#[derive(Debug, Default)]
struct Totals {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Totals {
    fn of(report: &Report<'_>, checks: &[Shown<'_>]) -> Self {
        let mut totals = Self {
            tests: checks.len(),
            ..Self::default()
        };
        for shown in checks {
            match &shown.check.status {
                Status::Skipped { .. } | Status::Unknown => totals.skipped += 1,
                Status::Crashed => totals.errors += 1,
                _ if is_failure(report, shown) => totals.failures += 1,
                _ => {}
            }
        }
        totals
    }

    fn add(&mut self, other: &Self) {
        self.tests += other.tests;
        self.failures += other.failures;
        self.errors += other.errors;
        self.skipped += other.skipped;
    }
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"",
            self.tests, self.failures, self.errors, self.skipped
        )
    }
}

fn is_failure(report: &Report<'_>, shown: &Shown<'_>) -> bool {
    match shown.check.status {
        Status::Fail => true,
        Status::Warn => report.diagnosis.policy.fails_on_warn(),
        _ => false,
    }
}

fn suite(out: &mut String, report: &Report<'_>, category: &str, checks: &[Shown<'_>]) {
    let time: Duration = checks.iter().map(|shown| shown.check.duration).sum();
    line!(
        out,
        "  <testsuite name=\"{}\" {} time=\"{}\" timestamp=\"{}\">",
        escape(category),
        Totals::of(report, checks),
        seconds(time),
        rfc3339(report.facts.started).trim_end_matches('Z')
    );
    let properties = [
        ("run_id", Some(report.run_id.as_str())),
        ("machine", report.machine()),
        ("target", report.facts.target().map(|id| id.as_str())),
    ];
    line!(out, "    <properties>");
    for (name, value) in properties {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            line!(
                out,
                "      <property name=\"{name}\" value=\"{}\"/>",
                escape(value)
            );
        }
    }
    line!(out, "    </properties>");
    for shown in checks {
        case(out, report, shown);
    }
    line!(out, "  </testsuite>");
}

fn case(out: &mut String, report: &Report<'_>, shown: &Shown<'_>) {
    let check = shown.check;
    let (id, time) = (check.id.as_str(), seconds(check.duration));
    line!(
        out,
        "    <testcase classname=\"{}\" name=\"{id}\" time=\"{time}\">",
        check.id.category()
    );
    let why = escape(&summary(check));
    let first = shown.findings.first();
    match (&check.status, first) {
        (Status::Crashed, _) => {
            line!(out, "      <error type=\"crash\" message=\"{why}\"/>");
        }
        (Status::Skipped { .. } | Status::Unknown, _) => {
            line!(out, "      <skipped message=\"{why}\"/>");
        }
        (_, Some(finding)) if is_failure(report, shown) => {
            line!(
                out,
                "      <failure type=\"{}\" message=\"{}\">{}</failure>",
                finding.entry.code,
                escape(&headline(finding)),
                escape(&details(report, finding))
            );
        }
        _ => {}
    }
    let mut said = String::new();
    for finding in &shown.findings {
        if finding.severity < Severity::Fail {
            let _ = writeln!(said, "{}: {}", finding.severity.as_str(), headline(finding));
        }
    }
    for (name, value) in &check.evidence {
        let _ = writeln!(said, "{name} = {value}");
    }
    if !said.is_empty() {
        line!(out, "      <system-out>{}</system-out>", escape(&said));
    }
    line!(out, "    </testcase>");
}

fn details(report: &Report<'_>, finding: &Finding) -> String {
    let mut text = String::new();
    if let Some(cause) = &finding.cause {
        line!(text, "cause: {cause}");
    }
    line!(text, "fix: {}", finding.remedy.text);
    for command in &finding.remedy.commands {
        line!(text, "{}: {}", command.shell, command.run);
    }
    line!(text, "explain: {}", report.explain(finding));
    text
}

/// Three decimals, as JUnit counts.
fn seconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64())
}

/// For text and for values in double quotes. Characters that XML 1.0 has no way to write become U+FFFD.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => escaped.push('\u{FFFD}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        assert_eq!(
            escape("a<b>&\"c\"]]>\u{0}\u{1b}\u{ffff}\n"),
            "a&lt;b&gt;&amp;&quot;c&quot;]]&gt;\u{fffd}\u{fffd}\u{fffd}\n"
        );
    }
}
