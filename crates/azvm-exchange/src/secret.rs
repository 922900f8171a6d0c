//! A string that must not be shown.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
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

    /// The text with `<redacted>` in the place of this secret, wherever it stands in it. A secret of fewer than eight bytes
    /// is left, for it could be part of anything.
    pub fn cut_out_of<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match cut_out(text.as_bytes(), &self.0) {
            Some(clean) => Cow::Owned(String::from_utf8(clean).unwrap_or_default()),
            None => Cow::Borrowed(text),
        }
    }

    /// True for the empty string.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

const SHORTEST: usize = 8;
const REDACTED: &[u8] = b"<redacted>";

/// The bytes with every `secret` replaced; `None` when there is none. Of a text it makes a text.
pub(crate) fn cut_out(bytes: &[u8], secret: &str) -> Option<Vec<u8>> {
    let secret = secret.as_bytes();
    if secret.len() < SHORTEST {
        return None;
    }
    let find = |bytes: &[u8]| {
        bytes
            .windows(secret.len())
            .position(|window| window == secret)
    };
    let mut clean = Vec::new();
    let mut rest = bytes;
    while let Some(at) = find(rest) {
        clean.extend_from_slice(&rest[..at]);
        clean.extend_from_slice(REDACTED);
        rest = &rest[at + secret.len()..];
    }
    (!clean.is_empty()).then(|| {
        clean.extend_from_slice(rest);
        clean
    })
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
    fn it_is_cut_out_of_a_text_wherever_it_stands() {
        let secret = Secret::new("s\u{e9}cret-of-some-length".into());
        let text = "\u{e9}s\u{e9}cret-of-some-length\u{e9}s\u{e9}cret-of-some-length";
        let cut = secret.cut_out_of(text);
        assert_eq!(cut, "\u{e9}<redacted>\u{e9}<redacted>");
        assert!(matches!(
            secret.cut_out_of("a text"),
            Cow::Borrowed("a text")
        ));
        let short = Secret::new("short".into());
        assert_eq!(short.cut_out_of("a short text"), "a short text");
    }

    #[test]
    fn debug_shows_nothing_of_the_text() {
        let secret = Secret::new("eyJ0.abc.def".into());
        assert_eq!(format!("{secret:?} {secret:#?}"), "<redacted> <redacted>");
        assert_eq!(secret.expose(), "eyJ0.abc.def");
    }
}
