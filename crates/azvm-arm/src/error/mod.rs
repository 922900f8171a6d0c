//! ARM's refusals.

mod code;
mod detail;
mod envelope;
mod hints;
mod stranger;

pub use code::ErrorCode;
pub use detail::{AdditionalInfo, ErrorDetail, MAX_DETAILS};
pub use hints::{Denied, MAX_HINTS, TokenHints};
pub use stranger::Sender;

use crate::wire::Loose;
use crate::{Challenge, RequestIds, Throttling};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use azvm_exchange::{Response, service_text};
use core::fmt;
use envelope::Words;
use hints::Hints;

/// An answer of ARM, or of something on the way to it, that is not the one asked for.
///
/// Branch on [`error_code`](Self::error_code) and [`status`](Self::status); the message is for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArmError(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    status: u16,
    code: Option<String>,
    /// The code stood in an envelope.
    is_enveloped: bool,
    /// HTML, and no error of a service.
    is_page: bool,
    message: Option<String>,
    target: Option<String>,
    details: Vec<ErrorDetail>,
    additional_info: Vec<AdditionalInfo>,
    hints: Hints,
    request_ids: RequestIds,
    throttling: Throttling,
    challenges: Vec<Challenge>,
    /// Of an answer that is not ARM's.
    sender: Sender,
}

impl ArmError {
    /// Reads a refusal. Never fails: a body that is no service's error leaves [`code`](Self::code) empty.
    pub fn read(response: &Response) -> Self {
        let (error, is_enveloped) = envelope::read(response.json_body());
        let show = |text: &str| Some(service_text(text)).filter(|text| !text.is_empty());
        let shown = |text: &Loose<String>| text.0.as_deref().and_then(show);
        let words = error.message.0.as_ref().map(|Words(words)| words.as_str());
        let code = shown(&error.code);
        let mut read = Self(Box::new(Inner {
            status: response.status(),
            is_page: code.is_none() && is_html(response),
            code,
            is_enveloped,
            message: words.and_then(show).or_else(|| unread_words(response)),
            target: shown(&error.target),
            // Of the whole text: what is shown may be cut before the end.
            hints: Hints::read(words.unwrap_or_default()),
            details: detail::details(error.details),
            additional_info: detail::infos(error.additional_info),
            request_ids: RequestIds::read(response),
            throttling: Throttling::read(response),
            challenges: Challenge::read_response(response),
            sender: Sender::default(),
        }));
        if !read.is_from_arm() {
            read.0.sender = Sender::read(response);
        }
        read
    }

    /// A 200 with a body that is not `what` was asked for.
    pub(crate) fn unreadable(response: &Response, what: &str) -> Self {
        let mut error = Self::read(response);
        let what = format!("the body is no {what}");
        error.0.message = Some(match unread_words(response) {
            Some(words) => format!("{what}; instead: {words}"),
            None => what,
        });
        error
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// `error.code`: `AuthorizationFailed`, `ResourceGroupNotFound`, … `None` when the body is no error of a service, in
    /// which case something else may have answered; see [`is_from_arm`](Self::is_from_arm).
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// Which of the known codes [`code`](Self::code) is, if there is one.
    pub fn error_code(&self) -> Option<ErrorCode> {
        self.code().map(ErrorCode::from_text)
    }

    /// Which of the known codes tells most: [`code`](Self::code), or when that is not known here, the first known one of
    /// [`details`](Self::details). Some services put a refusal into another one, with a code as general as `Forbidden`.
    pub fn most_specific_code(&self) -> Option<ErrorCode> {
        let own = self.error_code()?;
        if own != ErrorCode::Other {
            return Some(own);
        }
        let inner = self
            .details()
            .iter()
            .filter_map(|detail| detail.code.as_deref());
        let mut known = inner
            .map(ErrorCode::from_text)
            .filter(|code| *code != ErrorCode::Other);
        Some(known.next().unwrap_or(own))
    }

    /// `error.message`, for a person; of a body that is no JSON, its first words, or that it is compressed or UTF-16. May
    /// be localised.
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// `error.target`: what the error is about.
    pub fn target(&self) -> Option<&str> {
        self.0.target.as_deref()
    }

    /// `error.details`, at most [`MAX_DETAILS`] of them.
    pub fn details(&self) -> &[ErrorDetail] {
        &self.0.details
    }

    /// `error.additionalInfo`, at most [`MAX_DETAILS`] of them.
    pub fn additional_info(&self) -> &[AdditionalInfo] {
        &self.0.additional_info
    }

    /// The ids of the answer: give them to support.
    pub fn request_ids(&self) -> &RequestIds {
        &self.0.request_ids
    }

    /// The throttling headers of the answer.
    pub fn throttling(&self) -> &Throttling {
        &self.0.throttling
    }

    /// `x-ms-request-id`: give it to support.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_ids.request_id.as_deref()
    }

    /// `x-ms-correlation-request-id`: give it to support.
    pub fn correlation_id(&self) -> Option<&str> {
        self.0.request_ids.correlation_id.as_deref()
    }

    /// The Bearer challenge of a 401: of several, the first that names a tenant, an error or claims.
    pub fn challenge(&self) -> Option<&Challenge> {
        let challenges = &self.0.challenges;
        let says_something = |challenge: &&Challenge| **challenge != Challenge::default();
        challenges
            .iter()
            .find(says_something)
            .or_else(|| challenges.first())
    }

    /// Every Bearer challenge of the answer.
    pub fn challenges(&self) -> &[Challenge] {
        &self.0.challenges
    }

    /// True when ARM answered, and nothing between: the headers carry one of its ids or what is left of a budget, or the
    /// body is its envelope, or one without the envelope and with a code that is known here. A page for a browser is never
    /// ARM's: a device that puts its own in the place of the body may leave ARM's headers.
    pub fn is_from_arm(&self) -> bool {
        if self.0.is_page {
            return false;
        }
        let ids = self.request_ids();
        let has_mark = *ids != RequestIds::default() || !self.throttling().budgets.is_empty();
        let is_known = || {
            self.error_code()
                .is_some_and(|code| code != ErrorCode::Other)
        };
        has_mark || self.0.is_enveloped || is_known()
    }

    /// True when the error stood in an envelope with a code, which is a mark of ARM.
    pub fn is_enveloped(&self) -> bool {
        self.0.is_enveloped
    }

    /// True when the answer is a page for a browser.
    pub fn is_page(&self) -> bool {
        self.0.is_page
    }

    /// Who says to have written an answer that is not [from ARM](Self::is_from_arm).
    pub fn sender(&self) -> &Sender {
        &self.0.sender
    }

    /// Who was denied what, lifted out of the message of a 403. A hint: the wording is not a contract.
    pub fn denied(&self) -> Option<Denied> {
        self.0.hints.denied.clone()
    }

    /// What was wrong with the token, lifted out of the message of a 401. A hint: the wording is not a contract.
    pub fn token_hints(&self) -> Option<&TokenHints> {
        self.0.hints.token.as_ref()
    }

    /// The api-versions that would do, lifted out of the message of [`ErrorCode::InvalidApiVersionParameter`] or
    /// [`ErrorCode::NoRegisteredProviderFound`]; at most [`MAX_HINTS`] of them. A hint: the wording is not a contract.
    pub fn supported_api_versions(&self) -> &[String] {
        &self.0.hints.api_versions
    }

    /// The provider to register, lifted out of the message of [`ErrorCode::MissingSubscriptionRegistration`]. A hint.
    pub fn unregistered_namespace(&self) -> Option<&str> {
        self.0.hints.namespace.as_deref()
    }
}

fn is_html(response: &Response) -> bool {
    let kind = response.header("content-type").unwrap_or_default();
    let kind = kind.trim_start().get(.."text/html".len());
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case("text/html"))
}

/// What can be said of a body that is no JSON: its first words, or why there are none.
fn unread_words(response: &Response) -> Option<String> {
    let form = response.unread_form().map(|form| form.to_string());
    form.or_else(|| stranger::first_words(response.body()))
}

impl fmt::Display for ArmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = if self.is_from_arm() {
            "ARM"
        } else {
            "a server in ARM's place"
        };
        write!(f, "{who} answered {}", self.0.status)?;
        if let Some(code) = &self.0.code {
            write!(f, " {code}")?;
        }
        if !self.0.sender.is_unknown() {
            write!(f, " ({})", self.0.sender)?;
        }
        if let Some(message) = &self.0.message {
            return write!(f, ": {message}");
        }
        match self.0.details.first() {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for ArmError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn refused(status: u16, body: &str) -> ArmError {
        ArmError::read(&Response::new(status, vec![], body.as_bytes().to_vec()))
    }

    #[test]
    fn a_403_names_who_what_and_where() {
        let error = refused(
            403,
            r#"{"error":{"code":"AuthorizationFailed","message":"The client 'C' with object id 'O' does not have authorization to perform action 'A/read' over scope '/subscriptions/S' or the scope is invalid. If access was recently granted, please refresh your credentials."}}"#,
        );
        let denied = error.denied().unwrap();
        assert_eq!(denied.object_id.as_deref(), Some("O"));
        assert_eq!(denied.action.as_deref(), Some("A/read"));
        assert_eq!(denied.scope.as_deref(), Some("/subscriptions/S"));
        assert!(
            error
                .to_string()
                .starts_with("ARM answered 403 AuthorizationFailed: The client 'C'")
        );
    }

    #[test]
    fn what_is_not_arms_has_no_code() {
        for body in [
            "",
            "<html>",
            "[]",
            "{}",
            "{\"error\":\"text\"}",
            "{\"error\":[\"a\"]}",
        ] {
            let error = refused(502, body);
            assert_eq!(
                (error.code(), error.is_from_arm(), error.denied()),
                (None, false, None),
                "{body}"
            );
        }
    }

    #[test]
    fn an_error_is_as_small_as_a_pointer() {
        assert_eq!(size_of::<ArmError>(), size_of::<usize>());
    }
}
