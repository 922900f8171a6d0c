//! From facts to their stored form and back.
//!
//! Each `store` takes a fact apart without `..`, so that a new member does not compile until it is stored, too.

use super::answers::selector;
use super::arm::{restore_arm, store_arm};
use super::calls::{restore_entry, store_entry};
use super::imds::{restore_imds, store_imds};
use super::linux::{restore_linux, restore_variable, store_linux, store_variable};
use super::text::Text;
use super::windows::{restore_windows, store_windows};
use super::{FACTS_VERSION, StoredError, wire};
use crate::facts::{Asked, AssetTag, Facts, HostFacts, Part, ProxyVariable, Redaction};
use crate::invocation::Invocation;
use crate::redactor::Redactor;
use azvm_arm::Cloud;
use azvm_exchange::Timestamp;
use azvm_imds::Audience;
use std::time::Duration;

pub(crate) fn store(facts: &Facts) -> wire::Facts {
    let Facts {
        asked,
        host,
        imds,
        arm,
        timeline,
        started,
        duration,
        is_cut_short,
        crashed,
        redaction,
        redactor: _,
    } = facts;
    wire::Facts {
        version: FACTS_VERSION,
        asked: store_asked(asked),
        host: store_host(host),
        imds: store_imds(imds),
        arm: store_arm(arm),
        timeline: timeline.iter().map(store_entry).collect(),
        started: started.unix_seconds(),
        duration_ns: ns(*duration),
        is_cut_short: *is_cut_short,
        crashed: crashed.iter().map(|part| text(part.as_str())).collect(),
        redaction: redaction.as_str().into(),
    }
}

/// # Errors
///
/// [`StoredError`] names the member that cannot have been.
pub(crate) fn restore(wire: wire::Facts) -> Result<Facts, StoredError> {
    Ok(Facts {
        asked: restore_asked(wire.asked)?,
        host: restore_host(wire.host)?,
        imds: restore_imds(wire.imds)?,
        arm: restore_arm(wire.arm)?,
        timeline: wire.timeline.into_iter().map(restore_entry).collect(),
        started: Timestamp::from_unix_seconds(wire.started),
        duration: time(wire.duration_ns),
        is_cut_short: wire.is_cut_short,
        crashed: wire.crashed.into_iter().filter_map(part).collect(),
        redaction: match wire.redaction.as_str() {
            "strict" => Redaction::Strict,
            _ => Redaction::Default,
        },
        redactor: Redactor::default(),
    })
}

/// What is unknown was another version's part, and nothing here rests on it.
fn part(name: Text) -> Option<Part> {
    let name = String::from(name);
    Part::ALL.into_iter().find(|part| part.as_str() == name)
}

/// Whole nanoseconds; five centuries are the end of time.
pub(super) fn ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

pub(super) fn time(ns: u64) -> Duration {
    Duration::from_nanos(ns)
}

pub(super) fn text(text: impl AsRef<str>) -> Text {
    text.as_ref().into()
}

pub(super) fn some(text: Option<impl AsRef<str>>) -> Option<Text> {
    text.map(|text| text.as_ref().into())
}

pub(super) fn back(text: Option<Text>) -> Option<String> {
    text.map(Into::into)
}

fn store_asked(asked: &Asked) -> wire::Asked {
    let Asked {
        selector,
        audience,
        target,
        cloud,
        wait,
        simulation,
        invocation,
    } = asked;
    wire::Asked {
        selector: text(selector.kind()),
        selector_value: some(selector.value()),
        audience: some(audience.as_ref().map(Audience::as_str)),
        target: some(target.as_ref().map(|id| id.as_str())),
        cloud: some(cloud.map(Cloud::name)),
        wait_ns: wait.map(ns),
        simulation: some(simulation.as_ref()),
        flags: invocation
            .flags()
            .map(|(flag, value)| (text(flag), some(value)))
            .collect(),
    }
}

fn restore_asked(wire: wire::Asked) -> Result<Asked, StoredError> {
    let flags = wire
        .flags
        .into_iter()
        .map(|(flag, value)| (flag.into(), back(value)));
    Ok(Asked {
        selector: selector(
            "asked.selector",
            &wire.selector,
            wire.selector_value.as_ref(),
        )?,
        audience: match &wire.audience {
            Some(audience) => Some(restore_audience("asked.audience", audience)?),
            None => None,
        },
        target: match &wire.target {
            Some(id) => Some(restore_id("asked.target", id)?),
            None => None,
        },
        cloud: match &wire.cloud {
            Some(name) => Some(restore_cloud("asked.cloud", name)?),
            None => None,
        },
        wait: wire.wait_ns.map(time),
        simulation: back(wire.simulation),
        invocation: Invocation::default().with_known_flags(flags),
    })
}

pub(super) fn restore_audience(place: &str, text: &Text) -> Result<Audience, StoredError> {
    Audience::new(text.as_str()).map_err(|error| StoredError::at(place, error))
}

pub(super) fn restore_id(
    place: &str,
    text: &Text,
) -> Result<azvm_resource_id::ResourceId, StoredError> {
    text.as_str()
        .parse()
        .map_err(|error| StoredError::at(place, error))
}

pub(super) fn restore_cloud(place: &str, name: &Text) -> Result<Cloud, StoredError> {
    Cloud::from_name(name.as_str()).ok_or_else(|| StoredError::at(place, "no such cloud"))
}

fn store_host(host: &HostFacts) -> wire::Host {
    let HostFacts {
        asset_tag,
        os,
        kernel,
        proxies,
        no_proxy_covers_imds,
        environment,
        linux,
        windows,
    } = host;
    wire::Host {
        asset_tag: store_asset_tag(asset_tag),
        os: text(os),
        kernel: some(kernel.as_ref()),
        proxies: proxies.iter().map(store_proxy).collect(),
        no_proxy_covers_imds: *no_proxy_covers_imds,
        environment: environment.iter().map(store_variable).collect(),
        linux: linux.as_ref().map(store_linux),
        windows: windows.as_ref().map(store_windows),
    }
}

pub(super) fn store_asset_tag(tag: &AssetTag) -> wire::AssetTag {
    match tag {
        AssetTag::Unknown => wire::AssetTag::Unknown,
        AssetTag::Absent => wire::AssetTag::Absent,
        AssetTag::Present(tag) => wire::AssetTag::Present(text(tag)),
    }
}

pub(super) fn restore_asset_tag(wire: wire::AssetTag) -> AssetTag {
    match wire {
        wire::AssetTag::Unknown => AssetTag::Unknown,
        wire::AssetTag::Absent => AssetTag::Absent,
        wire::AssetTag::Present(tag) => AssetTag::Present(tag.into()),
    }
}

fn store_proxy(proxy: &ProxyVariable) -> wire::Proxy {
    let ProxyVariable { name, host } = proxy;
    wire::Proxy {
        variable: text(name),
        host: text(host),
    }
}

fn restore_host(wire: wire::Host) -> Result<HostFacts, StoredError> {
    let proxies = wire.proxies.into_iter().map(|proxy| ProxyVariable {
        name: String::from(proxy.variable).into(),
        host: proxy.host.into(),
    });
    Ok(HostFacts {
        asset_tag: restore_asset_tag(wire.asset_tag),
        os: wire.os.into(),
        kernel: back(wire.kernel),
        proxies: proxies.collect(),
        no_proxy_covers_imds: wire.no_proxy_covers_imds,
        environment: wire.environment.into_iter().map(restore_variable).collect(),
        linux: wire.linux.map(restore_linux).transpose()?,
        windows: wire.windows.map(restore_windows),
    })
}
