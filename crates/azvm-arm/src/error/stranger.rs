//! Who wrote an answer that is not ARM's own, and what it says for itself.

use alloc::string::String;
use azvm_exchange::{Response, service_text};
use core::fmt;

/// So much of a page is looked at, in bytes.
const LOOKED_AT: usize = 8 * 1024;

/// So much of its words is kept, in characters.
const KEPT: usize = 200;

/// The headers by which a proxy, a gateway or a web server names itself, and by which Azure's edge marks what passes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sender {
    /// `Via`: the proxies that the answer passed (RFC 9110 section 7.6.3).
    pub via: Option<String>,
    /// `Server`: the program that wrote it (RFC 9110 section 10.2.4).
    pub server: Option<String>,
    /// `X-Squid-Error`: why Squid wrote it (squid-cache/squid:src/errorpage.cc).
    pub squid_error: Option<String>,
    /// `X-Azure-Ref` or `X-MSEdge-Ref`: the reference of Microsoft's edge network, for support (*Protocol support for HTTP
    /// headers in Azure Front Door* has the first; that the second is as much is inferred from captured answers).
    pub edge_ref: Option<String>,
}

impl Sender {
    pub(super) fn read(response: &Response) -> Self {
        let header = |name: &str| {
            let value = service_text(response.header(name)?);
            (!value.is_empty()).then_some(value)
        };
        Self {
            via: header("via"),
            server: header("server"),
            squid_error: header("x-squid-error"),
            edge_ref: header("x-azure-ref").or_else(|| header("x-msedge-ref")),
        }
    }

    /// True when no header names anybody.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers = [
            ("Via", &self.via),
            ("Server", &self.server),
            ("X-Squid-Error", &self.squid_error),
            ("X-Azure-Ref", &self.edge_ref),
        ];
        let there = headers
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_ref()?)));
        for (index, (name, value)) in there.enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{name}: {value}")?;
        }
        Ok(())
    }
}

/// The first words of a body that is a page, XML or plain text: without tags, scripts and styles. `None` for JSON, which
/// is read elsewhere, and for what is no text.
pub(super) fn first_words(body: &[u8]) -> Option<String> {
    let is_cut = body.len() > LOOKED_AT;
    let text = String::from_utf8_lossy(&body[..body.len().min(LOOKED_AT)]);
    // The last character may have been cut in two.
    let text = if is_cut {
        text.trim_end_matches('\u{FFFD}')
    } else {
        &text
    };
    let text = text.trim_start_matches('\u{FEFF}').trim();
    let is_binary = |c: char| c == '\u{FFFD}' || (c.is_control() && !c.is_whitespace());
    if text.starts_with(['{', '[']) || text.contains(is_binary) {
        return None;
    }
    let mut words = String::new();
    for word in without_tags(text).split_whitespace() {
        if words.chars().count() + word.chars().count() > KEPT {
            words.push_str(" …");
            break;
        }
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    let words = service_text(&words);
    (!words.is_empty()).then_some(words)
}

/// What stands between tags, with a blank in the place of each.
fn without_tags(page: &str) -> String {
    let mut text = String::with_capacity(page.len());
    let mut rest = page;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        text.push(' ');
        rest = after_tag(tag);
    }
    text.push_str(rest);
    text
}

/// From behind `<`: what follows the tag, and with a comment, a script or a style, what follows its end.
fn after_tag(tag: &str) -> &str {
    let end = match tag.get(..6).map(str::to_ascii_lowercase).as_deref() {
        _ if tag.starts_with("!--") => "-->",
        Some("script") => "</script>",
        Some(name) if name.starts_with("style") => "</style>",
        _ => ">",
    };
    let at = match end {
        ">" => tag.find(end),
        _ => tag.to_ascii_lowercase().find(end),
    };
    at.map_or("", |at| &tag[at + end.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::{format, vec};

    fn words(body: &str) -> Option<String> {
        first_words(body.as_bytes())
    }

    #[test]
    fn a_page_is_told_by_its_first_words() {
        let page = "<!DOCTYPE html><html><head><style>b { color: red }</style><title>ERR</title>\
                    <SCRIPT>if (a < b) {}</SCRIPT></head>\n<body><!-- > --><h1>Bad  Gateway</h1></body>";
        assert_eq!(words(page).as_deref(), Some("ERR Bad Gateway"));
        let xml =
            "\u{FEFF}<?xml version=\"1.0\"?><Error><Code>C</Code><Message>No.</Message></Error>";
        assert_eq!(words(xml).as_deref(), Some("C No."));
        assert_eq!(
            words("upstream timed out").as_deref(),
            Some("upstream timed out")
        );
    }

    #[test]
    fn what_is_no_text_has_no_words() {
        for body in [
            "",
            " ",
            "<html></html>",
            "<",
            "<script>x",
            "{\"a\":1}",
            "[]",
            "a\u{0}b",
        ] {
            assert_eq!(words(body), None, "{body:?}");
        }
        assert_eq!(first_words(&[0x1f, 0x8b, 8, 0]), None);
        assert_eq!(first_words(&[0xff, 0xfe, b'{', 0]), None);
    }

    #[test]
    fn long_pages_are_cut_between_words() {
        let shown = words(&"gr\u{fc}n ".repeat(10_000)).unwrap();
        assert!(
            shown.ends_with("gr\u{fc}n …") && shown.chars().count() < 210,
            "{shown}"
        );
        assert_eq!(words(&"\u{fc}".repeat(10_000)).as_deref(), Some("…"));
    }

    #[test]
    fn a_sender_is_shown_by_its_headers() {
        let header = |name: &str, value: &str| (name.to_string(), value.to_string());
        let headers = vec![
            header("server", "squid/5.7"),
            header("via", "1.1 proxy01 (squid)"),
        ];
        let sender = Sender::read(&Response::new(502, headers, vec![]));
        assert_eq!(
            sender.to_string(),
            "Via: 1.1 proxy01 (squid), Server: squid/5.7"
        );
        assert!(!sender.is_unknown());
        assert_eq!(format!("{}", Sender::default()), "");
    }
}
