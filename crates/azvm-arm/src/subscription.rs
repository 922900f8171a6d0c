//! Subscriptions and tenants: what an accepted token sees without any role of its own.

use crate::page::{Page, read_page};
use crate::wire::{Bounded, Loose, Object};
use crate::{ArmError, RequestIds};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use azvm_exchange::Response;

/// One page of the subscriptions in which the caller has a role that is visible. An empty list with a 200 proves that the
/// token was accepted, and does not tell a missing role from one that has not propagated.
pub type Subscriptions = Page<Subscription>;

/// One page of the tenants that the caller is known in.
pub type Tenants = Page<Tenant>;

/// The most texts that are read of a list inside an item.
const MAX_TEXTS: usize = 100;

/// A subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subscription {
    /// `id`: `/subscriptions/{subscriptionId}`.
    pub id: String,
    /// `subscriptionId`.
    pub subscription_id: String,
    /// `tenantId`: the tenant whose tokens it takes.
    pub tenant_id: Option<String>,
    /// `displayName`.
    pub display_name: Option<String>,
    /// `state`: `Enabled`, `Warned`, `PastDue`, `Disabled` or `Deleted`.
    pub state: Option<String>,
    /// `managedByTenants[].tenantId`.
    pub managed_by_tenants: Vec<String>,
    /// `tags`, as far as their values are texts.
    pub tags: BTreeMap<String, String>,
    /// The ids of the answer, when it was about this subscription alone; a [`Page`] has its own.
    pub request_ids: RequestIds,
}

/// A tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tenant {
    /// `id`: `/tenants/{tenantId}`.
    pub id: String,
    /// `tenantId`.
    pub tenant_id: String,
    /// `displayName`.
    pub display_name: Option<String>,
    /// `defaultDomain`.
    pub default_domain: Option<String>,
    /// `tenantCategory`: `Home`, `ManagedBy` or `ProjectedBy`.
    pub category: Option<String>,
    /// `domains`.
    pub domains: Vec<String>,
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SubscriptionBody {
    id: Loose<String>,
    subscription_id: Loose<String>,
    tenant_id: Loose<String>,
    display_name: Loose<String>,
    state: Loose<String>,
    managed_by_tenants: Loose<Bounded<Loose<Object<ManagedBy>>, MAX_TEXTS>>,
    tags: Loose<BTreeMap<String, String>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ManagedBy {
    tenant_id: Loose<String>,
}

impl From<SubscriptionBody> for Subscription {
    fn from(body: SubscriptionBody) -> Self {
        let managers = body.managed_by_tenants.0.unwrap_or_default().0.into_iter();
        Self {
            id: body.id.0.unwrap_or_default(),
            subscription_id: body.subscription_id.0.unwrap_or_default(),
            tenant_id: body.tenant_id.0,
            display_name: body.display_name.0,
            state: body.state.0,
            managed_by_tenants: managers.filter_map(|by| by.0?.0.tenant_id.0).collect(),
            tags: body.tags.0.unwrap_or_default(),
            request_ids: RequestIds::default(),
        }
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct TenantBody {
    id: Loose<String>,
    tenant_id: Loose<String>,
    display_name: Loose<String>,
    default_domain: Loose<String>,
    tenant_category: Loose<String>,
    domains: Loose<Bounded<Loose<String>, MAX_TEXTS>>,
}

/// Reads the answer to [`subscription`](crate::subscription()).
///
/// # Errors
///
/// [`ArmError`] for any status but 200, and for a 200 whose body has no `subscriptionId`.
pub fn read_subscription(response: &Response) -> Result<Subscription, ArmError> {
    if response.status() != 200 {
        return Err(ArmError::read(response));
    }
    let Object(body) = serde_json::from_slice::<Object<SubscriptionBody>>(response.json_body())
        .unwrap_or_default();
    let mut subscription = Subscription::from(body);
    if subscription.subscription_id.is_empty() {
        return Err(ArmError::unreadable(response, "subscription"));
    }
    subscription.request_ids = RequestIds::read(response);
    Ok(subscription)
}

/// Reads the answer to [`subscriptions`](crate::subscriptions).
///
/// # Errors
///
/// [`ArmError`] for any status but 200, and for a 200 that is no such list.
pub fn read_subscriptions(response: &Response) -> Result<Subscriptions, ArmError> {
    read_page(response, "subscriptions", |item: SubscriptionBody| {
        item.into()
    })
}

/// Reads the answer to [`tenants`](crate::tenants).
///
/// # Errors
///
/// [`ArmError`] for any status but 200, and for a 200 that is no such list.
pub fn read_tenants(response: &Response) -> Result<Tenants, ArmError> {
    read_page(response, "tenants", |item: TenantBody| {
        let domains = item.domains.0.unwrap_or_default().0.into_iter();
        Tenant {
            id: item.id.0.unwrap_or_default(),
            tenant_id: item.tenant_id.0.unwrap_or_default(),
            display_name: item.display_name.0,
            default_domain: item.default_domain.0,
            category: item.tenant_category.0,
            domains: domains.filter_map(|domain| domain.0).collect(),
        }
    })
}
