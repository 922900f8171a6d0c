//! A scenario: what exists, who may do what, and what goes wrong.
//!
//! The built-in scenarios are the files in this crate's `scenarios/` folder; [`Scenario::from_toml`] reads others of the same form.

mod check;
mod file;
#[cfg(test)]
mod tests;

use crate::{ScenarioError, Server, World};

/// A simulated world and its faults, as read from a scenario file.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) chassis_asset_tag: Option<String>,
    pub(crate) listens: bool,
    pub(crate) world: World,
    pub(crate) token_lifetime_secs: u32,
    pub(crate) role_assignments: Vec<RoleAssignment>,
    pub(crate) faults: Vec<Fault>,
}

impl Scenario {
    /// A built-in scenario.
    pub fn named(name: &str) -> Option<Self> {
        let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Some(Self::from_toml(text).expect("built-in scenarios are valid, which a test proves"))
    }

    /// The names of the built-in scenarios, the healthy one first.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// The built-in scenarios in the order of [`Scenario::names`].
    pub fn all() -> impl Iterator<Item = Self> {
        Self::names().filter_map(Self::named)
    }

    /// Reads a scenario file.
    ///
    /// ```
    /// let scenario = azvm_simulator::Scenario::from_toml(r#"
    ///     name = "busy"
    ///     summary = "Resource Manager is busy for five seconds, and then the role takes another request to arrive."
    ///
    ///     [machine]                       # optional; these are the defaults
    ///     chassis_asset_tag = "7783-7084-3265-9085-8269-3286-77"
    ///     listens = true
    ///
    ///     [azure]
    ///     cloud = "AzurePublicCloud"      # optional; or AzureChinaCloud, AzureUSGovernmentCloud
    ///     tenant_id = "fa4e0000-0001-4000-8000-000000000001"
    ///     subscription_id = "fa4e0000-0002-4000-8000-000000000001"
    ///     subscription_name = "my subscription"
    ///     resource_group = "my-group"
    ///     location = "westeurope"
    ///     tags = { env = "test" }         # optional; of the group and the VM
    ///
    ///     [vm]
    ///     name = "my-vm"
    ///     id = "fa4e0000-0003-4000-8000-000000000001"
    ///     size = "Standard_D2s_v5"        # optional, as is private_ip
    ///
    ///     [token]                         # optional
    ///     lifetime_seconds = 86400
    ///
    ///     [[identity]]                    # any number of kind "user", one of kind "system"
    ///     kind = "user"
    ///     name = "my-identity"            # for kind "user" only
    ///     client_id = "fa4e0000-0005-4000-8000-00000000000c"
    ///     object_id = "fa4e0000-0005-4000-8000-00000000000b"
    ///
    ///     [[role_assignment]]
    ///     id = "fa4e0000-0008-4000-8000-000000000001"
    ///     principal_id = "fa4e0000-0005-4000-8000-00000000000b"
    ///     role = "Reader"                 # or Contributor, Owner, Virtual Machine Contributor, or the ID of one of them
    ///     scope = "resource-group"        # or subscription, virtual-machine, or an ARM ID
    ///     effective_after_requests = 1    # optional, as is effective_after_seconds; the first of the two counts
    ///
    ///     [[fault]]
    ///     server = "arm"                  # or imds, where requests without the Metadata header meet no fault
    ///     path_prefix = "/subscriptions"
    ///     status = 503
    ///     seconds = 5                     # optional, from the first such request; as is times; else it lasts
    ///     retry_after = 1                 # optional
    ///     json = { error = { code = "ServerBusy", message = "Try again later." } } # or body, for plain text
    /// "#)?;
    /// assert_eq!(scenario.name(), "busy");
    /// # Ok::<(), azvm_simulator::ScenarioError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the text is no TOML, has a member that is not known, or contradicts itself:
    /// something that has to be a GUID is none, an ID is used twice, a role is unknown or is given to a principal that does not exist.
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        let file: file::File = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| check::line_of(text, span.start));
            ScenarioError::new(line, error.message().replace('\n', ", "))
        })?;
        check::Checker::new(text).scenario(file)
    }

    /// The scenario's name, such as `no-role`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One sentence that says what is wrong, or that nothing is.
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// The chassis asset tag in the simulated machine's DMI data; that of an Azure VM is `7783-7084-3265-9085-8269-3286-77`.
    pub fn chassis_asset_tag(&self) -> Option<&str> {
        self.chassis_asset_tag.as_deref()
    }
}

/// A role of a principal at a scope.
#[derive(Clone, Debug)]
pub(crate) struct RoleAssignment {
    pub(crate) id: String,
    pub(crate) principal_id: String,
    pub(crate) role_id: &'static str,
    /// An ARM ID, or `/`.
    pub(crate) scope: String,
    pub(crate) effective_after: EffectiveAfter,
}

/// When a role assignment starts to count: at once when both are `None`, else at whichever comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EffectiveAfter {
    /// So many requests were denied for want of this assignment.
    pub(crate) requests: Option<u32>,
    /// So many seconds passed since the simulator's start.
    pub(crate) seconds: Option<u32>,
}

/// Requests that get another answer than they would, for a number of times or for some seconds.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) server: FaultyServer,
    /// Lower case, starts with a slash.
    pub(crate) path_prefix: String,
    pub(crate) status: u16,
    pub(crate) times: Option<u32>,
    pub(crate) seconds: Option<u32>,
    pub(crate) retry_after_secs: Option<u32>,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

/// Which server a fault belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FaultyServer {
    Arm,
    Imds,
}

impl FaultyServer {
    pub(crate) fn covers(self, server: Server) -> bool {
        match self {
            Self::Arm => server.is_arm(),
            Self::Imds => !server.is_arm(),
        }
    }
}

const BUILT_IN: [(&str, &str); 8] = [
    ("healthy", include_str!("../../scenarios/healthy.toml")),
    (
        "no-identity",
        include_str!("../../scenarios/no-identity.toml"),
    ),
    (
        "two-user-identities",
        include_str!("../../scenarios/two-user-identities.toml"),
    ),
    ("no-role", include_str!("../../scenarios/no-role.toml")),
    (
        "propagating",
        include_str!("../../scenarios/propagating.toml"),
    ),
    ("throttled", include_str!("../../scenarios/throttled.toml")),
    ("updating", include_str!("../../scenarios/updating.toml")),
    ("not-azure", include_str!("../../scenarios/not-azure.toml")),
];
