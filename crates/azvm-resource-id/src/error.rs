//! Why a text is not a resource ID, and where.

use core::error::Error;
use core::fmt;
use core::ops::Range;

use crate::grammar::{MAX_LENGTH_BYTES, Shape};
use crate::keyword;
use crate::segments::SegmentRole;

/// How much of the offending text an error carries along.
const FOUND_BYTES: usize = 24;

/// Why a text is not a resource ID.
///
/// It says what was expected, what stands there and where; [`render`](Self::render) shows the place.
///
/// ```
/// use azvm_resource_id::{ParseErrorKind, ResourceIdRef};
///
/// let text = "/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourceGroup/rg";
/// let error = ResourceIdRef::parse(text).unwrap_err();
/// assert_eq!(error.kind(), ParseErrorKind::UnknownKeyword);
/// assert_eq!(&text[error.span()], "resourceGroup");
/// assert_eq!(error.segment_index(), 2);
/// ```
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct ParseError {
    fault: Fault,
    segment: u16,
    found_length: u8,
    found: [u8; FOUND_BYTES],
}

/// What kind of rule a text breaks.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// A control character inside a segment.
    ControlCharacter,
    /// A segment is `.` or `..`; a URL library would fold it into another resource's path.
    DotSegment,
    /// The text is empty.
    Empty,
    /// Nothing stands between two slashes.
    EmptySegment,
    /// One of `" # < > ? \ |` inside a segment.
    ForbiddenCharacter,
    /// A keyword in another case than the canonical one. Only [`parse_exact`](crate::ResourceIdRef::parse_exact) minds.
    KeywordCase,
    /// The text does not start with `/`.
    MissingLeadingSlash,
    /// The text ends after a keyword or a type: what it names is missing.
    MissingName,
    /// A namespace that has to be followed by a type and a name is not.
    MissingType,
    /// A blank at the start or the end of a segment.
    SurroundingWhitespace,
    /// The text is longer than [`MAX_LENGTH_BYTES`].
    TooLong,
    /// Something else stands where the grammar has a fixed set of keywords.
    UnknownKeyword,
}

/// What the walk over an ID reports; it becomes a [`ParseError`] together with the text.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) struct Fault {
    pub(crate) kind: ParseErrorKind,
    /// What had been read when it happened: it decides what was expected.
    pub(crate) shape: Shape,
    pub(crate) role: SegmentRole,
    from: u32,
    to: u32,
}

impl Fault {
    #[cold]
    pub(crate) fn new(kind: ParseErrorKind, from: usize, to: usize) -> Self {
        let narrow = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
        Self {
            kind,
            shape: Shape::Tenant,
            role: SegmentRole::Keyword,
            from: narrow(from),
            to: narrow(to),
        }
    }

    #[cold]
    pub(crate) fn at(self, shape: Shape, role: SegmentRole) -> Self {
        Self {
            shape,
            role,
            ..self
        }
    }

    pub(crate) fn span(&self) -> Range<usize> {
        self.from as usize..self.to as usize
    }

    #[cold]
    pub(crate) fn in_text(self, text: &str) -> ParseError {
        let before = text.get(..self.from as usize).unwrap_or(text);
        let place = text.get(self.span()).unwrap_or_default();
        let kept = floor_char_boundary(place, FOUND_BYTES);
        let mut found = [0; FOUND_BYTES];
        found[..kept].copy_from_slice(&place.as_bytes()[..kept]);
        let slashes = before.bytes().filter(|&byte| byte == b'/').count();
        ParseError {
            fault: self,
            segment: u16::try_from(slashes.saturating_sub(1)).unwrap_or(u16::MAX),
            found_length: kept as u8,
            found,
        }
    }
}

impl ParseError {
    /// What kind of rule is broken.
    #[must_use]
    pub fn kind(&self) -> ParseErrorKind {
        self.fault.kind
    }

    /// The bytes of the text that break it; empty where something is missing between two bytes.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.fault.span()
    }

    /// Which segment that is, counted from 0: `subscriptions` in `/subscriptions/…` is segment 0.
    #[must_use]
    pub fn segment_index(&self) -> usize {
        usize::from(self.segment)
    }

    /// What the segment would have been.
    #[must_use]
    pub fn role(&self) -> SegmentRole {
        self.fault.role
    }

    /// The keywords of which one was expected, canonically spelled; empty unless the kind is
    /// [`UnknownKeyword`](ParseErrorKind::UnknownKeyword) or [`KeywordCase`](ParseErrorKind::KeywordCase).
    pub fn expected(&self) -> impl Iterator<Item = &'static str> + use<> {
        let keywords = match self.fault.kind {
            ParseErrorKind::UnknownKeyword => self.fault.shape.keywords(),
            _ => &[],
        };
        let spelled = match self.fault.kind {
            ParseErrorKind::KeywordCase => keyword::canonical_of(self.found()),
            _ => None,
        };
        keywords
            .iter()
            .map(|keyword| keyword.as_str())
            .chain(spelled)
    }

    /// The message, the text and a caret under the place, on three lines.
    ///
    /// Characters that would not show are escaped; of a long text only the part around the place is shown.
    #[must_use]
    pub fn render<'a>(&self, text: &'a str) -> RenderedError<'a> {
        RenderedError { error: *self, text }
    }

    fn found(&self) -> &str {
        core::str::from_utf8(&self.found[..usize::from(self.found_length)]).unwrap_or_default()
    }

    fn fmt_found(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = self.span().len() > usize::from(self.found_length);
        let ellipsis = if cut { "…" } else { "" };
        write!(
            f,
            "found \"{}{ellipsis}\" at byte {}",
            Shown(self.found()),
            self.fault.from
        )
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = self.fault.role.with_article();
        match self.fault.kind {
            ParseErrorKind::ControlCharacter => {
                write!(f, "expected {noun} without control characters, ")?
            }
            ParseErrorKind::DotSegment => {
                write!(f, "expected {noun} other than \".\" and \"..\", ")?
            }
            ParseErrorKind::Empty => {
                return f.write_str("expected \"/\", found the end of the text");
            }
            ParseErrorKind::EmptySegment => {
                return write!(
                    f,
                    "expected {noun}, found an empty segment at byte {}",
                    self.fault.from
                );
            }
            ParseErrorKind::ForbiddenCharacter => {
                write!(f, "expected {noun} without \" # < > ? \\ |, ")?
            }
            ParseErrorKind::MissingLeadingSlash => f.write_str("expected \"/\" at the start, ")?,
            ParseErrorKind::MissingName => {
                let missing = self.fault.shape.value_role().with_article();
                return write!(
                    f,
                    "expected {missing} after \"{}\", found the end of the text",
                    Shown(self.found())
                );
            }
            ParseErrorKind::MissingType if self.fault.role == SegmentRole::Namespace => {
                let namespace = Shown(self.found());
                return write!(
                    f,
                    "expected a type and a name after \"{namespace}\", found the end of the text"
                );
            }
            ParseErrorKind::MissingType => f.write_str("expected a type after the namespace, ")?,
            ParseErrorKind::SurroundingWhitespace => {
                write!(f, "expected {noun} without blanks around it, ")?
            }
            ParseErrorKind::TooLong => {
                return write!(
                    f,
                    "expected at most {MAX_LENGTH_BYTES} bytes, found {}",
                    self.fault.to
                );
            }
            ParseErrorKind::KeywordCase | ParseErrorKind::UnknownKeyword => {
                f.write_str("expected ")?;
                fmt_choice(f, self.expected())?;
                f.write_str(match self.fault.shape {
                    _ if self.fault.kind == ParseErrorKind::KeywordCase => ", ",
                    Shape::Subscription => " after the subscription, ",
                    Shape::ResourceGroup => " after the resource group, ",
                    _ => ", ",
                })?;
            }
        }
        self.fmt_found(f)
    }
}

impl fmt::Debug for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParseError")
            .field("kind", &self.kind())
            .field("span", &self.span())
            .field("segment_index", &self.segment)
            .field("role", &self.role())
            .field("found", &self.found())
            .finish()
    }
}

impl Error for ParseError {}

/// A [`ParseError`] together with the text it is about; see [`ParseError::render`].
#[derive(Clone, Copy, Debug)]
pub struct RenderedError<'a> {
    error: ParseError,
    text: &'a str,
}

/// How much of the text is shown before and after the place.
const CONTEXT_BYTES: usize = 60;

impl fmt::Display for RenderedError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = self.error.span();
        let from = floor_char_boundary(self.text, span.start);
        let to = floor_char_boundary(self.text, span.end.min(from + CONTEXT_BYTES)).max(from);
        let start = floor_char_boundary(self.text, from.saturating_sub(CONTEXT_BYTES));
        let end = floor_char_boundary(self.text, to.saturating_add(CONTEXT_BYTES));
        let (before, place, after) = (
            &self.text[start..from],
            &self.text[from..to],
            &self.text[to..end],
        );
        let head = if start > 0 { "…" } else { "" };
        let tail = if end < self.text.len() { "…" } else { "" };
        writeln!(f, "{}", self.error)?;
        writeln!(
            f,
            "  {head}{}{}{}{tail}",
            Shown(before),
            Shown(place),
            Shown(after)
        )?;
        let indent = 2 + head.chars().count() + Shown(before).width();
        let width = Shown(place).width().max(1);
        write!(f, "{:indent$}{:^<width$}", "", "")
    }
}

/// Text with everything escaped that would not show as itself.
struct Shown<'a>(&'a str);

impl Shown<'_> {
    fn chars(&self) -> impl Iterator<Item = char> {
        self.0.chars().flat_map(|char| {
            let plain = matches!(char, '"' | '\'' | '\\');
            let escaped = (!plain).then(|| char.escape_debug()).into_iter().flatten();
            escaped.chain(plain.then_some(char))
        })
    }

    fn width(&self) -> usize {
        self.chars().count()
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chars()
            .try_for_each(|char| fmt::Write::write_char(f, char))
    }
}

/// `"a", "b" or "c"`.
fn fmt_choice(
    f: &mut fmt::Formatter<'_>,
    choices: impl Iterator<Item = &'static str>,
) -> fmt::Result {
    let mut choices = choices.peekable();
    let mut separator = "";
    while let Some(choice) = choices.next() {
        if !separator.is_empty() && choices.peek().is_none() {
            separator = " or ";
        }
        write!(f, "{separator}\"{choice}\"")?;
        separator = ", ";
    }
    Ok(())
}

/// The largest boundary between two characters that is not above `at`.
pub(crate) fn floor_char_boundary(text: &str, at: usize) -> usize {
    if at >= text.len() {
        return text.len();
    }
    (0..=at)
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}
