//! What exists in the simulated cloud: one tenant and subscription, resource groups, a VM with its identities, and who may do what.

use std::time::Duration;

use crate::access::{DenyAssignment, PrincipalGroup, RoleAssignment};
use crate::role::{self, Role};

/// The simulated tenant, subscription, resource groups and virtual machine.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) cloud: Cloud,
    pub(crate) tenant_id: String,
    pub(crate) subscription_id: String,
    pub(crate) subscription_name: String,
    pub(crate) resource_group: String,
    pub(crate) location: String,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) vm: Vm,
    /// Resource groups beside the VM's.
    pub(crate) groups: Vec<Group>,
    /// Resources beside the VM and the identities.
    pub(crate) resources: Vec<Resource>,
    /// What IMDS issues tokens for.
    pub(crate) system_identity: Option<Identity>,
    /// What became of it since, which IMDS with its day-old tokens does not know.
    pub(crate) system_since: SystemSince,
    /// True when somebody in IMDS's place hands out tokens of a person who signed in with the Azure CLI.
    pub(crate) has_person: bool,
    pub(crate) user_identities: Vec<Identity>,
    pub(crate) other_identities: Vec<OtherIdentity>,
    pub(crate) principal_groups: Vec<PrincipalGroup>,
    pub(crate) custom_roles: Vec<Role>,
    pub(crate) role_assignments: Vec<RoleAssignment>,
    pub(crate) deny_assignments: Vec<DenyAssignment>,
    pub(crate) events: Events,
}

impl World {
    /// The Entra tenant, a GUID.
    pub fn tenant_id(&self) -> &str {
        &self.tenant_id
    }

    /// The subscription, a GUID.
    pub fn subscription_id(&self) -> &str {
        &self.subscription_id
    }

    /// The name of the resource group that holds the VM and its user-assigned identities.
    pub fn resource_group(&self) -> &str {
        &self.resource_group
    }

    /// The ARM resource ID of the virtual machine.
    pub fn vm_resource_id(&self) -> &str {
        &self.vm.resource_id
    }

    /// The `vmId` of the virtual machine, a GUID.
    pub fn vm_id(&self) -> &str {
        &self.vm.id
    }

    /// The region, such as `westeurope`.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// The VM's system-assigned identity, if it has one.
    pub fn system_identity(&self) -> Option<&Identity> {
        self.system_identity.as_ref()
    }

    /// The user-assigned identities that are attached to the VM and work, in the order in which they were attached.
    pub fn user_identities(&self) -> &[Identity] {
        &self.user_identities
    }

    /// Every identity, attached or not, with what a deleted one was.
    pub(crate) fn all_identities(&self) -> impl Iterator<Item = &Identity> {
        let others = self.other_identities.iter();
        let others = others.flat_map(|other| {
            let again = match &other.state {
                OtherState::Recreated { again } => Some(again),
                OtherState::Attaching { .. }
                | OtherState::Deleted
                | OtherState::Detached
                | OtherState::Inconsistent
                | OtherState::Removed => None,
            };
            std::iter::once(&other.identity).chain(again)
        });
        let renewed = match &self.system_since {
            SystemSince::Renewed { again } => Some(again),
            SystemSince::Unchanged | SystemSince::Removed => None,
        };
        self.system_identity
            .iter()
            .chain(renewed)
            .chain(&self.user_identities)
            .chain(others)
    }

    /// The system-assigned identity as ARM shows it at the VM.
    pub(crate) fn shown_system_identity(&self) -> Option<&Identity> {
        match &self.system_since {
            SystemSince::Unchanged => self.system_identity.as_ref(),
            SystemSince::Removed => None,
            SystemSince::Renewed { again } => Some(again),
        }
    }

    /// What IMDS issues tokens for at this time: the user-assigned identities.
    pub(crate) fn usable_identities(&self, now: Duration) -> impl Iterator<Item = &Identity> {
        let arriving = self
            .other_identities
            .iter()
            .filter(move |other| match other.state {
                OtherState::Attaching { visible_at } => now >= visible_at,
                OtherState::Removed => true,
                OtherState::Deleted
                | OtherState::Detached
                | OtherState::Inconsistent
                | OtherState::Recreated { .. } => false,
            });
        self.user_identities
            .iter()
            .chain(arriving.map(|other| &other.identity))
    }

    /// What ARM has as resources: the user-assigned identities that exist.
    pub(crate) fn existing_identities(&self) -> impl Iterator<Item = &Identity> {
        let others = self.other_identities.iter();
        let existing = others.filter_map(|other| match &other.state {
            OtherState::Attaching { .. }
            | OtherState::Detached
            | OtherState::Inconsistent
            | OtherState::Removed => Some(&other.identity),
            OtherState::Recreated { again } => Some(again),
            OtherState::Deleted => None,
        });
        self.user_identities.iter().chain(existing)
    }

    /// What ARM shows in the VM's `identity` block, with the IDs where they are known there.
    pub(crate) fn attached_identities(&self) -> impl Iterator<Item = (&Identity, bool)> {
        let others = self.other_identities.iter();
        let attached = others.filter_map(|other| match &other.state {
            OtherState::Attaching { .. }
            | OtherState::Inconsistent
            | OtherState::Recreated { .. } => Some((&other.identity, true)),
            OtherState::Deleted => Some((&other.identity, false)),
            OtherState::Detached | OtherState::Removed => None,
        });
        self.user_identities
            .iter()
            .map(|identity| (identity, true))
            .chain(attached)
    }

    /// Built-in roles and the subscription's own.
    pub(crate) fn roles(&self) -> impl Iterator<Item = &Role> {
        role::built_in().iter().chain(&self.custom_roles)
    }

    /// A role by its name or its ID, ignoring case.
    pub(crate) fn role(&self, name_or_id: &str) -> Option<&Role> {
        self.roles().find(|role| {
            role.name.eq_ignore_ascii_case(name_or_id) || role.id.eq_ignore_ascii_case(name_or_id)
        })
    }

    /// The names of all resource groups, the VM's first.
    pub(crate) fn group_names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.resource_group.as_str())
            .chain(self.groups.iter().map(|group| group.name.as_str()))
    }

    pub(crate) fn subscription_scope(&self) -> String {
        format!("/subscriptions/{}", self.subscription_id)
    }

    pub(crate) fn group_scope(&self) -> String {
        format!(
            "{}/resourceGroups/{}",
            self.subscription_scope(),
            self.resource_group
        )
    }
}

/// The virtual machine.
#[derive(Clone, Debug)]
pub(crate) struct Vm {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) size: String,
    pub(crate) resource_id: String,
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) scale_set: Option<ScaleSet>,
    /// Members of `compute` that differ from what such a VM usually has.
    pub(crate) compute: serde_json::Map<String, serde_json::Value>,
}

/// A network interface; the first one is the primary.
#[derive(Clone, Debug)]
pub(crate) struct Interface {
    pub(crate) mac: String,
    pub(crate) private_ips: Vec<String>,
    pub(crate) public_ip: String,
    pub(crate) subnet: String,
    pub(crate) prefix: String,
    pub(crate) ipv6: Vec<String>,
}

/// The scale set that the VM is an instance of.
#[derive(Clone, Debug)]
pub(crate) struct ScaleSet {
    pub(crate) name: String,
    pub(crate) resource_id: String,
    /// In a uniform scale set the identity is the scale set's.
    pub(crate) is_uniform: bool,
}

/// A further resource group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) location: String,
}

/// A further resource.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    /// An ARM ID below a resource group.
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) location: String,
}

/// One managed identity of the simulated VM.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// The client (application) ID, a GUID.
    pub client_id: String,
    /// The object (principal) ID, a GUID.
    pub object_id: String,
    /// The ARM resource ID: the user-assigned identity's own, or the VM's for the system-assigned one.
    pub resource_id: String,
}

impl Identity {
    /// The last segment of the resource ID.
    pub fn name(&self) -> &str {
        self.resource_id.rsplit('/').next().unwrap_or_default()
    }
}

/// A user-assigned identity that is not simply attached.
#[derive(Clone, Debug)]
pub(crate) struct OtherIdentity {
    pub(crate) identity: Identity,
    pub(crate) state: OtherState,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OtherState {
    /// ARM lists it at the VM, IMDS does not know of it until then.
    Attaching { visible_at: Duration },
    /// Deleted while it was attached: the VM still lists it, without IDs.
    Deleted,
    /// It exists and is not attached.
    Detached,
    /// ARM lists it at the VM, and IMDS says that the VM has no access to it.
    Inconsistent,
    /// Deleted while it was attached and made again under the same name: the VM lists the old one.
    Recreated { again: Identity },
    /// Taken off the VM; IMDS goes on handing out its token until that has expired.
    Removed,
}

/// What became of the system-assigned identity while IMDS hands out the token that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SystemSince {
    Unchanged,
    /// Switched off.
    Removed,
    /// Switched off and on again, which makes another principal.
    Renewed {
        again: Identity,
    },
}

/// The scheduled events of the VM.
#[derive(Clone, Debug, Default)]
pub(crate) struct Events {
    pub(crate) incarnation: u32,
    pub(crate) pending: Vec<Event>,
}

/// One scheduled event.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    /// Such as `Reboot`.
    pub(crate) kind: String,
    pub(crate) is_started: bool,
    /// Unix seconds.
    pub(crate) not_before: i64,
    pub(crate) description: String,
    pub(crate) is_by_user: bool,
    pub(crate) duration_secs: i64,
}

/// An Azure cloud, as far as its names matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cloud {
    China,
    Public,
    UsGovernment,
}

impl Cloud {
    /// From instance metadata's `azEnvironment`.
    pub(crate) fn named(az_environment: &str) -> Option<Self> {
        [Self::China, Self::Public, Self::UsGovernment]
            .into_iter()
            .find(|cloud| cloud.az_environment() == az_environment)
    }

    pub(crate) fn az_environment(self) -> &'static str {
        match self {
            Self::China => "AzureChinaCloud",
            Self::Public => "AzurePublicCloud",
            Self::UsGovernment => "AzureUSGovernmentCloud",
        }
    }

    /// The four spellings of ARM's audience, the canonical one first.
    pub(crate) fn arm_audiences(self) -> [&'static str; 4] {
        match self {
            Self::China => [
                "https://management.core.chinacloudapi.cn/",
                "https://management.core.chinacloudapi.cn",
                "https://management.chinacloudapi.cn/",
                "https://management.chinacloudapi.cn",
            ],
            Self::Public => [
                "https://management.core.windows.net/",
                "https://management.core.windows.net",
                "https://management.azure.com/",
                "https://management.azure.com",
            ],
            Self::UsGovernment => [
                "https://management.core.usgovcloudapi.net/",
                "https://management.core.usgovcloudapi.net",
                "https://management.usgovcloudapi.net/",
                "https://management.usgovcloudapi.net",
            ],
        }
    }
}
