//! Equality, order and hash, all three over the same folded text.
//!
//! Two IDs are equal when they have the same segments without regard to case and to a trailing slash.
//! ARM promises to compare names so ([common API details][rpc]); its services are .NET programs, which
//! presumably fold a name by turning each UTF-16 unit to upper case, one to one.
//! Here a character of a name becomes its upper case if that is one character and not an ASCII one,
//! so that `ß` stays, and `ı` and `ſ` do not become `I` and `S`. Keywords, namespaces and types fold as ASCII.
//!
//! A slash sorts before every other character, which puts an ID right before everything below it:
//! comparing the texts would put `vm-1` between `vm` and `vm/extensions/…`.
//!
//! [rpc]: https://github.com/Azure/azure-resource-manager-rpc/blob/master/v1.0/common-api-details.md

use core::cmp::Ordering;
use core::hash::Hasher;
use core::iter;

use crate::borrowed::ResourceIdRef;

/// Bytes go to the hasher in blocks of this many, whatever they were before folding.
const BLOCK: usize = 64;

pub(crate) fn equal(left: ResourceIdRef<'_>, right: ResourceIdRef<'_>) -> bool {
    let (left_text, right_text) = (left.key_text(), right.key_text());
    if left_text.eq_ignore_ascii_case(right_text) {
        return true;
    }
    !left_text.is_ascii() && !right_text.is_ascii() && folded(left).eq(folded(right))
}

pub(crate) fn compare(left: ResourceIdRef<'_>, right: ResourceIdRef<'_>) -> Ordering {
    let (left_text, right_text) = (left.key_text(), right.key_text());
    if left_text.is_ascii() && right_text.is_ascii() {
        return compare_ascii(left_text.as_bytes(), right_text.as_bytes());
    }
    folded(left).map(rank).cmp(folded(right).map(rank))
}

pub(crate) fn hash(id: ResourceIdRef<'_>, state: &mut impl Hasher) {
    let text = id.key_text();
    let mut block = [0_u8; BLOCK];
    let mut filled = 0;
    if text.is_ascii() {
        for bytes in text.as_bytes().chunks(BLOCK) {
            let block = &mut block[..bytes.len()];
            block.copy_from_slice(bytes);
            block.make_ascii_uppercase();
            state.write(block);
        }
    } else {
        let mut utf8 = [0_u8; 4];
        for char in folded(id) {
            for &byte in char.encode_utf8(&mut utf8).as_bytes() {
                block[filled] = byte;
                filled += 1;
                if filled == BLOCK {
                    state.write(&block);
                    filled = 0;
                }
            }
        }
        if filled > 0 {
            state.write(&block[..filled]);
        }
    }
    // What a `str` ends with, too: no ID is a prefix of another one's bytes.
    state.write_u8(0xff);
}

/// Whether `upper` is among the ancestors of `lower`.
pub(crate) fn is_ancestor(upper: ResourceIdRef<'_>, lower: ResourceIdRef<'_>) -> bool {
    let (upper_text, lower_text) = (upper.key_text(), lower.key_text());
    let below = if upper_text.is_ascii() {
        match lower_text.as_bytes().split_at_checked(upper_text.len()) {
            Some((head, below)) if head.eq_ignore_ascii_case(upper_text.as_bytes()) => below,
            _ => return false,
        }
    } else {
        match folded_prefix(upper, lower) {
            Some(length) => &lower_text.as_bytes()[length..],
            None => return false,
        }
    };
    below.first() == Some(&b'/') && upper.admits_below(&below[1..])
}

/// How many bytes of `lower` fold to the same as all of `upper`.
fn folded_prefix(upper: ResourceIdRef<'_>, lower: ResourceIdRef<'_>) -> Option<usize> {
    let count = {
        let mut rest = folded(lower);
        let mut count = 0;
        for char in folded(upper) {
            if rest.next() != Some(char) {
                return None;
            }
            count += 1;
        }
        count
    };
    // Folding is one to one in characters, not in bytes.
    Some(
        lower
            .key_text()
            .chars()
            .take(count)
            .map(char::len_utf8)
            .sum(),
    )
}

/// The key text of an ID, folded character by character.
fn folded(id: ResourceIdRef<'_>) -> impl Iterator<Item = char> {
    id.segments().flat_map(|segment| {
        let fold = if segment.role().is_user_chosen() {
            fold_name
        } else {
            fold_ascii
        };
        iter::once('/').chain(segment.as_str().chars().map(fold))
    })
}

fn fold_ascii(char: char) -> char {
    char.to_ascii_uppercase()
}

fn fold_name(char: char) -> char {
    if char.is_ascii() {
        return char.to_ascii_uppercase();
    }
    let mut upper = char.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) if !upper.is_ascii() => upper,
        _ => char,
    }
}

fn rank(char: char) -> char {
    if char == '/' { '\0' } else { char }
}

fn compare_ascii(left: &[u8], right: &[u8]) -> Ordering {
    // Blocks that do not differ are compared many bytes at a time.
    let blocks = left.chunks_exact(BLOCK).zip(right.chunks_exact(BLOCK));
    let same = blocks
        .take_while(|(left, right)| left.eq_ignore_ascii_case(right))
        .count()
        * BLOCK;
    let (left, right) = (&left[same..], &right[same..]);
    let mut pairs = left.iter().zip(right);
    let rank = |byte: u8| {
        if byte == b'/' {
            0
        } else {
            byte.to_ascii_uppercase()
        }
    };
    match pairs.find(|(left, right)| !left.eq_ignore_ascii_case(right)) {
        Some((&left, &right)) => rank(left).cmp(&rank(right)),
        None => left.len().cmp(&right.len()),
    }
}
