//! Facts as they stand in a report. Private: nothing here is part of the API.
//!
//! Every member may be missing, and what is not known is passed over, so that reports of older and newer versions can be
//! read. Durations are whole nanoseconds, times Unix seconds.

use super::known::Wire;
use super::text::Text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Serialize, Deserialize)]
pub(crate) struct Facts {
    pub(super) version: u32,
    #[serde(default)]
    pub(super) asked: Asked,
    #[serde(default)]
    pub(super) host: Host,
    #[serde(default)]
    pub(super) imds: Imds,
    #[serde(default)]
    pub(super) arm: Arm,
    #[serde(default)]
    pub(super) timeline: Vec<TimelineEntry>,
    #[serde(default)]
    pub(super) started: i64,
    #[serde(default)]
    pub(super) duration_ns: u64,
    #[serde(default)]
    pub(super) is_cut_short: bool,
    #[serde(default)]
    pub(super) crashed: Vec<Text>,
    #[serde(default)]
    pub(super) redaction: Text,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    pub(super) selector: Text,
    pub(super) selector_value: Option<Text>,
    pub(super) audience: Option<Text>,
    pub(super) target: Option<Text>,
    pub(super) cloud: Option<Text>,
    pub(super) wait_ns: Option<u64>,
    pub(super) granted_at: Option<i64>,
    pub(super) expected_principal: Option<Text>,
    pub(super) simulation: Option<Text>,
    pub(super) flags: Vec<(Text, Option<Text>)>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Host {
    pub(super) asset_tag: AssetTag,
    pub(super) os: Text,
    pub(super) kernel: Option<Text>,
    pub(super) proxies: Vec<Proxy>,
    pub(super) no_proxy_covers_imds: bool,
    pub(super) environment: Vec<super::linux::Variable>,
    pub(super) firmware_ids: Wire<Vec<Text>>,
    pub(super) agent_status: Wire<AgentStatus>,
    pub(super) linux: Option<super::linux::Linux>,
    pub(super) windows: Option<super::windows::Windows>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct AgentStatus {
    #[serde(default)]
    pub(super) imds_mode: Option<Text>,
    #[serde(default)]
    pub(super) has_key: Option<bool>,
    #[serde(default)]
    pub(super) denied_requests: u64,
    #[serde(default)]
    pub(super) is_own_denied: bool,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AssetTag {
    #[default]
    Unknown,
    Absent,
    Present(Text),
}

#[derive(Serialize, Deserialize)]
pub(super) struct Proxy {
    pub(super) variable: Text,
    pub(super) host: Text,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Imds {
    pub(super) endpoint: Text,
    pub(super) is_default_endpoint: bool,
    pub(super) audience: Text,
    pub(super) probe: Option<Call<ProbeAnswer, Refusal>>,
    pub(super) instance: Option<Call<Compute, Refusal>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_instance: Option<Call<Compute, Refusal>>,
    pub(super) identity_info: Option<Call<Text, Refusal>>,
    pub(super) token: Option<Call<Token, Refusal>>,
    pub(super) first_token: Option<Call<Token, Refusal>>,
    pub(super) other_kind: Option<Call<Token, Refusal>>,
    pub(super) default_identity: Option<Call<Token, Refusal>>,
    pub(super) platform: Wire<Reach>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reach {
    Connected(bool),
    Failed(Text),
}

#[derive(Serialize, Deserialize)]
pub(super) struct ResolvedAddress {
    pub(super) address: Text,
    #[serde(default)]
    pub(super) is_private: bool,
    #[serde(default)]
    pub(super) is_ipv6: bool,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Arm {
    pub(super) endpoint: Text,
    pub(super) is_named_endpoint: bool,
    pub(super) cloud: Text,
    pub(super) addresses: Wire<Vec<ResolvedAddress>>,
    pub(super) is_over_ipv6: Option<bool>,
    pub(super) proxy: Option<Proxy>,
    pub(super) probe: Option<Call<ArmProbe, ArmRefusal>>,
    pub(super) certificate: Option<Certificate>,
    pub(super) target: Option<Target>,
    pub(super) role_assignments: Option<Call<RoleAssignments, ArmRefusal>>,
    pub(super) rights: super::rights::Rights,
    pub(super) model: Option<super::model::Machine>,
    pub(super) is_group_respelt: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Call<R, E> {
    pub(super) answer: Answer<R, E>,
    #[serde(default)]
    pub(super) tries: Vec<Try>,
    #[serde(default)]
    pub(super) elapsed_ns: u64,
    #[serde(default)]
    pub(super) clocks: Option<Clocks>,
    #[serde(default)]
    pub(super) local_address: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) marks: Option<Marks>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Marks {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) server: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) via: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) squid_error: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) redirects_to: Option<Text>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer<R, E> {
    Ok(R),
    Refused(E),
    Silent(Failure),
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Clocks {
    pub(super) server: i64,
    pub(super) local: i64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Try {
    pub(super) at_ns: u64,
    #[serde(flatten)]
    pub(super) outcome: Outcome,
    #[serde(default)]
    pub(super) request_id: Option<Text>,
    #[serde(default)]
    pub(super) retry_in_ns: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Status(u16),
    Failure(Text),
}

#[derive(Serialize, Deserialize)]
pub(super) struct TimelineEntry {
    pub(super) action: Text,
    pub(super) at_ns: u64,
    #[serde(default)]
    pub(super) took_ns: u64,
    #[serde(flatten)]
    pub(super) outcome: Outcome,
    #[serde(default)]
    pub(super) code: Option<Text>,
    #[serde(default)]
    pub(super) request_id: Option<Text>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Failure {
    pub(super) kind: Text,
    pub(super) phase: Text,
    #[serde(default)]
    pub(super) detail: Text,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ProbeAnswer {
    pub(super) status: u16,
    pub(super) responder: Text,
    #[serde(default)]
    pub(super) rejection: Rejection,
    #[serde(default)]
    pub(super) server: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) flavor: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reason_phrase: Option<Text>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Refusal {
    Rejected(Rejection),
    Malformed(Malformed),
    IgnoredSelector(IgnoredSelector),
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Rejection {
    pub(super) status: u16,
    pub(super) error: Option<Text>,
    pub(super) description: Option<Text>,
    pub(super) newest_versions: Vec<Text>,
    pub(super) request_id: Option<Text>,
    pub(super) retry_after_s: Option<u64>,
    pub(super) responder: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unread: Option<Text>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Malformed {
    pub(super) reason: Text,
    pub(super) responder: Text,
}

#[derive(Serialize, Deserialize)]
pub(super) struct IgnoredSelector {
    pub(super) asked: Text,
    pub(super) asked_value: Option<Text>,
    pub(super) answered: Text,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Compute {
    pub(super) az_environment: Option<Text>,
    pub(super) location: Option<Text>,
    pub(super) name: Option<Text>,
    pub(super) os_type: Option<Text>,
    pub(super) resource_group_name: Option<Text>,
    pub(super) resource_id: Option<Text>,
    pub(super) subscription_id: Option<Text>,
    pub(super) vm_id: Option<Text>,
    pub(super) vm_scale_set_name: Option<Text>,
    pub(super) zone: Option<Text>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Token {
    #[serde(default)]
    pub(super) client_id: Option<Text>,
    pub(super) expires_on: i64,
    pub(super) expires_in_ns: u64,
    pub(super) received_at: i64,
    pub(super) claims: Claims,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Claims {
    Read(BTreeMap<String, Text>),
    Unreadable(Text),
}

#[derive(Serialize, Deserialize)]
pub(super) struct ArmProbe {
    pub(super) status: u16,
    #[serde(default)]
    pub(super) code: Option<Text>,
    #[serde(default)]
    pub(super) tenant_id: Option<Text>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Certificate {
    pub(super) subject: Text,
    pub(super) issuer: Text,
    pub(super) not_before: i64,
    pub(super) not_after: i64,
    pub(super) sha256: Text,
    pub(super) chain_length: usize,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ArmRefusal {
    pub(super) status: u16,
    pub(super) code: Option<Text>,
    pub(super) message: Option<Text>,
    pub(super) request_id: Option<Text>,
    pub(super) correlation_id: Option<Text>,
    pub(super) routing_id: Option<Text>,
    pub(super) failure_cause: Option<Text>,
    /// Of reports of older versions, which kept the first of several.
    #[serde(skip_serializing)]
    pub(super) budget: Option<Budget>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) budgets: Vec<Budget>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_after_s: Option<u64>,
    pub(super) challenge: Option<Challenge>,
    /// The code stood in no envelope.
    pub(super) is_bare: bool,
    pub(super) is_page: bool,
    pub(super) details: Vec<ArmDetail>,
    pub(super) via: Option<Text>,
    pub(super) server: Option<Text>,
    pub(super) squid_error: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) edge_ref: Option<Text>,
}

/// What is left of one.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Budget {
    #[serde(alias = "name")]
    pub(super) kind: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) policy: Option<Text>,
    pub(super) remaining: u64,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ArmDetail {
    pub(super) code: Option<Text>,
    pub(super) message: Option<Text>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Challenge {
    pub(super) tenant_id: Option<Text>,
    pub(super) error: Option<Text>,
    pub(super) description: Option<Text>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) has_claims: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) claims: Option<Text>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Target {
    pub(super) id: Text,
    #[serde(default)]
    pub(super) is_asked: bool,
    #[serde(default)]
    pub(super) samples: Vec<Sample>,
    #[serde(default)]
    pub(super) withheld: Option<Text>,
    #[serde(default)]
    pub(super) wait_ended: bool,
    #[serde(default)]
    pub(super) waited_ns: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Sample {
    pub(super) at_ns: u64,
    pub(super) call: Call<Resource, ArmRefusal>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Resource {
    pub(super) id: Text,
    pub(super) name: Option<Text>,
    pub(super) resource_type: Option<Text>,
    pub(super) location: Option<Text>,
    pub(super) state: Option<Text>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct RoleAssignments {
    pub(super) value: Vec<RoleAssignment>,
    pub(super) has_more: bool,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct RoleAssignment {
    pub(super) role_definition_id: Text,
    pub(super) principal_id: Text,
    pub(super) principal_type: Option<Text>,
    pub(super) scope: Text,
    pub(super) created_on: Option<Text>,
    pub(super) updated_on: Option<Text>,
    pub(super) has_condition: bool,
}
