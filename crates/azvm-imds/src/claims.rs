//! What a token says about itself, unverified.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use azvm_exchange::{Secret, Timestamp, service_text};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use core::fmt;
use serde_json::{Map, Value};

/// The claims that are read; everything else in a token stays unread.
const ALLOWED: [&str; 12] = [
    "aud",
    "iss",
    "tid",
    "oid",
    "appid",
    "azp",
    "xms_mirid",
    "idtyp",
    "iat",
    "nbf",
    "exp",
    "ver",
];

/// The claims of a token for another service, read for a person. **Nothing here is verified**, and Microsoft calls
/// tokens for other audiences opaque: never decide about access from it, and expect any claim to be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnverifiedClaims {
    claims: Vec<(&'static str, String)>,
}

impl UnverifiedClaims {
    /// Reads the allow-listed claims of a JWT in compact form; the signature is not looked at.
    ///
    /// # Errors
    ///
    /// [`ClaimsError`] when the token has not the shape of a JWT. The error holds nothing of the token.
    pub fn read(token: &Secret) -> Result<Self, ClaimsError> {
        let mut parts = token.expose().split('.');
        let (Some(_header), Some(payload), Some(_signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(ClaimsError("the token has not the three parts of a JWT"));
        };
        let payload = URL_SAFE_NO_PAD
            .decode(payload.trim_end_matches('='))
            .map_err(|_| ClaimsError("the token's payload is not base64url"))?;
        let claims: Map<String, Value> = serde_json::from_slice(&payload)
            .map_err(|_| ClaimsError("the token's payload is not a JSON object"))?;
        let texts = ALLOWED
            .iter()
            .filter_map(|&name| Some((name, as_text(claims.get(name)?)?)));
        Ok(Self {
            claims: texts.collect(),
        })
    }

    /// Every claim that was there, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.claims
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
    }

    /// `aud`: whom the token is for.
    pub fn audience(&self) -> Option<&str> {
        self.get("aud")
    }

    /// `iss`: who issued it.
    pub fn issuer(&self) -> Option<&str> {
        self.get("iss")
    }

    /// `tid`: the tenant.
    pub fn tenant_id(&self) -> Option<&str> {
        self.get("tid")
    }

    /// `oid`: the object (principal) ID that roles are assigned to.
    pub fn object_id(&self) -> Option<&str> {
        self.get("oid")
    }

    /// `appid`, or `azp` in a v2.0 token: the client ID.
    pub fn app_id(&self) -> Option<&str> {
        self.get("appid").or_else(|| self.get("azp"))
    }

    /// `xms_mirid`: the resource ID of the user-assigned identity, or of the VM for its system-assigned one. The best
    /// answer to *who am I?*
    pub fn managed_identity_resource_id(&self) -> Option<&str> {
        self.get("xms_mirid")
    }

    /// `iat`.
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.time("iat")
    }

    /// `nbf`; Entra dates it five minutes back.
    pub fn not_before(&self) -> Option<Timestamp> {
        self.time("nbf")
    }

    /// `exp`.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.time("exp")
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find_map(|(known, value)| (known == name).then_some(value))
    }

    fn time(&self, name: &str) -> Option<Timestamp> {
        self.get(name)?
            .parse()
            .ok()
            .map(Timestamp::from_unix_seconds)
    }
}

/// `aud` may be a list; its first text counts.
fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(service_text(text)),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Array(values) => values.first().and_then(Value::as_str).map(service_text),
        Value::Null | Value::Object(_) => None,
    }
}

/// A token without readable claims. Says why, and nothing of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimsError(&'static str);

impl fmt::Display for ClaimsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl core::error::Error for ClaimsError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    fn token(payload: &str) -> Secret {
        Secret::new(format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload)))
    }

    #[test]
    fn allow_listed_claims_are_read_and_others_are_not() {
        let json = r#"{"aud":["https://a/","b"],"oid":"o","azp":"c","exp":1795345109,"uti":"hidden","groups":["g"],"iss":null}"#;
        let claims = UnverifiedClaims::read(&token(json)).unwrap();
        assert_eq!(
            claims.iter().collect::<Vec<_>>(),
            [
                ("aud", "https://a/"),
                ("oid", "o"),
                ("azp", "c"),
                ("exp", "1795345109")
            ]
        );
        assert_eq!(claims.app_id(), Some("c"));
        assert_eq!(
            claims.expires_at().map(Timestamp::unix_seconds),
            Some(1_795_345_109)
        );
        assert_eq!(claims.tenant_id(), None);
    }

    #[test]
    fn other_shapes_are_errors_without_content() {
        let error = |text: &str| {
            UnverifiedClaims::read(&Secret::new(text.into()))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            error("opaque"),
            "the token has not the three parts of a JWT"
        );
        assert_eq!(
            error("a.b.c.d"),
            "the token has not the three parts of a JWT"
        );
        assert_eq!(error("a.!.c"), "the token's payload is not base64url");
        assert_eq!(error("a.W10.c"), "the token's payload is not a JSON object");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[ -~.]{0,200}", payload in ".{0,200}") {
            let _ = UnverifiedClaims::read(&Secret::new(text));
            let _ = UnverifiedClaims::read(&token(&payload));
        }
    }
}
