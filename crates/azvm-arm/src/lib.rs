//! The Azure Resource Manager (ARM) calls that a managed identity makes, as data.
//!
//! ```
//! use azvm_arm::Cloud;
//! use azvm_exchange::Response;
//! use azvm_resource_id::ResourceId;
//!
//! let id: ResourceId = "/subscriptions/01234567-89ab-cdef-0123-456789abcdef/resourceGroups/demo".parse()?;
//! let request = azvm_arm::get(&id, azvm_arm::RESOURCE_GROUP_API_VERSION);
//! assert_eq!(
//!     request.target(),
//!     "/subscriptions/01234567-89ab-cdef-0123-456789abcdef/resourceGroups/demo?api-version=2021-04-01",
//! );
//! // Send it with `Request::with_bearer(token)` to the endpoint of the VM's cloud, and read what comes back:
//! assert_eq!(Cloud::from_name("azurepubliccloud").map(Cloud::endpoint), Some("https://management.azure.com"));
//! let refused = Response::new(403, vec![], br#"{"error":{"code":"AuthorizationFailed","message":"..."}}"#.to_vec());
//! let error = azvm_arm::read_resource(&refused).unwrap_err();
//! assert_eq!(error.code(), Some("AuthorizationFailed"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The answers that matter
//!
//! | answer | meaning | is no proof of |
//! |---|---|---|
//! | 200 | allowed, by the replica that answered | that every replica agrees |
//! | 401 | the token: audience, tenant, expiry. Waiting does not help | anything about roles |
//! | 403 `AuthorizationFailed` | no role found *or* the scope does not exist | that no role was assigned: it may not have propagated |
//! | 403 `DenyAssignmentAuthorizationFailed` | a role allows it, a deny assignment does not | |
//! | 404 | allowed to look, but nothing of that name | a problem with roles |
//!
//! Sources: Microsoft's *Troubleshoot Azure RBAC*, *Common deployment errors*, and the ARM provider contract
//! (`Azure/azure-resource-manager-rpc`).
//!
//! # What this crate never does
//!
//! It opens no socket and reads no clock (`no_std`), follows no `nextLink`, and decides nothing from a message's
//! prose: [`ArmError::denied`] lifts the IDs out of it as hints for a person.

#![no_std]
#![warn(missing_docs, clippy::exhaustive_enums, clippy::exhaustive_structs)]
#![warn(
    clippy::alloc_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod challenge;
mod cloud;
mod cloud_settings;
mod deny_assignment;
mod endpoint;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod page;
mod permission;
mod request;
mod request_ids;
mod resource;
mod retry;
mod role_assignment;
mod role_definition;
mod subscription;
mod throttling;
mod wire;

pub use challenge::{Challenge, MAX_CHALLENGES, MAX_CLAIMS_BYTES};
pub use cloud::Cloud;
pub use cloud_settings::{CloudSettings, CloudSettingsError};
pub use deny_assignment::{
    DenyAssignment, DenyAssignments, EVERYONE, Principal, read_deny_assignments,
};
pub use endpoint::{Endpoint, EndpointError};
pub use error::{
    AdditionalInfo, ArmError, Denied, ErrorCode, ErrorDetail, MAX_DETAILS, MAX_HINTS, TokenHints,
};
pub use page::{MAX_NEXT_LINK_BYTES, MAX_PAGES, Page, Pages, PagingError};
pub use permission::{
    Operation, Permission, Permissions, Verdict, action_matches, evaluate, read_permissions,
};
pub use request::{
    AUTHORIZATION_API_VERSION, AssignmentFilter, MAX_ROLE_DEFINITIONS_BYTES,
    RESOURCE_GROUP_API_VERSION, SUBSCRIPTION_API_VERSION, TENANT_API_VERSION, deny_assignments,
    get, permissions, probe, resource_group, role_assignments, role_assignments_where,
    role_definition, role_definitions, subscription, subscriptions, tenants,
};
pub use request_ids::RequestIds;
pub use resource::{
    Json, MAX_IDENTITIES, Resource, ResourceIdentity, UserAssignedIdentity, read_resource,
};
pub use retry::{
    ATTEMPT_TIMEOUT, CONNECTION_DELAYS, DEFAULT_DEADLINE, JITTER_PERCENT, SERVER_ERROR_DELAYS,
    TRANSIENT_DELAYS, classify, retry_policy,
};
pub use role_assignment::{RoleAssignment, RoleAssignments, read_role_assignments};
pub use role_definition::{
    RoleDefinition, RoleDefinitions, read_role_definition, read_role_definitions,
};
pub use subscription::{
    Subscription, Subscriptions, Tenant, Tenants, read_subscription, read_subscriptions,
    read_tenants,
};
pub use throttling::{Budget, MAX_BUDGETS, Throttling};
