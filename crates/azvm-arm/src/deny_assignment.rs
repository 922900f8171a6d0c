//! Deny assignments: what stays forbidden whatever the roles allow.

use crate::page::{Page, read_page};
use crate::permission::{PermissionBody, sets};
use crate::wire::{Bounded, Loose, Object};
use crate::{ArmError, Operation, Permission};
use alloc::string::String;
use alloc::vec::Vec;
use azvm_exchange::Response;

/// One page of deny assignments.
pub type DenyAssignments = Page<DenyAssignment>;

/// The ID that stands for everybody in [`DenyAssignment::principals`] (*Understand Azure deny assignments*).
pub const EVERYONE: &str = "00000000-0000-0000-0000-000000000000";

/// The most principals that are read of one assignment.
const MAX_PRINCIPALS: usize = 2_000;

/// A set of operations that some principals may not do at a scope. Azure makes them, for a managed application, a
/// deployment stack or the node group of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DenyAssignment {
    /// `id`.
    pub id: String,
    /// `properties.denyAssignmentName`.
    pub display_name: Option<String>,
    /// `properties.description`.
    pub description: Option<String>,
    /// `properties.scope`.
    pub scope: String,
    /// `properties.permissions`: what is denied, less what each set excepts.
    pub permissions: Vec<Permission>,
    /// `properties.principals`: to whom it applies; [`EVERYONE`] stands for all.
    pub principals: Vec<Principal>,
    /// `properties.excludePrincipals`: to whom it does not.
    pub exclude_principals: Vec<Principal>,
    /// `properties.doNotApplyToChildScopes`.
    pub skips_child_scopes: bool,
    /// `properties.isSystemProtected`: made by Azure, and not to be changed by hand.
    pub is_system_protected: bool,
    /// True when it holds under a condition only.
    pub has_condition: bool,
}

/// A user, group or service principal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Principal {
    /// `id`: an object ID.
    pub id: String,
    /// `type`: `User`, `Group`, `ServicePrincipal`, `SystemDefined`, `Everyone`, …
    pub principal_type: Option<String>,
}

impl DenyAssignment {
    /// Whether the operation is among those that are denied, to whom it applies and under its condition if it has one.
    pub fn denies(&self, operation: Operation<'_>) -> bool {
        self.permissions.iter().any(|set| set.includes(operation))
    }

    /// Whether the principal is named, or everyone is, and it is not excepted by name. Groups are not resolved: a list
    /// with [`AssignmentFilter::AssignedTo`](crate::AssignmentFilter::AssignedTo) has been filtered with them.
    pub fn names(&self, object_id: &str) -> bool {
        let is_named = is_in(&self.principals, object_id) || is_in(&self.principals, EVERYONE);
        is_named && !self.excepts(object_id)
    }

    /// Whether the principal is excepted by name, so that the denial does not reach it in spite of a group.
    pub fn excepts(&self, object_id: &str) -> bool {
        is_in(&self.exclude_principals, object_id)
    }
}

fn is_in(list: &[Principal], id: &str) -> bool {
    list.iter()
        .any(|principal| principal.id.eq_ignore_ascii_case(id))
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Item {
    id: Loose<String>,
    properties: Object<Properties>,
}

type Principals = Loose<Bounded<Object<PrincipalBody>, MAX_PRINCIPALS>>;

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Properties {
    deny_assignment_name: Loose<String>,
    description: Loose<String>,
    scope: Loose<String>,
    permissions: Option<Vec<Object<PermissionBody>>>,
    principals: Principals,
    exclude_principals: Principals,
    do_not_apply_to_child_scopes: Loose<bool>,
    is_system_protected: Loose<bool>,
    condition: Loose<String>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct PrincipalBody {
    id: Loose<String>,
    r#type: Loose<String>,
}

fn principals(bodies: Principals) -> Vec<Principal> {
    let bodies = bodies.0.unwrap_or_default().0.into_iter();
    let read = bodies.map(|Object(body)| Principal {
        id: body.id.0.unwrap_or_default(),
        principal_type: body.r#type.0,
    });
    read.collect()
}

/// Reads the answer to [`deny_assignments`](crate::deny_assignments).
///
/// # Errors
///
/// [`ArmError`] for any status but 200, and for a 200 that is no such list or whose permissions cannot be read.
pub fn read_deny_assignments(response: &Response) -> Result<DenyAssignments, ArmError> {
    read_page(response, "deny assignments", |item: Item| {
        let Object(properties) = item.properties;
        DenyAssignment {
            id: item.id.0.unwrap_or_default(),
            display_name: properties.deny_assignment_name.0,
            description: properties.description.0,
            scope: properties.scope.0.unwrap_or_default(),
            permissions: sets(properties.permissions),
            principals: principals(properties.principals),
            exclude_principals: principals(properties.exclude_principals),
            skips_child_scopes: properties
                .do_not_apply_to_child_scopes
                .0
                .unwrap_or_default(),
            is_system_protected: properties.is_system_protected.0.unwrap_or_default(),
            has_condition: properties.condition.0.is_some_and(|text| !text.is_empty()),
        }
    })
}
