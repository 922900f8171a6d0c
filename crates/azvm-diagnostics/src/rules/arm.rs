//! Does ARM answer, without a token?

use super::{Verdict, brief};
use crate::catalogue::{
    ARM_001, ARM_003, ARM_004, ARM_005, ARM_007, ARM_009, ARM_016, ARM_017, ARM_019, Entry,
};
use crate::facts::{Facts, Trouble};
use crate::finding::{Confidence, Finding, Severity, Values};
use azvm_arm::ArmError;
use azvm_exchange::{Failure, FailureKind, Phase};

pub(super) fn reachable(facts: &Facts, values: &Values) -> Verdict {
    let mut verdict = Verdict::default();
    verdict.saw("endpoint", &facts.arm.endpoint);
    verdict.saw("cloud", facts.arm.cloud.name());
    let Some(call) = &facts.arm.probe else {
        return verdict.unknown("not asked: the time limit had passed");
    };
    verdict.took(call);
    verdict.saw_some("local_address", call.local.as_ref());
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
            verdict.summary(format!(
                "{} answers, {}",
                facts.arm.endpoint,
                brief(call.elapsed)
            ));
        }
        Err(Trouble::Silent(failure)) => {
            verdict.saw("failure", failure.to_string());
            let mut cause = format!("{}: {failure}", facts.arm.endpoint);
            if let Some(certificate) = &facts.arm.certificate {
                cause.push_str(&format!("; it is signed by {}", certificate.issuer));
            }
            // Nothing was sent: the machine itself cannot check certificates.
            let entry = match call.attempts.is_empty() {
                true => &ARM_005,
                false => silence(failure),
            };
            certificate(facts, &mut verdict);
            verdict.find(Finding::new(entry, values).with_cause(cause));
        }
        Err(Trouble::Refused(error)) => {
            verdict.saw("status", error.status().to_string());
            verdict.find(Finding::new(stranger(error), values).with_cause(error.to_string()));
        }
    }
    verdict
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

/// What silence means, by how it sounds.
pub(super) fn silence(failure: &Failure) -> &'static Entry {
    match failure.kind {
        FailureKind::NameNotFound | FailureKind::ResolverFailed => &ARM_001,
        FailureKind::Certificate => &ARM_004,
        FailureKind::Tls => &ARM_007,
        FailureKind::Timeout if failure.phase == Phase::Resolve => &ARM_001,
        FailureKind::Closed | FailureKind::Reset | FailureKind::Timeout
            if failure.phase == Phase::Tls =>
        {
            &ARM_007
        }
        FailureKind::Denied | FailureKind::Refused | FailureKind::Unreachable => &ARM_003,
        FailureKind::Timeout if failure.phase <= Phase::Connect => &ARM_003,
        FailureKind::Closed | FailureKind::Reset | FailureKind::Timeout => &ARM_017,
        _ => &ARM_019,
    }
}

/// An answer without ARM's envelope.
pub(super) fn stranger(error: &ArmError) -> &'static Entry {
    match error.status() {
        407 => &ARM_009,
        429 => &ARM_016,
        500.. => &ARM_017,
        _ => &ARM_019,
    }
}
