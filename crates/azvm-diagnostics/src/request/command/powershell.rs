//! `Invoke-RestMethod` and `Invoke-WebRequest` of PowerShell as a request.
//!
//! Source: the pages of both, and *about_Parameters* for how a parameter may be shortened.

use super::super::parsed::{Form, Header, Parsed};
use super::super::shell::{Line, Shell, Table};
use super::super::traced::Traced;
use super::super::url::Param;
use super::Call;

/// The commands and their aliases, in lower case.
const NAMES: [&str; 4] = ["invoke-restmethod", "invoke-webrequest", "irm", "iwr"];

/// What a command may follow in its line: a prompt, an assignment, the start of an expression.
const BEFORE: [char; 6] = ['>', '=', '(', '|', ';', '{'];

/// So many places of a name are looked at.
const MAX_PLACES: usize = 16;

/// Parameters without a value.
const SWITCHES: [&str; 15] = [
    "allowunencryptedauthentication",
    "debug",
    "disablekeepalive",
    "followrellink",
    "noproxy",
    "passthru",
    "preserveauthorizationonredirect",
    "proxyusedefaultcredentials",
    "resume",
    "skipcertificatecheck",
    "skipheadervalidation",
    "skiphttperrorcheck",
    "usebasicparsing",
    "usedefaultcredentials",
    "verbose",
];

/// Parameters with a value.
const VALUED: [&str; 26] = [
    "authentication",
    "body",
    "certificate",
    "certificatethumbprint",
    "connectiontimeoutseconds",
    "contenttype",
    "credential",
    "custommethod",
    "erroraction",
    "form",
    "headers",
    "httpversion",
    "infile",
    "maximumredirection",
    "maximumretrycount",
    "method",
    "outfile",
    "proxy",
    "proxycredential",
    "retryintervalsec",
    "sessionvariable",
    "sslprotocol",
    "timeoutsec",
    "token",
    "uri",
    "useragent",
];

/// Those that may bring headers which the line does not name.
const WITH_HEADERS: [&str; 4] = ["authentication", "credential", "token", "websession"];

/// Reads the command, wherever in the line it begins.
pub(super) fn read(input: &str) -> Option<Parsed> {
    let line = Line::read_from(input, Shell::PowerShell, start(input)?);
    let (name, words) = line.words.split_first()?;
    let mut request = Request {
        call: Call::new(Form::PowerShell),
        tables: &line.tables,
        body: None,
    };
    request.call.known(name);
    request.parameters(&mut words.iter());
    let parsed = &mut request.call.parsed;
    parsed.shell = Shell::PowerShell;
    parsed.eaten.clone_from(&line.eaten);
    parsed.cut = line.cut;
    request.finish()
}

/// Where a line begins to be one of these commands.
fn start(input: &str) -> Option<usize> {
    let lower = input.to_ascii_lowercase();
    let places = NAMES
        .iter()
        .flat_map(|name| lower.match_indices(name).take(MAX_PLACES));
    let mut starts = places.filter(|(at, name)| {
        let before = lower[..*at].trim_end_matches([' ', '\t']);
        let after = lower[at + name.len()..].chars().next();
        let is_first = before.is_empty() || before.ends_with('\n') || before.ends_with(BEFORE);
        is_first && after.is_none_or(char::is_whitespace)
    });
    let first = starts.next()?;
    let rest = starts.map(|(at, _)| at);
    rest.chain([first.0]).min()
}

struct Request<'a> {
    call: Call,
    tables: &'a [Table],
    body: Option<Traced>,
}

impl Request<'_> {
    fn parameters(&mut self, words: &mut std::slice::Iter<'_, Traced>) {
        while let Some(word) = words.next() {
            let is_parameter = |text: &str| {
                let mut chars = text.chars();
                chars.next() == Some('-') && chars.next().is_some_and(char::is_alphabetic)
            };
            if !is_parameter(word.as_str()) {
                self.positional(word);
                continue;
            }
            let (name, value) = match word.split_once(':') {
                Some((name, value)) => (name, Some(value).filter(|it| !it.is_empty())),
                None => (word.clone(), None),
            };
            self.call.known(&name);
            let typed = name.as_str()[1..].to_ascii_lowercase();
            if let Some(switch) = resolved(&typed, &SWITCHES) {
                self.switch(switch, name.whole());
                continue;
            }
            let is_value = |word: &&Traced| !is_parameter(word.as_str());
            let value = value.or_else(|| {
                let next = words.as_slice().first().filter(is_value).cloned();
                if next.is_some() {
                    words.next();
                }
                next
            });
            if let Some(value) = value {
                self.value(resolved(&typed, &VALUED).unwrap_or(&typed), &value);
            }
        }
    }

    /// The address, or arguments from a variable, which may be anything.
    fn positional(&mut self, word: &Traced) {
        match word.as_str().starts_with('@') {
            true => self.call.has_all_headers = false,
            false => self.call.address(word),
        }
    }

    fn switch(&mut self, name: &str, place: std::ops::Range<usize>) {
        let parsed = &mut self.call.parsed;
        match name {
            "noproxy" => parsed.no_proxy = Some(place),
            "usebasicparsing" => parsed.is_old_powershell = true,
            "preserveauthorizationonredirect" => parsed.trusts_redirects = Some(place),
            "usedefaultcredentials" => self.call.has_all_headers = false,
            _ => {}
        }
    }

    fn value(&mut self, name: &str, value: &Traced) {
        match name {
            "uri" => self.call.address(value),
            "headers" => self.headers(value),
            "method" | "custommethod" => {
                self.call.known(value);
                // One that the line does not name is not judged.
                if !value.has_unknown() {
                    let method = value.as_str().to_ascii_uppercase();
                    self.call.set_method(&method, value);
                }
            }
            "body" => self.body = Some(value.clone()),
            "proxy" => self.call.parsed.proxy = Some(value.whole()),
            "contenttype" | "erroraction" | "httpversion" | "maximumredirection"
            | "maximumretrycount" | "outfile" | "retryintervalsec" | "timeoutsec" => {
                self.call.known(value);
            }
            _ if WITH_HEADERS.contains(&name) => self.call.has_all_headers = false,
            _ => {}
        }
    }

    fn headers(&mut self, value: &Traced) {
        let start = value.whole().start;
        let Some(table) = self.tables.iter().find(|table| table.at == start) else {
            self.call.has_all_headers = false;
            return;
        };
        for (name, value) in &table.pairs {
            let header = Header {
                name: name.clone(),
                value: value.clone(),
            };
            self.call.parsed.harmless.extend(header.harmless());
            self.call.headers.push(header);
        }
    }

    /// A table as the body of a GET goes into the query. Any other body there may, too, and what it holds nobody knows.
    fn finish(self) -> Option<Parsed> {
        let method = self.call.parsed.method.as_ref();
        let is_get = method.is_none_or(|(method, _)| method == "GET");
        let params: Vec<Param> = match &self.body {
            Some(body) if is_get => {
                let start = body.whole().start;
                let table = self.tables.iter().find(|table| table.at == start)?;
                let pairs = table.pairs.iter();
                let params = pairs.map(|(name, value)| Param {
                    name: name.clone(),
                    value: Some(value.clone()),
                    is_encoded_later: true,
                });
                params.collect()
            }
            _ => vec![],
        };
        let mut parsed = self.call.finish();
        parsed
            .harmless
            .extend(params.iter().flat_map(Param::harmless));
        if let Some(url) = &mut parsed.url {
            url.params.extend(params);
        }
        Some(parsed)
    }
}

/// A parameter by its name, or by as much of it as no other begins with.
fn resolved<'a>(typed: &str, names: &[&'a str]) -> Option<&'a str> {
    if let Some(name) = names.iter().find(|name| **name == typed) {
        return Some(name);
    }
    let all = SWITCHES.iter().chain(&VALUED);
    let is_one = all.filter(|name| name.starts_with(typed)).count() == 1;
    let mut begun = names.iter().filter(|name| name.starts_with(typed));
    begun.next().filter(|_| is_one).copied()
}
