//! The running simulator: its servers over one world.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::net::TcpSocket;
use tokio::task::JoinHandle;

use crate::arc::Challenges;
use crate::clock::Clock;
use crate::fault::Faults;
use crate::front::Front;
use crate::journal::Journal;
use crate::limits::{ArmLimits, ImdsLimits};
use crate::listen::Listening;
use crate::random::Random;
use crate::server::{self, Limits};
use crate::tls::Tls;
use crate::token::TokenAuthority;
use crate::{Listen, Received, Scenario, Server, StartError, World};

/// A running simulator. It ends when it is dropped.
pub struct Simulator {
    pub(crate) state: Arc<State>,
    imds: SocketAddr,
    arm_https: SocketAddr,
    arm_http: SocketAddr,
    admin: Option<SocketAddr>,
    tls: Arc<Tls>,
    tasks: Vec<JoinHandle<()>>,
    /// Addresses that are taken without anyone listening there.
    _reserved: Vec<TcpSocket>,
}

/// What the servers share.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) scenario: Scenario,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) tokens: TokenAuthority,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    pub(crate) imds_limits: ImdsLimits,
    pub(crate) arm_limits: ArmLimits,
    pub(crate) challenges: Challenges,
    /// Requests to ARM so far, of which each goes to the next replica.
    pub(crate) arm_requests: AtomicUsize,
    pub(crate) started_unix_secs: i64,
    tls: Mutex<Option<Arc<Tls>>>,
    world: RwLock<Arc<World>>,
    fronts: RwLock<Fronts>,
}

/// Who stands in front of the services.
#[derive(Clone, Copy, Debug, Default)]
struct Fronts {
    imds: Option<Front>,
    arm: Option<Front>,
}

impl State {
    pub(crate) fn new(scenario: Scenario) -> Result<Self, StartError> {
        let random = Random::new(scenario.seed).ok_or(StartError::Randomness)?;
        let clock = Clock::start();
        if let Some(speed) = scenario.clock.speed {
            clock.set_speed(speed);
        }
        let mut world = scenario.world.clone();
        let started_unix_secs = clock.unix_secs();
        for event in &mut world.events.pending {
            event.not_before += started_unix_secs;
        }
        for assignment in &mut world.role_assignments {
            // Each simulator counts its own denials.
            assignment.denied = Arc::default();
        }
        let tenant_id = scenario.token_tenant_id.clone();
        Ok(Self {
            tokens: TokenAuthority::new(scenario.token_lifetime_secs, tenant_id, &random),
            faults: Faults::new(&scenario.faults),
            journal: Journal::default(),
            imds_limits: ImdsLimits::new(scenario.imds.rate_limits),
            arm_limits: ArmLimits::new(scenario.arm.rate_limits),
            challenges: Challenges::default(),
            arm_requests: AtomicUsize::new(0),
            started_unix_secs,
            tls: Mutex::default(),
            world: RwLock::new(Arc::new(world)),
            fronts: RwLock::new(Fronts {
                imds: scenario.imds.in_front,
                arm: scenario.arm.in_front,
            }),
            clock,
            random,
            scenario,
        })
    }

    /// The world as it is now; changes make another one.
    pub(crate) fn world(&self) -> Arc<World> {
        Arc::clone(&self.world.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the world as a whole, or not at all when `change` fails.
    pub(crate) fn change<T, E>(
        &self,
        change: impl FnOnce(&mut World) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut current = self.world.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = World::clone(&current);
        let now = self.clock.elapsed();
        changed
            .role_assignments
            .retain(|assignment| !assignment.is_gone(now));
        let result = change(&mut changed)?;
        *current = Arc::new(changed);
        Ok(result)
    }

    pub(crate) fn front(&self, server: Server) -> Option<Front> {
        let fronts = *self.fronts.read().unwrap_or_else(PoisonError::into_inner);
        match server {
            Server::Admin => None,
            Server::ArmHttp | Server::ArmHttps => fronts.arm,
            Server::Imds => fronts.imds,
        }
    }

    pub(crate) fn set_front(&self, is_arm: bool, front: Option<Front>) {
        let mut fronts = self.fronts.write().unwrap_or_else(PoisonError::into_inner);
        if is_arm {
            fronts.arm = front;
        } else {
            fronts.imds = front;
        }
    }

    /// What answers give as `Date`.
    pub(crate) fn date_secs(&self) -> i64 {
        self.clock
            .unix_secs()
            .saturating_add(self.scenario.clock.date_skew_secs)
    }

    pub(crate) fn has_natural_date(&self) -> bool {
        self.scenario.clock.date_skew_secs == 0 && self.clock.is_natural()
    }

    /// The time by which tokens are dated.
    pub(crate) fn token_secs(&self) -> i64 {
        self.clock
            .unix_secs()
            .saturating_add(self.scenario.clock.token_skew_secs)
    }

    /// For what IMDS signs beside tokens.
    pub(crate) fn tls(&self) -> Option<Arc<Tls>> {
        self.tls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
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
        let listens = |server| match server {
            Server::ArmHttps | Server::ArmHttp => scenario.listens && !scenario.arm.closed,
            _ => scenario.listens,
        };
        let servers = [Server::Imds, Server::ArmHttps, Server::ArmHttp];
        let servers = servers.map(|server| (server, listens(server)));
        let state = Arc::new(State::new(scenario)?);
        let tls = Tls::new(listen.arm_https.ip(), state.clock.unix_secs())
            .map_err(|source| StartError::Certificate { source })?;
        let tls = Arc::new(tls);
        *state.tls.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&tls));
        let [imds, arm_https, arm_http] =
            servers.map(|(server, listens)| listen.bind(server, listens));
        let mut bound = vec![
            (Server::Imds, imds?),
            (Server::ArmHttps, arm_https?),
            (Server::ArmHttp, arm_http?),
        ];
        let [imds, arm_https, arm_http] = [0, 1, 2].map(|idx: usize| bound[idx].1.local);
        let mut admin = None;
        if listen.admin.is_some() {
            let at = listen.bind(Server::Admin, true)?;
            admin = Some(at.local);
            bound.push((Server::Admin, at));
        }

        let connections = Arc::default();
        let (mut tasks, mut reserved) = (Vec::new(), Vec::new());
        for (server, bound) in bound {
            match bound.listening {
                Listening::No(socket) => reserved.push(socket),
                Listening::Yes(listener) => {
                    let service = server::Service {
                        server,
                        local: bound.local,
                        state: Arc::clone(&state),
                        connections: Arc::clone(&connections),
                    };
                    let tls = (server == Server::ArmHttps).then(|| Arc::clone(&tls));
                    let run = server::run(listener, tls, service, Limits::default());
                    tasks.push(tokio::spawn(run));
                }
            }
        }
        Ok(Self {
            state,
            imds,
            arm_https,
            arm_http,
            admin,
            tls,
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
        &self.tls.ca_pem
    }

    /// Where the simulator is changed while it runs, as in `http://127.0.0.1:40004`, if [`Listen::admin`] asked for it.
    pub fn admin_endpoint(&self) -> Option<String> {
        self.admin.map(|address| endpoint(Server::Admin, address))
    }

    /// What existed in the simulated cloud at the start; [`Simulator::snapshot`] has what there is now.
    pub fn world(&self) -> &World {
        &self.state.scenario.world
    }

    /// What exists in the simulated cloud now.
    pub fn snapshot(&self) -> World {
        World::clone(&self.state.world())
    }

    /// The simulated time.
    pub fn clock(&self) -> &Clock {
        &self.state.clock
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
