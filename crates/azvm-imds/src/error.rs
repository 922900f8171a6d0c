//! What can be wrong with an answer.

use crate::document::Strict;
use crate::loose::from_json;
use crate::wire::ErrorBody;
use crate::{IdentitySelector, Responder};
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use azvm_exchange::{Response, UnreadForm, service_text};
use core::fmt;
use core::time::Duration;

/// Why an answer is not what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A status other than 200: the service's own words are inside.
    Rejected(Box<Rejection>),
    /// 200, but not a body of this protocol.
    Malformed(Malformed),
    /// 200 with a token of another identity than the one asked for.
    IgnoredSelector(Box<IgnoredSelector>),
}

/// IMDS lists three.
const MAX_NEWEST_VERSIONS: usize = 16;

/// A refusal, as the service worded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    status: u16,
    error: Option<String>,
    description: Option<String>,
    newest_versions: Vec<String>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    responder: Responder,
    unread: Option<UnreadForm>,
}

impl Rejection {
    /// Reads a refusal. Never fails: a body that is not JSON leaves the members empty, but for the words of a plain text,
    /// which are the description.
    pub fn read(response: &Response) -> Self {
        let Strict(body) = from_json(response.json_body()).unwrap_or_default();
        let (error, description, mut newest_versions) = ErrorBody::into_parts(body);
        newest_versions.truncate(MAX_NEWEST_VERSIONS);
        let responder = Responder::of(response);
        Self {
            status: response.status(),
            error,
            description: description.or_else(|| plain_words(response.body())),
            newest_versions,
            request_id: response.request_id().map(service_text),
            retry_after: response.retry_after(),
            responder,
            unread: response.unread_form(),
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The `error` member: `invalid_request`, `invalid_resource`, … An open set. Where that is an object, its `code`.
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// The `error_description` member, or the `message` beside a code, for a person. Its wording is not a contract.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The api-versions that the service offers when the one sent was wrong.
    pub fn newest_versions(&self) -> &[String] {
        &self.newest_versions
    }

    /// `x-ms-request-id`, if any.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// The wait that the `Retry-After` header asks for, however long, if there is one.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Who answered.
    pub fn responder(&self) -> Responder {
        self.responder
    }

    /// The form that keeps the body from being read, if it has one.
    pub fn unread_form(&self) -> Option<UnreadForm> {
        self.unread
    }

    /// True when the words say that the identity was not found. A hint for a person: do not decide on it.
    pub fn hints_identity_not_found(&self) -> bool {
        self.describes("identity not found")
    }

    /// True when the words say that several identities are there and none was chosen. A hint for a person.
    pub fn hints_several_identities(&self) -> bool {
        self.describes("multiple user assigned identities")
    }

    /// Whether the words are in the description, or in `error`, which may be a sentence.
    fn describes(&self, words: &str) -> bool {
        [&self.error, &self.description]
            .into_iter()
            .flatten()
            .any(|text| text.to_ascii_lowercase().contains(words))
    }
}

/// Of a body that is neither JSON nor a page.
fn plain_words(body: &[u8]) -> Option<String> {
    let text = core::str::from_utf8(body).ok()?.trim();
    // JSON has three words, and its other texts begin with signs or digits.
    let is_json = matches!(text, "false" | "null" | "true");
    let is_words = text.starts_with(char::is_alphabetic) && !text.contains('\0');
    (is_words && !is_json).then(|| service_text(text))
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answered {}", self.responder, self.status)?;
        if let Some(error) = &self.error {
            write!(f, " {error}")?;
        }
        if let Some(description) = &self.description {
            write!(f, ": {description}")?;
        }
        if let Some(form) = &self.unread {
            write!(f, "; {form}")?;
        }
        Ok(())
    }
}

/// A 200 whose body is not of this protocol. Holds a reason and never the body, which may hold a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    reason: &'static str,
    responder: Responder,
}

impl Malformed {
    pub(crate) fn new(reason: &'static str, response: &Response) -> Self {
        Self {
            reason: response.unread_form().map_or(reason, UnreadForm::reason),
            responder: Responder::of(response),
        }
    }

    /// What is wrong with it.
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// Who answered.
    pub fn responder(&self) -> Responder {
        self.responder
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answered 200, but {}", self.responder, self.reason)
    }
}

/// The selector was silently ignored: the token is for somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoredSelector {
    asked: IdentitySelector,
    answered: String,
}

impl IgnoredSelector {
    pub(crate) fn new(asked: &IdentitySelector, answered: &str) -> Self {
        Self {
            asked: asked.clone(),
            answered: service_text(answered),
        }
    }

    /// What was asked for.
    pub fn asked(&self) -> &IdentitySelector {
        &self.asked
    }

    /// The same kind of ID, of the identity that the token is for.
    pub fn answered(&self) -> &str {
        &self.answered
    }
}

impl fmt::Display for IgnoredSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "asked for {}, got a token for {}",
            self.asked, self.answered
        )
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejection) => fmt::Display::fmt(rejection, f),
            Self::Malformed(malformed) => fmt::Display::fmt(malformed, f),
            Self::IgnoredSelector(ignored) => fmt::Display::fmt(ignored, f),
        }
    }
}

impl core::error::Error for ProtocolError {}
impl core::error::Error for Rejection {}
impl core::error::Error for Malformed {}
impl core::error::Error for IgnoredSelector {}

impl ProtocolError {
    /// The refusal of any status but 200.
    pub(crate) fn unless_ok(response: &Response) -> Result<(), Self> {
        if response.status() == 200 {
            Ok(())
        } else {
            Err(Self::Rejected(Box::new(Rejection::read(response))))
        }
    }

    /// One short line without the service's words, for a log: `400 invalid_request`.
    pub fn summary(&self) -> String {
        match self {
            Self::Rejected(rejection) => {
                let mut line = rejection.status.to_string();
                if let Some(error) = &rejection.error {
                    line.push(' ');
                    line.push_str(error);
                }
                line
            }
            Self::Malformed(malformed) => malformed.reason.into(),
            Self::IgnoredSelector(_) => "the selector was ignored".into(),
        }
    }
}
