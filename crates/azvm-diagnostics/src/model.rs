//! The machine's model: how ARM describes the machine that IMDS speaks of, and which identities it gives it.

use crate::facts::Call;
use azvm_arm::{ArmError, ResourceIdentity, UserAssignedIdentity};
use azvm_resource_id::ResourceId;

/// What was asked about the model. Every question of it is one GET, never repeated.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ModelFacts {
    /// What was read: the `resourceId` of IMDS, or for an instance of a uniform scale set the set, which has the
    /// identities.
    pub id: ResourceId,
    /// With whose token.
    pub reader: Reader,
    /// ARM's answer.
    pub call: Call<Model, ArmError>,
    /// Where the machine is, asked after a 404.
    pub place: Option<Call<Place, ArmError>>,
    /// The user-assigned identity in question as a resource of its own, asked when the model alone does not explain a
    /// refusal.
    pub identity: Option<Call<UserAssignedIdentity, ArmError>>,
    /// The attached identity that the chosen resource ID was probably meant to be.
    pub near_miss: Option<NearMiss>,
}

impl ModelFacts {
    /// The model, if it came.
    pub fn model(&self) -> Option<&Model> {
        self.call.answer.as_ref().ok()
    }
}

/// Whose token the model was read with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reader {
    /// That of the identity that was chosen.
    Chosen,
    /// That of the machine's default identity, because the chosen one was not found.
    Default,
}

/// A virtual machine or scale set in ARM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Model {
    /// `id`, as ARM writes it.
    pub id: String,
    /// `properties.vmId`; scale sets have none.
    pub vm_id: Option<String>,
    /// `identity`; `None` when ARM names no identities.
    pub identity: Option<ResourceIdentity>,
}

impl Model {
    /// The user-assigned identities, attached or what is left of them.
    pub fn user_assigned(&self) -> &[UserAssignedIdentity] {
        self.identity
            .as_ref()
            .map_or(&[], |identity| &identity.user_assigned)
    }
}

/// Where the list of all machines of the subscription has the machine's `vmId`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The ID of that machine; `None` when none on this page has the `vmId`.
    pub id: Option<String>,
    /// True when there are further pages, which are not read.
    pub has_more: bool,
}

/// An attached identity whose resource ID is close to the chosen one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NearMiss {
    /// Its resource ID.
    pub id: String,
    /// The first part in which the two differ.
    pub part: IdPart,
}

/// A part of a resource ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdPart {
    /// The subscription's GUID.
    Subscription,
    /// The resource group's name.
    ResourceGroup,
    /// The identity's own name.
    Name,
}

impl IdPart {
    /// As it stands in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subscription => "subscription",
            Self::ResourceGroup => "resource_group",
            Self::Name => "name",
        }
    }
}
