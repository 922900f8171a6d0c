//! Who answered. A 403 means four different things, depending on that.

use crate::document::Strict;
use crate::loose::from_json;
use crate::wire::ErrorBody;
use azvm_exchange::Response;
use core::fmt;

/// The program that wrote a response, told from its status, headers and first bytes.
///
/// The marks are those that captured answers and the sources of the programs show; none is a promise. What matches no
/// row is [`Unknown`](Self::Unknown).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Responder {
    /// Azure Arc's agent: 401 with `WWW-Authenticate: Basic realm=<file>.key`.
    ArcAgent,
    /// The proxy of Docker Desktop: 403, "connecting to 169.254.169.254:80 …".
    DockerDesktop,
    /// The Guest Proxy Agent itself: empty body, `Connection: close`, no `Server`; or its 405 with `Allow` in plain text.
    GuestProxyAgent,
    /// An HTTP proxy: 407, `Via`, `X-Squid-Error`, `Proxy-…`, or HTML with 403 or a gateway's status.
    HttpProxy,
    /// The front of IMDS while the service restarts: 500, `text/plain`, `Server: Microsoft-IIS/…`.
    IisFront,
    /// IMDS: `Server: IMDS/…`.
    Imds,
    /// Answers in IMDS's form, without its `Server` header: another vendor's stand-in, or a path that strips headers.
    ImdsLike,
    /// IMDS through the Guest Proxy Agent, which adds `x-ms-azure-host-authorization`.
    ImdsThroughAgent,
    /// The metadata service of another cloud: `Server: EC2ws`, `Metadata-Flavor: Google`.
    OtherCloud,
    /// aad-pod-identity's NMI, by its words in plain text.
    PodIdentity,
    /// None of the above.
    Unknown,
}

impl Responder {
    /// Tells who wrote this response.
    pub fn of(response: &Response) -> Self {
        let server = response.header("server").unwrap_or_default();
        if starts_with_ignoring_case(server, "IMDS/") {
            return match response.header("x-ms-azure-host-authorization") {
                Some(_) => Self::ImdsThroughAgent,
                None => Self::Imds,
            };
        }
        if server.contains("EC2ws") || response.header("metadata-flavor").is_some() {
            return Self::OtherCloud;
        }
        if is_proxy(response) {
            return Self::HttpProxy;
        }
        if let Some(responder) = Self::by_first_words(response.body()) {
            return responder;
        }
        match response.status() {
            401 if is_arc_challenge(response) => Self::ArcAgent,
            405 if is_agents_405(response) => Self::GuestProxyAgent,
            500 if starts_with_ignoring_case(server, "Microsoft-IIS/") => Self::IisFront,
            403 | 421 | 500 | 502 | 503
                if server.is_empty() && response.body().is_empty() && closes(response) =>
            {
                Self::GuestProxyAgent
            }
            403 | 502..=504 if is_html(response) => Self::HttpProxy,
            _ if is_imds_shaped(response) => Self::ImdsLike,
            _ => Self::Unknown,
        }
    }

    /// Programs that answer in plain text give themselves away by their words.
    fn by_first_words(body: &[u8]) -> Option<Self> {
        let body = body.trim_ascii_start();
        let starts_with = |words: &&str| body.starts_with(words.as_bytes());
        if DOCKER_DESKTOP_WORDS.iter().any(starts_with) {
            return Some(Self::DockerDesktop);
        }
        POD_IDENTITY_WORDS
            .iter()
            .any(starts_with)
            .then_some(Self::PodIdentity)
    }

    /// True for IMDS and for the front that answers while it restarts.
    pub fn is_azure(self) -> bool {
        self.is_imds() || self == Self::IisFront
    }

    /// True when IMDS itself wrote the answer, as far as can be told.
    pub fn is_imds(self) -> bool {
        matches!(self, Self::Imds | Self::ImdsLike | Self::ImdsThroughAgent)
    }
}

/// How its answers start; what follows is of Windows, in the language of the machine.
const DOCKER_DESKTOP_WORDS: &[&str] = &["connecting to 169.254.169.254"];

/// How the plain-text answers of NMI start, with 400, 403, 404, 500 or 503, in its releases up to the last.
///
/// Source: Azure/aad-pod-identity:pkg/nmi/server/server.go, pkg/nmi/standard.go and pkg/nmi/managed.go;
/// Azure/azure-sdk-for-net#19242 for the first. Its 400 for a missing header is JSON like IMDS's.
const POD_IDENTITY_WORDS: &[&str] = &[
    "failed to refresh token, error: adal",
    "failed to get service principal token, error:",
    "no AzureAssignedIdentity found for pod:",
    "no azure identity found for request clientID",
    "getting assigned identities for pod ",
    "clientID in request: ",
    "azureidentity is not configured for the pod",
    "failed to get AzureIdentities for pod ",
    "parameter resource cannot be empty",
    "Request blocked by AAD Pod Identity NMI",
];

fn is_proxy(response: &Response) -> bool {
    let is_mark = |name: &str| {
        name.eq_ignore_ascii_case("via")
            || name.eq_ignore_ascii_case("x-squid-error")
            || starts_with_ignoring_case(name, "proxy-")
    };
    response.status() == 407 || response.headers().any(|(name, _)| is_mark(name))
}

fn is_html(response: &Response) -> bool {
    is_declared_html(response) || response.body().trim_ascii_start().starts_with(b"<")
}

pub(crate) fn is_declared_html(response: &Response) -> bool {
    response
        .header("content-type")
        .is_some_and(|kind| kind.to_ascii_lowercase().contains("html"))
}

/// The agent refuses CONNECT, TRACE and unknown verbs itself, in plain text; IMDS's own 405 is JSON.
fn is_agents_405(response: &Response) -> bool {
    response.header("allow").is_some()
        && response
            .body()
            .trim_ascii()
            .eq_ignore_ascii_case(b"Method Not Allowed")
}

fn is_arc_challenge(response: &Response) -> bool {
    response.header("www-authenticate").is_some_and(|value| {
        starts_with_ignoring_case(value, "Basic realm=")
            && value.trim_end_matches('"').ends_with(".key")
    })
}

fn closes(response: &Response) -> bool {
    response
        .header("connection")
        .is_some_and(|value| value.eq_ignore_ascii_case("close"))
}

/// Bodies of IMDS and its like are JSON objects with an `error`, a text or an object with a code; or, with 200, any JSON
/// object.
fn is_imds_shaped(response: &Response) -> bool {
    let body = response.body();
    if response.status() == 200 {
        return body.trim_ascii_start().starts_with(b"{");
    }
    from_json::<Strict<ErrorBody>>(response.json_body()).is_ok_and(|Strict(body)| body.has_error())
}

fn starts_with_ignoring_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

impl fmt::Display for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ArcAgent => "the Azure Arc agent",
            Self::DockerDesktop => "Docker Desktop's proxy",
            Self::GuestProxyAgent => "the Guest Proxy Agent",
            Self::HttpProxy => "an HTTP proxy",
            Self::IisFront => "the restarting front of IMDS",
            Self::Imds => "IMDS",
            Self::ImdsLike => "an IMDS stand-in",
            Self::ImdsThroughAgent => "IMDS (through the Guest Proxy Agent)",
            Self::OtherCloud => "another cloud's metadata service",
            Self::PodIdentity => "aad-pod-identity",
            Self::Unknown => "an unknown server",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, headers: &[(&str, &str)], body: &str, expected: Responder) {
        let headers = headers
            .iter()
            .map(|&(name, value)| (name.into(), value.into()))
            .collect();
        let response = Response::new(status, headers, body.as_bytes().to_vec());
        assert_eq!(Responder::of(&response), expected, "{status} {body}");
    }

    #[test]
    fn four_different_403s() {
        check(
            403,
            &[("Server", "IMDS/150.870.65.1854")],
            "{\"error\":\"access_denied\"}",
            Responder::Imds,
        );
        check(
            403,
            &[("Connection", "close")],
            "",
            Responder::GuestProxyAgent,
        );
        check(403, &[("Via", "1.1 squid")], "<html>", Responder::HttpProxy);
        check(
            403,
            &[],
            "connecting to 169.254.169.254:80: connecting …",
            Responder::DockerDesktop,
        );
    }

    #[test]
    fn the_agent_iis_and_proxies_are_told_apart() {
        let close = ("Connection", "close");
        for status in [403, 421, 500, 502, 503] {
            check(status, &[close], "", Responder::GuestProxyAgent);
            check(
                status,
                &[close, ("Server", "IMDS/1.2.3.4")],
                "",
                Responder::Imds,
            );
            check(status, &[close, ("Via", "1.1 x")], "", Responder::HttpProxy);
            let named = ("Server", "BaseHTTP/0.6 Python/3.11.7");
            check(status, &[close, named], "", Responder::Unknown);
        }
        check(404, &[close], "", Responder::Unknown);
        let iis = ("Server", "Microsoft-IIS/10.0");
        check(500, &[close, iis], "", Responder::IisFront);
        check(
            405,
            &[("Allow", "GET")],
            "Method Not Allowed",
            Responder::GuestProxyAgent,
        );
        check(
            405,
            &[("Allow", "GET")],
            "{\"error\":\"method_not_allowed\"}",
            Responder::ImdsLike,
        );
        check(405, &[], "Method Not Allowed", Responder::Unknown);
        for name in ["proxy-status", "Proxy-Agent", "X-Squid-Error"] {
            check(404, &[(name, "x")], "", Responder::HttpProxy);
        }
        for status in [403, 502, 503, 504] {
            check(status, &[], " <!DOCTYPE html>", Responder::HttpProxy);
            check(
                status,
                &[("Content-Type", "Text/HTML")],
                "",
                Responder::HttpProxy,
            );
        }
        check(404, &[], "<html>", Responder::Unknown);
    }

    #[test]
    fn aad_pod_identity_is_told_by_any_of_its_words() {
        for words in POD_IDENTITY_WORDS {
            for status in [400, 403, 404, 503] {
                check(
                    status,
                    &[],
                    &alloc::format!("{words} …\n"),
                    Responder::PodIdentity,
                );
            }
            let imds = [("Server", "IMDS/1.2.3.4")];
            check(403, &imds, words, Responder::Imds);
        }
    }

    #[test]
    fn a_realm_is_arcs_when_it_names_a_key_file() {
        let challenge = |realm| [("WWW-Authenticate", realm)];
        for realm in ["Basic realm=/var/x.key", "basic realm=\"C:\\x.key\""] {
            check(401, &challenge(realm), "", Responder::ArcAgent);
        }
        check(
            401,
            &challenge("Basic realm=\"corp\""),
            "",
            Responder::Unknown,
        );
        check(
            403,
            &challenge("Basic realm=/var/x.key"),
            "",
            Responder::Unknown,
        );
    }

    #[test]
    fn the_others() {
        let agent = [
            ("server", "imds/1.2.3.4"),
            ("x-ms-azure-host-authorization", "value"),
        ];
        check(200, &agent, "{}", Responder::ImdsThroughAgent);
        check(
            400,
            &[],
            "{\"error\":\"invalid_request\"}",
            Responder::ImdsLike,
        );
        check(
            404,
            &[("Server", "Kestrel")],
            "{\"error\":{\"code\":\"DefaultIdentityNotDefined\"}}",
            Responder::ImdsLike,
        );
        for body in ["{\"error\":{}}", "{\"code\":\"a\",\"message\":\"b\"}"] {
            check(400, &[], body, Responder::Unknown);
        }
        check(200, &[], " {\"access_token\":1}", Responder::ImdsLike);
        check(200, &[], "<html>", Responder::Unknown);
        check(404, &[("Server", "EC2ws")], "", Responder::OtherCloud);
        check(
            200,
            &[("Metadata-Flavor", "Google")],
            "",
            Responder::OtherCloud,
        );
        check(407, &[], "", Responder::HttpProxy);
        check(
            502,
            &[("Content-Type", "text/html")],
            "",
            Responder::HttpProxy,
        );
        check(
            500,
            &[
                ("Server", "Microsoft-IIS/10.0"),
                ("Content-Type", "text/plain"),
            ],
            "x",
            Responder::IisFront,
        );
        check(
            401,
            &[("WWW-Authenticate", "Basic realm=/x.key")],
            "{}",
            Responder::ArcAgent,
        );
        check(
            403,
            &[],
            "failed to refresh token, error: adal: …",
            Responder::PodIdentity,
        );
        check(404, &[], "not found", Responder::Unknown);
        check(400, &[("Server", "é")], "", Responder::Unknown);
    }
}
