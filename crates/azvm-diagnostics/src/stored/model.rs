//! The machine's model in ARM, in a report.

use super::StoredError;
use super::arm::{restore_arm_call, store_arm_refusal};
use super::calls::store_call;
use super::facts::{back, restore_id, some, text};
use super::text::Text;
use super::wire::{ArmRefusal, Call};
use crate::model::{IdPart, Model, ModelFacts, NearMiss, Place, Reader};
use azvm_arm::{ResourceIdentity, UserAssignedIdentity};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct Machine {
    id: Text,
    #[serde(default)]
    reader: Text,
    call: Call<Described, ArmRefusal>,
    #[serde(default)]
    place: Option<Call<Listed, ArmRefusal>>,
    #[serde(default)]
    identity: Option<Call<UserAssigned, ArmRefusal>>,
    #[serde(default)]
    near_miss: Option<Near>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Described {
    id: Text,
    vm_id: Option<Text>,
    identity: Option<Identity>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Identity {
    identity_type: Text,
    principal_id: Option<Text>,
    tenant_id: Option<Text>,
    user_assigned: Vec<UserAssigned>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct UserAssigned {
    id: Text,
    client_id: Option<Text>,
    principal_id: Option<Text>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Listed {
    id: Option<Text>,
    has_more: bool,
}

#[derive(Serialize, Deserialize)]
struct Near {
    id: Text,
    part: Text,
}

const PARTS: [IdPart; 3] = [IdPart::Subscription, IdPart::ResourceGroup, IdPart::Name];

pub(super) fn store_model(facts: &ModelFacts) -> Machine {
    let ModelFacts {
        id,
        reader,
        call,
        place,
        identity,
        near_miss,
    } = facts;
    Machine {
        id: text(id.as_str()),
        reader: text(match reader {
            Reader::Chosen => "chosen",
            Reader::Default => "default",
        }),
        call: store_call(call, store_described, store_arm_refusal),
        place: place
            .as_ref()
            .map(|call| store_call(call, store_place, store_arm_refusal)),
        identity: identity
            .as_ref()
            .map(|call| store_call(call, store_user_assigned, store_arm_refusal)),
        near_miss: near_miss.as_ref().map(|NearMiss { id, part }| Near {
            id: text(id),
            part: text(part.as_str()),
        }),
    }
}

pub(super) fn restore_model(wire: Machine) -> Result<ModelFacts, StoredError> {
    let near_miss = wire.near_miss.map(|Near { id, part }| {
        let mut known = PARTS.into_iter();
        let part = known.find(|known| known.as_str() == part.as_str());
        let part =
            part.ok_or_else(|| StoredError::at("arm.model.near_miss.part", "no such part"))?;
        Ok(NearMiss {
            id: id.into(),
            part,
        })
    });
    Ok(ModelFacts {
        id: restore_id("arm.model.id", &wire.id)?,
        reader: match wire.reader.as_str() {
            "default" => Reader::Default,
            _ => Reader::Chosen,
        },
        call: restore_arm_call(wire.call, restore_described)?,
        place: wire
            .place
            .map(|call| restore_arm_call(call, restore_place))
            .transpose()?,
        identity: wire
            .identity
            .map(|call| restore_arm_call(call, restore_user_assigned))
            .transpose()?,
        near_miss: near_miss.transpose()?,
    })
}

fn store_described(model: &Model) -> Described {
    let Model {
        id,
        vm_id,
        identity,
    } = model;
    Described {
        id: text(id),
        vm_id: some(vm_id.as_ref()),
        identity: identity.as_ref().map(store_identity),
    }
}

fn restore_described(wire: Described) -> Model {
    Model {
        id: wire.id.into(),
        vm_id: back(wire.vm_id),
        identity: wire.identity.map(restore_identity),
    }
}

fn store_identity(identity: &ResourceIdentity) -> Identity {
    Identity {
        identity_type: text(&identity.identity_type),
        principal_id: some(identity.principal_id.as_ref()),
        tenant_id: some(identity.tenant_id.as_ref()),
        user_assigned: identity
            .user_assigned
            .iter()
            .map(store_user_assigned)
            .collect(),
    }
}

fn restore_identity(wire: Identity) -> ResourceIdentity {
    let mut identity = ResourceIdentity::default();
    identity.identity_type = wire.identity_type.into();
    identity.principal_id = back(wire.principal_id);
    identity.tenant_id = back(wire.tenant_id);
    let user_assigned = wire.user_assigned.into_iter();
    identity.user_assigned = user_assigned.map(restore_user_assigned).collect();
    identity
}

fn store_user_assigned(one: &UserAssignedIdentity) -> UserAssigned {
    UserAssigned {
        id: text(&one.id),
        client_id: some(one.client_id.as_ref()),
        principal_id: some(one.principal_id.as_ref()),
    }
}

fn restore_user_assigned(wire: UserAssigned) -> UserAssignedIdentity {
    let mut one = UserAssignedIdentity::default();
    one.id = wire.id.into();
    one.client_id = back(wire.client_id);
    one.principal_id = back(wire.principal_id);
    one
}

fn store_place(place: &Place) -> Listed {
    let Place { id, has_more } = place;
    Listed {
        id: some(id.as_ref()),
        has_more: *has_more,
    }
}

fn restore_place(wire: Listed) -> Place {
    Place {
        id: back(wire.id),
        has_more: wire.has_more,
    }
}

/// The part of an identity block that is a fact.
pub(crate) fn kept_identity(identity: &ResourceIdentity) -> ResourceIdentity {
    restore_identity(store_identity(identity))
}
