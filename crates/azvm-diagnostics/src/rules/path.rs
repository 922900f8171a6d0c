//! Why the way to IMDS is lost, by what the machine says of its network.

use super::{Verdict, machine};
use crate::catalogue::{
    Entry, HOST_013, IMDS_015, IMDS_023, NET_002, NET_003, NET_005, NET_006, NET_007, NET_008,
    NET_009, NET_010, NET_011, NET_013, NET_016, NET_017, NET_018, NET_020, NET_021,
};
use crate::facts::{Facts, Reach};
use crate::finding::{Confidence, Finding, Severity, Values};
use crate::known::{Known, Unknown};
use crate::linux::{FilterRule, FilterVerdict, LinuxFacts, Route};
use crate::windows::{Adapter, ProxySettings, WindowsFacts};
use azvm_exchange::{Failure, FailureKind, Phase};
use std::time::Duration;

/// Where the Guest Proxy Agent listens.
const AGENT_PORT: u16 = 3080;

/// Where the server of AAD Pod Identity, NMI, listens.
const NMI_PORT: u16 = 2579;

/// Words in the descriptions of adapters that carry packets into a tunnel.
const TUNNEL_ADAPTERS: [&str; 8] = [
    "AnyConnect",
    "Fortinet",
    "PANGP",
    "Tailscale",
    "TAP-Windows",
    "VPN",
    "WireGuard",
    "Wintun",
];

/// The adapter of a Windows failover cluster.
const CLUSTER_ADAPTER: &str = "Failover Cluster Virtual Adapter";

/// A cause that is more exact than how the silence sounds.
pub(super) struct Cause {
    pub(super) entry: &'static Entry,
    pub(super) because: String,
    pub(super) confidence: Confidence,
}

fn likely(entry: &'static Entry, because: impl Into<String>) -> Option<Cause> {
    Some(Cause {
        entry,
        because: because.into(),
        confidence: Confidence::Likely,
    })
}

/// What the machine shows of the way to IMDS, when it was asked at its own address and did not connect.
pub(super) fn cause(failure: &Failure, facts: &Facts, verdict: &mut Verdict) -> Option<Cause> {
    if !facts.imds.is_default_endpoint || failure.phase > Phase::Connect {
        return None;
    }
    let windows = facts.host.windows.as_ref();
    let linux = facts.host.linux.as_ref();
    if let Some(windows) = windows {
        saw_windows(windows, verdict);
    }
    if let Some(linux) = linux {
        saw_linux(linux, verdict);
    }
    if let Ok(reach) = facts.imds.platform {
        verdict.saw("platform_address", reach.to_string());
    }
    match failure.kind {
        FailureKind::Refused => linux.and_then(|linux| {
            agent_gone(linux)
                .or_else(|| nmi_gone(linux))
                .or_else(|| kept_by_filter(linux, failure))
        }),
        FailureKind::Timeout | FailureKind::Unreachable => linux
            .and_then(|linux| kept_by_filter(linux, failure))
            .or_else(|| windows.and_then(|windows| lost_on_windows(windows, failure)))
            .or_else(|| linux.and_then(|linux| lost_on_linux(linux, failure)))
            .or_else(|| kept_in_container(failure, facts))
            .or_else(|| both_dead(failure, facts)),
        _ => None,
    }
}

fn saw_linux(linux: &LinuxFacts, verdict: &mut Verdict) {
    if let Some(route) = linux.imds_route() {
        let via = route
            .gateway
            .as_ref()
            .map_or_else(|| "on its own link".into(), |it| format!("via {it}"));
        let shown = format!(
            "{} {via}, /{} metric {}",
            route.interface, route.prefix, route.metric
        );
        verdict.saw("route_interface", shown);
    }
    let source = linux.source_address.as_ref().ok().and_then(Option::as_ref);
    verdict.saw_some("local_address", source.map(ToString::to_string));
    let primary = linux
        .imds_route()
        .and_then(|route| linux.leased(&route.interface).next());
    verdict.saw_some("primary_address", primary.map(ToString::to_string));
    let default = linux.default_route();
    verdict.saw_some("primary_interface", default.map(|it| it.interface.as_str()));
    let rules = linux.filter_rules.iter().flatten();
    let rules: Vec<String> = rules.map(shown_filter).collect();
    verdict.saw_some(
        "firewall_rules",
        (!rules.is_empty()).then(|| rules.join("; ")),
    );
    if linux.guest_agent == Ok(true) {
        let listens = match linux.listens(AGENT_PORT) {
            Ok(true) => "somebody listens".into(),
            Ok(false) => "nobody listens".into(),
            Err(why) => format!("unknown: {why}"),
        };
        verdict.saw("agent_listener", listens);
    }
}

fn saw_windows(windows: &WindowsFacts, verdict: &mut Verdict) {
    if let Some(adapter) = windows.chosen_adapter() {
        verdict.saw(
            "route_interface",
            format!("{} ({})", adapter.name, adapter.description),
        );
        let dhcp = adapter.dhcp.map(|is_on| if is_on { "on" } else { "off" });
        verdict.saw_some("dhcp", dhcp.ok());
    }
    if let Ok(routes) = &windows.persistent_routes {
        let leading = routes.iter().filter(|route| route.leads_to_imds);
        let shown: Vec<String> = leading
            .map(|route| {
                format!(
                    "{}/{} via {}",
                    route.destination, route.prefix, route.gateway
                )
            })
            .collect();
        let shown = shown.join(", ");
        let shown = if shown.is_empty() {
            "none to IMDS"
        } else {
            &shown
        };
        verdict.saw("persistent_routes", shown);
    }
}

/// A rule of the machine's own packet filter that does to the packet what was seen.
fn kept_by_filter(linux: &LinuxFacts, failure: &Failure) -> Option<Cause> {
    let (entry, is_told) = match failure.kind {
        FailureKind::Timeout => (&NET_002, false),
        FailureKind::Refused | FailureKind::Unreachable => (&NET_003, true),
        _ => return None,
    };
    let mut rules = linux.filter_rules.iter().flatten();
    let rule = rules.find(|rule| (rule.verdict == FilterVerdict::Reject) == is_told)?;
    Some(Cause {
        entry,
        because: format!(
            "the machine's own packet filter does it: {}",
            shown_filter(rule)
        ),
        confidence: Confidence::High,
    })
}

fn shown_filter(rule: &FilterRule) -> String {
    format!(
        "{} in the table {}, chain {}",
        rule.verdict.as_str(),
        rule.table,
        rule.chain
    )
}

fn agent_gone(linux: &LinuxFacts) -> Option<Cause> {
    let is_gone = linux.guest_agent == Ok(true) && linux.listens(AGENT_PORT) == Ok(false);
    let because = "the Guest Proxy Agent is installed, and nobody listens on its port 3080";
    is_gone.then(|| likely(&IMDS_015, because))?
}

/// Whether requests for IMDS are sent to the server of AAD Pod Identity, which is not there.
fn is_nmi_gone(linux: &LinuxFacts) -> bool {
    let ports = linux.redirections.as_ref();
    ports.is_ok_and(|ports| ports.contains(&NMI_PORT)) && linux.listens(NMI_PORT) == Ok(false)
}

const NMI_GONE: &str =
    "the packet filter sends requests for IMDS to port 2579, and nobody listens there";

fn nmi_gone(linux: &LinuxFacts) -> Option<Cause> {
    is_nmi_gone(linux).then(|| Cause {
        entry: &NET_018,
        because: NMI_GONE.into(),
        confidence: Confidence::High,
    })
}

/// IMDS answers this program, and not the pods that the rule is for.
pub(super) fn pods_lost(facts: &Facts, values: &Values, verdict: &mut Verdict) {
    let answers = facts.imds.probe.iter().any(|call| call.answer.is_ok());
    if !facts.host.linux.as_ref().is_some_and(is_nmi_gone) {
        return;
    }
    verdict.saw("firewall_rules", "169.254.169.254 to port 2579");
    if answers && facts.imds.is_default_endpoint {
        verdict.find(
            Finding::new(&NET_018, values)
                .with_severity(Severity::Warn)
                .with_confidence(Confidence::Likely)
                .with_title(
                    "pods on this machine are redirected to AAD Pod Identity, which is gone",
                )
                .with_cause(NMI_GONE),
        );
    }
}

fn lost_on_windows(windows: &WindowsFacts, failure: &Failure) -> Option<Cause> {
    if windows.is_container == Ok(true) && failure.kind == FailureKind::Unreachable {
        return likely(
            &NET_021,
            "this is a Windows container, and it has no route there",
        );
    }
    let chosen = windows.chosen_adapter();
    if let Some(adapter) = chosen {
        let device = adapter.description.as_str();
        if device.contains(CLUSTER_ADAPTER) {
            return likely(&NET_009, format!("the system would take {device}"));
        }
        if TUNNEL_ADAPTERS.iter().any(|word| device.contains(word)) {
            return likely(&NET_010, format!("the system would take {device}"));
        }
    }
    if let Some(gateway) = stale_gateway(windows) {
        let because = format!(
            "a persistent route leads to {gateway}, which is no address or gateway of this machine"
        );
        return likely(&NET_008, because);
    }
    let cards = || {
        windows
            .adapters
            .iter()
            .flatten()
            .filter(|it| it.is_up && it.mac.is_some())
    };
    let is_static = |adapter: &Adapter| adapter.dhcp == Ok(false);
    let is_off = match (chosen, &windows.source_address) {
        (Some(adapter), _) => is_static(adapter),
        (None, Ok(None)) => cards().next().is_some() && cards().all(is_static),
        _ => false,
    };
    is_off.then(|| likely(&NET_007, "DHCP is off on the network adapter"))?
}

/// Of a persistent route to IMDS alone, where that is nobody of this machine's.
fn stale_gateway(windows: &WindowsFacts) -> Option<String> {
    let adapters = windows.adapters.as_ref().ok()?;
    let routes = windows.persistent_routes.as_ref().ok()?;
    let is_known = |gateway| {
        let mut adapters = adapters.iter();
        adapters.any(|it| it.addresses.contains(gateway) || it.gateways.contains(gateway))
    };
    let stale = routes
        .iter()
        .find(|route| route.leads_to_imds && route.prefix == 32 && !is_known(&route.gateway));
    stale.map(|route| route.gateway.to_string())
}

fn lost_on_linux(linux: &LinuxFacts, failure: &Failure) -> Option<Cause> {
    let route = linux.imds_route()?;
    let taken = linux.interface(&route.interface);
    if taken.is_some_and(|it| it.is_tunnel) {
        return likely(
            &NET_010,
            format!("the route goes into the tunnel {}", route.interface),
        );
    }
    let is_link_local =
        route.gateway.is_none() && (1..32).contains(&route.prefix) && !route.is_reject;
    if is_link_local {
        let because = format!(
            "the route for a /{} on the link of {} wins",
            route.prefix, route.interface
        );
        let mut cause = likely(&NET_011, because)?;
        if failure.kind == FailureKind::Unreachable {
            cause.confidence = Confidence::High;
        }
        return Some(cause);
    }
    let default = linux.default_route()?;
    let other = linux.interface(&default.interface);
    let are_cards =
        taken.is_some_and(|it| it.is_hardware) && other.is_some_and(|it| it.is_hardware);
    let is_other = are_cards && route.interface != default.interface;
    let because = format!(
        "the route goes by {}, and the default one by {}",
        route.interface, default.interface
    );
    if is_other {
        return likely(&NET_005, because);
    }
    secondary_source(linux, route, failure)
}

/// DHCP gives the primary address alone: another one that the system sends from is a secondary one.
fn secondary_source(linux: &LinuxFacts, route: &Route, failure: &Failure) -> Option<Cause> {
    let source = linux.source_address.as_ref().ok()?.as_ref()?;
    let primary = linux.leased(&route.interface).next()?;
    let is_leased = linux
        .leased(&route.interface)
        .any(|leased| leased == source);
    if is_leased || failure.kind != FailureKind::Timeout {
        return None;
    }
    let because = format!("the system sends from {source}, and DHCP gave {primary}");
    likely(&NET_006, because)
}

/// What keeps the platform's own channel silent, too, is no rule against IMDS.
fn both_dead(failure: &Failure, facts: &Facts) -> Option<Cause> {
    let dead = Ok(Reach::Failed(FailureKind::Timeout));
    let is_dead = failure.kind == FailureKind::Timeout && facts.imds.platform == dead;
    is_dead.then(|| Cause {
        entry: &NET_020,
        because: "168.63.129.16 times out as well".into(),
        confidence: Confidence::High,
    })
}

/// A container's packets leave by its gateway, the host, where they are lost.
fn kept_in_container(failure: &Failure, facts: &Facts) -> Option<Cause> {
    let marks = machine::container(facts);
    let route = facts.host.linux.as_ref()?.imds_route()?;
    if marks.is_empty() || failure.kind != FailureKind::Timeout || route.gateway.is_none() {
        return None;
    }
    match machine::is_pod(facts) {
        true => likely(&NET_016, "this is a pod, and connecting timed out"),
        false => likely(&NET_017, "this is a container, and connecting timed out"),
    }
}

/// When something failed, what could not be looked at for want of a right.
pub(super) fn unreadable(facts: &Facts, values: &Values, verdict: &mut Verdict) {
    let mut denied = facts
        .host
        .linux
        .as_ref()
        .map(LinuxFacts::denied)
        .unwrap_or_default();
    if facts.host.agent_status == Err(Unknown::Denied) {
        denied.push("agent_status");
    }
    if denied.is_empty() || verdict.findings.is_empty() {
        return;
    }
    let shown = denied.join(", ");
    verdict.saw("unreadable", &shown);
    verdict.find(Finding::new(&HOST_013, values).with_cause(format!("could not be read: {shown}")));
}

/// So many answers that each took longer than [`SLOW`] are no accident.
const SLOW_ANSWERS: usize = 3;
const SLOW: Duration = Duration::from_secs(2);

/// Answers that came, and late.
pub(super) fn slowness(facts: &Facts, values: &Values, verdict: &mut Verdict) {
    let of_imds = || {
        facts
            .timeline
            .iter()
            .filter(|it| it.action.starts_with("imds_"))
    };
    let slow = of_imds().filter(|it| it.took > SLOW).count();
    let is_fine = of_imds().all(|it| it.outcome.is_ok_and(|status| status != 429));
    if slow < SLOW_ANSWERS || !is_fine {
        return;
    }
    let times: Vec<String> = of_imds()
        .map(|it| it.took.as_millis().to_string())
        .collect();
    verdict.saw("imds_latency_ms", times.join(" "));
    let cause = format!(
        "{slow} of {} answers took longer than {} s",
        times.len(),
        SLOW.as_secs()
    );
    verdict.find(Finding::new(&IMDS_023, values).with_cause(cause));
}

/// A proxy that the system gives to clients, where no variable does.
pub(super) fn system_proxy(facts: &Facts, values: &Values, verdict: &mut Verdict) {
    let found = system_proxies(facts);
    if found.is_empty() {
        return;
    }
    let shown = found.join(", ");
    verdict.saw("system_proxy", &shown);
    verdict.find(Finding::new(&NET_013, values).with_cause(shown));
}

/// Where the system names a proxy that would get the requests for IMDS, and its host.
pub(super) fn system_proxies(facts: &Facts) -> Vec<String> {
    let catches = |name: &str, settings: &Known<ProxySettings>| {
        let settings = settings.as_ref().ok().filter(|it| it.catches_imds())?;
        Some(format!("{name} {}", settings.host.as_ref()?))
    };
    let windows = facts.host.windows.iter().flat_map(|windows| {
        [
            catches("WinHTTP", &windows.winhttp_proxy),
            catches("WinINET", &windows.user_proxy),
        ]
    });
    let files = facts
        .host
        .linux
        .iter()
        .flat_map(|linux| linux.proxy_files.iter().flatten());
    let files = files
        .filter(|file| !file.exempts_imds)
        .map(|file| format!("{} {}", file.file, file.host));
    windows.flatten().chain(files).collect()
}
