//! `network`: the interfaces of the VM.

use crate::document::document;
use alloc::string::String;
use alloc::vec::Vec;

document! {
    /// The `network` part of the instance document.
    pub struct Network {
        /// `interface`, in no particular order.
        interfaces: Vec<NetworkInterface> = list("interface"),
    }

    /// One network interface.
    pub struct NetworkInterface {
        /// `ipv4`.
        ipv4: Ipv4 = object("ipv4"),
        /// `ipv6`.
        ipv6: Ipv6 = object("ipv6"),
        /// `macAddress`: twelve hexadecimal digits without separators.
        mac_address: Option<String> = text("macAddress"),
    }

    /// The IPv4 side of an interface.
    pub struct Ipv4 {
        /// `ipAddress`.
        ip_addresses: Vec<Ipv4Address> = list("ipAddress"),
        /// `ipAddressBlock`; newer api-versions only, not in the published description.
        ip_address_blocks: Vec<IpAddressBlock> = list("ipAddressBlock"),
        /// `subnet`.
        subnets: Vec<Subnet> = list("subnet"),
    }

    /// The IPv6 side of an interface.
    pub struct Ipv6 {
        /// `ipAddress`.
        ip_addresses: Vec<Ipv6Address> = list("ipAddress"),
        /// `ipAddressBlock`, as on [`Ipv4`].
        ip_address_blocks: Vec<IpAddressBlock> = list("ipAddressBlock"),
    }

    /// An IPv4 address of an interface.
    pub struct Ipv4Address {
        /// `privateIpAddress`.
        private_ip_address: Option<String> = text("privateIpAddress"),
        /// `publicIpAddress`; missing for one of the Standard SKU, which [`LoadBalancer`](crate::LoadBalancer) has.
        public_ip_address: Option<String> = text("publicIpAddress"),
    }

    /// An IPv6 address of an interface.
    pub struct Ipv6Address {
        /// `privateIpAddress`.
        private_ip_address: Option<String> = text("privateIpAddress"),
    }

    /// A block of addresses that is given to an interface. Its members are inferred from those of addresses and
    /// subnets; no document describes them.
    pub struct IpAddressBlock {
        /// `privateIpAddress` or `address`: where it starts.
        address: Option<String> = text("privateIpAddress", "address", "ipAddress"),
        /// `prefix` or `prefixLength`.
        prefix: Option<u8> = number("prefix", "prefixLength"),
    }

    /// A subnet.
    pub struct Subnet {
        /// `address`: where it starts.
        address: Option<String> = text("address"),
        /// `prefix`: its length in bits.
        prefix: Option<u8> = number("prefix"),
    }
}
