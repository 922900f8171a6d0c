//! Our request and response in hyper's types, and back.

use crate::TransportError;
use azvm_exchange::{HeaderValue as Value, Method, Origin, Request, Response};
use bytes::Bytes;
use http_body_util::Full;
use hyper::Uri;
use hyper::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};

/// What is sent after the head: everything or nothing.
pub(crate) type Body = Full<Bytes>;

/// A request as hyper sends it. It is large: each future that it is moved through carries room for it.
pub(crate) type Message = hyper::Request<Body>;

/// The name and version that a request gets which names none.
pub(crate) const AGENT: &str = concat!("azvm/", env!("CARGO_PKG_VERSION"));

/// The headers that decide where a message goes and where it ends are the transport's own.
const RESERVED: [&str; 5] = [
    "connection",
    "content-length",
    "host",
    "transfer-encoding",
    "upgrade",
];

/// Fails, before anything is opened, for a request that could not be sent exactly as it stands.
pub(crate) fn encode(origin: &Origin, request: &Request) -> Result<Message, TransportError> {
    let target = request.target();
    let uri: Uri = target
        .parse()
        .map_err(|_| TransportError::refused("the request target is not valid"))?;
    // A target with a scheme, a host or a fragment parses, but would not arrive as it stands.
    if !target.starts_with('/') || uri.path_and_query().is_none_or(|parsed| parsed != target) {
        return Err(TransportError::refused(
            "the request target is not a path with a query",
        ));
    }
    let mut headers = HeaderMap::with_capacity(request.headers().len() + 3);
    headers.append(HOST, header_value(origin.authority())?);
    for header in request.headers() {
        let name = HeaderName::from_bytes(header.name.as_bytes())
            .map_err(|_| TransportError::refused("a header name is not valid"))?;
        if RESERVED.contains(&name.as_str()) {
            return Err(TransportError::refused(
                "a header is set that the transport sets itself",
            ));
        }
        let mut value = header_value(header.value.expose())?;
        value.set_sensitive(matches!(header.value, Value::Secret(_)));
        headers.append(name, value);
    }
    headers
        .entry(USER_AGENT)
        .or_insert(HeaderValue::from_static(AGENT));
    if request.method() == Method::Post {
        // RFC 9110 section 8.6: for a method that gives a body a meaning also when there is none.
        headers.append(CONTENT_LENGTH, request.body().len().into());
    }
    let mut message = hyper::Request::new(Full::from(request.body().to_vec()));
    *message.method_mut() = method(request.method());
    *message.uri_mut() = uri;
    *message.headers_mut() = headers;
    Ok(message)
}

/// What came before a body, in hyper's types.
type Head = hyper::http::response::Parts;

pub(crate) fn decode(head: &Head, body: Vec<u8>) -> Response {
    let headers = head.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.as_str().to_owned(), value.into_owned())
    });
    #[cfg(feature = "reason-phrase")]
    let headers = headers.chain(reason_phrase(head));
    Response::new(head.status.as_u16(), headers.collect(), body)
}

/// The name under which a response has the words of its status line, where they are others than the status has by RFC
/// 9110 section 15. No header can have it.
#[cfg(feature = "reason-phrase")]
pub const REASON_PHRASE: &str = ":reason";

/// As a header, for it is as much the server's own words as one.
#[cfg(feature = "reason-phrase")]
fn reason_phrase(head: &Head) -> Option<(String, String)> {
    let phrase = head.extensions.get::<hyper::ext::ReasonPhrase>()?;
    let phrase = String::from_utf8_lossy(phrase.as_bytes());
    let phrase = phrase.trim();
    let usual = head.status.canonical_reason().unwrap_or_default();
    let is_own = !phrase.is_empty() && !phrase.eq_ignore_ascii_case(usual);
    is_own.then(|| (REASON_PHRASE.to_owned(), phrase.to_owned()))
}

fn header_value(text: &str) -> Result<HeaderValue, TransportError> {
    HeaderValue::from_str(text)
        .map_err(|_| TransportError::refused("a header value is not visible ASCII"))
}

fn method(method: Method) -> hyper::Method {
    hyper::Method::from_bytes(method.as_str().as_bytes())
        .expect("the verbs of `Method` are valid tokens")
}
