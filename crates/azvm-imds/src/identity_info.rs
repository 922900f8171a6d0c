//! The tenant, without a token.

use crate::document;
use crate::wire::IdentityInfoBody;
use crate::{Malformed, ProtocolError};
use alloc::string::String;
use azvm_exchange::Response;

/// Reads the answer to [`identity_info`](crate::identity_info): the tenant ID.
///
/// # Errors
///
/// [`ProtocolError::Rejected`] for any status but 200, [`ProtocolError::Malformed`] for a body without a tenant.
pub fn read_identity_info(response: &Response) -> Result<String, ProtocolError> {
    const REASON: &str = "the body has no tenantId";
    let body: IdentityInfoBody = document::read(response, REASON)?;
    body.tenant_id
        .ok_or_else(|| ProtocolError::Malformed(Malformed::new(REASON, response)))
}
