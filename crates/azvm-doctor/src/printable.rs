//! What somebody else wrote, fit for a terminal.

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

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// As [`printable`], and what is shaped like a token is cut out: for what quotes arguments and files.
pub(crate) fn message(text: &str) -> String {
    printable(&redacted(text))
}

/// As [`message`], line by line.
pub(crate) fn messages(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(message).collect();
    lines.join("\n")
}

/// A token of this many characters or more that starts like a JWT is taken for one.
const JWT_MIN_CHARS: usize = 20;

/// However long it is, unlike `azvm_exchange::service_text`.
fn redacted(text: &str) -> String {
    let is_token_char = |c: char| c.is_ascii_alphanumeric() || "-_.=".contains(c);
    let mut shown = String::with_capacity(text.len());
    for piece in text.split_inclusive(|c| !is_token_char(c)) {
        let word = piece.trim_end_matches(|c| !is_token_char(c));
        match word.find("eyJ") {
            Some(start) if word.len() - start >= JWT_MIN_CHARS => {
                shown.push_str("<redacted>");
                shown.push_str(&piece[word.len()..]);
            }
            _ => shown.push_str(piece),
        }
    }
    shown
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
    fn a_message_holds_no_token() {
        let jwt = format!("eyJ{}.eyJ9.x-_=", "a".repeat(40));
        let text = format!("`Bearer {jwt}`, {jwt}\u{1b}{jwt}\na eyJ.b");
        let expected = "`Bearer <redacted>`, <redacted>\\u{1b}<redacted>";
        assert_eq!(message(&text), format!("{expected}\\na eyJ.b"));
        assert_eq!(messages(&text), format!("{expected}\na eyJ.b"));
    }
}
