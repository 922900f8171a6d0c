//! Managed identity tokens on Azure virtual machines, and Azure Resource Manager (ARM) calls made with them.
//!
//! ```no_run
//! use azvm_identity::{Cloud, ManagedIdentity, ResourceManager};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let identity = ManagedIdentity::system();
//! let token = identity.token(&Cloud::Public.audience().try_into()?).await?;
//! println!("a token until {}", token.expires_on().unix_seconds());
//!
//! let arm = ResourceManager::new(identity, Cloud::Public)?;
//! let id = "/subscriptions/01234567-89ab-cdef-0123-456789abcdef/resourceGroups/demo".parse()?;
//! let group = arm.resource_group(&id).await?;
//! println!("{} is in {}", group.id, group.location.unwrap_or_default());
//! # Ok(())
//! # }
//! ```
//!
//! ```text
//! token(audience) ─▶ cache hit? ─▶ yes: the token
//!                         └▶ no: one fetch for all who wait ─▶ IMDS, with retries ─▶ the token, or one error for all
//! ```
//!
//! # Guarantees
//!
//! 1. IMDS is asked directly: no proxy, no redirect, no environment variable changes where the request goes.
//! 2. A token is sent to the ARM of the chosen cloud, or to the one that the caller named, and to nobody else; over
//!    plain HTTP only to a loopback address that the caller named.
//! 3. Any number of callers that want the same token cause one request; a caller that goes away does not stop it.
//! 4. 404, 410, 429 and 5xx are retried on IMDS's documented schedule; 400 is not.
//! 5. One process has at most [`MAX_REQUESTS_IN_FLIGHT`] token requests under way at one endpoint and begins at most
//!    [`MAX_REQUESTS_PER_SECOND`] a second, however many identities, audiences and clients it has; who waits first goes
//!    first. A request that goes out once more because a kept connection was lost takes a turn of its own.
//!    [`driver::drive`] is for tools that count for themselves.
//! 6. Errors hold the service's own words and request ids. No error, `Debug` or log line holds a token.
//!
//! # Cancel safety
//!
//! Every `async fn` here may be dropped at any await; nothing is left behind but a token fetch that others may be
//! waiting for, which ends by its own deadline.
//!
//! Calls need a tokio runtime with I/O and time enabled. A fetch runs in the one in which it was started. While that runtime
//! is not driven, as one that a thread enters for single calls only, the fetch stands still, and so do all who wait for it,
//! until [`FETCH_GRACE`] after its deadline: then the next call, and who waits in another runtime, starts another. Such
//! programs better use the feature `blocking`.
//!
//! # What this crate does not do
//!
//! It reads no environment variable unless [`Builder::from_env`] is called, serves no other host than a VM or scale set (App Service, Arc, Kubernetes), and
//! verifies no token.
//!
//! # Features
//!
//! * `tls` (default): [`ResourceManager`] and all that belongs to it. A program that only wants tokens can do without.
//! * `blocking`: the module `blocking`, for programs without an async runtime.
//!
//! # Stability
//!
//! The wording of messages and logs, and the defaults, may change in any release.

#![warn(missing_docs, clippy::exhaustive_enums, clippy::exhaustive_structs)]

#[cfg(feature = "blocking")]
pub mod blocking;
mod clock;
pub mod driver;
mod environment;
mod error;
mod limiter;
mod managed_identity;
#[cfg(feature = "tls")]
mod resource_manager;
mod token_source;

#[cfg(feature = "tls")]
pub use azvm_arm::{
    ArmError, AssignmentFilter, Cloud, DenyAssignment, Endpoint as ArmEndpoint, PagingError,
    Permission, Resource, RoleAssignment, Subscription, Tenant,
};
pub use azvm_exchange::{Failure, FailureKind, RetryPolicy, Secret, Timestamp};
#[cfg(feature = "tls")]
pub use azvm_http::{ProxyError, ProxyRules};
pub use azvm_imds::{
    AccessToken, Audience, Endpoint as ImdsEndpoint, Guid, IdentitySelector, ProtocolError,
    Rejection, UnverifiedClaims,
};
pub use azvm_resource_id::ResourceId;
pub use azvm_token_cache::{Clock, ManualClock, Metrics};
pub use clock::{now, seed};
pub use environment::{CLIENT_ID_VARIABLE, ENDPOINT_VARIABLE};
pub use error::{Error, Hint, Service, Stopped};
pub use limiter::{MAX_REQUESTS_IN_FLIGHT, MAX_REQUESTS_PER_SECOND};
pub use managed_identity::{Builder, FETCH_GRACE, ManagedIdentity};
#[cfg(feature = "tls")]
pub use resource_manager::{ResourceManager, ResourceManagerBuilder};
pub use token_source::{Token, TokenSource};
