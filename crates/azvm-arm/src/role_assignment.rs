//! Role assignments, as far as a diagnosis needs them.

use crate::ArmError;
use alloc::string::String;
use alloc::vec::Vec;
use azvm_exchange::Response;

/// One page of role assignments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleAssignments {
    /// The assignments of this page.
    pub value: Vec<RoleAssignment>,
    /// True when the service has more pages.
    pub has_more: bool,
}

/// A role given to a principal at a scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoleAssignment {
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

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    value: Vec<Item>,
    next_link: Option<String>,
}

#[derive(serde::Deserialize)]
struct Item {
    #[serde(default)]
    properties: Properties,
}

/// What is missing is empty: one odd item does not hide the others.
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Properties {
    role_definition_id: String,
    principal_id: String,
    principal_type: Option<String>,
    scope: String,
    created_on: Option<String>,
    updated_on: Option<String>,
    condition: Option<String>,
}

/// Reads the answer to [`role_assignments`](crate::role_assignments).
///
/// # Errors
///
/// [`ArmError`] for any status but 200, and for a 200 that is no such list.
pub fn read_role_assignments(response: &Response) -> Result<RoleAssignments, ArmError> {
    if response.status() != 200 {
        return Err(ArmError::read(response));
    }
    let page: Page = serde_json::from_slice(response.json_body())
        .map_err(|_| ArmError::unreadable(response, "the body is no list of role assignments"))?;
    let value = page
        .value
        .into_iter()
        .map(|Item { properties }| RoleAssignment {
            role_definition_id: properties.role_definition_id,
            principal_id: properties.principal_id,
            principal_type: properties.principal_type,
            scope: properties.scope,
            created_on: properties.created_on,
            updated_on: properties.updated_on,
            has_condition: properties
                .condition
                .is_some_and(|condition| !condition.is_empty()),
        });
    Ok(RoleAssignments {
        value: value.collect(),
        has_more: page.next_link.is_some_and(|link| !link.is_empty()),
    })
}
