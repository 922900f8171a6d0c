//! Azure Resource Manager resource IDs: parse, validate, compare and build, with errors that point at the place.
//!
//! Everything in Azure that can be managed has a path that names it: a *resource ID*.
//!
//! ```text
//! /                                                                        the tenant
//! /subscriptions/{id}                                                      a subscription
//! /subscriptions/{id}/resourceGroups/{name}                                a resource group
//! {scope}/providers/{namespace}/{type}/{name}                              a resource in a scope
//! {scope}/providers/{namespace}/{type}/{name}/{child type}/{child name}    its child, and so on
//! {resource}/providers/{namespace}/{type}/{name}                           an extension: a resource on a resource
//!
//! scope: "", a subscription, a resource group, or any other ID
//!        a management group is a resource: /providers/Microsoft.Management/managementGroups/{name}
//! also:  {subscription}/locations/{name}[/{type}/{name}]…    {subscription}/tagNames/{name}[/tagValues/{name}]
//!        [{subscription}]/providers/{namespace}
//! ```
//!
//! Words outside of braces are keywords, in any case. Names are opaque: never decoded, trimmed or changed.
//!
//! ```
//! use azvm_resource_id::{ResourceId, ResourceIdRef, VirtualMachineId};
//!
//! let text = "/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourcegroups/Prod\
//!             /providers/Microsoft.Compute/virtualMachines/web";
//! let id = ResourceIdRef::parse(text)?; // borrows, allocates nothing
//! assert_eq!(id.resource_group(), Some("Prod"));
//! assert_eq!(id.resource_type(), "Microsoft.Compute/virtualMachines");
//! let vm = VirtualMachineId::try_from(id)?;
//! assert_eq!(vm.name(), "web");
//!
//! let group = ResourceId::for_resource_group("0b1f6471-1bf0-4dda-aec3-111122223333", "prod")?;
//! assert!(group == id.parent().unwrap() && group.as_borrowed().is_ancestor_of(&id));
//! assert!(id.canonical().as_str().contains("/resourceGroups/Prod/"));
//!
//! let error = ResourceIdRef::parse("/subscriptions/demo/resourceGroup/prod").unwrap_err();
//! assert_eq!(error.segment_index(), 2); // `error.render(text)` draws a caret under it
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it refuses, and why
//!
//! Each of these is read by a widely used parser as *another resource* than the one that is written,
//! or hides a mistake until ARM answers with an error that does not name it.
//!
//! | refused | because |
//! | --- | --- |
//! | an empty segment: `/subscriptions/G//resourceGroups/rg` | .NET's `ResourceIdentifier` stops there and gives the subscription; Go's `arm.ParseResourceID` drops it, and reads `/subscriptions//resourceGroups/rg` as the subscription `resourceGroups`. A variable that was not set is enough. |
//! | `?`, `#` and what follows | Go, .NET and Python keep `?api-version=…` in the name |
//! | blanks at the ends of a segment | Go trims them, the others keep them in the name |
//! | a name that is missing: `…/virtualMachines/vm/start` | Go and .NET read a resource of that type without a name |
//! | an unknown word under a subscription: `/resourceGroup/rg` | Go and .NET make it a type of `Microsoft.Resources` |
//! | a type directly under a group: `…/resourceGroups/rg/deployments/d` | the same; `providers` was lost |
//! | `.` and `..` | all keep them, and a URL library then folds them into another resource's path |
//! | `" < > \ \|`, control characters | remains of JSON, placeholders, Windows paths, pairs of IDs |
//!
//! Not refused: a subscription that is not a GUID, names that break ARM's naming rules, percent-escapes.
//! [`lint`](fn@lint) warns of those.
//!
//! # Guarantees
//!
//! 1. Parsing is one pass, takes time in proportion to the length, does not recurse, and allocates nothing
//!    for a [`ResourceIdRef`] or the text once for a [`ResourceId`]. An ID has at most [`MAX_LENGTH_BYTES`] bytes.
//! 2. The text of a parent is the start of the text of its child, and [`ResourceIdRef::parent`] costs no parsing.
//! 3. Equality, order and hash agree: case and a trailing slash never matter, a parent sorts right before what is below it.
//! 4. `parse(id.canonical())` equals `id`, and what a builder returns parses back to the parts that it was given.
//! 5. [`lint`](fn@lint) has a finding of severity [`Severity::Error`] exactly when parsing fails.
//! 6. No input panics. There is no `unsafe`, and no dependency unless a feature asks for one.
//!
//! # What this crate does not do
//!
//! It knows no list of all types and api-versions, and asks no service whether a resource exists.
//! Nothing is corrected unless [`repair`](fn@repair) is called.
//! The audience of a token, `https://management.azure.com/`, is not a resource ID.
//!
//! # Features
//!
//! * `alloc`: [`ResourceId`] and builders.
//! * `lint` (default): [`lint`](fn@lint) and [`repair`](fn@repair), half of this crate.
//! * `std` (default): implies `alloc`.
//! * `serde`: IDs as strings.
//!
//! # Stability
//!
//! The wording of messages, and which warnings there are, may change in any release. Codes of findings keep their meaning.

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
#[cfg(feature = "lint")]
#[doc(hidden)]
pub mod fuzzing;
mod grammar;
mod keyword;
#[cfg(feature = "lint")]
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
#[cfg(feature = "lint")]
pub use lint::{Finding, RepairError, Repaired, Severity, lint, repair};
#[cfg(feature = "alloc")]
pub use owned::{ResourceId, ResourceIdKey};
pub use resource_type::ResourceType;
pub use segments::{Ancestors, Segment, SegmentRole, Segments};
pub use views::{
    ManagementGroupId, ResourceGroupId, RoleAssignmentId, RoleDefinitionId, ScaleSetId,
    ScaleSetInstanceId, SubscriptionId, UserAssignedIdentityId, ViewError, VirtualMachineId,
};
