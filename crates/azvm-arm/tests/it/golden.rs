//! Reads the recorded answers in `tests/data`.

use azvm_exchange::Response;
use std::fs;
use std::path::PathBuf;

/// The recorded answer of this name, such as `resource_group`.
#[track_caller]
pub(crate) fn response(name: &str) -> Response {
    let path = folder().join(format!("{name}.http"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let text = text.replace("\r\n", "\n"); // as a checkout on Windows may have it
    let (head, body) = text.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().strip_prefix("HTTP/1.1 ").unwrap();
    let headers = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let body = body.strip_suffix('\n').unwrap();
    Response::new(
        status[..3].parse().unwrap(),
        headers.collect(),
        body.as_bytes().to_vec(),
    )
}

/// The names of all recorded answers.
pub(crate) fn names() -> Vec<String> {
    let files = fs::read_dir(folder()).unwrap();
    files
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|file| Some(file.strip_suffix(".http")?.to_owned()))
        .collect()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}
