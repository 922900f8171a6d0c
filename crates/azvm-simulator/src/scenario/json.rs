//! JSON that is read as TOML: one description of the members, one kind of error, and the same line numbers.
//!
//! A JSON document becomes a TOML 1.1 inline table by writing `=` for the colons between its tokens.
//! Every byte keeps its place, so that spans still point at the text.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::check::line_of;
use crate::ScenarioError;

/// The document below the one key that it is given.
#[derive(Deserialize)]
pub(super) struct Root<T> {
    pub(super) root: T,
}

pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<Root<T>, ScenarioError> {
    // First as JSON, for errors in JSON's terms.
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map_err(|error| ScenarioError::new(Some(error.line()), error.to_string()))?;
    let toml = format!("{PREFIX}{}", with_equals_signs(text));
    toml::from_str(&toml).map_err(|error| {
        let line = error
            .span()
            .map(|span| line_of(text, span.start.saturating_sub(PREFIX.len())));
        ScenarioError::new(line, error.message().replace('\n', ", "))
    })
}

/// Colons outside of strings; JSON has no other use for them.
fn with_equals_signs(text: &str) -> String {
    let (mut in_string, mut is_escaped) = (false, false);
    let replaced = text.chars().map(|c| {
        let was_escaped = std::mem::take(&mut is_escaped);
        match c {
            '"' if !was_escaped => in_string = !in_string,
            '\\' if in_string => is_escaped = !was_escaped,
            ':' if !in_string => return '=',
            _ => {}
        }
        c
    });
    replaced.collect()
}

/// Makes a document of the table.
pub(super) const PREFIX: &str = "root=";
