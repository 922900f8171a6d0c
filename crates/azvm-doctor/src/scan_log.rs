//! `scan-log`: access tokens in logs.

use crate::offline_args::{LintFormat, ScanLogArgs};
use crate::printable::{json, printable};
use crate::{EXIT_USAGE, Problem, input, output};
use azvm_diagnostics::log::{Leak, LogScanner};
use serde::Serialize;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

/// The exit code when a token is found.
const EXIT_FOUND: u8 = 1;

/// How much of a log is read at once, in bytes.
const PIECE_BYTES: usize = 64 * 1024;

/// How compressed files begin: gzip, zstd, xz, bzip2, zip.
const COMPRESSED: [&[u8]; 5] = [
    &[0x1f, 0x8b],
    &[0x28, 0xb5, 0x2f, 0xfd],
    &[0xfd, b'7', b'z', b'X', b'Z'],
    b"BZh",
    b"PK\x03\x04",
];

/// Reads each log once, and prints what is found as soon as it is. Without a log in the arguments it is stdin, and has to
/// be there: a list of logs that turned out empty is not one without tokens.
pub(crate) fn run(args: &ScanLogArgs) -> Result<u8, Problem> {
    let mut out = Out {
        writer: output::lines(),
        format: args.format,
        found: 0,
        failed: None,
    };
    let (mut unread, mut with_tokens) = (0, 0);
    let stdin = [PathBuf::from("-")];
    let is_named = !args.files.is_empty();
    if !is_named && io::stdin().is_terminal() {
        return Err(none_given());
    }
    let files = if is_named { &args.files } else { &stdin[..] };
    for file in files {
        let before = out.found;
        match scan(file, &mut out) {
            Ok(0) if !is_named => return Err(none_given()),
            Ok(_) => {}
            Err(error) => {
                let name = printable(&file.display().to_string());
                output::problem(&format!("scan-log: {name}: {error}"));
                unread += 1;
            }
        }
        with_tokens += usize::from(out.found > before);
    }
    let is_text = args.format == LintFormat::Text;
    if is_text && out.failed.is_none() {
        let (found, count) = (out.found, files.len());
        out.write(&format!(
            "{found} found, in {with_tokens} of {count} files\n"
        ));
        if found > 0 {
            out.write(&remedy());
        }
    }
    out.end()?;
    Ok(match (out.found, unread) {
        (0, 0) => 0,
        (0, _) => EXIT_USAGE,
        _ => EXIT_FOUND,
    })
}

fn none_given() -> Problem {
    Problem::usage("scan-log: no log was given; name files, or pipe one in")
}

/// How many bytes were read.
fn scan(file: &Path, out: &mut Out<impl Write>) -> io::Result<u64> {
    let mut source: Box<dyn Read> = match file == Path::new("-") {
        true => Box::new(io::stdin().lock()),
        false => Box::new(input::open(file)?),
    };
    let mut scanner = LogScanner::default();
    let mut piece = vec![0; PIECE_BYTES];
    let mut total = 0;
    while out.failed.is_none() {
        let count = match source.read(&mut piece) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let bytes = &piece[..count];
        if total == 0 && COMPRESSED.iter().any(|start| bytes.starts_with(start)) {
            return Err(io::Error::other("it is compressed; unpack it first"));
        }
        total += count as u64;
        if count == 0 {
            scanner.finish(&mut |leak| out.leak(file, &leak));
            break;
        }
        scanner.feed(bytes, &mut |leak| out.leak(file, &leak));
    }
    Ok(total)
}

fn remedy() -> String {
    let entry = azvm_diagnostics::catalogue::find("CODE-017");
    entry.map_or_else(String::new, |entry| format!("{}\n", entry.fix))
}

struct Out<W> {
    writer: output::Lines<W>,
    format: LintFormat,
    found: usize,
    failed: Option<io::Error>,
}

impl<W: Write> Out<W> {
    fn leak(&mut self, file: &Path, leak: &Leak) {
        self.found += 1;
        let name = file.display().to_string();
        let line = Line::new(&name, leak);
        let text = match self.format {
            LintFormat::Text => format!(
                "{}:{}:{}: {} {}: {}\n",
                printable(&name),
                line.line,
                line.column,
                line.code,
                line.severity,
                printable(&line.message)
            ),
            LintFormat::Jsonl => match json(&line) {
                Ok(json) => json + "\n",
                Err(error) => return self.failed = Some(error.into()),
            },
        };
        self.write(&text);
    }

    fn write(&mut self, text: &str) {
        if self.failed.is_none() {
            self.failed = self.writer.write(text).err();
        }
    }

    /// A reader that has seen enough is no error.
    fn end(&mut self) -> Result<(), Problem> {
        let written = match self.failed.take() {
            Some(error) => Err(error),
            None => self.writer.flush(),
        };
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Problem::crash(format!("cannot write to stdout: {error}")))
            }
            _ => Ok(()),
        }
    }
}

/// One line of `jsonl`. Columns are bytes, from 1.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    line: u64,
    column: u64,
    code: &'static str,
    severity: &'static str,
    confidence: &'static str,
    message: String,
    audience: Option<&'a str>,
    issuer: Option<&'a str>,
    app_id: Option<&'a str>,
    object_id: Option<&'a str>,
    /// Unix seconds.
    expires_at: Option<i64>,
}

impl<'a> Line<'a> {
    fn new(file: &'a str, leak: &'a Leak) -> Self {
        let finding = leak.finding();
        let claims = leak.claims.as_ref();
        Self {
            file,
            line: leak.line,
            column: leak.column,
            code: finding.entry.code,
            severity: finding.severity.as_str(),
            confidence: finding.confidence.as_str(),
            message: finding.title,
            audience: claims.and_then(|claims| claims.audience()),
            issuer: claims.and_then(|claims| claims.issuer()),
            app_id: claims.and_then(|claims| claims.app_id()),
            object_id: claims.and_then(|claims| claims.object_id()),
            expires_at: claims
                .and_then(|claims| claims.expires_at())
                .map(|time| time.unix_seconds()),
        }
    }
}
