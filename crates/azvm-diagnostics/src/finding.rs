//! What a rule says: a code, how sure it is, what it saw, and what to do.

use crate::catalogue::Entry;
use crate::invocation::Invocation;
use crate::remedy::Remedy;
use std::collections::BTreeMap;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing, nothing to do for this machine.
    Note,
    /// Works, but may not go on working, or not for other clients.
    Warn,
    /// Does not work.
    Fail,
}

impl Severity {
    /// As it stands in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Confidence {
    /// One explanation among several.
    Possible,
    /// The evidence fits this better than anything else.
    Likely,
    /// The evidence leaves no other explanation.
    High,
}

impl Confidence {
    /// As it stands in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::High => "high",
        }
    }
}

/// A finding.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// The catalogue's entry.
    pub entry: &'static Entry,
    /// How much it matters here, which may differ from the entry's own severity.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// One line about this very case; the entry's title when the rule has nothing to add.
    pub title: String,
    /// Why: what was seen, in sentences for a person.
    pub cause: Option<String>,
    /// What to do, with real values filled in.
    pub remedy: Remedy,
}

impl Finding {
    /// A finding with the severity and title of its entry, and its remedy filled in from `values`.
    pub fn new(entry: &'static Entry, values: &Values) -> Self {
        Self {
            entry,
            severity: entry.severity,
            confidence: Confidence::High,
            title: entry.title.into(),
            cause: None,
            remedy: Remedy::fill(entry, values),
        }
    }

    pub(crate) fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    pub(crate) fn with_confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    pub(crate) fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    pub(crate) fn with_cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Other words for what to do.
    pub(crate) fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.remedy.text = fix.into();
        self
    }

    /// Of the commands only those that begin like this.
    pub(crate) fn with_commands_of(mut self, start: &str) -> Self {
        self.remedy
            .commands
            .retain(|command| command.run.starts_with(start));
        self
    }

    /// Other words for what to do, and none of the commands that wait: for where the wait is over.
    pub(crate) fn without_waiting(mut self, fix: impl Into<String>) -> Self {
        self.remedy.text = fix.into();
        let waits = |run: &str| run.split(' ').any(|word| word == "--wait");
        self.remedy.commands.retain(|command| !waits(&command.run));
        self
    }
}

/// Values for the placeholders of a remedy, by name: `group`, `vm`, `object_id`, `scope`, …
#[derive(Clone, Debug, Default)]
pub struct Values {
    words: BTreeMap<&'static str, String>,
    commands: BTreeMap<&'static str, String>,
    is_in_scale_set: Option<bool>,
}

impl Values {
    /// Remembers a value; `None` and `""` leave the placeholder to the reader.
    pub fn set(&mut self, name: &'static str, value: Option<impl Into<String>>) {
        if let Some(value) = value.map(Into::into).filter(|value| !value.is_empty()) {
            self.words.insert(name, value);
        }
    }

    /// No values, but the commands of this program: `{program}` itself, `{doctor}` with its flags, `{doctor_as}` for
    /// another identity, `{doctor_at}` for another ARM, `{doctor_for}` for another audience. They are not quoted.
    pub fn of(invocation: &Invocation) -> Self {
        let commands = [
            ("program", invocation.program().into()),
            ("doctor", invocation.command()),
            ("doctor_as", invocation.without_selector()),
            ("doctor_at", invocation.without_endpoint()),
            ("doctor_for", invocation.without_audience()),
        ];
        Self {
            commands: commands.into(),
            ..Self::default()
        }
    }

    /// Whether the machine is an instance of a uniform scale set, which has its identities and settings from the set. Of
    /// the lines for the two kinds of machines only one is shown then.
    pub fn set_in_scale_set(&mut self, is_in: bool) {
        self.is_in_scale_set = Some(is_in);
    }

    pub(crate) fn is_in_scale_set(&self) -> Option<bool> {
        self.is_in_scale_set
    }

    pub(crate) fn command(&self, name: &str) -> Option<&str> {
        self.commands.get(name).map(String::as_str)
    }

    /// The value. IMDS is where it is on every machine of Azure, until another place is set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.words.get(name).map(String::as_str).or(match name {
            "imds_host" => Some("169.254.169.254"),
            "imds_versions_url" => Some("http://169.254.169.254/metadata/versions"),
            _ => None,
        })
    }
}
