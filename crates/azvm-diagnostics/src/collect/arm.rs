//! Azure Resource Manager: does it answer, and may the identity read the target?

use super::Run;
use crate::facts::{
    ArmFacts, ArmProbe, Call, HostFacts, ImdsFacts, Sample, TargetFacts, Trouble, Withheld,
    is_elsewhere,
};
use crate::progress::Event;
use crate::wait::{Next, Outcome, Watch};
use azvm_arm::{
    ArmError, Cloud, Endpoint, Resource, RoleAssignments, read_resource, read_role_assignments,
    retry_policy,
};
use azvm_exchange::{Request, Response, RetryPolicy, Secret, service_text};
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
    pub(super) fn arm_client(&self) -> Result<Client, TransportError> {
        let is_plain = self
            .config
            .arm_endpoint
            .as_ref()
            .is_some_and(Endpoint::is_plain_http);
        let limits = Limits::new().with_connect(CONNECT_TIMEOUT);
        Ok(Client::tls(limits, &self.config.arm_ca_pem)?.with_secrets_on_loopback(is_plain))
    }

    pub(super) async fn arm(
        &mut self,
        client: &Client,
        host: &HostFacts,
        imds: &ImdsFacts,
        secret: Option<Secret>,
    ) -> ArmFacts {
        let compute = imds.compute();
        let cloud = self
            .config
            .cloud
            .or_else(|| {
                compute?
                    .az_environment
                    .as_deref()
                    .and_then(Cloud::from_name)
            })
            .unwrap_or(Cloud::Public);
        let endpoint = self
            .config
            .arm_endpoint
            .clone()
            .unwrap_or_else(|| cloud.into());
        let mut facts = ArmFacts {
            endpoint: endpoint.to_string(),
            is_named_endpoint: self.config.arm_endpoint.is_some(),
            cloud,
            probe: None,
            target: None,
            role_assignments: None,
        };
        if is_elsewhere(host, imds) {
            return facts;
        }
        let target = self
            .config
            .target
            .clone()
            .or_else(|| own_resource_group(compute?));
        facts.probe = self
            .probe(client, &endpoint, subscription(target.as_ref(), compute))
            .await;
        let Some(target) = target else {
            return facts;
        };
        let mut reading = TargetFacts {
            id: target,
            is_asked: self.config.target.is_some(),
            samples: Vec::new(),
            withheld: None,
            wait_ended: false,
            waited: Duration::ZERO,
        };
        let is_for_arm =
            facts.is_named_endpoint || cloud.audiences().contains(&imds.audience.as_str());
        match secret {
            None => reading.withheld = Some(Withheld::NoToken),
            Some(_) if !is_for_arm => reading.withheld = Some(Withheld::OtherAudience),
            Some(secret) => {
                self.read_target(client, &endpoint, &secret, &mut reading)
                    .await;
                let object_id = imds.claims().and_then(UnverifiedClaims::object_id);
                if let Some(object_id) = object_id.filter(|_| is_plain_refusal(&reading)) {
                    let request =
                        azvm_arm::role_assignments(&reading.id, object_id).with_bearer(&secret);
                    let read = read_assignments;
                    facts.role_assignments = self
                        .ask_arm(client, &endpoint, "role_assignments", request, read)
                        .await;
                }
            }
        }
        facts.target = Some(reading);
        facts
    }

    async fn probe(
        &mut self,
        client: &Client,
        endpoint: &Endpoint,
        subscription: &str,
    ) -> Option<Call<ArmProbe, ArmError>> {
        let what = (
            azvm_arm::probe(subscription),
            RetryPolicy::never(PROBE_BUDGET),
        );
        self.call("arm_probe", (client, endpoint.origin()), what, read_probe)
            .await
    }

    /// Tries once, or until access is stable or the wait is over.
    async fn read_target(
        &mut self,
        client: &Client,
        endpoint: &Endpoint,
        secret: &Secret,
        reading: &mut TargetFacts,
    ) {
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
            let request = azvm_arm::get(&reading.id, api_version).with_bearer(secret);
            let Some(call) = self
                .ask_arm(client, endpoint, "target_get", request, read_target)
                .await
            else {
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

    async fn ask_arm<R>(
        &mut self,
        client: &Client,
        endpoint: &Endpoint,
        action: &'static str,
        request: Request,
        read: impl FnOnce(&Response) -> Result<R, ArmError>,
    ) -> Option<Call<R, ArmError>> {
        let what = (request, retry_policy().with_deadline(CALL_BUDGET));
        self.call(action, (client, endpoint.origin()), what, read)
            .await
    }
}

/// An answer that is not ARM's is kept as the refusal that it is.
fn read_probe(response: &Response) -> Result<ArmProbe, ArmError> {
    let error = ArmError::read(response);
    if !error.is_from_arm() {
        return Err(error);
    }
    Ok(ArmProbe {
        status: response.status(),
        code: error.code().map(Into::into),
        tenant_id: error
            .challenge()
            .and_then(|challenge| challenge.tenant_id.as_deref())
            .map(service_text),
    })
}

/// Without what may not be a fact: a server may quote the token anywhere.
fn read_target(response: &Response) -> Result<Resource, ArmError> {
    let mut resource = read_resource(response)?;
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
    let mut list = read_role_assignments(response)?;
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
        Err(Trouble::Silent(_)) => Outcome::Denied,
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
