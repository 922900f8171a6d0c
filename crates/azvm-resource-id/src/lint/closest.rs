//! Did you mean: the known word that a misspelled one was probably meant to be.

/// Longer words are not compared; no known word is that long.
const MAX_LETTERS: usize = 40;

/// Abbreviations and inventions that no count of edits would find.
const ALIASES: &[(&str, &str)] = &[
    ("group", "resourceGroups"),
    ("groups", "resourceGroups"),
    ("rg", "resourceGroups"),
    ("rgs", "resourceGroups"),
    ("sub", "subscriptions"),
    ("subs", "subscriptions"),
    ("subscriptionid", "subscriptions"),
    ("resourcegroupname", "resourceGroups"),
    ("userassignedidentity", "userAssignedIdentities"),
];

/// The word that another one was probably meant to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Closest<'a> {
    pub(super) word: &'a str,
    /// How many edits lead there; `None` for an abbreviation, which may as well be somebody's name for a thing.
    pub(super) edits: Option<usize>,
}

/// The one word of `known` that `word` is closest to, unless it is too far from all of them or as close to another.
pub(super) fn closest<'a>(
    word: &str,
    mut known: impl Iterator<Item = &'a str> + Clone,
) -> Option<Closest<'a>> {
    if word.len() > MAX_LETTERS || !word.is_ascii() {
        return None;
    }
    let plain = Letters::of(word);
    let alias = ALIASES
        .iter()
        .find(|(alias, _)| plain.as_bytes() == alias.as_bytes());
    if let Some((_, meant)) = alias {
        let word = known.find(|known| known == meant)?;
        return Some(Closest { word, edits: None });
    }
    fewest_edits(plain.as_bytes(), known)
}

/// The same without abbreviations.
pub(super) fn is_close_to_any<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> bool {
    word.len() <= MAX_LETTERS
        && word.is_ascii()
        && fewest_edits(Letters::of(word).as_bytes(), known).is_some()
}

fn fewest_edits<'a>(plain: &[u8], known: impl Iterator<Item = &'a str>) -> Option<Closest<'a>> {
    let mut best = (usize::MAX, None);
    for known in known {
        let letters = Letters::of(known);
        let distance = distance(plain, letters.as_bytes());
        if distance < best.0 {
            best = (distance, Some(known));
        } else if distance == best.0 {
            best.1 = None;
        }
    }
    let allowed = if plain.len() < 7 { 1 } else { 2 };
    let word = best.1.filter(|_| best.0 <= allowed)?;
    Some(Closest {
        word,
        edits: Some(best.0),
    })
}

/// A word in lower case without what words are glued together with.
struct Letters {
    bytes: [u8; MAX_LETTERS],
    length: usize,
}

impl Letters {
    fn of(word: &str) -> Self {
        let mut letters = Self {
            bytes: [0; MAX_LETTERS],
            length: 0,
        };
        let kept = word
            .bytes()
            .filter(|byte| !matches!(byte, b'_' | b'-' | b' '));
        for byte in kept.take(MAX_LETTERS) {
            letters.bytes[letters.length] = byte.to_ascii_lowercase();
            letters.length += 1;
        }
        letters
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// How many letters have to be inserted, removed, replaced or swapped with their neighbour.
fn distance(left: &[u8], right: &[u8]) -> usize {
    if left.len().abs_diff(right.len()) > 2 {
        return usize::MAX;
    }
    let mut before = [0_usize; MAX_LETTERS + 1];
    let mut above = [0_usize; MAX_LETTERS + 1];
    for (column, cell) in above.iter_mut().enumerate() {
        *cell = column;
    }
    for (row, &letter) in left.iter().enumerate() {
        let mut current = [0_usize; MAX_LETTERS + 1];
        current[0] = row + 1;
        for (column, &other) in right.iter().enumerate() {
            let replaced = above[column] + usize::from(letter != other);
            let mut cell = replaced.min(above[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && letter == right[column - 1] && left[row - 1] == other {
                cell = cell.min(before[column - 1] + 1);
            }
            current[column + 1] = cell;
        }
        before = above;
        above = current;
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, expected: Option<&str>) {
        let known = ["resourceGroups", "providers", "locations", "tagNames"];
        let found = closest(word, known.into_iter()).map(|closest| closest.word);
        assert_eq!(found, expected, "{word:?}");
    }

    #[test]
    fn near_misses_find_their_word() {
        check("resourceGroup", Some("resourceGroups"));
        check("resource_groups", Some("resourceGroups"));
        check("Resource-Groups", Some("resourceGroups"));
        check("reosurceGroups", Some("resourceGroups"));
        check("resourcesGroups", Some("resourceGroups"));
        check("provider", Some("providers"));
        check("porviders", Some("providers"));
        check("rg", Some("resourceGroups"));
        check("tagname", Some("tagNames"));
    }

    #[test]
    fn an_abbreviation_is_no_misspelling() {
        let edits = |word| closest(word, ["resourceGroups"].into_iter()).map(|found| found.edits);
        assert_eq!(edits("rg"), Some(None));
        assert_eq!(edits("Groups"), Some(None));
        assert_eq!(edits("resource_group"), Some(Some(1)));
        assert!(!is_close_to_any("rg", ["resourceGroups"].into_iter()));
        assert!(is_close_to_any("Provider", ["providers"].into_iter()));
    }

    #[test]
    fn a_singular_with_another_ending_finds_its_plural() {
        let found = closest(
            "userAssignedIdentity",
            ["userAssignedIdentities"].into_iter(),
        );
        assert_eq!(found.map(|it| it.word), Some("userAssignedIdentities"));
    }

    #[test]
    fn other_words_find_nothing() {
        check("operationresults", None);
        check("resources", None);
        check("", None);
        check("re\u{17f}ourceGroups", None);
        check(
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            None,
        );
    }
}
