//! Finds IDs, addresses and names in texts.

use super::Salt;
use super::names::Names;
use crate::rights::is_general_role;
use crate::rules::DEVELOPER_APPLICATIONS;
use azvm_arm::Cloud;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Addresses that mean the same everywhere: IMDS, the platform's channel, nobody and everybody.
const ADDRESSES: [Ipv4Addr; 4] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::UNSPECIFIED,
    Ipv4Addr::BROADCAST,
];

/// Hosts of Azure itself, beside those of the table of clouds. Hosts below them have names of customers.
const HOSTS: [&str; 12] = [
    "database.windows.net",
    "graph.microsoft.com",
    "graph.windows.net",
    "learn.microsoft.com",
    "localhost",
    "login.microsoft.com",
    "login.windows.net",
    "management.core.windows.net",
    "metadata.azure.internal",
    "storage.azure.com",
    "sts.windows.net",
    "vault.azure.net",
];

/// The characters of one word; whatever else stands between two.
pub(super) fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.')
}

pub(super) fn is_guid(text: &str) -> bool {
    text.parse::<azvm_imds::Guid>().is_ok()
}

/// GUIDs and addresses alone.
pub(super) fn ids(text: &str, salt: &Salt) -> String {
    words(text, |word| id(word, salt))
}

/// All that there is to be found in this member of the facts.
pub(super) fn everything(member: &str, text: &str, salt: &Salt, names: &Names) -> String {
    if member == "flags" && is_path(text) {
        return salt.word("path", text);
    }
    if member == "interface" {
        return interface(text, salt);
    }
    if member == "file" {
        return file(text, salt);
    }
    if member == "bypass" {
        return bypass_rule(text, salt);
    }
    if member == "via" {
        return via(text, salt);
    }
    if let Some(host) = lone_host(member, text) {
        let hidden = words(host, |word| id(word, salt));
        let hidden = if hidden == host {
            salt.word("host", host)
        } else {
            hidden
        };
        return text.replacen(host, &hidden, 1);
    }
    let text = in_ids(text, salt);
    let text = names.phrases().fold(text, |text, phrase| {
        replace(&text, phrase, &salt.word("name", phrase))
    });
    words(&text, |word| {
        id(word, salt).or_else(|| match names.has_word(word) {
            true => Some(salt.word("name", word)),
            false => is_foreign_host(word).then(|| salt.word("host", word)),
        })
    })
}

/// Changes word by word; a full stop at the end of a sentence is no part of one.
fn words(text: &str, change: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_wide(c)).unwrap_or(rest.len());
        let (wide, tail) = rest.split_at(end);
        out.push_str(&wide_word(wide, &change));
        let gap = tail.find(is_wide).unwrap_or(tail.len());
        out.push_str(&tail[..gap]);
        rest = &tail[gap..];
    }
    out
}

/// With the colons of an IPv6 or MAC address.
fn is_wide(c: char) -> bool {
    is_word_char(c) || c == ':'
}

fn wide_word(wide: &str, change: &impl Fn(&str) -> Option<String>) -> String {
    let bare = wide.trim_end_matches(['.', ':']);
    let with_rest = |changed: String| changed + &wide[bare.len()..];
    if let Some(changed) = change(bare) {
        return with_rest(changed);
    }
    // No address: the colon parts a host from its port, or a name from its value.
    let parts = bare.split(':').map(|part| {
        let inner = part.trim_end_matches('.');
        change(inner).map_or_else(
            || part.to_string(),
            |changed| changed + &part[inner.len()..],
        )
    });
    with_rest(parts.collect::<Vec<_>>().join(":"))
}

/// The hash of a GUID, a MAC or an IP address.
fn id(word: &str, salt: &Salt) -> Option<String> {
    if is_guid(word) {
        let is_nobody = word.bytes().all(|byte| matches!(byte, b'0' | b'-'));
        // An application or a general role of Microsoft's has the same ID in every tenant.
        let is_anybodys = DEVELOPER_APPLICATIONS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(word));
        let is_anybodys = is_anybodys || is_general_role(word);
        return (!is_nobody && !is_anybodys).then(|| salt.guid(word));
    }
    if let Some(guid) = without_hyphens(word) {
        return Some(salt.guid(&guid));
    }
    if is_mac(word) {
        return Some(salt.word("mac", &word.replace('-', ":")));
    }
    if let Ok(address) = word.parse::<Ipv4Addr>() {
        let is_known = address.is_loopback() || ADDRESSES.contains(&address);
        return (!is_known).then(|| salt.word("ip", word));
    }
    let address = word.parse::<Ipv6Addr>().ok()?;
    let is_known = address.is_loopback() || address.is_unspecified();
    (!is_known).then(|| salt.word("ip", &address.to_string()))
}

/// The GUID that some services write as 32 digits, in its usual form; so it has the same hash in both.
fn without_hyphens(word: &str) -> Option<String> {
    let is_bare = word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_nobody = word.bytes().all(|byte| byte == b'0');
    let part = |from: usize, to: usize| &word[from..to];
    (is_bare && !is_nobody).then(|| {
        [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)]
            .map(|(from, to)| part(from, to))
            .join("-")
    })
}

fn is_mac(word: &str) -> bool {
    [':', '-'].iter().any(|&separator| {
        let mut pairs = word.split(separator);
        let are_hex =
            pairs.all(|pair| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit()));
        are_hex && word.split(separator).count() == 6
    })
}

/// The names that kernels and common programs give are the same everywhere.
fn interface(text: &str, salt: &Salt) -> String {
    let is_common = INTERFACES.iter().any(|prefix| {
        let rest = text.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.len() <= 8 && rest.chars().all(|c| c.is_ascii_digit()))
    });
    match is_common || matches!(text, "*" | "lo") {
        true => text.into(),
        false => salt.word("name", text),
    }
}

/// Before a number.
const INTERFACES: [&str; 12] = [
    "docker",
    "eno",
    "ens",
    "enp",
    "eth",
    "enP",
    "ppp",
    "tailscale",
    "tap",
    "tun",
    "virbr",
    "wg",
];

/// Of the files of the system only those stay that every system has.
fn file(text: &str, salt: &Salt) -> String {
    match text {
        "/etc/environment" | "/etc/sysconfig/proxy" => text.into(),
        _ => salt.word("path", text),
    }
}

/// `1.1 proxy01 (squid/5.7), …`: a version, a proxy's host or made-up name, and perhaps its program.
fn via(text: &str, salt: &Salt) -> String {
    let entries = text.split(',').map(|entry| {
        let mut parts = entry.split_whitespace();
        let version = parts.next().unwrap_or_default();
        let host = parts.next().map(|host| salt.word("host", host));
        // Whatever else is there.
        let program = parts.next().filter(|part| part.starts_with('('));
        let program = program.filter(|part| part.to_ascii_lowercase().contains("squid"));
        [Some(version), host.as_deref(), program]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ")
    });
    entries.collect::<Vec<_>>().join(", ")
}

/// A rule that exempts hosts from a proxy is a pattern, in which no host can be told from another word.
fn bypass_rule(text: &str, salt: &Salt) -> String {
    let is_known = ADDRESSES.iter().any(|known| text == known.to_string());
    match text {
        "" | "*" | "<local>" | "<-loopback>" | "localhost" | "127.0.0.1" => text.into(),
        _ if is_known => text.into(),
        _ => salt.word("host", text),
    }
}

/// The host of a proxy or an endpoint, which may have no dot in its name.
fn lone_host<'a>(member: &str, text: &'a str) -> Option<&'a str> {
    let rest = match member {
        "host" | "script" => text,
        "endpoint" => text.split_once("://")?.1,
        _ => return None,
    };
    let host = match rest.strip_prefix('[') {
        Some(inner) => inner.split(']').next()?,
        None => rest.split([':', '/']).next()?,
    };
    let is_address = host.parse::<Ipv4Addr>().is_ok() || host.parse::<Ipv6Addr>().is_ok();
    (!host.is_empty() && !is_address && !is_known_host(host)).then_some(host)
}

fn is_known_host(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let of_url = |url: &str| {
        url.split("://")
            .nth(1)
            .map(|rest| rest.trim_end_matches('/').to_string())
    };
    let is_of_cloud = |cloud: Cloud| {
        let audiences = cloud.audiences();
        let mut urls = audiences.iter().copied().chain([cloud.endpoint()]);
        cloud.authority() == host || urls.any(|url| of_url(url).as_deref() == Some(host.as_str()))
    };
    HOSTS.contains(&host.as_str()) || Cloud::ALL.into_iter().any(is_of_cloud)
}

/// Dots between labels, and letters alone after the last one. Azure's provider namespaces look like this, too.
fn is_foreign_host(word: &str) -> bool {
    let Some((_, last)) = word.rsplit_once('.') else {
        return false;
    };
    last.len() >= 2
        && last.chars().all(char::is_alphabetic)
        && word.split('.').all(|label| !label.is_empty())
        && !is_type(word)
        && !is_known_host(word)
}

/// A file's, and no resource ID.
fn is_path(text: &str) -> bool {
    let is_id = names_in_ids(text).next().is_some() || text.contains("://");
    !is_id && (text.contains(['/', '\\']) || text.ends_with(".toml") || text.ends_with(".pem"))
}

/// One segment of a path in a text, and whether it is a name there.
struct Segment<'a> {
    text: &'a str,
    is_name: bool,
}

/// The text cut at its slashes, with what a resource ID means by each part.
fn segments(text: &str) -> impl Iterator<Item = Segment<'_>> {
    let mut place = Place::Outside;
    text.split('/').map(move |part| {
        let end = part.find(is_end).unwrap_or(part.len());
        let text = &part[..end];
        let is_name = matches!(place, Place::Name | Place::NameInProvider) && !text.is_empty();
        // A path that ended within this part may be followed by another one.
        let tail = part.rsplit(is_end).next().unwrap_or(part);
        place = match end < part.len() {
            true => Place::Outside.after(tail),
            false => place.after(text),
        };
        Segment { text, is_name }
    })
}

/// What the next segment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Outside,
    /// In the name of a type or an action.
    Type,
    Name,
    Namespace,
    TypeInProvider,
    NameInProvider,
}

impl Place {
    /// What follows a segment here. An action such as `Microsoft.Resources/subscriptions/resourceGroups/read` has the
    /// words of an ID, and no names.
    fn after(self, segment: &str) -> Self {
        let is = |keyword: &str| segment.eq_ignore_ascii_case(keyword);
        match self {
            Self::Type => Self::Type,
            Self::Namespace | Self::NameInProvider => Self::TypeInProvider,
            Self::TypeInProvider if is("providers") => Self::Namespace,
            Self::TypeInProvider => Self::NameInProvider,
            Self::Outside if is_type(segment) => Self::Type,
            _ if is("subscriptions") || is("resourceGroups") => Self::Name,
            _ if is("providers") => Self::Namespace,
            _ => Self::Outside,
        }
    }
}

/// Azure's own namespaces, and the types and actions in them.
fn is_type(word: &str) -> bool {
    let start = word.get(..10);
    start.is_some_and(|start| start.eq_ignore_ascii_case("microsoft."))
}

/// Where a resource ID within a sentence ends.
fn is_end(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\'' | '"' | ',' | ';' | '?' | '#' | '<' | '>')
}

/// The names in all resource IDs of a text.
pub(super) fn names_in_ids(text: &str) -> impl Iterator<Item = &str> {
    segments(text)
        .filter(|segment| segment.is_name)
        .map(|segment| bare(segment.text))
        .filter(|name| !name.is_empty())
}

/// Without what ends a sentence.
fn bare(segment: &str) -> &str {
    segment.trim_end_matches(['.', ')', ':'])
}

/// The text with the names in its resource IDs replaced.
fn in_ids(text: &str, salt: &Salt) -> String {
    let parts = text.split('/').zip(segments(text)).map(|(part, segment)| {
        let name = bare(segment.text);
        if !segment.is_name || name.is_empty() || is_guid(name) {
            return part.to_string();
        }
        format!("{}{}", salt.word("name", name), &part[name.len()..])
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Single words in quotes, which in a service's sentence are names, but for actions and types.
pub(super) fn quoted_words(text: &str) -> impl Iterator<Item = &str> {
    ['\'', '"'].into_iter().flat_map(move |quote| {
        let quoted = text.split(quote).skip(1).step_by(2);
        quoted.filter(|word| {
            let is_word = word.len() >= 3 && word.chars().all(is_word_char);
            is_word && !is_type(word)
        })
    })
}

/// Every occurrence, whatever the case of ASCII letters, that is no part of a longer word.
fn replace(text: &str, phrase: &str, by: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let phrase = phrase.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut kept = 0;
    for (at, found) in lower.match_indices(&phrase) {
        if at < kept {
            continue;
        }
        out.push_str(&text[kept..at]);
        out.push_str(by);
        kept = at + found.len();
    }
    out.push_str(&text[kept..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(text: &str) -> Vec<&str> {
        names_in_ids(text).collect()
    }

    #[test]
    fn names_are_where_a_resource_id_has_them() {
        assert_eq!(
            learned(
                "over scope '/subscriptions/s/resourceGroups/app-rg/providers/Microsoft.Compute/virtualMachines/web'"
            ),
            ["s", "app-rg", "web"]
        );
        assert_eq!(
            learned("/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/r."),
            ["s", "r"]
        );
        let action = "action 'Microsoft.Resources/subscriptions/resourceGroups/read'";
        assert_eq!(learned(action), [""; 0]);
        let both = format!("{action} over '/subscriptions/s/resourceGroups/g'");
        assert_eq!(learned(&both), ["s", "g"]);
        assert_eq!(learned("no/path of any/kind"), [""; 0]);
    }

    fn hide(member: &str, text: &str) -> String {
        let mut names = Names::default();
        names.learn(member, text);
        everything(member, text, &Salt::new(b"salt"), &names)
    }

    #[test]
    fn a_guid_without_hyphens_is_the_same_guid() {
        let usual = hide("message", "01234567-89ab-cdef-0123-456789abcdef");
        let bare = hide("message", "(0123456789ABCDEF0123456789abcdef)");
        assert_eq!(bare, format!("({usual})"));
        assert!(!usual.contains("89ab-cdef"));
        for kept in ["0".repeat(32), "0".repeat(31), "x".repeat(32)] {
            assert_eq!(hide("message", &kept), kept);
        }
    }

    #[test]
    fn addresses_and_hosts_go_and_azures_own_stay() {
        for kept in [
            "http://169.254.169.254",
            "https://management.azure.com/",
            "127.0.0.1:8080",
            "::1",
            "IMDS/150.870.65.1854",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "00000000-0000-0000-0000-000000000000",
            "os error 111",
        ] {
            assert_eq!(hide("detail", kept), kept);
        }
        for (member, text, left) in [
            ("detail", "10.0.0.4:443", "ip-HASH:443"),
            ("detail", "to fe80::1.", "to ip-HASH."),
            ("detail", "00:0d:3a:12:34:56 of eth0", "mac-HASH of eth0"),
            ("detail", "web.corp.example: refused", "host-HASH: refused"),
            ("host", "proxy:3128", "host-HASH:3128"),
            (
                "endpoint",
                "https://arm.internal:8443",
                "https://host-HASH:8443",
            ),
            (
                "message",
                "group 'app-rg' of app-rg.",
                "group 'name-HASH' of name-HASH.",
            ),
            ("flags", "/home/me/ca.pem", "path-HASH"),
        ] {
            let hidden = hide(member, text);
            let word = hidden.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            let hash = word
                .filter_map(|word| word.split_once('-'))
                .find(|(_, hash)| hash.len() == 10);
            assert_eq!(hidden.replace(hash.unwrap().1, "HASH"), left, "{text}");
        }
    }

    #[test]
    fn phrases_are_replaced_whatever_their_case() {
        assert_eq!(replace("a (B) (b) c", "(b)", "x"), "a x x c");
        assert_eq!(replace("\u{130}(b)", "(b)", "x"), "\u{130}x");
    }
}
