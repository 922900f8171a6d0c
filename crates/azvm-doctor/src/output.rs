//! Where output goes: the report to stdout or a file, everything else to stderr. Nothing is written anywhere else, and no
//! token gets past here.
#![expect(clippy::print_stderr, reason = "a command line talks to its user")]

use crate::Problem;
use crate::printable::{message, messages};
use azvm_diagnostics::token_shape;
use std::io::{self, BufWriter, StdoutLock, Write};
use std::path::Path;

/// Prints to stdout. Colours are taken out unless it is a terminal that wants them (`NO_COLOR` and `CLICOLOR` count).
/// A reader that went away is no error.
pub(crate) fn stdout(text: &str) -> Result<(), Problem> {
    write_to(anstream::stdout().lock(), text)
}

/// Prints to stdout what has no colours and stays as it is.
pub(crate) fn raw_stdout(text: &str) -> Result<(), Problem> {
    write_to(io::stdout().lock(), text)
}

fn write_to(mut stdout: impl Write, text: &str) -> Result<(), Problem> {
    match stdout
        .write_all(token_shape::cut_out(text, token_shape::CUT).as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Problem::crash(format!("cannot write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}

/// Stdout for what comes a line at a time, with the reader's end of it told as any other error.
pub(crate) fn lines() -> Lines<BufWriter<StdoutLock<'static>>> {
    Lines::to(BufWriter::new(io::stdout().lock()))
}

/// A writer of whole lines.
#[derive(Debug)]
pub(crate) struct Lines<W>(W);

impl<W: Write> Lines<W> {
    pub(crate) fn to(writer: W) -> Self {
        Self(writer)
    }

    /// `text` may be several lines, and ends with a line feed.
    pub(crate) fn write(&mut self, text: &str) -> io::Result<()> {
        self.0
            .write_all(token_shape::cut_out(text, token_shape::CUT).as_bytes())
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The columns of the terminal that stdout is, 100 at most: longer lines are hard to read. 80 where it is none.
pub(crate) fn width() -> usize {
    let columns = terminal_size::terminal_size_of(io::stdout());
    columns.map_or(80, |(width, _)| usize::from(width.0).min(100))
}

/// Writes a whole file at once: a reader sees the old one or the new one.
pub(crate) fn file(path: &Path, text: &str) -> Result<(), Problem> {
    let write = || {
        let mut file = beside(path)?;
        file.write_all(token_shape::cut_out(text, token_shape::CUT).as_bytes())?;
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
fn beside(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    tempfile::NamedTempFile::new_in(folder.unwrap_or_else(|| Path::new(".")))
}

/// Without the system's detail: it would name the temporary file.
fn unwritable(path: &Path, error: &io::Error) -> Problem {
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
    let ours = "azvm_http=debug,azvm_identity=debug,azvm_token_cache=debug,azvm_simulator=debug";
    let filter = match verbose {
        level if level > ours_from => Some("trace"),
        level if level == ours_from => Some(ours),
        _ => None,
    };
    log(filter, true);
}

/// Starts a log of what `filter` says, or `RUST_LOG` rather; without both there is none.
pub(crate) fn log(filter: Option<&str>, has_targets: bool) {
    use tracing_subscriber::EnvFilter;
    let own = filter.map(EnvFilter::new);
    let Some(filter) = EnvFilter::try_from_default_env().ok().or(own) else {
        return;
    };
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| LogWriter(io::stderr()))
        .with_target(has_targets)
        .with_ansi(false);
    // A log that somebody else has started is as good.
    let _ = log.try_init();
}

/// Where the log goes, which quotes what services and files say. A record comes whole.
struct LogWriter<W>(W);

impl<W: Write> Write for LogWriter<W> {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let shown = messages(&String::from_utf8_lossy(record));
        self.0.write_all(shown.as_bytes())?;
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// {"alg":"none"}, {"aud":"x"}, and a signature.
    const JWT: &str = "eyJhbGciOiJub25lIn0.eyJhdWQiOiJ4In0.c2lnbmF0dXJl";

    #[test]
    fn a_log_passes_the_filter_of_stderr() {
        let mut writer = LogWriter(Vec::new());
        let record = format!("DEBUG answered \u{1b}[2J{JWT}\u{202e}\nnext\n");
        writer.write_all(record.as_bytes()).unwrap();
        let expected = "DEBUG answered \\u{1b}[2J<redacted>next\n".replace("next", "\nnext");
        assert_eq!(String::from_utf8(writer.0).unwrap(), expected);
    }

    #[test]
    fn lines_and_files_hold_no_token() {
        let mut lines = Lines::to(Vec::new());
        lines.write(&format!("a {JWT}\n")).unwrap();
        assert_eq!(lines.0, b"a <redacted>\n");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        file(&path, &format!("a {JWT}\n")).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"a <redacted>\n");
    }
}
