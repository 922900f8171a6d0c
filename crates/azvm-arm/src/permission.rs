//! Permissions, and whether they allow an operation.
//!
//! ```text
//! effective = union over the sets of (actions − notActions)        for the control plane
//!             union over the sets of (dataActions − notDataActions) for the data plane
//! ```
//!
//! Sources: *Understand Azure role definitions* (`NotActions` is subtracted from the role's own `Actions` and is no deny
//! rule: another role may grant the same action) and *What is Azure role-based access control* (the model is additive;
//! conditions are evaluated last).

use crate::ArmError;
use crate::page::{Page, read_page};
use crate::wire::Object;
use alloc::string::String;
use alloc::vec::Vec;
use azvm_exchange::Response;

/// One page of the permissions that the caller has at a scope; an empty list means that it has none that is visible yet.
pub type Permissions = Page<Permission>;

/// A set of permissions: of one of the caller's roles, of a role definition, or what a deny assignment denies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Permission {
    /// `actions`: patterns with `*`, for the control plane.
    pub actions: Vec<String>,
    /// `notActions`: what is taken from this set's `actions`.
    pub not_actions: Vec<String>,
    /// `dataActions`: patterns with `*`, for the data plane.
    pub data_actions: Vec<String>,
    /// `notDataActions`: what is taken from this set's `dataActions`.
    pub not_data_actions: Vec<String>,
    /// True when the set holds under a condition (ABAC) only.
    pub has_condition: bool,
}

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation<'a> {
    /// An action of the control plane, such as `Microsoft.Compute/virtualMachines/read`. A `*` in it means itself.
    Action(&'a str),
    /// An action on data, such as `Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read`.
    DataAction(&'a str),
}

/// What permissions say about an [`Operation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// Granted without a condition. A deny assignment may still deny it.
    Allowed,
    /// Granted under a condition (ABAC) only, which is not evaluated here.
    Conditional,
    /// Granted by none of them.
    NotGranted,
}

/// Whether any of the sets grants the operation. Give it the sets of all pages: a page that was not read may grant it.
///
/// ```
/// use azvm_arm::{Operation, Verdict, evaluate, read_permissions};
/// use azvm_exchange::Response;
/// let body = br#"{"value":[{"actions":["*/read"],"notActions":["Microsoft.Authorization/*"]}]}"#;
/// let page = read_permissions(&Response::new(200, vec![], body.to_vec()))?;
/// let ask = |action| evaluate(&page.value, Operation::Action(action));
/// assert_eq!(ask("microsoft.compute/virtualMachines/READ"), Verdict::Allowed);
/// assert_eq!(ask("Microsoft.Authorization/roleAssignments/read"), Verdict::NotGranted);
/// # Ok::<(), azvm_arm::ArmError>(())
/// ```
pub fn evaluate<'p>(
    sets: impl IntoIterator<Item = &'p Permission>,
    operation: Operation<'_>,
) -> Verdict {
    let mut verdict = Verdict::NotGranted;
    for set in sets.into_iter().filter(|set| set.includes(operation)) {
        if !set.has_condition {
            return Verdict::Allowed;
        }
        verdict = Verdict::Conditional;
    }
    verdict
}

impl Permission {
    /// Whether the operation is in this set: matched by an action, and by no exception. Ignores the condition.
    pub fn includes(&self, operation: Operation<'_>) -> bool {
        let (granted, except, action) = match operation {
            Operation::Action(action) => (&self.actions, &self.not_actions, action),
            Operation::DataAction(action) => (&self.data_actions, &self.not_data_actions, action),
        };
        let action = action.to_ascii_lowercase();
        let any = |patterns: &[String]| {
            patterns
                .iter()
                .any(|pattern| matches_lower_case(pattern, &action))
        };
        any(granted) && !any(except)
    }
}

/// Whether an action pattern covers an action: `*` stands for any text, also none and also with slashes in it; the rest
/// is compared without regard to case, and from beginning to end.
///
/// ```
/// assert!(azvm_arm::action_matches("Microsoft.Network/*/read", "microsoft.network/publicIPAddresses/Read"));
/// assert!(!azvm_arm::action_matches("Microsoft.Network/*/read", "Microsoft.Network/read"));
/// ```
pub fn action_matches(pattern: &str, action: &str) -> bool {
    matches_lower_case(pattern, &action.to_ascii_lowercase())
}

/// Takes what stands between two stars where it occurs first, which never has to be taken back: what is left after an
/// earlier place ends with what is left after a later one. So the time grows with the lengths, not with the stars.
fn matches_lower_case(pattern: &str, action: &str) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = action.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty(); // there is no star
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Reads the answer to [`permissions`](crate::permissions).
///
/// # Errors
///
/// [`ArmError`] for any status but 200, and for a 200 that is no such list. A set with a list that is none is refused
/// and not skipped: without its `notActions` it would grant too much.
pub fn read_permissions(response: &Response) -> Result<Permissions, ArmError> {
    read_page(response, "permissions", |item: PermissionBody| item.into())
}

/// See [`read_permissions`] for why its lists are not [`Loose`](crate::wire::Loose).
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PermissionBody {
    actions: Option<Vec<String>>,
    not_actions: Option<Vec<String>>,
    data_actions: Option<Vec<String>>,
    not_data_actions: Option<Vec<String>>,
    condition: Option<String>,
}

impl From<PermissionBody> for Permission {
    fn from(body: PermissionBody) -> Self {
        Self {
            actions: body.actions.unwrap_or_default(),
            not_actions: body.not_actions.unwrap_or_default(),
            data_actions: body.data_actions.unwrap_or_default(),
            not_data_actions: body.not_data_actions.unwrap_or_default(),
            has_condition: body.condition.is_some_and(|text| !text.is_empty()),
        }
    }
}

/// The sets of a role definition or a deny assignment.
pub(crate) fn sets(bodies: Option<Vec<Object<PermissionBody>>>) -> Vec<Permission> {
    let bodies = bodies.unwrap_or_default().into_iter();
    bodies.map(|body| body.0.into()).collect()
}
