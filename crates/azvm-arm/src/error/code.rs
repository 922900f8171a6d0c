//! The codes that ARM is known to refuse with.

/// What `error.code` says, as far as it is known here. ARM's set is open: providers add their own.
///
/// Sources: *Troubleshoot common Azure deployment errors*, *Troubleshoot Azure RBAC*, and users' reports of the 401 codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// 401: there was no token.
    AuthenticationFailed,
    /// 403: no role that is visible allows it, a condition (ABAC) is not fulfilled, or the scope does not exist.
    AuthorizationFailed,
    /// 403: a role allows it, a deny assignment does not.
    DenyAssignmentAuthorizationFailed,
    /// 401: the token has expired.
    ExpiredAuthenticationToken,
    /// 500.
    InternalServerError,
    /// 400: the api-version is not one of the type's.
    InvalidApiVersionParameter,
    /// 401: the token cannot be read, or lacks something.
    InvalidAuthenticationToken,
    /// 401: the token is for another service, or another cloud.
    InvalidAuthenticationTokenAudience,
    /// 401: the token is of another tenant than the subscription's.
    InvalidAuthenticationTokenTenant,
    /// 400: the subscription ID is no GUID.
    InvalidSubscriptionId,
    /// 400 or 403: the caller may do it here, and not on a second resource that the operation touches.
    LinkedAuthorizationFailed,
    /// 400: the request has no api-version.
    MissingApiVersionParameter,
    /// 409: the resource provider is not registered in the subscription.
    MissingSubscriptionRegistration,
    /// 400: the provider has no such type, location or api-version.
    NoRegisteredProviderFound,
    /// 400: the directory does not know the principal, or not yet.
    PrincipalNotFound,
    /// 403: a policy forbids it, whatever the roles.
    RequestDisallowedByPolicy,
    /// 404: no such resource group.
    ResourceGroupNotFound,
    /// 404: no such resource.
    ResourceNotFound,
    /// 409: a lock forbids it, whatever the roles.
    ScopeLocked,
    /// 404: no such subscription, or the token's tenant does not have it.
    SubscriptionNotFound,
    /// 429 `TooManyRequests` and its relatives of ARM, the subscription and the providers.
    TooManyRequests,
    /// Any other.
    Other,
}

impl ErrorCode {
    /// Finds the code, ignoring case.
    ///
    /// ```
    /// use azvm_arm::ErrorCode;
    /// assert_eq!(ErrorCode::from_text("SubscriptionRequestsThrottled"), ErrorCode::TooManyRequests);
    /// assert_eq!(ErrorCode::from_text("SkuNotAvailable"), ErrorCode::Other);
    /// ```
    pub fn from_text(text: &str) -> Self {
        CODES
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(text))
            .map_or(Self::Other, |&(_, code)| code)
    }

    /// True when the token is to blame: another one may help, waiting and roles do not.
    pub fn is_about_token(self) -> bool {
        matches!(
            self,
            Self::AuthenticationFailed
                | Self::ExpiredAuthenticationToken
                | Self::InvalidAuthenticationToken
                | Self::InvalidAuthenticationTokenAudience
                | Self::InvalidAuthenticationTokenTenant
        )
    }

    /// True when the principal may not do what it tried: roles, their conditions and denials decide.
    pub fn is_about_access(self) -> bool {
        matches!(
            self,
            Self::AuthorizationFailed
                | Self::DenyAssignmentAuthorizationFailed
                | Self::LinkedAuthorizationFailed
        )
    }

    /// True when the caller was allowed to look, and there was nothing of that name.
    pub fn is_not_found(self) -> bool {
        matches!(
            self,
            Self::ResourceGroupNotFound | Self::ResourceNotFound | Self::SubscriptionNotFound
        )
    }
}

static CODES: [(&str, ErrorCode); 24] = [
    ("AuthenticationFailed", ErrorCode::AuthenticationFailed),
    ("AuthorizationFailed", ErrorCode::AuthorizationFailed),
    (
        "DenyAssignmentAuthorizationFailed",
        ErrorCode::DenyAssignmentAuthorizationFailed,
    ),
    (
        "ExpiredAuthenticationToken",
        ErrorCode::ExpiredAuthenticationToken,
    ),
    ("InternalServerError", ErrorCode::InternalServerError),
    (
        "InvalidApiVersionParameter",
        ErrorCode::InvalidApiVersionParameter,
    ),
    (
        "InvalidAuthenticationToken",
        ErrorCode::InvalidAuthenticationToken,
    ),
    (
        "InvalidAuthenticationTokenAudience",
        ErrorCode::InvalidAuthenticationTokenAudience,
    ),
    (
        "InvalidAuthenticationTokenTenant",
        ErrorCode::InvalidAuthenticationTokenTenant,
    ),
    ("InvalidSubscriptionId", ErrorCode::InvalidSubscriptionId),
    // The two differ in status and wording, not in meaning (Azure/mpf#44).
    (
        "LinkedAccessCheckFailed",
        ErrorCode::LinkedAuthorizationFailed,
    ),
    (
        "LinkedAuthorizationFailed",
        ErrorCode::LinkedAuthorizationFailed,
    ),
    (
        "MissingApiVersionParameter",
        ErrorCode::MissingApiVersionParameter,
    ),
    (
        "MissingSubscriptionRegistration",
        ErrorCode::MissingSubscriptionRegistration,
    ),
    (
        "NoRegisteredProviderFound",
        ErrorCode::NoRegisteredProviderFound,
    ),
    ("PrincipalNotFound", ErrorCode::PrincipalNotFound),
    (
        "RequestDisallowedByPolicy",
        ErrorCode::RequestDisallowedByPolicy,
    ),
    ("ResourceGroupNotFound", ErrorCode::ResourceGroupNotFound),
    ("ResourceNotFound", ErrorCode::ResourceNotFound),
    ("ScopeLocked", ErrorCode::ScopeLocked),
    ("SubscriptionNotFound", ErrorCode::SubscriptionNotFound),
    // Azure/azqr#34, MicrosoftDocs/azure-docs#105248 and Azure/migAz#57, in this order. Others are known by their 429.
    ("ResourceRequestsThrottled", ErrorCode::TooManyRequests),
    ("SubscriptionRequestsThrottled", ErrorCode::TooManyRequests),
    ("TooManyRequests", ErrorCode::TooManyRequests),
];
