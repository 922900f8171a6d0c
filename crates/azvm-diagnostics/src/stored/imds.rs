//! What IMDS said, in a report.

use super::answers::{claims, protocol_error, rejection, responder, responder_name};
use super::calls::{kind, kind_name, restore_call, store_call};
use super::facts::{back, ns, restore_audience, some, text, time};
use super::known::{restore, store};
use super::{StoredError, wire};
use crate::facts::{Call, ImdsFacts, ProbeAnswer, Reach, TokenFacts};
use azvm_exchange::Timestamp;
use azvm_imds::{Compute, ProtocolError, Rejection};

pub(super) fn store_imds(imds: &ImdsFacts) -> wire::Imds {
    let ImdsFacts {
        endpoint,
        is_default_endpoint,
        probe,
        instance,
        first_instance,
        identity_info,
        token,
        first_token,
        other_kind,
        default_identity,
        audience,
        platform,
    } = imds;
    let store_token =
        |call: &Call<TokenFacts, ProtocolError>| store_call(call, store_token, store_refusal);
    let refusal = store_refusal;
    wire::Imds {
        endpoint: text(endpoint),
        is_default_endpoint: *is_default_endpoint,
        audience: text(audience.as_str()),
        platform: store(platform, store_reach),
        probe: probe
            .as_ref()
            .map(|call| store_call(call, store_probe, refusal)),
        instance: instance
            .as_ref()
            .map(|call| store_call(call, store_compute, refusal)),
        first_instance: first_instance
            .as_ref()
            .map(|call| store_call(call, store_compute, refusal)),
        identity_info: identity_info
            .as_ref()
            .map(|call| store_call(call, |tenant| text(tenant), refusal)),
        token: token.as_ref().map(store_token),
        first_token: first_token.as_ref().map(store_token),
        other_kind: other_kind.as_ref().map(store_token),
        default_identity: default_identity.as_ref().map(store_token),
    }
}

pub(super) fn restore_imds(wire: wire::Imds) -> Result<ImdsFacts, StoredError> {
    Ok(ImdsFacts {
        endpoint: wire.endpoint.into(),
        is_default_endpoint: wire.is_default_endpoint,
        audience: restore_audience("imds.audience", &wire.audience)?,
        probe: restore_imds_call(wire.probe, restore_probe)?,
        instance: restore_imds_call(wire.instance, restore_compute)?,
        first_instance: restore_imds_call(wire.first_instance, restore_compute)?,
        identity_info: restore_imds_call(wire.identity_info, Into::into)?,
        token: restore_imds_call(wire.token, restore_token)?,
        first_token: restore_imds_call(wire.first_token, restore_token)?,
        other_kind: restore_imds_call(wire.other_kind, restore_token)?,
        default_identity: restore_imds_call(wire.default_identity, restore_token)?,
        platform: restore(wire.platform, restore_reach),
    })
}

fn store_reach(reach: &Reach) -> wire::Reach {
    match reach {
        Reach::Connected => wire::Reach::Connected(true),
        Reach::Failed(kind) => wire::Reach::Failed(text(kind_name(*kind))),
    }
}

fn restore_reach(wire: wire::Reach) -> Reach {
    match wire {
        wire::Reach::Connected(_) => Reach::Connected,
        wire::Reach::Failed(name) => Reach::Failed(kind(&name)),
    }
}

fn restore_imds_call<R, SR>(
    call: Option<wire::Call<SR, wire::Refusal>>,
    answer: impl FnOnce(SR) -> R,
) -> Result<Option<Call<R, ProtocolError>>, StoredError> {
    let restore = |call| restore_call(call, |good| Ok(answer(good)), |bad| protocol_error(&bad));
    call.map(restore).transpose()
}

fn store_probe(probe: &ProbeAnswer) -> wire::ProbeAnswer {
    let ProbeAnswer {
        status,
        responder,
        rejection,
        server,
        flavor,
        reason,
    } = probe;
    wire::ProbeAnswer {
        status: *status,
        responder: text(responder_name(*responder)),
        rejection: store_rejection(rejection),
        server: some(server.as_ref()),
        flavor: some(flavor.as_ref()),
        reason_phrase: some(reason.as_ref()),
    }
}

fn restore_probe(wire: wire::ProbeAnswer) -> ProbeAnswer {
    ProbeAnswer {
        status: wire.status,
        responder: responder(&wire.responder),
        rejection: rejection(&wire.rejection),
        server: back(wire.server),
        flavor: back(wire.flavor),
        reason: back(wire.reason_phrase),
    }
}

fn store_rejection(rejection: &Rejection) -> wire::Rejection {
    wire::Rejection {
        status: rejection.status(),
        error: some(rejection.error()),
        description: some(rejection.description()),
        newest_versions: rejection.newest_versions().iter().map(text).collect(),
        request_id: some(rejection.request_id()),
        retry_after_s: rejection.retry_after().map(|wait| wait.as_secs()),
        responder: text(responder_name(rejection.responder())),
        unread: rejection.unread_form().map(|form| text(form.as_str())),
    }
}

fn store_refusal(error: &ProtocolError) -> wire::Refusal {
    match error {
        ProtocolError::Rejected(rejection) => wire::Refusal::Rejected(store_rejection(rejection)),
        ProtocolError::Malformed(malformed) => wire::Refusal::Malformed(wire::Malformed {
            reason: text(malformed.reason()),
            responder: text(responder_name(malformed.responder())),
        }),
        ProtocolError::IgnoredSelector(ignored) => {
            wire::Refusal::IgnoredSelector(wire::IgnoredSelector {
                asked: text(ignored.asked().kind()),
                asked_value: some(ignored.asked().value()),
                answered: text(ignored.answered()),
            })
        }
        other => wire::Refusal::Malformed(wire::Malformed {
            reason: text(other.summary()),
            responder: text("unknown"),
        }),
    }
}

fn store_compute(compute: &Compute) -> wire::Compute {
    wire::Compute {
        az_environment: some(compute.az_environment.as_ref()),
        location: some(compute.location.as_ref()),
        name: some(compute.name.as_ref()),
        os_type: some(compute.os_type.as_ref()),
        resource_group_name: some(compute.resource_group_name.as_ref()),
        resource_id: some(compute.resource_id.as_ref()),
        subscription_id: some(compute.subscription_id.as_ref()),
        vm_id: some(compute.vm_id.as_ref()),
        vm_scale_set_name: some(compute.vm_scale_set_name.as_ref()),
        zone: some(compute.zone.as_ref()),
    }
}

fn restore_compute(wire: wire::Compute) -> Compute {
    let mut compute = Compute::default();
    compute.az_environment = back(wire.az_environment);
    compute.location = back(wire.location);
    compute.name = back(wire.name);
    compute.os_type = back(wire.os_type);
    compute.resource_group_name = back(wire.resource_group_name);
    compute.resource_id = back(wire.resource_id);
    compute.subscription_id = back(wire.subscription_id);
    compute.vm_id = back(wire.vm_id);
    compute.vm_scale_set_name = back(wire.vm_scale_set_name);
    compute.zone = back(wire.zone);
    compute
}

fn store_token(token: &TokenFacts) -> wire::Token {
    let TokenFacts {
        client_id,
        expires_on,
        expires_in,
        received_at,
        claims,
    } = token;
    wire::Token {
        client_id: some(client_id.as_ref()),
        expires_on: expires_on.unix_seconds(),
        expires_in_ns: ns(*expires_in),
        received_at: received_at.unix_seconds(),
        claims: match claims {
            Ok(claims) => {
                let pairs = claims
                    .iter()
                    .map(|(name, value)| (name.to_string(), text(value)));
                wire::Claims::Read(pairs.collect())
            }
            Err(error) => wire::Claims::Unreadable(text(error.to_string())),
        },
    }
}

fn restore_token(wire: wire::Token) -> TokenFacts {
    TokenFacts {
        client_id: back(wire.client_id),
        expires_on: Timestamp::from_unix_seconds(wire.expires_on),
        expires_in: time(wire.expires_in_ns),
        received_at: Timestamp::from_unix_seconds(wire.received_at),
        claims: claims(&wire.claims),
    }
}
