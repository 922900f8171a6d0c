//! Words of an answer that stand elsewhere than where its reader looks: in the status line, in a page, or with success.
//!
//! The answer is put into a form in which the reader finds them, and nothing is added to it:
//!
//! | the answer | is read as |
//! |---|---|
//! | 200 with `error` | a refusal with the status 200 |

use azvm_exchange::Response;
use azvm_imds::{ProtocolError, Rejection};

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

    fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let headers = headers
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()));
        Response::new(status, headers.collect(), body.into())
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
