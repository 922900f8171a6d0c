//! Asking for a token, and reading it.

use crate::date::read_date;
use crate::error::IgnoredSelector;
use crate::loose::{Number, Scalar, needs_no_mending};
use crate::wire::TokenBody;
use crate::{Audience, IdentitySelector, Malformed, ProtocolError, UnverifiedClaims};
use alloc::boxed::Box;
use alloc::string::String;
use azvm_exchange::{Request, Response, SERVICE_TEXT_CHARS, Secret, Timestamp, service_text};
use core::fmt;
use core::mem;
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
        let mut body = TokenBody::read(response.json_body())
            .map_err(|_| malformed("the body is no token answer"))?;
        let Scalar::Text(secret) = mem::take(&mut body.access_token) else {
            return Err(malformed("the body is no token answer"));
        };
        let secret = Secret::new(secret.into_owned());
        let is_known = body.has_simple_token && !secret.is_empty();
        if !is_known && !is_header_safe(secret.expose()) {
            return Err(malformed(
                "access_token is empty or cannot stand in a header",
            ));
        }
        let is_bearer = |kind: &str| kind.is_empty() || kind.eq_ignore_ascii_case("bearer");
        if !body.token_type.text().is_none_or(is_bearer) {
            return Err(malformed("token_type is not Bearer"));
        }
        let (expires_on, expires_in) = expiry(&body, received_at)
            .ok_or_else(|| malformed("neither expires_on nor expires_in can be read"))?;
        self.check_echo(&body, &secret)?;
        let echo = Echo::of(&body, &secret);
        Ok(AccessToken {
            secret,
            expires_on,
            expires_in,
            echo,
        })
    }

    /// The first of these that is there counts: the member of the answer, then the claim of the token.
    ///
    /// What is not there proves nothing either way and is let pass: an opaque token, an answer without the member, an
    /// empty text. Without a selector anybody may answer. A resource ID that cannot be read is another one.
    fn check_echo(&self, body: &TokenBody<'_>, secret: &Secret) -> Result<(), ProtocolError> {
        type Claim = fn(&UnverifiedClaims) -> Option<&str>;
        let (member, claim): (_, Claim) = match &self.selector {
            IdentitySelector::System => return Ok(()),
            IdentitySelector::ClientId(_) => (&body.client_id, UnverifiedClaims::app_id),
            IdentitySelector::ObjectId(_) => (&body.object_id, UnverifiedClaims::object_id),
            IdentitySelector::ResourceId(_) => (
                &body.msi_res_id,
                UnverifiedClaims::managed_identity_resource_id,
            ),
        };
        let is_there = |text: &&str| !text.is_empty();
        let claims;
        let answered = match member.text().filter(is_there) {
            Some(answered) => Some(answered),
            None => {
                claims = UnverifiedClaims::read(secret).unwrap_or_default();
                claim(&claims).filter(is_there)
            }
        };
        match answered {
            Some(answered) if !self.selector.names(answered) => {
                let answered = secret.cut_out_of(answered);
                let ignored = IgnoredSelector::new(&self.selector, &answered);
                Err(ProtocolError::IgnoredSelector(Box::new(ignored)))
            }
            _ => Ok(()),
        }
    }
}

/// A bearer token with its two expiries. `Debug` does not show it.
#[derive(Clone, Debug)]
pub struct AccessToken {
    secret: Secret,
    expires_on: Timestamp,
    expires_in: Duration,
    echo: Echo,
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
        self.echo.client_id()
    }

    /// The audience as the service repeats it.
    pub fn resource(&self) -> Option<&str> {
        self.echo.resource()
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
pub(crate) fn is_header_safe(token: &str) -> bool {
    // Without an early exit the compiler looks at many bytes at once.
    let is_safe = token.bytes().fold(true, |all, byte| {
        let is_letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        let is_dot_slash_or_digit = byte.wrapping_sub(b'-') < 13; // -./0123456789
        let is_other = (byte == b'_') | (byte == b'~') | (byte == b'+') | (byte == b'=');
        all & (is_letter | is_dot_slash_or_digit | is_other)
    });
    is_safe && !token.is_empty()
}

/// What the answer repeats of the request: `client_id` and `resource`, fit to be shown, in one allocation.
#[derive(Clone, PartialEq, Eq)]
struct Echo {
    /// The client ID, then the resource.
    text: String,
    client_id_bytes: Option<usize>,
    has_resource: bool,
}

impl Echo {
    fn of(body: &TokenBody<'_>, secret: &Secret) -> Self {
        let client_id = body.client_id.text().filter(|id| !id.is_empty());
        let resource = body.resource.text();
        let bytes = client_id.map_or(0, str::len) + resource.map_or(0, str::len);
        // Longer ones are cut anyway.
        let mut text = String::with_capacity(bytes.min(2 * SERVICE_TEXT_CHARS));
        let mut push = |part: &str| {
            let part = secret.cut_out_of(part);
            if needs_no_mending(&part) {
                text.push_str(part.trim());
            } else {
                text.push_str(&service_text(&part));
            }
            text.len()
        };
        let client_id_bytes = client_id.map(&mut push);
        let has_resource = resource.map(&mut push).is_some();
        Self {
            text,
            client_id_bytes,
            has_resource,
        }
    }

    fn client_id(&self) -> Option<&str> {
        self.text.get(..self.client_id_bytes?)
    }

    fn resource(&self) -> Option<&str> {
        let start = self.client_id_bytes.unwrap_or(0);
        self.text.get(start..).filter(|_| self.has_resource)
    }
}

impl fmt::Debug for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Echo")
            .field("client_id", &self.client_id())
            .field("resource", &self.resource())
            .finish()
    }
}

/// `expires_on` counts first: `expires_in` is what was left when IMDS wrote its answer. A host that sends only one of
/// them has the other derived from it.
///
/// `expires_on` is Unix seconds, a lifetime when it is a number before [`OLDEST_EXPIRES_ON`], or a date in one of the
/// forms of [`read_date`]. A date is never a lifetime.
fn expiry(body: &TokenBody<'_>, received_at: Timestamp) -> Option<(Timestamp, Duration)> {
    let now = received_at.unix_seconds();
    let (expires_on, relative) = match body.expires_on.number() {
        Number::Whole(seconds) if (0..OLDEST_EXPIRES_ON).contains(&seconds) => {
            (None, Some(seconds))
        }
        Number::Whole(seconds) => (Some(seconds), None),
        Number::Absent => (None, None),
        Number::Unreadable => {
            let date = body.expires_on.text().and_then(read_date);
            (date.map(Timestamp::unix_seconds), None)
        }
    };
    let left = body.expires_in.number().get().or(relative);
    let ends = expires_on.or_else(|| left.map(|left| now.saturating_add(left)))?;
    let left = left.unwrap_or_else(|| ends.saturating_sub(now));
    Some((
        Timestamp::from_unix_seconds(ends),
        Duration::from_secs(u64::try_from(left).unwrap_or(0)),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn the_alphabet_is_that_of_rfc_6750() {
        assert!(!is_header_safe(""));
        for byte in 0..=0x7f_u8 {
            let expected = byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
            let text = char::from(byte).to_string();
            assert_eq!(is_header_safe(&text), expected, "{text:?}");
            assert_eq!(
                is_header_safe(&alloc::format!("a{text}b")),
                expected,
                "{text:?}"
            );
        }
        assert!(!is_header_safe("é"));
    }
}
