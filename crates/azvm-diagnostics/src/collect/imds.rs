//! The metadata service: who is there, what the machine is, and a token.

use super::budget::{IMDS_INTERVAL, MAX_IMDS_REQUESTS};
use super::patience::{KEPT_FOR_TOKEN, telling};
use super::{Run, Secrets, model, path, words};
use crate::facts::{Call, HostFacts, ImdsFacts, Marks, ProbeAnswer, Reach, TokenFacts, Trouble};
use crate::progress::Event;
use crate::stand_in;
use azvm_arm::Cloud;
use azvm_exchange::{Phase, Request, Response, RetryClass, RetryPolicy, Secret, service_text};
use azvm_http::{Client, Limits, REASON_PHRASE};
use azvm_imds::{
    ApiVersion, Audience, Compute, INSTANCE_API_VERSION, IdentitySelector, InstancePath,
    InstanceRequest, PUBLISHED_VERSIONS, ProtocolError, Rejection, Responder, TRANSIENT_DELAYS,
    TokenRequest, read_identity_info, read_instance, retry_policy,
};
use std::borrow::Cow;
use std::time::Duration;
use tokio::time::Instant;

/// The probe wants to know soon, retries included: off Azure nobody will ever answer.
const PROBE_BUDGET: Duration = Duration::from_secs(3);

/// Delays before the retries of a probe whose connection was lost or refused.
const PROBE_DELAYS: &[Duration] = &[IMDS_INTERVAL; 2];

/// With those, whatever comes between.
const PROBE_ATTEMPTS: usize = 1 + PROBE_DELAYS.len();

/// The delays after a 5xx, as the how-to's error table asks.
const PROBE_ERROR_DELAYS: &[Duration] = &[Duration::from_secs(1); 2];

/// Descriptions of the machine are helpful, not necessary: they get less patience than the token, except with an update,
/// which the token would have to wait for as well.
const DESCRIPTION_TIMEOUT: Duration = Duration::from_secs(5);
const DESCRIPTION_DELAYS: &[Duration] = &[Duration::from_secs(1), Duration::from_secs(2)];

/// Delays before the retries of the token's own 404, the first of those that are documented: enough to see that it goes
/// away, and what stays is a finding. It may be about an identity, and those are waited for with `--wait`.
const NOT_FOUND_DELAYS: &[Duration] = TRANSIENT_DELAYS.split_at(2).0;

/// The longest wait that IMDS may ask for, while somebody looks on.
pub(crate) const MAX_RETRY_AFTER: Duration = Duration::from_secs(30);

/// What descriptions leave to the token: a first request for it, and the most of its own retries. Only an update may use
/// more, for the token would have to wait for it as well.
const ATTEMPTS_FOR_TOKEN: usize = 5;

/// Delays between the tries at an identity that IMDS does not know yet: two minutes and a little, and few enough for IMDS.
///
/// Source: AzureAD/microsoft-authentication-library-for-dotnet:docs/imds_retry_based_on_errors.md retries for seconds; the
/// two minutes are inferred.
const ARRIVAL_DELAYS: &[Duration] = &[
    Duration::from_secs(3),
    Duration::from_secs(8),
    Duration::from_secs(20),
    Duration::from_secs(30),
    Duration::from_secs(60),
];

/// The time for all of them, answers included.
const ARRIVAL_BUDGET: Duration = Duration::from_secs(150);

/// Each question opens a connection of its own: whether one opens is part of what is asked.
fn own_connections() -> Client {
    Client::plain(Limits::imds().with_idle_age(Duration::ZERO))
}

impl Run<'_> {
    pub(super) async fn imds(&mut self, host: &HostFacts) -> (ImdsFacts, Secrets) {
        let client = own_connections();
        let mut facts = ImdsFacts::unseen(self.config);
        facts.probe = self.probe_imds(&client).await;
        if self.is_lost(&facts, host) {
            facts.platform = Ok(self.reach_platform().await);
        }
        // Nothing else is asked of a stranger.
        let is_open = stand_in::is_open(facts.probe.as_ref());
        if !(is_open || stand_in::is_imds(facts.probe.as_ref())) {
            return (facts, Secrets::default());
        }
        let what = match is_open {
            true => (
                azvm_imds::instance(),
                RetryPolicy::never(DESCRIPTION_TIMEOUT),
            ),
            false => self.describe(azvm_imds::instance(), 1),
        };
        facts.instance = self
            .ask(&client, "imds_instance", what, read_instance)
            .await;
        self.instance_again(&client, &mut facts).await;
        if !is_open {
            let what = self.describe(azvm_imds::identity_info(), 0);
            facts.identity_info = self
                .ask(&client, "imds_identity_info", what, read_identity_info)
                .await;
        }
        facts.audience = self.audience(
            facts
                .compute()
                .and_then(|compute| compute.az_environment.as_deref()),
        );
        let secrets = self.tokens(&client, &mut facts).await;
        (facts, secrets)
    }

    /// Asks without the header, and again after a hiccup. The waits between are silence like any other.
    async fn probe_imds(&mut self, client: &Client) -> Option<Call<ProbeAnswer, ProtocolError>> {
        let mut closes = false;
        let read = |response: &Response| {
            let answer = read_probe(response);
            closes = closes_without_a_mark(response, &answer);
            Ok(answer)
        };
        let probe = self.ask(client, "imds_probe", probe(), read).await?;
        self.imds_closes = closes;
        self.imds_patience.paused(&probe.attempts);
        Some(probe)
    }

    /// IMDS may be too old for the api-version; it names those that it has.
    async fn instance_again(&mut self, client: &Client, facts: &mut ImdsFacts) {
        let Some(version) = facts.instance.as_ref().and_then(offered_version) else {
            return;
        };
        let ask = InstanceRequest::json(InstancePath::new()).with_api_version(version);
        let what = self.describe(ask.to_request(), 1);
        let again = self
            .ask(client, "imds_instance_again", what, read_instance)
            .await;
        if again.is_some() {
            facts.first_instance = std::mem::replace(&mut facts.instance, again);
        }
    }

    /// The token of the chosen identity, and what is to be known when IMDS does not find that one.
    async fn tokens(&mut self, client: &Client, facts: &mut ImdsFacts) -> Secrets {
        let audience = facts.audience.clone();
        let chosen = self.config.selector.clone();
        let (token, secret) = self
            .token(
                client,
                "imds_token",
                (audience.clone(), chosen),
                match stand_in::is_open(facts.probe.as_ref()) {
                    true => open_policy(stand_in::may_be_updating(facts.probe.as_ref())),
                    false => token_policy(),
                },
            )
            .await;
        facts.token = token;
        let mut secrets = Secrets {
            chosen: secret,
            default: None,
        };
        if let Some(selector) = self.other_kind(facts.token.as_ref()) {
            // The token of this question is of no use: it is dropped here.
            let what = (audience, selector);
            facts.other_kind = self
                .token(client, "imds_token_other_kind", what, token_policy())
                .await
                .0;
        }
        let is_other_kind = facts
            .other_kind
            .as_ref()
            .is_some_and(|call| call.answer.is_ok());
        if !is_other_kind && model::is_not_found(facts.token.as_ref()) {
            self.arrival(client, facts, &mut secrets).await;
            self.default_identity(client, facts, &mut secrets).await;
        }
        secrets
    }

    /// An identity that was attached a moment ago may be on its way. Waited for only when the caller has time.
    async fn arrival(&mut self, client: &Client, facts: &mut ImdsFacts, secrets: &mut Secrets) {
        let Some(wait) = self.config.wait.filter(|wait| !wait.is_zero()) else {
            return;
        };
        let budget = wait.min(ARRIVAL_BUDGET);
        // The wait comes on top of the time for everything else.
        self.deadline = self.deadline.checked_add(budget).unwrap_or(self.deadline);
        let policy = retry_policy()
            .with_classifier(|status| match status {
                400 | 404 => RetryClass::Unsettled,
                other => azvm_imds::classify(other),
            })
            .with_unsettled(ARRIVAL_DELAYS)
            .with_deadline(budget);
        let what = (facts.audience.clone(), self.config.selector.clone());
        let (again, secret) = self.token(client, "imds_token_again", what, policy).await;
        if again.is_some() {
            facts.first_token = std::mem::replace(&mut facts.token, again);
            secrets.chosen = secret;
        }
    }

    /// Without the chosen identity, the machine's default one may read the machine's model, which tells why. Its token is
    /// for that and nothing else.
    async fn default_identity(
        &mut self,
        client: &Client,
        facts: &mut ImdsFacts,
        secrets: &mut Secrets,
    ) {
        if self.config.selector == IdentitySelector::System || secrets.chosen.is_some() {
            return;
        }
        let cloud = facts
            .compute()
            .and_then(|compute| Cloud::from_name(compute.az_environment.as_deref()?));
        let cloud = self.config.cloud.or(cloud).unwrap_or(Cloud::Public);
        let is_named = self.config.arm_endpoint.is_some();
        let text = model::reading_audience(facts.audience.as_str(), cloud, is_named);
        let Ok(audience) = Audience::new(text) else {
            return;
        };
        let what = (audience, IdentitySelector::System);
        (facts.default_identity, secrets.default) = self
            .token(client, "imds_token_default", what, token_policy())
            .await;
    }

    /// When an Azure machine gets no connection to IMDS at its own address, the platform's address tells whether that is
    /// about IMDS alone. Of another machine, a simulated one or another endpoint it would tell nothing.
    fn is_lost(&self, imds: &ImdsFacts, host: &HostFacts) -> bool {
        let never_connected = imds.probe.as_ref().is_some_and(|call| match &call.answer {
            Err(Trouble::Silent(failure)) => failure.phase <= Phase::Connect,
            _ => false,
        });
        imds.is_default_endpoint
            && self.config.simulated.is_none()
            && never_connected
            && host.asset_tag.is_azure() == Some(true)
            && !self.time_left().is_zero()
    }

    async fn reach_platform(&self) -> Reach {
        let action = "platform_address";
        self.progress.event(&Event::Calling { action });
        telling(self.progress, action, path::reach(path::PLATFORM)).await
    }

    /// The audience asked for, or that of the cloud asked for, or that of the machine's.
    fn audience(&self, az_environment: Option<&str>) -> Audience {
        let machines = || az_environment.and_then(Cloud::from_name);
        let cloud = self.config.cloud.or_else(machines);
        self.config.own_audience(cloud.unwrap_or(Cloud::Public))
    }

    /// Few retries, however it fails, and none that the token or the `others` before it may need. Only on the token path
    /// does 404 mean *being updated*; elsewhere it means that there is no such element.
    fn describe(&self, request: Request, others: usize) -> (Request, RetryPolicy) {
        let spare = self.imds_budget.attempts(ATTEMPTS_FOR_TOKEN + others);
        let retries = spare.map_or(0, |attempts| attempts - 1);
        let delays = &DESCRIPTION_DELAYS[..retries.min(DESCRIPTION_DELAYS.len())];
        let policy = retry_policy()
            .with_attempt_timeout(DESCRIPTION_TIMEOUT)
            .with_transient(delays)
            .with_connection(&[] as &[Duration])
            .with_classifier(|status| match status {
                404 => RetryClass::Final,
                500..=599 => RetryClass::Transient,
                other => azvm_imds::classify(other),
            });
        (request, policy)
    }

    async fn token(
        &mut self,
        client: &Client,
        action: &'static str,
        (audience, selector): (Audience, IdentitySelector),
        policy: RetryPolicy,
    ) -> (Option<Call<TokenFacts, ProtocolError>>, Option<Secret>) {
        let ask = TokenRequest::new(audience, selector);
        let mut secret = None;
        let closes = self.imds_closes;
        let read = |response: &Response| {
            let response = &*without_close(response, closes);
            let received_at = azvm_identity::now();
            let token = ask.read(response, received_at)?;
            secret = Some(token.secret().clone());
            Ok(TokenFacts {
                client_id: token.client_id().map(Into::into),
                expires_on: token.expires_on(),
                expires_in: token.expires_in(),
                received_at,
                claims: token.claims(),
            })
        };
        let call = self
            .ask(client, action, (ask.to_request(), policy), read)
            .await;
        (call, secret)
    }

    /// A GUID that was not found as one kind of ID may be one of the other kind: one more question tells.
    fn other_kind(
        &self,
        token: Option<&Call<TokenFacts, ProtocolError>>,
    ) -> Option<IdentitySelector> {
        let Err(Trouble::Refused(ProtocolError::Rejected(rejection))) = &token?.answer else {
            return None;
        };
        if rejection.status() != 400 || rejection.error() != Some("invalid_request") {
            return None;
        }
        match &self.config.selector {
            IdentitySelector::ClientId(id) => Some(IdentitySelector::ObjectId(id.clone())),
            IdentitySelector::ObjectId(id) => Some(IdentitySelector::ClientId(id.clone())),
            _ => None,
        }
    }

    /// Asks in its turn, and only as often as the budget allows.
    async fn ask<R>(
        &mut self,
        client: &Client,
        action: &'static str,
        (request, policy): (Request, RetryPolicy),
        read: impl FnOnce(&Response) -> Result<R, ProtocolError>,
    ) -> Option<Call<R, ProtocolError>> {
        let attempts = self.imds_budget.attempts(kept_after(action))?;
        let pause = self.imds_budget.pause(Instant::now());
        if !pause.is_zero() {
            self.progress.event(&Event::Pacing { next_in: pause });
            tokio::time::sleep(pause.min(self.time_left())).await;
        }
        let config = self.config;
        let kept = match is_description(action) {
            true => KEPT_FOR_TOKEN,
            false => Duration::ZERO,
        };
        let mut marks = Marks::default();
        let read = |response: &Response| {
            marks = words::marks(response);
            let plain = words::without_tags(response).or_else(|| words::of_odata(response));
            let response = plain.as_ref().unwrap_or(response);
            let result = read(response);
            let may_be_refusal =
                is_description(action) || matches!(result, Err(ProtocolError::Malformed(_)));
            match words::refusal_with_success(response) {
                Some(refusal) if may_be_refusal => Err(refusal),
                _ => result,
            }
        };
        let policy = policy
            .with_max_retry_after(MAX_RETRY_AFTER)
            .with_silence(self.imds_patience.for_next(kept));
        let what = (request, policy.with_max_attempts(attempts));
        let before = self.timeline.len();
        let mut call = self
            .call(action, (client, config.imds_endpoint.origin()), what, read)
            .await;
        call.iter_mut().for_each(|call| call.marks = marks.clone());
        let sent = self.timeline.len() - before;
        self.imds_budget.sent(sent, Instant::now());
        self.imds_patience.waited(&self.timeline[before..]);
        call
    }
}

/// The newest of the api-versions that IMDS named in place of the one sent, if its form is known here.
pub(crate) fn offered_version(call: &Call<Compute, ProtocolError>) -> Option<ApiVersion> {
    let Err(Trouble::Refused(ProtocolError::Rejected(rejection))) = &call.answer else {
        return None;
    };
    let is_readable = |text: &&String| {
        PUBLISHED_VERSIONS.contains(&text.as_str()) && **text != INSTANCE_API_VERSION
    };
    let offered = rejection.newest_versions().iter().filter(is_readable);
    ApiVersion::newest(&offered.collect::<Vec<_>>()).filter(|_| rejection.status() == 400)
}

/// Documents have no form that is told from an error's: they may be empty.
fn is_description(action: &str) -> bool {
    matches!(
        action,
        "imds_instance" | "imds_instance_again" | "imds_identity_info"
    )
}

/// How many requests a question leaves to those after it, even in an update: its retries do not use them up.
fn kept_after(action: &str) -> usize {
    match action {
        "imds_probe" => MAX_IMDS_REQUESTS - PROBE_ATTEMPTS,
        "imds_instance" | "imds_instance_again" => 2,
        "imds_identity_info" | "imds_token_again" => 1,
        _ => 0,
    }
}

fn token_policy() -> RetryPolicy {
    retry_policy()
        .with_classifier(|status| match status {
            404 => RetryClass::Unsettled,
            other => azvm_imds::classify(other),
        })
        .with_unsettled(NOT_FOUND_DELAYS)
}

/// For the token of somebody who may be a stranger: whoever answers 404 to everything is left alone, and a hiccup is over
/// soon. Only what may be an update is waited out.
fn open_policy(may_be_updating: bool) -> RetryPolicy {
    let policy = token_policy()
        .with_unsettled(&[] as &[Duration])
        .with_transient(NOT_FOUND_DELAYS)
        .with_server_error(PROBE_ERROR_DELAYS)
        .with_connection(PROBE_DELAYS);
    match may_be_updating {
        true => policy,
        false => policy.with_updating(PROBE_ERROR_DELAYS),
    }
}

fn probe() -> (Request, RetryPolicy) {
    (
        azvm_imds::probe(),
        probe_policy(RetryPolicy::never(PROBE_BUDGET)),
    )
}

/// Tries again after what may be over in a moment: a lost or refused connection, and a 5xx.
pub(super) fn probe_policy(policy: RetryPolicy) -> RetryPolicy {
    policy
        .with_classifier(|status| match status {
            500..=599 => RetryClass::Transient,
            _ => RetryClass::Final,
        })
        .with_transient(PROBE_ERROR_DELAYS)
        .with_connection(PROBE_DELAYS)
}

fn read_probe(response: &Response) -> ProbeAnswer {
    ProbeAnswer {
        status: response.status(),
        responder: Responder::of(response),
        rejection: Rejection::read(response),
        server: response.header("server").map(service_text),
        flavor: response.header("metadata-flavor").map(service_text),
        reason: response.header(REASON_PHRASE).map(service_text),
    }
}

/// A server that ends every connection does so without being the Guest Proxy Agent, for whom that is a mark. IMDS signs its
/// answers: one that is not signed is somebody else's all the same.
fn closes_without_a_mark(response: &Response, answer: &ProbeAnswer) -> bool {
    let is_unsigned = matches!(answer.responder, Responder::ImdsLike | Responder::Unknown);
    is_unsigned && is_close(response.headers())
}

fn is_close<'a>(mut headers: impl Iterator<Item = (&'a str, &'a str)>) -> bool {
    headers.any(is_close_header)
}

fn is_close_header((name, value): (&str, &str)) -> bool {
    name.eq_ignore_ascii_case("connection") && value.eq_ignore_ascii_case("close")
}

/// The answer without what is no mark of anybody here. One with a body is nobody's by that anyway.
fn without_close(response: &Response, closes: bool) -> Cow<'_, Response> {
    if !closes || !response.body().is_empty() {
        return Cow::Borrowed(response);
    }
    let kept = response.headers().filter(|it| !is_close_header(*it));
    let kept = kept.map(|(name, value)| (name.into(), value.into()));
    Cow::Owned(Response::new(response.status(), kept.collect(), vec![]))
}
