//! Text that remembers where in the input each of its bytes stood.

use std::ops::Range;

/// What a shell or a decoder made of a part of the input.
#[derive(Clone, Debug, Default)]
pub(super) struct Traced {
    text: String,
    /// One a byte of `text`.
    places: Vec<Place>,
    /// Where an empty text stands.
    at: usize,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    start: usize,
    end: usize,
    is_unknown: bool,
}

impl Traced {
    /// Nothing yet, at this place of the input.
    pub(super) fn at(at: usize) -> Self {
        Self {
            at,
            ..Self::default()
        }
    }

    /// A part of the input as it stands there.
    pub(super) fn part(input: &str, range: Range<usize>) -> Self {
        let mut traced = Self::at(range.start);
        let text = input.get(range.clone()).unwrap_or_default();
        for (offset, c) in text.char_indices() {
            let start = range.start + offset;
            traced.push(c, start..start + c.len_utf8());
        }
        traced
    }

    /// Adds a character that stands for this range of the input.
    pub(super) fn push(&mut self, c: char, range: Range<usize>) {
        self.push_place(c, range, false);
    }

    /// Adds what is filled in when the command runs, as it stands in the input.
    pub(super) fn push_unknown(&mut self, input: &str, range: Range<usize>) {
        for (offset, c) in input.get(range.clone()).unwrap_or_default().char_indices() {
            let start = range.start + offset;
            self.push_place(c, start..start + c.len_utf8(), true);
        }
    }

    fn push_place(&mut self, c: char, range: Range<usize>, is_unknown: bool) {
        let place = Place {
            start: range.start,
            end: range.end,
            is_unknown,
        };
        self.text.push(c);
        self.places.extend(std::iter::repeat_n(place, c.len_utf8()));
    }

    pub(super) fn append(&mut self, other: &Self) {
        self.text.push_str(&other.text);
        self.places.extend_from_slice(&other.places);
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// A part of it; nothing where the range is not one of whole characters.
    pub(super) fn slice(&self, range: Range<usize>) -> Self {
        let at = self.span(range.start..range.start).start;
        match self.text.get(range.clone()) {
            Some(text) => Self {
                text: text.into(),
                places: self.places[range].to_vec(),
                at,
            },
            None => Self::at(at),
        }
    }

    /// Without blanks at both ends.
    pub(super) fn trim(&self) -> Self {
        let start = self.text.len() - self.text.trim_start().len();
        self.slice(start..start + self.text.trim().len())
    }

    /// Cut at the first `separator`, which is in neither part.
    pub(super) fn split_once(&self, separator: char) -> Option<(Self, Self)> {
        let at = self.text.find(separator)?;
        let after = at + separator.len_utf8();
        Some((self.slice(0..at), self.slice(after..self.len())))
    }

    /// The parts between separators.
    pub(super) fn split(&self, separator: char) -> Vec<Self> {
        let mut parts = vec![];
        let mut start = 0;
        for (at, found) in self.text.match_indices(separator) {
            parts.push(self.slice(start..at));
            start = at + found.len();
        }
        parts.push(self.slice(start..self.len()));
        parts
    }

    /// Where a part of it stands in the input.
    pub(super) fn span(&self, range: Range<usize>) -> Range<usize> {
        let before = range
            .start
            .checked_sub(1)
            .and_then(|at| self.places.get(at));
        let first = self.places.get(range.start).map(|place| place.start);
        let start = first
            .or_else(|| before.map(|place| place.end))
            .unwrap_or(self.at);
        let last = match range.is_empty() {
            true => None,
            false => self.places.get(range.end - 1),
        };
        // What was cut out between two characters, such as a quote, belongs to the range.
        start..last.map_or(start, |place| place.end).max(start)
    }

    /// Where it stands in the input.
    pub(super) fn whole(&self) -> Range<usize> {
        self.span(0..self.len())
    }

    /// True when some of it is filled in only when the command runs.
    pub(super) fn has_unknown(&self) -> bool {
        self.places.iter().any(|place| place.is_unknown)
    }

    /// Runs of known and unknown text, in order.
    pub(super) fn runs(&self) -> Vec<(&str, bool)> {
        let mut runs = vec![];
        let mut start = 0;
        while start < self.places.len() {
            let is_unknown = self.places[start].is_unknown;
            let rest = &self.places[start..];
            let count = rest
                .iter()
                .take_while(|place| place.is_unknown == is_unknown)
                .count();
            runs.push((&self.text[start..start + count], is_unknown));
            start += count;
        }
        runs
    }

    /// With percent-escapes undone. `None` when one is broken, or the bytes are not UTF-8.
    pub(super) fn decoded(&self) -> Option<Self> {
        let bytes = self.text.as_bytes();
        let mut decoded = Self::at(self.at);
        let mut raw: Vec<u8> = vec![];
        let mut places = vec![];
        let mut at = 0;
        while at < bytes.len() {
            let place = self.places[at];
            if bytes[at] == b'%' && !place.is_unknown {
                let digits = self.text.get(at + 1..at + 3)?;
                if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    return None;
                }
                raw.push(u8::from_str_radix(digits, 16).ok()?);
                places.push(Place {
                    end: self.places[at + 2].end,
                    ..place
                });
                at += 3;
            } else {
                raw.push(bytes[at]);
                places.push(place);
                at += 1;
            }
        }
        decoded.text = String::from_utf8(raw).ok()?;
        decoded.places = places;
        Some(decoded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_know_where_they_stood() {
        let input = "a='b%20c' d";
        let mut word = Traced::part(input, 0..2);
        word.append(&Traced::part(input, 3..8));
        assert_eq!(word.as_str(), "a=b%20c");
        let (_, value) = word.split_once('=').unwrap();
        assert_eq!(&input[value.whole()], "b%20c");
        let decoded = value.decoded().unwrap();
        assert_eq!(decoded.as_str(), "b c");
        assert_eq!(&input[decoded.span(1..2)], "%20");
        assert_eq!(word.slice(7..7).whole(), 8..8);
        assert_eq!(Traced::at(3).whole(), 3..3);
        assert!(Traced::part("%zz", 0..3).decoded().is_none());
        assert!(Traced::part("%ff", 0..3).decoded().is_none());
        assert!(Traced::part("%2", 0..2).decoded().is_none());
    }

    #[test]
    fn what_is_filled_in_later_is_kept_apart() {
        let input = "x=$Y!";
        let mut word = Traced::part(input, 0..2);
        word.push_unknown(input, 2..4);
        word.push('!', 4..5);
        assert_eq!(word.runs(), [("x=", false), ("$Y", true), ("!", false)]);
        assert!(word.has_unknown() && !word.slice(0..2).has_unknown());
    }
}
