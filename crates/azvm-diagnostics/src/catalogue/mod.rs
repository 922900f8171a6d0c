//! The catalogue of codes: what an entry holds, and how one is found.

mod entries;
mod resource_id;

use crate::finding::Severity;
use std::cmp::Reverse;

pub use entries::CATALOGUE;
pub(crate) use entries::*;
pub(crate) use resource_id::*;

/// An entry of the catalogue.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The stable code, such as `NET-002`.
    pub code: &'static str,
    /// The part of the chain.
    pub category: &'static str,
    /// How much it usually matters.
    pub severity: Severity,
    /// One line.
    pub title: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// How it is told from its neighbours.
    pub told_apart: &'static str,
    /// What to do, in words; `{name}` is filled in.
    pub fix: &'static str,
    /// What to type; `{name}` is filled in.
    pub commands: &'static [CommandTemplate],
    /// Where it is documented.
    pub links: &'static [&'static str],
}

/// A command with placeholders.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandTemplate {
    /// `bash` or `powershell`.
    pub shell: &'static str,
    /// The line.
    pub run: &'static str,
    /// True when it needs root or an administrator.
    pub needs_root: bool,
}

/// Finds an entry by its code, whatever the case.
pub fn find(code: &str) -> Option<&'static Entry> {
    CATALOGUE
        .iter()
        .copied()
        .find(|entry| entry.code.eq_ignore_ascii_case(code.trim()))
}

/// The code that was probably meant: the one with the fewest edits, if that is at most two. Among equals it is one with
/// the same letters, and then the one that ends most alike.
pub fn nearest(code: &str) -> Option<&'static Entry> {
    let wanted: String = code.trim().to_ascii_uppercase().chars().take(32).collect();
    // Digits stand after the hyphen: a letter there is one that looks like a digit.
    let wanted = match wanted.split_once('-') {
        Some((letters, number)) => {
            let number = number.replace(['I', 'L'], "1").replace('O', "0");
            format!("{letters}-{number}")
        }
        None => wanted,
    };
    let ((edits, ..), entry) = CATALOGUE
        .iter()
        .copied()
        .map(|entry| {
            let (left, right) = (entry.code.chars().rev(), wanted.chars().rev());
            let same_end = left.zip(right).take_while(|(a, b)| a == b).count();
            let has_other_letters = entry.code.split('-').next() != wanted.split('-').next();
            let edits = edits(entry.code, &wanted);
            ((edits, has_other_letters, Reverse(same_end)), entry)
        })
        .min_by_key(|pair| pair.0)?;
    (edits <= 2).then_some(entry)
}

/// Levenshtein's distance, one row at a time.
fn edits(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, from) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, &to) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_every_entry_is_complete() {
        let mut codes: Vec<&str> = CATALOGUE.iter().map(|entry| entry.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), CATALOGUE.len());
        for entry in CATALOGUE {
            let (area, number) = entry.code.split_once('-').unwrap();
            assert!(
                area.bytes().all(|byte| byte.is_ascii_uppercase()),
                "{}",
                entry.code
            );
            assert!(
                number.len() == 3 && number.parse::<u16>().is_ok(),
                "{}",
                entry.code
            );
            for text in [entry.meaning, entry.told_apart, entry.fix] {
                assert!(text.ends_with('.'), "{}: {text}", entry.code);
            }
            assert!(!entry.title.ends_with('.'), "{}", entry.code);
            assert!(
                entry.links.iter().all(|link| link.starts_with("https://")),
                "{}",
                entry.code
            );
        }
    }

    #[test]
    fn every_entry_is_listed() {
        let written = [include_str!("entries.rs"), include_str!("resource_id.rs")]
            .map(|source| source.matches(": Entry = Entry {").count());
        assert_eq!(CATALOGUE.len(), written.iter().sum::<usize>());
    }

    #[test]
    fn a_mistyped_code_finds_its_neighbour() {
        assert_eq!(find(" rbac-021 ").map(|entry| entry.code), Some("RBAC-021"));
        assert_eq!(find("RBAC-921"), None);
        assert_eq!(nearest("RBAC021").map(|entry| entry.code), Some("RBAC-021"));
        assert_eq!(
            nearest("IDSL-001").map(|entry| entry.code),
            Some("IDSEL-001")
        );
        assert_eq!(
            nearest("RBAC-0021").map(|entry| entry.code),
            Some("RBAC-021")
        );
        assert_eq!(
            nearest("RBAC-02l").map(|entry| entry.code),
            Some("RBAC-021")
        );
        assert_eq!(nearest("RAC-001").map(|entry| entry.code), Some("RBAC-001"));
        assert_eq!(nearest("RID-01").map(|entry| entry.code), Some("RID-001"));
        assert_eq!(nearest("hello"), None);
        assert_eq!(nearest(""), None);
    }
}
