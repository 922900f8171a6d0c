//! Azure Resource Manager: does it answer, and may the identity read the target?

use super::Run;
use crate::facts::{
    ArmFacts, ArmProbe, Call, HostFacts, ImdsFacts, Sample, TargetFacts, Trouble, Withheld,
    is_elsewhere,
};
use crate::progress::Event;
use crate::stored::{kept_refusal, kept_resource, kept_roles};
use crate::wait::{Next, Outcome, Watch};
use azvm_arm::{
    ArmError, Cloud, Endpoint, Resource, RoleAssignments, read_resource, read_role_assignments,
    retry_policy,
};
use azvm_exchange::{Failure, FailureKind, Request, Response, RetryPolicy, Secret, service_text};
use azvm_http::{Client, Limits, TransportError};
use azvm_imds::{Compute, UnverifiedClaims};
use azvm_resource_id::ResourceId;
use std::time::Duration;
use tokio::time::Instant;

/// ARM is far away compared with IMDS.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const PROBE_BUDGET: Duration = Duration::from_secs(10);
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
                self.probe(client, &endpoint, subscription, is_named).await
            }
            Err(failure) => Some(Call::not_sent(failure)),
        };
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
                self.read_target(arm, &mut reading).await;
                let object_id = imds.claims().and_then(UnverifiedClaims::object_id);
                if let Some(object_id) = object_id.filter(|_| is_plain_refusal(&reading)) {
                    let request = azvm_arm::role_assignments(&reading.id, object_id);
                    facts.role_assignments = self
                        .ask_arm(arm, "role_assignments", request, read_assignments)
                        .await;
                }
            }
            _ => reading.withheld = Some(Withheld::NoArm),
        }
        facts.target = Some(reading);
    }

    async fn probe(
        &mut self,
        client: &Client,
        endpoint: &Endpoint,
        subscription: &str,
        is_named: bool,
    ) -> Option<Call<ArmProbe, ArmError>> {
        let what = (
            azvm_arm::probe(subscription),
            RetryPolicy::never(PROBE_BUDGET),
        );
        let read = |response: &Response| read_probe(response, is_named);
        let call = self
            .call("arm_probe", (client, endpoint.origin()), what, read)
            .await;
        self.arm_budget.sent(1);
        call
    }

    /// Tries once, or until access is stable or the wait is over.
    async fn read_target(&mut self, arm: Arm<'_>, reading: &mut TargetFacts) {
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
            let call = match reading.samples.is_empty() {
                true => self.ask_arm(arm, "target_get", request, read_target).await,
                false => self.repeat(arm, "target_get", request, read_target).await,
            };
            let Some(call) = call else {
                reading.wait_ended = self.config.wait.is_some();
                return;
            };
            let outcome = outcome(&call);
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
    async fn ask_arm<R>(
        &mut self,
        arm: Arm<'_>,
        action: &'static str,
        request: Request,
        read: impl FnOnce(&Response) -> Result<R, ArmError>,
    ) -> Option<Call<R, ArmError>> {
        let attempts = self.arm_budget.attempts()?;
        let policy = call_policy().with_max_attempts(attempts);
        let before = self.timeline.len();
        let call = self.send(arm, action, (request, policy), read).await;
        self.arm_budget.sent(self.timeline.len() - before);
        call
    }

    /// Asks once more while waiting for a role, which the budget is not for.
    async fn repeat<R>(
        &mut self,
        arm: Arm<'_>,
        action: &'static str,
        request: Request,
        read: impl FnOnce(&Response) -> Result<R, ArmError>,
    ) -> Option<Call<R, ArmError>> {
        self.send(arm, action, (request, call_policy()), read).await
    }

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

fn call_policy() -> RetryPolicy {
    retry_policy().with_deadline(CALL_BUDGET)
}

/// How ARM is asked: over what, where, and with which token.
type Arm<'a> = (&'a Client, &'a Endpoint, &'a Secret);

/// ARM's own answers have its envelope, its request id or a Bearer challenge. At an endpoint that the caller named, a
/// JSON object without any of them may be a stand-in's; everything else is kept as the refusal of a stranger.
fn read_probe(response: &Response, is_named: bool) -> Result<ArmProbe, ArmError> {
    let error = ArmError::read(response);
    let is_object = || is_named && response.json_body().trim_ascii_start().starts_with(b"{");
    if !(error.is_from_arm() || error.challenge().is_some() || is_object()) {
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

/// As [`read_target`].
fn read_assignments(response: &Response) -> Result<RoleAssignments, ArmError> {
    let mut list = kept_roles(&read_role_assignments(response)?);
    for item in &mut list.value {
        for text in [
            &mut item.role_definition_id,
            &mut item.principal_id,
            &mut item.scope,
        ] {
            *text = service_text(text);
        }
        for text in [
            &mut item.principal_type,
            &mut item.created_on,
            &mut item.updated_on,
        ] {
            *text = text.as_deref().map(service_text);
        }
    }
    Ok(list)
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

fn outcome(call: &Call<Resource, ArmError>) -> Outcome {
    match &call.answer {
        Ok(_) => Outcome::Allowed,
        Err(Trouble::Refused(error)) if is_plain_403(error) => Outcome::Denied,
        Err(Trouble::Refused(error)) if matches!(error.status(), 429 | 500..=599) => {
            Outcome::Denied
        }
        Err(Trouble::Refused(_)) => Outcome::Final,
        Err(Trouble::Silent(failure)) => match failure.kind {
            FailureKind::Closed
            | FailureKind::Refused
            | FailureKind::Reset
            | FailureKind::Timeout
            | FailureKind::Unreachable => Outcome::Denied,
            _ => Outcome::Final,
        },
    }
}

/// The 403 of a missing role, which may be one that is under way.
fn is_plain_403(error: &ArmError) -> bool {
    error.status() == 403 && error.code() == Some("AuthorizationFailed")
}

fn is_plain_refusal(reading: &TargetFacts) -> bool {
    reading.samples.last().is_some_and(
        |sample| matches!(&sample.call.answer, Err(Trouble::Refused(error)) if is_plain_403(error)),
    )
}
