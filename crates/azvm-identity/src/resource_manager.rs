//! Azure Resource Manager calls with the token of a managed identity.

use crate::driver::drive;
use crate::{
    ArmEndpoint, AssignmentFilter, Audience, Cloud, DenyAssignment, Error, ManagedIdentity,
    Permission, ProxyRules, Resource, ResourceId, RoleAssignment, Service, Subscription, Tenant,
    TokenSource, clock, environment,
};
use azvm_arm::{ArmError, ErrorCode, Page, Pages, RESOURCE_GROUP_API_VERSION};
use azvm_exchange::{Exchange, Request, Response, Secret};
use azvm_http::{Client, Limits};
use std::cell::OnceCell;
use std::env::VarError;
use std::time::Duration;

const RESOURCE_GROUP_TYPE: &str = "Microsoft.Resources/resourceGroups";

/// ARM of one cloud, called as one identity. Cheap to clone.
///
/// Every call is retried on ARM's schedule ([`azvm_arm::retry_policy`]), and once more with a fresh token when ARM says
/// that the token has expired. A list is read to its end, at most [`azvm_arm::MAX_PAGES`] pages.
///
/// # Errors
///
/// Every call fails with [`Error::Arm`] when ARM refuses, with [`Error::Unreachable`] when no answer came, with
/// [`Error::Paging`] when a list cannot be read to its end, and with the errors of [`ManagedIdentity::token`].
///
/// # Cancel safety
///
/// Dropping the future of a call closes its connection and leaves nothing behind.
#[derive(Clone, Debug)]
pub struct ResourceManager {
    tokens: TokenSource,
    endpoint: ArmEndpoint,
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

    /// Chooses another endpoint, audience, proxy or certificate authority than those of `cloud`.
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

    /// Reads anything that has an ID; `api_version` belongs to the resource's type.
    ///
    /// # Errors
    ///
    /// Those of [every call](Self#errors).
    pub async fn get(&self, id: &ResourceId, api_version: &str) -> Result<Resource, Error> {
        let request = azvm_arm::get(id, api_version);
        self.ask(&request, azvm_arm::read_resource).await
    }

    /// Reads a resource group.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] when `id` is not that of a resource group, and those of [every call](Self#errors).
    pub async fn resource_group(&self, id: &ResourceId) -> Result<Resource, Error> {
        if id.resource_type() != RESOURCE_GROUP_TYPE {
            return Err(Error::Invalid(
                format!("not the ID of a resource group: {id}").into(),
            ));
        }
        self.get(id, RESOURCE_GROUP_API_VERSION).await
    }

    /// Reads a subscription.
    ///
    /// # Errors
    ///
    /// Those of [every call](Self#errors).
    pub async fn subscription(&self, subscription_id: &str) -> Result<Subscription, Error> {
        let request = azvm_arm::subscription(subscription_id);
        self.ask(&request, azvm_arm::read_subscription).await
    }

    /// Lists the subscriptions in which the identity has a role. None is no error, and no proof that there is no role:
    /// a new one takes up to ten minutes to show.
    ///
    /// # Errors
    ///
    /// Those of [every call](Self#errors).
    pub async fn subscriptions(&self) -> Result<Vec<Subscription>, Error> {
        self.list(azvm_arm::subscriptions(), azvm_arm::read_subscriptions)
            .await
    }

    /// Lists the tenants that the identity belongs to.
    ///
    /// # Errors
    ///
    /// Those of [every call](Self#errors).
    pub async fn tenants(&self) -> Result<Vec<Tenant>, Error> {
        self.list(azvm_arm::tenants(), azvm_arm::read_tenants).await
    }

    /// Lists what the identity may do at `scope`, for [`evaluate`](azvm_arm::evaluate).
    ///
    /// # Errors
    ///
    /// Those of [every call](Self#errors).
    pub async fn permissions(&self, scope: &ResourceId) -> Result<Vec<Permission>, Error> {
        self.list(azvm_arm::permissions(scope), azvm_arm::read_permissions)
            .await
    }

    /// Lists the role assignments that count at `scope` for a principal, inherited ones and those of its groups included.
    ///
    /// # Errors
    ///
    /// Those of [every call](Self#errors).
    pub async fn role_assignments(
        &self,
        scope: &ResourceId,
        object_id: &str,
    ) -> Result<Vec<RoleAssignment>, Error> {
        self.role_assignments_where(scope, AssignmentFilter::AtScopeAssignedTo(object_id))
            .await
    }

    /// Lists the role assignments that pass the filter.
    ///
    /// # Errors
    ///
    /// Those of [every call](Self#errors).
    pub async fn role_assignments_where(
        &self,
        scope: &ResourceId,
        filter: AssignmentFilter<'_>,
    ) -> Result<Vec<RoleAssignment>, Error> {
        let request = azvm_arm::role_assignments_where(scope, filter);
        self.list(request, azvm_arm::read_role_assignments).await
    }

    /// Lists the deny assignments that pass the filter.
    ///
    /// # Errors
    ///
    /// Those of [every call](Self#errors).
    pub async fn deny_assignments(
        &self,
        scope: &ResourceId,
        filter: AssignmentFilter<'_>,
    ) -> Result<Vec<DenyAssignment>, Error> {
        let request = azvm_arm::deny_assignments(scope, filter);
        self.list(request, azvm_arm::read_deny_assignments).await
    }

    async fn list<T>(
        &self,
        first: Request,
        read: fn(&Response) -> Result<Page<T>, ArmError>,
    ) -> Result<Vec<T>, Error> {
        let mut pages = Pages::new(self.endpoint.clone());
        let mut items = Vec::new();
        let mut next = Some(first);
        while let Some(request) = next {
            let page = self.ask(&request, read).await?;
            next = pages.next_request(&page)?;
            items.extend(page.value);
        }
        Ok(items)
    }

    /// One call, and a second one with a fresh token when the first one's had expired.
    async fn ask<T>(
        &self,
        request: &Request,
        read: fn(&Response) -> Result<T, ArmError>,
    ) -> Result<T, Error> {
        let token = self.tokens.token().await?.to_arc();
        match read(&self.send(request, token.secret()).await?) {
            Err(error) if error.error_code() == Some(ErrorCode::ExpiredAuthenticationToken) => {
                self.tokens.invalidate(&token);
                let fresh = self.tokens.token().await?.to_arc();
                // IMDS has a memory of its own; the same token would be refused again.
                if fresh.secret() == token.secret() {
                    return Err(error.into());
                }
                Ok(read(&self.send(request, fresh.secret()).await?)?)
            }
            outcome => Ok(outcome?),
        }
    }

    async fn send(&self, request: &Request, bearer: &Secret) -> Result<Response, Error> {
        let policy = azvm_arm::retry_policy().with_deadline(self.deadline);
        let request = request.clone().with_bearer(bearer);
        let exchange = Exchange::new(request, policy, clock::seed());
        let driven = drive(&self.client, self.endpoint.origin(), exchange, |_| {}).await;
        driven
            .result
            .map_err(|failure| Error::Unreachable(Service::Arm, Box::new(failure)))
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

    /// Which calls go through which HTTP proxy; none otherwise. The proxy sees the host's name, and neither path nor token.
    #[must_use]
    pub fn proxy(mut self, rules: ProxyRules) -> Self {
        self.proxy = rules;
        self
    }

    /// [`proxy`](Self::proxy) as the variables `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say, in either case; see
    /// [`ProxyRules::from_lookup`]. The metadata service is asked directly all the same.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] names the variable that holds no proxy which can be used.
    pub fn proxy_from_env(self) -> Result<Self, Error> {
        let not_text = OnceCell::new();
        let rules = ProxyRules::from_lookup(|name| {
            let value = environment::process(name);
            if matches!(value, Err(VarError::NotUnicode(_))) {
                _ = not_text.set(name.to_owned());
            }
            value.ok()
        })
        .map_err(|error| Error::Invalid(error.to_string().into()))?;
        match not_text.into_inner() {
            Some(name) => Err(Error::Invalid(format!("{name}: not valid Unicode").into())),
            None => Ok(self.proxy(rules)),
        }
    }

    /// How long one call may take, retries included and the token not; [`azvm_arm::DEFAULT_DEADLINE`] otherwise. A list
    /// has this time for each page.
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
            tokens: self.identity.audience(&audience),
            endpoint: self.endpoint,
            deadline: self.deadline,
            client,
        })
    }
}
