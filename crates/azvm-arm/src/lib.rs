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
//! # The calls
//!
//! | to know | ask with | read with |
//! |---|---|---|
//! | whether ARM is there, and whose tenant a subscription is in | [`probe`], without a token | [`ArmError::read`], [`ArmError::challenge`] |
//! | whether a resource can be read, and its identities | [`get`], [`resource_group`] | [`read_resource`] |
//! | what the token sees without a role | [`subscriptions`], [`tenants`] | [`read_subscriptions`], [`read_tenants`] |
//! | a subscription | [`subscription()`] | [`read_subscription`] |
//! | what the caller may do at a group or resource | [`permissions`] | [`read_permissions`], [`evaluate`] |
//! | who has which role | [`role_assignments`], [`role_assignments_where`] | [`read_role_assignments`] |
//! | what a role allows | [`role_definition()`], [`role_definitions`] | [`read_role_definition`], [`read_role_definitions`] |
//! | what is denied whatever the roles | [`deny_assignments`] | [`read_deny_assignments`] |
//!
//! Lists come in pages: [`Pages`] leads through them and has an example.
//!
//! ```
//! use azvm_arm::{AssignmentFilter, CloudSettings, Cloud, ErrorCode, Operation, Verdict};
//! # use azvm_exchange::{Request, Response};
//! # use azvm_resource_id::ResourceId;
//! # let send = |request: &Request| {
//! #     let body: &[u8] = if request.path().ends_with("/permissions") {
//! #         br#"{"value":[{"actions":["*/read"]}]}"#
//! #     } else if request.path().ends_with("/roleDefinitions/acdd72a7") {
//! #         br#"{"id":"/r","properties":{"permissions":[{"actions":["*/read"]}]}}"#
//! #     } else if request.path().ends_with("/vm") {
//! #         br#"{"id":"/vm","identity":{"type":"SystemAssigned","principalId":"o-1"}}"#
//! #     } else {
//! #         br#"{"value":[{"properties":{"roleDefinitionId":"/providers/Microsoft.Authorization/roleDefinitions/acdd72a7"}}]}"#
//! #     };
//! #     Response::new(200, vec![], body.to_vec())
//! # };
//! // Where, and for which audience: of a cloud, or by hand.
//! let cloud = CloudSettings::from(Cloud::Public);
//! assert_eq!(cloud.audience(), "https://management.azure.com/");
//!
//! // Which identities has this machine?
//! let machine: ResourceId =
//!     "/subscriptions/s/resourceGroups/demo/providers/Microsoft.Compute/virtualMachines/vm".parse()?;
//! let resource = azvm_arm::read_resource(&send(&azvm_arm::get(&machine, "2024-07-01")))?;
//! let identity = resource.identity.unwrap();
//! assert!(identity.has_system_assigned());
//!
//! // May the caller read it?
//! let mine = azvm_arm::read_permissions(&send(&azvm_arm::permissions(&machine)))?;
//! let read = Operation::Action("Microsoft.Compute/virtualMachines/read");
//! assert_eq!(azvm_arm::evaluate(&mine.value, read), Verdict::Allowed);
//!
//! // Which role says so?
//! let filter = AssignmentFilter::PrincipalId(identity.principal_id.as_deref().unwrap());
//! let request = azvm_arm::role_assignments_where(&machine, filter);
//! let assignments = azvm_arm::read_role_assignments(&send(&request))?;
//! let role: ResourceId = assignments.value[0].role_definition_id.parse()?;
//! let role = azvm_arm::read_role_definition(&send(&azvm_arm::role_definition(&(&role).try_into()?)))?;
//! assert_eq!(azvm_arm::evaluate(&role.permissions, read), Verdict::Allowed);
//!
//! // And if not? The code decides, the words are hints.
//! let body = br#"{"error":{"code":"AuthorizationFailed","message":"The client 'c' with object id 'o' ..."}}"#;
//! let error = azvm_arm::read_resource(&Response::new(403, vec![], body.to_vec())).unwrap_err();
//! assert_eq!(error.error_code(), Some(ErrorCode::AuthorizationFailed));
//! assert_eq!(error.denied().unwrap().object_id.as_deref(), Some("o"));
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
//! | 403 `LinkedAuthorizationFailed` | allowed here, not on a second resource that the operation touches | |
//! | 404 | allowed to look, but nothing of that name | a problem with roles |
//! | 429 | throttled; [`Throttling`] says for how long | |
//!
//! Sources: Microsoft's *Troubleshoot Azure RBAC*, *Common deployment errors*, and the ARM provider contract
//! (`Azure/azure-resource-manager-rpc`).
//!
//! # What this crate never does
//!
//! It opens no socket and reads no clock (`no_std`), makes no request of a `nextLink` that leads to another host, and
//! decides nothing from a message's prose: [`ArmError::denied`] and its like lift parts out of it as hints for a person.
//! Roles, conditions and denials are ARM's to weigh: [`evaluate`] tells what a list of permissions says.

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
    AdditionalInfo, ArmError, Denied, ErrorCode, ErrorDetail, MAX_DETAILS, MAX_HINTS, Sender,
    TokenHints,
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
