//! The type of a resource: a namespace and one or more segments.

use core::fmt;

/// A resource type such as `Microsoft.Network/virtualNetworks/subnets`, spelled as in the ID that it was taken from.
///
/// Types are compared without regard to ASCII case, with each other and with text:
///
/// ```
/// # use azvm_resource_id::ResourceIdRef;
/// let id = ResourceIdRef::parse("/providers/microsoft.compute/virtualmachines/vm")?;
/// assert_eq!(id.resource_type(), "Microsoft.Compute/virtualMachines");
/// # Ok::<(), azvm_resource_id::ParseError>(())
/// ```
#[derive(Clone, Copy)]
pub struct ResourceType<'a> {
    namespace: &'a str,
    /// Segments that the ID does not spell, or spells as keywords.
    implied: &'static [&'static str],
    /// `type/name/type/name/type`, as it stands in the ID; may be empty.
    pairs: &'a str,
}

impl<'a> ResourceType<'a> {
    pub(crate) const fn new(
        namespace: &'a str,
        implied: &'static [&'static str],
        pairs: &'a str,
    ) -> Self {
        Self {
            namespace,
            implied,
            pairs,
        }
    }

    /// The namespace; `Microsoft.Resources` for subscriptions, resource groups and the like.
    #[must_use]
    pub fn namespace(&self) -> &'a str {
        self.namespace
    }

    /// The segments after the namespace, one for each name in the ID.
    pub fn segments(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let spelled = self
            .pairs
            .split('/')
            .step_by(2)
            .filter(|segment| !segment.is_empty());
        self.implied.iter().copied().chain(spelled)
    }
}

impl fmt::Display for ResourceType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.namespace)?;
        self.segments()
            .try_for_each(|segment| write!(f, "/{segment}"))
    }
}

impl fmt::Debug for ResourceType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResourceType({self})")
    }
}

impl PartialEq for ResourceType<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.namespace.eq_ignore_ascii_case(other.namespace)
            && eq_ignore_ascii_case(self.segments(), other.segments())
    }
}

impl Eq for ResourceType<'_> {}

impl PartialEq<str> for ResourceType<'_> {
    fn eq(&self, other: &str) -> bool {
        let mut parts = other.split('/');
        parts
            .next()
            .is_some_and(|namespace| namespace.eq_ignore_ascii_case(self.namespace))
            && eq_ignore_ascii_case(self.segments(), parts)
    }
}

impl PartialEq<&str> for ResourceType<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

fn eq_ignore_ascii_case<'a>(
    mut left: impl Iterator<Item = &'a str>,
    mut right: impl Iterator<Item = &'a str>,
) -> bool {
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (Some(left), Some(right)) if left.eq_ignore_ascii_case(right) => {}
            _ => return false,
        }
    }
}
