//! What a scenario file has to satisfy beyond its form.

use std::net::Ipv4Addr;

use toml::Spanned;

use super::file::{self, File, IdentityKind};
use super::{EffectiveAfter, Fault, RoleAssignment, Scenario};
use crate::arm::role;
use crate::text::is_guid;
use crate::world::Cloud;
use crate::{Identity, ScenarioError, World};

/// Checks one file; it knows the text for the sake of line numbers.
pub(super) struct Checker<'a> {
    text: &'a str,
}

impl<'a> Checker<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text }
    }

    pub(super) fn scenario(&self, file: File) -> Result<Scenario, ScenarioError> {
        let name = self.segment(&file.name, "name")?;
        if file.summary.get_ref().trim().is_empty() || file.summary.get_ref().contains('\n') {
            return Err(self.error(&file.summary, "the summary has to be one line"));
        }
        if *file.token.lifetime_seconds.get_ref() == 0 {
            return Err(self.error(
                &file.token.lifetime_seconds,
                "a token has to live for a second at least",
            ));
        }
        let mut world = self.world(&file.azure, &file.vm)?;
        self.identities(&file.identities, &mut world)?;
        let role_assignments = self.role_assignments(&file.role_assignments, &world)?;
        let faults = file
            .faults
            .iter()
            .map(|fault| self.fault(fault))
            .collect::<Result<_, _>>()?;
        Ok(Scenario {
            name,
            summary: file.summary.into_inner(),
            chassis_asset_tag: file.machine.chassis_asset_tag,
            listens: file.machine.listens,
            world,
            token_lifetime_secs: file.token.lifetime_seconds.into_inner(),
            role_assignments,
            faults,
        })
    }

    fn world(&self, azure: &file::Azure, vm: &file::Vm) -> Result<World, ScenarioError> {
        let cloud = match &azure.cloud {
            None => Cloud::Public,
            Some(name) => Cloud::named(name.get_ref())
                .ok_or_else(|| self.error(name, format!("unknown cloud '{}'", name.get_ref())))?,
        };
        let subscription_id = self.guid(&azure.subscription_id, "subscription_id")?;
        let resource_group = self.segment(&azure.resource_group, "resource_group")?;
        let vm_name = self.segment(&vm.name, "name")?;
        let group_id = format!("/subscriptions/{subscription_id}/resourceGroups/{resource_group}");
        let private_ip = match &vm.private_ip {
            None => DEFAULT_PRIVATE_IP.to_owned(),
            Some(ip) if ip.get_ref().parse::<Ipv4Addr>().is_ok() => ip.get_ref().clone(),
            Some(ip) => return Err(self.error(ip, "private_ip has to be an IPv4 address")),
        };
        Ok(World {
            cloud,
            tenant_id: self.guid(&azure.tenant_id, "tenant_id")?,
            subscription_id,
            subscription_name: azure.subscription_name.get_ref().clone(),
            resource_group,
            location: self.segment(&azure.location, "location")?,
            tags: azure.tags.clone().into_iter().collect(),
            vm_resource_id: format!(
                "{group_id}/providers/Microsoft.Compute/virtualMachines/{vm_name}"
            ),
            vm_name,
            vm_id: self.guid(&vm.id, "id")?,
            vm_size: vm
                .size
                .clone()
                .unwrap_or_else(|| DEFAULT_VM_SIZE.to_owned()),
            private_ip,
            system_identity: None,
            user_identities: Vec::new(),
        })
    }

    fn identities(
        &self,
        identities: &[file::Identity],
        world: &mut World,
    ) -> Result<(), ScenarioError> {
        let group_id = format!(
            "/subscriptions/{}/resourceGroups/{}",
            world.subscription_id, world.resource_group
        );
        for identity in identities {
            let client_id = self.guid(&identity.client_id, "client_id")?;
            let object_id = self.guid(&identity.object_id, "object_id")?;
            for (id, at) in [
                (&client_id, &identity.client_id),
                (&object_id, &identity.object_id),
            ] {
                let is_known = |other: &Identity| {
                    other.client_id.eq_ignore_ascii_case(id)
                        || other.object_id.eq_ignore_ascii_case(id)
                };
                if world.identities().any(is_known) || client_id.eq_ignore_ascii_case(&object_id) {
                    return Err(self.error(at, format!("the ID {id} is used twice")));
                }
            }
            match (identity.kind.get_ref(), &identity.name) {
                (IdentityKind::System, Some(name)) => {
                    return Err(
                        self.error(name, "a system-assigned identity has no name of its own")
                    );
                }
                (IdentityKind::System, None) if world.system_identity.is_some() => {
                    return Err(self.error(
                        &identity.kind,
                        "a VM has one system-assigned identity at most",
                    ));
                }
                (IdentityKind::System, None) => {
                    let resource_id = world.vm_resource_id.clone();
                    world.system_identity = Some(Identity {
                        client_id,
                        object_id,
                        resource_id,
                    });
                }
                (IdentityKind::User, None) => {
                    return Err(self.error(&identity.kind, "a user-assigned identity needs a name"));
                }
                (IdentityKind::User, Some(name)) => {
                    let type_path = "Microsoft.ManagedIdentity/userAssignedIdentities";
                    let resource_id = format!(
                        "{group_id}/providers/{type_path}/{}",
                        self.segment(name, "name")?
                    );
                    if world
                        .user_identities
                        .iter()
                        .any(|other| other.resource_id.eq_ignore_ascii_case(&resource_id))
                    {
                        return Err(self.error(
                            name,
                            format!("the identity name '{}' is used twice", name.get_ref()),
                        ));
                    }
                    world.user_identities.push(Identity {
                        client_id,
                        object_id,
                        resource_id,
                    });
                }
            }
        }
        Ok(())
    }

    fn role_assignments(
        &self,
        assignments: &[file::RoleAssignment],
        world: &World,
    ) -> Result<Vec<RoleAssignment>, ScenarioError> {
        let mut checked: Vec<RoleAssignment> = Vec::new();
        for assignment in assignments {
            let id = self.guid(&assignment.id, "id")?;
            if checked
                .iter()
                .any(|other| other.id.eq_ignore_ascii_case(&id))
            {
                return Err(self.error(&assignment.id, format!("the ID {id} is used twice")));
            }
            let principal_id = self.guid(&assignment.principal_id, "principal_id")?;
            if !world
                .identities()
                .any(|identity| identity.object_id.eq_ignore_ascii_case(&principal_id))
            {
                let message =
                    format!("no identity of this scenario has the object ID {principal_id}");
                return Err(self.error(&assignment.principal_id, message));
            }
            let role = role::named(assignment.role.get_ref()).ok_or_else(|| {
                self.error(
                    &assignment.role,
                    format!("unknown role '{}'", assignment.role.get_ref()),
                )
            })?;
            checked.push(RoleAssignment {
                id,
                principal_id,
                role_id: role.id,
                scope: self.scope(&assignment.scope, world)?,
                effective_after: EffectiveAfter {
                    requests: assignment.effective_after_requests,
                    seconds: assignment.effective_after_seconds,
                },
            });
        }
        Ok(checked)
    }

    fn scope(&self, scope: &Spanned<String>, world: &World) -> Result<String, ScenarioError> {
        let subscription = format!("/subscriptions/{}", world.subscription_id);
        match scope.get_ref().as_str() {
            "subscription" => Ok(subscription),
            "resource-group" => Ok(format!(
                "{subscription}/resourceGroups/{}",
                world.resource_group
            )),
            "virtual-machine" => Ok(world.vm_resource_id.clone()),
            id if id == "/"
                || (id.starts_with('/') && !id.contains("//") && !id.ends_with('/')) =>
            {
                Ok(id.to_owned())
            }
            other => {
                let message = format!(
                    "'{other}' is no scope: write subscription, resource-group, virtual-machine or an ARM ID"
                );
                Err(self.error(scope, message))
            }
        }
    }

    fn fault(&self, fault: &file::Fault) -> Result<Fault, ScenarioError> {
        if !fault.path_prefix.get_ref().starts_with('/') {
            return Err(self.error(&fault.path_prefix, "path_prefix has to start with a slash"));
        }
        if !(200..=599).contains(fault.status.get_ref()) {
            return Err(self.error(&fault.status, "a status is a number from 200 to 599"));
        }
        let (content_type, body) = match (&fault.json, &fault.body) {
            (Some(json), Some(_)) => {
                return Err(self.error(json, "a fault has either json or body"));
            }
            (Some(json), None) => (
                "application/json; charset=utf-8",
                json.get_ref().to_string(),
            ),
            (None, body) => (
                "text/plain; charset=utf-8",
                body.clone().unwrap_or_default(),
            ),
        };
        Ok(Fault {
            server: fault.server,
            path_prefix: fault.path_prefix.get_ref().to_ascii_lowercase(),
            status: *fault.status.get_ref(),
            times: fault.times,
            seconds: fault.seconds,
            retry_after_secs: fault.retry_after,
            content_type,
            body,
        })
    }

    fn guid(&self, text: &Spanned<String>, member: &str) -> Result<String, ScenarioError> {
        if is_guid(text.get_ref()) {
            return Ok(text.get_ref().clone());
        }
        Err(self.error(
            text,
            format!("{member} has to be a GUID, not '{}'", text.get_ref()),
        ))
    }

    /// Something that becomes one segment of an ARM ID or of a path.
    fn segment(&self, text: &Spanned<String>, member: &str) -> Result<String, ScenarioError> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.()".contains(&byte);
        if !text.get_ref().is_empty() && text.get_ref().bytes().all(is_allowed) {
            return Ok(text.get_ref().clone());
        }
        Err(self.error(
            text,
            format!(
                "{member} has to be letters, digits and - _ . ( ), not '{}'",
                text.get_ref()
            ),
        ))
    }

    fn error<T>(&self, at: &Spanned<T>, message: impl Into<String>) -> ScenarioError {
        ScenarioError::new(Some(line_of(self.text, at.span().start)), message)
    }
}

/// The line of a byte of the text, counted from 1.
pub(super) fn line_of(text: &str, byte_idx: usize) -> usize {
    1 + text
        .bytes()
        .take(byte_idx)
        .filter(|byte| *byte == b'\n')
        .count()
}

const DEFAULT_PRIVATE_IP: &str = "10.0.0.4";
const DEFAULT_VM_SIZE: &str = "Standard_D2s_v5";
