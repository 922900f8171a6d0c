//! The scenario file exactly as written; `check` turns it into a [`Scenario`](super::Scenario).

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::fault::FaultyServer;
use crate::front::Front;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) name: Spanned<String>,
    pub(super) summary: Spanned<String>,
    /// Identifiers and chances come out of it, so that a run can be repeated.
    pub(super) seed: Option<u32>,
    #[serde(default)]
    pub(super) machine: Machine,
    #[serde(default)]
    pub(super) clock: ClockFile,
    #[serde(default)]
    pub(super) imds: Imds,
    #[serde(default)]
    pub(super) arm: Arm,
    pub(super) azure: Azure,
    pub(super) vm: Vm,
    #[serde(default)]
    pub(super) token: Token,
    #[serde(default, rename = "group")]
    pub(super) groups: Vec<Group>,
    #[serde(default, rename = "resource")]
    pub(super) resources: Vec<Resource>,
    #[serde(default, rename = "identity")]
    pub(super) identities: Vec<Identity>,
    #[serde(default, rename = "principal_group")]
    pub(super) principal_groups: Vec<PrincipalGroup>,
    #[serde(default, rename = "role_definition")]
    pub(super) role_definitions: Vec<RoleDefinition>,
    #[serde(default, rename = "role_assignment")]
    pub(super) role_assignments: Vec<RoleAssignment>,
    #[serde(default, rename = "deny_assignment")]
    pub(super) deny_assignments: Vec<DenyAssignment>,
    #[serde(default, rename = "event")]
    pub(super) events: Vec<Event>,
    #[serde(default, rename = "fault")]
    pub(super) faults: Vec<Fault>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ClockFile {
    pub(super) speed: Option<u32>,
    pub(super) date_skew_seconds: i32,
    pub(super) token_skew_seconds: i32,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Imds {
    pub(super) rate_limits: bool,
    pub(super) identity_delay_milliseconds: u32,
    pub(super) in_front: Option<Front>,
    pub(super) denied_paths: Vec<String>,
    pub(super) arc_folder: Option<String>,
    pub(super) ignored_selectors: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Arm {
    /// Nobody listens at its address.
    pub(super) closed: bool,
    pub(super) rate_limits: bool,
    pub(super) page_size: Option<Spanned<u32>>,
    pub(super) propagation_seconds: Vec<u32>,
    pub(super) replicas: Vec<Spanned<String>>,
    pub(super) in_front: Option<Spanned<Front>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) name: Spanned<String>,
    pub(super) location: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Resource {
    #[serde(rename = "type")]
    pub(super) kind: Spanned<String>,
    pub(super) name: Spanned<String>,
    pub(super) resource_group: Option<Spanned<String>>,
    pub(super) location: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PrincipalGroup {
    pub(super) id: Spanned<String>,
    pub(super) name: String,
    pub(super) members: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) new_members: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleDefinition {
    pub(super) id: Spanned<String>,
    pub(super) name: Spanned<String>,
    #[serde(default)]
    pub(super) description: String,
    pub(super) actions: Vec<String>,
    #[serde(default)]
    pub(super) not_actions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DenyAssignment {
    pub(super) id: Spanned<String>,
    pub(super) name: String,
    pub(super) actions: Vec<String>,
    #[serde(default)]
    pub(super) not_actions: Vec<String>,
    pub(super) scope: Spanned<String>,
    #[serde(default)]
    pub(super) principals: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) excluded_principals: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Event {
    #[serde(rename = "type")]
    pub(super) kind: Spanned<String>,
    #[serde(default = "quarter_of_an_hour")]
    pub(super) in_seconds: u32,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default)]
    pub(super) by_user: bool,
    pub(super) duration_seconds: Option<i32>,
}

fn quarter_of_an_hour() -> u32 {
    900
}

/// The computer that the programs under test believe to be on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Machine {
    pub(super) chassis_asset_tag: Option<String>,
    pub(super) listens: bool,
    pub(super) variables: BTreeMap<String, String>,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            chassis_asset_tag: Some(AZURE_CHASSIS_ASSET_TAG.to_owned()),
            listens: true,
            variables: BTreeMap::new(),
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
    pub(super) tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Vm {
    pub(super) name: Spanned<String>,
    pub(super) id: Spanned<String>,
    pub(super) size: Option<String>,
    pub(super) private_ip: Option<Spanned<String>>,
    #[serde(default, rename = "interface")]
    pub(super) interfaces: Vec<Interface>,
    pub(super) scale_set: Option<ScaleSet>,
    pub(super) compute: Option<Spanned<serde_json::Map<String, serde_json::Value>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Interface {
    pub(super) mac: Spanned<String>,
    pub(super) private_ip: Spanned<String>,
    #[serde(default)]
    pub(super) further_ips: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) public_ip: String,
    pub(super) subnet: Option<String>,
    pub(super) prefix: Option<u8>,
    #[serde(default)]
    pub(super) ipv6: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScaleSet {
    pub(super) name: Spanned<String>,
    /// A uniform scale set numbers its instances; in a flexible one they are VMs of their own.
    pub(super) uniform_instance: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Token {
    pub(super) lifetime_seconds: Spanned<u32>,
    /// The tenant that issues, when it is not the subscription's: as after a move to another tenant.
    pub(super) tenant_id: Option<Spanned<String>>,
    /// Of a person who signed in with the Azure CLI, as who stands in for IMDS on a developer's machine hands them out.
    pub(super) of_person: bool,
}

impl Default for Token {
    fn default() -> Self {
        Self {
            lifetime_seconds: Spanned::new(0..0, DAY_SECS),
            tenant_id: None,
            of_person: false,
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
    pub(super) state: Option<Spanned<IdentityState>>,
    pub(super) visible_after_seconds: Option<Spanned<u32>>,
    pub(super) again_client_id: Option<Spanned<String>>,
    pub(super) again_object_id: Option<Spanned<String>>,
}

/// How an identity stands to the VM. A system-assigned one is attached, recreated or removed.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum IdentityState {
    Attached,
    Deleted,
    Detached,
    Inconsistent,
    Recreated,
    Removed,
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
    pub(super) id: Option<Spanned<String>>,
    pub(super) principal_id: Spanned<String>,
    pub(super) role: Spanned<String>,
    pub(super) scope: Spanned<String>,
    pub(super) effective_after_requests: Option<u32>,
    pub(super) effective_after_seconds: Option<u32>,
    #[serde(default)]
    pub(super) propagation_seconds: Vec<u32>,
    pub(super) condition: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fault {
    pub(super) server: FaultyServer,
    pub(super) path_prefix: Spanned<String>,
    pub(super) method: Option<String>,
    /// Requests without the Metadata header, too.
    #[serde(default)]
    pub(super) unmarked: bool,
    pub(super) status: Option<Spanned<u16>>,
    pub(super) times: Option<u32>,
    pub(super) seconds: Option<u32>,
    pub(super) probability: Option<Spanned<f64>>,
    pub(super) retry_after: Option<u32>,
    pub(super) body: Option<String>,
    pub(super) body_file: Option<Spanned<String>>,
    pub(super) content_type: Option<String>,
    pub(super) json: Option<Spanned<serde_json::Value>>,
    pub(super) delay_milliseconds: Option<u32>,
    pub(super) connection: Option<Connection>,
    pub(super) drip_milliseconds: Option<u32>,
}

/// What becomes of the bytes of the answer.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Connection {
    Garbage,
    Reset,
    Truncate,
    WrongLength,
}

/// What Azure puts into the DMI data of every VM.
const AZURE_CHASSIS_ASSET_TAG: &str = "7783-7084-3265-9085-8269-3286-77";

const DAY_SECS: u32 = 86_400;
