//! Roles, assignments, denials and groups of a scenario file.

use std::sync::Arc;

use toml::Spanned;

use super::Checker;
use crate::access::{DenyAssignment, EffectiveAfter, PrincipalGroup, RoleAssignment};
use crate::role::Role;
use crate::scenario::file::{self, File};
use crate::{ScenarioError, World};

impl Checker<'_> {
    pub(super) fn rights(&self, file: &File, world: &mut World) -> Result<(), ScenarioError> {
        for group in &file.principal_groups {
            let identities = |ids: &[Spanned<String>]| {
                ids.iter()
                    .map(|id| self.identity(id, world))
                    .collect::<Result<Vec<_>, _>>()
            };
            let (members, new_members) =
                (identities(&group.members)?, identities(&group.new_members)?);
            world.principal_groups.push(PrincipalGroup {
                id: self.guid(&group.id, "id")?,
                name: group.name.clone(),
                members,
                new_members,
            });
        }
        for role in &file.role_definitions {
            let id = self.guid(&role.id, "id")?;
            if world.role(&id).is_some() || world.role(role.name.get_ref()).is_some() {
                let message = format!("the role '{}' is there already", role.name.get_ref());
                return Err(self.error(&role.name, message));
            }
            world.custom_roles.push(Role {
                id,
                name: role.name.get_ref().clone(),
                description: role.description.clone(),
                actions: role.actions.clone(),
                not_actions: role.not_actions.clone(),
                is_built_in: false,
            });
        }
        for assignment in &file.role_assignments {
            let checked = self.role_assignment(assignment, world)?;
            world.role_assignments.push(checked);
        }
        for denial in &file.deny_assignments {
            let checked = self.deny_assignment(denial, world)?;
            world.deny_assignments.push(checked);
        }
        Ok(())
    }

    fn role_assignment(
        &self,
        file: &file::RoleAssignment,
        world: &World,
    ) -> Result<RoleAssignment, ScenarioError> {
        let id = match &file.id {
            Some(id) => self.guid(id, "id")?,
            // As good as any other, and the same at each start.
            None => format!(
                "fa4e0000-0018-4000-8000-{:012x}",
                world.role_assignments.len()
            ),
        };
        let mut others = world.role_assignments.iter();
        if let (Some(at), Some(_)) = (
            &file.id,
            others.find(|other| other.id.eq_ignore_ascii_case(&id)),
        ) {
            return Err(self.error(at, format!("the ID {id} is used twice")));
        }
        let role = world.role(file.role.get_ref()).ok_or_else(|| {
            let message = format!("unknown role '{}'", file.role.get_ref());
            self.error(&file.role, message)
        });
        Ok(RoleAssignment {
            id,
            principal_id: self.principal(&file.principal_id, world)?,
            role_id: role?.id.clone(),
            scope: self.scope(&file.scope, world)?,
            condition: file.condition.clone(),
            created: None,
            removed: None,
            effective_after: EffectiveAfter {
                requests: file.effective_after_requests,
                seconds: file.effective_after_seconds,
            },
            propagation: file.propagation_seconds.clone(),
            denied: Arc::default(),
        })
    }

    fn deny_assignment(
        &self,
        file: &file::DenyAssignment,
        world: &World,
    ) -> Result<DenyAssignment, ScenarioError> {
        let principals = |ids: &[Spanned<String>]| {
            ids.iter()
                .map(|id| self.principal(id, world))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(DenyAssignment {
            id: self.guid(&file.id, "id")?,
            name: file.name.clone(),
            actions: file.actions.clone(),
            not_actions: file.not_actions.clone(),
            scope: self.scope(&file.scope, world)?,
            principals: principals(&file.principals)?,
            excluded: principals(&file.excluded_principals)?,
        })
    }

    /// The object ID of an identity, or the ID of a group.
    fn principal(&self, id: &Spanned<String>, world: &World) -> Result<String, ScenarioError> {
        let mut groups = world.principal_groups.iter();
        if groups.any(|group| group.id.eq_ignore_ascii_case(id.get_ref())) {
            return Ok(id.get_ref().clone());
        }
        self.identity(id, world)
    }

    fn identity(&self, id: &Spanned<String>, world: &World) -> Result<String, ScenarioError> {
        let id_text = self.guid(id, "principal_id")?;
        let mut identities = world.all_identities();
        if identities.any(|identity| identity.object_id.eq_ignore_ascii_case(&id_text)) {
            return Ok(id_text);
        }
        let message = format!("no identity of this scenario has the object ID {id_text}");
        Err(self.error(id, message))
    }

    fn scope(&self, scope: &Spanned<String>, world: &World) -> Result<String, ScenarioError> {
        resolve_scope(scope.get_ref(), world).ok_or_else(|| {
            let message = format!(
                "'{}' is no scope: write subscription, resource-group, virtual-machine or an ARM ID",
                scope.get_ref()
            );
            self.error(scope, message)
        })
    }
}

/// A scope by its short name, or an ARM ID.
pub(crate) fn resolve_scope(scope: &str, world: &World) -> Option<String> {
    match scope {
        "subscription" => Some(world.subscription_scope()),
        "resource-group" => Some(world.group_scope()),
        "virtual-machine" => Some(world.vm.resource_id.clone()),
        id if id == "/" || (id.starts_with('/') && !id.contains("//") && !id.ends_with('/')) => {
            Some(id.to_owned())
        }
        _ => None,
    }
}
