//! Reading eight or sixteen bytes at a time: where the slashes are, and whether every byte is an ordinary one.
//!
//! Both loops are written so that the compiler turns them into wide instructions without any `unsafe` here.

const LOW_BITS: u64 = 0x7f7f_7f7f_7f7f_7f7f;
const SLASHES: u64 = 0x2f2f_2f2f_2f2f_2f2f;
const BLOCK: usize = 32;

/// The ends of segments: the offset of each slash in turn, then the length for ever after.
#[derive(Clone)]
pub(crate) struct Slashes<'a> {
    bytes: &'a [u8],
    /// Offset of the word that `found` describes.
    base: usize,
    /// The top bit of each byte that is a slash and was not handed out yet.
    found: u64,
}

impl<'a> Slashes<'a> {
    /// Starts after the first byte, which is the leading slash.
    #[inline]
    pub(crate) fn after_first(bytes: &'a [u8]) -> Self {
        let found = slashes_in(word_at(bytes, 0));
        Self {
            bytes,
            base: 0,
            found: found & found.wrapping_sub(1),
        }
    }

    #[inline]
    pub(crate) fn next_end(&mut self) -> usize {
        while self.found == 0 {
            let base = self.base + 8;
            if base >= self.bytes.len() {
                return self.bytes.len();
            }
            self.base = base;
            self.found = slashes_in(word_at(self.bytes, base));
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

/// Eight bytes from `at`, the first of them lowest; past the end they are zero.
#[inline]
fn word_at(bytes: &[u8], at: usize) -> u64 {
    if let Some(chunk) = bytes[at..].first_chunk::<8>() {
        return u64::from_le_bytes(*chunk);
    }
    let missing = at + 8 - bytes.len();
    if let Some(chunk) = bytes.last_chunk::<8>() {
        return u64::from_le_bytes(*chunk) >> (8 * missing);
    }
    bytes[at..]
        .iter()
        .rev()
        .fold(0, |word, &byte| (word << 8) | u64::from(byte))
}

/// Whether every byte is a printable ASCII character that no rule looks at: no blank, no control character,
/// none of `" # < > ? \ |`, nothing above 0x7e.
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
    u8::from((byte as i8) <= 0x20)
        | u8::from(byte | 0x01 == b'#') // and `"`
        | u8::from(byte | 0x02 == b'>') // and `<`
        | u8::from(byte == b'?')
        | u8::from(byte | 0x20 == b'|') // and `\`
        | u8::from(byte == 0x7f)
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
            let plain = char.is_ascii_graphic() && !"\"#<>?\\|".contains(char);
            for before in [0, 15, 31, 32, 70] {
                let text = "/".repeat(before) + &String::from(char) + "ab";
                assert_eq!(is_plain(text.as_bytes()), plain, "{text:?}");
            }
        }
        assert!(is_plain(b""));
    }
}
