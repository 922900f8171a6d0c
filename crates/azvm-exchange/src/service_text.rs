//! What a service wrote, made fit to be shown.

use crate::token_word::{is_invisible, token_word_bytes};
use alloc::string::String;

/// The longest text that [`service_text`] returns, in characters.
pub const SERVICE_TEXT_CHARS: usize = 600;

/// A token of this many characters or more that starts like a JWT is taken for one.
const JWT_MIN_CHARS: usize = 20;

/// Copies the words of a service for an error or a report.
///
/// At most [`SERVICE_TEXT_CHARS`] characters are kept (an ellipsis marks the cut), control characters become spaces so
/// that a hostile answer cannot draw on a terminal, and anything shaped like a JWT is replaced by `<redacted>`: some
/// servers and proxies quote the request's headers in their error pages.
pub fn service_text(text: &str) -> String {
    let mut shown = String::new();
    let mut chars_left = SERVICE_TEXT_CHARS;
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let word_bytes = token_word_bytes(rest).max(first.len_utf8());
        let (word, tail) = rest.split_at(word_bytes);
        let word = redact(word);
        for c in word.chars() {
            if chars_left == 0 {
                shown.push('…');
                return shown;
            }
            chars_left -= 1;
            shown.push(if c.is_control() || is_invisible(c) {
                ' '
            } else {
                c
            });
        }
        rest = tail;
    }
    shown
}

/// Every JWT starts with `eyJ`, the encoding of `{"`.
fn redact(word: &str) -> &str {
    let start = word.as_bytes().windows(3).position(|three| three == b"eyJ");
    match start {
        Some(start) if word.len() - start >= JWT_MIN_CHARS => "<redacted>",
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    #[test]
    fn a_quoted_token_is_cut_out() {
        let text = format!("bad header 'Bearer eyJ{}.eyJx.sig_-' sent", "a".repeat(40));
        assert_eq!(service_text(&text), "bad header 'Bearer <redacted>' sent");
        assert_eq!(service_text("eyJ is short"), "eyJ is short");
    }

    #[test]
    fn control_characters_become_spaces() {
        assert_eq!(service_text("a\u{1b}[31mb\r\nc\u{202e}d\n"), "a [31mb  c d");
    }

    proptest! {
        #[test]
        fn output_is_bounded_and_printable(text in ".{0,2000}") {
            let shown = service_text(&text);
            prop_assert!(shown.chars().count() <= SERVICE_TEXT_CHARS + 1);
            prop_assert!(!shown.chars().any(char::is_control));
        }
    }
}
