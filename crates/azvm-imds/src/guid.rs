//! GUIDs as Azure writes them.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

/// A GUID in the form `8-4-4-4-12`, lower-cased, so that equal GUIDs are equal texts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(String);

impl Guid {
    /// The lower-case text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Guid {
    type Err = GuidError;

    /// # Errors
    ///
    /// [`GuidError`] for any other form: braces, blanks and missing dashes are refused, because IMDS would.
    fn from_str(text: &str) -> Result<Self, GuidError> {
        let is_guid = text.len() == 36
            && text.bytes().enumerate().all(|(index, byte)| match index {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            });
        if is_guid {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(GuidError(()))
        }
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text is not a GUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuidError(());

impl fmt::Display for GuidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a GUID such as 01234567-89ab-cdef-0123-456789abcdef")
    }
}

impl core::error::Error for GuidError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_dashed_form_is_a_guid() {
        let text = "0123ABCD-89ab-cdef-0123-456789abcdef";
        assert_eq!(
            text.parse::<Guid>().unwrap().as_str(),
            text.to_ascii_lowercase()
        );
        for wrong in [
            "",
            "0123abcd89abcdef0123456789abcdef",
            "{0123abcd-89ab-cdef-0123-456789abcdef}",
            " 0123abcd-89ab-cdef-0123-456789abcde",
            "0123abcd-89ab-cdef-0123-456789abcdeg",
            "0123abcd-89ab-cdef-0123-456789abcdé",
        ] {
            assert_eq!(wrong.parse::<Guid>(), Err(GuidError(())), "{wrong}");
        }
    }
}
