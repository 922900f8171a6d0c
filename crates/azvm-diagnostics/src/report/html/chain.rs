//! The chain as a picture: what each link of it is, and where it is broken.

use super::{escape, line};
use crate::check::{Check, Status};
use crate::report::Report;
use std::fmt::Write;

/// The links of the chain, and the categories of checks that are about each. A category that is not listed belongs to the
/// link of the one before it.
const LINKS: [(&str, &[&str]); 5] = [
    ("VM", &["host", "network", "agents", "environment"]),
    ("IMDS", &["imds"]),
    ("token", &["identity", "token", "claims"]),
    ("ARM", &["arm"]),
    ("role", &["access"]),
];

/// How a link is, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Unseen,
    Fine,
    Unknown,
    Warned,
    Broken,
}

impl State {
    fn of(status: &Status) -> Self {
        match status {
            Status::Ok | Status::Note => Self::Fine,
            Status::Warn => Self::Warned,
            Status::Fail | Status::Crashed => Self::Broken,
            Status::Unknown => Self::Unknown,
            Status::Skipped { .. } => Self::Unseen,
        }
    }

    /// The class of its box, and its word.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Unseen => ("skipped", "not reached"),
            Self::Fine => ("ok", "fine"),
            Self::Unknown => ("unknown", "unknown"),
            Self::Warned => ("warn", "warning"),
            Self::Broken => ("fail", "broken"),
        }
    }
}

/// One link: its worst state, and the code that says why.
struct Link {
    name: &'static str,
    state: State,
    code: Option<&'static str>,
}

fn links(report: &Report<'_>) -> Vec<Link> {
    let mut links: Vec<Link> = LINKS
        .into_iter()
        .map(|(name, _)| Link {
            name,
            state: State::Unseen,
            code: None,
        })
        .collect();
    let mut at = 0;
    for check in &report.diagnosis.checks {
        let own = |(_, categories): &(_, &[&str])| categories.contains(&check.id.category());
        at = LINKS.iter().position(own).unwrap_or(at);
        note(&mut links[at], check);
    }
    links
}

fn note(link: &mut Link, check: &Check) {
    let state = State::of(&check.status);
    if state > link.state {
        link.state = state;
        let finding = check.findings.first();
        link.code = finding
            .filter(|_| state >= State::Warned)
            .map(|finding| finding.entry.code);
    }
}

/// Boxes in a row, with a line between neighbours: whole, dashed where nothing is known, or cut.
pub(super) fn draw(out: &mut String, report: &Report<'_>) {
    line!(out, "<section>\n<h2>Chain</h2>\n<ol class=\"chain\">");
    let mut is_first = true;
    for link in links(report) {
        let (class, word) = link.state.names();
        if !is_first {
            line!(
                out,
                "<li class=\"edge {class}\" aria-hidden=\"true\">{}</li>",
                edge(link.state)
            );
        }
        is_first = false;
        let code = link.code.map_or_else(String::new, |code| {
            format!("<span class=\"code\">{}</span>", escape(code))
        });
        line!(
            out,
            "<li class=\"node {class}\"><b>{}</b><span>{word}</span>{code}</li>",
            link.name
        );
    }
    line!(out, "</ol>\n</section>");
}

/// Drawn from left to right; the style turns it where the chain stands upright.
fn edge(state: State) -> &'static str {
    match state {
        State::Broken => {
            "<svg viewBox=\"0 0 48 24\"><path d=\"M0 12h14M34 12h14\"/><path class=\"cut\" d=\"M17 5l14 14M31 5l-14 14\"/></svg>"
        }
        State::Unseen | State::Unknown => {
            "<svg viewBox=\"0 0 48 24\"><path stroke-dasharray=\"3 4\" d=\"M0 12h46\"/></svg>"
        }
        _ => "<svg viewBox=\"0 0 48 24\"><path d=\"M0 12h46M39 6l7 6l-7 6\"/></svg>",
    }
}
