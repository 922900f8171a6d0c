//! Breaking prose into lines.

/// Words of `prose` in lines of at most `width` columns, `indent` blanks before each. A word that is longer than a line
/// stands alone and whole.
pub(super) fn paragraph(out: &mut String, indent: usize, prose: &str, width: usize) {
    for line in wrap(prose, width.saturating_sub(indent)) {
        out.extend(std::iter::repeat_n(' ', indent));
        out.push_str(&line);
        out.push('\n');
    }
}

/// A label and then prose that hangs `column` columns behind `indent`.
pub(super) fn labelled(
    out: &mut String,
    indent: usize,
    label: &str,
    column: usize,
    prose: &str,
    width: usize,
) {
    let hang = indent + column;
    for (index, line) in wrap(prose, width.saturating_sub(hang))
        .into_iter()
        .enumerate()
    {
        let label = if index == 0 { label } else { "" };
        out.extend(std::iter::repeat_n(' ', indent));
        out.push_str(&format!("{label:column$}{line}\n"));
    }
}

/// Characters count as columns: the catalogue has no wide ones.
fn wrap(prose: &str, width: usize) -> Vec<String> {
    let mut lines = vec![];
    let mut line = String::new();
    let mut columns = 0;
    for word in prose.split_whitespace() {
        let length = word.chars().count();
        if columns > 0 && columns + 1 + length > width {
            lines.push(std::mem::take(&mut line));
            columns = 0;
        }
        if columns > 0 {
            line.push(' ');
            columns += 1;
        }
        line.push_str(word);
        columns += length;
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// The sentences of `prose`: each ends with a full stop before a blank and a capital or a digit.
pub(super) fn sentences(prose: &str) -> Vec<&str> {
    let mut found = vec![];
    let mut rest = prose;
    let mut from = 0;
    while let Some(at) = rest[from..].find(". ").map(|at| from + at + 1) {
        let after = rest[at + 1..].chars().next();
        if after.is_some_and(|c| c.is_uppercase() || c.is_ascii_digit()) {
            found.push(&rest[..at]);
            rest = &rest[at + 1..];
            from = 0;
        } else {
            from = at + 1;
        }
    }
    if !rest.is_empty() {
        found.push(rest);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_fill_lines_and_a_long_one_stays_whole() {
        assert_eq!(wrap("", 10), Vec::<String>::new());
        assert_eq!(wrap("a bc def", 4), ["a bc", "def"]);
        assert_eq!(
            wrap("see https://example.com/a/b now", 9),
            ["see", "https://example.com/a/b", "now"]
        );
        assert_eq!(wrap("é é é", 3), ["é é", "é"]);
        assert_eq!(wrap("a b", 0), ["a", "b"]);
    }

    #[test]
    fn labels_stand_before_the_first_line_alone() {
        let mut out = String::new();
        labelled(&mut out, 2, "key", 5, "one two three", 14);
        assert_eq!(out, "  key  one two\n       three\n");
    }

    #[test]
    fn sentences_end_before_a_capital() {
        assert_eq!(
            sentences("One. Two, v1.2. 3 is."),
            ["One.", "Two, v1.2.", "3 is."]
        );
        assert_eq!(
            sentences("Up to 10 min. then more."),
            ["Up to 10 min. then more."]
        );
        assert_eq!(sentences(""), Vec::<&str>::new());
    }
}
