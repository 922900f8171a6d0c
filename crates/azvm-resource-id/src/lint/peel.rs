//! What people paste along with an ID: blanks, quotes, the rest of a URL, a shell's prefix.

use alloc::format;
use core::ops::Range;

use super::examiner::Examiner;
use super::known;
use crate::keyword;

/// Pairs of characters that stand around an ID in other text.
const WRAPPERS: &[(char, char)] = &[
    ('"', '"'),
    ('\'', '\''),
    ('`', '`'),
    ('\u{201c}', '\u{201d}'),
    ('\u{2018}', '\u{2019}'),
    ('[', ']'),
    ('(', ')'),
    ('<', '>'),
];

/// Where an ID begins inside other text.
const STARTS: [&str; 2] = ["/subscriptions/", "/providers/"];

/// Folders that a shell for Windows takes for its root.
const SHELL_ROOTS: &[&str] = &[
    "cygwin",
    "cygwin64",
    "git",
    "msys",
    "msys2",
    "msys32",
    "msys64",
    "portablegit",
];

impl Examiner<'_> {
    /// Narrows the core down to what should be the ID, with a finding for everything that is taken off.
    pub(super) fn peel(&mut self) {
        self.peel_blanks();
        if self.peel_wrapper() {
            self.peel_blanks();
        }
        if self.core.is_empty() {
            self.error("RID-031", 0..self.text.len(), "there is nothing here");
            return self.give_up();
        }
        self.peel_address();
        if self.is_hopeless {
            return;
        }
        self.peel_shell_prefix();
        self.peel_query();
        self.peel_trailing_slash();
        self.check_start();
    }

    fn give_up(&mut self) {
        self.is_hopeless = true;
        self.refuse();
    }

    fn peel_blanks(&mut self) {
        let text = self.core_text();
        let is_blank = |char: char| char.is_whitespace() || is_invisible(char);
        let start = self.core.start + (text.len() - text.trim_start_matches(is_blank).len());
        let end = self.core.end - (text.len() - text.trim_end_matches(is_blank).len());
        if start > self.core.start {
            self.cut_blanks(self.core.start..start.min(self.core.end), "before");
            self.core.start = start.min(self.core.end);
        }
        if end < self.core.end && end >= self.core.start {
            self.cut_blanks(end..self.core.end, "after");
            self.core.end = end;
        }
    }

    fn cut_blanks(&mut self, span: Range<usize>, place: &str) {
        let blanks = &self.text[span.clone()];
        self.error("RID-004", span, &format!("{blanks:?} {place} the ID"));
        self.mend("");
    }

    fn peel_wrapper(&mut self) -> bool {
        let text = self.core_text();
        let (Some(first), Some(last)) = (text.chars().next(), text.chars().next_back()) else {
            return false;
        };
        let Some(&(open, close)) = WRAPPERS.iter().find(|(open, _)| *open == first) else {
            // A closing quote alone: no name may contain one.
            return last == '"' && self.peel_last(last);
        };
        let start = self.core.start;
        self.core.start += open.len_utf8();
        self.error(
            "RID-023",
            start..self.core.start,
            &format!("{open:?} before the ID"),
        );
        self.mend("");
        let has_end = last == close && !self.core.is_empty();
        if has_end {
            self.peel_last(last);
        }
        if !is_whole(self.core_text(), open, close) {
            // What stands in between is not one text: the end may belong to a name.
            self.refuse();
        }
        true
    }

    fn peel_last(&mut self, last: char) -> bool {
        let start = self.core.end - last.len_utf8();
        self.error(
            "RID-023",
            start..self.core.end,
            &format!("{last:?} after the ID"),
        );
        self.mend("");
        self.core.end = start;
        true
    }

    /// The address of a page of the portal, or of the resource itself.
    fn peel_address(&mut self) {
        let text = self.core_text();
        let host = text
            .split_once("://")
            .filter(|(scheme, _)| {
                scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")
            })
            .map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
        let is_page = starts_with_ignore_case(text, "/resource/")
            || text.starts_with("#@")
            || host.is_some_and(|host| find_ignore_case(host, "portal.").is_some());
        if is_page {
            return self.peel_page_address();
        }
        let Some(host) = host else { return };
        let scheme = text.find("://").map_or(0, |at| at + 3);
        let path = scheme + host.len();
        let span = self.core.start..self.core.start + path;
        self.error(
            "RID-010",
            span,
            "the scheme and the host of a URL stand before the ID",
        );
        // The root alone would be the tenant, which nobody means by an address.
        let is_resource = text[path..].starts_with('/')
            && !matches!(text.as_bytes().get(path + 1), None | Some(b'?' | b'#'));
        if find_ignore_case(host, "management.").is_some() && is_resource {
            self.mend("");
            self.core.start += path;
            self.is_address = true;
            self.refuse_escapes();
        } else {
            // An ID may be inside the address of another service; it does not stand for the service's object.
            self.suggest("");
            self.give_up();
        }
    }

    fn refuse_escapes(&mut self) {
        if self.core_text().contains('%') {
            self.warn(
                "RID-011",
                self.core.clone(),
                "it is not clear whether the path of the URL is percent-encoded",
            );
            self.refuse();
        }
    }

    fn peel_page_address(&mut self) {
        let text = self.core_text();
        let starts = STARTS
            .iter()
            .filter_map(|start| find_ignore_case(text, &format!("/resource{start}")));
        if let Some(start) = starts.min() {
            let start = self.core.start + start + "/resource".len();
            self.error(
                "RID-009",
                self.core.start..start,
                "the address of a portal page stands before the ID",
            );
            self.mend("");
            let prefix = &self.text[self.core.start..start];
            // `#@tenant/resource`, or nothing before `/resource`: more may be a part of the ID or another ID.
            let (host, route) = prefix.rsplit_once('#').unwrap_or(("", prefix));
            let tenant = &route[..route.len() - route.len().min("/resource".len())];
            let is_known =
                !tenant.contains(['/', '%']) && (tenant.is_empty() || tenant.starts_with('@'));
            if !is_known || host.contains('%') {
                self.refuse();
            }
            self.core.start = start;
            self.is_page = true;
            self.refuse_escapes();
        } else {
            self.error(
                "RID-009",
                self.core.clone(),
                "this is the address of a portal page that names no resource",
            );
            self.give_up();
        }
    }

    /// Git Bash takes an argument that starts with a slash for a path below its own folder.
    fn peel_shell_prefix(&mut self) {
        let text = self.core_text();
        let [drive, b':', b'/' | b'\\', ..] = text.as_bytes() else {
            return;
        };
        if !drive.is_ascii_alphabetic() {
            return;
        }
        let start = STARTS
            .iter()
            .filter_map(|start| find_ignore_case(text, start))
            .min();
        let end = self.core.start + start.unwrap_or(3);
        self.error(
            "RID-013",
            self.core.start..end,
            "a shell made a Windows path of the ID; set MSYS_NO_PATHCONV=1 for Git Bash",
        );
        if start.is_some() {
            self.mend("");
            // Any other folder may as well be the start of an ID.
            let mut folders = self.text[self.core.start..end].split(['/', '\\']);
            let is_root = |folder: &str| {
                SHELL_ROOTS
                    .iter()
                    .any(|root| root.eq_ignore_ascii_case(folder))
            };
            let is_last_root = folders.next_back().is_some_and(is_root);
            if !is_last_root || folders.any(is_root) {
                self.refuse();
            }
            self.core.start = end;
        } else {
            self.give_up();
        }
    }

    fn peel_query(&mut self) {
        let Some(at) = self.core_text().find(['?', '#']) else {
            return;
        };
        let start = self.core.start + at;
        let tail = &self.text[start..self.core.end];
        // Elsewhere a stray character may stand in a name; the walk finds it.
        let is_cut = match tail.strip_prefix('?') {
            Some(query) => is_query(query),
            None => self.is_address && is_fragment(&tail[1..]),
        };
        if at == 0 || !is_cut {
            return;
        }
        self.error(
            "RID-024",
            start..self.core.end,
            "the query or fragment of a URL stands after the ID",
        );
        self.mend("");
        self.core.end = start;
    }

    pub(super) fn peel_trailing_slash(&mut self) {
        let text = self.core_text();
        if text.len() < 2 || !text.ends_with('/') || text.ends_with("//") {
            // Of two slashes one stands for an empty segment, which the walk finds.
            return;
        }
        let start = self.core.end - 1;
        self.warn("RID-004", start..self.core.end, "a slash after the ID");
        self.mend("");
        self.core.end = start;
    }

    /// The first character has to be a slash.
    fn check_start(&mut self) {
        let text = self.core_text();
        let start = self.core.start;
        if STARTS
            .iter()
            .any(|known| starts_with_ignore_case(text, &known[1..]))
        {
            self.error("RID-003", start..start, "the slash at the start is missing");
            self.mend("/");
            if !is_rooted(text) {
                self.refuse();
            }
            return;
        }
        let doubled = text.len() - text.trim_start_matches('/').len();
        if doubled == 2
            && STARTS
                .iter()
                .any(|known| starts_with_ignore_case(&text[1..], known))
        {
            self.error(
                "RID-017",
                start..start + 1,
                "the slash at the start is doubled",
            );
            self.mend("");
            if !is_rooted(&text[2..]) {
                // An empty scope may stand between the slashes.
                self.refuse();
            }
            self.core.start += 1;
            return;
        }
        if text.starts_with('/') {
            return;
        }
        let lower = text.to_ascii_lowercase();
        let message = if is_guid(text) {
            "this is a GUID, not a resource ID"
        } else if known::NO_VALUE.contains(&lower.as_str()) {
            "this is what tools print for no value"
        } else if lower.starts_with("urn:") || lower.starts_with("arn:") || !text.contains('/') {
            "this is not a resource ID"
        } else {
            self.error(
                "RID-003",
                start..start,
                "a resource ID starts with \"/subscriptions/\" or \"/providers/\"",
            );
            return self.give_up();
        };
        self.error("RID-031", self.core.clone(), message);
        self.give_up();
    }
}

/// Whether text without its first slash can only start at the tenant, and is not what follows some scope.
fn is_rooted(text: &str) -> bool {
    let mut segments = text.split('/').map(str::trim);
    match segments.next() {
        Some(first) if keyword::PROVIDERS.matches(first.as_bytes()) => {
            let namespace = segments.next().unwrap_or_default();
            known::is_tenant_type(namespace, segments.next().unwrap_or_default())
        }
        _ => true,
    }
}

/// Whether the text has neither the wrapper's characters nor halves of other ones in it.
fn is_whole(inner: &str, open: char, close: char) -> bool {
    let is_quote = |char: char| {
        let is_in = |&(first, last): &(char, char)| {
            (char == first || char == last) && !"[(<".contains(first)
        };
        WRAPPERS.iter().any(is_in)
    };
    if is_quote(open) && inner.contains([open, close]) || inner.ends_with(is_quote) {
        return false;
    }
    let is_balanced = |(open, close): (char, char)| {
        let mut depth = 0_usize;
        for char in inner.chars() {
            if char == open {
                depth += 1;
            } else if char == close {
                let Some(above) = depth.checked_sub(1) else {
                    return false;
                };
                depth = above;
            }
        }
        depth == 0
    };
    [('[', ']'), ('(', ')'), ('{', '}')]
        .into_iter()
        .all(is_balanced)
}

/// `name=value` once or more, joined by `&`; then perhaps a fragment.
fn is_query(text: &str) -> bool {
    let (query, fragment) = text.split_once('#').unwrap_or((text, ""));
    let is_parameter = |parameter: &str| {
        parameter
            .split_once('=')
            .is_some_and(|(name, _)| !name.is_empty() && !name.contains('/'))
    };
    let mut parameters = query.split('&');
    // A slash may end the name that a stray question mark stands in; not so after what no name has.
    let is_version = parameters.next().is_some_and(|first| {
        starts_with_ignore_case(first, "api-version=") && !first.contains('/')
    });
    query.split('&').all(is_parameter)
        && (is_version || !query.contains('/'))
        && !query.contains('?')
        && !query.contains(is_foreign)
        && is_fragment(fragment)
}

fn is_fragment(text: &str) -> bool {
    !text.contains(['/', '#', '?']) && !text.contains(is_foreign)
}

/// What no URL has.
fn is_foreign(char: char) -> bool {
    char.is_whitespace() || char.is_control() || matches!(char, '"' | '<' | '>' | '\\' | '|')
}

/// Characters that show nothing and come along when text is copied from a page.
pub(super) fn is_invisible(char: char) -> bool {
    matches!(char,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// 36 characters in five groups of hexadecimal digits.
pub(super) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

pub(super) fn starts_with_ignore_case(text: &str, start: &str) -> bool {
    text.as_bytes()
        .get(..start.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
}

/// Where ASCII `needle` is first found.
fn find_ignore_case(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes()
        .windows(needle.len())
        .position(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}
