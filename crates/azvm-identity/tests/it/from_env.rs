//! The two variables that count when a program asks for it, in a process that has them.

use crate::support::{audience, start};
use azvm_identity::{Builder, CLIENT_ID_VARIABLE, ENDPOINT_VARIABLE};
use std::process::{Command, Output, Stdio};

const MARK: &str = "AZVM_TEST_FROM_ENV";

#[test]
fn the_environment_counts_when_it_is_asked_for() {
    #[expect(
        clippy::disallowed_methods,
        reason = "how the test tells its second run from its first"
    )]
    let is_child = std::env::var(MARK).is_ok();
    if is_child {
        get_token();
    } else {
        run_children();
    }
}

/// Runs the test again with these variables.
async fn run(client_id: &str, endpoint: &str) -> Output {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args([
            "--exact",
            "from_env::the_environment_counts_when_it_is_asked_for",
        ])
        .env(MARK, "1")
        .env(CLIENT_ID_VARIABLE, client_id)
        .env(ENDPOINT_VARIABLE, endpoint)
        .stdin(Stdio::null());
    tokio::task::spawn_blocking(move || child.output().unwrap())
        .await
        .unwrap()
}

#[tokio::main(flavor = "current_thread")]
async fn run_children() {
    let simulator = start("two-user-identities").await;
    let endpoint = simulator.imds_endpoint();
    let client_id = simulator.world().user_identities()[1].client_id.clone();

    assert!(run(&client_id, &endpoint).await.status.success());
    let [request] = simulator.journal().try_into().unwrap();
    assert!(request.target.ends_with(&format!("&client_id={client_id}")));

    // Empty is unset: no selector, which this machine refuses.
    assert!(!run("", &endpoint).await.status.success());
    assert!(!simulator.journal()[1].target.contains("client_id"));

    assert!(!run("not a GUID", &endpoint).await.status.success());
    assert_eq!(simulator.journal().len(), 2, "nothing was sent");
}

#[tokio::main(flavor = "current_thread")]
async fn get_token() {
    let identity = Builder::from_env().unwrap().build();
    identity.token(&audience()).await.unwrap();
}
