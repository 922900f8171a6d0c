//! ARM says that the token has expired: one more call, with a fresh one.

use crate::support::{arm, group_id, imds_requests, requests, start, start_with};
use azvm_identity::Error;
use azvm_simulator::{Server, Simulator};
use std::time::Duration;

async fn refused(times: u8, code: &str) -> Simulator {
    start_with(&format!(
        "[[fault]]\nserver = \"arm\"\npath_prefix = \"/subscriptions\"\ntimes = {times}\nstatus = 401\n\
         json = {{ error = {{ code = \"{code}\", message = \"no\" }} }}"
    ))
    .await
}

/// How often each service was asked.
#[track_caller]
fn check(simulator: &Simulator, imds: usize, arm: usize) {
    assert_eq!(imds_requests(simulator).len(), imds, "IMDS");
    assert_eq!(requests(simulator, Server::ArmHttps).len(), arm, "ARM");
}

#[tokio::test]
async fn a_call_is_made_again_with_a_fresh_token() {
    let simulator = start("healthy").await;
    let (arm, id) = (arm(&simulator), group_id(&simulator));
    assert!(arm.resource_group(&id).await.is_ok());
    // The services' clocks are a day ahead of the one here, by which the token is still good.
    simulator.clock().advance(Duration::from_secs(25 * 3600));
    let group = arm.resource_group(&id).await;
    assert!(group.is_ok(), "{group:?}");
    check(&simulator, 2, 3);
    assert_eq!(simulator.issued_tokens().len(), 2);
}

#[tokio::test]
async fn the_same_token_is_not_tried_again() {
    let simulator = refused(5, "ExpiredAuthenticationToken").await;
    let error = arm(&simulator)
        .resource_group(&group_id(&simulator))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Arm(error) if error.status() == 401),
        "{error:?}"
    );
    check(&simulator, 2, 1);
}

#[tokio::test]
async fn another_token_does_not_help_against_other_refusals() {
    let simulator = refused(5, "InvalidAuthenticationTokenTenant").await;
    assert!(
        arm(&simulator)
            .resource_group(&group_id(&simulator))
            .await
            .is_err()
    );
    check(&simulator, 1, 1);
}
