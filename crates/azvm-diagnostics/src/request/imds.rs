//! What is wrong with a request to IMDS.

use super::found::RequestFinding;
use super::parsed::{Header, Parsed};
use super::traced::Traced;
use super::url::{Param, Url};
use crate::catalogue::{
    CODE_001, CODE_002, CODE_003, CODE_004, CODE_005, CODE_009, CODE_011, CODE_018, CODE_025,
    IMDS_007, TOKEN_004, edits,
};
use crate::finding::{Confidence, Severity};
use azvm_imds::{
    ATTESTED_API_VERSION, INSTANCE_API_VERSION, LOAD_BALANCER_API_VERSION,
    SCHEDULED_EVENTS_API_VERSION, TOKEN_API_VERSION,
};

/// A path of IMDS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Token,
    Versions,
    /// What else has an api-version, and the one to send.
    Versioned(&'static str),
    /// Takes POST, too.
    Events,
    /// The second version of the identity endpoint, whose parameters are other ones.
    Credential,
    /// Not documented.
    Other,
}

impl Endpoint {
    pub(super) fn of(url: &Url) -> Self {
        let path = url.plain_path();
        let path = meant_path(&path).unwrap_or(&path);
        match path {
            "/metadata/identity/oauth2/token" => Self::Token,
            "/metadata/versions" => Self::Versions,
            "/metadata/identity/info" => Self::Versioned(TOKEN_API_VERSION),
            "/metadata/attested/document" => Self::Versioned(ATTESTED_API_VERSION),
            "/metadata/loadbalancer" => Self::Versioned(LOAD_BALANCER_API_VERSION),
            "/metadata/scheduledevents" => Self::Events,
            "/metadata/identity/getplatformmetadata" | "/metadata/identity/issuecredential" => {
                Self::Credential
            }
            path if path == "/metadata/instance" || path.starts_with("/metadata/instance/") => {
                Self::Versioned(INSTANCE_API_VERSION)
            }
            _ => Self::Other,
        }
    }

    /// The api-version to send.
    pub(super) fn version(self) -> Option<&'static str> {
        match self {
            Self::Token => Some(TOKEN_API_VERSION),
            Self::Versioned(version) => Some(version),
            Self::Events => Some(SCHEDULED_EVENTS_API_VERSION),
            Self::Versions | Self::Credential | Self::Other => None,
        }
    }
}

/// The paths that are documented; below the one of the instance there are more.
const PATHS: [&str; 9] = [
    TOKEN_PATH,
    "/metadata/attested/document",
    "/metadata/identity/getplatformmetadata",
    "/metadata/identity/info",
    "/metadata/identity/issuecredential",
    "/metadata/instance",
    "/metadata/loadbalancer",
    "/metadata/scheduledevents",
    "/metadata/versions",
];

const TOKEN_PATH: &str = "/metadata/identity/oauth2/token";

/// A longer path is close to none.
const MAX_PATH_BYTES: usize = 64;

/// The documented path that a plain one was probably meant to be; `None` for a documented one as well.
pub(super) fn meant_path(plain: &str) -> Option<&'static str> {
    let is_known = PATHS.contains(&plain) || plain.starts_with("/metadata/instance/");
    if is_known || plain.len() > MAX_PATH_BYTES {
        return None;
    }
    let counted = PATHS.map(|known| (edits(known, plain), known));
    let (count, known) = counted.into_iter().min()?;
    match count <= 2 {
        true => Some(known),
        false => plain
            .starts_with("/metadata/identity/oauth")
            .then_some(TOKEN_PATH),
    }
}

pub(super) fn examine(parsed: &Parsed, url: &Url, found: &mut Vec<RequestFinding>) {
    let endpoint = Endpoint::of(url);
    header(parsed, url, found);
    method(parsed, endpoint, found);
    forwarded(parsed, found);
    address(url, found);
    path(url, found);
    version(url, endpoint, found);
    if endpoint == Endpoint::Token {
        resource(url, found);
        super::query::scope(url, found);
        super::selector::examine(url, found);
    }
    super::query::encoding(url, true, found);
    super::query::repeated(url, found);
    if let Some(span) = &parsed.proxy {
        let finding = RequestFinding::new(&CODE_011, span.clone());
        found.push(finding.title("the command names a proxy, and IMDS answers none"));
    }
    if let (Some(span), true) = (&parsed.no_proxy, parsed.is_old_powershell) {
        let finding = RequestFinding::new(&CODE_011, span.clone()).severity(Severity::Warn);
        found.push(
            finding
                .title("-UseBasicParsing is for Windows PowerShell 5.1, which has no -NoProxy and refuses it")
                .confidence(Confidence::Possible),
        );
    }
    if let Some(span) = &parsed.follows_redirects {
        let finding = RequestFinding::new(&CODE_018, span.clone()).suggest("");
        found.push(
            finding
                .title("curl follows a redirect and sends the Metadata header to any host; IMDS has none to follow")
                .confidence(Confidence::Likely),
        );
    }
}

/// A header by another name, or with another value than `true` in any case.
fn header(parsed: &Parsed, url: &Url, found: &mut Vec<RequestFinding>) {
    let Some(headers) = &parsed.headers else {
        return;
    };
    let is_right = |header: &Header| {
        let value = header.value.as_str();
        value.eq_ignore_ascii_case("true") || header.value.has_unknown()
    };
    let mut own = parsed.headers_named("metadata").peekable();
    if let Some(first) = own.peek() {
        if !is_right(first) {
            let shown = super::brief(first.value.as_str());
            let finding = RequestFinding::new(&CODE_001, first.value.whole());
            found.push(
                finding
                    .title(format!("the Metadata header says '{shown}', not true"))
                    .suggest("true"),
            );
        }
        return;
    }
    let is_close = |header: &&Header| {
        let name = header.name.as_str().to_ascii_lowercase();
        name.contains("metadata") || name == "meta-data" || name == "metdata"
    };
    found.push(match headers.iter().find(is_close) {
        Some(close) => {
            let shown = super::brief(close.name.as_str());
            RequestFinding::new(&CODE_001, close.name.whole())
                .title(format!("the header is called Metadata, not {shown}"))
                .suggest("Metadata")
        }
        None => RequestFinding::new(&CODE_001, url.whole.whole()),
    });
}

fn method(parsed: &Parsed, endpoint: Endpoint, found: &mut Vec<RequestFinding>) {
    let Some((method, span)) = &parsed.method else {
        return;
    };
    let finding = RequestFinding::new(&CODE_002, span.clone()).suggest("GET");
    let takes_post = matches!(
        endpoint,
        Endpoint::Events | Endpoint::Credential | Endpoint::Other
    );
    match method.as_str() {
        "GET" => {}
        "POST" if takes_post => {}
        "HEAD" => found.push(
            finding
                .title("the request is a HEAD, which nobody documents")
                .severity(Severity::Warn)
                .confidence(Confidence::Possible),
        ),
        method => {
            let shown = super::brief(method);
            found.push(finding.title(format!("the request is a {shown}, not a GET")));
        }
    }
}

fn forwarded(parsed: &Parsed, found: &mut Vec<RequestFinding>) {
    for header in parsed.headers_named("x-forwarded-for") {
        let span = header.name.whole().start..header.value.whole().end;
        found.push(RequestFinding::new(&CODE_003, span).suggest(""));
    }
}

/// Only the real address: a stand-in on loopback has a port of its own.
fn address(url: &Url, found: &mut Vec<RequestFinding>) {
    if !url.is_imds_address() {
        return;
    }
    let scheme = url.scheme.as_ref().filter(|scheme| !scheme.has_unknown());
    if let Some(scheme) = scheme.filter(|it| !it.as_str().eq_ignore_ascii_case("http")) {
        let shown = super::brief(scheme.as_str());
        let finding = RequestFinding::new(&CODE_004, scheme.whole());
        found.push(
            finding
                .title(format!("the scheme is {shown}, and IMDS speaks plain http"))
                .suggest("http"),
        );
    }
    let port = url.port.as_ref().filter(|port| !port.has_unknown());
    if let Some(port) = port.filter(|port| port.as_str() != "80") {
        let shown = super::brief(port.as_str());
        let finding = RequestFinding::new(&CODE_004, port.whole());
        found.push(
            finding
                .title(format!("the port is {shown}, and IMDS listens on port 80"))
                .suggest("80"),
        );
    }
}

fn path(url: &Url, found: &mut Vec<RequestFinding>) {
    let path = url.path.as_str();
    if let Some(at) = path.find("//") {
        let length = path[at..].bytes().take_while(|&byte| byte == b'/').count();
        let span = url.path.span(at..at + length);
        found.push(RequestFinding::new(&CODE_009, span).suggest("/"));
    }
    if url.path.has_unknown() {
        return;
    }
    let plain = url.plain_path();
    let finding = RequestFinding::new(&IMDS_007, url.path.whole()).confidence(Confidence::Likely);
    if let Some(meant) = meant_path(&plain) {
        found.push(
            finding
                .title(format!("no such path is documented; {meant} is"))
                .suggest(meant),
        );
    } else if plain != "/metadata" && !plain.starts_with("/metadata/") {
        found.push(finding.title("all paths of IMDS begin with /metadata/"));
    }
}

fn version(url: &Url, endpoint: Endpoint, found: &mut Vec<RequestFinding>) {
    let Some(right) = endpoint.version() else {
        return;
    };
    let Some(param) = url.param("api-version") else {
        return found.push(missing_version(url, right));
    };
    if param.is_unknown() {
        return;
    }
    let value = param
        .meant()
        .unwrap_or_else(|| Traced::at(param.span().end));
    let text = value.as_str();
    let finding = RequestFinding::new(&CODE_005, value.whole()).suggest(right);
    let shown = super::brief(text);
    if !is_date(text) {
        let title = match text {
            "" => "the api-version is empty".into(),
            _ => format!("'{shown}' is not the date of an api-version"),
        };
        found.push(finding.title(title));
    } else if endpoint == Endpoint::Token && text < TOKEN_API_VERSION {
        found.push(finding.title(format!(
            "tokens need {TOKEN_API_VERSION} or newer, not {shown}"
        )));
    } else if endpoint == Endpoint::Events {
        // Scheduled events have versions of their own.
    } else if text < azvm_imds::PUBLISHED_VERSIONS[0]
        || (!azvm_imds::PUBLISHED_VERSIONS.contains(&text)
            && text < azvm_imds::PUBLISHED_VERSIONS[34])
    {
        let finding = finding.confidence(Confidence::Likely);
        found.push(finding.title(format!("{shown} is none of the published api-versions")));
    } else if text > azvm_imds::PUBLISHED_VERSIONS[34] {
        let newest = azvm_imds::PUBLISHED_VERSIONS[34];
        let title = format!("the newest api-version that is known here is {newest}, not {shown}");
        // It may well exist.
        let finding = RequestFinding::new(&CODE_005, value.whole()).title(title);
        found.push(
            finding
                .severity(Severity::Warn)
                .confidence(Confidence::Possible),
        );
    }
}

/// True when the api-version is there and not right.
pub(super) fn has_wrong_version(url: &Url, endpoint: Endpoint) -> bool {
    let mut found = vec![];
    version(url, endpoint, &mut found);
    found.iter().any(|it| it.finding.severity == Severity::Fail)
}

fn missing_version(url: &Url, right: &str) -> RequestFinding {
    let is_close = |param: &&Param| {
        let name = param.plain_name().to_ascii_lowercase();
        let letters: String = name.chars().filter(char::is_ascii_alphabetic).collect();
        matches!(
            letters.as_str(),
            "apiversion" | "version" | "apiverison" | "apiv"
        )
    };
    match url.params.iter().find(is_close) {
        Some(close) => RequestFinding::new(&CODE_005, close.name.whole())
            .title(format!(
                "the parameter is called api-version, not {}",
                super::brief(close.name.as_str())
            ))
            .suggest("api-version"),
        None => {
            let path = url.path.whole();
            RequestFinding::new(&CODE_005, path)
                .title(format!("the request has no api-version; {right} does"))
        }
    }
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
        && ("01".."13").contains(&&text[5..7])
        && ("01".."32").contains(&&text[8..])
}

fn resource(url: &Url, found: &mut Vec<RequestFinding>) {
    let Some(param) = url.param("resource") else {
        return found.push(no_resource(url));
    };
    let is_empty = param.value.as_ref().is_none_or(Traced::is_empty);
    if is_empty {
        let finding = RequestFinding::new(&CODE_025, param.span());
        return found.push(finding.title("the parameter resource is empty"));
    }
    let value = param.meant().filter(|value| !value.has_unknown());
    if let Some((value, meant)) =
        value.and_then(|it| Some((it.whole(), meant_audience(it.as_str())?)))
    {
        let finding = RequestFinding::new(&TOKEN_004, value).confidence(Confidence::Likely);
        found.push(
            finding
                .title(format!("no such audience is known; {meant} is"))
                .suggest(meant),
        );
    }
}

/// A scope in its place, another spelling, or nothing at all.
fn no_resource(url: &Url) -> RequestFinding {
    let is_close =
        |param: &&Param| edits(&param.plain_name().to_ascii_lowercase(), "resource") <= 2;
    let close = url.params.iter().find(is_close);
    match (url.param("scope"), close) {
        (Some(scope), _) => RequestFinding::new(&CODE_025, scope.name.whole())
            .title("IMDS takes a resource, not a scope")
            .suggest("resource"),
        (None, Some(close)) => RequestFinding::new(&CODE_025, close.name.whole())
            .title(format!(
                "the parameter is called resource, not {}",
                super::brief(&close.plain_name())
            ))
            .suggest("resource"),
        (None, None) => RequestFinding::new(&CODE_025, url.path.whole()),
    }
}

/// Services other than ARM that machines get tokens for, without `https://`.
const AUDIENCE_HOSTS: [&str; 4] = [
    "database.windows.net",
    "graph.microsoft.com",
    "storage.azure.com",
    "vault.azure.net",
];

/// The audience that another text was probably meant to be: a known one is misspelt, or lacks its scheme.
pub(super) fn meant_audience(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let host = rest.split('/').next().unwrap_or_default();
    let is_plain = matches!(scheme, "" | "https") && host.len() <= MAX_PATH_BYTES;
    if !is_plain || text.starts_with('/') {
        return None;
    }
    let own = azvm_arm::Cloud::ALL
        .into_iter()
        .flat_map(|cloud| cloud.audiences());
    let own = own.map(|audience| {
        audience
            .trim_start_matches("https://")
            .trim_end_matches('/')
    });
    let known = own.chain(AUDIENCE_HOSTS);
    let counted = known.map(|known| (edits(known, &host.to_ascii_lowercase()), known));
    let (count, known) = counted.min()?;
    let is_wrong = count > 0 || scheme.is_empty();
    let right = format!("https://{known}{}", &rest[host.len()..]);
    (count <= 2 && is_wrong).then_some(right)
}
