//! Reading eight or sixteen bytes at a time: where the slashes are, and whether every byte is an ordinary one.
//!
//! Both loops are written so that the compiler turns them into wide instructions without any `unsafe` here.

use core::slice::ChunksExact;

const LOW_BITS: u64 = 0x7f7f_7f7f_7f7f_7f7f;
const SLASHES: u64 = 0x2f2f_2f2f_2f2f_2f2f;
const BLOCK: usize = 32;

/// The ends of segments: the offset of each slash in turn, then the length for ever after.
#[derive(Clone)]
pub(crate) struct Slashes<'a> {
    /// Whole words that were not looked at yet.
    words: ChunksExact<'a, u8>,
    /// The slashes in the bytes after the last whole word, until they are reached.
    tail: u64,
    length: usize,
    /// Offset of the word that `found` describes.
    base: usize,
    /// The top bit of each byte that is a slash and was not handed out yet.
    found: u64,
}

impl<'a> Slashes<'a> {
    /// Starts after the first byte, which is the leading slash.
    #[inline]
    pub(crate) fn after_first(bytes: &'a [u8]) -> Self {
        let mut words = bytes.chunks_exact(8);
        let mut tail = slashes_in(tail_word(bytes));
        let found = match words.next() {
            Some(word) => slashes_in(word_of(word)),
            None => core::mem::take(&mut tail),
        };
        Self {
            words,
            tail,
            length: bytes.len(),
            base: 0,
            found: found & found.wrapping_sub(1),
        }
    }

    #[inline]
    pub(crate) fn next_end(&mut self) -> usize {
        while self.found == 0 {
            match self.words.next() {
                Some(word) => self.found = slashes_in(word_of(word)),
                None if self.tail == 0 => return self.length,
                None => self.found = core::mem::take(&mut self.tail),
            }
            self.base += 8;
        }
        let end = self.base + (self.found.trailing_zeros() / 8) as usize;
        self.found &= self.found - 1;
        end
    }
}

/// Sets the top bit of each byte of `word` that is a slash, exactly and for any bytes.
#[inline]
fn slashes_in(word: u64) -> u64 {
    let zero_where_slash = word ^ SLASHES;
    !(((zero_where_slash & LOW_BITS) + LOW_BITS) | zero_where_slash | LOW_BITS)
}

/// Eight bytes, the first of them lowest.
#[inline]
fn word_of(bytes: &[u8]) -> u64 {
    bytes
        .first_chunk()
        .map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// The bytes after the last whole word, the first of them lowest, then zeros.
#[inline]
fn tail_word(bytes: &[u8]) -> u64 {
    let count = bytes.len() % 8;
    match bytes.last_chunk() {
        Some(_) if count == 0 => 0,
        Some(last) => u64::from_le_bytes(*last) >> (64 - 8 * count),
        None => bytes
            .iter()
            .rev()
            .fold(0, |word, &byte| (word << 8) | u64::from(byte)),
    }
}

/// Whether every byte is a printable ASCII character that no rule looks at: no blank, no control character,
/// none of `" # < > ? \ | ^ ~`, nothing above 0x7e.
///
/// Text that is not plain may still be a valid ID; it takes the careful way.
#[inline]
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    let mut odd = [0_u8; BLOCK];
    for block in bytes.chunks_exact(BLOCK) {
        for (odd, &byte) in odd.iter_mut().zip(block) {
            *odd |= is_odd(byte);
        }
    }
    if let Some(last) = bytes.last_chunk::<BLOCK>() {
        for (odd, &byte) in odd.iter_mut().zip(last) {
            *odd |= is_odd(byte);
        }
        return odd.iter().fold(0, |all, &odd| all | odd) == 0;
    }
    bytes.iter().fold(0, |all, &byte| all | is_odd(byte)) == 0
}

/// 1 or 0 rather than a `bool`, so that sixteen of them fit one register.
#[inline]
fn is_odd(byte: u8) -> u8 {
    // As a signed number, a byte above 0x7f is below a blank: one comparison for both ends.
    // Setting bits makes several characters the same; `^` and `~` are caught along with `< > \ |`.
    u8::from((byte as i8) <= 0x20)
        | u8::from(byte | 0x01 == 0x23) // " #
        | u8::from(byte | 0x62 == 0x7e) // < > \ | ^ ~
        | u8::from(byte | 0x40 == 0x7f) // ? DEL
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::*;

    #[track_caller]
    fn check_slashes(text: &str) {
        let mut slashes = Slashes::after_first(text.as_bytes());
        let mut found = Vec::new();
        loop {
            let end = slashes.next_end();
            if end == text.len() {
                break;
            }
            found.push(end);
        }
        let expected: Vec<usize> = text.match_indices('/').skip(1).map(|(at, _)| at).collect();
        assert_eq!(found, expected, "{text:?}");
        assert_eq!(slashes.next_end(), text.len(), "stays at the end");
    }

    #[test]
    fn slashes_are_found_at_every_offset_and_length() {
        for length in 1..40 {
            for place in 1..length {
                let mut text = String::from("/") + &"x".repeat(length - 1);
                text.replace_range(place..=place, "/");
                check_slashes(&text);
            }
        }
        check_slashes("/é/\u{af}/\u{2f2f}/ﾯ/0.//-");
        check_slashes("////////////////////////");
    }

    #[test]
    fn plain_is_what_the_list_says() {
        for code in 0..=0x24f_u32 {
            let Some(char) = char::from_u32(code) else {
                continue;
            };
            let plain = char.is_ascii_graphic() && !"\"#<>?\\|^~".contains(char);
            for before in [0, 15, 31, 32, 70] {
                let text = "/".repeat(before) + &String::from(char) + "ab";
                assert_eq!(is_plain(text.as_bytes()), plain, "{text:?}");
            }
        }
        assert!(is_plain(b""));
    }
}
