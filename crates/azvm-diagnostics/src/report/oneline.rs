//! The shortest reports: one line for Azure's Run Command, which shows little, and a few lines for a chat.
//!
//! ```text
//! azvm1 <vmId> <name> <exit> <codes,…> <ms> <sha256 of the full report> | FAIL RBAC-021 … | fix: … | 2 more cut
//! ```

use super::Report;
use super::view::{mark, ms, surety};
use crate::finding::{Finding, Severity};

/// The most bytes of the one line, its line feed included: as many as Run Command shows.
pub const ONELINE_BYTES: usize = 4096;

/// No field at the start of the line is longer, so that there is always room for what was found.
const FIELD_CHARS: usize = 80;

/// No more codes than these stand at the start of the line.
const CODES: usize = 40;

/// No finding takes more room than this, so that one does not hide the others.
const PART_BYTES: usize = 480;

/// Room for telling how much was cut.
const CUT_BYTES: usize = 40;

/// The SHA-256 of a text, in hexadecimal digits.
pub(super) fn sha256(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
        hex.push_str(&format!("{byte:02x}"));
        hex
    })
}

/// Who, how bad, and then what was found, the most important first, as far as there is room.
pub(super) fn render(report: &Report<'_>) -> String {
    let mut line = start(report);
    let mut parts = Vec::new();
    for (index, (category, finding)) in report.by_importance().into_iter().enumerate() {
        parts.push(clipped(found(category, finding)));
        if index == 0 && finding.severity > Severity::Note {
            parts.push(clipped(format!("fix: {}", flat(&finding.remedy.text))));
        }
    }
    if report.is_all_well() {
        parts.push(clipped(report.all_well()));
    }
    let is_too_long =
        |line: &str, part: &str| line.len() + 3 + part.len() + CUT_BYTES > ONELINE_BYTES;
    for (index, part) in parts.iter().enumerate() {
        if is_too_long(&line, part) {
            let rest = parts.len() - index;
            line.push_str(&format!(" | {rest} more cut"));
            break;
        }
        line.push_str(" | ");
        line.push_str(part);
    }
    line.push('\n');
    line
}

/// The fields that every line has.
fn start(report: &Report<'_>) -> String {
    let compute = report.facts.imds.compute();
    let vm_id = compute.and_then(|compute| compute.vm_id.as_deref());
    let mut codes: Vec<String> = Vec::new();
    for (_, finding) in report.by_importance() {
        let code = finding.entry.code.to_string();
        if finding.severity > Severity::Note && !codes.contains(&code) {
            codes.push(code);
        }
    }
    if let Some(rest) = codes.len().checked_sub(CODES).filter(|rest| *rest > 0) {
        codes.truncate(CODES);
        codes.push(format!("+{rest}"));
    }
    let codes = if codes.is_empty() {
        "-".into()
    } else {
        codes.join(",")
    };
    format!(
        "azvm1 {} {} {} {codes} {} {}",
        field(vm_id),
        field(report.machine()),
        report.diagnosis.exit_code(),
        ms(report.facts.duration),
        report.full_report.as_deref().unwrap_or("-")
    )
}

/// One word; `-` for none.
fn field(text: Option<&str>) -> String {
    let word: String = flat(text.unwrap_or_default())
        .replace(' ', "_")
        .chars()
        .take(FIELD_CHARS)
        .collect();
    if word.is_empty() { "-".into() } else { word }
}

/// On one line, and without the character that parts the line.
fn flat(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace('|', "/")
}

fn clipped(mut part: String) -> String {
    if part.len() > PART_BYTES {
        let end = (0..PART_BYTES).rev().find(|at| part.is_char_boundary(*at));
        part.truncate(end.unwrap_or(0));
        part.push_str("...");
    }
    part
}

fn found(category: &str, finding: &Finding) -> String {
    format!(
        "{} {} {category}: {}{}",
        mark(finding.severity),
        finding.entry.code,
        flat(&finding.title),
        surety(finding)
    )
}

/// A line a failure or warning, the most important first, with what to do.
pub(super) fn render_short(report: &Report<'_>) -> String {
    let findings = report.by_importance().into_iter();
    let lines = findings
        .filter(|(_, finding)| finding.severity > Severity::Note)
        .map(|(category, finding)| {
            format!(
                "{}. {}\n",
                found(category, finding),
                flat(&finding.remedy.text)
            )
        });
    let lines: String = lines.collect();
    match lines.is_empty() {
        true if report.is_all_well() => {
            format!("ok {}: {}\n", field(report.machine()), report.all_well())
        }
        true => format!("{} {}\n", report.result(), field(report.machine())),
        false => lines,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_one_word_and_the_line_has_one_separator() {
        assert_eq!(field(Some(" a b\tc | d ")), "a_b_c_/_d");
        assert_eq!(field(Some("  ")), "-");
        assert_eq!(field(None), "-");
        assert_eq!(field(Some(&"x".repeat(600))).len(), FIELD_CHARS);
    }

    #[test]
    fn the_hash_is_the_one_that_sha256sum_prints() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256("abc"), abc);
    }
}
