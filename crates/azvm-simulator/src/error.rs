//! Why a scenario is refused and why a simulator does not start.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::Server;

/// A scenario file that cannot be used.
///
/// `Display` names the line when it is known, as in `line 7: unknown role 'Raeder'`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioError {
    line: Option<usize>,
    message: String,
}

impl ScenarioError {
    pub(crate) fn new(line: Option<usize>, message: impl Into<String>) -> Self {
        Self {
            line,
            message: message.into(),
        }
    }

    /// The line of the file that is at fault, counted from 1.
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// What is wrong, without the line.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl Error for ScenarioError {}

/// Why a simulator did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The address is not one that a simulator listens on; see [`Listen`](crate::Listen).
    #[non_exhaustive]
    AddressRefused {
        /// Who was to listen there.
        server: Server,
        /// The address asked for.
        address: SocketAddr,
    },
    /// The certificate authority or the server's certificate could not be made.
    #[non_exhaustive]
    Certificate {
        /// What the certificate library says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The address cannot be listened on: it is taken, privileged or not this machine's.
    #[non_exhaustive]
    Listen {
        /// Who was to listen there.
        server: Server,
        /// The address asked for.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// The operating system gave no random bytes for identifiers.
    Randomness,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddressRefused {
                server: Server::ArmHttp,
                address,
            } => {
                write!(
                    f,
                    "{address} is not a loopback address, and the simulated ARM speaks plain HTTP on loopback only"
                )
            }
            Self::AddressRefused {
                server: Server::Admin,
                address,
            } => {
                write!(
                    f,
                    "{address} is not a loopback address, and the simulator is changed from this machine only"
                )
            }
            Self::AddressRefused { server, address } => {
                write!(
                    f,
                    "{address} is neither a loopback address nor 169.254.169.254, so the simulated {server} does not listen there"
                )
            }
            Self::Certificate { .. } => {
                f.write_str("could not make the simulated ARM's certificate")
            }
            Self::Listen {
                server, address, ..
            } => write!(f, "the simulated {server} cannot listen on {address}"),
            Self::Randomness => f.write_str("the operating system gave no random bytes"),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::AddressRefused { .. } | Self::Randomness => None,
            Self::Certificate { source } => Some(source.as_ref()),
            Self::Listen { source, .. } => Some(source),
        }
    }
}

/// Why a running simulator was not changed.
///
/// `Display` is one sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeError(String);

impl ChangeError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for ChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for ChangeError {}
