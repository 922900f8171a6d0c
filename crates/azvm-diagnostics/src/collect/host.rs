//! The machine: firmware, system, and the proxy variables that other clients obey. Reads only.

use super::Simulated;
use super::reader::{Reader, text, unknown};
use crate::agent::AgentStatus;
use crate::environment::IdentityVariable;
use crate::facts::{AssetTag, HostFacts, ProxyVariable};
use crate::known::{Known, Unknown, firmware_ids};
use crate::linux::LinuxFacts;
use crate::windows::WindowsFacts;
#[cfg(any(windows, target_os = "linux"))]
use azvm_exchange::Host;
use azvm_exchange::{Origin, service_text};
use azvm_http::ProxyRules;
use azvm_imds::Endpoint;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

const ASSET_TAG_FILE: &str = "/sys/class/dmi/id/chassis_asset_tag";
const PRODUCT_UUID_FILE: &str = "/sys/class/dmi/id/product_uuid";
const KERNEL_FILE: &str = "/proc/sys/kernel/osrelease";

/// No fact is longer than this.
const FILE_BYTES: u64 = 4096;

/// The variables that HTTP clients read for a plain `http` address, in the order in which most do. To Windows both
/// cases of a name are one variable.
const PROXY_VARIABLES: &[&str] = if cfg!(windows) {
    &["HTTP_PROXY", "ALL_PROXY"]
} else {
    &["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
};
const NO_PROXY_VARIABLES: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// `imds` is where the metadata service is looked for.
pub(super) async fn collect(simulated: Option<&Simulated>, imds: &Endpoint) -> HostFacts {
    // Of a simulated machine nothing is known but what its scenario says.
    let (windows, linux) = match simulated {
        Some(_) => Default::default(),
        None => (windows_facts(imds), linux_facts(imds).await),
    };
    let asset_tag = simulated.map(|machine| machine.asset_tag.as_str());
    let variable = |name: &str| variable(simulated, name);
    let firmware_ids = match (asset_tag, &windows) {
        (Some(_), _) => Err(Unknown::NotAsked),
        (None, Some(windows)) => windows.firmware_ids(),
        (None, None) => read(Path::new(PRODUCT_UUID_FILE))
            .map_err(|error| unknown(&error))
            .and_then(|uuid| firmware_ids(&uuid)),
    };
    let proxies = PROXY_VARIABLES.iter().filter_map(|&name| {
        let host = proxy_host(&variable(name)?);
        Some(ProxyVariable {
            name: name.into(),
            host,
        })
    });
    HostFacts {
        asset_tag: match (asset_tag, &windows) {
            (Some(tag), _) => AssetTag::Present(tag.into()),
            (None, Some(windows)) => windows.asset_tag(),
            (None, None) => read_asset_tag(Path::new(ASSET_TAG_FILE)),
        },
        os: std::env::consts::OS.into(),
        kernel: match &windows {
            Some(windows) => windows.version.clone().ok(),
            None if cfg!(windows) => None,
            None => read(Path::new(KERNEL_FILE)).ok(),
        },
        proxies: proxies.collect(),
        no_proxy_covers_imds: NO_PROXY_VARIABLES
            .iter()
            .filter_map(|name| variable(name))
            .any(|list| covers_imds(&list)),
        environment: IdentityVariable::read_all(|name| set_variable(simulated, name)),
        firmware_ids,
        agent_status: match asset_tag {
            Some(_) => Err(Unknown::NotAsked),
            None => agent_status().await,
        },
        linux,
        windows,
    }
}

/// Where the metadata service is, unless that is a name, for which nobody is to be asked here.
#[cfg(any(windows, target_os = "linux"))]
fn address(imds: &Endpoint) -> Option<std::net::SocketAddr> {
    let origin = imds.origin();
    match origin.host() {
        Host::Ip(ip) => Some((*ip, origin.port()).into()),
        _ => None,
    }
}

#[cfg(target_os = "linux")]
async fn linux_facts(imds: &Endpoint) -> Option<LinuxFacts> {
    Some(super::linux::collect(Path::new("/"), address(imds)).await)
}

#[cfg(not(target_os = "linux"))]
async fn linux_facts(_: &Endpoint) -> Option<LinuxFacts> {
    None
}

#[cfg(windows)]
fn windows_facts(imds: &Endpoint) -> Option<WindowsFacts> {
    Some(super::windows::collect(address(imds)))
}

#[cfg(not(windows))]
fn windows_facts(_: &Endpoint) -> Option<WindowsFacts> {
    None
}

fn read_asset_tag(path: &Path) -> AssetTag {
    match read(path) {
        Ok(tag) => AssetTag::Present(tag),
        // Linux without this file has no firmware tables; elsewhere they are read in another way.
        Err(error) if error.kind() == ErrorKind::NotFound && cfg!(target_os = "linux") => {
            AssetTag::Absent
        }
        Err(_) => AssetTag::Unknown,
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(FILE_BYTES)
        .read_to_end(&mut bytes)?;
    Ok(service_text(&String::from_utf8_lossy(&bytes)))
}

/// Where the agent keeps its state; `None` on a Windows that names no drive of its own.
fn agent_folder() -> Option<PathBuf> {
    if !cfg!(windows) {
        return Some("/var/log/azure-proxy-agent".into());
    }
    let drive = variable(None, "SystemDrive")?;
    Some(format!(r"{drive}\WindowsAzure\ProxyAgent\Logs").into())
}

async fn agent_status() -> Known<AgentStatus> {
    let folder = agent_folder().ok_or(Unknown::Absent)?;
    let own = std::env::current_exe().ok();
    let own = own.map(|path| path.to_string_lossy().into_owned());
    let read =
        move |folder: &Path| AgentStatus::read(&text(folder, "status.json")?, own.as_deref());
    Reader::start(&folder, read).end().await
}

/// The proxy that a client which obeys the environment would take to `arm`, decided as curl does.
pub(super) fn arm_proxy(simulated: Option<&Simulated>, arm: &Origin) -> Option<ProxyVariable> {
    let variable = |name: &str| variable(simulated, name);
    let of = |names: [&'static str; 4]| {
        let mut names = names.into_iter();
        names.find_map(|name| Some((name, variable(name)?)))
    };
    let (name, value) = of(["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?;
    // What this crate cannot speak to is still what others take.
    let is_exempt = |rules: ProxyRules| rules.proxy_for(arm).is_none();
    if ProxyRules::from_lookup(variable).is_ok_and(is_exempt) {
        return None;
    }
    Some(ProxyVariable {
        name: name.into(),
        host: proxy_host(&value),
    })
}

/// Empty means unset.
fn variable(simulated: Option<&Simulated>, name: &str) -> Option<String> {
    set_variable(simulated, name).filter(|value| !value.is_empty())
}

/// Empty is a value.
fn set_variable(simulated: Option<&Simulated>, name: &str) -> Option<String> {
    if let Some(machine) = simulated {
        return machine.variables.get(name).cloned();
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "the environment is read here and nowhere else in this crate"
    )]
    let value = std::env::var_os(name)?;
    Some(value.to_string_lossy().trim().to_string())
}

/// Host and port: a proxy URL often holds a password. What stands before the last `@` is dropped first, so that a
/// password with a slash in it does not show either.
pub(crate) fn proxy_host(value: &str) -> String {
    let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    service_text(rest.split(['/', '?', '#']).next().unwrap_or_default())
}

/// As curl reads it: a list of names and addresses, or `*`.
pub(crate) fn covers_imds(list: &str) -> bool {
    list.split([',', ' '])
        .any(|item| matches!(item.trim(), "*" | "169.254.169.254" | "169.254.0.0/16"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxys_password_is_dropped() {
        assert_eq!(
            proxy_host("http://user:p%40ss@proxy.corp:3128/x"),
            "proxy.corp:3128"
        );
        assert_eq!(proxy_host("user:a/b@c@proxy:1"), "proxy:1");
        assert_eq!(proxy_host("proxy:3128"), "proxy:3128");
    }

    proptest::proptest! {
        #[test]
        fn no_password_is_left_of_a_proxy(password in "[!-~]{1,40}", scheme in "(http://|https://|)") {
            let host = proxy_host(&format!("{scheme}user:pw.{password}@proxy.corp:3128/path"));
            proptest::prop_assert_eq!(host, "proxy.corp:3128");
        }
    }

    #[test]
    fn no_proxy_lists() {
        assert!(covers_imds("localhost, 169.254.169.254"));
        assert!(covers_imds("*"));
        assert!(!covers_imds("localhost,.internal"));
        assert!(!covers_imds(""));
    }

    #[test]
    fn a_missing_or_unreadable_tag_is_not_a_tag() {
        assert_ne!(
            read_asset_tag(Path::new("/nonexistent/tag")),
            AssetTag::Present(String::new())
        );
        assert_eq!(read_asset_tag(Path::new("/")), AssetTag::Unknown);
    }
}
