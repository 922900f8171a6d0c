//! What the machine is: the instance document, the list of versions, and the tenant.

use crate::wire::{IdentityInfoBody, VersionsBody};
use crate::{Malformed, ProtocolError};
use alloc::string::String;
use alloc::vec::Vec;
use azvm_exchange::{Response, service_text};
use serde_json::{Map, Value};

/// The `compute` part of the instance document, as far as it is used. Every member may be missing; IMDS sends `""` for
/// what it does not know, which reads as `None` here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compute {
    /// `azEnvironment`: `AzurePublicCloud`, `AzureUSGovernmentCloud`, …; its case varies.
    pub az_environment: Option<String>,
    /// `location`.
    pub location: Option<String>,
    /// `name` of the VM.
    pub name: Option<String>,
    /// `osType`.
    pub os_type: Option<String>,
    /// `resourceGroupName`; its case may differ from that in other APIs.
    pub resource_group_name: Option<String>,
    /// `resourceId` of the VM.
    pub resource_id: Option<String>,
    /// `subscriptionId`.
    pub subscription_id: Option<String>,
    /// `vmId`.
    pub vm_id: Option<String>,
    /// `vmScaleSetName`.
    pub vm_scale_set_name: Option<String>,
    /// `zone`.
    pub zone: Option<String>,
}

/// Reads the answer to [`instance`](crate::instance), or to the same path with `/compute`.
///
/// # Errors
///
/// [`ProtocolError::Rejected`] for any status but 200, [`ProtocolError::Malformed`] for a body that is no object.
pub fn read_instance(response: &Response) -> Result<Compute, ProtocolError> {
    ProtocolError::unless_ok(response)?;
    let document: Map<String, Value> = read(response, "the body is no instance document")?;
    let compute = document
        .get("compute")
        .and_then(Value::as_object)
        .unwrap_or(&document);
    let text = |name: &str| {
        compute
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(service_text)
    };
    Ok(Compute {
        az_environment: text("azEnvironment"),
        location: text("location"),
        name: text("name"),
        os_type: text("osType"),
        resource_group_name: text("resourceGroupName"),
        resource_id: text("resourceId"),
        subscription_id: text("subscriptionId"),
        vm_id: text("vmId"),
        vm_scale_set_name: text("vmScaleSetName"),
        zone: text("zone"),
    })
}

/// Reads the answer to [`versions`](crate::versions): the api-versions, oldest first as the service lists them.
///
/// # Errors
///
/// As [`read_instance`].
pub fn read_versions(response: &Response) -> Result<Vec<String>, ProtocolError> {
    ProtocolError::unless_ok(response)?;
    let body: VersionsBody = read(response, "the body is no list of versions")?;
    Ok(body
        .api_versions
        .iter()
        .take(256)
        .map(|version| service_text(version))
        .collect())
}

/// Reads the answer to [`identity_info`](crate::identity_info): the tenant ID.
///
/// # Errors
///
/// As [`read_instance`].
pub fn read_identity_info(response: &Response) -> Result<String, ProtocolError> {
    ProtocolError::unless_ok(response)?;
    let body: IdentityInfoBody = read(response, "the body has no tenantId")?;
    Ok(service_text(&body.tenant_id))
}

fn read<T: serde::de::DeserializeOwned>(
    response: &Response,
    reason: &'static str,
) -> Result<T, ProtocolError> {
    serde_json::from_slice(response.json_body())
        .map_err(|_| ProtocolError::Malformed(Malformed::new(reason, response)))
}
