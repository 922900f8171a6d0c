//! api-versions, and the list of those that IMDS has.

use crate::document;
use crate::wire::VersionsBody;
use crate::{Malformed, ProtocolError};
use alloc::string::String;
use alloc::vec::Vec;
use azvm_exchange::Response;
use core::fmt;
use core::str::FromStr;

/// The api-versions of IMDS that the page *Azure Instance Metadata Service* lists, oldest first. A host may offer fewer:
/// it says which at `/metadata/versions`.
pub const PUBLISHED_VERSIONS: [&str; 35] = [
    "2017-03-01",
    "2017-04-02",
    "2017-08-01",
    "2017-10-01",
    "2017-12-01",
    "2018-02-01",
    "2018-04-02",
    "2018-10-01",
    "2019-02-01",
    "2019-03-11",
    "2019-04-30",
    "2019-06-01",
    "2019-06-04",
    "2019-08-01",
    "2019-08-15",
    "2019-11-01",
    "2020-06-01",
    "2020-07-15",
    "2020-09-01",
    "2020-10-01",
    "2020-12-01",
    "2021-01-01",
    "2021-02-01",
    "2021-03-01",
    "2021-05-01",
    "2021-08-01",
    "2021-10-01",
    "2021-11-01",
    "2021-11-15",
    "2021-12-13",
    "2023-07-01",
    "2023-11-15",
    "2024-03-15",
    "2024-07-17",
    "2025-04-07",
];

/// IMDS lists 35.
const MAX_VERSIONS: usize = 256;

/// An api-version of IMDS: a date, so that a later one is greater.
///
/// ```
/// use azvm_imds::ApiVersion;
/// let version: ApiVersion = "2023-11-15".parse()?;
/// assert!(version > "2021-02-01".parse()?);
/// # Ok::<(), azvm_imds::ApiVersionError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion(String);

impl ApiVersion {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// One of this crate's constants.
    pub(crate) fn known(text: &'static str) -> Self {
        debug_assert!(is_date(text));
        Self(text.into())
    }

    /// The newest of the versions that IMDS offers, be they from [`read_versions`] or from
    /// [`Rejection::newest_versions`](crate::Rejection::newest_versions). What is no version is left out.
    ///
    /// The newest is the one with the most members, and the one that a machine elsewhere is least likely to have:
    /// ask for it only from the machine that listed it.
    pub fn newest<T: AsRef<str>>(versions: &[T]) -> Option<Self> {
        let versions = versions.iter().map(AsRef::as_ref);
        versions.filter_map(|text| text.parse().ok()).max()
    }
}

impl FromStr for ApiVersion {
    type Err = ApiVersionError;

    /// # Errors
    ///
    /// [`ApiVersionError`] when the text has not the form `2021-02-01`. Whether IMDS has the version is not looked at.
    fn from_str(text: &str) -> Result<Self, ApiVersionError> {
        if is_date(text) {
            Ok(Self(text.into()))
        } else {
            Err(ApiVersionError(()))
        }
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text is not an [`ApiVersion`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiVersionError(());

impl fmt::Display for ApiVersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected an api-version such as 2021-02-01")
    }
}

impl core::error::Error for ApiVersionError {}

/// Reads the answer to [`versions`](crate::versions()): the api-versions, oldest first as the service lists them.
/// [`ApiVersion::newest`] picks one.
///
/// # Errors
///
/// [`ProtocolError::Rejected`] for any status but 200, [`ProtocolError::Malformed`] for a body without a version.
pub fn read_versions(response: &Response) -> Result<Vec<String>, ProtocolError> {
    const REASON: &str = "the body is no list of versions";
    let mut body: VersionsBody = document::read(response, REASON)?;
    body.api_versions.truncate(MAX_VERSIONS);
    if body.api_versions.is_empty() {
        return Err(ProtocolError::Malformed(Malformed::new(REASON, response)));
    }
    Ok(body.api_versions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_date() {
        for text in ["2018-02-01", "2025-04-07"] {
            assert_eq!(text.parse::<ApiVersion>().unwrap().as_str(), text);
        }
        for text in [
            "",
            "2.0",
            "2018-2-1",
            "2018-02-01-preview",
            "2018/02/01",
            "2018-02-01&x",
            "{latest}",
        ] {
            assert_eq!(
                text.parse::<ApiVersion>(),
                Err(ApiVersionError(())),
                "{text}"
            );
        }
    }

    #[test]
    fn the_newest_is_chosen_whatever_the_order() {
        let newest = |list: &[&str]| ApiVersion::newest(list).map(|version| version.0);
        assert_eq!(
            newest(&["2017-03-01", "2025-04-07", "2024-07-17"]).as_deref(),
            Some("2025-04-07")
        );
        assert_eq!(
            newest(&["latest", "2020-06-01", "9"]).as_deref(),
            Some("2020-06-01")
        );
        assert_eq!(newest(&["latest"]), None);
        assert_eq!(newest(&[]), None);
    }
}
