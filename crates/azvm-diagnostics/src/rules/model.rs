//! What the machine's model in ARM says about an identity that IMDS does not find, and about where the machine is.

use super::Verdict;
use super::refused::Words;
use crate::catalogue::{
    HOST_010, IDSEL_006, IDSEL_007, IDSEL_008, IDSEL_009, IDSEL_010, IDSEL_016, RID_002,
};
use crate::collect::{MACHINE_TYPE, is_chosen};
use crate::facts::{Facts, Trouble};
use crate::finding::{Confidence, Finding, Severity, Values};
use crate::model::{IdPart, Model, ModelFacts, Reader};
use azvm_arm::{MAX_IDENTITIES, UserAssignedIdentity};
use azvm_imds::{Compute, Guid, IdentitySelector, Rejection};
use azvm_resource_id::ResourceId;
use std::time::Duration;

/// So many identities are listed in the evidence.
const MOST_SHOWN: usize = 10;

/// An identity that was attached is known to IMDS within two minutes or so; waiting for it ends a little earlier when the
/// run's time does.
const ARRIVED: Duration = Duration::from_secs(110);

/// The model, unless it is that of another machine.
pub(super) fn model(facts: &Facts) -> Option<&Model> {
    let model = facts.arm.model.as_ref()?.model()?;
    (is_same_machine(model, facts) != Some(false)).then_some(model)
}

/// By `vmId`; `None` when one of the two is not known, or is no GUID.
fn is_same_machine(model: &Model, facts: &Facts) -> Option<bool> {
    let own: Guid = facts.imds.compute()?.vm_id.as_deref()?.parse().ok()?;
    let known: Guid = model.vm_id.as_deref()?.parse().ok()?;
    Some(known.as_str().eq_ignore_ascii_case(own.as_str()))
}

/// What the verdict about the identity is shown with.
pub(super) fn saw(facts: &Facts, verdict: &mut Verdict) {
    let Some(asked) = &facts.arm.model else {
        return;
    };
    verdict.took(&asked.call);
    let shown = match &asked.call.answer {
        Ok(model) => attached(model, &asked.id),
        Err(Trouble::Refused(error)) => {
            let code = error.code().unwrap_or_default();
            format!("unknown: {} {code}", error.status())
        }
        Err(Trouble::Silent(failure)) => format!("unknown: {failure}"),
    };
    verdict.saw("attached_identities", shown.trim_end());
    if asked.reader == Reader::Default {
        verdict.saw("model_reader", "the machine's default identity");
    }
    let identity = asked.model().and_then(|model| model.identity.as_ref());
    verdict.saw_some(
        "vm_principal_id",
        identity.and_then(|it| it.principal_id.as_ref()),
    );
}

/// Those of the machine's own resource group by their names alone.
fn attached(model: &Model, machine: &ResourceId) -> String {
    let users = model.user_assigned();
    let system = model.identity.as_ref().is_some_and(has_system);
    let mut shown: Vec<String> = system
        .then(|| "system-assigned".to_string())
        .into_iter()
        .chain(users.iter().take(MOST_SHOWN).map(|it| one(it, machine)))
        .collect();
    if users.len() > MOST_SHOWN {
        shown.push(format!("and {} more", users.len() - MOST_SHOWN));
    }
    match shown.is_empty() {
        true => "none".into(),
        false => shown.join(", "),
    }
}

pub(super) fn has_system(identity: &azvm_arm::ResourceIdentity) -> bool {
    identity.has_system_assigned() || identity.principal_id.is_some()
}

fn one(identity: &UserAssignedIdentity, machine: &ResourceId) -> String {
    let id = identity.id.parse::<ResourceId>().ok();
    let group = |id: &ResourceId| {
        let group = id.resource_group()?;
        Some((id.subscription_id()?.to_lowercase(), group.to_lowercase()))
    };
    let is_near = |id: &&ResourceId| group(id).is_some() && group(id) == group(machine);
    let name = id.as_ref().filter(is_near).map(ResourceId::name);
    let name = name.unwrap_or(&identity.id);
    match (&identity.client_id, &identity.principal_id) {
        (None, None) => format!("{name} (without IDs)"),
        (Some(client), _) => format!("{name} (client {client})"),
        (None, Some(principal)) => format!("{name} (object {principal})"),
    }
}

/// The identities that the machine has beside the one with this object ID, if the model is known.
pub(super) fn others(facts: &Facts, own: Option<&str>) -> Vec<String> {
    let (Some(asked), Some(model), Some(own)) = (&facts.arm.model, model(facts), own) else {
        return vec![];
    };
    let is_other = |id: Option<&str>| is_another(id, Some(own));
    let users = model.user_assigned().iter();
    let users = users.filter(|it| is_other(it.principal_id.as_deref()));
    let identity = model.identity.as_ref();
    let system = identity.and_then(|it| it.principal_id.as_deref());
    let system = is_other(system).then(|| "the system-assigned one".to_string());
    let users = users.take(MOST_SHOWN).map(|it| one(it, &asked.id));
    system.into_iter().chain(users).collect()
}

/// Why IMDS does not find the chosen user-assigned identity; `None` when the model is not known.
pub(super) fn not_found(facts: &Facts, rejection: &Rejection, values: &Values) -> Option<Finding> {
    let asked = facts.arm.model.as_ref()?;
    let model = model(facts)?;
    let selector = &facts.asked.selector;
    let found = model
        .user_assigned()
        .iter()
        .find(|one| is_chosen(one, selector));
    if let Some(found) = found {
        let mut values = values.clone();
        values.set("identity_id", Some(found.id.as_str()));
        return Some(although_attached(found, asked, facts, rejection, &values));
    }
    if is_system_identity(model, selector) {
        return Some(disagreement(facts, rejection, values));
    }
    Some(match &asked.near_miss {
        Some(near) => {
            let mut values = values.clone();
            values.set("identity_id", Some(near.id.as_str()));
            let part = match near.part {
                IdPart::Subscription => "subscription",
                IdPart::ResourceGroup => "resource group",
                IdPart::Name => "name",
            };
            Finding::new(&IDSEL_006, &values)
                .with_cause(format!("attached is {}; the {part} differs", near.id))
        }
        None => not_attached(model, selector, values),
    })
}

/// The object ID of the system-assigned identity is an ID to choose by, too.
fn is_system_identity(model: &Model, selector: &IdentitySelector) -> bool {
    let IdentitySelector::ObjectId(id) = selector else {
        return false;
    };
    let identity = model.identity.as_ref();
    let principal = identity.and_then(|it| it.principal_id.as_deref());
    principal.is_some_and(|known| known.eq_ignore_ascii_case(id.as_str()))
}

/// Proven, unless the list was cut off, or has an entry whose IDs are gone and could have been this one.
fn not_attached(model: &Model, selector: &IdentitySelector, values: &Values) -> Finding {
    let users = model.user_assigned();
    let is_by_guid = !matches!(selector, IdentitySelector::ResourceId(_));
    let dead = users
        .iter()
        .find(|one| one.client_id.is_none() || one.principal_id.is_none())
        .filter(|_| is_by_guid);
    let is_proven = dead.is_none() && users.len() < MAX_IDENTITIES;
    let mut cause = "the machine's model in ARM does not have it".to_string();
    if let Some(dead) = dead {
        cause.push_str(&format!(
            "; {} has lost its IDs, and if it is meant, it was deleted (IDSEL-009)",
            dead.id
        ));
    }
    let confidence = match is_proven {
        true => Confidence::High,
        false => Confidence::Likely,
    };
    let finding = Finding::new(&IDSEL_007, values).with_confidence(confidence);
    finding.with_cause(cause)
}

fn although_attached(
    found: &UserAssignedIdentity,
    asked: &ModelFacts,
    facts: &Facts,
    rejection: &Rejection,
    values: &Values,
) -> Finding {
    if found.client_id.is_none() && found.principal_id.is_none() {
        let cause = format!(
            "the machine's model lists {} with neither a client ID nor a principal ID",
            found.id
        );
        return Finding::new(&IDSEL_009, values).with_cause(cause);
    }
    match asked.identity.as_ref().map(|call| &call.answer) {
        Some(Err(Trouble::Refused(error)))
            if error.status() == 404 && error.is_from_arm() && error.code().is_some() =>
        {
            let cause = format!(
                "the machine's model lists {}, and ARM has it no more",
                found.id
            );
            Finding::new(&IDSEL_009, values).with_cause(cause)
        }
        Some(Ok(now)) if is_another(now.principal_id.as_deref(), found.principal_id.as_deref()) => {
            let cause = renewed(
                &now.principal_id,
                "the machine's model",
                &found.principal_id,
            );
            let mut values = values.clone();
            values.set("new_object_id", now.principal_id.as_ref());
            Finding::new(&IDSEL_010, &values).with_cause(cause)
        }
        _ => disagreement(facts, rejection, values),
    }
}

/// Two principals, both known. Anything else than GUIDs proves nothing.
pub(super) fn is_another(left: Option<&str>, right: Option<&str>) -> bool {
    let is_guid = |text: &&str| text.parse::<Guid>().is_ok();
    match (left.filter(is_guid), right.filter(is_guid)) {
        (Some(left), Some(right)) => !left.eq_ignore_ascii_case(right),
        _ => false,
    }
}

pub(super) fn renewed(now: &Option<String>, who: &str, old: &Option<String>) -> String {
    let shown = |id: &Option<String>| id.clone().unwrap_or_else(|| "unknown".into());
    let (now, old) = (shown(now), shown(old));
    format!("the identity's principal is {now} now, {who} has {old}")
}

/// ARM has the identity attached and alive, IMDS refuses. Most often it was attached a moment ago.
/// In words that are not known it may refuse something else than the identity.
fn disagreement(facts: &Facts, rejection: &Rejection, values: &Values) -> Finding {
    let said = Words::of(rejection);
    let says_no_access = said == Words::NoAccess;
    let unsure = match said == Words::Unknown {
        true => Confidence::Possible,
        false => Confidence::Likely,
    };
    let words = rejection.description().unwrap_or("no description");
    let has_waited = waited(facts).is_some_and(|waited| waited >= ARRIVED);
    if !(says_no_access || has_waited) {
        let finding = Finding::new(&IDSEL_008, values)
            .with_severity(Severity::Fail)
            .with_confidence(unsure)
            .with_title("the identity is attached, and IMDS does not know it yet")
            .with_cause(format!(
                "ARM has it attached, IMDS says: {words}; run again with --wait 3m: if it stays, it is IDSEL-016"
            ));
        return finding;
    }
    let confidence = match says_no_access && has_waited {
        true => Confidence::High,
        false => unsure,
    };
    let finding = Finding::new(&IDSEL_016, values).with_confidence(confidence);
    finding.with_cause(format!("ARM has it attached, IMDS says: {words}"))
}

/// IMDS's own words for an attachment that went half way, where no model tells whether it is one.
pub(super) fn half_attached(facts: &Facts, rejection: &Rejection, values: &Values) -> Finding {
    let words = rejection.description().unwrap_or_default();
    let mut values = values.clone();
    let other = match facts.asked.selector {
        IdentitySelector::System => {
            values.set("identity_id", Some("[system]"));
            "IDSEL-001"
        }
        _ => "IDSEL-007",
    };
    Finding::new(&IDSEL_016, &values)
        .with_confidence(Confidence::Likely)
        .with_title("IMDS says that the machine has no access to the identity")
        .with_cause(format!(
            "IMDS says: {words}; the machine's model in ARM, which this machine cannot read now, tells whether one is attached: if not, it is {other}"
        ))
}

/// How long IMDS was asked again for an identity that it did not find.
pub(super) fn waited(facts: &Facts) -> Option<Duration> {
    facts.imds.first_token.as_ref()?;
    Some(facts.imds.token.as_ref()?.elapsed)
}

/// Is the machine where IMDS says that it is?
pub(super) fn place(facts: &Facts, values: &Values, verdict: &mut Verdict) {
    let (Some(asked), Some(compute)) = (&facts.arm.model, facts.imds.compute()) else {
        return;
    };
    let Some((told, found)) = whereabouts(asked, compute, facts) else {
        return;
    };
    verdict.saw("resource_id", told.as_str());
    verdict.saw_some("vm_id", compute.vm_id.as_ref());
    verdict.saw("arm_resource_id", found.shown.as_str());
    if let Some(finding) = moved(found, values) {
        verdict.find(finding);
    }
}

/// IMDS is behind, if that is known.
fn moved(found: Found, values: &Values) -> Option<Finding> {
    let confidence = found.doubt?;
    let mut values = values.clone();
    if let Some(id) = &found.id {
        values.set("group", id.resource_group());
        values.set("vm", Some(id.name()));
        values.set("machine_id", Some(id.as_str()));
    }
    let finding = Finding::new(&HOST_010, &values).with_confidence(confidence);
    Some(finding.with_cause(found.cause))
}

/// Why the group that IMDS names is not there: the machine is in another one, and ARM proves it. A group that somebody
/// asked for is another matter.
pub(super) fn group_left(facts: &Facts, values: &Values) -> Option<Finding> {
    let target = facts
        .arm
        .target
        .as_ref()
        .filter(|target| !target.is_asked)?;
    let place = proven_place(facts)?;
    let groups =
        [place.resource_group(), target.id.resource_group()].map(|it| it.unwrap_or_default());
    if groups[0].eq_ignore_ascii_case(groups[1]) {
        return None;
    }
    let (_, found) = whereabouts(facts.arm.model.as_ref()?, facts.imds.compute()?, facts)?;
    let finding = moved(found, values)?;
    let cause = format!(
        "{}; the target came from IMDS, and its group is gone (RID-007): until IMDS is told anew, name the right one with \
         --target",
        finding.cause.as_deref().unwrap_or_default()
    );
    Some(finding.with_cause(cause))
}

struct Found {
    /// Where ARM has it, if anywhere.
    id: Option<ResourceId>,
    shown: String,
    /// How sure it is that IMDS is wrong; `None` when it is right or nothing is known.
    doubt: Option<Confidence>,
    cause: String,
}

/// What IMDS tells and what ARM has; `None` when they cannot be compared.
fn whereabouts(
    asked: &ModelFacts,
    compute: &Compute,
    facts: &Facts,
) -> Option<(ResourceId, Found)> {
    let told: ResourceId = compute.resource_id.as_deref()?.parse().ok()?;
    // An instance of a uniform scale set has no model of its own here.
    if told.resource_type() != MACHINE_TYPE || asked.id != told {
        return None;
    }
    let found = match (&asked.call.answer, &asked.place) {
        (Ok(model), _) => described(model, &told, facts),
        (Err(Trouble::Refused(error)), Some(place)) => match &place.answer {
            Ok(place) => listed(place, error.code().unwrap_or_default()),
            Err(_) => nowhere(error.code().unwrap_or_default(), None),
        },
        _ => return None,
    };
    Some((told, found))
}

fn described(model: &Model, told: &ResourceId, facts: &Facts) -> Found {
    let id = model.id.parse::<ResourceId>().ok();
    let is_elsewhere = id.as_ref().is_some_and(|id| id != told);
    let (doubt, cause) = match (is_elsewhere, is_same_machine(model, facts)) {
        (true, same) => (
            same.filter(|same| *same).map(|_| Confidence::High),
            format!("ARM has the machine with this vmId at {}", model.id),
        ),
        (false, Some(false)) => (
            Some(Confidence::Likely),
            format!(
                "the machine that ARM has there has the vmId {}",
                model.vm_id.as_deref().unwrap_or_default()
            ),
        ),
        (false, _) => (None, String::new()),
    };
    Found {
        id: id.filter(|_| is_elsewhere),
        shown: model.id.clone(),
        doubt,
        cause,
    }
}

fn listed(place: &crate::model::Place, code: &str) -> Found {
    match &place.id {
        Some(id) => Found {
            id: id.parse().ok(),
            shown: id.clone(),
            doubt: Some(Confidence::High),
            cause: format!("ARM has nothing at the ID that IMDS tells, and this vmId at {id}"),
        },
        None if place.has_more => nowhere(code, None),
        None => nowhere(code, Some(Confidence::Likely)),
    }
}

fn nowhere(code: &str, doubt: Option<Confidence>) -> Found {
    Found {
        id: None,
        shown: format!("none: {code}"),
        doubt,
        cause: "ARM has no machine with this vmId anywhere in the subscription that IMDS tells"
            .into(),
    }
}

/// Where ARM proves this very machine to be, when that is elsewhere than IMDS says.
pub(super) fn proven_place(facts: &Facts) -> Option<ResourceId> {
    let asked = facts.arm.model.as_ref()?;
    let (_, found) = whereabouts(asked, facts.imds.compute()?, facts)?;
    found.id.filter(|_| found.doubt == Some(Confidence::High))
}

/// The group of the target is the machine's own, written in other letters.
pub(super) fn spelling(facts: &Facts, values: &Values, verdict: &mut Verdict) {
    let compute = facts.imds.compute();
    let own = compute.and_then(|compute| compute.resource_group_name.as_deref());
    let asked = facts.target().and_then(|target| target.resource_group());
    let (Some(own), Some(asked), true) = (own, asked, facts.arm.is_group_respelt) else {
        return;
    };
    verdict.saw_some(
        "resource_id",
        compute.and_then(|compute| compute.resource_id.as_ref()),
    );
    let cause = format!("asked for {asked}, IMDS writes {own}");
    verdict.find(Finding::new(&RID_002, values).with_cause(cause));
}
