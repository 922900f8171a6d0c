//! What an error of the directory means that stands without the answer it came in.
//!
//! Source: *Microsoft Entra authentication and authorization error codes*; Azure/aad-pod-identity#1277 for the second.

use super::{Meaning, imds};
use crate::catalogue::{TOKEN_015, TOKEN_017};

/// The number that the words begin with, or have in them.
pub(super) fn number(words: &str) -> Option<u32> {
    words.split("AADSTS").skip(1).find_map(|after| {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        after[..digits].parse().ok()
    })
}

/// The first two are about the audience, the next two about the application. Any client may meet them, so that they are
/// no more than likely.
pub(super) fn meaning(number: u32, text: &str) -> Meaning {
    match number {
        50_001 | 500_011 => Meaning::likely(imds::resource(text).entry),
        70_001 | 700_016 => Meaning::likely(&TOKEN_015),
        _ => Meaning::possible(&TOKEN_017),
    }
}
