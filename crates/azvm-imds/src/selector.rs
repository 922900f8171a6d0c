//! Which identity of the machine is asked for.

use crate::Guid;
use alloc::string::String;
use azvm_exchange::encode_query_value;
use azvm_resource_id::{ResourceId, ResourceIdRef};
use core::fmt;

/// Which of the VM's identities a token is asked for. The three user-assigned forms exclude each other on the wire,
/// hence an enum.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IdentitySelector {
    /// No selector is sent: the system-assigned identity answers; without one, the only user-assigned identity does;
    /// with several of those, IMDS refuses. Adding an identity to the VM later can change who answers.
    System,
    /// The user-assigned identity with this client (application) ID.
    ClientId(Guid),
    /// The user-assigned identity with this object (principal) ID.
    ObjectId(Guid),
    /// The user-assigned identity with this ARM resource ID. Sent as `msi_res_id`, the documented spelling on a VM.
    ResourceId(ResourceId),
}

impl IdentitySelector {
    /// The name as it stands in reports: `system`, `client_id`, `object_id` or `resource_id`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::System => "system",
            Self::ClientId(_) => "client_id",
            Self::ObjectId(_) => "object_id",
            Self::ResourceId(_) => "resource_id",
        }
    }

    /// The ID, unless it is [`System`](Self::System).
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::System => None,
            Self::ClientId(guid) | Self::ObjectId(guid) => Some(guid.as_str()),
            Self::ResourceId(id) => Some(id.as_str()),
        }
    }

    /// True when `id` is the ID of this selector: GUIDs and resource IDs are compared without regard to case.
    pub(crate) fn names(&self, id: &str) -> bool {
        match self {
            Self::System => false,
            Self::ClientId(guid) | Self::ObjectId(guid) => guid.as_str().eq_ignore_ascii_case(id),
            Self::ResourceId(asked) => {
                ResourceIdRef::parse(id).is_ok_and(|id| id == asked.as_borrowed())
            }
        }
    }

    pub(crate) fn append_to(&self, target: &mut String) {
        let name = match self {
            Self::System => return,
            Self::ClientId(_) => "&client_id=",
            Self::ObjectId(_) => "&object_id=",
            Self::ResourceId(_) => "&msi_res_id=",
        };
        target.push_str(name);
        encode_query_value(self.value().unwrap_or_default(), target);
    }
}

impl fmt::Display for IdentitySelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value() {
            None => f.write_str("system-assigned, or the only one"),
            Some(value) => write!(f, "{} {value}", self.kind()),
        }
    }
}
