//! `WWW-Authenticate`: why ARM did not take the token, and whose tenant the subscription is in.

use alloc::string::String;
use azvm_exchange::service_text;

/// The Bearer challenge of a 401 (RFC 6750 section 3), as far as ARM fills it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenge {
    /// The tenant, from the first segment of the path of `authorization_uri`.
    pub tenant_id: Option<String>,
    /// `error`: `invalid_token`, `insufficient_claims`, …
    pub error: Option<String>,
    /// `error_description`, for a person.
    pub description: Option<String>,
}

impl Challenge {
    /// Reads the header's value. `None` when it is no Bearer challenge; parameters that cannot be read are left out.
    ///
    /// ```
    /// use azvm_arm::Challenge;
    /// let header = r#"Bearer authorization_uri="https://login.windows.net/t-1", error="invalid_token""#;
    /// let challenge = Challenge::read(header).unwrap();
    /// assert_eq!(challenge.tenant_id.as_deref(), Some("t-1"));
    /// ```
    pub fn read(header: &str) -> Option<Self> {
        let header = header.trim();
        let (scheme, mut rest) = header.split_once(' ').unwrap_or((header, ""));
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut challenge = Self::default();
        while let Some((name, value, tail)) = next_parameter(rest) {
            rest = tail;
            match name.to_ascii_lowercase().as_str() {
                "authorization_uri" | "authorization" => {
                    challenge.tenant_id = first_path_segment(&value).map(service_text);
                }
                "error" => challenge.error = Some(service_text(&value)),
                "error_description" => challenge.description = Some(service_text(&value)),
                _ => {}
            }
        }
        Some(challenge)
    }
}

/// `t-1` of `https://login.windows.net/t-1`, whatever follows it.
fn first_path_segment(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    rest.split(['/', '?', '#'])
        .nth(1)
        .filter(|segment| !segment.is_empty())
}

/// One `name=value` or `name="quoted \" value"`, and what follows it.
fn next_parameter(text: &str) -> Option<(&str, String, &str)> {
    let text = text.trim_start_matches([' ', '\t', ',']);
    let (name, value) = text.split_once('=')?;
    let Some(quoted) = value.strip_prefix('"') else {
        let end = value.find([',', ' ']).unwrap_or(value.len());
        return Some((name.trim(), value[..end].into(), &value[end..]));
    };
    let mut unquoted = String::new();
    let mut chars = quoted.char_indices();
    while let Some((index, c)) = chars.next() {
        match c {
            '"' => return Some((name.trim(), unquoted, &quoted[index + 1..])),
            '\\' => unquoted.extend(chars.next().map(|(_, escaped)| escaped)),
            other => unquoted.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
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
    }

    #[test]
    fn other_forms() {
        assert_eq!(Challenge::read("Basic realm=/x.key"), None);
        assert_eq!(Challenge::read("Bearer"), Some(Challenge::default()));
        assert_eq!(
            Challenge::read("bearer error=a, x=\"unfinished")
                .unwrap()
                .error
                .as_deref(),
            Some("a")
        );
    }

    proptest! {
        #[test]
        fn any_header_is_read_or_refused(text in "(Bearer )?[ -~é]{0,200}") {
            let _ = Challenge::read(&text);
        }
    }
}
