//! What counts in a verdict.

use crate::selection::Selection;

/// What to leave out of the verdict, and what makes it a bad one besides failures. `Default` judges everything, and only
/// failures are bad.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    skip: Selection,
    fails_on_warn: bool,
    fails_on_unknown: bool,
}

impl Policy {
    /// Leaves out these codes and checks. What depends on a check that is left out is judged as if it had been fine.
    #[must_use]
    pub fn with_skip(mut self, skip: Selection) -> Self {
        self.skip = skip;
        self
    }

    /// Makes a warning count: exit code 3.
    #[must_use]
    pub fn with_fail_on_warn(mut self, is_bad: bool) -> Self {
        self.fails_on_warn = is_bad;
        self
    }

    /// Makes a check count that could not be told: exit code 5.
    #[must_use]
    pub fn with_fail_on_unknown(mut self, is_bad: bool) -> Self {
        self.fails_on_unknown = is_bad;
        self
    }

    /// What is left out.
    pub fn skip(&self) -> &Selection {
        &self.skip
    }

    /// True when a warning counts.
    pub fn fails_on_warn(&self) -> bool {
        self.fails_on_warn
    }

    /// True when a check counts that could not be told.
    pub fn fails_on_unknown(&self) -> bool {
        self.fails_on_unknown
    }
}
