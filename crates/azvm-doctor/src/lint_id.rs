//! `lint-id`: what is wrong with resource IDs, offline.

use crate::offline_args::{LintFormat, LintIdArgs};
use crate::printable::{json, printable, quoted};
use crate::{EXIT_USAGE, Problem, output};
use azvm_resource_id::{Finding, ResourceIdRef, Severity, lint, repair};
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};

/// The exit code when an ID is not valid.
const EXIT_INVALID: u8 = 1;

/// What of a line is looked at, in bytes. No ID is as long, so that nothing valid is cut; what follows is skipped.
const MAX_LINE_BYTES: u64 = 1024 * 1024;

/// From arguments, or one a line from stdin: one line is in memory at a time.
pub(crate) fn run(args: &LintIdArgs) -> Result<u8, Problem> {
    let mut out = Out {
        writer: output::lines(),
        args,
        is_any_invalid: false,
        is_empty: true,
    };
    match write_all(args, &mut out).and_then(|()| out.writer.flush()) {
        Ok(()) => {}
        // A reader that has seen enough is no error.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
        Err(error) => {
            return Err(Problem {
                message: format!("lint-id: {error}"),
                exit_code: EXIT_USAGE,
            });
        }
    }
    if out.is_empty {
        return Err(Problem::usage("lint-id: no resource ID was given"));
    }
    Ok(if out.is_any_invalid { EXIT_INVALID } else { 0 })
}

fn write_all(args: &LintIdArgs, out: &mut Out<'_, impl Write>) -> std::io::Result<()> {
    let is_stdin = |id: &String| id == "-";
    if args.ids.is_empty() {
        return lines(BufReader::new(std::io::stdin().lock()), |line| {
            out.line(line)
        });
    }
    for id in &args.ids {
        if is_stdin(id) {
            lines(BufReader::new(std::io::stdin().lock()), |line| {
                out.line(line)
            })?;
        } else {
            out.line(id.as_bytes())?;
        }
    }
    Ok(())
}

/// Hands out each line without its `\n`. A `\r` stays: in an ID it is a mistake that is worth telling.
fn lines(
    mut reader: impl BufRead,
    mut take: impl FnMut(&[u8]) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader
            .by_ref()
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', &mut line)?
            == 0
        {
            return Ok(());
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        } else if line.len() as u64 == MAX_LINE_BYTES {
            reader.skip_until(b'\n')?;
        }
        take(&line)?;
    }
}

struct Out<'a, W> {
    writer: output::Lines<W>,
    args: &'a LintIdArgs,
    is_any_invalid: bool,
    is_empty: bool,
}

impl<W: Write> Out<'_, W> {
    fn line(&mut self, line: &[u8]) -> std::io::Result<()> {
        self.is_empty = false;
        let text = String::from_utf8_lossy(line);
        let verdict = Verdict::of(&text, std::str::from_utf8(line).err());
        let is_good = match self.args.exact {
            true => verdict.exact,
            false => verdict.valid,
        } && !verdict.refused;
        self.is_any_invalid |= !is_good;
        let line = match self.args.format {
            LintFormat::Jsonl => json(&verdict)? + "\n",
            LintFormat::Text => self.text(&text, &verdict, is_good),
        };
        self.writer.write(&line)
    }

    fn text(&self, text: &str, verdict: &Verdict<'_>, is_good: bool) -> String {
        let mut out = String::new();
        let mark = match is_good {
            true if verdict.warned => "warn",
            true => "ok",
            false => "FAIL",
        };
        let _ = writeln!(out, "{mark:6}{}", printable(text));
        if let Some(kind) = &verdict.r#type {
            let _ = writeln!(out, "      {}", printable(kind));
        }
        if self.args.exact && verdict.valid && !verdict.exact {
            if let Err(error) = ResourceIdRef::parse_exact(text) {
                let _ = writeln!(out, "      {error}");
            }
        }
        for finding in &verdict.findings {
            write_finding(finding, text, &mut out);
        }
        if let Some(repaired) = verdict.repaired.as_ref().filter(|_| !is_good) {
            let _ = writeln!(out, "      perhaps {}", printable(repaired));
        }
        out
    }
}

fn write_finding(finding: &FindingLine, text: &str, out: &mut String) {
    let (from, to) = finding.span;
    let place = text.get(from..to).unwrap_or_default();
    let _ = write!(
        out,
        "      {} {} at {from}..{to}: {}",
        finding.code, finding.severity, finding.message
    );
    let _ = match finding.suggestion.as_deref() {
        Some("") => writeln!(out, " (remove {})", quoted(place)),
        Some(suggestion) => writeln!(out, " (write {})", quoted(suggestion)),
        None => writeln!(out),
    };
}

/// One line of `jsonl`. Spans are byte offsets into `input`.
#[derive(Serialize)]
struct Verdict<'a> {
    input: &'a str,
    /// It has the form of an ID.
    valid: bool,
    exact: bool,
    /// ARM refuses it, although it has the form of an ID.
    refused: bool,
    #[serde(skip)]
    warned: bool,
    subscription: Option<&'a str>,
    resource_group: Option<&'a str>,
    namespace: Option<&'a str>,
    r#type: Option<String>,
    name: Option<&'a str>,
    parent: Option<&'a str>,
    canonical: Option<String>,
    findings: Vec<FindingLine>,
    /// What was meant, if it is known; it passes itself.
    repaired: Option<String>,
}

#[derive(Serialize)]
struct FindingLine {
    code: &'static str,
    severity: &'static str,
    span: (usize, usize),
    message: String,
    suggestion: Option<String>,
}

impl<'a> Verdict<'a> {
    /// `not_utf8` says that `text` is not what was read, but a readable likeness.
    fn of(text: &'a str, not_utf8: Option<std::str::Utf8Error>) -> Self {
        let id = ResourceIdRef::parse(text)
            .ok()
            .filter(|_| not_utf8.is_none());
        let found = lint(text);
        let has = |severity| found.iter().any(|finding| finding.severity() == severity);
        let (refused, warned) = (has(Severity::Refused), has(Severity::Warning));
        let mut findings: Vec<FindingLine> = found.iter().map(FindingLine::from).collect();
        if let Some(error) = not_utf8 {
            let at = error.valid_up_to();
            findings.insert(
                0,
                FindingLine {
                    code: "RID-004",
                    severity: Severity::Error.as_str(),
                    span: (at, at + char::REPLACEMENT_CHARACTER.len_utf8()),
                    message: "bytes that are not UTF-8".into(),
                    suggestion: None,
                },
            );
        }
        let repaired = match not_utf8 {
            None => repaired(text),
            Some(_) => None,
        };
        Self {
            input: text,
            valid: id.is_some(),
            exact: id.is_some() && ResourceIdRef::parse_exact(text).is_ok(),
            refused: id.is_some() && refused,
            warned,
            subscription: id.and_then(|id| id.subscription_id()),
            resource_group: id.and_then(|id| id.resource_group()),
            namespace: id.and_then(|id| id.namespace()),
            r#type: id.map(|id| id.resource_type().to_string()),
            name: id.map(|id| id.name()),
            parent: id.and_then(|id| id.parent()).map(|parent| parent.as_str()),
            canonical: id.map(|id| id.canonical().to_string()),
            findings,
            repaired,
        }
    }
}

/// What was meant, if ARM takes it: spelling and paste marks mended, and where that is not enough, each part that is
/// refused and whose right form is known. What stands for something else has none, and then there is nothing to offer.
fn repaired(text: &str) -> Option<String> {
    let mut mended = repair(text).ok()?.into_id().to_string();
    let mut end = mended.len();
    for finding in refusals(&mended).iter().rev() {
        let span = finding.span();
        // One within another: which of them to follow is not known.
        if span.end > end {
            return None;
        }
        end = span.start;
        mended.replace_range(span, finding.suggestion()?);
    }
    refusals(&mended).is_empty().then_some(mended)
}

/// Why this is no ID that ARM takes, from left to right.
fn refusals(text: &str) -> Vec<Finding> {
    let is_refusal = |it: &Finding| matches!(it.severity(), Severity::Error | Severity::Refused);
    lint(text).into_iter().filter(is_refusal).collect()
}

impl From<&Finding> for FindingLine {
    fn from(finding: &Finding) -> Self {
        let span = finding.span();
        Self {
            code: finding.code(),
            severity: finding.severity().as_str(),
            span: (span.start, span.end),
            message: finding.message().into(),
            suggestion: finding.suggestion().map(Into::into),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &[u8]) -> Vec<Vec<u8>> {
        let mut seen = vec![];
        lines(input, |line| {
            seen.push(line.to_vec());
            Ok(())
        })
        .unwrap();
        seen
    }

    #[test]
    fn every_line_is_handed_out_once() {
        assert_eq!(read(b""), Vec::<Vec<u8>>::new());
        assert_eq!(read(b"a\n\nb\r\nc"), [&b"a"[..], b"", b"b\r", b"c"]);
        let long = [vec![b'x'; 3 * 1024 * 1024], b"\nnext".to_vec()].concat();
        let seen = read(&long);
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[0].len() as u64, MAX_LINE_BYTES);
        assert_eq!(seen[1], b"next");
    }

    #[test]
    fn the_line_has_every_member() {
        let text = "/subscriptions/s/resourcegroups/r";
        let line = serde_json::to_value(Verdict::of(text, None)).unwrap();
        assert_eq!(line["input"], text);
        assert_eq!(line["valid"], true);
        assert_eq!(line["exact"], false);
        assert_eq!(line["type"], "Microsoft.Resources/resourceGroups");
        assert_eq!(line["namespace"], serde_json::Value::Null);
        assert_eq!(line["parent"], "/subscriptions/s");
        assert_eq!(line["canonical"], "/subscriptions/s/resourceGroups/r");
        let case = &line["findings"]
            .as_array()
            .unwrap()
            .iter()
            .find(|finding| finding["code"] == "RID-001")
            .unwrap();
        assert_eq!(case["span"], serde_json::json!([17, 31]));
        assert_eq!(case["suggestion"], "resourceGroups");
        assert_eq!(line.as_object().unwrap().len(), 13);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_not_an_id() {
        let bytes = [b"/subscriptions/".as_slice(), &[0xff]].concat();
        let text = String::from_utf8_lossy(&bytes);
        let verdict = Verdict::of(&text, std::str::from_utf8(&bytes).err());
        assert!(!verdict.valid && verdict.repaired.is_none() && verdict.canonical.is_none());
        assert_eq!(
            (verdict.findings[0].code, verdict.findings[0].span),
            ("RID-004", (15, 18))
        );
    }
}
