//! The arguments.

use crate::offline_args::{
    AggregateArgs, DecodeErrorArgs, LintIdArgs, LintRequestArgs, ScanLogArgs,
};
use crate::{Problem, with_causes};
use azvm_diagnostics::catalogue::Category;
use azvm_diagnostics::{Format, Invocation, Policy, Selection, token_shape};
use azvm_identity::{
    ArmEndpoint, Audience, Cloud, Guid, IdentitySelector, ImdsEndpoint, ResourceId, Timestamp,
};
use azvm_simulator::Scenario;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// No duration is longer than this: a day.
const MAX_DURATION: Duration = Duration::from_secs(24 * 3600);

const AFTER_HELP: &str = "\
Exit codes:
   0  no failure (there may be notes and warnings)
   1  at least one failure
   2  bad usage
   3  no failure, but a warning, with --fail-on warn
   4  the --wait is over, and all that is left may be a role that is still propagating
   5  the --timeout ended the run before it could tell; or a check could not tell, with --fail-on unknown
   6  not an Azure virtual machine
  70  the doctor itself failed

The exit code is the same for every --format, and --only does not change it.
Nothing on the machine is changed, and no token is ever printed.";

/// Says why the managed identity of this virtual machine does not work, and what to type to mend it.
///
/// Without flags it talks to the machine's own metadata service, gets a token, and reads the machine's own resource
/// group with it.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
    #[command(flatten)]
    pub(crate) doctor: DoctorArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Compare the reports of many machines, offline
    Aggregate(AggregateArgs),
    /// Say what an error of an SDK, IMDS or ARM means, offline
    DecodeError(DecodeErrorArgs),
    /// Explain codes, offline
    Explain(ExplainArgs),
    /// Say what is wrong with resource IDs, offline
    LintId(LintIdArgs),
    /// Say what is wrong with a request to IMDS or ARM, offline
    LintRequest(LintRequestArgs),
    /// List every code, and who finds it
    ListCodes(ListArgs),
    /// Look for access tokens in logs
    ScanLog(ScanLogArgs),
    /// Run the simulator of IMDS and ARM by itself, until Ctrl-C
    Simulate(Box<SimulateArgs>),
}

#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    /// Examine a simulated machine instead of this one: a scenario's name, or a scenario file
    #[arg(long, value_name = "SCENARIO", num_args = 0..=1, default_missing_value = "healthy", value_parser = scenario)]
    #[arg(conflicts_with_all = ["imds_endpoint", "arm_endpoint", "arm_ca"])]
    pub(crate) simulate: Option<GivenScenario>,
    /// Where IMDS is [default: http://169.254.169.254]
    #[arg(long, value_name = "URL", value_parser = explained::<ImdsEndpoint>)]
    pub(crate) imds_endpoint: Option<ImdsEndpoint>,
    /// Where ARM is; this host is trusted with tokens [default: that of the cloud]
    #[arg(long, value_name = "URL", value_parser = explained::<ArmEndpoint>)]
    pub(crate) arm_endpoint: Option<ArmEndpoint>,
    /// A file with certificate authorities to trust for ARM beside the system's
    #[arg(long, value_name = "PEM")]
    pub(crate) arm_ca: Option<PathBuf>,
    /// The resource group or subscription to read [default: the machine's own resource group]
    #[arg(long, value_name = "RESOURCE-ID", value_parser = resource_id)]
    pub(crate) target: Option<ResourceId>,
    #[command(flatten)]
    selector: SelectorArgs,
    /// The audience of the token [default: ARM of the cloud]
    #[arg(long, value_name = "AUDIENCE", value_parser = explained_audience)]
    pub(crate) resource: Option<Audience>,
    /// The cloud: public, usgovernment or china [default: what IMDS says]
    #[arg(long, value_name = "NAME", value_parser = cloud)]
    pub(crate) cloud: Option<Cloud>,
    /// Wait for a role to propagate and access to be stable, or for an identity that was just attached [default without a value: 10m]
    #[arg(long, value_name = "DURATION", num_args = 0..=1, default_missing_value = "10m", value_parser = duration)]
    pub(crate) wait: Option<Duration>,
    /// When the role was granted, such as 2026-11-21T10:58:29Z: what the machine cannot see while it may not list roles
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) granted_at: Option<GivenTime>,
    /// The object (principal) ID that the role was granted to: it is a failure if another one answers
    #[arg(long, value_name = "GUID", value_parser = guid_in_braces)]
    pub(crate) expect_principal: Option<Guid>,
    /// Give up after this long, the wait not counted
    #[arg(long, value_name = "DURATION", default_value = "120s", value_parser = duration)]
    pub(crate) timeout: Duration,
    /// Judge the facts of an earlier run anew, offline: the file that --format json wrote; - is stdin
    #[arg(long, value_name = "REPORT", help_heading = "Facts of an earlier run")]
    #[arg(conflicts_with_all = [
        "simulate", "imds_endpoint", "arm_endpoint", "arm_ca", "target", "system", "client_id", "object_id",
        "resource_id", "resource", "cloud", "wait", "timeout",
    ])]
    pub(crate) from: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) verdict: VerdictArgs,
    #[command(flatten)]
    pub(crate) report: ReportArgs,
    /// Show the evidence; -vv adds a log to stderr, -vvv whatever any library logs
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// What counts, and what is shown.
#[derive(Args, Debug)]
#[command(next_help_heading = "Checks")]
pub(crate) struct VerdictArgs {
    /// Show only these categories, checks and codes; the exit code stays that of everything
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    only: Vec<String>,
    /// Leave these categories, checks and codes out of the verdict; the report says so
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    skip: Vec<String>,
    /// Let more than failures end with another exit code than 0
    #[arg(long, value_enum, value_name = "WHAT,...", value_delimiter = ',')]
    fail_on: Vec<FailOn>,
    /// List the checks and what each depends on, and do nothing else
    #[arg(long)]
    pub(crate) list_checks: bool,
}

impl VerdictArgs {
    /// What to show; nothing named shows everything.
    pub(crate) fn only(&self) -> Result<Selection, Problem> {
        selection("--only", &self.only)
    }

    /// What counts.
    pub(crate) fn policy(&self) -> Result<Policy, Problem> {
        Ok(Policy::default()
            .with_skip(selection("--skip", &self.skip)?)
            .with_fail_on_warn(self.fail_on.contains(&FailOn::Warn))
            .with_fail_on_unknown(self.fail_on.contains(&FailOn::Unknown)))
    }
}

fn selection(flag: &str, words: &[String]) -> Result<Selection, Problem> {
    Selection::parse(words.iter().map(String::as_str))
        .map_err(|error| Problem::usage(format!("{flag}: {error}")))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// A warning: exit code 3
    Warn,
    /// A check that could not tell: exit code 5
    Unknown,
}

/// The form of the report, and where it goes.
#[derive(Args, Debug)]
#[command(next_help_heading = "Report")]
pub(crate) struct ReportArgs {
    /// The form of the report
    #[arg(long, value_enum, default_value_t = FormatName::Text)]
    pub(crate) format: FormatName,
    /// Write the report to this file instead of stdout; - is stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Write the report in another form to a file as well, such as json=report.json; may be repeated
    #[arg(long, value_name = "FORMAT=FILE", value_parser = also)]
    pub(crate) also: Vec<(FormatName, PathBuf)>,
    /// How names, IDs and addresses stand in the report; secrets are never in it, and with strict there is no log
    #[arg(long, value_enum, default_value_t = RedactionName::Default)]
    pub(crate) redact: RedactionName,
    /// The key of the hashes of --redact strict; reports with the same one can be compared [default: a random one]
    #[arg(long, value_name = "TEXT")]
    pub(crate) redact_salt: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RedactionName {
    /// As they are
    Default,
    /// As keyed hashes
    Strict,
}

fn also(text: &str) -> Result<(FormatName, PathBuf), String> {
    let (format, path) = text
        .split_once('=')
        .filter(|(_, path)| !matches!(*path, "" | "-"))
        .ok_or("expected FORMAT=FILE, such as json=report.json")?;
    let format = FormatName::from_str(format, false)
        .map_err(|_| format!("there is no format {format}; see --format"))?;
    Ok((format, path.into()))
}

#[derive(Args, Debug)]
#[group(multiple = false)]
struct SelectorArgs {
    /// The identity that answers when none is named: the system-assigned one, or else the only one (default)
    #[arg(long)]
    system: bool,
    /// The user-assigned identity with this client ID
    #[arg(long, value_name = "GUID")]
    client_id: Option<Guid>,
    /// The user-assigned identity with this object (principal) ID
    #[arg(long, value_name = "GUID")]
    object_id: Option<Guid>,
    /// The user-assigned identity with this resource ID
    #[arg(long, value_name = "RESOURCE-ID", value_parser = resource_id)]
    resource_id: Option<ResourceId>,
}

impl DoctorArgs {
    /// What the commands in the report start with: what was typed, less what is about this run alone.
    pub(crate) fn invocation(&self, program: &str) -> Invocation {
        let shown = |value: Option<&dyn std::fmt::Display>| value.map(ToString::to_string);
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let SelectorArgs {
            system: _,
            client_id,
            object_id,
            resource_id,
        } = &self.selector;
        let flags: [(&'static str, Option<String>); 11] = [
            (
                "--simulate",
                self.simulate
                    .as_ref()
                    .map(|simulate| simulate.given.clone()),
            ),
            (
                "--imds-endpoint",
                shown(self.imds_endpoint.as_ref().map(|it| it as _)),
            ),
            (
                "--arm-endpoint",
                shown(self.arm_endpoint.as_ref().map(|it| it as _)),
            ),
            ("--arm-ca", path(&self.arm_ca)),
            ("--target", shown(self.target.as_ref().map(|it| it as _))),
            ("--cloud", self.cloud.map(|cloud| cloud.name().into())),
            ("--client-id", shown(client_id.as_ref().map(|it| it as _))),
            ("--object-id", shown(object_id.as_ref().map(|it| it as _))),
            (
                "--resource-id",
                shown(resource_id.as_ref().map(|it| it as _)),
            ),
            (
                "--granted-at",
                self.granted_at.as_ref().map(|time| time.given.clone()),
            ),
            (
                "--expect-principal",
                shown(self.expect_principal.as_ref().map(|it| it as _)),
            ),
        ];
        let resource = self.resource.as_ref().map(|it| it.as_str().to_string());
        let flags = flags.into_iter().chain([("--resource", resource)]);
        flags.fold(
            Invocation::new(program),
            |invocation, (flag, value)| match value {
                Some(value) => invocation.with_flag(flag, Some(value)),
                None => invocation,
            },
        )
    }

    /// The one that was given; clap refuses two.
    pub(crate) fn selector(&self) -> IdentitySelector {
        let SelectorArgs {
            system: _,
            client_id,
            object_id,
            resource_id,
        } = &self.selector;
        if let Some(id) = client_id {
            IdentitySelector::ClientId(id.clone())
        } else if let Some(id) = object_id {
            IdentitySelector::ObjectId(id.clone())
        } else if let Some(id) = resource_id {
            IdentitySelector::ResourceId(id.clone())
        } else {
            IdentitySelector::System
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct SimulateArgs {
    /// A scenario's name, or a scenario file in TOML or JSON
    #[arg(default_value = "healthy", value_parser = scenario)]
    pub(crate) scenario: GivenScenario,
    /// List the scenarios, one sentence each, and end
    #[arg(long)]
    pub(crate) list: bool,
    /// Where IMDS listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) imds_listen: SocketAddr,
    /// Where ARM listens, with TLS
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) arm_listen: SocketAddr,
    /// Where ARM listens without TLS; loopback only
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) arm_http_listen: SocketAddr,
    /// Where the world is changed while it runs; loopback only
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) admin_listen: SocketAddr,
    /// Let the simulated clock run so many times as fast; 0 stops it until the admin API puts it forward
    #[arg(long, value_name = "FACTOR")]
    pub(crate) clock_speed: Option<u32>,
    /// Answer 429 when there are more requests than Azure takes, whatever the scenario says
    #[arg(long)]
    pub(crate) rate_limits: bool,
    /// Write KEY=VALUE lines to this file once it answers
    #[arg(long, value_name = "FILE")]
    pub(crate) write_env: Option<PathBuf>,
    /// Allow other addresses than loopback and 169.254.169.254: whoever can connect gets tokens of the simulation
    #[arg(long)]
    pub(crate) unsafe_any_address: bool,
    /// Do not log requests
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// -v logs connections too, -vv whatever any library logs
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Args, Debug)]
#[command(after_help = "\
In commands, words in capitals stand for your own values; a report has the real ones.

What is neither a code nor nearly one is taken for words: the codes that speak of them are listed, the best first.

Exit codes: 0 explained or listed, 2 bad usage, a mistyped code (the nearest one is named), or words that lead nowhere.")]
pub(crate) struct ExplainArgs {
    /// Such as RBAC-021 or its name no-visible-role, in any case; several are explained one after the other; or words
    #[arg(value_name = "CODE|WORDS", required_unless_present_any = ["all", "category"])]
    #[arg(conflicts_with_all = ["all", "category"])]
    pub(crate) codes: Vec<String>,
    /// Explain every code
    #[arg(long)]
    pub(crate) all: bool,
    /// Explain every code of a part: host, network, imds, identity, token, arm, access, resource-id or client
    #[arg(long, value_name = "CATEGORY", value_parser = category)]
    pub(crate) category: Option<Category>,
    /// The form of the pages
    #[arg(long, value_enum, default_value_t = ExplainFormat::Text)]
    pub(crate) format: ExplainFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExplainFormat {
    /// For a terminal, as wide as it is
    Text,
    /// For a ticket
    Markdown,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Found by:
  doctor         a check of this program
  lint-id        lint-id, in the text of an ID
  lint-request   lint-request, in the text of a request
  scan-log       scan-log, in a log
  aggregate      aggregate, in the reports of several machines
  decode-error   decode-error, in the words of an error
  not-yet        nothing so far, though the evidence can be had
  explain-only   nothing on the machine; explain tells why

Exit codes: 0 listed, 2 bad usage.")]
pub(crate) struct ListArgs {
    /// Only this part: host, network, imds, identity, token, arm, access, resource-id or client
    #[arg(long, value_name = "CATEGORY", value_parser = category)]
    pub(crate) category: Option<Category>,
    /// The form of the list
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub(crate) format: ListFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// For a person
    Text,
    /// For a program: one JSON object
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatName {
    /// For a person
    Text,
    /// For a program, whole: schema azvm.doctor/1; --from reads it
    Json,
    /// For a program: a line a check, and one about the run
    Jsonl,
    /// For a build server: JUnit's XML
    Junit,
    /// For Run Command: one line of at most 4096 bytes
    Oneline,
    /// For a chat: a line a failure or warning
    Short,
    /// For a ticket
    Markdown,
    /// For a browser: one page that needs nothing else
    Html,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Text => Self::Text,
            FormatName::Json => Self::Json,
            FormatName::Jsonl => Self::Jsonl,
            FormatName::Junit => Self::Junit,
            FormatName::Oneline => Self::Oneline,
            FormatName::Short => Self::Short,
            FormatName::Markdown => Self::Markdown,
            FormatName::Html => Self::Html,
        }
    }
}

/// A scenario, and how the user named it.
#[derive(Clone, Debug)]
pub(crate) struct GivenScenario {
    pub(crate) given: String,
    pub(crate) scenario: Scenario,
}

fn scenario(text: &str) -> Result<GivenScenario, String> {
    Ok(GivenScenario {
        given: text.into(),
        scenario: find_scenario(text)?,
    })
}

fn find_scenario(text: &str) -> Result<Scenario, String> {
    if let Some(scenario) = Scenario::named(text) {
        return Ok(scenario);
    }
    let names = Scenario::names().collect::<Vec<_>>().join(", ");
    let is_path = text.contains(['/', '\\']) || text.ends_with(".toml") || text.ends_with(".json");
    if !is_path {
        return Err(format!(
            "no such scenario; there are {names}, or a file NAME.toml or NAME.json"
        ));
    }
    let path = Path::new(text);
    crate::input::check_file(path).map_err(|error| format!("cannot read it: {error}"))?;
    Scenario::from_file(path).map_err(|error| error.to_string())
}

fn resource_id(text: &str) -> Result<ResourceId, String> {
    without_token(text)?;
    ResourceId::parse(text).map_err(|error| format!("{error}\n{}", error.render(text)))
}

/// Whatever is given here would be sent to a service, in an address that others log.
fn without_token(text: &str) -> Result<(), String> {
    match token_shape::is_in(text) {
        true => Err("this is an access token, which has no place here".into()),
        false => Ok(()),
    }
}

fn cloud(name: &str) -> Result<Cloud, String> {
    Cloud::from_name(name).ok_or_else(|| "there are public, usgovernment and china".into())
}

fn category(name: &str) -> Result<Category, String> {
    Category::from_name(name).ok_or_else(|| {
        let names = Category::ALL.map(Category::as_str).join(", ");
        format!("there are {names}")
    })
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text)
        .map_err(|error| format!("{error}; write 90s, 10m or 1h"))?;
    if duration > MAX_DURATION {
        Err("longer than a day".into())
    } else {
        Ok(duration)
    }
}

/// A time, and how the user wrote it.
#[derive(Clone, Debug)]
pub(crate) struct GivenTime {
    pub(crate) given: String,
    pub(crate) time: Timestamp,
}

/// RFC 3339 and nothing else: it is what `createdOn` of a role assignment looks like, and a command that is typed again
/// an hour later still means the same grant, which *3m ago* would not.
fn time(text: &str) -> Result<GivenTime, String> {
    let time: jiff::Timestamp = text
        .parse()
        .map_err(|_| "write it as in createdOn of the role assignment: 2026-11-21T10:58:29Z")?;
    Ok(GivenTime {
        given: text.into(),
        time: Timestamp::from_unix_seconds(time.as_second()),
    })
}

fn explained_audience(text: &str) -> Result<Audience, String> {
    without_token(text)?;
    Audience::new(text).map_err(|error| error.to_string())
}

/// With or without the braces in which PowerShell and the registry may write it: it is compared here and never sent.
fn guid_in_braces(text: &str) -> Result<Guid, String> {
    let inner = text.strip_prefix('{');
    let inner = inner.and_then(|rest| rest.strip_suffix('}'));
    explained(inner.unwrap_or(text))
}

/// Parses, and tells the cause of an error too: clap shows one line.
fn explained<T: FromStr<Err: Error>>(text: &str) -> Result<T, String> {
    without_token(text)?;
    text.parse().map_err(|error: T::Err| with_causes(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[track_caller]
    fn check(args: &[&str], expected: Result<(), &str>) {
        let parsed = Cli::try_parse_from([&["azvm-doctor"], args].concat())
            .map(drop)
            .map_err(|error| error.to_string());
        match (parsed, expected) {
            (Ok(()), Ok(())) => {}
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{args:?}: {found}"),
            (found, _) => panic!("{args:?}: {found:?}"),
        }
    }

    #[test]
    fn arguments() {
        check(&[], Ok(()));
        check(&["--simulate"], Ok(()));
        check(
            &["--simulate", "no-role", "--wait", "--format", "json", "-vv"],
            Ok(()),
        );
        check(&["--simulate", "nonsense"], Err("there are healthy"));
        check(&["--simulate", "/nonexistent.toml"], Err("cannot read it"));
        check(
            &["--simulate", "--imds-endpoint", "http://127.0.0.1:1"],
            Err("cannot be used with"),
        );
        check(&["--client-id", ""], Err("expected a GUID"));
        check(&["--client-id", "x"], Err("expected a GUID"));
        check(
            &[
                "--system",
                "--object-id",
                "01234567-89ab-cdef-0123-456789abcdef",
            ],
            Err("cannot be used with"),
        );
        check(
            &["--imds-endpoint", "http://10.0.0.4"],
            Err("loopback or link-local"),
        );
        check(
            &["--imds-endpoint", "http://u:p@127.0.0.1"],
            Err("a user name does not belong"),
        );
        check(
            &["--arm-endpoint", "http://management.azure.com"],
            Err("plain http on loopback"),
        );
        check(
            &["--target", "/subscriptions/s//resourceGroups/r"],
            Err("^"),
        );
        check(&["--cloud", "german"], Err("there are public"));
        check(&["--wait", "soon"], Err("write 90s"));
        check(&["--wait", "2d"], Err("longer than a day"));
        check(&["--resource", "a b"], Err("white space"));
        check(&["--from", "x", "--format", "html"], Ok(()));
        check(&["--from", "x", "--wait"], Err("cannot be used with"));
        check(&["--also", "json=r.json", "--also", "html=r.html"], Ok(()));
        check(&["--also", "json"], Err("expected FORMAT=FILE"));
        check(&["--also", "json=-"], Err("expected FORMAT=FILE"));
        check(&["--also", "yaml=x"], Err("there is no format yaml"));
        check(&["--fail-on", "warn,unknown", "--skip", "a,b"], Ok(()));
        check(&["--fail-on", "note"], Err("invalid value"));
        check(&["--redact", "strict", "--redact-salt", "fleet"], Ok(()));
        check(&["explain", "RBAC-021"], Ok(()));
        check(&["list-codes"], Ok(()));
    }

    #[test]
    fn arguments_about_a_grant() {
        for time in [
            "2026-11-21T10:58:29Z",
            "2026-11-21T10:58:29.1234567Z",
            "2026-11-21T10:58:29.123456+00:00",
            "2026-11-21T11:58:29+01:00",
        ] {
            check(&["--granted-at", time, "--from", "x"], Ok(()));
        }
        for time in [
            "",
            "3m ago",
            "2026-11-21",
            "2026-11-21T10:58:29",
            "1795258709",
        ] {
            check(&["--granted-at", time], Err("2026-11-21T10:58:29Z"));
        }
        let guid = "01234567-89ab-cdef-0123-456789abcdef";
        for form in [guid, &format!("{{{guid}}}")] {
            check(&["--expect-principal", form], Ok(()));
        }
        for form in ["x", &format!("{{{guid}"), &format!("{{{{{guid}}}}}"), "{}"] {
            check(&["--expect-principal", form], Err("expected a GUID"));
        }
        // An ID that is sent is sent as it is given.
        check(
            &["--client-id", &format!("{{{guid}}}")],
            Err("expected a GUID"),
        );
    }

    #[test]
    fn arguments_of_lint_request() {
        check(&["lint-request"], Ok(()));
        check(&["lint-request", "curl", "-H", "a:b", "--format"], Ok(()));
        check(&["lint-request", "--shell", "cmd", "--file", "x"], Ok(()));
        check(&["lint-request", "--shell", "powershell", "x"], Ok(()));
        check(&["lint-request", "--shell", "fish"], Err("invalid value"));
        check(
            &["lint-request", "--file", "x", "http://a"],
            Err("cannot be used with"),
        );
    }

    #[test]
    fn arguments_of_simulate() {
        check(
            &[
                "simulate",
                "healthy",
                "--write-env",
                "x",
                "--imds-listen",
                "127.0.0.1:8080",
            ],
            Ok(()),
        );
        check(
            &[
                "simulate",
                "--list",
                "--clock-speed",
                "600",
                "--rate-limits",
            ],
            Ok(()),
        );
        check(&["simulate", "-q", "-v"], Err("cannot be used with"));
        check(&["simulate", "/nonexistent.json"], Err("cannot read it"));
        check(
            &["simulate", "--imds-listen", "localhost"],
            Err("invalid socket address"),
        );
    }

    #[test]
    fn arguments_about_codes() {
        check(&["explain", "RBAC-021"], Ok(()));
        check(&["explain", "RBAC-021", "net-002", "no-role"], Ok(()));
        check(&["explain", "--all", "--format", "markdown"], Ok(()));
        check(&["explain", "--category", "Imds"], Ok(()));
        check(&["explain"], Err("required"));
        check(
            &["explain", "RBAC-021", "--all"],
            Err("cannot be used with"),
        );
        check(&["explain", "--category", "rbac"], Err("there are host"));
        check(&["list-codes"], Ok(()));
        check(
            &["list-codes", "--category", "access", "--format", "json"],
            Ok(()),
        );
        check(&["list-codes", "RBAC-021"], Err("unexpected argument"));
    }
}
