//! The calls without a runtime: from a plain thread, and from a thread of somebody else's runtime.

use crate::support::{arm, audience, group_id, identity, imds_requests, start};
use azvm_identity::{Audience, Error, blocking};
use azvm_simulator::Simulator;
use std::thread;
use tokio::runtime::Runtime;

/// A simulator with threads of its own.
fn simulator(scenario: &str) -> (Runtime, Simulator) {
    let runtime = Runtime::new().unwrap();
    let simulator = runtime.block_on(start(scenario));
    (runtime, simulator)
}

#[test]
fn a_token_is_fetched_once_and_then_comes_from_memory() {
    let (_runtime, simulator) = simulator("healthy");
    let identity = blocking::ManagedIdentity::new(identity(&simulator));
    let source = identity.audience(&audience());
    for _ in 0..3 {
        let token = identity.token(&audience()).unwrap();
        assert_eq!(simulator.issued_tokens(), [token.secret().expose()]);
        assert!(std::ptr::eq(&*token, &*source.token().unwrap()));
    }
    assert_eq!(imds_requests(&simulator).len(), 1);
}

#[test]
fn threads_share_one_fetch() {
    let (_runtime, simulator) = simulator("healthy");
    let identity = blocking::ManagedIdentity::new(identity(&simulator));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| identity.token(&audience()).unwrap());
        }
    });
    assert_eq!(imds_requests(&simulator).len(), 1);
}

#[test]
fn errors_come_as_they_are() {
    let (_runtime, simulator) = simulator("no-identity");
    let identity = blocking::ManagedIdentity::new(identity(&simulator));
    let error = identity.token(&audience()).unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error:?}");
}

#[test]
fn a_resource_group_and_the_rights_at_it_are_read() {
    let (_runtime, simulator) = simulator("healthy");
    let id = group_id(&simulator);
    let arm = blocking::ResourceManager::new(arm(&simulator));
    assert_eq!(arm.resource_group(&id).unwrap().id, id.as_str());
    assert!(!arm.permissions(&id).unwrap().is_empty());
    let object_id = simulator
        .world()
        .system_identity()
        .unwrap()
        .object_id
        .clone();
    assert!(!arm.role_assignments(&id, &object_id).unwrap().is_empty());
    assert!(matches!(
        arm.get(&"/subscriptions".parse().unwrap(), "2022-12-01"),
        Err(Error::Arm(_))
    ));
}

#[test]
fn a_thread_of_a_runtime_may_be_blocked() {
    let (_runtime, simulator) = simulator("healthy");
    let identity = blocking::ManagedIdentity::new(identity(&simulator));
    let other = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    other.block_on(async {
        assert!(identity.token(&audience()).is_ok());
        let vault = Audience::new("https://vault.azure.net").unwrap();
        assert!(identity.token(&vault).is_ok());
    });
    drop(other);
    assert!(
        identity.token(&audience()).is_ok(),
        "no runtime but our own is needed"
    );
}
