//! IDs put together from parts. None of these can make an invalid ID, or a different one than was asked for.

use alloc::string::String;
use core::error::Error;
use core::fmt;

use crate::borrowed::ResourceIdRef;
use crate::error::ParseErrorKind;
use crate::grammar;
use crate::keyword;
use crate::owned::ResourceId;
use crate::segments::SegmentRole;

/// Why an ID could not be put together.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BuildError {
    role: SegmentRole,
    problem: Problem,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Problem {
    Empty,
    Character(char),
    Blank,
    Dots,
    /// A type called `providers` would be read as the keyword.
    Keyword,
    /// A pair of type and name directly below an ID that has none.
    NotHere,
    TooLong,
}

impl BuildError {
    /// Which part is to blame.
    #[must_use]
    pub fn role(&self) -> SegmentRole {
        self.role
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = self.role.with_article();
        match self.problem {
            Problem::Empty => write!(f, "expected {noun}, found nothing"),
            Problem::Character(char) => {
                write!(f, "expected {noun}, found one that contains {char:?}")
            }
            Problem::Blank => write!(
                f,
                "expected {noun}, found one with a blank at its start or end"
            ),
            Problem::Dots => write!(f, "expected {noun}, found \".\" or \"..\""),
            Problem::Keyword => write!(f, "expected {noun}, found the keyword \"providers\""),
            Problem::NotHere => {
                f.write_str("a type and a name cannot stand directly below this ID")
            }
            Problem::TooLong => write!(
                f,
                "expected an ID of at most {} bytes",
                grammar::MAX_LENGTH_BYTES
            ),
        }
    }
}

impl Error for BuildError {}

impl ResourceId {
    /// `/`.
    #[must_use]
    pub fn tenant() -> Self {
        ResourceIdRef::TENANT.into_owned()
    }

    /// `/subscriptions/{id}`.
    ///
    /// # Errors
    ///
    /// When the part cannot be a segment. It need not be a GUID.
    pub fn for_subscription(id: &str) -> Result<Self, BuildError> {
        let keyword = keyword::SUBSCRIPTIONS.as_str();
        append(
            ResourceIdRef::TENANT,
            &[
                (SegmentRole::Keyword, keyword),
                (SegmentRole::SubscriptionId, id),
            ],
        )
    }

    /// `/subscriptions/{subscription}/resourceGroups/{name}`.
    ///
    /// Not to be confused with the accessor [`resource_group`](Self::resource_group), which gives the name.
    ///
    /// # Errors
    ///
    /// When a part cannot be a segment.
    pub fn for_resource_group(subscription: &str, name: &str) -> Result<Self, BuildError> {
        let keyword = keyword::RESOURCE_GROUPS.as_str();
        append(
            Self::for_subscription(subscription)?.as_borrowed(),
            &[
                (SegmentRole::Keyword, keyword),
                (SegmentRole::ResourceGroup, name),
            ],
        )
    }

    /// `/providers/Microsoft.Management/managementGroups/{name}`.
    ///
    /// # Errors
    ///
    /// When the part cannot be a segment.
    pub fn for_management_group(name: &str) -> Result<Self, BuildError> {
        ResourceIdRef::TENANT.provider(keyword::MANAGEMENT, keyword::MANAGEMENT_GROUPS, name)
    }

    /// `{this}/{type}/{name}`; see [`ResourceIdRef::child`].
    ///
    /// # Errors
    ///
    /// When a part cannot be a segment, or this ID has no children of its own.
    pub fn child(&self, resource_type: &str, name: &str) -> Result<Self, BuildError> {
        self.as_borrowed().child(resource_type, name)
    }

    /// `{this}/providers/{namespace}/{type}/{name}`; see [`ResourceIdRef::provider`].
    ///
    /// # Errors
    ///
    /// When a part cannot be a segment.
    pub fn provider(
        &self,
        namespace: &str,
        resource_type: &str,
        name: &str,
    ) -> Result<Self, BuildError> {
        self.as_borrowed().provider(namespace, resource_type, name)
    }

    /// The same as [`provider`](Self::provider), for a resource attached to this one.
    ///
    /// # Errors
    ///
    /// When a part cannot be a segment.
    pub fn extension(
        &self,
        namespace: &str,
        resource_type: &str,
        name: &str,
    ) -> Result<Self, BuildError> {
        self.as_borrowed().provider(namespace, resource_type, name)
    }
}

impl ResourceIdRef<'_> {
    /// `{this}/{type}/{name}`, such as a subnet of a virtual network.
    ///
    /// # Errors
    ///
    /// When a part cannot be a segment, or a type and a name cannot stand directly below this ID: they can below
    /// resources, registered namespaces and locations, and below a subscription or a tag where the grammar knows the type.
    pub fn child(&self, resource_type: &str, name: &str) -> Result<ResourceId, BuildError> {
        if keyword::PROVIDERS.matches(resource_type.as_bytes()) {
            return Err(Problem::Keyword.of(SegmentRole::Type));
        }
        append(
            *self,
            &[
                (SegmentRole::Type, resource_type),
                (SegmentRole::Name, name),
            ],
        )
    }

    /// `{this}/providers/{namespace}/{type}/{name}`: a resource in this scope, or attached to this resource.
    ///
    /// For a nested type, go on with [`child`](Self::child).
    ///
    /// # Errors
    ///
    /// When a part cannot be a segment.
    pub fn provider(
        &self,
        namespace: &str,
        resource_type: &str,
        name: &str,
    ) -> Result<ResourceId, BuildError> {
        if keyword::PROVIDERS.matches(resource_type.as_bytes()) {
            return Err(Problem::Keyword.of(SegmentRole::Type));
        }
        append(
            *self,
            &[
                (SegmentRole::Keyword, keyword::PROVIDERS.as_str()),
                (SegmentRole::Namespace, namespace),
                (SegmentRole::Type, resource_type),
                (SegmentRole::Name, name),
            ],
        )
    }

    /// The same as [`provider`](Self::provider), for a resource attached to this one.
    ///
    /// # Errors
    ///
    /// When a part cannot be a segment.
    pub fn extension(
        &self,
        namespace: &str,
        resource_type: &str,
        name: &str,
    ) -> Result<ResourceId, BuildError> {
        self.provider(namespace, resource_type, name)
    }
}

impl Problem {
    fn of(self, role: SegmentRole) -> BuildError {
        BuildError {
            role,
            problem: self,
        }
    }
}

fn append(
    scope: ResourceIdRef<'_>,
    parts: &[(SegmentRole, &str)],
) -> Result<ResourceId, BuildError> {
    let scope = scope.key_text();
    let length = parts
        .iter()
        .fold(scope.len(), |length, (_, part)| length + 1 + part.len());
    let mut text = String::with_capacity(length);
    text.push_str(scope);
    for &(role, part) in parts {
        check_part(part).map_err(|problem| problem.of(role))?;
        text.push('/');
        text.push_str(part);
    }
    let (last, _) = parts.last().copied().unwrap_or((SegmentRole::Name, ""));
    ResourceId::from_built(text).map_err(|error| match error.kind() {
        ParseErrorKind::TooLong => Problem::TooLong.of(last),
        _ => Problem::NotHere.of(SegmentRole::Type),
    })
}

fn check_part(part: &str) -> Result<(), Problem> {
    let Err(fault) = grammar::check_part(part) else {
        return Ok(());
    };
    let char = part[fault.span()].chars().next().unwrap_or_default();
    Err(match fault.kind {
        ParseErrorKind::EmptySegment => Problem::Empty,
        ParseErrorKind::DotSegment => Problem::Dots,
        ParseErrorKind::SurroundingWhitespace => Problem::Blank,
        _ => Problem::Character(char),
    })
}
