//! Asking for a token, and reading it.

use crate::error::IgnoredSelector;
use crate::wire::{LooseNumber, TokenBody};
use crate::{Audience, IdentitySelector, Malformed, ProtocolError, UnverifiedClaims};
use alloc::boxed::Box;
use alloc::string::String;
use azvm_exchange::{Request, Response, Secret, Timestamp, service_text};
use azvm_resource_id::ResourceId;
use core::time::Duration;

/// Values below this (2001-01-01) in `expires_on` are seconds from now: some hosts send a lifetime there.
const OLDEST_EXPIRES_ON: i64 = 978_307_200;

/// One token wanted: for whom, and as which identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenRequest {
    audience: Audience,
    selector: IdentitySelector,
}

impl TokenRequest {
    /// A token for `audience`, as the identity that `selector` names.
    pub fn new(audience: Audience, selector: IdentitySelector) -> Self {
        Self { audience, selector }
    }

    /// For whom.
    pub fn audience(&self) -> &Audience {
        &self.audience
    }

    /// As which identity.
    pub fn selector(&self) -> &IdentitySelector {
        &self.selector
    }

    /// The request to send.
    pub fn to_request(&self) -> Request {
        crate::request::token(self)
    }

    /// Reads the answer. `received_at` is the wall clock when it came; it is used only where the service left one of
    /// its two expiry members out.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::Rejected`] for any status but 200, [`ProtocolError::Malformed`] for a body without a token or
    /// without any expiry, and [`ProtocolError::IgnoredSelector`] when the token names another identity than the one
    /// asked for.
    pub fn read(
        &self,
        response: &Response,
        received_at: Timestamp,
    ) -> Result<AccessToken, ProtocolError> {
        ProtocolError::unless_ok(response)?;
        let malformed = |reason| ProtocolError::Malformed(Malformed::new(reason, response));
        let body: TokenBody = serde_json::from_slice(response.json_body())
            .map_err(|_| malformed("the body is no token answer"))?;
        let secret = Secret::new(body.access_token);
        if !is_header_safe(secret.expose()) {
            return Err(malformed(
                "access_token is empty or cannot stand in a header",
            ));
        }
        if body
            .token_type
            .get()
            .is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer"))
        {
            return Err(malformed("token_type is not Bearer"));
        }
        let (expires_on, expires_in) = expiry(body.expires_on, body.expires_in, received_at)
            .ok_or_else(|| malformed("neither expires_on nor expires_in can be read"))?;
        // A server that repeats the token elsewhere does not get it into a field that may be shown.
        let shown = |text: &str| service_text(&text.replace(secret.expose(), "<redacted>"));
        let client_id = body.client_id.get().filter(|id| !id.is_empty()).map(shown);
        let resource = body.resource.get().map(shown);
        let token = AccessToken {
            secret,
            expires_on,
            expires_in,
            client_id,
            resource,
        };
        self.check_echo(&token)?;
        Ok(token)
    }

    /// An ID that the answer does not repeat proves nothing either way and is let pass.
    fn check_echo(&self, token: &AccessToken) -> Result<(), ProtocolError> {
        let claims = token.claims().ok();
        let claim = |pick: fn(&UnverifiedClaims) -> Option<&str>| claims.as_ref().and_then(pick);
        let answered = match &self.selector {
            IdentitySelector::System => return Ok(()),
            IdentitySelector::ClientId(_) => token
                .client_id()
                .or_else(|| claim(UnverifiedClaims::app_id)),
            IdentitySelector::ObjectId(_) => claim(UnverifiedClaims::object_id),
            IdentitySelector::ResourceId(_) => {
                claim(UnverifiedClaims::managed_identity_resource_id)
            }
        };
        let is_same = match (&self.selector, answered) {
            (_, None) => true,
            (IdentitySelector::ResourceId(asked), Some(answered)) => answered
                .parse::<ResourceId>()
                .is_ok_and(|answered| answered == *asked),
            (selector, Some(answered)) => selector
                .value()
                .is_some_and(|asked| asked.eq_ignore_ascii_case(answered)),
        };
        if is_same {
            return Ok(());
        }
        let ignored = IgnoredSelector::new(&self.selector, answered.unwrap_or_default());
        Err(ProtocolError::IgnoredSelector(Box::new(ignored)))
    }
}

/// A bearer token with its two expiries. `Debug` does not show it.
#[derive(Clone, Debug)]
pub struct AccessToken {
    secret: Secret,
    expires_on: Timestamp,
    expires_in: Duration,
    client_id: Option<String>,
    resource: Option<String>,
}

impl AccessToken {
    /// The token itself.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// When it ends, by the service's wall clock.
    pub fn expires_on(&self) -> Timestamp {
        self.expires_on
    }

    /// How long it still had when it was received. IMDS hands out cached tokens, so this is seldom the full lifetime.
    pub fn expires_in(&self) -> Duration {
        self.expires_in
    }

    /// The client ID of the identity that answered; IMDS sends it whether or not a selector was.
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// The audience as the service repeats it.
    pub fn resource(&self) -> Option<&str> {
        self.resource.as_deref()
    }

    /// Reads the token's claims without verifying anything: for a person, never for a decision about access.
    ///
    /// # Errors
    ///
    /// [`ClaimsError`](crate::ClaimsError) when the token is not JWT-shaped; tokens are opaque by contract.
    pub fn claims(&self) -> Result<UnverifiedClaims, crate::ClaimsError> {
        UnverifiedClaims::read(&self.secret)
    }
}

/// RFC 6750's token alphabet: whatever passes can stand in an `Authorization` header as it is.
fn is_header_safe(token: &str) -> bool {
    !token.is_empty()
        && token
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte))
}

/// `expires_on` counts first: `expires_in` is what was left when IMDS wrote its answer. A host that sends only one of
/// them has the other derived from it.
fn expiry(
    expires_on: LooseNumber,
    expires_in: LooseNumber,
    received_at: Timestamp,
) -> Option<(Timestamp, Duration)> {
    let now = received_at.unix_seconds();
    let (expires_on, relative) = match expires_on.get() {
        Some(seconds) if (0..OLDEST_EXPIRES_ON).contains(&seconds) => (None, Some(seconds)),
        other => (other, None),
    };
    let left = expires_in.get().or(relative);
    let ends = expires_on.or_else(|| left.map(|left| now.saturating_add(left)))?;
    let left = left.unwrap_or_else(|| ends.saturating_sub(now));
    Some((
        Timestamp::from_unix_seconds(ends),
        Duration::from_secs(u64::try_from(left).unwrap_or(0)),
    ))
}
