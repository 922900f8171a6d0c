//! The scenario file exactly as written; `check` turns it into a [`Scenario`](super::Scenario).

use serde::Deserialize;
use toml::Spanned;

use super::FaultyServer;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) name: Spanned<String>,
    pub(super) summary: Spanned<String>,
    #[serde(default)]
    pub(super) machine: Machine,
    pub(super) azure: Azure,
    pub(super) vm: Vm,
    #[serde(default)]
    pub(super) token: Token,
    #[serde(default, rename = "identity")]
    pub(super) identities: Vec<Identity>,
    #[serde(default, rename = "role_assignment")]
    pub(super) role_assignments: Vec<RoleAssignment>,
    #[serde(default, rename = "fault")]
    pub(super) faults: Vec<Fault>,
}

/// The computer that the programs under test believe to be on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Machine {
    pub(super) chassis_asset_tag: Option<String>,
    pub(super) listens: bool,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            chassis_asset_tag: Some(AZURE_CHASSIS_ASSET_TAG.to_owned()),
            listens: true,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Azure {
    pub(super) cloud: Option<Spanned<String>>,
    pub(super) tenant_id: Spanned<String>,
    pub(super) subscription_id: Spanned<String>,
    pub(super) subscription_name: Spanned<String>,
    pub(super) resource_group: Spanned<String>,
    pub(super) location: Spanned<String>,
    #[serde(default)]
    pub(super) tags: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Vm {
    pub(super) name: Spanned<String>,
    pub(super) id: Spanned<String>,
    pub(super) size: Option<String>,
    pub(super) private_ip: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Token {
    pub(super) lifetime_seconds: Spanned<u32>,
}

impl Default for Token {
    fn default() -> Self {
        Self {
            lifetime_seconds: Spanned::new(0..0, DAY_SECS),
        }
    }
}

/// A system-assigned identity when it has no name, else a user-assigned one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identity {
    pub(super) kind: Spanned<IdentityKind>,
    pub(super) name: Option<Spanned<String>>,
    pub(super) client_id: Spanned<String>,
    pub(super) object_id: Spanned<String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum IdentityKind {
    System,
    User,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleAssignment {
    pub(super) id: Spanned<String>,
    pub(super) principal_id: Spanned<String>,
    pub(super) role: Spanned<String>,
    pub(super) scope: Spanned<String>,
    pub(super) effective_after_requests: Option<u32>,
    pub(super) effective_after_seconds: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    pub(super) server: FaultyServer,
    pub(super) path_prefix: Spanned<String>,
    pub(super) status: Spanned<u16>,
    pub(super) times: Option<u32>,
    pub(super) seconds: Option<u32>,
    pub(super) retry_after: Option<u32>,
    pub(super) body: Option<String>,
    pub(super) json: Option<Spanned<serde_json::Value>>,
}

/// What Azure puts into the DMI data of every VM.
const AZURE_CHASSIS_ASSET_TAG: &str = "7783-7084-3265-9085-8269-3286-77";

const DAY_SECS: u32 = 86_400;
