//! The status of an answer, in a text that has no status line.

use super::MAX_TRIES;

/// What the words before a number have to say for it to be a status.
const BEFORE: [&str; 5] = ["status", "http", "response", "statuscode", "error code"];

/// So much before a number is looked at, in bytes.
const NEAR: usize = 20;

/// As .NET spells the statuses that matter (*HttpStatusCode Enum*).
const NAMES: [(&str, u16); 14] = [
    ("BadRequest", 400),
    ("Unauthorized", 401),
    ("Forbidden", 403),
    ("NotFound", 404),
    ("MethodNotAllowed", 405),
    ("ProxyAuthenticationRequired", 407),
    ("Conflict", 409),
    ("Gone", 410),
    ("MisdirectedRequest", 421),
    ("TooManyRequests", 429),
    ("InternalServerError", 500),
    ("BadGateway", 502),
    ("ServiceUnavailable", 503),
    ("GatewayTimeout", 504),
];

/// The last status in the text, which is the one of what follows.
pub(super) fn last(text: &str) -> Option<u16> {
    numbers(text).last().or_else(|| named(text))
}

/// The first status in the text.
pub(in super::super) fn first(text: &str) -> Option<u16> {
    numbers(text).next().or_else(|| named(text))
}

/// Numbers that the words before them call a status.
fn numbers(text: &str) -> impl Iterator<Item = u16> {
    let bytes = text.as_bytes();
    let is_alone = move |at: usize| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(at + 3);
        let is_digit = |byte: &u8| byte.is_ascii_alphanumeric();
        ![before, after].into_iter().flatten().any(is_digit)
    };
    let numbers = (0..bytes.len().saturating_sub(2)).filter(move |&at| {
        matches!(bytes[at], b'4' | b'5')
            && bytes[at + 1..at + 3].iter().all(u8::is_ascii_digit)
            && is_alone(at)
    });
    numbers.take(MAX_TRIES).filter_map(|at| {
        let mut start = at.saturating_sub(NEAR);
        while !text.is_char_boundary(start) {
            start += 1;
        }
        let before = text[start..at].to_ascii_lowercase();
        let is_status = BEFORE.iter().any(|word| before.contains(word));
        is_status.then(|| text[at..at + 3].parse().ok()).flatten()
    })
}

/// A name after the word for what it is: `Status: BadRequest`, `ReasonPhrase: Forbidden`.
fn named(text: &str) -> Option<u16> {
    let lower = text.to_ascii_lowercase();
    let labels = ["status", "responsecode", "reasonphrase"];
    let mut places: Vec<usize> = labels
        .iter()
        .flat_map(|label| lower.match_indices(label).take(MAX_TRIES))
        .map(|(at, label)| at + label.len())
        .collect();
    places.sort_unstable();
    places.into_iter().find_map(|at| {
        let words = text[at..].split(|c: char| !c.is_ascii_alphanumeric());
        let mut words = words.filter(|word| !word.is_empty()).take(2);
        words.find_map(|word| {
            let named = NAMES.iter().find(|(name, _)| *name == word);
            named.map(|(_, status)| *status)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_status_where_it_is_called_one() {
        for (text, expected) in [
            ("Status code 401, \"{}\"", Some(401)),
            ("RESPONSE 403: 403 Forbidden", Some(403)),
            ("StatusCode=404 -- Original Error", Some(404)),
            ("Status: 400 (Bad Request)", Some(400)),
            ("Status: BadRequest", Some(400)),
            ("Status Code:\nForbidden\n", Some(403)),
            ("MSI ResponseCode: Forbidden, Response: x", Some(403)),
            ("an invalid status code 'Conflict'", Some(409)),
            ("port 410 and 4100", None),
            ("the status is unknown; Forbidden fruit", None),
            ("\u{e9}status \u{e9}404", Some(404)),
            ("", None),
        ] {
            assert_eq!(first(text), expected, "{text}");
        }
        let nested = "Status Code = '403'. Response body: Status Code = '400'. Response body: ";
        assert_eq!((first(nested), last(nested)), (Some(403), Some(400)));
    }
}
