//! A resource, a resource group or a subscription, as far as all of them are alike.

use crate::ArmError;
use alloc::string::{String, ToString};
use azvm_exchange::Response;
use serde_json::Value;

/// What every ARM answer about one thing has in common. Names come in whatever case the service keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resource {
    /// `id`.
    pub id: String,
    /// `name`, or `displayName` of a subscription.
    pub name: Option<String>,
    /// `type`, such as `Microsoft.Resources/resourceGroups`.
    pub resource_type: Option<String>,
    /// `location`.
    pub location: Option<String>,
    /// `properties.provisioningState`, or `state` of a subscription.
    pub state: Option<String>,
}

/// Reads the answer to [`get`](crate::get).
///
/// # Errors
///
/// [`ArmError`] for any status but 200, and for a 200 whose body has no `id`.
pub fn read_resource(response: &Response) -> Result<Resource, ArmError> {
    if response.status() != 200 {
        return Err(ArmError::read(response));
    }
    let body: Value = serde_json::from_slice(response.json_body()).unwrap_or_default();
    let text = |value: &Value, name: &str| Some(value.get(name)?.as_str()?.to_string());
    let id = text(&body, "id").filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| ArmError::unreadable(response, "the body is no ARM resource"))?;
    let provisioning_state = text(&body["properties"], "provisioningState");
    Ok(Resource {
        id,
        name: text(&body, "name").or_else(|| text(&body, "displayName")),
        resource_type: text(&body, "type"),
        location: text(&body, "location"),
        state: provisioning_state.or_else(|| text(&body, "state")),
    })
}
