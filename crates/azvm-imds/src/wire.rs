//! Bodies exactly as the service sends them, with their quirks. Private: nothing here is part of the API.

use crate::document::document;
use crate::loose::Scalar;
use alloc::string::String;
use alloc::vec::Vec;

/// The answer of the token endpoint. IMDS sends its members in alphabetical order and all numbers as strings; the
/// OpenAPI description types them all as strings; other hosts send JSON numbers, `""`, or nothing.
///
/// Everything is borrowed from the body. An answer that has one of these members twice is refused as a whole: which of
/// two tokens, or of two expiries, is meant is nothing to guess about.
#[derive(serde::Deserialize)]
pub(crate) struct TokenBody<'a> {
    #[serde(borrow)]
    pub(crate) access_token: Scalar<'a>,
    #[serde(borrow, default)]
    pub(crate) client_id: Scalar<'a>,
    #[serde(borrow, default)]
    pub(crate) expires_in: Scalar<'a>,
    #[serde(borrow, default)]
    pub(crate) expires_on: Scalar<'a>,
    #[serde(borrow, default)]
    pub(crate) msi_res_id: Scalar<'a>,
    #[serde(borrow, default)]
    pub(crate) object_id: Scalar<'a>,
    #[serde(borrow, default)]
    pub(crate) resource: Scalar<'a>,
    #[serde(borrow, default)]
    pub(crate) token_type: Scalar<'a>,
}

document! {
    /// An error. The token path fills `error` and `error_description`; the instance paths put a sentence into `error`
    /// and add `newest-versions` when the api-version was wrong.
    pub(crate) struct ErrorBody {
        error: Option<String> = word("error"),
        error_description: Option<String> = word("error_description"),
        newest_versions: Vec<String> = texts("newest-versions"),
    }

    pub(crate) struct VersionsBody {
        api_versions: Vec<String> = texts("apiVersions"),
    }

    pub(crate) struct IdentityInfoBody {
        tenant_id: Option<String> = text("tenantId"),
    }
}
