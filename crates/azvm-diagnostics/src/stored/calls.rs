//! Exchanges in a report: their attempts, and why no answer came.

use super::facts::{back, ns, some, text, time};
use super::text::Text;
use super::{StoredError, wire};
use crate::facts::{Call, Marks, TimelineEntry, Trouble, Try};
use azvm_exchange::{Failure, FailureKind, Phase, Timestamp};

pub(super) fn store_call<R, E, SR, SE>(
    call: &Call<R, E>,
    answer: impl FnOnce(&R) -> SR,
    refusal: impl FnOnce(&E) -> SE,
) -> wire::Call<SR, SE> {
    let Call {
        answer: came,
        attempts,
        elapsed,
        clocks,
        local,
        marks,
    } = call;
    wire::Call {
        answer: match came {
            Ok(good) => wire::Answer::Ok(answer(good)),
            Err(Trouble::Refused(bad)) => wire::Answer::Refused(refusal(bad)),
            Err(Trouble::Silent(failure)) => wire::Answer::Silent(store_failure(failure)),
        },
        tries: attempts.iter().map(store_try).collect(),
        elapsed_ns: ns(*elapsed),
        clocks: clocks.map(|(server, local)| wire::Clocks {
            server: server.unix_seconds(),
            local: local.unix_seconds(),
        }),
        local_address: some(local.as_ref()),
        marks: (*marks != Marks::default()).then(|| store_marks(marks)),
    }
}

fn store_marks(marks: &Marks) -> wire::Marks {
    let Marks {
        server,
        via,
        squid_error,
        redirects_to,
    } = marks;
    wire::Marks {
        server: some(server.as_ref()),
        via: some(via.as_ref()),
        squid_error: some(squid_error.as_ref()),
        redirects_to: some(redirects_to.as_ref()),
    }
}

fn restore_marks(wire: wire::Marks) -> Marks {
    Marks {
        server: back(wire.server),
        via: back(wire.via),
        squid_error: back(wire.squid_error),
        redirects_to: back(wire.redirects_to),
    }
}

pub(super) fn restore_call<R, E, SR, SE>(
    wire: wire::Call<SR, SE>,
    answer: impl FnOnce(SR) -> Result<R, StoredError>,
    refusal: impl FnOnce(SE) -> Result<E, StoredError>,
) -> Result<Call<R, E>, StoredError> {
    let seconds = Timestamp::from_unix_seconds;
    Ok(Call {
        answer: match wire.answer {
            wire::Answer::Ok(good) => Ok(answer(good)?),
            wire::Answer::Refused(bad) => Err(Trouble::Refused(refusal(bad)?)),
            wire::Answer::Silent(failure) => Err(Trouble::Silent(restore_failure(failure))),
        },
        attempts: wire.tries.into_iter().map(restore_try).collect(),
        elapsed: time(wire.elapsed_ns),
        clocks: wire
            .clocks
            .map(|clocks| (seconds(clocks.server), seconds(clocks.local))),
        local: back(wire.local_address),
        marks: wire.marks.map(restore_marks).unwrap_or_default(),
    })
}

fn store_try(attempt: &Try) -> wire::Try {
    let Try {
        at,
        outcome,
        request_id,
        retry_in,
    } = attempt;
    wire::Try {
        at_ns: ns(*at),
        outcome: store_outcome(*outcome),
        request_id: some(request_id.as_ref()),
        retry_in_ns: retry_in.map(ns),
    }
}

fn restore_try(wire: wire::Try) -> Try {
    Try {
        at: time(wire.at_ns),
        outcome: restore_outcome(&wire.outcome),
        request_id: back(wire.request_id),
        retry_in: wire.retry_in_ns.map(time),
    }
}

pub(super) fn store_entry(entry: &TimelineEntry) -> wire::TimelineEntry {
    let TimelineEntry {
        at,
        took,
        action,
        outcome,
        code,
        request_id,
    } = entry;
    wire::TimelineEntry {
        action: text(action),
        at_ns: ns(*at),
        took_ns: ns(*took),
        outcome: store_outcome(*outcome),
        code: some(code.as_ref()),
        request_id: some(request_id.as_ref()),
    }
}

pub(super) fn restore_entry(wire: wire::TimelineEntry) -> TimelineEntry {
    TimelineEntry {
        at: time(wire.at_ns),
        took: time(wire.took_ns),
        action: String::from(wire.action).into(),
        outcome: restore_outcome(&wire.outcome),
        code: back(wire.code),
        request_id: back(wire.request_id),
    }
}

fn store_outcome(outcome: Result<u16, FailureKind>) -> wire::Outcome {
    match outcome {
        Ok(status) => wire::Outcome::Status(status),
        Err(kind) => wire::Outcome::Failure(text(kind_name(kind))),
    }
}

fn restore_outcome(wire: &wire::Outcome) -> Result<u16, FailureKind> {
    match wire {
        wire::Outcome::Status(status) => Ok(*status),
        wire::Outcome::Failure(name) => Err(kind(name)),
    }
}

const KINDS: [(FailureKind, &str); 19] = [
    (FailureKind::Certificate, "certificate"),
    (FailureKind::CertificateDates, "certificate_dates"),
    (FailureKind::CertificateName, "certificate_name"),
    (FailureKind::ClientCertificate, "client_certificate"),
    (FailureKind::Closed, "closed"),
    (FailureKind::Denied, "denied"),
    (FailureKind::NameNotFound, "name_not_found"),
    (FailureKind::NoTls, "no_tls"),
    (FailureKind::Other, "other"),
    (FailureKind::Protocol, "protocol"),
    (FailureKind::Proxy, "proxy"),
    (FailureKind::Refused, "refused"),
    (FailureKind::Reset, "reset"),
    (FailureKind::ResolverFailed, "resolver_failed"),
    (FailureKind::Timeout, "timeout"),
    (FailureKind::Tls, "tls"),
    (FailureKind::TooLarge, "too_large"),
    (FailureKind::Unreachable, "unreachable"),
    (FailureKind::Unsafe, "unsafe"),
];

const PHASES: [(Phase, &str); 6] = [
    (Phase::Resolve, "resolve"),
    (Phase::Connect, "connect"),
    (Phase::Tunnel, "tunnel"),
    (Phase::Tls, "tls"),
    (Phase::FirstByte, "first_byte"),
    (Phase::Body, "body"),
];

pub(super) fn kind_name(kind: FailureKind) -> &'static str {
    let row = KINDS.iter().find(|(known, _)| *known == kind);
    row.map_or("other", |(_, name)| name)
}

pub(super) fn kind(name: &Text) -> FailureKind {
    let row = KINDS.iter().find(|(_, known)| *known == name.as_str());
    row.map_or(FailureKind::Other, |(kind, _)| *kind)
}

fn store_failure(failure: &Failure) -> wire::Failure {
    let phase = PHASES.iter().find(|(known, _)| *known == failure.phase);
    wire::Failure {
        kind: text(kind_name(failure.kind)),
        phase: text(phase.map_or("body", |(_, name)| name)),
        detail: text(&failure.detail),
    }
}

fn restore_failure(wire: wire::Failure) -> Failure {
    let phase = PHASES.iter().find(|(_, name)| *name == wire.phase.as_str());
    let phase = phase.map_or(Phase::Body, |(phase, _)| *phase);
    Failure::new(kind(&wire.kind), phase, wire.detail.into())
}
