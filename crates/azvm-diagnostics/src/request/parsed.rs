//! A request as it was given: which of its parts are known, and where they stand.

use super::shell::{Cut, Shell};
use super::traced::Traced;
use super::url::{Param, Url};
use std::ops::Range;

/// The form in which a request was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// An address alone; method and headers are not known.
    Url,
    /// A command line of `curl`.
    Curl,
    /// A command line of `az rest`, which adds a token of its own.
    AzRest,
    /// The head of an HTTP/1 request.
    Http,
    /// `Invoke-RestMethod` or `Invoke-WebRequest` of PowerShell.
    PowerShell,
}

impl Form {
    /// The word for it in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Curl => "curl",
            Self::AzRest => "az-rest",
            Self::Http => "http",
            Self::PowerShell => "powershell",
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) name: Traced,
    pub(super) value: Traced,
}

/// What is known of a request.
#[derive(Clone, Debug)]
pub(super) struct Parsed {
    pub(super) form: Form,
    pub(super) shell: Shell,
    /// As it is sent, and where that is said; `None` when nothing says it.
    pub(super) method: Option<(String, Range<usize>)>,
    pub(super) url: Option<Url>,
    /// All that are sent; `None` when only some are known.
    pub(super) headers: Option<Vec<Header>>,
    /// Where a proxy is named.
    pub(super) proxy: Option<Range<usize>>,
    /// Where PowerShell is told to use no proxy.
    pub(super) no_proxy: Option<Range<usize>>,
    /// The command says what only Windows PowerShell 5.1 needs.
    pub(super) is_old_powershell: bool,
    /// Where the token is let go to other hosts.
    pub(super) trusts_redirects: Option<Range<usize>>,
    /// Where redirects are followed, with the headers that were given.
    pub(super) follows_redirects: Option<Range<usize>>,
    /// What stands in the line as a further address, which is a word that lost its quotes.
    pub(super) stray: Vec<Traced>,
    /// Names that the shell replaced by nothing.
    pub(super) eaten: Vec<Range<usize>>,
    /// What keeps the shell from reading the line as it was meant.
    pub(super) cut: Option<Cut>,
    /// Parts of the input that may be shown: what is in none of them could be a secret.
    pub(super) harmless: Vec<Range<usize>>,
}

impl Parsed {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            shell: Shell::Sh,
            method: None,
            url: None,
            headers: None,
            proxy: None,
            no_proxy: None,
            is_old_powershell: false,
            trusts_redirects: None,
            follows_redirects: None,
            stray: vec![],
            eaten: vec![],
            cut: None,
            harmless: vec![],
        }
    }

    /// The headers of this name, whatever the case.
    pub(super) fn headers_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Header> {
        let headers = self.headers.iter().flatten();
        headers.filter(move |header| header.name.as_str().eq_ignore_ascii_case(name))
    }
}

/// Headers whose values are no secrets.
const PUBLIC_HEADERS: [&str; 16] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "connection",
    "content-length",
    "content-type",
    "host",
    "metadata",
    "metadata-flavor",
    "user-agent",
    "x-client-sku",
    "x-client-ver",
    "x-forwarded-for",
    "x-metadata",
    "x-ms-client-request-id",
    "x-ms-version",
];

/// Parameters whose values are no secrets.
const PUBLIC_PARAMS: [&str; 18] = [
    "$apply",
    "$expand",
    "$filter",
    "$orderby",
    "$select",
    "$skip",
    "$top",
    "api-version",
    "authority",
    "bypass_cache",
    "client_id",
    "extended",
    "format",
    "mi_res_id",
    "msi_res_id",
    "object_id",
    "resource",
    "scope",
];

impl Header {
    /// The parts that may be shown: the name, and the value of a known one; of `Authorization` the scheme.
    pub(super) fn harmless(&self) -> Vec<Range<usize>> {
        let name = self.name.whole();
        let is = |known: &&str| self.name.as_str().eq_ignore_ascii_case(known);
        if PUBLIC_HEADERS.iter().any(is) {
            return [vec![name], without_commands(&self.value)].concat();
        }
        let scheme = self
            .value
            .as_str()
            .split_whitespace()
            .next()
            .unwrap_or_default();
        let is_scheme = ["bearer", "basic"]
            .iter()
            .any(|it| scheme.eq_ignore_ascii_case(it));
        let mut parts = vec![name];
        if is(&"authorization") && is_scheme {
            let at = self.value.as_str().find(scheme).unwrap_or(0);
            parts.push(self.value.span(at..at + scheme.len()));
        }
        parts.extend(unknowns(&self.value));
        parts
    }
}

impl Url {
    /// The parts that may be shown: all but a password and the values of parameters that are not known.
    pub(super) fn harmless(&self) -> Vec<Range<usize>> {
        let whole = self.whole.whole();
        let hidden_values = self.params.iter().filter(|param| !param.is_public());
        let hidden_values = hidden_values.filter_map(|param| param.value.as_ref());
        let hidden = self.user.iter().chain(hidden_values).chain(&self.fragment);
        let hidden = hidden.chain(&self.rest);
        let rests = rests_of_secrets(&self.params).map(|param| &param.name);
        let hidden = hidden.chain(rests);
        let mut hidden: Vec<_> = hidden.map(Traced::whole).collect();
        hidden.extend(commands(&self.whole));
        without(whole, hidden)
    }
}

impl Param {
    /// True when its value is no secret. A parameter that lost its name is the rest of a filter.
    fn is_public(&self) -> bool {
        let name = self.plain_name();
        name.is_empty() || is_public_param(&name)
    }

    /// The parts that may be shown.
    pub(super) fn harmless(&self) -> Vec<Range<usize>> {
        if !self.is_public() {
            return vec![];
        }
        let parts = std::iter::once(&self.name).chain(&self.value);
        without(self.span(), parts.flat_map(commands).collect())
    }
}

/// Parameters without a value that follow one whose value may be a secret: an `&` in it may have cut them off.
pub(super) fn rests_of_secrets(params: &[Param]) -> impl Iterator<Item = &Param> {
    let mut is_after_secret = false;
    params.iter().filter(move |param| {
        let is_bare = param.value.as_ref().is_none_or(Traced::is_empty);
        let is_rest = is_after_secret && is_bare && !param.is_public();
        is_after_secret = !param.is_public();
        is_rest
    })
}

/// True for a parameter whose value is no secret.
pub(super) fn is_public_param(name: &str) -> bool {
    PUBLIC_PARAMS
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// True for the name of a variable, or what PowerShell looks up in one. A command may have a secret among its words, and of
/// two variables in one expression nobody can tell here where the first ends.
pub(super) fn is_name(unknown: &str) -> bool {
    let is_looked_up = unknown.contains(['.', '[']);
    if is_looked_up && unknown.matches('$').count() > 1 && !unknown.starts_with("$($") {
        return false;
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_$.:{}[]%?@#*!".contains(c);
    let looked_up = unknown.strip_prefix("$($");
    let name = looked_up.and_then(|it| it.strip_suffix(')'));
    name.unwrap_or(unknown).chars().all(is_plain)
}

/// The parts of a text that may be shown where it is no secret itself.
pub(super) fn without_commands(text: &Traced) -> Vec<Range<usize>> {
    without(text.whole(), commands(text))
}

/// The commands that fill in a part of a text.
fn commands(text: &Traced) -> Vec<Range<usize>> {
    let mut at = 0;
    let mut found = vec![];
    for (run, is_unknown) in text.runs() {
        if is_unknown && !is_name(run) {
            found.push(text.span(at..at + run.len()));
        }
        at += run.len();
    }
    found
}

/// The names of variables, which are no secrets.
fn unknowns(text: &Traced) -> Vec<Range<usize>> {
    let mut at = 0;
    let mut found = vec![];
    for (run, is_unknown) in text.runs() {
        if is_unknown && is_name(run) {
            found.push(text.span(at..at + run.len()));
        }
        at += run.len();
    }
    found
}

/// What is left of a range.
fn without(whole: Range<usize>, mut holes: Vec<Range<usize>>) -> Vec<Range<usize>> {
    holes.sort_by_key(|hole| hole.start);
    let mut parts = vec![];
    let mut at = whole.start;
    for hole in holes {
        if hole.start > at {
            parts.push(at..hole.start);
        }
        at = at.max(hole.end);
    }
    if at < whole.end {
        parts.push(at..whole.end);
    }
    parts
}
