//! A running simulator, and clients that are aimed at it and at nothing else.

use azvm_identity::{
    Audience, Builder, Cloud, ManagedIdentity, ResourceId, ResourceManager, ResourceManagerBuilder,
};
use azvm_simulator::{Listen, Received, Scenario, Server, Simulator};
use std::time::Duration;

/// Longer than anything here takes, and short enough for a test that hangs.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

pub(crate) async fn start(name: &str) -> Simulator {
    let scenario = Scenario::named(name).unwrap();
    Simulator::start(scenario, Listen::default()).await.unwrap()
}

/// The healthy scenario with these further faults.
pub(crate) async fn start_with(faults: &str) -> Simulator {
    let healthy = include_str!("../../../azvm-simulator/scenarios/healthy.toml");
    let scenario = Scenario::from_toml(&format!("{healthy}\n{faults}")).unwrap();
    Simulator::start(scenario, Listen::default()).await.unwrap()
}

pub(crate) fn builder(simulator: &Simulator) -> Builder {
    let endpoint = simulator.imds_endpoint().parse().unwrap();
    ManagedIdentity::builder().endpoint(endpoint)
}

pub(crate) fn identity(simulator: &Simulator) -> ManagedIdentity {
    builder(simulator).build()
}

pub(crate) fn arm_builder(simulator: &Simulator) -> ResourceManagerBuilder {
    ResourceManager::builder(identity(simulator), Cloud::Public)
        .endpoint(simulator.arm_endpoint().parse().unwrap())
        .ca_pem(simulator.ca_pem())
}

pub(crate) fn arm(simulator: &Simulator) -> ResourceManager {
    arm_builder(simulator).build().unwrap()
}

pub(crate) fn audience() -> Audience {
    Cloud::Public.audience().try_into().unwrap()
}

pub(crate) fn group_id(simulator: &Simulator) -> ResourceId {
    let world = simulator.world();
    format!(
        "/subscriptions/{}/resourceGroups/{}",
        world.subscription_id(),
        world.resource_group()
    )
    .parse()
    .unwrap()
}

/// What IMDS was asked.
pub(crate) fn imds_requests(simulator: &Simulator) -> Vec<Received> {
    requests(simulator, Server::Imds)
}

pub(crate) fn requests(simulator: &Simulator, server: Server) -> Vec<Received> {
    let mut requests = simulator.journal();
    requests.retain(|received| received.server == server);
    requests
}

/// The request has just these headers, in this order, beside `host` before and `user-agent` after them.
#[track_caller]
pub(crate) fn check_headers(request: &Received, origin: &str, between: &[(&str, &str)]) {
    let (_scheme, host) = origin.split_once("://").unwrap();
    let agent = format!("azvm/{}", env!("CARGO_PKG_VERSION"));
    let expected = [&[("host", host)], between, &[("user-agent", &agent)]].concat();
    let headers = request.headers.iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.as_str()));
    assert_eq!(headers.collect::<Vec<_>>(), expected);
}

/// Lets the other tasks run until IMDS has answered this many requests.
pub(crate) async fn until_imds_answered(simulator: &Simulator, count: usize) {
    let answered = async {
        while imds_requests(simulator).len() < count {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, answered).await.unwrap();
}
