//! Whom a token is for.

use alloc::string::String;
use core::fmt;

/// The longest audience that is sent, in bytes.
pub const MAX_AUDIENCE_BYTES: usize = 2048;

/// The App ID URI that a token is asked for, called `resource` on the wire: `https://management.azure.com/`.
///
/// The text is opaque: IMDS caches by it, and the token's `aud` claim repeats it, so no slash is added or removed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Audience(String);

impl Audience {
    /// The audience as given.
    ///
    /// # Errors
    ///
    /// [`AudienceError`] when the text is empty, longer than [`MAX_AUDIENCE_BYTES`], or holds white space or control
    /// characters.
    pub fn new(text: impl Into<String>) -> Result<Self, AudienceError> {
        let text = text.into();
        if text.is_empty() {
            return Err(AudienceError("expected an audience, found nothing"));
        }
        if text.len() > MAX_AUDIENCE_BYTES {
            return Err(AudienceError("the audience is longer than 2048 bytes"));
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(AudienceError("white space does not belong in an audience"));
        }
        Ok(Self(text))
    }

    /// From an OAuth 2.0 scope: exactly one trailing `/.default` is cut off, nothing else is touched.
    ///
    /// ```
    /// use azvm_imds::Audience;
    /// let audience = Audience::from_scope("https://management.core.windows.net//.default")?;
    /// assert_eq!(audience.as_str(), "https://management.core.windows.net/");
    /// # Ok::<(), azvm_imds::AudienceError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Audience::new`].
    pub fn from_scope(scope: &str) -> Result<Self, AudienceError> {
        Self::new(scope.strip_suffix("/.default").unwrap_or(scope))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when the text ends in `/.default`, which is a scope and which IMDS refuses as `invalid_resource`.
    pub fn looks_like_scope(&self) -> bool {
        self.0.ends_with("/.default")
    }
}

impl TryFrom<&str> for Audience {
    type Error = AudienceError;

    /// As [`Audience::new`].
    fn try_from(text: &str) -> Result<Self, AudienceError> {
        Self::new(text)
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not an [`Audience`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudienceError(&'static str);

impl fmt::Display for AudienceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl core::error::Error for AudienceError {}
