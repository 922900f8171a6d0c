//! The certificate that ARM's address shows, looked at once more when it was not accepted.

use super::Run;
use crate::facts::{ArmProbe, Call, CertificateFacts, Trouble};
use crate::progress::Event;
use azvm_arm::{ArmError, Endpoint};
use azvm_exchange::{FailureKind, Phase, Timestamp, service_text};
use azvm_http::{Limits, presented_certificates};
use std::time::Duration;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::time::Time;

/// The handshake got as far as a certificate a moment ago.
const BUDGET: Duration = Duration::from_secs(5);

/// More is no certificate of a web server.
const MAX_BYTES: usize = 64 * 1024;

impl Run<'_> {
    /// What the server shows; nothing when the handshake did not fail, or when it shows nothing that can be read.
    pub(super) async fn certificate(
        &mut self,
        endpoint: &Endpoint,
        probe: Option<&Call<ArmProbe, ArmError>>,
    ) -> Option<CertificateFacts> {
        let budget = self.time_left().min(BUDGET);
        if !is_refused(probe?) || budget.is_zero() || self.arm_budget.attempts().is_none() {
            return None;
        }
        self.arm_budget.sent(1);
        let action = "arm_certificate";
        self.progress.event(&Event::Calling { action });
        let shown = presented_certificates(endpoint.origin(), &Limits::arm(), budget).await;
        let shown = shown.ok()?;
        read(shown.first()?, shown.len())
    }
}

/// True when a handshake was begun and did not end well.
fn is_refused(probe: &Call<ArmProbe, ArmError>) -> bool {
    let Err(Trouble::Silent(failure)) = &probe.answer else {
        return false;
    };
    let is_shown = match failure.kind {
        FailureKind::Certificate
        | FailureKind::CertificateDates
        | FailureKind::CertificateName
        | FailureKind::Tls => failure.phase == Phase::Tls,
        // TLS 1.3 has the client send its request before the server has looked for a certificate.
        FailureKind::ClientCertificate => true,
        _ => false,
    };
    is_shown && !probe.attempts.is_empty()
}

fn read(der: &[u8], chain_length: usize) -> Option<CertificateFacts> {
    let certificate = Certificate::from_der(der.get(..der.len().min(MAX_BYTES))?).ok()?;
    let certificate = certificate.tbs_certificate();
    let validity = certificate.validity();
    let digest = ring::digest::digest(&ring::digest::SHA256, der);
    Some(CertificateFacts {
        subject: service_text(&certificate.subject().to_string()),
        issuer: service_text(&certificate.issuer().to_string()),
        not_before: timestamp(validity.not_before),
        not_after: timestamp(validity.not_after),
        sha256: digest
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        chain_length,
    })
}

fn timestamp(time: Time) -> Timestamp {
    let seconds = i64::try_from(time.to_unix_duration().as_secs());
    Timestamp::from_unix_seconds(seconds.unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use azvm_simulator::{Listen, Scenario, Simulator};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    /// The simulator's authority, which signs itself.
    static AUTHORITY: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let scenario = Scenario::named("healthy").unwrap();
        let start = Simulator::start(scenario, Listen::default());
        let pem = runtime.block_on(start).unwrap().ca_pem().to_string();
        let lines = pem.lines().filter(|line| !line.starts_with('-'));
        STANDARD.decode(lines.collect::<String>()).unwrap()
    });

    #[test]
    fn a_certificate_says_who_signed_it_and_for_how_long() {
        let seen = read(&AUTHORITY, 2).unwrap();
        assert!(seen.issuer.starts_with("CN=azvm-simulator"), "{seen:?}");
        assert_eq!(seen.issuer, seen.subject);
        assert!(seen.not_before < seen.not_after, "{seen:?}");
        assert_eq!((seen.sha256.len(), seen.chain_length), (64, 2));
    }

    proptest! {
        #[test]
        fn a_damaged_certificate_is_none_or_another(at in 0_usize..400, byte in any::<u8>()) {
            let mut der = AUTHORITY.clone();
            let at = at % der.len();
            der[at] = byte;
            let _ = read(&der, 1);
            let _ = read(&der[..at], 1);
        }
    }
}
