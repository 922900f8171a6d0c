//! Built-in roles and what they allow.

use serde_json::{Value, json};

/// A role definition without data actions.
#[derive(Debug)]
pub(crate) struct Role {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    description: &'static str,
    actions: &'static [&'static str],
    not_actions: &'static [&'static str],
}

impl Role {
    /// What is in `actions` and not in `notActions`.
    pub(crate) fn allows(&self, action: &str) -> bool {
        let covers = |patterns: &[&str]| patterns.iter().any(|pattern| matches(pattern, action));
        covers(self.actions) && !covers(self.not_actions)
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
                "type": "BuiltInRole",
                "description": self.description,
                "assignableScopes": ["/"],
                "permissions": [self.permission()],
                "createdOn": "2015-02-02T21:55:09.8806423Z",
                "updatedOn": "2021-11-11T20:13:47.8628684Z",
                "createdBy": null,
                "updatedBy": null,
            },
        })
    }
}

/// A role by its name or its ID, ignoring case.
pub(crate) fn named(name_or_id: &str) -> Option<&'static Role> {
    BUILT_IN.iter().find(|role| {
        role.name.eq_ignore_ascii_case(name_or_id) || role.id.eq_ignore_ascii_case(name_or_id)
    })
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

pub(crate) const BUILT_IN: [Role; 4] = [
    Role {
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
    Role {
        id: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
        name: "Owner",
        description: "Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.",
        actions: &["*"],
        not_actions: &[],
    },
    Role {
        id: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
        name: "Reader",
        description: "View all resources, but does not allow you to make any changes.",
        actions: &["*/read"],
        not_actions: &[],
    },
    Role {
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
        let contributor = named("contributor").unwrap();
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
