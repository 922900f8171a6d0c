//! Does ARM answer, without a token?

use super::{Verdict, brief};
use crate::catalogue::{
    ARM_001, ARM_002, ARM_003, ARM_004, ARM_005, ARM_006, ARM_007, ARM_008, ARM_009, ARM_010,
    ARM_016, ARM_017, ARM_019, ARM_020, ARM_021, ARM_022, ARM_023, Entry,
};
use crate::facts::{Call, Facts, Trouble, Try};
use crate::finding::{Confidence, Finding, Severity, Values};
use azvm_arm::{ArmError, Budget, Cloud, RequestIds};
use azvm_exchange::{DEFAULT_MAX_RESPONSE_BYTES, Failure, FailureKind, Origin, Phase};
use std::time::Duration;

pub(super) fn reachable(facts: &Facts, values: &Values) -> Verdict {
    let mut verdict = Verdict::default();
    verdict.saw("endpoint", &facts.arm.endpoint);
    verdict.saw("cloud", facts.arm.cloud.name());
    let Some(call) = &facts.arm.probe else {
        return verdict.unknown("not asked: the time limit had passed");
    };
    verdict.took(call);
    verdict.saw_some("local_address", call.local.as_ref());
    saw_way(facts, &mut verdict);
    match &call.answer {
        Ok(probe) => {
            verdict.saw("status", probe.status.to_string());
            verdict.saw_some("code", probe.code.as_ref());
            verdict.saw_some("subscription_tenant", probe.tenant_id.as_ref());
            if probe.status == 200 {
                let note = Finding::new(&ARM_019, values)
                    .with_severity(Severity::Note)
                    .with_confidence(Confidence::Possible)
                    .with_title("it answers without asking for a token, which ARM does not");
                verdict.find(note);
            }
            if probe.status < 500 {
                recovered(call, values, &mut verdict);
            }
            private(facts, values, &mut verdict);
            slow_ipv6(facts, values, &mut verdict);
            other_cloud(facts, values, &mut verdict);
            verdict.summary(format!(
                "{} answers, {}",
                facts.arm.endpoint,
                brief(call.elapsed)
            ));
        }
        Err(Trouble::Silent(failure)) => {
            verdict.saw("failure", failure.to_string());
            let cause = unanswered_cause(failure, facts);
            // Nothing was sent: the machine itself cannot check certificates.
            let entry = match call.attempts.is_empty() {
                true => &ARM_005,
                false => way_lost(silence(failure), facts),
            };
            certificate(facts, &mut verdict);
            let is_inferred = [ARM_002.code, ARM_008.code].contains(&entry.code);
            let finding = Finding::new(entry, values)
                .with_severity(Severity::Fail)
                .with_confidence(if is_inferred {
                    Confidence::Likely
                } else {
                    Confidence::High
                });
            verdict.find(by_kind(finding, failure).with_cause(cause));
        }
        Err(Trouble::Refused(error)) => {
            saw_refusal(error, &mut verdict);
            let finding = uncoded(error, facts, values);
            let cause = finding.cause.clone().unwrap_or_else(|| error.to_string());
            verdict.find(finding.with_cause(and_when(cause, error)));
        }
    }
    verdict
}

/// The ARM of another cloud than the machine's, though the token is for the right one.
fn other_cloud(facts: &Facts, values: &Values, verdict: &mut Verdict) {
    let own = || Cloud::from_name(facts.imds.compute()?.az_environment.as_deref()?);
    let (Some(own), Ok(origin)) = (own(), facts.arm.endpoint.parse::<Origin>()) else {
        return;
    };
    let is_there = |cloud: &Cloud| cloud.endpoint().parse() == Ok(origin.clone());
    let there = Cloud::ALL.into_iter().find(is_there);
    let audience = Cloud::of_audience(facts.imds.audience.as_str());
    if let Some(there) = there.filter(|there| *there != own && audience == Some(own)) {
        let cause = format!(
            "{} is the ARM of {there}, the machine is in {own}",
            facts.arm.endpoint
        );
        verdict.find(Finding::new(&ARM_010, values).with_cause(cause));
    }
}

/// What is shown of the way, whatever the verdict is.
fn saw_way(facts: &Facts, verdict: &mut Verdict) {
    if let Ok(addresses) = &facts.arm.addresses {
        let shown: Vec<String> = addresses.iter().map(|it| it.address.to_string()).collect();
        if !shown.is_empty() {
            verdict.saw("resolved_addresses", shown.join(" "));
        }
    }
    let proxy = facts.arm.proxy.as_ref();
    let shown = proxy.map(|proxy| format!("{}={}", proxy.name, proxy.host));
    verdict.saw_some("proxy_variables", shown);
}

/// Why no connection comes about, if the name or the environment tells.
fn way_lost(entry: &'static Entry, facts: &Facts) -> &'static Entry {
    match entry.code {
        code if code != ARM_003.code => entry,
        _ if is_private(facts) => &ARM_002,
        _ if facts.arm.proxy.is_some() => &ARM_008,
        _ => entry,
    }
}

/// The name of a cloud's own ARM leads into a private network; where an endpoint that the caller named leads is the
/// caller's business.
fn is_private(facts: &Facts) -> bool {
    let mut addresses = facts.arm.addresses.iter().flatten();
    !facts.arm.is_named_endpoint && addresses.any(|it| it.is_private)
}

fn private(facts: &Facts, values: &Values, verdict: &mut Verdict) {
    if is_private(facts) {
        let title = "the name of ARM leads to a private address, which answers";
        verdict.find(Finding::new(&ARM_002, values).with_title(title));
    }
}

/// So long a connection takes that was first tried at an address where nobody answers.
const SLOW: Duration = Duration::from_secs(1);

/// The system prefers an address of IPv6, and the connection that came about, late, was one of IPv4.
fn slow_ipv6(facts: &Facts, values: &Values, verdict: &mut Verdict) {
    let preferred = facts.arm.addresses.iter().flatten().next();
    let tries = facts.arm.probe.iter().flat_map(|call| &call.attempts);
    let Some(took) = tries.map(|attempt| attempt.at).next() else {
        return;
    };
    let fell_back = preferred.is_some_and(|it| it.is_ipv6) && facts.arm.is_over_ipv6 == Some(false);
    if fell_back && took >= SLOW {
        let cause = format!(
            "an IPv6 address comes first, IPv4 answered after {}",
            brief(took)
        );
        verdict.find(
            Finding::new(&ARM_020, values)
                .with_confidence(Confidence::Likely)
                .with_cause(cause),
        );
    }
}

/// Who vouches for the server, as the server says.
fn certificate(facts: &Facts, verdict: &mut Verdict) {
    let Some(certificate) = &facts.arm.certificate else {
        return;
    };
    let date = crate::report::rfc3339;
    verdict.saw("certificate_issuer", &certificate.issuer);
    verdict.saw("certificate_subject", &certificate.subject);
    verdict.saw("certificate_not_before", date(certificate.not_before));
    verdict.saw("certificate_not_after", date(certificate.not_after));
    verdict.saw("certificate_sha256", &certificate.sha256);
}

/// What was retried with success is worth a warning: other clients retry less.
pub(super) fn recovered<R>(call: &Call<R, ArmError>, values: &Values, verdict: &mut Verdict) {
    let has_ids = call.attempts.iter().any(|it| it.request_id.is_some());
    let entry = |attempt: &Try| match attempt.outcome {
        // A gateway's, where the answers of ARM have their IDs.
        Ok(502..=504) if has_ids && attempt.request_id.is_none() => &ARM_019,
        Ok(429) => &ARM_016,
        Ok(_) => &ARM_017,
        Err(FailureKind::Closed | FailureKind::Reset) => &ARM_023,
        Err(_) => &ARM_003,
    };
    for known in [&ARM_016, &ARM_017, &ARM_019, &ARM_003, &ARM_023] {
        let times = call.retried().filter(|&it| entry(it) == known).count();
        let title = match times {
            0 => continue,
            1 => format!("{}; recovered after 1 retry", known.title),
            _ => format!("{}; recovered after {times} retries", known.title),
        };
        let finding = Finding::new(known, values).with_severity(Severity::Warn);
        verdict.find(finding.with_title(title));
    }
}

/// What silence means, by how it sounds.
pub(super) fn silence(failure: &Failure) -> &'static Entry {
    match failure.kind {
        FailureKind::NameNotFound | FailureKind::ResolverFailed => &ARM_001,
        FailureKind::Certificate => &ARM_004,
        FailureKind::CertificateDates => &ARM_006,
        FailureKind::CertificateName => &ARM_022,
        FailureKind::ClientCertificate | FailureKind::NoTls | FailureKind::Tls => &ARM_007,
        FailureKind::Timeout if failure.phase == Phase::Resolve => &ARM_001,
        FailureKind::Closed | FailureKind::Reset | FailureKind::Timeout
            if failure.phase == Phase::Tls =>
        {
            &ARM_007
        }
        FailureKind::Denied | FailureKind::Refused | FailureKind::Unreachable => &ARM_003,
        FailureKind::Timeout if failure.phase <= Phase::Connect => &ARM_003,
        FailureKind::Closed | FailureKind::Reset | FailureKind::Timeout => &ARM_023,
        _ => &ARM_019,
    }
}

/// What failed, whom the certificate is for if that is what is wrong, and who signed it.
fn unanswered_cause(failure: &Failure, facts: &Facts) -> String {
    let endpoint = &facts.arm.endpoint;
    let mut cause = format!("{endpoint}: {failure}");
    if let Some(certificate) = &facts.arm.certificate {
        if failure.kind == FailureKind::CertificateName {
            cause.push_str(&format!("; it is for {}", certificate.subject));
        }
        cause.push_str(&format!("; it is signed by {}", certificate.issuer));
    }
    let is_hung_up = matches!(failure.kind, FailureKind::Closed | FailureKind::Reset);
    if is_hung_up && endpoint.starts_with("http://") {
        cause.push_str("; a server that speaks TLS hangs up on http://");
    }
    cause
}

/// A handshake that fails for a reason of its own says so.
pub(super) fn by_kind(finding: Finding, failure: &Failure) -> Finding {
    match failure.kind {
        FailureKind::NoTls => finding
            .with_title("what answers at ARM's address does not speak TLS")
            .with_fix(
                "Correct the port or scheme of --arm-endpoint; if they are right, look for a proxy or a block page that \
                 answers in plain text.",
            ),
        FailureKind::ClientCertificate => finding
            .with_title("what answers at ARM's address demands a client certificate")
            .with_fix(
                "ARM asks no client for a certificate: look for a device that intercepts TLS, by the certificate's issuer \
                 in the evidence, and exempt the host from it; or correct --arm-endpoint.",
            ),
        FailureKind::TooLarge => finding
            .with_confidence(Confidence::Likely)
            .with_title(match failure.phase {
                Phase::Body => format!(
                    "the answer has more than {DEFAULT_MAX_RESPONSE_BYTES} bytes, which none of ARM to this has"
                ),
                _ => "the answer's headers are larger than any of ARM".into(),
            }),
        _ => finding,
    }
}

/// What is shown of a refusal, whoever wrote it.
pub(super) fn saw_refusal(error: &ArmError, verdict: &mut Verdict) {
    verdict.saw("status", error.status().to_string());
    if !error.sender().is_unknown() {
        verdict.saw("responder", error.sender().to_string());
    }
    verdict.saw_some("code", error.code());
    verdict.saw_some("message", error.message());
    let details: Vec<String> = error.details().iter().map(ToString::to_string).collect();
    let details = details.join("; ");
    verdict.saw_some("details", Some(details).filter(|it| !it.is_empty()));
    saw_challenge(error, verdict);
    saw_throttling(error, verdict);
    verdict.saw_some("request_id", error.request_id());
    verdict.saw_some("correlation_id", error.correlation_id());
}

fn saw_challenge(error: &ArmError, verdict: &mut Verdict) {
    let Some(challenge) = error.challenge() else {
        return;
    };
    verdict.saw_some("challenge_error", challenge.error.as_ref());
    verdict.saw_some("challenge_description", challenge.description.as_ref());
    if challenge.has_claims {
        let claims = challenge.claims.as_deref();
        verdict.saw("challenge_claims", claims.unwrap_or("not readable"));
    }
}

/// Most answers tell what is left of a budget; it matters where there is too little, or too much trouble.
fn saw_throttling(error: &ArmError, verdict: &mut Verdict) {
    let throttling = error.throttling();
    let wait = throttling.retry_after;
    verdict.saw_some("retry_after_s", wait.map(|wait| wait.as_secs().to_string()));
    if error.status() != 429 && error.status() < 500 {
        return;
    }
    let budgets: Vec<String> = throttling.budgets.iter().map(left).collect();
    let budgets = budgets.join(", ");
    verdict.saw_some("budgets_left", Some(budgets).filter(|it| !it.is_empty()));
}

/// `subscription-reads: 0`, `resource Microsoft.Compute/HighCostGet3Min: 0`.
fn left(budget: &Budget) -> String {
    let Budget {
        name, remaining, ..
    } = budget;
    match &budget.policy {
        Some(policy) => format!("{name} {policy}: {remaining}"),
        None => format!("{name}: {remaining}"),
    }
}

/// When to come back, in the words of the cause: ARM's own retries were made already.
pub(super) fn and_when(mut cause: String, error: &ArmError) -> String {
    let is_busy = error.status() == 429 || error.status() >= 500;
    let wait = error.throttling().retry_after;
    if let Some(wait) = wait.filter(|wait| is_busy && !wait.is_zero()) {
        cause.push_str(&format!("; it asks to come back in {}", super::long(wait)));
    }
    cause
}

/// An answer without a code of ARM. That it has none of ARM's marks proves nothing by itself: a front of ARM's own that is
/// in trouble may leave them out.
pub(super) fn uncoded(error: &ArmError, facts: &Facts, values: &Values) -> Finding {
    let is_arm = error.is_from_arm();
    let is_strangers = !is_arm && is_strangers(error, facts);
    let (entry, title) = match error.status() {
        407 => (&ARM_009, None),
        429 if !is_strangers => (&ARM_016, None),
        429 => (
            &ARM_019,
            Some("something other than ARM throttles these calls (429)"),
        ),
        500.. if !is_strangers => (&ARM_017, None),
        502..=504 => (
            &ARM_019,
            Some("something between answers in ARM's place, and did not reach ARM"),
        ),
        400.. if is_arm => (&ARM_021, None),
        _ if is_arm => (
            &ARM_019,
            Some("the answer has ARM's marks and is not what was asked for"),
        ),
        _ => (&ARM_019, None),
    };
    let is_unmarked = !is_arm && (error.status() == 429 || error.status() >= 500);
    let confidence = match is_unmarked {
        true => Confidence::Likely,
        false => Confidence::High,
    };
    let cause = match is_unmarked && !is_strangers {
        true => unmarked(error),
        false => error.to_string(),
    };
    let finding = Finding::new(entry, values)
        .with_confidence(confidence)
        .with_cause(cause);
    let finding = match is_arm && entry == &ARM_019 {
        true => finding.with_fix(
            "Look for what changes answers on the way, such as a proxy that compresses or rewrites them; or correct \
             --arm-endpoint.",
        ),
        false => finding,
    };
    match title {
        Some(title) => finding.with_title(title),
        None => finding,
    }
}

/// Whether somebody else says that he wrote it, or ARM's answers of this run have marks that it lacks.
fn is_strangers(error: &ArmError, facts: &Facts) -> bool {
    let sender = error.sender();
    if is_gateways(error) {
        return false;
    }
    let probe = facts.arm.probe.iter().flat_map(|call| &call.attempts);
    let usually_has_ids = probe
        .into_iter()
        .any(|attempt| attempt.request_id.is_some());
    error.is_page() || sender.via.is_some() || sender.squid_error.is_some() || usually_has_ids
}

/// A page that was not put in the place of an answer of ARM's own, as by a device that blocks it: it tells of trouble, with
/// the ids of ARM or the mark of the edge before it, and of no proxy.
fn is_gateways(error: &ArmError) -> bool {
    let sender = error.sender();
    let is_azures = sender.edge_ref.is_some() || *error.request_ids() != RequestIds::default();
    let is_trouble = error.status() == 429 || error.status() >= 500;
    let is_proxys = sender.via.is_some() || sender.squid_error.is_some();
    error.is_page() && is_trouble && is_azures && !is_proxys
}

fn unmarked(error: &ArmError) -> String {
    let status = error.status();
    let mut cause = match is_gateways(error) {
        true => format!("a gateway before ARM, with marks of Azure, answered {status} with a page"),
        false => format!("the answer is {status}, with no id of ARM and not in its form"),
    };
    if !error.sender().is_unknown() {
        cause.push_str(&format!(" ({})", error.sender()));
    }
    if let Some(message) = error.message() {
        cause.push_str(&format!(": {message}"));
    }
    cause
}
