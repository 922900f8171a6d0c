//! A string that must not be shown.

use alloc::string::String;
use core::fmt;
use core::mem;
use zeroize::optimization_barrier;

/// A bearer token, key or password.
///
/// There is no `Display`, no `Deref` and no serialisation; `Debug` prints `<redacted>`.
/// The bytes are overwritten when the value is dropped, which is best effort: buffers of the transport that the
/// text passed through are not ours to clear.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes ownership of the text.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself. Every call is a place to review: it must not reach a log, an error or a report.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Length in bytes, which is safe to show.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True for the empty string.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        let mut bytes = mem::take(&mut self.0).into_bytes();
        // All that was reserved, and at once: byte by byte it would take longer than reading the answer that it came in.
        let reserved = bytes.capacity();
        bytes.clear();
        bytes.resize(reserved, 0);
        optimization_barrier(bytes.as_slice()); // somebody may look, so it has to be done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn debug_shows_nothing_of_the_text() {
        let secret = Secret::new("eyJ0.abc.def".into());
        assert_eq!(format!("{secret:?} {secret:#?}"), "<redacted> <redacted>");
        assert_eq!(secret.expose(), "eyJ0.abc.def");
    }
}
