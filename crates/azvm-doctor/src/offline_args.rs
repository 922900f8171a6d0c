//! The arguments of the commands that look at texts and files instead of a machine.

use crate::args::ListFormat;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Args, Debug)]
#[command(
    after_help = "Exit codes: 0 all are valid, 1 at least one is not, or ARM refuses it for sure, 2 bad usage or unreadable input."
)]
pub(crate) struct LintIdArgs {
    /// The IDs; `-` or none at all reads one a line from stdin
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// Demand canonical keywords, such as the upper-case G in resourceGroups
    #[arg(long)]
    pub(crate) exact: bool,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = LintFormat::Text)]
    pub(crate) format: LintFormat,
}

#[derive(Args, Debug)]
#[command(after_help = "\
A request is an address, a command line of curl or az rest, one of PowerShell's Invoke-RestMethod or Invoke-WebRequest, or
the head of an HTTP request.
Given as words, it is what your shell has made of it; in single quotes, or in a file, it is as typed.

Exit codes: 0 nothing keeps the request from being answered, 1 something does, 2 bad usage or not a request.")]
pub(crate) struct LintRequestArgs {
    /// The request, as one word or several; `-` or none at all reads requests from stdin, one a line
    #[arg(
        value_name = "REQUEST",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(crate) words: Vec<String>,
    /// Read requests from this file, of which `-` is stdin; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with = "words")]
    pub(crate) file: Vec<PathBuf>,
    /// The shell that a line was typed into
    #[arg(long, value_enum, default_value_t = ShellName::Sh)]
    pub(crate) shell: ShellName,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = LintFormat::Text)]
    pub(crate) format: LintFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShellName {
    /// sh, bash and their kin
    Sh,
    /// The Windows command prompt
    Cmd,
    /// PowerShell; its own commands are known without this
    Powershell,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Each report is judged anew. Of two reports of one machine the later one counts.

Exit codes: that of the worst machine; 5 when all that is wrong is a machine that did not report, or a report that cannot be
read; 2 bad usage, or no report at all.")]
pub(crate) struct AggregateArgs {
    /// The reports: files that --format json wrote
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// The machines that should have reported: a file with a name, VM ID or resource ID a line; - is stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) expect: Option<PathBuf>,
    /// The salt that the reports were redacted with, to find the expected machines among them
    #[arg(long, value_name = "TEXT", requires = "expect")]
    pub(crate) redact_salt: Option<String>,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub(crate) format: ListFormat,
}

#[derive(Args, Debug)]
#[command(after_help = "\
The words may be what an SDK, az, Terraform or PowerShell prints, a line of a log, the body of a refusal, or a whole answer
with its head, as curl -i shows it.

Exit codes: 0 at least one code, 1 nothing in the words is known, 2 bad usage or an unreadable file.")]
pub(crate) struct DecodeErrorArgs {
    /// The file with the words; `-` or none at all is stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = LintFormat::Text)]
    pub(crate) format: LintFormat,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Nothing of a token is printed but what it says about itself: for whom it is, whose it is, and until when.

Exit codes: 0 no token, 1 at least one, 2 bad usage, no log (stdin is empty, or a terminal), or a log that could not be read
and no token in the others.")]
pub(crate) struct ScanLogArgs {
    /// The logs, of any size; `-` or none at all is stdin
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = LintFormat::Text)]
    pub(crate) format: LintFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LintFormat {
    /// For a person
    Text,
    /// For a program: one JSON object a line
    Jsonl,
}
