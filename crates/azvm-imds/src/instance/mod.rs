//! What the machine is: the instance document, whole or in parts.

mod compute;
mod network;
mod path;
mod request;
mod storage;

pub use compute::{
    AdditionalCapabilities, Compute, ExtendedCompute, ExtendedLocation, Host, OsProfile, Plan,
    PublicKey, ScaleSet, SecurityProfile, Tag,
};
pub use network::{
    IpAddressBlock, Ipv4, Ipv4Address, Ipv6, Ipv6Address, Network, NetworkInterface, Subnet,
};
pub use path::{InstancePath, InstancePathError, MAX_PATH_SEGMENTS, MAX_SEGMENT_BYTES};
pub use request::InstanceRequest;
pub use storage::{
    DataDisk, DiffDiskSettings, DiskEncryption, ImageReference, KeyReference, ManagedDisk, OsDisk,
    ResourceDisk, SourceVault, StorageProfile, VirtualHardDisk,
};

use crate::document::{self, Members, document};
use crate::{Malformed, ProtocolError};
use alloc::string::String;
use azvm_exchange::Response;
use serde::de::MapAccess;

const NO_DOCUMENT: &str = "the body is no instance document";

document! {
    /// The instance document: the answer to [`instance`](crate::instance).
    ///
    /// Every member may be missing. IMDS sends `""` for what it does not know or what does not apply, which reads as
    /// `None`; without `extended=true` it may also answer 200 with a part of the data. A member of another type than
    /// expected reads as missing, an unknown one is ignored, and lists are cut after 1,024 items.
    ///
    /// Texts that a person chooses (tags, keys, user data) are kept as they came. All others are fit to be shown: 600
    /// characters at most, without control characters.
    ///
    /// ```
    /// use azvm_exchange::Response;
    /// use azvm_imds::Instance;
    ///
    /// let body = br#"{"compute":{"vmSize":"Standard_D2s_v5","zone":""},"network":{"interface":[{"macAddress":"000D3A000001"}]}}"#;
    /// let machine = Instance::read(&Response::new(200, vec![], body.to_vec()))?;
    /// assert_eq!(machine.compute.vm_size.as_deref(), Some("Standard_D2s_v5"));
    /// assert_eq!(machine.compute.zone, None);
    /// assert_eq!(machine.network.interfaces[0].mac_address.as_deref(), Some("000D3A000001"));
    /// # Ok::<(), azvm_imds::ProtocolError>(())
    /// ```
    pub struct Instance {
        /// `compute`: the VM, its image and its disks.
        compute: Compute = object("compute"),
        /// `network`: its interfaces.
        network: Network = object("network"),
        /// `extended.compute`: only with [`InstanceRequest::extended`].
        extended: Extended = object("extended"),
    }

    /// What `extended=true` adds.
    pub struct Extended {
        /// `compute`.
        compute: ExtendedCompute = object("compute"),
    }
}

impl Instance {
    /// Reads the whole document.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::Rejected`] for any status but 200, [`ProtocolError::Malformed`] for a body that is no object.
    pub fn read(response: &Response) -> Result<Self, ProtocolError> {
        document::read(response, NO_DOCUMENT)
    }
}

impl Network {
    /// Reads the answer to the path `network`.
    ///
    /// # Errors
    ///
    /// As [`Instance::read`].
    pub fn read(response: &Response) -> Result<Self, ProtocolError> {
        document::read(response, NO_DOCUMENT)
    }
}

impl StorageProfile {
    /// Reads the answer to the path `compute/storageProfile`.
    ///
    /// # Errors
    ///
    /// As [`Instance::read`].
    pub fn read(response: &Response) -> Result<Self, ProtocolError> {
        document::read(response, NO_DOCUMENT)
    }
}

/// Reads the `compute` part from the answer to [`instance`](crate::instance), or to the path `compute` alone.
///
/// # Errors
///
/// As [`Instance::read`].
pub fn read_instance(response: &Response) -> Result<Compute, ProtocolError> {
    let either: InstanceOrCompute = document::read(response, NO_DOCUMENT)?;
    Ok(match either.instance {
        Some(instance) => instance.compute,
        None => either.compute,
    })
}

/// A document whose top is one of the two.
#[derive(Default)]
struct InstanceOrCompute {
    instance: Option<Instance>,
    compute: Compute,
}

impl Members for InstanceOrCompute {
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        if name == "compute" {
            self.instance.get_or_insert_default().member(name, map)
        } else {
            self.compute.member(name, map)
        }
    }
}

/// Reads one value as text: the answer to [`InstanceRequest::text`]. It is returned as it came, and is empty where
/// IMDS knows nothing.
///
/// User data and custom data are nobody else's business: put them into a [`Secret`](azvm_exchange::Secret), or read
/// them with [`Instance::read`], which does.
///
/// A 404 here means that the machine has no such element, but IMDS answers 404 while it is being updated too: only
/// the path tells them apart. [`classify`](crate::classify) calls both transient. A caller who asks for what may well be
/// missing, such as a second interface, sets a classifier that makes 404 final.
///
/// # Errors
///
/// [`ProtocolError::Rejected`] for any status but 200, [`ProtocolError::Malformed`] for HTML or what is not UTF-8.
pub fn read_instance_text(response: &Response) -> Result<String, ProtocolError> {
    ProtocolError::unless_ok(response)?;
    let malformed = |reason| ProtocolError::Malformed(Malformed::new(reason, response));
    if crate::responder::is_declared_html(response) {
        return Err(malformed("the body is a page and no value"));
    }
    match core::str::from_utf8(response.body()) {
        Ok(text) => Ok(text.into()),
        Err(_) => Err(malformed("the body is not UTF-8")),
    }
}
