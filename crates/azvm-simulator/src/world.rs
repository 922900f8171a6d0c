//! What exists in the simulated cloud: one tenant, subscription, resource group and VM, and the VM's identities.

/// The simulated tenant, subscription, resource group and virtual machine.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) cloud: Cloud,
    pub(crate) tenant_id: String,
    pub(crate) subscription_id: String,
    pub(crate) subscription_name: String,
    pub(crate) resource_group: String,
    pub(crate) location: String,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) vm_name: String,
    pub(crate) vm_id: String,
    pub(crate) vm_size: String,
    pub(crate) vm_resource_id: String,
    pub(crate) private_ip: String,
    pub(crate) system_identity: Option<Identity>,
    pub(crate) user_identities: Vec<Identity>,
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
        &self.vm_resource_id
    }

    /// The `vmId` of the virtual machine, a GUID.
    pub fn vm_id(&self) -> &str {
        &self.vm_id
    }

    /// The region, such as `westeurope`.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// The VM's system-assigned identity, if it has one.
    pub fn system_identity(&self) -> Option<&Identity> {
        self.system_identity.as_ref()
    }

    /// The user-assigned identities that are attached to the VM, in the scenario file's order.
    pub fn user_identities(&self) -> &[Identity] {
        &self.user_identities
    }

    pub(crate) fn identities(&self) -> impl Iterator<Item = &Identity> {
        self.system_identity.iter().chain(&self.user_identities)
    }
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
