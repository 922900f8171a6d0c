//! Finding an entry by what somebody typed: its code, nearly its code, or words.

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

/// So many words of a search are looked at.
const MAX_WORDS: usize = 16;

/// Words that stand in every text.
const COMMON: [&str; 16] = [
    "a", "an", "and", "at", "be", "by", "for", "from", "in", "is", "it", "of", "on", "the", "to",
    "with",
];

/// What a word counts for in a slug or title, in a summary, and in what tells an entry apart.
const WEIGHTS: [usize; 3] = [4, 2, 1];

/// The entries that speak of `words`, the best first, at most `limit`: those with most of the words, then those that have
/// them in the title. One with less than half of the words is left out.
pub fn search(words: &str, limit: usize) -> Vec<&'static Entry> {
    let wanted = wanted(words);
    let phrase = wanted.join(" ");
    let entries = CATALOGUE.iter().copied();
    let mut hits: Vec<_> = entries
        .filter(|entry| entry.retired.is_none())
        .map(|entry| (score(entry, &wanted, &phrase), entry))
        .filter(|((found, ..), _)| *found > 0 && *found * 2 >= wanted.len())
        .collect();
    // The sort is stable: equals stay in the order of the catalogue.
    hits.sort_by_key(|(score, _)| Reverse(*score));
    hits.into_iter()
        .map(|(_, entry)| entry)
        .take(limit)
        .collect()
}

fn wanted(words: &str) -> Vec<String> {
    let mut wanted: Vec<String> = vec![];
    for word in split(words).take(MAX_WORDS) {
        let word: String = word.chars().take(MAX_TYPED).collect();
        let word = word.to_lowercase();
        if !COMMON.contains(&word.as_str()) && !wanted.contains(&word) {
            wanted.push(word);
        }
    }
    wanted
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty())
}

/// How many of the words it has, whether in this order, and what they count for together.
fn score(entry: &Entry, wanted: &[String], phrase: &str) -> (usize, bool, usize) {
    let title = format!("{} {} {}", entry.code, entry.slug, entry.title);
    let texts = [title.as_str(), entry.summary, entry.told_apart].map(str::to_lowercase);
    let words = texts.each_ref().map(|text| split(text).collect::<Vec<_>>());
    let weight = |word: &String| {
        let closest = words.iter().zip(WEIGHTS).filter_map(|(own, weight)| {
            let closest = own.iter().filter_map(|own| likeness(own, word)).max()?;
            Some(closest * weight)
        });
        closest.max()
    };
    let weights: Vec<usize> = wanted.iter().filter_map(weight).collect();
    // The words one after the other are more than the words here and there.
    let is_phrase = wanted.len() > 1
        && texts
            .iter()
            .any(|text| wanted_of(text).join(" ").contains(phrase));
    (weights.len(), is_phrase, weights.iter().sum())
}

fn wanted_of(text: &str) -> Vec<&str> {
    split(text).filter(|word| !COMMON.contains(word)).collect()
}

/// 2 for the same word; 1 for one with another end, or a number of a family that is named.
fn likeness(own: &str, word: &str) -> Option<usize> {
    let (short, long) = if own.len() < word.len() {
        (own, word)
    } else {
        (word, own)
    };
    let ending = long.strip_prefix(short)?;
    let is_number = ending.bytes().all(|byte| byte.is_ascii_digit());
    match ending.is_empty() {
        true => Some(2),
        false => (short.len() >= 4 && (ending.len() <= 3 || is_number)).then_some(1),
    }
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

    #[track_caller]
    fn check_words(words: &str, best: &[&str]) {
        let found: Vec<&str> = search(words, best.len()).iter().map(|it| it.code).collect();
        assert_eq!(found, best, "{words}");
    }

    #[test]
    fn words_lead_to_the_entries_that_have_them() {
        check_words("AADSTS700016", &["TOKEN-015"]);
        check_words("clock skew", &["HOST-009"]);
        check_words("scope as audience", &["TOKEN-003"]);
        let found = search("the identity is not found", 4);
        let codes: Vec<&str> = found.iter().map(|it| it.code).collect();
        assert!(
            codes.contains(&"IDSEL-001") && codes.contains(&"IDSEL-007"),
            "{codes:?}"
        );
    }

    #[test]
    fn a_number_leads_to_what_speaks_of_such_numbers() {
        let found = search("AADSTS999999", 9);
        assert!(
            found.iter().any(|entry| entry.code == "TOKEN-017"),
            "{found:?}"
        );
    }

    #[test]
    fn words_of_nothing_here_find_nothing() {
        for words in [
            "",
            " ",
            "the",
            "xyzzy",
            "xyzzy plugh identity",
            "\u{e9}-\u{0}",
        ] {
            assert_eq!(search(words, 9).len(), 0, "{words}");
        }
        assert_eq!(search(&"identity ".repeat(100_000), 3).len(), 3);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]
        #[test]
        fn any_words_find_as_many_as_asked_for_at_most(words in ".{0,200}", limit in 0..10usize) {
            let found = search(&words, limit);
            proptest::prop_assert!(found.len() <= limit);
            proptest::prop_assert_eq!(found, search(&words, limit));
        }
    }

    #[test]
    fn a_title_finds_its_entry() {
        for entry in CATALOGUE.iter().filter(|entry| entry.retired.is_none()) {
            let found = search(entry.title, 3);
            assert!(found.contains(entry), "{}: {found:?}", entry.code);
        }
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
