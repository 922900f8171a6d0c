//! The requests, without their bearer: add it with `Request::with_bearer`.

use alloc::format;
use alloc::string::String;
use azvm_exchange::{Request, encode_query_value};
use azvm_resource_id::{ResourceGroupId, ResourceId, ResourceIdRef, RoleDefinitionId};

/// For resource groups.
pub const RESOURCE_GROUP_API_VERSION: &str = "2021-04-01";
/// For subscriptions.
pub const SUBSCRIPTION_API_VERSION: &str = "2022-12-01";
/// For tenants.
pub const TENANT_API_VERSION: &str = "2022-12-01";
/// For role assignments and whatever else `Microsoft.Authorization` has.
pub const AUTHORIZATION_API_VERSION: &str = "2022-04-01";

/// The largest list of role definitions that is read, in bytes: those of all built-in roles pass a megabyte.
pub const MAX_ROLE_DEFINITIONS_BYTES: usize = 4 * 1024 * 1024;

/// `GET` of anything that has an ID. The api-version depends on the resource's type.
pub fn get(id: &ResourceId, api_version: &str) -> Request {
    let mut target = id.to_url_path();
    target.push_str("?api-version=");
    encode_query_value(api_version, &mut target);
    accept_json(target)
}

/// `GET` of a resource group, for [`read_resource`](crate::read_resource).
pub fn resource_group(id: &ResourceGroupId<'_>) -> Request {
    get_ref(id.id(), RESOURCE_GROUP_API_VERSION)
}

/// `GET` of a subscription, for [`read_subscription`](crate::read_subscription).
pub fn subscription(subscription_id: &str) -> Request {
    let mut target = String::from("/subscriptions/");
    encode_query_value(subscription_id, &mut target);
    accept_json(format!("{target}?api-version={SUBSCRIPTION_API_VERSION}"))
}

/// The same as [`subscription()`], meant to be sent *without* a token: the 401 that follows proves that ARM itself
/// answered, and its `WWW-Authenticate` names the subscription's tenant.
pub fn probe(subscription_id: &str) -> Request {
    subscription(subscription_id)
}

/// The subscriptions in which the caller has a role. Needs no role: without one the list is empty.
pub fn subscriptions() -> Request {
    accept_json(format!(
        "/subscriptions?api-version={SUBSCRIPTION_API_VERSION}"
    ))
}

/// The tenants that the caller is known in. Needs no role.
pub fn tenants() -> Request {
    accept_json(format!("/tenants?api-version={TENANT_API_VERSION}"))
}

/// What the caller may do at `scope`, which is a resource group or a resource: no other scope has this list. Needs
/// `Microsoft.Authorization/permissions/read` there, which Reader has.
pub fn permissions(scope: &ResourceId) -> Request {
    list(scope, "permissions", "")
}

/// Which assignments are listed. An object ID is that of a user or service principal; a managed identity has one.
///
/// Sources: *List Azure role assignments using the REST API* and the same page of deny assignments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AssignmentFilter<'a> {
    /// All at, above and below the scope.
    All,
    /// `atScope()`: all at and above the scope.
    AtScope,
    /// `atScope() and assignedTo('…')`: those at and above the scope that count for the principal, through groups too.
    AtScopeAssignedTo(&'a str),
    /// `assignedTo('…')`: those at, above and below the scope that count for the principal, through groups too.
    AssignedTo(&'a str),
    /// `principalId eq '…'`: those at, above and below the scope that name the principal itself: shows what was assigned
    /// elsewhere than meant.
    PrincipalId(&'a str),
}

impl AssignmentFilter<'_> {
    fn to_odata(self) -> String {
        match self {
            Self::All => String::new(),
            Self::AtScope => "atScope()".into(),
            Self::AtScopeAssignedTo(id) => format!("atScope() and assignedTo({})", literal(id)),
            Self::AssignedTo(id) => format!("assignedTo({})", literal(id)),
            Self::PrincipalId(id) => format!("principalId eq {}", literal(id)),
        }
    }
}

/// The role assignments that count at `scope` for a principal: inherited ones and those of its groups included.
/// Needs `Microsoft.Authorization/roleAssignments/read` there, which Reader has.
pub fn role_assignments(scope: &ResourceId, object_id: &str) -> Request {
    role_assignments_where(scope, AssignmentFilter::AtScopeAssignedTo(object_id))
}

/// The role assignments at `scope` that pass the filter, for [`read_role_assignments`](crate::read_role_assignments).
pub fn role_assignments_where(scope: &ResourceId, filter: AssignmentFilter<'_>) -> Request {
    list(scope, "roleAssignments", &filter.to_odata())
}

/// The deny assignments at `scope` that pass the filter. Needs `Microsoft.Authorization/denyAssignments/read`.
pub fn deny_assignments(scope: &ResourceId, filter: AssignmentFilter<'_>) -> Request {
    list(scope, "denyAssignments", &filter.to_odata())
}

/// `GET` of a role's definition: the `roleDefinitionId` of an assignment is its ID.
pub fn role_definition(id: &RoleDefinitionId<'_>) -> Request {
    get_ref(id.id(), AUTHORIZATION_API_VERSION)
}

/// The role definitions that can be assigned at `scope`: the one of this name, such as `Reader`, or all.
pub fn role_definitions(scope: &ResourceId, role_name: Option<&str>) -> Request {
    let filter = role_name.map(|name| format!("roleName eq {}", literal(name)));
    list(scope, "roleDefinitions", &filter.unwrap_or_default())
        .with_max_response_bytes(MAX_ROLE_DEFINITIONS_BYTES)
}

fn get_ref(id: ResourceIdRef<'_>, api_version: &str) -> Request {
    get(&id.into_owned(), api_version)
}

/// A list of `Microsoft.Authorization` at a scope.
fn list(scope: &ResourceId, what: &str, filter: &str) -> Request {
    let mut target = scope.to_url_path();
    if target == "/" {
        target.clear(); // the tenant
    }
    target.push_str("/providers/Microsoft.Authorization/");
    target.push_str(what);
    target.push_str("?api-version=");
    target.push_str(AUTHORIZATION_API_VERSION);
    if !filter.is_empty() {
        target.push_str("&$filter=");
        encode_query_value(filter, &mut target);
    }
    accept_json(target)
}

/// A text in a filter. A quote inside an OData literal is doubled.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

pub(crate) fn accept_json(target: String) -> Request {
    Request::get(target).with_header("Accept", "application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        let group: ResourceId = "/subscriptions/s/resourceGroups/r g".parse().unwrap();
        assert_eq!(
            get(&group, "2021-04-01").target(),
            "/subscriptions/s/resourceGroups/r%20g?api-version=2021-04-01"
        );
        assert_eq!(
            probe("s/../t").target(),
            "/subscriptions/s%2F..%2Ft?api-version=2022-12-01"
        );
        assert_eq!(
            role_assignments(&group, "o'x").target(),
            "/subscriptions/s/resourceGroups/r%20g/providers/Microsoft.Authorization/roleAssignments\
             ?api-version=2022-04-01&$filter=atScope%28%29%20and%20assignedTo%28%27o%27%27x%27%29"
        );
    }
}
