//! Bodies exactly as the service sends them, with their quirks. Private: nothing here is part of the API.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use serde::de::{Deserialize, Deserializer, Visitor};
use serde_json::Value;

/// The answer of the token endpoint. IMDS sends its members in alphabetical order and all numbers as strings; the
/// OpenAPI description types them all as strings; other hosts send JSON numbers, `""`, or nothing.
#[derive(serde::Deserialize)]
pub(crate) struct TokenBody {
    pub(crate) access_token: String,
    #[serde(default)]
    pub(crate) client_id: LooseText,
    #[serde(default)]
    pub(crate) expires_in: LooseNumber,
    #[serde(default)]
    pub(crate) expires_on: LooseNumber,
    #[serde(default)]
    pub(crate) resource: LooseText,
    #[serde(default)]
    pub(crate) token_type: LooseText,
}

/// An error. The token path fills `error` and `error_description`; the instance paths put a sentence into `error` and
/// add `newest-versions` when the api-version was wrong.
///
/// One member of an unexpected type does not cost the others.
#[derive(Default, serde::Deserialize)]
pub(crate) struct ErrorBody {
    #[serde(default)]
    pub(crate) error: LooseText,
    #[serde(default)]
    pub(crate) error_description: LooseText,
    #[serde(rename = "newest-versions", default)]
    pub(crate) newest_versions: LooseList,
}

#[derive(serde::Deserialize)]
pub(crate) struct VersionsBody {
    #[serde(rename = "apiVersions")]
    pub(crate) api_versions: Vec<String>,
}

#[derive(serde::Deserialize)]
pub(crate) struct IdentityInfoBody {
    #[serde(rename = "tenantId")]
    pub(crate) tenant_id: String,
}

/// A text, or nothing where something else stands.
#[derive(Default)]
pub(crate) struct LooseText(Option<String>);

impl LooseText {
    pub(crate) fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl<'de> Deserialize<'de> for LooseText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Value::deserialize(deserializer)? {
            Value::String(text) => Some(text),
            _ => None,
        }))
    }
}

/// The texts of a list, or none where something else stands.
#[derive(Default)]
pub(crate) struct LooseList(Vec<String>);

impl LooseList {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl<'de> Deserialize<'de> for LooseList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Value::Array(items) = Value::deserialize(deserializer)? else {
            return Ok(Self::default());
        };
        let texts = items.into_iter().filter_map(|item| match item {
            Value::String(text) => Some(text),
            _ => None,
        });
        Ok(Self(texts.collect()))
    }
}

/// A whole number that may be a string, a number, empty, null or absent. Anything else in its place is
/// [`LooseNumber::Unreadable`], which is no reason to throw away a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LooseNumber {
    #[default]
    Absent,
    Number(i64),
    Unreadable,
}

impl LooseNumber {
    pub(crate) fn get(self) -> Option<i64> {
        match self {
            Self::Number(value) => Some(value),
            Self::Absent | Self::Unreadable => None,
        }
    }
}

impl<'de> Deserialize<'de> for LooseNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseNumberVisitor)
    }
}

struct LooseNumberVisitor;

impl<'de> Visitor<'de> for LooseNumberVisitor {
    type Value = LooseNumber;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or a string that holds one")
    }

    fn visit_str<E>(self, text: &str) -> Result<LooseNumber, E> {
        let text = text.trim();
        Ok(match text.parse() {
            Ok(number) => LooseNumber::Number(number),
            Err(_) if text.is_empty() => LooseNumber::Absent,
            Err(_) => LooseNumber::Unreadable,
        })
    }

    fn visit_i64<E>(self, number: i64) -> Result<LooseNumber, E> {
        Ok(LooseNumber::Number(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<LooseNumber, E> {
        Ok(i64::try_from(number).map_or(LooseNumber::Unreadable, LooseNumber::Number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<LooseNumber, E> {
        // A float has 53 bits, enough for Unix seconds; the range check keeps the conversion exact.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the range is checked first"
        )]
        Ok(if number.abs() < 9e15 {
            LooseNumber::Number(number as i64)
        } else {
            LooseNumber::Unreadable
        })
    }

    fn visit_bool<E>(self, _: bool) -> Result<LooseNumber, E> {
        Ok(LooseNumber::Unreadable)
    }

    fn visit_unit<E>(self) -> Result<LooseNumber, E> {
        Ok(LooseNumber::Absent)
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<LooseNumber, A::Error> {
        while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        Ok(LooseNumber::Unreadable)
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<LooseNumber, A::Error> {
        while map
            .next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?
            .is_some()
        {}
        Ok(LooseNumber::Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_in_many_shapes() {
        for (json, expected) in [
            ("\"86400\"", LooseNumber::Number(86_400)),
            ("\" 86400 \"", LooseNumber::Number(86_400)),
            ("86400", LooseNumber::Number(86_400)),
            ("-1", LooseNumber::Number(-1)),
            ("1795345109.0", LooseNumber::Number(1_795_345_109)),
            ("\"\"", LooseNumber::Absent),
            ("null", LooseNumber::Absent),
            ("\"11/05/2021 15:18:31 +00:00\"", LooseNumber::Unreadable),
            ("18446744073709551615", LooseNumber::Unreadable),
            ("1e300", LooseNumber::Unreadable),
            ("true", LooseNumber::Unreadable),
            ("[1,[2]]", LooseNumber::Unreadable),
            ("{\"a\":{}}", LooseNumber::Unreadable),
        ] {
            assert_eq!(
                serde_json::from_str::<LooseNumber>(json).unwrap(),
                expected,
                "{json}"
            );
        }
    }
}
