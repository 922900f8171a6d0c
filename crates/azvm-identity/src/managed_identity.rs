//! Tokens.

use crate::driver::drive;
use crate::{Audience, Error, IdentitySelector, ImdsEndpoint, Service, clock};
use azvm_exchange::{Exchange, Failure, FailureKind, Phase};
use azvm_http::Client;
use azvm_imds::{AccessToken, TokenRequest};
use azvm_token_cache::{Cache, DEFAULT_MARGIN, FetchError, Fresh};
use std::sync::Arc;
use std::time::Duration;

/// A managed identity of this virtual machine. Cheap to clone; clones share the connection settings and the tokens.
///
/// Make one per identity and keep it: IMDS allows 20 token requests a second and 5 at a time for the whole VM.
#[derive(Clone, Debug)]
pub struct ManagedIdentity(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    selector: IdentitySelector,
    endpoint: ImdsEndpoint,
    deadline: Duration,
    client: Client,
    tokens: Cache<Audience, AccessToken, Error>,
}

impl ManagedIdentity {
    /// The identity that answers when none is named: the system-assigned one, or else the only user-assigned one.
    pub fn system() -> Self {
        Self::builder().build()
    }

    /// Chooses the identity, the endpoint and the deadline.
    pub fn builder() -> Builder {
        Builder {
            selector: IdentitySelector::System,
            endpoint: ImdsEndpoint::default(),
            deadline: azvm_imds::DEFAULT_DEADLINE,
        }
    }

    /// A token for `audience`, from memory while it has more than five minutes left.
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`], [`Error::Unavailable`], [`Error::Refused`] or [`Error::Unexpected`], the same for all
    /// who waited for this fetch. Errors are not remembered.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future does not stop the fetch, which others may be waiting for; it ends by its own deadline.
    pub async fn token(&self, audience: &Audience) -> Result<Arc<AccessToken>, Error> {
        let inner = &self.0;
        // In a box, for on its way to its task the future is moved several times, and it is large.
        let fetch = || Box::pin(fetch(Arc::clone(inner), audience.clone()));
        inner
            .tokens
            .get_or_fetch(audience, fetch)
            .await
            .map_err(|error| match error {
                FetchError::Failed(error) => Error::clone(&error),
                _ => {
                    let detail = "the task that fetched the token ended without an answer".into();
                    let failure = Failure::new(FailureKind::Other, Phase::FirstByte, detail);
                    Error::Unreachable(Service::Imds, Box::new(failure))
                }
            })
    }

    /// Which identity this is.
    pub fn selector(&self) -> &IdentitySelector {
        &self.0.selector
    }
}

async fn fetch(inner: Arc<Inner>, audience: Audience) -> Result<Fresh<AccessToken>, Error> {
    let ask = TokenRequest::new(audience, inner.selector.clone());
    let policy = azvm_imds::retry_policy().with_deadline(inner.deadline);
    let exchange = Exchange::new(ask.to_request(), policy, clock::seed());
    let driven = drive(&inner.client, inner.endpoint.origin(), exchange, |_| {}).await;
    let response = driven
        .result
        .map_err(|failure| Error::Unreachable(Service::Imds, Box::new(failure)))?;
    let token = ask.read(&response, clock::now())?;
    let (expires_on, expires_in) = (token.expires_on().unix_seconds(), token.expires_in());
    Ok(Fresh::new(token, expires_on, expires_in))
}

/// Settings of a [`ManagedIdentity`].
#[derive(Clone, Debug)]
pub struct Builder {
    selector: IdentitySelector,
    endpoint: ImdsEndpoint,
    deadline: Duration,
}

impl Builder {
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
        self.deadline = deadline;
        self
    }

    /// The identity. Nothing is sent yet.
    pub fn build(self) -> ManagedIdentity {
        ManagedIdentity(Arc::new(Inner {
            selector: self.selector,
            endpoint: self.endpoint,
            deadline: self.deadline,
            client: Client::imds(),
            tokens: Cache::new(DEFAULT_MARGIN),
        }))
    }
}
