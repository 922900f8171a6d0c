//! What has to hold in the catalogue beyond its form; each mistake names its entry and says what is wrong.

use std::collections::{BTreeMap, BTreeSet};

use super::schema::{CATEGORIES, Data, Entry, Source, SourceKind};
use super::{Emitted, codes_in, is_code};
use azvm_diagnostics::PLACEHOLDERS;

/// How many entries wait for their rule; a commit that lands leaves none behind.
const PLANNED_AT_MOST: usize = 0;

/// A title fits on a line of `list-codes`, in characters.
const LONGEST_TITLE: usize = 96;

/// Prose is read on a terminal, in the middle of a fault; a field that is longer than this says too much.
const LONGEST_PROSE: usize = 420;

/// Placeholders that are whole commands and are not quoted.
const COMMANDS: [&str; 5] = ["doctor", "doctor_as", "doctor_at", "doctor_for", "program"];

pub(super) fn check(data: &Data, emitted: &Emitted) -> Vec<String> {
    let mut mistakes = Mistakes(vec![]);
    let entries: Vec<&Entry> = entries(data).collect();
    let codes: BTreeMap<&str, &Entry> = entries
        .iter()
        .map(|entry| (entry.code.as_str(), *entry))
        .collect();
    order(data, &mut mistakes);
    unique(&entries, &mut mistakes);
    for entry in &entries {
        let mut one = |problem: String| mistakes.0.push(format!("{}: {problem}", entry.code));
        form(entry, &mut one);
        prose(entry, &codes, &mut one);
        commands(entry, &mut one);
        references(entry, data, &codes, &mut one);
        detection(entry, emitted, &mut one);
    }
    for code in emitted
        .lint_id
        .iter()
        .filter(|code| code.starts_with("RID-"))
    {
        mistakes.unless(codes.contains_key(code.as_str()), || {
            format!("{code}: lint-id reports it, and there is no entry")
        });
    }
    let planned = entries.iter().filter(|entry| entry.planned).count();
    mistakes.unless(planned == PLANNED_AT_MOST, || {
        format!(
            "{planned} entries are planned and PLANNED_AT_MOST is {PLANNED_AT_MOST}; if a rule was added, lower it"
        )
    });
    sources(data, &entries, &mut mistakes);
    mistakes.0
}

struct Mistakes(Vec<String>);

impl Mistakes {
    fn unless(&mut self, is_right: bool, problem: impl Fn() -> String) {
        if !is_right {
            self.0.push(problem());
        }
    }
}

fn entries(data: &Data) -> impl Iterator<Item = &Entry> {
    data.categories.iter().flat_map(|file| &file.entries)
}

/// Each file has the codes of its own letters, in the order of their numbers.
fn order(data: &Data, mistakes: &mut Mistakes) {
    for ((file, _, letters), category) in CATEGORIES.iter().zip(&data.categories) {
        let about = &category.about;
        mistakes.unless(about.ends_with('.') && !category.title.is_empty(), || {
            format!("{file}.toml: `title` is empty, or `about` does not end with a full stop")
        });
        for entry in &category.entries {
            let number = entry.code.strip_prefix(letters);
            let number = number.and_then(|rest| rest.strip_prefix('-'));
            let is_ours = number.is_some_and(|number| is_code(letters, number));
            mistakes.unless(is_ours, || {
                format!("{}: codes in {file}.toml are {letters}-NNN", entry.code)
            });
        }
        for pair in category.entries.windows(2) {
            mistakes.unless(pair[0].code < pair[1].code, || {
                format!("{}: stands after {}", pair[1].code, pair[0].code)
            });
        }
    }
}

fn unique(entries: &[&Entry], mistakes: &mut Mistakes) {
    let mut slugs: BTreeMap<&str, &str> = BTreeMap::new();
    let mut titles: BTreeMap<&str, &str> = BTreeMap::new();
    for entry in entries {
        let slug = slugs.insert(&entry.slug, &entry.code);
        mistakes.unless(slug.is_none(), || {
            format!("{}: {:?} has the same slug", entry.code, slug)
        });
        let title = titles.insert(&entry.title, &entry.code);
        mistakes.unless(title.is_none(), || {
            format!("{}: {:?} has the same title", entry.code, title)
        });
    }
}

fn form(entry: &Entry, mistake: &mut impl FnMut(String)) {
    let slug = entry.slug.as_str();
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !(4..=32).contains(&slug.len())
        || !slug.bytes().all(is_letter)
        || slug.split('-').any(str::is_empty)
    {
        mistake(format!(
            "the slug {slug} is not of 4 to 32 small letters, digits and single hyphens"
        ));
    }
    let title = entry.title.as_str();
    if title.is_empty() || title.ends_with('.') || title.chars().count() > LONGEST_TITLE {
        mistake(format!(
            "the title is empty, ends with a full stop or has more than {LONGEST_TITLE} characters"
        ));
    }
    let retired = entry.retired.as_ref().map(|retired| &retired.since);
    for version in std::iter::once(&entry.since).chain(retired) {
        let numbers: Vec<_> = version.split('.').map(str::parse::<u16>).collect();
        if numbers.len() != 3 || numbers.iter().any(Result::is_err) {
            mistake(format!("{version} is not a version"));
        }
    }
}

/// Whole sentences of a reasonable length, which speak only of codes and placeholders that are there.
fn prose(entry: &Entry, codes: &BTreeMap<&str, &Entry>, mistake: &mut impl FnMut(String)) {
    let retired = entry.retired.as_ref().map(|retired| &retired.reason);
    let fields = [
        ("summary", Some(&entry.summary)),
        ("told_apart", Some(&entry.told_apart)),
        ("fix", Some(&entry.fix)),
        ("explain_only", entry.explain_only.as_ref()),
        ("retired.reason", retired),
    ];
    for (name, text) in fields {
        let Some(text) = text else { continue };
        if !text.ends_with('.') || text.contains("  ") || text.contains('\n') {
            mistake(format!(
                "{name} does not end with a full stop, or has two blanks or a line end in it"
            ));
        }
        if text.chars().count() > LONGEST_PROSE {
            mistake(format!("{name} is longer than {LONGEST_PROSE} characters"));
        }
        let strange: Vec<String> = codes_in(text, '-')
            .filter(|code| !codes.contains_key(code.as_str()))
            .collect();
        if !strange.is_empty() {
            mistake(format!("{name} speaks of {strange:?}, which is no entry"));
        }
    }
    unknown_placeholders(&entry.fix, mistake);
}

fn commands(entry: &Entry, mistake: &mut impl FnMut(String)) {
    for command in &entry.commands {
        let Some((shell, line)) = command.line() else {
            mistake("a command has not exactly one of bash, az and powershell".into());
            continue;
        };
        if line.is_empty() || line.contains('\n') || line.trim() != line {
            mistake(format!(
                "`{line}` is empty, has a line end, or blanks around it"
            ));
        }
        if shell == "az" && !line.starts_with("az ") {
            mistake(format!("`{line}` is not a line for az"));
        }
        if shell != "az" && line.starts_with("az ") {
            mistake(format!("`{line}` belongs under az, not under {shell}"));
        }
        if shell == "bash" && line.contains("sudo ") && !command.root {
            mistake(format!("`{line}` has sudo and not `root = true`"));
        }
        unknown_placeholders(line, mistake);
        quoting(shell, line, mistake);
    }
}

/// Values are quoted when they are filled in. Quotes around a placeholder would undo that, and PowerShell does not join
/// what is quoted to what stands beside it.
fn quoting(shell: &str, line: &str, mistake: &mut impl FnMut(String)) {
    for (name, before, after) in placeholders(line) {
        if COMMANDS.contains(&name) {
            continue;
        }
        if [before.matches('\'').count(), before.matches('"').count()]
            .iter()
            .any(|quotes| quotes % 2 == 1)
        {
            mistake(format!("in `{line}`, {{{name}}} stands in quotes"));
        }
        let is_word = before.ends_with([' ', '('])
            && (after.is_empty() || after.starts_with([' ', ')', ';']));
        if shell != "bash" && !is_word {
            mistake(format!("in `{line}`, {{{name}}} is not a word of its own"));
        }
    }
}

fn unknown_placeholders(text: &str, mistake: &mut impl FnMut(String)) {
    for (name, ..) in placeholders(text).filter(|(name, ..)| !PLACEHOLDERS.contains(name)) {
        mistake(format!(
            "nothing fills in {{{name}}}; there are {PLACEHOLDERS:?}"
        ));
    }
}

/// Each name in braces, with what stands before and after it. As in the filling, other braces stay as they are.
fn placeholders(text: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    text.match_indices('{').filter_map(move |(at, _)| {
        let (name, after) = text[at + 1..].split_once('}')?;
        is_name(name).then_some((name, &text[..at], after))
    })
}

fn references(
    entry: &Entry,
    data: &Data,
    codes: &BTreeMap<&str, &Entry>,
    mistake: &mut impl FnMut(String),
) {
    let near: BTreeSet<&String> = entry.near.iter().collect();
    if near.is_empty() || near.len() != entry.near.len() || near.contains(&entry.code) {
        mistake("`near` is empty, or has itself or something twice".into());
    }
    let instead = entry.retired.iter().flat_map(|retired| &retired.instead);
    for code in entry.near.iter().chain(instead) {
        match codes.get(code.as_str()) {
            None => mistake(format!("there is no {code}")),
            Some(other) if other.retired.is_some() => mistake(format!("{code} is retired")),
            Some(_) => {}
        }
    }
    if entry.evidence.is_empty() && entry.explain_only.is_none() {
        mistake("it has no evidence".into());
    }
    for key in &entry.evidence {
        if !data.evidence.contains_key(key) {
            mistake(format!("evidence.toml has no {key}"));
        }
    }
    if entry.sources.is_empty() {
        mistake("it has no source; `inferred` is one".into());
    }
    for key in &entry.sources {
        if !data.sources.contains_key(key) {
            mistake(format!("sources.toml has no {key}"));
        }
    }
}

/// What is said about who finds it agrees with the rules and the offline programs.
fn detection(entry: &Entry, emitted: &Emitted, mistake: &mut impl FnMut(String)) {
    let is_emitted = emitted.by(&entry.code).is_some();
    let said = [
        entry.planned,
        entry.explain_only.is_some(),
        entry.retired.is_some(),
    ];
    match said.into_iter().filter(|it| *it).count() {
        0 if !is_emitted => mistake(
            "neither a rule nor an offline program reports it; write the rule, or `planned = true`, or `explain_only = \"why\"`"
                .into(),
        ),
        1 if is_emitted => mistake(
            "it is reported now; take `planned` or `explain_only` off, or the retired code out of the rule".into(),
        ),
        0 | 1 => {}
        _ => mistake("only one of planned, explain_only and retired can be true".into()),
    }
}

fn sources(data: &Data, entries: &[&Entry], mistakes: &mut Mistakes) {
    let used: BTreeSet<&String> = entries.iter().flat_map(|entry| &entry.sources).collect();
    for (key, source) in &data.sources {
        let Source { kind, title, url } = source;
        mistakes.unless(used.contains(key), || {
            format!("sources.toml: {key} is not used")
        });
        let is_address = url
            .as_ref()
            .is_none_or(|url| url.starts_with("https://") && !url.contains([' ', ')']));
        mistakes.unless(!title.is_empty() && is_address, || {
            format!("sources.toml: {key} has no title, or an address that is not https")
        });
        let needs_address = matches!(kind, SourceKind::Reported);
        mistakes.unless(!needs_address || url.is_some(), || {
            format!("sources.toml: {key} is a report without an address")
        });
    }
}

#[cfg(test)]
mod tests;
