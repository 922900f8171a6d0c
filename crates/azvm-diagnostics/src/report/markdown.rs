//! The report for a ticket: Markdown as GitHub, Azure DevOps and most others take it.
//!
//! Words of services stand in code, where nothing is a link, a picture, a mention or HTML; or with every sign that means
//! something escaped.

use super::view::{Counts, Shown, summary, surety};
use super::{Report, rfc3339};
use crate::check::Check;
use crate::finding::{Finding, Severity};
use std::fmt::Write;

/// Writing to a `String` does not fail.
macro_rules! line {
    ($out:expr, $($args:tt)*) => {
        let _ = writeln!($out, $($args)*);
    };
}

pub(super) fn render(report: &Report<'_>) -> String {
    let mut out = String::new();
    head(&mut out, report);
    table(&mut out, report);
    let shown = report.shown();
    for each in &shown {
        for finding in each
            .findings
            .iter()
            .filter(|it| it.severity > Severity::Note)
        {
            section(&mut out, report, each.check, finding);
        }
    }
    notes(&mut out, &shown);
    not_examined(&mut out, report);
    if report.is_verbose {
        all_evidence(&mut out, &shown);
    }
    if report.is_verbose || !report.is_all_well() {
        timeline(&mut out, report);
    }
    out
}

fn head(out: &mut String, report: &Report<'_>) {
    let (facts, diagnosis) = (report.facts, report.diagnosis);
    let causes = diagnosis.root_causes();
    let verdict = match causes.is_empty() {
        true if report.is_all_well() => report.all_well(),
        true => report.result().into(),
        false => causes.join(", "),
    };
    line!(out, "## azvm doctor: {verdict}\n");
    let counts = Counts::of(&diagnosis.checks).in_words();
    line!(out, "{counts}, exit code {}.\n", diagnosis.exit_code());
    let rows = [
        ("machine", report.machine().map(ToString::to_string)),
        ("target", facts.target().map(|id| id.as_str().to_string())),
        ("simulated", facts.asked.simulation.clone()),
        ("began", Some(rfc3339(facts.started))),
        (
            "run",
            Some(report.run_id.clone()).filter(|id| !id.is_empty()),
        ),
        (
            "doctor",
            Some(format!("{} {}", report.tool.name, report.tool.version)),
        ),
        ("redaction", Some(facts.redaction.as_str().into())),
    ];
    for (name, value) in rows {
        if let Some(value) = value {
            line!(out, "- {name}: {}", code(&value));
        }
    }
    let left_out: Vec<&str> = diagnosis.policy.skip().words().collect();
    if !left_out.is_empty() {
        line!(out, "- left out, as asked: {}", code(&left_out.join(", ")));
    }
    out.push('\n');
}

fn table(out: &mut String, report: &Report<'_>) {
    line!(out, "| check | status | what was found |\n|---|---|---|");
    for Shown { check, findings } in report.shown() {
        let failure = findings.first().filter(|it| it.severity == Severity::Fail);
        let found = match failure {
            Some(finding) => format!("{}: {}", finding.entry.code, finding.title),
            None => summary(check),
        };
        line!(
            out,
            "| {} | {} | {} |",
            check.id.as_str(),
            check.status.as_str(),
            escape(&found)
        );
    }
    out.push('\n');
}

fn section(out: &mut String, report: &Report<'_>, check: &Check, finding: &Finding) {
    line!(
        out,
        "### {} {}: {}{}\n",
        finding.severity.as_str(),
        finding.entry.code,
        escape(&finding.title),
        surety(finding)
    );
    if let Some(cause) = &finding.cause {
        fenced(out, "text", [cause.as_str()]);
    }
    line!(out, "{}\n", escape(&finding.remedy.text));
    for command in &finding.remedy.commands {
        if command.needs_root {
            line!(out, "As root or administrator:\n");
        }
        fenced(out, command.shell, [command.run.as_str()]);
    }
    for link in &finding.remedy.links {
        line!(out, "- <{link}>");
    }
    line!(out, "- {}\n", code(&report.explain(finding)));
    line!(
        out,
        "<details><summary>Evidence of {}</summary>\n",
        check.id.as_str()
    );
    evidence(out, check);
    line!(out, "</details>\n");
}

fn evidence(out: &mut String, check: &Check) {
    let pairs = check.evidence.iter();
    let lines: Vec<String> = pairs
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    fenced(out, "text", lines.iter().map(String::as_str));
}

fn notes(out: &mut String, shown: &[Shown<'_>]) {
    let findings = shown.iter().flat_map(|each| &each.findings);
    let notes = findings.filter(|finding| finding.severity == Severity::Note);
    let lines: Vec<String> = notes
        .map(|note| {
            format!(
                "- {}: {}{}\n",
                note.entry.code,
                escape(&note.title),
                surety(note)
            )
        })
        .collect();
    if !lines.is_empty() {
        line!(out, "### Notes\n\n{}", lines.concat());
    }
}

fn not_examined(out: &mut String, report: &Report<'_>) {
    let unknown = report.not_examined();
    if !unknown.is_empty() {
        line!(out, "### Not examined\n");
        for (id, why) in unknown {
            line!(out, "- {id}: {}", escape(&why));
        }
        out.push('\n');
    }
}

fn all_evidence(out: &mut String, shown: &[Shown<'_>]) {
    line!(out, "<details><summary>All evidence</summary>\n");
    for each in shown {
        line!(out, "{}\n", each.check.id.as_str());
        evidence(out, each.check);
    }
    line!(out, "</details>\n");
}

fn timeline(out: &mut String, report: &Report<'_>) {
    let rows = report.facts.timeline.iter().map(|entry| {
        let outcome = entry.outcome.map_or_else(
            |kind| kind.as_str().to_string(),
            |status| status.to_string(),
        );
        let code = entry.code.as_deref().unwrap_or_default();
        let id = entry.request_id.as_deref().unwrap_or_default();
        let (at, action) = (entry.at.as_millis(), &entry.action);
        format!("{at:>7} ms  {action:22} {outcome} {code} {id}")
            .trim_end()
            .to_string()
    });
    let rows: Vec<String> = rows.collect();
    line!(out, "<details><summary>Requests</summary>\n");
    fenced(out, "text", rows.iter().map(String::as_str));
    line!(out, "</details>");
}

/// A block of code, between fences that nothing in it can end.
fn fenced<'a>(out: &mut String, language: &str, lines: impl IntoIterator<Item = &'a str>) {
    let lines: Vec<&str> = lines.into_iter().collect();
    let fence = "`".repeat(longest_run(&lines.join("\n")).max(2) + 1);
    line!(out, "{fence}{language}\n{}\n{fence}\n", lines.join("\n"));
}

/// Code in a line, likewise.
fn code(text: &str) -> String {
    let text = one_line(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') || text.is_empty() {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| c != '`').map(str::len);
    runs.max().unwrap_or(0)
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// Text whose every sign stands for itself. A comment after `@` keeps it from calling somebody.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in one_line(text).chars() {
        match c {
            '@' => escaped.push_str("@<!-- -->"),
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '!' | '|' | '~' | '>' | '$' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    // What looks like an address becomes a link without any sign.
    escaped.replace("://", "\\://").replace("www.", "www\\.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_are_longer_than_what_they_hold() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a``b`"), "``` a``b` ```");
        let mut out = String::new();
        fenced(&mut out, "text", ["````", "end"]);
        assert_eq!(out, "`````text\n````\nend\n`````\n\n");
    }

    #[test]
    fn signs_stand_for_themselves() {
        assert_eq!(
            escape("![x](http://a) @team <b>|\n#1 www.a"),
            "\\!\\[x\\](http\\://a) @<!-- -->team &lt;b\\>\\| \\#1 www\\.a"
        );
    }
}
