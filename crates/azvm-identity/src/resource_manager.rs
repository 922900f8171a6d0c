//! Azure Resource Manager calls with the token of a managed identity.

use crate::driver::drive;
use crate::{
    ArmEndpoint, Audience, Cloud, Error, ManagedIdentity, Resource, ResourceId, Service, clock,
};
use azvm_arm::RESOURCE_GROUP_API_VERSION;
use azvm_exchange::Exchange;
use azvm_http::{Client, Limits, ProxyRules};
use std::time::Duration;

const RESOURCE_GROUP_TYPE: &str = "Microsoft.Resources/resourceGroups";

/// ARM of one cloud, called as one identity. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ResourceManager {
    identity: ManagedIdentity,
    endpoint: ArmEndpoint,
    audience: Audience,
    deadline: Duration,
    client: Client,
}

impl ResourceManager {
    /// ARM of `cloud`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] when the platform's trust store cannot be read.
    pub fn new(identity: ManagedIdentity, cloud: Cloud) -> Result<Self, Error> {
        Self::builder(identity, cloud).build()
    }

    /// Chooses another endpoint, audience or certificate authority than those of `cloud`.
    pub fn builder(identity: ManagedIdentity, cloud: Cloud) -> ResourceManagerBuilder {
        ResourceManagerBuilder {
            identity,
            cloud,
            endpoint: cloud.into(),
            audience: None,
            ca_pem: Vec::new(),
            proxy: ProxyRules::default(),
            deadline: azvm_arm::DEFAULT_DEADLINE,
        }
    }

    /// Reads a resource group.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] when `id` is not that of a resource group; [`Error::Arm`] when ARM refuses; and the errors of
    /// [`ManagedIdentity::token`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn resource_group(&self, id: &ResourceId) -> Result<Resource, Error> {
        if id.resource_type() != RESOURCE_GROUP_TYPE {
            return Err(Error::Invalid(
                format!("not the ID of a resource group: {id}").into(),
            ));
        }
        self.get(id, RESOURCE_GROUP_API_VERSION).await
    }

    /// Reads anything that has an ID; `api_version` belongs to the resource's type.
    ///
    /// # Errors
    ///
    /// As [`resource_group`](Self::resource_group), but for any ID.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection.
    pub async fn get(&self, id: &ResourceId, api_version: &str) -> Result<Resource, Error> {
        let token = self.identity.token(&self.audience).await?;
        let request = azvm_arm::get(id, api_version).with_bearer(token.secret());
        let policy = azvm_arm::retry_policy().with_deadline(self.deadline);
        let exchange = Exchange::new(request, policy, clock::seed());
        let driven = drive(&self.client, self.endpoint.origin(), exchange, |_| {}).await;
        let response = driven
            .result
            .map_err(|failure| Error::Unreachable(Service::Arm, Box::new(failure)))?;
        Ok(azvm_arm::read_resource(&response)?)
    }
}

/// Settings of a [`ResourceManager`].
#[derive(Clone, Debug)]
pub struct ResourceManagerBuilder {
    identity: ManagedIdentity,
    cloud: Cloud,
    endpoint: ArmEndpoint,
    audience: Option<Audience>,
    ca_pem: Vec<u8>,
    proxy: ProxyRules,
    deadline: Duration,
}

impl ResourceManagerBuilder {
    /// Where ARM is; the cloud's own otherwise. The host is trusted with tokens.
    #[must_use]
    pub fn endpoint(mut self, endpoint: ArmEndpoint) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// The audience to ask tokens for; [`Cloud::audience`] otherwise.
    #[must_use]
    pub fn audience(mut self, audience: Audience) -> Self {
        self.audience = Some(audience);
        self
    }

    /// Certificate authorities in PEM to trust beside the platform's.
    #[must_use]
    pub fn ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_pem = pem.into();
        self
    }

    /// Which calls go through an HTTP proxy; none otherwise. IMDS is never asked through one.
    ///
    /// Nothing here reads the environment. A program that wants to be steered by `HTTPS_PROXY` and `NO_PROXY` says so:
    ///
    /// ```
    /// use azvm_identity::ProxyRules;
    ///
    /// let rules = ProxyRules::from_lookup(|name| std::env::var(name).ok())?;
    /// # let _ = rules;
    /// # Ok::<(), azvm_identity::ProxyError>(())
    /// ```
    #[must_use]
    pub fn proxy(mut self, rules: ProxyRules) -> Self {
        self.proxy = rules;
        self
    }

    /// How long one call may take, retries included and the token not; [`azvm_arm::DEFAULT_DEADLINE`] otherwise.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Reads the trust store; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] when the trust store or the PEM cannot be read.
    pub fn build(self) -> Result<ResourceManager, Error> {
        let client = if self.endpoint.is_plain_http() {
            Client::plain(Limits::arm()).with_secrets_on_loopback(true)
        } else {
            Client::arm(&self.ca_pem)
                .map_err(|error| Error::Invalid(error.to_failure().to_string().into()))?
                .with_proxy(self.proxy)
        };
        let audience = match self.audience {
            Some(audience) => audience,
            None => Audience::new(self.cloud.audience())
                .map_err(|error| Error::Invalid(error.to_string().into()))?,
        };
        Ok(ResourceManager {
            identity: self.identity,
            endpoint: self.endpoint,
            audience,
            deadline: self.deadline,
            client,
        })
    }
}
