//! Documents with many members: each is a struct, and one line per member says how it is read.
//!
//! Nothing but broken JSON fails, to which a text with half a surrogate pair and a number beyond all floats count where
//! they are read. A member of another type than expected reads as absent, an unknown one is skipped, and
//! of a repeated one the last counts, as with most readers of JSON.

use crate::loose::{Name, Scalar, Scalars, Shape, any, first_items, from_json, shown};
use crate::{Malformed, ProtocolError};
use alloc::string::String;
use alloc::vec::Vec;
use azvm_exchange::{Response, Secret};
use core::fmt;
use core::marker::PhantomData;
use core::str::FromStr;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A text that is kept as it came may have this many bytes; a longer one reads as absent. User data have 64 KiB at
/// most, which base64 makes a third longer.
const MAX_DATA_BYTES: usize = 128 * 1024;

/// Something with named members that are read one by one.
pub(crate) trait Members: Default {
    /// Reads the value of the member called `name`, or skips it.
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error>;
}

/// Defines a struct and how its members are read. `field: Type = reader("name")`, where the readers are the functions
/// of this module.
macro_rules! document {
    ($(
        $(#[$meta:meta])*
        $visibility:vis struct $document:ident {
            $(
                $(#[$field_meta:meta])*
                $field:ident: $type:ty = $reader:ident($($name:literal),+),
            )*
        }
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        $visibility struct $document {
            $(
                $(#[$field_meta])*
                $visibility $field: $type,
            )*
        }

        impl $crate::document::Members for $document {
            fn member<'de, A: serde::de::MapAccess<'de>>(
                &mut self,
                name: &str,
                map: &mut A,
            ) -> Result<(), A::Error> {
                match name {
                    $($($name)|+ => self.$field = $crate::document::$reader(map)?,)*
                    _ => $crate::document::skip(map)?,
                }
                Ok(())
            }
        }
    )*};
}
pub(crate) use document;

/// Reads the body of a 200 into a document.
pub(crate) fn read<T: Members>(
    response: &Response,
    reason: &'static str,
) -> Result<T, ProtocolError> {
    ProtocolError::unless_ok(response)?;
    let malformed = |_| ProtocolError::Malformed(Malformed::new(reason, response));
    let Strict(document) = from_json(response.json_body()).map_err(malformed)?;
    Ok(document)
}

/// Words to be shown: made fit for that as [`service_text`](azvm_exchange::service_text) does.
pub(crate) fn text<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<String>, A::Error> {
    let text = map.next_value::<Scalar<'de>>()?.into_text();
    Ok(text.map(|text| shown(&text)))
}

/// As [`text`], but a number or a flag is none: for a name by which something is decided or looked up.
pub(crate) fn keyword<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<String>, A::Error> {
    Ok(word(map)?.filter(|text| !text.is_empty()))
}

/// As [`text`], but an empty text is one, and a number or a flag is none.
pub(crate) fn word<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<String>, A::Error> {
    Ok(map.next_value::<Scalar<'de>>()?.text().map(shown))
}

/// A text as it came, [`MAX_DATA_BYTES`] at most.
pub(crate) fn data<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<String>, A::Error> {
    let text = map.next_value::<Scalar<'de>>()?.into_text();
    Ok(text
        .filter(|text| text.len() <= MAX_DATA_BYTES)
        .map(Into::into))
}

/// As [`data`], but not to be shown.
pub(crate) fn secret<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<Secret>, A::Error> {
    Ok(data(map)?.map(Secret::new))
}

/// `true` or `false`, also as text.
pub(crate) fn flag<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<bool>, A::Error> {
    Ok(map.next_value::<Scalar<'de>>()?.flag())
}

/// A whole number within the range of `T`, also as text.
pub(crate) fn number<'de, A: MapAccess<'de>, T: TryFrom<i64>>(
    map: &mut A,
) -> Result<Option<T>, A::Error> {
    let number = map.next_value::<Scalar<'de>>()?.number().get();
    Ok(number.and_then(|number| T::try_from(number).ok()))
}

/// What a text can be parsed into; absent when it cannot.
pub(crate) fn parsed<'de, A: MapAccess<'de>, T: FromStr>(
    map: &mut A,
) -> Result<Option<T>, A::Error> {
    let text = map.next_value::<Scalar<'de>>()?.into_text();
    Ok(text.and_then(|text| text.parse().ok()))
}

/// The texts of a list.
pub(crate) fn texts<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Vec<String>, A::Error> {
    let Scalars(items) = map.next_value()?;
    let texts = items.into_iter().filter_map(Scalar::into_text);
    Ok(texts.map(|text| shown(&text)).collect())
}

/// A document in a document.
pub(crate) fn object<'de, A: MapAccess<'de>, T: Members>(map: &mut A) -> Result<T, A::Error> {
    let Tolerant(object) = map.next_value()?;
    Ok(object.unwrap_or_default())
}

/// As [`word`], or a document where an object stands.
pub(crate) fn word_or_object<'de, A: MapAccess<'de>, T: Members>(
    map: &mut A,
) -> Result<WordOr<T>, A::Error> {
    map.next_value()
}

/// The documents of a list, up to [`MAX_LIST_ITEMS`](crate::loose::MAX_LIST_ITEMS). What is no document in it is left out.
pub(crate) fn list<'de, A: MapAccess<'de>, T: Members>(map: &mut A) -> Result<Vec<T>, A::Error> {
    let List(items) = map.next_value()?;
    Ok(items
        .into_iter()
        .filter_map(|Tolerant(item)| item)
        .collect())
}

/// Reads over one value, however deep it is.
pub(crate) fn skip<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>()?;
    Ok(())
}

fn fill<'de, A: MapAccess<'de>, T: Members>(mut map: A) -> Result<T, A::Error> {
    let mut document = T::default();
    while let Some(Name(name)) = map.next_key()? {
        document.member(&name, &mut map)?;
    }
    Ok(document)
}

/// An object, or an error.
#[derive(Default)]
pub(crate) struct Strict<T>(pub(crate) T);

impl<'de, T: Members> Deserialize<'de> for Strict<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_map(StrictVisitor(PhantomData))
            .map(Self)
    }
}

struct StrictVisitor<T>(PhantomData<T>);

impl<'de, T: Members> Visitor<'de> for StrictVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        fill(map)
    }
}

/// An object, or nothing where something else stands.
struct Tolerant<T>(Option<T>);

impl<T> Default for Tolerant<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Members> Shape<'de> for Tolerant<T> {
    fn from_members<A: MapAccess<'de>>(members: A) -> Result<Self, A::Error> {
        fill(members).map(|document| Self(Some(document)))
    }
}

impl<'de, T: Members> Deserialize<'de> for Tolerant<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        any(deserializer)
    }
}

/// A text, or an object; nothing where something else stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WordOr<T> {
    pub(crate) word: Option<String>,
    pub(crate) object: T,
}

impl<'de, T: Members> Shape<'de> for WordOr<T> {
    fn from_scalar(scalar: Scalar<'de>) -> Self {
        Self {
            word: scalar.text().map(shown),
            object: T::default(),
        }
    }

    fn from_members<A: MapAccess<'de>>(members: A) -> Result<Self, A::Error> {
        fill(members).map(|object| Self { word: None, object })
    }
}

impl<'de, T: Members> Deserialize<'de> for WordOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        any(deserializer)
    }
}

/// The objects of a list, or none where something else stands.
struct List<T>(Vec<Tolerant<T>>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Members> Shape<'de> for List<T> {
    fn from_list<A: SeqAccess<'de>>(items: A) -> Result<Self, A::Error> {
        first_items(items).map(Self)
    }
}

impl<'de, T: Members> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        any(deserializer)
    }
}

/// Defines an enum of the values that a member is known to have. Others are kept as text in `Other`.
macro_rules! open_enum {
    ($(
        $(#[$meta:meta])*
        pub enum $enum:ident {
            $(
                $(#[$variant_meta:meta])*
                $variant:ident = $name:literal,
            )+
        }
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $enum {
            $(
                $(#[$variant_meta])*
                $variant,
            )+
            /// A value that was not known when this was written, as the service spelled it.
            Other(alloc::string::String),
        }

        impl $enum {
            /// As the service spells it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)+
                    Self::Other(text) => text,
                }
            }
        }

        impl core::str::FromStr for $enum {
            type Err = core::convert::Infallible;

            /// In any case. Never fails.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $(if text.eq_ignore_ascii_case($name) {
                    return Ok(Self::$variant);
                })+
                Ok(Self::Other($crate::loose::shown(text)))
            }
        }

        impl core::fmt::Display for $enum {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}
pub(crate) use open_enum;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loose::MAX_LIST_ITEMS;
    use alloc::format;
    use alloc::vec;

    document! {
        struct Inner {
            name: Option<String> = text("name", "Name"),
        }

        struct Outer {
            name: Option<String> = text("name"),
            raw: Option<String> = data("raw"),
            hidden: Option<Secret> = secret("hidden"),
            is_on: Option<bool> = flag("on"),
            size: Option<u16> = number("size"),
            inner: Inner = object("inner"),
            items: Vec<Inner> = list("items"),
            texts: Vec<String> = texts("texts"),
        }
    }

    fn outer(body: &str) -> Result<Outer, ProtocolError> {
        let response = Response::new(200, vec![], body.as_bytes().to_vec());
        read(&response, "the body is no outer")
    }

    #[test]
    fn every_reader_takes_what_it_knows() {
        let read = outer(
            r#"{"name":"a\u0007b","raw":"a\nb","hidden":"s3cret","on":"True","size":"7","inner":{"Name":"n"},
            "items":[{"name":"x"},{}],"texts":["t",1,"",null]}"#,
        )
        .unwrap();
        assert_eq!(read.name.as_deref(), Some("a b"));
        assert_eq!(read.raw.as_deref(), Some("a\nb"));
        assert_eq!(read.hidden.as_ref().map(Secret::expose), Some("s3cret"));
        assert!(!format!("{read:?}").contains("s3cret"));
        assert_eq!((read.is_on, read.size), (Some(true), Some(7)));
        assert_eq!(read.inner.name.as_deref(), Some("n"));
        assert_eq!(read.items.len(), 2);
        assert_eq!(read.texts, ["t", "1"]);
    }

    #[test]
    fn an_odd_member_reads_as_absent_and_costs_no_other() {
        for odd in ["null", "[[]]", "{\"a\":{}}", "-1", "\"\"", "1e300"] {
            for name in [
                "raw", "hidden", "on", "size", "inner", "items", "texts", "new",
            ] {
                let read = outer(&format!(r#"{{"{name}":{odd},"name":"n"}}"#)).unwrap();
                assert_eq!(read.name.as_deref(), Some("n"), "{name} {odd}");
                assert_eq!((read.is_on, read.size), (None, None), "{name} {odd}");
            }
        }
        let read = outer(r#"{"items":[1,"a",{"name":"n"},[]],"size":65536}"#).unwrap();
        assert_eq!((read.items.len(), read.size), (1, None));
    }

    #[test]
    fn of_a_repeated_member_the_last_counts() {
        let read = outer(r#"{"name":"a","n\u0061me":"b"}"#).unwrap();
        assert_eq!(read.name.as_deref(), Some("b"));
    }

    #[test]
    fn lists_texts_and_depth_are_bounded() {
        let many = format!("{{\"items\":[{}{{}}],\"name\":\"n\"}}", "{},".repeat(3000));
        let read = outer(&many).unwrap();
        assert_eq!(read.items.len(), MAX_LIST_ITEMS);
        assert_eq!(read.name.as_deref(), Some("n"));
        let long = format!("{{\"raw\":\"{}\"}}", "r".repeat(MAX_DATA_BYTES + 1));
        assert_eq!(outer(&long).unwrap().raw, None);
        for name in ["new", "name", "inner", "items", "texts"] {
            let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
            let read = outer(&format!("{{\"{name}\":{open}{close}}}"));
            assert_eq!(read, Ok(Outer::default()), "{name}");
        }
    }

    #[test]
    fn what_is_no_object_is_malformed() {
        for body in ["", "[]", "null", "\"a\"", "1", "{", "{}{}", "<html>"] {
            let error = outer(body).unwrap_err();
            assert_eq!(error.summary(), "the body is no outer", "{body}");
        }
        assert_eq!(outer("\u{feff}{}"), Ok(Outer::default()));
    }
}
