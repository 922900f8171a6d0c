//! Whom a text is about: the hosts that it names.

use azvm_arm::Cloud;

/// The address of IMDS.
const IMDS: &str = "169.254.169.254";

/// Words for it that SDKs put before what went wrong.
const ENDPOINTS: [&str; 2] = ["imds endpoint", "managed identity endpoint"];

/// What stands before a host that a program spoke TLS with.
const BEFORE: [&str; 4] = [
    "https://",
    "httpsconnectionpool(host='",
    "host name '",
    "not valid for '",
];

/// The hosts of pages that explain an error.
const PAGES: [&str; 7] = [
    "aka.ms",
    "curl.haxx.se",
    "curl.se",
    "docs.microsoft.com",
    "go.microsoft.com",
    "learn.microsoft.com",
    "urllib3.readthedocs.io",
];

/// So many places are looked at for each of [`BEFORE`].
const MAX_PLACES: usize = 64;

/// A text in lower case, and its parts by whom they are about.
#[derive(Debug)]
pub(super) struct Hosts {
    text: String,
    names_imds: bool,
    names_arm: bool,
    names_others: bool,
    /// The lines that name IMDS.
    imds: String,
    /// The lines that name ARM.
    arm: String,
}

impl Hosts {
    pub(super) fn of(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        let arm = arm_hosts();
        let is_imds =
            |line: &str| line.contains(IMDS) || ENDPOINTS.iter().any(|words| line.contains(words));
        let is_arm = |line: &str| arm.iter().any(|host| line.contains(host));
        let lines = |is_about: &dyn Fn(&str) -> bool| {
            let lines: Vec<&str> = text.lines().filter(|line| is_about(line)).collect();
            lines.join("\n")
        };
        Self {
            names_imds: text.contains(IMDS),
            names_arm: is_arm(&text),
            names_others: names_others(&text, &arm),
            imds: lines(&is_imds),
            arm: lines(&is_arm),
            text,
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn names_arm(&self) -> bool {
        self.names_arm
    }

    /// What went wrong may be on another line than the address, unless ARM is named as well.
    pub(super) fn about_imds(&self) -> Option<&str> {
        match self.names_imds && !self.names_arm {
            true => Some(&self.text),
            false => Some(self.imds.as_str()).filter(|lines| !lines.is_empty()),
        }
    }

    pub(super) fn about_arm(&self) -> Option<&str> {
        match self.names_arm && !self.names_imds {
            true => Some(&self.text),
            false => Some(self.arm.as_str()).filter(|lines| !lines.is_empty()),
        }
    }

    /// Many programs do not say whose certificate it was; where they name somebody else, it was not ARM's.
    pub(super) fn about_a_certificate(&self) -> Option<&str> {
        let is_possible = self.names_arm || !(self.names_others || self.names_imds);
        is_possible.then_some(self.text.as_str())
    }
}

fn arm_hosts() -> Vec<&'static str> {
    let endpoints = Cloud::ALL.iter().map(|cloud| cloud.endpoint());
    let hosts = endpoints.map(|endpoint| endpoint.trim_start_matches("https://"));
    hosts.map(|host| host.trim_end_matches('/')).collect()
}

fn names_others(text: &str, arm: &[&str]) -> bool {
    BEFORE.iter().any(|before| {
        let places = text.match_indices(before).take(MAX_PLACES);
        let mut hosts = places.map(|(at, before)| &text[at + before.len()..]);
        let begins = |rest: &str, known: &[&str]| known.iter().any(|host| rest.starts_with(host));
        hosts.any(|rest| !begins(rest, arm) && !begins(rest, &PAGES))
    })
}

#[cfg(test)]
mod tests {
    use super::Hosts;

    #[test]
    fn a_certificate_may_be_arms_where_nobody_else_is_named() {
        for (text, expected) in [
            ("SSL: no", true),
            ("Get \"https://management.azure.com/x\": no", true),
            (
                "GET https://management.chinacloudapi.cn and https://example.com",
                true,
            ),
            ("no; see https://curl.se/docs/sslcerts.html", true),
            ("Get \"https://vault.azure.net/x\": no", false),
            (
                "HTTPSConnectionPool(host='login.microsoftonline.com', port=443): no",
                false,
            ),
            ("https://169.254.169.254/metadata: no", false),
        ] {
            let part = Hosts::of(text).about_a_certificate().map(str::len);
            assert_eq!(part.is_some(), expected, "{text}");
        }
    }

    #[test]
    fn where_both_are_named_each_has_its_lines() {
        let text = "GET http://169.254.169.254/: 200\nGET https://management.azure.com/: refused";
        let hosts = Hosts::of(text);
        assert_eq!(
            hosts.about_imds(),
            text.lines().next().map(str::to_ascii_lowercase).as_deref()
        );
        assert_eq!(
            hosts.about_arm(),
            text.lines().nth(1).map(str::to_ascii_lowercase).as_deref()
        );
        let one = Hosts::of("the IMDS endpoint, timed out\ntimed out elsewhere");
        assert_eq!(one.about_imds(), Some("the imds endpoint, timed out"));
        assert_eq!(one.about_arm(), None);
    }
}
