//! IDs that are known to name a certain kind of thing, so that what such an ID always has needs no `Option`.
//!
//! A view borrows like the [`ResourceIdRef`] it is made from and costs nothing to make again.

use core::error::Error;
use core::fmt;
use core::fmt::Write;

use crate::borrowed::{ResourceIdRef, RootScope};
use crate::grammar::Shape;

/// An ID names another kind of thing than was asked for.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct ViewError {
    expected: &'static str,
    /// Right type, wrong place.
    misplaced: bool,
    found: Shortened,
}

impl ViewError {
    /// The type that was asked for.
    #[must_use]
    pub fn expected(&self) -> &'static str {
        self.expected
    }
}

impl fmt::Display for ViewError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (expected, found) = (self.expected, self.found.as_str());
        if self.misplaced {
            return write!(
                f,
                "expected the ID of a {expected}, found one in another scope than those have"
            );
        }
        write!(
            f,
            "expected the ID of a {expected}, found that of a {found}"
        )
    }
}

impl fmt::Debug for ViewError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ViewError")
            .field("expected", &self.expected)
            .field("misplaced", &self.misplaced)
            .field("found", &self.found.as_str())
            .finish()
    }
}

impl Error for ViewError {}

/// The start of a text, kept without allocating.
#[derive(Clone, Copy, Eq, PartialEq)]
struct Shortened {
    bytes: [u8; 63],
    length: u8,
}

impl Shortened {
    fn new(value: impl fmt::Display) -> Self {
        let mut shortened = Self {
            bytes: [0; 63],
            length: 0,
        };
        // An error means that it is full.
        let _ = write!(shortened, "{value}");
        shortened
    }

    fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl Write for Shortened {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let free = &mut self.bytes[usize::from(self.length)..];
        let kept = crate::error::floor_char_boundary(text, free.len());
        free[..kept].copy_from_slice(&text.as_bytes()[..kept]);
        self.length += kept as u8;
        if kept == text.len() {
            Ok(())
        } else {
            Err(fmt::Error)
        }
    }
}

/// Where a type's resources are.
#[derive(Clone, Copy)]
enum Place {
    Anywhere,
    InResourceGroup,
    InTenant,
    /// The shape says it all.
    Shape(Shape),
}

fn check(id: ResourceIdRef<'_>, expected: &'static str, place: Place) -> Result<(), ViewError> {
    let error = |misplaced| ViewError {
        expected,
        misplaced,
        found: Shortened::new(id.resource_type()),
    };
    if id.resource_type() != expected {
        return Err(error(false));
    }
    let in_scope = |shape| {
        id.scope()
            .is_some_and(|scope| scope.layout_shape() == shape)
    };
    let placed = match place {
        Place::Anywhere => true,
        Place::InResourceGroup => in_scope(Shape::ResourceGroup),
        Place::InTenant => in_scope(Shape::Tenant),
        Place::Shape(shape) => id.layout_shape() == shape,
    };
    if placed { Ok(()) } else { Err(error(true)) }
}

macro_rules! view {
    ($(#[$doc:meta])* $view:ident, $type:literal, $place:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $view<'a>(ResourceIdRef<'a>);

        impl<'a> $view<'a> {
            /// The resource type that such an ID has.
            pub const RESOURCE_TYPE: &'static str = $type;

            /// The ID itself.
            #[must_use]
            pub fn id(&self) -> ResourceIdRef<'a> {
                self.0
            }

            /// The last segment of the ID.
            #[must_use]
            pub fn name(&self) -> &'a str {
                self.0.name()
            }
        }

        impl<'a> TryFrom<ResourceIdRef<'a>> for $view<'a> {
            type Error = ViewError;

            fn try_from(id: ResourceIdRef<'a>) -> Result<Self, ViewError> {
                check(id, $type, $place).map(|()| Self(id))
            }
        }

        #[cfg(feature = "alloc")]
        impl<'a> TryFrom<&'a crate::owned::ResourceId> for $view<'a> {
            type Error = ViewError;

            fn try_from(id: &'a crate::owned::ResourceId) -> Result<Self, ViewError> {
                Self::try_from(id.as_borrowed())
            }
        }

        impl<'a> From<$view<'a>> for ResourceIdRef<'a> {
            fn from(view: $view<'a>) -> Self {
                view.0
            }
        }

        impl fmt::Display for $view<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

macro_rules! in_resource_group {
    ($($view:ident),*) => {$(
        impl<'a> $view<'a> {
            /// The ID of its subscription.
            #[must_use]
            pub fn subscription_id(&self) -> &'a str {
                self.0.subscription_id().unwrap_or_default()
            }

            /// The name of its resource group.
            #[must_use]
            pub fn resource_group(&self) -> &'a str {
                self.0.resource_group().unwrap_or_default()
            }
        }
    )*};
}

view! {
    /// `/subscriptions/{name}`.
    SubscriptionId, "Microsoft.Resources/subscriptions", Place::Shape(Shape::Subscription)
}
view! {
    /// `/subscriptions/{…}/resourceGroups/{name}`.
    ///
    /// The form `/subscriptions/{…}/providers/Microsoft.Resources/resourceGroups/{name}` is not taken for one.
    ResourceGroupId, "Microsoft.Resources/resourceGroups", Place::Shape(Shape::ResourceGroup)
}
view! {
    /// `{resource group}/providers/Microsoft.Compute/virtualMachines/{name}`.
    ///
    /// Instances of a scale set in Flexible orchestration have such an ID, those of one in Uniform orchestration a
    /// [`ScaleSetInstanceId`].
    VirtualMachineId, "Microsoft.Compute/virtualMachines", Place::InResourceGroup
}
view! {
    /// `{resource group}/providers/Microsoft.Compute/virtualMachineScaleSets/{name}`.
    ScaleSetId, "Microsoft.Compute/virtualMachineScaleSets", Place::InResourceGroup
}
view! {
    /// `{scale set}/virtualMachines/{name}`, where the name is the number of the instance.
    ScaleSetInstanceId, "Microsoft.Compute/virtualMachineScaleSets/virtualMachines", Place::InResourceGroup
}
view! {
    /// `{resource group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}`.
    UserAssignedIdentityId, "Microsoft.ManagedIdentity/userAssignedIdentities", Place::InResourceGroup
}
view! {
    /// `{any scope}/providers/Microsoft.Authorization/roleAssignments/{name}`.
    RoleAssignmentId, "Microsoft.Authorization/roleAssignments", Place::Anywhere
}
view! {
    /// `{any scope}/providers/Microsoft.Authorization/roleDefinitions/{name}`.
    RoleDefinitionId, "Microsoft.Authorization/roleDefinitions", Place::Anywhere
}
view! {
    /// `/providers/Microsoft.Management/managementGroups/{name}`.
    ManagementGroupId, "Microsoft.Management/managementGroups", Place::InTenant
}

in_resource_group!(
    ResourceGroupId,
    VirtualMachineId,
    ScaleSetId,
    ScaleSetInstanceId,
    UserAssignedIdentityId
);

impl<'a> ScaleSetInstanceId<'a> {
    /// The name of the scale set.
    #[must_use]
    pub fn scale_set(&self) -> &'a str {
        self.0.parent().map_or("", |scale_set| scale_set.name())
    }
}

impl<'a> RoleAssignmentId<'a> {
    /// What the role is assigned on.
    #[must_use]
    pub fn scope(&self) -> ResourceIdRef<'a> {
        self.0.scope().unwrap_or(ResourceIdRef::TENANT)
    }
}

impl RoleDefinitionId<'_> {
    /// Whether both name the same role.
    ///
    /// The same role circulates with and without a subscription in front, so that only the name tells.
    #[must_use]
    pub fn is_same_role(&self, other: &RoleDefinitionId<'_>) -> bool {
        self.name().eq_ignore_ascii_case(other.name())
    }

    /// The widest scope in the ID.
    #[must_use]
    pub fn root_scope(&self) -> RootScope {
        self.0.root_scope()
    }
}
