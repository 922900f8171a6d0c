//! A command line of `curl`, of `az rest` or of PowerShell's own commands as a request.
//!
//! Source: the manual page of curl, for which options take a value and what they make of the request; `az rest --help`.

mod powershell;

use super::parsed::{Form, Header, Parsed, without_commands};
use super::shell::{Line, Shell};
use super::traced::Traced;
use super::url::{Param, Url, params};

/// Short options of curl with a value.
const SHORT_WITH_VALUE: &str = "AbcCdDeEFhHKmoPQrtTuUwxXyYz";

/// Long options of curl with a value, less those that are handled by name; of others, a flag is assumed.
const LONG_WITH_VALUE: [&str; 43] = [
    "aws-sigv4",
    "cacert",
    "capath",
    "cert",
    "cert-type",
    "ciphers",
    "config",
    "connect-timeout",
    "connect-to",
    "cookie",
    "cookie-jar",
    "dns-interface",
    "dns-servers",
    "doh-url",
    "dump-header",
    "expect100-timeout",
    "form-string",
    "happy-eyeballs-timeout-ms",
    "interface",
    "keepalive-time",
    "key",
    "limit-rate",
    "local-port",
    "max-filesize",
    "max-redirs",
    "max-time",
    "noproxy",
    "output",
    "output-dir",
    "preproxy",
    "proto",
    "proxy-header",
    "proxy-user",
    "range",
    "resolve",
    "retry",
    "retry-delay",
    "retry-max-time",
    "stderr",
    "tls-max",
    "trace",
    "trace-ascii",
    "write-out",
];

/// Reads the command; `None` when it is no call of a program that is known here. PowerShell's own commands are none of
/// another shell's.
pub(super) fn read(input: &str, shell: Shell) -> Option<Parsed> {
    powershell::read(input).or_else(|| of_program(input, shell))
}

fn of_program(input: &str, shell: Shell) -> Option<Parsed> {
    let line = Line::read(input, shell);
    let at = line
        .words
        .iter()
        .position(|word| !is_prefix(word.as_str()))?;
    let program = program(line.words[at].as_str());
    let mut call = match program.as_str() {
        "curl" => Call::new(Form::Curl),
        "az" if line
            .words
            .get(at + 1)
            .is_some_and(|word| word.as_str() == "rest") =>
        {
            Call::new(Form::AzRest)
        }
        _ => return None,
    };
    call.parsed.shell = shell;
    call.parsed.eaten = line.eaten;
    call.parsed.cut = line.cut;
    call.known(&line.words[at]);
    let mut words = line.words[at + 1..].iter();
    match call.parsed.form {
        Form::Curl => call.curl(&mut words),
        _ => call.az_rest(&mut words),
    }
    Some(call.finish())
}

/// A prompt, `sudo`, or a variable that is set for this command.
fn is_prefix(word: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    matches!(word, "$" | "%" | ">" | "sudo" | "time" | "command" | "exec")
        || word.split_once('=').is_some_and(|(name, _)| is_name(name))
}

/// The last part of a path, without `.exe`.
fn program(word: &str) -> String {
    let name = word
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or(word)
        .to_ascii_lowercase();
    name.strip_suffix(".exe").unwrap_or(&name).into()
}

struct Call {
    parsed: Parsed,
    headers: Vec<Header>,
    has_all_headers: bool,
    /// What `-d` and its like send.
    data: Vec<(Traced, bool)>,
    is_get: bool,
    sends_body: bool,
}

type Words<'a> = std::slice::Iter<'a, Traced>;

impl Call {
    fn new(form: Form) -> Self {
        Self {
            parsed: Parsed::new(form),
            headers: vec![],
            has_all_headers: true,
            data: vec![],
            is_get: false,
            sends_body: false,
        }
    }

    /// A word that may be shown.
    fn known(&mut self, word: &Traced) {
        self.parsed.harmless.extend(without_commands(word));
    }

    fn curl(&mut self, words: &mut Words<'_>) {
        let mut only_addresses = false;
        while let Some(word) = words.next() {
            let text = word.as_str();
            if only_addresses || !text.starts_with('-') || text == "-" {
                self.address(word);
            } else if text == "--" {
                only_addresses = true;
            } else if let Some(name) = text.strip_prefix("--") {
                self.known(word);
                self.long(name, words);
            } else {
                self.short(word, words);
            }
        }
    }

    /// `-sSH value`, `-Hvalue`: the first option with a value takes the rest of the word.
    fn short(&mut self, word: &Traced, words: &mut Words<'_>) {
        for (at, c) in word.as_str().char_indices().skip(1) {
            let rest = word.slice(at + c.len_utf8()..word.len());
            if !SHORT_WITH_VALUE.contains(c) {
                self.flag(c, at, word);
                continue;
            }
            self.parsed.harmless.push(word.span(0..at + 1));
            let value = match rest.is_empty() {
                true => words.next().cloned(),
                false => Some(rest),
            };
            if let Some(value) = value {
                self.option(long_name(c), &value);
            }
            return;
        }
        self.known(word);
    }

    fn flag(&mut self, c: char, at: usize, word: &Traced) {
        match c {
            'L' if word.len() == 2 => self.parsed.follows_redirects = Some(word.whole()),
            'L' => self.parsed.follows_redirects = Some(word.span(at..at + 1)),
            'G' => self.is_get = true,
            'I' => self.set_method("HEAD", word),
            _ => {}
        }
    }

    fn long(&mut self, name: &str, words: &mut Words<'_>) {
        match name {
            "get" => self.is_get = true,
            "location" => self.parsed.follows_redirects = Some(self.last_known()),
            "location-trusted" => {
                self.parsed.trusts_redirects = Some(self.last_known());
            }
            "head" => self.parsed.method = Some(("HEAD".into(), self.last_known())),
            _ if is_option_with_value(name) => {
                if let Some(value) = words.next() {
                    self.option(name, value);
                }
            }
            _ => {}
        }
    }

    fn last_known(&self) -> std::ops::Range<usize> {
        self.parsed.harmless.last().cloned().unwrap_or_default()
    }

    /// An option of curl with its value.
    fn option(&mut self, name: &str, value: &Traced) {
        match name {
            "url" => self.address(value),
            "request" => {
                self.known(value);
                self.set_method(value.as_str(), value);
            }
            "header" => self.header(value),
            "oauth2-bearer" => self.add_header("Authorization", &[value]),
            "user" => self.add_header("Authorization", &[]),
            "user-agent" | "referer" => {}
            "proxy" => {
                let is_direct = value.is_empty();
                self.parsed.proxy = (!is_direct).then(|| value.whole());
            }
            "data-urlencode" => self.data.push((value.clone(), true)),
            "data" | "data-ascii" | "data-binary" | "data-raw" | "json" | "form" => {
                self.data.push((value.clone(), false));
            }
            "upload-file" => self.set_method("PUT", value),
            "config" => self.has_all_headers = false,
            "connect-timeout" | "max-time" | "noproxy" | "output" | "retry" | "write-out" => {
                self.known(value);
            }
            _ => {}
        }
    }

    fn set_method(&mut self, method: &str, from: &Traced) {
        self.parsed.method = Some((method.into(), from.whole()));
    }

    /// `Name: value`; `Name:` takes a header out, `Name;` sends it without a value, `@file` is not read here.
    fn header(&mut self, word: &Traced) {
        if word.as_str().starts_with('@') {
            self.has_all_headers = false;
            return self.known(word);
        }
        let (name, value) = match word.split_once(':') {
            Some((name, value)) => (name, value.trim()),
            None => (
                word.slice(0..word.as_str().find([';', ' ']).unwrap_or(word.len())),
                word.slice(word.len()..word.len()),
            ),
        };
        let header = Header {
            name: name.trim(),
            value,
        };
        self.parsed.harmless.extend(header.harmless());
        self.headers.push(header);
    }

    /// One that an option other than `-H` makes.
    fn add_header(&mut self, name: &str, value: &[&Traced]) {
        let at = value.first().map_or(0, |value| value.whole().start);
        let mut text = Traced::at(at);
        for c in name.chars() {
            text.push(c, at..at);
        }
        let mut full = Traced::at(at);
        for c in "Bearer ".chars().filter(|_| !value.is_empty()) {
            full.push(c, at..at);
        }
        for part in value {
            full.append(part);
        }
        self.headers.push(Header {
            name: text,
            value: full,
        });
    }

    fn address(&mut self, word: &Traced) {
        self.parsed.stray.push(word.clone());
    }

    /// The first address is the request's; a word that lost its quotes may stand before it.
    fn choose_address(&mut self) {
        let words = &mut self.parsed.stray;
        let is_address =
            |word: &Traced| word.as_str().contains("://") || word.as_str().starts_with('/');
        let at = words.iter().position(is_address).unwrap_or(0);
        if at < words.len() {
            self.parsed.url = Some(Url::read(&words.remove(at)));
        }
    }

    fn az_rest(&mut self, words: &mut Words<'_>) {
        for word in words.by_ref().take(1) {
            self.known(word);
        }
        while let Some(word) = words.next() {
            if word.as_str().starts_with('-') {
                self.known(word);
            }
            let Some(value) = words
                .as_slice()
                .first()
                .filter(|it| !it.as_str().starts_with('-'))
            else {
                continue;
            };
            match word.as_str() {
                "--url" | "--uri" | "-u" => self.address(value),
                "--method" | "-m" => {
                    self.known(value);
                    self.set_method(&value.as_str().to_ascii_uppercase(), value);
                }
                "--resource" | "--query" | "--output" | "-o" => self.known(value),
                _ => {}
            }
            words.next();
        }
        // It adds what ARM wants.
        self.has_all_headers = false;
    }

    fn finish(mut self) -> Parsed {
        self.choose_address();
        let has_data = !self.data.is_empty();
        if let (true, Some(url)) = (self.is_get, &mut self.parsed.url) {
            let data = std::mem::take(&mut self.data);
            for (text, is_encoded) in data {
                url.params.extend(from_data(&text, is_encoded));
            }
        }
        self.sends_body = has_data && !self.is_get;
        let at = self.data.first().map(|(text, _)| text.whole());
        if let (true, None, Some(at)) = (self.sends_body, &self.parsed.method, at) {
            self.parsed.method = Some(("POST".into(), at));
        }
        let shown = self.parsed.url.iter().flat_map(Url::harmless);
        let shown: Vec<_> = shown.collect();
        self.parsed.harmless.extend(shown);
        let data = self.parsed.url.iter().flat_map(|url| &url.params);
        let data: Vec<_> = data.flat_map(Param::harmless).collect();
        self.parsed.harmless.extend(data);
        let is_shown = |header: &Header| !header.name.as_str().is_empty();
        self.headers.retain(is_shown);
        self.parsed.headers = self.has_all_headers.then_some(self.headers);
        self.parsed
    }
}

/// `name=value` of `-d`, or of `--data-urlencode`, which encodes the value and takes it from a file after an `@`.
fn from_data(text: &Traced, is_encoded: bool) -> Vec<Param> {
    let is_file = text
        .as_str()
        .split('=')
        .next()
        .is_some_and(|name| name.contains('@'));
    if is_file {
        return vec![];
    }
    if !is_encoded {
        return params(text);
    }
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text.clone(), None),
    };
    vec![Param {
        name,
        value,
        is_encoded_later: true,
    }]
}

fn is_option_with_value(name: &str) -> bool {
    const HANDLED: [&str; 15] = [
        "data",
        "data-ascii",
        "data-binary",
        "data-raw",
        "data-urlencode",
        "form",
        "header",
        "json",
        "oauth2-bearer",
        "proxy",
        "referer",
        "request",
        "upload-file",
        "url",
        "user",
    ];
    name == "user-agent" || HANDLED.contains(&name) || LONG_WITH_VALUE.contains(&name)
}

fn long_name(c: char) -> &'static str {
    match c {
        'A' => "user-agent",
        'd' => "data",
        'e' => "referer",
        'F' => "form",
        'H' => "header",
        'K' => "config",
        'm' => "max-time",
        'o' => "output",
        'T' => "upload-file",
        'u' => "user",
        'w' => "write-out",
        'x' => "proxy",
        'X' => "request",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curl(input: &str) -> Parsed {
        read(input, Shell::Sh).unwrap()
    }

    fn names(parsed: &Parsed) -> Vec<&str> {
        let params = &parsed.url.as_ref().unwrap().params;
        params.iter().map(|param| param.name.as_str()).collect()
    }

    #[test]
    fn options_of_curl() {
        let parsed = curl("$ sudo curl -sSf -HMetadata:true -XPUT --max-time 3 u?a=b -o x");
        assert_eq!(parsed.method.as_ref().unwrap().0, "PUT");
        let header = &parsed.headers.as_ref().unwrap()[0];
        assert_eq!(
            (header.name.as_str(), header.value.as_str()),
            ("Metadata", "true")
        );
        assert_eq!(names(&parsed), ["a"]);
        assert!(parsed.stray.is_empty());
        assert_eq!(curl("curl -d a=b u").method.unwrap().0, "POST");
        assert_eq!(curl("curl -I u").method.unwrap().0, "HEAD");
        assert!(curl("curl u").method.is_none());
        assert!(curl("curl -H @headers u").headers.is_none());
        assert!(curl("curl -x http://proxy:1 u").proxy.is_some());
        assert!(curl("curl --location-trusted u").trusts_redirects.is_some());
        assert_eq!(curl("curl -H Authorization: Bearer x u").stray.len(), 2);
    }

    #[test]
    fn data_goes_into_the_query_with_get() {
        let parsed = curl("curl -G u --data-urlencode 'r=a&b' -d c=d &");
        assert_eq!(names(&parsed), ["r", "c"]);
        let params = parsed.url.unwrap().params;
        assert_eq!(params[0].meant().unwrap().as_str(), "a&b");
        assert!(parsed.method.is_none());
    }

    #[test]
    fn az_rest_is_a_request_too() {
        let parsed = curl("az rest --method get --url 'https://m/x?$filter=y'");
        assert_eq!(parsed.form, Form::AzRest);
        assert_eq!(parsed.method.as_ref().unwrap().0, "GET");
        assert_eq!(names(&parsed), ["$filter"]);
        assert!(read("az vm list", Shell::Sh).is_none());
        assert!(read("wget x", Shell::Sh).is_none());
        assert!(read("", Shell::Sh).is_none());
    }
}
