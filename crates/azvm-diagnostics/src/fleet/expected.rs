//! The machines that should have reported: silence is a finding.

use super::machine::Machine;
use crate::strict::Salt;
use std::collections::HashSet;

/// The most machines that are expected; of a longer list the rest is passed over.
pub const MAX_EXPECTED: usize = 100_000;

/// Machines by name, VM ID or resource ID.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    names: Vec<String>,
    salt: Option<Salt>,
}

impl Expected {
    /// Reads a list: one a line; empty lines and those that begin with `#` are none. Of names that stand twice one counts.
    pub fn from_lines(text: &str) -> Self {
        let mut names: Vec<String> = vec![];
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        names.extend(lines.take(MAX_EXPECTED).map(Into::into));
        names.sort_by_key(|name| name.to_ascii_lowercase());
        names.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
        Self { names, salt: None }
    }

    /// The salt under which reports were redacted, by which their names can be told.
    #[must_use]
    pub fn with_salt(mut self, salt: Salt) -> Self {
        self.salt = Some(salt);
        self
    }

    /// Those that no machine is, and those of which nobody can tell: some names are hidden, and the salt is not known.
    pub(super) fn missing(&self, machines: &[Machine]) -> (Vec<String>, Vec<String>) {
        let names = machines.iter().flat_map(Machine::names);
        let names: HashSet<String> = names.map(str::to_ascii_lowercase).collect();
        let is_there = |name: &String| {
            let hidden = self.salt.as_ref().map(|salt| salt.hidden_name(name));
            let mut spellings = [Some(name), hidden.as_ref()].into_iter().flatten();
            spellings.any(|name| names.contains(&name.to_ascii_lowercase()))
        };
        let missing = self.names.iter().filter(|name| !is_there(name));
        let missing: Vec<String> = missing.cloned().collect();
        let is_any_hidden = machines.iter().any(|machine| machine.is_redacted);
        match is_any_hidden && self.salt.is_none() {
            true => (vec![], missing),
            false => (missing, vec![]),
        }
    }
}
