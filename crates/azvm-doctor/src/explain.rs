//! `explain` and `list-codes`: the catalogue, offline.

use crate::{Problem, output};
use azvm_diagnostics::catalogue::{CATALOGUE, Entry, find, nearest};
use azvm_diagnostics::{Invocation, Remedy, Values};
use std::fmt::Write;

pub(crate) fn explain(code: &str, program: &str) -> Result<u8, Problem> {
    let Some(entry) = find(code) else {
        let meant = nearest(code).map_or_else(String::new, |entry| {
            format!(" (did you mean {}?)", entry.code)
        });
        let shown: String = code.chars().filter(|c| !c.is_control()).take(40).collect();
        return Err(Problem::usage(format!(
            "there is no code {shown}{meant}; see list-codes"
        )));
    };
    output::stdout(&page(entry, program))?;
    Ok(0)
}

pub(crate) fn list_codes() -> Result<u8, Problem> {
    let mut text = String::new();
    for entry in CATALOGUE {
        let _ = writeln!(
            text,
            "{:10} {:5} {}",
            entry.code,
            entry.severity.as_str(),
            entry.title
        );
    }
    output::stdout(&text)?;
    Ok(0)
}

fn page(entry: &Entry, program: &str) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}  {}", entry.code, entry.title);
    let _ = writeln!(
        text,
        "\nMeaning ({}, {})\n  {}",
        entry.category,
        entry.severity.as_str(),
        entry.meaning
    );
    let _ = writeln!(text, "\nHow it is told apart\n  {}", entry.told_apart);
    let remedy = Remedy::fill(entry, &Values::of(&Invocation::new(program)));
    let _ = writeln!(text, "\nWhat to do\n  {}", remedy.text);
    for command in &remedy.commands {
        let note = if command.needs_root {
            "   # needs root"
        } else {
            ""
        };
        let _ = writeln!(text, "  {:10} {}{note}", command.shell, command.run);
    }
    if !remedy.links.is_empty() {
        let _ = writeln!(text, "\nDocumented at");
        for link in &remedy.links {
            let _ = writeln!(text, "  {link}");
        }
    }
    text
}
