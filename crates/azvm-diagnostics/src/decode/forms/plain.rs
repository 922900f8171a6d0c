//! What is left of an answer where its form is lost: a code and the words after it, or the words alone.

use super::super::{arm, imds};
use super::{MAX_TRIES, Printed, status};
use azvm_exchange::Response;
use azvm_imds::Responder;
use serde_json::json;

/// So many words of a text are looked at as the start of somebody's answer in plain text.
const MAX_STARTS: usize = 20_000;

/// So much of an answer in plain text is looked at to know whose it is, in bytes.
const TELLING: usize = 64;

/// So many words after a code are read as its message, in bytes.
const MAX_MESSAGE: usize = 1200;

/// So far from a code may its message's label be, in bytes.
const NEAR: usize = 120;

/// What is written before a message, the longer label first.
const LABELS: [&str; 8] = [
    "Error Description:",
    "Error Message:",
    "ErrorMessage:",
    "Description:",
    "description:",
    "Message=",
    "Message:",
    "message:",
];

/// Where a message ends that nothing closes.
const ENDS: [&str; 14] = [
    "\n\n",
    "\r\n\r\n",
    "\nCode:",
    "\r\nCode:",
    "\nSee ",
    " See the troubleshooting",
    "\n\tat ",
    "\n   at ",
    "\nStatusCode:",
    "\r\nStatusCode:",
    " - Correlation ID:",
    "Managed Identity Error Code:",
    "Managed Identity Correlation ID:",
    "Exception Message:",
];

/// The sentences by which ARM refuses, up to what they name.
const DENIALS: [&str; 2] = [
    "does not have authorization to perform action",
    "has an authorization with ABAC condition that is not fulfilled to perform action",
];

/// What the words alone say.
#[derive(Debug)]
pub(in super::super) enum Words {
    /// An answer, of which the code is there or whose words are known for somebody's.
    Answer(Printed),
    /// The sentence by which ARM refuses, and no code.
    Denial(Printed),
    /// The directory's, with its number.
    Directory(u32, String),
}

/// The first of these that the text has.
pub(in super::super) fn words(text: &str) -> Option<Words> {
    strangers(text)
        .or_else(|| coded(text))
        .or_else(|| labelled(text))
        .map(Words::Answer)
        .or_else(|| directory(text))
        .or_else(|| denial(text).map(Words::Denial))
        .or_else(|| sentence(text).map(Words::Answer))
}

/// An answer in plain text of one that is known by its first words.
pub(in super::super) fn strangers(text: &str) -> Option<Printed> {
    let is_start = |at: usize| {
        let before = text[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric())
    };
    let starts = text
        .char_indices()
        .filter(|(at, c)| c.is_alphabetic() && is_start(*at));
    let mut starts = starts.take(MAX_STARTS).map(|(at, _)| at);
    let at = starts.find(|&at| {
        let words = text.as_bytes()[at..]
            .iter()
            .take(TELLING)
            .copied()
            .collect();
        let who = Responder::of(&Response::new(0, vec![], words));
        matches!(who, Responder::PodIdentity | Responder::DockerDesktop)
    })?;
    let line = text[at..].lines().next().unwrap_or_default();
    let body = line.trim_end_matches(['"', '\'', ' ']).as_bytes().to_vec();
    Some(Printed {
        response: Response::new(status_near(text, at), vec![], body),
        tells_who: true,
    })
}

fn status_near(text: &str, at: usize) -> u16 {
    status::last(&text[..at])
        .or_else(|| status::first(text))
        .unwrap_or(0)
}

/// A code, and the message after it: the first that has one.
fn coded(text: &str) -> Option<Printed> {
    let codes = words_of(text).filter(|(_, word)| imds::is_error(word) || arm::is_code(word));
    let codes: Vec<(usize, &str)> = codes.take(MAX_TRIES).collect();
    let mut told = codes.iter().filter_map(|(at, code)| {
        let message = message(&text[at + code.len()..])?;
        Some((*at, *code, Some(message)))
    });
    let bare = || codes.first().map(|(at, code)| (*at, *code, None));
    let (at, code, message) = told.next().or_else(bare)?;
    Some(printed(text, at, code, message))
}

/// A code that is not known here, where a label says that it is one, and its message: `Code="…" Message="…"` of autorest,
/// and the lines `Code: …` and `Message: …` of the Azure CLI.
fn labelled(text: &str) -> Option<Printed> {
    const FORMS: [(&str, &str); 2] = [("Code=\"", "\" Message="), ("\nCode: ", "\nMessage: ")];
    FORMS.iter().find_map(|(label, between)| {
        let (before, after) = text.split_once(label)?;
        let (code, after) = after.split_once(between)?;
        let code = code.trim();
        let is_code = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let message = message(&format!(":{after}"));
        is_code.then(|| printed(text, before.len(), code, message))
    })
}

/// The words that may be codes, and where they stand.
fn words_of(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = 0;
    text.split_inclusive(move |c| !is_part(c))
        .map(move |piece| {
            let at = rest;
            rest += piece.len();
            (at, piece.trim_end_matches(|c| !is_part(c)))
        })
}

/// In the form in which the service would have sent it.
fn printed(text: &str, at: usize, code: &str, message: Option<String>) -> Printed {
    let body = match imds::is_error(code) {
        true => json!({ "error": code, "error_description": message }),
        false => json!({ "error": { "code": code, "message": message } }),
    };
    let body = body.to_string().into_bytes();
    Printed {
        response: Response::new(status_near(text, at), vec![], body),
        tells_who: false,
    }
}

/// What follows a code: its message, with or without a label.
fn message(after: &str) -> Option<String> {
    let mut end = after.len().min(NEAR);
    while !after.is_char_boundary(end) {
        end -= 1;
    }
    let near = &after[..end];
    let labelled = LABELS
        .iter()
        .find_map(|label| Some(near.find(label)? + label.len()));
    let rest = match labelled {
        Some(at) => &after[at..],
        None => after.strip_prefix([')', ':', '"', '\''])?,
    };
    let rest = rest.trim_start_matches([')', ':', ' ', '\t', '\r', '\n']);
    let (rest, close) = match rest.strip_prefix(['"', '\'']) {
        Some(quoted) => (quoted, rest.chars().next()),
        None => (rest, None),
    };
    let message = cut(rest, close);
    let is_words =
        message.starts_with(|c: char| c.is_alphanumeric() || "'\u{2018}\u{201c}".contains(c));
    (is_words && message.contains(' ')).then_some(message)
}

/// Up to the closing quote or to where messages end, on one line.
fn cut(text: &str, close: Option<char>) -> String {
    let mut end = text.len().min(MAX_MESSAGE);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    let ends = ENDS.iter().filter_map(|it| text.find(it));
    // A quote within the message has a letter after it.
    let closing = close.and_then(|close| {
        let mut quotes = text.match_indices(close).map(|(at, _)| at);
        quotes.find(|at| !text[at + 1..].starts_with(char::is_alphanumeric))
    });
    let end = ends.chain(closing).min().unwrap_or(end);
    let words: Vec<&str> = text[..end].split_whitespace().collect();
    words.join(" ")
}

/// `AADSTS700016: …`, of any number.
fn directory(text: &str) -> Option<Words> {
    let mut places = text.match_indices("AADSTS");
    places.find_map(|(at, _)| {
        let after = &text[at + "AADSTS".len()..];
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let number = after[..digits].parse().ok()?;
        Some(Words::Directory(number, cut(&text[at..], None)))
    })
}

fn denial(text: &str) -> Option<Printed> {
    let flat: Vec<&str> = text.split_whitespace().collect();
    let flat = flat.join(" ");
    let at = DENIALS.iter().find_map(|denial| flat.find(denial))?;
    let start = flat[..at].rfind("The client '").unwrap_or(at);
    let message = cut(&flat[start..], None);
    let body = json!({ "error": { "message": message } })
        .to_string()
        .into_bytes();
    Some(Printed {
        response: Response::new(status::first(text).unwrap_or(0), vec![], body),
        tells_who: false,
    })
}

/// A sentence of IMDS, and nothing else of its answer.
fn sentence(text: &str) -> Option<Printed> {
    let known = imds::known_words(text)?;
    let body = json!({ "error_description": known })
        .to_string()
        .into_bytes();
    Some(Printed {
        response: Response::new(status::first(text).unwrap_or(0), vec![], body),
        tells_who: false,
    })
}
