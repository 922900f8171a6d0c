//! The requests.

use crate::TokenRequest;
use alloc::format;
use alloc::string::String;
use azvm_exchange::{Request, encode_query_value};

/// The api-version of the token endpoint: the first that has it, hence present on every cloud, and the one most
/// clients send.
pub const TOKEN_API_VERSION: &str = "2018-02-01";

/// The api-version of the instance document: `resourceId`, `azEnvironment` and `tagsList` are all there, and every
/// cloud has had it for years.
pub const INSTANCE_API_VERSION: &str = "2021-02-01";

/// The largest token answer that is read. Tokens are one to three kilobytes; no maximum is published.
pub const MAX_TOKEN_RESPONSE_BYTES: usize = 64 * 1024;

const TOKEN_PATH: &str = "/metadata/identity/oauth2/token";

/// The token endpoint *without* the `Metadata` header: a genuine IMDS answers 400 and says so, and never hands out a
/// token. Asking this way is also the gentlest: IMDS throttles its 200s harder than its 400s.
pub fn probe() -> Request {
    Request::get(format!("{TOKEN_PATH}?api-version={TOKEN_API_VERSION}"))
        .with_max_response_bytes(MAX_TOKEN_RESPONSE_BYTES)
}

/// `GET /metadata/versions`, the one path without an api-version.
pub fn versions() -> Request {
    with_metadata_header(Request::get("/metadata/versions".into()))
}

/// `GET /metadata/identity/info`: the tenant, without a token.
pub fn identity_info() -> Request {
    with_metadata_header(Request::get(format!(
        "/metadata/identity/info?api-version={TOKEN_API_VERSION}"
    )))
}

/// `GET /metadata/instance`: what the machine is.
pub fn instance() -> Request {
    with_metadata_header(Request::get(format!(
        "/metadata/instance?api-version={INSTANCE_API_VERSION}"
    )))
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

fn with_metadata_header(request: Request) -> Request {
    request.with_header("Metadata", "true")
}
