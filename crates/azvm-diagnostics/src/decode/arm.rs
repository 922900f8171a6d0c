//! What an answer of ARM means, and of the services that have its form of errors: as the doctor judges it, and of the codes
//! that the doctor's own calls do not meet, as the table says.

use super::Meaning;
use super::answer::{Answer, usual_status};
use crate::catalogue::{
    ARM_011, ARM_012, ARM_014, ARM_015, ARM_016, ARM_017, ARM_021, CODE_019, Entry, IDSEL_017,
    IDSEL_022, RBAC_001, RBAC_003, RBAC_005, RBAC_007, RBAC_010, RBAC_014, RBAC_021, RBAC_022,
    RBAC_024, RID_014, TOKEN_001, TOKEN_002, TOKEN_005, TOKEN_007,
};
use crate::rules;
use azvm_arm::{ArmError, Cloud, ErrorCode};
use azvm_exchange::Response;

/// Codes of requests that write, and of other services than ARM.
const ELSEWHERE: [(&str, &Entry); 15] = [
    ("AuthorizationPermissionMismatch", &RBAC_014),
    ("DefaultIdentityNotDefined", &IDSEL_022),
    ("ForbiddenByPolicy", &RBAC_024),
    ("ForbiddenByRbac", &RBAC_014),
    ("InvalidResourceNamespace", &ARM_014),
    ("InvalidResourceType", &ARM_014),
    ("LinkedInvalidPropertyId", &RID_014),
    ("PrincipalNotFound", &RBAC_010),
    ("RoleAssignmentExists", &RBAC_022),
    ("RoleAssignmentLimitExceeded", &RBAC_022),
    ("RoleAssignmentUpdateNotPermitted", &RBAC_022),
    ("ServerTimeout", &ARM_017),
    ("ServiceUnavailable", &ARM_017),
    ("SubscriptionNotRegistered", &ARM_015),
    ("TokenExpired", &TOKEN_005),
];

/// True when a word is a code of ARM and nothing else.
pub(super) fn is_code(word: &str) -> bool {
    let is_capital = word.starts_with(|c: char| c.is_ascii_uppercase());
    let is_known = || ErrorCode::from_text(word) != ErrorCode::Other;
    elsewhere(word).is_some() || (is_capital && is_known())
}

fn elsewhere(code: &str) -> Option<&'static Entry> {
    let mut known = ELSEWHERE.iter();
    let (_, entry) = known.find(|(known, _)| known.eq_ignore_ascii_case(code))?;
    Some(entry)
}

pub(super) fn meanings(answer: &Answer) -> Vec<Meaning> {
    use ErrorCode as Code;
    if answer.is_worded {
        let meanings = refused(answer).into_iter();
        return meanings.map(|it| Meaning::possible(it.entry)).collect();
    }
    let code = answer.arm.code().unwrap_or_default();
    if let Some(entry) = elsewhere(code) {
        return vec![Meaning::high(entry)];
    }
    match answer.arm.most_specific_code() {
        Some(Code::AuthorizationFailed) => refused(answer),
        // Perhaps none was sent, and nothing was lost on the way.
        Some(Code::AuthenticationFailed) => vec![Meaning::likely(&ARM_011)],
        // The words may be about any client, not about the identity of a machine.
        Some(Code::InvalidAuthenticationTokenTenant) => vec![Meaning::likely(&TOKEN_007)],
        Some(Code::LinkedAuthorizationFailed)
            if answer.says("userassignedidentities/assign/action")
                || answer.says("userassignedidentities/*/assign/action") =>
        {
            vec![Meaning::high(&IDSEL_017)]
        }
        Some(Code::InvalidAuthenticationTokenAudience) => {
            vec![Meaning::high(audience(&answer.arm))]
        }
        Some(Code::InvalidAuthenticationToken) => {
            vec![Meaning::high(&ARM_012), Meaning::possible(&CODE_019)]
        }
        known => vec![by_code(answer, known)],
    }
}

/// As the doctor judges it. Some services send a code with another status than ARM does.
fn by_code(answer: &Answer, known: Option<ErrorCode>) -> Meaning {
    let is_told = |entry: &&'static Entry| **entry != ARM_021;
    let usual = || {
        let status = usual_status(known?);
        let body = serde_json::json!({ "error": { "code": answer.arm.code() } });
        let response = Response::new(status, vec![], body.to_string().into_bytes());
        rules::by_code(&ArmError::read(&response))
    };
    let own = rules::by_code(&answer.arm);
    match own.filter(is_told).or_else(|| usual().filter(is_told)) {
        Some(entry) => Meaning::high(entry),
        None => match answer.status {
            Some(401) => Meaning::likely(&ARM_012),
            Some(429) => Meaning::high(&ARM_016),
            Some(500..) => Meaning::high(&ARM_017),
            _ => Meaning::possible(&ARM_021),
        },
    }
}

/// Only the words tell a condition from a missing role, and neither tells a role that is on its way. Which roles there are
/// is not in the answer: only somebody who reads the assignments can tell the others apart.
fn refused(answer: &Answer) -> Vec<Meaning> {
    let denied = answer.arm.denied().unwrap_or_default();
    if denied.is_condition_unfulfilled || answer.says("abac condition") {
        return vec![Meaning::likely(&RBAC_007)];
    }
    let others = [&RBAC_001, &RBAC_003, &RBAC_005].map(Meaning::possible);
    std::iter::once(Meaning::likely(&RBAC_021))
        .chain(others)
        .collect()
}

/// For another cloud than that whose ARM refuses it, or for another service.
fn audience(error: &ArmError) -> &'static Entry {
    let hints = error.token_hints();
    let sent = hints.and_then(|it| it.audience.as_deref());
    let mut accepted = hints.into_iter().flat_map(|it| &it.accepted_audiences);
    let accepted = accepted.find_map(|audience| Cloud::of_audience(audience));
    match (sent.and_then(Cloud::of_audience), accepted) {
        (Some(sent), Some(accepted)) if sent != accepted => &TOKEN_001,
        _ => &TOKEN_002,
    }
}
