//! The head of an HTTP/1 request, as a capture, a log or `curl -v` shows it.
//!
//! ```text
//! request-line = method SP request-target SP HTTP-version     (RFC 9112 section 3)
//! field-line   = field-name ":" OWS field-value OWS           (RFC 9112 section 5)
//! ```

use super::parsed::{Form, Header, Parsed};
use super::traced::Traced;
use super::url::Url;
use std::ops::Range;

/// The most headers that are looked at.
const MAX_HEADERS: usize = 128;

const METHODS: [&str; 9] = [
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
];

/// Reads a request head; `None` when the first line that is not empty is no request line.
pub(super) fn read(input: &str) -> Option<Parsed> {
    let mut lines = lines(input).skip_while(|line| is_noise(&input[line.clone()]));
    let line = Traced::part(input, lines.next()?);
    let (method, rest) = line.split_once(' ')?;
    let end = rest.as_str().rfind(" HTTP/")?;
    if !METHODS.contains(&method.as_str()) {
        return None;
    }
    let target = rest.slice(0..end);
    let mut parsed = Parsed::new(Form::Http);
    parsed
        .harmless
        .extend([method.whole(), rest.span(end..rest.len())]);
    parsed.method = Some((method.as_str().into(), method.whole()));
    let mut headers = vec![];
    let lines = lines.take_while(|line| !is_end(&input[line.clone()]));
    for line in lines.take(MAX_HEADERS) {
        if let Some((name, value)) = Traced::part(input, line).split_once(':') {
            headers.push(Header {
                name: name.trim(),
                value: value.trim(),
            });
        }
    }
    parsed.url = Some(url(&target, &headers));
    parsed
        .harmless
        .extend(headers.iter().flat_map(Header::harmless));
    parsed.headers = Some(headers);
    parsed
        .harmless
        .extend(parsed.url.iter().flat_map(Url::harmless));
    Some(parsed)
}

/// A target is a path; host and port are in a header of their own.
fn url(target: &Traced, headers: &[Header]) -> Url {
    let mut url = Url::read(target);
    if target.as_str().starts_with('/') {
        // A doubled slash begins no authority here: a stand-in for the host keeps it in the path.
        let at = target.whole().start;
        let mut with_host = Traced::at(at);
        with_host.push('h', at..at);
        with_host.append(target);
        url = Url::read(&with_host);
        url.host = Traced::at(at);
        url.whole = target.clone();
    }
    let host = headers
        .iter()
        .find(|header| header.name.as_str().eq_ignore_ascii_case("host"));
    if let Some(host) = host.filter(|_| url.host.is_empty()) {
        let authority = Url::read(&host.value);
        url.host = authority.host;
        url.port = authority.port;
    }
    url
}

/// The ranges of the lines, without line ends and without the `> ` of `curl -v`.
fn lines(input: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    input.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        let line = line.trim_end_matches(['\n', '\r']);
        let mark = line.len() - line.strip_prefix("> ").unwrap_or(line).len();
        start + mark..start + line.len()
    })
}

/// What `curl -v` says of itself.
fn is_noise(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with("* ") || line.starts_with('{')
}

fn is_end(line: &str) -> bool {
    line.trim().is_empty() || line.trim() == ">" || line.starts_with("< ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_is_read() {
        let input = "* Connected\n> GET //a?b=c HTTP/1.1\r\n> Host: 127.0.0.1:8080\r\n> Metadata:true\r\n> \r\n< HTTP/1.1 200 OK\n";
        let parsed = read(input).unwrap();
        let url = parsed.url.clone().unwrap();
        assert_eq!(
            (url.host.as_str(), url.port.unwrap().as_str()),
            ("127.0.0.1", "8080")
        );
        assert_eq!(url.path.as_str(), "//a");
        assert_eq!(&input[url.whole.whole()], "//a?b=c");
        let metadata: Vec<_> = parsed.headers_named("metadata").collect();
        assert_eq!(metadata[0].value.as_str(), "true");
        assert_eq!(parsed.headers.unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_request_line_is_not_read() {
        for input in [
            "",
            "GET /",
            "curl HTTP/1.1",
            "get / HTTP/1.1",
            "HTTP/1.1 200 OK",
        ] {
            assert!(read(input).is_none(), "{input}");
        }
    }
}
