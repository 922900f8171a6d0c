//! The proxies of WinHTTP and WinINET, and whether they let a request for IMDS through.
//!
//! ```text
//! settings = version(u32) counter(u32) flags(u32) text text [text]      ; proxy, bypass list, script; little endian
//! text     = length(u32) *octet
//! flags    = 1 direct / 2 proxy / 4 script / 8 detect
//! proxy    = entry *(";" entry)        entry = [scheme "="] [scheme "://"] host [":" port]
//! bypass   = rule *(";" rule)          rule  = "<local>" / [scheme "://"] host [":" port]      ; host with any "*"
//! ```
//!
//! Sources: Microsoft, "Use Group Policy to apply WinHTTP proxy settings to clients" (the value and its bytes without a
//! proxy), "INTERNET_PER_CONN_OPTION structure" (the flags), "WINHTTP_PROXY_INFO structure" and "Enabling Internet
//! Functionality" (the lists). The order of the fields is not documented; it was observed by many.

use super::{IMDS_ADDRESS, IMDS_PORT, Known, Unknown};
use crate::collect::proxy_host;
use azvm_exchange::service_text;

/// The longest value that is read.
pub const MAX_SETTINGS_BYTES: usize = 1 << 16;

/// So many rules of a bypass list are kept for the report; all of them count.
pub const MAX_BYPASS_RULES: usize = 32;

const HAS_PROXY: u32 = 2;
const HAS_SCRIPT: u32 = 4;
const DETECTS: u32 = 8;

/// What a client of this system would do with a plain `http` request. No user name or password is part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxySettings {
    /// Host and port of the proxy; `None` when clients go directly.
    pub host: Option<String>,
    /// What is exempt from it, as the system spells it.
    pub bypass: Vec<String>,
    /// True when the exemptions hold for the metadata address.
    pub exempts_imds: bool,
    /// Host and port of the script that chooses the proxy.
    pub script: Option<String>,
    /// Whether clients look for such a script in the network, which can take seconds.
    pub detects: Known<bool>,
}

impl ProxySettings {
    /// From the settings' own texts: `proxy` and `bypass` are lists, `script` is a URL. Empty texts are none.
    pub fn new(proxy: &str, bypass: &str, script: &str, detects: Known<bool>) -> Self {
        let rules = || bypass.split(SEPARATORS).filter(|rule| !rule.is_empty());
        Self {
            host: for_http(proxy).map(proxy_host),
            bypass: rules().take(MAX_BYPASS_RULES).map(service_text).collect(),
            exempts_imds: rules().any(exempts_imds),
            script: Some(script.trim())
                .filter(|script| !script.is_empty())
                .map(proxy_host),
            detects,
        }
    }

    /// True when a proxy is named that would get the request for IMDS.
    pub fn catches_imds(&self) -> bool {
        self.host.is_some() && !self.exempts_imds
    }
}

/// What stands in `WinHttpSettings` and `DefaultConnectionSettings`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionSettings {
    flags: u32,
    proxy: String,
    bypass: String,
    script: String,
}

impl ConnectionSettings {
    /// Reads `value`, the bytes of the registry.
    ///
    /// # Errors
    ///
    /// [`Unknown::Unreadable`] when a length leads out of the value, or it is longer than [`MAX_SETTINGS_BYTES`].
    pub fn read(value: &[u8]) -> Result<Self, Unknown> {
        let read = || {
            let mut rest = value
                .get(8..)
                .filter(|_| value.len() <= MAX_SETTINGS_BYTES)?;
            Some(Self {
                flags: number(&mut rest)?,
                proxy: text(&mut rest)?,
                bypass: text(&mut rest)?,
                // Those of WinHTTP end here.
                script: text(&mut rest).unwrap_or_default(),
            })
        };
        read().ok_or(Unknown::Unreadable)
    }

    /// What they come to: a text whose flag is not set is remembered by Windows, but not in force.
    pub fn settings(&self) -> ProxySettings {
        let in_force = |flag, text| if self.flags & flag == 0 { "" } else { text };
        ProxySettings::new(
            in_force(HAS_PROXY, &self.proxy),
            in_force(HAS_PROXY, &self.bypass),
            in_force(HAS_SCRIPT, &self.script),
            Ok(self.detects()),
        )
    }

    /// Whether a script is looked for in the network.
    pub fn detects(&self) -> bool {
        self.flags & DETECTS != 0
    }
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u32::from_le_bytes(*bytes))
}

fn text(rest: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(number(rest)?).ok()?;
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(String::from_utf8_lossy(bytes).into_owned())
}

/// The entry that counts for `http`: its own, else the one for all, else that of SOCKS.
fn for_http(list: &str) -> Option<&str> {
    let entries = || list.split(SEPARATORS).filter(|entry| !entry.is_empty());
    let of = |scheme: &str| {
        entries().find_map(|entry| {
            let (name, proxy) = entry.split_once('=')?;
            name.eq_ignore_ascii_case(scheme).then_some(proxy)
        })
    };
    of("http")
        .or_else(|| entries().find(|entry| !entry.contains('=')))
        .or_else(|| of("socks"))
}

/// Whether a rule of a bypass list holds for IMDS. Unlike in `NO_PROXY` there are no prefix lengths, and `<local>` means
/// names without a dot.
fn exempts_imds(rule: &str) -> bool {
    let (scheme, rest) = rule.split_once("://").unwrap_or(("http", rule));
    let (host, port) = rest.rsplit_once(':').unwrap_or((rest, ""));
    let fits_port = matches!(port, "" | "*") || port.parse() == Ok(IMDS_PORT);
    scheme.eq_ignore_ascii_case("http") && fits_port && fits(host, &IMDS_ADDRESS.to_string())
}

/// `*` stands for any text. The cost is the product of the lengths, and the second one is that of an address.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    // The positions of `text` up to which the pattern so far can have matched.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for &byte in pattern {
        if byte == b'*' {
            let first = reached.iter().position(|&it| it).unwrap_or(reached.len());
            reached[first..].fill(true);
        } else {
            for at in (1..reached.len()).rev() {
                reached[at] = reached[at - 1] && text[at - 1].eq_ignore_ascii_case(&byte);
            }
            reached[0] = false;
        }
    }
    reached[text.len()]
}

const SEPARATORS: [char; 5] = [';', ' ', '\t', '\r', '\n'];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As in the page named above: what `netsh winhttp reset proxy` leaves.
    const DIRECT: [u8; 20] = [
        0x18, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    fn settings(flags: u32, texts: &[&str]) -> Vec<u8> {
        let mut bytes = vec![0x18, 0, 0, 0, 7, 0, 0, 0];
        bytes.extend(flags.to_le_bytes());
        for text in texts {
            bytes.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
            bytes.extend(text.as_bytes());
        }
        bytes
    }

    fn read(bytes: &[u8]) -> ProxySettings {
        ConnectionSettings::read(bytes).unwrap().settings()
    }

    #[test]
    fn without_a_proxy_clients_go_directly() {
        let direct = read(&DIRECT);
        assert_eq!(direct, ProxySettings::new("", "", "", Ok(false)));
        assert!(!direct.catches_imds());
    }

    #[test]
    fn a_proxy_and_its_exemptions_are_read() {
        let caught = read(&settings(
            3,
            &["proxy.azvm.test:3128", "<local>;*.azvm.test"],
        ));
        assert_eq!(caught.host.as_deref(), Some("proxy.azvm.test:3128"));
        assert_eq!(caught.bypass, ["<local>", "*.azvm.test"]);
        assert!(caught.catches_imds());
        let exempt = read(&settings(
            3,
            &["proxy.azvm.test:3128", "169.254.169.254;168.63.129.16"],
        ));
        assert!(exempt.exempts_imds && !exempt.catches_imds());
    }

    #[test]
    fn what_is_remembered_is_not_in_force() {
        let texts = ["proxy.azvm.test:3128", "", "http://pac.azvm.test/proxy.pac"];
        assert_eq!(
            read(&settings(1, &texts)),
            ProxySettings::new("", "", "", Ok(false))
        );
        let script = read(&settings(5, &texts));
        assert_eq!(
            (script.host, script.script.as_deref()),
            (None, Some("pac.azvm.test"))
        );
        assert_eq!(read(&settings(9, &texts)).detects, Ok(true));
    }

    #[test]
    fn the_entry_for_http_is_chosen() {
        for (list, expected) in [
            ("https=b:2;http=a:1", Some("a:1")),
            ("b:2;http=a:1", Some("a:1")),
            ("ftp=c:3 b:2", Some("b:2")),
            ("socks=d:4;https=b:2", Some("d:4")),
            ("https=b:2", None),
            (" ; ", None),
            ("http://user:s3cr3t@a:1/", Some("a:1")),
        ] {
            let settings = ProxySettings::new(list, "", "", Ok(false));
            assert_eq!(settings.host.as_deref(), expected, "{list}");
            assert!(!format!("{settings:?}").contains("s3cr3t"));
        }
    }

    #[test]
    fn which_rules_hold_for_imds() {
        for rule in [
            "169.254.169.254",
            "169.254.*",
            "*",
            "http://169.254.169.254",
            "169.254.169.254:80",
            "*.254.169.*4",
        ] {
            assert!(exempts_imds(rule), "{rule}");
        }
        for rule in [
            "<local>",
            "169.254.0.0/16",
            "169.254.169.254:8080",
            "https://169.254.169.254",
            "169.254.169.25",
            "9.254.169.254",
            "*.azvm.test",
            "",
        ] {
            assert!(!exempts_imds(rule), "{rule}");
        }
    }

    #[test]
    fn settings_that_contradict_themselves_are_unreadable() {
        let too_long = [&DIRECT[..], &[0; MAX_SETTINGS_BYTES]].concat();
        let mut leads_out = DIRECT;
        leads_out[12] = 5;
        for bytes in [&b""[..], &DIRECT[..19], &DIRECT[..7], &leads_out, &too_long] {
            assert_eq!(ConnectionSettings::read(bytes), Err(Unknown::Unreadable));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = ConnectionSettings::read(&bytes).map(|it| it.settings());
        }

        #[test]
        fn a_password_is_never_part_of_it(password in "x9[a-zA-Z0-9@:/=]{8,20}", scheme in "(http://|http=|)") {
            let list = format!("{scheme}user:{password}@proxy.azvm.test:3128");
            let shown = format!("{:?}", ProxySettings::new(&list, "", &list, Ok(true)));
            prop_assert!(!shown.contains(&password), "{}", shown);
        }

        #[test]
        fn a_pattern_of_stars_ends(stars in "[*1.]{0,500}") {
            let _ = exempts_imds(&stars);
        }
    }
}
