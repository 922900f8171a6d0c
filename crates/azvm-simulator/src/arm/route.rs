//! What a path names.

use std::fmt;

use crate::text::percent_decode;

/// A decoded path: segments without the empty ones that repeated slashes make.
#[derive(Debug)]
pub(super) struct Path(Vec<String>);

/// What a path names. Scopes and parents are given as the number of leading segments of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// Something of `Microsoft.Authorization` at a scope.
    Authorization {
        scope: usize,
        kind: AuthorizationKind,
        name: Option<&'a str>,
    },
    /// `/metadata/endpoints`, which needs no token.
    CloudMetadata,
    Group {
        name: &'a str,
    },
    Groups,
    Locations,
    Provider {
        namespace: &'a str,
    },
    Providers,
    /// A resource, or all resources of a type when the last segment is a type.
    Resource {
        parent: usize,
    },
    /// All resources below a group or a subscription.
    Resources,
    Subscription,
    Subscriptions,
    Tenants,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AuthorizationKind {
    DenyAssignments,
    Permissions,
    RoleAssignments,
    RoleDefinitions,
}

impl Path {
    pub(super) fn parse(path: &str) -> Self {
        let segments = path.split('/').filter(|segment| !segment.is_empty());
        Self(
            segments
                .map(|segment| percent_decode(segment, false))
                .collect(),
        )
    }

    pub(super) fn segments(&self) -> &[String] {
        &self.0
    }

    /// True below a root that Resource Manager does not have.
    /// The Azure CLI sends its Graph requests here when a simulator is registered as a cloud.
    pub(super) fn is_foreign(&self) -> bool {
        !self.0.is_empty() && !ROOTS.iter().any(|root| self.is(0, root))
    }

    /// The ID that the first `depth` segments form; `/` for none.
    pub(super) fn up_to(&self, depth: usize) -> String {
        format!("/{}", self.0[..depth.min(self.0.len())].join("/"))
    }

    fn is(&self, idx: usize, name: &str) -> bool {
        self.0
            .get(idx)
            .is_some_and(|segment| segment.eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.up_to(self.0.len()))
    }
}

impl<'a> Target<'a> {
    pub(super) fn of(path: &'a Path) -> Self {
        let segments = path.segments();
        if let Some(target) = Self::authorization(path) {
            return target;
        }
        let is_group = path.is(2, "resourceGroups");
        match segments.len() {
            1 if path.is(0, "subscriptions") => Self::Subscriptions,
            1 if path.is(0, "tenants") => Self::Tenants,
            2 if path.is(0, "metadata") && path.is(1, "endpoints") => Self::CloudMetadata,
            _ if !path.is(0, "subscriptions") => Self::Unknown,
            2 => Self::Subscription,
            3 if is_group => Self::Groups,
            3 if path.is(2, "locations") => Self::Locations,
            3 if path.is(2, "providers") => Self::Providers,
            3 if path.is(2, "resources") => Self::Resources,
            4 if is_group => Self::Group { name: &segments[3] },
            4 if path.is(2, "providers") => Self::Provider {
                namespace: &segments[3],
            },
            5 if is_group && path.is(4, "resources") => Self::Resources,
            5.. if path.is(2, "providers") => Self::Resource { parent: 2 },
            7.. if is_group && path.is(4, "providers") => Self::Resource { parent: 4 },
            _ => Self::Unknown,
        }
    }

    /// The last `providers/Microsoft.Authorization` counts: the scope may hold providers of its own.
    fn authorization(path: &'a Path) -> Option<Self> {
        let segments = path.segments();
        let scope = (0..segments.len()).rev().find(|idx| {
            path.is(*idx, "providers") && path.is(idx + 1, "Microsoft.Authorization")
        })?;
        let (_, kind) = AUTHORIZATION_KINDS
            .iter()
            .find(|(name, _)| path.is(scope + 2, name))?;
        match &segments[scope + 3..] {
            [] => Some(Self::Authorization {
                scope,
                kind: *kind,
                name: None,
            }),
            [name] => Some(Self::Authorization {
                scope,
                kind: *kind,
                name: Some(name),
            }),
            [_, _, ..] => None,
        }
    }
}

const ROOTS: [&str; 4] = ["metadata", "providers", "subscriptions", "tenants"];

const AUTHORIZATION_KINDS: [(&str, AuthorizationKind); 4] = [
    ("denyAssignments", AuthorizationKind::DenyAssignments),
    ("permissions", AuthorizationKind::Permissions),
    ("roleAssignments", AuthorizationKind::RoleAssignments),
    ("roleDefinitions", AuthorizationKind::RoleDefinitions),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: Target<'_>) {
        assert_eq!(Target::of(&Path::parse(path)), expected, "{path}");
    }

    #[test]
    fn paths_are_read_without_case_and_with_repeated_slashes() {
        check("//SUBSCRIPTIONS", Target::Subscriptions);
        check(
            "/subscriptions/s/resourcegroups/g/",
            Target::Group { name: "g" },
        );
        check(
            "/subscriptions/s/resourceGroups/a%20b",
            Target::Group { name: "a b" },
        );
        check(
            "/subscriptions/s/resourceGroups/g/providers/N//t/n",
            Target::Resource { parent: 4 },
        );
        check(
            "/subscriptions/s/providers/N/t",
            Target::Resource { parent: 2 },
        );
        check(
            "/subscriptions/s/resourceGroups/g/resources",
            Target::Resources,
        );
        check("/metadata/endpoints", Target::CloudMetadata);
        for unknown in [
            "/",
            "",
            "/v1.0/servicePrincipals",
            "/subscriptions/s/resourceGroups/g/providers/N",
            "/subscriptions/s/x",
        ] {
            check(unknown, Target::Unknown);
        }
    }

    #[test]
    fn authorization_belongs_to_whatever_stands_before_it() {
        let permissions = AuthorizationKind::Permissions;
        check(
            "/subscriptions/s/resourcegroups/g/providers/N//t/n/providers/microsoft.authorization/permissions",
            Target::Authorization {
                scope: 8,
                kind: permissions,
                name: None,
            },
        );
        let definitions = AuthorizationKind::RoleDefinitions;
        check(
            "/providers/Microsoft.Authorization/roleDefinitions/r",
            Target::Authorization {
                scope: 0,
                kind: definitions,
                name: Some("r"),
            },
        );
        check(
            "/subscriptions/s/providers/Microsoft.Authorization",
            Target::Provider {
                namespace: "Microsoft.Authorization",
            },
        );
        check(
            "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/a/b",
            Target::Resource { parent: 2 },
        );
    }
}
