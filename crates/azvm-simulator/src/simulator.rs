//! The running simulator: three servers over one world.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpSocket;
use tokio::task::JoinHandle;

use crate::arm::Access;
use crate::clock::Clock;
use crate::fault::Faults;
use crate::journal::Journal;
use crate::listen::Listening;
use crate::server::{self, Limits};
use crate::tls::Tls;
use crate::token::TokenAuthority;
use crate::{Listen, Received, Scenario, Server, StartError, World};

/// A running simulator. It ends when it is dropped.
pub struct Simulator {
    state: Arc<State>,
    imds: SocketAddr,
    arm_https: SocketAddr,
    arm_http: SocketAddr,
    ca_pem: String,
    tasks: Vec<JoinHandle<()>>,
    /// Addresses that are taken without anyone listening there.
    _reserved: Vec<TcpSocket>,
}

/// What the three servers share.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) scenario: Scenario,
    pub(crate) clock: Clock,
    pub(crate) tokens: TokenAuthority,
    pub(crate) access: Access,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
}

impl State {
    pub(crate) fn new(scenario: Scenario) -> Result<Self, StartError> {
        Ok(Self {
            clock: Clock::start(),
            tokens: TokenAuthority::new(scenario.token_lifetime_secs)
                .ok_or(StartError::Randomness)?,
            access: Access::new(&scenario.role_assignments),
            faults: Faults::new(&scenario.faults),
            journal: Journal::default(),
            scenario,
        })
    }

    pub(crate) fn world(&self) -> &World {
        &self.scenario.world
    }
}

impl Simulator {
    /// Takes the three addresses and starts to answer, unless the scenario says that nothing listens.
    ///
    /// # Errors
    ///
    /// When an address is refused (see [`Listen`]) or taken, or no key can be made.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime whose I/O and time drivers are enabled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future starts nothing.
    #[expect(
        clippy::unused_async,
        reason = "needs a runtime, and callers should not depend on how it binds"
    )]
    pub async fn start(scenario: Scenario, listen: Listen) -> Result<Self, StartError> {
        let listens = scenario.listens;
        let state = Arc::new(State::new(scenario)?);
        let tls = Tls::new(listen.arm_https.ip(), state.clock.unix_secs())
            .map_err(|source| StartError::Certificate { source })?;
        let servers = [Server::Imds, Server::ArmHttps, Server::ArmHttp];
        let [imds, arm_https, arm_http] = servers.map(|server| listen.bind(server, listens));
        let bound = [imds?, arm_https?, arm_http?];
        let [imds, arm_https, arm_http] = bound.each_ref().map(|bound| bound.local);

        let connections = Arc::default();
        let (mut tasks, mut reserved) = (Vec::new(), Vec::new());
        for (server, bound) in servers.into_iter().zip(bound) {
            let acceptor = (server == Server::ArmHttps).then(|| tls.acceptor.clone());
            match bound.listening {
                Listening::No(socket) => reserved.push(socket),
                Listening::Yes(listener) => {
                    let service = server::Service {
                        server,
                        local: bound.local,
                        state: Arc::clone(&state),
                        connections: Arc::clone(&connections),
                    };
                    tasks.push(tokio::spawn(server::run(
                        listener,
                        acceptor,
                        service,
                        Limits::default(),
                    )));
                }
            }
        }
        Ok(Self {
            state,
            imds,
            arm_https,
            arm_http,
            ca_pem: tls.ca_pem,
            tasks,
            _reserved: reserved,
        })
    }

    /// Where IMDS is, as in `http://127.0.0.1:40001`.
    pub fn imds_endpoint(&self) -> String {
        endpoint(Server::Imds, self.imds)
    }

    /// Where ARM is over TLS, as in `https://127.0.0.1:40002`. Clients have to trust [`Simulator::ca_pem`].
    pub fn arm_endpoint(&self) -> String {
        endpoint(Server::ArmHttps, self.arm_https)
    }

    /// Where ARM is over plain HTTP, as in `http://127.0.0.1:40003`.
    pub fn arm_http_endpoint(&self) -> String {
        endpoint(Server::ArmHttp, self.arm_http)
    }

    /// The certificate of the authority that vouches for [`Simulator::arm_endpoint`]. It is public and differs at each start.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// What exists in the simulated cloud.
    pub fn world(&self) -> &World {
        self.state.world()
    }

    /// The scenario that is simulated.
    pub fn scenario(&self) -> &Scenario {
        &self.state.scenario
    }

    /// The requests so far in the order of their answers, at most the last 10,000.
    pub fn journal(&self) -> Vec<Received> {
        self.state.journal.entries()
    }

    /// How many requests the journal no longer holds.
    pub fn journal_dropped(&self) -> u64 {
        self.state.journal.dropped()
    }

    /// Every token handed out, for tests that look for them where they must not be.
    pub fn issued_tokens(&self) -> Vec<String> {
        self.state.tokens.issued()
    }

    /// Stops listening and ends all connections; afterwards the addresses are free.
    ///
    /// # Cancel safety
    ///
    /// Everything ends even if the future is dropped.
    pub async fn shutdown(mut self) {
        let tasks = std::mem::take(&mut self.tasks);
        tasks.iter().for_each(JoinHandle::abort);
        for task in tasks {
            // The only outcome is that it was cancelled.
            let _ = task.await;
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("scenario", &self.state.scenario.name)
            .field("imds", &self.imds)
            .field("arm_https", &self.arm_https)
            .field("arm_http", &self.arm_http)
            .finish_non_exhaustive()
    }
}

fn endpoint(server: Server, address: SocketAddr) -> String {
    format!("{}://{address}", server.scheme())
}
