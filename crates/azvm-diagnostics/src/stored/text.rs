//! Texts of a stored report, made fit to be shown as they are read.

use azvm_exchange::{service_text, token_word_bytes};
use serde::{Deserialize, Deserializer, Serialize};

/// A text without control characters, and without anything shaped like a token. Whatever the doctor writes is one
/// already; what somebody else wrote in its place becomes one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Text(String);

impl Text {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(Self(if is_fit(&text) {
            text
        } else {
            service_text(&text)
        }))
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        Self(text.clone())
    }
}

/// As `service_text` leaves a text, but for its length.
fn is_fit(text: &str) -> bool {
    !text.contains(char::is_control) && !text.contains(is_invisible) && !holds_token(text)
}

/// Outside of ASCII, what may stand within a token is what does not show.
fn is_invisible(c: char) -> bool {
    !c.is_ascii() && token_word_bytes(c.encode_utf8(&mut [0; 4])) > 0
}

/// A word as long as `service_text` takes for a JWT.
fn holds_token(text: &str) -> bool {
    text.match_indices("eyJ")
        .any(|(at, _)| token_word_bytes(&text[at..]) >= 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_doctor_wrote_stays_and_the_rest_is_made_fit() {
        let read = |text: &str| {
            let json = serde_json::to_string(text).unwrap();
            String::from(serde_json::from_str::<Text>(&json).unwrap())
        };
        let long = "gr\u{fc}n ".repeat(400);
        for kept in ["", " two  spaces ", "a \u{2026}", long.as_str()] {
            assert_eq!(read(kept), kept);
        }
        assert_eq!(read("a\u{1b}[31m\nb\u{202e}"), "a [31m b ");
        for invisible in ["\u{200b}", "\u{2028}", "\u{2066}", "\u{feff}"] {
            assert_eq!(read(&format!("a{invisible}b")), "a b", "{invisible:?}");
        }
        let token = format!("Bearer eyJ{}.e30.c2ln", "a".repeat(40));
        assert_eq!(read(&token), "Bearer <redacted>");
    }
}
