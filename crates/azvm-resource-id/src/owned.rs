//! The owned ID: the text in one allocation, and the same accessors as the borrowed one.

use alloc::boxed::Box;
use alloc::string::String;
use core::borrow::Borrow;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;

use crate::borrowed::{ResourceIdRef, RootScope};
use crate::error::ParseError;
use crate::fold;
use crate::grammar::{self, Layout};
use crate::resource_type::ResourceType;
use crate::segments::{Ancestors, Segments};

/// A resource ID that owns its text.
///
/// `Display` gives the text as it was parsed, [`canonical`](Self::canonical) the spelling to send to ARM.
/// Equality, hash and order ignore case and a trailing slash, so that an ID finds itself in a map
/// however a service spelled it. Looking up by a borrowed ID allocates nothing:
///
/// ```
/// use std::collections::HashMap;
/// use azvm_resource_id::{ResourceId, ResourceIdKey, ResourceIdRef};
///
/// let mut clients = HashMap::new();
/// let key = ResourceId::parse("/subscriptions/s/resourcegroups/RG/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id")?;
/// clients.insert(key, "a client ID");
///
/// let asked = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/ID";
/// let asked: &dyn ResourceIdKey = &ResourceIdRef::parse(asked)?;
/// assert_eq!(clients.get(asked), Some(&"a client ID"));
/// # Ok::<(), azvm_resource_id::ParseError>(())
/// ```
#[derive(Clone)]
pub struct ResourceId {
    text: Box<str>,
    layout: Layout,
}

/// An ID, owned or borrowed, as the key of a map.
///
/// A `HashMap` or `BTreeMap` whose keys are [`ResourceId`]s can be asked for a `&dyn ResourceIdKey`.
pub trait ResourceIdKey {
    /// The ID without its owner.
    fn as_borrowed(&self) -> ResourceIdRef<'_>;
}

impl ResourceId {
    /// Reads an ID; keywords may be in any case. Allocates the text, once.
    ///
    /// # Errors
    ///
    /// When the text is not an ID; the error tells the first place that breaks a rule.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        ResourceIdRef::parse(text).map(ResourceIdRef::into_owned)
    }

    /// Reads an ID whose keywords have to be spelled canonically; see [`ResourceIdRef::parse_exact`].
    ///
    /// # Errors
    ///
    /// When [`parse`](Self::parse) fails, or for the first keyword in another case.
    pub fn parse_exact(text: &str) -> Result<Self, ParseError> {
        ResourceIdRef::parse_exact(text).map(ResourceIdRef::into_owned)
    }

    /// The ID without its owner.
    #[must_use]
    pub fn as_borrowed(&self) -> ResourceIdRef<'_> {
        ResourceIdRef::from_parts(&self.text, self.layout)
    }

    /// The text, without copying it.
    #[must_use]
    pub fn into_string(self) -> String {
        self.text.into_string()
    }

    /// Whether `other` is below this ID; see [`ResourceIdRef::is_ancestor_of`].
    #[must_use]
    pub fn is_ancestor_of(&self, other: &Self) -> bool {
        self.as_borrowed().is_ancestor_of(&other.as_borrowed())
    }

    /// Whether `other` is this ID or below it.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.as_borrowed().contains(&other.as_borrowed())
    }

    /// Whether both are spelled the same, letter by letter. A trailing slash does not matter.
    #[must_use]
    pub fn eq_exact(&self, other: &Self) -> bool {
        self.as_borrowed().eq_exact(&other.as_borrowed())
    }
}

/// The accessors of [`ResourceIdRef`], for the owner.
macro_rules! delegate {
    ($($(#[$doc:meta])* $name:ident -> $result:ty;)*) => {
        impl ResourceId {
            $(
                $(#[$doc])*
                ///
                #[doc = concat!("See [`ResourceIdRef::", stringify!($name), "`].")]
                #[must_use]
                pub fn $name(&self) -> $result {
                    self.as_borrowed().$name()
                }
            )*
        }
    };
}

delegate! {
    /// The text as it was given.
    as_str -> &str;
    /// The ID of the subscription that this is, or is in.
    subscription_id -> Option<&str>;
    /// The name of the resource group that this is, or is in.
    resource_group -> Option<&str>;
    /// The namespace after the last `/providers/`.
    namespace -> Option<&str>;
    /// The type, of the extension for an extension.
    resource_type -> ResourceType<'_>;
    /// The last segment. Empty for the tenant only.
    name -> &str;
    /// What directly contains this. `None` for the tenant only.
    parent -> Option<ResourceIdRef<'_>>;
    /// What the last `/providers/` hangs on.
    scope -> Option<ResourceIdRef<'_>>;
    /// Whether this is a resource attached to another resource.
    is_extension -> bool;
    /// The parent, its parent and so on up to the tenant.
    ancestors -> Ancestors<'_>;
    /// The segments from left to right.
    segments -> Segments<'_>;
    /// The widest scope that this ID hangs on.
    root_scope -> RootScope;
    /// The name of the management group that this is, or is below.
    management_group -> Option<&str>;
    /// The same ID with canonical keywords and no trailing slash.
    canonical -> ResourceId;
    /// The ID as the path of a URL.
    to_url_path -> String;
}

impl ResourceIdRef<'_> {
    /// The same ID with a text of its own.
    #[must_use]
    pub fn into_owned(self) -> ResourceId {
        ResourceId {
            text: self.as_str().into(),
            layout: self.layout(),
        }
    }

    /// The same ID with canonical keywords and no trailing slash: the spelling to send to ARM.
    ///
    /// Names, namespaces and types keep their spelling.
    /// The result passes [`parse_exact`](Self::parse_exact) and equals this ID.
    #[must_use]
    pub fn canonical(&self) -> ResourceId {
        let mut text = String::with_capacity(self.as_str().len());
        for segment in self.segments() {
            text.push('/');
            text.push_str(segment.canonical());
        }
        if text.is_empty() {
            text.push('/');
        }
        // Keywords only change their case: everything stays where it was.
        ResourceId {
            text: text.into_boxed_str(),
            layout: self.layout(),
        }
    }

    /// The ID as the path of a URL: canonical keywords, and percent-encoded whatever [RFC 3986] does not call
    /// unreserved.
    ///
    /// A `%` that is in the ID becomes `%25`: nothing is taken to be encoded already.
    /// Put it after `https://host` without a slash in between.
    /// The path of the tenant is `/`; what follows it starts with a slash, too.
    ///
    /// [RFC 3986]: https://www.rfc-editor.org/rfc/rfc3986#section-2.3
    #[must_use]
    pub fn to_url_path(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        let mut path = String::with_capacity(self.as_str().len());
        for segment in self.segments() {
            path.push('/');
            for &byte in segment.canonical().as_bytes() {
                if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                    path.push(char::from(byte));
                } else {
                    path.push('%');
                    path.push(char::from(DIGITS[usize::from(byte >> 4)]));
                    path.push(char::from(DIGITS[usize::from(byte & 0xf)]));
                }
            }
        }
        if path.is_empty() {
            path.push('/');
        }
        path
    }
}

impl ResourceId {
    /// For text that was just put together from checked parts.
    pub(crate) fn from_built(text: String) -> Result<Self, ParseError> {
        match grammar::layout_of(&text) {
            Ok(layout) => Ok(Self {
                text: text.into_boxed_str(),
                layout,
            }),
            Err(fault) => Err(fault.in_text(&text)),
        }
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResourceId({:?})", self.text)
    }
}

impl FromStr for ResourceId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl TryFrom<&str> for ResourceId {
    type Error = ParseError;

    fn try_from(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for ResourceId {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        Self::from_built(text)
    }
}

impl From<ResourceIdRef<'_>> for ResourceId {
    fn from(id: ResourceIdRef<'_>) -> Self {
        id.into_owned()
    }
}

impl From<ResourceId> for String {
    fn from(id: ResourceId) -> Self {
        id.into_string()
    }
}

impl AsRef<str> for ResourceId {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        fold::equal(self.as_borrowed(), other.as_borrowed())
    }
}

impl Eq for ResourceId {}

impl PartialEq<str> for ResourceId {
    /// Text that is not an ID equals none.
    fn eq(&self, other: &str) -> bool {
        self.as_borrowed() == *other
    }
}

impl PartialEq<&str> for ResourceId {
    fn eq(&self, other: &&str) -> bool {
        self.as_borrowed() == **other
    }
}

impl PartialEq<ResourceIdRef<'_>> for ResourceId {
    fn eq(&self, other: &ResourceIdRef<'_>) -> bool {
        self.as_borrowed() == *other
    }
}

impl PartialEq<ResourceId> for ResourceIdRef<'_> {
    fn eq(&self, other: &ResourceId) -> bool {
        *self == other.as_borrowed()
    }
}

impl Hash for ResourceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        fold::hash(self.as_borrowed(), state);
    }
}

impl Ord for ResourceId {
    fn cmp(&self, other: &Self) -> Ordering {
        fold::compare(self.as_borrowed(), other.as_borrowed())
    }
}

impl PartialOrd for ResourceId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl ResourceIdKey for ResourceId {
    fn as_borrowed(&self) -> ResourceIdRef<'_> {
        self.as_borrowed()
    }
}

impl ResourceIdKey for ResourceIdRef<'_> {
    fn as_borrowed(&self) -> ResourceIdRef<'_> {
        *self
    }
}

impl<'a> Borrow<dyn ResourceIdKey + 'a> for ResourceId {
    fn borrow(&self) -> &(dyn ResourceIdKey + 'a) {
        self
    }
}

impl PartialEq for dyn ResourceIdKey + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.as_borrowed() == other.as_borrowed()
    }
}

impl Eq for dyn ResourceIdKey + '_ {}

impl Hash for dyn ResourceIdKey + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_borrowed().hash(state);
    }
}

impl Ord for dyn ResourceIdKey + '_ {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_borrowed().cmp(&other.as_borrowed())
    }
}

impl PartialOrd for dyn ResourceIdKey + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
