//! `/metadata/loadbalancer`: the addresses by which a VM is reached from outside.

use serde_json::json;

use super::failure::not_found;
use super::instance::walk;
use crate::World;
use crate::exchange::Reply;
use crate::text::Query;

/// Answers a path below `/metadata/loadbalancer`. A VM without a public address has no such metadata.
pub(super) fn answer(world: &World, below: &str, query: &Query) -> Result<Reply, Reply> {
    let interfaces = world.vm.interfaces.iter();
    let public: Vec<_> = interfaces
        .filter(|interface| !interface.public_ip.is_empty())
        .map(|interface| {
            json!({ "frontendIpAddress": interface.public_ip, "privateIpAddress": interface.private_ips.first() })
        })
        .collect();
    if public.is_empty() {
        return Err(not_found());
    }
    let document = json!({
        "loadbalancer": { "publicIpAddresses": public, "inboundRules": [], "outboundRules": [] },
    });
    walk(&document, below, query)
}
