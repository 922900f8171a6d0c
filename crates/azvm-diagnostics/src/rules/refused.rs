//! Is a refusal of IMDS about the identity? Status and `error` say whether it can be; the words, how likely it is.

use super::token::says_header_is_missing;
use crate::finding::Confidence;
use azvm_imds::{Rejection, Responder};

/// What the words of a refusal speak of, as far as they are known. No wording is a contract: what is known makes a
/// finding likely or sure, and what is not known leaves it possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Words {
    /// The hosting service has no default identity.
    NoDefault(Confidence),
    /// The sentence of IMDS for an identity that it does not find.
    NotFound,
    /// As much, in another order of words.
    LikeNotFound,
    /// The sentence for several identities of which none was chosen.
    Several,
    /// The sentences for an attachment that went half way.
    NoAccess,
    /// An error of the directory, or a parameter of the request: something else than the identity.
    AnotherCause,
    /// Nothing that is known.
    Unknown,
}

impl Words {
    pub(crate) fn of(rejection: &Rejection) -> Self {
        let words = rejection.description().unwrap_or_default();
        let words = words.to_ascii_lowercase();
        if let (404, Some(confidence)) = (rejection.status(), has_no_default(rejection)) {
            Self::NoDefault(confidence)
        } else if names_another_cause(&words) {
            Self::AnotherCause
        } else if rejection.hints_several_identities() {
            Self::Several
        } else if says_no_access(&words) {
            Self::NoAccess
        } else if rejection.hints_identity_not_found() {
            Self::NotFound
        } else if resembles_not_found(&words) {
            Self::LikeNotFound
        } else {
            Self::Unknown
        }
    }
}

/// A 400 `invalid_request` to a request that is otherwise well formed is documented to be about the identity, and about
/// parameters: unless the words say which, it may be either. The sentences of IMDS count with other errors, too, and with
/// 404, by which IMDS documents an identity that has not arrived yet; an attachment that went half way may be a 403.
pub(crate) fn is_about_identity(rejection: &Rejection) -> bool {
    if rejection.responder() == Responder::PodIdentity {
        return false;
    }
    let words = Words::of(rejection);
    let is_sentence = matches!(words, Words::NotFound | Words::NoAccess);
    match rejection.status() {
        400 => {
            let error = rejection.error().unwrap_or_default();
            (is_sentence || error.eq_ignore_ascii_case("invalid_request"))
                && words != Words::AnotherCause
                && rejection.newest_versions().is_empty()
                && !says_header_is_missing(rejection)
        }
        403 => words == Words::NoAccess,
        404 => is_sentence || matches!(words, Words::NoDefault(_)),
        _ => false,
    }
}

/// How sure it is that a hosting service without a default identity answered: it has a code for that.
///
/// Source: Azure/azure-sdk-for-net#45547.
fn has_no_default(rejection: &Rejection) -> Option<Confidence> {
    const CODE: &str = "DefaultIdentityNotDefined";
    let names = |text: Option<&str>| text.is_some_and(|text| text.contains(CODE));
    match (rejection.error(), rejection.description()) {
        (Some(CODE), _) => Some(Confidence::High),
        (error, words) => (names(error) || names(words)).then_some(Confidence::Likely),
    }
}

/// Source: *Known issues with managed identities*.
fn says_no_access(words: &str) -> bool {
    const SENTENCES: [&str; 3] = [
        "does not have access to identity",
        "doesn't have access to identity",
        "no managed service identities are associated",
    ];
    SENTENCES.iter().any(|sentence| words.contains(sentence))
}

/// Nobody promises the sentence as it is.
fn resembles_not_found(words: &str) -> bool {
    const ABSENT: [&str; 9] = [
        "identity found for",
        "isn't assigned",
        "no assigned identity",
        "not found",
        "not be found",
        "not exist",
        "not assigned",
        "not been assigned",
        "no identity",
    ];
    words.contains("identity") && ABSENT.iter().any(|absent| words.contains(absent))
}

/// The directory's errors have numbers; a parameter or a token that is named is one that IMDS did not like.
///
/// Source: *Microsoft Entra authentication and authorization error codes*; Azure/aad-pod-identity#450 for the parameter.
fn names_another_cause(words: &str) -> bool {
    let has_number = |(at, found): (usize, &str)| {
        let after = words.as_bytes().get(at + found.len());
        after.is_some_and(u8::is_ascii_digit)
    };
    words.match_indices("aadsts").any(has_number)
        || [
            "query variable",
            "query parameter",
            "api-version",
            "attestation token",
        ]
        .iter()
        .any(|name| words.contains(name))
}
