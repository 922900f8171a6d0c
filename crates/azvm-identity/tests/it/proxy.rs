//! The variables that send other programs through a proxy change nothing here.
//!
//! A process cannot change its own variables safely, so the test runs itself a second time with others.

use crate::scripted::Scripted;
use crate::support::{audience, start};
use azvm_identity::ManagedIdentity;
use std::process::{Command, Stdio};

const ENDPOINT: &str = "AZVM_TEST_IMDS_ENDPOINT";

#[test]
fn proxy_variables_change_nothing() {
    #[expect(
        clippy::disallowed_methods,
        reason = "how the test tells its second run from its first"
    )]
    let endpoint = std::env::var(ENDPOINT);
    match endpoint {
        Ok(endpoint) => get_token(&endpoint),
        Err(_) => run_with_proxy_variables(),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn run_with_proxy_variables() {
    let simulator = start("healthy").await;
    let proxy = Scripted::start("502 Bad Gateway\n\nthe proxy was asked");
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "proxy::proxy_variables_change_nothing"])
        .env(ENDPOINT, simulator.imds_endpoint())
        .stdin(Stdio::null());
    for name in ["http_proxy", "https_proxy", "all_proxy"] {
        child
            .env(name, proxy.endpoint())
            .env(name.to_uppercase(), proxy.endpoint());
    }
    for name in ["no_proxy", "NO_PROXY", "REQUEST_METHOD"] {
        child.env_remove(name);
    }
    // The simulator runs on this thread's runtime: the child is waited for on another one.
    let output = tokio::task::spawn_blocking(move || child.output().unwrap())
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    assert_eq!(proxy.received(), Vec::<String>::new());
    assert_eq!(simulator.journal().len(), 1);
    assert!(simulator.journal()[0].target.starts_with("/metadata/"));
}

#[tokio::main(flavor = "current_thread")]
async fn get_token(endpoint: &str) {
    let identity = ManagedIdentity::builder()
        .endpoint(endpoint.parse().unwrap())
        .build();
    identity.token(&audience()).await.unwrap();
}
