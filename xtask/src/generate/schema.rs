//! The form of the catalogue's files: what each may hold, and nothing else.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::process::{Failed, Result};

/// A file, the variant of `Category` that it is, and the letters of its codes; in the order of the chain.
pub(crate) const CATEGORIES: [(&str, &str, &str); 9] = [
    ("host", "Host", "HOST"),
    ("network", "Network", "NET"),
    ("imds", "Imds", "IMDS"),
    ("identity", "Identity", "IDSEL"),
    ("token", "Token", "TOKEN"),
    ("arm", "Arm", "ARM"),
    ("access", "Access", "RBAC"),
    ("resource-id", "ResourceId", "RID"),
    ("client", "Client", "CODE"),
];

/// The whole catalogue.
#[derive(Debug)]
pub(super) struct Data {
    pub(super) categories: Vec<CategoryFile>,
    pub(super) evidence: BTreeMap<String, String>,
    pub(super) sources: BTreeMap<String, Source>,
}

/// `host.toml` and its like.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CategoryFile {
    /// The heading of its page.
    pub(super) title: String,
    /// What stands below the heading.
    pub(super) about: String,
    #[serde(rename = "entry")]
    pub(super) entries: Vec<Entry>,
}

/// `[[entry]]`. Line ends in prose count as blanks, so that each sentence can have its line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) code: String,
    pub(super) slug: String,
    pub(super) title: String,
    pub(super) severity: Severity,
    #[serde(deserialize_with = "prose")]
    pub(super) summary: String,
    #[serde(deserialize_with = "prose")]
    pub(super) told_apart: String,
    /// The codes of its nearest neighbours.
    pub(super) near: Vec<String>,
    /// Keys of `evidence.toml`.
    #[serde(default)]
    pub(super) evidence: Vec<String>,
    #[serde(deserialize_with = "prose")]
    pub(super) fix: String,
    #[serde(default)]
    pub(super) commands: Vec<Command>,
    /// Keys of `sources.toml`.
    pub(super) sources: Vec<String>,
    /// The first version that has it.
    pub(super) since: String,
    /// It could be found, and no rule does yet.
    #[serde(default)]
    pub(super) planned: bool,
    /// Why no program on the machine can find it.
    pub(super) explain_only: Option<String>,
    pub(super) retired: Option<Retired>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    Fail,
    Note,
    Warn,
}

/// One line to type, under the name of its shell.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Command {
    bash: Option<String>,
    az: Option<String>,
    powershell: Option<String>,
    /// It needs root or an administrator.
    #[serde(default)]
    pub(super) root: bool,
}

impl Command {
    /// Shell and line, if there is exactly one.
    pub(super) fn line(&self) -> Option<(&'static str, &str)> {
        let lines = [
            ("bash", &self.bash),
            ("az", &self.az),
            ("powershell", &self.powershell),
        ];
        let mut given = lines
            .into_iter()
            .filter_map(|(shell, line)| Some((shell, line.as_deref()?)));
        given.next().filter(|_| given.next().is_none())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retired {
    /// The first version that does not report it.
    pub(super) since: String,
    #[serde(deserialize_with = "prose")]
    pub(super) reason: String,
    /// The codes that are reported now.
    #[serde(default)]
    pub(super) instead: Vec<String>,
}

/// An entry of `sources.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    pub(super) kind: SourceKind,
    pub(super) title: String,
    pub(super) url: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum SourceKind {
    Code,
    Documented,
    Inferred,
    Reported,
}

/// Reads every file of `folder`; a mistake names its file, line and column.
pub(super) fn read(folder: &Path) -> Result<Data> {
    let mut categories = vec![];
    for (name, ..) in CATEGORIES {
        categories.push(parse(folder, name)?);
    }
    Ok(Data {
        categories,
        evidence: parse(folder, "evidence")?,
        sources: parse(folder, "sources")?,
    })
}

fn parse<T: for<'a> Deserialize<'a>>(folder: &Path, name: &str) -> Result<T> {
    let path = folder.join(format!("{name}.toml"));
    let text = fs::read_to_string(&path)
        .map_err(|error| Failed::new(format!("cannot read {}", path.display()), error))?;
    toml::from_str(&text).map_err(|error| format!("{name}.toml: {error}").into())
}

fn prose<'a, D: serde::Deserializer<'a>>(deserializer: D) -> std::result::Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(text.trim().replace("\r\n", " ").replace('\n', " "))
}
