//! Tokens.

use crate::driver::drive_in_turn;
use crate::error::no_token;
use crate::limiter::Limiter;
use crate::{
    Audience, Clock, Error, IdentitySelector, ImdsEndpoint, Metrics, RetryPolicy, Service, Token,
    TokenSource, clock, environment,
};
use azvm_exchange::{Exchange, Timestamp};
use azvm_http::Client;
use azvm_imds::{AccessToken, TokenRequest};
use azvm_token_cache::{Cache, Config, Failed, Fresh, SystemClock};
use std::sync::Arc;
use std::time::Duration;

/// How long after its deadline a fetch that has not ended is no longer waited for: it has a deadline of its own, so that only
/// one whose runtime is not driven comes to this.
pub const FETCH_GRACE: Duration = Duration::from_secs(60);

/// A managed identity of this virtual machine. Cheap to clone; clones share the connection settings and the tokens.
///
/// Make one per identity and keep it: IMDS allows 20 token requests a second and 5 at a time for the whole VM.
#[derive(Clone, Debug)]
pub struct ManagedIdentity(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    selector: IdentitySelector,
    endpoint: ImdsEndpoint,
    retry: RetryPolicy,
    clock: Arc<dyn Clock>,
    client: Client,
    limiter: Arc<Limiter>,
    tokens: Cache<Audience, AccessToken, Error>,
}

impl ManagedIdentity {
    /// The identity that answers when none is named: the system-assigned one, or else the only user-assigned one.
    pub fn system() -> Self {
        Self::builder().build()
    }

    /// Chooses the identity, the endpoint, and how long to try.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// A token for `audience`, from memory while it has more than five minutes left. From half of its life on, a new one
    /// is fetched in the background.
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`], [`Error::Unavailable`], [`Error::Refused`], [`Error::Unexpected`] or [`Error::Stopped`], the
    /// same for all who waited for this fetch. [`Error::Refused`] and [`Error::Unexpected`] are given to all who ask within
    /// [`DEFAULT_ERROR_MEMORY`](azvm_token_cache::DEFAULT_ERROR_MEMORY); other errors are not remembered.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future does not stop the fetch, which others may be waiting for; it ends by its own deadline.
    pub async fn token(&self, audience: &Audience) -> Result<Token, Error> {
        let fetch = || fetch(Arc::clone(&self.0), audience.clone());
        let outcome = self.0.tokens.get_or_fetch(audience, fetch).await;
        outcome.map_err(no_token)
    }

    /// The tokens for one audience, found once: what a program that asks for the same audience again and again keeps.
    pub fn audience(&self, audience: &Audience) -> TokenSource {
        let entry = self.0.tokens.entry(audience);
        TokenSource::new(Arc::clone(&self.0), Arc::new(audience.clone()), entry)
    }

    /// Forgets this token, because a service refused it: the next call for `audience` fetches one. Any other token that
    /// is there by now stays. False when there was nothing to forget.
    ///
    /// IMDS has its own memory and may hand out the same token again until it expires.
    pub fn invalidate(&self, audience: &Audience, token: &AccessToken) -> bool {
        let kept = self.0.tokens.peek(audience);
        kept.is_some_and(|kept| {
            kept.secret() == token.secret() && self.0.tokens.invalidate(audience, &kept)
        })
    }

    /// Which identity this is.
    pub fn selector(&self) -> &IdentitySelector {
        &self.0.selector
    }

    /// Counts of hits, fetches and failures since this identity was built, over all its audiences.
    pub fn metrics(&self) -> Metrics {
        self.0.tokens.metrics()
    }
}

/// A refusal is definitive, and so is an answer that is none: IMDS, or who stands in its place, says the same until
/// somebody assigns the identity, corrects the audience, or takes the proxy away.
pub(crate) fn fetch(
    inner: Arc<Inner>,
    audience: Audience,
) -> impl Future<Output = Result<Fresh<AccessToken>, Failed<Error>>> + Send + Unpin {
    Box::pin(async move {
        ask(&inner, audience).await.map_err(|error| match error {
            Error::Refused(_) | Error::Unexpected(_) => Failed::Definitive(error),
            other => Failed::Transient(other),
        })
    })
}

async fn ask(inner: &Inner, audience: Audience) -> Result<Fresh<AccessToken>, Error> {
    let ask = TokenRequest::new(audience, inner.selector.clone());
    let exchange = Exchange::new(ask.to_request(), inner.retry.clone(), clock::seed());
    let origin = inner.endpoint.origin();
    let driven = drive_in_turn(&inner.client, origin, exchange, &inner.limiter).await;
    let response = driven
        .result
        .map_err(|failure| Error::Unreachable(Service::Imds, Box::new(failure)))?;
    let received_at = Timestamp::from_unix_seconds(inner.clock.unix_secs());
    let token = ask.read(&response, received_at)?;
    let (expires_on, expires_in) = (token.expires_on().unix_seconds(), token.expires_in());
    Ok(Fresh::new(token, expires_on, expires_in))
}

/// Settings of a [`ManagedIdentity`].
#[derive(Clone, Debug)]
pub struct Builder {
    selector: IdentitySelector,
    endpoint: ImdsEndpoint,
    retry: RetryPolicy,
    clock: Option<Arc<dyn Clock>>,
}

impl Builder {
    fn new() -> Self {
        Self {
            selector: IdentitySelector::System,
            endpoint: ImdsEndpoint::default(),
            retry: azvm_imds::retry_policy(),
            clock: None,
        }
    }

    /// The defaults, with the identity from [`CLIENT_ID_VARIABLE`](crate::CLIENT_ID_VARIABLE) and the endpoint from
    /// [`ENDPOINT_VARIABLE`](crate::ENDPOINT_VARIABLE), as other Azure SDKs read them. A variable that is empty counts as
    /// unset. In no other way does the environment change where a request goes.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] names a variable that holds something else than a GUID, or than the origin of a stand-in on a
    /// loopback or link-local address.
    pub fn from_env() -> Result<Self, Error> {
        let selector = environment::selector(&environment::process)?;
        let endpoint = environment::endpoint(&environment::process)?;
        Ok(Self {
            selector: selector.unwrap_or(IdentitySelector::System),
            endpoint: endpoint.unwrap_or_default(),
            ..Self::new()
        })
    }

    /// Which identity; [`IdentitySelector::System`] otherwise.
    #[must_use]
    pub fn selector(mut self, selector: IdentitySelector) -> Self {
        self.selector = selector;
        self
    }

    /// Where IMDS is; [`azvm_imds::DEFAULT_ENDPOINT`] otherwise. For a simulator.
    #[must_use]
    pub fn endpoint(mut self, endpoint: ImdsEndpoint) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// How long one fetch may take, retries included; [`azvm_imds::DEFAULT_DEADLINE`] otherwise. Under 75 seconds a
    /// fetch can fail because IMDS was being updated.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.retry = self.retry.with_deadline(deadline);
        self
    }

    /// When to try again, and for how long; [`azvm_imds::retry_policy`] otherwise. For a program that has attached the
    /// identity itself a moment ago there is [`azvm_imds::just_attached_policy`].
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Another clock than the system's, which decides when a token has expired. For tests.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The identity. Nothing is sent yet.
    pub fn build(self) -> ManagedIdentity {
        let mut config = Config::new()
            .with_fetch_limit(self.retry.deadline().saturating_add(FETCH_GRACE))
            .with_sleep(|time| Box::pin(tokio::time::sleep(time)));
        if let Some(clock) = &self.clock {
            config = config.with_clock(Arc::clone(clock));
        }
        ManagedIdentity(Arc::new(Inner {
            selector: self.selector,
            limiter: Limiter::of(self.endpoint.origin()),
            endpoint: self.endpoint,
            retry: self.retry,
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock::new())),
            client: Client::imds().with_resending(false), // each request takes a turn
            tokens: Cache::new(config),
        }))
    }
}
