//! A run that is over.

use crate::wire::{Route, Seen};
use azvm_diagnostics::{
    Check, CheckId, Diagnosis, Facts, Finding, Format, Report, TextOptions, Tool, diagnose, json,
    text,
};
use serde_json::Value;

pub(crate) struct Ran {
    pub(crate) facts: Facts,
    pub(crate) diagnosis: Diagnosis,
    pub(crate) seen: Vec<Seen>,
    /// What was told while it ran.
    pub(crate) told: Vec<String>,
    /// What IMDS handed out.
    pub(crate) token: String,
}

impl Ran {
    pub(crate) fn new(facts: Facts, seen: Vec<Seen>, told: Vec<String>, token: String) -> Self {
        Self {
            diagnosis: diagnose(&facts),
            facts,
            seen,
            told,
            token,
        }
    }

    /// The same run with other facts, for what no socket on loopback can say.
    pub(crate) fn with_facts(&self, change: impl FnOnce(&mut Facts)) -> Self {
        let mut facts = self.facts.clone();
        change(&mut facts);
        let (seen, told) = (self.seen.clone(), self.told.clone());
        Self::new(facts, seen, told, self.token.clone())
    }

    pub(crate) fn exit(&self) -> u8 {
        self.diagnosis.exit_code()
    }

    pub(crate) fn causes(&self) -> Vec<&'static str> {
        self.diagnosis.root_causes()
    }

    pub(crate) fn check(&self, id: CheckId) -> &Check {
        self.diagnosis
            .checks
            .iter()
            .find(|check| check.id == id)
            .unwrap()
    }

    /// As in machine-readable reports.
    pub(crate) fn status(&self, id: CheckId) -> &'static str {
        self.check(id).status.as_str()
    }

    pub(crate) fn codes(&self) -> Vec<&'static str> {
        self.diagnosis
            .findings()
            .map(|finding| finding.entry.code)
            .collect()
    }

    #[track_caller]
    pub(crate) fn finding(&self, code: &str) -> &Finding {
        self.diagnosis
            .findings()
            .find(|finding| finding.entry.code == code)
            .unwrap_or_else(|| panic!("no {code} in\n{}", self.verbose_text()))
    }

    pub(crate) fn evidence(&self, id: CheckId, name: &str) -> Option<&str> {
        let evidence = &self.check(id).evidence;
        let found = evidence.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        text(&self.facts, &self.diagnosis, &TextOptions::default())
    }

    pub(crate) fn verbose_text(&self) -> String {
        let options = TextOptions::default().with_verbose(true);
        text(&self.facts, &self.diagnosis, &options)
    }

    pub(crate) fn json_text(&self) -> String {
        let tool = Tool::new("azvm-doctor", "0.1.0", Some("0123abc"));
        json(&self.facts, &self.diagnosis, &tool, "run-1")
    }

    /// As the command line would write it.
    pub(crate) fn report(&self) -> Report<'_> {
        Report::new(&self.facts, &self.diagnosis)
            .with_tool(Tool::new("azvm-doctor", "0.1.0", Some("0123abc")))
            .with_run_id("run-1")
    }

    pub(crate) fn render(&self, format: Format) -> String {
        self.report().render(format)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.json_text()).unwrap()
    }

    /// How often this was asked.
    pub(crate) fn asked(&self, route: Route) -> usize {
        self.seen
            .iter()
            .filter(|seen| seen.route == Some(route))
            .count()
    }
}
