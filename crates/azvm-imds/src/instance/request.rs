//! Asking for the instance document.

use super::InstancePath;
use crate::request::with_metadata_header;
use crate::{ApiVersion, EXTENDED_INSTANCE_API_VERSION, INSTANCE_API_VERSION};
use alloc::string::String;
use azvm_exchange::Request;

/// A request for the instance document or a part of it.
///
/// ```
/// use azvm_imds::{InstancePath, InstanceRequest};
///
/// let name: InstancePath = "compute/name".parse()?;
/// assert_eq!(
///     InstanceRequest::text(name).to_request().target(),
///     "/metadata/instance/compute/name?api-version=2021-02-01&format=text",
/// );
/// # Ok::<(), azvm_imds::InstancePathError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceRequest {
    path: InstancePath,
    api_version: ApiVersion,
    is_extended: bool,
    is_text: bool,
}

impl InstanceRequest {
    /// The document, or what is at `path` in it, as JSON. What is at `path` has to be an object or a list: IMDS refuses
    /// to answer with a single value in JSON, for which there is [`text`](Self::text).
    ///
    /// The api-version is [`INSTANCE_API_VERSION`]; some members need a newer one, which their docs name.
    pub fn json(path: InstancePath) -> Self {
        Self {
            path,
            api_version: ApiVersion::known(INSTANCE_API_VERSION),
            is_extended: false,
            is_text: false,
        }
    }

    /// The single value at `path` as text, to be read with [`read_instance_text`](crate::read_instance_text).
    pub fn text(path: InstancePath) -> Self {
        Self {
            is_text: true,
            ..Self::json(path)
        }
    }

    /// The whole document with `extended=true`: all of it or an error, where otherwise a part may come, and with
    /// [`Instance::extended`](crate::Instance::extended). The api-version is [`EXTENDED_INSTANCE_API_VERSION`].
    pub fn extended() -> Self {
        Self {
            api_version: ApiVersion::known(EXTENDED_INSTANCE_API_VERSION),
            is_extended: true,
            ..Self::json(InstancePath::new())
        }
    }

    /// Sets the api-version.
    #[must_use]
    pub fn with_api_version(mut self, api_version: ApiVersion) -> Self {
        self.api_version = api_version;
        self
    }

    /// The request to send. The order of the parameters is fixed: api-version, extended, format.
    pub fn to_request(&self) -> Request {
        let mut target = String::with_capacity(128);
        target.push_str("/metadata/instance");
        target.push_str(self.path.as_suffix());
        target.push_str("?api-version=");
        target.push_str(self.api_version.as_str());
        if self.is_extended {
            target.push_str("&extended=true");
        }
        if self.is_text {
            target.push_str("&format=text");
        }
        with_metadata_header(Request::get(target))
    }
}
