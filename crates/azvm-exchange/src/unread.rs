//! Forms of a body that nobody asked for and that no reader here takes: compressed, or UTF-16.

use core::fmt;

/// Why a body reads as no text, though whoever wrote it may mean one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnreadForm {
    /// `Content-Encoding: br`.
    Brotli,
    /// `Content-Encoding: deflate`.
    Deflate,
    /// `Content-Encoding: gzip`, or the first bytes of it (RFC 1952 section 2.3.1).
    Gzip,
    /// Another `Content-Encoding`.
    OtherCoding,
    /// UTF-16: a byte order mark, or every second byte 0.
    Utf16,
    /// `Content-Encoding: zstd`, or the first bytes of it (RFC 8878 section 3.1.1).
    Zstd,
}

impl UnreadForm {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Brotli,
        Self::Deflate,
        Self::Gzip,
        Self::OtherCoding,
        Self::Utf16,
        Self::Zstd,
    ];

    /// A word for it, such as `gzip`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Deflate => "deflate",
            Self::Gzip => "gzip",
            Self::OtherCoding => "other",
            Self::Utf16 => "utf-16",
            Self::Zstd => "zstd",
        }
    }

    /// The form called `word`, whatever the case.
    pub fn from_word(word: &str) -> Option<Self> {
        let is_it = |form: &Self| form.as_str().eq_ignore_ascii_case(word);
        Self::ALL.into_iter().find(is_it)
    }

    /// What is the matter with the body, for an error: `the body is compressed (gzip), which nobody asked for`.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Brotli => "the body is compressed (br), which nobody asked for",
            Self::Deflate => "the body is compressed (deflate), which nobody asked for",
            Self::Gzip => "the body is compressed (gzip), which nobody asked for",
            Self::OtherCoding => "the body is in a content coding that nobody asked for",
            Self::Utf16 => "the body is UTF-16, and JSON is UTF-8",
            Self::Zstd => "the body is compressed (zstd), which nobody asked for",
        }
    }

    /// From the value of `Content-Encoding` and the body. A header that the body belies counts for nothing: some
    /// servers unpack a body and leave the header.
    pub(crate) fn of(coding: Option<&str>, body: &[u8]) -> Option<Self> {
        if is_utf16(body) {
            return Some(Self::Utf16);
        }
        if body.starts_with(b"\x1f\x8b") {
            return Some(Self::Gzip);
        }
        if body.starts_with(b"\x28\xb5\x2f\xfd") {
            return Some(Self::Zstd);
        }
        let coding = coding?.trim();
        if core::str::from_utf8(body).is_ok() || coding.eq_ignore_ascii_case("identity") {
            return None;
        }
        let is_zip = ["gzip", "x-gzip"]
            .iter()
            .any(|name| coding.eq_ignore_ascii_case(name));
        Some(match is_zip {
            true => Self::Gzip,
            false => Self::from_word(coding)
                .filter(|form| *form != Self::Utf16)
                .unwrap_or(Self::OtherCoding),
        })
    }
}

impl fmt::Display for UnreadForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

/// So many bytes are looked at.
const LOOKED_AT: usize = 64;

/// Without a mark, one zero is chance; the shortest JSON object has two characters.
fn is_utf16(body: &[u8]) -> bool {
    if body.starts_with(b"\xff\xfe") || body.starts_with(b"\xfe\xff") {
        return true;
    }
    let start = &body[..body.len().min(LOOKED_AT)];
    let alternates = |first_zero: usize| {
        let mut places = start.iter().enumerate();
        places.all(|(at, byte)| (*byte == 0) == (at % 2 == first_zero))
    };
    start.len() >= 4 && (alternates(0) || alternates(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    #[test]
    fn bodies_that_nobody_asked_for_are_named() {
        let little: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (coding, body, expected) in [
            (None, little.as_slice(), Some(UnreadForm::Utf16)),
            (None, &big, Some(UnreadForm::Utf16)),
            (None, b"\xff\xfe{\0", Some(UnreadForm::Utf16)),
            (None, b"\xfe\xff\0{", Some(UnreadForm::Utf16)),
            (None, b"\x1f\x8b\x08\0", Some(UnreadForm::Gzip)),
            (Some("x-GZIP"), b"\x99\x98", Some(UnreadForm::Gzip)),
            (Some("deflate"), b"\x78\x9c", Some(UnreadForm::Deflate)),
            (Some(" br "), b"\x8b\xff", Some(UnreadForm::Brotli)),
            (None, b"\x28\xb5\x2f\xfd\0", Some(UnreadForm::Zstd)),
            (Some("rot13"), b"\x8b", Some(UnreadForm::OtherCoding)),
            (Some("utf-16"), b"\x8b", Some(UnreadForm::OtherCoding)),
            (Some("gzip"), b"{}", None),
            (Some("identity"), b"\xe4", None),
            (None, b"\xef\xbb\xbf{}", None),
            (None, b"\xe4\xf6", None),
            (None, b"{\0", None),
            (None, b"\0\0\0\0", None),
            (None, b"", None),
        ] {
            assert_eq!(
                UnreadForm::of(coding, body),
                expected,
                "{coding:?} {body:?}"
            );
        }
    }

    #[test]
    fn words_lead_back() {
        for form in UnreadForm::ALL {
            assert_eq!(UnreadForm::from_word(form.as_str()), Some(form));
        }
        assert_eq!(UnreadForm::from_word("GZIP"), Some(UnreadForm::Gzip));
        assert_eq!(UnreadForm::from_word("identity"), None);
    }

    proptest! {
        #[test]
        fn text_without_nul_is_no_such_form(text in "[^\0]{0,80}", coding in proptest::option::of("[a-z]{0,8}")) {
            prop_assert_eq!(UnreadForm::of(coding.as_deref(), text.as_bytes()), None);
        }

        #[test]
        fn ascii_in_utf16_is_utf16(text in "[ -~]{2,80}", is_big: bool) {
            let bytes = text.encode_utf16().flat_map(|unit| match is_big {
                true => unit.to_be_bytes(),
                false => unit.to_le_bytes(),
            });
            let bytes: Vec<u8> = bytes.collect();
            prop_assert_eq!(UnreadForm::of(None, &bytes), Some(UnreadForm::Utf16));
        }
    }
}
