//! Azure Resource Manager resource IDs: parse, validate, compare and build, with errors that point at the place.

#![no_std]
#![warn(missing_docs, clippy::exhaustive_enums, clippy::exhaustive_structs)]
#![warn(
    clippy::alloc_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core
)]

#[cfg(any(feature = "alloc", test))]
extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod borrowed;
#[cfg(feature = "alloc")]
mod builder;
mod error;
mod fold;
#[cfg(feature = "alloc")]
#[doc(hidden)]
pub mod fuzzing;
mod grammar;
mod keyword;
#[cfg(feature = "alloc")]
mod lint;
#[cfg(feature = "alloc")]
mod owned;
mod resource_type;
mod scan;
mod segments;
#[cfg(feature = "serde")]
mod serde;
mod views;

pub use borrowed::{ResourceIdRef, RootScope};
#[cfg(feature = "alloc")]
pub use builder::BuildError;
pub use error::{ParseError, ParseErrorKind, RenderedError};
pub use grammar::MAX_LENGTH_BYTES;
#[cfg(feature = "alloc")]
pub use lint::{Finding, RepairError, Repaired, Severity, lint, repair};
#[cfg(feature = "alloc")]
pub use owned::{ResourceId, ResourceIdKey};
pub use resource_type::ResourceType;
pub use segments::{Ancestors, Segment, SegmentRole, Segments};
pub use views::{
    ManagementGroupId, ResourceGroupId, RoleAssignmentId, RoleDefinitionId, ScaleSetId,
    ScaleSetInstanceId, SubscriptionId, UserAssignedIdentityId, ViewError, VirtualMachineId,
};
