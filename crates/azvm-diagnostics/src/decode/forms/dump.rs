//! A response as .NET's clients print it: status, content and headers under their labels, in one order or the other.

use super::{Printed, json, status};
use azvm_exchange::Response;

/// So much of the headers is looked at, in bytes.
const MAX_HEAD: usize = 8 * 1024;

/// So much of a body that is no JSON is kept, in bytes.
const MAX_BODY: usize = 16 * 1024;

/// The headers of IMDS, of ARM, and of what stands before them: they tell one from the next where all are on one line.
const HEADERS: [&str; 28] = [
    "Allow",
    "Cache-Control",
    "Connection",
    "Content-Length",
    "Content-Type",
    "Date",
    "Expires",
    "Metadata-Flavor",
    "Pragma",
    "Proxy-Agent",
    "Proxy-Authenticate",
    "Proxy-Status",
    "Retry-After",
    "Server",
    "Strict-Transport-Security",
    "Transfer-Encoding",
    "Vary",
    "Via",
    "WWW-Authenticate",
    "X-CORRELATION-ID",
    "X-Cache",
    "X-Content-Type-Options",
    "X-Squid-Error",
    "x-ms-azure-host-authorization",
    "x-ms-correlation-request-id",
    "x-ms-failure-cause",
    "x-ms-request-id",
    "x-ms-routing-request-id",
];

pub(super) fn read(text: &str) -> Option<Printed> {
    // What was sent is printed before what was answered.
    let text = text.rsplit("HTTP RESPONSE").next()?;
    let (before, after) = split_label(text, "Headers:")?;
    let status = status::last(before)?;
    let (headers, rest) = headers(after);
    if headers.is_empty() {
        return None;
    }
    let content = ["Content:", "ResponseBody:", "Body:"];
    let labelled = |part: &str| {
        content
            .iter()
            .find_map(|it| split_label(part, it).map(|it| it.1.to_owned()))
    };
    let body = labelled(before).or_else(|| labelled(rest));
    let response = Response::new(
        status,
        headers,
        body.map(|text| trimmed(&text)).unwrap_or_default(),
    );
    Some(Printed {
        tells_who: true,
        response,
    })
}

/// Before and after a label that begins a word.
fn split_label<'a>(text: &'a str, label: &str) -> Option<(&'a str, &'a str)> {
    let mut places = text.match_indices(label);
    let (at, _) = places.find(|(at, _)| {
        let before = text[..*at].chars().next_back();
        before.is_none_or(|c| c.is_whitespace() || c == '|')
    })?;
    Some((&text[..at], &text[at + label.len()..]))
}

/// The headers that are known, and what follows them.
fn headers(text: &str) -> (Vec<(String, String)>, &str) {
    let body = split_label(text, "Body:");
    let mut end = text.len().min(MAX_HEAD);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = body.map_or(&text[..end], |(head, _)| head);
    // In some logs all are on one line.
    let mut places: Vec<(usize, &str)> = HEADERS
        .iter()
        .filter_map(|name| place(head, name))
        .collect();
    places.sort_unstable();
    let ends = places.iter().skip(1).map(|(at, _)| *at).chain([head.len()]);
    let headers = places.iter().zip(ends).map(|((at, name), end)| {
        let value = head[at + name.len()..end].trim_start_matches([' ', '\t', ':']);
        let value = value.lines().next().unwrap_or_default();
        ((*name).to_owned(), value.trim().to_owned())
    });
    let rest = match body {
        Some((head, _)) => &text[head.len()..],
        None => "",
    };
    (headers.collect(), rest)
}

/// Where a header stands, as a word before a colon.
fn place<'a>(head: &str, name: &'a str) -> Option<(usize, &'a str)> {
    let lower = head.to_ascii_lowercase();
    let wanted = name.to_ascii_lowercase();
    let mut places = lower.match_indices(wanted.as_str()).map(|(at, _)| at);
    let at = places.find(|&at| {
        let before = lower[..at].chars().next_back();
        let after = lower[at + wanted.len()..].trim_start_matches([' ', '\t']);
        before.is_none_or(char::is_whitespace) && after.starts_with(':')
    })?;
    Some((at, name))
}

/// JSON ends where it ends; of anything else all is kept that there is room for.
fn trimmed(text: &str) -> Vec<u8> {
    let text = text.trim();
    match json::first_value(text) {
        Some(value) => value.to_string().into_bytes(),
        None => text.bytes().take(MAX_BODY).collect(),
    }
}
