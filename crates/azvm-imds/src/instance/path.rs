//! Paths into the instance document.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

/// The most segments of an [`InstancePath`]. The deepest documented element has eight.
pub const MAX_PATH_SEGMENTS: usize = 16;

/// The longest segment of an [`InstancePath`], in bytes.
pub const MAX_SEGMENT_BYTES: usize = 64;

/// Where in the instance document: names of members, and positions in lists.
///
/// ```
/// use azvm_imds::InstancePath;
///
/// let path: InstancePath = "network/interface/0/ipv4/ipAddress/0/privateIpAddress".parse()?;
/// let again = InstancePath::new().member("network")?.member("interface")?.index(0)?
///     .member("ipv4")?.member("ipAddress")?.index(0)?.member("privateIpAddress")?;
/// assert_eq!(path, again);
/// assert!("compute/../identity".parse::<InstancePath>().is_err());
/// # Ok::<(), azvm_imds::InstancePathError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct InstancePath {
    /// Each segment with a slash before it.
    text: String,
    segments: usize,
}

impl InstancePath {
    /// The whole document.
    pub fn new() -> Self {
        Self::default()
    }

    /// Down to a member. Its name is case-sensitive.
    ///
    /// # Errors
    ///
    /// [`InstancePathError`] for a name that is empty, longer than [`MAX_SEGMENT_BYTES`] or not of ASCII letters and
    /// digits, as all documented names are, and for a path of more than [`MAX_PATH_SEGMENTS`].
    pub fn member(self, name: &str) -> Result<Self, InstancePathError> {
        if name.is_empty() {
            return Err(InstancePathError("a segment is empty"));
        }
        if name.len() > MAX_SEGMENT_BYTES {
            return Err(InstancePathError("a segment is longer than 64 bytes"));
        }
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(InstancePathError(
                "a segment is of ASCII letters and digits only",
            ));
        }
        self.push(name)
    }

    /// Down to an item of a list, counted from 0.
    ///
    /// # Errors
    ///
    /// [`InstancePathError`] for a path of more than [`MAX_PATH_SEGMENTS`].
    pub fn index(self, position: u16) -> Result<Self, InstancePathError> {
        self.push(&alloc::format!("{position}"))
    }

    /// The segments, in order.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.text.split('/').skip(1)
    }

    /// Each segment with a slash before it.
    pub(crate) fn as_suffix(&self) -> &str {
        &self.text
    }

    fn push(mut self, segment: &str) -> Result<Self, InstancePathError> {
        if self.segments == MAX_PATH_SEGMENTS {
            return Err(InstancePathError("the path has more than 16 segments"));
        }
        self.text.push('/');
        self.text.push_str(segment);
        self.segments += 1;
        Ok(self)
    }
}

impl FromStr for InstancePath {
    type Err = InstancePathError;

    /// From `compute/tagsList/0/name`, a slash before it allowed; the empty text is the whole document.
    ///
    /// # Errors
    ///
    /// As [`InstancePath::member`].
    fn from_str(text: &str) -> Result<Self, InstancePathError> {
        let text = text.strip_prefix('/').unwrap_or(text);
        if text.is_empty() {
            return Ok(Self::new());
        }
        text.split('/').try_fold(Self::new(), Self::member)
    }
}

impl fmt::Display for InstancePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let segments: Vec<_> = self.segments().collect();
        f.write_str(&segments.join("/"))
    }
}

/// Why a text is not an [`InstancePath`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstancePathError(&'static str);

impl fmt::Display for InstancePathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl core::error::Error for InstancePathError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn only_names_and_positions_are_segments() {
        let reason = |text: &str| text.parse::<InstancePath>().unwrap_err().to_string();
        for text in ["compute//name", "compute/", "//", "a//"] {
            assert_eq!(reason(text), "a segment is empty", "{text}");
        }
        for text in [
            "..", ".", "a/%2e%2e", "a b", "a?x=1", "a#b", "a&b", "é", "a\r\nb", "a\\b",
        ] {
            assert_eq!(
                reason(text),
                "a segment is of ASCII letters and digits only",
                "{text}"
            );
        }
        assert_eq!(reason(&"a".repeat(65)), "a segment is longer than 64 bytes");
        assert!("a".repeat(64).parse::<InstancePath>().is_ok());
        assert_eq!(
            reason(&"a/".repeat(17)),
            "the path has more than 16 segments"
        );
        let full: InstancePath = ["a"; 16].join("/").parse().unwrap();
        assert!(full.clone().index(0).is_err() && full.member("a").is_err());
    }

    proptest! {
        #[test]
        fn what_is_parsed_is_shown_as_it_was(text in "[a-zA-Z0-9/.%]{0,40}") {
            if let Ok(path) = text.parse::<InstancePath>() {
                prop_assert_eq!(path.to_string(), text.strip_prefix('/').unwrap_or(&text));
                prop_assert!(!path.as_suffix().contains("//") && !path.as_suffix().contains('.'));
            }
        }
    }
}
