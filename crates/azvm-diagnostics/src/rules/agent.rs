//! What the Guest Proxy Agent has to do with an answer, by its own words.

use super::Verdict;
use crate::agent::{AgentMode, AgentStatus};
use crate::catalogue::{Entry, IMDS_010, IMDS_011, IMDS_012, IMDS_013, IMDS_016, IMDS_017};
use crate::facts::Facts;
use crate::finding::{Confidence, Finding, Values};
use azvm_imds::Responder;

/// The statuses that the agent writes itself.
pub(super) fn has_status(status: u16) -> bool {
    matches!(status, 403 | 421 | 500 | 502 | 503)
}

/// What a status that the agent wrote itself means.
pub(super) fn own_answer(status: u16, facts: &Facts) -> &'static Entry {
    match status {
        403 => &IMDS_010,
        421 => &IMDS_012,
        500.. if has_lost_key(facts) => &IMDS_017,
        _ => &IMDS_013,
    }
}

/// Why IMDS refuses, when that is about signatures: the agent makes them with a key that it shares with the host. Which
/// status the host gives is written nowhere; it is one that says *not you*.
pub(super) fn unsigned(status: u16, responder: Responder, facts: &Facts) -> Option<&'static Entry> {
    if !matches!(status, 401 | 403) {
        return None;
    }
    match responder {
        Responder::ImdsThroughAgent if has_lost_key(facts) => Some(&IMDS_017),
        Responder::Imds if mode(facts) == Some(AgentMode::Enforce) => Some(&IMDS_016),
        _ => None,
    }
}

/// How sure these are: what the agent says of itself may be a minute old.
pub(super) fn confidence(entry: &Entry) -> Confidence {
    match entry.code {
        code if code == IMDS_016.code || code == IMDS_017.code => Confidence::Likely,
        _ => Confidence::High,
    }
}

/// It has no key, although the host wants requests that are signed.
fn has_lost_key(facts: &Facts) -> bool {
    let is_on = matches!(mode(facts), Some(AgentMode::Audit | AgentMode::Enforce));
    is_on && status(facts).is_some_and(|it| it.has_key == Some(false))
}

fn mode(facts: &Facts) -> Option<AgentMode> {
    status(facts)?.imds_mode
}

fn status(facts: &Facts) -> Option<&AgentStatus> {
    facts.host.agent_status.as_ref().ok()
}

/// What the verdict is shown with, whatever it is.
pub(super) fn saw(facts: &Facts, verdict: &mut Verdict) {
    let Some(status) = status(facts) else { return };
    let mode = status.imds_mode.map_or("unknown", AgentMode::as_str);
    let key = match status.has_key {
        Some(true) => "has its key",
        Some(false) => "has no key",
        None => "says nothing of its key",
    };
    verdict.saw("agent_status", format!("mode for IMDS {mode}, {key}"));
    if status.denied_requests > 0 {
        let who = match status.is_own_denied {
            true => "this program's among them",
            false => "none of this program's",
        };
        let log = format!("{} not allowed, {who}", status.denied_requests);
        verdict.saw("agent_log", log);
    }
}

/// Requests that are passed on today and would not be, were the agent to enforce its rules.
pub(super) fn audit(facts: &Facts, values: &Values, verdict: &mut Verdict) {
    let Some(status) = status(facts) else { return };
    let is_audit = status.imds_mode == Some(AgentMode::Audit) && status.denied_requests > 0;
    if !is_audit || facts.imds.token_facts().is_none() {
        return;
    }
    let cause = format!(
        "it audits, and {} requests for IMDS were of programs that no rule allows",
        status.denied_requests
    );
    let finding = Finding::new(&IMDS_011, values).with_cause(cause);
    verdict.find(match status.is_own_denied {
        true => finding,
        false => finding
            .with_title("the Guest Proxy Agent would deny other programs here, were it enforcing")
            .with_confidence(Confidence::Likely),
    });
}
