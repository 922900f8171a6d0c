//! Role assignments, as far as a diagnosis needs them.

use crate::ArmError;
use crate::page::{Page, read_page};
use crate::wire::{Loose, Object};
use alloc::string::String;
use azvm_exchange::Response;

/// One page of role assignments.
pub type RoleAssignments = Page<RoleAssignment>;

/// A role given to a principal at a scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleAssignment {
    /// `id`.
    pub id: String,
    /// `properties.roleDefinitionId`; the last segment is the role's GUID.
    pub role_definition_id: String,
    /// `properties.principalId`: an object ID.
    pub principal_id: String,
    /// `properties.principalType`.
    pub principal_type: Option<String>,
    /// `properties.scope`.
    pub scope: String,
    /// `properties.createdOn`, RFC 3339, by the service's clock.
    pub created_on: Option<String>,
    /// `properties.updatedOn`, RFC 3339; an update restarts propagation.
    pub updated_on: Option<String>,
    /// True when the assignment carries a condition (ABAC).
    pub has_condition: bool,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Item {
    id: Loose<String>,
    properties: Loose<Object<Properties>>,
}

/// What is missing is empty: one odd item does not hide the others.
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Properties {
    role_definition_id: Loose<String>,
    principal_id: Loose<String>,
    principal_type: Loose<String>,
    scope: Loose<String>,
    created_on: Loose<String>,
    updated_on: Loose<String>,
    condition: Loose<String>,
}

/// Reads the answer to [`role_assignments`](crate::role_assignments).
///
/// # Errors
///
/// [`ArmError`] for any status but 200, and for a 200 that is no such list.
pub fn read_role_assignments(response: &Response) -> Result<RoleAssignments, ArmError> {
    read_page(response, "role assignments", |item: Item| {
        let properties = item.properties.0.unwrap_or_default().0;
        RoleAssignment {
            id: item.id.0.unwrap_or_default(),
            role_definition_id: properties.role_definition_id.0.unwrap_or_default(),
            principal_id: properties.principal_id.0.unwrap_or_default(),
            principal_type: properties.principal_type.0,
            scope: properties.scope.0.unwrap_or_default(),
            created_on: properties.created_on.0,
            updated_on: properties.updated_on.0,
            has_condition: properties.condition.0.is_some_and(|text| !text.is_empty()),
        }
    })
}
