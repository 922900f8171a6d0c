//! A world around a virtual machine: an IMDS, an ARM and a machine, healthy unless a test says otherwise.
//!
//! The doctor runs in it on a clock that stands still while it works and jumps over every wait, so that the schedules
//! are the real ones and no test sleeps through them.

use crate::ran::Ran;
use crate::replies::{
    ARM_AUDIENCE, CLIENT_ID, Reply, SUBSCRIPTION, TENANT, challenge, claims, group_answer,
    instance_body, jwt, list_denied, machine_answer, subscriptions, system_only, token_body,
};
use crate::wire::{Deed, Route, Script, Server};
use azvm_diagnostics::facts::AZURE_ASSET_TAG;
use azvm_diagnostics::{Config, Event, Progress, collect};
use azvm_exchange::FailureKind;
use serde_json::{Value, json};
use std::any::Any;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// No run takes longer than this in real time, whatever it waits for by its own clock.
const PATIENCE: Duration = Duration::from_secs(20);

/// Timers are as fine as this: a jump has to end behind the timer that it is for.
const TICK: Duration = Duration::from_millis(2);

const IMDS_ROUTES: [Route; 4] = [
    Route::ImdsProbe,
    Route::Instance,
    Route::IdentityInfo,
    Route::Token,
];

type Change = Box<dyn FnOnce(Config) -> Config>;

pub(crate) struct World {
    deeds: HashMap<Route, Vec<Deed>>,
    token: String,
    asset_tag: String,
    variables: Vec<(String, String)>,
    imds: Option<String>,
    arm: Option<String>,
    is_arm_https: bool,
    is_real_time: bool,
    crashes_at: Option<&'static str>,
    changes: Vec<Change>,
    /// What has to live as long as the run.
    held: Vec<Box<dyn Any>>,
}

impl World {
    pub(crate) fn healthy() -> Self {
        let token = jwt(&claims(ARM_AUDIENCE));
        let probed = Reply::imds_error(
            400,
            "invalid_request",
            "Required metadata header not specified",
        );
        let world = Self {
            deeds: HashMap::new(),
            token: String::new(),
            asset_tag: AZURE_ASSET_TAG.into(),
            variables: vec![],
            imds: None,
            arm: None,
            is_arm_https: false,
            is_real_time: false,
            crashes_at: None,
            changes: vec![],
            held: vec![],
        };
        world
            .with(Route::ImdsProbe, probed)
            .with(
                Route::Instance,
                Reply::imds(200, instance_body().to_string()),
            )
            .with(
                Route::IdentityInfo,
                Reply::imds(200, json!({"tenantId": TENANT}).to_string()),
            )
            .with_token(token)
            .with(Route::ArmProbe, challenge(TENANT))
            .with(Route::Target, group_answer())
            .with(Route::RoleAssignments, list_denied())
            .with(Route::AssignmentsElsewhere, list_denied())
            .with(Route::RoleDefinition, list_denied())
            .with(Route::Permissions, list_denied())
            .with(Route::DenyAssignments, list_denied())
            .with(Route::Subscriptions, subscriptions(&[SUBSCRIPTION]))
            .with(Route::Model, machine_answer(&system_only()))
            .with(Route::Machines, Reply::arm(200, r#"{"value":[]}"#))
            .with(
                Route::Identity,
                Reply::arm_error(404, "ResourceNotFound", "The Resource was not found."),
            )
    }

    /// This answer to every request of the route.
    pub(crate) fn with(self, route: Route, deed: impl Into<Deed>) -> Self {
        self.with_all(route, [deed.into()])
    }

    /// These answers one after the other; the last one for ever.
    pub(crate) fn with_all<D: Into<Deed>>(
        mut self,
        route: Route,
        deeds: impl IntoIterator<Item = D>,
    ) -> Self {
        self.deeds
            .insert(route, deeds.into_iter().map(Into::into).collect());
        self
    }

    /// This answer to every question to IMDS.
    pub(crate) fn with_imds(self, deed: impl Into<Deed>) -> Self {
        let deed = deed.into();
        IMDS_ROUTES
            .iter()
            .fold(self, |world, &route| world.with(route, deed.clone()))
    }

    pub(crate) fn with_token(mut self, token: String) -> Self {
        let body = token_body(&token, CLIENT_ID).to_string();
        self.token = token;
        self.with(Route::Token, Reply::imds(200, body))
    }

    /// A token whose claims are the healthy ones with these in their place.
    pub(crate) fn with_claims(self, other: &Value) -> Self {
        let mut claims = claims(ARM_AUDIENCE);
        for (name, value) in other.as_object().unwrap() {
            claims[name] = value.clone();
        }
        self.with_token(jwt(&claims))
    }

    /// An instance document whose `compute` has these members in place of the healthy ones.
    pub(crate) fn with_compute(self, other: &Value) -> Self {
        let mut body = instance_body();
        for (name, value) in other.as_object().unwrap() {
            body["compute"][name] = value.clone();
        }
        self.with(Route::Instance, Reply::imds(200, body.to_string()))
    }

    pub(crate) fn with_asset_tag(mut self, tag: &str) -> Self {
        self.asset_tag = tag.into();
        self
    }

    /// What the machine's programs find in their environment.
    pub(crate) fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    pub(crate) fn asking(mut self, change: impl FnOnce(Config) -> Config + 'static) -> Self {
        self.changes.push(Box::new(change));
        self
    }

    pub(crate) fn waiting(self, secs: u64) -> Self {
        self.asking(move |config| config.with_wait(Duration::from_secs(secs)))
    }

    /// Nobody listens where IMDS should be.
    pub(crate) fn without_imds(mut self) -> Self {
        let (address, socket) = closed_port();
        self.held.push(Box::new(socket));
        self.imds = Some(format!("http://{address}"));
        self
    }

    pub(crate) fn with_imds_at(mut self, endpoint: String, held: impl Any) -> Self {
        self.imds = Some(endpoint);
        self.held.push(Box::new(held));
        self
    }

    /// Nobody listens where ARM should be.
    pub(crate) fn without_arm(mut self) -> Self {
        let (address, socket) = closed_port();
        self.held.push(Box::new(socket));
        self.arm = Some(format!("http://{address}"));
        self
    }

    /// ARM is there, and `held` keeps it there.
    pub(crate) fn with_arm_at(mut self, endpoint: String, held: impl Any) -> Self {
        self.arm = Some(endpoint);
        self.held.push(Box::new(held));
        self
    }

    /// The doctor is told `https`, and ARM does not speak TLS.
    pub(crate) fn with_arm_asked_over_tls(mut self) -> Self {
        self.is_arm_https = true;
        self
    }

    /// What asks for this crashes.
    pub(crate) fn crashing_at(mut self, action: &'static str) -> Self {
        self.crashes_at = Some(action);
        self
    }

    /// For what the kernel decides by its own clock.
    pub(crate) fn in_real_time(mut self) -> Self {
        self.is_real_time = true;
        self
    }

    /// Collects the facts, draws the conclusions, and checks what holds for every report.
    #[track_caller]
    pub(crate) fn run(self) -> Ran {
        let ran = self.run_unchecked();
        crate::reports::check_sound(&ran);
        ran
    }

    /// Without those checks, for a test that runs many worlds.
    pub(crate) fn run_unchecked(self) -> Ran {
        let (skips, waits) = unbounded_channel();
        let deeds = self.deeds.into_iter();
        let script = Arc::new(Script {
            deeds: Mutex::new(deeds.map(|(route, deeds)| (route, deeds.into())).collect()),
            seen: Mutex::default(),
            skips: skips.clone(),
        });
        let (imds, arm) = (Server::start(&script), Server::start(&script));
        let scheme = if self.is_arm_https { "https" } else { "http" };
        let imds_endpoint = self
            .imds
            .unwrap_or_else(|| format!("http://{}", imds.address));
        let arm_endpoint = self
            .arm
            .unwrap_or_else(|| format!("{scheme}://{}", arm.address));
        let config = Config::default()
            .with_imds_endpoint(imds_endpoint.parse().unwrap())
            .with_arm_endpoint(arm_endpoint.parse().unwrap())
            .with_simulation("world", self.asset_tag, self.variables);
        let config = self
            .changes
            .into_iter()
            .fold(config, |config, change| change(config));

        let watcher = Watcher {
            skips,
            told: Mutex::default(),
            crashes_at: self.crashes_at,
        };
        let facts = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(!self.is_real_time)
            .build()
            .unwrap()
            .block_on(async {
                // While a blocking task runs, a paused clock does not move by itself.
                let (over, held) = std::sync::mpsc::channel::<()>();
                tokio::task::spawn_blocking(move || held.recv_timeout(PATIENCE));
                if !self.is_real_time {
                    tokio::spawn(skip(waits));
                }
                let facts = collect(&config, &watcher).await.unwrap();
                drop(over);
                facts
            });
        let seen = script.seen.lock().unwrap().clone();
        let told = watcher.told.into_inner().unwrap();
        Ran::new(facts, seen, told, self.token)
    }
}

/// Tells every wait as it begins, and remembers what it was told.
struct Watcher {
    skips: UnboundedSender<Duration>,
    told: Mutex<Vec<String>>,
    crashes_at: Option<&'static str>,
}

impl Progress for Watcher {
    fn event(&self, event: &Event<'_>) {
        let (told, wait) = match event {
            Event::Calling { action } if self.crashes_at == Some(*action) => {
                panic!("as planned, at {action}")
            }
            Event::Calling { action } => (format!("calling {action}"), None),
            Event::Attempted { action, attempt } => {
                let outcome = attempt.outcome.map_err(FailureKind::as_str);
                (format!("{action}: {outcome:?}"), attempt.retry_in)
            }
            Event::Pacing { next_in } => ("pacing".into(), Some(*next_in)),
            Event::StillCalling { action, waited } => {
                let told = format!("still calling {action} after {} s", waited.as_secs());
                (told, None)
            }
            Event::Waiting {
                sample,
                outcome,
                waited,
                next_in,
            } => {
                let (waited, next) = (waited.as_secs(), next_in.as_secs());
                let told = format!("try {sample}: {outcome:?} after {waited} s, next in {next} s");
                (told, Some(*next_in))
            }
            _ => return,
        };
        self.told.lock().unwrap().push(told);
        if let Some(wait) = wait {
            self.skips.send(wait).unwrap();
        }
    }
}

/// Runs on the doctor's own thread, hence after it has begun to wait.
async fn skip(mut waits: UnboundedReceiver<Duration>) {
    while let Some(wait) = waits.recv().await {
        tokio::time::advance(wait + TICK).await;
    }
}

/// An address where connecting is refused as long as the socket lives: it is taken, and nobody listens.
fn closed_port() -> (SocketAddr, TcpSocket) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    (socket.local_addr().unwrap(), socket)
}
