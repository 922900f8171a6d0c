//! How PowerShell reads a command: words, strings, variables, and tables such as `@{Metadata='true'}`.
//!
//! Source: *about_Quoting_Rules*, *about_Special_Characters*, *about_Variables*, *about_Hash_Tables* and *about_Splatting*.

use super::{Cut, Reader, closing};
use crate::request::traced::Traced;

/// A table in a line: where it begins, and its names with their values.
#[derive(Debug, Default)]
pub(in crate::request) struct Table {
    pub(in crate::request) at: usize,
    pub(in crate::request) pairs: Vec<(Traced, Traced)>,
}

/// So many names of a table are read.
const MAX_PAIRS: usize = 100;

/// PowerShell takes the quotes of a word processor for its own.
fn is_single(c: char) -> bool {
    matches!(c, '\'' | '\u{2018}'..='\u{201b}')
}

fn is_double(c: char) -> bool {
    matches!(c, '"' | '\u{201c}'..='\u{201e}')
}

impl Reader<'_> {
    pub(super) fn powershell(&mut self) {
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\r' => {
                    self.skip();
                    self.end_word();
                }
                '\n' if self.word.is_none() && self.line.words.is_empty() => self.skip(),
                '@' if self.word.is_none() => self.at_sign(),
                '#' if self.word.is_none() => {
                    let rest = self.rest();
                    self.at += rest.find('\n').unwrap_or(rest.len());
                }
                ')' | '}' => self.stop(),
                '&' | '|' | ';' | '\n' => self.operator(),
                '<' | '>' => self.redirection(),
                _ => self.value_part(c),
            }
        }
        self.end_word();
    }

    /// What may stand in a word and in a table alike.
    fn value_part(&mut self, c: char) {
        match c {
            '`' => self.escaped(),
            '$' => self.variable(false),
            '(' => self.group(),
            c if is_single(c) => self.literal(),
            c if is_double(c) => self.expandable(),
            _ => self.take(),
        }
    }

    /// Two quotes are one.
    fn literal(&mut self) {
        let open = self.at;
        self.word();
        self.skip();
        while let Some(c) = self.peek() {
            if is_single(c) {
                self.skip();
                if !self.peek().is_some_and(is_single) {
                    return;
                }
            }
            self.take();
        }
        self.left_open(open);
    }

    fn expandable(&mut self) {
        let open = self.at;
        self.word();
        self.skip();
        while let Some(c) = self.peek() {
            match c {
                c if is_double(c) => {
                    self.skip();
                    if !self.peek().is_some_and(is_double) {
                        return;
                    }
                    self.take();
                }
                '`' => self.escaped(),
                '$' => self.variable(true),
                _ => self.take(),
            }
        }
        self.left_open(open);
    }

    fn left_open(&mut self, at: usize) {
        let is_ascii = self.input.as_bytes()[at].is_ascii();
        self.cut(match is_ascii {
            true => Cut::OpenQuote(at),
            false => Cut::OpenTypographic(at),
        });
    }

    /// `$name`, `$env:NAME`, `${…}`, `$(…)`; outside of a string with what is looked up in it.
    fn variable(&mut self, is_in_string: bool) {
        let start = self.at;
        let Some(mut length) = variable_length(self.rest()) else {
            return self.take();
        };
        if !is_in_string {
            length += members_length(&self.rest()[length..]);
        }
        self.at += length;
        let (range, input) = (start..self.at, self.input);
        if self.is_option(&range) {
            self.word().append(&Traced::part(input, range.clone()));
            self.line.eaten.push(range);
        } else {
            self.word().push_unknown(input, range);
        }
    }

    /// `('a' + $b)`: the strings in it are known, all else is not.
    fn group(&mut self) {
        let input = self.input;
        let end = self.at + closing(self.rest());
        let inner = end - usize::from(input[..end].ends_with(')'));
        self.word();
        self.skip();
        while let Some(c) = self.peek().filter(|_| self.at < inner) {
            match c {
                ' ' | '\t' | '\r' | '\n' | '+' => self.skip(),
                c if is_single(c) => self.literal(),
                c if is_double(c) => self.expandable(),
                _ => {
                    let rest = &input[self.at..inner];
                    let length = rest[..operand_length(rest)].trim_end().len();
                    let range = self.at..self.at + length;
                    self.at = range.end;
                    self.word().push_unknown(input, range);
                }
            }
        }
        // A string may have run over the parenthesis.
        self.at = self.at.max(end).min(input.len());
    }

    /// A table, or an array or variable of arguments.
    fn at_sign(&mut self) {
        let (start, input) = (self.at, self.input);
        if self.rest().starts_with("@{") {
            return self.table();
        }
        let rest = &self.rest()[1..];
        let length = match rest.starts_with('(') {
            true => closing(rest),
            false => rest.find(|c: char| !is_name(c)).unwrap_or(rest.len()),
        };
        self.at += 1 + length;
        let end = self.at;
        self.word().push_unknown(input, start..end);
    }

    fn table(&mut self) {
        let (start, input) = (self.at, self.input);
        let mut table = Table {
            at: start,
            ..Table::default()
        };
        self.at += "@{".len();
        while let Some(c) = self.peek() {
            match c {
                '}' => {
                    self.skip();
                    break;
                }
                c if c.is_whitespace() || c == ';' => self.skip(),
                _ => {
                    let name = self.part_of_table(&['=', '}', ';', '\n']);
                    let has_value = self.peek() == Some('=');
                    if has_value {
                        self.skip();
                    }
                    let value = self.part_of_table(&['}', ';', '\n']);
                    if has_value && table.pairs.len() < MAX_PAIRS {
                        table.pairs.push((name, value));
                    }
                }
            }
        }
        let range = start..self.at;
        self.word = Some(Traced::part(input, range));
        self.line.tables.push(table);
        self.end_word();
    }

    /// Up to one of these. Blanks and pluses between strings say nothing.
    fn part_of_table(&mut self, ends: &[char]) -> Traced {
        let start = self.at;
        self.word = None;
        while let Some(c) = self.peek().filter(|c| !ends.contains(c)) {
            match c {
                ' ' | '\t' | '\r' | '+' => self.skip(),
                c => self.value_part(c),
            }
        }
        if self.at == start {
            // Nothing that can end a name may hold up the reader.
            self.word();
        }
        self.word.take().unwrap_or_else(|| Traced::at(start))
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn variable_length(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('$')?;
    match rest.chars().next()? {
        '{' => Some(rest.find('}').map_or(text.len(), |end| end + 2)),
        '(' => Some(1 + closing(rest)),
        '$' | '?' | '^' => Some(2),
        c if is_name(c) => {
            // A colon belongs to the name where more of it follows: `$env:NAME`.
            let mut chars = rest.char_indices().peekable();
            let mut end = rest.len();
            while let Some((at, c)) = chars.next() {
                let goes_on = c == ':' && chars.peek().is_some_and(|(_, next)| is_name(*next));
                if !is_name(c) && !goes_on {
                    end = at;
                    break;
                }
            }
            Some(1 + end)
        }
        _ => None,
    }
}

/// `.Content`, `[0]`, `.Trim()` and so on behind a variable.
fn members_length(text: &str) -> usize {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let length = match rest.chars().next() {
            Some('.') => {
                let name = rest[1..].find(|c: char| !is_name(c));
                match name.unwrap_or(rest.len() - 1) {
                    0 => return at,
                    length => 1 + length,
                }
            }
            Some('[') => rest.find(']').map_or(rest.len(), |end| end + 1),
            Some('(') if at > 0 => closing(rest),
            _ => return at,
        };
        at += length;
    }
}

/// Up to the next plus that stands in no parentheses.
fn operand_length(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '+' if depth == 0 && at > 0 => return at,
            _ => {}
        }
    }
    text.len()
}
