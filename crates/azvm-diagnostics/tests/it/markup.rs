//! A reader of markup that is strict and small: enough to tell whether a page is what it says.

/// A tag with its attributes, or a text, as they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Open(String, Vec<(String, String)>),
    Close(String),
    Text(String),
}

/// Reads markup in which every tag is closed, but for those in `void` and those that close themselves.
///
/// Panics at anything else: an unknown entity, an attribute without quotes, a tag that closes another one.
#[track_caller]
pub(crate) fn read(markup: &str, void: &[&str]) -> Vec<Piece> {
    let mut pieces = vec![];
    let mut open: Vec<String> = vec![];
    let mut rest = markup;
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        pieces.push(Piece::Text(unescape(text)));
        let end = tag.find('>').unwrap_or_else(|| panic!("no end: {tag}"));
        let (inner, tail) = (&tag[1..end], &tag[end + 1..]);
        rest = tail;
        if inner.starts_with(['?', '!']) {
            continue;
        }
        if let Some(name) = inner.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "before {tail:.80}");
            pieces.push(Piece::Close(name.into()));
            continue;
        }
        let (inner, is_closed) = match inner.strip_suffix('/') {
            Some(inner) => (inner, true),
            None => (inner, false),
        };
        let (name, attributes) = inner.split_once(' ').unwrap_or((inner, ""));
        assert!(
            name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'),
            "{name:?}"
        );
        pieces.push(Piece::Open(name.into(), self::attributes(attributes)));
        if !is_closed && !void.contains(&name) {
            open.push(name.into());
        }
    }
    assert_eq!(open, [""; 0]);
    pieces.push(Piece::Text(unescape(rest)));
    pieces
}

#[track_caller]
fn attributes(text: &str) -> Vec<(String, String)> {
    let mut attributes = vec![];
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(['=', ' ']).unwrap_or(rest.len());
        let name = &rest[..end];
        rest = &rest[end..];
        let mut value = String::new();
        if let Some(quoted) = rest.strip_prefix("=\"") {
            let (inner, tail) = quoted.split_once('"').unwrap();
            value = unescape(inner);
            rest = tail;
        } else {
            assert!(!rest.starts_with('='), "no quotes: {text}");
        }
        attributes.push((name.into(), value));
        rest = rest.trim_start();
    }
    attributes
}

#[track_caller]
fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut parts = text.split('&');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (entity, tail) = part
            .split_once(';')
            .unwrap_or_else(|| panic!("a bare &: {text}"));
        out.push_str(match entity {
            "amp" => "&",
            "lt" => "<",
            "gt" => ">",
            "quot" => "\"",
            "#39" => "'",
            other => panic!("{other}"),
        });
        out.push_str(tail);
    }
    out
}
