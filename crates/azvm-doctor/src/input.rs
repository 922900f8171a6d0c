//! Files that arguments name.

use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long a pipe with a name may be without a writer. That of a shell's `<(…)` has one from the start.
const WRITER_PATIENCE: Duration = Duration::from_secs(2);

/// What is open already, by any name, and what is empty.
const STREAMS: [&str; 4] = ["/dev/fd/", "/dev/null", "/dev/stdin", "/proc/self/fd/"];

/// Opens a file or a pipe.
///
/// # Errors
///
/// When it cannot be opened or is something else, such as a device without an end, and for a pipe that nobody opens for
/// writing within [`WRITER_PATIENCE`].
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let kind = fs::metadata(path)?.file_type();
    if kind.is_file() || is_stream(path) {
        File::open(path)
    } else if is_pipe(kind) {
        open_pipe(path)
    } else {
        Err(io::Error::other("it is neither a file nor a pipe"))
    }
}

/// For what is opened elsewhere, more than once perhaps: whether it is no file.
pub(crate) fn check_file(path: &Path) -> io::Result<()> {
    match fs::metadata(path)?.is_file() || is_stream(path) {
        true => Ok(()),
        false => Err(io::Error::other("it is no file")),
    }
}

fn is_stream(path: &Path) -> bool {
    let path = path.to_str();
    path.is_some_and(|path| STREAMS.iter().any(|stream| path.starts_with(stream)))
}

#[cfg(unix)]
fn is_pipe(kind: FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&kind)
}

#[cfg(not(unix))]
fn is_pipe(_: FileType) -> bool {
    false
}

/// Opening a pipe waits for its writer and cannot be given up, so that the thread may stay until the program ends.
fn open_pipe(path: &Path) -> io::Result<File> {
    let (sender, receiver) = mpsc::channel();
    let path = path.to_owned();
    thread::spawn(move || sender.send(File::open(path)));
    let nobody = |_| Err(io::Error::other("it is a pipe that nobody writes to"));
    receiver
        .recv_timeout(WRITER_PATIENCE)
        .unwrap_or_else(nobody)
}

/// All bytes of a file.
///
/// # Errors
///
/// When it cannot be read, or has more than `max_bytes` bytes: half a file would be taken for a whole one.
pub(crate) fn read(path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
    read_all(open(path)?, max_bytes)
}

/// As [`read`], where `-` is stdin.
pub(crate) fn read_or_stdin(path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
    match path == Path::new("-") {
        true => read_all(io::stdin().lock(), max_bytes),
        false => read(path, max_bytes),
    }
}

fn read_all(source: impl Read, max_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let more = max_bytes.saturating_add(1);
    let count = source.take(more).read_to_end(&mut bytes)?;
    if count as u64 > max_bytes {
        return Err(io::Error::other(format!(
            "it is larger than {} MiB",
            max_bytes >> 20
        )));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_at_the_limit_is_read_whole_and_one_above_it_is_refused() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        io::Write::write_all(&mut file, &[b'x'; 1 << 20]).unwrap();
        assert_eq!(read(file.path(), 1 << 20).unwrap().len(), 1 << 20);
        io::Write::write_all(&mut file, b"x").unwrap();
        let error = read(file.path(), 1 << 20).unwrap_err();
        assert_eq!(error.to_string(), "it is larger than 1 MiB");
    }
}
