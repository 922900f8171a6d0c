//! A response with its head: `HTTP/1.1 400 …`, headers, and after an empty line the body.

use super::Printed;
use azvm_exchange::Response;

/// So many headers are read.
const MAX_HEADERS: usize = 100;

/// The marks of `curl -v` are taken off.
pub(super) fn read(text: &str) -> Option<Printed> {
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.strip_prefix("< ").unwrap_or(line))
        .map(|line| if line == "<" { "" } else { line })
        .collect();
    let start = lines.iter().position(|line| status(line).is_some())?;
    let status = status(lines[start])?;
    let rest = &lines[start + 1..];
    let head = rest.iter().position(|line| line.trim().is_empty());
    let (head, body) = rest.split_at(head.unwrap_or(rest.len()));
    let headers = head.iter().filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.trim().into(), value.trim().into()));
    let is_body = |line: &&&str| !line.starts_with("* ") && !line.starts_with("{ [");
    let body: Vec<&str> = body.iter().filter(is_body).copied().collect();
    let body = body.join("\n").trim().as_bytes().to_vec();
    Some(Printed {
        response: Response::new(status, headers.take(MAX_HEADERS).collect(), body),
        tells_who: true,
    })
}

/// Of a line such as `HTTP/1.1 400 Bad Request`.
fn status(line: &str) -> Option<u16> {
    let rest = line.trim_start().strip_prefix("HTTP/")?;
    let status: u16 = rest.split_whitespace().nth(1)?.parse().ok()?;
    (100..600).contains(&status).then_some(status)
}
