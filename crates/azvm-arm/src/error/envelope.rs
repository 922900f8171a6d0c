//! The forms in which ARM, the services behind it and servers in its place write an error.
//!
//! | form | whose |
//! |---|---|
//! | `{"error":{"code":C,"message":M}}` | ARM's, by its contract |
//! | `{"odata.error":{"code":C,"message":{"lang":L,"value":M}}}` | that of older services, by OData version 3 |
//! | `{"code":C,"message":M}` | that of services which leave the envelope out |
//! | `{"error":E,"error_description":M}` | that of RFC 6749 section 5.2, and of gateways: nobody's mark |
//!
//! The provider contract (Azure/azure-resource-manager-rpc:v1.0/common-api-details.md) has the first; the next two are
//! those that Azure/azure-sdk-for-go:sdk/azcore/internal/exported/response_error.go reads beside it.

use super::detail::{DetailBody, Details, InfoBody};
use crate::wire::{Loose, Object, Shape};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use serde::Deserialize;
use serde::de::MapAccess;
use serde::de::value::MapAccessDeserializer;

/// A member of an odd type does not cost the others.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Outer {
    error: Loose<Inside>,
    #[serde(rename = "odata.error")]
    odata_error: Loose<Inside>,
    error_description: Loose<String>,
    code: Loose<String>,
    #[serde(alias = "Message")]
    message: Loose<Words>,
    target: Loose<String>,
    details: Loose<Details<DetailBody>>,
}

/// What stands in the envelope.
enum Inside {
    Word(String),
    Body(Box<ErrorBody>),
}

impl Shape for Inside {
    fn from_text(text: &str) -> Option<Self> {
        Some(Self::Word(text.into()))
    }

    fn from_object<'de, A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        let body = ErrorBody::deserialize(MapAccessDeserializer::new(object))?;
        Ok(Some(Self::Body(Box::new(body))))
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ErrorBody {
    pub(super) code: Loose<String>,
    pub(super) message: Loose<Words>,
    pub(super) target: Loose<String>,
    pub(super) details: Loose<Details<DetailBody>>,
    pub(super) additional_info: Loose<Details<InfoBody>>,
}

/// A message: a text, or OData's object with its language and value.
pub(super) struct Words(pub(super) String);

impl Shape for Words {
    fn from_text(text: &str) -> Option<Self> {
        Some(Self(text.into()))
    }

    fn from_object<'de, A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        let members = BTreeMap::<String, String>::from_object(object)?;
        Ok(members.and_then(|mut it| it.remove("value")).map(Self))
    }
}

/// The error in a body, and whether it stood in an envelope with a code, which is a mark of ARM.
pub(super) fn read(json: &[u8]) -> (ErrorBody, bool) {
    let outer = serde_json::from_slice::<Object<Outer>>(json);
    let Object(outer) = outer.unwrap_or_default();
    match outer.error.0.or(outer.odata_error.0) {
        Some(Inside::Body(body)) => {
            let is_enveloped = body
                .code
                .0
                .as_ref()
                .is_some_and(|code| !code.trim().is_empty());
            (*body, is_enveloped)
        }
        Some(Inside::Word(word)) => {
            let words = match outer.error_description.0 {
                Some(description) => format!("{word}: {description}"),
                None => word,
            };
            let message = Loose(Some(Words(words)));
            (
                ErrorBody {
                    message,
                    ..ErrorBody::default()
                },
                false,
            )
        }
        None => {
            let Outer {
                code,
                message,
                target,
                details,
                ..
            } = outer;
            let body = ErrorBody {
                code,
                message,
                target,
                details,
                ..ErrorBody::default()
            };
            (body, false)
        }
    }
}
