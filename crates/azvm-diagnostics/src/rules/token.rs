//! Is there a token, and does it say what it should?

use super::{Verdict, agent, long, model, principal, stranger};
use crate::catalogue::{
    Entry, HOST_003, IMDS_001, IMDS_002, IMDS_003, IMDS_004, IMDS_006, IMDS_007, IMDS_008,
    IMDS_009, IMDS_018, NET_014, TOKEN_001, TOKEN_002, TOKEN_003, TOKEN_004, TOKEN_007, TOKEN_008,
    TOKEN_009, TOKEN_011, TOKEN_012, TOKEN_015, TOKEN_017,
};
use crate::collect::{MAX_RETRY_AFTER, SCALE_SET_TYPE};
use crate::facts::{Call, Facts, ImdsFacts, Marks, TokenFacts, Trouble, Try};
use crate::finding::{Confidence, Finding, Severity, Values};
use crate::stand_in;
use azvm_arm::Cloud;
use azvm_exchange::{Failure, FailureKind, Timestamp};
use azvm_imds::{Guid, ProtocolError, Rejection, Responder, UnverifiedClaims};
use azvm_resource_id::ResourceId;
use std::time::Duration;

/// Entra dates tokens back by five minutes; a token that starts later than this much ahead meets a slow clock.
const NOT_BEFORE_LEEWAY_SECS: i64 = 60;

pub(super) fn token(facts: &Facts, values: &Values) -> Verdict {
    let mut verdict = Verdict::default();
    let Some(call) = &facts.imds.token else {
        return verdict.unknown("not asked: the time limit had passed");
    };
    verdict.took(call);
    verdict.saw("audience", facts.imds.audience.as_str());
    match &call.answer {
        Ok(token) => {
            recovered(facts, values, &mut verdict);
            verdict.saw(
                "expires_on",
                super::super::report::rfc3339(token.expires_on),
            );
            let ends = match lifetime(token, values, &mut verdict) {
                Some(ago) => format!("ended {} ago", long(ago)),
                None => format!("expires in {}", long(token.expires_in)),
            };
            verdict.summary(format!("for {}, {ends}", facts.imds.audience));
        }
        Err(Trouble::Silent(failure)) => {
            verdict.saw("failure", failure.to_string());
            verdict.find(unanswered(failure, values));
        }
        Err(Trouble::Refused(ProtocolError::Rejected(rejection))) => {
            refused((rejection, &call.marks), facts, values, &mut verdict);
        }
        Err(Trouble::Refused(error)) => {
            verdict.find(Finding::new(&IMDS_018, values).with_cause(error.to_string()));
        }
    }
    verdict
}

/// Too much is no silence: it came, and was not read.
fn unanswered(failure: &Failure, values: &Values) -> Finding {
    let finding = Finding::new(super::imds::silence(failure), values).with_severity(Severity::Fail);
    let Some(cause) = super::imds::too_large(failure) else {
        return finding
            .with_title("IMDS answered before, and no answer came to the request for a token")
            .with_cause(failure.to_string());
    };
    finding
        .with_title("IMDS answered before, and the answer to the request for a token is too large")
        .with_cause(cause)
        .with_confidence(Confidence::Likely)
        .with_fix("Look for what answers the request for a token in IMDS's place, or adds to its answer: a proxy, or a stand-in.")
}

/// What was retried with success is worth a warning: other clients retry less. The other questions to IMDS count too, if
/// they were answered in the end, for the first of them meets what would have met the token.
fn recovered(facts: &Facts, values: &Values, verdict: &mut Verdict) {
    let imds = &facts.imds;
    let instance = imds.instance.iter().filter(|call| call.answer.is_ok());
    let instance = instance.flat_map(Call::retried);
    let info = imds.identity_info.iter().filter(|call| call.answer.is_ok());
    let info = info.flat_map(Call::retried);
    // What came of waiting for an identity is told where the identity is.
    let has_waited = imds.first_token.is_some();
    let is_arrival = |attempt: &&Try| has_waited && matches!(attempt.outcome, Ok(400 | 404));
    let token = imds.token.iter().flat_map(Call::retried);
    let token = token.filter(|attempt| !is_arrival(attempt));
    let mut seen: Vec<(&'static Entry, usize)> = Vec::new();
    let probe = overcome(imds).into_iter();
    for attempt in probe.chain(instance).chain(info).chain(token) {
        let entry: &Entry = match attempt.outcome {
            Ok(404) => &IMDS_001,
            Ok(410) => &IMDS_002,
            Ok(429) => &IMDS_003,
            _ => &IMDS_006,
        };
        match seen.iter_mut().find(|(known, _)| *known == entry) {
            Some((_, times)) => *times += 1,
            None => seen.push((entry, 1)),
        }
    }
    for (entry, times) in seen {
        let retries = if times == 1 { "retry" } else { "retries" };
        let title = format!("{}; recovered after {times} {retries}", entry.title);
        verdict.find(
            Finding::new(entry, values)
                .with_severity(Severity::Warn)
                .with_title(title),
        );
    }
}

/// What went wrong with the request without the header, which is a hiccup now that there is a token. Refused connections
/// are those of a machine or an agent that has just started, and a restarting front is told as such.
fn overcome(imds: &ImdsFacts) -> Vec<&Try> {
    let probe = imds.probe.as_ref();
    let is_front = probe.is_some_and(|call| {
        let answer = call.answer.as_ref();
        answer.is_ok_and(|it| it.responder == Responder::IisFront)
    });
    let is_hiccup = |attempt: &&Try| match attempt.outcome {
        Ok(status) => matches!(status, 410 | 429 | 500..=599),
        Err(kind) => matches!(kind, FailureKind::Closed | FailureKind::Reset),
    };
    let attempts = probe.filter(|_| !is_front).map(|call| &call.attempts);
    attempts.into_iter().flatten().filter(is_hiccup).collect()
}

/// No token lasts a year.
const LONGEST_SECS: i64 = 366 * 86_400;

/// The unit of `expires_on` is the second.
fn endless(token: &TokenFacts, left: i64, values: &Values) -> Finding {
    let as_millis = Timestamp::from_unix_seconds(token.expires_on.unix_seconds() / 1000);
    let is_millis = as_millis.seconds_since(token.received_at).abs() <= LONGEST_SECS;
    let years = left / LONGEST_SECS;
    let cause = match is_millis {
        true => format!(
            "it lies {years} years ahead; read as milliseconds it is {}",
            super::super::report::rfc3339(as_millis)
        ),
        false => format!("it lies {years} years ahead"),
    };
    Finding::new(&IMDS_018, values)
        .with_severity(Severity::Warn)
        .with_title("expires_on is no end of a token, in seconds as IMDS has it")
        .with_cause(cause)
        .with_fix("Mend what answers in IMDS's place: a client that believes it keeps the token after its end.")
}

/// How long ago the token ended, if it did.
fn lifetime(token: &TokenFacts, values: &Values, verdict: &mut Verdict) -> Option<Duration> {
    let left = token.expires_on.seconds_since(token.received_at);
    if left > 0 {
        if left > LONGEST_SECS {
            verdict.find(endless(token, left, values));
        }
        return None;
    }
    let ago = Duration::from_secs(left.unsigned_abs());
    let cause = format!("it ended {} ago by this machine's clock", long(ago));
    verdict.find(Finding::new(&TOKEN_012, values).with_cause(cause));
    Some(ago)
}

fn refused(
    (rejection, marks): (&Rejection, &Marks),
    facts: &Facts,
    values: &Values,
    verdict: &mut Verdict,
) {
    verdict.saw("responder", rejection.responder().to_string());
    verdict.saw("status", rejection.status().to_string());
    verdict.saw_some("server", marks.server.as_ref());
    stranger::saw(marks, verdict);
    verdict.saw_some("error", rejection.error());
    verdict.saw_some("error_description", rejection.description());
    verdict.saw_some("request_id", rejection.request_id());
    if !rejection.newest_versions().is_empty() {
        verdict.saw("newest_versions", rejection.newest_versions().join(" "));
    }
    if rejection.responder() == Responder::PodIdentity {
        let words = rejection.to_string();
        verdict.find(super::imds::pod_identity(values, words));
        return;
    }
    let entry = refusal(rejection, facts);
    let mut cause = rejection.to_string() + &stranger::by(marks, marks.server.as_deref());
    let too_long = |wait: &Duration| *wait > MAX_RETRY_AFTER;
    if let Some(wait) = rejection.retry_after().filter(too_long) {
        let wait = long(wait);
        cause.push_str(&format!(
            "; it asks to come back in {wait}, which this run did not wait for"
        ));
    }
    let confidence = match is_own_without_a_mark(rejection, facts) {
        true => Confidence::Likely,
        false => agent::confidence(entry),
    };
    let finding = Finding::new(entry, values)
        .with_severity(Severity::Fail)
        .with_confidence(confidence)
        .with_cause(cause);
    verdict.find(in_case(finding, rejection));
    if rejection.status() == 200 {
        verdict.summary(rejection.to_string());
    }
}

/// As this answer has it: an error that came with success, or nothing to read.
fn in_case(finding: Finding, rejection: &Rejection) -> Finding {
    if rejection.status() == 200 {
        return finding
            .with_title("the metadata service answered 200 with an error and without a token");
    }
    if finding.entry != &TOKEN_017 {
        return finding;
    }
    match (rejection.unread_form(), rejection.description()) {
        (Some(_), _) => finding.with_fix(UNREAD_FIX),
        (None, None) => finding.with_fix(match rejection.error() {
            Some(_) => NO_DESCRIPTION_FIX,
            None => NO_WORDS_FIX,
        }),
        (None, Some(_)) => finding,
    }
}

/// An error without its description.
const NO_DESCRIPTION_FIX: &str = "The answer has an error and no description of it: ask again, and if it stays, give the error, the request id in the evidence and the time to support.";

/// A status alone.
const NO_WORDS_FIX: &str = "The answer says nothing but its status: look for what changes answers of IMDS on their way, ask again without it, and if it stays, give the status, the request id in the evidence and the time to support.";

/// There is no description that can be read.
const UNREAD_FIX: &str = "Nobody asked for a body of this form. Look for what changes the answers of IMDS on their way, and ask again without it: what is refused stands in the body.";

/// Who answered comes first, then the status, then `error`.
fn refusal(rejection: &Rejection, facts: &Facts) -> &'static Entry {
    if rejection.status() == 200 {
        return &IMDS_018;
    }
    if let Some(entry) = agent::unsigned(rejection.status(), rejection.responder(), facts) {
        return entry;
    }
    match rejection.responder() {
        Responder::GuestProxyAgent => return agent::own_answer(rejection.status(), facts),
        Responder::IisFront => return &IMDS_006,
        // Its probe may look like IMDS's; only its challenge for a token is its own.
        Responder::ArcAgent => return &HOST_003,
        _ if is_own_without_a_mark(rejection, facts) => {}
        responder if !responder.is_imds() && rejection.status() != 429 => {
            return if rejection.status() == 410 || rejection.status() == 404 {
                &IMDS_006
            } else {
                &NET_014
            };
        }
        _ => {}
    }
    by_error(rejection, unknown_audience(facts))
}

/// Which mistake an audience is that the directory does not know.
fn unknown_audience(facts: &Facts) -> &'static Entry {
    match () {
        () if facts.imds.audience.looks_like_scope() => &TOKEN_003,
        () if is_other_clouds(facts) => &TOKEN_001,
        () => &TOKEN_004,
    }
}

/// What IMDS itself refuses, by status and `error`; `audience` is the entry for one that is not known.
pub(crate) fn by_error(rejection: &Rejection, audience: &'static Entry) -> &'static Entry {
    match (rejection.status(), rejection.error()) {
        (404, _) => &IMDS_001,
        (410, _) => &IMDS_002,
        (429, _) => &IMDS_003,
        (401, Some("unknown_source")) => &IMDS_007,
        (500, Some("unknown")) => &IMDS_004,
        (500.., _) => &IMDS_006,
        (400, _) if !rejection.newest_versions().is_empty() => &IMDS_009,
        (400, _) if says_header_is_missing(rejection) => &IMDS_008,
        (_, Some("invalid_resource")) => audience,
        (_, Some("unauthorized_client")) => &TOKEN_015,
        _ => &TOKEN_017,
    }
}

/// An answer that says nothing of who wrote it, from a server that was known a moment ago without saying so either. To send
/// somebody elsewhere is not IMDS's way.
fn is_own_without_a_mark(rejection: &Rejection, facts: &Facts) -> bool {
    rejection.responder() == Responder::Unknown
        && rejection.status() >= 400
        && stand_in::is_unsigned(&facts.imds)
}

/// `bad_request_102` is the documented error, and this description is what is observed.
pub(crate) fn says_header_is_missing(rejection: &Rejection) -> bool {
    rejection.error() == Some("bad_request_102")
        || rejection
            .description()
            .is_some_and(|text| text.eq_ignore_ascii_case("Required metadata header not specified"))
}

/// True when the audience is the ARM of another cloud than the machine's.
pub(super) fn is_other_clouds(facts: &Facts) -> bool {
    Cloud::of_audience(facts.imds.audience.as_str())
        .is_some_and(|cloud| cloud != facts.machine_cloud())
}

pub(super) fn claims(facts: &Facts, values: &Values) -> Verdict {
    let mut verdict = Verdict::default();
    let Some(token) = facts.imds.token_facts() else {
        return verdict.unknown("there is no token to read");
    };
    let claims = match &token.claims {
        Ok(claims) => claims,
        Err(error) => return verdict.unknown(format!("{error}; tokens are opaque by contract")),
    };
    for (name, value) in claims.iter() {
        verdict.saw(name, value);
    }
    audience(facts, values, &mut verdict);
    named_audience(claims, facts, values, &mut verdict);
    tenant(claims, facts, values, &mut verdict);
    machine(claims, facts, values, &mut verdict);
    expected_principal(claims, facts, values, &mut verdict);
    principal::claims(claims, token, facts, values, &mut verdict);
    if let Some(not_before) = claims.not_before() {
        let ahead = not_before.seconds_since(token.received_at);
        if ahead > NOT_BEFORE_LEEWAY_SECS {
            let cause = format!("nbf is {ahead} s ahead of this machine's clock");
            verdict.find(Finding::new(&TOKEN_011, values).with_cause(cause));
        }
    }
    verdict.summary(format!(
        "audience {}, tenant {}",
        claims.audience().unwrap_or("not named"),
        claims.tenant_id().unwrap_or("not named")
    ));
    verdict
}

/// Only where it matters: a target that was read settles the question.
fn audience(facts: &Facts, values: &Values, verdict: &mut Verdict) {
    let asked = facts.imds.audience.as_str();
    if facts
        .arm
        .last_sample()
        .is_some_and(|sample| sample.call.answer.is_ok())
        || facts.arm.cloud.audiences().contains(&asked)
    {
        return;
    }
    let wanted_arm = facts.asked.target.is_some();
    let (entry, cause) = match Cloud::of_audience(asked) {
        Some(other) => (
            &TOKEN_001,
            format!(
                "{asked} is the ARM of {other}, the machine is in {}",
                facts.machine_cloud()
            ),
        ),
        None => (
            &TOKEN_002,
            format!(
                "{asked} is no audience that ARM accepts in {}",
                facts.arm.cloud
            ),
        ),
    };
    let finding = Finding::new(entry, values).with_cause(cause);
    let is_failure = wanted_arm || entry == &TOKEN_001;
    verdict.find(finding.with_severity(if is_failure {
        Severity::Fail
    } else {
        Severity::Note
    }));
}

/// The token may be for somebody else than was asked for. ARM's four spellings are one audience.
fn named_audience(
    claims: &UnverifiedClaims,
    facts: &Facts,
    values: &Values,
    verdict: &mut Verdict,
) {
    let asked = facts.imds.audience.as_str();
    let cloud_of = |audience: &str| Cloud::of_audience(audience).map(Cloud::name);
    let is_other = |named: &&str| {
        named.trim_end_matches('/') != asked.trim_end_matches('/')
            && (cloud_of(named).is_none() || cloud_of(named) != cloud_of(asked))
    };
    let last = facts.arm.last_sample().map(|sample| &sample.call.answer);
    // ARM has names that are not known here, such as its application ID: a target that was read settles the question.
    let is_settled = |named: &&str| matches!(last, Some(Ok(_))) && cloud_of(named).is_none();
    let Some(named) = claims
        .audience()
        .filter(|named| is_other(named) && !is_settled(named))
    else {
        return;
    };
    // What was asked for may be wrong already.
    if !verdict.findings.is_empty() {
        return;
    }
    let is_refused = matches!(last, Some(Err(Trouble::Refused(error))) if error.status() == 401);
    let severity = match is_refused {
        true => Severity::Fail,
        false => Severity::Warn,
    };
    let finding = Finding::new(&TOKEN_002, values)
        .with_severity(severity)
        .with_title("the token is for another audience than the one asked for");
    verdict.find(finding.with_cause(format!("asked for {asked}, the token says {named}")));
}

fn tenant(claims: &UnverifiedClaims, facts: &Facts, values: &Values, verdict: &mut Verdict) {
    let probe = facts
        .arm
        .probe
        .as_ref()
        .and_then(|call| call.answer.as_ref().ok());
    let (Some(token), Some(subscription)) = (
        claims.tenant_id(),
        probe.and_then(|probe| probe.tenant_id.as_deref()),
    ) else {
        return;
    };
    verdict.saw("subscription_tenant", subscription);
    // Anything else than GUIDs proves nothing: a tenant has names, too.
    let are_guids = [token, subscription]
        .iter()
        .all(|id| id.parse::<Guid>().is_ok());
    if are_guids && !token.eq_ignore_ascii_case(subscription) {
        let cause =
            format!("the token is from tenant {token}, the subscription belongs to {subscription}");
        let finding = Finding::new(&TOKEN_007, values).with_cause(cause);
        let is_read = facts
            .arm
            .last_sample()
            .is_some_and(|sample| sample.call.answer.is_ok());
        verdict.find(finding.with_severity(if is_read {
            Severity::Warn
        } else {
            Severity::Fail
        }));
    }
}

/// The system-assigned identity is named after its machine.
fn machine(claims: &UnverifiedClaims, facts: &Facts, values: &Values, verdict: &mut Verdict) {
    let named = claims
        .managed_identity_resource_id()
        .and_then(|id| id.parse::<ResourceId>().ok());
    let own = facts
        .imds
        .compute()
        .and_then(|compute| compute.resource_id.as_deref()?.parse::<ResourceId>().ok());
    let (Some(named), Some(own)) = (named, own) else {
        return;
    };
    // An instance of a uniform scale set has its identity from the set.
    let (own, is_place): (ResourceId, fn(&ResourceId, &ResourceId) -> bool) =
        match (named.resource_type() == SCALE_SET_TYPE, set_of(&own)) {
            (true, Some(set)) => (set, |place, named| set_of(place).as_ref() == Some(named)),
            _ => (own, |place, named| place == named),
        };
    let kind = named.resource_type();
    let is_machine = kind == "Microsoft.Compute/virtualMachines" || kind == SCALE_SET_TYPE;
    // Where ARM has this very machine, IMDS is behind, which is HOST-010.
    let is_known = model::proven_place(facts).is_some_and(|place| is_place(&place, &named));
    if is_machine && own.resource_type() == kind && named != own && !is_known {
        let cause = format!("the token names {named}, IMDS says that this is {own}");
        verdict.find(Finding::new(&TOKEN_009, values).with_cause(cause));
    }
}

/// The scale set of an instance.
fn set_of(id: &ResourceId) -> Option<ResourceId> {
    let set = id.parent()?;
    let is_set = set.resource_type() == SCALE_SET_TYPE;
    is_set.then(|| set.as_str().parse().ok())?
}

/// Only whoever granted the role knows to whom.
fn expected_principal(
    claims: &UnverifiedClaims,
    facts: &Facts,
    values: &Values,
    verdict: &mut Verdict,
) {
    let expected = facts.asked.expected_principal.as_ref();
    verdict.saw_some("expected_principal", expected.map(Guid::as_str));
    let (Some(expected), Some(own)) = (expected, claims.object_id()) else {
        return;
    };
    if own.eq_ignore_ascii_case(expected.as_str()) {
        return;
    }
    let app_id = claims.app_id();
    let is_app = app_id.is_some_and(|id| id.eq_ignore_ascii_case(expected.as_str()));
    let finding = Finding::new(&TOKEN_008, values);
    let finding = match is_app {
        true => finding.with_title(
            "the principal that you expect is the client ID, not the object ID, of this identity",
        ),
        false => finding,
    };
    verdict.find(finding.with_cause(format!("you expect {expected}, the token is for {own}")));
}
