//! `explain` and `list-codes`: the catalogue, offline.

use crate::args::{ExplainArgs, ExplainFormat, ListArgs, ListFormat};
use crate::{Problem, output};
use azvm_diagnostics::catalogue::{
    CATALOGUE, Category, Detection, Entry, find, markdown, nearest, search, text,
};
use azvm_diagnostics::decode::decode;
use azvm_diagnostics::token_shape;
use serde::Serialize;
use std::fmt::Write;

/// The form of `list-codes --format json`.
const SCHEMA: &str = "azvm.codes/1";

/// Of the entries that words lead to, no more are listed.
const MAX_FOUND: usize = 8;

/// Each code on a page of its own, in the order in which they were asked for. Nothing is shown unless all are known. What
/// is neither a code nor nearly one is searched for.
pub(crate) fn explain(args: &ExplainArgs, program: &str) -> Result<u8, Problem> {
    if let Some(found) = searched(&args.codes) {
        output::stdout(&list(&found, args.format))?;
        return Ok(0);
    }
    let entries = chosen(args)?;
    let width = output::width();
    let page = |entry: &&Entry| match args.format {
        ExplainFormat::Text => text(entry, program, width),
        ExplainFormat::Markdown => markdown(entry, program),
    };
    let pages: Vec<String> = entries.iter().map(page).collect();
    let between = match args.format {
        ExplainFormat::Text => "\n\n",
        ExplainFormat::Markdown => "\n",
    };
    output::stdout(&pages.join(between))?;
    Ok(0)
}

fn chosen(args: &ExplainArgs) -> Result<Vec<&'static Entry>, Problem> {
    if args.codes.is_empty() {
        return Ok(listed(args.category).collect());
    }
    let (found, unknown): (Vec<_>, Vec<_>) = args
        .codes
        .iter()
        .map(|code| find(code).ok_or_else(|| unknown(code)))
        .partition(Result::is_ok);
    let unknown: Vec<String> = unknown.into_iter().filter_map(Result::err).collect();
    if unknown.is_empty() {
        Ok(found.into_iter().flatten().collect())
    } else {
        Err(Problem::usage(format!(
            "{}; see list-codes",
            unknown.join("; ")
        )))
    }
}

/// What words lead to: the code that is called so, those that they mean as the words of an error, and those that speak of
/// them. `None` for codes, for what may be a mistyped code, and for words that nothing here has.
fn searched(typed: &[String]) -> Option<Vec<&'static Entry>> {
    let has_digit = |typed: &str| typed.contains(|c: char| c.is_ascii_digit());
    let is_code = |one: &String| {
        let is_one_word = typed.len() == 1 && !one.trim().contains(' ');
        let may_be_one = is_one_word || has_digit(one);
        find(one).is_some() || (may_be_one && nearest(one).is_some())
    };
    if typed.iter().any(is_code) {
        return None;
    }
    let words = typed.join(" ");
    let meant = decode(&words).findings.into_iter().map(|it| it.entry);
    let mut found: Vec<&'static Entry> = vec![];
    let named = nearest(&words).into_iter();
    for entry in named.chain(meant).chain(search(&words, MAX_FOUND)) {
        if !found.contains(&entry) {
            found.push(entry);
        }
    }
    found.truncate(MAX_FOUND);
    (!found.is_empty()).then_some(found)
}

fn list(found: &[&Entry], format: ExplainFormat) -> String {
    let line = |entry: &&Entry| match format {
        ExplainFormat::Text => format!("{:10} {}\n", entry.code, entry.title),
        ExplainFormat::Markdown => format!("- `{}` {}\n", entry.code, entry.title),
    };
    found.iter().map(line).collect()
}

fn unknown(code: &str) -> String {
    let meant = nearest(code).map_or_else(String::new, |entry| {
        format!(" (did you mean {}, {}?)", entry.code, entry.slug)
    });
    let code = token_shape::cut_out(code, token_shape::CUT);
    let shown: String = code.chars().filter(|c| !c.is_control()).take(40).collect();
    format!("there is no code {shown}{meant}")
}

pub(crate) fn list_codes(args: &ListArgs) -> Result<u8, Problem> {
    let entries = listed(args.category);
    match args.format {
        ListFormat::Text => output::stdout(&table(entries))?,
        ListFormat::Json => {
            let list = List {
                schema: SCHEMA,
                codes: entries.map(Line::from).collect(),
            };
            let json = serde_json::to_string_pretty(&list)
                .map_err(|error| Problem::crash(format!("cannot write the list: {error}")))?;
            output::stdout(&(json + "\n"))?;
        }
    }
    Ok(0)
}

fn listed(category: Option<Category>) -> impl Iterator<Item = &'static Entry> {
    let is_listed = move |entry: &&Entry| category.is_none_or(|wanted| entry.category == wanted);
    CATALOGUE.iter().copied().filter(is_listed)
}

fn table(entries: impl Iterator<Item = &'static Entry>) -> String {
    let mut text = String::new();
    for entry in entries {
        let found_by = if entry.retired.is_some() {
            "retired"
        } else {
            entry.detection.as_str()
        };
        let _ = writeln!(
            text,
            "{:10} {:5} {found_by:13} {}",
            entry.code,
            entry.severity.as_str(),
            entry.title
        );
    }
    text
}

#[derive(Serialize)]
struct List {
    schema: &'static str,
    codes: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    code: &'static str,
    slug: &'static str,
    category: &'static str,
    severity: &'static str,
    title: &'static str,
    /// `doctor`, an offline command such as `lint-id`, `not-yet` or `explain-only`.
    found_by: &'static str,
    /// Why nothing can find it, where that is so.
    reason: Option<&'static str>,
    since: &'static str,
    retired: Option<&'static str>,
}

impl From<&Entry> for Line {
    fn from(entry: &Entry) -> Self {
        let reason = match entry.detection {
            Detection::ExplainOnly(reason) => Some(reason),
            _ => None,
        };
        Self {
            code: entry.code,
            slug: entry.slug,
            category: entry.category.as_str(),
            severity: entry.severity.as_str(),
            title: entry.title,
            found_by: entry.detection.as_str(),
            reason,
            since: entry.since,
            retired: entry.retired.map(|retired| retired.since),
        }
    }
}
