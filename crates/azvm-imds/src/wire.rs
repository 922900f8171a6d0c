//! Bodies exactly as the service sends them, with their quirks. Private: nothing here is part of the API.

use crate::document::{WordOr, document};
use crate::loose::{Scalar, from_json};
use crate::plain;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

/// The answer of the token endpoint. IMDS sends its members in alphabetical order and all numbers as strings; the
/// OpenAPI description types them all as strings; other hosts send JSON numbers, `""`, or nothing.
///
/// Everything is borrowed from the body. An answer that has one of these members twice is refused as a whole: which of
/// two tokens, or of two expiries, is meant is nothing to guess about.
///
/// Read by hand, what is plain by [`plain::read`]: it is the only thing here that a derive macro could read, and who wants nothing but tokens builds none.
#[derive(Default, PartialEq)]
pub(crate) struct TokenBody<'a> {
    pub(crate) access_token: Scalar<'a>,
    pub(crate) client_id: Scalar<'a>,
    pub(crate) expires_in: Scalar<'a>,
    pub(crate) expires_on: Scalar<'a>,
    pub(crate) msi_res_id: Scalar<'a>,
    pub(crate) object_id: Scalar<'a>,
    pub(crate) resource: Scalar<'a>,
    pub(crate) token_type: Scalar<'a>,
    /// The token is known to consist of what [`plain`] calls simple, all of which may stand in a header.
    pub(crate) has_simple_token: bool,
}

impl<'a> TokenBody<'a> {
    /// From the body of an answer.
    pub(crate) fn read(bytes: &'a [u8]) -> serde_json::Result<Self> {
        if let Ok(text) = core::str::from_utf8(bytes) {
            if let Some(body) = Self::read_plain(text) {
                return Ok(body);
            }
        }
        from_json(bytes)
    }

    /// An answer as IMDS sends it: only texts, and nothing to say against it.
    pub(crate) fn read_plain(text: &'a str) -> Option<Self> {
        let mut body = Self::default();
        let is_plain = plain::read(text, |name, value| {
            let Some(place) = place(name) else {
                return true;
            };
            body.has_simple_token |= place == 0 && value.is_simple;
            let text = Scalar::Text(value.text.into());
            core::mem::replace(body.member(place), text) == Scalar::Absent
        });
        (is_plain && body.access_token != Scalar::Absent).then_some(body)
    }
}

impl<'de> Deserialize<'de> for TokenBody<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TokenVisitor)
    }
}

struct TokenVisitor;

impl<'de> Visitor<'de> for TokenVisitor {
    type Value = TokenBody<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<TokenBody<'de>, A::Error> {
        let mut body = TokenBody::default();
        let mut seen = [false; MEMBERS.len()];
        while let Some(Member(place)) = map.next_key()? {
            let Some(place) = place else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if core::mem::replace(&mut seen[place], true) {
                return Err(A::Error::duplicate_field(MEMBERS[place]));
            }
            *body.member(place) = map.next_value()?;
        }
        if seen[0] {
            Ok(body)
        } else {
            Err(A::Error::missing_field(MEMBERS[0]))
        }
    }
}

/// In the order of [`TokenBody::member`]; the first one has to be there.
const MEMBERS: [&str; 8] = [
    "access_token",
    "client_id",
    "expires_in",
    "expires_on",
    "msi_res_id",
    "object_id",
    "resource",
    "token_type",
];

fn place(name: &str) -> Option<usize> {
    MEMBERS.iter().position(|known| *known == name)
}

impl<'a> TokenBody<'a> {
    fn member(&mut self, place: usize) -> &mut Scalar<'a> {
        match place {
            0 => &mut self.access_token,
            1 => &mut self.client_id,
            2 => &mut self.expires_in,
            3 => &mut self.expires_on,
            4 => &mut self.msi_res_id,
            5 => &mut self.object_id,
            6 => &mut self.resource,
            _ => &mut self.token_type,
        }
    }
}

/// A member's place in [`MEMBERS`]; `None` for one that is passed over.
struct Member(Option<usize>);

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(MemberVisitor)
    }
}

struct MemberVisitor;

impl Visitor<'_> for MemberVisitor {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Member, E> {
        Ok(Member(place(name)))
    }
}

document! {
    /// An error, in one of three forms. IMDS fills `error` and `error_description` on the token path; on the instance
    /// paths it puts a sentence into `error` and adds `newest-versions` when the api-version was wrong. Other hosting
    /// services send the form of most Azure services, with an object as `error`; some send that object alone.
    ///
    /// Source: Azure/azure-sdk-for-net#45547 for the object.
    pub(crate) struct ErrorBody {
        error: WordOr<ErrorDetail> = word_or_object("error"),
        error_description: Option<String> = word("error_description"),
        code: Option<String> = word("code", "Code"),
        message: Option<String> = word("message", "Message"),
        newest_versions: Vec<String> = texts("newest-versions"),
    }

    /// What the object `error` has.
    pub(crate) struct ErrorDetail {
        code: Option<String> = word("code", "Code"),
        message: Option<String> = word("message", "Message"),
    }
}

impl ErrorBody {
    /// True for what IMDS and its like send; a code beside a message, without `error`, is anybody's.
    pub(crate) fn has_error(&self) -> bool {
        self.error.word.is_some() || self.error.object.code.is_some()
    }

    /// The word for what went wrong, its description, and the versions on offer.
    pub(crate) fn into_parts(self) -> (Option<String>, Option<String>, Vec<String>) {
        let detail = self.error.object;
        let error = self.error.word.or(detail.code).or(self.code);
        let description = self.error_description.or(detail.message).or(self.message);
        (error, description, self.newest_versions)
    }
}

#[cfg(feature = "machine")]
document! {
    pub(crate) struct VersionsBody {
        api_versions: Vec<String> = texts("apiVersions"),
    }

    pub(crate) struct IdentityInfoBody {
        tenant_id: Option<String> = text("tenantId"),
    }
}
