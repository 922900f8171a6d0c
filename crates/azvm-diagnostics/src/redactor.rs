//! Cuts a token out of a report, whoever put it there and however it was cut up, without keeping the token.

use crate::token_shape::CUT;
use azvm_exchange::Secret;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// So many bytes in a row that are also in a JWT are part of it: its parts are base64, which nothing else in a report is.
const PIECE: usize = 16;

/// A shorter token is left, for it could be part of anything.
const SHORTEST: usize = 8;

/// Keyed hashes of every piece of a token. The token cannot be had back from them.
///
/// A JWT is recognised by any 16 bytes of it; an opaque token, which may hold words that belong in a report,
/// only as a whole.
#[derive(Clone, Default)]
pub struct Redactor {
    pieces: HashSet<u64>,
    piece_bytes: usize,
    shortest_run: usize,
    /// No byte of the token is outside the alphabet of a JWT, so that most of a report need not be hashed.
    is_plain: bool,
    state: RandomState,
    /// Of further tokens.
    further: Vec<Self>,
}

impl Redactor {
    pub(crate) fn new(token: &Secret) -> Self {
        let bytes = token.expose().as_bytes();
        if bytes.len() < SHORTEST {
            return Self::default();
        }
        let is_jwt =
            bytes.starts_with(b"eyJ") && bytes.iter().filter(|&&byte| byte == b'.').count() == 2;
        let piece_bytes = PIECE.min(bytes.len());
        let state = RandomState::new();
        Self {
            pieces: bytes
                .windows(piece_bytes)
                .map(|piece| state.hash_one(piece))
                .collect(),
            piece_bytes,
            is_plain: bytes.iter().copied().all(is_token_byte),
            shortest_run: if is_jwt { piece_bytes } else { bytes.len() },
            state,
            further: Vec::new(),
        }
    }

    /// For each of the tokens.
    pub(crate) fn of<'a>(tokens: impl IntoIterator<Item = &'a Secret>) -> Self {
        Self {
            further: tokens.into_iter().map(Self::new).collect(),
            ..Self::default()
        }
    }

    /// The text without the tokens.
    pub(crate) fn clean(&self, text: String) -> String {
        self.clean_with(text, CUT)
    }

    /// The text with `mark` in the place of the tokens.
    pub(crate) fn clean_with(&self, text: String, mark: &str) -> String {
        let text = self.clean_of_one(text, mark);
        let further = self.further.iter();
        further.fold(text, |text, redactor| redactor.clean_with(text, mark))
    }

    fn clean_of_one(&self, text: String, mark: &str) -> String {
        if self.pieces.is_empty() {
            return text;
        }
        let bytes = text.as_bytes();
        let is_piece = self.find_pieces(bytes);
        let mut clean = String::with_capacity(text.len());
        let mut kept = 0;
        let mut at = 0;
        while at < is_piece.len() {
            let run = is_piece[at..]
                .iter()
                .take_while(|&&is_piece| is_piece)
                .count();
            let covered = run + self.piece_bytes - 1;
            if run > 0 && covered >= self.shortest_run {
                // A token is ASCII, so both ends are boundaries; should they not be, the text is not worth keeping.
                clean.push_str(text.get(kept..at).unwrap_or_default());
                clean.push_str(mark);
                kept = at + covered;
                at = kept;
            } else {
                at += run.max(1);
            }
        }
        clean.push_str(text.get(kept..).unwrap_or_default());
        clean
    }

    /// At which bytes a piece of the token begins.
    fn find_pieces(&self, bytes: &[u8]) -> Vec<bool> {
        let mut token_bytes = 0;
        let mut is_piece = vec![false; (bytes.len() + 1).saturating_sub(self.piece_bytes)];
        for (end, &byte) in bytes.iter().enumerate() {
            token_bytes = match self.is_plain && !is_token_byte(byte) {
                true => 0,
                false => token_bytes + 1,
            };
            if token_bytes >= self.piece_bytes {
                let start = end + 1 - self.piece_bytes;
                let piece = &bytes[start..=end];
                is_piece[start] = self.pieces.contains(&self.state.hash_one(piece));
            }
        }
        is_piece
    }
}

/// The alphabet of a JWT in compact form.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'=')
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const JWT: &str =
        "eyJhbGciOiJub25lIn0.eyJvaWQiOiJhIiwiYXVkIjoiaHR0cHM6Ly9hIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ";

    fn clean(token: &str, text: &str) -> String {
        Redactor::new(&Secret::new(token.into())).clean(text.into())
    }

    #[test]
    fn pieces_of_a_jwt_are_cut_out() {
        assert_eq!(
            clean(JWT, &format!("a {JWT} b {JWT}")),
            "a <redacted> b <redacted>"
        );
        assert_eq!(
            clean(JWT, &format!("head {} end", &JWT[20..50])),
            "head <redacted> end"
        );
        assert_eq!(clean(JWT, "c2lnbmF0dXJlLXNpZ25hdHVyZQ"), "<redacted>");
        assert_eq!(clean(JWT, "eyJhbGciOiJub2"), "eyJhbGciOiJub2");
        let wrapped = format!("{}\n{}", &JWT[..40], &JWT[40..]);
        assert_eq!(clean(JWT, &wrapped), "<redacted>\n<redacted>");
    }

    #[test]
    fn several_tokens_are_cut_out() {
        let tokens = [JWT, "opaque-token"].map(|token| Secret::new(token.into()));
        let text = format!("{JWT} and opaque-token");
        let cleaned = Redactor::of(&tokens).clean(text);
        assert_eq!(cleaned, "<redacted> and <redacted>");
        assert_eq!(Redactor::of([]).clean(JWT.into()), JWT);
    }

    #[test]
    fn the_mark_is_that_of_the_form() {
        let redactor = Redactor::of([&Secret::new(JWT.into())]);
        assert_eq!(
            redactor.clean_with(format!("<p>{JWT}"), "&lt;x"),
            "<p>&lt;x"
        );
    }

    #[test]
    fn an_opaque_token_is_cut_out_as_a_whole() {
        let token = "token-for-01234567-89ab-cdef-0123-456789abcdef";
        assert_eq!(clean(token, &format!("<{token}>")), "<<redacted>>");
        let id = "01234567-89ab-cdef-0123-456789abcdef";
        assert_eq!(clean(token, id), id);
        assert_eq!(clean("short", "short"), "short");
        assert_eq!(clean("tenbytes-x", "é tenbytes-x é"), "é <redacted> é");
    }

    proptest! {
        #[test]
        fn what_is_not_the_token_stays(text in ".{0,300}") {
            prop_assert_eq!(clean(JWT, &text), text);
        }

        #[test]
        fn the_token_goes_wherever_it_stands(before in ".{0,60}", after in ".{0,60}", opaque in "[!-~]{8,60}") {
            for token in [JWT, opaque.as_str()] {
                let cleaned = clean(token, &format!("{before}{token}{after}"));
                prop_assert!(!cleaned.contains(token), "{}", cleaned);
            }
        }
    }
}
