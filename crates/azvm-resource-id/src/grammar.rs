//! The grammar, and the one walk over an ID that knows it.
//!
//! ```text
//! id             = "/"                                         ; the tenant
//!                | subscription | resource-group | sub-level
//!                | registration | resource
//!                  [ "/" ]                                     ; one trailing slash, not part of the ID
//! subscription   = "/subscriptions/" name
//! resource-group = subscription "/resourceGroups/" name
//! sub-level      = subscription "/locations/" name *( "/" type "/" name )
//!                | subscription "/tagNames/" name [ "/tagValues/" name ]
//! registration   = [ subscription ] "/providers/" namespace
//! resource       = scope "/providers/" namespace 1*( "/" type "/" name )
//! scope          = "" | subscription | resource-group | sub-level
//!                | registration | resource                     ; the last makes it an extension
//! type           = name, but not "providers" in any case
//! name           = 1*char, but not "." or "..", no blank at either end
//! char           = any but "/", control characters and " # < > ? \ |
//! ```
//!
//! Keywords are compared without regard to ASCII case, and only where the grammar has one:
//! every segment with an even index is a keyword or a type, every other one a value,
//! so a group may well be named `providers`.

use crate::error::{Fault, ParseErrorKind, floor_char_boundary};
use crate::keyword::{self, Keyword};
use crate::scan::{self, Slashes};
use crate::segments::SegmentRole;

/// The longest ID, in bytes; offsets into it fit 16 bits.
pub const MAX_LENGTH_BYTES: usize = u16::MAX as usize;

/// What an ID, or its part that was read so far, names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shape {
    Tenant,
    Subscription,
    ResourceGroup,
    Location,
    TagName,
    TagValue,
    /// `/providers/{namespace}` where that is an ID of its own.
    Registration,
    /// `/providers/{namespace}` where a type has to follow. Never the shape of a whole ID.
    Namespace,
    Resource,
}

/// Where the parts of an ID are. Offsets of parts that it does not have are zero.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Without a trailing slash.
    pub(crate) end: u16,
    pub(crate) subscription_end: u16,
    pub(crate) group_end: u16,
    /// The namespace of the last `/providers/`.
    pub(crate) namespace_start: u16,
    pub(crate) namespace_end: u16,
    /// The last key and value: type and name, or a keyword and its value.
    pub(crate) key_start: u16,
    pub(crate) name_start: u16,
    pub(crate) shape: Shape,
}

impl Layout {
    pub(crate) const TENANT: Self = Self {
        end: 1,
        subscription_end: 0,
        group_end: 0,
        namespace_start: 0,
        namespace_end: 0,
        key_start: 0,
        name_start: 0,
        shape: Shape::Tenant,
    };

    /// Records the value that ends at `end` and was announced by the key before it.
    #[inline]
    fn enter(&mut self, shape: Shape, name_start: usize, end: usize) {
        // The walk starts by refusing longer text, so nothing is cut off here.
        self.name_start = name_start as u16;
        self.end = end as u16;
        self.shape = shape;
        match shape {
            Shape::Subscription => self.subscription_end = self.end,
            Shape::ResourceGroup => self.group_end = self.end,
            Shape::Namespace | Shape::Registration => {
                self.namespace_start = self.name_start;
                self.namespace_end = self.end;
            }
            Shape::Tenant
            | Shape::Location
            | Shape::TagName
            | Shape::TagValue
            | Shape::Resource => {}
        }
    }
}

impl Shape {
    /// What an ID of this shape becomes by a pair that starts with `key`.
    #[inline]
    pub(crate) fn after_key(self, key: &[u8]) -> Result<Self, ParseErrorKind> {
        let is = |keyword: Keyword| keyword.matches(key);
        match self {
            Self::Resource if is(keyword::PROVIDERS) => Ok(Self::Namespace),
            Self::Resource => Ok(Self::Resource),
            Self::Namespace if is(keyword::PROVIDERS) => Err(ParseErrorKind::MissingType),
            Self::Namespace => Ok(Self::Resource),
            Self::ResourceGroup if is(keyword::PROVIDERS) => Ok(Self::Namespace),
            Self::Subscription if is(keyword::RESOURCE_GROUPS) => Ok(Self::ResourceGroup),
            Self::Subscription if is(keyword::PROVIDERS) => Ok(Self::Registration),
            Self::Subscription if is(keyword::LOCATIONS) => Ok(Self::Location),
            Self::Subscription if is(keyword::TAG_NAMES) => Ok(Self::TagName),
            Self::Tenant if is(keyword::SUBSCRIPTIONS) => Ok(Self::Subscription),
            Self::Tenant if is(keyword::PROVIDERS) => Ok(Self::Registration),
            Self::Registration if is(keyword::PROVIDERS) => Ok(Self::Namespace),
            Self::Registration => Ok(Self::Resource),
            Self::Location if is(keyword::PROVIDERS) => Ok(Self::Namespace),
            Self::Location => Ok(Self::Location),
            Self::TagName if is(keyword::TAG_VALUES) => Ok(Self::TagValue),
            Self::TagName | Self::TagValue if is(keyword::PROVIDERS) => Ok(Self::Namespace),
            Self::ResourceGroup
            | Self::Subscription
            | Self::Tenant
            | Self::TagName
            | Self::TagValue => Err(ParseErrorKind::UnknownKeyword),
        }
    }

    /// The keywords that may follow an ID of this shape; where it is empty any type may.
    pub(crate) fn keywords(self) -> &'static [Keyword] {
        match self {
            Self::Tenant => &[keyword::SUBSCRIPTIONS, keyword::PROVIDERS],
            Self::Subscription => &[
                keyword::RESOURCE_GROUPS,
                keyword::PROVIDERS,
                keyword::LOCATIONS,
                keyword::TAG_NAMES,
            ],
            Self::ResourceGroup | Self::TagValue => &[keyword::PROVIDERS],
            Self::TagName => &[keyword::TAG_VALUES, keyword::PROVIDERS],
            Self::Location | Self::Registration | Self::Namespace | Self::Resource => &[],
        }
    }

    /// What the key of a pair is that leads from `self` to `next`.
    pub(crate) fn key_role(self, next: Self) -> SegmentRole {
        match (self, next) {
            (Self::Namespace | Self::Registration | Self::Resource, Self::Resource)
            | (Self::Location, Self::Location) => SegmentRole::Type,
            _ => SegmentRole::Keyword,
        }
    }

    /// What the value is that completes this shape.
    pub(crate) fn value_role(self) -> SegmentRole {
        match self {
            Self::Subscription => SegmentRole::SubscriptionId,
            Self::ResourceGroup => SegmentRole::ResourceGroup,
            Self::Registration | Self::Namespace => SegmentRole::Namespace,
            Self::Tenant | Self::Location | Self::TagName | Self::TagValue | Self::Resource => {
                SegmentRole::Name
            }
        }
    }
}

/// Reads an ID and says where its parts are, or what is wrong at the first place where something is.
#[inline]
pub(crate) fn layout_of(text: &str) -> Result<Layout, Fault> {
    let bytes = text.as_bytes();
    if bytes.len() > MAX_LENGTH_BYTES {
        return Err(too_long(text));
    }
    if scan::is_plain(bytes) {
        walk::<false>(text)
    } else {
        walk_carefully(text)
    }
}

#[cold]
fn too_long(text: &str) -> Fault {
    let from = floor_char_boundary(text, MAX_LENGTH_BYTES);
    Fault::new(ParseErrorKind::TooLong, from, text.len())
}

#[cold]
fn walk_carefully(text: &str) -> Result<Layout, Fault> {
    walk::<true>(text)
}

/// `CAREFUL` looks at each character; without it the text is known to be plain.
#[inline]
fn walk<const CAREFUL: bool>(text: &str) -> Result<Layout, Fault> {
    let bytes = text.as_bytes();
    let body = match bytes {
        [] => return Err(Fault::new(ParseErrorKind::Empty, 0, 0)),
        [b'/'] => return Ok(Layout::TENANT),
        [b'/', body @ .., b'/'] => &bytes[..body.len() + 1],
        [b'/', ..] => bytes,
        _ => return Err(no_leading_slash(text)),
    };
    let mut slashes = Slashes::after_first(body);
    let mut layout = Layout::TENANT;
    let mut start = 1;
    loop {
        let shape = layout.shape;
        let key_end = slashes.next_end();
        // Before anything of this key is judged: without it there is nothing to say what the next one is.
        let next = shape.after_key(&body[start..key_end]);
        let key_role = next.map_or(SegmentRole::Keyword, |next| shape.key_role(next));
        check_segment::<CAREFUL>(text, start, key_end)
            .map_err(|fault| fault.at(shape, key_role))?;
        let next =
            next.map_err(|kind| Fault::new(kind, start, key_end).at(shape, SegmentRole::Keyword))?;
        if key_end == body.len() {
            return Err(Fault::new(ParseErrorKind::MissingName, start, key_end).at(next, key_role));
        }
        let name_start = key_end + 1;
        let end = slashes.next_end();
        check_segment::<CAREFUL>(text, name_start, end)
            .map_err(|fault| fault.at(next, next.value_role()))?;
        layout.key_start = start as u16;
        layout.enter(next, name_start, end);
        if end == body.len() {
            break;
        }
        start = end + 1;
    }
    if layout.shape == Shape::Namespace {
        let (from, to) = (usize::from(layout.namespace_start), body.len());
        return Err(Fault::new(ParseErrorKind::MissingType, from, to)
            .at(Shape::Namespace, SegmentRole::Namespace));
    }
    Ok(layout)
}

#[cold]
fn no_leading_slash(text: &str) -> Fault {
    match text.chars().next() {
        Some(char) if char.is_whitespace() => {
            Fault::new(ParseErrorKind::SurroundingWhitespace, 0, char.len_utf8())
        }
        _ => Fault::new(
            ParseErrorKind::MissingLeadingSlash,
            0,
            text.find('/').unwrap_or(text.len()),
        ),
    }
}

#[inline]
fn check_segment<const CAREFUL: bool>(text: &str, start: usize, end: usize) -> Result<(), Fault> {
    match &text.as_bytes()[start..end] {
        [] => Err(Fault::new(ParseErrorKind::EmptySegment, start, end)),
        [b'.'] | [b'.', b'.'] => Err(Fault::new(ParseErrorKind::DotSegment, start, end)),
        _ if CAREFUL => check_characters(&text[start..end], start),
        _ => Ok(()),
    }
}

/// One segment on its own, which must not contain a slash either.
#[cfg(feature = "alloc")]
pub(crate) fn check_part(segment: &str) -> Result<(), Fault> {
    check_segment::<true>(segment, 0, segment.len())
}

/// The characters of one segment that is not empty.
fn check_characters(segment: &str, start: usize) -> Result<(), Fault> {
    let blanks_after = segment.trim_end().len();
    for (at, char) in segment.char_indices() {
        let kind = match char {
            '"' | '#' | '<' | '>' | '?' | '\\' | '|' | '/' => ParseErrorKind::ForbiddenCharacter,
            _ if char.is_whitespace() && (at == 0 || at >= blanks_after) => {
                ParseErrorKind::SurroundingWhitespace
            }
            _ if char.is_control() => ParseErrorKind::ControlCharacter,
            _ => continue,
        };
        let from = start + at;
        return Err(Fault::new(kind, from, from + char.len_utf8()));
    }
    Ok(())
}
