//! The requests.

use crate::TokenRequest;
#[cfg(feature = "machine")]
use crate::{InstancePath, InstanceRequest};
#[cfg(feature = "machine")]
use alloc::format;
use alloc::string::String;
use azvm_exchange::{Request, encode_query_value};

/// The api-version of the token endpoint and of the tenant: the first that has them, hence present on every cloud, and
/// the one most clients send.
///
/// Source: *How to use managed identities for Azure resources on an Azure VM to acquire an access token*.
pub const TOKEN_API_VERSION: &str = "2018-02-01";

/// The api-version of the instance document: `resourceId`, `azEnvironment` and `tagsList` are all there, and every
/// cloud has had it for years.
///
/// Source: *Azure Instance Metadata Service*, Instance metadata.
#[cfg(feature = "machine")]
pub const INSTANCE_API_VERSION: &str = "2021-02-01";

/// The api-version of the instance document with `extended=true`, as cloud-init asks for it.
///
/// Source: canonical/cloud-init:cloudinit/sources/azure/imds.py.
#[cfg(feature = "machine")]
pub const EXTENDED_INSTANCE_API_VERSION: &str = "2021-08-01";

/// The largest token answer that is read. Tokens are one to three kilobytes; no maximum is published.
pub const MAX_TOKEN_RESPONSE_BYTES: usize = 64 * 1024;

pub(crate) const TOKEN_PATH: &str = "/metadata/identity/oauth2/token";

/// `GET /metadata/versions`, the one path without an api-version.
#[cfg(feature = "machine")]
pub fn versions() -> Request {
    with_metadata_header(Request::get("/metadata/versions".into()))
}

/// `GET /metadata/identity/info`: the tenant, without a token.
#[cfg(feature = "machine")]
pub fn identity_info() -> Request {
    with_metadata_header(Request::get(format!(
        "/metadata/identity/info?api-version={TOKEN_API_VERSION}"
    )))
}

/// `GET /metadata/instance`: what the machine is. [`InstanceRequest`] asks for parts, other versions and more members.
#[cfg(feature = "machine")]
pub fn instance() -> Request {
    InstanceRequest::json(InstancePath::new()).to_request()
}

/// The order of the parameters is fixed: api-version, resource, selector.
pub(crate) fn token(ask: &TokenRequest) -> Request {
    let mut target = String::with_capacity(256);
    target.push_str(TOKEN_PATH);
    target.push_str("?api-version=");
    target.push_str(TOKEN_API_VERSION);
    target.push_str("&resource=");
    encode_query_value(ask.audience().as_str(), &mut target);
    ask.selector().append_to(&mut target);
    with_metadata_header(Request::get(target)).with_max_response_bytes(MAX_TOKEN_RESPONSE_BYTES)
}

pub(crate) fn with_metadata_header(request: Request) -> Request {
    request.with_header("Metadata", "true")
}
