//! Roles and what they allow.

use std::sync::OnceLock;

use serde_json::{Value, json};

/// A role definition without data actions.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) actions: Vec<String>,
    pub(crate) not_actions: Vec<String>,
    pub(crate) is_built_in: bool,
}

impl Role {
    /// What is in `actions` and not in `notActions`.
    pub(crate) fn allows(&self, action: &str) -> bool {
        covers(&self.actions, action) && !covers(&self.not_actions, action)
    }

    pub(crate) fn kind(&self) -> &'static str {
        if self.is_built_in {
            "BuiltInRole"
        } else {
            "CustomRole"
        }
    }

    /// As in an answer to `permissions`.
    pub(crate) fn permission(&self) -> Value {
        json!({ "actions": self.actions, "notActions": self.not_actions, "dataActions": [], "notDataActions": [] })
    }

    /// As in an answer to `roleDefinitions`.
    pub(crate) fn definition(&self, subscription_id: &str) -> Value {
        json!({
            "id": format!("/subscriptions/{subscription_id}/providers/Microsoft.Authorization/roleDefinitions/{}", self.id),
            "name": self.id,
            "type": "Microsoft.Authorization/roleDefinitions",
            "properties": {
                "roleName": self.name,
                "type": self.kind(),
                "description": self.description,
                "assignableScopes": [if self.is_built_in { "/".to_owned() } else { format!("/subscriptions/{subscription_id}") }],
                "permissions": [self.permission()],
                "createdOn": "2015-02-02T21:55:09.8806423Z",
                "updatedOn": "2021-11-11T20:13:47.8628684Z",
                "createdBy": null,
                "updatedBy": null,
            },
        })
    }
}

/// Whether one of the patterns matches the action.
pub(crate) fn covers(patterns: &[String], action: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, action))
}

/// The roles that every subscription has, as far as they are needed here.
pub(crate) fn built_in() -> &'static [Role] {
    static ROLES: OnceLock<Vec<Role>> = OnceLock::new();
    ROLES.get_or_init(|| BUILT_IN.iter().map(BuiltIn::role).collect())
}

/// Matches an action with a pattern in which `*` stands for any text, ignoring case.
fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = action.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

struct BuiltIn {
    id: &'static str,
    name: &'static str,
    description: &'static str,
    actions: &'static [&'static str],
    not_actions: &'static [&'static str],
}

impl BuiltIn {
    fn role(&self) -> Role {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Role {
            id: self.id.to_owned(),
            name: self.name.to_owned(),
            description: self.description.to_owned(),
            actions: owned(self.actions),
            not_actions: owned(self.not_actions),
            is_built_in: true,
        }
    }
}

const BUILT_IN: [BuiltIn; 7] = [
    BuiltIn {
        id: "b24988ac-6180-42a0-ab88-20f7382dd24c",
        name: "Contributor",
        description: "Grants full access to manage all resources, but does not allow you to assign roles in Azure RBAC.",
        actions: &["*"],
        not_actions: &[
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
        ],
    },
    BuiltIn {
        id: "f1a07417-d97a-45cb-824c-7a7467783830",
        name: "Managed Identity Operator",
        description: "Read and Assign User Assigned Identity",
        actions: &[
            "Microsoft.Authorization/*/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
            "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/read",
            "Microsoft.ManagedIdentity/userAssignedIdentities/read",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
        ],
        not_actions: &[],
    },
    BuiltIn {
        id: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
        name: "Owner",
        description: "Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.",
        actions: &["*"],
        not_actions: &[],
    },
    BuiltIn {
        id: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
        name: "Reader",
        description: "View all resources, but does not allow you to make any changes.",
        actions: &["*/read"],
        not_actions: &[],
    },
    BuiltIn {
        id: "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
        name: "User Access Administrator",
        description: "Lets you manage user access to Azure resources.",
        actions: &["*/read", "Microsoft.Authorization/*"],
        not_actions: &[],
    },
    BuiltIn {
        id: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        name: "Storage Blob Data Contributor",
        description: "Allows for read, write and delete access to Azure Storage blob containers and data",
        actions: &[
            "Microsoft.Storage/storageAccounts/blobServices/containers/read",
            "Microsoft.Storage/storageAccounts/blobServices/containers/write",
        ],
        not_actions: &[],
    },
    BuiltIn {
        id: "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
        name: "Virtual Machine Contributor",
        description: "Lets you manage virtual machines, but not access to them.",
        actions: &[
            "Microsoft.Authorization/*/read",
            "Microsoft.Compute/virtualMachines/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
        ],
        not_actions: &[],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, action: &str, expected: bool) {
        assert_eq!(matches(pattern, action), expected, "{pattern} {action}");
    }

    #[test]
    fn wildcards_stand_for_any_text_across_slashes() {
        check("*", "Microsoft.Compute/virtualMachines/read", true);
        check("*/read", "Microsoft.Compute/virtualMachines/read", true);
        check("*/READ", "microsoft.compute/virtualmachines/Read", true);
        check(
            "*/read",
            "Microsoft.Compute/virtualMachines/start/action",
            false,
        );
        check(
            "Microsoft.Compute/*/read",
            "Microsoft.Compute/virtualMachines/extensions/read",
            true,
        );
        check("Microsoft.Compute/*/read", "Microsoft.Compute/read", false);
        check(
            "Microsoft.Compute/virtualMachines/read",
            "Microsoft.Compute/virtualMachines/read",
            true,
        );
        check(
            "Microsoft.Compute/virtualMachines/read",
            "Microsoft.Compute/virtualMachines/read/x",
            false,
        );
        check("a*b*c", "aXbYbZc", true);
        check("a*a", "a", false);
    }

    #[test]
    fn not_actions_take_away() {
        let named = |name| built_in().iter().find(|role| role.name == name);
        let contributor = named("Contributor").unwrap();
        assert!(contributor.allows("Microsoft.Authorization/roleAssignments/read"));
        assert!(!contributor.allows("Microsoft.Authorization/roleAssignments/write"));
        assert!(contributor.allows("Microsoft.Compute/virtualMachines/write"));
        assert!(
            !named("Reader")
                .unwrap()
                .allows("Microsoft.Compute/virtualMachines/write")
        );
        assert!(named("Raeder").is_none());
    }
}
