//! What was seen, before anybody draws a conclusion. No secret is ever part of a fact.

use crate::agent::AgentStatus;
use crate::environment::IdentityVariable;
use crate::invocation::Invocation;
use crate::known::{Address, Known, Unknown};
use crate::linux::LinuxFacts;
use crate::model::ModelFacts;
use crate::redactor::Redactor;
use crate::windows::WindowsFacts;
use azvm_arm::{ArmError, Cloud, Resource, RoleAssignments};
use azvm_exchange::{Attempt, Failure, FailureKind, Phase, Timestamp, service_text};
use azvm_imds::{
    Audience, ClaimsError, Compute, Guid, IdentitySelector, ProtocolError, Rejection, Responder,
    UnverifiedClaims,
};
use azvm_resource_id::ResourceId;
use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

pub use crate::rights::{
    Denials, EffectiveRights, RightsFacts, Role, RoleFacts, SubscriptionsSeen,
};

/// Everything one run has seen.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Facts {
    /// What was asked for.
    pub asked: Asked,
    /// The machine.
    pub host: HostFacts,
    /// The metadata service.
    pub imds: ImdsFacts,
    /// Azure Resource Manager.
    pub arm: ArmFacts,
    /// Every request in order.
    pub timeline: Vec<TimelineEntry>,
    /// When the run began, by the machine's clock.
    pub started: Timestamp,
    /// How long it took.
    pub duration: Duration,
    /// True when the time limit kept a question from being asked or answered.
    pub is_cut_short: bool,
    /// The parts of the run that crashed: what they saw is missing, and what rests on it is not judged.
    pub crashed: Vec<Part>,
    /// How names, IDs and addresses stand in these facts.
    pub redaction: Redaction,
    /// Cuts the token out of a report, should a server have repeated it.
    pub redactor: Redactor,
}

/// A part of a run, which a crash does not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// Looking at the machine.
    Host,
    /// Asking IMDS.
    Imds,
    /// Asking ARM.
    Arm,
}

impl Part {
    /// In the order of a run.
    pub const ALL: [Self; 3] = [Self::Host, Self::Imds, Self::Arm];

    /// As it stands in machine-readable reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Imds => "imds",
            Self::Arm => "arm",
        }
    }
}

/// How names, IDs and addresses stand in facts. Secrets are never part of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Redaction {
    /// As they are.
    #[default]
    Default,
    /// As keyed hashes: see [`Salt`](crate::Salt).
    Strict,
}

impl Redaction {
    /// As it stands in machine-readable reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Strict => "strict",
        }
    }
}

impl Facts {
    /// The cloud that IMDS says the machine is in, or else the one that is examined.
    pub fn machine_cloud(&self) -> Cloud {
        let own = || Cloud::from_name(self.imds.compute()?.az_environment.as_deref()?);
        own().unwrap_or(self.arm.cloud)
    }

    /// True when nobody listens at the metadata address and the firmware does not say Azure: this machine is not the
    /// subject. A connection that came about and then failed is something else.
    pub fn is_elsewhere(&self) -> bool {
        is_elsewhere(&self.host, &self.imds)
    }

    /// What was to be read: what was asked for, or the machine's own resource group if that is known.
    pub fn target(&self) -> Option<&ResourceId> {
        let tried = self.arm.target.as_ref().map(|target| &target.id);
        tried.or(self.asked.target.as_ref())
    }
}

pub(crate) fn is_elsewhere(host: &HostFacts, imds: &ImdsFacts) -> bool {
    let never_connected = imds.probe.as_ref().is_some_and(|call| match &call.answer {
        Err(Trouble::Silent(failure)) => failure.phase <= Phase::Connect,
        _ => false,
    });
    never_connected && host.asset_tag.is_azure() == Some(false)
}

/// What the caller of a run asked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Asked {
    /// As which identity.
    pub selector: IdentitySelector,
    /// For which audience; `None` takes the cloud's own.
    pub audience: Option<Audience>,
    /// What to read; `None` takes the machine's own resource group.
    pub target: Option<ResourceId>,
    /// In which cloud; `None` takes the machine's own.
    pub cloud: Option<Cloud>,
    /// How long to wait for a role to propagate.
    pub wait: Option<Duration>,
    /// When the role was granted, as the caller says.
    pub granted_at: Option<Timestamp>,
    /// The object ID that the role was granted to, as the caller says.
    pub expected_principal: Option<Guid>,
    /// The scenario, when the machine is a simulated one.
    pub simulation: Option<String>,
    /// What the user typed.
    pub invocation: Invocation,
}

/// The machine.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HostFacts {
    /// The chassis asset tag of the machine's firmware.
    pub asset_tag: AssetTag,
    /// `linux`, `windows`, …
    pub os: String,
    /// The kernel's release, where it can be read.
    pub kernel: Option<String>,
    /// The proxy variables that a default HTTP client would obey.
    pub proxies: Vec<ProxyVariable>,
    /// True when `NO_PROXY` or `no_proxy` names the metadata address.
    pub no_proxy_covers_imds: bool,
    /// Variables that redirect SDKs; none of a simulated machine.
    pub environment: Vec<IdentityVariable>,
    /// The machine's UUID in its firmware: as it stands there, and with the other order of bytes in its first three
    /// groups, as readers differ.
    pub firmware_ids: Known<Vec<String>>,
    /// What the Guest Proxy Agent says of itself.
    pub agent_status: Known<AgentStatus>,
    /// What Linux tells beside; nothing elsewhere, and of a simulated machine.
    pub linux: Option<LinuxFacts>,
    /// What Windows tells beside; nothing elsewhere, and of a simulated machine.
    pub windows: Option<WindowsFacts>,
}

impl Default for HostFacts {
    fn default() -> Self {
        Self {
            asset_tag: AssetTag::default(),
            os: String::new(),
            kernel: None,
            proxies: Vec::new(),
            no_proxy_covers_imds: false,
            environment: Vec::new(),
            firmware_ids: Err(Unknown::NotAsked),
            agent_status: Err(Unknown::NotAsked),
            linux: None,
            windows: None,
        }
    }
}

/// The chassis asset tag, by which Azure marks its machines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AssetTag {
    /// This system does not show it, or not to this user.
    #[default]
    Unknown,
    /// There is no firmware table: not a virtual machine of any cloud that is known.
    Absent,
    /// The tag.
    Present(String),
}

/// The chassis asset tag of every Azure virtual machine.
pub const AZURE_ASSET_TAG: &str = "7783-7084-3265-9085-8269-3286-77";

impl AssetTag {
    /// Whether this is an Azure virtual machine; `None` when it cannot be told.
    pub fn is_azure(&self) -> Option<bool> {
        match self {
            Self::Unknown => None,
            Self::Absent => Some(false),
            Self::Present(tag) => Some(tag == AZURE_ASSET_TAG),
        }
    }
}

/// A proxy variable that is set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyVariable {
    /// Its name.
    pub name: Cow<'static, str>,
    /// Host and port of its value; user name and password are dropped.
    pub host: String,
}

/// One exchange, as far as diagnosis needs it. `R` is what was understood of a good answer, `E` a bad one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Call<R, E> {
    /// What came.
    pub answer: Result<R, Trouble<E>>,
    /// Every attempt, the last one included.
    pub attempts: Vec<Try>,
    /// Waits included.
    pub elapsed: Duration,
    /// The server's `Date`, and the machine's clock when it came.
    pub clocks: Option<(Timestamp, Timestamp)>,
    /// The local address that the system chose.
    pub local: Option<String>,
    /// By what somebody else than IMDS names himself, where he answered in its place.
    pub marks: Marks,
}

/// The headers of an answer that tell who wrote it, and where it sends its reader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Marks {
    /// `Server`: the program that wrote it (RFC 9110 section 10.2.4).
    pub server: Option<String>,
    /// `Via`: the proxies that it passed (RFC 9110 section 7.6.3).
    pub via: Option<String>,
    /// `X-Squid-Error`: why Squid wrote it (squid-cache/squid:src/errorpage.cc).
    pub squid_error: Option<String>,
    /// `Location` (RFC 9110 section 10.2.2), without a user, a query and a fragment, which may hold secrets.
    pub redirects_to: Option<String>,
}

impl<R, E> Call<R, E> {
    /// A call that could not even be tried.
    pub(crate) fn not_sent(failure: &Failure) -> Self {
        Self {
            answer: Err(Trouble::Silent(failure.clone())),
            attempts: Vec::new(),
            elapsed: Duration::ZERO,
            clocks: None,
            local: None,
            marks: Marks::default(),
        }
    }

    /// The same call with another understanding of a good answer.
    pub(crate) fn map<T>(self, understand: impl FnOnce(R) -> T) -> Call<T, E> {
        let Self {
            answer,
            attempts,
            elapsed,
            clocks,
            local,
            marks,
        } = self;
        Call {
            answer: answer.map(understand),
            attempts,
            elapsed,
            clocks,
            local,
            marks,
        }
    }

    /// The statuses and failures of all attempts but the last, which were retried.
    pub fn retried(&self) -> impl Iterator<Item = &Try> {
        self.attempts
            .iter()
            .filter(|attempt| attempt.retry_in.is_some())
    }
}

/// One attempt of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Try {
    /// When the answer or failure came, since the exchange began.
    pub at: Duration,
    /// The status, or what went wrong.
    pub outcome: Result<u16, FailureKind>,
    /// `x-ms-request-id` of the answer.
    pub request_id: Option<String>,
    /// The wait that followed; `None` when this was the last attempt.
    pub retry_in: Option<Duration>,
}

impl From<&Attempt> for Try {
    fn from(attempt: &Attempt) -> Self {
        Self {
            at: attempt.at.elapsed(),
            outcome: attempt.outcome,
            request_id: attempt.request_id.as_deref().map(service_text),
            retry_in: attempt.retry_in,
        }
    }
}

/// A bad answer, or none.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Trouble<E> {
    /// An answer, but not the wanted one.
    Refused(E),
    /// No answer.
    Silent(Failure),
}

/// The metadata service.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ImdsFacts {
    /// Where it was looked for.
    pub endpoint: String,
    /// True for `http://169.254.169.254`.
    pub is_default_endpoint: bool,
    /// The request without the header: who is there?
    pub probe: Option<Call<ProbeAnswer, ProtocolError>>,
    /// What the machine is.
    pub instance: Option<Call<Compute, ProtocolError>>,
    /// The first question for that, when IMDS did not offer the api-version and was asked again with one that it named.
    pub first_instance: Option<Call<Compute, ProtocolError>>,
    /// The tenant.
    pub identity_info: Option<Call<String, ProtocolError>>,
    /// The token.
    pub token: Option<Call<TokenFacts, ProtocolError>>,
    /// The first question for it, when IMDS did not find the identity and was asked again while waiting.
    pub first_token: Option<Call<TokenFacts, ProtocolError>>,
    /// The same GUID asked for as the other kind of ID, after the first was not found.
    pub other_kind: Option<Call<TokenFacts, ProtocolError>>,
    /// The token of the machine's default identity, with which the machine's model is read after the chosen identity was
    /// not found, and nothing else.
    pub default_identity: Option<Call<TokenFacts, ProtocolError>>,
    /// For which audience the token was asked.
    pub audience: Audience,
    /// Whether the platform's channel, 168.63.129.16, was there when IMDS at its own address was not.
    pub platform: Known<Reach>,
}

/// Whether a connection came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reach {
    /// It did.
    Connected,
    /// It did not.
    Failed(FailureKind),
}

impl Reach {
    /// True when somebody answered, if only to refuse.
    pub fn is_answered(self) -> bool {
        matches!(self, Self::Connected | Self::Failed(FailureKind::Refused))
    }
}

impl std::fmt::Display for Reach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Connected => f.write_str("connected"),
            Self::Failed(kind) => f.write_str(kind.as_str()),
        }
    }
}

impl ImdsFacts {
    /// The instance document, if it came.
    pub fn compute(&self) -> Option<&Compute> {
        self.instance.as_ref()?.answer.as_ref().ok()
    }

    /// What is known of the token, if it came.
    pub fn token_facts(&self) -> Option<&TokenFacts> {
        self.token.as_ref()?.answer.as_ref().ok()
    }

    /// The token's claims, if they could be read.
    pub fn claims(&self) -> Option<&UnverifiedClaims> {
        self.token_facts()?.claims.as_ref().ok()
    }
}

/// Who answered the probe, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProbeAnswer {
    /// The status.
    pub status: u16,
    /// Who wrote the answer.
    pub responder: Responder,
    /// The answer, read as a refusal, which is what it should be.
    pub rejection: Rejection,
    /// The `Server` header.
    pub server: Option<String>,
    /// The `Metadata-Flavor` header, by which another cloud marks its answers.
    pub flavor: Option<String>,
    /// The words of the status line, where they are not the usual ones of the status.
    pub reason: Option<String>,
}

/// A token without the token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenFacts {
    /// The client ID that IMDS names.
    pub client_id: Option<String>,
    /// When it ends.
    pub expires_on: Timestamp,
    /// How long it had left on arrival.
    pub expires_in: Duration,
    /// The machine's clock on arrival.
    pub received_at: Timestamp,
    /// What it says of itself.
    pub claims: Result<UnverifiedClaims, ClaimsError>,
}

/// Azure Resource Manager.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ArmFacts {
    /// Where it was looked for.
    pub endpoint: String,
    /// True when the caller named the endpoint.
    pub is_named_endpoint: bool,
    /// Which cloud that is.
    pub cloud: Cloud,
    /// The addresses of the endpoint's name, in the order in which the system prefers them; none of an address.
    pub addresses: Known<Vec<ResolvedAddress>>,
    /// Whether the connection was one over IPv6, if there was one.
    pub is_over_ipv6: Option<bool>,
    /// The proxy that other clients would take.
    pub proxy: Option<ProxyVariable>,
    /// The request without a token.
    pub probe: Option<Call<ArmProbe, ArmError>>,
    /// What certificate was shown, if TLS failed over it.
    pub certificate: Option<CertificateFacts>,
    /// The target.
    pub target: Option<TargetFacts>,
    /// The role assignments that count at the target, if they were asked for.
    pub role_assignments: Option<Call<RoleAssignments, ArmError>>,
    /// What else was asked after a refusal.
    pub rights: RightsFacts,
    /// How ARM describes the machine, and which identities it gives it.
    pub model: Option<ModelFacts>,
    /// True when the resource group of the target that the caller named is the machine's own, written in other letters
    /// than IMDS writes it.
    pub is_group_respelt: bool,
}

impl ArmFacts {
    /// The last try at the target.
    pub fn last_sample(&self) -> Option<&Sample> {
        self.target.as_ref()?.samples.last()
    }

    /// True when any try at the target succeeded.
    pub fn was_allowed(&self) -> bool {
        let mut samples = self.target.iter().flat_map(|target| &target.samples);
        samples.any(|sample| sample.call.answer.is_ok())
    }
}

/// An address of a name, and what matters of it when it is hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResolvedAddress {
    /// The address.
    pub address: Address,
    /// True in 10/8, 172.16/12 and 192.168/16 (RFC 1918).
    pub is_private: bool,
    /// True for IPv6.
    pub is_ipv6: bool,
}

impl From<IpAddr> for ResolvedAddress {
    fn from(ip: IpAddr) -> Self {
        Self {
            is_private: matches!(ip, IpAddr::V4(ip) if ip.is_private()),
            is_ipv6: ip.is_ipv6(),
            address: ip.into(),
        }
    }
}

/// What ARM said to a request without a token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ArmProbe {
    /// The status; 401 is as it should be, and 200 is odd.
    pub status: u16,
    /// `error.code`.
    pub code: Option<String>,
    /// The tenant of the subscription, from `WWW-Authenticate`.
    pub tenant_id: Option<String>,
}

/// A certificate that a server showed. It proves nothing: anybody can show any.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateFacts {
    /// Whom it is for, as in RFC 4514.
    pub subject: String,
    /// Who signed it, as in RFC 4514.
    pub issuer: String,
    /// Not valid before.
    pub not_before: Timestamp,
    /// Not valid after.
    pub not_after: Timestamp,
    /// The SHA-256 of all of it, in hexadecimal.
    pub sha256: String,
    /// How many certificates were shown, this one included.
    pub chain_length: usize,
}

/// The target and the tries at it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TargetFacts {
    /// What was read.
    pub id: ResourceId,
    /// True when the caller named it.
    pub is_asked: bool,
    /// Every try, oldest first.
    pub samples: Vec<Sample>,
    /// Why it was not tried.
    pub withheld: Option<Withheld>,
    /// True when the time for waiting ran out before the answer was stable.
    pub wait_ended: bool,
    /// How long was waited.
    pub waited: Duration,
}

/// Why the target was not tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Withheld {
    /// ARM did not answer, or somebody else did in its place, who is no one to show a token to.
    NoArm,
    /// There is no token.
    NoToken,
    /// The token is for another service: sending it to ARM would show it to somebody it is not for.
    OtherAudience,
}

/// One try at the target.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Sample {
    /// Since the first try.
    pub at: Duration,
    /// How it went.
    pub call: Call<Resource, ArmError>,
}

/// One request, for the timeline of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimelineEntry {
    /// When it was over, since the start of the run.
    pub at: Duration,
    /// How long it took, from the first byte sent to the end of the answer; connecting included, waits not.
    pub took: Duration,
    /// What it was for, such as `imds_token`.
    pub action: Cow<'static, str>,
    /// Its status, or what went wrong.
    pub outcome: Result<u16, FailureKind>,
    /// `error.code` or `error` of the answer.
    pub code: Option<String>,
    /// `x-ms-request-id`.
    pub request_id: Option<String>,
}
