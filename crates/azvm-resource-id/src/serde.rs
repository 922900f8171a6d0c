//! IDs as strings in any format that serde knows.
//!
//! A [`ResourceId`] is written as it was read; one that is no ID is refused with the parse error's message.

use alloc::string::String;
use core::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::borrowed::ResourceIdRef;
use crate::owned::ResourceId;

impl Serialize for ResourceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for ResourceIdRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ResourceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_string(OwnedVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for ResourceIdRef<'a> {
    /// Only from formats that lend their text, and text without escapes.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        ResourceIdRef::parse(text).map_err(D::Error::custom)
    }
}

struct OwnedVisitor;

impl Visitor<'_> for OwnedVisitor {
    type Value = ResourceId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an Azure resource ID")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<ResourceId, E> {
        ResourceId::parse(text).map_err(E::custom)
    }

    fn visit_string<E: Error>(self, text: String) -> Result<ResourceId, E> {
        ResourceId::try_from(text).map_err(E::custom)
    }
}
