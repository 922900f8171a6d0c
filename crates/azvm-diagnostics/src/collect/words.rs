//! Words of an answer that stand elsewhere than where its reader looks: in the status line, in a page, or with success.
//!
//! The answer is put into a form in which the reader finds them, and nothing is added to it:
//!
//! | the answer | is read as |
//! |---|---|
//! | an empty body, and words of its own in the status line | those words as plain text |
//! | XML, or a web server's own 403 | the first words between its tags as plain text |
//! | another page | the same, still declared a page, which marks a proxy |
//! | 200 with `error` | a refusal with the status 200 |
//! | `odata.error`, as the directory's older service has it | its code and message as plain text |

use crate::facts::Marks;
use azvm_arm::ArmError;
use azvm_exchange::{Response, service_text};
use azvm_http::REASON_PHRASE;
use azvm_imds::{ProtocolError, Rejection, Responder};

/// With the words of the status line in an empty body.
pub(super) fn with_reason(response: &Response) -> Option<Response> {
    let phrase = response.header(REASON_PHRASE)?;
    let is_empty = response.body().is_empty();
    is_empty.then(|| with_text(response, phrase, None))
}

/// With the words of a page or of XML, and nothing of its form. The reader takes words that start with a letter.
pub(super) fn without_tags(response: &Response) -> Option<Response> {
    let body = response.json_body().trim_ascii_start();
    if !body.starts_with(b"<") || response.unread_form().is_some() {
        return None;
    }
    let error = ArmError::read(response);
    let words = error.message()?;
    let is_readable = words.starts_with(char::is_alphabetic);
    let is_nobodys = is_xml(response) || is_web_servers(response);
    let kind = match is_nobodys {
        true => "text/plain",
        false => "text/html",
    };
    is_readable.then(|| with_text(response, words, Some(kind)))
}

/// With the words of an OData error, which IMDS's reader does not know: `{"odata.error":{"code":C,"message":{"value":M}}}`.
pub(super) fn of_odata(response: &Response) -> Option<Response> {
    const NAME: &[u8] = b"\"odata.error\"";
    let body = response.json_body();
    if response.status() == 200 || !body.windows(NAME.len()).any(|part| part == NAME) {
        return None;
    }
    let own = Rejection::read(response);
    if own.error().is_some() || own.description().is_some() {
        return None;
    }
    let error = ArmError::read(response);
    let words: Vec<&str> = [error.code(), error.message()]
        .into_iter()
        .flatten()
        .collect();
    let words = words.join(": ");
    let is_readable = words.starts_with(char::is_alphabetic);
    is_readable.then(|| with_text(response, &words, Some("text/plain")))
}

/// By what a server other than IMDS names itself, and where it sends its reader.
pub(super) fn marks(response: &Response) -> Marks {
    if Responder::of(response).is_imds() {
        return Marks::default();
    }
    let header = |name: &str| {
        let value = service_text(response.header(name)?);
        (!value.is_empty()).then_some(value)
    };
    Marks {
        server: header("server"),
        via: header("via"),
        squid_error: header("x-squid-error"),
        redirects_to: header("location").and_then(|it| without_secrets(&it)),
    }
}

/// An address without its user, query and fragment.
fn without_secrets(url: &str) -> Option<String> {
    let plain = url.split(['?', '#']).next()?;
    let bare = match plain.split_once("//") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = authority.rsplit('@').next()?;
            format!("{scheme}//{host}{path}")
        }
        None => plain.into(),
    };
    (!bare.is_empty()).then_some(bare)
}

/// The platform's other services answer so, which are no proxy. Source: Azure/WALinuxAgent#142, where it is a page.
fn is_web_servers(response: &Response) -> bool {
    let server = response.header("server").unwrap_or_default();
    let is_server = |name: &str| {
        let start = server.get(..name.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    response.status() == 403 && (is_server("Microsoft-IIS/") || is_server("Microsoft-HTTPAPI/"))
}

fn is_xml(response: &Response) -> bool {
    let body = response.json_body().trim_ascii_start();
    let kind = response.header("content-type").unwrap_or_default();
    let kind = kind.to_ascii_lowercase();
    let is_declared = kind.contains("/xml") || kind.contains("+xml");
    !kind.contains("html") && (is_declared || body.starts_with(b"<?xml"))
}

/// With these words for its body, of this media type if it is another one now.
fn with_text(response: &Response, words: &str, kind: Option<&str>) -> Response {
    let is_type = |name: &str| name.eq_ignore_ascii_case("content-type");
    let kept = response.headers();
    let kept = kept.filter(|(name, _)| kind.is_none() || !is_type(name));
    let headers = kept.chain(kind.map(|kind| ("content-type", kind)));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Response::new(response.status(), headers.collect(), words.into())
}

/// What the service says is wrong, in an answer that says by its status that nothing is.
pub(super) fn refusal_with_success(response: &Response) -> Option<ProtocolError> {
    let rejection = Rejection::read(response);
    let says_what = rejection.error().is_some_and(|error| !error.is_empty());
    let is_refusal = response.status() == 200 && says_what;
    is_refusal.then(|| ProtocolError::Rejected(Box::new(rejection)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use azvm_imds::Responder;

    fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let headers = headers
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()));
        Response::new(status, headers.collect(), body.into())
    }

    fn read(response: &Response) -> (Responder, Option<String>) {
        let rejection = Rejection::read(response);
        let words = rejection.description().map(Into::into);
        (rejection.responder(), words)
    }

    #[test]
    fn a_status_line_speaks_for_an_empty_body() {
        let line = |headers: &[(&str, &str)], body| {
            let headers = [headers, &[(REASON_PHRASE, "Blocked by rule")]].concat();
            with_reason(&response(403, &headers, body)).map(|it| read(&it))
        };
        let words = Some("Blocked by rule".to_owned());
        let close = ("Connection", "close");
        assert_eq!(
            line(&[close], ""),
            Some((Responder::Unknown, words.clone()))
        );
        let imds = ("Server", "IMDS/1.2.3.4");
        assert_eq!(line(&[imds], ""), Some((Responder::Imds, words.clone())));
        let via = ("Via", "1.1 x");
        assert_eq!(line(&[via], ""), Some((Responder::HttpProxy, words)));
        assert_eq!(line(&[], "x"), None);
        assert!(with_reason(&response(403, &[close], "")).is_none());
    }

    #[test]
    fn a_page_stays_one_and_xml_is_none() {
        let page = |headers: &[(&str, &str)], body| {
            without_tags(&response(403, headers, body)).map(|it| read(&it))
        };
        let html = "<!DOCTYPE html><html><h1>Not here</h1></html>";
        let words = Some("Not here".to_owned());
        assert_eq!(page(&[], html), Some((Responder::HttpProxy, words.clone())));
        let xml = "\u{feff}<?xml version=\"1.0\"?><Error><Message>Not here</Message></Error>";
        assert_eq!(page(&[], xml), Some((Responder::Unknown, words.clone())));
        let declared = [("Content-Type", "Text/XML; charset=utf-8")];
        let bare = "<Error>Not here</Error>";
        assert_eq!(
            page(&declared, bare),
            Some((Responder::Unknown, words.clone()))
        );
        let via = [("Via", "1.1 x"), ("Content-Type", "application/xml")];
        assert_eq!(page(&via, xml), Some((Responder::HttpProxy, words.clone())));
        let iis = [
            ("Server", "Microsoft-IIS/8.5"),
            ("Content-Type", "text/html"),
        ];
        assert_eq!(page(&iis, html), Some((Responder::Unknown, words.clone())));
        let nginx = [("Server", "nginx"), ("Content-Type", "text/html")];
        assert_eq!(page(&nginx, html), Some((Responder::HttpProxy, words)));
        // Words that a reader would not take for such, and none at all.
        for body in [
            "<p>{\"access_token\":\"x\"}",
            "<p>7",
            "<html></html>",
            "x",
            "{}",
            "",
        ] {
            assert_eq!(page(&[], body), None, "{body}");
        }
    }

    #[test]
    fn an_odata_error_has_words() {
        let body = r#"{"odata.error":{"code":"Request_BadRequest","message":{"lang":"en","value":"No."}}}"#;
        let words = Some("Request_BadRequest: No.".to_owned());
        let imds = ("Server", "IMDS/1.2.3.4");
        let of = |status, headers: &[(&str, &str)], body| {
            of_odata(&response(status, headers, body)).map(|it| read(&it))
        };
        assert_eq!(
            of(400, &[imds], body),
            Some((Responder::Imds, words.clone()))
        );
        assert_eq!(of(400, &[], body), Some((Responder::Unknown, words)));
        // What has words of its own keeps them; a value is no name of a member, and nothing is no words.
        for body in [
            r#"{"error":"E","odata.error":{"code":"C"}}"#,
            r#"{"x":"odata.error"}"#,
            r#"{"odata.error":{}}"#,
            r#"{"odata.error":{"code":"1"}}"#,
            "",
        ] {
            assert_eq!(of(400, &[], body), None, "{body}");
        }
        assert_eq!(of(200, &[], body), None);
    }

    #[test]
    fn a_redirection_is_kept_without_what_may_be_secret() {
        for (url, kept) in [
            ("https://u:p@a.example:8/b?s=1#f", "https://a.example:8/b"),
            ("https://a.example?next=//u@b/", "https://a.example"),
            ("//u@a.example/b", "//a.example/b"),
            ("/login;x#y", "/login;x"),
        ] {
            let portal = response(302, &[("Location", url)], "");
            assert_eq!(marks(&portal).redirects_to.as_deref(), Some(kept));
        }
        let nowhere = marks(&response(302, &[("Location", "?s=1"), ("Via", "")], ""));
        assert_eq!(nowhere, Marks::default());
        let imds = [("Server", "IMDS/1.2.3.4"), ("Via", "1.1 x")];
        assert_eq!(marks(&response(302, &imds, "")), Marks::default());
    }

    #[test]
    fn an_error_is_one_whatever_the_status() {
        let read = |status, body| refusal_with_success(&response(status, &[], body));
        let error = read(200, r#"{"error":"E","error_description":"D"}"#).unwrap();
        assert_eq!(error.to_string(), "an IMDS stand-in answered 200 E: D");
        for body in [
            "{}",
            "",
            "opaque",
            r#"{"error":""}"#,
            r#"{"error":null}"#,
            r#"{"error_description":"D"}"#,
        ] {
            assert!(read(200, body).is_none(), "{body}");
        }
        assert!(read(400, r#"{"error":"E"}"#).is_none());
    }
}
