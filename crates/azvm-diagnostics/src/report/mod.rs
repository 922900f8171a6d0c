//! Reports, from the same facts and diagnosis.
//!
//! A format is a function of a [`Report`]; none knows which checks or codes there are. What is in a report was written by
//! services and other programs: each format escapes every text by its own rules.

mod html;
mod json;
mod jsonl;
mod junit;
mod markdown;
mod oneline;
mod text;
mod view;

use crate::facts::Facts;
use crate::rules::Diagnosis;
use crate::selection::Selection;
use crate::token_shape;
use azvm_exchange::Timestamp;

pub use json::SCHEMA;
pub use oneline::ONELINE_BYTES;
pub use text::{Palette, TextOptions};

/// The program that writes the report.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The commit it was built from, where that is known.
    pub commit: Option<String>,
}

impl Tool {
    /// A program of this name and version.
    pub fn new(name: impl Into<String>, version: impl Into<String>, commit: Option<&str>) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            commit: commit.map(Into::into),
        }
    }
}

impl Default for Tool {
    fn default() -> Self {
        Self::new("azvm-diagnostics", env!("CARGO_PKG_VERSION"), None)
    }
}

/// The forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// For a person: one line a category when fine.
    Text,
    /// For a program, whole, and to be read back: schema [`SCHEMA`], `docs/report.schema.json`.
    Json,
    /// For a program: a line a check, and one about the run.
    Jsonl,
    /// For a build server: a suite a category, a case a check.
    Junit,
    /// For where little can be said: one line of at most [`ONELINE_BYTES`] bytes.
    Oneline,
    /// For a chat: one line a failure or warning.
    Short,
    /// For a ticket.
    Markdown,
    /// For a browser: one page that needs nothing else.
    Html,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Text,
        Self::Json,
        Self::Jsonl,
        Self::Junit,
        Self::Oneline,
        Self::Short,
        Self::Markdown,
        Self::Html,
    ];

    /// What stands in it where a token was cut out, without breaking it.
    pub fn cut_mark(self) -> &'static str {
        match self {
            Self::Html | Self::Junit | Self::Markdown => token_shape::CUT_MARKUP,
            Self::Text | Self::Json | Self::Jsonl | Self::Oneline | Self::Short => token_shape::CUT,
        }
    }
}

/// A diagnosis on its way to a reader. The same report gives the same bytes.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    facts: &'a Facts,
    diagnosis: &'a Diagnosis,
    tool: Tool,
    run_id: String,
    collected_by: Option<(String, String)>,
    only: Selection,
    is_verbose: bool,
    palette: Palette,
    full_report: Option<String>,
}

impl<'a> Report<'a> {
    /// Everything, without colours.
    pub fn new(facts: &'a Facts, diagnosis: &'a Diagnosis) -> Self {
        Self {
            facts,
            diagnosis,
            tool: Tool::default(),
            run_id: String::new(),
            collected_by: None,
            only: Selection::default(),
            is_verbose: false,
            palette: Palette::plain(),
            full_report: None,
        }
    }

    /// The program that writes it.
    #[must_use]
    pub fn with_tool(mut self, tool: Tool) -> Self {
        self.tool = tool;
        self
    }

    /// A name for the run, the same in every form of its report.
    #[must_use]
    pub fn with_run_id(mut self, run_id: impl Into<String>) -> Self {
        self.run_id = run_id.into();
        self
    }

    /// The name and version of the program that saw the facts, if it was another run.
    #[must_use]
    pub fn with_collected_by(
        mut self,
        name: impl Into<String>,
        version: impl Into<String>,
    ) -> Self {
        self.collected_by = Some((name.into(), version.into()));
        self
    }

    /// Shows only what is named; counts and exit code stay those of everything.
    #[must_use]
    pub fn with_only(mut self, only: Selection) -> Self {
        self.only = only;
        self
    }

    /// Shows the evidence of every check, and the timeline, in the forms for persons.
    #[must_use]
    pub fn with_verbose(mut self, is_verbose: bool) -> Self {
        self.is_verbose = is_verbose;
        self
    }

    /// Colours, for text.
    #[must_use]
    pub fn with_palette(mut self, palette: Palette) -> Self {
        self.palette = palette;
        self
    }

    /// The whole report that is kept elsewhere, by which the one line can be matched with it.
    #[must_use]
    pub fn with_full_report(mut self, text: &str) -> Self {
        self.full_report = Some(oneline::sha256(text));
        self
    }

    /// Writes it. Always ends with a line feed.
    pub fn render(&self, format: Format) -> String {
        let text = match format {
            Format::Text => text::render(self),
            Format::Json => json::render(self),
            Format::Jsonl => jsonl::render(self),
            Format::Junit => junit::render(self),
            Format::Oneline => oneline::render(self),
            Format::Short => oneline::render_short(self),
            Format::Markdown => markdown::render(self),
            Format::Html => html::render(self),
        };
        self.facts.redactor.clean_with(text, format.cut_mark())
    }
}

/// The report for a person. The same input gives the same text.
pub fn text(facts: &Facts, diagnosis: &Diagnosis, options: &TextOptions) -> String {
    Report::new(facts, diagnosis)
        .with_verbose(options.verbose)
        .with_palette(options.palette)
        .render(Format::Text)
}

/// The report as one JSON object, indented, with a final newline. `run_id` is the caller's.
pub fn json(facts: &Facts, diagnosis: &Diagnosis, tool: &Tool, run_id: &str) -> String {
    Report::new(facts, diagnosis)
        .with_tool(tool.clone())
        .with_run_id(run_id)
        .render(Format::Json)
}

/// `2026-11-21T10:58:29Z`; Unix seconds for a time that no calendar has.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    let seconds = time.unix_seconds();
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

/// Reads an RFC 3339 time of a service.
pub(crate) fn from_rfc3339(text: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_unix_seconds(time.as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_reports() {
        let time = Timestamp::from_unix_seconds(1_795_258_709);
        assert_eq!(rfc3339(time), "2026-11-21T10:58:29Z");
        assert_eq!(from_rfc3339("2026-11-21T10:58:29.1234567Z"), Some(time));
        assert_eq!(from_rfc3339("yesterday"), None);
        assert_eq!(
            rfc3339(Timestamp::from_unix_seconds(i64::MAX)),
            i64::MAX.to_string()
        );
    }
}
