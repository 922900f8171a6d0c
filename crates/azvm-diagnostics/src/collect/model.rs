//! The machine's model in ARM: what IMDS and the token say is compared with it.
//!
//! One GET in every run, and at most one more: where the machine is when it is not where IMDS says, or what became of a
//! user-assigned identity. None is repeated, and a refusal is *unknown*.

use super::{Run, Secrets};
use crate::catalogue::edits;
use crate::facts::{ArmFacts, Call, ImdsFacts, Trouble};
use crate::model::{IdPart, Model, ModelFacts, NearMiss, Place, Reader};
use crate::stored::kept_identity;
use azvm_arm::{ArmError, Cloud, ResourceIdentity, UserAssignedIdentity, read_resource};
use azvm_exchange::{
    Failure, Request, Response, RetryPolicy, Secret, encode_query_value, service_text,
};
use azvm_http::Client;
use azvm_imds::{IdentitySelector, ProtocolError};
use azvm_resource_id::ResourceId;
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// Helpful, not necessary: ARM answered the probe, so that one answer is not far.
const MODEL_BUDGET: Duration = Duration::from_secs(10);

/// For virtual machines and scale sets. Source: *Virtual Machines - Get*.
const COMPUTE_API_VERSION: &str = "2024-07-01";

/// For user-assigned identities. Source: *User Assigned Identities - Get*.
const IDENTITY_API_VERSION: &str = "2023-01-31";

/// The largest list of machines that is read, in bytes: one machine takes some kilobytes.
const MAX_MACHINES_BYTES: usize = 4 * 1024 * 1024;

pub(crate) const MACHINE_TYPE: &str = "Microsoft.Compute/virtualMachines";
pub(crate) const SCALE_SET_TYPE: &str = "Microsoft.Compute/virtualMachineScaleSets";
const INSTANCE_TYPE: &str = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines";
pub(crate) const IDENTITY_TYPE: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";

/// A name has at most so many characters; a longer one is not compared.
const LONGEST_NAME: usize = 128;

/// So many letters may be wrong in a name for it to be a misspelt one.
const MOST_EDITS: usize = 2;

impl Run<'_> {
    /// Reads the model, unless the token would be shown to somebody that it is not for, or nobody would answer it.
    pub(super) async fn model(
        &mut self,
        client: &Result<Client, Failure>,
        (imds, arm): (&ImdsFacts, &ArmFacts),
        secrets: &Secrets,
    ) -> Option<ModelFacts> {
        let client = client.as_ref().ok()?;
        let is_arm_there = arm.probe.as_ref().is_some_and(|call| call.answer.is_ok());
        let (secret, reader) = reader(imds, arm, secrets).filter(|_| is_arm_there)?;
        let own = imds.compute()?.resource_id.as_deref()?;
        let id = model_id(own.parse().ok()?)?;
        let named = self.config.arm_endpoint.clone();
        let endpoint = named.unwrap_or_else(|| arm.cloud.into());
        let asking = (client, &endpoint, secret);
        let request = azvm_arm::get(&id, COMPUTE_API_VERSION);
        let call = self
            .ask_arm(asking, "model_get", (request, once()), read_model)
            .await?;
        let mut facts = ModelFacts {
            id,
            reader,
            call,
            place: None,
            identity: None,
            near_miss: None,
        };
        if let Some(vm_id) = lost_machine(&facts, imds) {
            let request = machines(&facts.id);
            let read = |response: &Response| read_place(response, vm_id);
            facts.place = self
                .ask_arm(asking, "machine_list", (request, once()), read)
                .await;
        } else if let Some(id) = questionable_identity(&facts, imds, arm, self.selector()) {
            let request = azvm_arm::get(&id, IDENTITY_API_VERSION);
            facts.identity = self
                .ask_arm(
                    asking,
                    "identity_get",
                    (request, once()),
                    read_user_assigned,
                )
                .await;
        }
        if let (IdentitySelector::ResourceId(chosen), Some(model)) =
            (self.selector(), facts.call.answer.as_ref().ok())
        {
            facts.near_miss = near_miss(chosen, model.user_assigned());
        }
        Some(facts)
    }

    fn selector(&self) -> &IdentitySelector {
        &self.config.selector
    }
}

fn once() -> RetryPolicy {
    RetryPolicy::never(MODEL_BUDGET)
}

/// The token to read with. That of the chosen identity only if it is for ARM, and if ARM did not turn it down or away
/// a moment ago.
fn reader<'a>(
    imds: &ImdsFacts,
    arm: &ArmFacts,
    secrets: &'a Secrets,
) -> Option<(&'a Secret, Reader)> {
    let is_for_arm =
        arm.is_named_endpoint || arm.cloud.audiences().contains(&imds.audience.as_str());
    let is_welcome = match arm.last_sample().map(|sample| &sample.call.answer) {
        // Without a code it is nobody's refusal that is known here.
        Some(Err(Trouble::Refused(error))) => {
            error.is_from_arm()
                && error.code().is_some()
                && !matches!(error.status(), 401 | 429 | 500..)
        }
        Some(Err(Trouble::Silent(_))) => false,
        Some(Ok(_)) | None => true,
    };
    let chosen = secrets.chosen.as_ref();
    let chosen = chosen.filter(|_| is_for_arm && is_welcome);
    let default = || Some((secrets.default.as_ref()?, Reader::Default));
    chosen
        .map(|secret| (secret, Reader::Chosen))
        .or_else(default)
}

/// What has the machine's identities. IMDS names nothing else than machines; whoever else does is not followed.
fn model_id(own: ResourceId) -> Option<ResourceId> {
    let kind = own.resource_type();
    if kind == MACHINE_TYPE {
        Some(own)
    } else if kind == INSTANCE_TYPE {
        own.parent().map(|set| set.into_owned())
    } else {
        None
    }
}

/// The `vmId` of a machine that ARM does not have at its ID.
fn lost_machine<'a>(facts: &ModelFacts, imds: &'a ImdsFacts) -> Option<&'a str> {
    let Err(Trouble::Refused(error)) = &facts.call.answer else {
        return None;
    };
    let is_machine = facts.id.resource_type() == MACHINE_TYPE;
    let is_lost =
        error.status() == 404 && error.is_from_arm() && error.code().is_some() && is_machine;
    imds.compute()?.vm_id.as_deref().filter(|_| is_lost)
}

/// All machines of the subscription: there is no filter for the `vmId`.
///
/// Source: *Virtual Machines - List All*.
fn machines(machine: &ResourceId) -> Request {
    let mut path = String::from("/subscriptions/");
    encode_query_value(machine.subscription_id().unwrap_or_default(), &mut path);
    let query = format!("/providers/{MACHINE_TYPE}?api-version={COMPUTE_API_VERSION}");
    Request::get(path + &query)
        .with_header("Accept", "application/json")
        .with_max_response_bytes(MAX_MACHINES_BYTES)
}

/// The identity that is attached, says the model, and which IMDS or the target refuses nevertheless.
fn questionable_identity(
    facts: &ModelFacts,
    imds: &ImdsFacts,
    arm: &ArmFacts,
    selector: &IdentitySelector,
) -> Option<ResourceId> {
    let attached = facts.call.answer.as_ref().ok()?.user_assigned();
    let found = if facts.reader == Reader::Default {
        attached.iter().find(|one| is_chosen(one, selector))?
    } else {
        let is_refused = matches!(
            arm.last_sample().map(|sample| &sample.call.answer),
            Some(Err(Trouble::Refused(error))) if error.status() == 403
        );
        let named = imds.claims().filter(|_| is_refused)?;
        let named = named.managed_identity_resource_id()?;
        attached.iter().find(|one| is_same_id(&one.id, named))?
    };
    let id = found.id.parse::<ResourceId>().ok()?;
    let is_identity = id.resource_type() == IDENTITY_TYPE;
    // Without its IDs it is known to be gone.
    let is_alive = found.principal_id.is_some();
    (is_identity && is_alive).then_some(id)
}

/// True when the selector names this identity.
pub(crate) fn is_chosen(one: &UserAssignedIdentity, selector: &IdentitySelector) -> bool {
    let is = |known: &Option<String>, asked: &str| {
        known
            .as_deref()
            .is_some_and(|known| known.eq_ignore_ascii_case(asked))
    };
    match selector {
        IdentitySelector::ClientId(id) => is(&one.client_id, id.as_str()),
        IdentitySelector::ObjectId(id) => is(&one.principal_id, id.as_str()),
        IdentitySelector::ResourceId(id) => is_same_id(&one.id, id.as_str()),
        _ => false,
    }
}

/// Whatever the case of the letters.
pub(crate) fn is_same_id(left: &str, right: &str) -> bool {
    let [left, right] = [left, right].map(str::parse::<ResourceId>);
    left.is_ok_and(|left| right.is_ok_and(|right| left == right))
}

/// The first attached identity that has the chosen one's name elsewhere, or a name with one or two letters wrong in the
/// same group.
fn near_miss(chosen: &ResourceId, attached: &[UserAssignedIdentity]) -> Option<NearMiss> {
    let ids = attached
        .iter()
        .filter_map(|one| one.id.parse::<ResourceId>().ok())
        .filter(|id| id.resource_type() == chosen.resource_type());
    let ids: Vec<ResourceId> = ids.collect();
    if ids.contains(chosen) {
        return None;
    }
    let mut parts = ids.iter().filter_map(|id| Some((id, differs(chosen, id)?)));
    let (id, part) = parts.next()?;
    Some(NearMiss {
        id: id.as_str().into(),
        part,
    })
}

fn differs(chosen: &ResourceId, attached: &ResourceId) -> Option<IdPart> {
    let is_same = |left: Option<&str>, right: Option<&str>| match (left, right) {
        (Some(left), Some(right)) => left.eq_ignore_ascii_case(right),
        _ => false,
    };
    let has_same_group = is_same(chosen.resource_group(), attached.resource_group());
    if !chosen.name().eq_ignore_ascii_case(attached.name()) {
        let is_here = has_same_group
            && is_same(chosen.subscription_id(), attached.subscription_id())
            && is_misspelt(chosen.name(), attached.name());
        return is_here.then_some(IdPart::Name);
    }
    if is_same(chosen.subscription_id(), attached.subscription_id()) {
        return Some(IdPart::ResourceGroup);
    }
    Some(IdPart::Subscription)
}

/// A name of three letters with two wrong ones is another name.
fn is_misspelt(typed: &str, meant: &str) -> bool {
    let [typed, meant] = [typed, meant].map(str::to_lowercase);
    let lengths = [typed.chars().count(), meant.chars().count()];
    let most = MOST_EDITS.min(lengths[1] / 4);
    lengths.iter().all(|&length| length <= LONGEST_NAME)
        && lengths[0].abs_diff(lengths[1]) <= most
        && edits(&typed, &meant) <= most
}

/// Members of `properties` that are read; a value of another kind is none, and null is nothing.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Properties {
    vm_id: Value,
    client_id: Value,
    principal_id: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Item {
    id: Value,
    properties: Option<Properties>,
}

impl Item {
    fn properties(self) -> Properties {
        self.properties.unwrap_or_default()
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct List {
    value: Option<Vec<Option<Item>>>,
    next_link: Value,
}

fn shown(value: &Value) -> Option<String> {
    let text = value.as_str().filter(|text| !text.is_empty());
    text.map(service_text)
}

fn read_model(response: &Response) -> Result<Model, ArmError> {
    let resource = read_resource(response)?;
    let item: Item = serde_json::from_slice(resource.json.as_bytes()).unwrap_or_default();
    Ok(Model {
        id: service_text(&resource.id),
        vm_id: shown(&item.properties().vm_id),
        identity: resource.identity.as_ref().map(shown_identity),
    })
}

/// As far as it is a fact, and made fit to be shown.
fn shown_identity(identity: &ResourceIdentity) -> ResourceIdentity {
    let mut identity = kept_identity(identity);
    identity.identity_type = service_text(&identity.identity_type);
    for text in [&mut identity.principal_id, &mut identity.tenant_id] {
        *text = text.as_deref().map(service_text);
    }
    for one in &mut identity.user_assigned {
        one.id = service_text(&one.id);
        for text in [&mut one.client_id, &mut one.principal_id] {
            *text = text
                .as_deref()
                .filter(|text| !text.is_empty())
                .map(service_text);
        }
    }
    identity
}

fn read_user_assigned(response: &Response) -> Result<UserAssignedIdentity, ArmError> {
    let resource = read_resource(response)?;
    let item: Item = serde_json::from_slice(resource.json.as_bytes()).unwrap_or_default();
    let mut identity = UserAssignedIdentity::default();
    identity.id = service_text(&resource.id);
    let properties = item.properties();
    identity.client_id = shown(&properties.client_id);
    identity.principal_id = shown(&properties.principal_id);
    Ok(identity)
}

fn read_place(response: &Response, vm_id: &str) -> Result<Place, ArmError> {
    if response.status() != 200 {
        return Err(ArmError::read(response));
    }
    let list = serde_json::from_slice::<List>(response.json_body());
    let list = list.map_err(|_| ArmError::read(response))?;
    let is_it = |item: &&Item| {
        let known = item.properties.as_ref().and_then(|it| it.vm_id.as_str());
        known.is_some_and(|known| known.eq_ignore_ascii_case(vm_id))
    };
    Ok(Place {
        id: list
            .value
            .iter()
            .flatten()
            .flatten()
            .find(is_it)
            .and_then(|item| shown(&item.id)),
        has_more: list.next_link.is_string(),
    })
}

/// Whether IMDS says that it does not find the chosen identity. As in the rule, so that what is asked is what is judged.
pub(super) fn is_not_found(token: Option<&Call<crate::facts::TokenFacts, ProtocolError>>) -> bool {
    let Some(Err(Trouble::Refused(ProtocolError::Rejected(rejection)))) =
        token.map(|call| &call.answer)
    else {
        return false;
    };
    crate::rules::is_about_identity(rejection) && !rejection.hints_several_identities()
}

/// True when the group of the target is the machine's own, written in other letters. Strict redaction takes the
/// difference away, so it is kept as a fact.
pub(super) fn is_respelt(target: Option<&ResourceId>, imds: &ImdsFacts) -> bool {
    let own = imds
        .compute()
        .and_then(|it| it.resource_group_name.as_deref());
    match (target.and_then(ResourceId::resource_group), own) {
        (Some(asked), Some(own)) => asked.eq_ignore_ascii_case(own) && asked != own,
        _ => false,
    }
}

/// The audience of a token that only reads the model: the one asked for if that is ARM's, or else ARM's own.
pub(super) fn reading_audience(asked: &str, cloud: Cloud, is_named: bool) -> &str {
    match is_named || cloud.audiences().contains(&asked) {
        true => asked,
        false => cloud.audience(),
    }
}

/// Any bytes as each of the answers: what is read of them is fit to be shown, and an attached identity is no near miss of
/// itself.
pub(crate) fn read_any(data: &[u8]) {
    let response = Response::new(200, Vec::new(), data.to_vec());
    let fit = |text: &str| assert!(!text.chars().any(char::is_control), "{text:?}");
    let fit_identity = |one: &UserAssignedIdentity| {
        let ids = [&one.client_id, &one.principal_id];
        ids.into_iter()
            .flatten()
            .chain([&one.id])
            .for_each(|id| fit(id));
    };
    if let Ok(model) = read_model(&response) {
        fit(&model.id);
        fit(&model.vm_id.clone().unwrap_or_default());
        model.user_assigned().iter().for_each(fit_identity);
        for one in model.user_assigned() {
            if let Ok(id) = one.id.parse() {
                assert_eq!(near_miss(&id, model.user_assigned()), None);
            }
        }
    }
    if let Ok(identity) = read_user_assigned(&response) {
        fit_identity(&identity);
    }
    if let Ok(place) = read_place(&response, "01234567-89ab-cdef-0123-456789abcdef") {
        fit(&place.id.unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn identity(group: &str, name: &str) -> ResourceId {
        format!("/subscriptions/s/resourceGroups/{group}/providers/{IDENTITY_TYPE}/{name}")
            .parse()
            .unwrap()
    }

    fn attached(id: &ResourceId) -> UserAssignedIdentity {
        let mut one = UserAssignedIdentity::default();
        one.id = id.as_str().into();
        one
    }

    proptest! {
        #[test]
        fn one_wrong_letter_is_a_near_miss_and_another_case_is_not(
            name in "[a-z][a-z0-9-]{6,40}", at in 0_usize..7, letter in "[a-z0-9]",
        ) {
            let known = attached(&identity("g", &name));
            let mut wrong = name.clone();
            wrong.replace_range(at..=at, &letter);
            let found = near_miss(&identity("G", &wrong), std::slice::from_ref(&known));
            let expected = (wrong != name).then_some(IdPart::Name);
            prop_assert_eq!(found.map(|near| near.part), expected);
            let upper = identity("G", &name.to_uppercase());
            prop_assert_eq!(near_miss(&upper, &[known]), None);
        }

        #[test]
        fn names_without_a_letter_in_common_are_no_near_miss(left in "[a-m]{3,60}", right in "[n-z]{3,60}") {
            let known = attached(&identity("g", &right));
            prop_assert_eq!(near_miss(&identity("g", &left), &[known]), None);
        }
    }

    #[test]
    fn only_machines_and_the_sets_of_instances_are_read() {
        let read = |id: &str| model_id(id.parse().unwrap()).map(|id| id.as_str().to_string());
        let group = "/subscriptions/s/resourceGroups/g";
        let machine = format!("{group}/providers/{MACHINE_TYPE}/m");
        let set = format!("{group}/providers/{SCALE_SET_TYPE}/set");
        assert_eq!(read(&machine), Some(machine.clone()));
        assert_eq!(read(&format!("{set}/virtualMachines/3")), Some(set.clone()));
        for other in [group, &set, &format!("{group}/providers/{IDENTITY_TYPE}/i")] {
            assert_eq!(read(other), None);
        }
    }

    #[test]
    fn a_token_that_reads_the_model_is_for_arm() {
        let own = Cloud::Public.audience();
        let audience = |asked| reading_audience(asked, Cloud::Public, false).to_string();
        assert_eq!(audience("https://storage.azure.com/"), own);
        assert_eq!(
            audience("https://management.azure.com"),
            "https://management.azure.com"
        );
        assert_eq!(audience("https://management.chinacloudapi.cn/"), own);
        let named = reading_audience("https://arm.private.example/", Cloud::Public, true);
        assert_eq!(named, "https://arm.private.example/");
    }
}
