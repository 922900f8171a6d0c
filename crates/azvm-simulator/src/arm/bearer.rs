//! Whose request it is: the bearer token, and the 401 answers.

use super::failure::failure;
use crate::clock::utc;
use crate::exchange::{Reply, Request};
use crate::simulator::State;
use crate::text::is_loopback_url;
use crate::token::Claims;

/// The identity that a request comes from.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) client_id: String,
    pub(super) object_id: String,
    /// Groups of Entra that the token names.
    pub(super) groups: Vec<String>,
}

/// Accepts a token that this simulator issued, for ARM's audience, that has not expired.
pub(super) fn authenticate(state: &State, request: &Request) -> Result<Caller, Reply> {
    let mut headers = request.headers.get_all("authorization").iter();
    let Some(header) = headers.next() else {
        let message = "Authentication failed. The 'Authorization' header is missing.";
        let description = "The authentication failed because of missing 'Authorization' header.";
        return Err(unauthorized(
            state,
            "AuthenticationFailed",
            message,
            description,
        ));
    };
    let credentials = header.to_str().ok().and_then(|value| value.split_once(' '));
    let bearer = credentials
        .filter(|(scheme, _)| headers.next().is_none() && scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, token)) = bearer else {
        let message =
            "Authentication failed. The 'Authorization' header is provided in an invalid format.";
        let description =
            "The authentication scheme or the format of the 'Authorization' header is invalid.";
        return Err(unauthorized(
            state,
            "AuthenticationFailedInvalidHeader",
            message,
            description,
        ));
    };
    let refuse = |code, message: &str| Err(unauthorized(state, code, message, message));
    let Some(claims) = state.tokens.verify(token.trim()) else {
        return refuse("InvalidAuthenticationToken", "The access token is invalid.");
    };
    require_tenant(state, &claims)?;
    let now = state.clock.unix_secs();
    if claims.nbf > now + LEEWAY_SECS {
        let message = "The access token is not yet valid.";
        return refuse("InvalidAuthenticationToken", message);
    }
    if claims.exp <= now {
        let (expiry, now) = (utc(claims.exp, CLOCK_FACE), utc(now, CLOCK_FACE));
        let message = format!(
            "The access token expiry UTC time '{expiry}' is earlier than current UTC time '{now}'."
        );
        return refuse("ExpiredAuthenticationToken", &message);
    }
    let accepted = state.world().cloud.arm_audiences();
    if !accepted.contains(&claims.aud.to_ascii_lowercase().as_str())
        && !is_loopback_url(&claims.aud)
    {
        let accepted = accepted.map(|audience| format!("'{audience}'")).join(",");
        let message = format!(
            "The access token has been obtained for wrong audience or resource '{}'. It should exactly match with one of the allowed audiences {accepted}.",
            claims.aud
        );
        return refuse("InvalidAuthenticationTokenAudience", &message);
    }
    Ok(Caller {
        client_id: claims.appid,
        object_id: claims.oid,
        groups: claims.groups,
    })
}

/// The issuer has to be the tenant that the subscription belongs to now.
fn require_tenant(state: &State, claims: &Claims) -> Result<(), Reply> {
    let tenant_id = &state.world().tenant_id;
    let issuer = format!("https://sts.windows.net/{tenant_id}/");
    if claims.iss == issuer && claims.tid.eq_ignore_ascii_case(tenant_id) {
        return Ok(());
    }
    let message = format!(
        "The access token is from the wrong issuer '{}'. It must match the tenant '{issuer}' associated with this subscription. \
         Please use the authority (URL) 'https://login.windows.net/{tenant_id}' to get the token. \
         If the subscription was transferred to another tenant, this may take up to an hour to be known everywhere.",
        claims.iss
    );
    Err(unauthorized(
        state,
        "InvalidAuthenticationTokenTenant",
        &message,
        &message,
    ))
}

/// The header names the tenant of the subscription, which a client can learn without a token.
fn unauthorized(state: &State, code: &str, message: &str, description: &str) -> Reply {
    let tenant_id = state.world().tenant_id.clone();
    let description = description.replace(['"', '\\'], "'");
    let challenge = format!(
        "Bearer authorization_uri=\"https://login.windows.net/{tenant_id}\", error=\"invalid_token\", error_description=\"{description}\""
    );
    failure(401, code, message).with_header("www-authenticate", challenge)
}

/// A token may be so much ahead of Resource Manager's clock.
const LEEWAY_SECS: i64 = 300;

/// As in `9/11/2025 4:35:56 PM`.
const CLOCK_FACE: &str = "%-m/%-d/%Y %-I:%M:%S %p";
