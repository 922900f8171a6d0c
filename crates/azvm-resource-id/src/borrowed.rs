//! The borrowed ID and its accessors.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use crate::error::{Fault, ParseError, ParseErrorKind};
use crate::fold;
use crate::grammar::{self, Layout, Shape};
use crate::keyword;
use crate::resource_type::ResourceType;
use crate::segments::{self, Ancestors, Segments};

/// A resource ID that borrows its text. Parsing it allocates nothing.
///
/// It is `Copy`; every part that it hands out borrows from the text, not from it.
///
/// ```
/// use azvm_resource_id::ResourceIdRef;
///
/// let id = ResourceIdRef::parse(
///     "/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourceGroups/prod\
///      /providers/Microsoft.Compute/virtualMachines/web/extensions/agent",
/// )?;
/// assert_eq!(id.resource_type(), "Microsoft.Compute/virtualMachines/extensions");
/// assert_eq!(id.parent().map(|vm| vm.name()), Some("web"));
/// # Ok::<(), azvm_resource_id::ParseError>(())
/// ```
#[derive(Clone, Copy)]
pub struct ResourceIdRef<'a> {
    text: &'a str,
    layout: Layout,
}

/// The widest scope that an ID hangs on.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum RootScope {
    /// A management group, or something below it.
    ManagementGroup,
    /// A resource group, or something in it.
    ResourceGroup,
    /// A service group, or something below it.
    ServiceGroup,
    /// A subscription, or something directly in it.
    Subscription,
    /// The tenant, or a resource directly in it.
    Tenant,
}

const PROVIDERS_SEPARATOR: usize = "/providers/".len();
const RESOURCES: &str = "Microsoft.Resources";

impl<'a> ResourceIdRef<'a> {
    /// The ID of the tenant, `/`.
    pub const TENANT: ResourceIdRef<'static> = ResourceIdRef {
        text: "/",
        layout: Layout::TENANT,
    };

    /// Reads an ID; keywords may be in any case.
    ///
    /// # Errors
    ///
    /// When the text is not an ID; the error tells the first place that breaks a rule.
    #[inline]
    pub fn parse(text: &'a str) -> Result<Self, ParseError> {
        match grammar::layout_of(text) {
            Ok(layout) => Ok(Self { text, layout }),
            Err(fault) => Err(fault.in_text(text)),
        }
    }

    /// Reads an ID whose keywords have to be spelled canonically.
    ///
    /// `Microsoft.Management`, `managementGroups` and `serviceGroups` count as keywords where they are the ID's scope.
    /// Other namespaces and types have no single true case, even in ARM's own descriptions, and are not looked at.
    ///
    /// # Errors
    ///
    /// When [`parse`](Self::parse) fails, or with [`ParseErrorKind::KeywordCase`] for the first keyword in another case.
    pub fn parse_exact(text: &'a str) -> Result<Self, ParseError> {
        let id = Self::parse(text)?;
        match id
            .segments()
            .find(|segment| segment.as_str() != segment.canonical())
        {
            None => Ok(id),
            Some(segment) => {
                let span = segment.span();
                let fault = Fault::new(ParseErrorKind::KeywordCase, span.start, span.end);
                Err(fault.at(id.layout.shape, segment.role()).in_text(text))
            }
        }
    }

    pub(crate) fn from_parts(text: &'a str, layout: Layout) -> Self {
        Self { text, layout }
    }

    #[cfg(feature = "alloc")]
    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }

    pub(crate) fn layout_shape(&self) -> Shape {
        self.layout.shape
    }

    /// The text as it was given.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// The text that identifies: without a trailing slash, and empty for the tenant, so that it is the
    /// start of the key text of everything below.
    pub(crate) fn key_text(&self) -> &'a str {
        match self.layout.shape {
            Shape::Tenant => "",
            _ => &self.text[..usize::from(self.layout.end)],
        }
    }

    fn slice(&self, from: u16, to: u16) -> &'a str {
        &self.text[usize::from(from)..usize::from(to)]
    }

    /// The ID of the subscription that this is, or is in.
    ///
    /// `None` for tenant-level IDs, `/providers/Microsoft.Management/managementGroups/mg/subscriptions/…` among them:
    /// what follows there is a name, not a scope. It need not be a GUID.
    #[must_use]
    pub fn subscription_id(&self) -> Option<&'a str> {
        const START: u16 = "/subscriptions/".len() as u16;
        match self.layout.subscription_end {
            0 => None,
            end => Some(self.slice(START, end)),
        }
    }

    /// The name of the resource group that this is, or is in.
    ///
    /// Only a group directly under a subscription counts; `…/locations/weu/resourceGroups/rg/…` has none.
    #[must_use]
    pub fn resource_group(&self) -> Option<&'a str> {
        const KEYWORD: u16 = "/resourceGroups/".len() as u16;
        match self.layout.group_end {
            0 => None,
            end => Some(self.slice(self.layout.subscription_end + KEYWORD, end)),
        }
    }

    /// The namespace after the last `/providers/`.
    ///
    /// `None` where there is none; [`resource_type`](Self::resource_type) has a namespace for those, too.
    #[must_use]
    pub fn namespace(&self) -> Option<&'a str> {
        match self.layout.namespace_end {
            0 => None,
            end => Some(self.slice(self.layout.namespace_start, end)),
        }
    }

    /// The type, of the extension for an extension.
    #[must_use]
    pub fn resource_type(&self) -> ResourceType<'a> {
        let built_in = |implied| ResourceType::new(RESOURCES, implied, "");
        match self.layout.shape {
            Shape::Tenant => built_in(&["tenants"]),
            Shape::Subscription => built_in(&["subscriptions"]),
            Shape::ResourceGroup => built_in(&["resourceGroups"]),
            Shape::TagName => built_in(&["subscriptions", "tagNames"]),
            Shape::TagValue => built_in(&["subscriptions", "tagNames", "tagValues"]),
            Shape::Registration | Shape::Namespace => built_in(&["providers"]),
            Shape::Location => {
                // After the subscription, `/locations/` and the name of the location.
                let below = &self.key_text()[usize::from(self.layout.subscription_end) + 1..];
                let pairs = below
                    .splitn(3, '/')
                    .nth(2)
                    .and_then(|pairs| pairs.rsplit_once('/'));
                let types = pairs.map_or("", |(types, _name)| types);
                ResourceType::new(RESOURCES, &["subscriptions", "locations"], types)
            }
            Shape::Resource => {
                let pairs = self.slice(self.layout.namespace_end + 1, self.layout.name_start - 1);
                ResourceType::new(self.namespace().unwrap_or_default(), &[], pairs)
            }
        }
    }

    /// The last segment: what the ID names within its parent. Empty for the tenant only.
    #[must_use]
    pub fn name(&self) -> &'a str {
        match self.layout.name_start {
            0 => "",
            start => self.slice(start, self.layout.end),
        }
    }

    /// What directly contains this: the ID without its last type and name, or what an extension is attached to.
    ///
    /// Its text is a prefix of this one's, except that a parent at tenant level is `/`. `None` for the tenant only.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let layout = &self.layout;
        let end = match layout.shape {
            Shape::Tenant => return None,
            Shape::Registration => usize::from(layout.namespace_start) - PROVIDERS_SEPARATOR,
            Shape::Resource if layout.key_start == layout.namespace_end + 1 => {
                usize::from(layout.namespace_start) - PROVIDERS_SEPARATOR
            }
            _ => usize::from(layout.key_start) - 1,
        };
        Some(self.ancestor_ending_at(end))
    }

    /// What the last `/providers/` hangs on: for an extension the resource that it is attached to, for other resources
    /// the resource group, the subscription or the tenant that they are in. `None` where there is no `/providers/`.
    #[must_use]
    pub fn scope(&self) -> Option<Self> {
        match self.layout.namespace_start {
            0 => None,
            start => Some(self.ancestor_ending_at(usize::from(start) - PROVIDERS_SEPARATOR)),
        }
    }

    /// Whether this is a resource attached to another resource: its [`scope`](Self::scope) has a `/providers/` itself.
    #[must_use]
    pub fn is_extension(&self) -> bool {
        self.scope()
            .is_some_and(|scope| scope.namespace().is_some())
    }

    /// The parent, its parent and so on; the last one is the tenant.
    #[must_use]
    pub fn ancestors(&self) -> Ancestors<'a> {
        Ancestors::new(*self)
    }

    /// The segments from left to right.
    #[must_use]
    pub fn segments(&self) -> Segments<'a> {
        Segments::new(*self)
    }

    /// The widest scope that this ID hangs on.
    #[must_use]
    pub fn root_scope(&self) -> RootScope {
        match (self.layout.subscription_end, self.layout.group_end) {
            (0, _) => self
                .tenant_scope()
                .map_or(RootScope::Tenant, |(kind, _)| kind),
            (_, 0) => RootScope::Subscription,
            _ => RootScope::ResourceGroup,
        }
    }

    /// The name of the management group that this is, or is below.
    #[must_use]
    pub fn management_group(&self) -> Option<&'a str> {
        match self.tenant_scope() {
            Some((RootScope::ManagementGroup, name)) => Some(name),
            _ => None,
        }
    }

    /// The constants that act as a scope at tenant level, and the name after them.
    pub(crate) fn tenant_scope(&self) -> Option<(RootScope, &'a str)> {
        let below = self.key_text().get(PROVIDERS_SEPARATOR..)?;
        if self.layout.subscription_end != 0 {
            return None;
        }
        let mut segments = below.splitn(4, '/');
        let (namespace, kind, name) = (segments.next()?, segments.next()?, segments.next()?);
        if !namespace.eq_ignore_ascii_case(keyword::MANAGEMENT) {
            return None;
        }
        if kind.eq_ignore_ascii_case(keyword::MANAGEMENT_GROUPS) {
            return Some((RootScope::ManagementGroup, name));
        }
        kind.eq_ignore_ascii_case(keyword::SERVICE_GROUPS)
            .then_some((RootScope::ServiceGroup, name))
    }

    /// Whether `other` is below this ID: this is one of its [`ancestors`](Self::ancestors).
    #[must_use]
    pub fn is_ancestor_of(&self, other: &ResourceIdRef<'_>) -> bool {
        fold::is_ancestor(*self, *other)
    }

    /// Whether `other` is this ID or below it.
    #[must_use]
    pub fn contains(&self, other: &ResourceIdRef<'_>) -> bool {
        self == other || self.is_ancestor_of(other)
    }

    /// Whether both are spelled the same, letter by letter. A trailing slash does not matter.
    #[must_use]
    pub fn eq_exact(&self, other: &ResourceIdRef<'_>) -> bool {
        self.key_text() == other.key_text()
    }

    /// Whether what follows the text of this ID and a slash makes an ID below this one.
    pub(crate) fn admits_below(&self, rest: &[u8]) -> bool {
        // The text of a registration is also the start of resources that are its siblings.
        let first = rest.split(|&byte| byte == b'/').next().unwrap_or_default();
        self.layout.shape != Shape::Registration || keyword::PROVIDERS.matches(first)
    }

    /// `end` is where the text of one of the ancestors ends.
    fn ancestor_ending_at(&self, end: usize) -> Self {
        let layout = &self.layout;
        if end == 0 {
            return Self::TENANT;
        }
        let text = &self.text[..end];
        let mut ancestor = Layout {
            end: end as u16,
            subscription_end: layout.subscription_end,
            ..Layout::TENANT
        };
        let (key_start, name_start) = segments::last_pair(text);
        ancestor.key_start = key_start as u16;
        ancestor.name_start = name_start as u16;
        if ancestor.end == layout.subscription_end {
            ancestor.shape = Shape::Subscription;
            return Self::from_parts(text, ancestor);
        }
        ancestor.group_end = layout.group_end;
        if ancestor.end == layout.group_end {
            ancestor.shape = Shape::ResourceGroup;
        } else if layout.namespace_end != 0 && ancestor.end > layout.namespace_end {
            ancestor.namespace_start = layout.namespace_start;
            ancestor.namespace_end = layout.namespace_end;
            ancestor.shape = Shape::Resource;
        } else {
            find_namespace(text, &mut ancestor);
        }
        Self::from_parts(text, ancestor)
    }
}

/// Completes the layout of an ID whose last pair is known, by going back pair by pair.
///
/// Segments with an even index are never names, so that a key `providers` is the keyword.
fn find_namespace(text: &str, layout: &mut Layout) {
    let mut pair = (
        usize::from(layout.key_start),
        usize::from(layout.name_start),
    );
    let mut end = text.len();
    let mut depth = 0;
    while !segments::key_is(text, pair, keyword::PROVIDERS) {
        depth += 1;
        let before = pair.0 - 1;
        if before == usize::from(layout.subscription_end) {
            layout.shape = match depth {
                _ if segments::key_is(text, pair, keyword::LOCATIONS) => Shape::Location,
                1 => Shape::TagName,
                _ => Shape::TagValue,
            };
            return;
        }
        end = before;
        pair = segments::last_pair(&text[..end]);
    }
    layout.namespace_start = pair.1 as u16;
    layout.namespace_end = end as u16;
    layout.shape = if depth == 0 {
        Shape::Registration
    } else {
        Shape::Resource
    };
}

impl fmt::Display for ResourceIdRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text)
    }
}

impl fmt::Debug for ResourceIdRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResourceIdRef({:?})", self.text)
    }
}

impl<'a> TryFrom<&'a str> for ResourceIdRef<'a> {
    type Error = ParseError;

    fn try_from(text: &'a str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl PartialEq for ResourceIdRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        fold::equal(*self, *other)
    }
}

impl Eq for ResourceIdRef<'_> {}

impl PartialEq<str> for ResourceIdRef<'_> {
    /// Text that is not an ID equals none.
    fn eq(&self, other: &str) -> bool {
        ResourceIdRef::parse(other).is_ok_and(|other| *self == other)
    }
}

impl PartialEq<&str> for ResourceIdRef<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl Hash for ResourceIdRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        fold::hash(*self, state);
    }
}

impl Ord for ResourceIdRef<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        fold::compare(*self, *other)
    }
}

impl PartialOrd for ResourceIdRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
