//! What Linux itself tells of the machine, and the readers of the forms in which it shows that.
//!
//! The readers are pure, so that they are tried on every system; `collect` gives them the files.

mod filter;
mod lease;
mod listener;
mod nat;
mod proxy;
mod route;

pub use crate::known::{Address, Known, Unknown};
pub use filter::{FilterRule, FilterVerdict, Filters};
pub use lease::Lease;
pub use listener::{MAX_SOCKETS, WATCHED_PORTS, listeners};
pub use nat::{MAX_RULES, Redirections, request};
pub use proxy::ProxyFile;
pub use route::{MAX_ROUTES, Route, routes};

use std::time::Duration;

/// What Linux tells of the machine. No secret is part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinuxFacts {
    /// Network interfaces, by name.
    pub interfaces: Known<Vec<Interface>>,
    /// The IPv4 routes of the main table that lead to the metadata or the platform address, the default ones among
    /// them. Rules that choose other tables are not seen.
    pub routes: Known<Vec<Route>>,
    /// Which of [`WATCHED_PORTS`] somebody listens on.
    pub listeners: Known<Vec<u16>>,
    /// What says that this is a container; empty when nothing does.
    pub container: Known<Vec<ContainerMark>>,
    /// Whether this is the Windows Subsystem for Linux.
    pub is_wsl: Known<bool>,
    /// Since the machine started.
    pub uptime: Known<Duration>,
    /// Whether the Azure Connected Machine agent (Arc) is installed.
    pub arc_agent: Known<bool>,
    /// Whether the Guest Proxy Agent is installed.
    pub guest_agent: Known<bool>,
    /// Files of the system that name a proxy for every session.
    pub proxy_files: Known<Vec<ProxyFile>>,
    /// The local address that the system would take to the metadata address, or `None` without a route.
    pub source_address: Known<Option<Address>>,
    /// What DHCP gave.
    pub leases: Known<Vec<Lease>>,
    /// Whether this user may read the files by which the Arc agent tells privileged users from others.
    pub arc_tokens: Known<bool>,
    /// The ports that nf_tables sends requests for IMDS to, whose requests they may be.
    pub redirections: Known<Vec<u16>>,
    /// Rules and policies of nf_tables that keep this machine's requests from IMDS.
    pub filter_rules: Known<Vec<FilterRule>>,
}

impl LinuxFacts {
    /// The route to the metadata address: the most exact one, and of those the one with the lowest metric.
    pub fn imds_route(&self) -> Option<&Route> {
        best(self.routes.as_ref().ok()?, |route| route.leads_to_imds)
    }

    /// The default route that wins.
    pub fn default_route(&self) -> Option<&Route> {
        best(self.routes.as_ref().ok()?, |route| route.prefix == 0)
    }

    /// The name of the interface that Azure gives the way to the metadata service: that of the default route, or else the
    /// only network card. `None` when there are several and no route tells.
    pub fn primary_interface(&self) -> Option<&str> {
        if let Some(route) = self.default_route().filter(|route| !route.is_reject) {
            return Some(&route.interface);
        }
        let interfaces = self.interfaces.as_ref().ok()?;
        let mut cards = interfaces.iter().filter(|interface| interface.is_hardware);
        let only = cards.next()?;
        cards.next().is_none().then_some(only.name.as_str())
    }

    /// The addresses that DHCP gave to the interface of that name; none when it is not known.
    pub fn leased(&self, name: &str) -> impl Iterator<Item = &Address> {
        let leases = self.leases.iter().flatten();
        leases
            .filter(move |lease| lease.interface == name)
            .map(|lease| &lease.address)
    }

    /// The interface of that name.
    pub fn interface(&self, name: &str) -> Option<&Interface> {
        let interfaces = self.interfaces.as_ref().ok()?;
        interfaces.iter().find(|interface| interface.name == name)
    }

    /// Whether somebody listens on `port`, one of [`WATCHED_PORTS`].
    pub fn listens(&self, port: u16) -> Known<bool> {
        let listeners = self.listeners.as_ref().map_err(|unknown| *unknown)?;
        Ok(listeners.contains(&port))
    }

    /// What could not be read for want of a right.
    pub fn denied(&self) -> Vec<&'static str> {
        let is_denied = |unknown: Option<Unknown>| unknown == Some(Unknown::Denied);
        let facts = [
            ("interfaces", self.interfaces.as_ref().err()),
            ("routes", self.routes.as_ref().err()),
            ("listeners", self.listeners.as_ref().err()),
            ("container", self.container.as_ref().err()),
            ("is_wsl", self.is_wsl.as_ref().err()),
            ("uptime", self.uptime.as_ref().err()),
            ("arc_agent", self.arc_agent.as_ref().err()),
            ("guest_agent", self.guest_agent.as_ref().err()),
            ("proxy_files", self.proxy_files.as_ref().err()),
            ("redirections", self.redirections.as_ref().err()),
            ("filter_rules", self.filter_rules.as_ref().err()),
        ];
        let denied = facts
            .into_iter()
            .filter(|(_, unknown)| is_denied(unknown.copied()));
        denied.map(|(name, _)| name).collect()
    }
}

fn best(routes: &[Route], is_meant: impl Fn(&Route) -> bool) -> Option<&Route> {
    let meant = routes.iter().filter(|route| is_meant(route));
    // Of equal ones the first, as in the kernel's own order.
    meant.min_by_key(|route| (std::cmp::Reverse(route.prefix), route.metric))
}

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interface {
    /// Such as `eth0`.
    pub name: String,
    /// Six bytes in hexadecimal, separated by colons; `None` for an interface without such an address.
    pub mac: Option<String>,
    /// True for what carries packets into a tunnel: `tun`, `tap`, WireGuard, PPP and the like.
    pub is_tunnel: bool,
    /// True when it stands for a network card, and not for a bridge, a tunnel or loopback.
    pub is_hardware: bool,
}

/// What says that a process runs in a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContainerMark {
    /// `/.dockerenv`, which Docker makes.
    DockerFile,
    /// `/run/.containerenv`, which Podman makes.
    PodmanFile,
    /// The service account of a Kubernetes pod.
    ServiceAccount,
    /// The control group of a Kubernetes pod.
    PodGroup,
    /// The control group of a container engine.
    EngineGroup,
}

impl ContainerMark {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::DockerFile,
        Self::PodmanFile,
        Self::ServiceAccount,
        Self::PodGroup,
        Self::EngineGroup,
    ];

    /// As it stands in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DockerFile => "/.dockerenv",
            Self::PodmanFile => "/run/.containerenv",
            Self::ServiceAccount => "service account",
            Self::PodGroup => "cgroup of a pod",
            Self::EngineGroup => "cgroup of a container",
        }
    }

    /// Whether it says that this is a Kubernetes pod.
    pub fn is_pod(self) -> bool {
        matches!(self, Self::ServiceAccount | Self::PodGroup)
    }

    /// Reads `text`, the control groups of the first process (cgroups(7), "/proc files").
    pub fn of_groups(text: &str) -> Option<Self> {
        let is_in = |word| text.lines().any(|line| line.contains(word));
        if is_in("kubepods") {
            return Some(Self::PodGroup);
        }
        let engines = ["/docker", "/lxc", "/libpod", "containerd", "/podman"];
        engines.into_iter().any(is_in).then_some(Self::EngineGroup)
    }
}
