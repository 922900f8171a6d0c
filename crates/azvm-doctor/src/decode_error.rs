//! `decode-error`: what an error means, offline.

use crate::offline_args::{DecodeErrorArgs, LintFormat};
use crate::printable::{json, printable};
use crate::{Problem, input, output};
use azvm_diagnostics::decode::{Decoded, LOOKED_FOR, decode};
use azvm_diagnostics::{Finding, catalogue};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// The exit code when the words mean nothing here.
const EXIT_UNKNOWN: u8 = 1;

/// The largest file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Reads the words of one error.
pub(crate) fn run(args: &DecodeErrorArgs, program: &str) -> Result<u8, Problem> {
    let file = args.file.as_deref().unwrap_or_else(|| Path::new("-"));
    let bytes = input::read_or_stdin(file, MAX_FILE_BYTES).map_err(|error| {
        let name = printable(&file.display().to_string());
        Problem::usage(format!("decode-error: {name}: {error}"))
    })?;
    let decoded = decode(&text(&bytes));
    match args.format {
        LintFormat::Text => output::raw_stdout(&page(&decoded, program))?,
        LintFormat::Jsonl => output::raw_stdout(&line(&decoded)?)?,
    }
    Ok(match decoded.findings.is_empty() {
        true => EXIT_UNKNOWN,
        false => 0,
    })
}

/// Windows PowerShell writes UTF-16.
fn text(bytes: &[u8]) -> String {
    let Some(wide) = bytes.strip_prefix(&[0xff, 0xfe]) else {
        return String::from_utf8_lossy(bytes).into_owned();
    };
    let units = wide
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

fn page(decoded: &Decoded, program: &str) -> String {
    let mut out = String::new();
    if let Some(sdk) = decoded.sdk {
        let _ = writeln!(out, "words   of {sdk}");
    }
    if let Some(answer) = &decoded.answer {
        let _ = writeln!(
            out,
            "answer  {}, {}",
            answer.service.as_str(),
            printable(&answer.to_string())
        );
    }
    for (name, id) in &decoded.ids {
        let _ = writeln!(out, "id      {name} {}", printable(id));
    }
    for finding in &decoded.findings {
        let _ = writeln!(
            out,
            "{:9} {} {}  {}",
            finding.entry.code,
            finding.severity.as_str(),
            finding.confidence.as_str(),
            printable(&finding.title)
        );
        let _ = writeln!(
            out,
            "          fix      {}",
            printable(&finding.remedy.text)
        );
        let _ = writeln!(
            out,
            "          explain  {program} explain {}",
            finding.entry.code
        );
    }
    if decoded.findings.is_empty() {
        out.push_str("nothing in these words is known; looked for\n");
        for what in LOOKED_FOR {
            let _ = writeln!(out, "        {what}");
        }
    }
    out
}

#[derive(Serialize)]
struct Line<'a> {
    sdk: Option<&'a str>,
    service: Option<&'static str>,
    status: Option<u16>,
    code: Option<&'a str>,
    words: Option<&'a str>,
    /// By name, such as `x-ms-request-id`.
    ids: BTreeMap<&'static str, &'a str>,
    findings: Vec<FindingLine<'a>>,
}

#[derive(Serialize)]
struct FindingLine<'a> {
    code: &'static str,
    slug: &'static str,
    severity: &'static str,
    confidence: &'static str,
    title: &'a str,
    told_apart: &'static str,
    fix: &'a str,
}

impl<'a> From<&'a Finding> for FindingLine<'a> {
    fn from(finding: &'a Finding) -> Self {
        let entry: &catalogue::Entry = finding.entry;
        Self {
            code: entry.code,
            slug: entry.slug,
            severity: finding.severity.as_str(),
            confidence: finding.confidence.as_str(),
            title: &finding.title,
            told_apart: entry.told_apart,
            fix: &finding.remedy.text,
        }
    }
}

fn line(decoded: &Decoded) -> Result<String, Problem> {
    let answer = decoded.answer.as_ref();
    let line = Line {
        sdk: decoded.sdk,
        service: answer.map(|answer| answer.service.as_str()),
        status: answer.and_then(|answer| answer.status),
        code: answer.and_then(|answer| answer.code.as_deref()),
        words: answer.and_then(|answer| answer.words.as_deref()),
        ids: decoded
            .ids
            .iter()
            .map(|(name, id)| (*name, id.as_str()))
            .collect(),
        findings: decoded.findings.iter().map(FindingLine::from).collect(),
    };
    let json = json(&line)
        .map_err(|error| Problem::crash(format!("cannot write the findings: {error}")))?;
    Ok(json + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_is_read() {
        let wide: Vec<u8> = "a\u{e9}"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(text(&[&[0xff, 0xfe], &wide[..]].concat()), "a\u{e9}");
        assert_eq!(text("a\u{e9}".as_bytes()), "a\u{e9}");
    }
}
