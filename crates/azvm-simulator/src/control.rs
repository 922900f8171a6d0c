//! Changes of the simulated cloud while it runs.

use std::sync::Arc;
use std::time::Duration;

use crate::access::{DenyAssignment, EffectiveAfter, RoleAssignment};
use crate::error::ChangeError;
use crate::fault::FaultRule;
use crate::front::Front;
use crate::scenario::{EVENT_TYPES, is_segment, resolve_scope};
use crate::simulator::State;
use crate::text::is_guid;
use crate::world::{Event, OtherIdentity, OtherState, SystemSince};
use crate::{Identity, Simulator, World};

/// A role to give to a principal at a scope.
#[derive(Clone, Debug)]
pub struct Grant {
    pub(crate) principal_id: String,
    pub(crate) role: String,
    pub(crate) scope: String,
    pub(crate) condition: Option<String>,
    pub(crate) propagation_secs: Vec<u32>,
    pub(crate) after_requests: Option<u32>,
}

impl Grant {
    /// `role` is a name or an ID; `scope` is `subscription`, `resource-group`, `virtual-machine` or an ARM ID.
    pub fn new(
        principal_id: impl Into<String>,
        role: impl Into<String>,
        scope: impl Into<String>,
    ) -> Self {
        Self {
            principal_id: principal_id.into(),
            role: role.into(),
            scope: scope.into(),
            condition: None,
            propagation_secs: Vec::new(),
            after_requests: None,
        }
    }

    /// Each replica of Resource Manager knows after its own number of seconds; the last number holds for all further replicas.
    pub fn with_propagation_secs(mut self, by_replica: impl Into<Vec<u32>>) -> Self {
        self.propagation_secs = by_replica.into();
        self
    }

    /// It takes effect after so many requests were denied for want of it.
    pub fn with_effect_after_requests(mut self, requests: u32) -> Self {
        self.after_requests = Some(requests);
        self
    }

    /// A condition of attribute-based access control; here it is never fulfilled.
    pub fn with_condition(mut self, condition: impl Into<String>) -> Self {
        self.condition = Some(condition.into());
        self
    }
}

/// Actions to deny at a scope whatever roles allow.
#[derive(Clone, Debug)]
pub struct Deny {
    pub(crate) name: String,
    pub(crate) scope: String,
    pub(crate) actions: Vec<String>,
    pub(crate) principals: Vec<String>,
}

impl Deny {
    /// Denies everything to everybody until the other methods narrow it.
    pub fn new(name: impl Into<String>, scope: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            scope: scope.into(),
            actions: vec!["*".to_owned()],
            principals: Vec::new(),
        }
    }

    /// Denies only these actions, in which `*` stands for any text.
    pub fn with_actions(mut self, actions: impl Into<Vec<String>>) -> Self {
        self.actions = actions.into();
        self
    }

    /// Denies to these object IDs only.
    pub fn with_principals(mut self, principals: impl Into<Vec<String>>) -> Self {
        self.principals = principals.into();
        self
    }
}

/// Changes while it runs. Each takes effect with the next request; one that fails changes nothing.
impl Simulator {
    /// Gives a role, and returns the ID of the role assignment.
    ///
    /// # Errors
    ///
    /// When the principal, the role or the scope is not there.
    pub fn grant(&self, grant: &Grant) -> Result<String, ChangeError> {
        self.state.grant(grant)
    }

    /// Takes a role away; each replica notices when it has noticed the grant.
    ///
    /// # Errors
    ///
    /// When there is no such role assignment.
    pub fn revoke(&self, assignment_id: &str) -> Result<(), ChangeError> {
        self.state.revoke(assignment_id)
    }

    /// Denies actions, and returns the ID of the deny assignment.
    ///
    /// # Errors
    ///
    /// When the scope is none.
    pub fn deny(&self, deny: &Deny) -> Result<String, ChangeError> {
        self.state.deny(deny)
    }

    /// Takes a deny assignment away.
    ///
    /// # Errors
    ///
    /// When there is none with this ID.
    pub fn undeny(&self, deny_assignment_id: &str) -> Result<(), ChangeError> {
        self.state.undeny(deny_assignment_id)
    }

    /// Attaches a user-assigned identity to the VM. One of a name that is not there is made.
    ///
    /// # Errors
    ///
    /// When the name is none that Azure would take.
    pub fn attach(&self, name: &str) -> Result<Identity, ChangeError> {
        self.state.attach(name, Duration::ZERO)
    }

    /// As [`Simulator::attach`], but IMDS learns of it only so much later.
    ///
    /// # Errors
    ///
    /// As [`Simulator::attach`].
    pub fn attach_slowly(&self, name: &str, delay: Duration) -> Result<Identity, ChangeError> {
        self.state.attach(name, delay)
    }

    /// Detaches a user-assigned identity from the VM. Tokens that it has keep their life.
    ///
    /// # Errors
    ///
    /// When no such identity is attached.
    pub fn detach(&self, name: &str) -> Result<(), ChangeError> {
        self.state.detach(name)
    }

    /// Deletes a user-assigned identity. One that is attached stays listed at the VM, without IDs.
    ///
    /// # Errors
    ///
    /// When there is no such identity.
    pub fn delete_identity(&self, name: &str) -> Result<(), ChangeError> {
        self.state.delete_identity(name)
    }

    /// Deletes a user-assigned identity and makes one of the same name, with other IDs; the VM keeps listing the old one.
    ///
    /// # Errors
    ///
    /// When there is no such identity.
    pub fn recreate_identity(&self, name: &str) -> Result<Identity, ChangeError> {
        self.state.recreate_identity(name)
    }

    /// Switches the system-assigned identity on or off. Each time it is switched on it is another one.
    pub fn set_system_identity(&self, is_on: bool) -> Option<Identity> {
        self.state.set_system_identity(is_on)
    }

    /// Adds an identity to a group of Entra, or takes it out. Tokens that are there keep saying what they said.
    ///
    /// # Errors
    ///
    /// When there is no such group.
    pub fn set_member(
        &self,
        group_id: &str,
        object_id: &str,
        is_member: bool,
    ) -> Result<(), ChangeError> {
        self.state.set_member(group_id, object_id, is_member)
    }

    /// Moves the subscription to another tenant. Tokens that are there are of the old one.
    ///
    /// # Errors
    ///
    /// When the ID is no GUID.
    pub fn move_to_tenant(&self, tenant_id: &str) -> Result<(), ChangeError> {
        self.state.move_to_tenant(tenant_id)
    }

    /// Announces an event such as `Reboot` to the VM, and returns its ID.
    ///
    /// # Errors
    ///
    /// When there is no such type of event, or there are too many events.
    pub fn schedule_event(&self, kind: &str, in_secs: u32) -> Result<String, ChangeError> {
        self.state.schedule_event(kind, in_secs)
    }

    /// Lets requests go wrong from now on.
    ///
    /// # Errors
    ///
    /// When the rule does nothing, or there are too many of them.
    pub fn fault(&self, rule: FaultRule) -> Result<(), ChangeError> {
        self.state.fault(rule)
    }

    /// Ends all faults, those of the scenario too.
    pub fn clear_faults(&self) {
        self.state.faults.clear();
    }

    /// Switches the rate limits of IMDS and ARM on or off.
    pub fn set_rate_limits(&self, is_on: bool) {
        self.state.set_rate_limits(is_on);
    }

    /// Puts somebody between IMDS and its clients, or nobody.
    pub fn set_imds_front(&self, front: Option<Front>) {
        self.state.set_front(false, front);
    }

    /// Puts somebody between ARM and its clients, or nobody.
    pub fn set_arm_front(&self, front: Option<Front>) {
        self.state.set_front(true, front);
    }

    /// Drops the tokens that IMDS keeps, as a day does; the next request gets a new one.
    pub fn forget_tokens(&self) {
        self.state.tokens.forget();
    }

    /// Empties the journal.
    pub fn clear_journal(&self) {
        self.state.journal.clear();
    }
}

impl State {
    pub(crate) fn grant(&self, grant: &Grant) -> Result<String, ChangeError> {
        let now = self.clock.elapsed();
        self.change(|world| {
            room(world.role_assignments.len())?;
            let role = world.role(&grant.role);
            let role_id = role
                .map(|role| role.id.clone())
                .ok_or_else(|| ChangeError::new(format!("unknown role '{}'", grant.role)))?;
            require_principal(world, &grant.principal_id)?;
            let id = self.random.guid().to_string();
            world.role_assignments.push(RoleAssignment {
                id: id.clone(),
                principal_id: grant.principal_id.clone(),
                role_id,
                scope: scope(world, &grant.scope)?,
                condition: grant.condition.clone(),
                created: Some(now),
                removed: None,
                effective_after: EffectiveAfter {
                    requests: grant.after_requests,
                    seconds: None,
                },
                propagation: grant.propagation_secs.clone(),
                denied: Arc::default(),
            });
            Ok(id)
        })
    }

    pub(crate) fn revoke(&self, id: &str) -> Result<(), ChangeError> {
        let now = self.clock.elapsed();
        self.change(|world| {
            let mut assignments = world.role_assignments.iter_mut();
            let found = assignments.find(|it| it.is_listed() && it.id.eq_ignore_ascii_case(id));
            let found = found.ok_or_else(|| missing("role assignment", id))?;
            found.removed = Some(now);
            Ok(())
        })
    }

    pub(crate) fn deny(&self, deny: &Deny) -> Result<String, ChangeError> {
        self.change(|world| {
            room(world.deny_assignments.len())?;
            let id = self.random.guid().to_string();
            let scope = scope(world, &deny.scope)?;
            world.deny_assignments.push(DenyAssignment {
                id: id.clone(),
                name: deny.name.clone(),
                actions: deny.actions.clone(),
                not_actions: Vec::new(),
                scope,
                principals: deny.principals.clone(),
                excluded: Vec::new(),
            });
            Ok(id)
        })
    }

    pub(crate) fn undeny(&self, id: &str) -> Result<(), ChangeError> {
        self.change(|world| {
            let before = world.deny_assignments.len();
            world
                .deny_assignments
                .retain(|denial| !denial.id.eq_ignore_ascii_case(id));
            if world.deny_assignments.len() == before {
                return Err(missing("deny assignment", id));
            }
            Ok(())
        })
    }

    pub(crate) fn attach(&self, name: &str, delay: Duration) -> Result<Identity, ChangeError> {
        if !is_segment(name) {
            return Err(ChangeError::new(format!("'{name}' is no name")));
        }
        let now = self.clock.elapsed();
        self.change(|world| {
            let attached = world.user_identities.iter();
            if let Some(identity) = attached.into_iter().find(|it| is_named(it, name)) {
                return Ok(identity.clone());
            }
            let others = world.other_identities.iter();
            let known = others
                .into_iter()
                .position(|other| is_named(&other.identity, name));
            let identity = match known.map(|idx| world.other_identities.remove(idx)) {
                Some(OtherIdentity {
                    state: OtherState::Recreated { again },
                    ..
                }) => again,
                Some(OtherIdentity {
                    state:
                        OtherState::Attaching { .. }
                        | OtherState::Detached
                        | OtherState::Inconsistent
                        | OtherState::Removed,
                    identity,
                }) => identity,
                Some(OtherIdentity {
                    state: OtherState::Deleted,
                    ..
                })
                | None => {
                    room(world.all_identities().count())?;
                    self.new_identity(world, name)
                }
            };
            if delay.is_zero() {
                world.user_identities.push(identity.clone());
            } else {
                let visible_at = now.saturating_add(delay);
                world.other_identities.push(OtherIdentity {
                    identity: identity.clone(),
                    state: OtherState::Attaching { visible_at },
                });
            }
            Ok(identity)
        })
    }

    pub(crate) fn detach(&self, name: &str) -> Result<(), ChangeError> {
        self.change(|world| {
            let attached = world.user_identities.iter();
            if let Some(idx) = attached.into_iter().position(|it| is_named(it, name)) {
                let identity = world.user_identities.remove(idx);
                world.other_identities.push(OtherIdentity {
                    identity,
                    state: OtherState::Detached,
                });
                return Ok(());
            }
            let other = find_other(world, name)?;
            let state = std::mem::replace(&mut other.state, OtherState::Detached);
            match state {
                OtherState::Attaching { .. } | OtherState::Inconsistent => Ok(()),
                OtherState::Recreated { again } => {
                    other.identity = again;
                    Ok(())
                }
                OtherState::Deleted => {
                    world
                        .other_identities
                        .retain(|other| !is_named(&other.identity, name));
                    Ok(())
                }
                OtherState::Detached | OtherState::Removed => {
                    Err(ChangeError::new(format!("'{name}' is not attached")))
                }
            }
        })
    }

    pub(crate) fn delete_identity(&self, name: &str) -> Result<(), ChangeError> {
        self.change(|world| {
            let attached = world.user_identities.iter();
            if let Some(idx) = attached.into_iter().position(|it| is_named(it, name)) {
                let identity = world.user_identities.remove(idx);
                world.other_identities.push(OtherIdentity {
                    identity,
                    state: OtherState::Deleted,
                });
                return Ok(());
            }
            let other = find_other(world, name)?;
            match other.state {
                OtherState::Attaching { .. }
                | OtherState::Inconsistent
                | OtherState::Recreated { .. } => {
                    other.state = OtherState::Deleted;
                }
                OtherState::Detached | OtherState::Removed => world
                    .other_identities
                    .retain(|other| !is_named(&other.identity, name)),
                OtherState::Deleted => return Err(missing("identity", name)),
            }
            Ok(())
        })
    }

    pub(crate) fn recreate_identity(&self, name: &str) -> Result<Identity, ChangeError> {
        self.change(|world| {
            let again = self.new_identity(world, name);
            let attached = world.user_identities.iter();
            if let Some(idx) = attached.into_iter().position(|it| is_named(it, name)) {
                let identity = world.user_identities.remove(idx);
                let state = OtherState::Recreated {
                    again: again.clone(),
                };
                world
                    .other_identities
                    .push(OtherIdentity { identity, state });
                return Ok(again);
            }
            let other = find_other(world, name)?;
            let again = Identity {
                resource_id: other.identity.resource_id.clone(),
                ..again
            };
            match other.state {
                OtherState::Detached | OtherState::Removed => other.identity = again.clone(),
                OtherState::Attaching { .. }
                | OtherState::Deleted
                | OtherState::Inconsistent
                | OtherState::Recreated { .. } => {
                    other.state = OtherState::Recreated {
                        again: again.clone(),
                    };
                }
            }
            Ok(again)
        })
    }

    pub(crate) fn set_system_identity(&self, is_on: bool) -> Option<Identity> {
        let changed = self.change(|world| {
            world.system_since = SystemSince::Unchanged;
            world.system_identity = is_on.then(|| {
                let uniform = world.vm.scale_set.as_ref().filter(|set| set.is_uniform);
                let resource_id = uniform.map_or(&world.vm.resource_id, |set| &set.resource_id);
                Identity {
                    client_id: self.random.guid().to_string(),
                    object_id: self.random.guid().to_string(),
                    resource_id: resource_id.clone(),
                }
            });
            Ok::<_, ChangeError>(world.system_identity.clone())
        });
        changed.unwrap_or_default()
    }

    pub(crate) fn set_member(
        &self,
        group_id: &str,
        object_id: &str,
        is_member: bool,
    ) -> Result<(), ChangeError> {
        self.change(|world| {
            let mut groups = world.principal_groups.iter_mut();
            let group = groups.find(|group| group.id.eq_ignore_ascii_case(group_id));
            let group = group.ok_or_else(|| missing("group", group_id))?;
            group
                .members
                .retain(|member| !member.eq_ignore_ascii_case(object_id));
            if is_member {
                room(group.members.len())?;
                group.members.push(object_id.to_owned());
            }
            Ok(())
        })
    }

    pub(crate) fn move_to_tenant(&self, tenant_id: &str) -> Result<(), ChangeError> {
        if !is_guid(tenant_id) {
            return Err(ChangeError::new("a tenant ID is a GUID"));
        }
        self.change(|world| {
            world.tenant_id = tenant_id.to_owned();
            Ok(())
        })
    }

    pub(crate) fn schedule_event(&self, kind: &str, in_secs: u32) -> Result<String, ChangeError> {
        if !EVENT_TYPES.contains(&kind) {
            let message = format!("an event is one of {}", EVENT_TYPES.join(", "));
            return Err(ChangeError::new(message));
        }
        self.change(|world| {
            room(world.events.pending.len())?;
            let id = self.random.guid().to_string().to_ascii_uppercase();
            world.events.incarnation = world.events.incarnation.saturating_add(1);
            world.events.pending.push(Event {
                id: id.clone(),
                kind: kind.to_owned(),
                is_started: false,
                not_before: self.clock.unix_secs().saturating_add(in_secs.into()),
                description: String::new(),
                is_by_user: false,
                duration_secs: -1,
            });
            Ok(id)
        })
    }

    pub(crate) fn fault(&self, rule: FaultRule) -> Result<(), ChangeError> {
        let fault = rule.checked()?;
        if self.faults.add(fault) {
            Ok(())
        } else {
            Err(ChangeError::new("there are too many faults"))
        }
    }

    pub(crate) fn set_rate_limits(&self, is_on: bool) {
        self.imds_limits.switch(is_on);
        self.arm_limits.switch(is_on);
    }

    fn new_identity(&self, world: &World, name: &str) -> Identity {
        Identity {
            client_id: self.random.guid().to_string(),
            object_id: self.random.guid().to_string(),
            resource_id: format!(
                "{}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}",
                world.group_scope()
            ),
        }
    }
}

fn is_named(identity: &Identity, name: &str) -> bool {
    identity.name().eq_ignore_ascii_case(name)
}

fn find_other<'a>(world: &'a mut World, name: &str) -> Result<&'a mut OtherIdentity, ChangeError> {
    world
        .other_identities
        .iter_mut()
        .find(|other| is_named(&other.identity, name))
        .ok_or_else(|| missing("identity", name))
}

fn require_principal(world: &World, id: &str) -> Result<(), ChangeError> {
    let is_identity = world
        .all_identities()
        .any(|identity| identity.object_id.eq_ignore_ascii_case(id));
    let mut groups = world.principal_groups.iter();
    if is_identity || groups.any(|group| group.id.eq_ignore_ascii_case(id)) {
        return Ok(());
    }
    Err(missing("principal", id))
}

fn scope(world: &World, scope: &str) -> Result<String, ChangeError> {
    resolve_scope(scope, world).ok_or_else(|| ChangeError::new(format!("'{scope}' is no scope")))
}

fn missing(what: &str, id: &str) -> ChangeError {
    ChangeError::new(format!("there is no {what} '{id}'"))
}

/// So that no sequence of changes fills the memory.
fn room(count: usize) -> Result<(), ChangeError> {
    if count < MAX_ITEMS {
        Ok(())
    } else {
        Err(ChangeError::new("there are too many of these"))
    }
}

const MAX_ITEMS: usize = 10_000;
