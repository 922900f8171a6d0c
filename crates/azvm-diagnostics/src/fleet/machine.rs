//! What is kept of one report.

use crate::catalogue::{IDSEL_001, IDSEL_007};
use crate::facts::{Facts, Redaction};
use crate::finding::Severity;
use crate::rules::{Diagnosis, diagnose};
use crate::stored::{StoredError, read_report};
use azvm_exchange::Timestamp;
use azvm_imds::Compute;

/// A machine by its report: who it is, and what was found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Machine {
    /// The report's own name, as it was given.
    pub file: String,
    /// Its name.
    pub name: Option<String>,
    /// Its ID in the firmware, as IMDS says it.
    pub vm_id: Option<String>,
    /// Its ID in Azure.
    pub resource_id: Option<String>,
    /// Its resource group.
    pub resource_group: Option<String>,
    /// Its subscription.
    pub subscription_id: Option<String>,
    /// Its scale set.
    pub scale_set: Option<String>,
    /// Its region.
    pub location: Option<String>,
    /// Its zone.
    pub zone: Option<String>,
    /// Its system.
    pub os: String,
    /// The version of its kernel.
    pub kernel: Option<String>,
    /// When the run began, by the machine's clock.
    pub started: Timestamp,
    /// What the run ends with, judged anew.
    pub exit_code: u8,
    /// What was found, in the order of the chain, each code once.
    pub codes: Vec<FoundCode>,
    /// True when names are hashes.
    pub is_redacted: bool,
    pub(super) selector: (&'static str, Option<String>),
    pub(super) identity_id: Option<String>,
    /// A token came.
    pub(super) has_identity: bool,
    /// IMDS found no identity to answer with.
    pub(super) lacks_identity: bool,
}

/// A code that was found on a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundCode {
    /// The code.
    pub code: &'static str,
    /// How much it matters there.
    pub severity: Severity,
}

impl Machine {
    /// Reads the JSON report of a run and judges its facts anew. `file` is a name for it.
    ///
    /// # Errors
    ///
    /// As [`read_report`].
    pub fn of_report(file: impl Into<String>, bytes: &[u8]) -> Result<Self, StoredError> {
        let stored = read_report(bytes)?;
        let diagnosis = diagnose(&stored.facts);
        Ok(Self::new(file.into(), &stored.facts, &diagnosis))
    }

    fn new(file: String, facts: &Facts, diagnosis: &Diagnosis) -> Self {
        let compute = facts.imds.compute();
        let text = |member: fn(&Compute) -> &Option<String>| {
            compute
                .and_then(|compute| member(compute).clone())
                .filter(|text| !text.is_empty())
        };
        let codes = codes(diagnosis);
        let lacks = |code: &FoundCode| [IDSEL_001.code, IDSEL_007.code].contains(&code.code);
        let selector = &facts.asked.selector;
        Self {
            file,
            name: text(|it| &it.name),
            vm_id: text(|it| &it.vm_id),
            resource_id: text(|it| &it.resource_id),
            resource_group: text(|it| &it.resource_group_name),
            subscription_id: text(|it| &it.subscription_id),
            scale_set: text(|it| &it.vm_scale_set_name),
            location: text(|it| &it.location),
            zone: text(|it| &it.zone),
            os: facts.host.os.clone(),
            kernel: facts.host.kernel.clone(),
            started: facts.started,
            exit_code: diagnosis.exit_code(),
            is_redacted: facts.redaction == Redaction::Strict,
            selector: (
                selector.kind(),
                selector.value().map(str::to_ascii_lowercase),
            ),
            identity_id: match selector.kind() {
                "resource_id" => selector.value().map(Into::into),
                _ => None,
            },
            has_identity: facts.imds.token_facts().is_some(),
            lacks_identity: codes.iter().any(lacks),
            codes,
        }
    }

    /// What it is called in a list: its name, or else its ID or its report.
    pub fn label(&self) -> &str {
        let own = self.name.as_deref().or(self.vm_id.as_deref());
        own.unwrap_or(&self.file)
    }

    /// True when something is wrong with it that counts as a failure.
    pub fn is_failing(&self) -> bool {
        self.codes
            .iter()
            .any(|code| code.severity == Severity::Fail)
    }

    /// The same for every report of the machine.
    pub(super) fn key(&self) -> String {
        let id = self.vm_id.as_ref().or(self.resource_id.as_ref());
        id.unwrap_or(&self.file).to_ascii_lowercase()
    }

    pub(super) fn is_later_than(&self, other: &Self) -> bool {
        (self.started, &self.file) > (other.started, &other.file)
    }

    /// The same for every instance of its scale set.
    pub(super) fn scale_set_key(&self) -> Option<String> {
        let set = self.scale_set.as_deref()?;
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        let key = [
            part(&self.subscription_id),
            part(&self.resource_group),
            set.into(),
        ];
        Some(key.join("/").to_ascii_lowercase())
    }

    /// What it may be known by.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let names = [&self.name, &self.vm_id, &self.resource_id];
        names.into_iter().flatten().map(String::as_str)
    }

    /// By what machines are told apart, with the words for it.
    pub(super) fn attributes(&self) -> [(&'static str, Option<&str>); 7] {
        [
            ("scale set", self.scale_set.as_deref()),
            ("resource group", self.resource_group.as_deref()),
            ("subscription", self.subscription_id.as_deref()),
            ("location", self.location.as_deref()),
            ("zone", self.zone.as_deref()),
            ("system", Some(self.os.as_str())),
            ("kernel", self.kernel.as_deref()),
        ]
    }
}

fn codes(diagnosis: &Diagnosis) -> Vec<FoundCode> {
    let mut codes: Vec<FoundCode> = vec![];
    for finding in diagnosis.findings() {
        let code = finding.entry.code;
        match codes.iter_mut().find(|known| known.code == code) {
            Some(known) => known.severity = known.severity.max(finding.severity),
            None => codes.push(FoundCode {
                code,
                severity: finding.severity,
            }),
        }
    }
    codes
}
