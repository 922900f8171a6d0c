//! The service's answer within the words that somebody made of it.
//!
//! ```text
//! HTTP/1.1 400 Bad Request … {"error":"invalid_request",…}       a response with its head, or `curl -i`
//! … {"error":{"code":"AuthorizationFailed","message":…}} …       JSON in the middle of a sentence, escaped or not
//! … (AuthorizationFailed) The client …   Status: 403 …           the code and the status alone
//! ```

use azvm_arm::ArmError;
use azvm_exchange::{Response, service_text};
use azvm_imds::{Rejection, Responder};
use serde_json::Value;
use std::fmt;

/// How many places of a text are tried for JSON.
const MAX_TRIES: usize = 64;

/// Who answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Service {
    /// Azure Resource Manager, or another service with its form of errors.
    Arm,
    /// The metadata service.
    Imds,
    /// Nobody can tell.
    Other,
}

/// An answer, as far as the words hold it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer {
    /// Who wrote it.
    pub service: Service,
    /// The HTTP status.
    pub status: Option<u16>,
    /// IMDS's `error`, or ARM's `code`.
    pub code: Option<String>,
    /// The service's words, fit to be shown.
    pub words: Option<String>,
    /// The principal that ARM refused.
    pub object_id: Option<String>,
    /// The scope that ARM refused.
    pub scope: Option<String>,
    /// IMDS listed the api-versions that it has.
    pub(super) lists_versions: bool,
    /// Known only when the head of the answer was there.
    pub(super) responder: Option<Responder>,
}

/// The errors of IMDS that are no words of a language. Source: the page on tokens, and the published OpenAPI description.
const IMDS_ERRORS: [&str; 9] = [
    "access_denied",
    "bad_request_102",
    "invalid_request",
    "invalid_resource",
    "invalid_scope",
    "unauthorized_client",
    "unknown_source",
    "unsupported_response_type",
    "DefaultIdentityNotDefined",
];

impl Answer {
    /// Looks for an answer, the most complete form of it first.
    pub(super) fn find(text: &str) -> Option<Self> {
        response(text)
            .or_else(|| json(text))
            .or_else(|| json(&unescaped(text)))
            .or_else(|| code_alone(text))
            .or_else(|| status_alone(text))
    }

    fn read(response: &Response, has_head: bool) -> Self {
        let error = ArmError::read(response);
        let rejection = Rejection::read(response);
        let is_arm = error.code().is_some();
        let denied = error.denied().unwrap_or_default();
        let status = Some(response.status()).filter(|status| *status != 0);
        let responder = has_head.then(|| rejection.responder());
        let says_who = matches!(
            responder,
            Some(Responder::Imds | Responder::ImdsThroughAgent)
        );
        // A code and a message without `error` are nobody's form.
        let has_error = rejection.error().is_some() && rejection.responder() != Responder::Unknown;
        let is_imds = says_who || has_error || !rejection.newest_versions().is_empty();
        Self {
            service: match (is_arm, is_imds) {
                (true, _) => Service::Arm,
                (false, true) => Service::Imds,
                (false, false) => Service::Other,
            },
            status,
            code: error.code().or_else(|| rejection.error()).map(brief),
            words: rejection
                .description()
                .filter(|_| !is_arm)
                .or_else(|| error.message())
                .map(service_text),
            object_id: denied.object_id,
            scope: denied.scope,
            lists_versions: !rejection.newest_versions().is_empty(),
            responder,
        }
    }

    fn of_code(service: Service, code: &str, status: Option<u16>) -> Self {
        Self {
            service,
            status,
            code: Some(code.into()),
            words: None,
            object_id: None,
            scope: None,
            lists_versions: false,
            responder: None,
        }
    }

    /// True when the service's own words hold these, whatever the case.
    pub(super) fn says(&self, words: &str) -> bool {
        let own = self.words.as_deref().unwrap_or_default();
        own.to_ascii_lowercase().contains(words)
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

/// `HTTP/1.1 400 …`, headers, and after an empty line the body. The marks of `curl -v` are taken off.
fn response(text: &str) -> Option<Answer> {
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.strip_prefix("< ").unwrap_or(line))
        .map(|line| if line == "<" { "" } else { line })
        .collect();
    let start = lines
        .iter()
        .position(|line| line.trim_start().starts_with("HTTP/"))?;
    let status = lines[start].split_whitespace().nth(1)?.parse().ok()?;
    let rest = &lines[start + 1..];
    let head = rest.iter().position(|line| line.trim().is_empty());
    let (head, body) = rest.split_at(head.unwrap_or(rest.len()));
    let headers = head.iter().filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.trim().into(), value.trim().into()));
    let is_body = |line: &&&str| !line.starts_with("* ") && !line.starts_with("{ [");
    let body: Vec<&str> = body.iter().filter(is_body).copied().collect();
    let body = body.join("\n").trim().as_bytes().to_vec();
    let response = Response::new(status, headers.take(100).collect(), body);
    Some(Answer::read(&response, true))
}

/// The first JSON object in the text that is an error of a service.
fn json(text: &str) -> Option<Answer> {
    let starts = text.match_indices('{').take(MAX_TRIES);
    let mut values = starts.filter_map(|(at, _)| {
        let mut values = serde_json::Deserializer::from_str(&text[at..]).into_iter::<Value>();
        values.next()?.ok()
    });
    let value = values.find_map(envelope)?;
    let response = Response::new(
        status(text).unwrap_or(0),
        vec![],
        value.to_string().into_bytes(),
    );
    Some(Answer::read(&response, false))
}

/// The object with `error` in it: some logs put it into another one, or take the envelope off.
fn envelope(value: Value) -> Option<Value> {
    let is_text = |member: &str| value.get(member).is_some_and(Value::is_string);
    if value
        .get("error")
        .is_some_and(|error| error.is_string() || error.is_object())
    {
        return Some(value);
    }
    if is_text("code") && is_text("message") {
        return Some(serde_json::json!({ "error": value }));
    }
    let Value::Object(members) = value else {
        return None;
    };
    members.into_iter().find_map(|(_, inner)| match inner {
        Value::Object(_) => envelope(inner),
        Value::String(text) => serde_json::from_str(&text).ok().and_then(shallow),
        _ => None,
    })
}

fn shallow(value: Value) -> Option<Value> {
    let is_error = value
        .get("error")
        .is_some_and(|error| error.is_string() || error.is_object());
    is_error.then_some(value)
}

/// JSON that a log has put into quotes.
fn unescaped(text: &str) -> String {
    text.replace("\\\"", "\"").replace("\\\\", "\\")
}

/// A code as the only thing that is left of the answer.
fn code_alone(text: &str) -> Option<Answer> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut words = text.split(|c| !is_part(c));
    let answer = words.find_map(|word| {
        if IMDS_ERRORS.contains(&word) {
            return Some((Service::Imds, word));
        }
        super::arm::is_code(word).then_some((Service::Arm, word))
    });
    let (service, code) = answer?;
    let mut answer = Answer::of_code(service, code, status(text));
    answer.words = super::imds::known_words(text).map(Into::into);
    Some(answer)
}

fn status_alone(text: &str) -> Option<Answer> {
    let words = super::imds::known_words(text);
    let status = status(text);
    if words.is_none() && status.is_none() {
        return None;
    }
    let service = match words {
        Some(_) => Service::Imds,
        None => Service::Other,
    };
    Some(Answer {
        words: words.map(Into::into),
        code: None,
        ..Answer::of_code(service, "", status)
    })
}

/// A number that the words before it call a status.
fn status(text: &str) -> Option<u16> {
    const BEFORE: [&str; 5] = ["status", "http", "response", "statuscode", "error code"];
    let bytes = text.as_bytes();
    let is_alone = |at: usize| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(at + 3);
        ![before, after]
            .into_iter()
            .flatten()
            .any(u8::is_ascii_alphanumeric)
    };
    let numbers = (0..bytes.len().saturating_sub(2)).filter(|&at| {
        matches!(bytes[at], b'4' | b'5')
            && bytes[at + 1..at + 3].iter().all(u8::is_ascii_digit)
            && is_alone(at)
    });
    numbers.take(MAX_TRIES).find_map(|at| {
        let mut start = at.saturating_sub(20);
        while !text.is_char_boundary(start) {
            start += 1;
        }
        let before = text[start..at].to_ascii_lowercase();
        let is_status = BEFORE.iter().any(|word| before.contains(word));
        is_status.then(|| text[at..at + 3].parse().ok()).flatten()
    })
}
