//! Access tokens in a log, found in one pass over any number of bytes.
//!
//! ```
//! use azvm_diagnostics::log::LogScanner;
//!
//! // {"alg":"none"} and {"aud":"https://management.azure.com/"}
//! let log = "ok\nAuthorization: Bearer \
//!            eyJhbGciOiJub25lIn0.eyJhdWQiOiJodHRwczovL21hbmFnZW1lbnQuYXp1cmUuY29tLyJ9.c2ln\n";
//! let mut scanner = LogScanner::default();
//! let mut found = vec![];
//! scanner.feed(log.as_bytes(), &mut |leak| found.push(leak));
//! scanner.finish(&mut |leak| found.push(leak));
//! assert_eq!((found[0].line, found[0].column), (2, 23));
//! assert_eq!(found[0].claims.as_ref().unwrap().audience(), Some("https://management.azure.com/"));
//! ```
//!
//! ```text
//! token     = header "." payload "." signature       (RFC 7519 section 3, compact form)
//! header    = "eyJ" …                                base64url of a JSON object with "alg" or "enc"
//! payload   = …                                      base64url of a JSON object
//! ```
//!
//! What stands around a token does not matter: `Bearer`, quotes, JSON, a query. Its dots and padding may be percent-encoded,
//! or be escapes of JSON (`\u002e`). What begins like a token and is longer than [`MAX_TOKEN_BYTES`] is told as one that was
//! not read to its end. Zero bytes are passed over, so that UTF-16, as Windows PowerShell writes it, is read, too. A token that is wrapped over
//! several lines, or in a compressed file, is not found.
//!
//! Nothing of a token is in a result but the claims that [`UnverifiedClaims`] reads.

use crate::catalogue::CODE_017;
use crate::finding::{Confidence, Finding, Values};
use azvm_exchange::Secret;
use azvm_imds::UnverifiedClaims;
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::fmt;

/// The longest token that is read, in bytes: what comes with the groups of a person is shorter.
pub const MAX_TOKEN_BYTES: usize = 64 * 1024;

/// How often the start of a token is looked for in one part of a word: junk before it may look like one.
const MAX_STARTS: usize = 4;

/// Who issues tokens of Entra ID, in any cloud.
const ISSUERS: [&str; 5] = [
    "https://sts.windows.net/",
    "https://sts.chinacloudapi.cn/",
    "https://login.microsoftonline.com/",
    "https://login.microsoftonline.us/",
    "https://login.partner.microsoftonline.cn/",
];

const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A token in a log.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Leak {
    /// The line, from 1.
    pub line: u64,
    /// The first byte of the token in its line, from 1.
    pub column: u64,
    /// What the token says about itself; `None` when it is encrypted, or too long to read.
    pub claims: Option<UnverifiedClaims>,
    /// It begins like a token and is longer than [`MAX_TOKEN_BYTES`], so that its end was not seen.
    pub is_too_long: bool,
}

impl Leak {
    /// The finding, with a title that says what the token was for.
    pub fn finding(&self) -> Finding {
        let finding = Finding::new(&CODE_017, &Values::default());
        if self.is_too_long {
            let finding = finding.with_title("what begins like a token, and is too long to read");
            return finding.with_confidence(Confidence::Possible);
        }
        let Some(claims) = &self.claims else {
            let finding = finding.with_title("an encrypted token");
            return finding.with_confidence(Confidence::Likely);
        };
        let issuer = claims.issuer().unwrap_or_default();
        let is_of_entra = ISSUERS.iter().any(|known| issuer.starts_with(known));
        let (what, confidence) = match is_of_entra && claims.audience().is_some() {
            true => ("an access token", Confidence::High),
            false => ("a token", Confidence::Likely),
        };
        let mut title = format!(
            "{what} for {}",
            claims.audience().unwrap_or("nobody it names")
        );
        let who = claims.app_id().map(|id| format!("application {id}"));
        let end = claims.expires_at().map(crate::report::rfc3339);
        let end = end.map(|end| format!("until {end}"));
        for part in [who, end].into_iter().flatten() {
            title.push_str(", ");
            title.push_str(&part);
        }
        finding.with_title(title).with_confidence(confidence)
    }
}

/// Looks for tokens in bytes that come piece by piece. It holds [`MAX_TOKEN_BYTES`] at most, however long a line is.
#[derive(Default)]
pub struct LogScanner {
    line: u64,
    column: u64,
    state: State,
    run: Run,
}

impl fmt::Debug for LogScanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogScanner")
    }
}

#[derive(Clone, Copy, Default)]
enum State {
    /// So many characters of `eyJ` were seen.
    Outside(u8),
    #[default]
    Start,
    /// Within a word that began with `eyJ`.
    Inside,
    /// After a percent sign in it, and after its first digit.
    Percent,
    Digit(u8),
    /// After so many characters of `\u00` in it, and after the first digit of what follows.
    Escape(u8),
    EscapeDigit(u8),
}

/// How JSON begins the escape of an ASCII character.
const ESCAPE: &[u8; 4] = b"\\u00";

/// A word of a token's alphabet, from its first `eyJ` on.
#[derive(Default)]
struct Run {
    bytes: Vec<u8>,
    /// How many bytes after the first one each stood.
    offsets: Vec<u64>,
    /// The column of the first byte.
    column: u64,
}

impl LogScanner {
    /// Takes the next bytes and hands over every token that ends in them.
    pub fn feed(&mut self, bytes: &[u8], found: &mut impl FnMut(Leak)) {
        for &byte in bytes {
            self.column += 1;
            if byte != 0 {
                self.take(byte, found);
            }
            if byte == b'\n' {
                self.line += 1;
                self.column = 0;
            }
        }
    }

    /// Hands over a token that the log ends with.
    pub fn finish(&mut self, found: &mut impl FnMut(Leak)) {
        self.end(found);
    }

    fn take(&mut self, byte: u8, found: &mut impl FnMut(Leak)) {
        match self.state {
            State::Inside if byte == b'%' => self.state = State::Percent,
            State::Inside if is_token_byte(byte) => self.push(byte, found),
            State::Percent if matches!(byte, b'2' | b'3') => self.state = State::Digit(byte),
            State::Digit(b'2') if matches!(byte, b'e' | b'E') => self.push(b'.', found),
            State::Digit(b'3') if matches!(byte, b'd' | b'D') => self.push(b'=', found),
            State::Inside if byte == ESCAPE[0] => self.state = State::Escape(1),
            State::Escape(count) if ESCAPE.get(usize::from(count)) == Some(&byte) => {
                self.state = State::Escape(count + 1);
            }
            State::Escape(4) if matches!(byte, b'2' | b'3') => {
                self.state = State::EscapeDigit(byte);
            }
            State::EscapeDigit(b'2') if matches!(byte, b'e' | b'E') => self.push(b'.', found),
            State::EscapeDigit(b'3') if matches!(byte, b'd' | b'D') => self.push(b'=', found),
            State::Inside
            | State::Percent
            | State::Digit(_)
            | State::Escape(_)
            | State::EscapeDigit(_) => {
                self.end(found);
                self.outside(byte);
            }
            State::Outside(_) | State::Start => self.outside(byte),
        }
    }

    fn outside(&mut self, byte: u8) {
        self.state = match (self.state, byte) {
            (State::Outside(1), b'y') => State::Outside(2),
            (State::Outside(2), b'J') => State::Inside,
            (_, b'e') => State::Outside(1),
            _ => State::Start,
        };
        match self.state {
            State::Outside(1) => self.run = Run::starting(self.column),
            State::Start => return,
            _ => {}
        }
        self.run.push(byte, self.column);
    }

    fn push(&mut self, byte: u8, found: &mut impl FnMut(Leak)) {
        self.state = State::Inside;
        self.run.push(byte, self.column);
        if self.run.bytes.len() > MAX_TOKEN_BYTES {
            self.hand_over(true, found);
        }
    }

    fn end(&mut self, found: &mut impl FnMut(Leak)) {
        self.hand_over(false, found);
    }

    fn hand_over(&mut self, is_cut: bool, found: &mut impl FnMut(Leak)) {
        self.state = State::Start;
        let run = std::mem::take(&mut self.run);
        let line = self.line + 1;
        run.tokens(is_cut, &mut |column, claims, is_too_long| {
            found(Leak {
                line,
                column,
                claims,
                is_too_long,
            });
        });
    }
}

impl Run {
    fn starting(column: u64) -> Self {
        Self {
            column,
            ..Self::default()
        }
    }

    fn push(&mut self, byte: u8, column: u64) {
        self.bytes.push(byte);
        self.offsets.push(column.saturating_sub(self.column));
    }

    /// The column and the claims of each token in it, and whether it goes on where the run was cut.
    fn tokens(&self, is_cut: bool, found: &mut impl FnMut(u64, Option<UnverifiedClaims>, bool)) {
        // Only bytes of the alphabet are in it, which are ASCII.
        let text = std::str::from_utf8(&self.bytes).unwrap_or_default();
        let parts: Vec<&str> = text.split('.').collect();
        let mut start = 0;
        let mut skip = 0;
        for (index, part) in parts.iter().enumerate() {
            if skip > 0 {
                skip -= 1;
            } else if let Some((at, claims)) = token(&parts[index..]) {
                found(self.column + self.offsets[start + at], claims, false);
                skip = 2;
            } else if is_cut && index + 2 == parts.len() {
                // The payload, or what may be one, has no end.
                let begins = headers(part).next();
                if let Some((at, _)) = begins.filter(|_| begins_object(parts[index + 1])) {
                    found(self.column + self.offsets[start + at], None, true);
                }
            }
            start += part.len() + 1;
        }
    }
}

/// A token whose header ends the first of these parts: where it begins, and what it says.
fn token(parts: &[&str]) -> Option<(usize, Option<UnverifiedClaims>)> {
    let [first, payload, signature, ..] = parts else {
        return None;
    };
    if payload.is_empty() || signature.is_empty() {
        return None;
    }
    headers(first).find_map(|(at, header)| {
        if header.enc.is_some() {
            return Some((at, None));
        }
        let whole = format!("{}.{payload}.{signature}", &first[at..]);
        let claims = UnverifiedClaims::read(&Secret::new(whole)).ok()?;
        Some((at, Some(claims)))
    })
}

/// The headers that a part may end with, and where they begin.
fn headers(part: &str) -> impl Iterator<Item = (usize, Header)> {
    let starts = part.match_indices("eyJ").take(MAX_STARTS);
    starts.filter_map(|(at, _)| Some((at, header(&part[at..])?)))
}

/// The members by which a header is known (RFC 7515 section 4.1.1, RFC 7516 section 4.1.2).
#[derive(Deserialize)]
struct Header {
    alg: Option<IgnoredAny>,
    enc: Option<IgnoredAny>,
}

fn header(text: &str) -> Option<Header> {
    let bytes = BASE64URL.decode(text).ok()?;
    let header: Header = serde_json::from_slice(&bytes).ok()?;
    (header.alg.is_some() || header.enc.is_some()).then_some(header)
}

/// True when it may be an object of JSON in base64url: six bits of its brace are the first letter.
fn begins_object(part: &str) -> bool {
    part.starts_with('e')
}

/// base64url, its padding, and the dots between the parts.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'=')
}

#[cfg(test)]
mod tests;
