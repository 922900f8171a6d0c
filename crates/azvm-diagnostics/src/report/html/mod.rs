//! The report for a browser: one page that needs nothing else, no script, no picture, no font from anywhere.
//!
//! The chain is drawn as boxes with links between them, the broken one marked; every request is a bar in a waterfall; each
//! check unfolds. Light and dark follow the reader's system, and a narrow window gets the chain from top to bottom.

mod chain;
mod waterfall;

use super::view::{Counts, Shown, headline, surety};
use super::{Report, rfc3339};
use crate::check::{Check, Status};
use crate::finding::{Finding, Severity};
use std::fmt::Write;

/// Writing to a `String` does not fail.
macro_rules! line {
    ($out:expr, $($args:tt)*) => {
        let _ = writeln!($out, $($args)*);
    };
}
use line;

const STYLE: &str = include_str!("style.css");

pub(super) fn render(report: &Report<'_>) -> String {
    let mut out = String::with_capacity(32 * 1024);
    let title = format!("azvm doctor: {}", verdict(report));
    line!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>",
        escape(&title)
    );
    header(&mut out, report);
    chain::draw(&mut out, report);
    checks(&mut out, report);
    waterfall::draw(&mut out, report);
    footer(&mut out, report);
    line!(out, "</main>\n</body>\n</html>");
    out
}

/// The result in a few words.
fn verdict(report: &Report<'_>) -> String {
    let diagnosis = report.diagnosis;
    let causes = diagnosis.root_causes();
    match causes.is_empty() {
        true if report.is_all_well() => report.all_well(),
        true => report.result().into(),
        false => causes.join(", "),
    }
}

fn header(out: &mut String, report: &Report<'_>) {
    let (facts, diagnosis) = (report.facts, report.diagnosis);
    let first = diagnosis
        .findings()
        .find(|finding| Some(finding.severity) == diagnosis.worst());
    let said = match first.filter(|finding| finding.severity > Severity::Note) {
        Some(finding) => format!("{}{}", finding.title, surety(finding)),
        None => Counts::of(&diagnosis.checks).in_words(),
    };
    line!(
        out,
        "<header class=\"{}\">\n<p class=\"kind\">azvm doctor</p>\n<h1>{}</h1>\n<p>{}</p>",
        report.result(),
        escape(&verdict(report)),
        escape(&said)
    );
    let exit = format!(
        "{}, exit code {}",
        Counts::of(&diagnosis.checks).in_words(),
        diagnosis.exit_code()
    );
    let left_out: Vec<&str> = diagnosis.policy.skip().words().collect();
    let rows = [
        ("machine", report.machine().map(ToString::to_string)),
        ("target", facts.target().map(|id| id.as_str().to_string())),
        ("simulated", facts.asked.simulation.clone()),
        ("began", Some(rfc3339(facts.started))),
        ("checks", Some(exit)),
        (
            "left out",
            Some(left_out.join(", ")).filter(|it| !it.is_empty()),
        ),
    ];
    line!(out, "<dl>");
    for (name, value) in rows {
        if let Some(value) = value {
            // An ID in a narrow column would be broken into many lines.
            let class = if value.len() > 40 {
                " class=\"wide\""
            } else {
                ""
            };
            line!(
                out,
                "<div{class}><dt>{name}</dt><dd>{}</dd></div>",
                escape(&value)
            );
        }
    }
    line!(out, "</dl>\n</header>");
}

fn checks(out: &mut String, report: &Report<'_>) {
    line!(out, "<section>\n<h2>Checks</h2>");
    for shown in report.shown() {
        check(out, report, &shown);
    }
    line!(out, "</section>");
}

fn check(out: &mut String, report: &Report<'_>, shown: &Shown<'_>) {
    let check = shown.check;
    let status = check.status.as_str();
    let is_open = matches!(check.status, Status::Fail | Status::Warn | Status::Crashed);
    let open = if is_open { " open" } else { "" };
    let failure = shown
        .findings
        .first()
        .filter(|_| check.status == Status::Fail);
    let words = failure.map_or_else(|| super::view::summary(check), |finding| headline(finding));
    line!(
        out,
        "<details class=\"check {status}\"{open}>\n<summary><span class=\"badge\">{}</span> \
         <span class=\"label\">{}</span> <span class=\"words\">{}</span></summary>",
        badge(&check.status),
        check.id.category(),
        escape(&words)
    );
    for (index, found) in shown.findings.iter().enumerate() {
        // The first failure is the headline already.
        finding(out, report, found, index > 0 || failure.is_none());
    }
    evidence(out, check);
    line!(out, "</details>");
}

/// A word, so that no colour is needed.
fn badge(status: &Status) -> &'static str {
    match status {
        Status::Fail => "FAIL",
        other => other.as_str(),
    }
}

fn finding(out: &mut String, report: &Report<'_>, finding: &Finding, has_title: bool) {
    line!(out, "<article class=\"{}\">", finding.severity.as_str());
    if has_title {
        line!(out, "<h3>{}</h3>", escape(&headline(finding)));
    }
    if let Some(cause) = &finding.cause {
        line!(out, "<p class=\"cause\">{}</p>", escape(cause));
    }
    line!(out, "<p>{}</p>", escape(&finding.remedy.text));
    for command in &finding.remedy.commands {
        let root = if command.needs_root {
            ", as root or administrator"
        } else {
            ""
        };
        line!(
            out,
            "<figure><figcaption>{}{root}</figcaption><pre><code>{}</code></pre></figure>",
            command.shell,
            escape(&command.run)
        );
    }
    let links = finding.remedy.links.iter().map(|link| {
        let link = escape(link);
        format!("<li><a href=\"{link}\" rel=\"noopener noreferrer\">{link}</a></li>")
    });
    let explain = format!("<li><code>{}</code></li>", escape(&report.explain(finding)));
    line!(
        out,
        "<ul class=\"more\">{}{explain}</ul>\n</article>",
        links.collect::<String>()
    );
}

fn evidence(out: &mut String, check: &Check) {
    if check.evidence.is_empty() {
        line!(out, "<p class=\"none\">No evidence.</p>");
        return;
    }
    line!(out, "<table class=\"evidence\">");
    for (name, value) in &check.evidence {
        line!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
            escape(name),
            escape(value)
        );
    }
    line!(out, "</table>");
}

fn footer(out: &mut String, report: &Report<'_>) {
    let tool = &report.tool;
    let mut parts = vec![format!("{} {}", tool.name, tool.version)];
    if let Some((name, version)) = &report.collected_by {
        parts.push(format!("facts seen by {name} {version}"));
    }
    if !report.run_id.is_empty() {
        parts.push(format!("run {}", report.run_id));
    }
    parts.push(format!("redaction {}", report.facts.redaction.as_str()));
    let unknown = report.not_examined();
    line!(out, "<footer>");
    if !unknown.is_empty() {
        let items = unknown
            .iter()
            .map(|(id, why)| format!("<li>{id}: {}</li>", escape(why)));
        line!(
            out,
            "<p>Not examined:</p>\n<ul>{}</ul>",
            items.collect::<String>()
        );
    }
    line!(out, "<p>{}</p>\n</footer>", escape(&parts.join(", ")));
}

/// For text and for values in double quotes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}
