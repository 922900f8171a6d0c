//! Naming some of the checks and codes: `--only`, `--skip`.

use crate::catalogue;
use crate::check::CheckId;
use std::fmt;

/// Checks and codes by name. Empty names nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    words: Vec<Word>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Category(&'static str),
    Check(CheckId),
    Code(&'static str),
}

impl Selection {
    /// From the names of categories (`arm`), checks (`arm.target`) and codes (`NET-012`), whatever the case.
    ///
    /// ```
    /// use azvm_diagnostics::Selection;
    /// assert!(Selection::parse(["arm", "net-012"])?.names_code("NET-012"));
    /// let error = Selection::parse(["NET-0l2"]).unwrap_err();
    /// assert_eq!(error.to_string(), "there is no category, check or code NET-0l2 (did you mean NET-012?)");
    /// # Ok::<(), azvm_diagnostics::SelectionError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SelectionError`] for a name that nothing has: a misspelt one would leave out something else than was meant.
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, SelectionError> {
        let words = words.into_iter().map(|word| Word::parse(word.trim()));
        Ok(Self {
            words: words.collect::<Result<_, _>>()?,
        })
    }

    /// True when it names nothing.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// True when the check or its category is named.
    pub fn names_check(&self, id: CheckId) -> bool {
        self.words.iter().any(|word| match word {
            Word::Category(category) => *category == id.category(),
            Word::Check(check) => *check == id,
            Word::Code(_) => false,
        })
    }

    /// True when the code is named.
    pub fn names_code(&self, code: &str) -> bool {
        self.words
            .contains(&Word::Code(code_of(code).unwrap_or_default()))
    }

    /// The names, as they were given but for the case.
    pub fn words(&self) -> impl Iterator<Item = &'static str> {
        self.words.iter().map(|word| match word {
            Word::Category(name) | Word::Code(name) => name,
            Word::Check(id) => id.as_str(),
        })
    }
}

fn code_of(code: &str) -> Option<&'static str> {
    catalogue::find(code).map(|entry| entry.code)
}

impl Word {
    fn parse(word: &str) -> Result<Self, SelectionError> {
        let mut checks = CheckId::ALL.into_iter();
        let category = CheckId::ALL
            .into_iter()
            .map(CheckId::category)
            .find(|category| category.eq_ignore_ascii_case(word))
            .map(Self::Category);
        let check = || {
            let found = checks.find(|id| id.as_str().eq_ignore_ascii_case(word));
            found.map(Self::Check)
        };
        category
            .or_else(check)
            .or_else(|| code_of(word).map(Self::Code))
            .ok_or_else(|| SelectionError::new(word))
    }
}

/// Nothing has this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectionError {
    word: String,
    meant: Option<&'static str>,
}

impl SelectionError {
    fn new(word: &str) -> Self {
        let shown = word.chars().filter(|c| !c.is_control()).take(40);
        Self {
            word: shown.collect(),
            meant: catalogue::nearest(word).map(|entry| entry.code),
        }
    }
}

impl fmt::Display for SelectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no category, check or code {}", self.word)?;
        match self.meant {
            Some(code) => write!(f, " (did you mean {code}?)"),
            None => f.write_str("; see --list-checks and list-codes"),
        }
    }
}

impl std::error::Error for SelectionError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_checks_and_codes_are_named_whatever_the_case() {
        let selection = Selection::parse(["ARM", "arm.Target", " rbac-021 "]).unwrap();
        assert_eq!(
            selection.words().collect::<Vec<_>>(),
            ["arm", "arm.target", "RBAC-021"]
        );
        assert!(selection.names_check(CheckId::ArmReachable));
        assert!(selection.names_check(CheckId::ArmTarget));
        assert!(!selection.names_check(CheckId::HostPlatform));
        assert!(selection.names_code("RBAC-021") && !selection.names_code("RBAC-001"));
        assert!(!Selection::default().names_code("no such code"));
    }

    #[test]
    fn what_nothing_is_called_is_refused() {
        let refused = |word| Selection::parse([word]).unwrap_err().to_string();
        assert_eq!(
            refused("RBAC-02l"),
            "there is no category, check or code RBAC-02l (did you mean RBAC-021?)"
        );
        assert!(refused("").ends_with("see --list-checks and list-codes"));
        assert!(!refused("\u{1b}[2J").contains('\u{1b}'));
    }
}
