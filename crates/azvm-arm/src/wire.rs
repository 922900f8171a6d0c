//! JSON as services write it: what has an unexpected shape is skipped where that is harmless, and refused where it is not.
//!
//! Nothing here builds a tree of what it does not keep, so that a hostile body costs no more than its own size.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The value, or nothing where a value of another shape stands: one odd member does not cost the others.
#[derive(Clone, Debug)]
pub(crate) struct Loose<T>(pub(crate) Option<T>);

impl<T> Default for Loose<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// A shape that JSON may have. What is not overridden is another shape.
pub(crate) trait Shape: Sized {
    fn from_text(_text: &str) -> Option<Self> {
        None
    }

    fn from_flag(_flag: bool) -> Option<Self> {
        None
    }

    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn from_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

impl Shape for String {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_string())
    }
}

impl Shape for bool {
    fn from_flag(flag: bool) -> Option<Self> {
        Some(flag)
    }
}

/// The first `N` values of a list; the others are skipped.
#[derive(Clone, Debug)]
pub(crate) struct Bounded<T, const N: usize>(pub(crate) Vec<T>);

impl<T, const N: usize> Default for Bounded<T, N> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: for<'de> Deserialize<'de>, const N: usize> Shape for Bounded<T, N> {
    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let mut values = Vec::new();
        while values.len() < N {
            match list.next_element()? {
                Some(value) => values.push(value),
                None => return Ok(Some(Self(values))),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Some(Self(values)))
    }
}

/// The members of an object by name; with [`String`] those that are texts.
impl<T: Shape> Shape for BTreeMap<String, T> {
    fn from_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut members = Self::new();
        while let Some((name, value)) = object.next_entry::<String, Loose<T>>()? {
            if let Some(value) = value.0 {
                members.insert(name, value);
            }
        }
        Ok(Some(members))
    }
}

/// An object. A derived `Deserialize` alone takes a list for one, too.
#[derive(Clone, Debug, Default)]
pub(crate) struct Object<T>(pub(crate) T);

impl<T: for<'de> Deserialize<'de>> Shape for Object<T> {
    fn from_object<'de, A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(object)).map(|value| Some(Self(value)))
    }
}

impl<'de, T: for<'any> Deserialize<'any>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = Loose::<Self>::deserialize(deserializer)?;
        object.0.ok_or_else(|| D::Error::custom("not an object"))
    }
}

impl<'de, T: Shape> Deserialize<'de> for Loose<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor(PhantomData))
    }
}

struct ShapeVisitor<T>(PhantomData<T>);

impl<'de, T: Shape> Visitor<'de> for ShapeVisitor<T> {
    type Value = Loose<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Loose<T>, E> {
        Ok(Loose(T::from_flag(flag)))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Loose<T>, E> {
        Ok(Loose(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Loose<T>, E> {
        Ok(Loose(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Loose<T>, E> {
        Ok(Loose(None))
    }

    fn visit_str<E>(self, text: &str) -> Result<Loose<T>, E> {
        Ok(Loose(T::from_text(text)))
    }

    fn visit_unit<E>(self) -> Result<Loose<T>, E> {
        Ok(Loose(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Loose<T>, A::Error> {
        T::from_list(list).map(Loose)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Loose<T>, A::Error> {
        T::from_object(object).map(Loose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::boxed::Box;
    use alloc::vec;

    #[derive(Debug, Default, serde::Deserialize)]
    struct Thing {
        #[serde(default)]
        name: Loose<String>,
        #[serde(default)]
        list: Loose<Bounded<Loose<String>, 2>>,
        #[serde(default)]
        inner: Loose<Object<Box<Self>>>,
        #[serde(default)]
        tags: Loose<BTreeMap<String, String>>,
        #[serde(default)]
        flag: Loose<bool>,
    }

    #[test]
    fn an_odd_member_does_not_cost_the_others() {
        for odd in ["null", "true", "-1", "1", "1.5", "[[{}]]", "{\"x\":[1]}"] {
            let text = alloc::format!("{{\"list\":{odd},\"inner\":{odd},\"name\":\"n\"}}");
            let thing: Object<Thing> = serde_json::from_str(&text).unwrap();
            assert_eq!(thing.0.name.0.as_deref(), Some("n"), "{odd}");
        }
        let text = "{\"name\":[],\"flag\":true,\"tags\":{\"a\":\"1\",\"b\":2}}";
        let thing: Object<Thing> = serde_json::from_str(text).unwrap();
        assert_eq!((thing.0.name.0, thing.0.flag.0), (None, Some(true)));
        let tags: Vec<_> = thing.0.tags.0.unwrap().into_iter().collect();
        assert_eq!(tags, [("a".to_string(), "1".to_string())]);
    }

    #[test]
    fn a_list_is_cut_and_is_no_object() {
        let thing: Object<Thing> =
            serde_json::from_str("{\"list\":[\"a\",1,\"c\",{\"d\":[]}]}").unwrap();
        let list: Vec<_> = thing
            .0
            .list
            .0
            .unwrap()
            .0
            .into_iter()
            .map(|text| text.0)
            .collect();
        assert_eq!(list, vec![Some("a".to_string()), None]);
        for text in ["[]", "[\"n\"]", "\"n\"", "1", "null"] {
            assert!(
                serde_json::from_str::<Object<Thing>>(text).is_err(),
                "{text}"
            );
        }
        let thing: Object<Thing> = serde_json::from_str("{\"inner\":{\"name\":\"n\"}}").unwrap();
        assert_eq!(thing.0.inner.0.unwrap().0.name.0.as_deref(), Some("n"));
    }
}
