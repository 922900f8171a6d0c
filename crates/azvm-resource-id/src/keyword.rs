//! The fixed words of an ID, and comparing a segment with one of them.

/// A word that stands at a keyword position, letters only.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Keyword {
    canonical: &'static str,
    /// The first and the last eight letters in lower case; they overlap in a word of fewer than sixteen.
    head: u64,
    tail: u64,
}

pub(crate) const SUBSCRIPTIONS: Keyword = Keyword::new("subscriptions");
pub(crate) const RESOURCE_GROUPS: Keyword = Keyword::new("resourceGroups");
pub(crate) const PROVIDERS: Keyword = Keyword::new("providers");
pub(crate) const LOCATIONS: Keyword = Keyword::new("locations");
pub(crate) const TAG_NAMES: Keyword = Keyword::new("tagNames");
pub(crate) const TAG_VALUES: Keyword = Keyword::new("tagValues");

/// All of them.
pub(crate) const ALL: [Keyword; 6] = [
    SUBSCRIPTIONS,
    RESOURCE_GROUPS,
    PROVIDERS,
    LOCATIONS,
    TAG_NAMES,
    TAG_VALUES,
];

/// Not keywords by position, but constants that act as a scope; their spelling is as fixed as a keyword's.
pub(crate) const MANAGEMENT: &str = "Microsoft.Management";
pub(crate) const MANAGEMENT_GROUPS: &str = "managementGroups";
pub(crate) const SERVICE_GROUPS: &str = "serviceGroups";

/// Turns an ASCII upper-case letter into its lower case in each of eight bytes.
const LOWER: u64 = 0x2020_2020_2020_2020;

impl Keyword {
    const fn new(canonical: &'static str) -> Self {
        let bytes = canonical.as_bytes();
        let (Some(head), Some(tail)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) else {
            panic!("a keyword has eight letters or more");
        };
        assert!(bytes.len() <= 16, "head and tail cover the word");
        Self {
            canonical,
            head: u64::from_le_bytes(*head) | LOWER,
            tail: u64::from_le_bytes(*tail) | LOWER,
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        self.canonical
    }

    /// Equal, ignoring ASCII case. Exact: a byte that becomes a lower-case letter by setting 0x20 is that letter.
    #[inline]
    pub(crate) fn matches(self, segment: &[u8]) -> bool {
        segment.len() == self.canonical.len()
            && segment
                .first_chunk::<8>()
                .is_some_and(|head| u64::from_le_bytes(*head) | LOWER == self.head)
            && segment
                .last_chunk::<8>()
                .is_some_and(|tail| u64::from_le_bytes(*tail) | LOWER == self.tail)
    }
}

/// How a keyword or a constant that acts as one is spelled, given in any case.
pub(crate) fn canonical_of(word: &str) -> Option<&'static str> {
    let keywords = ALL.map(Keyword::as_str);
    let constants = [MANAGEMENT, MANAGEMENT_GROUPS, SERVICE_GROUPS];
    let mut words = keywords.into_iter().chain(constants);
    words.find(|known| known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    #[test]
    fn a_keyword_matches_its_letters_in_any_case_and_nothing_else() {
        for word in ALL {
            let canonical = word.as_str();
            assert!(word.matches(canonical.as_bytes()));
            assert!(word.matches(canonical.to_ascii_uppercase().as_bytes()));
            assert!(word.matches(canonical.to_ascii_lowercase().as_bytes()));
            assert!(!word.matches(&canonical.as_bytes()[1..]));
            for at in 0..canonical.len() {
                for byte in 0..=0x7f_u8 {
                    let mut other = String::from(canonical).into_bytes();
                    other[at] = byte;
                    assert_eq!(
                        word.matches(&other),
                        other.eq_ignore_ascii_case(canonical.as_bytes()),
                        "{other:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_long_s_is_not_an_s() {
        assert!(!RESOURCE_GROUPS.matches("re\u{17f}ourceGroup".as_bytes()));
    }
}
