//! Files that arguments name.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// All bytes of a file.
///
/// # Errors
///
/// When it cannot be read, or has more than `max_bytes` bytes: half a file would be taken for a whole one.
pub(crate) fn read(path: &Path, max_bytes: u64) -> io::Result<Vec<u8>> {
    read_all(File::open(path)?, max_bytes)
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
