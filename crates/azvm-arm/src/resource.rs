//! A resource or a resource group, as far as all of them are alike.

use crate::wire::{Bounded, Loose, Object};
use crate::{ArmError, RequestIds, Throttling};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use azvm_exchange::Response;
use core::fmt;

/// What every ARM answer about one thing has in common. Names come in whatever case the service keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resource {
    /// `id`.
    pub id: String,
    /// `name`, or `displayName` of a subscription.
    pub name: Option<String>,
    /// `type`, such as `Microsoft.Resources/resourceGroups`.
    pub resource_type: Option<String>,
    /// `location`.
    pub location: Option<String>,
    /// `properties.provisioningState`, or `state` of a subscription.
    pub state: Option<String>,
    /// `managedBy`: the ID of the resource that this one belongs to.
    pub managed_by: Option<String>,
    /// `tags`, as far as their values are texts.
    pub tags: BTreeMap<String, String>,
    /// `identity`: which managed identities a virtual machine, or whatever else has some, is given.
    pub identity: Option<ResourceIdentity>,
    /// The whole answer.
    pub json: Json,
    /// The ids of the answer.
    pub request_ids: RequestIds,
    /// The throttling headers of the answer.
    pub throttling: Throttling,
}

/// The identities that a resource is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResourceIdentity {
    /// `type`: `SystemAssigned`, `UserAssigned`, `SystemAssigned, UserAssigned` or `None`.
    pub identity_type: String,
    /// `principalId`: the object ID of the system-assigned identity.
    pub principal_id: Option<String>,
    /// `tenantId`.
    pub tenant_id: Option<String>,
    /// `userAssignedIdentities`, by resource ID.
    pub user_assigned: Vec<UserAssignedIdentity>,
}

impl ResourceIdentity {
    /// Whether [`identity_type`](Self::identity_type) names the system-assigned identity, whatever the case.
    pub fn has_system_assigned(&self) -> bool {
        let mut types = self.identity_type.split(',');
        types.any(|name| name.trim().eq_ignore_ascii_case("SystemAssigned"))
    }
}

/// A user-assigned identity of a resource. One without client and principal was deleted while it was assigned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserAssignedIdentity {
    /// Its resource ID.
    pub id: String,
    /// `clientId`.
    pub client_id: Option<String>,
    /// `principalId`: its object ID.
    pub principal_id: Option<String>,
}

/// The bytes of a JSON document, to be read with a parser of the caller's. `Debug` tells their number only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Json(Box<[u8]>);

impl Json {
    /// The bytes, without a byte order mark.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Json({} bytes)", self.0.len())
    }
}

/// The most user-assigned identities that are read of one resource.
pub const MAX_IDENTITIES: usize = 1_000;

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ResourceBody {
    id: Loose<String>,
    name: Loose<String>,
    display_name: Loose<String>,
    r#type: Loose<String>,
    location: Loose<String>,
    state: Loose<String>,
    managed_by: Loose<String>,
    tags: Loose<BTreeMap<String, String>>,
    identity: Loose<Object<IdentityBody>>,
    properties: Loose<Object<PropertiesBody>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PropertiesBody {
    provisioning_state: Loose<String>,
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct IdentityBody {
    r#type: Loose<String>,
    principal_id: Loose<String>,
    tenant_id: Loose<String>,
    user_assigned_identities: Loose<BTreeMap<String, Object<UserAssignedBody>>>,
    /// How the first api-versions with user-assigned identities listed them.
    identity_ids: Loose<Bounded<Loose<String>, MAX_IDENTITIES>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct UserAssignedBody {
    client_id: Loose<String>,
    principal_id: Loose<String>,
}

/// Reads the answer to [`get`](crate::get).
///
/// # Errors
///
/// [`ArmError`] for any status but 200, and for a 200 whose body has no `id`.
pub fn read_resource(response: &Response) -> Result<Resource, ArmError> {
    if response.status() != 200 {
        return Err(ArmError::read(response));
    }
    let Object(body) =
        serde_json::from_slice::<Object<ResourceBody>>(response.json_body()).unwrap_or_default();
    let id = body.id.0.filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| ArmError::unreadable(response, "ARM resource"))?;
    let properties = body.properties.0.unwrap_or_default().0;
    Ok(Resource {
        id,
        name: body.name.0.or(body.display_name.0),
        resource_type: body.r#type.0,
        location: body.location.0,
        state: properties.provisioning_state.0.or(body.state.0),
        managed_by: body.managed_by.0.filter(|id| !id.is_empty()),
        tags: body.tags.0.unwrap_or_default(),
        identity: body.identity.0.map(|body| read_identity(body.0)),
        json: Json(response.json_body().into()),
        request_ids: RequestIds::read(response),
        throttling: Throttling::read(response),
    })
}

fn read_identity(body: IdentityBody) -> ResourceIdentity {
    let by_id = body.user_assigned_identities.0.unwrap_or_default();
    let listed = body.identity_ids.0.unwrap_or_default().0.into_iter();
    let described = by_id
        .into_iter()
        .map(|(id, Object(body))| UserAssignedIdentity {
            id,
            client_id: body.client_id.0,
            principal_id: body.principal_id.0,
        });
    let named = listed.filter_map(|id| id.0).map(|id| UserAssignedIdentity {
        id,
        ..UserAssignedIdentity::default()
    });
    ResourceIdentity {
        identity_type: body.r#type.0.unwrap_or_default(),
        principal_id: body.principal_id.0,
        tenant_id: body.tenant_id.0,
        user_assigned: described.chain(named).take(MAX_IDENTITIES).collect(),
    }
}
