//! ARM's refusals.

use crate::Challenge;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use azvm_exchange::{Response, service_text};
use core::fmt;
use serde_json::Value;

/// An answer of ARM, or of something on the way to it, that is not the one asked for.
///
/// Branch on [`code`](Self::code) and [`status`](Self::status); the message is for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArmError(Box<Inner>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    status: u16,
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
    correlation_id: Option<String>,
    challenge: Option<Challenge>,
}

impl ArmError {
    /// Reads a refusal. Never fails: a body that is not ARM's leaves [`code`](Self::code) empty.
    pub fn read(response: &Response) -> Self {
        // The envelope of the ARM provider contract. A member of an odd type does not cost the other.
        let body: Value = serde_json::from_slice(response.json_body()).unwrap_or_default();
        let member = |name: &str| body.get("error")?.get(name)?.as_str().map(service_text);
        let header = |name: &str| response.header(name).map(service_text);
        Self(Box::new(Inner {
            status: response.status(),
            code: member("code"),
            message: member("message"),
            request_id: header("x-ms-request-id"),
            correlation_id: header("x-ms-correlation-request-id"),
            challenge: response
                .header("www-authenticate")
                .and_then(Challenge::read),
        }))
    }

    /// A 200 with a body that is not what was asked for.
    pub(crate) fn unreadable(response: &Response, what: &'static str) -> Self {
        let mut error = Self::read(response);
        error.0.message = Some(what.to_string());
        error
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// `error.code`: `AuthorizationFailed`, `ResourceGroupNotFound`, … `None` when the body is not ARM's, in which
    /// case something else may have answered.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// `error.message`, for a person. May be localised.
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// `x-ms-request-id`: give it to support.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// `x-ms-correlation-request-id`: give it to support.
    pub fn correlation_id(&self) -> Option<&str> {
        self.0.correlation_id.as_deref()
    }

    /// The Bearer challenge of a 401.
    pub fn challenge(&self) -> Option<&Challenge> {
        self.0.challenge.as_ref()
    }

    /// True when the body is ARM's envelope or the headers carry its request id: ARM answered, and nothing between.
    pub fn is_from_arm(&self) -> bool {
        self.0.code.is_some() || self.0.request_id.is_some()
    }

    /// Who was denied what, lifted out of the message of a 403. A hint: the wording is not a contract.
    pub fn denied(&self) -> Option<Denied> {
        Denied::read(self.message()?)
    }
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
        if let Some(message) = &self.0.message {
            write!(f, ": {message}")?;
        }
        Ok(())
    }
}

impl core::error::Error for ArmError {}

/// The parts of "The client 'C' with object id 'O' does not have authorization to perform action 'A' over scope 'S' …".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Denied {
    /// The object ID that ARM saw.
    pub object_id: Option<String>,
    /// The action that was missing, such as `Microsoft.Resources/subscriptions/resourceGroups/read`.
    pub action: Option<String>,
    /// Where.
    pub scope: Option<String>,
}

impl Denied {
    fn read(message: &str) -> Option<Self> {
        let denied = Self {
            object_id: quoted_after(message, "object id '"),
            action: quoted_after(message, "perform action '"),
            scope: quoted_after(message, "scope '"),
        };
        (denied != Self::default()).then_some(denied)
    }
}

fn quoted_after(message: &str, words: &str) -> Option<String> {
    let (_, rest) = message.split_once(words)?;
    let (value, _) = rest.split_once('\'')?;
    Some(value.into())
}

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
        for body in ["", "<html>", "[]", "{}", "{\"error\":\"text\"}"] {
            let error = refused(502, body);
            assert_eq!(
                (error.code(), error.is_from_arm(), error.denied()),
                (None, false, None),
                "{body}"
            );
        }
    }
}
