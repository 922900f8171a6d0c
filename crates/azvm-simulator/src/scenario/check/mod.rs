//! What a scenario file has to satisfy beyond its form.

mod fault;
mod machine;
mod rights;

use std::path::Path;
use std::time::Duration;

pub(crate) use machine::EVENT_TYPES;
pub(crate) use rights::resolve_scope;

use toml::Spanned;

use super::file::{self, File, IdentityKind, IdentityState};
use super::{Imds, Scenario};
use crate::front::Front;
use crate::text::is_guid;
use crate::world::{Cloud, Events, Group, OtherIdentity, OtherState, Resource, SystemSince};
use crate::{Identity, ScenarioError, World};

/// Checks one file; it knows the text for the sake of line numbers.
pub(super) struct Checker<'a> {
    text: &'a str,
    /// What stands before the text in what was parsed.
    offset: usize,
    /// Where files that the scenario names are looked for; `None` when it may name none.
    folder: Option<&'a Path>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(text: &'a str, offset: usize, folder: Option<&'a Path>) -> Self {
        Self {
            text,
            offset,
            folder,
        }
    }

    pub(super) fn scenario(&self, file: File) -> Result<Scenario, ScenarioError> {
        let name = self.segment(&file.name, "name")?;
        if file.summary.get_ref().trim().is_empty() || file.summary.get_ref().contains('\n') {
            return Err(self.error(&file.summary, "the summary has to be one line"));
        }
        if *file.token.lifetime_seconds.get_ref() == 0 {
            let message = "a token has to live for a second at least";
            return Err(self.error(&file.token.lifetime_seconds, message));
        }
        let mut world = self.world(&file)?;
        self.identities(&file.identities, &mut world)?;
        self.rights(&file, &mut world)?;
        let token_tenant_id = match &file.token.tenant_id {
            Some(id) => Some(self.guid(id, "tenant_id")?),
            None => None,
        };
        Ok(Scenario {
            name,
            seed: file.seed.map(u64::from),
            chassis_asset_tag: file.machine.chassis_asset_tag.clone(),
            listens: file.machine.listens,
            variables: file.machine.variables.clone(),
            token_lifetime_secs: *file.token.lifetime_seconds.get_ref(),
            token_tenant_id,
            clock: super::ClockSettings {
                speed: file.clock.speed,
                date_skew_secs: file.clock.date_skew_seconds.into(),
                token_skew_secs: file.clock.token_skew_seconds.into(),
            },
            imds: Imds {
                rate_limits: file.imds.rate_limits,
                identity_delay: Duration::from_millis(file.imds.identity_delay_milliseconds.into()),
                in_front: file.imds.in_front,
                denied_paths: lower_case(&file.imds.denied_paths),
                arc_folder: file.imds.arc_folder.as_ref().map(Into::into),
                ignored_selectors: file.imds.ignored_selectors.clone(),
            },
            arm: self.arm(&file.arm, &world)?,
            faults: self.faults(&file.faults)?,
            summary: file.summary.into_inner(),
            world,
        })
    }

    fn arm(&self, arm: &file::Arm, world: &World) -> Result<super::Arm, ScenarioError> {
        let mut replicas = Vec::new();
        for replica in &arm.replicas {
            replicas.push(self.segment(replica, "a replica's region")?.to_uppercase());
        }
        if replicas.is_empty() {
            replicas.push(world.location.to_uppercase());
        }
        let page_size = match &arm.page_size {
            Some(size) if *size.get_ref() == 0 => {
                return Err(self.error(size, "a page holds one item at least"));
            }
            Some(size) => usize::try_from(*size.get_ref()).ok(),
            None => None,
        };
        let in_front = match &arm.in_front {
            Some(front) if !front.get_ref().suits_arm() => {
                let message =
                    "in front of ARM there is an http-proxy-…, a captive-portal or an interceptor";
                return Err(self.error(front, message));
            }
            Some(front) => Some(*front.get_ref()),
            None => None,
        };
        Ok(super::Arm {
            closed: arm.closed,
            rate_limits: arm.rate_limits,
            page_size,
            propagation_secs: arm.propagation_seconds.clone(),
            replicas,
            in_front,
        })
    }

    fn world(&self, file: &File) -> Result<World, ScenarioError> {
        let azure = &file.azure;
        let cloud = match &azure.cloud {
            None => Cloud::Public,
            Some(name) => Cloud::named(name.get_ref())
                .ok_or_else(|| self.error(name, format!("unknown cloud '{}'", name.get_ref())))?,
        };
        let subscription_id = self.guid(&azure.subscription_id, "subscription_id")?;
        let resource_group = self.segment(&azure.resource_group, "resource_group")?;
        let group_id = format!("/subscriptions/{subscription_id}/resourceGroups/{resource_group}");
        let mut world = World {
            cloud,
            tenant_id: self.guid(&azure.tenant_id, "tenant_id")?,
            subscription_id,
            subscription_name: azure.subscription_name.get_ref().clone(),
            resource_group,
            location: self.segment(&azure.location, "location")?,
            tags: azure.tags.clone().into_iter().collect(),
            vm: self.machine(&file.vm, &group_id)?,
            groups: Vec::new(),
            resources: Vec::new(),
            system_identity: None,
            system_since: SystemSince::Unchanged,
            has_person: file.token.of_person,
            user_identities: Vec::new(),
            other_identities: Vec::new(),
            principal_groups: Vec::new(),
            custom_roles: Vec::new(),
            role_assignments: Vec::new(),
            deny_assignments: Vec::new(),
            events: Events::default(),
        };
        self.groups_and_resources(file, &mut world)?;
        self.events(&file.events, &mut world)?;
        Ok(world)
    }

    fn groups_and_resources(&self, file: &File, world: &mut World) -> Result<(), ScenarioError> {
        for group in &file.groups {
            let name = self.segment(&group.name, "name")?;
            if world
                .group_names()
                .any(|known| known.eq_ignore_ascii_case(&name))
            {
                return Err(self.error(&group.name, format!("the group {name} is there twice")));
            }
            let location = self.location(group.location.as_ref(), world)?;
            world.groups.push(Group { name, location });
        }
        for resource in &file.resources {
            let (name, kind) = (self.segment(&resource.name, "name")?, &resource.kind);
            if kind.get_ref().split('/').count() != 2
                || kind.get_ref().split('/').any(str::is_empty)
            {
                let message =
                    "a type is a namespace and a name, as in Microsoft.Storage/storageAccounts";
                return Err(self.error(kind, message));
            }
            let group = match &resource.resource_group {
                None => world.resource_group.clone(),
                Some(group) => self.known_group(group, world)?,
            };
            world.resources.push(Resource {
                id: format!(
                    "{}/resourceGroups/{group}/providers/{}/{name}",
                    world.subscription_scope(),
                    kind.get_ref()
                ),
                kind: kind.get_ref().clone(),
                location: self.location(resource.location.as_ref(), world)?,
            });
        }
        Ok(())
    }

    fn known_group(&self, group: &Spanned<String>, world: &World) -> Result<String, ScenarioError> {
        let mut names = world.group_names();
        let found = names.find(|known| known.eq_ignore_ascii_case(group.get_ref()));
        found
            .map(ToOwned::to_owned)
            .ok_or_else(|| self.error(group, format!("there is no group '{}'", group.get_ref())))
    }

    fn location(
        &self,
        location: Option<&Spanned<String>>,
        world: &World,
    ) -> Result<String, ScenarioError> {
        location.map_or_else(
            || Ok(world.location.clone()),
            |location| self.segment(location, "location"),
        )
    }

    fn identities(
        &self,
        identities: &[file::Identity],
        world: &mut World,
    ) -> Result<(), ScenarioError> {
        for identity in identities {
            let (client_id, object_id) =
                self.identity_ids(&identity.client_id, &identity.object_id, world)?;
            match (identity.kind.get_ref(), &identity.name) {
                (IdentityKind::System, Some(name)) => {
                    let message = "a system-assigned identity has no name of its own";
                    return Err(self.error(name, message));
                }
                (IdentityKind::System, None) if world.system_identity.is_some() => {
                    let message = "a VM has one system-assigned identity at most";
                    return Err(self.error(&identity.kind, message));
                }
                (IdentityKind::System, None) => {
                    let uniform = world.vm.scale_set.as_ref().filter(|set| set.is_uniform);
                    let resource_id = uniform.map_or(&world.vm.resource_id, |set| &set.resource_id);
                    let system = Identity {
                        client_id,
                        object_id,
                        resource_id: resource_id.clone(),
                    };
                    world.system_identity = Some(system.clone());
                    world.system_since = self.system_since(identity, &system, world)?;
                }
                (IdentityKind::User, None) => {
                    return Err(self.error(&identity.kind, "a user-assigned identity needs a name"));
                }
                (IdentityKind::User, Some(name)) => {
                    let type_path = "Microsoft.ManagedIdentity/userAssignedIdentities";
                    let segment = self.segment(name, "name")?;
                    let resource_id =
                        format!("{}/providers/{type_path}/{segment}", world.group_scope());
                    let is_same =
                        |other: &Identity| other.resource_id.eq_ignore_ascii_case(&resource_id);
                    if world.all_identities().any(is_same) {
                        let message = format!("the identity name '{segment}' is used twice");
                        return Err(self.error(name, message));
                    }
                    let user = Identity {
                        client_id,
                        object_id,
                        resource_id,
                    };
                    self.place(identity, user, world)?;
                }
            }
        }
        Ok(())
    }

    fn identity_ids(
        &self,
        client: &Spanned<String>,
        object: &Spanned<String>,
        world: &World,
    ) -> Result<(String, String), ScenarioError> {
        let client_id = self.guid(client, "client_id")?;
        let object_id = self.guid(object, "object_id")?;
        for (id, at) in [(&client_id, client), (&object_id, object)] {
            let is_known = |other: &Identity| {
                other.client_id.eq_ignore_ascii_case(id) || other.object_id.eq_ignore_ascii_case(id)
            };
            if world.all_identities().any(is_known) || client_id.eq_ignore_ascii_case(&object_id) {
                return Err(self.error(at, format!("the ID {id} is used twice")));
            }
        }
        Ok((client_id, object_id))
    }

    /// What became of the system-assigned identity.
    fn system_since(
        &self,
        file: &file::Identity,
        system: &Identity,
        world: &World,
    ) -> Result<SystemSince, ScenarioError> {
        let Some(state) = &file.state else {
            return Ok(SystemSince::Unchanged);
        };
        match state.get_ref() {
            IdentityState::Attached => Ok(SystemSince::Unchanged),
            IdentityState::Removed => Ok(SystemSince::Removed),
            IdentityState::Recreated => Ok(SystemSince::Renewed {
                again: self.again(file, system, world)?,
            }),
            IdentityState::Deleted | IdentityState::Detached | IdentityState::Inconsistent => {
                let message = "a system-assigned identity is attached, recreated or removed";
                Err(self.error(state, message))
            }
        }
    }

    /// The identity that has the place and name of this one now.
    fn again(
        &self,
        file: &file::Identity,
        identity: &Identity,
        world: &World,
    ) -> Result<Identity, ScenarioError> {
        let (Some(client), Some(object)) = (&file.again_client_id, &file.again_object_id) else {
            let message = "what was made again needs again_client_id and again_object_id";
            return Err(self.error(&file.client_id, message));
        };
        let (client_id, object_id) = self.identity_ids(client, object, world)?;
        Ok(Identity {
            client_id,
            object_id,
            resource_id: identity.resource_id.clone(),
        })
    }

    /// Puts a user-assigned identity where its state belongs.
    fn place(
        &self,
        file: &file::Identity,
        identity: Identity,
        world: &mut World,
    ) -> Result<(), ScenarioError> {
        let state = file.state.as_ref().map(|state| *state.get_ref());
        if let (Some(at), Some(_)) = (&file.visible_after_seconds, state) {
            return Err(self.error(at, "visible_after_seconds is for an attached identity"));
        }
        let state = match state {
            None | Some(IdentityState::Attached) => match &file.visible_after_seconds {
                None => {
                    world.user_identities.push(identity);
                    return Ok(());
                }
                Some(secs) => OtherState::Attaching {
                    visible_at: Duration::from_secs((*secs.get_ref()).into()),
                },
            },
            Some(IdentityState::Deleted) => OtherState::Deleted,
            Some(IdentityState::Detached) => OtherState::Detached,
            Some(IdentityState::Inconsistent) => OtherState::Inconsistent,
            Some(IdentityState::Recreated) => OtherState::Recreated {
                again: self.again(file, &identity, world)?,
            },
            Some(IdentityState::Removed) => OtherState::Removed,
        };
        world
            .other_identities
            .push(OtherIdentity { identity, state });
        Ok(())
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
        if is_segment(text.get_ref()) {
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
        ScenarioError::new(
            Some(line_of(
                self.text,
                at.span().start.saturating_sub(self.offset),
            )),
            message,
        )
    }
}

/// True for letters, digits and `- _ . ( )`, as Azure's names are.
pub(crate) fn is_segment(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.()".contains(&byte);
    !text.is_empty() && text.len() <= MAX_SEGMENT && text.bytes().all(is_allowed)
}

fn lower_case(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| text.to_ascii_lowercase()).collect()
}

/// The line of a byte of the text, counted from 1.
pub(super) fn line_of(text: &str, byte_idx: usize) -> usize {
    1 + text
        .bytes()
        .take(byte_idx)
        .filter(|byte| *byte == b'\n')
        .count()
}

/// No name in Azure is longer.
const MAX_SEGMENT: usize = 260;

/// In front of IMDS only these two do not make sense.
impl Front {
    fn suits_arm(self) -> bool {
        match self {
            Self::CaptivePortal
            | Self::HttpProxy403
            | Self::HttpProxy407
            | Self::HttpProxy502
            | Self::Interceptor => true,
            Self::Aws
            | Self::AzureArc
            | Self::DockerDesktop
            | Self::GoogleCloud
            | Self::GuestProxyAgent
            | Self::Iis => false,
        }
    }
}
