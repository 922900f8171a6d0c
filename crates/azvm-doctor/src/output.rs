//! Where output goes: the report to stdout or a file, everything else to stderr.
#![expect(clippy::print_stderr, reason = "a command line talks to its user")]

use crate::Problem;
use crate::printable::{message, messages};
use std::io::Write;
use std::path::Path;

/// Prints to stdout. Colours are taken out unless it is a terminal that wants them (`NO_COLOR` and `CLICOLOR` count).
/// A reader that went away is no error.
pub(crate) fn stdout(text: &str) -> Result<(), Problem> {
    write_to(anstream::stdout().lock(), text)
}

/// Prints to stdout what has no colours and stays as it is.
pub(crate) fn raw_stdout(text: &str) -> Result<(), Problem> {
    write_to(std::io::stdout().lock(), text)
}

fn write_to(mut stdout: impl Write, text: &str) -> Result<(), Problem> {
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Problem::crash(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// The columns of the terminal that stdout is, 100 at most: longer lines are hard to read. 80 where it is none.
pub(crate) fn width() -> usize {
    let columns = terminal_size::terminal_size_of(std::io::stdout());
    columns.map_or(80, |(width, _)| usize::from(width.0).min(100))
}

/// Writes a whole file at once: a reader sees the old one or the new one.
pub(crate) fn file(path: &Path, text: &str) -> Result<(), Problem> {
    let write = || {
        let mut file = beside(path)?;
        file.write_all(text.as_bytes())?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|error| unwritable(path, &error))
}

/// Says now whether [`file`] could write there.
pub(crate) fn check_writable(path: &Path) -> Result<(), Problem> {
    if path.is_dir() {
        return Err(Problem::usage(format!("{} is a folder", path.display())));
    }
    beside(path)
        .map(drop)
        .map_err(|error| unwritable(path, &error))
}

/// A file in the same folder, to become `path`.
fn beside(path: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    tempfile::NamedTempFile::new_in(folder.unwrap_or_else(|| Path::new(".")))
}

/// Without the system's detail: it would name the temporary file.
fn unwritable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::usage(format!("cannot write {}: {}", path.display(), error.kind()))
}

/// One line to stderr.
pub(crate) fn line(text: &str) {
    eprintln!("{}", message(text));
}

/// Why a command did not do its work. It may quote files and their names.
pub(crate) fn problem(text: &str) {
    line(&format!("error: {text}"));
}

/// Help and version to stdout, and what is wrong with the arguments to stderr. That quotes them and the files that they
/// name, and goes without colours where it has to be changed.
pub(crate) fn usage(error: &clap::Error) {
    let plain = error.render().to_string();
    let shown = messages(&plain);
    if !error.use_stderr() || shown == plain {
        let _ = error.print();
    } else {
        eprint!("{shown}");
    }
}

/// Starts the log: at `-vv` ours, at `-vvv` everybody's, or what `RUST_LOG` says.
pub(crate) fn start_log(verbose: u8, ours_from: u8) {
    use tracing_subscriber::EnvFilter;
    let ours = "azvm_http=debug,azvm_identity=debug,azvm_token_cache=debug,azvm_simulator=debug";
    let filter = match (EnvFilter::try_from_default_env(), verbose) {
        (Ok(filter), _) => filter,
        (Err(_), level) if level > ours_from => EnvFilter::new("trace"),
        (Err(_), level) if level == ours_from => EnvFilter::new(ours),
        _ => return,
    };
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false);
    // A log that somebody else has started is as good.
    let _ = log.try_init();
}
