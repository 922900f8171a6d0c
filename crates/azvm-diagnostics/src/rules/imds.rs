//! Does IMDS answer, and is it IMDS?

use super::{Verdict, agent, brief, path, stranger};
use crate::catalogue::{
    Entry, HOST_001, HOST_002, HOST_003, HOST_007, IMDS_002, IMDS_003, IMDS_005, IMDS_006,
    IMDS_009, IMDS_018, IMDS_022, NET_001, NET_002, NET_003, NET_004, NET_012, NET_014, NET_018,
    NET_019,
};
use crate::collect::offered_version;
use crate::facts::{AZURE_ASSET_TAG, Call, Facts, Marks, ProbeAnswer, Trouble};
use crate::finding::{Confidence, Finding, Severity, Values};
use crate::stand_in;
use crate::windows::{Known, ProxySettings};
use azvm_exchange::{Failure, FailureKind, Phase};
use azvm_imds::{
    Compute, INSTANCE_API_VERSION, MAX_TOKEN_RESPONSE_BYTES, ProtocolError, Responder,
};

pub(super) fn reachable(facts: &Facts, values: &Values) -> Verdict {
    let mut verdict = Verdict::default();
    verdict.saw("endpoint", &facts.imds.endpoint);
    let Some(call) = &facts.imds.probe else {
        return verdict.unknown("not asked: the time limit had passed");
    };
    verdict.took(call);
    verdict.saw_some("local_address", call.local.as_ref());
    match &call.answer {
        _ if stand_in::is_vouched_for(&facts.imds) => {
            vouched_for(call, facts, values, &mut verdict)
        }
        Err(Trouble::Silent(failure)) => silent(failure, facts, values, &mut verdict),
        // The probe is read as an answer whatever its status.
        Err(Trouble::Refused(error)) => verdict.saw("error", error.to_string()),
        Ok(answer) => {
            answered((answer, &call.marks), facts, values, &mut verdict);
            verdict.summary(format!(
                "{} answers at {}, {}",
                stranger::who(answer),
                facts.imds.endpoint,
                brief(call.elapsed)
            ));
        }
    }
    agent::saw(facts, &mut verdict);
    agent::audit(facts, values, &mut verdict);
    partial(facts, values, &mut verdict);
    path::pods_lost(facts, values, &mut verdict);
    path::slowness(facts, values, &mut verdict);
    proxy_note(facts, values, &mut verdict);
    verdict
}

/// The probe was answered; was the question what the machine is?
fn partial(facts: &Facts, values: &Values, verdict: &mut Verdict) {
    let Some(call) = &facts.imds.instance else {
        return;
    };
    verdict.took(call);
    if !stand_in::is_known(&facts.imds) {
        // A stranger has no such description.
        return;
    }
    let is_about_version = unknown_version(facts, values, verdict);
    let cause = match &call.answer {
        Ok(_) => return,
        Err(Trouble::Refused(ProtocolError::Rejected(_)))
            if is_about_version && facts.imds.first_instance.is_none() =>
        {
            return;
        }
        Err(Trouble::Refused(error)) => error.to_string(),
        Err(Trouble::Silent(failure)) => failure.to_string(),
    };
    verdict.saw("instance", &cause);
    let mut finding = Finding::new(&IMDS_022, values).with_cause(cause);
    let lasting = lasting(call);
    if facts.asked.target.is_some() {
        // Naming the target is what the rest of the remedy is about.
        finding.remedy.text = lasting.unwrap_or("Try again in a minute.").into();
        finding.remedy.commands.clear();
    } else if let Some(fix) = lasting {
        finding.remedy.text = format!("{fix} Name the target with --target meanwhile.");
    }
    verdict.find(finding);
}

/// What to do where waiting does not help: nothing but silence, an update, throttling and trouble passes by itself.
fn lasting(call: &Call<Compute, ProtocolError>) -> Option<&'static str> {
    let Err(Trouble::Refused(error)) = &call.answer else {
        return None;
    };
    let ProtocolError::Rejected(rejection) = error else {
        return Some(CHANGED_FIX);
    };
    match (rejection.responder(), rejection.status()) {
        (Responder::GuestProxyAgent, 403) => Some(ALLOW_FIX),
        (_, 200) => Some(CHANGED_FIX),
        (_, 410 | 429 | 500..) => None,
        (_, 404) => Some(ABSENT_FIX),
        _ => Some(REFUSED_FIX),
    }
}

/// The agent has rules for paths and programs.
const ALLOW_FIX: &str = "Have the Guest Proxy Agent's rules allow /metadata/instance for this program: a rule does not pass by waiting.";

/// IMDS has this document on every machine.
const ABSENT_FIX: &str = "Waiting does not help: IMDS has this document on every machine, so look for a stand-in that has no /metadata/instance, or for what answers this path in its place.";

/// It says no, and will say so again.
const REFUSED_FIX: &str = "Waiting does not help: look for what refuses /metadata/instance and not the token, such as a rule for paths, or a stand-in.";

/// It says yes, and does not send it.
const CHANGED_FIX: &str = "Waiting does not help: look for what answers /metadata/instance with something else, such as a stand-in or a proxy.";

/// IMDS named the versions that it has. Whether one of them was read makes the difference.
fn unknown_version(facts: &Facts, values: &Values, verdict: &mut Verdict) -> bool {
    let imds = &facts.imds;
    let first = imds.first_instance.as_ref().or(imds.instance.as_ref());
    let Some(Err(Trouble::Refused(ProtocolError::Rejected(rejection)))) =
        first.map(|call| &call.answer)
    else {
        return false;
    };
    let offered = rejection.newest_versions().join(" ");
    if rejection.status() != 400 || offered.is_empty() {
        return false;
    }
    verdict.saw("newest_versions", &offered);
    let is_read = imds.compute().is_some();
    let read = first.and_then(offered_version).filter(|_| is_read);
    let (severity, then) = match &read {
        Some(version) => (Severity::Note, format!("{version} was read instead")),
        None => (
            Severity::Warn,
            "the machine's description did not come".into(),
        ),
    };
    let cause = format!("{INSTANCE_API_VERSION} is not among {offered}; {then}");
    let finding = Finding::new(&IMDS_009, values).with_severity(severity);
    verdict.find(finding.with_cause(cause));
    true
}

fn silent(failure: &Failure, facts: &Facts, values: &Values, verdict: &mut Verdict) {
    verdict.saw("failure", failure.to_string());
    let told = too_large(failure).unwrap_or_else(|| failure.to_string());
    let mut cause = format!("{}: {told}", facts.imds.endpoint);
    let (entry, confidence) = match path::cause(failure, facts, verdict) {
        Some(known) => {
            cause = format!("{cause}; {}", known.because);
            (known.entry, known.confidence)
        }
        None => (silence(failure), Confidence::High),
    };
    verdict.find(
        Finding::new(entry, values)
            .with_severity(Severity::Fail)
            .with_confidence(confidence)
            .with_cause(cause),
    );
    path::unreadable(facts, values, verdict);
}

/// That more came than was read, which is no silence: no answer of IMDS is as large.
pub(super) fn too_large(failure: &Failure) -> Option<String> {
    let part = match failure.phase {
        _ if failure.kind != FailureKind::TooLarge => return None,
        Phase::Body => format!("the answer has more than {MAX_TOKEN_RESPONSE_BYTES} bytes"),
        _ => "the head of the answer is larger than is read".into(),
    };
    Some(format!("{part}, and none of IMDS is as large"))
}

/// What silence means, by how it sounds.
pub(super) fn silence(failure: &Failure) -> &'static Entry {
    match failure.kind {
        FailureKind::Unreachable => &NET_001,
        FailureKind::Timeout if failure.phase <= Phase::Connect => &NET_002,
        FailureKind::Refused => &NET_003,
        FailureKind::Denied => &NET_004,
        FailureKind::Timeout => &NET_019,
        FailureKind::Closed | FailureKind::Reset => &IMDS_006,
        _ => &NET_014,
    }
}

/// What to do while AAD Pod Identity answers.
const POD_IDENTITY_FIX: &str = "Look whether this pod has an AzureIdentity bound to it, with an identity that the nodes have, and at the logs of NMI and MIC. AAD Pod Identity is retired: move to workload identity. If it is not to answer this program, delete its redirection.";

/// NMI answers in IMDS's place.
pub(crate) fn pod_identity(values: &Values, words: String) -> Finding {
    let mut finding = Finding::new(&NET_018, values)
        .with_title("AAD Pod Identity (NMI) answers in IMDS's place")
        .with_cause(words);
    finding.remedy.text = POD_IDENTITY_FIX.into();
    finding
}

/// Nothing is wrong for who knows that it is one.
const STAND_IN_FIX: &str = "Nothing, if this is a stand-in for IMDS that you put there. If it is to be IMDS itself, look for what answers in its place: IMDS refuses a request without the header with 400 and JSON.";

/// The request without the header told nothing, and those with it were answered as IMDS answers. A hiccup is told where the
/// token is.
fn vouched_for(
    call: &Call<ProbeAnswer, ProtocolError>,
    facts: &Facts,
    values: &Values,
    verdict: &mut Verdict,
) {
    verdict.summary(format!(
        "{} answers at {}",
        Responder::ImdsLike,
        facts.imds.endpoint
    ));
    let answer = match &call.answer {
        Ok(answer) => answer,
        Err(Trouble::Silent(failure)) => return verdict.saw("failure", failure.to_string()),
        Err(Trouble::Refused(error)) => return verdict.saw("error", error.to_string()),
    };
    saw_answer((answer, &call.marks), verdict);
    if !matches!(answer.status, 410 | 429 | 500..) {
        let mut note = Finding::new(&NET_014, values)
            .with_severity(Severity::Note)
            .with_confidence(Confidence::Possible)
            .with_title("a request without the header is refused in another form than IMDS's")
            .with_cause(format!(
                "{}; with the header it answered as IMDS does",
                told(answer)
            ))
            .with_fix(STAND_IN_FIX);
        note.remedy.commands.clear();
        verdict.find(note);
    }
}

fn saw_answer((answer, marks): (&ProbeAnswer, &Marks), verdict: &mut Verdict) {
    verdict.saw("responder", answer.responder.to_string());
    verdict.saw("status", answer.status.to_string());
    verdict.saw_some("server", answer.server.as_ref());
    stranger::saw(marks, verdict);
    verdict.saw_some("metadata_flavor", answer.flavor.as_ref());
    verdict.saw_some("reason_phrase", answer.reason.as_ref());
}

/// A status that IMDS documents, of an answer that says nothing of who wrote it: no server's name, no page, and no words or
/// those of IMDS. A 404 says that this is some web server, and 500 that it has a mistake.
///
/// Source: Microsoft, "How to use managed identities for Azure resources on an Azure VM to acquire an access token", error
/// handling.
fn documented(answer: &ProbeAnswer) -> Option<&'static Entry> {
    let words = answer.rejection.description().map(str::to_ascii_lowercase);
    let has_words = |known: &str| words.as_ref().is_none_or(|words| words.contains(known));
    match answer.status {
        _ if answer.responder != Responder::Unknown || answer.server.is_some() => None,
        410 if words.is_none() => Some(&IMDS_002),
        429 if has_words("too many requests") => Some(&IMDS_003),
        503 if words.is_none() => Some(&IMDS_006),
        _ => None,
    }
}

fn answered(
    (answer, marks): (&ProbeAnswer, &Marks),
    facts: &Facts,
    values: &Values,
    verdict: &mut Verdict,
) {
    saw_answer((answer, marks), verdict);
    let entry: &Entry = match answer.responder {
        Responder::Imds | Responder::ImdsThroughAgent => {
            verdict.saw_some("error", answer.rejection.error());
            match agent::unsigned(answer.status, answer.responder, facts) {
                Some(entry) => entry,
                None => return,
            }
        }
        Responder::ImdsLike => {
            if facts.imds.is_default_endpoint {
                let note = Finding::new(&NET_014, values)
                    .with_severity(Severity::Note)
                    .with_confidence(Confidence::Possible)
                    .with_title("the answer has IMDS's form, but not its Server header");
                verdict.find(note);
            }
            return;
        }
        _ if stranger::cloud(answer).is_some() => &HOST_002,
        Responder::GuestProxyAgent => agent::own_answer(answer.status, facts),
        Responder::HttpProxy if answer.status >= 500 && is_proxy_set(facts) => &IMDS_005,
        Responder::PodIdentity => {
            verdict.find(pod_identity(values, answer.rejection.to_string()));
            return;
        }
        responder => match impostor(responder) {
            Some(entry) => entry,
            None if answer.status == 200 => &IMDS_018,
            None => documented(answer).unwrap_or(&NET_014),
        },
    };
    let mut finding = Finding::new(entry, values)
        .with_severity(Severity::Fail)
        .with_confidence(agent::confidence(entry))
        .with_cause(told(answer) + &stranger::by(marks, proxys_name(answer)));
    if entry.code == IMDS_018.code {
        // No token was asked for yet.
        finding = finding.with_title("something other than IMDS answers 200 at its address");
    }
    if answer.responder == Responder::IisFront {
        // It is on its way up: the token's own retries decide.
        finding = finding.with_severity(Severity::Warn);
    }
    if entry.code == IMDS_005.code || (entry.code == NET_014.code && is_like_agents(answer)) {
        finding = finding.with_confidence(Confidence::Likely);
    }
    if Some(entry) == documented(answer) {
        let cause = format!("{}; nothing in it says who wrote it", told(answer));
        finding = finding
            .with_confidence(Confidence::Possible)
            .with_cause(cause);
    }
    verdict.find(finding);
    if entry.code == NET_014.code && facts.host.asset_tag.is_azure() == Some(false) {
        verdict.find(nowhere(answer, values));
    }
    if answer.responder == Responder::GuestProxyAgent {
        path::unreadable(facts, values, verdict);
    }
}

/// A server that is not known by its program is told by that name already.
fn proxys_name(answer: &ProbeAnswer) -> Option<&str> {
    let is_proxys = answer.responder == Responder::HttpProxy;
    answer.server.as_deref().filter(|_| is_proxys)
}

/// Other clouds use the address, too, and not all of them say who they are.
fn nowhere(answer: &ProbeAnswer, values: &Values) -> Finding {
    let clouds = match answer.responder {
        Responder::Unknown => "; other clouds have services at this address",
        _ => "",
    };
    let cause = format!(
        "the firmware does not carry Azure's mark ({AZURE_ASSET_TAG}), and what answers is not IMDS{clouds}"
    );
    Finding::new(&HOST_001, values)
        .with_severity(Severity::Note)
        .with_confidence(Confidence::Possible)
        .with_title("this may be no Azure virtual machine")
        .with_cause(cause)
}

/// The agent has the usual words in its status line (Azure/GuestProxyAgent:proxy_agent/src/proxy/proxy_server.rs sets a
/// status, and its HTTP library writes the line); what has others and nothing else is somebody's who refuses as it does.
fn is_like_agents(answer: &ProbeAnswer) -> bool {
    answer.reason.is_some() && agent::has_status(answer.status)
}

/// Who answers in IMDS's place, where his marks alone say it.
pub(crate) fn impostor(responder: Responder) -> Option<&'static Entry> {
    Some(match responder {
        Responder::ArcAgent => &HOST_003,
        Responder::DockerDesktop => &HOST_007,
        Responder::IisFront => &IMDS_006,
        Responder::OtherCloud => &HOST_002,
        Responder::PodIdentity => &NET_018,
        _ => return None,
    })
}

/// Who answered the probe, and in which words.
fn told(answer: &ProbeAnswer) -> String {
    let mut cause = format!(
        "{} answered {} to a direct request without a proxy",
        stranger::who(answer),
        answer.status
    );
    if let Some(words) = answer.rejection.description() {
        cause.push_str(&format!(": {words}"));
    }
    if let Some(form) = answer.rejection.unread_form() {
        cause.push_str(&format!("; {form}"));
    }
    cause
}

/// Whether programs here are told to use a proxy for IMDS. Then it is that proxy which also takes what was meant to go
/// past it; where none is told of, something on the way is NET-014.
fn is_proxy_set(facts: &Facts) -> bool {
    let host = &facts.host;
    let is_variable = !host.proxies.is_empty() && !host.no_proxy_covers_imds;
    is_variable || !path::system_proxies(facts).is_empty()
}

/// A proxy of Windows, if there is one, and whether it would get the request for IMDS.
fn in_short(settings: &Known<ProxySettings>) -> Option<String> {
    let settings = settings.as_ref().ok()?;
    let host = settings.host.as_ref()?;
    let exempt = if settings.exempts_imds {
        "IMDS is exempt"
    } else {
        "IMDS is not exempt"
    };
    Some(format!("{host}, {exempt}"))
}

/// This tool goes directly; what would a default client do?
fn proxy_note(facts: &Facts, values: &Values, verdict: &mut Verdict) {
    let host = &facts.host;
    if let Some(windows) = &host.windows {
        verdict.saw_some("winhttp_proxy", in_short(&windows.winhttp_proxy));
        verdict.saw_some("user_proxy", in_short(&windows.user_proxy));
    }
    let is_own = facts.imds.is_default_endpoint || facts.asked.simulation.is_some();
    if host.no_proxy_covers_imds || !is_own {
        return;
    }
    if host.proxies.is_empty() {
        return path::system_proxy(facts, values, verdict);
    }
    let set: Vec<String> = host
        .proxies
        .iter()
        .map(|proxy| format!("{}={}", proxy.name, proxy.host))
        .collect();
    verdict.saw("proxy_variables", set.join(" "));
    let title = format!(
        "{} is set; this tool bypasses it, other clients without NO_PROXY will not",
        host.proxies[0].name
    );
    verdict.find(Finding::new(&NET_012, values).with_title(title));
}
