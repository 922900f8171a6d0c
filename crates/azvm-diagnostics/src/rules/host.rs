//! Is this an Azure virtual machine, and is its clock right?

use super::{Verdict, machine, model};
use crate::catalogue::{HOST_009, HOST_011};
use crate::facts::{AZURE_ASSET_TAG, AssetTag, Facts, Trouble};
use crate::finding::{Finding, Values};
use azvm_arm::Cloud;
use azvm_exchange::Failure;
use azvm_imds::Responder;

/// Beyond this the clock is worth a warning; HTTP dates and delays account for a few seconds.
const SKEW_SECS: u64 = 60;

pub(super) fn platform(facts: &Facts, values: &Values) -> Verdict {
    let mut verdict = Verdict::default();
    match &facts.host.asset_tag {
        AssetTag::Present(tag) => verdict.saw("chassis_asset_tag", tag),
        AssetTag::Absent => verdict.saw("chassis_asset_tag", "absent"),
        AssetTag::Unknown => verdict.saw("chassis_asset_tag", "unknown"),
    }
    verdict.saw("os", &facts.host.os);
    verdict.saw_some("kernel", facts.host.kernel.as_ref());
    if let Some(windows) = &facts.host.windows {
        verdict.saw_some("windows", windows.product.as_ref().ok());
        let unknown = windows.firmware.as_ref().err();
        verdict.saw_some("firmware_unknown", unknown.map(ToString::to_string));
    }
    machine::saw(facts, &mut verdict);
    if let (true, Some(failure)) = (facts.is_elsewhere(), silence(facts)) {
        verdict.saw("imds", failure.to_string());
        let (entry, because) = machine::elsewhere(facts);
        let silence = format!(
            "the firmware does not carry Azure's mark ({AZURE_ASSET_TAG}), and nobody answers at {}: {failure}",
            facts.imds.endpoint
        );
        let finding = Finding::new(entry, values).with_cause(because.unwrap_or(silence));
        verdict.find(finding.with_confidence(machine::confidence(entry, facts)));
        return verdict;
    }
    clock(facts, values, &mut verdict);
    machine::beside(facts, values, &mut verdict);
    model::place(facts, values, &mut verdict);
    let named = facts
        .imds
        .compute()
        .and_then(|compute| compute.az_environment.as_deref());
    if let Some(name) = named.filter(|name| Cloud::from_name(name).is_none()) {
        verdict.find(Finding::new(&HOST_011, values).with_cause(format!("IMDS names {name}")));
    }
    verdict.summary(describe(facts));
    if facts.host.asset_tag == AssetTag::Unknown && facts.imds.compute().is_none() {
        return verdict.unknown(
            "cannot tell whether this is an Azure VM: this system does not show its asset tag",
        );
    }
    verdict
}

fn silence(facts: &Facts) -> Option<&Failure> {
    match &facts.imds.probe.as_ref()?.answer {
        Err(Trouble::Silent(failure)) => Some(failure),
        _ => None,
    }
}

fn describe(facts: &Facts) -> String {
    let responder = facts
        .imds
        .probe
        .as_ref()
        .and_then(|call| call.answer.as_ref().ok())
        .map(|answer| answer.responder);
    let mark = match (facts.host.asset_tag.is_azure(), responder) {
        (Some(true), _) => "Azure VM",
        (_, Some(Responder::Imds | Responder::ImdsThroughAgent)) => {
            "no Azure mark in the firmware, but IMDS answers:"
        }
        _ => "no Azure mark in the firmware:",
    };
    let Some(compute) = facts.imds.compute() else {
        return mark.trim_end_matches(':').into();
    };
    let place: Vec<&str> = [&compute.location, &compute.az_environment]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let name = compute.name.as_deref().unwrap_or("without a name");
    if place.is_empty() {
        format!("{mark} {name}")
    } else {
        format!("{mark} {name} ({})", place.join(", "))
    }
}

fn clock(facts: &Facts, values: &Values, verdict: &mut Verdict) {
    let imds = facts.imds.probe.as_ref().and_then(|call| call.clocks);
    let arm = facts.arm.probe.as_ref().and_then(|call| call.clocks);
    let skews: Vec<i64> = [imds, arm]
        .into_iter()
        .flatten()
        .map(|(server, local)| local.seconds_since(server))
        .collect();
    let Some(&skew) = skews.iter().min_by_key(|skew| skew.unsigned_abs()) else {
        return;
    };
    verdict.saw("clock_skew_s", skew.to_string());
    if skew.unsigned_abs() > SKEW_SECS {
        let direction = if skew > 0 { "ahead of" } else { "behind" };
        let cause = format!(
            "the clock is {} s {direction} the servers'",
            skew.unsigned_abs()
        );
        verdict.find(Finding::new(&HOST_009, values).with_cause(cause));
    }
}
