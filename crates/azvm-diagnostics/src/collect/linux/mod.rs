//! Linux: what its files tell. Reads only, as the user who runs it, each within its own time.

mod lease;
mod nat;

use super::path::source_address;
use super::reader::{Reader, text, unknown};
use crate::known::{Known, Unknown};
use crate::linux::{ContainerMark, Interface, LinuxFacts, ProxyFile, listeners, routes};
use azvm_exchange::service_text;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// More interfaces than these belong to a host of many containers, and are not looked at one by one.
const MAX_INTERFACES: usize = 1024;

/// More files than these in the folder of profiles are not read.
const MAX_PROFILES: usize = 64;

/// Reads everything below `root`, which is `/` but in tests. `imds` is where the metadata service is looked for, when that
/// is an address.
pub(super) async fn collect(root: &Path, imds: Option<SocketAddr>) -> LinuxFacts {
    let interfaces = Reader::start(root, interfaces);
    let routes = Reader::start(root, |root| routes(&text(root, "proc/net/route")?));
    let listeners = Reader::start(root, all_listeners);
    let container = Reader::start(root, container);
    let is_wsl = Reader::start(root, is_wsl);
    let uptime = Reader::start(root, uptime);
    let arc_agent = Reader::start(root, |root| any_exists(root, &ARC_AGENT));
    let guest_agent = Reader::start(root, |root| any_exists(root, &GUEST_AGENT));
    let proxy_files = Reader::start(root, proxy_files);
    let leases = Reader::start(root, lease::leases);
    let redirections = Reader::start(root, nat::redirections);
    let filter_rules = Reader::start(root, nat::filter_rules);
    let arc_tokens = Reader::start(root, |root| may_list(root, ARC_TOKENS));
    LinuxFacts {
        interfaces: interfaces.end().await,
        routes: routes.end().await,
        listeners: listeners.end().await,
        container: container.end().await,
        is_wsl: is_wsl.end().await,
        uptime: uptime.end().await,
        arc_agent: arc_agent.end().await,
        guest_agent: guest_agent.end().await,
        proxy_files: proxy_files.end().await,
        source_address: imds.map_or(Err(Unknown::NotAsked), source_address),
        leases: leases.end().await,
        arc_tokens: arc_tokens.end().await,
        redirections: redirections.end().await,
        filter_rules: filter_rules.end().await,
    }
}

/// Source: Microsoft, "Overview of the Azure Connected Machine agent"; `microsoft-authentication-library-for-dotnet`
/// looks for the same two.
const ARC_AGENT: [&str; 2] = ["opt/azcmagent/bin/himds", "var/opt/azcmagent/bin/himds"];

/// Where the agent puts the files by which callers prove that they are privileged: members of the group `himds` alone may
/// look into the folder. Source: Microsoft, "Authenticate against Azure resources with Azure Arc-enabled servers".
const ARC_TOKENS: &str = "var/opt/azcmagent/tokens";

/// Source: Azure/GuestProxyAgent, the list of files of its package.
const GUEST_AGENT: [&str; 2] = [
    "usr/sbin/azure-proxy-agent",
    "usr/lib/systemd/system/azure-proxy-agent.service",
];

fn exists(root: &Path, file: &str) -> Known<bool> {
    match std::fs::metadata(root.join(file)) {
        Ok(_) => Ok(true),
        Err(error) => match unknown(&error) {
            Unknown::Absent => Ok(false),
            why => Err(why),
        },
    }
}

/// Whether this user may look into a folder that is there.
fn may_list(root: &Path, folder: &str) -> Known<bool> {
    match std::fs::read_dir(root.join(folder)).map_err(|error| unknown(&error)) {
        Ok(_) => Ok(true),
        Err(Unknown::Denied) => Ok(false),
        Err(why) => Err(why),
    }
}

/// One that is there is enough; none is only known when each is known to be missing.
fn any_exists(root: &Path, files: &[&str]) -> Known<bool> {
    let mut any = Ok(false);
    for file in files {
        match exists(root, file) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(why) => any = Err(why),
        }
    }
    any
}

fn is_wsl(root: &Path) -> Known<bool> {
    let kernel = text(root, "proc/sys/kernel/osrelease")?.to_lowercase();
    Ok(kernel.contains("microsoft"))
}

/// The first number of two, in seconds (proc_uptime(5)).
fn uptime(root: &Path) -> Known<Duration> {
    let text = text(root, "proc/uptime")?;
    let seconds = text.split(['.', ' ']).next().unwrap_or_default();
    let seconds = seconds.parse().map_err(|_| Unknown::Unreadable)?;
    Ok(Duration::from_secs(seconds))
}

/// Of both families; a machine without IPv6 has no second table.
fn all_listeners(root: &Path) -> Known<Vec<u16>> {
    let mut ports = listeners(&text(root, "proc/net/tcp")?)?;
    match text(root, "proc/net/tcp6") {
        Ok(table) => ports.extend(listeners(&table)?),
        Err(Unknown::Absent) => {}
        Err(why) => return Err(why),
    }
    ports.sort_unstable();
    ports.dedup();
    Ok(ports)
}

fn container(root: &Path) -> Known<Vec<ContainerMark>> {
    let files = [
        (".dockerenv", ContainerMark::DockerFile),
        ("run/.containerenv", ContainerMark::PodmanFile),
        (
            "var/run/secrets/kubernetes.io/serviceaccount",
            ContainerMark::ServiceAccount,
        ),
    ];
    let mut marks = Vec::new();
    let mut missing = None;
    for (file, mark) in files {
        match exists(root, file) {
            Ok(is_there) => marks.extend(is_there.then_some(mark)),
            Err(why) => missing = Some(why),
        }
    }
    match text(root, "proc/1/cgroup") {
        Ok(groups) => marks.extend(ContainerMark::of_groups(&groups)),
        // Without control groups, or where others' processes are hidden, there are still the files.
        Err(Unknown::Absent | Unknown::Denied) => {}
        Err(why) => missing = Some(why),
    }
    match missing {
        Some(why) if marks.is_empty() => Err(why),
        _ => Ok(marks),
    }
}

/// As the kernel's folder has them (sysfs-class-net).
fn interfaces(root: &Path) -> Known<Vec<Interface>> {
    let folder = root.join("sys/class/net");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| unknown(&error))? {
        let entry = entry.map_err(|error| unknown(&error))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
        if names.len() > MAX_INTERFACES {
            return Err(Unknown::Unreadable);
        }
    }
    names.sort();
    // The folder has plain files, too, such as `bonding_masters`.
    let is_folder = |name: &String| root.join("sys/class/net").join(name).is_dir();
    Ok(names
        .iter()
        .filter(|name| is_folder(name))
        .map(|name| interface(root, name))
        .collect())
}

fn interface(root: &Path, name: &str) -> Interface {
    let file = |file: &str| text(root, &format!("sys/class/net/{name}/{file}")).ok();
    let is_there = |it: &str| exists(root, &format!("sys/class/net/{name}/{it}")) == Ok(true);
    let kind = file("type").and_then(|it| it.trim().parse::<u32>().ok());
    let is_wireguard = file("uevent").is_some_and(|it| it.contains("DEVTYPE=wireguard"));
    let is_tunnel =
        is_there("tun_flags") || is_wireguard || kind.is_some_and(|it| TUNNELS.contains(&it));
    let mac = file("address").map(|it| service_text(it.trim()));
    Interface {
        is_tunnel,
        is_hardware: kind == Some(ETHERNET) && is_there("device"),
        mac: mac.filter(|mac| mac.len() == 17 && kind == Some(ETHERNET)),
        name: service_text(name),
    }
}

/// `ARPHRD_…` of Linux, include/uapi/linux/if_arp.h.
const ETHERNET: u32 = 1;

/// PPP, IP in IP twice, SIT, GRE, and what has no header of its own, such as `tun`.
const TUNNELS: [u32; 6] = [512, 768, 769, 776, 778, 65534];

/// Files that are not there set nothing.
fn proxy_files(root: &Path) -> Known<Vec<ProxyFile>> {
    let mut files = vec![
        "etc/environment".to_string(),
        "etc/sysconfig/proxy".to_string(),
    ];
    files.extend(profiles(root)?);
    let mut found = Vec::new();
    for file in files {
        match text(root, &file) {
            Ok(text) => found.extend(ProxyFile::read(&format!("/{file}"), &text)),
            Err(Unknown::Absent) => {}
            Err(why) => return Err(why),
        }
    }
    Ok(found)
}

fn profiles(root: &Path) -> Known<Vec<String>> {
    let folder = match std::fs::read_dir(root.join("etc/profile.d")) {
        Ok(folder) => folder,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(unknown(&error)),
    };
    let mut files = Vec::new();
    for entry in folder {
        let name = entry.map_err(|error| unknown(&error))?.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(".sh") {
            files.push(format!("etc/profile.d/{name}"));
        }
        if files.len() > MAX_PROFILES {
            return Err(Unknown::Unreadable);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests;
