//! The load balancer in front of the VM.

use crate::ProtocolError;
use crate::document::{self, document};
use crate::request::with_metadata_header;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use azvm_exchange::{Request, Response};

/// The api-version of the load balancer's metadata: the first that has it.
///
/// Source: *Retrieve load balancer metadata using Azure Instance Metadata Service*.
pub const LOAD_BALANCER_API_VERSION: &str = "2020-10-01";

/// `GET /metadata/loadbalancer`: addresses and rules of the Standard load balancer in front of the VM.
///
/// Without one, or with one of the Basic SKU, IMDS answers 404, which [`classify`](crate::classify) takes for an endpoint
/// that is being updated.
pub fn load_balancer() -> Request {
    with_metadata_header(Request::get(format!(
        "/metadata/loadbalancer?api-version={LOAD_BALANCER_API_VERSION}"
    )))
}

document! {
    struct Body {
        load_balancer: LoadBalancer = object("loadbalancer"),
    }

    /// The answer to [`load_balancer`].
    pub struct LoadBalancer {
        /// `publicIpAddresses`: those of the instance itself.
        public_ip_addresses: Vec<AddressPair> = list("publicIpAddresses"),
        /// `inboundRules`: load balancing and inbound NAT.
        inbound_rules: Vec<InboundRule> = list("inboundRules"),
        /// `outboundRules`.
        outbound_rules: Vec<AddressPair> = list("outboundRules"),
    }

    /// An address in front, and the VM's behind it; IPv4 or IPv6.
    pub struct AddressPair {
        /// `frontendIpAddress`.
        frontend_ip_address: Option<String> = text("frontendIpAddress"),
        /// `privateIpAddress`.
        private_ip_address: Option<String> = text("privateIpAddress"),
    }

    /// One of `inboundRules`.
    pub struct InboundRule {
        /// `frontendIpAddress`.
        frontend_ip_address: Option<String> = text("frontendIpAddress"),
        /// `protocol`: `tcp`, `udp`, …
        protocol: Option<String> = text("protocol"),
        /// `frontendPort`.
        frontend_port: Option<u16> = number("frontendPort"),
        /// `backendPort`.
        backend_port: Option<u16> = number("backendPort"),
        /// `privateIpAddress`.
        private_ip_address: Option<String> = text("privateIpAddress"),
    }
}

impl LoadBalancer {
    /// Reads the answer to [`load_balancer`]. What is not there reads as an empty list.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::Rejected`] for any status but 200, [`ProtocolError::Malformed`] for a body that is no object.
    pub fn read(response: &Response) -> Result<Self, ProtocolError> {
        let body: Body = document::read(response, "the body has no load balancer")?;
        Ok(body.load_balancer)
    }
}
