//! Where the report goes, and in which forms.

use crate::args::{DoctorArgs, RedactionName};
use crate::doctor::{LOG_FROM, Seen};
use crate::{Problem, output};
use azvm_diagnostics::{
    Diagnosis, Facts, Format, Palette, Report, Salt, Selection, Tool, token_shape,
};
use std::path::{Path, PathBuf};

/// The report's forms and files, all of which can be written.
pub(crate) struct Outlet {
    format: Format,
    /// `None` is stdout.
    file: Option<PathBuf>,
    also: Vec<(Format, PathBuf)>,
    only: Selection,
    is_verbose: bool,
    salt: Option<Salt>,
}

impl Outlet {
    /// # Errors
    ///
    /// A name in `--only` that nothing has, and a file that could not be written later.
    pub(crate) fn new(args: &DoctorArgs) -> Result<Self, Problem> {
        let report = &args.report;
        let file = report.output.clone().filter(|path| path != Path::new("-"));
        for path in file.iter().chain(report.also.iter().map(|(_, path)| path)) {
            output::check_writable(path)?;
        }
        if report.redact_salt.is_some() && report.redact != RedactionName::Strict {
            return Err(Problem::usage("--redact-salt is for --redact strict"));
        }
        if report.redact == RedactionName::Strict && args.verbose >= LOG_FROM {
            return Err(Problem::usage(
                "--redact strict goes with -v at most: the log of -vv names the machine",
            ));
        }
        let also = report
            .also
            .iter()
            .map(|(format, path)| ((*format).into(), path.clone()));
        Ok(Self {
            format: report.format.into(),
            file,
            also: also.collect(),
            only: args.verdict.only()?,
            is_verbose: args.verbose > 0,
            salt: (report.redact == RedactionName::Strict)
                .then(|| salt(report.redact_salt.as_deref())),
        })
    }

    /// Writes every form; what cannot go to its file goes to stdout.
    pub(crate) fn write(
        &self,
        seen: &Seen,
        judge: impl Fn(&Facts) -> Diagnosis,
    ) -> Result<(), Problem> {
        let redacted = match &self.salt {
            Some(salt) => Some(seen.facts.redacted(salt).map_err(|error| {
                Problem::crash(format!("cannot redact, so nothing is shown: {error}"))
            })?),
            None => None,
        };
        let facts = redacted.as_ref().unwrap_or(&seen.facts);
        let diagnosis = judge(facts);
        let mut report = self.report(seen, facts, &diagnosis);
        let mut written = Vec::new();
        for (format, path) in &self.also {
            let text = rendered(&report, *format);
            if *format == Format::Json {
                report = report.with_full_report(&text);
            }
            written.push(output::file(path, &text));
        }
        self.write_own(&report)?;
        written.into_iter().collect()
    }

    fn report<'a>(&self, seen: &Seen, facts: &'a Facts, diagnosis: &'a Diagnosis) -> Report<'a> {
        let commit = option_env!("AZVM_COMMIT");
        let report = Report::new(facts, diagnosis)
            .with_tool(Tool::new("azvm-doctor", env!("CARGO_PKG_VERSION"), commit))
            .with_run_id(&seen.run_id)
            .with_only(self.only.clone())
            .with_verbose(self.is_verbose);
        match &seen.collected_by {
            Some((name, version)) => report.with_collected_by(name, version),
            None => report,
        }
    }

    fn write_own(&self, report: &Report<'_>) -> Result<(), Problem> {
        let Some(path) = &self.file else {
            let coloured = report.clone().with_palette(Palette::ansi());
            // Only text has colours, and stdout takes them out unless it is a terminal that wants them.
            return match self.format {
                Format::Text => output::stdout(&rendered(&coloured, Format::Text)),
                format => output::raw_stdout(&rendered(report, format)),
            };
        };
        let text = rendered(report, self.format);
        output::file(path, &text).or_else(|problem| {
            // What was found must not be lost.
            output::raw_stdout(&text)?;
            Err(problem)
        })
    }
}

/// What is cut out must not break the form.
fn rendered(report: &Report<'_>, format: Format) -> String {
    let text = report.render(format);
    token_shape::cut_out(&text, format.cut_mark()).into_owned()
}

/// Random unless one is given: names are short, and could be tried under a salt that is known.
fn salt(given: Option<&str>) -> Salt {
    match given {
        Some(text) => Salt::new(text.as_bytes()),
        None => Salt::new(uuid::Uuid::new_v4().as_bytes()),
    }
}
