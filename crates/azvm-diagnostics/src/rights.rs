//! What ARM tells of the identity's rights, after it refused the target.

use crate::facts::Call;
use azvm_arm::{ArmError, RoleAssignment, RoleAssignments, Verdict};
use azvm_imds::Guid;
use azvm_resource_id::ResourceId;

/// The answers to the questions that follow a refusal for want of a role. What nobody asked is missing.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RightsFacts {
    /// The action that roles were evaluated against: the refused one.
    pub action: Option<String>,
    /// Which subscriptions the identity sees: those in which a role of it counts already.
    pub subscriptions: Option<Call<SubscriptionsSeen, ArmError>>,
    /// The assignments that name the identity itself, in the whole subscription.
    pub elsewhere: Option<Call<RoleAssignments, ArmError>>,
    /// The roles of the assignments, as far as they were asked for.
    pub roles: Vec<RoleFacts>,
    /// What counts for the identity at the target now, as ARM itself adds it up.
    pub permissions: Option<Call<EffectiveRights, ArmError>>,
    /// What deny assignments say about the action.
    pub denials: Option<Call<Denials, ArmError>>,
}

impl RightsFacts {
    /// What is known of the role that an assignment gives, by the GUID in its ID.
    pub fn role_of(&self, assignment: &RoleAssignment) -> Option<&Role> {
        let mut roles = self.roles.iter();
        let found = roles.find(|it| is_same_role(&it.id, &assignment.role_definition_id))?;
        found.call.answer.as_ref().ok()
    }
}

/// A role that was asked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RoleFacts {
    /// Its ID, as the assignment has it.
    pub id: String,
    /// What came.
    pub call: Call<Role, ArmError>,
}

/// A role, as far as diagnosis needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Role {
    /// `Reader`, …
    pub name: Option<String>,
    /// True when Azure made it.
    pub is_built_in: bool,
    /// Whether it allows the action that was refused.
    pub grant: Verdict,
    /// True when it allows anything with the data of a service.
    pub has_data_actions: bool,
}

/// What somebody may do at a scope, with all roles together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EffectiveRights {
    /// How many sets of permissions count; none means that no role is known there yet.
    pub sets: usize,
    /// Whether they allow the action that was refused.
    pub grant: Verdict,
    /// True when there are more sets than were read.
    pub has_more: bool,
}

/// Deny assignments that name the refused action and the identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Denials {
    /// Their names, or IDs where they have none.
    pub names: Vec<String>,
    /// True when there are more than were read.
    pub has_more: bool,
}

/// The subscriptions that an identity sees.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscriptionsSeen {
    /// How many are on the first page.
    pub count: usize,
    /// True when the target's is among them.
    pub has_target: bool,
    /// The IDs of some that are not the target's, the first of the page.
    pub others: Vec<String>,
    /// True when there are more pages.
    pub has_more: bool,
}

/// The principal that ARM refused, when it is another than the one that a role was meant for; `own` is the object ID in
/// the token.
///
/// It is read from the words of the refusal, and only a GUID counts.
pub(crate) fn other_principal(
    error: &ArmError,
    own: Option<&str>,
    expected: Option<&Guid>,
) -> Option<OtherPrincipal> {
    let refused = error.denied()?.object_id?;
    refused.parse::<Guid>().ok()?;
    let is_other = |meant: &&str| !meant.eq_ignore_ascii_case(&refused);
    let of_token = own.filter(is_other).map(|own| (own, false));
    let of_caller = || expected.map(Guid::as_str).filter(is_other);
    let (meant, is_expectation) = of_token.or_else(|| Some((of_caller()?, true)))?;
    Some(OtherPrincipal {
        meant: meant.into(),
        is_expectation,
        refused,
    })
}

/// Two object IDs that should be one.
#[derive(Debug)]
pub(crate) struct OtherPrincipal {
    /// Of the token, or what the caller expects.
    pub(crate) meant: String,
    pub(crate) is_expectation: bool,
    /// By ARM.
    pub(crate) refused: String,
}

/// Built-in roles have the same GUID at every scope, so that it alone counts.
pub(crate) fn is_same_role(one: &str, other: &str) -> bool {
    let guid = |id: &str| {
        id.rsplit('/')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    !guid(one).is_empty() && guid(one) == guid(other)
}

/// Azure's own general roles, each of which allows to read everything.
///
/// Source: *Azure built-in roles*.
const READERS: [(&str, &str); 3] = [
    ("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner"),
    ("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader"),
    ("b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor"),
];

/// True for the GUID of a role that is the same in every tenant, and known here.
pub(crate) fn is_general_role(guid: &str) -> bool {
    let mut known = READERS.iter();
    known.any(|(known, _)| known.eq_ignore_ascii_case(guid))
}

/// The name of a role that is known by its ID to allow this action, though nobody read its definition.
pub(crate) fn known_to_allow(role_id: &str, action: &str) -> Option<&'static str> {
    let is_read = action.to_ascii_lowercase().ends_with("/read");
    let known = READERS.iter().find(|(guid, _)| is_same_role(role_id, guid));
    known.filter(|_| is_read).map(|(_, name)| *name)
}

/// How the scope of an assignment lies to the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The target, above it in the subscription, or the root of everything.
    AtOrAbove,
    /// A management group: whether the target is below it, only the list knows that it came in.
    ManagementGroup,
    /// Below the target or beside it.
    Elsewhere,
}

/// Compares segment by segment, without regard to case. Nothing of `scope` is trusted.
pub(crate) fn place(scope: &str, target: &ResourceId) -> Place {
    let segments = |id: &str| -> Vec<String> {
        let parts = id.split('/').filter(|part| !part.is_empty());
        parts.map(str::to_ascii_lowercase).collect()
    };
    let (scope, target) = (segments(scope), segments(target.as_str()));
    let is_group = scope.get(..2) == Some(&["providers".into(), "microsoft.management".into()][..]);
    match target.starts_with(&scope) {
        true => Place::AtOrAbove,
        false if is_group => Place::ManagementGroup,
        false => Place::Elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_compared_by_segment_and_without_case() {
        let target: ResourceId = "/subscriptions/S/resourceGroups/Group".parse().unwrap();
        for (scope, expected) in [
            ("/", Place::AtOrAbove),
            ("/subscriptions/s", Place::AtOrAbove),
            ("/subscriptions/s/resourcegroups/group/", Place::AtOrAbove),
            ("/subscriptions/s/resourceGroups/group2", Place::Elsewhere),
            (
                "/subscriptions/s/resourceGroups/group/providers/N/t/x",
                Place::Elsewhere,
            ),
            ("/subscriptions/t", Place::Elsewhere),
            (
                "/providers/Microsoft.Management/managementGroups/m",
                Place::ManagementGroup,
            ),
            ("/providers/Microsoft.Subscription/x", Place::Elsewhere),
        ] {
            assert_eq!(place(scope, &target), expected, "{scope}");
        }
    }

    #[test]
    fn the_general_roles_are_known_to_read_and_no_more() {
        let id = |guid: &str| format!("/x/roleDefinitions/{guid}");
        for (guid, name) in READERS {
            let id = id(&guid.to_uppercase());
            assert_eq!(known_to_allow(&id, "A.B/c/READ"), Some(name));
            assert_eq!(known_to_allow(&id, "A.B/c/write"), None);
            assert_eq!(known_to_allow(&id, "A.B/c/reader"), None);
        }
        let other = id("00000000-a8ff-443c-a75c-2fe8c4bcb635");
        assert_eq!(known_to_allow(&other, "A.B/c/read"), None);
        assert_eq!(known_to_allow("", "A.B/c/read"), None);
    }

    #[test]
    fn a_role_is_known_by_its_guid_at_any_scope() {
        let role = "/providers/Microsoft.Authorization/roleDefinitions/ACDD72A7";
        assert!(is_same_role(
            role,
            "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/acdd72a7"
        ));
        assert!(!is_same_role(
            role,
            "/providers/Microsoft.Authorization/roleDefinitions/b24988ac"
        ));
        assert!(!is_same_role("", ""));
        assert!(!is_same_role("/a/", "/b/"));
    }
}
