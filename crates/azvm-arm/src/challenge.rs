//! `WWW-Authenticate`: why ARM did not take the token, and whose tenant the subscription is in.

use alloc::string::String;
use alloc::vec::Vec;
use azvm_exchange::{Response, service_text};
use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::{alphabet, engine::DecodePaddingMode};

/// The most challenges that are read of one answer.
pub const MAX_CHALLENGES: usize = 8;

/// The longest `claims` that are decoded, in bytes of base64.
pub const MAX_CLAIMS_BYTES: usize = 4 * 1024;

/// A Bearer challenge of a 401 (RFC 6750 section 3), as far as ARM fills it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenge {
    /// The tenant, from the first segment of the path of `authorization_uri`.
    pub tenant_id: Option<String>,
    /// `error`: `invalid_token`, `insufficient_claims`, …
    pub error: Option<String>,
    /// `error_description`, for a person.
    pub description: Option<String>,
    /// True when there are `claims`: continuous access evaluation refused the token before its time, and wants one that
    /// meets them. The same token will not do again.
    pub has_claims: bool,
    /// The `claims` decoded, for a person: JSON. `None` when they are not base64 of text, or longer than
    /// [`MAX_CLAIMS_BYTES`].
    pub claims: Option<String>,
}

impl Challenge {
    /// Reads the header's value. `None` when it has no Bearer challenge, the first one when it has several; parameters
    /// that cannot be read are left out.
    ///
    /// ```
    /// use azvm_arm::Challenge;
    /// let header = r#"Bearer authorization_uri="https://login.windows.net/t-1", error="invalid_token""#;
    /// let challenge = Challenge::read(header).unwrap();
    /// assert_eq!(challenge.tenant_id.as_deref(), Some("t-1"));
    /// ```
    pub fn read(header: &str) -> Option<Self> {
        Self::read_all(header).into_iter().next()
    }

    /// Reads every Bearer challenge of the header's value, at most [`MAX_CHALLENGES`]; other schemes are skipped.
    ///
    /// ```
    /// use azvm_arm::Challenge;
    /// let header = r#"PoP nonce="n", Bearer error="insufficient_claims", claims="eyJhIjoxfQ==", Basic realm="x""#;
    /// let [challenge] = &Challenge::read_all(header)[..] else { panic!() };
    /// assert_eq!(challenge.claims.as_deref(), Some(r#"{"a":1}"#));
    /// ```
    pub fn read_all(header: &str) -> Vec<Self> {
        let mut challenges = Vec::new();
        let mut is_bearer = false;
        let mut rest = header;
        while let Some((word, tail)) = next_word(rest) {
            rest = tail;
            match word {
                Word::Scheme(scheme) => {
                    is_bearer = scheme.eq_ignore_ascii_case("bearer");
                    if is_bearer && challenges.len() == MAX_CHALLENGES {
                        break;
                    }
                    challenges.extend(is_bearer.then(Self::default));
                }
                Word::Parameter(name, value) if is_bearer => {
                    if let Some(challenge) = challenges.last_mut() {
                        challenge.set(name, &value);
                    }
                }
                Word::Parameter(..) => {}
            }
        }
        challenges
    }

    /// Of every `WWW-Authenticate` header of an answer.
    pub(crate) fn read_response(response: &Response) -> Vec<Self> {
        response
            .headers()
            .filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"))
            .flat_map(|(_, value)| Self::read_all(value))
            .take(MAX_CHALLENGES)
            .collect()
    }

    fn set(&mut self, name: &str, value: &str) {
        match name.to_ascii_lowercase().as_str() {
            "authorization_uri" | "authorization" => {
                self.tenant_id = first_path_segment(value).map(service_text);
            }
            "error" => self.error = Some(service_text(value)),
            // The second is as AzureAD/microsoft-authentication-library-for-dotnet has it (its CaeAppTests).
            "error_description" | "errordescription" => {
                self.description = Some(service_text(value))
            }
            "claims" => {
                self.has_claims = true;
                self.claims = decoded(value);
            }
            _ => {}
        }
    }
}

/// Both alphabets occur, with and without padding.
fn decoded(claims: &str) -> Option<String> {
    if claims.len() > MAX_CLAIMS_BYTES {
        return None;
    }
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let standard = claims.replace('-', "+").replace('_', "/");
    let bytes = GeneralPurpose::new(&alphabet::STANDARD, config)
        .decode(standard)
        .ok()?;
    let text = core::str::from_utf8(&bytes).ok()?;
    Some(service_text(text))
}

/// `t-1` of `https://login.windows.net/t-1`, whatever follows it.
fn first_path_segment(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    rest.split(['/', '?', '#'])
        .nth(1)
        .filter(|segment| !segment.is_empty())
}

/// A list of challenges has commas between the challenges and between the parameters of each (RFC 9110 section 11.6.1),
/// so only the `=` tells them apart.
enum Word<'a> {
    Scheme(&'a str),
    Parameter(&'a str, String),
}

/// The next scheme, `name=value` or `name="quoted \" value"`, and what follows it.
fn next_word(text: &str) -> Option<(Word<'_>, &str)> {
    // A stray `=` or quote belongs to a `token68`, or to nothing: it is stepped over.
    let text = text.trim_start_matches([' ', '\t', ',', '=', '"']);
    let end = text.find([' ', '\t', ',', '=', '"']).unwrap_or(text.len());
    let (name, tail) = text.split_at(end);
    if name.is_empty() {
        return None;
    }
    let Some(value) = tail.trim_start_matches([' ', '\t']).strip_prefix('=') else {
        return Some((Word::Scheme(name), tail));
    };
    let value = value.trim_start_matches([' ', '\t']);
    let Some(quoted) = value.strip_prefix('"') else {
        let end = value.find([',', ' ', '\t']).unwrap_or(value.len());
        let (value, tail) = value.split_at(end);
        return Some((Word::Parameter(name, value.into()), tail));
    };
    let mut unquoted = String::new();
    let mut chars = quoted.char_indices();
    while let Some((index, c)) = chars.next() {
        match c {
            '"' => return Some((Word::Parameter(name, unquoted), &quoted[index + 1..])),
            '\\' => unquoted.extend(chars.next().map(|(_, escaped)| escaped)),
            other => unquoted.push(other),
        }
    }
    None // the quote is not closed: the value is cut, and so is what would follow
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    #[test]
    fn the_challenge_of_arm() {
        let header = "Bearer authorization_uri=\"https://login.windows.net/72f9\", error=\"invalid_token\", \
                      error_description=\"missing \\\"Authorization\\\" header.\"";
        let challenge = Challenge::read(header).unwrap();
        assert_eq!(challenge.tenant_id.as_deref(), Some("72f9"));
        assert_eq!(challenge.error.as_deref(), Some("invalid_token"));
        assert_eq!(
            challenge.description.as_deref(),
            Some("missing \"Authorization\" header.")
        );
        assert!(!challenge.has_claims);
    }

    #[test]
    fn a_description_is_read_in_both_spellings() {
        for name in ["error_description", "errorDescription"] {
            let header = format!("Bearer error=\"insufficient_claims\", {name}=\"Revoked\"");
            let challenge = Challenge::read(&header).unwrap();
            assert_eq!(challenge.description.as_deref(), Some("Revoked"), "{name}");
        }
        let other = Challenge::read("Bearer description=\"Revoked\"").unwrap();
        assert_eq!(other.description, None);
    }

    #[test]
    fn other_forms() {
        assert_eq!(Challenge::read("Basic realm=/x.key"), None);
        assert_eq!(Challenge::read(""), None);
        assert_eq!(Challenge::read("Bearer"), Some(Challenge::default()));
        assert_eq!(
            Challenge::read("bearer error=a, x=\"unfinished")
                .unwrap()
                .error
                .as_deref(),
            Some("a")
        );
    }

    /// The errors of the Bearer challenges.
    #[track_caller]
    fn check(header: &str, errors: &[Option<&str>]) {
        let challenges = Challenge::read_all(header);
        let found: Vec<_> = challenges
            .iter()
            .map(|challenge| challenge.error.as_deref())
            .collect();
        assert_eq!(found, errors, "{header}");
    }

    #[test]
    fn several_challenges_stand_in_one_header() {
        check("Bearer error=a, Bearer error=b", &[Some("a"), Some("b")]);
        check("Bearer error = \"a\" , x=1 Bearer", &[Some("a"), None]);
        check("Negotiate abc==, Bearer error=a", &[Some("a")]);
        check("Negotiate a/b+c, Basic error=b, Bearer", &[None]);
        check(
            "Bearer error=\"a, Bearer error=b\"",
            &[Some("a, Bearer error=b")],
        );
        check("Bearer error=a, PoP error=b", &[Some("a")]);
        check("Bearer realm=\"\" error=a", &[Some("a")]);
        check(&"Bearer ,".repeat(99), &[None; MAX_CHALLENGES]);
    }

    #[test]
    fn claims_are_decoded_or_flagged() {
        let claims = |value: &str| {
            let challenge = Challenge::read(&format!("Bearer claims=\"{value}\"")).unwrap();
            assert!(challenge.has_claims);
            challenge.claims
        };
        for value in ["eyJhIjoiPz8-In0=", "eyJhIjoiPz8-In0", "eyJhIjoiPz8+In0="] {
            assert_eq!(claims(value).as_deref(), Some("{\"a\":\"??>\"}"), "{value}");
        }
        assert_eq!(claims("not base64!"), None);
        assert_eq!(claims("/w=="), None);
        assert_eq!(claims(&"QUFB".repeat(MAX_CLAIMS_BYTES / 4 + 1)), None);
        assert_eq!(claims(""), Some(String::new()));
    }

    proptest! {
        #[test]
        fn any_header_is_read_or_refused(text in "(Bearer )?[ -~é]{0,200}") {
            let challenges = Challenge::read_all(&text);
            prop_assert_eq!(challenges.first().cloned(), Challenge::read(&text));
            let shown = format!("{challenges:?}");
            prop_assert!(!shown.chars().any(char::is_control));
        }
    }
}
