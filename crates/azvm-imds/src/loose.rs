//! JSON as it comes: a member of an unexpected type is read as what it is, and never costs the members beside it.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use azvm_exchange::{SERVICE_TEXT_CHARS, service_text};
use core::fmt;
use core::marker::PhantomData;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Of a list, no more than this many items are kept; the others are read over.
pub(crate) const MAX_LIST_ITEMS: usize = 1024;

/// Reads JSON, borrowing the texts from `bytes` where they hold no escapes.
///
/// One check of the whole input is faster than one per text. Bytes that are not UTF-8 still pass in members that nobody
/// asked for, because those are skipped.
pub(crate) fn from_json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> serde_json::Result<T> {
    match core::str::from_utf8(bytes) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(bytes),
    }
}

/// [`service_text`], in one allocation where there is nothing to mend.
pub(crate) fn shown(text: &str) -> String {
    if needs_no_mending(text) {
        text.trim().into()
    } else {
        service_text(text)
    }
}

/// True when [`service_text`] would return `text` as it is, ends trimmed. May be false for other such texts.
pub(crate) fn needs_no_mending(text: &str) -> bool {
    text.len() <= SERVICE_TEXT_CHARS && is_plain(text, b' ')
}

/// Nothing below `lowest`, nothing beyond ASCII, no control characters, and nothing that could be the start of a JWT.
pub(crate) fn is_plain(text: &str, lowest: u8) -> bool {
    // Without an early exit the compiler looks at many bytes at once.
    let is_printable = text
        .bytes()
        .fold(true, |all, byte| all & (byte >= lowest) & (byte < 0x7f));
    is_printable && !text.contains("eyJ")
}

/// A value that is expected to be one text, number or flag.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Scalar<'a> {
    /// Not there, or `null`.
    #[default]
    Absent,
    Text(Cow<'a, str>),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Flag(bool),
    /// An object or a list.
    Other,
}

impl<'a> Scalar<'a> {
    /// The text, if it is one: numbers and flags are not.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text, a number or a flag as text; `None` for the empty text too, by which services say that they know nothing.
    pub(crate) fn into_text(self) -> Option<Cow<'a, str>> {
        let text = match self {
            Self::Text(text) => text,
            Self::Unsigned(number) => number.to_string().into(),
            Self::Signed(number) => number.to_string().into(),
            Self::Float(number) => number.to_string().into(),
            Self::Flag(flag) => flag.to_string().into(),
            Self::Absent | Self::Other => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    /// A flag, or `true` and `false` as text in any case.
    pub(crate) fn flag(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            Self::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Self::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// A whole number, also as text or with decimals, which are cut off.
    pub(crate) fn number(&self) -> Number {
        match self {
            Self::Absent => Number::Absent,
            Self::Text(text) => {
                let text = text.trim();
                match text.parse() {
                    Ok(number) => Number::Whole(number),
                    Err(_) if text.is_empty() => Number::Absent,
                    Err(_) => Number::Unreadable,
                }
            }
            Self::Unsigned(number) => {
                i64::try_from(*number).map_or(Number::Unreadable, Number::Whole)
            }
            Self::Signed(number) => Number::Whole(*number),
            // A float has 53 bits, enough for Unix seconds; the range check keeps the conversion exact.
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the range is checked first"
            )]
            Self::Float(number) if number.abs() < 9e15 => Number::Whole(*number as i64),
            Self::Float(_) | Self::Flag(_) | Self::Other => Number::Unreadable,
        }
    }
}

/// What [`Scalar::number`] found. What cannot be read is no reason to throw away a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    Absent,
    Whole(i64),
    Unreadable,
}

impl Number {
    pub(crate) fn get(self) -> Option<i64> {
        match self {
            Self::Whole(value) => Some(value),
            Self::Absent | Self::Unreadable => None,
        }
    }
}

impl<'de> Shape<'de> for Scalar<'de> {
    fn from_scalar(scalar: Self) -> Self {
        scalar
    }

    fn from_list<A: SeqAccess<'de>>(mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::Other)
    }

    fn from_members<A: MapAccess<'de>>(mut members: A) -> Result<Self, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::Other)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        any::<D, Scalar<'de>>(deserializer)
    }
}

/// What can be made of any JSON value; an unexpected one becomes the default.
pub(crate) trait Shape<'de>: Default {
    /// From a text, a number, a flag or `null`.
    fn from_scalar(_: Scalar<'de>) -> Self {
        Self::default()
    }

    /// From a list, which has to be read to its end.
    fn from_list<A: SeqAccess<'de>>(mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }

    /// From an object, which has to be read to its end.
    fn from_members<A: MapAccess<'de>>(mut members: A) -> Result<Self, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

/// Reads any value into a shape. Only broken JSON is an error.
pub(crate) fn any<'de, D: Deserializer<'de>, T: Shape<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_any(AnyVisitor(PhantomData))
}

struct AnyVisitor<T>(PhantomData<T>);

impl<'de, T: Shape<'de>> Visitor<'de> for AnyVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<T, E> {
        Ok(T::from_scalar(Scalar::Text(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::from_scalar(Scalar::Text(Cow::Owned(text.into()))))
    }

    fn visit_u64<E>(self, number: u64) -> Result<T, E> {
        Ok(T::from_scalar(Scalar::Unsigned(number)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<T, E> {
        Ok(T::from_scalar(Scalar::Signed(number)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<T, E> {
        Ok(T::from_scalar(Scalar::Float(number)))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<T, E> {
        Ok(T::from_scalar(Scalar::Flag(flag)))
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::from_scalar(Scalar::Absent))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<T, A::Error> {
        T::from_list(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::from_members(members)
    }
}

/// The first [`MAX_LIST_ITEMS`] items of a list; the others are read over.
pub(crate) fn first_items<'de, A: SeqAccess<'de>, T: Deserialize<'de>>(
    mut list: A,
) -> Result<Vec<T>, A::Error> {
    let mut items = Vec::new();
    while items.len() < MAX_LIST_ITEMS {
        match list.next_element()? {
            Some(item) => items.push(item),
            None => return Ok(items),
        }
    }
    while list.next_element::<IgnoredAny>()?.is_some() {}
    Ok(items)
}

/// The first scalars of a list, or a single one that stands without a list.
#[derive(Debug, Default)]
pub(crate) struct Scalars<'a>(pub(crate) Vec<Scalar<'a>>);

impl<'de> Shape<'de> for Scalars<'de> {
    fn from_scalar(scalar: Scalar<'de>) -> Self {
        match scalar {
            Scalar::Absent => Self::default(),
            scalar => Self([scalar].into()),
        }
    }

    fn from_list<A: SeqAccess<'de>>(items: A) -> Result<Self, A::Error> {
        first_items(items).map(Self)
    }
}

impl<'de> Deserialize<'de> for Scalars<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        any(deserializer)
    }
}

/// The name of a member, borrowed where it holds no escapes.
pub(crate) struct Name<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Name<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Owned(text.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_come_in_many_shapes() {
        for (json, expected) in [
            ("\"86400\"", Number::Whole(86_400)),
            ("\" 86400 \"", Number::Whole(86_400)),
            ("\"86\\u003400\"", Number::Whole(86_400)),
            ("86400", Number::Whole(86_400)),
            ("-1", Number::Whole(-1)),
            ("1795345109.0", Number::Whole(1_795_345_109)),
            ("\"\"", Number::Absent),
            ("null", Number::Absent),
            ("\"11/05/2021 15:18:31 +00:00\"", Number::Unreadable),
            ("18446744073709551615", Number::Unreadable),
            ("1e300", Number::Unreadable),
            ("true", Number::Unreadable),
            ("[1,[2]]", Number::Unreadable),
            ("{\"a\":{}}", Number::Unreadable),
        ] {
            let scalar: Scalar<'_> = from_json(json.as_bytes()).unwrap();
            assert_eq!(scalar.number(), expected, "{json}");
        }
    }

    #[test]
    fn texts_and_flags_come_in_many_shapes() {
        for (json, text, flag) in [
            ("\"true\"", Some("true"), Some(true)),
            ("\"False\"", Some("False"), Some(false)),
            ("false", Some("false"), Some(false)),
            ("\"a\\/b\"", Some("a/b"), None),
            ("1.5", Some("1.5"), None),
            ("-7", Some("-7"), None),
            ("\"\"", None, None),
            ("null", None, None),
            ("[true]", None, None),
            ("{}", None, None),
        ] {
            let scalar: Scalar<'_> = from_json(json.as_bytes()).unwrap();
            assert_eq!(scalar.flag(), flag, "{json}");
            assert_eq!(scalar.into_text().as_deref(), text, "{json}");
        }
    }

    #[test]
    fn a_list_is_cut_and_a_single_value_is_a_list_of_one() {
        let many = alloc::format!("[{}0]", "0,".repeat(5000));
        let count = |json: &str| from_json::<Scalars<'_>>(json.as_bytes()).unwrap().0.len();
        assert_eq!(count(&many), MAX_LIST_ITEMS);
        assert_eq!(count("[1,\"a\",[],{}]"), 4);
        for (json, expected) in [
            ("\"a\"", 1),
            ("\"\\u0061\"", 1),
            ("7", 1),
            ("-7", 1),
            ("1.5", 1),
            ("true", 1),
            ("null", 0),
            ("{\"a\":1}", 0),
        ] {
            assert_eq!(count(json), expected, "{json}");
        }
    }

    proptest! {
        #[test]
        fn mending_is_left_out_only_where_it_does_nothing(text in ".{0,40}") {
            prop_assert_eq!(shown(&text), service_text(&text));
        }
    }
}
