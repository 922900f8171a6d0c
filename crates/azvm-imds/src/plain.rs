//! A quick reader for the JSON that services send most of the time: an object whose values are all texts without escapes.
//!
//! It reads such an object exactly as serde_json does, and says so of everything else: what has escapes, numbers, lists or
//! mistakes is left to serde_json, which also says what is wrong with it.
//!
//! ```text
//! object = space "{" space [ member *( "," space member ) ] "}" space
//! member = text space ":" space text space
//! text   = DQUOTE *( any character but DQUOTE, "\" and U+0000 to U+001F ) DQUOTE
//! space  = *( " " / LF / CR / TAB )
//! ```

/// How many bytes are looked at together: a compiler makes a few instructions of that.
const AT_ONCE: usize = 32;

/// A text between its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text<'a> {
    pub(crate) text: &'a str,
    /// Nothing but the letters, digits and marks of [`is_simple`].
    pub(crate) is_simple: bool,
}

/// Hands each member to `member`, in order. False when the text is not of this kind, or when `member` says so of a member; what
/// was handed out before then counts for nothing.
pub(crate) fn read<'a>(text: &'a str, mut member: impl FnMut(&'a str, Text<'a>) -> bool) -> bool {
    let mut cursor = Cursor { text, at: 0 };
    let mut object = || {
        cursor.byte(b'{')?;
        if cursor.byte(b'}').is_none() {
            loop {
                let name = cursor.text()?;
                cursor.byte(b':')?;
                let value = cursor.text()?;
                if !member(name.text, value) {
                    return None;
                }
                if cursor.byte(b',').is_none() {
                    break;
                }
            }
            cursor.byte(b'}')?;
        }
        cursor.skip_space();
        (cursor.at == text.len()).then_some(())
    };
    object().is_some()
}

/// A place in the text.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.next() {
            self.at += 1;
        }
    }

    /// This byte, after space.
    #[inline]
    fn byte(&mut self, wanted: u8) -> Option<()> {
        if self.next() != Some(wanted) {
            self.skip_space();
        }
        let is_there = self.next() == Some(wanted);
        is_there.then(|| self.at += 1)
    }

    /// A text, after space.
    fn text(&mut self) -> Option<Text<'a>> {
        self.byte(b'"')?;
        let start = self.at;
        self.at += simple_bytes(&self.text.as_bytes()[start..]);
        let is_simple = self.next() == Some(b'"');
        if !is_simple {
            self.at += count_of(PLAIN, &self.text.as_bytes()[self.at..]);
        }
        let text = self.text.get(start..self.at)?;
        // Right here: what is space between texts is a mistake within one.
        let is_closed = self.next() == Some(b'"');
        self.at += 1;
        is_closed.then_some(Text { text, is_simple })
    }
}

/// How many bytes there are before the first that is not simple.
fn simple_bytes(bytes: &[u8]) -> usize {
    let mut simple = 0;
    for piece in bytes.chunks_exact(AT_ONCE) {
        // Without an early exit within it, a piece is looked at as a whole.
        if !piece.iter().fold(true, |all, byte| all & is_simple(*byte)) {
            break;
        }
        simple += AT_ONCE;
    }
    simple + count_of(SIMPLE, &bytes[simple..])
}

/// How many bytes there are before the first that is not of this kind.
#[inline(always)]
fn count_of(kind: u8, bytes: &[u8]) -> usize {
    let mut count = 0;
    for byte in bytes {
        if KINDS[usize::from(*byte)] & kind == 0 {
            break;
        }
        count += 1;
    }
    count
}

/// May stand in a text.
const PLAIN: u8 = 1;

/// [`is_simple`].
const SIMPLE: u8 = 2;

/// Of each byte, what it is: one look instead of several comparisons.
static KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let it = byte as u8;
        if it >= b' ' && it != b'"' && it != b'\\' {
            kinds[byte] = if is_simple(it) { PLAIN | SIMPLE } else { PLAIN };
        }
        byte += 1;
    }
    kinds
};

/// What tokens, numbers and names are made of: letters, digits and four marks, `-./_`.
#[inline(always)]
const fn is_simple(byte: u8) -> bool {
    let is_letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    let is_dot_slash_or_digit = byte.wrapping_sub(b'-') < 13; // -./0123456789
    is_letter | is_dot_slash_or_digit | (byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::borrow::ToOwned;
    use alloc::collections::BTreeMap;
    use alloc::format;
    use alloc::string::String;
    use alloc::vec;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn members(text: &str) -> Option<Vec<(&str, &str)>> {
        let mut members = Vec::new();
        let is_plain = read(text, |name, value| {
            members.push((name, value.text));
            true
        });
        is_plain.then_some(members)
    }

    #[test]
    fn plain_objects_are_read() {
        for (text, expected) in [
            ("{}", &[][..]),
            (" { } \n", &[]),
            (r#"{"":""}"#, &[("", "")]),
            (r#"{"a":"b"}"#, &[("a", "b")]),
            (
                "\t{ \"a\" :\r\n\"b/c\u{7f}\u{e9}\" , \"a\":\"d\" } ",
                &[("a", "b/c\u{7f}\u{e9}"), ("a", "d")],
            ),
        ] {
            assert_eq!(members(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn everything_else_is_left() {
        for text in [
            "",
            "{",
            "}",
            "[]",
            "null",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":"b"#,
            r#"{"a":"b"}}"#,
            r#"{"a":"b"}x"#,
            r#"{"a":"b",}"#,
            r#"{,"a":"b"}"#,
            r#"{"a":"b" "c":"d"}"#,
            r#"{"a":1}"#,
            r#"{"a":null}"#,
            r#"{"a":["b"]}"#,
            r#"{"a":"b\/c"}"#,
            r#"{"\u0061":"b"}"#,
            "{\"a\":\"\u{1f}\"}",
            "{\"a\n\":\"b\"}",
            "{\"a\":\"b\n\"}",
            "{\"a\":\"b\t \"}",
            "{\"a\":\"b",
            "\u{feff}{}",
            "\u{a0}{}",
        ] {
            assert_eq!(members(text), None, "{text}");
        }
    }

    #[test]
    fn a_member_that_is_refused_ends_it() {
        assert!(!read(r#"{"a":"b","c":"d"}"#, |name, _| name != "c"));
    }

    #[test]
    fn what_is_simple_is_what_it_says() {
        for byte in 0..=u8::MAX {
            let expected = byte.is_ascii_alphanumeric() || b"-./_".contains(&byte);
            assert_eq!(is_simple(byte), expected, "{byte}");
        }
        let text = r#"{"a":"b.c","d":"e f"}"#;
        assert!(read(text, |name, value| value.is_simple == (name == "a")));
    }

    #[test]
    fn a_text_of_any_length_ends_where_it_ends() {
        for length in 0..200 {
            for end in ["\"", "\\", "\n"] {
                let text = format!("{}{end}{}", "x".repeat(length), "\"".repeat(40));
                assert_eq!(simple_bytes(text.as_bytes()), length, "{end:?}");
            }
            assert_eq!(simple_bytes("x".repeat(length).as_bytes()), length);
        }
    }

    /// Much like JSON, and often it.
    fn nearly() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "{",
            "}",
            "\"",
            ":",
            ",",
            "a",
            "bc",
            " ",
            "\\",
            "\\n",
            "1",
            "é",
            "\"a\"",
            "\"bc\":",
            "\"k\":\"v\"",
            "{\"a\":\"b\"",
            "\n",
            "[",
            "]",
            "null",
        ]);
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_096, ..ProptestConfig::default() })]

        /// What it takes serde_json takes, and reads as the same.
        #[test]
        fn it_reads_as_serde_json_does(text in nearly()) {
            if let Some(members) = members(&text) {
                let known: BTreeMap<String, String> = serde_json::from_str(&text).unwrap();
                let read: BTreeMap<_, _> = members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect();
                prop_assert_eq!(read, known);
            }
        }

        /// An object of plain texts is taken.
        #[test]
        fn what_serde_json_writes_without_escapes_is_read(
            object in prop::collection::btree_map("[a-z_é]{0,40}", "[ -!#-\\[\\]-~é]{0,80}", 0..6),
        ) {
            let text = serde_json::to_string(&object).unwrap();
            let read = members(&text).expect("plain");
            let read: BTreeMap<_, _> = read
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            prop_assert_eq!(read, object);
        }
    }
}
