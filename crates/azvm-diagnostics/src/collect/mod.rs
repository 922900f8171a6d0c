//! Gathers the facts: each once, each with a deadline, one request at a time.
//!
//! What a run may ask of others is in [`budget`].

mod arm;
pub mod budget;
mod call;
mod certificate;
mod guard;
mod host;
mod imds;
#[cfg(target_os = "linux")]
mod linux;
mod model;
mod path;
mod patience;
mod reader;
mod rights;
#[cfg(any(windows, test))]
mod windows;
mod words;

pub(crate) use arm::is_plain_403;
pub(crate) use host::{covers_imds, proxy_host};
pub(crate) use imds::{MAX_RETRY_AFTER, offered_version};
pub(crate) use model::{
    IDENTITY_TYPE, MACHINE_TYPE, SCALE_SET_TYPE, is_chosen, is_same_id, read_any,
};

use crate::facts::{
    ArmFacts, Asked, Facts, HostFacts, ImdsFacts, Part, Redaction, RightsFacts, TimelineEntry,
};
use crate::invocation::Invocation;
use crate::known::Unknown;
use crate::progress::Progress;
use crate::redactor::Redactor;
use azvm_arm::{Cloud, Endpoint as ArmEndpoint};
use azvm_exchange::{Secret, Timestamp};
use azvm_http::TransportError;
use azvm_imds::{Audience, Endpoint as ImdsEndpoint, Guid, IdentitySelector};
use azvm_resource_id::ResourceId;
use budget::{ArmBudget, ImdsBudget};
use patience::Patience;
pub use patience::{ARM_SILENCE, IMDS_SILENCE};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// The time for a whole run, without the wait for a role: room for the 70 seconds of an IMDS update.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);

/// What a time too long for the clock counts as.
const A_DAY: Duration = Duration::from_secs(24 * 3600);

/// What to look at, and how. `Default` looks at this machine as it is.
#[derive(Clone, Debug)]
pub struct Config {
    selector: IdentitySelector,
    audience: Option<Audience>,
    target: Option<ResourceId>,
    cloud: Option<Cloud>,
    wait: Option<Duration>,
    granted_at: Option<Timestamp>,
    expected_principal: Option<Guid>,
    timeout: Duration,
    imds_endpoint: ImdsEndpoint,
    arm_endpoint: Option<ArmEndpoint>,
    arm_ca_pem: Vec<u8>,
    simulated: Option<Simulated>,
    invocation: Invocation,
}

/// A simulated machine: what its scenario is called, its chassis asset tag, and the variables of its programs.
#[derive(Clone, Debug)]
struct Simulated {
    scenario: String,
    asset_tag: String,
    variables: BTreeMap<String, String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            selector: IdentitySelector::System,
            audience: None,
            target: None,
            cloud: None,
            wait: None,
            granted_at: None,
            expected_principal: None,
            timeout: DEFAULT_TIMEOUT,
            imds_endpoint: ImdsEndpoint::default(),
            arm_endpoint: None,
            arm_ca_pem: Vec::new(),
            simulated: None,
            invocation: Invocation::default(),
        }
    }
}

impl Config {
    /// Which identity; [`IdentitySelector::System`] otherwise.
    #[must_use]
    pub fn with_selector(mut self, selector: IdentitySelector) -> Self {
        self.selector = selector;
        self
    }

    /// The audience of the token; the one of the machine's cloud otherwise.
    #[must_use]
    pub fn with_audience(mut self, audience: Audience) -> Self {
        self.audience = Some(audience);
        self
    }

    /// What to read with it: a subscription or a resource group. The machine's own resource group otherwise.
    ///
    /// # Errors
    ///
    /// [`TargetError`] for any other kind of resource: each type has api-versions of its own.
    pub fn with_target(mut self, target: ResourceId) -> Result<Self, TargetError> {
        if arm::api_version(&target).is_none() {
            return Err(TargetError(target.resource_type().to_string()));
        }
        self.target = Some(target);
        Ok(self)
    }

    /// The cloud; what IMDS says otherwise.
    #[must_use]
    pub fn with_cloud(mut self, cloud: Cloud) -> Self {
        self.cloud = Some(cloud);
        self
    }

    /// How long to wait for a role to propagate; not at all otherwise. For an identity that IMDS does not find it is two
    /// and a half minutes at most.
    #[must_use]
    pub fn with_wait(mut self, wait: Duration) -> Self {
        self.wait = Some(wait);
        self
    }

    /// When the role was granted: how old a grant is that the machine cannot see. Not known otherwise.
    #[must_use]
    pub fn with_granted_at(mut self, time: Timestamp) -> Self {
        self.granted_at = Some(time);
        self
    }

    /// The object ID that the role was granted to; whoever answers is the right one otherwise.
    #[must_use]
    pub fn with_expected_principal(mut self, object_id: Guid) -> Self {
        self.expected_principal = Some(object_id);
        self
    }

    /// The time for everything else; [`DEFAULT_TIMEOUT`] otherwise.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Where IMDS is; its own address otherwise.
    #[must_use]
    pub fn with_imds_endpoint(mut self, endpoint: ImdsEndpoint) -> Self {
        self.imds_endpoint = endpoint;
        self
    }

    /// Where ARM is; the cloud's own otherwise. The host is trusted with tokens.
    #[must_use]
    pub fn with_arm_endpoint(mut self, endpoint: ArmEndpoint) -> Self {
        self.arm_endpoint = Some(endpoint);
        self
    }

    /// Certificate authorities in PEM to trust for ARM beside the platform's.
    #[must_use]
    pub fn with_arm_ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.arm_ca_pem = pem.into();
        self
    }

    /// Examines a simulated machine: the report names the scenario, `asset_tag` counts as the chassis asset tag, and
    /// `variables` as the environment; that of this program does not.
    #[must_use]
    pub fn with_simulation(
        mut self,
        scenario: impl Into<String>,
        asset_tag: impl Into<String>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        self.simulated = Some(Simulated {
            scenario: scenario.into(),
            asset_tag: asset_tag.into(),
            variables: variables.into_iter().collect(),
        });
        self
    }

    /// What the user typed, for the commands in the report.
    #[must_use]
    pub fn with_invocation(mut self, invocation: Invocation) -> Self {
        self.invocation = invocation;
        self
    }
}

/// A target whose api-version is not known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetError(String);

impl std::fmt::Display for TargetError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "expected the ID of a resource group or a subscription, found one of type {}",
            self.0
        )
    }
}

impl std::error::Error for TargetError {}

/// Gathers all facts. What cannot be had is missing from them; nothing here decides what that means.
///
/// # Errors
///
/// [`TransportError`] when the PEM for ARM cannot be read.
///
/// # Cancel safety
///
/// Dropping the future closes the connection in use and leaves nothing behind.
pub async fn collect(config: &Config, progress: &dyn Progress) -> Result<Facts, TransportError> {
    let began = Instant::now();
    let mut run = Run {
        config,
        progress,
        began,
        deadline: began.checked_add(config.timeout).unwrap_or(began + A_DAY),
        timeline: Vec::new(),
        is_cut_short: false,
        crashed: Vec::new(),
        imds_budget: ImdsBudget::new(began),
        arm_budget: ArmBudget::new(),
        imds_patience: Patience::new(IMDS_SILENCE),
        imds_closes: false,
        arm_patience: Patience::new(ARM_SILENCE),
    };
    let started = azvm_identity::now();
    let arm_client = run.arm_client()?;
    let host = host::collect(config.simulated.as_ref(), &config.imds_endpoint);
    let host = run.guarded(guard::unless_it_panics(host).await, Part::Host);
    let imds = guard::unless_it_panics(run.imds(&host)).await;
    let (imds, secrets) = run
        .guarded(imds.map(Some), Part::Imds)
        .unwrap_or_else(|| (ImdsFacts::unseen(config), Secrets::default()));
    let redactor = secrets.redactor();
    let chosen = secrets.chosen.clone();
    let arm = guard::unless_it_panics(run.arm(arm_client.clone(), &host, &imds, chosen)).await;
    let mut arm = run
        .guarded(arm.map(Some), Part::Arm)
        .unwrap_or_else(|| ArmFacts::unseen(config));
    let model = guard::unless_it_panics(run.model(&arm_client, (&imds, &arm), &secrets)).await;
    arm.model = run.guarded(model, Part::Arm);
    arm.is_group_respelt = model::is_respelt(config.target.as_ref(), &imds);
    let facts = Facts {
        asked: config.asked(),
        duration: run.elapsed(),
        is_cut_short: run.is_cut_short,
        crashed: run.crashed,
        redaction: Redaction::Default,
        redactor,
        timeline: run.timeline,
        host,
        imds,
        arm,
        started,
    };
    Ok(without_token(facts))
}

/// The tokens of a run. None of them is a fact.
#[derive(Default)]
struct Secrets {
    /// Of the identity that was chosen.
    chosen: Option<Secret>,
    /// Of the machine's default identity, when the chosen one was not found.
    default: Option<Secret>,
}

impl Secrets {
    fn redactor(&self) -> Redactor {
        Redactor::of(self.chosen.iter().chain(&self.default))
    }
}

/// A server may repeat the token where nobody looks for it.
fn without_token(facts: Facts) -> Facts {
    let clean = facts.with_texts(|_, text| Some(facts.redactor.clean(text.into())));
    clean.unwrap_or(facts)
}

impl Facts {
    /// What is known before anything was seen: what `config` asks for.
    pub fn unseen(config: &Config) -> Self {
        Self {
            asked: config.asked(),
            host: HostFacts::default(),
            imds: ImdsFacts::unseen(config),
            arm: ArmFacts::unseen(config),
            timeline: Vec::new(),
            started: azvm_identity::now(),
            duration: Duration::ZERO,
            is_cut_short: false,
            crashed: Vec::new(),
            redaction: Redaction::Default,
            redactor: Redactor::default(),
        }
    }
}

impl ImdsFacts {
    fn unseen(config: &Config) -> Self {
        Self {
            endpoint: config.imds_endpoint.to_string(),
            is_default_endpoint: config.imds_endpoint.is_default(),
            probe: None,
            instance: None,
            first_instance: None,
            identity_info: None,
            token: None,
            first_token: None,
            other_kind: None,
            default_identity: None,
            audience: config.own_audience(config.cloud.unwrap_or(Cloud::Public)),
            platform: Err(Unknown::NotAsked),
        }
    }
}

impl ArmFacts {
    fn unseen(config: &Config) -> Self {
        let cloud = config.cloud.unwrap_or(Cloud::Public);
        let named = config.arm_endpoint.clone();
        Self {
            is_named_endpoint: named.is_some(),
            endpoint: named.unwrap_or_else(|| cloud.into()).to_string(),
            cloud,
            addresses: Err(Unknown::NotAsked),
            is_over_ipv6: None,
            proxy: None,
            probe: None,
            certificate: None,
            target: None,
            role_assignments: None,
            rights: RightsFacts::default(),
            model: None,
            is_group_respelt: false,
        }
    }
}

impl Config {
    /// The audience asked for, or that of the cloud.
    fn own_audience(&self, cloud: Cloud) -> Audience {
        let own = || Audience::new(cloud.audience()).expect("the table of clouds holds audiences");
        self.audience.clone().unwrap_or_else(own)
    }

    fn asked(&self) -> Asked {
        Asked {
            selector: self.selector.clone(),
            audience: self.audience.clone(),
            target: self.target.clone(),
            cloud: self.cloud,
            wait: self.wait,
            granted_at: self.granted_at,
            expected_principal: self.expected_principal.clone(),
            simulation: self
                .simulated
                .as_ref()
                .map(|machine| machine.scenario.clone()),
            invocation: self.invocation.clone(),
        }
    }
}

/// One run under way.
struct Run<'a> {
    config: &'a Config,
    progress: &'a dyn Progress,
    began: Instant,
    deadline: Instant,
    timeline: Vec<TimelineEntry>,
    /// The time limit kept a question from being asked or answered.
    is_cut_short: bool,
    crashed: Vec<Part>,
    imds_budget: ImdsBudget,
    arm_budget: ArmBudget,
    imds_patience: Patience,
    arm_patience: Patience,
    /// Every answer of IMDS's address ends its connection.
    imds_closes: bool,
}

impl Run<'_> {
    /// What a part saw, or nothing and a note that it crashed.
    fn guarded<T: Default>(&mut self, seen: Option<T>, part: Part) -> T {
        seen.unwrap_or_else(|| {
            self.crashed.push(part);
            T::default()
        })
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}
