//! Proxies that the system's own files set for every session.
//!
//! Lines are `NAME=value` or `export NAME=value`, with or without quotes (pam_env(8), "/etc/environment"; SUSE,
//! "/etc/sysconfig/proxy"). Nothing is expanded.

use crate::collect::{covers_imds, proxy_host};

/// What one file says. No user name or password is part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyFile {
    /// Such as `/etc/environment`.
    pub file: String,
    /// Host and port of the proxy for plain HTTP.
    pub host: String,
    /// True when the file exempts the metadata address.
    pub exempts_imds: bool,
}

impl ProxyFile {
    /// Reads `text`, the contents of `file`; `None` when it names no proxy for plain HTTP, or switches it off.
    pub fn read(file: &str, text: &str) -> Option<Self> {
        let of = |names: [&str; 2]| {
            // The last one counts, as in a shell.
            let mut values = text.lines().rev().filter_map(assignment);
            values
                .find(|(name, value)| names.contains(name) && !value.is_empty())
                .map(|(_, value)| value)
        };
        let is_off = text
            .lines()
            .filter_map(assignment)
            .any(|(name, value)| name == "PROXY_ENABLED" && value == "no");
        let proxy = of(["http_proxy", "HTTP_PROXY"]).or_else(|| of(["all_proxy", "ALL_PROXY"]));
        let host = proxy_host(proxy.filter(|_| !is_off)?);
        (!host.is_empty()).then(|| Self {
            file: file.into(),
            host,
            exempts_imds: of(["no_proxy", "NO_PROXY"]).is_some_and(covers_imds),
        })
    }
}

fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let is_quote = |c| c == '"' || c == '\'';
    Some((name.trim(), value.trim().trim_matches(is_quote)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, bool)>) {
        let read = ProxyFile::read("/etc/environment", text);
        let brief = read.as_ref().map(|it| (it.host.as_str(), it.exempts_imds));
        assert_eq!(brief, expected, "{text}");
    }

    #[test]
    fn files_that_set_a_proxy() {
        check(
            "http_proxy=http://proxy.azvm.test:3128/",
            Some(("proxy.azvm.test:3128", false)),
        );
        check(
            "export HTTP_PROXY='http://u:s3cr3t@p:1'\nexport NO_PROXY=\"localhost,169.254.169.254\"",
            Some(("p:1", true)),
        );
        check(
            "PROXY_ENABLED=\"yes\"\nHTTP_PROXY=\"http://p:1\"",
            Some(("p:1", false)),
        );
        check("all_proxy=p:1", Some(("p:1", false)));
    }

    #[test]
    fn files_that_do_not() {
        for text in [
            "",
            "PATH=/bin",
            "# http_proxy=http://p:1",
            "http_proxy=",
            "HTTP_PROXY=\"\"",
            "https_proxy=http://p:1",
            "PROXY_ENABLED=\"no\"\nHTTP_PROXY=\"http://p:1\"",
        ] {
            check(text, None);
        }
    }

    proptest::proptest! {
        #[test]
        fn a_password_is_never_part_of_it(password in "x9[a-zA-Z0-9@:/=]{8,20}") {
            let text = format!("http_proxy=http://user:{password}@proxy.azvm.test:3128");
            let shown = format!("{:?}", ProxyFile::read("f", &text));
            proptest::prop_assert!(!shown.contains(&password), "{}", shown);
        }
    }
}
