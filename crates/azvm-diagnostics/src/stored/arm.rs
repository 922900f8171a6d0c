//! What ARM said, in a report.

use super::answers::arm_error;
use super::calls::{restore_call, store_call};
use super::facts::{
    back, ns, restore_cloud, restore_id, restore_proxy, some, store_proxy, text, time,
};
use super::known::{restore, restore_address, store, store_address};
use super::model::{restore_model, store_model};
use super::rights::{restore_rights, store_rights};
use super::text::Text;
use super::{StoredError, wire};
use crate::facts::{
    ArmFacts, ArmProbe, Call, CertificateFacts, ResolvedAddress, Sample, TargetFacts, Withheld,
};
use azvm_arm::{ArmError, Budget, Resource, RoleAssignment, RoleAssignments};
use azvm_exchange::Timestamp;

pub(super) fn store_arm(arm: &ArmFacts) -> wire::Arm {
    let ArmFacts {
        endpoint,
        is_named_endpoint,
        cloud,
        addresses,
        is_over_ipv6,
        proxy,
        probe,
        certificate,
        target,
        role_assignments,
        rights,
        model,
        is_group_respelt,
    } = arm;
    let refusal = store_arm_refusal;
    wire::Arm {
        endpoint: text(endpoint),
        is_named_endpoint: *is_named_endpoint,
        cloud: text(cloud.name()),
        addresses: store(addresses, |it| it.iter().map(store_resolved).collect()),
        is_over_ipv6: *is_over_ipv6,
        proxy: proxy.as_ref().map(store_proxy),
        probe: probe
            .as_ref()
            .map(|call| store_call(call, store_arm_probe, refusal)),
        certificate: certificate.as_ref().map(store_certificate),
        target: target.as_ref().map(store_target),
        role_assignments: role_assignments
            .as_ref()
            .map(|call| store_call(call, store_roles, refusal)),
        rights: store_rights(rights),
        model: model.as_ref().map(store_model),
        is_group_respelt: *is_group_respelt,
    }
}

pub(super) fn restore_arm(wire: wire::Arm) -> Result<ArmFacts, StoredError> {
    Ok(ArmFacts {
        endpoint: wire.endpoint.into(),
        is_named_endpoint: wire.is_named_endpoint,
        cloud: restore_cloud("arm.cloud", &wire.cloud)?,
        addresses: restore(wire.addresses, |it| {
            it.into_iter().map(restore_resolved).collect()
        }),
        is_over_ipv6: wire.is_over_ipv6,
        proxy: wire.proxy.map(restore_proxy),
        probe: wire
            .probe
            .map(|call| restore_arm_call(call, restore_arm_probe))
            .transpose()?,
        certificate: wire.certificate.map(restore_certificate),
        target: wire.target.map(restore_target).transpose()?,
        role_assignments: wire
            .role_assignments
            .map(|call| restore_arm_call(call, restore_roles))
            .transpose()?,
        rights: restore_rights(wire.rights)?,
        model: wire.model.map(restore_model).transpose()?,
        is_group_respelt: wire.is_group_respelt,
    })
}

fn store_resolved(resolved: &ResolvedAddress) -> wire::ResolvedAddress {
    let ResolvedAddress {
        address,
        is_private,
        is_ipv6,
    } = resolved;
    wire::ResolvedAddress {
        address: store_address(address),
        is_private: *is_private,
        is_ipv6: *is_ipv6,
    }
}

fn restore_resolved(wire: wire::ResolvedAddress) -> ResolvedAddress {
    ResolvedAddress {
        address: restore_address(wire.address),
        is_private: wire.is_private,
        is_ipv6: wire.is_ipv6,
    }
}

pub(super) fn restore_arm_call<R, SR>(
    call: wire::Call<SR, wire::ArmRefusal>,
    answer: impl FnOnce(SR) -> R,
) -> Result<Call<R, ArmError>, StoredError> {
    try_restore_arm_call(call, |good| Ok(answer(good)))
}

/// As [`restore_arm_call`], of an answer that may be none.
pub(super) fn try_restore_arm_call<R, SR>(
    call: wire::Call<SR, wire::ArmRefusal>,
    answer: impl FnOnce(SR) -> Result<R, StoredError>,
) -> Result<Call<R, ArmError>, StoredError> {
    restore_call(call, answer, |bad| Ok(arm_error(&bad)))
}

fn store_arm_probe(probe: &ArmProbe) -> wire::ArmProbe {
    let ArmProbe {
        status,
        code,
        tenant_id,
    } = probe;
    wire::ArmProbe {
        status: *status,
        code: some(code.as_ref()),
        tenant_id: some(tenant_id.as_ref()),
    }
}

fn store_certificate(certificate: &CertificateFacts) -> wire::Certificate {
    let CertificateFacts {
        subject,
        issuer,
        not_before,
        not_after,
        sha256,
        chain_length,
    } = certificate;
    wire::Certificate {
        subject: text(subject),
        issuer: text(issuer),
        not_before: not_before.unix_seconds(),
        not_after: not_after.unix_seconds(),
        sha256: text(sha256),
        chain_length: *chain_length,
    }
}

fn restore_certificate(wire: wire::Certificate) -> CertificateFacts {
    CertificateFacts {
        subject: wire.subject.into(),
        issuer: wire.issuer.into(),
        not_before: Timestamp::from_unix_seconds(wire.not_before),
        not_after: Timestamp::from_unix_seconds(wire.not_after),
        sha256: wire.sha256.into(),
        chain_length: wire.chain_length,
    }
}

fn restore_arm_probe(wire: wire::ArmProbe) -> ArmProbe {
    ArmProbe {
        status: wire.status,
        code: back(wire.code),
        tenant_id: back(wire.tenant_id),
    }
}

pub(super) fn store_arm_refusal(error: &ArmError) -> wire::ArmRefusal {
    let sender = error.sender();
    let details = error.details().iter().map(|detail| wire::ArmDetail {
        code: some(detail.code.as_ref()),
        message: some(detail.message.as_ref()),
    });
    wire::ArmRefusal {
        status: error.status(),
        code: some(error.code()),
        message: some(error.message()),
        request_id: some(error.request_id()),
        correlation_id: some(error.correlation_id()),
        challenge: error.challenge().map(|challenge| wire::Challenge {
            tenant_id: some(challenge.tenant_id.as_ref()),
            error: some(challenge.error.as_ref()),
            description: some(challenge.description.as_ref()),
            has_claims: challenge.has_claims,
            claims: some(challenge.claims.as_ref()),
        }),
        is_bare: !error.is_enveloped(),
        is_page: error.is_page(),
        details: details.collect(),
        via: some(sender.via.as_ref()),
        server: some(sender.server.as_ref()),
        squid_error: some(sender.squid_error.as_ref()),
        edge_ref: some(sender.edge_ref.as_ref()),
        routing_id: some(error.request_ids().routing_id.as_ref()),
        failure_cause: some(error.request_ids().failure_cause.as_ref()),
        budget: None,
        budgets: error
            .throttling()
            .budgets
            .iter()
            .map(store_budget)
            .collect(),
        retry_after_s: error.throttling().retry_after.map(|wait| wait.as_secs()),
    }
}

fn store_budget(budget: &Budget) -> wire::Budget {
    wire::Budget {
        kind: text(&budget.name),
        policy: some(budget.policy.as_ref()),
        remaining: budget.remaining,
    }
}

fn store_target(target: &TargetFacts) -> wire::Target {
    let TargetFacts {
        id,
        is_asked,
        samples,
        withheld,
        wait_ended,
        waited,
    } = target;
    let samples = samples.iter().map(|Sample { at, call }| wire::Sample {
        at_ns: ns(*at),
        call: store_call(call, store_resource, store_arm_refusal),
    });
    wire::Target {
        id: text(id.as_str()),
        is_asked: *is_asked,
        samples: samples.collect(),
        withheld: withheld.map(|why| {
            text(match why {
                Withheld::NoArm => "no_arm",
                Withheld::NoToken => "no_token",
                Withheld::OtherAudience => "other_audience",
            })
        }),
        wait_ended: *wait_ended,
        waited_ns: ns(*waited),
    }
}

fn restore_target(wire: wire::Target) -> Result<TargetFacts, StoredError> {
    let withheld = match wire.withheld.as_ref().map(Text::as_str) {
        None => None,
        Some("no_arm") => Some(Withheld::NoArm),
        Some("no_token") => Some(Withheld::NoToken),
        Some("other_audience") => Some(Withheld::OtherAudience),
        Some(_) => return Err(StoredError::at("arm.target.withheld", "no such reason")),
    };
    let samples = wire.samples.into_iter().map(|sample| {
        Ok(Sample {
            at: time(sample.at_ns),
            call: restore_arm_call(sample.call, restore_resource)?,
        })
    });
    Ok(TargetFacts {
        id: restore_id("arm.target.id", &wire.id)?,
        is_asked: wire.is_asked,
        samples: samples.collect::<Result<_, _>>()?,
        withheld,
        wait_ended: wire.wait_ended,
        waited: time(wire.waited_ns),
    })
}

fn store_resource(resource: &Resource) -> wire::Resource {
    wire::Resource {
        id: text(&resource.id),
        name: some(resource.name.as_ref()),
        resource_type: some(resource.resource_type.as_ref()),
        location: some(resource.location.as_ref()),
        state: some(resource.state.as_ref()),
    }
}

fn restore_resource(wire: wire::Resource) -> Resource {
    let mut resource = Resource::default();
    resource.id = wire.id.into();
    resource.name = back(wire.name);
    resource.resource_type = back(wire.resource_type);
    resource.location = back(wire.location);
    resource.state = back(wire.state);
    resource
}

pub(super) fn store_roles(list: &RoleAssignments) -> wire::RoleAssignments {
    let value = list.value.iter().map(|item| wire::RoleAssignment {
        role_definition_id: text(&item.role_definition_id),
        principal_id: text(&item.principal_id),
        principal_type: some(item.principal_type.as_ref()),
        scope: text(&item.scope),
        created_on: some(item.created_on.as_ref()),
        updated_on: some(item.updated_on.as_ref()),
        has_condition: item.has_condition,
    });
    wire::RoleAssignments {
        value: value.collect(),
        has_more: list.has_more,
    }
}

pub(super) fn restore_roles(wire: wire::RoleAssignments) -> RoleAssignments {
    let value = wire.value.into_iter().map(|wire| {
        let mut item = RoleAssignment::default();
        item.role_definition_id = wire.role_definition_id.into();
        item.principal_id = wire.principal_id.into();
        item.principal_type = back(wire.principal_type);
        item.scope = wire.scope.into();
        item.created_on = back(wire.created_on);
        item.updated_on = back(wire.updated_on);
        item.has_condition = wire.has_condition;
        item
    });
    let mut list = RoleAssignments::default();
    list.value = value.collect();
    list.has_more = wire.has_more;
    list
}

/// The part of a refusal that is a fact: what a report can hold, and no more.
pub(crate) fn kept_refusal(error: &ArmError) -> ArmError {
    arm_error(&store_arm_refusal(error))
}

/// The part of a resource that is a fact.
pub(crate) fn kept_resource(resource: &Resource) -> Resource {
    restore_resource(store_resource(resource))
}

/// The part of a list of role assignments that is a fact.
pub(crate) fn kept_roles(list: &RoleAssignments) -> RoleAssignments {
    restore_roles(store_roles(list))
}
