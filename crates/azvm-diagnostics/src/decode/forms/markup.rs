//! XML of a service, and pages that something else has put in the place of an answer.

use super::{Printed, status};
use azvm_exchange::Response;
use serde_json::json;

/// So much of a page is kept, in bytes.
const MAX_PAGE: usize = 16 * 1024;

/// How a page begins, in lower case.
const STARTS: [&str; 2] = ["<!doctype html", "<html"];

pub(super) fn read(text: &str) -> Option<Printed> {
    error(text).or_else(|| page(text))
}

/// `<Error><Code>…</Code><Message>…</Message></Error>`, as storage accounts and older services send it.
fn error(text: &str) -> Option<Printed> {
    let (before, inside) = text.split_once("<Error")?;
    let code = element(inside, "Code")?;
    let message = element(inside, "Message").unwrap_or_default();
    let body = json!({ "code": code.trim(), "message": message.trim() }).to_string();
    let status = status::last(before).or_else(|| status::first(text));
    Some(Printed {
        response: Response::new(status.unwrap_or(0), vec![], body.into_bytes()),
        tells_who: false,
    })
}

fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0)
}

fn page(text: &str) -> Option<Printed> {
    let lower = text.to_ascii_lowercase();
    let start = STARTS.iter().filter_map(|it| lower.find(it)).min()?;
    let end = lower[start..]
        .find("</html>")
        .map_or(text.len(), |at| start + at + "</html>".len());
    let page = &text[start..end];
    let status = status::last(&text[..start])
        .or_else(|| in_heading(page))
        .or_else(|| status::first(text));
    let headers = vec![("Content-Type".to_owned(), "text/html".to_owned())];
    let body = page.bytes().take(MAX_PAGE).collect();
    Some(Printed {
        response: Response::new(status.unwrap_or(0), headers, body),
        tells_who: true,
    })
}

/// `<title>403 Forbidden</title>`, as nginx and its kin write it.
fn in_heading(page: &str) -> Option<u16> {
    let headings = ["title", "TITLE", "h1", "H1"]
        .iter()
        .filter_map(|name| element(page, name));
    let mut words = headings.flat_map(str::split_whitespace);
    let status = words.find_map(|word| word.parse().ok());
    status.filter(|status| (400..600).contains(status))
}
