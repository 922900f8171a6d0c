//! Who the token is for, and how long: against the machine's model, and by the token's own words.

use super::{Verdict, long, model};
use crate::catalogue::{Entry, IDSEL_008, IDSEL_010, IDSEL_012, TOKEN_014, TOKEN_016, TOKEN_018};
use crate::collect::{IDENTITY_TYPE, MACHINE_TYPE, SCALE_SET_TYPE, is_same_id};
use crate::facts::{Facts, TokenFacts, Trouble};
use crate::finding::{Confidence, Finding, Severity, Values};
use crate::model::{Model, Reader};
use azvm_arm::UserAssignedIdentity;
use azvm_imds::UnverifiedClaims;
use azvm_resource_id::ResourceId;
use std::time::Duration;

/// A token of a managed identity lives for a day; half of that is out of the ordinary.
const SHORT_LIFETIME: Duration = Duration::from_secs(12 * 3600);

/// Applications through which people sign in, the same in every tenant: Azure CLI, Azure PowerShell.
///
/// Source: *Verify first-party Microsoft applications in sign-in reports*.
pub(crate) const DEVELOPER_APPLICATIONS: [&str; 2] = [
    "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
    "1950a258-227b-4e31-a9cf-717495945fc2",
];

/// What the claims say about their owner and their life.
pub(super) fn claims(
    claims: &UnverifiedClaims,
    token: &TokenFacts,
    facts: &Facts,
    values: &Values,
    verdict: &mut Verdict,
) {
    if let Some(finding) = person(claims, values) {
        verdict.find(finding);
        return;
    }
    if let Some(finding) = by_model(claims, facts, values) {
        model::saw(facts, verdict);
        verdict.find(finding);
    }
    short_life(claims, token, values, verdict);
}

/// A managed identity's token names the identity; a person's names none.
fn person(claims: &UnverifiedClaims, values: &Values) -> Option<Finding> {
    if claims.managed_identity_resource_id().is_some() {
        return None;
    }
    let app = claims.app_id().unwrap_or_default();
    let is_developers = DEVELOPER_APPLICATIONS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(app));
    let is_user = claims
        .identity_type()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("user"));
    let (confidence, cause) = match (is_user, is_developers) {
        (false, false) => return None,
        (true, true) => (
            Confidence::High,
            "a user, signed in with a developer's tool",
        ),
        (true, false) => (Confidence::High, "idtyp says that it is a user's"),
        (false, true) => (Confidence::Likely, "appid is that of a developer's tool"),
    };
    let finding = Finding::new(&TOKEN_016, values).with_confidence(confidence);
    Some(finding.with_cause(cause))
}

/// Shorter than half of the usual day. What is over has a code of its own.
fn short_life(
    claims: &UnverifiedClaims,
    token: &TokenFacts,
    values: &Values,
    verdict: &mut Verdict,
) {
    let (Some(issued), Some(end)) = (claims.issued_at(), claims.expires_at()) else {
        return;
    };
    let Ok(seconds) = u64::try_from(end.seconds_since(issued)) else {
        return;
    };
    let life = Duration::from_secs(seconds);
    let is_over = token.expires_on.seconds_since(token.received_at) <= 0;
    if life < SHORT_LIFETIME && !is_over {
        let cause = format!("it lives {}, counted from iat to exp", long(life));
        verdict.find(Finding::new(&TOKEN_018, values).with_cause(cause));
    }
}

/// The token against the machine's model, which was read with this very token.
fn by_model(claims: &UnverifiedClaims, facts: &Facts, values: &Values) -> Option<Finding> {
    let model = model::model(facts)?;
    let asked = facts.arm.model.as_ref()?;
    let is_own = asked.reader == Reader::Chosen;
    let object_id = claims.object_id().filter(|_| is_own)?;
    let named = claims.managed_identity_resource_id()?;
    let id: ResourceId = named.parse().ok()?;
    if id.resource_type() == IDENTITY_TYPE {
        let users = model.user_assigned();
        let entry = users.iter().find(|one| is_same_id(&one.id, named));
        return user_assigned(
            entry,
            (model, object_id),
            facts,
            &for_identity(values, named),
        );
    }
    let is_machine = id.resource_type() == MACHINE_TYPE || id.resource_type() == SCALE_SET_TYPE;
    let is_this = id == asked.id || is_same_id(named, &model.id);
    (is_machine && is_this)
        .then(|| system_assigned((model, object_id), facts, values))
        .flatten()
}

fn for_identity(values: &Values, id: &str) -> Values {
    let mut values = values.clone();
    values.set("identity_id", Some(id));
    values
}

fn system_assigned(
    (model, object_id): (&Model, &str),
    facts: &Facts,
    values: &Values,
) -> Option<Finding> {
    let identity = model.identity.as_ref();
    if !identity.is_some_and(model::has_system) {
        let cause =
            "ARM accepts the token, and the machine's model has no system-assigned identity";
        return outlived((model, object_id), cause.into(), values);
    }
    let present = identity.and_then(|it| it.principal_id.clone());
    if !model::is_another(present.as_deref(), Some(object_id)) {
        return None;
    }
    let old = Some(object_id.to_string());
    let cause = model::renewed(&present, "the token", &old);
    let mut values = values.clone();
    // Whom to give the roles to.
    values.set("object_id", present);
    Some(renewal(&IDSEL_012, facts, &values).with_cause(cause))
}

fn user_assigned(
    entry: Option<&UserAssignedIdentity>,
    (model, object_id): (&Model, &str),
    facts: &Facts,
    values: &Values,
) -> Option<Finding> {
    let Some(entry) = entry else {
        let cause = "ARM accepts the token, and the machine's model does not list the identity";
        return outlived((model, object_id), cause.into(), values);
    };
    let now = facts.arm.model.as_ref()?.identity.as_ref();
    let is_gone = matches!(
        now.map(|call| &call.answer),
        Some(Err(Trouble::Refused(error))) if error.status() == 404 && error.is_from_arm() && error.code().is_some()
    );
    if is_gone || (entry.client_id.is_none() && entry.principal_id.is_none()) {
        let cause = "ARM accepts the token, and the identity was deleted while it was attached";
        return outlived((model, object_id), cause.into(), values);
    }
    let now = now.and_then(|call| call.answer.as_ref().ok());
    let present = now
        .and_then(|now| now.principal_id.clone())
        .or_else(|| entry.principal_id.clone());
    if !model::is_another(present.as_deref(), Some(object_id)) {
        return None;
    }
    let old = Some(object_id.to_string());
    let cause = model::renewed(&present, "the token", &old);
    let mut values = values.clone();
    values.set("new_object_id", present);
    Some(renewal(&IDSEL_010, facts, &values).with_cause(cause))
}

/// Not if the model has the token's principal under another name: then somebody's words are wrong, but nothing is gone.
fn outlived((model, object_id): (&Model, &str), cause: String, values: &Values) -> Option<Finding> {
    let is_it = |known: &Option<String>| {
        let known = known.as_deref();
        known.is_some_and(|known| known.eq_ignore_ascii_case(object_id))
    };
    let system = model.identity.as_ref().map(|it| &it.principal_id);
    let users = model.user_assigned().iter().map(|one| &one.principal_id);
    if users.chain(system).any(is_it) {
        return None;
    }
    let finding = Finding::new(&TOKEN_014, values).with_confidence(Confidence::Likely);
    Some(finding.with_cause(cause))
}

/// What the old principal may still do, it may for now.
fn renewal(entry: &'static Entry, facts: &Facts, values: &Values) -> Finding {
    let last = facts.arm.last_sample().map(|sample| &sample.call.answer);
    let is_refused = matches!(last, Some(Err(Trouble::Refused(error))) if error.status() == 403);
    Finding::new(entry, values).with_severity(match is_refused {
        true => Severity::Fail,
        false => Severity::Warn,
    })
}

/// IMDS did not find the identity at first and did after a while.
pub(super) fn arrived(facts: &Facts, values: &Values, verdict: &mut Verdict) {
    let Some(waited) = model::waited(facts) else {
        return;
    };
    let first = facts.imds.first_token.as_ref();
    let first = first.and_then(|call| match &call.answer {
        Err(Trouble::Refused(error)) => Some(error.to_string()),
        _ => None,
    });
    verdict.saw_some("error_description", first);
    let tries = facts
        .imds
        .token
        .as_ref()
        .map_or(0, |call| call.attempts.len());
    verdict.saw("tries", format!("found at try {}", tries + 1));
    let cause = format!(
        "IMDS did not find it at first, and did after {}",
        long(waited)
    );
    verdict.find(Finding::new(&IDSEL_008, values).with_cause(cause));
}
