//! What was asked about rights, to its stored form and back.

use super::StoredError;
use super::arm::{
    restore_arm_call, restore_roles, store_arm_refusal, store_roles, try_restore_arm_call,
};
use super::calls::store_call;
use super::facts::{back, some, text};
use super::text::Text;
use super::wire::{ArmRefusal, Call, RoleAssignments};
use crate::facts::{Denials, EffectiveRights, RightsFacts, Role, RoleFacts, SubscriptionsSeen};
use azvm_arm::Verdict;
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::stored) struct Rights {
    action: Option<Text>,
    subscriptions: Option<Call<Seen, ArmRefusal>>,
    elsewhere: Option<Call<RoleAssignments, ArmRefusal>>,
    roles: Vec<Asked>,
    permissions: Option<Call<Effective, ArmRefusal>>,
    denials: Option<Call<Denied, ArmRefusal>>,
}

#[derive(Serialize, Deserialize)]
struct Seen {
    count: usize,
    has_target: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    others: Vec<Text>,
    #[serde(default)]
    has_more: bool,
}

#[derive(Serialize, Deserialize)]
struct Asked {
    id: Text,
    call: Call<WireRole, ArmRefusal>,
}

/// A role that Azure made is called the same everywhere; the name of any other is somebody's own.
#[derive(Serialize, Deserialize)]
struct WireRole {
    #[serde(default)]
    built_in: Option<Text>,
    #[serde(default)]
    name: Option<Text>,
    is_built_in: bool,
    grant: Text,
    #[serde(default)]
    has_data_actions: bool,
}

#[derive(Serialize, Deserialize)]
struct Effective {
    sets: usize,
    grant: Text,
    #[serde(default)]
    has_more: bool,
}

/// The names stand in objects, so that they are known as names.
#[derive(Serialize, Deserialize)]
struct Denied {
    denials: Vec<Named>,
    #[serde(default)]
    has_more: bool,
}

#[derive(Serialize, Deserialize)]
struct Named {
    name: Text,
}

pub(in crate::stored) fn store_rights(rights: &RightsFacts) -> Rights {
    let RightsFacts {
        action,
        subscriptions,
        elsewhere,
        roles,
        permissions,
        denials,
    } = rights;
    let refusal = store_arm_refusal;
    Rights {
        action: some(action.as_ref()),
        subscriptions: subscriptions
            .as_ref()
            .map(|call| store_call(call, store_seen, refusal)),
        elsewhere: elsewhere
            .as_ref()
            .map(|call| store_call(call, store_roles, refusal)),
        roles: roles.iter().map(store_asked).collect(),
        permissions: permissions
            .as_ref()
            .map(|call| store_call(call, store_effective, refusal)),
        denials: denials
            .as_ref()
            .map(|call| store_call(call, store_denials, refusal)),
    }
}

/// # Errors
///
/// [`StoredError`] names the member that cannot have been.
pub(in crate::stored) fn restore_rights(wire: Rights) -> Result<RightsFacts, StoredError> {
    let roles = wire.roles.into_iter().map(restore_asked);
    Ok(RightsFacts {
        action: back(wire.action),
        subscriptions: wire
            .subscriptions
            .map(|call| restore_arm_call(call, restore_seen))
            .transpose()?,
        elsewhere: wire
            .elsewhere
            .map(|call| restore_arm_call(call, restore_roles))
            .transpose()?,
        roles: roles.collect::<Result<_, _>>()?,
        permissions: wire
            .permissions
            .map(|call| try_restore_arm_call(call, |it| restore_effective(&it)))
            .transpose()?,
        denials: wire
            .denials
            .map(|call| restore_arm_call(call, restore_denials))
            .transpose()?,
    })
}

fn store_seen(seen: &SubscriptionsSeen) -> Seen {
    let SubscriptionsSeen {
        count,
        has_target,
        others,
        has_more,
    } = seen;
    Seen {
        count: *count,
        has_target: *has_target,
        others: others.iter().map(text).collect(),
        has_more: *has_more,
    }
}

fn restore_seen(wire: Seen) -> SubscriptionsSeen {
    SubscriptionsSeen {
        count: wire.count,
        has_target: wire.has_target,
        others: wire.others.into_iter().map(Into::into).collect(),
        has_more: wire.has_more,
    }
}

fn store_asked(role: &RoleFacts) -> Asked {
    let RoleFacts { id, call } = role;
    Asked {
        id: text(id),
        call: store_call(call, store_role, store_arm_refusal),
    }
}

fn restore_asked(wire: Asked) -> Result<RoleFacts, StoredError> {
    Ok(RoleFacts {
        id: wire.id.into(),
        call: try_restore_arm_call(wire.call, restore_role)?,
    })
}

fn store_role(role: &Role) -> WireRole {
    let Role {
        name,
        is_built_in,
        grant,
        has_data_actions,
    } = role;
    let (own, other) = match is_built_in {
        true => (name.as_ref(), None),
        false => (None, name.as_ref()),
    };
    WireRole {
        built_in: some(own),
        name: some(other),
        is_built_in: *is_built_in,
        grant: store_grant(*grant),
        has_data_actions: *has_data_actions,
    }
}

fn restore_role(wire: WireRole) -> Result<Role, StoredError> {
    Ok(Role {
        name: back(wire.built_in.or(wire.name)),
        is_built_in: wire.is_built_in,
        grant: restore_grant(&wire.grant)?,
        has_data_actions: wire.has_data_actions,
    })
}

fn store_effective(rights: &EffectiveRights) -> Effective {
    let EffectiveRights {
        sets,
        grant,
        has_more,
    } = *rights;
    Effective {
        sets,
        grant: store_grant(grant),
        has_more,
    }
}

fn restore_effective(wire: &Effective) -> Result<EffectiveRights, StoredError> {
    Ok(EffectiveRights {
        sets: wire.sets,
        grant: restore_grant(&wire.grant)?,
        has_more: wire.has_more,
    })
}

fn store_denials(denials: &Denials) -> Denied {
    let Denials { names, has_more } = denials;
    Denied {
        denials: names
            .iter()
            .map(|name| Named { name: text(name) })
            .collect(),
        has_more: *has_more,
    }
}

fn restore_denials(wire: Denied) -> Denials {
    let names = wire.denials.into_iter().map(|it| it.name.into());
    Denials {
        names: names.collect(),
        has_more: wire.has_more,
    }
}

const GRANTS: [(Verdict, &str); 3] = [
    (Verdict::Allowed, "allowed"),
    (Verdict::Conditional, "conditional"),
    (Verdict::NotGranted, "not_granted"),
];

fn store_grant(grant: Verdict) -> Text {
    let row = GRANTS.iter().find(|(known, _)| *known == grant);
    text(row.map_or("not_granted", |(_, name)| name))
}

fn restore_grant(name: &Text) -> Result<Verdict, StoredError> {
    let row = GRANTS.iter().find(|(_, known)| *known == name.as_str());
    row.map(|(grant, _)| *grant)
        .ok_or_else(|| StoredError::at("arm.rights", "no such grant"))
}
