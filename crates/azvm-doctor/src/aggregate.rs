//! `aggregate`: what the reports of many machines say together, offline.

use crate::args::ListFormat;
use crate::offline_args::AggregateArgs;
use crate::printable::{json_pretty, printable};
use crate::{EXIT_USAGE, Problem, input, output};
use azvm_diagnostics::fleet::{CodeCount, Expected, Fleet, FleetFinding, Machine};
use azvm_diagnostics::{MAX_REPORT_BYTES, Salt, catalogue};
use serde::Serialize;
use std::fmt::Write;
use std::path::Path;

/// The form of `--format json`.
const SCHEMA: &str = "azvm.fleet/1";

/// The largest list of expected machines that is read, in bytes.
const MAX_EXPECTED_BYTES: u64 = 16 * 1024 * 1024;

/// What could not be read: the file, and why.
type Unread = (String, String);

/// Reads every report, one after the other, and keeps of each what is compared.
pub(crate) fn run(args: &AggregateArgs, program: &str) -> Result<u8, Problem> {
    let expected = expected(args)?;
    let (mut machines, mut unread): (Vec<Machine>, Vec<Unread>) = (vec![], vec![]);
    for file in &args.files {
        let name = file.display().to_string();
        match machine(file, &name) {
            Ok(machine) => machines.push(machine),
            Err(why) => unread.push((name, why)),
        }
    }
    if machines.is_empty() {
        for (name, why) in &unread {
            output::problem(&format!(
                "aggregate: {}: {}",
                printable(name),
                printable(why)
            ));
        }
        return Ok(EXIT_USAGE);
    }
    let fleet = Fleet::new(machines, &expected);
    let exit = exit_code(&fleet, &unread);
    let text = match args.format {
        ListFormat::Text => text(&fleet, &unread, exit, program),
        ListFormat::Json => json(&fleet, &unread, exit)?,
    };
    output::raw_stdout(&text)?;
    Ok(exit)
}

fn expected(args: &AggregateArgs) -> Result<Expected, Problem> {
    let Some(path) = &args.expect else {
        return Ok(Expected::default());
    };
    let bytes = input::read_or_stdin(path, MAX_EXPECTED_BYTES).map_err(|error| {
        let name = printable(&path.display().to_string());
        Problem::usage(format!("--expect {name}: {error}"))
    })?;
    let expected = Expected::from_lines(&String::from_utf8_lossy(&bytes));
    Ok(match &args.redact_salt {
        Some(salt) => expected.with_salt(Salt::new(salt.as_bytes())),
        None => expected,
    })
}

fn machine(file: &Path, name: &str) -> Result<Machine, String> {
    let bytes = input::read(file, MAX_REPORT_BYTES as u64).map_err(|error| error.to_string())?;
    Machine::of_report(name, &bytes).map_err(|error| error.to_string())
}

/// A report that cannot be read is one of which nothing is known.
fn exit_code(fleet: &Fleet, unread: &[Unread]) -> u8 {
    match fleet.exit_code() {
        0 | 3 if !unread.is_empty() => 5,
        code => code,
    }
}

fn text(fleet: &Fleet, unread: &[Unread], exit: u8, program: &str) -> String {
    let mut out = String::new();
    let count = fleet.machines.len();
    let noun = if count == 1 { "machine" } else { "machines" };
    let _ = write!(out, "{count} {noun}");
    if fleet.older > 0 {
        let _ = write!(out, ", {} older reports of the same left out", fleet.older);
    }
    out.push_str("\n\n");
    for code in &fleet.codes {
        write_code(code, count, &mut out);
    }
    if fleet.codes.is_empty() {
        out.push_str("nothing wrong found\n");
    }
    for set in &fleet.scale_sets {
        let group = set.group.as_deref().unwrap_or("unknown group");
        let _ = writeln!(
            out,
            "\nscale set {} in {}: {} instances, {} with a token, {} failing",
            printable(&set.name),
            printable(group),
            set.instances,
            set.with_identity,
            set.failing
        );
    }
    for finding in &fleet.findings {
        write_finding(finding, program, &mut out);
    }
    list("did not report", &fleet.missing, &mut out);
    list(
        "not among the names that can be read; give --redact-salt",
        &fleet.unsure,
        &mut out,
    );
    let unread: Vec<String> = unread
        .iter()
        .map(|(file, why)| format!("{file}: {why}"))
        .collect();
    list("cannot be read", &unread, &mut out);
    let _ = writeln!(out, "\nexit {exit}");
    out
}

fn write_code(code: &CodeCount, count: usize, out: &mut String) {
    let title = catalogue::find(code.code).map_or("", |entry| entry.title);
    let _ = writeln!(
        out,
        "{:10} {:5} {} of {count}, first {}: {title}",
        code.code,
        code.severity.as_str(),
        code.machines,
        printable(&code.first),
    );
    for shared in &code.shared {
        let all = match shared.machines == code.machines {
            true => "and no other machine has".into(),
            false => format!("which {} machines have", shared.machines),
        };
        let value = printable(&shared.value);
        let _ = writeln!(
            out,
            "                 all with {} {value}, {all}",
            shared.what
        );
    }
}

fn write_finding(found: &FleetFinding, program: &str, out: &mut String) {
    let finding = &found.finding;
    let _ = writeln!(
        out,
        "\n{} {} {}  {}",
        finding.entry.code,
        finding.severity.as_str(),
        finding.confidence.as_str(),
        printable(&finding.title)
    );
    let _ = writeln!(
        out,
        "          machines {}",
        printable(&found.machines.join(", "))
    );
    let _ = writeln!(
        out,
        "          fix      {}",
        printable(&finding.remedy.text)
    );
    for command in &finding.remedy.commands {
        let _ = writeln!(
            out,
            "          {:8} {}",
            command.shell,
            printable(&command.run)
        );
    }
    let _ = writeln!(
        out,
        "          explain  {program} explain {}",
        finding.entry.code
    );
}

fn list(heading: &str, names: &[String], out: &mut String) {
    if names.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{} {heading}", names.len());
    for name in names {
        let _ = writeln!(out, "  {}", printable(name));
    }
}

#[derive(Serialize)]
struct Whole<'a> {
    schema: &'static str,
    exit_code: u8,
    older: usize,
    machines: Vec<MachineLine<'a>>,
    codes: Vec<CodeLine<'a>>,
    scale_sets: Vec<SetLine<'a>>,
    findings: Vec<FindingLine<'a>>,
    missing: &'a [String],
    unsure: &'a [String],
    unread: Vec<UnreadLine<'a>>,
}

#[derive(Serialize)]
struct MachineLine<'a> {
    file: &'a str,
    name: Option<&'a str>,
    vm_id: Option<&'a str>,
    resource_id: Option<&'a str>,
    scale_set: Option<&'a str>,
    /// Unix seconds.
    started: i64,
    exit_code: u8,
    codes: Vec<&'static str>,
    redacted: bool,
}

#[derive(Serialize)]
struct CodeLine<'a> {
    code: &'static str,
    severity: &'static str,
    machines: usize,
    first: &'a str,
    shared: Vec<SharedLine<'a>>,
}

#[derive(Serialize)]
struct SharedLine<'a> {
    what: &'static str,
    value: &'a str,
    machines: usize,
}

#[derive(Serialize)]
struct SetLine<'a> {
    name: &'a str,
    resource_group: Option<&'a str>,
    instances: usize,
    with_identity: usize,
    failing: usize,
}

#[derive(Serialize)]
struct FindingLine<'a> {
    code: &'static str,
    severity: &'static str,
    confidence: &'static str,
    title: &'a str,
    machines: &'a [String],
    fix: &'a str,
}

#[derive(Serialize)]
struct UnreadLine<'a> {
    file: &'a str,
    why: &'a str,
}

fn json(fleet: &Fleet, unread: &[Unread], exit: u8) -> Result<String, Problem> {
    let whole = Whole {
        schema: SCHEMA,
        exit_code: exit,
        older: fleet.older,
        machines: fleet.machines.iter().map(MachineLine::from).collect(),
        codes: fleet.codes.iter().map(CodeLine::from).collect(),
        scale_sets: fleet
            .scale_sets
            .iter()
            .map(|set| SetLine {
                name: &set.name,
                resource_group: set.group.as_deref(),
                instances: set.instances,
                with_identity: set.with_identity,
                failing: set.failing,
            })
            .collect(),
        findings: fleet.findings.iter().map(FindingLine::from).collect(),
        missing: &fleet.missing,
        unsure: &fleet.unsure,
        unread: unread
            .iter()
            .map(|(file, why)| UnreadLine { file, why })
            .collect(),
    };
    let json = json_pretty(&whole)
        .map_err(|error| Problem::crash(format!("cannot write the fleet: {error}")))?;
    Ok(json + "\n")
}

impl<'a> From<&'a Machine> for MachineLine<'a> {
    fn from(machine: &'a Machine) -> Self {
        Self {
            file: &machine.file,
            name: machine.name.as_deref(),
            vm_id: machine.vm_id.as_deref(),
            resource_id: machine.resource_id.as_deref(),
            scale_set: machine.scale_set.as_deref(),
            started: machine.started.unix_seconds(),
            exit_code: machine.exit_code,
            codes: machine.codes.iter().map(|code| code.code).collect(),
            redacted: machine.is_redacted,
        }
    }
}

impl<'a> From<&'a CodeCount> for CodeLine<'a> {
    fn from(count: &'a CodeCount) -> Self {
        let shared = count.shared.iter().map(|shared| SharedLine {
            what: shared.what,
            value: &shared.value,
            machines: shared.machines,
        });
        Self {
            code: count.code,
            severity: count.severity.as_str(),
            machines: count.machines,
            first: &count.first,
            shared: shared.collect(),
        }
    }
}

impl<'a> From<&'a FleetFinding> for FindingLine<'a> {
    fn from(found: &'a FleetFinding) -> Self {
        let finding = &found.finding;
        Self {
            code: finding.entry.code,
            severity: finding.severity.as_str(),
            confidence: finding.confidence.as_str(),
            title: &finding.title,
            machines: &found.machines,
            fix: &finding.remedy.text,
        }
    }
}
