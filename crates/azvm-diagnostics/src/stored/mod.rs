//! Facts in a report, so that they can be judged again later, elsewhere, by other rules.
//!
//! The member `facts` of the JSON report holds them all. `wire` says how they stand there, `answers` how the answers of
//! services become facts again: they are put together as the service would have sent them, and read by the same readers
//! as those of a socket. A stored report is as little trusted as a server.

mod answers;
mod arm;
mod calls;
mod facts;
mod imds;
mod known;
mod linux;
mod model;
mod rights;
mod text;
mod windows;
mod wire;

use crate::facts::Facts;
use crate::report::SCHEMA;
use azvm_exchange::service_text;
use serde::Deserialize;
use std::fmt;

pub(crate) use arm::{kept_refusal, kept_resource, kept_roles};
pub(crate) use facts::restore;
pub(crate) use facts::store;
pub(crate) use model::kept_identity;
pub(crate) use wire::Facts as StoredFacts;

/// The largest stored report that is read, in bytes. One of an ordinary run has some ten thousand.
pub const MAX_REPORT_BYTES: usize = 8 * 1024 * 1024;

/// The version of the facts in a report. Members are added without a new one; their meaning is not changed.
pub const FACTS_VERSION: u32 = 1;

/// A report read back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoredReport {
    /// What was seen.
    pub facts: Facts,
    /// The run that saw it.
    pub run_id: String,
    /// The name and version of the program that saw it.
    pub collected_by: (String, String),
}

/// Reads the JSON report of an earlier run. Members that are not known are passed over.
///
/// ```
/// let error = azvm_diagnostics::read_report(b"{\"schema\":\"other/1\"}").unwrap_err();
/// assert_eq!(error.to_string(), "expected a report of schema azvm.doctor/1, found other/1");
/// ```
///
/// # Errors
///
/// [`StoredError`] for more than [`MAX_REPORT_BYTES`], for what is no JSON report of this schema, for one without facts
/// (versions before this feature wrote none), and for facts that cannot have been.
pub fn read_report(bytes: &[u8]) -> Result<StoredReport, StoredError> {
    if bytes.len() > MAX_REPORT_BYTES {
        return Err(StoredError::new(format!(
            "it is larger than {} MiB",
            MAX_REPORT_BYTES >> 20
        )));
    }
    // The schema first: another one explains whatever else is odd.
    let head: Head = parse(bytes)?;
    let schema = head
        .schema
        .ok_or_else(|| StoredError::new("it names no schema, so it is no report of the doctor"))?;
    if schema.as_str() != SCHEMA {
        let shown: String = schema.as_str().chars().take(80).collect();
        return Err(StoredError::new(format!(
            "expected a report of schema {SCHEMA}, found {shown}"
        )));
    }
    let version = head.facts.ok_or_else(|| {
        StoredError::new("it holds no facts: the version that wrote it kept none, or they were cut")
    })?;
    if version.version > FACTS_VERSION {
        return Err(StoredError::new(format!(
            "its facts have version {}, this program reads up to {FACTS_VERSION}; use a newer one",
            version.version
        )));
    }
    let body: Body = parse(bytes)?;
    Ok(StoredReport {
        facts: restore(body.facts)?,
        run_id: body.run_id.into(),
        collected_by: (body.tool.name.into(), body.tool.version.into()),
    })
}

fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, StoredError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|error| StoredError::unread(&error))
}

#[derive(Deserialize)]
struct Head {
    schema: Option<text::Text>,
    facts: Option<Version>,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Deserialize)]
struct Body {
    facts: wire::Facts,
    #[serde(default)]
    run_id: text::Text,
    #[serde(default)]
    tool: ToolWire,
}

#[derive(Default, Deserialize)]
struct ToolWire {
    #[serde(default)]
    name: text::Text,
    #[serde(default)]
    version: text::Text,
}

/// Why a stored report cannot be read. One line, in which what it quotes of the report is as fit to be shown as
/// [`service_text`] makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredError(String);

impl StoredError {
    fn new(problem: impl Into<String>) -> Self {
        Self(service_text(&problem.into()))
    }

    fn at(place: &str, problem: impl fmt::Display) -> Self {
        Self::new(format!("facts.{place}: {problem}"))
    }

    /// The place comes first: the words may quote so much of the report that their end is cut off.
    fn unread(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let words = error.to_string();
        let place = format!(" at line {line} column {column}");
        let words = words.strip_suffix(&place).unwrap_or(&words);
        Self::new(format!("line {line}, column {column}: {words}"))
    }
}

impl fmt::Display for StoredError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StoredError {}

impl Facts {
    /// The same facts with every text changed by `change`, wherever it stands. Parts that `change` leaves nothing
    /// readable of are an error.
    pub(crate) fn with_texts(
        &self,
        change: impl FnMut(&str, &str) -> Option<String>,
    ) -> Result<Self, StoredError> {
        let mut tree = serde_json::to_value(store(self))
            .map_err(|error| StoredError::new(error.to_string()))?;
        let mut change = change;
        let mut has_changed = false;
        walk(&mut tree, "", &mut |name, text| {
            let changed = change(name, text)?;
            has_changed |= changed != text;
            Some(changed)
        });
        if !has_changed {
            return Ok(self.clone());
        }
        let wire =
            serde_json::from_value(tree).map_err(|error| StoredError::new(error.to_string()))?;
        let mut facts = restore(wire)?;
        // The program's name and the token's pieces are not for storing.
        facts.asked.invocation = facts
            .asked
            .invocation
            .of_program(self.asked.invocation.program());
        facts.redactor = self.redactor.clone();
        Ok(facts)
    }
}

/// Every text of a tree, with the name of the member that it is in.
fn walk(
    tree: &mut serde_json::Value,
    name: &str,
    change: &mut impl FnMut(&str, &str) -> Option<String>,
) {
    match tree {
        serde_json::Value::String(text) => {
            if let Some(changed) = change(name, text) {
                *text = changed;
            }
        }
        serde_json::Value::Array(items) => {
            for item in items {
                walk(item, name, change);
            }
        }
        serde_json::Value::Object(members) => {
            for (name, member) in members {
                walk(member, name, change);
            }
        }
        _ => {}
    }
}
