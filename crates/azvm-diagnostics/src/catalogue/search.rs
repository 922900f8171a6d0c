//! Finding an entry by what somebody typed.

use super::{CATALOGUE, Entry};
use std::cmp::Reverse;

/// More than this of a typed text is not looked at, in characters: no code or slug is as long.
const MAX_TYPED: usize = 64;

/// Finds an entry by its code or its slug, whatever the case.
pub fn find(typed: &str) -> Option<&'static Entry> {
    let typed = typed.trim();
    CATALOGUE.iter().copied().find(|entry| {
        entry.code.eq_ignore_ascii_case(typed) || entry.slug.eq_ignore_ascii_case(typed)
    })
}

/// The entry that was probably meant: the one whose code has the fewest edits, if that is at most two, or else the one
/// whose slug is close. Among equals it is the code with the same letters, and then the one that ends most alike.
pub fn nearest(typed: &str) -> Option<&'static Entry> {
    let typed: String = typed.trim().chars().take(MAX_TYPED).collect();
    nearest_code(&typed).or_else(|| nearest_slug(&typed))
}

fn nearest_code(typed: &str) -> Option<&'static Entry> {
    let wanted = typed.to_ascii_uppercase();
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

/// A slug is close when a fifth of it is edited or less, or when what was typed is a part of it alone.
fn nearest_slug(typed: &str) -> Option<&'static Entry> {
    let wanted = typed.to_ascii_lowercase().replace(['_', ' '], "-");
    let entries = || CATALOGUE.iter().copied();
    let (edits, entry) = entries()
        .map(|entry| (edits(entry.slug, &wanted), entry))
        .min_by_key(|pair| pair.0)?;
    if edits * 5 <= entry.slug.len() {
        return Some(entry);
    }
    let mut having = entries().filter(|entry| wanted.len() >= 4 && entry.slug.contains(&wanted));
    having.next().filter(|_| having.next().is_none())
}

/// Levenshtein's distance, one row at a time.
pub(crate) fn edits(left: &str, right: &str) -> usize {
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

    #[track_caller]
    fn check(typed: &str, meant: Option<&str>) {
        let found = nearest(typed).map(|entry| entry.code);
        assert_eq!(found, meant, "{typed}");
    }

    #[test]
    fn codes_and_slugs_are_found_whatever_the_case() {
        for typed in [" rbac-021 ", "RBAC-021", "No-Visible-Role"] {
            assert_eq!(
                find(typed).map(|entry| entry.code),
                Some("RBAC-021"),
                "{typed}"
            );
        }
        for typed in ["RBAC-921", "", "-", "no-visible"] {
            assert_eq!(find(typed), None, "{typed}");
        }
    }

    #[test]
    fn a_mistyped_code_finds_its_neighbour() {
        check("RBAC021", Some("RBAC-021"));
        check("IDSL-001", Some("IDSEL-001"));
        check("RBAC-0021", Some("RBAC-021"));
        check("RBAC-02l", Some("RBAC-021"));
        check("rbac-o21", Some("RBAC-021"));
        check("RBAC-21", Some("RBAC-021"));
        check("RAC-001", Some("RBAC-001"));
        check("RID-01", Some("RID-001"));
        check("NETT-012", Some("NET-012"));
        check("CODE 024", Some("CODE-024"));
    }

    #[test]
    fn a_mistyped_slug_finds_its_neighbour() {
        check("no-visable-role", Some("RBAC-021"));
        check("not_an_azure_vm", Some("HOST-001"));
        check("clock-skwe", Some("HOST-009"));
        check("key-mismatch", Some("IMDS-017"));
    }

    #[test]
    fn a_letter_that_is_missing_still_leads_to_a_code() {
        for entry in CATALOGUE {
            for at in 0..entry.code.len() {
                let mut typed = entry.code.to_string();
                typed.remove(at);
                assert!(nearest(&typed).is_some(), "{typed}");
            }
        }
    }

    #[test]
    fn what_is_like_nothing_is_not_guessed() {
        for typed in ["hello", "", "-", "a", "identity", "99999999"] {
            check(typed, None);
        }
        check(&"x".repeat(1_000_000), None);
    }
}
