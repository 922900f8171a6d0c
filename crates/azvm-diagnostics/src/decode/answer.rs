//! The service's answer within the words that somebody made of it: what [`forms`](super::forms) finds, read as from the wire.

use super::forms::{self, Printed, Words};
use azvm_arm::{ArmError, ErrorCode};
use azvm_exchange::{Response, service_text};
use azvm_imds::{Rejection, Responder};
use std::fmt;

/// Who answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Service {
    /// Azure Resource Manager, or another service with its form of errors.
    Arm,
    /// The directory, Entra ID, which issues the tokens.
    Directory,
    /// The metadata service.
    Imds,
    /// Nobody can tell.
    Other,
}

impl Service {
    /// A word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arm => "ARM",
            Self::Directory => "Entra ID",
            Self::Imds => "IMDS",
            Self::Other => "somebody",
        }
    }
}

/// An answer, as far as the words hold it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer {
    /// Who wrote it.
    pub service: Service,
    /// The HTTP status.
    pub status: Option<u16>,
    /// IMDS's `error`, ARM's `code`, or the directory's number.
    pub code: Option<String>,
    /// The service's words, fit to be shown.
    pub words: Option<String>,
    /// The principal that ARM refused.
    pub object_id: Option<String>,
    /// The scope that ARM refused.
    pub scope: Option<String>,
    /// As ARM's error, with the status that its code has where the words name none.
    pub(super) arm: ArmError,
    /// As a refusal of IMDS, likewise.
    pub(super) rejection: Rejection,
    /// Known only when the head of the answer was there, or words or a page that tell as much.
    pub(super) responder: Option<Responder>,
    /// The number of an error of the directory that stands alone.
    pub(super) number: Option<u32>,
    /// Only the sentence is there by which ARM refuses, and no code.
    pub(super) is_worded: bool,
}

impl Answer {
    /// Looks for an answer, the most complete form of it first.
    pub(super) fn find(text: &str) -> Option<Self> {
        let whole: Vec<Self> = forms::printed(text).iter().map(Self::read).collect();
        let is_known = |answer: &&Self| answer.service != Service::Other || answer.is_strangers();
        if let Some(answer) = whole.iter().find(is_known) {
            return Some(answer.clone());
        }
        let worded = forms::words(text).map(Self::of_words);
        worded
            .or_else(|| whole.into_iter().next())
            .or_else(|| Self::of_status(text))
    }

    fn of_words(words: Words) -> Self {
        match words {
            Words::Answer(printed) => Self::read(&printed),
            Words::Denial(printed) => Self {
                service: Service::Arm,
                is_worded: true,
                ..Self::read(&printed)
            },
            Words::Directory(number, words) => Self {
                service: Service::Directory,
                code: Some(format!("AADSTS{number}")),
                words: Some(service_text(&words)),
                number: Some(number),
                ..Self::bare(0)
            },
        }
    }

    fn of_status(text: &str) -> Option<Self> {
        forms::first_status(text).map(Self::bare)
    }

    fn bare(status: u16) -> Self {
        Self::read(&Printed {
            response: Response::new(status, vec![], vec![]),
            tells_who: false,
        })
    }

    fn read(printed: &Printed) -> Self {
        let response = with_status(&printed.response);
        let (arm, rejection) = (ArmError::read(&response), Rejection::read(&response));
        let responder = printed.tells_who.then(|| rejection.responder());
        let service = service(&arm, &rejection, responder);
        let is_arm = service == Service::Arm;
        let denied = arm.denied().unwrap_or_default();
        let code = arm.code().or_else(|| rejection.error());
        let own = rejection.description().filter(|_| !is_arm);
        Self {
            service,
            status: Some(printed.response.status()).filter(|status| *status != 0),
            code: code.map(brief),
            words: own.or_else(|| arm.message()).map(service_text),
            object_id: denied.object_id,
            scope: denied.scope,
            arm,
            rejection,
            responder,
            number: None,
            is_worded: false,
        }
    }

    /// Somebody in the place of the service, who is known by his marks.
    fn is_strangers(&self) -> bool {
        let is_known = |who: Responder| !who.is_azure() && who != Responder::Unknown;
        self.responder.is_some_and(is_known) || self.arm.is_page()
    }

    /// True when the service's own words hold these, whatever the case.
    pub(super) fn says(&self, words: &str) -> bool {
        let own = self.words.as_deref().unwrap_or_default();
        own.to_ascii_lowercase().contains(words)
    }
}

fn service(arm: &ArmError, rejection: &Rejection, responder: Option<Responder>) -> Service {
    let says_who = matches!(
        responder,
        Some(Responder::Imds | Responder::ImdsThroughAgent)
    );
    // A code and a message without `error` are nobody's form.
    let has_error = rejection.error().is_some() && rejection.responder() != Responder::Unknown;
    let words = rejection.description().or_else(|| rejection.error());
    let has_words = words.is_some_and(|words| super::imds::known_words(words).is_some());
    if arm.code().is_some() && arm.is_from_arm() {
        Service::Arm
    } else if says_who || has_error || has_words || !rejection.newest_versions().is_empty() {
        Service::Imds
    } else {
        Service::Other
    }
}

/// The status that goes with the code, where the words name none: the rules look at both.
fn with_status(response: &Response) -> Response {
    let body = response.body().to_vec();
    let headers = response.headers();
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let headers = headers.collect();
    if response.status() != 0 {
        return Response::new(response.status(), headers, body);
    }
    let arm = ArmError::read(response);
    let status = match arm.most_specific_code() {
        Some(code) => usual_status(code),
        None => match Rejection::read(response).error() {
            Some("unknown_source") => 401,
            Some("not_found") => 404,
            Some("method_not_allowed") => 405,
            Some("gone") => 410,
            Some("too_many_requests") => 429,
            Some("unknown" | "server_error" | "service_unavailable") => 500,
            Some(_) => 400,
            None if super::imds::known_words(&String::from_utf8_lossy(&body)).is_some() => 400,
            None => 0,
        },
    };
    Response::new(status, headers, body)
}

/// As [`ErrorCode`] documents it.
pub(super) fn usual_status(code: ErrorCode) -> u16 {
    use ErrorCode as Code;
    match code {
        Code::AuthenticationFailed
        | Code::ExpiredAuthenticationToken
        | Code::InvalidAuthenticationToken
        | Code::InvalidAuthenticationTokenAudience
        | Code::InvalidAuthenticationTokenTenant => 401,
        Code::AuthorizationFailed
        | Code::DenyAssignmentAuthorizationFailed
        | Code::LinkedAuthorizationFailed
        | Code::RequestDisallowedByPolicy => 403,
        Code::ResourceGroupNotFound | Code::ResourceNotFound | Code::SubscriptionNotFound => 404,
        Code::MissingSubscriptionRegistration | Code::ScopeLocked => 409,
        Code::TooManyRequests => 429,
        Code::InternalServerError => 500,
        _ => 400,
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "status {status}")?,
            None => f.write_str("no status")?,
        }
        if let Some(code) = &self.code {
            write!(f, ", {code}")?;
        }
        if let Some(words) = &self.words {
            write!(f, ": {words}")?;
        }
        Ok(())
    }
}

/// An open set, of which only short words are codes: an instance path of IMDS puts a sentence there.
fn brief(code: &str) -> String {
    service_text(code).chars().take(80).collect()
}
