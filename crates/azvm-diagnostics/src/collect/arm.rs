//! Azure Resource Manager: does it answer, and may the identity read the target?

use super::Run;
use super::host::arm_proxy;
use super::imds::probe_policy;
use super::patience::ARM_SILENCE;
use super::rights::Refused;
use crate::facts::{
    ArmFacts, ArmProbe, Call, HostFacts, ImdsFacts, ResolvedAddress, Sample, TargetFacts, Trouble,
    Withheld, is_elsewhere,
};
use crate::known::{Known, Unknown};
use crate::progress::Event;
use crate::rights::other_principal;
use crate::stored::{kept_refusal, kept_resource};
use crate::wait::{Next, Outcome, Watch};
use azvm_arm::{ArmError, Cloud, Endpoint, ErrorCode, Resource, read_resource, retry_policy};
use azvm_exchange::{
    Failure, FailureKind, Host, Request, Response, RetryPolicy, Secret, service_text,
};
use azvm_http::{Client, Limits, TransportError};
use azvm_imds::{Compute, UnverifiedClaims};
use azvm_resource_id::ResourceId;
use std::net::IpAddr;
use std::time::Duration;
use tokio::net::lookup_host;
use tokio::time::{Instant, timeout};

/// ARM is far away compared with IMDS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const CALL_BUDGET: Duration = Duration::from_secs(30);

/// Asked about when no subscription is known: ARM's 401 comes before it looks.
const NO_SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000000";

/// The api-version with which the target can be read; `None` for types that are not known here.
pub(super) fn api_version(target: &ResourceId) -> Option<&'static str> {
    let kind = target.resource_type();
    if kind == "Microsoft.Resources/resourceGroups" {
        Some(azvm_arm::RESOURCE_GROUP_API_VERSION)
    } else if kind == "Microsoft.Resources/subscriptions" {
        Some(azvm_arm::SUBSCRIPTION_API_VERSION)
    } else {
        None
    }
}

impl Run<'_> {
    /// The client for ARM, or why the machine cannot check certificates, which is a fact like any other.
    ///
    /// # Errors
    ///
    /// What is wrong with the certificate authorities that the caller named.
    pub(super) fn arm_client(&self) -> Result<Result<Client, Failure>, TransportError> {
        let limits = Limits::arm().with_connect(CONNECT_TIMEOUT);
        let endpoint = self.config.arm_endpoint.as_ref();
        if endpoint.is_some_and(Endpoint::is_plain_http) {
            return Ok(Ok(Client::plain(limits).with_secrets_on_loopback(true)));
        }
        match Client::tls(limits, &self.config.arm_ca_pem) {
            Ok(client) => Ok(Ok(client)),
            Err(error) if self.config.arm_ca_pem.is_empty() => Ok(Err(error.to_failure())),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn arm(
        &mut self,
        client: Result<Client, Failure>,
        host: &HostFacts,
        imds: &ImdsFacts,
        secret: Option<Secret>,
    ) -> ArmFacts {
        let compute = imds.compute();
        let cloud = self.cloud(compute);
        let named = self.config.arm_endpoint.clone();
        let endpoint = named.unwrap_or_else(|| cloud.into());
        let mut facts = ArmFacts {
            endpoint: endpoint.to_string(),
            cloud,
            proxy: arm_proxy(self.config.simulated.as_ref(), endpoint.origin()),
            ..ArmFacts::unseen(self.config)
        };
        if is_elsewhere(host, imds) {
            return facts;
        }
        let asked = self.config.target.clone();
        let target = asked.or_else(|| own_resource_group(compute?));
        let subscription = subscription(target.as_ref(), compute);
        facts.probe = match &client {
            Ok(client) => {
                let is_named = facts.is_named_endpoint;
                let probe = self.probe(client, &endpoint, subscription, is_named);
                let (probe, addresses) = tokio::join!(probe, addresses(&endpoint));
                facts.addresses = addresses;
                probe
            }
            Err(failure) => Some(Call::not_sent(failure)),
        };
        let local = facts.probe.as_ref().and_then(|call| call.local.as_deref());
        facts.is_over_ipv6 = local.and_then(|ip| Some(ip.parse::<IpAddr>().ok()?.is_ipv6()));
        facts.certificate = self.certificate(&endpoint, facts.probe.as_ref()).await;
        if let Some(target) = target {
            self.access(&mut facts, client.ok(), &endpoint, imds, (target, secret))
                .await;
        }
        facts
    }

    /// The cloud asked for, or the machine's.
    fn cloud(&self, compute: Option<&Compute>) -> Cloud {
        let own = || Cloud::from_name(compute?.az_environment.as_deref()?);
        self.config.cloud.or_else(own).unwrap_or(Cloud::Public)
    }

    /// Tries the target, unless the token would be shown to somebody that it is not for.
    async fn access(
        &mut self,
        facts: &mut ArmFacts,
        client: Option<Client>,
        endpoint: &Endpoint,
        imds: &ImdsFacts,
        (id, secret): (ResourceId, Option<Secret>),
    ) {
        let mut reading = TargetFacts {
            id,
            is_asked: self.config.target.is_some(),
            samples: Vec::new(),
            withheld: None,
            wait_ended: false,
            waited: Duration::ZERO,
        };
        let audience = imds.audience.as_str();
        let is_for_arm = facts.is_named_endpoint || facts.cloud.audiences().contains(&audience);
        let probe = facts.probe.as_ref();
        let is_arm_there = probe.is_some_and(|probe| probe.answer.is_ok());
        match (secret, client) {
            (None, _) => reading.withheld = Some(Withheld::NoToken),
            (Some(_), _) if !is_for_arm => reading.withheld = Some(Withheld::OtherAudience),
            (Some(secret), Some(client)) if is_arm_there => {
                let arm = (&client, endpoint, &secret);
                let own = imds.claims().and_then(UnverifiedClaims::object_id);
                self.read_target(arm, &mut reading, own).await;
                self.ask_for_rights(arm, facts, &reading, own).await;
            }
            _ => reading.withheld = Some(Withheld::NoArm),
        }
        facts.target = Some(reading);
    }

    /// Only after a refusal that is about roles, and that is not explained by what it says itself.
    async fn ask_for_rights(
        &mut self,
        arm: Arm<'_>,
        facts: &mut ArmFacts,
        reading: &TargetFacts,
        own: Option<&str>,
    ) {
        let was_allowed = reading.samples.iter().any(|it| it.call.answer.is_ok());
        let last = reading.samples.last().map(|sample| &sample.call.answer);
        let (Some(object_id), Some(Err(Trouble::Refused(error)))) = (own, last) else {
            return;
        };
        if was_allowed || !is_plain_403(error) || self.is_of_another(error, own) {
            return;
        }
        let refused = Refused {
            target: &reading.id,
            object_id,
            error,
        };
        self.rights(arm, facts, refused).await;
    }

    fn is_of_another(&self, error: &ArmError, own: Option<&str>) -> bool {
        let expected = self.config.expected_principal.as_ref();
        other_principal(error, own, expected).is_some()
    }

    async fn probe(
        &mut self,
        client: &Client,
        endpoint: &Endpoint,
        subscription: &str,
        is_named: bool,
    ) -> Option<Call<ArmProbe, ArmError>> {
        // A hiccup and silence together take no longer than silence alone.
        let silence = self.arm_patience.for_next(Duration::ZERO);
        let policy = probe_policy(RetryPolicy::never(silence));
        let what = (azvm_arm::probe(subscription), policy);
        let before = self.timeline.len();
        let read = |response: &Response| {
            read_probe(response, is_named).map_err(|error| kept_refusal(&error))
        };
        let call = self
            .call("arm_probe", (client, endpoint.origin()), what, read)
            .await;
        self.arm_budget.sent(self.timeline.len() - before);
        self.arm_patience.waited(&self.timeline[before..]);
        let attempts = call.iter().flat_map(|call| &call.attempts);
        self.arm_patience.paused(attempts);
        call
    }

    /// Tries once, or until access is stable or the wait is over.
    async fn read_target(&mut self, arm: Arm<'_>, reading: &mut TargetFacts, own: Option<&str>) {
        let Some(api_version) = api_version(&reading.id) else {
            return;
        };
        let began = Instant::now();
        let mut watch = Watch::new(self.config.wait.unwrap_or_default());
        if let Some(wait) = self.config.wait {
            // The wait comes on top of the time for everything else.
            self.deadline = self.deadline.checked_add(wait).unwrap_or(self.deadline);
        }
        loop {
            let request = azvm_arm::get(&reading.id, api_version);
            let mut retry_after = None;
            let read = |response: &Response| {
                retry_after = response.retry_after();
                read_target(response)
            };
            let what = (request, call_policy());
            let call = match reading.samples.is_empty() {
                true => self.ask_arm(arm, "target_get", what, read).await,
                false => self.send(arm, "target_get", what, read).await,
            };
            let Some(call) = call else {
                reading.wait_ended = self.config.wait.is_some();
                return;
            };
            let is_other = |error: &ArmError| self.is_of_another(error, own);
            let outcome = outcome(&call, retry_after, is_other);
            let shown = call.attempts.last().map_or(Err("not sent"), |attempt| {
                attempt.outcome.map_err(|kind| kind.as_str())
            });
            reading.samples.push(Sample {
                at: began.elapsed(),
                call,
            });
            reading.waited = began.elapsed();
            match watch.next(outcome, reading.waited) {
                Next::Stop { wait_ended } => {
                    reading.wait_ended = wait_ended;
                    return;
                }
                Next::Again(next_in) => {
                    let (sample, waited) = (reading.samples.len(), reading.waited);
                    self.progress.event(&Event::Waiting {
                        sample,
                        outcome: shown,
                        waited,
                        next_in,
                    });
                    tokio::time::sleep(next_in).await;
                }
            }
        }
    }

    /// Asks as often as the budget allows; `None` when it is used up, too.
    pub(super) async fn ask_arm<R>(
        &mut self,
        arm: Arm<'_>,
        action: &'static str,
        (request, policy): (Request, RetryPolicy),
        read: impl FnOnce(&Response) -> Result<R, ArmError>,
    ) -> Option<Call<R, ArmError>> {
        let attempts = self.arm_budget.attempts()?;
        let silence = self.arm_patience.for_next(Duration::ZERO);
        let policy = policy.with_max_attempts(attempts).with_silence(silence);
        let before = self.timeline.len();
        let call = self.send(arm, action, (request, policy), read).await;
        self.arm_budget.sent(self.timeline.len() - before);
        self.arm_patience.waited(&self.timeline[before..]);
        call
    }

    /// Asks, and the budget is not for that: once more while waiting for a role.
    async fn send<R>(
        &mut self,
        (client, endpoint, secret): Arm<'_>,
        action: &'static str,
        (request, policy): (Request, RetryPolicy),
        read: impl FnOnce(&Response) -> Result<R, ArmError>,
    ) -> Option<Call<R, ArmError>> {
        let what = (request.with_bearer(secret), policy);
        let read = |response: &Response| read(response).map_err(|error| kept_refusal(&error));
        self.call(action, (client, endpoint.origin()), what, read)
            .await
    }
}

/// A name with more addresses than these is no name of ARM's.
const MAX_ADDRESSES: usize = 16;

/// The addresses of the endpoint's name, looked up while the probe is under way, so that no time is lost.
async fn addresses(endpoint: &Endpoint) -> Known<Vec<ResolvedAddress>> {
    let Host::Name(name) = endpoint.origin().host() else {
        return Err(Unknown::Absent);
    };
    let looked_up = timeout(
        ARM_SILENCE,
        lookup_host((name.as_str(), endpoint.origin().port())),
    );
    let addresses = match looked_up.await {
        Ok(Ok(addresses)) => addresses,
        Ok(Err(error)) => {
            return Err(Unknown::Failed(error.raw_os_error().unwrap_or_default()));
        }
        Err(_) => return Err(Unknown::TimedOut),
    };
    let addresses = addresses.map(|address| address.ip().into());
    Ok(addresses.take(MAX_ADDRESSES).collect())
}

fn call_policy() -> RetryPolicy {
    retry_policy().with_deadline(CALL_BUDGET)
}

/// How ARM is asked: over what, where, and with which token.
pub(super) type Arm<'a> = (&'a Client, &'a Endpoint, &'a Secret);

/// ARM's own answers have its envelope, its request id or a Bearer challenge. At an endpoint that the caller named, and
/// to whose host every client of his shows the token, a stand-in may have none of them: a JSON object or a refusal leaves
/// it to the target's answer. Everything else is kept as the refusal of a stranger.
fn read_probe(response: &Response, is_named: bool) -> Result<ArmProbe, ArmError> {
    let error = ArmError::read(response);
    let is_object = || response.json_body().trim_ascii_start().starts_with(b"{");
    let is_stand_in = || is_named && (is_object() || is_bare_refusal(&error, response));
    if !(error.is_from_arm() || error.challenge().is_some() || is_stand_in()) {
        return Err(error);
    }
    let tenant_id = error
        .challenge()
        .and_then(|challenge| challenge.tenant_id.as_deref());
    Ok(ArmProbe {
        status: response.status(),
        code: error.code().map(Into::into),
        tenant_id: tenant_id.map(service_text),
    })
}

/// What any server may say to a request without a token, and no proxy's name beside it. A challenge for another scheme is
/// a stranger's: ARM has Bearer.
fn is_bare_refusal(error: &ArmError, response: &Response) -> bool {
    let sender = error.sender();
    let is_mark = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.starts_with("proxy-") || name == "www-authenticate"
    };
    matches!(error.status(), 401 | 403 | 404)
        && sender.via.is_none()
        && sender.squid_error.is_none()
        && !response.headers().any(|(name, _)| is_mark(name))
}

/// As far as it is a fact, and without what may not be one: a server may quote the token anywhere.
fn read_target(response: &Response) -> Result<Resource, ArmError> {
    let mut resource = kept_resource(&read_resource(response)?);
    resource.id = service_text(&resource.id);
    for text in [
        &mut resource.name,
        &mut resource.resource_type,
        &mut resource.location,
        &mut resource.state,
    ] {
        *text = text.as_deref().map(service_text);
    }
    Ok(resource)
}

fn own_resource_group(compute: &Compute) -> Option<ResourceId> {
    let subscription = compute.subscription_id.as_deref()?;
    let group = compute.resource_group_name.as_deref()?;
    ResourceId::for_resource_group(subscription, group).ok()
}

fn subscription<'a>(target: Option<&'a ResourceId>, compute: Option<&'a Compute>) -> &'a str {
    target
        .and_then(ResourceId::subscription_id)
        .or_else(|| compute?.subscription_id.as_deref())
        .unwrap_or(NO_SUBSCRIPTION)
}

fn outcome(
    call: &Call<Resource, ArmError>,
    retry_after: Option<Duration>,
    is_of_another: impl FnOnce(&ArmError) -> bool,
) -> Outcome {
    match &call.answer {
        Ok(_) => Outcome::Allowed,
        Err(Trouble::Refused(error)) if is_plain_403(error) => match is_of_another(error) {
            true => Outcome::Final,
            false => Outcome::Denied,
        },
        Err(Trouble::Refused(error)) if matches!(error.status(), 429 | 500..=599) => {
            Outcome::Busy(retry_after.unwrap_or_default())
        }
        Err(Trouble::Refused(_)) => Outcome::Final,
        Err(Trouble::Silent(failure)) => match failure.kind {
            FailureKind::Closed
            | FailureKind::Refused
            | FailureKind::Reset
            | FailureKind::Timeout
            | FailureKind::Unreachable => Outcome::Busy(Duration::ZERO),
            _ => Outcome::Final,
        },
    }
}

/// The 403 of a missing role, which may be one that is under way.
pub(crate) fn is_plain_403(error: &ArmError) -> bool {
    error.status() == 403 && error.most_specific_code() == Some(ErrorCode::AuthorizationFailed)
}
