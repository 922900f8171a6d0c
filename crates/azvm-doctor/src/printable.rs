//! What somebody else wrote, fit for a terminal.

use azvm_diagnostics::token_shape;
use serde::Serialize;

/// Control characters as escapes: a text can come from anywhere, and a terminal obeys.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_invisible(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A value as one line of JSON, in which such characters are escapes of JSON: the value is the same.
pub(crate) fn json(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string(value).map(|text| escaped(&text))
}

/// As [`json`], indented.
pub(crate) fn json_pretty(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(|text| escaped(&text))
}

/// Outside its texts JSON has none of these; the line ends of the indented form stay.
fn escaped(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && (c.is_control() || is_invisible(c)) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Marks of direction, and others that take no room and change how the text around them reads.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}')
        || matches!(c, '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// As [`printable`], and what is shaped like a token is cut out: for what quotes arguments and files.
pub(crate) fn message(text: &str) -> String {
    printable(&token_shape::cut_out(text, token_shape::CUT))
}

/// As [`message`], line by line.
pub(crate) fn messages(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(message).collect();
    lines.join("\n")
}

pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", printable(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_written_to() {
        assert_eq!(printable("a\u{1b}[2J\u{202e}é"), "a\\u{1b}[2J\\u{202e}é");
        assert_eq!(quoted("a\n"), "'a\\n'");
    }

    #[test]
    fn json_is_the_same_value_without_such_characters() {
        let value = ["a\u{202e}\u{61c}\u{7f}\u{9b}\u{e0041}é\\u202e\n"];
        let expected = r#"["a\u202e\u061c\u007f\u009b\udb40\udc41é\\u202e\n"]"#;
        assert_eq!(json(&value).unwrap(), expected);
        for text in [json(&value), json_pretty(&value)] {
            let read: [String; 1] = serde_json::from_str(&text.unwrap()).unwrap();
            assert_eq!(read, value);
        }
    }

    #[test]
    fn a_message_holds_no_token() {
        let jwt = format!("eyJ{}.eyJ9.x-_=", "a".repeat(40));
        let text = format!("`Bearer {jwt}`, {jwt}\u{1b}{jwt}\na eyJ.b");
        let expected = "`Bearer <redacted>`, <redacted>\\u{1b}<redacted>";
        assert_eq!(message(&text), format!("{expected}\\na eyJ.b"));
        assert_eq!(messages(&text), format!("{expected}\na eyJ.b"));
    }
}
