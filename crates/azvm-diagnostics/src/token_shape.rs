//! Whatever is shaped like a token is cut out of all that is printed, whoever put it there.
//!
//! `eyJ` is `{"` in base64url, and in names it is rare: the word is a token when what follows reads as JSON as well, or
//! when it starts the word and a payload and a signature follow. So a resource group may be called `keyJohannesburg-production`.

use azvm_exchange::token_word_bytes;
use std::borrow::Cow;
use std::ops::Range;

/// What stands in the place of a token.
pub const CUT: &str = "<redacted>";

/// The same in a form that gives angle brackets a meaning.
pub const CUT_MARKUP: &str = "&lt;redacted&gt;";

/// A shorter word is no token.
const MIN_BYTES: usize = 20;

/// So much of a header is decoded, in characters: a multiple of four.
const DECODED_CHARS: usize = 20;

/// A header of fewer characters may be half a name, and has to start its word.
const TELLING_CHARS: usize = 12;

/// The text with `mark` in the place of each token.
pub fn cut_out<'a>(text: &'a str, mark: &str) -> Cow<'a, str> {
    let mut shown = String::new();
    let mut kept = 0;
    let mut at = 0;
    while let Some(found) = text[at..].find("eyJ") {
        let from = at + found;
        at = from + token_word_bytes(&text[from..]);
        if let Some(start) = token_in(text, from..at) {
            shown.push_str(&text[kept..start]);
            shown.push_str(mark);
            kept = at;
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(&text[kept..]);
    Cow::Owned(shown)
}

/// Whether there is one in it.
pub fn is_in(text: &str) -> bool {
    matches!(cut_out(text, CUT), Cow::Owned(_))
}

/// Where in a word a token starts that goes on to its end.
fn token_in(text: &str, word: Range<usize>) -> Option<usize> {
    let whole = &text[word.clone()];
    let last_payload = last_payload(whole).unwrap_or_default();
    let mut starts = whole.match_indices("eyJ").map(|(at, _)| at);
    let start = starts.find(|&at| {
        let start = word.start + at;
        let is_whole = at < last_payload && is_boundary(&text[..start]);
        whole.len() - at >= MIN_BYTES && (reads_as_json(&whole[at..]) || is_whole)
    })?;
    Some(word.start + start)
}

/// Where the last part begins that is a JSON object in base64url, as far as its first letters tell, and has a part after it.
fn last_payload(word: &str) -> Option<usize> {
    let is_sign = |c: char| matches!(c, '.' | '%' | '\\');
    let before_signature = &word[..word.rfind(is_sign)?];
    let dots = before_signature.match_indices(is_sign);
    let mut payloads = dots.filter(|(at, _)| {
        let part = &word[at + 1..];
        let part = part.trim_start_matches("25");
        let dot = ["2E", "2e", "u002e", "u002E", "u{2e}"];
        let dot = dot.iter().find_map(|dot| part.strip_prefix(dot));
        dot.unwrap_or(part).starts_with("ey")
    });
    payloads.next_back().map(|(at, _)| at)
}

/// Whether a word starts after this text. The last letter of an escape is none of a word.
fn is_boundary(before: &str) -> bool {
    let letters = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric());
    match before.len() - letters.len() {
        0 => true,
        1 => letters.ends_with('\\'),
        2 => letters.ends_with('%'),
        5 => letters.ends_with('\\') && before[letters.len()..].starts_with('u'),
        _ => false,
    }
}

/// Whether the start of a header is text when it is decoded, as JSON is.
fn reads_as_json(header: &str) -> bool {
    let sextets: Vec<u8> = header
        .bytes()
        .map_while(sextet)
        .take(DECODED_CHARS)
        .collect();
    let mut groups = sextets.chunks_exact(4);
    sextets.len() >= TELLING_CHARS
        && groups.all(|group| {
            let bits = group
                .iter()
                .fold(0_u32, |bits, six| bits << 6 | u32::from(*six));
            let [_, bytes @ ..] = bits.to_be_bytes();
            bytes
                .iter()
                .all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~'))
        })
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// {"typ":"JWT","alg":"none"}, {"aud":"x"}, and a signature.
    const JWT: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.eyJhdWQiOiJ4In0.c2ln-bmF0_dXJl";

    #[track_caller]
    fn is_cut(text: &str, expected: &str) {
        assert_eq!(cut_out(text, "*"), expected, "{text}");
        assert!(is_in(text));
    }

    #[test]
    fn a_token_is_cut_out_wherever_it_stands() {
        is_cut(JWT, "*");
        is_cut(
            &format!("Bearer {JWT}, resource={JWT}&x"),
            "Bearer *, resource=*&x",
        );
        is_cut(
            &format!("/subscriptions/{JWT}/resourceGroups/x"),
            "/subscriptions/*/resourceGroups/x",
        );
        is_cut(&format!("glued{JWT} é{JWT}é"), "glued* é*é");
        is_cut(&JWT[..30], "*");
        let made_up = format!("eyJ{0}.eyJ{0}.c2ln", "a".repeat(40));
        is_cut(
            &format!("-{made_up} \\n{made_up} %20{made_up} \\u001b{made_up}"),
            "-* \\n* %20* \\u001b*",
        );
    }

    #[test]
    fn encoded_signs_and_what_does_not_show_are_part_of_it() {
        for sign in [
            "%2E",
            "%2e",
            "%252E",
            "\\u002e",
            "\u{200b}.",
            "\\u{200b}.",
            "\\u200b.",
        ] {
            is_cut(&JWT.replace('.', sign), "*");
        }
        is_cut(&format!("{JWT}%3D%26x"), "*%26x");
    }

    #[test]
    fn names_stay() {
        for name in [
            "/subscriptions/0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d/resourceGroups/keyJohannesburg-production-rg",
            "monkeyJungle.westeurope.cloudapp.azure.com",
            "eyJohannesburg-production-rg",
            "/resourceGroups/eyJackson-holding-company.prod.rg",
            "eyJ and nothing after it; eyJ0eXAiOiJK",
            "eyJ",
            "%2",
            "eyJ\\u{",
        ] {
            assert_eq!(cut_out(name, "*"), name);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_it(text in "([eyJ.%25E\\\\u{}0-9a-z-]|\\PC){0,80}") {
            let cut = cut_out(&text, "*");
            proptest::prop_assert!(!is_in(&cut));
        }
    }
}
