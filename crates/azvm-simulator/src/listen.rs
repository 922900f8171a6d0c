//! Which addresses are listened on, and which are refused.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

use crate::StartError;

/// One of the simulator's listening addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Server {
    /// What changes the simulator while it runs, on loopback. It is not part of the simulated cloud.
    Admin,
    /// Azure Resource Manager over plain HTTP, on loopback.
    ArmHttp,
    /// Azure Resource Manager over TLS.
    ArmHttps,
    /// The Instance Metadata Service.
    Imds,
}

impl Server {
    /// True for both ways to reach Resource Manager.
    pub fn is_arm(self) -> bool {
        match self {
            Self::ArmHttp | Self::ArmHttps => true,
            Self::Admin | Self::Imds => false,
        }
    }

    pub(crate) fn scheme(self) -> &'static str {
        match self {
            Self::Admin | Self::ArmHttp | Self::Imds => "http",
            Self::ArmHttps => "https",
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Admin => "admin",
            Self::ArmHttp => "ARM (http)",
            Self::ArmHttps => "ARM (https)",
            Self::Imds => "IMDS",
        })
    }
}

/// Where a simulator listens. The default is a free port of 127.0.0.1 for each server.
///
/// Loopback addresses and exactly 169.254.169.254 are accepted; others only with [`Listen::with_unsafe_any_address`].
/// ARM over plain HTTP is accepted on loopback only, whatever else is set: it carries bearer tokens.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Listen {
    /// The Instance Metadata Service.
    pub imds: SocketAddr,
    /// Azure Resource Manager over TLS.
    pub arm_https: SocketAddr,
    /// Azure Resource Manager over plain HTTP.
    pub arm_http: SocketAddr,
    /// The admin API; without an address there is none.
    pub admin: Option<SocketAddr>,
    /// Accept addresses that other machines can reach.
    pub unsafe_any_address: bool,
}

impl Listen {
    /// Listens for metadata requests at `address`. Port 0 takes a free port.
    pub fn with_imds(mut self, address: SocketAddr) -> Self {
        self.imds = address;
        self
    }

    /// Listens for Resource Manager requests over TLS at `address`. Port 0 takes a free port.
    pub fn with_arm_https(mut self, address: SocketAddr) -> Self {
        self.arm_https = address;
        self
    }

    /// Listens for Resource Manager requests over plain HTTP at `address`. Port 0 takes a free port.
    pub fn with_arm_http(mut self, address: SocketAddr) -> Self {
        self.arm_http = address;
        self
    }

    /// Listens for changes of the simulated cloud at `address`, which has to be a loopback address. Port 0 takes a free port.
    pub fn with_admin(mut self, address: SocketAddr) -> Self {
        self.admin = Some(address);
        self
    }

    /// Accepts any address for IMDS and for ARM over TLS. Whoever can reach it can then ask for simulated tokens.
    pub fn with_unsafe_any_address(mut self, accept: bool) -> Self {
        self.unsafe_any_address = accept;
        self
    }

    pub(crate) fn address(&self, server: Server) -> SocketAddr {
        match server {
            Server::Admin => self.admin.unwrap_or(FREE_PORT),
            Server::ArmHttp => self.arm_http,
            Server::ArmHttps => self.arm_https,
            Server::Imds => self.imds,
        }
    }

    fn accepts(&self, server: Server) -> bool {
        let ip = self.address(server).ip();
        match server {
            Server::Admin | Server::ArmHttp => ip.is_loopback(),
            Server::ArmHttps | Server::Imds => {
                self.unsafe_any_address || ip.is_loopback() || ip == IMDS_ADDRESS
            }
        }
    }

    /// Takes the address of one server, and listens there if asked to.
    ///
    /// Without listening the address stays taken, so that a connection to it is refused at once and no other program answers there.
    pub(crate) fn bind(&self, server: Server, listens: bool) -> Result<Bound, StartError> {
        let address = self.address(server);
        if !self.accepts(server) {
            return Err(StartError::AddressRefused { server, address });
        }
        let bind = || {
            let socket = if address.is_ipv4() {
                TcpSocket::new_v4()?
            } else {
                TcpSocket::new_v6()?
            };
            // On Windows this option would let two programs listen on one address.
            #[cfg(unix)]
            socket.set_reuseaddr(listens)?;
            socket.bind(address)?;
            let local = socket.local_addr()?;
            let listening = if listens {
                Listening::Yes(socket.listen(BACKLOG)?)
            } else {
                Listening::No(socket)
            };
            Ok(Bound { local, listening })
        };
        bind().map_err(|source| StartError::Listen {
            server,
            address,
            source,
        })
    }
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            imds: FREE_PORT,
            arm_https: FREE_PORT,
            arm_http: FREE_PORT,
            admin: None,
            unsafe_any_address: false,
        }
    }
}

/// An address that belongs to the simulator.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) local: SocketAddr,
    pub(crate) listening: Listening,
}

#[derive(Debug)]
pub(crate) enum Listening {
    Yes(TcpListener),
    No(TcpSocket),
}

const FREE_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The address of Azure's own metadata service.
const IMDS_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254));

/// Connections that the operating system keeps for us while we are at the connection limit.
const BACKLOG: u32 = 1024;
