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

/// Hands each member to `member`, in order. False when the text is not of this kind, or when `member` says so of a member; what
/// was handed out before then counts for nothing.
pub(crate) fn read<'a>(text: &'a str, mut member: impl FnMut(&'a str, &'a str) -> bool) -> bool {
    let mut rest = Rest(text);
    let mut object = || {
        rest.byte(b'{')?;
        if rest.byte(b'}').is_none() {
            loop {
                let name = rest.text()?;
                rest.byte(b':')?;
                let value = rest.text()?;
                if !member(name, value) {
                    return None;
                }
                if rest.byte(b',').is_none() {
                    break;
                }
            }
            rest.byte(b'}')?;
        }
        rest.skip_space();
        rest.0.is_empty().then_some(())
    };
    object().is_some()
}

/// What is still to be read.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn skip_space(&mut self) {
        // Most have none.
        if self.0.as_bytes().first().is_some_and(|byte| *byte <= b' ') {
            self.0 = self.0.trim_start_matches([' ', '\n', '\r', '\t']);
        }
    }

    /// This byte, after space.
    fn byte(&mut self, wanted: u8) -> Option<()> {
        self.skip_space();
        let is_there = self.0.as_bytes().first() == Some(&wanted);
        is_there.then(|| self.0 = &self.0[1..])
    }

    /// A text, after space.
    fn text(&mut self) -> Option<&'a str> {
        self.byte(b'"')?;
        let end = plain_bytes(self.0.as_bytes());
        let is_over = self.0.as_bytes().get(end) == Some(&b'"');
        is_over.then(|| {
            let text = &self.0[..end];
            self.0 = &self.0[end + 1..];
            text
        })
    }
}

/// How many bytes there are before the first that may not stand in a plain text.
fn plain_bytes(bytes: &[u8]) -> usize {
    let is_special = |byte: u8| (byte == b'"') | (byte == b'\\') | (byte < b' ');
    // Without an early exit within it, a piece is looked at as a whole.
    let has_special = |piece: &&[u8]| {
        let fold = |any, byte: &u8| any | is_special(*byte);
        piece.iter().fold(false, fold)
    };
    let pieces = bytes.chunks_exact(AT_ONCE);
    let plain = AT_ONCE * pieces.take_while(|piece| !has_special(piece)).count();
    let rest = bytes[plain..].iter();
    plain + rest.take_while(|byte| !is_special(**byte)).count()
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
            members.push((name, value));
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
    fn a_text_of_any_length_ends_where_it_ends() {
        for length in 0..200 {
            for end in ["\"", "\\", "\n"] {
                let text = format!("{}{end}{}", "x".repeat(length), "\"".repeat(40));
                assert_eq!(plain_bytes(text.as_bytes()), length, "{end:?}");
            }
            assert_eq!(plain_bytes("x".repeat(length).as_bytes()), length);
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
