//! Role definitions: what a role allows.

use crate::page::{Page, read_page};
use crate::permission::{PermissionBody, sets};
use crate::wire::{Bounded, Loose, Object};
use crate::{ArmError, Permission};
use alloc::string::String;
use alloc::vec::Vec;
use azvm_exchange::Response;

/// One page of role definitions.
pub type RoleDefinitions = Page<RoleDefinition>;

/// The most scopes that are read of one definition.
const MAX_SCOPES: usize = 2_000;

/// A role, built-in or custom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleDefinition {
    /// `id`.
    pub id: String,
    /// `name`: the role's GUID, which is the same in all clouds for a built-in role.
    pub name: String,
    /// `properties.roleName`: `Reader`, …
    pub role_name: Option<String>,
    /// `properties.type`: `BuiltInRole` or `CustomRole`.
    pub role_type: Option<String>,
    /// `properties.description`.
    pub description: Option<String>,
    /// `properties.assignableScopes`.
    pub assignable_scopes: Vec<String>,
    /// `properties.permissions`, for [`evaluate`](crate::evaluate).
    pub permissions: Vec<Permission>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Item {
    id: Loose<String>,
    name: Loose<String>,
    properties: Object<Properties>,
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Properties {
    role_name: Loose<String>,
    r#type: Loose<String>,
    description: Loose<String>,
    assignable_scopes: Loose<Bounded<Loose<String>, MAX_SCOPES>>,
    permissions: Option<Vec<Object<PermissionBody>>>,
}

impl From<Item> for RoleDefinition {
    fn from(item: Item) -> Self {
        let Object(properties) = item.properties;
        let scopes = properties.assignable_scopes.0.unwrap_or_default().0;
        Self {
            id: item.id.0.unwrap_or_default(),
            name: item.name.0.unwrap_or_default(),
            role_name: properties.role_name.0,
            role_type: properties.r#type.0,
            description: properties.description.0,
            assignable_scopes: scopes.into_iter().filter_map(|scope| scope.0).collect(),
            permissions: sets(properties.permissions),
        }
    }
}

/// Reads the answer to [`role_definition`](crate::role_definition()).
///
/// # Errors
///
/// [`ArmError`] for any status but 200, and for a 200 that has no `id` or whose permissions cannot be read.
pub fn read_role_definition(response: &Response) -> Result<RoleDefinition, ArmError> {
    if response.status() != 200 {
        return Err(ArmError::read(response));
    }
    let definition = serde_json::from_slice::<Object<Item>>(response.json_body())
        .map(|item| RoleDefinition::from(item.0));
    definition
        .ok()
        .filter(|definition| !definition.id.is_empty())
        .ok_or_else(|| ArmError::unreadable(response, "role definition"))
}

/// Reads the answer to [`role_definitions`](crate::role_definitions).
///
/// # Errors
///
/// [`ArmError`] for any status but 200, and for a 200 that is no such list or whose permissions cannot be read.
pub fn read_role_definitions(response: &Response) -> Result<RoleDefinitions, ArmError> {
    read_page(response, "role definitions", |item: Item| item.into())
}
