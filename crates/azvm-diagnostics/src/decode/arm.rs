//! What an answer of ARM means, and of the services that have its form of errors.

use super::Meaning;
use super::answer::Answer;
use crate::catalogue::{
    ARM_011, ARM_012, ARM_013, ARM_014, ARM_015, ARM_016, ARM_017, ARM_021, CODE_019, Entry,
    IDSEL_017, IDSEL_022, RBAC_001, RBAC_003, RBAC_005, RBAC_006, RBAC_007, RBAC_010, RBAC_014,
    RBAC_018, RBAC_020, RBAC_021, RBAC_022, RBAC_024, RBAC_026, RID_006, RID_007, RID_014,
    TOKEN_001, TOKEN_002, TOKEN_005, TOKEN_007,
};
use azvm_arm::Cloud;

/// What each code means by itself.
const CODES: [(&str, &Entry); 36] = [
    ("AuthenticationFailed", &ARM_011),
    ("AuthorizationFailed", &RBAC_021),
    ("AuthorizationPermissionMismatch", &RBAC_014),
    ("DefaultIdentityNotDefined", &IDSEL_022),
    ("DenyAssignmentAuthorizationFailed", &RBAC_006),
    ("ExpiredAuthenticationToken", &TOKEN_005),
    ("ForbiddenByPolicy", &RBAC_024),
    ("ForbiddenByRbac", &RBAC_014),
    ("InternalServerError", &ARM_017),
    ("InvalidApiVersionParameter", &ARM_014),
    ("InvalidAuthenticationToken", &ARM_012),
    ("InvalidAuthenticationTokenAudience", &TOKEN_002),
    ("InvalidAuthenticationTokenTenant", &TOKEN_007),
    ("InvalidResourceNamespace", &ARM_014),
    ("InvalidResourceType", &ARM_014),
    ("InvalidSubscriptionId", &RID_006),
    ("LinkedAuthorizationFailed", &RBAC_020),
    ("LinkedInvalidPropertyId", &RID_014),
    ("MissingApiVersionParameter", &ARM_013),
    ("MissingSubscriptionRegistration", &ARM_015),
    ("NoRegisteredProviderFound", &ARM_014),
    ("PrincipalNotFound", &RBAC_010),
    ("RequestDisallowedByPolicy", &RBAC_018),
    ("ResourceGroupNotFound", &RID_007),
    ("ResourceNotFound", &RBAC_026),
    ("RoleAssignmentExists", &RBAC_022),
    ("RoleAssignmentLimitExceeded", &RBAC_022),
    ("RoleAssignmentUpdateNotPermitted", &RBAC_022),
    ("ScopeLocked", &RBAC_018),
    ("ServiceUnavailable", &ARM_017),
    ("ServerTimeout", &ARM_017),
    ("SubscriptionNotFound", &RID_006),
    ("SubscriptionNotRegistered", &ARM_015),
    ("SubscriptionRequestsThrottled", &ARM_016),
    ("TooManyRequests", &ARM_016),
    ("TokenExpired", &TOKEN_005),
];

/// True when a word is a code of ARM and nothing else.
pub(super) fn is_code(word: &str) -> bool {
    CODES.iter().any(|(code, _)| *code == word)
}

pub(super) fn meanings(answer: &Answer) -> Vec<Meaning> {
    let code = answer.code.as_deref().unwrap_or_default();
    let known = CODES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(code));
    match (known.map_or(code, |(known, _)| known), known) {
        // Only the words tell a condition from a missing role, and neither tells a role that is on its way.
        ("AuthorizationFailed", _) if answer.says("abac condition") => {
            vec![Meaning::likely(&RBAC_007)]
        }
        ("AuthorizationFailed", _) => refused(),
        // Perhaps none was sent, and nothing was lost on the way.
        ("AuthenticationFailed", _) => vec![Meaning::likely(&ARM_011)],
        // The words may be about any client, not about the identity of a machine.
        ("InvalidAuthenticationTokenTenant", _) => vec![Meaning::likely(&TOKEN_007)],
        ("LinkedAuthorizationFailed", _)
            if answer.says("userassignedidentities/assign/action")
                || answer.says("userassignedidentities/*/assign/action") =>
        {
            vec![Meaning::high(&IDSEL_017)]
        }
        ("InvalidAuthenticationTokenAudience", _) => vec![Meaning::high(audience(answer))],
        ("InvalidAuthenticationToken", _) => {
            vec![Meaning::high(&ARM_012), Meaning::possible(&CODE_019)]
        }
        (_, Some((_, entry))) => vec![Meaning::high(entry)],
        (_, None) => match answer.status {
            Some(401) => vec![Meaning::likely(&ARM_012)],
            Some(429) => vec![Meaning::high(&ARM_016)],
            Some(500..) => vec![Meaning::high(&ARM_017)],
            _ => vec![Meaning::possible(&ARM_021)],
        },
    }
}

/// Which roles there are is not in the answer: only somebody who reads the assignments can tell these apart.
fn refused() -> Vec<Meaning> {
    let others = [&RBAC_001, &RBAC_003, &RBAC_005].map(Meaning::possible);
    std::iter::once(Meaning::likely(&RBAC_021))
        .chain(others)
        .collect()
}

/// The words name the audience that was sent first, and then those that would have done.
fn audience(answer: &Answer) -> &'static Entry {
    let words = answer.words.as_deref().unwrap_or_default();
    let mut urls = words
        .split(['\'', '"', ' ', ','])
        .filter(|word| word.starts_with("https://"));
    let sent = urls.next().map(|url| url.trim_end_matches('.'));
    let of = |url: &str| Cloud::of_audience(url);
    let wanted = urls.find_map(of);
    match (sent.and_then(of), wanted) {
        (Some(sent), Some(wanted)) if sent != wanted => &TOKEN_001,
        _ => &TOKEN_002,
    }
}
