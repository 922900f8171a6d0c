//! What the reports of many machines say together, offline.
//!
//! ```no_run
//! use azvm_diagnostics::fleet::{Expected, Fleet, Machine};
//!
//! # fn example(files: Vec<(String, Vec<u8>)>) -> Result<(), Box<dyn std::error::Error>> {
//! let mut machines = vec![];
//! for (name, bytes) in files {
//!     machines.push(Machine::of_report(name, &bytes)?);
//! }
//! let fleet = Fleet::new(machines, &Expected::default());
//! for count in &fleet.codes {
//!     println!("{} {} {}", count.code, count.machines, count.first);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Each report is judged anew by the rules of this version, so that reports of several versions can be compared. Of two
//! reports of one machine the later one counts. What only a comparison shows is told as a finding of the fleet: `IDSEL-014`.
//!
//! Reports under strict redaction have hashes for names, which are the same where the salt was: they are counted and grouped
//! by them.

mod expected;
mod machine;
mod shared;

use crate::catalogue::IDSEL_014;
use crate::finding::{Confidence, Finding, Severity, Values};
use crate::invocation::Invocation;
use std::collections::BTreeMap;

pub use expected::{Expected, MAX_EXPECTED};
pub use machine::{FoundCode, Machine};
pub use shared::Shared;

/// The machines, and what they have in common.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Fleet {
    /// One each, in the order of their names.
    pub machines: Vec<Machine>,
    /// How many reports were left out because a later one is of the same machine.
    pub older: usize,
    /// Every code that was found, the worst and the most frequent first.
    pub codes: Vec<CodeCount>,
    /// The scale sets of which there is more than one instance.
    pub scale_sets: Vec<ScaleSet>,
    /// What only the comparison shows.
    pub findings: Vec<FleetFinding>,
    /// Machines that were expected and did not report.
    pub missing: Vec<String>,
    /// Machines that were expected and may be among those whose names are hidden.
    pub unsure: Vec<String>,
}

/// How often a code was found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CodeCount {
    /// The code.
    pub code: &'static str,
    /// The worst that it had on any machine.
    pub severity: Severity,
    /// On how many machines.
    pub machines: usize,
    /// The first of them, by name.
    pub first: String,
    /// What these machines have in common, and others have not; at most three, the rarest first.
    pub shared: Vec<Shared>,
}

/// The instances of a scale set that reported.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScaleSet {
    /// Its name.
    pub name: String,
    /// Its resource group.
    pub group: Option<String>,
    /// How many instances reported.
    pub instances: usize,
    /// How many of them got a token.
    pub with_identity: usize,
    /// How many have a failure of any kind.
    pub failing: usize,
}

/// A finding about several machines.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FleetFinding {
    /// What was found.
    pub finding: Finding,
    /// The machines that it is about, by name.
    pub machines: Vec<String>,
}

impl Fleet {
    /// Compares machines. The same reports in any order give the same result.
    pub fn new(machines: Vec<Machine>, expected: &Expected) -> Self {
        let count = machines.len();
        let machines = latest(machines);
        let (missing, unsure) = expected.missing(&machines);
        let groups = groups(&machines);
        let findings = groups.iter().filter_map(|group| differs(group));
        Self {
            older: count - machines.len(),
            codes: codes(&machines),
            findings: findings.collect(),
            scale_sets: groups.iter().map(|group| ScaleSet::of(group)).collect(),
            missing,
            unsure,
            machines,
        }
    }

    /// That of the worst machine: 70, 1, 4, 6, 5, 3, 0 in this order. A machine that did not report is one of which
    /// nothing is known, hence 5.
    pub fn exit_code(&self) -> u8 {
        const WORST_FIRST: [u8; 7] = [70, 1, 4, 6, 5, 3, 0];
        let silent = !self.missing.is_empty() || !self.unsure.is_empty();
        let codes = self.machines.iter().map(|machine| machine.exit_code);
        let codes = codes.chain(silent.then_some(5));
        let place = |code: u8| WORST_FIRST.iter().position(|known| *known == code);
        codes.min_by_key(|code| place(*code)).unwrap_or(0)
    }
}

/// One report a machine, in the order of the names.
fn latest(machines: Vec<Machine>) -> Vec<Machine> {
    let mut by_key: BTreeMap<String, Machine> = BTreeMap::new();
    for machine in machines {
        let key = machine.key();
        match by_key.get(&key) {
            Some(known) if !machine.is_later_than(known) => {}
            _ => {
                by_key.insert(key, machine);
            }
        }
    }
    let mut machines: Vec<Machine> = by_key.into_values().collect();
    machines.sort_by(|a, b| (a.label(), &a.file).cmp(&(b.label(), &b.file)));
    machines
}

fn codes(machines: &[Machine]) -> Vec<CodeCount> {
    let mut found: BTreeMap<&'static str, (Severity, Vec<&Machine>)> = BTreeMap::new();
    for machine in machines {
        for code in &machine.codes {
            let (severity, with) = found.entry(code.code).or_insert((code.severity, vec![]));
            *severity = code.severity.max(*severity);
            with.push(machine);
        }
    }
    let counts = found.into_iter().map(|(code, (severity, with))| CodeCount {
        code,
        severity,
        machines: with.len(),
        first: with[0].label().into(),
        shared: shared::among(&with, machines),
    });
    let mut counts: Vec<CodeCount> = counts.collect();
    counts.sort_by(|a, b| (b.severity, b.machines, a.code).cmp(&(a.severity, a.machines, b.code)));
    counts
}

/// The instances of each scale set, in the order of its name.
fn groups(machines: &[Machine]) -> Vec<Vec<&Machine>> {
    let mut sets: BTreeMap<String, Vec<&Machine>> = BTreeMap::new();
    for machine in machines {
        if let Some(key) = machine.scale_set_key() {
            sets.entry(key).or_default().push(machine);
        }
    }
    let sets = sets.into_values();
    sets.filter(|instances| instances.len() > 1).collect()
}

impl ScaleSet {
    fn of(instances: &[&Machine]) -> Self {
        let count =
            |is: &dyn Fn(&Machine) -> bool| instances.iter().filter(|machine| is(machine)).count();
        let first = instances.first();
        Self {
            name: first
                .and_then(|it| it.scale_set.clone())
                .unwrap_or_default(),
            group: first.and_then(|it| it.resource_group.clone()),
            instances: instances.len(),
            with_identity: count(&|machine| machine.has_identity),
            failing: count(&Machine::is_failing),
        }
    }
}

/// Some instances have no identity, and others got a token by asking in the same way.
fn differs(instances: &[&Machine]) -> Option<FleetFinding> {
    let has_sibling = |machine: &Machine| {
        let mut others = instances.iter();
        others.any(|other| other.has_identity && other.selector == machine.selector)
    };
    let without: Vec<&&Machine> = instances
        .iter()
        .filter(|machine| machine.lacks_identity && has_sibling(machine))
        .collect();
    let first = without.first()?;
    let mut values = Values::of(&Invocation::default());
    values.set("group", first.resource_group.as_deref());
    values.set("identity_id", first.identity_id.as_deref());
    values.set("scale_set", first.scale_set.as_deref());
    let with = instances
        .iter()
        .filter(|machine| machine.has_identity)
        .count();
    let set = first.scale_set.as_deref().unwrap_or_default();
    let (some, have) = match without.len() {
        1 => ("1 instance".into(), "has"),
        count => (format!("{count} instances"), "have"),
    };
    let others = if with == 1 { "has" } else { "have" };
    let finding = Finding::new(&IDSEL_014, &values)
        .with_confidence(Confidence::Likely)
        .with_title(format!(
            "{some} of the scale set {set} {have} no identity, {with} {others} one"
        ));
    Some(FleetFinding {
        finding,
        machines: without
            .iter()
            .map(|machine| machine.label().into())
            .collect(),
    })
}
