//! How far a word goes that may be a token: its letters, and its signs however they are written.

/// The bytes at the start of `text` that can be part of a JWT in compact form, whoever has rewritten it on the way.
///
/// ```text
/// base64url / "." / "="
/// "%" *"25" ("2D" / "2E" / "3D" / "5F")     the signs in percent-encoding, as often as it was encoded
/// "\u" 4HEXDIG / "\u{" 1*HEXDIG "}"          the same characters as an escape
/// ```
///
/// Characters that do not show, such as a zero-width space, do not end it.
///
/// ```
/// assert_eq!(azvm_exchange::token_word_bytes("eyJhbGciOiJub25lIn0%2EeyJ9.c2ln&x"), 31);
/// assert_eq!(azvm_exchange::token_word_bytes("/x"), 0);
/// ```
pub fn token_word_bytes(text: &str) -> usize {
    let mut rest = text;
    while let Some(bytes) = part_bytes(rest) {
        rest = &rest[bytes..];
    }
    text.len() - rest.len()
}

/// The length of what the text starts with, if it can be part of a token.
fn part_bytes(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    match first {
        '%' => {
            let mut digits = &text[1..];
            while let Some(encoded_again) = digits.strip_prefix("25") {
                digits = encoded_again;
            }
            is_sign(digits.get(..2)?).then_some(text.len() - digits.len() + 2)
        }
        '\\' => escape_bytes(text),
        _ => is_part(first).then_some(first.len_utf8()),
    }
}

fn escape_bytes(text: &str) -> Option<usize> {
    const MAX_DIGITS: usize = 6;
    let escape = text.strip_prefix("\\u")?;
    let (digits, length) = match escape.strip_prefix('{') {
        Some(braced) => {
            let count = braced
                .bytes()
                .take(MAX_DIGITS + 1)
                .position(|byte| byte == b'}')?;
            (&braced[..count], count + 4)
        }
        None => (escape.get(..4)?, 6),
    };
    let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
    is_part(c).then_some(length)
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '=') || is_invisible(c)
}

/// Marks of direction, and others that take no room and change how the text around them reads.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// The hexadecimal digits of `-`, `.`, `=` and `_`.
fn is_sign(digits: &str) -> bool {
    let mut signs = ["2d", "2e", "3d", "5f"].iter();
    signs.any(|sign| sign.eq_ignore_ascii_case(digits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    #[test]
    fn a_sign_may_be_written_in_many_ways() {
        for sign in [
            ".",
            "=",
            "%2E",
            "%3d",
            "%252e",
            "%25252E",
            "%2D",
            "%5f",
            "\\u002e",
            "\\u{2e}",
            "\u{200b}",
            "\\u{200b}",
        ] {
            let text = format!("eyJ{sign}x");
            assert_eq!(token_word_bytes(&format!("{text} y")), text.len(), "{text}");
        }
        for end in [
            "%", "%2", "%20", "%25", "\\", "\\u", "\\u00", "\\u000a", "\\u{", "\\u{1b}", "\\u{}",
            "\\n", "/", "é",
        ] {
            assert_eq!(token_word_bytes(&format!("eyJ{end}")), 3, "{end}");
        }
    }

    proptest! {
        #[test]
        fn it_ends_at_a_boundary(text in "([%25eEu{}\\\\.-]|\\PC){0,40}") {
            prop_assert!(text.is_char_boundary(token_word_bytes(&text)));
        }
    }
}
