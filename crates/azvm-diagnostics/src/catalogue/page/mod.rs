//! How an entry reads: on a terminal, in Markdown, and as the pages of `docs/diagnostics`.

mod book;
mod lines;

use super::{Detection, Entry};
use crate::finding::Values;
use crate::invocation::Invocation;
use crate::remedy::{Command, Remedy};
use std::fmt::Write;

use lines::{labelled, paragraph, sentences};

pub use book::{Page, pages};

/// What `Detection::NotYet` means, for the reader of a page.
const NOT_YET: &str = "Not looked for yet: the evidence can be had, but no rule of this version reports this code. The report may name one of its neighbours instead.";

/// The entry as plain text for a terminal of `width` columns, 40 at least. Commands and addresses are never broken, so
/// that they can be copied. `program` is how this program is called.
pub fn text(entry: &Entry, program: &str, width: usize) -> String {
    let width = width.max(40);
    let remedy = remedy(entry, program);
    let mut out = String::new();
    labelled(
        &mut out,
        0,
        entry.code,
        entry.code.len() + 2,
        entry.title,
        width,
    );
    paragraph(&mut out, 2, &facts_about(entry), width);
    section(&mut out, "Meaning", entry.summary, width);
    if let Some(note) = status(entry) {
        section(&mut out, "Who finds it", &note, width);
    }
    section(&mut out, "How it is told apart", entry.told_apart, width);
    for code in entry.near {
        labelled(&mut out, 2, code, 11, title_of(code), width);
    }
    if !entry.evidence.is_empty() {
        out.push_str("\nEvidence\n");
        for evidence in entry.evidence {
            labelled(&mut out, 2, evidence.key, 23, evidence.meaning, width);
        }
    }
    section(&mut out, "What to do", &remedy.text, width);
    for command in &remedy.commands {
        let note = root_note(command);
        let _ = writeln!(out, "  {:11}{}{note}", command.shell, command.run);
    }
    out.push_str("\nSources\n");
    for source in entry.sources {
        labelled(&mut out, 2, source.kind.as_str(), 12, source.title, width);
        if let Some(url) = source.url {
            let _ = writeln!(out, "{:14}{url}", "");
        }
    }
    out
}

/// The entry as Markdown for a ticket: one sentence a line, and no links but to its sources.
pub fn markdown(entry: &Entry, program: &str) -> String {
    markdown_with(entry, program, &|code| code.to_string())
}

/// `link` makes of a code what leads to it.
fn markdown_with(entry: &Entry, program: &str, link: &dyn Fn(&str) -> String) -> String {
    let remedy = remedy(entry, program);
    let mut out = format!("### {}\n\n**{}**\n\n", entry.code, escaped(entry.title));
    let _ = writeln!(out, "{}\n", facts_about(entry));
    out.push_str(&linked(entry.summary, link));
    if let Some(note) = status(entry) {
        let _ = write!(out, "\n*{}*\n", note.replace(". ", ".*\n*"));
    }
    let told_apart = linked(entry.told_apart, link);
    let _ = write!(out, "\n#### How it is told apart\n\n{told_apart}\n");
    for code in entry.near {
        let _ = writeln!(out, "- {}: {}", link(code), escaped(title_of(code)));
    }
    if !entry.evidence.is_empty() {
        out.push_str("\n#### Evidence\n\n");
        for evidence in entry.evidence {
            let _ = writeln!(out, "- `{}`: {}", evidence.key, escaped(evidence.meaning));
        }
    }
    let _ = write!(out, "\n#### What to do\n\n{}", linked(&remedy.text, link));
    blocks(&mut out, &remedy);
    out.push_str("\n#### Sources\n\n");
    for source in entry.sources {
        let kind = source.kind.as_str();
        let _ = match source.url {
            Some(url) => writeln!(out, "- {kind}: [{}]({url})", escaped(source.title)),
            None => writeln!(out, "- {kind}: {}", escaped(source.title)),
        };
    }
    out
}

/// The commands, those of one shell that follow each other in one block.
fn blocks(out: &mut String, remedy: &Remedy) {
    for group in remedy.commands.chunk_by(|a, b| a.shell == b.shell) {
        let language = if group[0].shell == "powershell" {
            "powershell"
        } else {
            "sh"
        };
        let _ = writeln!(out, "\n```{language}");
        for command in group {
            let _ = writeln!(out, "{}{}", command.run, root_note(command));
        }
        out.push_str("```\n");
    }
}

fn section(out: &mut String, heading: &str, body: &str, width: usize) {
    let _ = writeln!(out, "\n{heading}");
    paragraph(out, 2, body, width);
}

/// The remedy with this program's own commands; all other values are left to the reader.
fn remedy(entry: &Entry, program: &str) -> Remedy {
    Remedy::fill(entry, &Values::of(&Invocation::new(program)))
}

fn root_note(command: &Command) -> &'static str {
    match (command.needs_root, command.shell) {
        (false, _) => "",
        (true, "powershell") => "   # as an administrator",
        (true, _) => "   # needs root",
    }
}

fn facts_about(entry: &Entry) -> String {
    let mut facts = format!(
        "{}, {}, {}, since {}",
        entry.category.as_str(),
        entry.severity.as_str(),
        entry.slug,
        entry.since
    );
    if let Some(retired) = &entry.retired {
        let _ = write!(facts, ", retired in {}", retired.since);
    }
    facts
}

/// What the reader has to know about who finds it, if that is not simply the doctor.
fn status(entry: &Entry) -> Option<String> {
    if let Some(retired) = &entry.retired {
        let instead = retired.instead.join(", ");
        return Some(if instead.is_empty() {
            format!("Retired: {}", retired.reason)
        } else {
            format!("Retired, look at {instead}: {}", retired.reason)
        });
    }
    match entry.detection {
        Detection::Doctor => None,
        Detection::LintId => Some("lint-id finds it, in the text of an ID.".into()),
        Detection::LintRequest => Some("lint-request finds it, in the text of a request.".into()),
        Detection::ScanLog => Some("scan-log finds it, in a log.".into()),
        Detection::Aggregate => {
            Some("aggregate finds it, in the reports of several machines.".into())
        }
        Detection::DecodeError => Some("decode-error finds it, in the words of an error.".into()),
        Detection::NotYet => Some(NOT_YET.into()),
        Detection::ExplainOnly(reason) => Some(format!("Explained only: {}", lowered(reason))),
    }
}

/// The same sentence after a colon. Names such as IMDS and ARM keep their capitals.
fn lowered(sentence: &str) -> String {
    let mut chars = sentence.chars();
    let first = chars.next();
    match (first, chars.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => sentence.into(),
    }
}

fn title_of(code: &str) -> &'static str {
    super::find(code).map_or("", |entry| entry.title)
}

/// One sentence a line, codes made to links.
fn linked(prose: &str, link: &dyn Fn(&str) -> String) -> String {
    let mut out = String::new();
    for sentence in sentences(prose) {
        let words: Vec<String> = sentence
            .split(' ')
            .map(|word| linked_word(word, link))
            .collect();
        out.push_str(&words.join(" "));
        out.push('\n');
    }
    out
}

fn linked_word(word: &str, link: &dyn Fn(&str) -> String) -> String {
    let code = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let may_be_code = code.contains('-') && code.ends_with(|c: char| c.is_ascii_digit());
    let entry = may_be_code.then(|| super::find(code)).flatten();
    match entry {
        Some(entry) if entry.code == code => escaped(word).replacen(code, &link(code), 1),
        _ => escaped(word),
    }
}

/// What Markdown would take for markup.
fn escaped(prose: &str) -> String {
    prose.replace('<', "\\<").replace('*', "\\*")
}

#[cfg(test)]
mod tests;
