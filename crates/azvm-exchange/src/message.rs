//! Requests and responses.

use crate::secret::cut_out;
use crate::{Secret, Timestamp, UnreadForm};
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

/// The verbs that IMDS and ARM are asked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// `GET`, without a body.
    Get,
    /// `POST`, with a body.
    Post,
}

impl Method {
    /// As it stands in the request line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// One request, relative to an [`Origin`](crate::Origin). The transport adds `Host`, for a body `Content-Length`, and
/// nothing else that matters. `Debug` prints the size of the body, not the body.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    method: Method,
    target: String,
    headers: Vec<Header>,
    body: Vec<u8>,
    max_response_bytes: usize,
}

/// The largest body that is read in answer to a request which sets no smaller limit.
pub const DEFAULT_MAX_RESPONSE_BYTES: usize = 1024 * 1024;

impl Request {
    /// A `GET` of `target`, which is a path with its query, already percent-encoded, starting with `/`.
    pub fn get(target: String) -> Self {
        Self {
            method: Method::Get,
            target,
            headers: Vec::new(),
            body: Vec::new(),
            max_response_bytes: DEFAULT_MAX_RESPONSE_BYTES,
        }
    }

    /// A `POST` of `body`, which is JSON, to `target`. The body may be shown: secrets belong into headers.
    pub fn post_json(target: String, body: Vec<u8>) -> Self {
        Self {
            method: Method::Post,
            body,
            ..Self::get(target)
        }
        .with_header("Content-Type", "application/json")
    }

    /// Sets how many bytes of body the transport reads before it gives up; [`DEFAULT_MAX_RESPONSE_BYTES`] otherwise.
    #[must_use]
    pub fn with_max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = bytes;
        self
    }

    /// Adds a header with a value that may be shown. Give `name` in its usual spelling, such as `Metadata`: HTTP does
    /// not care, and a transport may write it in another case.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push(Header {
            name,
            value: HeaderValue::Public(value.into()),
        });
        self
    }

    /// Adds `Authorization: Bearer <token>`.
    #[must_use]
    pub fn with_bearer(mut self, token: &Secret) -> Self {
        let mut value = String::with_capacity("Bearer ".len() + token.len());
        value.push_str("Bearer ");
        value.push_str(token.expose());
        self.headers.push(Header {
            name: "Authorization",
            value: HeaderValue::Secret(Secret::new(value)),
        });
        self
    }

    /// The verb.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Path and query.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The path alone; query values stay out of logs.
    pub fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(self.target.as_str(), |(path, _)| path)
    }

    /// What is sent after the headers; empty for a `GET`.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// In the order in which they were added.
    pub fn headers(&self) -> &[Header] {
        &self.headers
    }

    /// How many bytes of body the transport reads before it gives up.
    pub fn max_response_bytes(&self) -> usize {
        self.max_response_bytes
    }

    /// What the secret headers hold, without an authentication scheme before it.
    fn secrets(&self) -> impl Iterator<Item = &str> {
        self.headers
            .iter()
            .filter_map(|header| match &header.value {
                HeaderValue::Public(_) => None,
                HeaderValue::Secret(secret) => secret.expose().rsplit(' ').next(),
            })
    }

    /// True when a header holds a [`Secret`]: such a request must not go to a host that was not chosen for it.
    pub fn has_secret(&self) -> bool {
        self.headers
            .iter()
            .any(|header| matches!(header.value, HeaderValue::Secret(_)))
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("target", &self.target)
            .field("headers", &self.headers)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A request header.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// In its usual spelling.
    pub name: &'static str,
    /// Shown or hidden.
    pub value: HeaderValue,
}

/// A header's value.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderValue {
    /// May be logged.
    Public(Cow<'static, str>),
    /// Must not be shown.
    Secret(Secret),
}

impl HeaderValue {
    /// The text for the wire, hidden or not; see [`Secret::expose`].
    pub fn expose(&self) -> &str {
        match self {
            Self::Public(text) => text,
            Self::Secret(secret) => secret.expose(),
        }
    }
}

impl fmt::Debug for HeaderValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public(text) => fmt::Debug::fmt(text, f),
            Self::Secret(secret) => fmt::Debug::fmt(secret, f),
        }
    }
}

/// One complete response. `Debug` prints status, header names and sizes only, for the body may hold a token.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Response {
    /// From what was received: names in any case, values as text (bytes that are not UTF-8 replaced), the whole body.
    pub fn new(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        Self {
            status,
            headers,
            body,
        }
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The first header of this name, ignoring case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Every header, in the order in which they came: name in any case, value.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The body's bytes. They may hold a token.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The same response with every occurrence of what `request` keeps secret cut out of headers and body: some servers
    /// quote the request in their errors. A secret of fewer than eight bytes is left, for it could be part of anything.
    #[must_use]
    pub fn without_secrets_of(mut self, request: &Request) -> Self {
        for secret in request.secrets() {
            for (_, value) in &mut self.headers {
                if let Some(clean) = cut_out(value.as_bytes(), secret) {
                    *value = String::from_utf8(clean).unwrap_or_default();
                }
            }
            if let Some(clean) = cut_out(&self.body, secret) {
                self.body = clean;
            }
        }
        self
    }

    /// The body as JSON text: without the byte order mark that some servers write before it.
    pub fn json_body(&self) -> &[u8] {
        self.body
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(&self.body)
    }

    /// The form of a body that no reader takes, compressed or UTF-16; `None` for text, and for what has no such mark.
    pub fn unread_form(&self) -> Option<UnreadForm> {
        UnreadForm::of(self.header("content-encoding"), &self.body)
    }

    /// When the server says it answered, from the `Date` header.
    pub fn date(&self) -> Option<Timestamp> {
        self.header("date").and_then(Timestamp::from_http_date)
    }

    /// How long the server asks to wait: `Retry-After` in seconds, or as a date relative to the same answer's `Date`
    /// (RFC 9110 section 10.2.3). `None` when absent or unreadable; not capped here.
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.header("retry-after")?.trim();
        if let Ok(seconds) = value.parse::<u64>() {
            return Some(Duration::from_secs(seconds));
        }
        let wait_secs = Timestamp::from_http_date(value)?.seconds_since(self.date()?);
        Some(Duration::from_secs(u64::try_from(wait_secs).unwrap_or(0)))
    }

    /// The id under which the service's support finds this answer: `x-ms-request-id`.
    pub fn request_id(&self) -> Option<&str> {
        self.header("x-ms-request-id")
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("header_names", &names)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec;

    fn with_headers(headers: &[(&str, &str)]) -> Response {
        let headers = headers
            .iter()
            .map(|&(name, value)| (name.into(), value.into()))
            .collect();
        Response::new(429, headers, vec![])
    }

    #[test]
    fn a_post_has_a_body_and_its_type() {
        let request = Request::post_json("/x".into(), b"{}".to_vec());
        assert_eq!(request.method().as_str(), "POST");
        assert_eq!(request.body(), b"{}");
        assert_eq!(request.headers()[0].name, "Content-Type");
        assert_eq!(request.headers()[0].value.expose(), "application/json");
        assert!(format!("{request:?}").contains("body_bytes: 2"));
        assert!(Request::get("/x".into()).body().is_empty());
    }

    #[test]
    fn debug_hides_bearer_and_body() {
        let request = Request::get("/x?y=1".into())
            .with_header("Metadata", "true")
            .with_bearer(&Secret::new("t0ken".into()));
        let response = Response::new(200, vec![("A".into(), "t0ken".into())], b"t0ken".to_vec());
        let shown = format!("{request:?} {response:?}");
        assert!(!shown.contains("t0ken"), "{shown}");
        assert!(
            shown.contains("Metadata") && shown.contains("body_bytes: 5"),
            "{shown}"
        );
        assert_eq!(request.path(), "/x");
        assert!(request.has_secret());
    }

    #[test]
    fn a_secret_that_is_quoted_back_is_cut_out() {
        let request =
            |token: &str| Request::get("/".into()).with_bearer(&Secret::new(token.into()));
        let headers = vec![("X".into(), "got opaque-t0ken".into())];
        let body = b"opaque-t0ken and opaque-t0ken!".to_vec();
        let clean = Response::new(400, headers, body).without_secrets_of(&request("opaque-t0ken"));
        assert_eq!(clean.header("x"), Some("got <redacted>"));
        assert_eq!(clean.body(), b"<redacted> and <redacted>!");
        let untouched = Response::new(400, vec![], b"abc opaque".to_vec());
        for token in ["opaque-t0ken", "a"] {
            let clean = untouched.clone().without_secrets_of(&request(token));
            assert_eq!(clean, untouched, "{token}");
        }
    }

    #[test]
    fn retry_after_in_both_forms() {
        let date = ("Date", "Sat, 21 Nov 2026 10:58:29 GMT");
        let secs =
            |headers: &[(&str, &str)]| with_headers(headers).retry_after().map(|d| d.as_secs());
        assert_eq!(secs(&[("retry-after", " 20 ")]), Some(20));
        assert_eq!(
            secs(&[date, ("Retry-After", "Sat, 21 Nov 2026 10:58:59 GMT")]),
            Some(30)
        );
        assert_eq!(
            secs(&[date, ("Retry-After", "Sat, 21 Nov 2026 10:00:00 GMT")]),
            Some(0)
        );
        assert_eq!(
            secs(&[("Retry-After", "Sat, 21 Nov 2026 10:58:59 GMT")]),
            None
        );
        assert_eq!(secs(&[("Retry-After", "-1")]), None);
        assert_eq!(secs(&[]), None);
    }
}
