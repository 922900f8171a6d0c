//! What a token says about itself, unverified.

use crate::loose::{Scalar, from_json, is_plain, shown};
use alloc::string::{String, ToString};
use azvm_exchange::{SERVICE_TEXT_CHARS, Secret, Timestamp};
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use core::fmt;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

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

/// A JWT has no padding; some emulators leave it on.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The claims of a token for another service, read for a person. **Nothing here is verified**, and Microsoft calls
/// tokens for other audiences opaque: never decide about access from it, and expect any claim to be missing.
///
/// Holds the claims `aud iss tid oid appid azp xms_mirid idtyp iat nbf exp ver` and nothing else of the token.
#[derive(Clone, Default)]
pub struct UnverifiedClaims {
    /// All values, one after the other.
    text: String,
    /// Where the value of each of [`ALLOWED`] stands in it.
    spans: [Option<Span>; ALLOWED.len()],
}

/// Start and end in [`UnverifiedClaims::text`]. A token has less than four gigabytes.
type Span = (u32, u32);

impl UnverifiedClaims {
    /// Reads the allow-listed claims of a JWT in compact form; the signature is not looked at.
    ///
    /// Numbers are kept as text. Of a list, as `aud` may be one, the first text counts; of a repeated claim the last
    /// (RFC 7519 section 4).
    ///
    /// # Errors
    ///
    /// [`ClaimsError`] when the token has not the shape of a JWT. The error holds nothing of the token.
    pub fn read(token: &Secret) -> Result<Self, ClaimsError> {
        let payload = payload(token.expose()).ok_or(NOT_THREE_PARTS)?;
        let payload = BASE64URL.decode(payload).map_err(|_| {
            if payload.contains('.') {
                NOT_THREE_PARTS
            } else {
                ClaimsError("the token's payload is not base64url")
            }
        })?;
        let Raw(claims) = from_json(&payload)
            .map_err(|_| ClaimsError("the token's payload is not a JSON object"))?;
        Ok(claims.mended())
    }

    /// The same with every value fit to be shown. Most tokens have nothing to mend, which one look at all values tells.
    fn mended(self) -> Self {
        let is_short = |(start, end): Span| (end - start) as usize <= SERVICE_TEXT_CHARS;
        let mut spans = self.spans.iter().flatten();
        if is_plain(&self.text, b'!') && spans.all(|span| is_short(*span)) {
            return self;
        }
        let mut mended = Self::default();
        for (span, kept) in self.spans.iter().zip(&mut mended.spans) {
            if let Some(value) = span.and_then(|span| self.value(span)) {
                *kept = push(&mut mended.text, &shown(value));
            }
        }
        mended
    }

    /// Every claim that was there, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        ALLOWED
            .iter()
            .zip(&self.spans)
            .filter_map(|(&name, span)| Some((name, self.value((*span)?)?)))
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

    /// `idtyp`: `app` for a managed identity.
    pub fn identity_type(&self) -> Option<&str> {
        self.get("idtyp")
    }

    /// `ver`: `1.0` or `2.0`.
    pub fn version(&self) -> Option<&str> {
        self.get("ver")
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
        let at = ALLOWED.iter().position(|known| *known == name)?;
        self.value(self.spans[at]?)
    }

    fn value(&self, (start, end): (u32, u32)) -> Option<&str> {
        self.text
            .get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
    }

    fn time(&self, name: &str) -> Option<Timestamp> {
        self.get(name)?
            .parse()
            .ok()
            .map(Timestamp::from_unix_seconds)
    }
}

impl fmt::Debug for UnverifiedClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl PartialEq for UnverifiedClaims {
    /// The order in which the token has its claims does not matter.
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for UnverifiedClaims {}

/// What the claims of a token take at first; those of a real one have about half of it.
const EXPECTED_BYTES: usize = 768;

const NOT_THREE_PARTS: ClaimsError = ClaimsError("the token has not the three parts of a JWT");

/// What is between the first dot and the last. Another dot in it is no base64 and need not be looked for.
fn payload(token: &str) -> Option<&str> {
    let (_header, rest) = token.split_once('.')?;
    let (payload, _signature) = rest.rsplit_once('.')?;
    Some(payload)
}

fn push(text: &mut String, value: &str) -> Option<Span> {
    let start = u32::try_from(text.len()).ok()?;
    text.push_str(value);
    Some((start, u32::try_from(text.len()).ok()?))
}

/// The claims as the token has them, not yet fit to be shown.
struct Raw(UnverifiedClaims);

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ClaimsVisitor).map(Self)
    }
}

struct ClaimsVisitor;

impl<'de> Visitor<'de> for ClaimsVisitor {
    type Value = UnverifiedClaims;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<UnverifiedClaims, A::Error> {
        let mut claims = UnverifiedClaims {
            text: String::with_capacity(EXPECTED_BYTES),
            ..UnverifiedClaims::default()
        };
        while let Some(Place(place)) = map.next_key()? {
            match place.and_then(|place| claims.spans.get_mut(place)) {
                Some(span) => *span = map.next_value_seed(Value(&mut claims.text))?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(claims)
    }
}

/// A name's place among [`ALLOWED`].
struct Place(Option<usize>);

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(PlaceVisitor)
    }
}

struct PlaceVisitor;

impl Visitor<'_> for PlaceVisitor {
    type Value = Place;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Place, E> {
        // Literals compare faster than a search through the list; a test holds the two together.
        Ok(Place(match name {
            "aud" => Some(0),
            "iss" => Some(1),
            "tid" => Some(2),
            "oid" => Some(3),
            "appid" => Some(4),
            "azp" => Some(5),
            "xms_mirid" => Some(6),
            "idtyp" => Some(7),
            "iat" => Some(8),
            "nbf" => Some(9),
            "exp" => Some(10),
            "ver" => Some(11),
            _ => None,
        }))
    }
}

/// Appends the value of a claim, or the first text of a list.
struct Value<'a>(&'a mut String);

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Option<Span>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Span>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Option<Span>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, text: &str) -> Result<Option<Span>, E> {
        Ok(push(self.0, text))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Option<Span>, E> {
        Ok(push(self.0, Decimal::of(number).as_str()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Option<Span>, E> {
        Ok(push(self.0, &number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Option<Span>, E> {
        Ok(push(self.0, &number.to_string()))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Option<Span>, E> {
        Ok(push(self.0, if flag { "true" } else { "false" }))
    }

    fn visit_unit<E>(self) -> Result<Option<Span>, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Option<Span>, A::Error> {
        let first = items.next_element::<Scalar<'de>>()?;
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(first
            .as_ref()
            .and_then(Scalar::text)
            .and_then(|text| push(self.0, text)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Option<Span>, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// A number as text, without an allocation and without the cost of `core::fmt`: a token has three of them.
struct Decimal {
    digits: [u8; 20],
    start: usize,
}

impl Decimal {
    fn of(mut number: u64) -> Self {
        let mut decimal = Self {
            digits: [b'0'; 20],
            start: 20,
        };
        for digit in decimal.digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
            decimal.start -= 1;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        decimal
    }

    fn as_str(&self) -> &str {
        core::str::from_utf8(&self.digits[self.start..]).unwrap_or_default()
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
    use alloc::vec::Vec;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    fn token(payload: &str) -> Secret {
        Secret::new(format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload)))
    }

    #[track_caller]
    fn check(payload: &str, expected: &[(&str, &str)]) {
        let claims = UnverifiedClaims::read(&token(payload)).unwrap();
        assert_eq!(claims.iter().collect::<Vec<_>>(), expected, "{payload}");
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
        assert_eq!(
            format!("{claims:?}"),
            r#"{"aud": "https://a/", "oid": "o", "azp": "c", "exp": "1795345109"}"#
        );
    }

    #[test]
    fn every_allowed_claim_has_its_place() {
        let values: Vec<_> = ALLOWED
            .iter()
            .map(|name| (*name, format!("of {name}")))
            .collect();
        let members: Vec<_> = values
            .iter()
            .map(|(name, value)| format!(r#""{name}":"{value}""#))
            .collect();
        let expected: Vec<_> = values
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        check(&format!("{{{}}}", members.join(",")), &expected);
    }

    #[test]
    fn an_odd_claim_costs_no_other() {
        for odd in ["null", "{\"a\":[]}", "[]", "[[\"a\"]]", "[1,\"a\"]"] {
            check(&format!(r#"{{"tid":{odd},"oid":"o"}}"#), &[("oid", "o")]);
        }
        check(
            r#"{"ver":true,"iat":-1,"exp":1.5}"#,
            &[("iat", "-1"), ("exp", "1.5"), ("ver", "true")],
        );
    }

    #[test]
    fn escapes_are_undone_and_the_last_of_two_counts() {
        check(
            r#"{"oid":"a\/b\u0041","\u0074id":"t"}"#,
            &[("tid", "t"), ("oid", "a/bA")],
        );
        check(r#"{"oid":"a","oid":"b"}"#, &[("oid", "b")]);
        check(r#"{"oid":"a","oid":null}"#, &[]);
    }

    #[test]
    fn numbers_are_written_as_they_were_read() {
        for number in [0, 9, 10, 1_795_345_109, u64::MAX] {
            assert_eq!(Decimal::of(number).as_str(), number.to_string());
            check(
                &format!(r#"{{"exp":{number}}}"#),
                &[("exp", &number.to_string())],
            );
        }
        check(
            &format!(r#"{{"exp":{}}}"#, i64::MIN),
            &[("exp", &i64::MIN.to_string())],
        );
    }

    #[test]
    fn the_order_in_the_token_does_not_matter() {
        let read = |payload: &str| UnverifiedClaims::read(&token(payload)).unwrap();
        assert_eq!(
            read(r#"{"oid":"o","tid":"t","x":1}"#),
            read(r#"{"tid":"t","oid":"o"}"#)
        );
        assert_ne!(read(r#"{"oid":"o"}"#), read(r#"{"tid":"o"}"#));
    }

    #[test]
    fn what_cannot_be_shown_is_mended() {
        check(
            r#"{"oid":" a\u001b[31mb ","iss":"grün","tid":"a\u202eb"}"#,
            &[("iss", "grün"), ("tid", "a b"), ("oid", "a [31mb")],
        );
        let long = "x".repeat(700);
        let claims = UnverifiedClaims::read(&token(&format!(r#"{{"oid":"{long}"}}"#))).unwrap();
        assert_eq!(claims.object_id().map(|id| id.chars().count()), Some(601));
    }

    #[test]
    fn depth_and_padding_do_no_harm() {
        let deep = format!(
            r#"{{"new":{}{},"oid":"o"}}"#,
            "[".repeat(50_000),
            "]".repeat(50_000)
        );
        check(&deep, &[("oid", "o")]);
        let padded = format!(
            "e30.{}.c2ln",
            base64::engine::general_purpose::URL_SAFE.encode(r#"{"oid":"o"}"#)
        );
        assert!(padded.contains('='));
        let claims = UnverifiedClaims::read(&Secret::new(padded)).unwrap();
        assert_eq!(claims.object_id(), Some("o"));
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

        #[test]
        fn any_value_is_shown_as_service_text_would(value in ".{0,60}") {
            let json = serde_json::json!({ "oid": value }).to_string();
            let claims = UnverifiedClaims::read(&token(&json)).unwrap();
            let expected = azvm_exchange::service_text(&value);
            prop_assert_eq!(claims.object_id(), Some(expected.as_str()));
        }
    }
}
