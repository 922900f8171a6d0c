//! Which identity answers?

use super::refused::{Words, is_about_identity};
use super::{Verdict, model, principal};
use crate::catalogue::{
    IDSEL_001, IDSEL_002, IDSEL_003, IDSEL_005, IDSEL_007, IDSEL_011, IDSEL_019, IDSEL_022, RID_016,
};
use crate::collect::IDENTITY_TYPE;
use crate::environment::VariableValue;
use crate::facts::{Facts, Trouble};
use crate::finding::{Confidence, Finding, Severity, Values};
use azvm_imds::{IdentitySelector, ProtocolError, Rejection};
use azvm_resource_id::ResourceId;

pub(super) fn identity(facts: &Facts, values: &Values) -> Verdict {
    let mut verdict = Verdict::default();
    verdict.saw("selector", facts.asked.selector.kind());
    verdict.saw_some("selector_value", facts.asked.selector.value());
    if let Some(call) = &facts.imds.identity_info {
        verdict.took(call);
        verdict.saw_some("tenant", call.answer.as_ref().ok());
    }
    let Some(call) = &facts.imds.token else {
        return verdict.unknown("not asked: the time limit had passed");
    };
    match &call.answer {
        Ok(token) => {
            let claims = facts.imds.claims();
            verdict.saw_some(
                "client_id",
                token.client_id.as_deref().or_else(|| claims?.app_id()),
            );
            verdict.saw_some("object_id", claims.and_then(|claims| claims.object_id()));
            let who = claims.and_then(|claims| claims.managed_identity_resource_id());
            verdict.saw_some("identity", who);
            verdict.summary(describe(facts, who));
            model::saw(facts, &mut verdict);
            principal::arrived(facts, values, &mut verdict);
            client_id_variable(facts, token.client_id.as_deref(), values, &mut verdict);
            verdict
        }
        Err(Trouble::Refused(ProtocolError::IgnoredSelector(ignored))) => {
            verdict.saw("answered", ignored.answered());
            verdict.find(Finding::new(&IDSEL_003, values).with_cause(ignored.to_string()));
            verdict
        }
        Err(Trouble::Refused(ProtocolError::Rejected(rejection)))
            if is_about_identity(rejection) =>
        {
            verdict.saw("status", rejection.status().to_string());
            verdict.saw_some("error", rejection.error());
            verdict.saw_some("error_description", rejection.description());
            model::saw(facts, &mut verdict);
            verdict.find(not_found(rejection, facts, values));
            verdict
        }
        // The directory answered for the identity, so there is one.
        Err(Trouble::Refused(ProtocolError::Rejected(rejection)))
            if rejection.error() == Some("invalid_resource") =>
        {
            verdict.summary("IMDS has an identity to answer with; its name comes with a token");
            verdict
        }
        Err(_) => verdict.unknown("cannot tell: no answer about the token"),
    }
}

/// `AZURE_CLIENT_ID`, by which SDKs choose; an ID that is no GUID was not kept.
fn client_id_variable(
    facts: &Facts,
    client_id: Option<&str>,
    values: &Values,
    verdict: &mut Verdict,
) {
    let mut variables = facts.host.environment.iter();
    let Some(variable) = variables.find(|it| it.name == "AZURE_CLIENT_ID") else {
        return;
    };
    verdict.saw("environment", variable.to_string());
    let claims = facts.imds.claims();
    let own = client_id.or_else(|| claims?.app_id());
    match (&variable.value, own) {
        (VariableValue::Empty, _) => {
            let title = "AZURE_CLIENT_ID is set to nothing; SDKs may send an empty client_id";
            let finding = Finding::new(&IDSEL_011, values).with_severity(Severity::Warn);
            verdict.find(finding.with_title(title));
        }
        (VariableValue::Id(id), Some(own)) if !id.eq_ignore_ascii_case(own) => {
            let cause = format!("{variable}, and the token is for {own}");
            verdict.find(Finding::new(&IDSEL_019, values).with_cause(cause));
        }
        _ => {}
    }
}

/// IMDS may change its words: where they are not known, status and error decide, and the finding is but possible.
fn not_found(rejection: &Rejection, facts: &Facts, values: &Values) -> Finding {
    let said = match rejection.description() {
        Some(words) => format!("IMDS says: {words}"),
        None => "IMDS does not say why".into(),
    };
    let finding = |entry| Finding::new(entry, values).with_cause(said.as_str());
    let likely = |entry| finding(entry).with_confidence(Confidence::Likely);
    let possible = |entry| {
        let cause = format!("{said}; the error is the one for this, among others");
        Finding::new(entry, values)
            .with_confidence(Confidence::Possible)
            .with_cause(cause)
    };
    let words = Words::of(rejection);
    let default = without_selector(facts);
    if let Words::NoDefault(confidence) = words {
        return finding(&IDSEL_022).with_confidence(confidence);
    }
    match &facts.asked.selector {
        IdentitySelector::System => match words {
            Words::Several => finding(&IDSEL_002),
            Words::NotFound => finding(&IDSEL_001),
            Words::LikeNotFound => likely(&IDSEL_001),
            Words::NoAccess => model::half_attached(facts, rejection, values),
            _ => possible(&IDSEL_001),
        },
        IdentitySelector::ResourceId(id) if id.resource_type() != IDENTITY_TYPE => {
            let cause = format!("{id} is of the type {}", id.resource_type());
            finding(&RID_016).with_cause(cause)
        }
        selector if is_of_the_other_kind(facts) => swapped(selector, values),
        _ => match (model::not_found(facts, rejection, values), words) {
            (Some(proven), _) => proven,
            (None, Words::NoAccess) => model::half_attached(facts, rejection, values),
            // Without the selector the same request got a token, so it is the selector that is refused.
            (None, Words::Unknown) if !has_default(facts) => possible(&IDSEL_007),
            (None, _) => match default {
                // Of what is not there nothing can be chosen.
                Some((Words::NotFound, told)) => finding(&IDSEL_007)
                    .with_confidence(Confidence::High)
                    .with_cause(format!("{said}; {told}, so the machine has no identity at all")),
                Some((Words::Several, told)) => likely(&IDSEL_007).with_cause(format!(
                    "{said}; {told}, so several identities are attached, and this one is not among them"
                )),
                _ => likely(&IDSEL_007),
            },
        },
    }
}

/// What IMDS said to the same request without the selector, if it refused that, too.
fn without_selector(facts: &Facts) -> Option<(Words, String)> {
    let call = facts.imds.default_identity.as_ref()?;
    let Err(Trouble::Refused(ProtocolError::Rejected(rejection))) = &call.answer else {
        return None;
    };
    let words = rejection.description()?;
    let told = format!("asked without the selector, it says: {words}");
    is_about_identity(rejection).then(|| (Words::of(rejection), told))
}

fn has_default(facts: &Facts) -> bool {
    let call = facts.imds.default_identity.as_ref();
    call.is_some_and(|call| call.answer.is_ok())
}

fn is_of_the_other_kind(facts: &Facts) -> bool {
    facts
        .imds
        .other_kind
        .as_ref()
        .is_some_and(|call| call.answer.is_ok())
}

fn swapped(selector: &IdentitySelector, values: &Values) -> Finding {
    let (given, real, kind) = match selector {
        IdentitySelector::ClientId(_) => ("client ID", "object ID", "object-id"),
        _ => ("object ID", "client ID", "client-id"),
    };
    let mut values = values.clone();
    values.set("other_kind", Some(kind));
    let value = selector.value().unwrap_or_default();
    Finding::new(&IDSEL_005, &values)
        .with_title(
            format!("{value} was given as {given} and is an {real}")
                .replace("an client", "a client"),
        )
        .with_cause("IMDS does not find it as the one and does as the other")
}

fn describe(facts: &Facts, who: Option<&str>) -> String {
    let Some(id) = who.and_then(|who| who.parse::<ResourceId>().ok()) else {
        return "an identity answered; its token does not name it".into();
    };
    let name = id.name();
    let object_id = facts
        .imds
        .claims()
        .and_then(|claims| claims.object_id())
        .unwrap_or("unknown");
    let kind = if id.resource_type() == IDENTITY_TYPE {
        "user-assigned"
    } else {
        "system-assigned, of"
    };
    format!("{kind} {name}, object ID {object_id}")
}
