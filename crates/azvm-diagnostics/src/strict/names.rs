//! Which words of a report are names.

use super::scan;
use std::collections::HashSet;

/// Members that are names as a whole.
const NAMES: [&str; 5] = [
    "issuer",
    "name",
    "resource_group_name",
    "subject",
    "vm_scale_set_name",
];

/// Members that are sentences of a service, which puts names into quotes.
const SENTENCES: [&str; 3] = ["description", "detail", "message"];

/// Names that are no words are looked for one by one, hence not without limit.
const PHRASES: usize = 64;

/// The names that were seen, in lower case.
#[derive(Debug, Default)]
pub(super) struct Names {
    words: HashSet<String>,
    /// With blanks or other signs in them.
    phrases: Vec<String>,
}

impl Names {
    /// Looks for names in a member of the facts.
    pub(super) fn learn(&mut self, member: &str, text: &str) {
        if NAMES.contains(&member) {
            self.add(text);
        }
        for name in scan::names_in_ids(text) {
            self.add(name);
        }
        if SENTENCES.contains(&member) {
            for quoted in scan::quoted_words(text) {
                self.add(quoted);
            }
        }
    }

    fn add(&mut self, name: &str) {
        let name = name.to_lowercase();
        if name.is_empty() || scan::is_guid(&name) {
            return;
        }
        if name.chars().all(scan::is_word_char) {
            self.words.insert(name);
        } else if self.phrases.len() < PHRASES && !self.phrases.contains(&name) {
            self.phrases.push(name);
        }
    }

    pub(super) fn has_word(&self, word: &str) -> bool {
        self.words.contains(&word.to_lowercase())
    }

    pub(super) fn phrases(&self) -> impl Iterator<Item = &str> {
        self.phrases.iter().map(String::as_str)
    }
}
