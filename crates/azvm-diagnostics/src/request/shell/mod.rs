//! A command line as a shell reads it: its words, what the shell takes out of them, and where it ends.
//!
//! The grammar is the part of the shells that a pasted `curl` line needs:
//!
//! ```text
//! sh    'as it is'   "with $NAME and \" in it"   \c   $NAME ${…} $(…) `…`   # comment   & | ; newline end it   < > go to files
//! cmd   "as it is, but for %NAME%"   ^c   & | end it   ' is a letter as any other
//! PowerShell   'as it is, '' one quote'   "with $NAME and `" in it"   `c   ( … )   @{Name='value'}   & is refused   | ; end it
//! ```
//!
//! Nothing is run and no variable is looked up: what a variable stands for is unknown, but for the options of OData such as
//! `$filter`, of which nobody has a variable.
//!
//! Source: POSIX.1-2024, Shell Command Language, 2.2 Quoting, 2.3 Token Recognition and 2.6 Word Expansions; Microsoft's
//! page *cmd* on quotes and the characters `& | ( ) < > ^`.

mod powershell;

use super::traced::Traced;
use std::ops::Range;

pub(super) use powershell::Table;

/// The shell that a command line is typed into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shell {
    /// `sh`, `bash` and their kin.
    #[default]
    Sh,
    /// The Windows command prompt.
    Cmd,
    /// PowerShell, of any version.
    PowerShell,
}

/// The first command of a line, as it was meant, and what the shell makes of it instead.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) words: Vec<Traced>,
    /// Those words that are tables of PowerShell, taken apart.
    pub(super) tables: Vec<Table>,
    /// Names that the shell takes for variables and replaces by nothing. They are in the words.
    pub(super) eaten: Vec<Range<usize>>,
    /// The first thing that keeps the shell from reading the words as they were meant.
    pub(super) cut: Option<Cut>,
}

/// What keeps a shell from reading a word as it was meant; each stands at a byte of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// `&`, `|` or `;` within a word ends the command.
    Operator(usize),
    /// A parenthesis without quotes: the shell refuses the line.
    Parenthesis(usize),
    /// A quote is not closed.
    OpenQuote(usize),
    /// A quote of a word processor, which PowerShell takes for its own, is not closed.
    OpenTypographic(usize),
    /// A single quote, which `cmd` takes for a letter.
    SingleQuote(usize),
}

/// The system query options of OData 4.01 part 2, section 5.1, that ARM's lists take.
const ODATA: [&str; 11] = [
    "apply",
    "count",
    "expand",
    "filter",
    "format",
    "orderby",
    "search",
    "select",
    "skip",
    "skiptoken",
    "top",
];

impl Line {
    /// Reads the first command.
    pub(super) fn read(input: &str, shell: Shell) -> Self {
        Self::read_from(input, shell, 0)
    }

    /// Reads the command that begins at this byte.
    pub(super) fn read_from(input: &str, shell: Shell, at: usize) -> Self {
        let mut reader = Reader {
            input,
            at,
            word: None,
            line: Self::default(),
        };
        match shell {
            Shell::Sh => reader.sh(),
            Shell::Cmd => reader.cmd(),
            Shell::PowerShell => reader.powershell(),
        }
        reader.line
    }
}

struct Reader<'a> {
    input: &'a str,
    at: usize,
    word: Option<Traced>,
    line: Line,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.input[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Puts the next character into the word.
    fn take(&mut self) {
        if let Some(c) = self.peek() {
            let start = self.at;
            self.at += c.len_utf8();
            let end = self.at;
            self.word().push(c, start..end);
        }
    }

    fn skip(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn word(&mut self) -> &mut Traced {
        self.word.get_or_insert_with(|| Traced::at(self.at))
    }

    fn end_word(&mut self) {
        self.line.words.extend(self.word.take());
    }

    fn stop(&mut self) {
        self.end_word();
        self.at = self.input.len();
    }

    fn cut(&mut self, cut: Cut) {
        self.line.cut.get_or_insert(cut);
    }

    fn sh(&mut self) {
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\r' => {
                    self.skip();
                    self.end_word();
                }
                '\n' if self.word.is_none() && self.line.words.is_empty() => self.skip(),
                '\\' => self.backslash(),
                '\'' => self.single_quotes(),
                '"' => self.double_quotes(),
                '$' | '`' => self.expansion(),
                '#' if self.word.is_none() => {
                    let rest = self.rest();
                    self.at += rest.find('\n').unwrap_or(rest.len());
                }
                '&' | '|' | ';' | '\n' => self.operator(),
                '<' | '>' => self.redirection(),
                '(' | ')' => self.parenthesis(),
                _ => self.take(),
            }
        }
        self.end_word();
    }

    /// One that escapes a line end joins two lines.
    fn backslash(&mut self) {
        let rest = self.rest();
        for continued in ["\\\r\n", "\\\n"] {
            if rest.starts_with(continued) {
                self.at += continued.len();
                return;
            }
        }
        if rest.len() > 1 {
            self.word();
            self.skip();
        }
        self.take();
    }

    fn single_quotes(&mut self) {
        let open = self.at;
        self.word();
        self.skip();
        while self.peek().is_some_and(|c| c != '\'') {
            self.take();
        }
        self.close(open);
    }

    fn close(&mut self, open: usize) {
        if self.peek().is_none() {
            self.cut(Cut::OpenQuote(open));
        }
        self.skip();
    }

    fn double_quotes(&mut self) {
        let open = self.at;
        self.word();
        self.skip();
        while let Some(c) = self.peek().filter(|&c| c != '"') {
            match c {
                '\\' if self.rest()[1..].starts_with('\n') => self.at += 2,
                '\\' if self.rest()[1..].starts_with(['$', '`', '"', '\\']) => {
                    self.skip();
                    self.take();
                }
                '$' | '`' => self.expansion(),
                _ => self.take(),
            }
        }
        self.close(open);
    }

    /// `$NAME` and its like, of unknown value; a lone `$` stands for itself.
    fn expansion(&mut self) {
        let start = self.at;
        let Some(length) = expansion_length(self.rest()) else {
            return self.take();
        };
        self.at += length;
        let range = start..self.at;
        let input = self.input;
        if self.is_option(&range) {
            self.word().append(&Traced::part(input, range.clone()));
            self.line.eaten.push(range);
        } else {
            self.word().push_unknown(input, range);
        }
    }

    /// `$filter` where a parameter of a query begins.
    fn is_option(&self, range: &Range<usize>) -> bool {
        let name = self.input[range.clone()].trim_matches(['$', '{', '}']);
        let is_known = ODATA.iter().any(|known| name.eq_ignore_ascii_case(known));
        let word = self.word.as_ref();
        let is_at_start = word.is_some_and(|word| word.as_str().ends_with(['?', '&']));
        let after = &self.input[range.end..];
        is_known && is_at_start && after.trim_start_matches(['"', '\'']).starts_with('=')
    }

    /// Between words it ends the command; within one it was meant as a letter.
    fn operator(&mut self) {
        let after = &self.rest()[1..];
        let is_letter = |c: char| c.is_ascii_alphanumeric() || "$%_".contains(c);
        let goes_on = after.starts_with(is_letter) || after.trim_start().starts_with("-");
        if self.word.is_some() && goes_on && !self.rest().starts_with('\n') {
            self.cut(Cut::Operator(self.at));
            self.take();
        } else {
            self.stop();
        }
    }

    fn parenthesis(&mut self) {
        if self.word.is_some() {
            self.cut(Cut::Parenthesis(self.at));
            self.take();
        } else {
            self.stop();
        }
    }

    /// `>FILE`, `2>&1`: neither the number nor the file is a word of the command.
    fn redirection(&mut self) {
        let is_number = |word: &Traced| word.as_str().bytes().all(|byte| byte.is_ascii_digit());
        if self.word.as_ref().is_some_and(is_number) {
            self.word = None;
        }
        self.end_word();
        while matches!(self.peek(), Some('<' | '>' | '&' | '|')) {
            self.skip();
        }
        while matches!(self.peek(), Some(' ' | '\t')) {
            self.skip();
        }
        let is_end = |c: char| c.is_whitespace() || "&|;<>()".contains(c);
        let rest = self.rest();
        self.at += rest.find(is_end).unwrap_or(rest.len());
    }

    fn cmd(&mut self) {
        while let Some(c) = self.peek() {
            match c {
                ' ' | '\t' | '\r' => {
                    self.skip();
                    self.end_word();
                }
                '\n' if self.word.is_none() && self.line.words.is_empty() => self.skip(),
                '^' => self.escaped(),
                '"' => self.cmd_quotes(),
                '\'' if self.word.is_none() => self.cmd_single_quotes(),
                '%' => self.percent(),
                '&' | '|' | '\n' => self.operator(),
                '<' | '>' => self.redirection(),
                // The C runtime of the program, which splits the words, takes it for the quote itself.
                '\\' if self.rest().starts_with("\\\"") => {
                    self.skip();
                    self.take();
                }
                _ => self.take(),
            }
        }
        self.end_word();
    }

    /// The caret of `cmd` and the backtick of PowerShell take the meaning from the next character, and join two lines at a
    /// line end.
    fn escaped(&mut self) {
        self.skip();
        for end in ["\r\n", "\n"] {
            if self.rest().starts_with(end) {
                self.at += end.len();
                return;
            }
        }
        self.take();
    }

    /// Meant as quotes by somebody who comes from another shell.
    fn cmd_single_quotes(&mut self) {
        let rest = &self.rest()[1..];
        let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
        if line.contains('\'') {
            self.cut(Cut::SingleQuote(self.at));
            self.single_quotes();
        } else {
            self.take();
        }
    }

    fn cmd_quotes(&mut self) {
        let open = self.at;
        self.word();
        self.skip();
        while let Some(c) = self.peek().filter(|&c| c != '"') {
            match c {
                '\n' => return self.cut(Cut::OpenQuote(open)),
                '%' => self.percent(),
                '\\' if self.rest().starts_with("\\\"") => {
                    self.skip();
                    self.take();
                }
                _ => self.take(),
            }
        }
        self.close(open);
    }

    /// `%NAME%`; an escape of a URL such as `%2F` has no second one right after a name.
    fn percent(&mut self) {
        let rest = &self.rest()[1..];
        let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let length = length.filter(|&length| length > 0 && rest[length..].starts_with('%'));
        let is_escape = rest
            .get(..2)
            .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match length.filter(|_| !is_escape) {
            Some(length) => {
                let (start, input) = (self.at, self.input);
                self.at += length + 2;
                let end = self.at;
                self.word().push_unknown(input, start..end);
            }
            None => self.take(),
        }
    }
}

/// How long the expansion at the start of the text is, if there is one.
fn expansion_length(text: &str) -> Option<usize> {
    if let Some(rest) = text.strip_prefix('`') {
        return Some(rest.find('`').map_or(text.len(), |end| end + 2));
    }
    let rest = text.strip_prefix('$')?;
    match rest.chars().next()? {
        '{' => Some(rest.find('}').map_or(text.len(), |end| end + 2)),
        '(' => Some(1 + closing(rest)),
        c if c.is_ascii_digit() || "?@*#!-$".contains(c) => Some(2),
        c if c.is_ascii_alphabetic() || c == '_' => {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            Some(1 + end.unwrap_or(rest.len()))
        }
        _ => None,
    }
}

/// Where the parenthesis that opens the text is closed; quotes in it are not looked at.
fn closing(text: &str) -> usize {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests;
