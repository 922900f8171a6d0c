//! A 401 of ARM that is not about audience, tenant or expiry: was the token seen, and what is it told to be?
//!
//! The challenge in `WWW-Authenticate` decides before the words. ARM's own form for a header that is missing has the
//! challenge of a bad token, so that only its words and one code tell that no token was seen.

use crate::catalogue::{ARM_011, ARM_012, Entry, TOKEN_004, TOKEN_015};
use crate::finding::{Confidence, Finding, Values};
use azvm_arm::{ArmError, Challenge, ErrorCode};

/// Numbers of the directory's errors that have a code.
///
/// Source: *Microsoft Entra authentication and authorization error codes*.
const NUMBERS: [(&str, &Entry); 2] = [("500011", &TOKEN_004), ("700016", &TOKEN_015)];

/// No number of the directory's has more digits.
const MAX_DIGITS: usize = 10;

pub(super) fn not_accepted(error: &ArmError, values: &Values) -> Finding {
    let refused = Finding::new(&ARM_012, values).with_cause(told(error));
    if demands_claims(error) {
        return claims_demanded(refused, error);
    }
    if let Some(number) = directory_number(error) {
        return by_number(refused, &number, error, values);
    }
    let is_unsure = error.most_specific_code() == Some(ErrorCode::AuthenticationFailed);
    if is_code_of_no_token(error) || is_unsure && says_missing(error) {
        return Finding::new(&ARM_011, values);
    }
    match is_unsure {
        true => unsure(refused, error),
        false => refused,
    }
}

/// The answer, and what the challenge says beside it.
fn told(error: &ArmError) -> String {
    let mut told = error.to_string();
    let challenge = error.challenge();
    let parts = challenge.map(|it| [&it.error, &it.description]);
    let parts: Vec<&str> = parts
        .into_iter()
        .flatten()
        .flatten()
        .map(String::as_str)
        .collect();
    if !parts.is_empty() {
        told.push_str(&format!("; the challenge says {}", parts.join(": ")));
    }
    let is_known_otherwise = demands_claims(error) || directory_number(error).is_some();
    if words(error).contains("expired") && !is_known_otherwise {
        told.push_str("; these words fit TOKEN-005, a token that has expired");
    }
    told
}

/// Of the body and of the challenge, in lower case.
fn words(error: &ArmError) -> String {
    let description = error.challenge().and_then(|it| it.description.as_deref());
    let texts = [error.message(), description];
    let texts: Vec<&str> = texts.into_iter().flatten().collect();
    texts.join(" ").to_ascii_lowercase()
}

/// By the marks of continuous access evaluation.
fn demands_claims(error: &ArmError) -> bool {
    let demands = |it: &Challenge| {
        let error = it.error.as_deref().unwrap_or_default();
        it.has_claims || error.eq_ignore_ascii_case("insufficient_claims")
    };
    error.challenges().iter().any(demands)
}

/// Managed identities are documented to be no part of it, so there is no page that says what helps.
///
/// Source: *Continuous access evaluation for workload identities*.
fn claims_demanded(refused: Finding, error: &ArmError) -> Finding {
    refused
        .with_title("ARM takes the token back before its end, and demands claims of the next one")
        .with_cause(format!(
            "{}; it is a claims challenge (continuous access evaluation), which has no code of its own here: Microsoft \
             documents that managed identities have no part in it",
            told(error)
        ))
        .with_fix(
            "Look in the directory whether the principal was disabled or deleted, is marked as risky, or is named by a \
             Conditional Access policy. The documented request of IMDS has no parameter for claims, so the next token may \
             be refused as well; give the request ids in the evidence to support.",
        )
}

/// `50173` of `AADSTS50173: …`, which is a code although it stands among the words.
fn directory_number(error: &ArmError) -> Option<String> {
    let words = words(error);
    let numbers = words.split("aadsts").skip(1).map(|rest| {
        let digits = rest.chars().take_while(char::is_ascii_digit);
        digits.take(MAX_DIGITS).collect::<String>()
    });
    numbers.into_iter().find(|number| !number.is_empty())
}

fn by_number(refused: Finding, number: &str, error: &ArmError, values: &Values) -> Finding {
    let known = NUMBERS.iter().find(|(known, _)| *known == number);
    if let Some((_, entry)) = known {
        return Finding::new(entry, values)
            .with_confidence(Confidence::Likely)
            .with_cause(told(error));
    }
    refused.with_confidence(Confidence::Likely).with_fix(format!(
        "https://login.microsoftonline.com/error explains AADSTS{number}, the directory's own number. In programs, drop \
         the cached token and fetch a new one."
    ))
}

/// The header was there, without a token in it.
fn is_code_of_no_token(error: &ArmError) -> bool {
    let code = error.code().unwrap_or_default();
    code.eq_ignore_ascii_case("AuthenticationFailedMissingToken")
}

/// ARM's sentence for a request without a token; it may be localised, and the name in its quotes be hidden.
fn says_missing(error: &ArmError) -> bool {
    let words = words(error);
    words.contains("header") && words.contains("missing")
}

/// The code is that of a token that was not seen, and nothing beside it says so.
fn unsure(refused: Finding, error: &ArmError) -> Finding {
    let confidence = match words(error).contains("invalid format") {
        true => Confidence::Likely,
        false => Confidence::Possible,
    };
    refused
        .with_confidence(confidence)
        .with_cause(format!(
            "{}; whether ARM saw a token, it does not say: damaged, called back, or lost on the way (ARM-011)",
            told(error)
        ))
        .with_fix(
            "Ask again with a new token. If that is refused as well, compare --arm-endpoint with the machine's cloud, and \
             look for what changes or drops the Authorization header on the way.",
        )
}
