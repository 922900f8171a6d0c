//! An ID segment by segment, and ID by ID up to the tenant.

use core::iter::FusedIterator;
use core::ops::Range;

use crate::borrowed::ResourceIdRef;
use crate::grammar::Shape;
use crate::keyword::{self, Keyword};
use crate::scan::Slashes;

/// What a segment is, by its position.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SegmentRole {
    /// A fixed word: `subscriptions`, `resourceGroups`, `providers`, `locations`, `tagNames` or `tagValues`.
    Keyword,
    /// The name of a resource, a location or a tag.
    Name,
    /// The namespace of a resource provider, such as `Microsoft.Compute`.
    Namespace,
    /// The name of the resource group under the subscription.
    ResourceGroup,
    /// The ID of the subscription.
    SubscriptionId,
    /// One segment of a resource type, such as `virtualMachines`.
    Type,
}

impl SegmentRole {
    /// For messages: `a resource group name`.
    pub(crate) fn with_article(self) -> &'static str {
        match self {
            Self::Keyword => "a keyword",
            Self::Name => "a name",
            Self::Namespace => "a provider namespace",
            Self::ResourceGroup => "a resource group name",
            Self::SubscriptionId => "a subscription ID",
            Self::Type => "a resource type",
        }
    }

    /// Whether case folding of this segment knows more than ASCII.
    pub(crate) fn is_user_chosen(self) -> bool {
        match self {
            Self::Name | Self::ResourceGroup | Self::SubscriptionId => true,
            Self::Keyword | Self::Namespace | Self::Type => false,
        }
    }
}

/// One segment of an ID, which never contains a slash.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Segment<'a> {
    text: &'a str,
    canonical: &'a str,
    start: usize,
    role: SegmentRole,
}

impl<'a> Segment<'a> {
    /// The segment as it is written.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// The canonical spelling: differs from [`as_str`](Self::as_str) at most in the case of a keyword.
    #[must_use]
    pub fn canonical(&self) -> &'a str {
        self.canonical
    }

    /// What it is.
    #[must_use]
    pub fn role(&self) -> SegmentRole {
        self.role
    }

    /// Where it stands in the text of the ID, in bytes.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }
}

/// The segments of an ID from left to right; see [`ResourceIdRef::segments`].
#[derive(Clone)]
pub struct Segments<'a> {
    /// Without a trailing slash; empty for the tenant.
    body: &'a str,
    slashes: Slashes<'a>,
    start: usize,
    shape: Shape,
    /// The shape that the next value completes, when a value is next.
    after_value: Option<Shape>,
    /// How many leading segments may still be one of the constants that act as a scope.
    constants_before: usize,
}

impl<'a> Segments<'a> {
    pub(crate) fn new(id: ResourceIdRef<'a>) -> Self {
        let body = id.key_text();
        let tail = match id.tenant_scope() {
            Some(_) => "/providers/".len() + keyword::MANAGEMENT.len() + 2,
            None => 0,
        };
        Self {
            body,
            slashes: Slashes::after_first(body.as_bytes()),
            start: 1,
            shape: Shape::Tenant,
            after_value: None,
            constants_before: tail,
        }
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        let start = self.start;
        if start >= self.body.len() {
            return None;
        }
        let end = self.slashes.next_end();
        self.start = end + 1;
        let text = &self.body[start..end];
        let role = match self.after_value.take() {
            Some(shape) => {
                self.shape = shape;
                shape.value_role()
            }
            None => {
                // The text was parsed before, so that every key leads somewhere.
                let next = self
                    .shape
                    .after_key(text.as_bytes())
                    .unwrap_or(Shape::Resource);
                self.after_value = Some(next);
                self.shape.key_role(next)
            }
        };
        let is_fixed = role == SegmentRole::Keyword || start < self.constants_before;
        let canonical = if is_fixed {
            keyword::canonical_of(text)
        } else {
            None
        };
        let canonical = canonical.unwrap_or(text);
        Some(Segment {
            text,
            canonical,
            start,
            role,
        })
    }
}

impl FusedIterator for Segments<'_> {}

impl core::fmt::Debug for Segments<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list()
            .entries(self.clone().map(|segment| segment.as_str()))
            .finish()
    }
}

/// What contains an ID, from its parent up to the tenant; see [`ResourceIdRef::ancestors`].
#[derive(Clone, Debug)]
pub struct Ancestors<'a> {
    below: Option<ResourceIdRef<'a>>,
}

impl<'a> Ancestors<'a> {
    pub(crate) fn new(id: ResourceIdRef<'a>) -> Self {
        Self { below: Some(id) }
    }
}

impl<'a> Iterator for Ancestors<'a> {
    type Item = ResourceIdRef<'a>;

    fn next(&mut self) -> Option<ResourceIdRef<'a>> {
        self.below = self.below?.parent();
        self.below
    }
}

impl FusedIterator for Ancestors<'_> {}

/// Offsets of the last key and value in `body`, which has an even number of segments.
pub(crate) fn last_pair(body: &str) -> (usize, usize) {
    let name_start = body.rfind('/').map_or(0, |slash| slash + 1);
    let before = &body[..name_start.saturating_sub(1)];
    let key_start = before.rfind('/').map_or(0, |slash| slash + 1);
    (key_start, name_start)
}

/// The key of that pair is this keyword.
pub(crate) fn key_is(
    body: &str,
    (key_start, name_start): (usize, usize),
    keyword: Keyword,
) -> bool {
    body.as_bytes()
        .get(key_start..name_start.saturating_sub(1))
        .is_some_and(|key| keyword.matches(key))
}
