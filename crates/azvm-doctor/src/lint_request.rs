//! `lint-request`: what is wrong with requests to IMDS or ARM, offline.

use crate::offline_args::{LintFormat, LintRequestArgs, ShellName};
use crate::printable::{json, printable, quoted};
use crate::{Problem, input, output};
use azvm_diagnostics::request::{
    MAX_REQUEST_BYTES, NotARequest, RequestFinding, RequestLint, Shell, split,
};
use serde::Serialize;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The exit code when a request is wrong.
const EXIT_WRONG: u8 = 1;

/// The largest file of requests that is read, in bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// How much of a line is shown on each side of the place that a caret points at, in characters.
const CONTEXT_CHARS: usize = 60;

impl From<ShellName> for Shell {
    fn from(name: ShellName) -> Self {
        match name {
            ShellName::Sh => Self::Sh,
            ShellName::Cmd => Self::Cmd,
            ShellName::Powershell => Self::PowerShell,
        }
    }
}

/// The words of one request from the arguments, or the requests in files or in stdin.
pub(crate) fn run(args: &LintRequestArgs) -> Result<u8, Problem> {
    let lints = match &args.words[..] {
        words if args.file.is_empty() && !matches!(words, [] | [_]) => vec![of_words(words)?],
        [one] if one != "-" => vec![known(RequestLint::of_word(one, args.shell.into()))?],
        _ => of_files(&args.file, args.shell.into())?,
    };
    if let Some(stranger) = lints.iter().find_map(|lint| lint.stranger) {
        return Err(Problem::usage(format!("lint-request: {stranger}")));
    }
    if lints.is_empty() {
        return Err(Problem::usage("lint-request: no request was given"));
    }
    let mut out = String::new();
    for lint in &lints {
        match args.format {
            LintFormat::Text => text(lint, &mut out),
            LintFormat::Jsonl => out.push_str(&line(lint)?),
        }
    }
    output::raw_stdout(&out)?;
    let is_wrong = lints.iter().any(|lint| !lint.is_fine());
    Ok(if is_wrong { EXIT_WRONG } else { 0 })
}

fn of_words(words: &[String]) -> Result<RequestLint, Problem> {
    known(RequestLint::of_words(words))
}

fn known(lint: Result<RequestLint, NotARequest>) -> Result<RequestLint, Problem> {
    lint.map_err(|error| Problem::usage(format!("lint-request: {error}")))
}

fn of_files(files: &[PathBuf], shell: Shell) -> Result<Vec<RequestLint>, Problem> {
    let stdin = [PathBuf::from("-")];
    let files = if files.is_empty() { &stdin } else { files };
    let mut lints = vec![];
    for file in files {
        let bytes = input::read_or_stdin(file, MAX_FILE_BYTES)
            .map_err(|error| problem(file, &error.to_string()))?;
        let text = String::from_utf8_lossy(&bytes);
        for request in split(&text) {
            let lint = RequestLint::of(request, shell);
            lints.push(lint.map_err(|error| problem(file, &error.to_string()))?);
        }
    }
    Ok(lints)
}

fn problem(file: &Path, what: &str) -> Problem {
    let shown = file.display().to_string();
    Problem::usage(format!("lint-request: {}: {what}", printable(&shown)))
}

fn text(lint: &RequestLint, out: &mut String) {
    let mark = match lint.is_fine() {
        true => "ok",
        false => "FAIL",
    };
    let first = lint.shown.lines().find(|line| !line.trim().is_empty());
    let _ = writeln!(out, "{mark:6}{}", printable(first.unwrap_or_default()));
    for finding in &lint.findings {
        write_finding(finding, &lint.shown, out);
    }
    if let Some(corrected) = &lint.corrected {
        let _ = writeln!(out, "      write instead");
        for line in corrected.lines() {
            let _ = writeln!(out, "        {}", printable(line));
        }
    }
}

/// The finding, the line that it is in, and a caret below the place.
fn write_finding(found: &RequestFinding, shown: &str, out: &mut String) {
    let RequestFinding {
        finding,
        span,
        suggestion,
        ..
    } = found;
    let _ = write!(
        out,
        "      {} {} at {}..{}: {}",
        finding.entry.code,
        finding.severity.as_str(),
        span.start,
        span.end,
        printable(&finding.title)
    );
    let _ = match suggestion.as_deref() {
        Some("") => writeln!(out, " (remove it)"),
        Some(suggestion) => writeln!(out, " (write {})", quoted(suggestion)),
        None => writeln!(out),
    };
    let (line, caret) = place(shown, span.start, span.end);
    let _ = writeln!(out, "        {line}\n        {caret}");
    let _ = writeln!(out, "        {}", printable(&finding.remedy.text));
}

/// The surroundings of a place within its line, and carets below it.
fn place(shown: &str, start: usize, end: usize) -> (String, String) {
    let line_start = shown[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = shown[start..]
        .find('\n')
        .map_or(shown.len(), |at| start + at);
    let line_end = start + shown[start..line_end].trim_end_matches('\r').len();
    let before: Vec<char> = shown[line_start..start].chars().collect();
    let skipped = before.len().saturating_sub(CONTEXT_CHARS);
    let before = printable(&before[skipped..].iter().collect::<String>());
    let end = end.clamp(start, line_end);
    let within: String = shown[start..end].chars().take(CONTEXT_CHARS).collect();
    let is_cut = within.len() < end - start;
    let within = printable(&within) + if is_cut { "…" } else { "" };
    let after: String = shown[end..line_end].chars().take(CONTEXT_CHARS).collect();
    let rest = if after.len() < line_end - end {
        "…"
    } else {
        ""
    };
    let mark = if skipped > 0 { "…" } else { "" };
    let column = before.chars().count() + mark.chars().count();
    (
        format!("{mark}{before}{within}{}{rest}", printable(&after))
            .trim_end()
            .into(),
        " ".repeat(column) + &"^".repeat(within.chars().count().max(1)),
    )
}

/// One line of `jsonl`. Spans are byte offsets into `input`, where secrets are asterisks.
#[derive(Serialize)]
struct Line<'a> {
    input: &'a str,
    form: &'static str,
    valid: bool,
    findings: Vec<FindingLine<'a>>,
    corrected: Option<&'a str>,
}

#[derive(Serialize)]
struct FindingLine<'a> {
    code: &'static str,
    severity: &'static str,
    confidence: &'static str,
    span: (usize, usize),
    message: &'a str,
    suggestion: Option<&'a str>,
    fix: &'a str,
}

fn line(lint: &RequestLint) -> Result<String, Problem> {
    let findings = lint.findings.iter().map(|found| FindingLine {
        code: found.finding.entry.code,
        severity: found.finding.severity.as_str(),
        confidence: found.finding.confidence.as_str(),
        span: (found.span.start, found.span.end),
        message: &found.finding.title,
        suggestion: found.suggestion.as_deref(),
        fix: &found.finding.remedy.text,
    });
    let line = Line {
        input: &lint.shown,
        form: lint.form.as_str(),
        valid: lint.is_fine(),
        findings: findings.collect(),
        corrected: lint.corrected.as_deref(),
    };
    let json = json(&line)
        .map_err(|error| Problem::crash(format!("cannot write the findings: {error}")))?;
    Ok(json + "\n")
}

/// The longest single request; a longer argument is refused by the library.
const _: () = assert!(MAX_REQUEST_BYTES as u64 <= MAX_FILE_BYTES);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caret_points_at_the_place() {
        assert_eq!(place("ab\ncdé f", 5, 7), ("cdé f".into(), "  ^".into()));
        assert_eq!(place("abc", 3, 3), ("abc".into(), "   ^".into()));
        assert_eq!(
            place("a\u{1b}b", 2, 3),
            ("a\\u{1b}b".into(), "       ^".into())
        );
        let long = "x".repeat(100) + "yy" + &"z".repeat(100);
        let (line, caret) = place(&long, 100, 102);
        assert_eq!(line.chars().count(), 1 + 60 + 2 + 60 + 1);
        assert_eq!(caret.find('^'), Some(61));
    }

    #[test]
    fn what_is_left_out_of_an_excerpt_is_marked() {
        let text = "GET /".to_string() + &"x".repeat(70) + "end HTTP/1.1\r\nHost: x\r\n";
        let (line, caret) = place(&text, 4, 78);
        assert_eq!(line, format!("GET /{}… HTTP/1.1", "x".repeat(59)));
        assert_eq!(caret, format!("    {}", "^".repeat(61)));
    }
}
