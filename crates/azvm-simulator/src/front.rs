//! Others on the path: what answers in place of the service, or changes what it says.
//!
//! Where the field names a header or a status, it is that of the product; the pages are this project's own.

use crate::arc;
use crate::exchange::{Effect, Reply, Request};
use crate::server::WireFault;
use crate::simulator::State;
use crate::text::percent_decode;

/// Somebody between a client and the service that it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Front {
    /// The metadata service of Amazon's cloud, which has the same address.
    Aws,
    /// The agent of Azure Arc: a token comes after a challenge, which is a file.
    AzureArc,
    /// A login page answers everything with 200.
    CaptivePortal,
    /// Docker Desktop's proxy, on a computer that is not on Azure.
    DockerDesktop,
    /// The metadata service of Google's cloud.
    GoogleCloud,
    /// Azure's Guest Proxy Agent: it marks what it forwards and denies the paths that the scenario names.
    GuestProxyAgent,
    /// An HTTP proxy that does not allow the address.
    #[serde(rename = "http-proxy-403")]
    HttpProxy403,
    /// An HTTP proxy that wants a password.
    #[serde(rename = "http-proxy-407")]
    HttpProxy407,
    /// An HTTP proxy that does not reach the address.
    #[serde(rename = "http-proxy-502")]
    HttpProxy502,
    /// The web server in front of IMDS, while IMDS restarts.
    Iis,
    /// TLS is opened on the way: the certificate is from an authority that nobody trusts. The answers are ARM's own.
    Interceptor,
}

/// The name and the variant of each, as scenario files write it.
impl Front {
    /// From its name, such as `docker-desktop`.
    pub fn named(name: &str) -> Option<Self> {
        use serde::de::IntoDeserializer;
        use serde::de::value::{Error, StrDeserializer};
        let name: StrDeserializer<'_, Error> = name.into_deserializer();
        serde::Deserialize::deserialize(name).ok()
    }
}

/// The answer of whoever stands in front; `None` when the request goes through.
pub(crate) fn intercept(state: &State, front: Front, request: &Request) -> Option<Reply> {
    match front {
        Front::Interceptor => None,
        Front::AzureArc => arc::intercept(state, request),
        Front::GuestProxyAgent => agent(state, request),
        Front::Aws => Some(
            Reply::html(404, page("404 - Not Found", "There is no such metadata."))
                .with_header("server", "EC2ws"),
        ),
        Front::GoogleCloud => Some(
            Reply::html(
                403,
                page("Forbidden", "The header Metadata-Flavor is missing."),
            )
            .with_header("metadata-flavor", "Google")
            .with_header("server", "Metadata Server for VM"),
        ),
        Front::CaptivePortal => Some(
            Reply::html(200, page("Welcome", "Please log in to use this network."))
                .with_header("cache-control", "no-store"),
        ),
        Front::DockerDesktop => Some(docker_desktop()),
        Front::HttpProxy403 => Some(proxy(403, "ERR_ACCESS_DENIED 0", "Access Denied.")),
        Front::HttpProxy407 => Some(
            proxy(
                407,
                "ERR_CACHE_ACCESS_DENIED 0",
                "Authentication is required.",
            )
            .with_header("proxy-authenticate", "Basic realm=\"proxy\""),
        ),
        Front::HttpProxy502 => Some(proxy(
            502,
            "ERR_CONNECT_FAIL 110",
            "The remote host does not answer.",
        )),
        Front::Iis => Some(
            Reply::new(500, "text/plain", "Internal Server Error".to_owned())
                .with_header("server", "Microsoft-IIS/10.0"),
        ),
    }
}

/// What is added to an answer that went through.
pub(crate) fn forwarded(front: Option<Front>, reply: Reply) -> Reply {
    match front {
        Some(Front::GuestProxyAgent) => reply.with_header("x-ms-azure-host-authorization", "value"),
        _ => reply,
    }
}

fn proxy(status: u16, squid_error: &str, text: &str) -> Reply {
    Reply::html(status, page("ERROR", text))
        .with_header("server", "squid/6.6")
        .with_header("via", "1.1 proxy (squid/6.6)")
        .with_header("x-squid-error", squid_error)
}

fn docker_desktop() -> Reply {
    let text = "connecting to 169.254.169.254:80: connecting to 169.254.169.254:80: \
        dial tcp 169.254.169.254:80: connectex: A socket operation was attempted to an unreachable network.";
    Reply::text(403, text).with_effect(Effect {
        wire: Some(WireFault::Http10),
        ..Effect::default()
    })
}

/// Empty refusals that end the connection; what passes is forwarded and marked.
fn agent(state: &State, request: &Request) -> Option<Reply> {
    let path = percent_decode(&request.path, false).to_ascii_lowercase();
    if matches!(request.method.as_str(), "CONNECT" | "TRACE") {
        return Some(
            Reply::text(405, "Method Not Allowed").with_header("allow", "GET, POST, PUT, DELETE"),
        );
    }
    let mut denied = state.scenario.imds.denied_paths.iter();
    let is_denied = request.path.contains("//")
        || path.split('/').any(|segment| segment == "..")
        || denied.any(|prefix| path.starts_with(prefix.as_str()));
    is_denied.then(|| Reply::empty(403).with_header("connection", "close"))
}

fn page(title: &str, text: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_scenario_files() {
        assert_eq!(Front::named("docker-desktop"), Some(Front::DockerDesktop));
        assert_eq!(Front::named("http-proxy-407"), Some(Front::HttpProxy407));
        assert_eq!(Front::named("DockerDesktop"), None);
    }
}
