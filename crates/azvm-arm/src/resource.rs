//! A resource, a resource group or a subscription, as far as all of them are alike.

use crate::ArmError;
use alloc::string::String;
use azvm_exchange::Response;

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

#[derive(serde::Deserialize)]
struct Body {
    id: String,
    name: Option<String>,
    #[serde(rename = "displayName")]
    display_name: Option<String>,
    #[serde(rename = "type")]
    resource_type: Option<String>,
    location: Option<String>,
    state: Option<String>,
    properties: Option<Properties>,
}

#[derive(serde::Deserialize)]
struct Properties {
    #[serde(rename = "provisioningState")]
    provisioning_state: Option<String>,
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
    let body: Body = serde_json::from_slice(response.body())
        .map_err(|_| ArmError::unreadable(response, "the body is no ARM resource"))?;
    Ok(Resource {
        id: body.id,
        name: body.name.or(body.display_name),
        resource_type: body.resource_type,
        location: body.location,
        state: body
            .properties
            .and_then(|properties| properties.provisioning_state)
            .or(body.state),
    })
}
