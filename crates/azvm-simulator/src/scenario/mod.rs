//! A scenario: what exists, who may do what, and what goes wrong.
//!
//! The built-in scenarios are the files in this crate's `scenarios/` folder; [`Scenario::from_toml`] reads others of the same form.

mod check;
mod file;
mod json;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) use check::{EVENT_TYPES, is_segment, resolve_scope};

use crate::fault::Fault;
use crate::front::Front;
use crate::{ScenarioError, World};

/// A simulated world and its faults, as read from a scenario file.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) seed: Option<u64>,
    pub(crate) chassis_asset_tag: Option<String>,
    pub(crate) listens: bool,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) world: World,
    pub(crate) token_lifetime_secs: u32,
    pub(crate) token_tenant_id: Option<String>,
    pub(crate) clock: ClockSettings,
    pub(crate) imds: Imds,
    pub(crate) arm: Arm,
    pub(crate) faults: Vec<Fault>,
}

/// How the clocks of the simulated cloud go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClockSettings {
    pub(crate) speed: Option<u32>,
    /// What the `Date` of answers is ahead by.
    pub(crate) date_skew_secs: i64,
    /// What the times in tokens are ahead by.
    pub(crate) token_skew_secs: i64,
}

/// What is special about IMDS.
#[derive(Clone, Debug)]
pub(crate) struct Imds {
    pub(crate) rate_limits: bool,
    pub(crate) identity_delay: Duration,
    pub(crate) in_front: Option<Front>,
    /// For the Guest Proxy Agent: lower case prefixes of paths that it denies.
    pub(crate) denied_paths: Vec<String>,
    pub(crate) arc_folder: Option<PathBuf>,
    /// Selectors that are passed over in silence, as some hosts other than a VM do.
    pub(crate) ignored_selectors: Vec<String>,
}

/// What is special about Resource Manager.
#[derive(Clone, Debug)]
pub(crate) struct Arm {
    /// Nobody listens at its address.
    pub(crate) closed: bool,
    pub(crate) rate_limits: bool,
    pub(crate) page_size: Option<usize>,
    /// Of role assignments that clients make, by replica.
    pub(crate) propagation_secs: Vec<u32>,
    /// Regions in upper case, one replica each; at least one.
    pub(crate) replicas: Vec<String>,
    pub(crate) in_front: Option<Front>,
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
    ///     variables = {}                  # what its programs find set, such as HTTP_PROXY
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
    ///     propagation_seconds = [0, 300]  # optional: when each replica of [arm] knows
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
    /// docs/simulator.md lists every member, among them those for scale sets, interfaces, deny assignments, scheduled events, clocks,
    /// rate limits and what stands in front of the services.
    ///
    /// # Errors
    ///
    /// When the text is no TOML, has a member that is not known, or contradicts itself:
    /// something that has to be a GUID is none, an ID is used twice, a role is unknown or is given to a principal that does not exist.
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        Self::read(text, None)
    }

    /// Reads a scenario with the same members from JSON.
    ///
    /// # Errors
    ///
    /// As [`Scenario::from_toml`]; `null` is no value here.
    pub fn from_json(text: &str) -> Result<Self, ScenarioError> {
        Self::read_json(text, None)
    }

    /// Reads a scenario from a file: JSON when its name ends in `.json`, else TOML.
    ///
    /// Only such a scenario may have a `body_file`, which is relative to the scenario's folder.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or has more than [`Scenario::MAX_BYTES`], and as [`Scenario::from_toml`].
    pub fn from_file(path: &Path) -> Result<Self, ScenarioError> {
        let read = read_capped(path);
        let text =
            read.map_err(|error| ScenarioError::new(None, format!("cannot read it: {error}")))?;
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        let is_json = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        if is_json {
            Self::read_json(&text, Some(folder))
        } else {
            Self::read(&text, Some(folder))
        }
    }

    /// The largest scenario file that is read, in bytes.
    pub const MAX_BYTES: u64 = 1024 * 1024;

    fn read_json(text: &str, folder: Option<&Path>) -> Result<Self, ScenarioError> {
        let file: json::Root<file::File> = json::parse(text)?;
        check::Checker::new(text, json::PREFIX.len(), folder).scenario(file.root)
    }

    fn read(text: &str, folder: Option<&Path>) -> Result<Self, ScenarioError> {
        let file: file::File = toml::from_str(text).map_err(|error| form_error(text, &error))?;
        check::Checker::new(text, 0, folder).scenario(file)
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

    /// The variables that programs on the simulated machine would find set, such as `HTTP_PROXY`: names and values.
    pub fn variables(&self) -> impl Iterator<Item = (String, String)> {
        self.variables.clone().into_iter()
    }
}

/// Each name with the file of this name.
macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../scenarios/", $name, ".toml")))),*]
    };
}

/// A fault in JSON with the members of a scenario's `[[fault]]`.
pub(crate) fn fault_from_json(text: &str) -> Result<Fault, ScenarioError> {
    let file: json::Root<file::Fault> = json::parse(text)?;
    check::Checker::new(text, json::PREFIX.len(), None).fault(&file.root)
}

fn form_error(text: &str, error: &toml::de::Error) -> ScenarioError {
    let line = error.span().map(|span| check::line_of(text, span.start));
    ScenarioError::new(line, error.message().replace('\n', ", "))
}

/// Reads at most [`Scenario::MAX_BYTES`].
fn read_capped(path: &Path) -> std::io::Result<String> {
    use std::io::{Error, Read};
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(Scenario::MAX_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > Scenario::MAX_BYTES {
        return Err(Error::other("it is larger than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(Error::other)
}

const BUILT_IN: [(&str, &str); 51] = built_in![
    "healthy",
    "no-identity",
    "two-user-identities",
    "no-role",
    "propagating",
    "throttled",
    "updating",
    "not-azure",
    "deleted-identity",
    "recreated-identity",
    "slow-identity",
    "rate-limited",
    "identity-error",
    "imds-restarting",
    "cut-off",
    "connection-reset",
    "slow",
    "corporate-proxy",
    "proxied-programs",
    "http-proxy",
    "docker-desktop",
    "guest-proxy-agent",
    "captive-portal",
    "other-cloud",
    "azure-arc",
    "interceptor",
    "arm-portal",
    "arm-throttled",
    "arm-unavailable",
    "moved-subscription",
    "skewed-clock",
    "denied",
    "conditional",
    "wrong-scope",
    "wrong-role",
    "flapping",
    "group-role",
    "scale-set",
    "scale-set-left-out",
    "us-government",
    "no-role-listed",
    "propagating-listed",
    "wrong-scope-listed",
    "wrong-role-listed",
    "group-role-late",
    "many-identities",
    "moved-machine",
    "renewed-identity",
    "removed-identity",
    "signed-in-person",
    "short-lived-token",
];
